import HTTP

/// The OpenAPI 3.1 document, made from the endpoints' own documentation and schemas.
package enum OpenAPI {
    static func response(_ bytes: [UInt8]) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: ["Content-Type": "application/json", "Cache-Control": "no-cache"], body: .bytes(bytes))
    }

    package static func document(_ reference: APIReference) -> [UInt8] {
        jsonObject { json in
            json.field("openapi", "3.1.0")
            json.field(
                "info",
                object: {
                    $0.field("title", "Bursar")
                    $0.field("version", Version.text)
                    $0.field("description", "Accounts, subscriptions and money of a cloud provider's customers.")
                })
            json.field("servers", array: { $0.object { $0.field("url", "/") } })
            json.field("security", array: { $0.object { $0.field("key", array: { _ in }) } })
            json.field("paths", object: writePaths)
            json.field("webhooks", object: writeWebhooks)
            json.field(
                "components",
                object: { json in
                    json.field(
                        "securitySchemes",
                        object: {
                            $0.field(
                                "key",
                                object: {
                                    $0.field("type", "http")
                                    $0.field("scheme", "bearer")
                                })
                        })
                    json.field(
                        "schemas",
                        object: { json in
                            for (name, schema) in Schema.components {
                                json.key(name)
                                schema.write(to: &json)
                            }
                        })
                    json.field(
                        "responses",
                        object: { json in
                            json.field(
                                "Problem",
                                object: {
                                    $0.field("description", "What was wrong, in words, with a code.")
                                    $0.field("content", object: { content(&$0, "application/problem+json", .named("Problem")) })
                                })
                        })
                })
        }
    }

    private static func content(_ json: inout JSONWriter, _ mediaType: String, _ schema: Schema?) {
        json.field(
            mediaType,
            object: { json in
                guard let schema else { return }
                json.key("schema")
                schema.write(to: &json)
            })
    }

    private static func writePaths(_ json: inout JSONWriter) {
        var templates: [String] = []
        for endpoint in Endpoint.allCases where !templates.contains(endpoint.template) { templates.append(endpoint.template) }
        for template in templates {
            json.field(
                template,
                object: { json in
                    for endpoint in Endpoint.allCases where endpoint.template == template {
                        json.field(endpoint.method.lowercased(), object: { write(endpoint, to: &$0) })
                    }
                })
        }
    }

    private static func write(_ endpoint: Endpoint, to json: inout JSONWriter) {
        let documentation = endpoint.documentation
        json.field("operationId", "\(endpoint)")
        json.field("summary", documentation.summary)
        json.field("tags", words: [documentation.tag])
        if documentation.audience == .anyone { json.field("security", array: { _ in }) }
        json.field("x-audience", documentation.audience.rawValue)
        json.field("parameters", array: { json in parameters(of: endpoint, documentation, &json) })
        if let body = documentation.body {
            json.field(
                "requestBody",
                object: { json in
                    let isNeeded = if case .object(let fields) = body { fields.contains(where: \.required) } else { true }
                    json.field("required", isNeeded)
                    json.field("content", object: { content(&$0, documentation.bodyMediaType, body) })
                })
        }
        json.field("responses", object: { json in answers(of: endpoint, documentation, &json) })
    }

    private static func parameters(of endpoint: Endpoint, _ documentation: EndpointDocumentation, _ json: inout JSONWriter) {
        for name in endpoint.parameters {
            parameter(&json, name, "path", idPrefix[name].map { .id($0) } ?? .text(min: 1, max: 100), required: true, "")
        }
        for field in documentation.query {
            parameter(&json, field.name, "query", field.schema, required: field.required, field.note)
        }
        if documentation.dryRun {
            parameter(
                &json, "dry_run", "query", .word(["true", "false"]), required: false,
                "What it would do: the same answer with `dry_run: true`, and nothing changed.")
        }
        if documentation.idempotency != .none {
            // A dry run moves nothing and needs no key, so the document cannot call it required outright.
            let isRequired = documentation.idempotency == .required && !documentation.dryRun
            parameter(
                &json, "Idempotency-Key", "header", .text(min: 1, max: 255), required: isRequired,
                documentation.idempotency == .required
                    ? "Required unless `dry_run=true`: repeated with the same input it gives the first answer again." : "")
        }
        if documentation.accepted != nil {
            parameter(
                &json, "Prefer", "header", .text(max: 200), required: false,
                "`respond-async`: answer 202 at once, whatever the number (RFC 7240).")
        }
        if takesIfMatch(endpoint) {
            parameter(
                &json, "If-Match", "header", .text(max: 100), required: false,
                "The `ETag` that was seen; another version answers 412.")
        }
    }

    /// The kinds of IDs that stand in paths.
    static let idPrefix = [
        "subscription_id": "sub", "account_id": "acc", "partner_id": "par", "enrollment_id": "enr", "department_id": "dep",
        "order_id": "ord", "api_key_id": "key", "webhook_endpoint_id": "whe", "webhook_delivery_id": "whd", "event_id": "evt",
        "notification_id": "mai", "note_id": "nte", "policy_draft_id": "drf",
        "identity_request_id": "idr", "payment_id": "pay", "remittance_id": "rem", "audit_id": "aud", "member_id": "mem",
        "operation_id": "opr",
    ]
    static func takesIfMatch(_ endpoint: Endpoint) -> Bool {
        let documentation = endpoint.documentation
        return documentation.hasETag && endpoint.method != "GET" || documentation.refusals.contains(412)
    }

    private static func parameter(
        _ json: inout JSONWriter, _ name: String, _ place: String, _ schema: Schema, required: Bool, _ note: String
    ) {
        json.object { json in
            json.field("name", name)
            json.field("in", place)
            json.field("required", required)
            if !note.isEmpty { json.field("description", note) }
            json.key("schema")
            schema.write(to: &json)
        }
    }

    /// What every answer's status may be; the contract test holds real answers to it.
    package static func statuses(of endpoint: Endpoint) -> [Int] {
        let documentation = endpoint.documentation
        let success =
            switch documentation.answer {
            case .object(let status, _), .other(let status, _): status
            case .list: 200
            }
        let common = endpoint.isUnderV1 ? [400, 401, 403, 404, 405, 429, 500, 503] : [400, 404, 405, 500, 503]
        let unchanged = documentation.hasETag && endpoint.method == "GET" ? [304] : []
        return Array(Set([success] + (documentation.accepted == nil ? [] : [202]) + unchanged + common + documentation.refusals))
            .sorted()
    }

    private static func answers(of endpoint: Endpoint, _ documentation: EndpointDocumentation, _ json: inout JSONWriter) {
        for status in statuses(of: endpoint) {
            json.field(
                String(status),
                object: { json in
                    guard status < 400 else { return json.field("$ref", "#/components/responses/Problem") }
                    if status == 304 { return json.field("description", "Not changed since the `ETag` in `If-None-Match`.") }
                    if status == 202, let accepted = documentation.accepted {
                        json.field("description", "Long work, begun: `Operation-Location` says where to ask, `Retry-After` when.")
                        return json.field("content", object: { content(&$0, "application/json", .named(accepted)) })
                    }
                    json.field("description", documentation.summary)
                    json.field(
                        "content",
                        object: { json in
                            switch documentation.answer {
                            case .object(_, let name): content(&json, "application/json", .named(name))
                            case .list(let name):
                                content(&json, "application/json", .listOf(name))
                                for format in documentation.fileFormats { content(&json, format.essence, nil) }
                            case .other(_, let mediaType): content(&json, mediaType, nil)
                            }
                        })
                })
        }
    }
}

