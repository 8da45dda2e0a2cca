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
    @Test func `are a quarter for one tenant, and go to whoever holds fewest, in rotation`() {
        var lanes = WebhookLanes(most: 8)
        let tenants = (0..<3).map { _ in TenantID(UUID()) }
        func wait(_ tenant: Int, _ count: Int) {
            for _ in 0..<count { lanes.wait(.init(tenant: tenants[tenant], endpoint: WebhookEndpointID(UUID()))) }
        }
        func next() -> Int? { lanes.next().map { lane in tenants.firstIndex(of: lane.tenant) ?? -1 } }
        wait(0, 20)
        let alone = [next(), next(), next()]
        #expect(alone == [0, 0, nil])
        wait(1, 20)
        wait(2, 1)
        let others = [next(), next(), next(), next()]
        #expect(others.compactMap { $0 }.sorted() == [1, 1, 2] && others[3] == nil)
    }

    @Test func `are given back after one batch, and an endpoint with more to say waits behind its tenant's others`() throws {
        var lanes = WebhookLanes(most: 4)
        let tenant = TenantID(UUID())
        let (busy, other) = (WebhookEndpointID(UUID()), WebhookEndpointID(UUID()))
        for endpoint in [busy, other, busy] { lanes.wait(.init(tenant: tenant, endpoint: endpoint)) }
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
        #expect(carrier.hanging == 2)
        running.cancel()
        await running.value
        await bursar.close()
    }
}
