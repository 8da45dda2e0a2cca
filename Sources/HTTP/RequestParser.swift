import CLLHTTP

/// Turns bytes into requests with strict llhttp, and refuses what llhttp still lets through: folded header lines, chunk
/// extensions, trailers, any transfer coding but `chunked`, more or fewer than one Host. Knows no socket and no clock.
///
/// Not Sendable: one connection's loop feeds it.
package final class RequestParser {
    package enum Outcome {
        /// Everything was taken; the request goes on.
        case needsMore
        /// The header is in and good. Call `parse` again with the rest, even if that is empty.
        case headComplete
        /// The request is in; `takeRequest` gives it. What lies behind it was not taken.
        case complete
        /// The request cannot be served and nothing behind it can be trusted.
        case refused(HTTPRefusal)
    }

    let limits: HTTPLimits
    private let parser: UnsafeMutablePointer<llhttp_t>
    /// Set by a callback that stops the parser on purpose.
    var refusal: HTTPRefusal?

    // What the callbacks collect. Names and values lie behind each other in one buffer.
    var method = HTTPMethod.get
    var target: [UInt8] = []
    var headerText: [UInt8] = []
    var fields: [HTTPHeaders.Field] = []
    var fieldStart = 0
    var nameEnd = 0
    var body: [UInt8] = []

    /// True from the first byte of a request until the request is taken.
    private(set) var hasBegun = false
    /// True between `headComplete` and the end of the request.
    private(set) var isInBody = false
    /// Whether the connection may serve another request after this one. Valid from `complete` on.
    private(set) var keepsAlive = false
    /// True for HTTP/1.1, where chunks and 100-continue are known.
    private(set) var isVersion11 = false
    /// True when the client waits for a 100 before it sends the body.
    private(set) var awaitsContinue = false
    private(set) var bodyMaximum = 0
    private var isChunked = false

    private var originTarget = ""
    private var headBytes = 0
    private var previousByte: UInt8 = 0
    private var requestLineBytes = 0
    private var hasRequestLine = false
    /// The last four bytes of the body as it came, the newest lowest.
    private var lastBytes: UInt32 = 0

    private static let continueWord = "100-continue"
    private static let methodBytesMaximum = 32

    package init(limits: HTTPLimits) {
        self.limits = limits
        parser = .allocate(capacity: 1)
        llhttp_init(parser, HTTP_REQUEST, LLHTTPSettings.shared)
        parser.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit { parser.deallocate() }

    /// Takes as many bytes as belong to the current step. After `refused` the parser is used up.
    package func parse(_ bytes: UnsafeRawBufferPointer) -> (consumed: Int, outcome: Outcome) {
        if !bytes.isEmpty { hasBegun = true }
        let wasInBody = isInBody
        // llhttp compares pointers and must not meet a null one; what stands in for it is never read.
        let start = (bytes.baseAddress ?? UnsafeRawPointer(parser)).assumingMemoryBound(to: CChar.self)
        let result = llhttp_execute(parser, start, bytes.count)
        guard result == HPE_OK || result == HPE_PAUSED else {
            return (0, .refused(refusal ?? translate(result, bytes)))
        }
        let consumed = result == HPE_OK ? bytes.count : llhttp_get_error_pos(parser) - start
        let taken = UnsafeRawBufferPointer(rebasing: bytes[..<consumed])
        if wasInBody {
            noteEnd(of: taken)
            guard result == HPE_PAUSED else { return (consumed, .needsMore) }
            return (consumed, isEndWellFormed ? .complete : .refused(.malformed("The last chunk is malformed.")))
        }
        if let refusal = checkHeadBytes(taken) { return (consumed, .refused(refusal)) }
        guard result == HPE_PAUSED else { return (consumed, .needsMore) }
        isInBody = true
        do {
            try acceptHead()
        } catch {
            return (consumed, .refused(error))
        }
        llhttp_resume(parser)
        return (consumed, .headComplete)
    }

    /// The complete request; the parser is then ready for the next one. One that is refused stays, for `readHeaders`.
    package func takeRequest(remoteAddress: String) throws(HTTPRefusal) -> HTTPRequest {
        let request = try HTTPRequest(
            method: method, target: originTarget, headers: HTTPHeaders(parsed: headerText, fields: fields), body: body,
            remoteAddress: remoteAddress)
        reset()
        return request
    }

    /// The header fields that have come whole, for the answer to a request that is refused; none where they are no text.
    package var readHeaders: HTTPHeaders {
        isUTF8(headerText) ? HTTPHeaders(parsed: headerText, fields: fields) : [:]
    }

    private func reset() {
        llhttp_reset(parser)
        target.removeAll(keepingCapacity: true)
        // The request has taken the buffers along; the next one's header is likely as long.
        let headerBytes = headerText.count
        let fieldCount = fields.count
        headerText = []
        headerText.reserveCapacity(headerBytes)
        fields = []
        fields.reserveCapacity(fieldCount)
        body = []
        bodyMaximum = 0
        fieldStart = 0
        hasBegun = false
        isInBody = false
        awaitsContinue = false
        headBytes = 0
        previousByte = 0
        requestLineBytes = 0
        hasRequestLine = false
        lastBytes = 0
    }
}

// MARK: The head

extension RequestParser {
    /// Line ends, controls and folds: what llhttp would repair is refused here. Also the bound on heads that never end.
    private func checkHeadBytes(_ bytes: UnsafeRawBufferPointer) -> HTTPRefusal? {
        let carriageReturn: UInt8 = 0x0D
        let lineFeed: UInt8 = 0x0A
        var previous = previousByte
        for byte in bytes {
            if byte < 0x20 || previous < 0x20 && previous != 0 || byte == 0x7F {
                if byte == lineFeed && previous != carriageReturn { return .malformed("A line ends without a carriage return.") }
                if previous == carriageReturn && byte != lineFeed { return .malformed("A carriage return stands alone.") }
                if previous == lineFeed && (byte == 0x20 || byte == 0x09) {
                    return .malformed("A header line is folded.")
                }
                if byte < 0x20 && byte != carriageReturn && byte != lineFeed && byte != 0x09 || byte == 0x7F {
                    return .malformed("The header contains a control character.")
                }
            }
            previous = byte
        }
        previousByte = previous
        measureRequestLine(bytes)
        headBytes += bytes.count
        // Slack for the method, the version and empty lines in front.
        if headBytes > limits.targetBytes + limits.headerBytes + 256 { return .tooManyHeaders }
        return nil
    }

    /// Counts the bytes of the request line, without empty lines in front of it, its own line end included.
    private func measureRequestLine(_ bytes: UnsafeRawBufferPointer) {
        guard !hasRequestLine else { return }
        var count = requestLineBytes
        for byte in bytes {
            if count == 0 && (byte == 0x0D || byte == 0x0A) { continue }
            count += 1
            guard byte != 0x0A else {
                hasRequestLine = true
                break
            }
        }
        requestLineBytes = count
    }

    private func noteEnd(of bytes: UnsafeRawBufferPointer) {
        for byte in bytes.suffix(4) { lastBytes = lastBytes << 8 | UInt32(byte) }
    }

    /// llhttp lets the line feed alone end the last chunk; a chunked body ends with two whole line ends.
    private var isEndWellFormed: Bool { !isChunked || lastBytes == 0x0D0A_0D0A }

    /// Everything that can be judged before the body.
    private func acceptHead() throws(HTTPRefusal) {
        guard let method = HTTPMethod(llhttp: parser.pointee.method) else { throw .methodNotAllowed }
        self.method = method
        guard parser.pointee.http_major == 1, parser.pointee.http_minor <= 1 else { throw .version }
        isVersion11 = parser.pointee.http_minor == 1
        // llhttp skips further blanks between the three words.
        guard requestLineBytes == method.byteCount + target.count + " ".utf8.count * 2 + "HTTP/1.1\r\n".utf8.count
        else {
            throw .malformed("The request line has blanks in the wrong places.")
        }
        // An offered upgrade is not taken up; llhttp would stop parsing for it.
        parser.pointee.upgrade = 0
        let headers = HTTPHeaders(parsed: headerText, fields: fields)
        guard isUTF8(headerText) else { throw .malformed("A header value is not valid UTF-8.") }
        try acceptHost(headers)
        originTarget = try acceptTarget(headers)
        try acceptFraming(headers)
        keepsAlive = llhttp_should_keep_alive(parser) != 0
        if let expectation = headers["expect"], isVersion11 {
            guard expectation.lowercased() == Self.continueWord, headers.occurrences(of: "expect") == 1 else {
                throw .expectation
            }
            awaitsContinue = hasAnnouncedBody
        }
    }

    private var hasAnnouncedBody: Bool { isChunked || parser.pointee.content_length > 0 }

    /// Exactly one Host that is a host; HTTP/1.0 may leave it out.
    private func acceptHost(_ headers: HTTPHeaders) throws(HTTPRefusal) {
        let count = headers.occurrences(of: "host")
        if count == 0 && !isVersion11 { return }
        guard count == 1, let host = headers.valueBytes("host"), HostName.isValid(host) else {
            throw .malformed("The request needs exactly one valid Host header.")
        }
    }

    /// The target from the path on. The absolute form is for proxies; it is taken when it names the same host as Host does.
    private func acceptTarget(_ headers: HTTPHeaders) throws(HTTPRefusal) -> String {
        guard let target = String(validating: self.target, as: UTF8.self) else {
            throw .malformed("The request target is not ASCII.")
        }
        if target.utf8.first == UInt8(ascii: "/") || target == "*" { return target }
        let lowered = target.lowercased()
        for scheme in ["http://", "https://"] where lowered.hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            guard let host = headers["host"], authority.lowercased() == host.lowercased() else {
                throw .malformed("The request target names another host than the Host header.")
            }
            let origin = String(rest[authority.endIndex...])
            return origin.first == "/" ? origin : "/" + origin
        }
        throw .malformed("The request target has no absolute path.")
    }

    private func isUTF8(_ bytes: [UInt8]) -> Bool {
        var all: UInt8 = 0
        for byte in bytes { all |= byte }
        return all < 0x80 || String(validating: bytes, as: UTF8.self) != nil
    }

    /// One way to say where the body ends, or none.
    private func acceptFraming(_ headers: HTTPHeaders) throws(HTTPRefusal) {
        let lengths = headers.occurrences(of: "content-length")
        let codings = headers.occurrences(of: "transfer-encoding")
        if codings > 0 {
            guard codings == 1, lengths == 0, isVersion11, headers["transfer-encoding"]?.lowercased() == "chunked" else {
                throw .malformed("The only transfer coding is chunked, alone and without a Content-Length.")
            }
        }
        isChunked = codings == 1
        guard lengths <= 1 else { throw .malformed("The request has more than one Content-Length.") }
        if lengths == 1 {
            guard headers["content-length"]?.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) == true else {
                throw .malformed("The Content-Length is not a number.")
            }
        }
        guard lengths + codings > 0 else { return }
        bodyMaximum = limits.bodyBytes(method, String(originTarget.prefix { $0 != "?" }))
        if codings == 0 {
            guard parser.pointee.content_length <= UInt64(bodyMaximum) else { throw .bodyTooLarge(bodyMaximum) }
            // An announced length is a claim; memory is given as bytes come.
            body.reserveCapacity(min(Int(parser.pointee.content_length), 256 * 1_024))
        }
    }

    /// llhttp's word for a failure as an answer.
    private func translate(_ error: llhttp_errno_t, _ bytes: UnsafeRawBufferPointer) -> HTTPRefusal {
        switch error {
        case HPE_INVALID_METHOD where looksLikeMethod(bytes): return .methodNotAllowed
        case HPE_INVALID_METHOD: return .malformed("The request line is not HTTP.")
        case HPE_INVALID_VERSION:
            // Also said of what stands between a good version and the line's end.
            let isKnown = parser.pointee.http_major == 1 && parser.pointee.http_minor <= 1
            return isKnown ? .malformed("The request line is malformed.") : .version
        case HPE_INVALID_URL: return .malformed("The request target is malformed.")
        case HPE_INVALID_CHUNK_SIZE: return .malformed("A chunk size is malformed.")
        case HPE_INVALID_CONTENT_LENGTH, HPE_UNEXPECTED_CONTENT_LENGTH:
            return .malformed("The Content-Length is malformed or stands beside another length.")
        case HPE_INVALID_TRANSFER_ENCODING:
            return .malformed("The only transfer coding is chunked, alone and without a Content-Length.")
        default: return .malformed("The request is malformed.")
        }
    }

    /// A word of capitals, a space and a path: a method that llhttp does not know, and not another protocol.
    private func looksLikeMethod(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let word = bytes.prefix { isTokenByte($0) }
        guard !word.isEmpty, word.count <= Self.methodBytesMaximum else { return false }
        let rest = bytes.dropFirst(word.count).prefix(2)
        return rest.elementsEqual(" /".utf8) || rest.elementsEqual(" *".utf8)
    }
}

extension HTTPMethod {
    fileprivate init?(llhttp method: UInt8) {
        switch llhttp_method_t(UInt32(method)) {
        case HTTP_GET: self = .get
        case HTTP_HEAD: self = .head
        case HTTP_POST: self = .post
        case HTTP_PUT: self = .put
        case HTTP_PATCH: self = .patch
        case HTTP_DELETE: self = .delete
        case HTTP_OPTIONS: self = .options
        default: return nil
        }
    }
}
