import Billing
import FoundationEssentials
import Postgres
import Values

package enum ListOrders {
    package static func run(
        account: AccountID?, subscription: SubscriptionID?, _ page: PageRequest, _ context: TenantContext
    ) async throws -> ListPage<Order> {
        let tenant = context.tenant.id
        var condition: SQL = "o.tenant_id = \(tenant) \(Visibility.ofSubscriptions(to: context.principal, tenant))"
        if let account { condition = "\(condition) and o.account_id = \(account)" }
        if let subscription { condition = "\(condition) and o.subscription_id = \(subscription)" }
        let rows = try await context.read("\(Order.select) where \(condition) \(page.tail(at: "o.created_at", id: "o.id"))").rows
        return ListPage(try rows.map(Order.init), limit: page.limit) { ($0.createdAt, $0.id.uuid) }
    }
}

package enum FindOrder {
    package static func byID(_ id: OrderID, _ context: TenantContext) async throws -> Order {
        let rows = try await context.read("\(Order.select) where o.tenant_id = \(context.tenant.id) and o.id = \(id)").rows
        guard let order = try rows.first.map(Order.init), !context.principal.roles(on: order.belonging).isEmpty else {
            throw Failure.notFound
        }
        return order
    }
}
