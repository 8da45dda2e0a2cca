import App
import TestSupport
import Testing
import Values

@Suite struct `A Monday's balance notice` {
    @Test(arguments: [
        // Clocks go forward on 9 March 2025 in New York; Shanghai has kept its time since 1991.
        ("America/New_York", ["2025-03-03T13:00:00Z", "2025-03-10T12:00:00Z", "2025-03-17T12:00:00Z"]),
        ("Asia/Shanghai", ["2025-03-03T00:00:00Z", "2025-03-10T00:00:00Z", "2025-03-17T00:00:00Z"]),
    ])
    func `comes every Monday at eight in the account's zone, once, across a change of the clocks`(
        zone: String, expected: [String]
    ) async throws {
        let tenant = try await TestBursar.shared.tenant("monday", clock: "2025-02-26T12:00:00Z")
        let id = try await tenant.prepaid("1000.00", zone: zone)
        try await tenant.use(id, cost: "12.345", at: "2025-02-26T12:00:00Z")
        try await tenant.advance(to: "2025-03-20T00:00:00Z")
        let notices = try await tenant.mails("balance_notice")
        #expect(notices.map(\.at) == expected)
        #expect(try #require(notices[0].text).contains("CN¥12.35"))
        #expect(try #require(notices[0].text).contains("CN¥987.65"))
        #expect(try #require(notices[1].text).contains("Cost of the past week, from 3 March 2025 to 9 March 2025: CN¥0.00."))
        // Going on brings the next one and none again.
        try await tenant.advance(to: "2025-03-24T20:00:00Z")
        #expect(try await tenant.mails("balance_notice").count == 4)
        try await tenant.invariants()
    }

    @Test func `lists trial and prepaid, and none comes for an enterprise account or after the last one is gone`() async throws {
        let tenant = try await TestBursar.shared.tenant("monday", clock: "2025-01-01T00:00:00Z")
        let trial = try await tenant.trial()
        _ = try await tenant.enterprise()
        try await tenant.advance(to: "2025-04-30T00:00:00Z")
        let notices = try await tenant.mails("balance_notice")
        // The trial ends on 1 February and is deleted on 16 February.
        #expect(
            notices.map { String($0.at.prefix(10)) } == [
                "2025-01-06", "2025-01-13", "2025-01-20", "2025-01-27", "2025-02-03", "2025-02-10",
            ])
        #expect(try await tenant.subscription(trial)["state"] == "deleted")
    }
}

@Suite struct `A warning of low credit` {
    @Test func `comes once when a tenth is left, and again only after more was bought`() async throws {
        let tenant = try await TestBursar.shared.tenant("low", clock: "2025-01-01T00:00:00Z")
        let id = try await tenant.prepaid("1000.00")
        try await tenant.use(id, cost: "899.99", at: "2025-01-01T00:00:00Z")
        try await tenant.settle()
        #expect(try await tenant.mails("credit_low").isEmpty)
        for cost in ["0.01", "10.00", "20.00"] {
            try await tenant.use(id, cost: cost, at: "2025-01-01T00:00:00Z")
            try await tenant.settle()
        }
        let first = try await tenant.mails("credit_low")
        #expect(first.count == 1)
        #expect(try #require(first[0].text).contains("CN¥100.00"))
        #expect(try #require(first[0].text).contains("cannot be backed up"))
        try await tenant.advance(to: "2025-01-02T00:00:00Z")
        try await tenant.pay(id, "1000.00").expect(200)
        try await tenant.use(id, cost: "900.00", at: "2025-01-02T00:00:00Z")
        try await tenant.settle()
        #expect(try await tenant.mails("credit_low").count == 2)
        try await tenant.invariants()
    }

