import Billing
import HTTP
import Postgres
import Values

/// The same help for everybody; whoever is signed in reads her tenant's own numbers in it.
extension PageHandler {
    func help(_ visit: Visit) async throws -> HTTPResponse {
        guard visit.signedIn != nil else { return visit.page(HelpPage(policies: [], tenantName: publicName)) }
        let context = try visit.context()
        let own = context.principal.isOperator ? [] : try await ownSubscriptions(context)
        let currencies = try await self.currencies(of: own, context)
        let rows = try await context.read(
            """
            select distinct on (o.currency, o.offer) o.currency, o.offer, \(SubscriptionQueries.policyColumns) from offer_policies o \
            where o.tenant_id = \(context.tenant.id) and o.currency = any(\(currencies.map(\.code))) order by o.currency, o.offer, o.version desc
            """
        ).rows
        let policies = try rows.map { row in
            var column = Columns(row)
            let currency: Currency = try column.next()
            let offer: Offer = try column.next()
            return try column.policy(offer, currency)
        }
        // The tenant's own currency first; of one currency as everywhere.
        let order = policies.map(\.currency).filter { $0 == context.tenant.currency } + policies.map(\.currency)
        var ordered: [OfferPolicy] = []
        for currency in order where !ordered.contains(where: { $0.currency == currency }) {
            ordered += Offer.allCases.compactMap { offer in policies.first { $0.offer == offer && $0.currency == currency } }
        }
        var page = HelpPage(policies: ordered, tenantName: context.tenant.name)
        page.subscriptions = (context.principal.isOperator ? PageRoute.operatorSubscriptions : .mySubscriptions).url()
        let t = visit.localiser()
        page.own = own.filter { $0.state != .deleted }.map {
            HelpPage.Own(name: $0.shownName(t), url: $0.links.overview, offer: $0.offer, version: $0.policy.version)
        }
        return visit.page(page)
    }

    /// In which the reader pays: those of her accounts and of what she serves. The tenant's own where there are none yet, and for the provider, whose
    /// offers' page has the terms in all of them.
    private func currencies(of own: [Subscription], _ context: TenantContext) async throws -> [Currency] {
        if context.principal.isOperator { return [context.tenant.currency] }
        let (tenant, visible) = (context.tenant.id, Visibility.ofAccounts(to: context.principal))
        let rows = try await context.read(
            "select distinct currency from (select a.currency from accounts a where a.tenant_id = \(tenant) \(visible) limit 50) a"
        ).rows
        let found = Set(try rows.map { try $0.get(0, as: Currency.self) } + own.map(\.currency))
        return found.isEmpty ? [context.tenant.currency] : Array(found)
    }

    /// The newest ten of the reader's own.
    private func ownSubscriptions(_ context: TenantContext) async throws -> [Subscription] {
        let request = try Subscription.list.request(limit: 10, sort: nil)
        let condition = try await Subscription.list.condition([:], context)
        return try await Subscription.list.page(request, condition, counting: false, context).slice.items
    }
}
