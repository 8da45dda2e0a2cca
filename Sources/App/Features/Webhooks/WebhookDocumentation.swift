import HTTP
import Values

extension Input {
    private static let eventTypes: Schema = .nullable(.list(.text(min: 1, max: 100), max: 100))
    private static let url: Schema = .text(min: 1, max: 2_000)

    static let createWebhookEndpoint: Schema = .object([
        .optional("account_id", .id("acc"), "Without it the tenant's own, told of every account, which only the operator makes."),
        .init("url", url, "`https://…`, or `http://…`; no address inside a private network."),
        .optional("description", .text(max: 200)),
        .optional("event_types", eventTypes, "Null or left out: events of every type."),
    ])
    static let updateWebhookEndpoint: Schema = .object([
        .optional("url", url), .optional("description", .text(max: 200)),
        .optional("event_types", eventTypes, "Null takes the filter away."),
        .optional("enabled", .boolean, "False: nothing is sent, and what happens meanwhile is not kept for it."),
    ])
    static let rotateWebhookSecret: Schema = .object([
        .optional(
            "overlap_seconds", .integer(min: 0, max: RotateWebhookSecret.overlapLongest),
            "How long messages carry a signature of the old secret too; a day unless said.")
    ])
}

extension Schema {
    static let webhookObjects: [(name: String, schema: Schema)] = [
        (
            "WebhookEndpoint",
            .object([
                .init("id", .id("whe")), .init("object", .word(["webhook_endpoint"])), .init("account_id", .nullable(.id("acc"))),
                .init("url", .text(max: 2_000)), .init("description", .text(max: 200)),
                .init("event_types", .nullable(.list(.text(max: 100), max: 100)), "Null: every type."),
                .init("state", .word(["enabled", "disabled", "deleted"])),
                .init(
                    "disabled_reason", .nullable(.word(["requested", "gone", "failing"])),
                    "`gone`: it answered 410. `failing`: nothing had arrived for as long as an event is tried."),
                .init("disabled_at", .nullable(instant)),
                .init("failing_since", .nullable(instant), "Since when nothing has arrived."),
                .init("previous_secret_until", .nullable(instant)), .init("created_at", instant), .init("updated_at", instant),
                .optional("secret", .text(max: 100), "`whsec_…`, in the first answer that made it and never again."),
                dryRun,
            ])
        ),
        (
            "WebhookDelivery",
            .object([
                .init("id", .id("whd")), .init("object", .word(["webhook_delivery"])), .init("endpoint_id", .id("whe")),
                .init("account_id", .nullable(.id("acc"))), .init("event_id", .id("evt"), "The message's `webhook-id`."),
                .init("event_type", .text(max: 100)), .init("test", .boolean),
                .init("status", .word(["waiting", "succeeded", "failed"])), .init("attempts", .integer(min: 0, max: 1_000_000)),
                .init("next_attempt_at", .nullable(instant)), .init("last_attempt_at", .nullable(instant)),
                .init("response_status", .nullable(.integer(min: 100, max: 999))),
                .init(
                    "error", .nullable(.text(max: 100)),
                    "Why it did not arrive: `status`, `redirect`, `timed_out`, `unreachable`, `unresolved`, `address_refused`, `tls`, `broken`, `endpoint_deleted`."
                ), .init("duration_ms", .nullable(.integer(min: 0, max: 2_147_483_647))), .init("created_at", instant),
                .optional(
                    "request_body", .nullable(.text(max: 20_000)), "As it was sent; null before that, and once it is erased (L3)."
                ),
                .optional("response_body", .nullable(.text(max: 200_000)), "The first 64 KiB of the reply."),
                dryRun,
            ])
        ),
        (
            "Event",
            .object([
                .init("id", .id("evt"), "Stays the same however often the event is told."), .init("object", .word(["event"])),
                .init("type", .text(max: 100), "More types may come."),
                .init("timestamp", instant, "When it happened, in the tenant's time."),
                .init("account_id", .nullable(.id("acc"))),
                .init(
                    "sequence", .integer(min: 0, max: .max), "Grows with every event of the same object: a smaller one is older."),
                .init(
                    "data",
                    .object([
                        .init("object", .text(max: 60), "What kind of object it happened to."), .init("id", .text(max: 60)),
                        .init(
                            "facts", .nullable(.anything), "What belongs to this event alone; erased with its subscription (L3)."),
                    ])),
            ])
        ),
    ]
}

