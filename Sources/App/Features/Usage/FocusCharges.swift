import Billing
import FoundationEssentials
import Postgres
import Values

/// The charges of a FOCUS file that are no usage: credit that was paid for, and credit that expired. Few rows, read at once and written first.
enum FocusCharges {
    private static let atMost: Int64 = 10_000

    static func read(_ download: UsageDownload) async throws -> [FocusCharge] {
        let paid = download.scope.members.filter(\.offer.isPaidByCredit)
        guard !paid.isEmpty else { return [] }
        let (tenant, span, ids) = (download.context.tenant.id, download.span, paid.map(\.id))
        let rows = try await download.context.read([
            """
            select subscription_id, id, paid_at, amount_minor from payments where tenant_id = \(tenant) and subscription_id = any(\(ids)) \
            and paid_at >= \(span.from) and paid_at < \(span.to) order by paid_at, id limit \(atMost)
            """,
            """
            select subscription_id, debit_owner_id, posted_at, amount_minor from ledger_transfers \
            where tenant_id = \(tenant) and subscription_id = any(\(ids)) and purpose = 'forfeit' \
            and posted_at >= \(span.from) and posted_at < \(span.to) order by posted_at, id limit \(atMost)
            """,
        ]).rows
        let members = Dictionary(uniqueKeysWithValues: paid.map { ($0.id, $0) })
        let (zone, currency) = (download.scope.zone, download.scope.currency)
        func charges(_ rows: Rows, _ kind: FocusCharge.Kind, _ name: (UUID) -> String) throws -> [FocusCharge] {
            try rows.compactMap { row in
                var column = Columns(row)
                guard let member = members[try column.next()] else { return nil }
                let id: UUID = try column.next()
                let at: Instant = try column.next()
                let amount = Money(minor: try column.next(), currency: currency)
                return FocusCharge(
                    kind: kind, member: member, id: name(id), at: at, month: zone.month(at: at), amount: amount.exact,
                    currency: currency.code)
            }
        }
        return try charges(rows[0], .purchase) { PaymentID($0).description }
            + charges(rows[1], .expired) { LotID($0).description }
    }
}
