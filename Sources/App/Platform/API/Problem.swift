import HTTP

/// A refusal as `application/problem+json`, in the reader's language. The same words stand on the pages.
package enum Problem {
    package static func response(_ failure: Failure, _ words: Strings, requestID: String) -> HTTPResponse {
        let body = jsonObject { json in
            json.field("type", type(failure))
            json.field("title", title(failure, words))
            json.field("status", failure.status)
            json.field("detail", detail(failure, words))
            json.field("code", failure.code)
            json.field("request_id", requestID)
            if case .quotaExceeded(let policy, _, _) = failure { json.field("violated-policies", words: [policy]) }
            if case .malformed(_, let pointer?, _) = failure { json.field("pointer", pointer) }
            if failure.status == 422 {
                json.field(
                    "errors",
                    array: { json in
                        for error in failure.errors {
                            json.object {
                                $0.field("pointer", error.pointer)
                                $0.field("code", error.code)
                                $0.field("detail", words("error.\(error.code).detail", error.arguments))
                            }
                        }
                    })
            }
        }
        var headers: HTTPHeaders = ["Content-Type": "application/problem+json", "Cache-Control": "no-store"]
        if let seconds = failure.retryAfterSeconds { headers.set("Retry-After", String(seconds)) }
        if case .methodNotAllowed(let allowed) = failure { headers.set("Allow", allowed.joined(separator: ", ")) }
        if case .unsupportedContentEncoding = failure { headers.set("Accept-Encoding", "gzip") }
        if case .unauthenticated = failure { headers.set("WWW-Authenticate", "Bearer") }
        return HTTPResponse(status: failure.status, headers: headers, body: .bytes(body))
    }

    /// Where the reason is explained. A quota that is used up has a type that every client may know, of the draft that names the headers.
    private static func type(_ failure: Failure) -> String {
        if case .quotaExceeded = failure { return "https://iana.org/assignments/http-problem-types#quota-exceeded" }
        return "/problems/\(failure.code)"
    }

    package static func title(_ failure: Failure, _ words: Strings) -> String {
        words("error.\(failure.code).title", failure.arguments)
    }
    package static func detail(_ failure: Failure, _ words: Strings) -> String {
        words("error.\(failure.code).detail", failure.arguments)
    }
}
