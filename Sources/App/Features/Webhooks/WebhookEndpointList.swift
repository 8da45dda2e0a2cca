import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// An endpoint as lists show it (experience page 25).
package struct ListedWebhookEndpoint: Sendable {
    let endpoint: WebhookEndpoint
    /// Nil for one of the tenant itself.
    var accountName: String?
    /// How many of the last day's messages have arrived.
    var success: WebhookSuccess?

    var id: WebhookEndpointID { endpoint.id }
}

extension ListedWebhookEndpoint {
    /// The endpoints of an account, or all of the tenant's, newest first; for whoever may manage them.
    package static let list = ListDescription<ListedWebhookEndpoint>(
        name: "webhook-endpoints", endpoint: .listWebhookEndpoints, table: "webhook_endpoints w", idColumn: "w.id",
        id: { $0.id.uuid },
        place: { ask in
            "from (select * from webhook_endpoints q where q.tenant_id = \(ask.tenant) and \(try await ask.owned())) w"
        },
        select: { "select \(WebhookEndpoint.columns) \($0)" },
        decode: { rows, _ in try rows.map { ListedWebhookEndpoint(endpoint: try WebhookEndpoint($0)) } },
        enrich: { try await withSurroundings($0, $1) },
        // Whose they are, and whether they may be managed, is asked of the place as a whole.
        visible: { _ in "and w.state <> 'deleted'" },
        orders: [
            .newest("created_at", "w.created_at") { $0.endpoint.createdAt },
            .alphabetical("url", "lower(w.url) collate \"C\"") { $0.endpoint.url },
        ],
        filters: filters + ListFilter.created("w.created_at"), columns: shownColumns + furtherColumns,
        write: { row, _, json in row.endpoint.write(to: &json) })

    /// Whose they are, and what became of the last day's messages.
    private static func withSurroundings(
        _ rows: [ListedWebhookEndpoint], _ context: TenantContext
    ) async throws -> [ListedWebhookEndpoint] {
        guard !rows.isEmpty else { return rows }
        let success = try await WebhookSuccess.lastDay(of: rows.map(\.id), context)
        let accounts = rows.compactMap(\.endpoint.account)
        var names: [AccountID: String] = [:]
        if !accounts.isEmpty {
            let found = try await context.read(
                "select id, name from accounts where tenant_id = \(context.tenant.id) and id = any(\(accounts))"
            ).rows
            for row in found { names[try row.get(0)] = try row.get(1) }
        }
        return rows.map { row in
            var row = row
            row.accountName = row.endpoint.account.flatMap { names[$0] }
            row.success = success[row.id]
            return row
        }
    }

    /// At the operator's desk stand the endpoints of every account.
    static var columnsOfTenant: [String] { shownColumns.map(\.name) + ["account"] }

    // MARK: Filters

    private static let states = ["enabled", "failing", "disabled"]
    private static let reasons = WebhookEndpoint.DisabledReason.allCases.map(\.rawValue)

    private static let filters: [ListFilter] = [
        ListFilter(
            "q", label: "list.search", .text(min: 1, max: 200), "Part of an endpoint's address or description, or its ID.",
            .search(hint: "webhooks.search_hint")
        ) { text, _ in
            let q = text.trimmingBlankSpace()
            if let id = WebhookEndpointID(q) { return "w.id = \(id)" }
            return "(position(lower(\(q)) in lower(w.url)) > 0 or position(lower(\(q)) in lower(w.description)) > 0)"
        },
        ListFilter(
            "state", label: "webhooks.column.state", .word(states),
            "`failing`: those enabled ones at which nothing arrives (`failing_since`).",
            .words(states) { $1("webhooks.state.\($0)") }
        ) { value, _ in
            // Written out, so that the index of the disabled ones serves them.
            switch value {
            case "failing": "w.state = 'enabled' and w.failing_since is not null"
            case "disabled": "w.state = 'disabled'"
            default: "w.state = 'enabled'"
            }
        },
        ListFilter(
            "disabled_reason", label: "webhooks.why_disabled", .word(reasons), "Those that are off, and why.",
            .words(reasons) { $1("webhooks.disabled_reason.\($0)") }
        ) { value, _ in "w.state = 'disabled' and w.disabled_reason = \(value)" },
        ListFilter("account_id", label: "subscriptions.account", .id("acc")) { _, _ in "true" },
    ]