extension Schema {
    /// A page of a list.
    package static func listOf(_ name: String) -> Schema {
        .object([
            .init("data", .list(.named(name), max: 100)), .init("has_more", .boolean),
            .init("next_cursor", .nullable(.text(max: 1_200))),
        ])
    }

    /// As JSON Schema 2020-12.
    func write(to json: inout JSONWriter) {
        json.object { members(to: &$0) }
    }

    private func members(to json: inout JSONWriter) {
        switch self {
        case .named(let name): json.field("$ref", "#/components/schemas/\(name)")
        case .nullable(let inner):
            json.field(
                "anyOf",
                array: { json in
                    inner.write(to: &json)
                    json.object { $0.field("type", "null") }
                })
        case .text(let minimum, let maximum):
            json.field("type", "string")
            if minimum > 0 { json.field("minLength", minimum) }
            json.field("maxLength", maximum)
        case .word(let words):
            json.field("type", "string")
            json.field("enum", words: words)
        case .id(let prefix):
            json.field("type", "string")
            json.field("pattern", "^\(prefix)_[0-7][0-9a-hjkmnp-tv-z]{25}$")
        case .format("decimal"):
            json.field("type", "string")
            json.field("pattern", "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$")
        case .format(let format):
            json.field("type", "string")
            json.field("format", format)
        case .boolean: json.field("type", "boolean")
        case .integer(let minimum, let maximum):
            json.field("type", "integer")
            json.field("minimum", minimum)
            json.field("maximum", maximum)
        case .money:
            Schema.object([.init("amount", .format("decimal")), .init("currency", .text(min: 3, max: 3))]).members(to: &json)
        case .list(let element, let maximum):
            json.field("type", "array")
            json.field("maxItems", maximum)
            json.key("items")
            element.write(to: &json)
        case .object(let fields): objectMembers(fields, to: &json)
        case .anything: json.field("type", "object")
        }
    }

    private func objectMembers(_ fields: [Field], to json: inout JSONWriter) {
        json.field("type", "object")
        json.field("required", words: fields.filter(\.required).map(\.name))
        json.field(
            "properties",
            object: { json in
                for field in fields {
                    json.field(
                        field.name,
                        object: { json in
                            field.schema.members(to: &json)
                            if !field.note.isEmpty { json.field("description", field.note) }
                        })
                }
            })
        json.field("additionalProperties", false)
    }
}
