import HTTP

/// The OpenAPI 3.1 document, made from the endpoints' own documentation and schemas.
package enum OpenAPI {
    private static let contentType = "application/json"

    static func response(_ body: SharedBody) -> HTTPResponse {
        HTTPResponse(status: 200, headers: ["Content-Type": contentType, "Cache-Control": "no-cache"], body: .shared(body))
    }

    /// The document as it is sent to everybody.
    static func body(_ reference: APIReference) -> SharedBody { SharedBody(document(reference), contentType: contentType) }

    package static func document(_ reference: APIReference) -> [UInt8] {
        jsonObject { json in
            json.field("openapi", "3.1.0")
            json.field(
                "info",
                object: {
                    $0.field("title", "Bursar")
                    $0.field("version", Version.text)
                    $0.field(
                        "description",
                        "Accounts, subscriptions and money of a cloud provider's customers. A number in brackets, such as (L3), is a rule: /docs/api/rules says which."
                    )
                })
            json.field("servers", array: { $0.object { $0.field("url", "/") } })
            json.field("externalDocs", object: { $0.field("url", "/docs/api") })
            json.field(
                "tags",
                array: { json in
                    for group in APIGroup.all {
                        json.object { json in
                            json.field("name", group.tag)
                            json.field("externalDocs", object: { $0.field("url", "/docs/api/\(group.slug)") })
                        }
                    }
                })
            json.field("security", array: { $0.object { $0.field("key", array: { _ in }) } })
            json.field("paths", object: { writePaths(&$0, reference) })
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
                                    $0.field("bearerFormat", "bsk_live_… or bsk_test_…")
                                    $0.field(
                                        "description",
                                        "An API key, made in the portal. What an endpoint's `security` names is the scope that a narrowed key needs."
                                    )
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
                    json.field("headers", object: Header.writeAll)
                })
        }
    }

    static func content(_ json: inout JSONWriter, _ mediaType: String, _ schema: Schema?, _ example: JSON? = nil) {
        json.field(
            mediaType,
            object: { json in
                if let schema {
                    json.key("schema")
                    schema.write(to: &json)
                }
                if let example {
                    json.key("example")
                    example.write(to: &json)
                }
            })
    }

    private static func writePaths(_ json: inout JSONWriter, _ reference: APIReference) {
        var templates: [String] = []
        for endpoint in Endpoint.allCases where !templates.contains(endpoint.template) { templates.append(endpoint.template) }
        for template in templates {
            json.field(
                template,
                object: { json in
                    for endpoint in Endpoint.allCases where endpoint.template == template {
                        json.field(endpoint.method.lowercased(), object: { write(endpoint, reference, to: &$0) })
                    }
                })
        }
    }

    private static func write(_ endpoint: Endpoint, _ reference: APIReference, to json: inout JSONWriter) {
        let documentation = endpoint.documentation
        json.field("operationId", "\(endpoint)")
        json.field("summary", documentation.summary)
        if !documentation.note.isEmpty { json.field("description", documentation.note) }
        json.field("tags", words: [documentation.tag])
        if documentation.audience == .anyone {
            json.field("security", array: { _ in })
        } else if let scope = endpoint.scope, !Endpoint.unscopable.contains(scope) {
            json.field("security", array: { $0.object { $0.field("key", words: [scope]) } })
        }
        json.field("externalDocs", object: { $0.field("url", "/docs/api/\(APIGroup.slug(of: endpoint))#\(endpoint)") })
        json.field("x-audience", documentation.audience.rawValue)
        json.field("parameters", array: { json in parameters(of: endpoint, documentation, &json) })
        if let body = documentation.body {
            json.field(
                "requestBody",
                object: { json in
                    let isNeeded = if case .object(let fields) = body { fields.contains(where: \.required) } else { true }
                    json.field("required", isNeeded)
                    json.field(
                        "content",
                        object: { json in
                            content(&json, documentation.bodyMediaType, body, reference.example(endpoint)?.body)
                            for other in documentation.otherBodies { content(&json, other.mediaType, other.schema) }
                        })
                })
        }
        json.field("responses", object: { answers(of: endpoint, reference, &$0) })
    }

    /// Characters of `Prefer`.
    static let preferenceMaximum = 4_000

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
                &json, "Prefer", "header", .text(max: preferenceMaximum), required: false,
                "`respond-async`: answer 202 at once, whatever the number (RFC 7240).")
        }
        // No bound of their own: what is no list of tags is no tag that could match, as HTTP has it (RFC 9110, 13.1).
        if takesIfMatch(endpoint) {
            parameter(
                &json, "If-Match", "header", .format("entity-tags"), required: false,
                "The `ETag` that was seen; another version answers 412.")
        }
        if documentation.body != nil {
            parameter(
                &json, "Content-Encoding", "header", .word(["gzip"]), required: false,
                "The body is packed. Its limit holds for what is unpacked.")
        }
        if endpoint.readsObject {
            parameter(
                &json, "If-None-Match", "header", .format("entity-tags"), required: false,
                "The `ETag` that was seen; the same answer again is 304, without a body.")
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
    package static func takesIfMatch(_ endpoint: Endpoint) -> Bool {
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
}
