import TestSupport
import Testing

/// L8: whoever commits first wins, the other finds the new state.
@Suite struct `Several at once` {
    @Test func `twenty who order a trial for one account get one`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let replies = try await atOnce(20) { _ in try await tenant.order("trial", for: account, paying: "1.00") }
        #expect(replies.count { $0.status == 201 } == 1, "\(replies.map { "\($0.status) \($0.code ?? "")" })")
        #expect(replies.allSatisfy { $0.status == 201 || $0.code == "trial_already_used" })
        #expect(try await tenant.get("/v1/subscriptions?account_id=\(account)").list("data").count == 1)
        try await tenant.invariants()
    }

    @Test func `a double click on order, suspend, upgrade or cancel does it once`() async throws {
        let world = try await World.make(.shared)
        let tenant = world.tenant
        let body: Input = ["account_id": "\(world.account)", "offer": "prepaid", "name": "Twice"]
        let orders = try await atOnce(2) { _ in try await tenant.request("POST", "/v1/subscriptions", body, once: .key("order")) }
        #expect(Set(try orders.map { try $0.expect(201).id }).count == 1)
        let suspends = try await atOnce(2) { _ in try await tenant.suspend(world.prepaid, "requested") }
        #expect(suspends.allSatisfy { $0.status == 200 })
        #expect(try await tenant.history(world.prepaid).count { $0.hasPrefix("subscription.suspended") } == 1)
        let upgrades = try await atOnce(2) { _ in try await tenant.upgrade(world.trial, "1000.00") }
        #expect(upgrades.map(\.status).sorted() == [200, 403])
        let cancels = try await atOnce(2) { _ in try await tenant.post("/v1/subscriptions/\(world.enterprise)/cancel") }
        #expect(cancels.allSatisfy { $0.status == 200 })
        #expect(try await tenant.history(world.enterprise).count { $0.hasPrefix("subscription.suspended") } == 1)
        try await tenant.invariants()
    }

    @Test func `people and the clock on one subscription leave whole data behind, whoever was first`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
        let id = try await tenant.prepaid()
        let month = ["02", "03", "04", "05", "06"]
        let replies = try await atOnce(40) { number in
            switch number % 8 {
            case 0: try await tenant.suspend(id, "requested")
            case 1: try await tenant.reactivate(id, "requested")
            case 2: try await tenant.pay(id, "1000.00")
            case 3: try await tenant.post("/v1/test-clock/advance", ["to": "2025-\(month[number / 8])-01T00:00:00Z"])
            case 4: try await tenant.report(tenant.event(id, cost: "300.00", at: "2025-01-01T00:00:00Z"))
            case 5: try await tenant.suspend(id, "operator")
            case 6: try await tenant.reactivate(id, "operator")
            default: try await tenant.request("PATCH", "/v1/subscriptions/\(id)", ["name": "Name \(number)"])
            }
        }
        #expect(
            replies.allSatisfy { [200, 409, 422].contains($0.status) },
            "\(replies.map { "\($0.request) \($0.status) \($0.code ?? "")" })")
        try await tenant.settle()
        try await tenant.invariants()
    }

    @Test func `writers that wait for a hand-over see it whole`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.prepaid()
        let replies = try await atOnce(12) { number in
            number % 2 == 0
                ? try await tenant.request(
                    "PATCH", "/v1/subscriptions/\(id)", ["service_administrator_email": "person\(number)@example.com"])
                : try await tenant.pay(id, "1000.00")
        }
        #expect(
            replies.allSatisfy { $0.status == 200 && $0["service_administrator.id"] != nil },
            "\(replies.map { "\($0.status) \($0.code ?? "")" })")
        #expect(try await tenant.subscription(id)["service_administrator.email"]?.hasPrefix("person") == true)
        try await tenant.invariants()
    }

    @Test func `a payment and the deletion of the same instant: one of the two happened, wholly`() async throws {
        for round in 0..<6 {
            let tenant = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
            let id = try await tenant.prepaid()
            try await tenant.use(id, cost: "1000.00", at: "2025-01-01T00:00:00Z")
            try await tenant.settle()
            try await tenant.advance(to: "2025-03-31T23:59:59.999999Z")
            let replies = try await atOnce(2) { number in
                number == 0
                    ? try await tenant.post("/v1/test-clock/advance", ["to": "2025-04-01T00:00:00Z"])
                    : try await tenant.pay(id, "1000.00")
            }
            let after = try await tenant.subscription(id)
            let paid = replies.contains { $0.request.hasSuffix("payments") && $0.status == 200 }
            #expect(after["state"] == (paid ? "active" : "deleted"), "round \(round)")
            try await tenant.invariants()
        }
    }
}
