import TestSupport
import Testing

/// L6, told by the test clock.
@Suite struct `A trial's life` {
    @Test
    func `1.00 buys 1500.00 for a month, used up it is suspended at settlement, and an upgrade lifts it with its debt waived`()
        async throws
    {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-31T10:00:00Z")
        let id = try await tenant.trial()
        let bought = try await tenant.subscription(id)
        #expect(bought["state"] == "active")
        #expect(bought["credit.remaining.amount"] == "1500.00")
        // 31 January + 1 month is the last of February, in the account's zone.
        #expect(bought["credit.expires_at"] == "2025-02-28T10:00:00Z")
        #expect(bought["credit.days_left"] == "28")

        try await tenant.advance(to: "2025-02-01T00:00:00Z")
        try await tenant.use(id, cost: "1499.99", at: "2025-01-31T23:00:00Z")
        try await tenant.settle()
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "0.01")
        #expect(try await tenant.subscription(id)["state"] == "active")
        try await tenant.use(id, cost: "0.51", at: "2025-01-31T23:30:00Z")
        try await tenant.settle()

        let used = try await tenant.subscription(id)
        #expect(used["state"] == "suspended")
        #expect(used.list("suspension_reasons").map(\.string) == ["credit_exhausted"])
        #expect(used["credit.outstanding.amount"] == "0.50")
        #expect(used["suspended_at"] == "2025-02-01T00:00:00Z")
        // 15 days of 24 hours for a trial.
        #expect(used["delete_at"] == "2025-02-16T00:00:00Z")

        try await tenant.pay(id, "1000.00").expect(403, "upgrade_required")
        try await tenant.reactivate(id, "credit_exhausted").expect(409, "reason_requires_payment")
        try await tenant.upgrade(id, "999.99").expect(422, "payment_below_minimum")
        let upgraded = try await tenant.upgrade(id, "1000.00").expect(200)
        #expect(upgraded["offer"] == "prepaid")
        #expect(upgraded["state"] == "active")
        #expect(upgraded["credit.outstanding.amount"] == "0.00")
        #expect(upgraded["credit.remaining.amount"] == "1000.00")
        #expect(upgraded["services_configured"] == "false")
        #expect(
            try await tenant.history(id) == [
                "subscription.created", "subscription.activated", "subscription.suspended credit_exhausted",
                "subscription.upgraded",
                "subscription.reactivated credit_exhausted",
            ])
        try await tenant.invariants()
    }

    @Test func `suspended it is upgraded on day 14, up to the last microsecond of day 15, and not at the deadline`() async throws
    {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-03-10T08:00:00Z")
        let (early, late) = (try await tenant.trial(), try await tenant.trial())
        for id in [early, late] { try await tenant.use(id, cost: "20.00", at: "2025-03-10T08:00:00Z") }
        try await tenant.advance(to: "2025-04-10T08:00:00Z")
        let suspended = try await tenant.subscription(early)
        #expect(suspended["state"] == "suspended" && suspended["delete_at"] == "2025-04-25T08:00:00Z")
        try await tenant.use(early, cost: "1.00", at: "2025-04-10T07:59:59Z")

        // Day 14: what it used stays its history, its deadline is cleared, and its credit is the payment's alone.
        try await tenant.advance(to: "2025-04-24T08:00:00Z")
        let upgraded = try await tenant.upgrade(early, "1000.00").expect(200)
        #expect(upgraded["offer"] == "prepaid" && upgraded["state"] == "active" && upgraded["delete_at"] == nil)
        #expect(upgraded["credit.remaining.amount"] == "1000.00" && upgraded["credit.expires_at"] == "2026-04-24T08:00:00Z")
        #expect(upgraded["services_configured"] == "false")

        try await tenant.advance(to: "2025-04-25T07:59:59.999999Z")
        try await tenant.upgrade(late, "999.99").expect(422, "payment_below_minimum")
        try await tenant.advance(to: "2025-04-25T08:00:00Z")
        try await tenant.upgrade(late, "1000.00").expect(409)
        #expect(try await tenant.subscription(late)["state"] == "deleted")
        try await tenant.get("/v1/subscriptions/\(late)/deletion-certificate").expect(200)
        // The one that was upgraded outlives the deadline that it had.
        #expect(try await tenant.subscription(early)["state"] == "active")
        try await tenant.invariants()
    }

    @Test func `left alone it expires after its month and is deleted on day 15 with a certificate`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-03-10T08:00:00Z")
        let id = try await tenant.trial()
        try await tenant.use(id, cost: "20.00", at: "2025-03-10T08:00:00Z")
        try await tenant.get("/v1/subscriptions/\(id)/deletion-certificate").expect(404)
        try await tenant.advance(to: "2025-04-10T08:00:00Z")
        let expired = try await tenant.subscription(id)
        #expect(expired.list("suspension_reasons").map(\.string) == ["credit_expired"])
        #expect(expired["delete_at"] == "2025-04-25T08:00:00Z")
        #expect(try await tenant.get("/v1/subscriptions/\(id)/entitlement")["entitled"] == "false")

        let ran = try await tenant.advance(to: "2025-04-25T08:00:00Z")
        #expect(ran["ran.subscription_deletion"] == "1")
        let gone = try await tenant.subscription(id)
        #expect(gone["state"] == "deleted")
        #expect(gone["name"] == nil)
        #expect(gone["service_administrator.id"] == nil)
        let certificate = try await tenant.get("/v1/subscriptions/\(id)/deletion-certificate").expect(200)
        #expect(certificate["rule"] == "L2")
        #expect(certificate["deleted_at"] == "2025-04-25T08:00:00Z")
        #expect(certificate["suspended_at"] == "2025-04-10T08:00:00Z")
        #expect(certificate["erased.usage_events"] == "1")
        #expect(certificate["erased.usage_records"] == "1")
        #expect(certificate.list("reasons").map(\.string) == ["credit_expired"])
        try await tenant.upgrade(id, "1000.00").expect(409, "subscription_deleted")
        try await tenant.invariants()
    }

    @Test func `may be upgraded before its end, keeps its lot until then, and there is one per account ever`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-05-01T00:00:00Z")
        let account = try await tenant.account()
        try await tenant.order("trial", for: account, paying: "2.00").expect(422, "payment_above_maximum")
        try await tenant.order("trial", for: account, paying: "0.99").expect(422, "payment_below_minimum")
        let id = try await tenant.order("trial", for: account, paying: "1.00").expect(201).id
        let upgraded = try await tenant.upgrade(id, "5000.00").expect(200)
        #expect(upgraded["credit.remaining.amount"] == "6500.00")
        #expect(upgraded.list("credit.lots").count == 2)
        #expect(upgraded["services_configured"] == "true")
        try await tenant.upgrade(id, "5000.00").expect(403, "upgrade_not_allowed_for_offer")
        try await tenant.order("trial", for: account, paying: "1.00").expect(409, "trial_already_used")

        // Day 60: the trial's lot is gone, the bought one pays; the trial's lot paid first while it lived.
        try await tenant.use(id, cost: "100.00", at: "2025-05-01T00:01:00Z")
        try await tenant.advance(to: "2025-06-30T00:00:00Z")
        let later = try await tenant.subscription(id)
        #expect(later["state"] == "active")
        #expect(later["credit.remaining.amount"] == "5000.00")
        try await tenant.invariants()
    }
}