    @Test func `comes once 30 days before the last credit ends, and 7 in a trial`() async throws {
        let tenant = try await TestBursar.shared.tenant("low", clock: "2025-01-01T00:00:00Z")
        _ = try await tenant.prepaid("1000.00")
        _ = try await tenant.trial()
        try await tenant.advance(to: "2025-01-25T00:00:00Z")
        #expect(try #require(try await tenant.mails("credit_expiring").first?.subject).contains("7 days"))
        try await tenant.advance(to: "2025-12-31T00:00:00Z")
        let warnings = try await tenant.mails("credit_expiring")
        // In Shanghai the trial ends on 1 February at eight, the year on 1 January.
        #expect(warnings.map(\.at) == ["2025-01-24T16:00:00Z", "2025-12-01T16:00:00Z"])
        #expect(try #require(warnings[1].subject).contains("30 days"))
        try await tenant.invariants()
    }
}

@Suite struct `The countdown to a deletion` {
    @Test func `is told 30, 14, 7 and 1 days before, then the deletion with its certificate`() async throws {
        let tenant = try await TestBursar.shared.tenant("count", clock: "2025-01-01T00:00:00Z")
        let id = try await tenant.prepaid()
        try await tenant.suspend(id, "requested").expect(200)
        try await tenant.advance(to: "2025-03-31T23:59:59Z")
        let told = try await tenant.mails("deletion_countdown")
        #expect(
            told.map(\.at) == ["2025-03-02T00:00:00Z", "2025-03-18T00:00:00Z", "2025-03-25T00:00:00Z", "2025-03-31T00:00:00Z"])
        #expect(try told.map { try #require($0.subject) }.last?.contains("1 day") == true)
        #expect(try #require(told[0].text).contains("2025-04-01 08:00"))
        try await tenant.advance(to: "2025-04-02T00:00:00Z")
        let all = try await tenant.mails()
        // What was told of it has lost its words and addresses; that it was told has not.
        #expect(all.filter { $0.kind == "deletion_countdown" }.count == 4)
        #expect(
            all.filter { $0.kind != "deleted" && $0.kind != "balance_notice" }.allSatisfy {
                $0.email == nil && $0.text == nil && $0.subject == nil
            })
        let deleted = try #require(all.first { $0.kind == "deleted" })
        #expect(deleted.at == "2025-04-01T00:00:00Z")
        #expect(try #require(deleted.text).contains(id))
        let certificate = try await tenant.get("/v1/subscriptions/\(id)/deletion-certificate").expect(200)
        #expect(try #require(deleted.text).contains(try #require(certificate["sha256"])))
        #expect(certificate["erased.mails"] != "0")
        try await tenant.invariants()
    }

    @Test func `of a trial is told 14, 7 and 1 days before`() async throws {
        let tenant = try await TestBursar.shared.tenant("count", clock: "2025-01-01T00:00:00Z")
        _ = try await tenant.trial()
        try await tenant.advance(to: "2025-02-15T23:00:00Z")
        #expect(
            try await tenant.mails("deletion_countdown").map(\.at) == [
                "2025-02-02T00:00:00Z", "2025-02-09T00:00:00Z", "2025-02-15T00:00:00Z",
            ])
        let suspended = try await tenant.mails("suspended")
        #expect(suspended.count == 1)
        #expect(try #require(suspended[0].text).contains("upgrade to prepaid with at least CN¥1,000.00"))
        #expect(try #require(suspended[0].text).contains("cannot be backed up"))
    }

    @Test func `ends when the subscription comes back, and begins anew with another suspension`() async throws {
        let tenant = try await TestBursar.shared.tenant("count", clock: "2025-01-01T00:00:00Z")
        let id = try await tenant.prepaid()
        try await tenant.suspend(id, "requested").expect(200)
        try await tenant.advance(to: "2025-03-05T00:00:00Z")
        try await tenant.reactivate(id, "requested").expect(200)
        try await tenant.advance(to: "2025-05-01T00:00:00Z")
        #expect(try await tenant.mails("deletion_countdown").count == 1)
        #expect(try await tenant.mails("reactivated").count == 1)
        try await tenant.suspend(id, "requested").expect(200)
        try await tenant.advance(to: "2025-07-01T00:00:00Z")
        #expect(try await tenant.mails("deletion_countdown").count == 2)
        #expect(try await tenant.mails("suspended").count == 2)
        try await tenant.invariants()
    }
}