    // MARK: Columns

    private static let shownColumns: [ListColumn<ListedWebhookEndpoint>] = [
        ListColumn(
            "url", "webhooks.column.url", order: "url",
            cell: { row, reader in
                group {
                    if let page = reader.page {
                        a(.href(row.links(on: page).one(row.id))) { row.endpoint.url }
                    } else {
                        row.endpoint.url
                    }
                    if !row.endpoint.description.isEmpty { span(.class("sub")) { row.endpoint.description } }
                }
            },
            file: [
                FileColumn("id", "webhooks.id") { row, _ in .text(row.id.description) },
                FileColumn("url", "webhooks.column.url") { row, _ in .text(row.endpoint.url) },
                FileColumn("description", "webhooks.description") { row, _ in .text(row.endpoint.description) },
            ]),
        ListColumn(
            "state", "webhooks.column.state", cell: { row, reader in row.standing(reader.t) },
            file: [
                FileColumn(
                    "state", "webhooks.column.state", code: { $0.endpoint.state.rawValue },
                    words: { $1.t("webhooks.state.\($0.shownState)") }),
                FileColumn(
                    "disabled_reason", "webhooks.why_disabled", code: { $0.endpoint.disabledReason?.rawValue },
                    words: { $0.endpoint.disabledReason.map($1.t.word) }),
            ]),
        .ownerAccount { ($0.endpoint.account, $0.accountName) },
        ListColumn(
            "last_day", "webhooks.column.day", cell: { row, reader in reader.t.success(row.success) },
            file: [
                FileColumn("last_day_delivered", "webhooks.column.day_delivered") { row, _ in
                    .number(row.success.map { Int($0.delivered) })
                },
                FileColumn("last_day_tried", "webhooks.column.day_tried") { row, _ in .number(row.success.map { Int($0.tried) })
                },
            ]),
        ListColumn(
            "event_types", "webhooks.column.events",
            cell: { row, reader in
                let types = row.endpoint.eventTypes
                return .text(
                    types.map { reader.t("webhooks.some", ["count": reader.t.number($0.count)]) } ?? reader.t("webhooks.every"))
            },
            file: [
                FileColumn(
                    "event_types", "webhooks.column.events", code: { $0.endpoint.eventTypes?.joined(separator: " ") },
                    words: { $0.endpoint.eventTypes?.joined(separator: " ") ?? $1.t("webhooks.every") })
            ]),
        time("created_at", "webhooks.column.made", order: "created_at", isShownFirst: true) { $0.createdAt },
    ]

    /// For whoever asks for them.
    private static let furtherColumns: [ListColumn<ListedWebhookEndpoint>] = [
        time("disabled_at", "webhooks.off_since") { $0.disabledAt },
        time("failing_since", "webhooks.failing_since") { $0.failingSince },
        time("previous_secret_until", "webhooks.old_secret_until") { $0.previousUntil },
        time("updated_at", "webhooks.column.changed") { $0.updatedAt },
    ]

    private static func time(
        _ name: String, _ title: String, order: String? = nil, isShownFirst: Bool = false,
        _ at: @escaping @Sendable (WebhookEndpoint) -> Instant?
    ) -> ListColumn<ListedWebhookEndpoint> {
        ListColumn(
            name, title, order: order, isShownFirst: isShownFirst,
            cell: { row, reader in at(row.endpoint).map(reader.t.realTimeElement) ?? reader.t.nothing },
            file: [FileColumn(name, title) { row, _ in .instant(at(row.endpoint)) }])
    }

    /// The word of its pill.
    private var shownState: String { endpoint.isFailing ? "failing" : endpoint.state.rawValue }

    /// What it is, and why it is off.
    private func standing(_ t: Localiser) -> HTML {
        group {
            t.pill(endpoint).html
            if let reason = endpoint.disabledReason { span(.class("sub")) { t.word(reason) } }
        }
    }

    /// At the operator's desk every endpoint is looked after there; beside an account, there.
    private func links(on page: URLPath) -> WebhookLinks {
        WebhookLinks(account: page.string.hasPrefix("/accounts/") ? endpoint.account : nil)
    }
}
