import App
import TestSupport
import Testing

/// What an agreement's administrators are written to about, told by the test clock.
@Suite struct `Letters about an agreement` {
    /// An agreement with two administrators, one of whom reads Chinese.
    private func agreement(_ tenant: TestTenant, commitment: String = "1000.00", endsOn: String = "2028-01-01") async throws
        -> (id: String, readers: [String])
    {
        let readers = ["one", "two"].map { "\(tenant.bursar.uniqueName($0))@example.com" }
        let id = try await tenant.post(
            "/v1/enrollments",
            [
                "number": "\(tenant.bursar.uniqueName("EA"))", "name": "Rail 2025", "currency": "CNY",
                "commitment": ["amount": "\(commitment)", "currency": "CNY"], "starts_on": "2025-01-01", "ends_on": "\(endsOn)",
                "administrator": ["email": "\(readers[0])"],
            ]
        ).expect(201).id
        try await tenant.post(
            "/v1/members", ["enrollment_id": "\(id)", "email": "\(readers[1])", "role": "enterprise_admin"]
        ).expect(201)
        // The second accepts: the role is hers, not only promised.
        try tenant.force("update users set locale = 'zh-Hans' where tenant_id = $tenant and email = '\(readers[1])'")
        return (id, readers)
    }

    @Test func `come once each when the commitment passes 50, 80 and 100 percent`() async throws {
        let tenant = try await TestBursar.shared.tenant("used", clock: "2025-03-01T00:00:00Z")
        let (enrollment, readers) = try await agreement(tenant)
        let browser = Browser(tenant.bursar)
        try await browser.accept(try tenant.secretPath("invitation", to: readers[1]))
        let id = try await tenant.order("enterprise", for: tenant.enterpriseAccount(enrollment)).expect(201).id
        func told() async throws -> [String] { try await tenant.mails("commitment_used").compactMap(\.email).sorted() }
        for (cost, letters) in [
            ("499.99", 0), ("0.01", 1), ("100.00", 1), ("250.00", 2), ("149.99", 2), ("0.01", 3), ("500.00", 3),
        ] {
            try await tenant.use(id, cost: cost, at: "2025-03-01T00:00:00Z")
            try await tenant.settle()
            #expect(try await told() == (readers.flatMap { Array(repeating: $0, count: letters) }).sorted(), "after \(cost)")
        }
        let mails = try await tenant.mails("commitment_used")
        let english = mails.filter { $0.email == readers[0] }
        #expect(english.map(\.subject) == [50, 80, 100].map { "Rail 2025: \($0) % of the commitment is used" })
        #expect(try #require(english[0].text).contains("CN¥500.00 is left") && !english[0].text!.contains("overage"))
        #expect(try #require(english[1].text).contains("CN¥150.00 is left"))
        #expect(try #require(english[2].text).contains("CN¥0.00 so far") && !english[2].text!.contains("is left"))
        #expect(try #require(english[2].html).contains("/enrollments/\(enrollment)"))
        let chinese = try #require(mails.last { $0.email == readers[1] })
        #expect(chinese.language == "zh-Hans" && chinese.subject == "Rail 2025：承诺额已使用 100%")
        try await tenant.invariants()
    }

    @Test func `of several thresholds passed at once name the highest, and an empty commitment has none`() async throws {
        let tenant = try await TestBursar.shared.tenant("used", clock: "2025-03-01T00:00:00Z")
        let (enrollment, readers) = try await agreement(tenant)
        let id = try await tenant.order("enterprise", for: tenant.enterpriseAccount(enrollment)).expect(201).id
        for cost in ["850.00", "50.00", "300.00"] {
            try await tenant.use(id, cost: cost, at: "2025-03-01T00:00:00Z")
            try await tenant.settle()
        }
        let subjects = try await tenant.mails("commitment_used").filter { $0.email == readers[0] }.compactMap(\.subject)
        #expect(subjects == [80, 100].map { "Rail 2025: \($0) % of the commitment is used" })
        // Nobody is written to about an agreement that commits to nothing.
        let (free, _) = try await agreement(tenant, commitment: "0.00")
        let other = try await tenant.order("enterprise", for: tenant.enterpriseAccount(free)).expect(201).id
        try await tenant.use(other, cost: "10.00", at: "2025-03-01T00:00:00Z")
        try await tenant.settle()
        #expect(try await tenant.mails("commitment_used").count == 2)
        try await tenant.invariants()
    }

