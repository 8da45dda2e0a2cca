/// A request that has arrived whole and passed every check of the HTTP level.
package struct HTTPRequest: Sendable {
    package var method: HTTPMethod
    /// As it stood in the request line (for absolute form: from the path on): path and query, still percent-encoded.
    package var rawTarget: String
    /// Still percent-encoded; begins with "/" (or is "*" for OPTIONS).
    package var path: String
    /// The path's segments, decoded; see `PercentDecoding.segments`.
    package var pathSegments: [String]
    /// The query's parameters in order, decoded.
    package var query: [(name: String, value: String)]
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// The address of the peer of the connection, without port. What a proxy says about its client is in the headers and is
    /// not believed here.
    package var remoteAddress: String

    private static let formFieldsMaximum = 1_000
    private static let cookiesMaximum = 100

    /// Makes a request as if it had arrived: also for tests of handlers without a socket. Throws what would be refused.
    package init(
        method: HTTPMethod, target: String, headers: HTTPHeaders = [:], body: [UInt8] = [], remoteAddress: String = "127.0.0.1"
    ) throws(HTTPRefusal) {
        self.method = method
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        rawTarget = target
        // As bytes in memory: a target is read for every request, and a string's own views take their time.
        var contiguous = target
        let (first, mark, hasFragment) = contiguous.withUTF8 { bytes in
            (bytes.first, bytes.firstIndex(of: UInt8(ascii: "?")), bytes.contains(UInt8(ascii: "#")))
        }
        if target == "*" {
            guard method == .options else { throw .malformed("The target * belongs to OPTIONS only.") }
            path = target
            pathSegments = []
            query = []
            return
        }
        guard first == UInt8(ascii: "/") else { throw .malformed("The request target has no absolute path.") }
        guard !hasFragment else { throw .malformed("The request target has a fragment.") }
        if let mark {
            let bytes = target.utf8
            path = String(decoding: bytes.prefix(mark), as: UTF8.self)
            query = try PercentDecoding.pairs(bytes.dropFirst(mark + 1), what: "query", countMaximum: Self.formFieldsMaximum)
        } else {
            path = target
            query = []
        }
        pathSegments = try PercentDecoding.segments(ofPath: path.utf8)
    }

    /// The cookies in order, values as they came. Pieces without a name are skipped; only the first hundred count.
    package var cookies: [(name: String, value: String)] {
        var cookies: [(name: String, value: String)] = []
        for header in headers.all("cookie") {
            for piece in header.split(separator: ";") {
                guard cookies.count < Self.cookiesMaximum else { return cookies }
                let trimmed = trimmingBlanks(piece)
                guard let equals = trimmed.firstIndex(of: "="), equals != trimmed.startIndex else { continue }
                cookies.append((String(trimmed[..<equals]), String(trimmed[trimmed.index(after: equals)...])))
            }
        }
        return cookies
    }

    /// The first cookie of this name.
    package func cookie(_ name: String) -> String? {
        cookies.first { $0.name == name }?.value
    }

    /// The media type of the body in lower case, without parameters.
    package var contentType: String? {
        guard let value = headers["content-type"] else { return nil }
        return trimmingBlanks(value.prefix { $0 != ";" }).lowercased()
    }

    /// The fields of an `application/x-www-form-urlencoded` body in order. Throws a 415 for another type, a 400 for a bad
    /// encoding.
    package func formFields() throws(HTTPRefusal) -> [(name: String, value: String)] {
        guard contentType == "application/x-www-form-urlencoded" else {
            throw HTTPRefusal(
                status: 415, code: "unsupported_media_type", detail: "The body must be application/x-www-form-urlencoded.")
        }
        return try PercentDecoding.pairs(body, what: "form", countMaximum: Self.formFieldsMaximum)
    }
}

/// Without spaces and tabs at both ends.
func trimmingBlanks(_ text: some StringProtocol) -> String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    guard let first = text.firstIndex(where: { !isBlank($0) }), let last = text.lastIndex(where: { !isBlank($0) }) else {
        return ""
    }
    return String(text[first...last])
}
