import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Everything that happened to an account, newest first: what people and deadlines did, money one entry at a time, usage by the day, and the
/// credit that was left after each.
package struct AccountTimeline: Sendable {
    package struct Entry: Sendable {
        package enum Kind: String, Sendable { case event, money, usage }
        package let kind: Kind
        package let at: Instant
        package let id: UUID
        /// The audit event's action; of money its cause (`payment`, `lot_expiry`, `deletion_forfeit`, `upgrade`); `usage`.
        package let action: String
        package let actor: KnownActor?
        package let objectKind: String
        package let objectID: UUID
        package let reason: String?
        package let from: String?
        package let to: String?
        /// By how much the credit changed; of a write-off what was given up, which no credit was changed by.
        package let amount: Money?
        /// Of what happened to a subscription: its name, nil once it is erased.
        package let subscriptionName: String?
        /// The credit of all the account's subscriptions after it.
        package var balance: Money?
        /// Of money in a day whose usage stands above it as one row: what had been used of that day before it.
        fileprivate var usedBefore: Int64 = 0
    }

    /// A lot that was still valid and went with its subscription (`DeletionForfeit`): it did not expire.
    fileprivate static let deletionForfeit = "deletion_forfeit"

    /// Given up once and as a whole, so that the subscription itself says how much it was.
    private static let writtenOff = TransitionType.debtWrittenOff.rawValue

    /// What stands in the ledger is not told twice.
    private static let toldByMoney = ["payment.succeeded", "credit_lot.expired"]

    package let account: Account
    package let page: ListPage<Entry>
    /// What is left of all credit now.
    package let credit: Money

    package static func run(_ id: AccountID, _ request: PageRequest, _ context: TenantContext) async throws -> AccountTimeline {
        let account = try await FindAccount.byID(id, context)
        try TenantContext.require(.seeAudit, of: context.principal.roles(on: account.belonging), in: account.kind)
        let tenant = context.tenant.id
        let rows = try await context.read([
            happened(tenant, account, request), AccountCredit.sum(id, tenant), movedSince(tenant, account, request),
        ])
        .rows
        let base = try rows[0].map { try Entry($0, account.currency, context) }
        let shown = ListPage(base, limit: request.limit) { ($0.at, $0.id) }
        let oldest = shown.nextCursor == nil ? nil : shown.items.last.map { ($0.at, $0.id) }
        let used = try await context.read(usage(tenant, account, newerThan: oldest, olderThan: request.after)).rows
        let days = try used.map { try Entry(usage: $0, account) }
        // Both in the ledger's own order: of one instant, what was posted later came later.
        var entries = (shown.items + days).sorted { ($0.at, UUIDBits($0.id)) > ($1.at, UUIDBits($1.id)) }
        let now: Int64 = try rows[1][0].get(0)
        let since: Int64 = try rows[2][0].get(0)
        if account.kind == .standard { balance(&entries, from: now - since, account.currency) }
        return AccountTimeline(
            account: account, page: ListPage(items: entries, nextCursor: shown.nextCursor),
            credit: Money(minor: now, currency: account.currency))
    }

    /// From the newest down: each entry shows what was there after it. A day of usage is one row, where it ended: money that moved before
    /// that shows what there was at its own instant, with the day's usage so far.
    private static func balance(_ entries: inout [Entry], from credit: Int64, _ currency: Currency) {
        var credit = credit
        for index in entries.indices {
            guard entries[index].kind != .event, let amount = entries[index].amount else { continue }
            entries[index].balance = Money(minor: credit + entries[index].usedBefore, currency: currency)
            credit -= amount.minor
        }
    }

    // MARK: Statements

    private static func happened(_ tenant: TenantID, _ account: Account, _ request: PageRequest) -> SQL {
        """
        select h.kind, h.at, h.id, h.action, \(KnownActor.columns(of: "h", "\(tenant)")), h.object_kind, h.object_id, h.reason, h.from_state, h.to_state, \
        case h.action when \(writtenOff) then s.written_off_minor else h.amount end, h.used_before, s.name from (\
        select * from ((select 'event' as kind, e.at as at, e.id as id, e.action, e.actor_kind, e.actor_id, e.object_kind, e.object_id, e.reason, \
        e.from_state, e.to_state, null::bigint as amount, 0::bigint as used_before from audit_events e where e.tenant_id = \(tenant) and e.account_id = \(account.id) \
        and e.action <> all(\(toldByMoney)) \(request.tail(at: "e.at", id: "e.id"))) union all \
        (select 'money', m.at, m.id, case when m.source_kind = 'lot_expiry' and exists (select from credit_lots l \
        join subscriptions s on s.tenant_id = l.tenant_id and s.id = l.subscription_id \
        where l.tenant_id = \(tenant) and l.id = m.source_id and \(EraseSubscription.wentWithDeletion)) \
        then \(deletionForfeit) else m.source_kind end, w.actor_kind, w.actor_id, 'subscription', m.subscription_id, null, null, null, m.amount, \
        \(usedBefore(tenant, account)) from \
        (select t.posted_at as at, t.entry_id as id, t.source_kind, t.source_id, t.subscription_id, \(change) as amount \
        from ledger_transfers t where t.tenant_id = \(tenant) and t.account_id = \(account.id) and t.source_kind not in ('settlement', 'write_off') \
        and t.subscription_id is not null \(before(request)) group by 1, 2, 3, 4, 5 \
        order by t.posted_at desc, t.entry_id desc limit \(Int64(request.limit + 1))) m \
        left join lateral (select e.actor_kind, e.actor_id from audit_events e where e.tenant_id = \(tenant) and e.object_id = m.source_id \
        order by e.at, e.id limit 1) w on true)) happened \
        order by at desc, id desc limit \(Int64(request.limit + 1))) h \
        left join subscriptions s on s.tenant_id = \(tenant) and h.object_kind = 'subscription' and s.id = h.object_id order by h.at desc, h.id desc
        """
    }

    private static func before(_ request: PageRequest) -> SQL {
        guard let after = request.after else { return "" }
        return "and (t.posted_at, t.entry_id) < (\(after.at), \(after.id))"
    }

    private static let change: SQL = """
        coalesce(sum(case when t.credit_kind = 'credit_lot' then t.amount_minor else 0 end \
        - case when t.debit_kind = 'credit_lot' then t.amount_minor else 0 end), 0)::bigint
        """

    // MARK: Usage, a day at a time

    /// The first instant of the account's day that an instant lies in, and of the day after it.
    private static func dayStart(_ at: SQL, _ account: Account, plus days: Int64 = 0) -> SQL {
        let zone = account.zone.identifier
        return "(((\(at) at time zone \(zone))::date + \(days)::int)::timestamp at time zone \(zone))"
    }

    private static func settlements(_ tenant: TenantID, _ account: Account) -> SQL {
        "from ledger_transfers t where t.tenant_id = \(tenant) and t.account_id = \(account.id) and t.source_kind = 'settlement'"
    }

    /// Of money `m`: what its day had used before it, when the day's row stands above it because more was used after it.
    private static func usedBefore(_ tenant: TenantID, _ account: Account) -> SQL {
        """
        case when exists (select \(settlements(tenant, account)) and t.posted_at >= m.at and t.posted_at < \(dayStart("m.at", account, plus: 1)) \
        and (t.posted_at, t.entry_id) > (m.at, m.id)) then (select \(change) \(settlements(tenant, account)) \
        and t.posted_at >= \(dayStart("m.at", account)) and t.posted_at <= m.at and (t.posted_at, t.entry_id) < (m.at, m.id)) else 0 end
        """
    }

    /// What the pages before this one have moved: whole days of usage, as they show them.
    private static func movedSince(_ tenant: TenantID, _ account: Account, _ request: PageRequest) -> SQL {
        guard let after = request.after else { return "select 0::bigint" }
        let next = dayStart("\(after.at)::timestamptz", account, plus: 1)
        return """
            select \(change) from ledger_transfers t where t.tenant_id = \(tenant) and t.account_id = \(account.id) \
            and t.posted_at >= \(dayStart("\(after.at)::timestamptz", account)) and case when t.source_kind <> 'settlement' \
            then (t.posted_at, t.entry_id) >= (\(after.at), \(after.id)) else t.posted_at >= \(next) or (select exists (\
            select \(settlements(tenant, account)) and t.posted_at >= \(after.at) and t.posted_at < \(next) \
            and (t.posted_at, t.entry_id) > (\(after.at), \(after.id)))) end
            """
    }

    /// The account's days of usage that ended within a page's span. A day is whole, and stands on the page where its last usage was posted.
    private static func usage(
        _ tenant: TenantID, _ account: Account, newerThan oldest: (at: Instant, id: UUID)?,
        olderThan newest: (at: Instant, id: UUID)?
    ) -> SQL {
        var (days, keys): (SQL, SQL) = ("", "")
        if let oldest {
            days = "\(days) and t.posted_at >= \(dayStart("\(oldest.at)::timestamptz", account))"
            keys = "\(keys) and (d.at, l.id) > (\(oldest.at), \(oldest.id))"
        }
        if let newest {
            days = "\(days) and t.posted_at < \(dayStart("\(newest.at)::timestamptz", account, plus: 1))"
            keys = "\(keys) and (d.at, l.id) < (\(newest.at), \(newest.id))"
        }
        return """
            select d.at, l.id, d.change from (select max(t.posted_at) as at, \(change) as change \(settlements(tenant, account)) \(days) \
            group by (t.posted_at at time zone \(account.zone.identifier))::date) d \
            cross join lateral (select t.entry_id as id \(settlements(tenant, account)) and t.posted_at = d.at order by t.entry_id desc limit 1) l \
            where true \(keys) order by d.at desc limit 2000
            """
    }
}

