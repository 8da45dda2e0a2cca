import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// A usage event that was accepted, as it came in (B1). Refused ones and duplicates are told in the receipt of their batch and kept nowhere.
package struct ReceivedEvent: Sendable {
    package let id: String
    package let source: String
    package let subscription: SubscriptionID
    let record: UsageRecordID
    package let type: String
    package let occurredAt: Instant
    package let receivedAt: Instant
    package let product: String
    package let resource: String?
    package let quantity: Quantity
    package let unit: String
    /// Exact: finer than the currency's minor unit.
    package let cost: ExactDecimal
    package let currency: Currency
    /// Whether it has been rated and paid for, or has become what is owed.
    package let isSettled: Bool

    fileprivate init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        source = try column.next()
        subscription = try column.next()
        record = try column.next()
        type = try column.next()
        occurredAt = try column.next()
        receivedAt = try column.next()
        product = try column.next()
        resource = try column.next()
        quantity = try column.next()
        unit = try column.next()
        cost = try column.next()
        currency = try column.next()
        isSettled = try column.next()
    }

    fileprivate static func select(_ condition: SQL) -> SQL {
        """
        select e.event_id, e.source, e.subscription_id, e.record_id, e.type, e.occurred_at, e.received_at, r.product, r.resource, r.quantity, r.unit, \
        r.cost, r.currency, r.settlement_id is not null from usage_events e \
        join usage_records r on r.tenant_id = e.tenant_id and r.id = e.record_id where \(condition)
        """
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("object", "usage_event")
            json.field("id", id)
            json.field("source", source)
            json.field("subject", subscription)
            json.field("type", type)
            json.field("time", occurredAt)
            json.field("received_at", receivedAt)
            json.field("verdict", "accepted")
            json.field("settled", isSettled)
            json.field(
                "data",
                object: { json in
                    json.field("product", product)
                    json.field("resource", resource)
                    json.field("quantity", quantity.description)
                    json.field("unit", unit)
                    json.field(
                        "cost",
                        object: {
                            $0.field("amount", cost.description)
                            $0.field("currency", currency.code)
                        })
                })
        }
    }
}

extension ReceivedEvent {
    /// What was received of the subscriptions that the principal may see, the latest first.
    package static let list = ListDescription<ReceivedEvent>(
        name: "usage_events", endpoint: .listReceivedEvents, table: "usage_events e", idColumn: "e.record_id",
        id: { $0.record.uuid }, select: { ReceivedEvent.select($0) }, decode: { rows, _ in try rows.map(ReceivedEvent.init) },
        visible: { context in
            guard !context.principal.isOperator else { return "" }
            let tenant = context.tenant.id
            return """
                and e.subscription_id = any(array(select s.id from subscriptions s where s.tenant_id = \(tenant) \
                \(Visibility.ofSubscriptions(to: context.principal, tenant))))
                """
        },
        orders: [.newest("received_at", "e.received_at") { $0.receivedAt }],
        filters: [
            ListFilter(
                "q", label: "list.search", .text(min: 1, max: 300), "An exact event ID.", .search(hint: "received.search_hint")
            ) { text, _ in "e.event_id = \(text.trimmingBlankSpace())" },
            ListFilter("subscription_id", label: "subscriptions.name", .id("sub")) { value, _ in
                "e.subscription_id = \(SubscriptionID(value) ?? SubscriptionID(.zero))"
            },
            ListFilter("source", label: "received.source", .text(min: 1, max: 300), "The event's `source`, exactly.") {
                value, _ in
                "e.source = \(value)"
            },
            ListFilter("id", label: "received.id", .text(min: 1, max: 300), "The event's `id`, exactly.") { value, _ in
                "e.event_id = \(value)"
            },
            ListFilter("from", label: "usage_page.from", .format("date-time"), "Received at this instant or later.") { value, _ in
                "e.received_at >= \(Instant(rfc3339: value))"
            },
            ListFilter("to", label: "usage_page.to", .format("date-time"), "Received before this instant.") { value, _ in
                "e.received_at < \(Instant(rfc3339: value))"
            },
        ],
        columns: listColumns, write: { row, _, json in row.write(to: &json) })

