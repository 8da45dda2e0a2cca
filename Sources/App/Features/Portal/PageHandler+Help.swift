import Billing
import HTTP
import Postgres
import Values

/// The same help for everybody; whoever is signed in reads her tenant's own numbers in it.
extension PageHandler {
    func help(_ visit: Visit) async throws -> HTTPResponse {
        guard visit.signedIn != nil else { return visit.page(HelpPage(policies: [], tenantName: publicName)) }
        let context = try visit.context()
        let rows = try await context.read(
            """
            select distinct on (o.offer) o.offer, \(SubscriptionQueries.policyColumns) from offer_policies o \
            where o.tenant_id = \(context.tenant.id) and o.currency = \(context.tenant.currency) order by o.offer, o.version desc
            """
        ).rows
        let policies = try rows.map { row in
            var column = Columns(row)
            let offer: Offer = try column.next()
            return try column.policy(offer, context.tenant.currency)
        }
        let ordered = Offer.allCases.compactMap { offer in policies.first { $0.offer == offer } }
        var page = HelpPage(policies: ordered, tenantName: context.tenant.name)
        page.subscriptions = (context.principal.isOperator ? PageRoute.operatorSubscriptions : .mySubscriptions).url()
        if !context.principal.isOperator { page.own = try await ownTerms(visit, context) }
        return visit.page(page)
    }

    /// The newest ten of the reader's own that still have terms.
    private func ownTerms(_ visit: Visit, _ context: TenantContext) async throws -> [HelpPage.Own] {
        let request = try Subscription.list.request(limit: 10, sort: nil)
        let condition = try await Subscription.list.condition([:], context)
        let found = try await Subscription.list.page(request, condition, counting: false, context).slice.items
        let t = visit.localiser()
        return found.filter { $0.state != .deleted }.map {
            HelpPage.Own(name: $0.shownName(t), url: $0.links.overview, offer: $0.offer, version: $0.policy.version)
        }
    }
}
