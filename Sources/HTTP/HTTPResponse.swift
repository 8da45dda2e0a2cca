/// What a handler answers.
package struct HTTPResponse: Sendable {
    package enum Body: Sendable {
        /// Sent with a Content-Length.
        case bytes([UInt8])
        /// The same for everybody; also sent with a Content-Length.
        case shared(SharedBody)
        /// Written piece by piece, on the server's loop, no faster than the client reads. When the closure throws, the
        /// connection is cut so that the client sees a broken answer and not a short one. Not called for HEAD.
        case stream(@Sendable (BodyWriter) async throws -> Void)
    }
    package var status: Int
    package var headers: HTTPHeaders
    package var body: Body

    package init(status: Int = 200, headers: HTTPHeaders = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Text with its type; UTF-8.
    package init(status: Int = 200, contentType: String, text: String) {
        self.init(status: status, headers: ["Content-Type": contentType], body: .bytes(Array(text.utf8)))
    }

    /// The answer to OPTIONS: which methods the path has.
    package static func options(_ allowed: [String]) -> HTTPResponse {
        HTTPResponse(status: 204, headers: ["Allow": allowed.joined(separator: ", "), "Cache-Control": "no-store"])
    }

    /// A 204, 304 or 1xx has no body and no length.
    var isBodiless: Bool { status == 204 || status == 304 || status < 200 }
}

/// The reason phrase of a status (RFC 9110); what clients show and nobody should parse.
package func httpReason(_ status: Int) -> String {
    switch status {
    case 100: "Continue"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 206: "Partial Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 402: "Payment Required"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 411: "Length Required"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 422: "Unprocessable Content"
    case 428: "Precondition Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: "Status"
    }
}
