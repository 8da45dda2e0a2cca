import App
import Loop
import TestSupport
import Testing

/// A sandbox tenant's time.
@Suite struct `A test clock` {
    @Test func `belongs to its tenant alone`() async throws {
        let one = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
        let two = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
        let (first, second) = (try await one.prepaid(), try await two.prepaid())
        try await one.advance(to: "2026-01-01T00:00:00Z")
        #expect(try await one.subscription(first)["state"] == "suspended")
        #expect(try await two.subscription(second)["state"] == "active")
        #expect(try await two.get("/v1/test-clock")["now"] == "2025-01-01T00:00:00Z")
        #expect(try await two.get("/v1/me").header("api-clock") == "2025-01-01T00:00:00Z")
        #expect(try await one.get("/v1/nothing").header("api-clock") == nil)
        #expect(try await one.get("/v1/accounts/acc_nothing").header("api-clock") == "2026-01-01T00:00:00Z")
        try await TestBursar.shared.invariants(one.id, two.id)
    }

    @Test func `never goes back, and answers the same instant again`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
        try await tenant.advance(to: "2025-02-01T00:00:00Z")
        let refused = try await tenant.post("/v1/test-clock/advance", ["to": "2025-01-31T23:59:59.999999Z"]).expect(
            422, "clock_backwards")
        #expect(refused["errors.0.pointer"] == "/to")
        #expect(try await tenant.advance(to: "2025-02-01T00:00:00Z")["now"] == "2025-02-01T00:00:00Z")
        try await tenant.post("/v1/test-clock/advance", ["to": "2300-01-01T00:00:00Z"]).expect(422, "too_far")
        try await tenant.post("/v1/test-clock/advance", ["to": "tomorrow"]).expect(422, "invalid_time")
        #expect(try await tenant.get("/v1/test-clock")["now"] == "2025-02-01T00:00:00Z")
    }

    @Test func `of a live tenant is nobody's to move`() async throws {
        let live = try await TestBursar.shared.tenant("live", clock: nil)
        try await live.get("/v1/test-clock").expect(403, "test_clock_live_tenant")
        try await live.post("/v1/test-clock/advance", ["to": "2030-01-01T00:00:00Z"]).expect(403, "test_clock_live_tenant")
        #expect(try await live.get("/v1/me").header("api-clock") == nil)
    }

    @Test func `while it advances refuses a second advance, and a killed advance is taken up and finished`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
        let id = try await tenant.prepaid()
        try await tenant.suspend(id, "requested").expect(200)
        let target = "2025-06-01T00:00:00Z"
        // A server is at it, half way.
        try tenant.force(
            """
            update test_clocks set now_at = '2025-02-01T00:00:00Z', advancing_to = '\(target)', advance_lease = now() + interval '1 hour', \
            advance_token = gen_random_uuid() where tenant_id = $tenant
            """)
        #expect(try await tenant.get("/v1/test-clock")["advancing_to"] == target)
        for to in [target, "2025-07-01T00:00:00Z"] {
            try await tenant.post("/v1/test-clock/advance", ["to": "\(to)"]).expect(409, "test_clock_advancing")
        }
        let context = tenant.context
        #expect(try await tenant.bursar.instance.loop.run { try await AdvanceTestClock(context).resume() } == false)
        // It was killed: its lease runs out.
        try tenant.force("update test_clocks set advance_lease = now() - interval '1 second' where tenant_id = $tenant")
        try await tenant.post("/v1/test-clock/advance", ["to": "2025-07-01T00:00:00Z"]).expect(409, "test_clock_advancing")
        #expect(try await tenant.bursar.instance.loop.run { try await AdvanceTestClock(context).resume() })
        let clock = try await tenant.get("/v1/test-clock")
        #expect(clock["now"] == target)
        #expect(clock["advancing_to"] == nil)
        #expect(try await tenant.get("/v1/subscriptions/\(id)/deletion-certificate")["deleted_at"] == "2025-04-01T00:00:00Z")
        try await tenant.invariants()
    }

    @Test func `of a killed advance may be resumed by asking for the same instant again`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
        let id = try await tenant.prepaid()
        let target = "2026-02-01T00:00:00Z"
        try tenant.force(
            "update test_clocks set advancing_to = '\(target)', advance_lease = now() - interval '1 second' where tenant_id = $tenant"
        )
        #expect(try await tenant.advance(to: target)["ran.lot_expiry"] == "1")
        #expect(try await tenant.subscription(id)["suspended_at"] == "2026-01-01T00:00:00Z")
        try await tenant.invariants()
    }
}
