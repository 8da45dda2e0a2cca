import App
import Loop
import Synchronization
import TestSupport
import Testing
import Values

/// Real time with a difference that the test chooses.
final class LiveTenantSkew: Sendable {
    private let seconds = Mutex<Int64>(0)
    var now: Instant { Instance.realNow().adding(seconds: seconds.withLock { $0 }) }
    func forward(days: Int64) { forward(seconds: days * 86_400) }
    func forward(seconds more: Int64) { seconds.withLock { $0 += more } }
}

/// Real time, moved by the test: what the sweeper does for live tenants.
@Suite struct `A live tenant` {
    @Test func `is settled, expired and deleted by the sweeper, each deadline once, however late it comes`() async throws {
        let skew = LiveTenantSkew()
        let bursar = try await TestBursar(writeConnections: 4, realNow: { skew.now })
        let tenant = try await bursar.tenant("live", clock: nil)
        let other = try await bursar.tenant("sandbox", clock: "2025-01-01T00:00:00Z")
        let untouched = try await other.prepaid()
        let sweeper = Sweeper(dependencies: bursar.instance.dependencies, authenticator: bursar.app.authenticator)
        func sweep() async {
            await bursar.instance.loop.run {
                await sweeper.settle()
                await sweeper.round()
            }
        }

        let (used, expired, pending) = (
            try await tenant.prepaid(), try await tenant.prepaid(), try await tenant.order("prepaid", for: tenant.account())
        )
        try await tenant.use(used, cost: "1000.00", at: skew.now.rfc3339)
        await sweep()
        #expect(try await tenant.subscription(used).list("suspension_reasons").map(\.string) == ["credit_exhausted"])
        #expect(try await tenant.subscription(expired)["state"] == "active")
        // The server was away for a year and a half: what fell due meanwhile is done, from stored deadlines.
        skew.forward(days: 550)
        await sweep()
        await sweep()
        #expect(try await tenant.subscription(used)["state"] == "deleted")
        #expect(try await tenant.subscription(try pending.id)["state"] == "deleted")
        let late = try await tenant.subscription(expired)
        #expect(late.list("suspension_reasons").map(\.string) == ["credit_expired"])
        #expect(late["state"] == "suspended")
        #expect(try await tenant.history(used).count { $0 == "subscription.deleted" } == 1)
        #expect(try await other.subscription(untouched)["state"] == "active")
        try await bursar.invariants(tenant.id, other.id)
        await bursar.close()
    }

    @Test func `is settled beside the round of deadlines, live and sandbox alike`() async throws {
        let bursar = try await TestBursar(writeConnections: 4)
        let (live, sandbox) = (
            try await bursar.tenant("live", clock: nil), try await bursar.tenant(clock: "2025-01-01T00:00:00Z")
        )
        let sweeper = Sweeper(dependencies: bursar.instance.dependencies, authenticator: bursar.app.authenticator)
        for tenant in [live, sandbox] {
            let id = try await tenant.prepaid()
            let now = tenant.id == live.id ? Instance.realNow().rfc3339 : "2025-01-01T00:00:00Z"
            try await tenant.use(id, cost: "1000.00", at: now)
            await bursar.instance.loop.run { await sweeper.settle() }
            let reasons = try await tenant.subscription(id).list("suspension_reasons").map(\.string)
            #expect(reasons == ["credit_exhausted"])
            // Nothing waits twice, and a second look changes nothing.
            await bursar.instance.loop.run { await sweeper.settle() }
            try await bursar.invariants(tenant.id)
        }
        await bursar.close()
    }

    @Test func `has its killed sandbox neighbour's advance finished by the sweeper`() async throws {
        let bursar = try await TestBursar(writeConnections: 4)
        let tenant = try await bursar.tenant(clock: "2025-01-01T00:00:00Z")
        let id = try await tenant.trial()
        try tenant.force(
            "update test_clocks set advancing_to = '2025-03-01T00:00:00Z', advance_lease = now() - interval '1 second' where tenant_id = $tenant"
        )
        let sweeper = Sweeper(dependencies: bursar.instance.dependencies, authenticator: bursar.app.authenticator)
        await bursar.instance.loop.run { await sweeper.round() }
        #expect(try await tenant.get("/v1/test-clock")["now"] == "2025-03-01T00:00:00Z")
        #expect(try await tenant.subscription(id)["state"] == "deleted")
        try await tenant.invariants()
        await bursar.close()
    }
}
