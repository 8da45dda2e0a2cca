import HTTP

/// A refusal as `application/problem+json`, in the reader's language. The same words stand on the pages.
package enum Problem {
    package static func response(_ failure: Failure, _ words: Strings, requestID: String) -> HTTPResponse {
        let body = jsonObject { json in
            json.field("type", "/problems/\(failure.code)")
            json.field("title", title(failure, words))
            json.field("status", failure.status)
            json.field("detail", detail(failure, words))
            json.field("code", failure.code)
            json.field("request_id", requestID)
            if case .malformed(_, let pointer?, _) = failure { json.field("pointer", pointer) }
            if case .invalid(let errors) = failure {
                json.field(
                    "errors",
                    array: { json in
                        for error in errors {
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
        if case .unauthenticated = failure { headers.set("WWW-Authenticate", "Bearer") }
        return HTTPResponse(status: failure.status, headers: headers, body: .bytes(body))
    }

    package static func title(_ failure: Failure, _ words: Strings) -> String {
        words("error.\(failure.code).title", failure.arguments)
    }
    package static func detail(_ failure: Failure, _ words: Strings) -> String {
        words("error.\(failure.code).detail", failure.arguments)
    }
}
