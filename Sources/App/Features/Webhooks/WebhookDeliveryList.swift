import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

extension WebhookDelivery {
    /// How far back the log goes, in seconds.
    static let kept: Int64 = 30 * 86_400

    /// What was sent to the endpoints of an account, or to all of the tenant's, newest first; for whoever may manage them.
    package static let list = ListDescription<WebhookDelivery>(
        name: "webhook-deliveries", endpoint: .listWebhookDeliveries, table: "webhook_deliveries d", idColumn: "d.id",
        id: { $0.id.uuid },
        place: { ask in
            """
            from webhook_deliveries d join webhook_endpoints w on w.tenant_id = d.tenant_id and w.id = d.endpoint_id \
            and \(try await owned(ask))
            """
        },
        // The bodies are shown one by one: a page of them would be megabytes.
        select: { "select \(WebhookDelivery.columns(withBodies: false)) \($0)" },
        decode: { rows, _ in try rows.map(WebhookDelivery.init) },
        // Whose they are is asked of the place as a whole.
        visible: { "and d.created_at >= \($0.dependencies.realNow().adding(seconds: -kept))" },
        orders: [.newest("created_at", "d.created_at") { $0.createdAt }],
        filters: filters, columns: shownColumns + furtherColumns,
        write: { row, _, json in row.write(to: &json, withBodies: false) })

    /// The log of an account is that of its endpoints: what the tenant's own were told about it is the operator's. What an account's own are told is always
    /// about the account, which has an index.
    private static func owned(_ ask: ListAsk) async throws -> SQL {
        try await ask.owned { "w.account_id = \($0) and d.account_id = \($0)" }
    }

    private static let filters: [ListFilter] = [
        ListFilter(
            "q", label: "list.search", .text(min: 1, max: 200), "The exact ID of an event or of a delivery, or a type.",
            .search(hint: "webhooks.log_search_hint")
        ) { text, ask in
            let q = text.trimmingBlankSpace()
            if let id = WebhookDeliveryID(q) { return "d.id = \(id)" }
            if let id = EventID(q) { return told(of: id, ask.tenant) }
            return "d.event_type = \(q)"
        },
        ListFilter(
            "status", label: "webhooks.column.status", .word(Status.allCases.map(\.rawValue)), "",
            .words(Status.allCases.map(\.rawValue)) { $1("webhooks.status.\($0)") }
        ) { value, _ in "d.status = \(value)" },
        ListFilter(
            "event_type", label: "webhooks.column.event", .word(WebhookEventType.allCases.map(\.rawValue)), "",
            .words(WebhookEventType.allCases.map(\.rawValue)) { word, _ in word }
        ) { value, _ in "d.event_type = \(value)" },
        ListFilter(
            "from", label: "list.from", .format("date-time"), "Put on its way at this instant or later.", .day(.first)
        ) { value, _ in "d.created_at >= \(Instant(rfc3339: value))" },
        ListFilter("to", label: "list.to", .format("date-time"), "Put on its way before this instant.", .day(.last)) { value, _ in
            "d.created_at < \(Instant(rfc3339: value))"
        },
        ListFilter("account_id", label: "subscriptions.account", .id("acc")) { _, _ in "true" },
        ListFilter("endpoint_id", label: "webhooks.id", .id("whe")) { value, _ in
            "d.endpoint_id = \(WebhookEndpointID(value) ?? WebhookEndpointID(.zero))"
        },
        ListFilter("event_id", label: "webhooks.event_id", .id("evt")) { value, ask in
            told(of: EventID(value) ?? EventID(.zero), ask.tenant)
        },
    ]

    /// By the one index of events, which has the endpoint first.
    private static func told(of event: EventID, _ tenant: TenantID) -> SQL {
        """
        d.event_id = \(event) and d.endpoint_id = any(array(select e.id from webhook_endpoints e where e.tenant_id = \(tenant)))
        """
    }

    // MARK: Columns

    private static let shownColumns: [ListColumn<WebhookDelivery>] = [
        ListColumn(
            "created_at", "webhooks.column.when", order: "created_at",
            cell: { row, reader in
                guard let page = reader.page else { return reader.t.realTimeElement(row.createdAt) }
                let links = WebhookLinks(account: page.string.hasPrefix("/accounts/") ? row.account : nil)
                return a(.class("row-link"), .href(links.delivery(row))) { reader.t.realTimeElement(row.createdAt) }
            },
            file: [
                FileColumn("id", "webhooks.delivery_id") { row, _ in .text(row.id.description) },
                FileColumn("created_at", "webhooks.column.when") { row, _ in .instant(row.createdAt) },
            ]),
        ListColumn(
            "event_type", "webhooks.column.event", cell: { row, _ in identifier(row.eventType) },
            file: [FileColumn("event_type", "webhooks.column.event") { row, _ in .text(row.eventType) }]),
        ListColumn(
            "status", "webhooks.column.status", cell: { row, reader in reader.t.pill(row.status).html },
            file: [
                FileColumn(
                    "status", "webhooks.column.status", code: { $0.status.rawValue },
                    words: { $1.t("webhooks.status.\($0.status.rawValue)") })
            ]),
        ListColumn(
            "reply", "webhooks.column.reply", cell: { row, reader in .text(reader.t.reply(row)) },
            file: [
                FileColumn("response_status", "webhooks.http_status") { row, _ in .number(row.responseStatus.map { Int($0) }) },
                FileColumn(
                    "error", "webhooks.fault", code: { $0.error },
                    words: { row, reader in row.error.map { reader.t("webhooks.error.\($0)") } }),
            ]),
        ListColumn(
            "duration_ms", "webhooks.column.ms", isNumber: true,
            cell: { row, reader in row.milliseconds.map { .text(reader.t.number($0)) } ?? reader.t.nothing },
            file: [FileColumn("duration_ms", "webhooks.column.ms") { row, _ in .number(row.milliseconds.map { Int($0) }) }]),
        ListColumn(
            "attempts", "webhooks.column.attempts", isNumber: true,
            cell: { row, reader in .text(reader.t.number(row.attempts)) },
            file: [FileColumn("attempts", "webhooks.column.attempts") { row, _ in .number(Int(row.attempts)) }]),
        time("next_attempt_at", "webhooks.column.next") { $0.nextAttemptAt },
    ]

    /// For whoever asks for them.
    private static let furtherColumns: [ListColumn<WebhookDelivery>] = [
        time("last_attempt_at", "webhooks.last_attempt", isShownFirst: false) { $0.lastAttemptAt },
        ListColumn(
            "event_id", "webhooks.event_id", isShownFirst: false, cell: { row, _ in identifier(row.event.description) },
            file: [FileColumn("event_id", "webhooks.event_id") { row, _ in .text(row.event.description) }]),
        ListColumn(
            "endpoint_id", "webhooks.id", isShownFirst: false, cell: { row, _ in identifier(row.endpoint.description) },
            file: [FileColumn("endpoint_id", "webhooks.id") { row, _ in .text(row.endpoint.description) }]),
    ]

    private static func time(
        _ name: String, _ title: String, isShownFirst: Bool = true, _ at: @escaping @Sendable (WebhookDelivery) -> Instant?
    ) -> ListColumn<WebhookDelivery> {
        ListColumn(
            name, title, isShownFirst: isShownFirst,
            cell: { row, reader in at(row).map(reader.t.realTimeElement) ?? reader.t.nothing },
            file: [FileColumn(name, title) { row, _ in .instant(at(row)) }])
    }
}
