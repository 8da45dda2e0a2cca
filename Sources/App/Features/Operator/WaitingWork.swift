import FoundationEssentials
import HTML
import Postgres
import Values

/// What waits for an operator, each counted through an index and only up to a bound, however large the tenant is.
struct WaitingWork: Sendable {
    let remittances: Int
    let identity: Int
    let deletedSoon: Int
    let failingTimers: Int
    let failingSettlements: Int
    let mailsFailed: Int
    /// Deleted subscriptions that owe what only a write-off can end (M6).
    let debtsLost: Int

    /// Data that goes within so many days is worth a look.
    static let soonDays: Int64 = 7

    static func load(_ context: TenantContext) async throws -> WaitingWork {
        let tenant = context.tenant.id
        let most = Int64(OperatorHomePage.countedAtMost)
        let soon = try await context.now().adding(days: soonDays)
        func count(_ rows: SQL) -> SQL { "select count(*) from (select 1 \(rows) limit \(most)) counted" }
        let (_, rows) = try await context.read([
            count("from identity_requests where tenant_id = \(tenant) and status = 'waiting'"),
            count("from subscriptions where tenant_id = \(tenant) and state = 'suspended' and delete_at < \(soon)"),
            count("from timers where tenant_id = \(tenant) and attempts > 0"),
            count("from work.settlement_queue where tenant_id = \(tenant) and attempts > 0"),
            count("from remittances where tenant_id = \(tenant) and status in ('unmatched', 'surplus')"),
            count("from mails where tenant_id = \(tenant) and status in ('failed', 'refused') and erased_at is null"),
            count("from subscriptions s where s.tenant_id = \(tenant) and \(Subscription.lost)"),
        ])
        func number(_ index: Int) throws -> Int { Int(try rows[index][0].get(0, as: Int64.self)) }
        return WaitingWork(
            remittances: try number(4), identity: try number(0), deletedSoon: try number(1), failingTimers: try number(2),
            failingSettlements: try number(3),
            mailsFailed: try number(5), debtsLost: try number(6))
    }

    func items(_ t: Localiser) -> [OperatorHomePage.Waiting] {
        [
            .init(t("operator.remittances_wait"), count: remittances, url: PageRoute.remittances.url(), isUrgent: true),
            .init(t("operator.identity_waits"), count: identity, url: PageRoute.operatorIdentity.url()),
            .init(
                t("operator.deleted_soon"), count: deletedSoon,
                url: PageRoute.operatorSubscriptions.url(
                    query: [("state", "suspended"), ("delete_before", t.now.adding(days: Self.soonDays).rfc3339)]),
                isUrgent: true),
            .init(
                t("operator.debts_lost"), count: debtsLost,
                url: PageRoute.operatorSubscriptions.url(query: [("owed", Subscription.owedAfterDeletion)])),
            .init(
                t("operator.jobs_failing"), count: failingTimers + failingSettlements, url: PageRoute.operatorJobs.url(),
                isUrgent: true),
            .init(
                t("operator.mails_failed"), count: mailsFailed,
                url: PageRoute.operatorMails.url(query: [("status", "failed")]), isUrgent: true),
        ]
    }
}