    @Test func `are in the language and with the clock of the reader's own account, as her other letters are`() async throws {
        // The provider's tenant is Chinese; the agreement's administrator has said nothing of her own.
        let tenant = try await TestBursar.shared.tenant("used", clock: "2025-03-01T00:00:00Z", locale: "zh-Hans")
        let reader = "\(tenant.bursar.uniqueName("keller"))@example.com"
        func agreement() async throws -> String {
            try await tenant.post(
                "/v1/enrollments",
                [
                    "number": "\(tenant.bursar.uniqueName("EA"))", "name": "Alpine", "currency": "CNY",
                    "commitment": ["amount": "1000.00", "currency": "CNY"], "starts_on": "2025-01-01", "ends_on": "2025-04-15",
                    "administrator": ["email": "\(reader)"],
                ]
            ).expect(201).id
        }
        let enrollment = try await agreement()
        // Somebody invited before there is any account is written to in the tenant's language.
        let other = "\(tenant.bursar.uniqueName("other"))@example.com"
        try await tenant.post(
            "/v1/members", ["enrollment_id": "\(enrollment)", "email": "\(other)", "role": "enterprise_admin"]
        ).expect(201)
        let invitation = try #require(try await tenant.mails("invitation").last { $0.email == other })
        #expect(invitation.language == "zh-Hans" && invitation.text?.contains("（真实时间）") == true)
        let account = try await tenant.enterpriseAccount(enrollment, zone: "Europe/Zurich")
        let id = try await tenant.order("enterprise", for: account).expect(201).id
        try await tenant.use(id, cost: "500.00", at: "2025-03-01T00:00:00Z")
        try await tenant.settle()
        try await tenant.advance(to: "2025-03-20T00:00:00Z")
        for kind in ["commitment_used", "term_ends"] {
            let letter = try #require(try await tenant.mails(kind).last { $0.email == reader }, "\(kind)")
            #expect(letter.language == "en", "\(kind)")
            #expect(letter.text?.contains("Europe/Zurich") == true && letter.text?.contains("Shanghai") == false, "\(kind)")
        }
        // Her own wish stands before the account's.
        try tenant.force("update users set locale = 'zh-Hans' where tenant_id = $tenant and email = '\(reader)'")
        try await tenant.use(id, cost: "300.00", at: "2025-03-20T00:00:00Z")
        try await tenant.settle()
        let own = try #require(try await tenant.mails("commitment_used").last { $0.email == reader })
        #expect(own.language == "zh-Hans" && own.text?.contains("Europe/Zurich") == true)
    }

    @Test func `come 60 and 30 days before the term ends, in the tenant's zone, and never again`() async throws {
        let tenant = try await TestBursar.shared.tenant("term", clock: "2025-01-01T00:00:00Z")
        let (enrollment, readers) = try await agreement(tenant, endsOn: "2025-04-01")
        func told() async throws -> [String] {
            try await tenant.mails("term_ends").filter { $0.email == readers[0] }.map { "\($0.at) \($0.subject ?? "")" }
        }
        // In Shanghai 31 January begins at four in the afternoon of the day before.
        try await tenant.advance(to: "2025-01-30T15:59:59Z")
        #expect(try await told() == [])
        try await tenant.advance(to: "2025-02-15T00:00:00Z")
        #expect(try await told() == ["2025-01-30T16:00:00Z Rail 2025 ends in 60 days"])
        // One jump across the second letter and the end brings the second alone.
        try await tenant.advance(to: "2025-06-01T00:00:00Z")
        #expect(
            try await told() == [
                "2025-01-30T16:00:00Z Rail 2025 ends in 60 days", "2025-03-01T16:00:00Z Rail 2025 ends in 30 days",
            ])
        let mail = try #require(try await tenant.mails("term_ends").last { $0.email == readers[0] })
        #expect(try #require(mail.text).contains("1 April 2025") && mail.text!.contains("/enrollments/\(enrollment)"))
        try await tenant.invariants()
    }
}
