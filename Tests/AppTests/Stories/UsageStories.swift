import TestSupport
import Testing
import Values

/// B1, L4, M2, M6a: what becomes of a usage event.
@Suite struct `A usage event` {
    @Test func `is judged at its own time, in [suspended, reactivated)`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-10T00:00:00Z")
        let id = try await tenant.prepaid()
        try await tenant.advance(to: "2025-01-11T00:00:00Z")
        try await tenant.suspend(id, "requested").expect(200)
        try await tenant.advance(to: "2025-01-12T00:00:00Z")
        try await tenant.reactivate(id, "requested").expect(200)
        let verdicts = try await tenant.report(
            tenant.event(id, cost: "1.00", at: "2025-01-10T23:59:59.999999Z"),
            tenant.event(id, cost: "1.00", at: "2025-01-11T00:00:00Z"),
            tenant.event(id, cost: "1.00", at: "2025-01-11T23:59:59.999999Z"),
            tenant.event(id, cost: "1.00", at: "2025-01-12T00:00:00Z")
        ).expect(200)
        #expect(
            verdicts.list("results").map { $0.scalar("code") ?? $0.scalar("verdict") } == [
                "accepted", "subscription_suspended", "subscription_suspended", "accepted",
            ])
        try await tenant.invariants()
    }

    @Test func `too far ahead, too old, unknown, in another currency or twice gets that verdict and no other`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-03-01T00:00:00Z")
        let id = try await tenant.prepaid()
        try await tenant.advance(to: "2025-04-20T00:00:00Z")
        let cases: [(Input, String)] = [
            (tenant.event(id, cost: "1", at: "2025-04-20T00:05:00Z"), "accepted"),
            (tenant.event(id, cost: "1", at: "2025-04-20T00:05:00.000001Z"), "event_in_future"),
            (tenant.event(id, cost: "1", at: "2025-03-16T00:00:00Z"), "accepted"),
            (tenant.event(id, cost: "1", at: "2025-03-15T23:59:59.999999Z"), "event_too_old"),
            (tenant.event("\(SubscriptionID(tenant.id.uuid))", cost: "1", at: "2025-04-20T00:00:00Z"), "unknown_subscription"),
            (tenant.event("sub_nonsense", cost: "1", at: "2025-04-20T00:00:00Z"), "unknown_subscription"),
            (tenant.event(id, cost: "1", at: "2025-04-20T00:00:00Z", currency: "USD"), "currency_mismatch"),
            (tenant.event(id, cost: "-1", at: "2025-04-20T00:00:00Z"), "cost_negative"),
            (tenant.event(id, cost: nil, at: "2025-04-20T00:00:00Z"), "cost_missing"),
            (tenant.event(id, cost: nil, at: "2025-04-20T00:00:00Z", meter: "egress"), "accepted"),
            (tenant.event(id, cost: "1", at: "2025-04-20T00:00:00Z", quantity: "-2"), "quantity_negative"),
            (tenant.event(id, cost: "1e3", at: "2025-04-20T00:00:00Z"), "cost_invalid"),
            (tenant.event(id, cost: "1", at: "yesterday"), "time_invalid"),
            (tenant.event(id, cost: "1", at: "2025-04-20T00:00:00Z", id: "same"), "accepted"),
            (tenant.event(id, cost: "1", at: "2025-04-20T00:00:00Z", id: "same"), "duplicate"),
            (["no": "event"], "specversion_unsupported"),
        ]
        let reply = try await tenant.request(
            "POST", "/v1/usage-events", .list(cases.map(\.0)), headers: ["Content-Type": "application/cloudevents-batch+json"]
        ).expect(200)
        #expect(reply.list("results").map { $0.scalar("code") ?? $0.scalar("verdict") } == cases.map(\.1))
        // Once more, in another batch: what was accepted is a duplicate, for ever.
        let again = try await tenant.report(tenant.event(id, cost: "9", at: "2025-04-20T00:00:00Z", id: "same")).expect(200)
        #expect(again["results.0.verdict"] == "duplicate")
        try await tenant.advance(to: "2025-04-21T00:00:00Z")
        try await tenant.invariants()
    }

    @Test func `from before the activation is refused and becomes no debt; the activation's own instant counts`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-04-20T08:00:00Z")
        let id = try await tenant.prepaid()
        let trial = try await tenant.trial()
        let ordered = try await tenant.order("prepaid", for: tenant.account()).expect(201).id
        try await tenant.advance(to: "2025-04-22T00:00:00Z")
        try await tenant.pay(ordered, "1000.00").expect(200)
        try await tenant.upgrade(trial, "1000.00").expect(200)
        let enterprise = try await tenant.enterprise()
        let cases: [(Input, String)] = [
            (tenant.event(id, cost: "400.00", at: "2025-03-31T08:00:00Z"), "before_activation"),
            (tenant.event(id, cost: "400.00", at: "2025-04-20T07:59:59.999999Z"), "before_activation"),
            (tenant.event(id, cost: "1.00", at: "2025-04-20T08:00:00Z"), "accepted"),
            (tenant.event(ordered, cost: "400.00", at: "2025-04-21T00:00:00Z"), "before_activation"),
            (tenant.event(ordered, cost: "1.00", at: "2025-04-22T00:00:00Z"), "accepted"),
            (tenant.event(trial, cost: "1.00", at: "2025-04-20T08:00:00Z"), "accepted"),
            (tenant.event(trial, cost: "400.00", at: "2025-04-20T07:00:00Z"), "before_activation"),
            (tenant.event(enterprise, cost: "400.00", at: "2025-04-21T23:00:00Z"), "before_activation"),
            (tenant.event(enterprise, cost: "1.00", at: "2025-04-22T00:00:00Z"), "accepted"),
        ]
        let reply = try await tenant.request(
            "POST", "/v1/usage-events", .list(cases.map(\.0)), headers: ["Content-Type": "application/cloudevents-batch+json"]
        ).expect(200)
        #expect(reply.list("results").map { $0.scalar("code") ?? $0.scalar("verdict") } == cases.map(\.1))
        try await tenant.settle()
        for credited in [id, ordered] {
            let after = try await tenant.subscription(credited)
            #expect(after["credit.remaining.amount"] == "999.00" && after["credit.outstanding.amount"] == "0.00")
        }
        try await tenant.invariants()
    }

    @Test func `that was accepted once is a duplicate for ever: too old by now, or of a subscription suspended since`()
        async throws
    {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-03-01T00:00:00Z")
        let id = try await tenant.prepaid()
        let old = tenant.event(id, cost: "1.00", at: "2025-03-01T00:00:00Z", id: "old")
        #expect(try await tenant.report(old).expect(200)["accepted"] == "1")
        try await tenant.advance(to: "2025-04-20T00:00:00Z")
        let ahead = tenant.event(id, cost: "1.00", at: "2025-04-20T00:04:00Z", id: "ahead")
        #expect(try await tenant.report(ahead).expect(200)["accepted"] == "1")
        try await tenant.suspend(id, "requested").expect(200)
        let again = try await tenant.report(
            old, ahead, tenant.event(id, cost: "1.00", at: "2025-03-01T00:00:00Z", id: "new"),
            tenant.event(id, cost: "1.00", at: "2025-04-20T00:04:00Z", id: "newer"),
            tenant.event(id, cost: "-1.00", at: "2025-04-20T00:04:00Z", id: "ahead")
        ).expect(200)
        #expect(
            again.list("results").map { $0.scalar("code") ?? $0.scalar("verdict") } == [
                "duplicate", "duplicate", "event_too_old", "subscription_suspended", "duplicate",
            ])
        // Nobody else's pairs are asked.
        let other = try await TestBursar.shared.tenant(clock: "2025-04-20T00:00:00Z")
        let foreign = other.event(try await other.prepaid(), cost: "1.00", at: "2025-03-01T00:00:00Z", id: "old")
        guard case .object(let fields) = foreign else { throw TestFault("an event is an object") }
        let same: [(String, Input)] = fields.filter { $0.0 != "source" } + [("source", .text("/meters/\(tenant.slug)"))]
        #expect(try await other.report(.object(same)).expect(200)["results.0.code"] == "event_too_old")
        try await tenant.settle()
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "998.00")
        try await tenant.invariants()
    }

    @Test func `of a thousandth each: what is posted is the half-up rounding of the whole, however the settlements fall`()
        async throws
    {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-03-01T00:00:00Z")
        let id = try await tenant.prepaid("1000.00")
        var sent = 0
        for size in [1, 3, 7, 1, 20, 13] {
            let events = (0..<size).map { _ in tenant.event(id, cost: "0.001", at: "2025-03-01T00:00:00Z") }
            try await tenant.request(
                "POST", "/v1/usage-events", .list(events), headers: ["Content-Type": "application/cloudevents-batch+json"]
            ).expect(200)
            sent += size
            try await tenant.settle()
            // sent × 0.001, rounded half up to two places.
            let posted = (sent + 5) / 10
            let left = Money(minor: Int64(100_000 - posted), currency: .cny).decimalString
            #expect(try await tenant.subscription(id)["credit.remaining.amount"] == left, "after \(sent) events")
        }
        try await tenant.invariants()
    }

    @Test func `beyond what the last lot covers is outstanding, and a later lot does not pay for it`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-03-01T00:00:00Z")
        let id = try await tenant.prepaid("1000.00")
        try await tenant.advance(to: "2025-03-02T00:00:00Z")
        try await tenant.pay(id, "5000.00").expect(200)
        // Of a time when only the first lot was there.
        try await tenant.use(id, cost: "1200.00", at: "2025-03-01T12:00:00Z")
        try await tenant.settle()
        let after = try await tenant.subscription(id)
        #expect(after["credit.remaining.amount"] == "5000.00")
        #expect(after["credit.outstanding.amount"] == "200.00")
        #expect(after["state"] == "active")
        try await tenant.invariants()
    }
}