extension Endpoint {
    /// The documentation of webhooks and events.
    var webhookDocumentation: EndpointDocumentation {
        let tag = "webhooks"
        switch self {
        case .listWebhookEndpoints:
            return .read(
                tag, "Endpoints of an account, or all of the tenant's, newest first.", .list("WebhookEndpoint"),
                query: ListedWebhookEndpoint.list.query, who: .administrators)
        case .createWebhookEndpoint:
            return EndpointDocumentation(
                tag: tag, summary: "Add an endpoint. This answer holds its secret; it is sealed and never shown again.",
                audience: .administrators, body: Input.createWebhookEndpoint, answer: .object(201, "WebhookEndpoint"),
                refusals: [403, 409, 413, 415, 422], idempotency: .offered, dryRun: true)
        case .getWebhookEndpoint:
            return .read(tag, "One endpoint.", .object(200, "WebhookEndpoint"), who: .administrators).tagged()
        case .updateWebhookEndpoint:
            return EndpointDocumentation(
                tag: tag, summary: "Change an endpoint, or switch it off and on.", audience: .administrators,
                body: Input.updateWebhookEndpoint, answer: .object(200, "WebhookEndpoint"),
                refusals: [403, 409, 412, 413, 415, 422], dryRun: true, hasETag: true)
        case .deleteWebhookEndpoint:
            return EndpointDocumentation(
                tag: tag, summary: "End an endpoint for good; nothing more is sent.", audience: .administrators,
                answer: .object(200, "WebhookEndpoint"), refusals: [403, 409, 412], dryRun: true, hasETag: true)
        case .rotateWebhookSecret:
            return EndpointDocumentation(
                tag: tag, summary: "A new secret; until the overlap ends messages carry a signature of either.",
                audience: .administrators, body: Input.rotateWebhookSecret, answer: .object(200, "WebhookEndpoint"),
                refusals: [403, 409, 413, 415, 422], idempotency: .offered, dryRun: true)
        case .testWebhookEndpoint:
            return EndpointDocumentation(
                tag: tag, summary: "Send an event made up for the purpose; `Location` is its delivery.",
                audience: .administrators, body: Input.nothing,
                answer: .object(202, "WebhookDelivery"), refusals: [403, 409, 413, 415, 422], idempotency: .offered,
                dryRun: true)
        case .listWebhookDeliveries:
            return .read(
                tag, "What was sent in the last 30 days and what became of it, newest first.", .list("WebhookDelivery"),
                query: WebhookDelivery.list.query, who: .administrators)
        case .getWebhookDelivery:
            return .read(
                tag, "One delivery with the bodies sent and received.", .object(200, "WebhookDelivery"), who: .administrators)
        case .retryWebhookDelivery:
            return EndpointDocumentation(
                tag: tag, summary: "Send it again, under the same ID.", audience: .administrators, body: Input.nothing,
                answer: .object(200, "WebhookDelivery"), refusals: [403, 409, 413, 415, 422], idempotency: .offered,
                dryRun: true)
        case .listEvents:
            return .read(
                "events",
                """
                What happened in the last 30 days, newest first, as webhooks tell it. With `sort=created_at` whoever goes on from its cursor misses nothing, \
                however long a transaction took; what happened to one object is put in order by its `sequence`.
                """, .list("Event"),
                query: [
                    .optional("account_id", .id("acc")), .optional("object_id", .format("object-id"), "What it happened to."),
                    .optional("type", .word(WebhookEventType.allCases.map(\.rawValue))), .optional("from", .format("date-time")),
                    .optional("to", .format("date-time"), "Exclusive."),
                ] + EndpointDocumentation.page + EndpointDocumentation.sort)
        default: return .read("events", "One event of the last 30 days.", .object(200, "Event"))
        }
    }
}

extension OpenAPI {
    /// The messages that endpoints receive, one entry for each type of event.
    static func writeWebhooks(_ json: inout JSONWriter) {
        for type in WebhookEventType.allCases {
            json.field(
                type.rawValue,
                object: { json in
                    json.field("post", object: { json in message(type, &json) })
                })
        }
    }

    private static func message(_ type: WebhookEventType, _ json: inout JSONWriter) {
        json.field("summary", type.summary)
        json.field("tags", words: ["webhooks"])
        json.field("security", array: { _ in })
        json.field(
            "parameters",
            array: { json in
                for (name, note) in [
                    ("webhook-id", "The event's ID."), ("webhook-timestamp", "Unix seconds of this attempt."),
                    ("webhook-signature", "`v1,` and the base64 HMAC-SHA-256 of `id.timestamp.body`, one for each valid secret."),
                ] {
                    json.object { json in
                        json.field("name", name)
                        json.field("in", "header")
                        json.field("required", true)
                        json.field("description", note)
                        json.field("schema", object: { $0.field("type", "string") })
                    }
                }
            })
        json.field(
            "requestBody",
            object: { json in
                json.field("required", true)
                json.field(
                    "content",
                    object: { json in
                        json.field(
                            "application/json",
                            object: { json in json.field("schema", object: { $0.field("$ref", "#/components/schemas/Event") }) })
                    })
            })
        json.field(
            "responses",
            object: { json in
                json.field("2XX", object: { $0.field("description", "Received.") })
                json.field("410", object: { $0.field("description", "Send nothing more: the endpoint is disabled.") })
                json.field("default", object: { $0.field("description", "Sent again later; `Retry-After` is kept.") })
            })
    }
}