extension AccountTimeline.Entry {
    fileprivate init(_ row: Row, _ currency: Currency, _ context: TenantContext) throws {
        var column = Columns(row)
        guard let kind = Kind(rawValue: try column.next()) else { throw UnknownWord() }
        self.kind = kind
        at = try column.next()
        id = try column.next()
        action = try column.next()
        actor = try column.knownActorIfAny(context)
        objectKind = try column.next()
        objectID = try column.next()
        reason = try column.next()
        from = try column.next()
        to = try column.next()
        amount = try column.next(Int64?.self).map { Money(minor: $0, currency: currency) }
        usedBefore = try column.next()
        subscriptionName = try column.next()
    }

    fileprivate init(usage row: Row, _ account: Account) throws {
        var column = Columns(row)
        kind = .usage
        at = try column.next()
        id = try column.next()
        action = "usage"
        actor = nil
        objectKind = "account"
        objectID = account.id.uuid
        (reason, from, to, subscriptionName) = (nil, nil, nil, nil)
        amount = Money(minor: try column.next(), currency: account.currency)
    }

    package var objectTypeID: String { AuditEvent.typeID(objectKind, objectID) }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("kind", kind.rawValue)
            $0.field("at", at)
            $0.field("action", action)
            if let actor { $0.field("actor", actor) } else { $0.nullField("actor") }
            $0.field(
                "object",
                object: {
                    $0.field("kind", objectKind)
                    $0.field("id", objectTypeID)
                    $0.field("name", subscriptionName)
                })
            $0.field("reason", reason)
            $0.field("from", from)
            $0.field("to", to)
            if let amount { $0.field("amount", amount) } else { $0.nullField("amount") }
            if let balance { $0.field("balance", balance) } else { $0.nullField("balance") }
        }
    }
}