    private static let listColumns: [ListColumn<ReceivedEvent>] =
        whenColumns + [
            text("id", "received.id") { $0.id },
            text("source", "received.source") { $0.source },
            text("type", "usage_page.meter") { $0.type },
            text("product", "usage_page.product") { $0.product },
            text("resource", "usage_page.resource", isShownFirst: false) { $0.resource },
        ] + amountColumns

    private static let whenColumns: [ListColumn<ReceivedEvent>] = [
        ListColumn(
            "received_at", "received.received_at", order: "received_at",
            cell: { row, reader in reader.t.timeElement(row.receivedAt) },
            file: [FileColumn("received_at", "received.received_at") { row, _ in .instant(row.receivedAt) }]),
        ListColumn(
            "time", "received.time", cell: { row, reader in reader.t.timeElement(row.occurredAt) },
            file: [FileColumn("time", "received.time") { row, _ in .instant(row.occurredAt) }]),
    ]

    private static let amountColumns: [ListColumn<ReceivedEvent>] = [
        ListColumn(
            "quantity", "usage_page.quantity", isNumber: true,
            cell: { row, _ in .text(row.unit.isEmpty ? row.quantity.description : "\(row.quantity) \(row.unit)") },
            file: [
                FileColumn("quantity", "usage_page.quantity") { row, _ in .decimal(row.quantity.description) },
                FileColumn("unit", "usage_page.unit") { row, _ in .text(row.unit) },
            ]),
        ListColumn(
            "cost", "received.cost", isNumber: true, cell: { row, _ in .text("\(row.cost) \(row.currency.code)") },
            file: [
                FileColumn("cost", "received.cost") { row, _ in .decimal(row.cost.description) },
                FileColumn("currency", "accounts.currency") { row, _ in .text(row.currency.code) },
            ]),
        ListColumn(
            "settled", "received.settled", cell: { row, reader in .text(settled(row, reader)) },
            file: [
                FileColumn("settled", "received.settled", code: { String($0.isSettled) }, words: { settled($0, $1) })
            ]),
    ]

    private static func settled(_ row: ReceivedEvent, _ reader: ListReader) -> String {
        reader.t(row.isSettled ? "received.is_settled" : "received.is_waiting")
    }

    private static func text(
        _ name: String, _ title: String, isShownFirst: Bool = true, _ value: @escaping @Sendable (ReceivedEvent) -> String?
    ) -> ListColumn<ReceivedEvent> {
        ListColumn(
            name, title, isShownFirst: isShownFirst,
            cell: { row, reader in value(row).map { .text($0) } ?? reader.t.nothing },
            file: [FileColumn(name, title) { row, _ in .text(value(row)) }])
    }
}

extension Schema {
    static let receivedEventObjects: [(name: String, schema: Schema)] = [
        (
            "ReceivedUsageEvent",
            .object([
                .init("object", .word(["usage_event"])), .init("id", .text(max: 300)), .init("source", .text(max: 300)),
                .init("subject", .id("sub")), .init("type", .text(max: 200)), .init("time", .format("date-time")),
                .init("received_at", .format("date-time")), .init("verdict", .word(["accepted"])),
                .init("settled", .boolean, "Rated, and paid for or owed."),
                .init(
                    "data",
                    .object([
                        .init("product", .text(max: 300)), .init("resource", .nullable(.text(max: 1_000))),
                        .init("quantity", .format("decimal")), .init("unit", .text(max: 100)),
                        .init("cost", .object([.init("amount", .format("decimal")), .init("currency", .text(max: 3))])),
                    ])),
            ])
        )
    ]
}

extension PageHandler {
    /// What the provider's meters have sent for one subscription.
    func receivedEvents(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        let t = visit.localiser(view.subscription.zone)
        var frame = ListFrame(
            title: t("received.title_of", ["name": view.name(t)]), lede: .text(t("received.lede")),
            empty: .neverHad(
                title: t("received.empty_title"),
                text: t(
                    view.subscription.facts.isLapsed
                        ? "usage.lapsed" : view.subscription.state == .deleted ? "usage.erased" : "received.empty_text"),
                action: ActionLink(t("usage_page.title"), view.links(.usage))), filteredTitle: t("received.filtered_title"))
        frame.crumbs = view.crumbs(t, current: t("received.title"))
        frame.scope = [("subscription_id", view.subscription.id.description)]
        frame.isProven = true
        return try await list(visit, ReceivedEvent.list, frame, view.frame)
    }
}
