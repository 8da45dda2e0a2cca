import Billing
import HTML
import HTTP
import Postgres
import Values

/// The provider's own pages: how the tenant stands, and its accounts.
extension PageHandler {
    /// So many of the nearest deletions stand on the first page.
    private static let goingShown: Int64 = 20

    func operatorHome(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        try requireOperator(context)
        let tenant = context.tenant.id
        let (_, rows) = try await context.read([
            "select state, count(*) from subscriptions where tenant_id = \(tenant) group by state",
            "select count(*) from accounts where tenant_id = \(tenant)",
            """
            select s.id, s.account_id, s.name, a.name, s.suspension_reasons, s.delete_at from subscriptions s \
            join accounts a on a.tenant_id = s.tenant_id and a.id = s.account_id \
            where s.tenant_id = \(tenant) and s.state = 'suspended' order by s.delete_at, s.id limit \(Self.goingShown)
            """,
        ])
        var counts: [SubscriptionState: Int] = [:]
        for row in rows[0] { counts[try row.get(0)] = Int(try row.get(1, as: Int64.self)) }
        let accounts = try rows[1].first.map { try $0.get(0, as: Int64.self) } ?? 0
        let going = try rows[2].map { try nearest($0, visit.localiser()) }
        let page = OperatorHomePage(
            tenantName: context.tenant.name, counts: counts, accounts: Int(accounts), going: going,
            allSuspended: PageRoute.operatorSubscriptions.url(query: [("state", SubscriptionState.suspended.rawValue)]))
        return visit.page(page, Frame(current: PageRoute.operatorHome.url()))
    }

    private func nearest(_ row: Row, _ t: Localiser) throws -> OperatorHomePage.Going {
        var column = Columns(row)
        let id: SubscriptionID = try column.next()
        let links = SubscriptionLinks(account: try column.next(), id: id)
        let name: String? = try column.next()
        let account: String = try column.next()
        guard let reasons = SuspensionReasons(rawValues: try column.next([String].self)) else { throw UnknownWord() }
        return OperatorHomePage.Going(
            name: name ?? t("subscriptions.erased_name"), url: links.overview, account: account, reasons: reasons.sorted,
            deleteAt: try column.next())
    }
}
