import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// The names that stand behind the IDs of a page of the log: it keeps IDs, people read names. What has been erased keeps its ID.
struct AuditNames: Sendable {
    private(set) var names: [UUID: String] = [:]
    /// The accounts of subscriptions, for their addresses.
    private(set) var accounts: [UUID: AccountID] = [:]
    /// What payments and transfers were of, and the pages of the payments.
    private(set) var amounts: [UUID: Money] = [:]
    private(set) var payments: [UUID: URLPath] = [:]

    static func load(_ events: [AuditEvent], _ context: TenantContext) async throws -> AuditNames {
        var result = AuditNames()
        var ids = Set(events.map(\.objectID)).union(events.compactMap(\.actor.id)).union(events.compactMap { $0.account?.uuid })
        for event in events { ids.formUnion(Self.mentioned(event)) }
        guard !ids.isEmpty else { return result }
        let (tenant, all) = (context.tenant.id, Array(ids))
        let (_, rows) = try await context.read([
            "select id, email from users where tenant_id = \(tenant) and id = any(\(all))",
            "select id, name from identity.api_keys where tenant_id = \(tenant) and id = any(\(all))",
            "select id, name, account_id from subscriptions where tenant_id = \(tenant) and id = any(\(all))",
            "select id, name from accounts where tenant_id = \(tenant) and id = any(\(all))",
            "select id, company_name from partners where tenant_id = \(tenant) and id = any(\(all))",
            "select id, name from enrollments where tenant_id = \(tenant) and id = any(\(all))",
            "select id, name from departments where tenant_id = \(tenant) and id = any(\(all))",
            """
            select id, currency, amount_minor, account_id, order_id from payments where tenant_id = \(tenant) and id = any(\(all)) union all \
            select id, currency, amount_minor, account_id, null from payment_intents where tenant_id = \(tenant) and id = any(\(all)) union all \
            select id, currency, amount_minor, null, null from remittances where tenant_id = \(tenant) and id = any(\(all))
            """,
        ])
        for answer in rows.prefix(7) {
            for row in answer {
                if let name: String = try row.get(1) { result.names[try row.get(0)] = name }
            }
        }
        // Who acts for the provider has a name for the provider alone.
        for id in events.filter(\.actor.isTheProvider).compactMap(\.actor.id) { result.names[id] = nil }
        for row in rows[2] { result.accounts[try row.get(0)] = AccountID(try row.get(2, as: UUID.self)) }
        for row in rows[7] {
            var column = Columns(row)
            let id: UUID = try column.next()
            let currency: Currency = try column.next()
            result.amounts[id] = Money(minor: try column.next(), currency: currency)
            guard let account = try column.next(AccountID?.self)?.description else { continue }
            // What was paid in one step has its order; what was asked for first has a page of its own.
            let order = try column.next(OrderID?.self)?.description
            result.payments[id] =
                order.map { PageRoute.orders.url([account], query: [("q", $0)]) }
                ?? PageRoute.payment.url(account, PaymentID(id).description)
        }
        return result
    }

    subscript(id: UUID?) -> String? { id.flatMap { names[$0] } }

    /// The IDs that an event's details name.
    private static func mentioned(_ event: AuditEvent) -> [UUID] {
        [event.before, event.after].compactMap { $0 }.flatMap { text in
            ((try? JSON(parsing: Array(text.utf8)))?.members?.fields ?? []).compactMap { $0.value.text }.compactMap(
                UUID.init(mention:))
        }
    }
}

extension AuditEvent {
    /// The ID under a name of its details.
    func mentioned(_ name: String, in details: String?) -> UUID? {
        details.flatMap { try? JSON(parsing: Array($0.utf8)) }?.members?[name]?.text.flatMap(UUID.init(mention:))
    }
}

extension UUID {
    /// What a TypeID among other words names; nil for any other text.
    init?(mention text: String) {
        guard text.utf8.count == 30, text.utf8.dropFirst(3).first == UInt8(ascii: "_") else { return nil }
        self.init(anyID: text)
    }
}
