import Values

/// Who may send next: so many endpoints at once, of which no tenant holds more than a quarter. A free lane goes to the tenant that holds fewest,
/// among equals to the one that has waited longest; a tenant's endpoints take turns. A lane is given back after one batch, so whoever has much to
/// say queues again behind the others.
package struct WebhookLanes: Sendable {
    package struct Lane: Hashable, Sendable {
        package let tenant: TenantID
        package let endpoint: WebhookEndpointID

        package init(tenant: TenantID, endpoint: WebhookEndpointID) {
            self.tenant = tenant
            self.endpoint = endpoint
        }
    }

    private struct Tenant {
        var held = 0
        var waiting: [WebhookEndpointID] = []
        var lastTurn = 0
    }

    package let most: Int
    package let share: Int
    private var tenants: [TenantID: Tenant] = [:]
    /// Those that hold a lane, and those that wait for one: nobody is both, or either twice.
    private var known: Set<Lane> = []
    private var held = 0
    private var turns = 0

    package init(most: Int) {
        self.most = most
        share = max(1, most / 4)
    }

    /// Something is due there.
    package mutating func wait(_ lane: Lane) {
        guard known.insert(lane).inserted else { return }
        tenants[lane.tenant, default: Tenant(lastTurn: turns)].waiting.append(lane.endpoint)
    }

    /// Whose turn it is; it holds its lane from now on.
    package mutating func next() -> Lane? {
        guard held < most else { return nil }
        let able = tenants.filter { !$0.value.waiting.isEmpty && $0.value.held < share }
        guard let first = able.min(by: { ($0.value.held, $0.value.lastTurn) < ($1.value.held, $1.value.lastTurn) })?.key,
            let endpoint = tenants[first]?.waiting.removeFirst()
        else { return nil }
        turns += 1
        held += 1
        tenants[first]?.held += 1
        tenants[first]?.lastTurn = turns
        return Lane(tenant: first, endpoint: endpoint)
    }

    /// Its batch is over; `again` where more may be due.
    package mutating func giveBack(_ lane: Lane, again: Bool) {
        held -= 1
        known.remove(lane)
        tenants[lane.tenant]?.held -= 1
        if again { wait(lane) }
        if let tenant = tenants[lane.tenant], tenant.held == 0, tenant.waiting.isEmpty { tenants[lane.tenant] = nil }
    }
}
