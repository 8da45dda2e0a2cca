import TestSupport
import Testing

/// L7, M5, told by the test clock.
@Suite struct `An enterprise subscription` {
    @Test func `draws on the commitment, then on overage, across its enrollment`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-03-01T00:00:00Z")
        let enrollment = try await tenant.enrollment(commitment: "1000.00")
        let account = try await tenant.enterpriseAccount(enrollment)
        let one = try await tenant.order("enterprise", for: account).expect(201).id
        let two = try await tenant.order("enterprise", for: account).expect(201).id
        try await tenant.use(one, cost: "700.004", at: "2025-03-01T00:00:00Z")
        try await tenant.use(two, cost: "299.996", at: "2025-03-01T00:00:00Z")
        try await tenant.settle()
        let full = try await tenant.get("/v1/enrollments/\(enrollment)").expect(200)
        // 700.00 and 300.00: each line rounds once.
        #expect(full["commitment_remaining.amount"] == "0.00")
        #expect(full["overage.amount"] == "0.00")
        try await tenant.use(two, cost: "50.00", at: "2025-03-01T00:00:00Z")
        try await tenant.settle()
        let over = try await tenant.get("/v1/enrollments/\(enrollment)").expect(200)
        #expect(over["overage.amount"] == "50.00")
        #expect(try await tenant.subscription(two)["state"] == "active")
        #expect(try await tenant.subscription(two)["credit"] == nil)
        try await tenant.pay(two, "1000.00").expect(403, "payment_not_allowed_for_offer")
        try await tenant.invariants()
    }

    @Test func `is cancelled, recovered at day 89, and cancelled again is gone after 90 days with its certificate`() async throws
    {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
        let id = try await tenant.enterprise()
        let cancelled = try await tenant.post("/v1/subscriptions/\(id)/cancel", ["reason": "Moving to another region"]).expect(
            200)
        #expect(cancelled.list("suspension_reasons").map(\.string) == ["cancelled"])
        #expect(cancelled["delete_at"] == "2025-04-01T00:00:00Z")
        try await tenant.post("/v1/subscriptions/\(id)/cancel").expect(200)
        try await tenant.advance(to: "2025-03-31T00:00:00Z")
        let back = try await tenant.reactivate(id, "cancelled").expect(200)
        #expect(back["state"] == "active")
        try await tenant.post("/v1/subscriptions/\(id)/cancel").expect(200)
        try await tenant.advance(to: "2025-06-29T00:00:00Z")
        #expect(
            try await tenant.get("/v1/subscriptions/\(id)/deletion-certificate").expect(200)["suspended_at"]
                == "2025-03-31T00:00:00Z")
        // The words of the reason went with the rest.
        #expect(try await !tenant.get("/v1/subscriptions/\(id)/events").expect(200).text.contains("another region"))
        try await tenant.invariants()
    }

    @Test func `a standard prepaid one cannot be cancelled, by nobody`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let id = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        var askers = [tenant.key]
        for role in ["account_admin", "finance", "reader"] { askers.append(try await tenant.accountKey(account, role: role)) }
        for asker in askers {
            try await tenant.post("/v1/subscriptions/\(id)/cancel", as: asker).expect(403, "cancel_not_allowed_for_offer")
            try await tenant.post("/v1/subscriptions/\(id)/reactivate", ["reason": "cancelled"], as: asker)
                .expect(403, "cancel_not_allowed_for_offer")
        }
        // Whoever does not see it learns nothing about it.
        let stranger = try await tenant.accountKey(try await tenant.account("Next door"))
        for (deed, body) in [("cancel", [:] as Input), ("reactivate", ["reason": "cancelled"])] {
            try await tenant.post("/v1/subscriptions/\(id)/\(deed)", body, as: stranger).expect(404, "not_found")
        }
        try await tenant.invariants()
    }
}
