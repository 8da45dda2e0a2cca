import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A7: a subscription's months as the ledger has them, and the proof that they add up to what its lots hold now.
package struct BillingHistoryReport: Sendable {
    package let subscription: Subscription
    package let asOf: Instant
    /// The latest first.
    package let months: [BillingMonth]
    /// What was used in a month by its own time, however late it was posted: what the month's file adds up to.
    package let usage: [CivilMonth: Money]
    /// What the ledger's accounts of the lots hold, and what its account of the debt shows, read with the months in one statement.
    package let balance: Money
    package let owed: Money

    package var addsUp: Bool { (months.first?.closing ?? balance) == balance && (months.first?.owed ?? owed) == owed }
    package var isEnterprise: Bool { !subscription.offer.isPaidByCredit }
    package var currentMonth: CivilMonth { subscription.zone.month(at: asOf) }

    package func usage(of month: CivilMonth) -> Money { usage[month] ?? .zero(subscription.currency) }

    /// A month is final when it has been closed (B7).
    package func isFinal(_ month: CivilMonth) -> Bool {
        month < UnbilledEstimate.firstOpenMonth(at: asOf, in: subscription.zone)
    }
}

package enum FindBillingHistory {
    package static func of(_ id: SubscriptionID, _ context: TenantContext) async throws -> BillingHistoryReport {
        let (subscription, _, now, _) = try await FindSubscription.byID(id, context)
        return try await load(subscription, at: now, context)
    }

    static func load(_ subscription: Subscription, at now: Instant, _ context: TenantContext) async throws -> BillingHistoryReport
    {
        let (tenant, id, zone) = (context.tenant.id, subscription.id, subscription.zone)
        let rows = try await context.read([
            """
            select date_trunc('month', t.posted_at at time zone \(zone.identifier))::date, \
            case when t.purpose = 'forfeit' and \(EraseSubscription.wentWithDeletion) then \(BillingHistory.deletionForfeit) else t.purpose end, \
            t.debit_kind, t.credit_kind, sum(t.amount_minor)::bigint from ledger_transfers t \
            left join credit_lots l on l.tenant_id = t.tenant_id and l.id = t.source_id and t.source_kind = 'lot_expiry' \
            left join subscriptions s on s.tenant_id = l.tenant_id and s.id = l.subscription_id \
            where t.tenant_id = \(tenant) and t.subscription_id = \(id) group by 1, 2, 3, 4 \
            union all select null, 'balance', 'credit_lot', '', coalesce(sum(b.balance_minor), 0)::bigint from credit_lots l \
            join ledger_accounts b on b.tenant_id = l.tenant_id and b.kind = 'credit_lot' and b.owner_id = l.id \
            where l.tenant_id = \(tenant) and l.subscription_id = \(id) \
            union all select null, 'balance', 'receivable', '', coalesce(sum(-b.balance_minor), 0)::bigint from ledger_accounts b \
            where b.tenant_id = \(tenant) and b.kind = 'receivable' and b.owner_id = \(id.uuid)
            """,
            "select bill_month, sum(posted_minor)::bigint from bill_lines where tenant_id = \(tenant) and subscription_id = \(id) group by 1",
        ]).rows
        var movements: [LedgerMovement] = []
        var balances: [String: Money] = [:]
        for row in rows[0] {
            var column = Columns(row)
            let month: CivilDate? = try column.next()
            let purpose: String = try column.next()
            let (debit, credit): (String, String) = (try column.next(), try column.next())
            let amount = subscription.money(try column.next())
            guard let month else {
                balances[debit] = amount
                continue
            }
            movements.append(
                LedgerMovement(month: month.civilMonth, purpose: purpose, debit: debit, credit: credit, amount: amount))
        }
        var usage: [CivilMonth: Money] = [:]
        for row in rows[1] { usage[try row.get(0, as: CivilDate.self).civilMonth] = subscription.money(try row.get(1)) }
        let first = zone.month(at: subscription.facts.purchasedAt)
        let last = zone.month(at: subscription.facts.deletedAt ?? now)
        return BillingHistoryReport(
            subscription: subscription, asOf: now,
            months: try BillingHistory.months(
                movements, from: min(first, usage.keys.min() ?? first), to: max(first, last), currency: subscription.currency),
            usage: usage, balance: balances["credit_lot"] ?? .zero(subscription.currency),
            owed: balances["receivable"] ?? .zero(subscription.currency))
    }
}

extension BillingHistoryReport {
    func body() -> [UInt8] {
        jsonObject { json in
            json.field("object", "billing_history")
            json.field("subscription_id", subscription.id)
            json.field("as_of", asOf)
            json.field("balance", balance)
            json.field("owed", owed)
            json.field("adds_up", addsUp)
            json.field("data", array: { json in for month in months { json.object { write(month, to: &$0) } } })
        }
    }

    private func write(_ month: BillingMonth, to json: inout JSONWriter) {
        json.field("month", month.month.iso)
        json.field("state", isFinal(month.month) ? "final" : "open")
        for (name, amount) in Self.amounts(month) { json.field(name, amount) }
        json.field("usage", usage(of: month.month))
    }

    /// The amounts of a month by the names that the API and files know them by.
    static func amounts(_ month: BillingMonth) -> [(name: String, amount: Money)] {
        [
            ("opening", month.opening), ("bought", month.bought), ("granted", month.granted), ("used", month.used),
            ("expired", month.expired), ("forfeited", month.forfeited), ("other", month.other), ("closing", month.closing),
            ("beyond_credit", month.beyondCredit),
            ("debt_paid", month.debtPaid), ("debt_waived", month.debtWaived), ("debt_written_off", month.debtWrittenOff),
            ("owed", month.owed),
            ("commitment", month.commitment), ("overage", month.overage),
        ]
    }

    /// The months as a table of plain decimals.
    func csv(header: [CSVHeader], localisation: Localisation, withMark: Bool) -> [UInt8] {
        let names = ["month", "state"] + (months.first.map(Self.amounts) ?? []).map(\.name) + ["usage", "currency"]
        var bytes = withMark ? CSV.byteOrderMark : []
        for row in header {
            switch row {
            case .machine: CSV.append(names, to: &bytes)
            case .language(let language): CSV.append(names.map { localisation[language]("billing.csv.\($0)") }, to: &bytes)
            }
        }
        // The first row of names says for whom it is: for people the state is a word of their language.
        let strings: Strings? = if case .language(let language)? = header.first { localisation[language] } else { nil }
        for month in months {
            let state = isFinal(month.month) ? "final" : "open"
            CSV.append(
                [month.month.iso, strings.map { strings in strings("billing.csv.state_\(state)") } ?? state]
                    + Self.amounts(month).map(\.amount.decimalString)
                    + [usage(of: month.month).decimalString, subscription.currency.code], to: &bytes)
        }
        return bytes
    }
}
