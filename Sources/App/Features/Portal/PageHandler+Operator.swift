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
        let t = visit.localiser()
        let page = OperatorHomePage(
            tenantName: context.tenant.name, search: PageRoute.operatorSearch.url(),
            waiting: try await WaitingWork.load(context).items(t), going: try await going(context).map { try nearest($0, t) },
            allSuspended: PageRoute.operatorSubscriptions.url(query: [("state", SubscriptionState.suspended.rawValue)]))
        return visit.page(page, Frame(current: PageRoute.operatorHome.url()))
    }

    /// The nearest deadlines, by their own index.
    private func going(_ context: TenantContext) async throws -> Rows {
        try await context.read(
            """
            select s.id, s.account_id, s.name, a.name, s.suspension_reasons, s.delete_at from subscriptions s \
            join accounts a on a.tenant_id = s.tenant_id and a.id = s.account_id \
            where s.tenant_id = \(context.tenant.id) and s.state = 'suspended' order by s.delete_at, s.id limit \(Self.goingShown)
            """
        ).rows
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
