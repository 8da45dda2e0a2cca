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

    func operatorAccounts(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        try requireOperator(context)
        let (window, t) = (ListWindow(visit), visit.localiser())
        let q = visit["q"].map { $0.trimmingBlankSpace() }.flatMap { $0.isEmpty ? nil : String($0.prefix(200)) }
        let shown = try await window.load(key: { ($0.createdAt, $0.id.uuid) }) { page in
            try await ListAccounts.run(page, q: q, context)
        }
        let counts = try await subscriptionCounts(of: shown.items.map(\.id), context)
        let rows = shown.items.map { account in
            AccountListPage.Row(
                id: account.id.description, name: account.name, url: PageRoute.subscriptions.url(account.id.description),
                kind: account.kind,
                administrator: account.administrator.name, currency: account.currency, running: counts[account.id]?.running ?? 0,
                suspended: counts[account.id]?.suspended ?? 0, createdAt: account.createdAt)
        }
        let chips = q.map {
            [
                FilterBar.Chip(
                    labelled("list.search", $0, t),
                    without: visit.here(changing: [("q", nil), ("cursor", nil), ("before", nil), ("row", nil)]))
            ]
        }
        var page = AccountListPage(
            tenantName: context.tenant.name,
            filters: FilterBar(
                action: PageRoute.operatorAccounts.url(), fields: [.search(name: "q", label: t("list.search"), value: q ?? "")],
                chips: chips ?? [],
                kept: window.kept), rows: rows, pager: window.pager(shown, visit))
        page.createdSort = window.sort(visit)
        return visit.page(page, Frame(current: PageRoute.operatorAccounts.url()))
    }

    private func subscriptionCounts(of accounts: [AccountID], _ context: TenantContext) async throws -> [AccountID: (
        running: Int, suspended: Int
    )] {
        guard !accounts.isEmpty else { return [:] }
        let rows = try await context.read(
            """
            select account_id, count(*) filter (where state in ('active', 'past_due')), count(*) filter (where state = 'suspended') \
            from subscriptions where tenant_id = \(context.tenant.id) and account_id = any(\(accounts)) group by account_id
            """
        ).rows
        var counts: [AccountID: (running: Int, suspended: Int)] = [:]
        for row in rows {
            counts[try row.get(0)] = (Int(try row.get(1, as: Int64.self)), Int(try row.get(2, as: Int64.self)))
        }
        return counts
    }
}
