import HTML
import HTTP
import Values

/// The box in the header, for members (G9): what it names exactly is opened, anything else is listed by kind.
extension PageHandler {
    func search(_ visit: Visit) async throws -> HTTPResponse {
        let (context, surroundings) = (try visit.context(), try visit.member().1)
        let q = (visit["q"] ?? "").trimmingBlankSpace()
        if context.principal.isOperator {
            return visit.redirect(PageRoute.operatorSearch.url(query: q.isEmpty ? [] : [("q", q)]))
        }
        let found = try await Search.run(q, context)
        func url(_ hit: Search.Hit) -> URLPath? {
            switch hit.kind {
            case .account: PageRoute.account.url(hit.typeID)
            case .subscription: hit.account.map { PageRoute.subscription.url($0.description, hit.typeID) }
            case .order: orderURL(hit, surroundings)
            case .enrollment: PageRoute.enrollment.url(hit.typeID)
            case .payment: hit.account.map { PageRoute.payment.url($0.description, hit.typeID) }
            case .partner, .remittance: nil
            }
        }
        if let hit = found.exact, let url = url(hit) { return visit.redirect(url) }
        let groups = Search.Kind.allCases.compactMap { kind -> SearchPage.Group? in
            let rows = found.hits.filter { $0.kind == kind }.compactMap { hit in url(hit).map { (hit: hit, url: $0) } }
            return rows.isEmpty ? nil : SearchPage.Group(kind: kind, rows: rows, hasMore: found.more.contains(kind))
        }
        return visit.page(SearchPage(q: String(q.prefix(Search.longest)), action: PageRoute.search.url(), groups: groups))
    }

    /// The orders of an account are open to those with a role on it; to others the order is what their subscription was bought with.
    private func orderURL(_ hit: Search.Hit, _ surroundings: Surroundings) -> URLPath? {
        guard let account = hit.account else { return nil }
        if surroundings.accounts.contains(where: { $0.id == account }) || hit.subscription == nil {
            return PageRoute.orders.url([account.description], query: [("q", hit.typeID)])
        }
        return hit.subscription.map { PageRoute.subscription.url(account.description, $0.description) }
    }
}
