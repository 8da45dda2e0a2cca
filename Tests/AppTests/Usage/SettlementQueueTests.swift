import App
import Billing
import FoundationEssentials
import Loop
import Postgres
import TestSupport
import Testing
import Values

/// Usage is settled although somebody holds a subscription, a round of other work hangs, or an earlier settlement failed (M6a).
@Suite struct `Usage that waits to be settled` {
    private static let start = "2025-01-01T00:00:00Z"

    /// Somebody's open transaction that holds these subscriptions as an import does.
    private func hold(_ ids: [String], of tenant: TestTenant) throws -> AdminSession {
        let session = try tenant.bursar.database.superuser()
        let list = try ids.map { "'\(try #require(SubscriptionID($0)).uuid.uuidString)'" }.joined(separator: ",")
        try session.run("begin; select 1 from subscriptions where id in (\(list)) for share")
        return session
    }

    private func reasons(_ id: String, _ tenant: TestTenant) async throws -> [String?] {
        try await tenant.subscription(id).list("suspension_reasons").map(\.string)
    }

    private func exhausted(_ tenant: TestTenant) async throws -> String {
        let id = try await tenant.prepaid()
        try await tenant.use(id, cost: "1000.00", at: Self.start)
        return id
    }

    private func sweeper(_ bursar: TestBursar) -> Sweeper {
        Sweeper(dependencies: bursar.instance.dependencies, authenticator: bursar.app.authenticator)
    }

    @Test func `waits for no neighbour whose rows are held, and is not counted as failed for being held`() async throws {
        let bursar = try await TestBursar(writeConnections: 4)
        let (busy, other) = (try await bursar.tenant(clock: Self.start), try await bursar.tenant(clock: Self.start))
        var held: [String] = []
        for _ in 0..<4 { held.append(try await exhausted(busy)) }
        let free = [try await exhausted(busy), try await exhausted(other)]
        let holder = try hold(held, of: busy)
        let sweeper = sweeper(bursar)
        await bursar.instance.loop.run { await sweeper.settle() }
        for (id, tenant) in zip(free, [busy, other]) { #expect(try await reasons(id, tenant) == ["credit_exhausted"]) }
        for id in held { #expect(try await reasons(id, busy) == []) }
        try holder.run("rollback")
        let failed: Int64 = try holder.query("select count(*) from work.settlement_queue where attempts > 0")[0].get(0)
        #expect(failed == 0)
        await bursar.instance.loop.run { await sweeper.settle() }
        for id in held { #expect(try await reasons(id, busy) == ["credit_exhausted"]) }
        try await bursar.invariants(busy.id, other.id)
        await bursar.close()
    }

    @Test func `waits for no round of other work`() async throws {
        let bursar = try await TestBursar(writeConnections: 4)
        let tenant = try await bursar.tenant(clock: Self.start)
        _ = try await exhausted(tenant)
        // The round wants to write a letter of the payment's event, and cannot.
        let holder = try bursar.database.superuser()
        try holder.run("begin; select 1 from outbox_events for update")
        let (loop, sweeper) = (bursar.instance.loop, sweeper(bursar))
        let running = loop.spawn { await sweeper.run { try await loop.sleep(for: .milliseconds(50)) } }
        // Nothing but the settling beside the rounds settles, so this ends only if that is there.
        let id = try await exhausted(tenant)
        while try await reasons(id, tenant) != ["credit_exhausted"] { try await Task.sleep(for: .milliseconds(20)) }
        try holder.run("rollback")
        running.cancel()
        await running.value
        try await tenant.invariants()
        await bursar.close()
    }

    @Test func `is settled by an advance that answers, also where an earlier try has failed`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: Self.start)
        let id = try await exhausted(tenant)
        try tenant.force(
            "update work.settlement_queue set attempts = 2, retry_at = now() + interval '10 seconds' where tenant_id = $tenant")
        try await tenant.advance(to: "2025-01-01T00:00:01Z")
        #expect(try await reasons(id, tenant) == ["credit_exhausted"])
    }

    @Test func `keeps an advance from answering while it cannot be settled`() async throws {
        let skew = LiveTenantSkew()
        let bursar = try await TestBursar(writeConnections: 4, realNow: { skew.now })
        let tenant = try await bursar.tenant(clock: Self.start)
        let id = try await exhausted(tenant)
        let holder = try hold([id], of: tenant)
        let to: Input = ["to": "2025-01-02T00:00:00Z"]
        try await tenant.post("/v1/test-clock/advance", to).expect(503, "database_unavailable")
        #expect(try await tenant.get("/v1/test-clock")["now"] == Self.start)
        try holder.run("rollback")
        skew.forward(seconds: 20)
        try await tenant.post("/v1/test-clock/advance", to).expect(200)
        #expect(try await reasons(id, tenant) == ["credit_exhausted"])
        try await tenant.invariants()
        await bursar.close()
    }

    @Test func `has waited since it came, however often it was tried since`() async throws {
        let skew = LiveTenantSkew()
        let bursar = try await TestBursar(writeConnections: 4, realNow: { skew.now })
        let tenant = try await bursar.tenant(clock: Self.start)
        let id = try await exhausted(tenant)
        let oldest = {
            let queues = try await bursar.instance.loop.run {
                try await QueueLook.run(bursar.instance.dependencies, try await bursar.app.authenticator.allTenants())
            }
            return queues.first { $0.name == .settlement }?.oldest
        }
        let came = try #require(try await oldest())
        let holder = try hold([id], of: tenant)
        for _ in 0..<2 {
            try await tenant.post("/v1/test-clock/advance", ["to": "2025-01-02T00:00:00Z"]).expect(503, "database_unavailable")
            #expect(try await oldest() == came)
            skew.forward(seconds: 20)
        }
        try holder.run("rollback")
        await bursar.close()
    }

    @Test func `is left to the next server when this one ends`() async throws {
        let bursar = try await TestBursar(writeConnections: 4)
        let tenant = try await bursar.tenant(clock: Self.start)
        let id = try await exhausted(tenant)
        let (loop, context) = (bursar.instance.loop, tenant.context)
        let ended = Task(executorPreference: loop) {
            withUnsafeCurrentTask { $0?.cancel() }
            do { try await SettleUsage(context).look(forSeconds: 60) } catch is CancellationError { return true } catch {}
            return false
        }
        #expect(await ended.value)
        #expect(try await reasons(id, tenant) == [])
        await bursar.close()
    }
}
