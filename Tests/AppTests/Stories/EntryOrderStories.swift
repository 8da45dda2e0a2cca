import App
import Loop
import TestSupport
import Testing
import Values

/// M3, 12: what was posted later stands later, also within one instant of a clock that stands still.
@Suite struct `Entries of one instant` {
    @Test func `that one transaction makes stand in the order in which it made them`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let context = tenant.serverContext
        let ids = try await tenant.bursar.instance.loop.run {
            try await context.work { write in (0..<5_000).map { _ in write.newID(LedgerEntryID.self) } }
        }
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
        #expect(Set(ids).count == ids.count)
    }

    @Test func `stand on the account's timeline in the order in which they were paid`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
        let account = try await tenant.account()
        let id = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        for step in 1...12 { try await tenant.pay(id, "\(1_000 + step).00").expect(200) }
        let money = try await tenant.get("/v1/accounts/\(account)/timeline?limit=100").expect(200).list("data")
            .filter { $0.scalar("kind") == "money" }
        #expect(money.map { $0.scalar("amount.amount") ?? "" } == (0...12).reversed().map { "\(1_000 + $0).00" })
        // Each shows what was there after it, so each is what was there before it and its own amount.
        var credit = 0
        for (step, entry) in money.reversed().enumerated() {
            credit += 1_000 + step
            #expect(entry.scalar("balance.amount") == "\(credit).00")
        }
    }
}
