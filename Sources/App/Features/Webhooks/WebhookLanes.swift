import Values

/// Who may send next: so many endpoints at once. A free lane goes to the tenant that holds fewest, among equals to the one that has waited longest, and
/// within it to the account of which the same is true; an account's endpoints take turns. A lane is given back after one batch, so whoever has much to
/// say queues again behind the others.
///
/// A quarter of the lanes is a tenant's share, and half of that an account's, however few others there are: receivers that hang hold their lanes for as
/// long as an attempt may take. A tenant gets more than its share only while half of all lanes stay free for others.
package struct WebhookLanes: Sendable {
    package struct Lane: Hashable, Sendable {
        package let tenant: TenantID
        /// Nil for the tenant's own endpoints.
        package let account: AccountID?
        package let endpoint: WebhookEndpointID

        package init(tenant: TenantID, account: AccountID?, endpoint: WebhookEndpointID) {
            self.tenant = tenant
            self.account = account
            self.endpoint = endpoint
        }
    }

    private struct Turns {
        var held = 0
        var last: Int

        /// Fewest first, then whoever has waited longest.
        func isBefore(_ other: Turns) -> Bool { (held, last) < (other.held, other.last) }
    }

    private struct Account {
        var turns: Turns
        var waiting: [WebhookEndpointID] = []
    }

    private struct Tenant {
        var turns: Turns
        var accounts: [AccountID?: Account] = [:]
    }

    private let most: Int
    private let share: Int
    private let accountShare: Int
    private var tenants: [TenantID: Tenant] = [:]
    /// Those that hold a lane, and those that wait for one: nobody is both, or either twice.
    private var known: Set<Lane> = []
    private var held = 0
    private var turns = 0

    package init(most: Int) {
        self.most = most
        share = max(1, most / 4)
        accountShare = max(1, share / 2)
    }

    /// Something is due there.
    package mutating func wait(_ lane: Lane) {
        guard known.insert(lane).inserted else { return }
        let new = Turns(last: turns)
        tenants[lane.tenant, default: Tenant(turns: new)].accounts[lane.account, default: Account(turns: new)].waiting.append(
            lane.endpoint)
    }

    /// Whose turn it is; it holds its lane from now on.
    package mutating func next() -> Lane? {
        guard held < most else { return nil }
        var first: (tenant: TenantID, account: AccountID?, turns: (Turns, Turns))?
        for (id, tenant) in tenants where tenant.turns.held < share || held < most / 2 {
            let able = tenant.accounts.filter { !$0.value.waiting.isEmpty && $0.value.turns.held < accountShare }
            guard let account = able.min(by: { $0.value.turns.isBefore($1.value.turns) }) else { continue }
            if let first, !tenant.turns.isBefore(first.turns.0) { continue }
            first = (id, account.key, (tenant.turns, account.value.turns))
        }
        guard let first, let endpoint = tenants[first.tenant]?.accounts[first.account]?.waiting.removeFirst() else { return nil }
        turns += 1
        held += 1
        tenants[first.tenant]?.turns = Turns(held: first.turns.0.held + 1, last: turns)
        tenants[first.tenant]?.accounts[first.account]?.turns = Turns(held: first.turns.1.held + 1, last: turns)
        return Lane(tenant: first.tenant, account: first.account, endpoint: endpoint)
    }

    /// Its batch is over; `again` where more may be due.
    package mutating func giveBack(_ lane: Lane, again: Bool) {
        held -= 1
        known.remove(lane)
        tenants[lane.tenant]?.turns.held -= 1
        tenants[lane.tenant]?.accounts[lane.account]?.turns.held -= 1
        if again { wait(lane) }
        if let account = tenants[lane.tenant]?.accounts[lane.account], account.turns.held == 0, account.waiting.isEmpty {
            tenants[lane.tenant]?.accounts[lane.account] = nil
        }
        if tenants[lane.tenant]?.accounts.isEmpty == true { tenants[lane.tenant] = nil }
    }
}
