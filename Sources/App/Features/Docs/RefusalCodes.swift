/// The codes that an endpoint may answer with, by status: those that follow from its schemas and headers, and those that it was seen to give.
package enum RefusalCodes {
    /// Every code, by status.
    package static func all(of endpoint: Endpoint, _ reference: APIReference) -> [Int: [String]] {
        var codes = implied(by: endpoint)
        for (status, own) in reference.refusals["\(endpoint)"] ?? [:] { codes[status, default: []].formUnion(own) }
        return codes.filter { OpenAPI.statuses(of: endpoint).contains($0.key) }.mapValues { $0.sorted() }
    }

    /// What it says beyond what every endpoint of its shape says.
    static func own(of endpoint: Endpoint, _ reference: APIReference) -> [(status: Int, codes: [String])] {
        let implied = implied(by: endpoint)
        let own = (reference.refusals["\(endpoint)"] ?? [:]).mapValues { codes in codes }
        return own.keys.sorted().compactMap { status in
            let left = (own[status] ?? []).filter { implied[status]?.contains($0) != true }.sorted()
            return left.isEmpty ? nil : (status, left)
        }
    }

    // MARK: What follows from the shape

    private static func implied(by endpoint: Endpoint) -> [Int: Set<String>] {
        let documentation = endpoint.documentation
        var codes: [Int: Set<String>] = [
            404: ["not_found"], 405: ["method_not_allowed"], 412: ["stale"], 413: ["body_too_large"],
            414: ["uri_too_long"], 415: ["unsupported_media_type", "unsupported_content_encoding"], 431: ["headers_too_large"],
            429: ["quota_exceeded", "too_many_requests"],
            500: ["internal_error"], 503: ["database_unavailable"],
        ]
        guard endpoint.isUnderV1 else { return codes }
        codes[401] = ["api_key_required", "invalid_api_key", "api_key_expired"]
        codes[403] = ["address_not_allowed", "scope_missing", "role_forbids"]
        codes[429, default: []].insert("quota_exceeded")
        var malformed: Set<String> = [
            "malformed_request", "unknown_parameter", "repeated_parameter", "unknown_api_version",
        ]
        for field in documentation.query {
            malformed.formUnion(faults(field.schema))
            if field.required { malformed.insert("required") }
            if field.name == "cols" { malformed.formUnion(["not_one_of", "required"]) }
            if field.name == "cursor" { malformed.insert("invalid_cursor") }
        }
        let asked = Set(documentation.query.map(\.name))
        if documentation.tag == "usage", asked.isSuperset(of: ["from", "to"]) {
            malformed.formUnion(["range_backwards", "range_too_long"])
        }
        if documentation.tag == "usage", asked.contains("month") { malformed.insert("range_twice") }
        if documentation.dryRun { malformed.insert("not_one_of") }
        var invalid: Set<String> = []
        if let body = documentation.body {
            malformed.formUnion(["malformed_json", "unknown_field", "invalid_gzip"])
            invalid = faults(body).union(["invalid_input"])
        }
        if documentation.idempotency != .none {
            malformed.insert("invalid_idempotency_key")
            codes[409, default: []].insert("idempotency_key_in_use")
            invalid.formUnion(["idempotency_key_reused", "idempotency_answer_erased"])
        }
        // Whatever is done to a subscription, and whatever is read of its usage, is refused once it is deleted, or lapsed before it ran.
        if endpoint.template.contains("/subscriptions/{subscription_id}"), documentation.refusals.contains(409) {
            codes[409, default: []].formUnion(["subscription_deleted", "order_lapsed"])
        }
        if documentation.idempotency == .required { malformed.insert("idempotency_key_required") }
        codes[400] = malformed
        codes[422] = invalid
        return codes
    }

    /// What the reader of a schema may find wrong with a value.
    private static func faults(_ schema: Schema) -> Set<String> {
        switch schema {
        case .text(let minimum, _), .line(let minimum, _):
            minimum > 0
                ? ["wrong_type", "invalid_characters", "too_short", "too_long", "blank"]
                : ["wrong_type", "invalid_characters", "too_long"]
        case .format(let format): ["wrong_type", "invalid_characters", fault(ofFormat: format)]
        case .id: ["wrong_type", "invalid_characters", "invalid_id"]
        case .word: ["wrong_type", "invalid_characters", "not_one_of"]
        case .integer: ["wrong_type", "out_of_range"]
        case .boolean: ["wrong_type"]
        case .money:
            [
                "wrong_type", "invalid_characters", "required", "invalid_decimal", "unknown_currency", "too_many_decimals",
                "amount_out_of_range",
            ]
        case .object(let fields):
            fields.reduce(["wrong_type"]) { codes, field in
                codes.union(faults(field.schema)).union(field.required ? ["required"] : [])
            }
        case .list(let element, _): faults(element).union(["wrong_type", "too_many_items"])
        case .nullable(let inner): faults(inner)
        case .named(let name): Schema.components.first { $0.name == name }.map { faults($0.schema) } ?? []
        case .judged, .either, .openWord: []
        case .anything: ["wrong_type"]
        }
    }

    private static func fault(ofFormat format: String) -> String {
        switch format {
        case "date-time": "invalid_time"
        case "date": "invalid_date"
        case "month": "invalid_month"
        case "decimal": "invalid_decimal"
        case "currency": "unknown_currency"
        case "object-id": "invalid_object_id"
        case "email": "invalid_email"
        default: "wrong_type"
        }
    }
}
