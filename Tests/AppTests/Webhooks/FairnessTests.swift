import App
import FoundationEssentials
import Loop
import Outgoing
import Synchronization
import TestSupport
import Testing
import Values

/// Answers at once, except where the address says that it hangs: there it answers when it is told to stop.
private final class Hanging: WebhookCarrier {
    private struct State {
        var urls: Set<String> = []
        var held: [CheckedContinuation<Void, Never>] = []
        var isStopped = false
    }
    private let state = Mutex(State())

    var hanging: Int { state.withLock { $0.urls.count { $0.contains("/hang") } } }
    func wasTold(_ url: String) -> Bool { state.withLock { $0.urls.contains(url) } }

    func send(_ request: OutgoingRequest) async -> OutgoingResult {
        let url = request.url.text
        guard url.contains("/hang") else {
            state.withLock { _ = $0.urls.insert(url) }
            return OutgoingResult(outcome: .success(OutgoingReply(status: 204)), milliseconds: 1)
        }
        await withCheckedContinuation { continuation in
            let isStopped = state.withLock { state in
                state.urls.insert(url)
                if !state.isStopped { state.held.append(continuation) }
                return state.isStopped
            }
            if isStopped { continuation.resume() }
        }
        return OutgoingResult(outcome: .failure(.stopped), milliseconds: 1)
    }

    func stop() {
        let held = state.withLock { state in
            state.isStopped = true
            defer { state.held = [] }
            return state.held
        }
        for one in held { one.resume() }
    }
}

@Suite struct `Lanes of webhooks` {
    /// How many lanes each of these may have now, one after the other: (tenant, account) of every lane that is given.
    private func given(_ lanes: inout WebhookLanes, _ most: Int) -> [WebhookLanes.Lane] {
        var given: [WebhookLanes.Lane] = []
        while given.count < most, let lane = lanes.next() { given.append(lane) }
        return given
    }

    private func wait(_ lanes: inout WebhookLanes, _ tenant: TenantID, _ account: AccountID?, _ count: Int) {
        for _ in 0..<count { lanes.wait(.init(tenant: tenant, account: account, endpoint: WebhookEndpointID(UUID()))) }
    }

    @Test func `are a quarter for one tenant beside others, half while it is alone, and go to whoever holds fewest, in rotation`()
    {
        var lanes = WebhookLanes(most: 16)
        let tenants = (0..<3).map { _ in TenantID(UUID()) }
        for _ in 0..<10 { wait(&lanes, tenants[0], AccountID(UUID()), 2) }
        #expect(given(&lanes, 20).count == 8)
        for _ in 0..<10 { wait(&lanes, tenants[1], AccountID(UUID()), 1) }
        wait(&lanes, tenants[2], nil, 1)
        let others = given(&lanes, 20)
        #expect(others.filter { $0.tenant == tenants[1] }.count == 4)
        #expect(others.filter { $0.tenant == tenants[2] }.count == 1 && others.count == 5)
    }

    @Test func `are an eighth for one account, whoever else there is: its neighbour in the same tenant goes at once`() {
        var lanes = WebhookLanes(most: 16)
        let tenant = TenantID(UUID())
        let (loud, quiet) = (AccountID(UUID()), AccountID(UUID()))
        wait(&lanes, tenant, loud, 50)
        #expect(given(&lanes, 20).map(\.account) == [loud, loud])
        wait(&lanes, tenant, quiet, 1)
        wait(&lanes, tenant, nil, 1)
        #expect(Set(given(&lanes, 20).map(\.account)) == [quiet, nil])
    }

    @Test func `are given back after one batch, and an endpoint with more to say waits behind its account's others`() throws {
        var lanes = WebhookLanes(most: 4)
        let tenant = TenantID(UUID())
        let (busy, other) = (WebhookEndpointID(UUID()), WebhookEndpointID(UUID()))
        for endpoint in [busy, other, busy] { lanes.wait(.init(tenant: tenant, account: nil, endpoint: endpoint)) }
        func next() throws -> WebhookLanes.Lane {
            let lane = lanes.next()
            return try #require(lane)
        }
        func isEmpty() -> Bool { lanes.next() == nil }
        let first = try next()
        #expect(first.endpoint == busy && isEmpty())
        // Whoever sends does not wait beside it.
        lanes.wait(first)
        lanes.giveBack(first, again: true)
        let second = try next()
        #expect(second.endpoint == other)
        lanes.giveBack(second, again: false)
        let third = try next()
        #expect(third.endpoint == busy)
        lanes.giveBack(third, again: false)
        #expect(isEmpty())
    }

    @Test func `are left for others by a tenant with more hanging endpoints than there are lanes`() async throws {
        let bursar = try await TestBursar()
        let (loud, quiet) = (try await bursar.tenant("loud"), try await bursar.tenant("quiet"))
        for index in 0..<12 { _ = try await loud.webhook(nil, "https://example.com/hang/\(index)") }
        _ = try await quiet.webhook(nil, "https://example.com/quiet")
        _ = try await loud.account()
        let carrier = Hanging()
        let loop = bursar.instance.loop
        let sender = WebhookSender(
            dependencies: bursar.instance.dependencies, authenticator: bursar.app.authenticator, loop: loop, carrier: carrier,
            lanes: 8)
        let running = loop.spawn { await sender.run { try await loop.sleep(for: .milliseconds(20)) } }
        func wait(_ isDone: () -> Bool) async throws {
            for _ in 0..<500 where !isDone() { try await loop.run { try await loop.sleep(for: .milliseconds(20)) } }
        }
        try await wait { carrier.hanging > 0 }
        _ = try await quiet.account()
        try await wait { carrier.wasTold("https://example.com/quiet") }
        #expect(carrier.wasTold("https://example.com/quiet"))
        #expect(carrier.hanging == 1)
        running.cancel()
        await running.value
        await bursar.close()
    }
}
