import TestSupport
import Testing

/// B5, B9: what a subscription has used, by the account's own days.
@Suite struct `The usage report` {
    @Test func `counts days in the account's zone, over the last ten unless asked otherwise`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-03-01T00:00:00Z")
        let id = try await tenant.prepaid("5000.00", zone: "America/New_York")
        try await tenant.advance(to: "2025-03-20T16:00:00Z")
        // New York: 9 March has 23 hours. 04:59 UTC on the 9th is still the 8th; 03:59 UTC on the 10th is still the 9th.
        for (time, product) in [
            ("2025-03-09T04:59:59.999999Z", "A"), ("2025-03-09T05:00:00Z", "A"), ("2025-03-10T03:59:59.999999Z", "B"),
            ("2025-03-10T04:00:00Z", "B"),
        ] {
            try await tenant.report(tenant.event(id, cost: "1.001", at: time, product: product)).expect(200)
        }
        let path = "/v1/subscriptions/\(id)/usage"
        // Today − 10 is the 10th: only the last event is of it.
        let recent = try await tenant.get(path).expect(200)
        #expect(recent["from"] == "2025-03-10T04:00:00Z")
        #expect(recent["to"] == "2025-03-21T04:00:00Z")
        #expect(recent["complete"] == "false")
        #expect(recent["total.cost"] == "1.001")
        let all = try await tenant.get("\(path)?from=2025-03-01T00:00:00Z&to=2025-03-20T00:00:00Z").expect(200)
        #expect(
            all.list("data").map {
                "\($0.scalar("date") ?? "") \($0.scalar("product") ?? "") \($0.scalar("cost") ?? "") \($0.scalar("records") ?? "")"
            }
                == ["2025-03-08 A 1.001 1", "2025-03-09 A 1.001 1", "2025-03-09 B 1.001 1", "2025-03-10 B 1.001 1"])
        #expect(all["complete"] == "true")
        let byProduct = try await tenant.get("\(path)?from=2025-03-01T00:00:00Z&group_by=product").expect(200)
        #expect(byProduct.list("data").map { $0.scalar("cost") } == ["2.002", "2.002"])
        #expect(byProduct.list("data").allSatisfy { $0.scalar("date") == nil })
        // Half-open: the end belongs to what comes after it.
        let open = try await tenant.get("\(path)?from=2025-03-09T05:00:00Z&to=2025-03-10T04:00:00Z&group_by=day").expect(200)
        #expect(open["total.cost"] == "2.002")
        try await tenant.get("\(path)?group_by=meter").expect(400, "not_one_of")
        try await tenant.get("\(path)?from=2025-03-10T00:00:00Z&to=2025-03-09T00:00:00Z").expect(400, "range_backwards")
        try await tenant.get("\(path)?from=2020-03-10T00:00:00Z&to=2025-03-09T00:00:00Z").expect(400, "range_too_long")
        try await tenant.invariants()
    }
}
