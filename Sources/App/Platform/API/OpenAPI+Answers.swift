import HTTP

/// Answers in the document: their bodies, their headers, an example that was really given, and every code of a refusal.
extension OpenAPI {
    /// What every answer's status may be; the contract test holds real answers to it.
    package static func statuses(of endpoint: Endpoint) -> [Int] {
        let documentation = endpoint.documentation
        let success =
            switch documentation.answer {
            case .object(let status, _), .other(let status, _): status
            case .list: 200
            }
        let common =
            endpoint.isUnderV1 ? [400, 401, 403, 404, 405, 414, 429, 431, 500, 503] : [400, 404, 405, 414, 431, 500, 503]
        let unchanged = endpoint.readsObject ? [304] : []
        let accepted = documentation.accepted == nil ? [] : [202]
        // A key whose first request is still under way, and one that was used for something else.
        let once = documentation.idempotency == .none ? [] : [409, 422]
        return Array(Set([success] + accepted + unchanged + common + once + documentation.refusals)).sorted()
    }

    static func answers(of endpoint: Endpoint, _ reference: APIReference, _ json: inout JSONWriter) {
        let codes = RefusalCodes.all(of: endpoint, reference)
        for status in statuses(of: endpoint) {
            json.field(
                String(status),
                object: { json in
                    switch status {
                    case 304: unchanged(&json)
                    case 202 where endpoint.documentation.accepted != nil: accepted(endpoint, &json)
                    case 400...: refusal(status, codes[status] ?? [], endpoint, &json)
                    default: success(endpoint, reference, &json)
                    }
                })
        }
    }

    private static func accepted(_ endpoint: Endpoint, _ json: inout JSONWriter) {
        json.field("description", "Long work, begun: `Operation-Location` says where to ask, `Retry-After` when.")
        json.field("headers", object: { Header.refer([.requestID, .operation, .retryAfter], &$0) })
        json.field(
            "content",
            object: { json in
                if let name = endpoint.documentation.accepted { content(&json, "application/json", .named(name)) }
            })
    }

    private static func unchanged(_ json: inout JSONWriter) {
        json.field("description", "Not changed since the `ETag` in `If-None-Match`.")
        json.field("headers", object: { Header.refer([.etag], &$0) })
    }

    private static func refusal(_ status: Int, _ codes: [String], _ endpoint: Endpoint, _ json: inout JSONWriter) {
        let names = codes.map { "`\($0)`" }.joined(separator: ", ")
        json.field("description", codes.isEmpty ? "What was wrong, in words, with a code." : "Codes: \(names).")
        json.field("x-codes", words: codes)
        json.field("headers", object: { Header.refer(Header.ofRefusal(status), &$0) })
        json.field(
            "content",
            object: { json in
                // What a person looks for in the browser is refused with a page.
                if endpoint == .problem { content(&json, "text/html", nil) }
                if endpoint == .readyz { content(&json, "application/json", nil) }
                content(&json, "application/problem+json", .named("Problem"))
            })
    }

    private static func success(_ endpoint: Endpoint, _ reference: APIReference, _ json: inout JSONWriter) {
        let documentation = endpoint.documentation
        let example = reference.example(endpoint)?.answer
        json.field("description", documentation.summary)
        json.field("headers", object: { Header.refer(Header.ofSuccess(endpoint), &$0) })
        json.field(
            "content",
            object: { json in
                switch documentation.answer {
                case .object(_, let name): content(&json, "application/json", .named(name), example)
                case .list(let name):
                    content(&json, "application/json", .listOf(name), example)
                    for format in documentation.fileFormats { content(&json, format.essence, nil) }
                case .other(_, let mediaType):
                    content(&json, mediaType, nil, example)
                    if endpoint == .problem { content(&json, "application/json", nil) }
                }
            })
    }

    /// The headers that answers carry.
    enum Header: String, CaseIterable {
        case etag = "ETag"
        case location = "Location"
        case operation = "Operation-Location"
        case link = "Link"
        case replayed = "Idempotent-Replayed"
        case clock = "Api-Clock"
        case requestID = "X-Request-Id"
        case quota = "RateLimit-Policy"
        case allowance = "RateLimit"
        case retryAfter = "Retry-After"
        case authenticate = "WWW-Authenticate"
        case allow = "Allow"
        case version = "API-Version"

        var description: String {
            switch self {
            case .etag: "The object as it was told: for `If-Match` where it can be changed, for `If-None-Match` where it is read."
            case .location: "Where what was made can be read."
            case .operation: "Where to ask how long work gets on."
            case .link: "`rel=\"next\"`: the next page; absent on the last."
            case .replayed: "`true`: the first answer to this Idempotency-Key again; nothing was done now."
            case .clock: "The tenant's time, in a sandbox tenant."
            case .requestID: "What to name when asking for help: the caller's own, or a new one."
            case .quota: "The key's quota: so many requests (`q`) in so many seconds (`w`)."
            case .allowance: "How many requests are left (`r`) and after how many seconds there are more (`t`)."
            case .retryAfter: "Seconds to wait before the same request is sent again."
            case .authenticate: "`Bearer`."
            case .allow: "The methods that are there."
            case .version: "The API's dated version that the answer speaks."
            }
        }

        static func ofSuccess(_ endpoint: Endpoint) -> [Header] {
            let documentation = endpoint.documentation
            var headers: [Header] = [.requestID]
            if endpoint.hasETag { headers.append(.etag) }
            if case .object(201...202, _) = documentation.answer { headers.append(.location) }
            if case .list = documentation.answer { headers.append(.link) }
            if documentation.idempotency != .none { headers.append(.replayed) }
            if endpoint.isUnderV1 { headers += [.clock, .quota, .allowance, .version] }
            return headers
        }

        static func ofRefusal(_ status: Int) -> [Header] {
            switch status {
            case 401: [.requestID, .authenticate]
            case 405: [.requestID, .allow]
            case 429: [.requestID, .retryAfter, .quota, .allowance]
            case 503: [.requestID, .retryAfter]
            default: [.requestID]
            }
        }

        static func refer(_ headers: [Header], _ json: inout JSONWriter) {
            for header in headers {
                json.field(header.rawValue, object: { $0.field("$ref", "#/components/headers/\(header.rawValue)") })
            }
        }

        static func writeAll(_ json: inout JSONWriter) {
            for header in allCases {
                json.field(
                    header.rawValue,
                    object: { json in
                        json.field("description", header.description)
                        json.field("schema", object: { $0.field("type", "string") })
                    })
            }
        }
    }
}
