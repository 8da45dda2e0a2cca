/// Why the server refuses a request before any handler sees it, or why a part of it cannot be read.
package struct HTTPRefusal: Error, Equatable, Sendable {
    package let status: Int
    /// For programs, snake_case.
    package let code: String
    /// For people, one sentence.
    package let detail: String
    /// What words of another language need, by name.
    package let arguments: [String: String]

    package init(status: Int, code: String, detail: String, arguments: [String: String] = [:]) {
        self.status = status
        self.code = code
        self.detail = detail
        self.arguments = arguments
    }

    static func malformed(_ detail: String) -> HTTPRefusal {
        HTTPRefusal(status: 400, code: "malformed_request", detail: detail)
    }
    static let targetTooLong = HTTPRefusal(status: 414, code: "uri_too_long", detail: "The request target is too long.")
    static let tooManyHeaders = HTTPRefusal(
        status: 431, code: "headers_too_large", detail: "The request has too many or too long header fields.")
    static func bodyTooLarge(_ limit: Int) -> HTTPRefusal {
        HTTPRefusal(
            status: 413, code: "body_too_large", detail: "The body is larger than the \(limit) bytes that are allowed here.",
            arguments: ["limit": String(limit)])
    }
    static let timeout = HTTPRefusal(status: 408, code: "request_timeout", detail: "The request did not arrive in time.")
    static let overloaded = HTTPRefusal(
        status: 503, code: "overloaded", detail: "Too many connections are open. Try again later.")
    static let stopping = HTTPRefusal(status: 503, code: "overloaded", detail: "The server is being stopped. Try again later.")
    static let tooManyFromAddress = HTTPRefusal(
        status: 429, code: "too_many_connections", detail: "Too many connections are open from this address. Close some first.")
    static let methodNotAllowed = HTTPRefusal(
        status: 405, code: "method_not_allowed", detail: "The server does not know or does not serve this method.",
        arguments: ["allowed": HTTPMethod.allowed])
    static let version = HTTPRefusal(
        status: 505, code: "http_version_not_supported", detail: "The server speaks HTTP/1.1 and HTTP/1.0.")
    static let expectation = HTTPRefusal(
        status: 417, code: "expectation_failed", detail: "The only expectation that can be met is 100-continue.")
    static let brokenAnswer = HTTPRefusal(status: 500, code: "internal_error", detail: "The server made an invalid answer.")

    /// The problem document (RFC 9457) that says so, in words of its own or in others'.
    package var response: HTTPResponse { response(title: httpReason(status), detail: detail, requestID: nil) }

    package func response(title: String, detail: String, requestID: String?) -> HTTPResponse {
        var json = JSONWriter()
        json.object { json in
            json.field("type", "/problems/\(code)")
            json.field("title", title)
            json.field("status", status)
            json.field("detail", detail)
            json.field("code", code)
            if let requestID { json.field("request_id", requestID) }
        }
        var headers: HTTPHeaders = ["Content-Type": "application/problem+json", "Cache-Control": "no-store"]
        if status == 405 { headers.add("Allow", HTTPMethod.allowed) }
        if status == 503 || status == 429 { headers.add("Retry-After", "5") }
        return HTTPResponse(status: status, headers: headers, body: .bytes(json.bytes))
    }
}

/// What is known of a request that no handler saw.
package struct RefusedRequest: Sendable {
    /// The header fields that had come whole and readable when it was refused.
    package let headers: HTTPHeaders
    package let remoteAddress: String

    package init(headers: HTTPHeaders, remoteAddress: String) {
        self.headers = headers
        self.remoteAddress = remoteAddress
    }
}
