import App
import TestSupport
import Testing

/// A customer pays by bank transfer; the operator says what has arrived.
@Suite struct `A bank transfer` {
    private func story(_ bought: String = "1000.00") async throws -> (TestTenant, String) {
        let tenant = try await TestBursar.shared.tenant()
        try await tenant.bankAccount()
        return (tenant, try await tenant.prepaid(bought))
    }

    @Test func `of the exact amount becomes credit when the operator confirms it`() async throws {
        let (tenant, id) = try await story()
        let payment = try await tenant.transfer(id, "2000.00")
        let asked = try await tenant.payment(payment.id)
        #expect(asked["expires_at"] == "2025-01-15T00:00:00Z")
        #expect(asked["bank_account.account_holder"] == "Northwind Cloud")
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "1000.00")
        let arrived = try await tenant.remittance("2000.00", words: "invoice \(payment.reference)", payer: "Harbour")
        #expect(arrived["reference"] == payment.reference)
        #expect(arrived["status"] == "unmatched")
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "1000.00")
        try await tenant.invariants()
        let matched = try await tenant.match(arrived.id, payment.id).expect(200)
        #expect(matched["status"] == "matched")
        #expect(matched["payment.status"] == "succeeded")
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "3000.00")
        let paid = try await tenant.payment(payment.id)
        #expect(paid["received.amount"] == "2000.00")
        #expect(paid["order_id"] != nil)
        #expect(paid["bank_account"] == nil)
        try await tenant.match(arrived.id, payment.id).expect(409, "remittance_spent")
        try await tenant.invariants()
    }

    @Test func `in parts is added up, and pays with the last of them`() async throws {
        let (tenant, id) = try await story()
        let payment = try await tenant.transfer(id, "2000.00")
        for (amount, received, status) in [
            ("500.00", "500.00", "pending"), ("1499.99", "1999.99", "pending"), ("0.01", "2000.00", "succeeded"),
        ] {
            let arrived = try await tenant.remittance(amount)
            let matched = try await tenant.match(arrived.id, payment.id).expect(200)
            #expect(matched["payment.received.amount"] == received)
            #expect(matched["payment.status"] == status)
            try await tenant.invariants()
        }
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "3000.00")
    }

    @Test func `of more than was asked for credits what was asked for; the rest is held, given to another payment or returned`()
        async throws
    {
        let (tenant, id) = try await story()
        let (first, second) = (try await tenant.transfer(id, "1000.00"), try await tenant.transfer(id, "1000.00"))
        let arrived = try await tenant.remittance("2500.00", words: first.reference)
        let matched = try await tenant.match(arrived.id, first.id).expect(200)
        #expect(matched["status"] == "surplus")
        #expect(matched["unallocated.amount"] == "1500.00")
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "2000.00")
        #expect(try await tenant.match(arrived.id, second.id).expect(200)["unallocated.amount"] == "500.00")
        let returned = try await tenant.post("/v1/remittances/\(arrived.id)/return", ["note": "sent back"]).expect(200)
        #expect(returned["status"] == "returned")
        #expect(returned["returned.amount"] == "500.00")
        try await tenant.post("/v1/remittances/\(arrived.id)/return", ["note": "again"]).expect(409, "remittance_spent")
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "3000.00")
        try await tenant.invariants()
    }

    @Test func `that does not come expires at its instant; money in part is held again, and late money still pays`() async throws
    {
        let (tenant, id) = try await story()
        let payment = try await tenant.transfer(id, "1500.00")
        let part = try await tenant.remittance("600.00", words: payment.reference)
        try await tenant.match(part.id, payment.id).expect(200)
        try await tenant.advance(to: "2025-01-14T23:59:59.999999Z")
        #expect(try await tenant.payment(payment.id)["status"] == "pending")
        try await tenant.advance(to: "2025-01-15T00:00:00Z")
        let expired = try await tenant.payment(payment.id)
        #expect(expired["status"] == "expired")
        #expect(expired["received.amount"] == "0.00" && expired["held.amount"] == "600.00")
        #expect(try await tenant.get("/v1/remittances/\(part.id)").expect(200)["status"] == "unmatched")
        // Who waited for it is told what became of the part.
        let letter = try #require(try await tenant.mails("payment_expired").first)
        let words = try #require(letter.text)
        #expect(words.contains("CN¥600.00 had arrived in part. CN¥600.00 is held for you"), "\(words)")
        #expect(try #require(letter.html).contains("CN¥600.00 is held for you"))
        try await tenant.invariants()
        // Late and in part: it waits again. Late and whole: it pays.
        let again = try await tenant.match(part.id, payment.id).expect(200)
        #expect(again["payment.status"] == "pending" && again["payment.held.amount"] == "0.00")
        #expect(again["payment.expires_at"] == "2025-01-29T00:00:00Z")
        try await tenant.invariants()
        try await tenant.advance(to: "2025-02-01T00:00:00Z")
        #expect(try await tenant.payment(payment.id)["status"] == "expired")
        let late = try await tenant.remittance("1500.00", words: payment.reference)
        #expect(try await tenant.match(late.id, payment.id).expect(200)["payment.status"] == "succeeded")
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "2500.00")
        try await tenant.invariants()
    }

    @Test func `in part is in the log with what arrived, not with what was asked for`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        try await tenant.bankAccount()
        let payment = try await tenant.transfer(story.subscription, "20000.00")
        for amount in ["8000.00", "500.00"] {
            let part = try await tenant.remittance(amount, words: payment.reference)
            try await tenant.match(part.id, payment.id).expect(200)
        }
        let events = try await tenant.get("/v1/audit-events?action=payment.part_received").expect(200).list("data")
        #expect(events.map { $0.scalar("before.received.amount") } == ["8000.00", "0.00"])
        #expect(events.map { $0.scalar("after.received.amount") } == ["8500.00", "8000.00"])
        let browser = try await story.person("account_admin")
        let page = "/accounts/\(story.account)/audit?action=payment.part_received"
        for (language, words) in [("en", "of <span class=\"money\">CN¥20,000.00</span> asked for"), ("zh-Hans", "应付共")] {
            let told = try await browser.get("\(page)&lang=\(language)").expect(200).text
            #expect(told.contains(words) && told.contains("8,000.00</ins>") && told.contains("8,500.00</ins>"), "\(language)")
        }
        #expect(try await browser.get("\(page)&format=csv").expect(200).text.contains("8500.00"))
    }

    @Test func `in part is told of by the payment that it was released from last, once, until it is given away or sent back`()
        async throws
    {
        let (tenant, id) = try await story()
        let (first, second) = (try await tenant.transfer(id, "1500.00"), try await tenant.transfer(id, "1200.00"))
        func held() async throws -> [String?] {
            [try await tenant.payment(first.id)["held.amount"], try await tenant.payment(second.id)["held.amount"]]
        }
        let part = try await tenant.remittance("600.00", words: first.reference)
        try await tenant.match(part.id, first.id).expect(200)
        let dry = try await tenant.post("/v1/payments/\(first.id)/cancel?dry_run=true").expect(200)
        #expect(dry["held.amount"] == "600.00")
        #expect(try await held() == ["0.00", "0.00"])
        #expect(try await tenant.post("/v1/payments/\(first.id)/cancel").expect(200)["held.amount"] == "600.00")
        #expect(try await held() == ["600.00", "0.00"])
        try await tenant.match(part.id, second.id).expect(200)
        #expect(try await held() == ["0.00", "0.00"])
        #expect(try await tenant.post("/v1/payments/\(second.id)/cancel").expect(200)["held.amount"] == "600.00")
        #expect(try await held() == ["0.00", "600.00"])
        try await tenant.post("/v1/remittances/\(part.id)/return", ["note": "sent back"]).expect(200)
        #expect(try await held() == ["0.00", "0.00"])
        try await tenant.invariants()
    }

    @Test func `that comes while the subscription is suspended for want of credit brings it back`() async throws {
        let (tenant, id) = try await story()
        let payment = try await tenant.transfer(id, "2000.00")
        try await tenant.use(id, cost: "1200.00", at: "2025-01-01T00:00:00Z")
        try await tenant.settle()
        #expect(try await tenant.subscription(id)["state"] == "suspended")
        let arrived = try await tenant.remittance("2000.00")
        try await tenant.match(arrived.id, payment.id).expect(200)
        let after = try await tenant.subscription(id)
        #expect(after["state"] == "active")
        #expect(after["credit.remaining.amount"] == "1800.00")
        #expect(try await tenant.payment(payment.id)["debt_paid.amount"] == "200.00")
        try await tenant.invariants()
    }

    @Test func `that comes after the subscription is gone is refused in words and goes back`() async throws {
        let (tenant, id) = try await story()
        let payment = try await tenant.transfer(id, "2000.00")
        let part = try await tenant.remittance("500.00", payer: "Somebody")
        try await tenant.match(part.id, payment.id).expect(200)
        try await tenant.suspend(id, "requested").expect(200)
        try await tenant.advance(to: "2025-04-01T00:00:00Z")
        #expect(try await tenant.subscription(id)["state"] == "deleted")
        #expect(try await tenant.payment(payment.id)["status"] == "expired")
        let arrived = try await tenant.remittance("2000.00", words: payment.reference, payer: "Somebody")
        try await tenant.match(arrived.id, payment.id).expect(409, "subscription_deleted")
        try await tenant.post("/v1/remittances/\(arrived.id)/return", ["note": "gone"]).expect(200)
        // Whose payment it was is known of the first one; once it is back nothing of the sender's is left.
        let back = try await tenant.post("/v1/remittances/\(part.id)/return", ["note": "gone"]).expect(200)
        #expect(back["payer"] == nil)
        try await tenant.invariants()
    }

    @Test func `is the first payment of an order, and lapses with it`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        try await tenant.bankAccount(days: 30)
        let account = try await tenant.account()
        func order() async throws -> Reply {
            try await tenant.post(
                "/v1/subscriptions",
                [
                    "account_id": "\(account)", "offer": "prepaid", "name": "By bank",
                    "payment": ["method": "bank_transfer", "amount": ["amount": "1000.00", "currency": "CNY"]],
                ]
            ).expect(201)
        }
        let (paid, unpaid) = (try await order(), try await order())
        #expect(paid["state"] == "pending")
        #expect(paid["payment.status"] == "pending")
        // Waited for no longer than the order itself (L11).
        #expect(paid["payment.expires_at"] == "2025-01-15T00:00:00Z")
        let arrived = try await tenant.remittance("1000.00")
        try await tenant.match(arrived.id, paid["payment.id"] ?? "").expect(200)
        #expect(try await tenant.subscription(try paid.id)["state"] == "active")
        try await tenant.advance(to: "2025-01-15T00:00:00Z")
        #expect(try await tenant.subscription(try unpaid.id)["state"] == "deleted")
        #expect(try await tenant.payment(unpaid["payment.id"] ?? "")["status"] == "expired")
        try await tenant.invariants()
    }

    @Test func `upgrades a trial when it arrives`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        try await tenant.bankAccount()
        let id = try await tenant.trial()
        let asked = try await tenant.post(
            "/v1/subscriptions/\(id)/upgrade",
            ["payment": ["method": "bank_transfer", "amount": ["amount": "1000.00", "currency": "CNY"]]]
        ).expect(200)
        #expect(asked["offer"] == "trial")
        let arrived = try await tenant.remittance("1000.00")
        try await tenant.match(arrived.id, asked["payment.id"] ?? "").expect(200)
        let after = try await tenant.subscription(id)
        #expect(after["offer"] == "prepaid")
        #expect(after["credit.remaining.amount"] == "2500.00")
        try await tenant.invariants()
    }

    @Test func `given up by the customer waits for nothing; money that comes all the same goes back`() async throws {
        let (tenant, id) = try await story()
        let payment = try await tenant.transfer(id, "2000.00")
        let part = try await tenant.remittance("500.00")
        try await tenant.match(part.id, payment.id).expect(200)
        let account = try await tenant.subscription(id)["account_id"] ?? ""
        let reader = try await tenant.accountKey(account, role: "reader")
        try await tenant.post("/v1/payments/\(payment.id)/cancel", as: reader).expect(403, "role_forbids")
        let finance = try await tenant.accountKey(account, role: "finance")
        #expect(try await tenant.post("/v1/payments/\(payment.id)/cancel", as: finance).expect(200)["status"] == "cancelled")
        try await tenant.post("/v1/payments/\(payment.id)/cancel", as: finance).expect(409, "payment_not_pending")
        try await tenant.match(part.id, payment.id).expect(409, "payment_not_waiting")
        #expect(try await tenant.get("/v1/remittances/\(part.id)").expect(200)["unallocated.amount"] == "500.00")
        try await tenant.invariants()
    }

    @Test func `is not offered in a currency without a bank account, nor written down in one, nor twice under one number`()
        async throws
    {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.prepaid()
        let before = try tenant.fingerprint()
        let wish: Input = ["method": "bank_transfer", "amount": ["amount": "1000.00", "currency": "CNY"]]
        try await tenant.post("/v1/subscriptions/\(id)/payments", wish).expect(422, "payment_method_not_offered")
        try await tenant.post("/v1/remittances", TestTenant.remittanceBody("1.00", number: "1")).expect(422, "no_bank_account")
        #expect(try tenant.fingerprint().differences(from: before) == [])
        try await tenant.bankAccount()
        try await tenant.post("/v1/remittances", TestTenant.remittanceBody("1.00", number: "1")).expect(201)
        try await tenant.post("/v1/remittances", TestTenant.remittanceBody("1.00", number: "1")).expect(
            409, "remittance_already_recorded")
        try await tenant.post("/v1/remittances", TestTenant.remittanceBody("0.00", number: "2")).expect(
            422, "amount_not_positive")
        try await tenant.invariants()
    }
}
