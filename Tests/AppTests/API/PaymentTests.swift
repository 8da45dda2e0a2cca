import TestSupport
import Testing

/// Money comes in once, in amounts that the policy allows, whoever asks how often at once.
@Suite struct `A payment` {
    @Test(arguments: [
        ("999.99", "CNY", 422, "payment_below_minimum"), ("0", "CNY", 422, "amount_not_positive"),
        ("0.00", "CNY", 422, "amount_not_positive"),
        ("-1000.00", "CNY", 422, "amount_not_positive"), ("1000.00", "USD", 422, "currency_mismatch"),
        ("1000.00", "XXX", 422, "unknown_currency"),
        ("1000.00", "cny", 422, "unknown_currency"), ("1000000000000000", "CNY", 422, "payment_above_maximum"),
        ("10000000.01", "CNY", 422, "payment_above_maximum"), ("1000.001", "CNY", 422, "too_many_decimals"),
        ("1000.000", "CNY", 422, "too_many_decimals"), ("1e3", "CNY", 422, "invalid_decimal"),
        ("1,000.00", "CNY", 422, "invalid_decimal"),
        ("+1000", "CNY", 422, "invalid_decimal"), (" 1000", "CNY", 422, "invalid_decimal"), ("", "CNY", 422, "invalid_decimal"),
        ("NaN", "CNY", 422, "invalid_decimal"), ("99999999999999999999999999", "CNY", 422, "amount_out_of_range"),
        ("１０００", "CNY", 422, "invalid_decimal"),
    ])
    func `of a wrong amount is refused with its code and changes nothing`(
        amount: String, currency: String, status: Int, code: String
    ) async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.prepaid()
        let before = try tenant.fingerprint()
        let reply = try await tenant.pay(id, amount, currency: currency).expect(status, code)
        #expect(reply["errors.0.pointer"]?.hasPrefix("/amount/") == true)
        #expect(try tenant.fingerprint().differences(from: before) == [])
    }

    @Test func `of a number instead of text, of another method or with more in it is refused`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let target = "/v1/subscriptions/\(try await tenant.prepaid())/payments"
        try await tenant.post(target, ["method": "sandbox", "amount": ["amount": 1000, "currency": "CNY"]]).expect(
            422, "wrong_type")
        try await tenant.post(target, ["method": "card", "amount": ["amount": "1000", "currency": "CNY"]]).expect(
            422, "not_one_of")
        try await tenant.post(target, ["method": "sandbox", "amount": "1000"]).expect(422, "wrong_type")
        try await tenant.post(target, ["method": "sandbox", "amount": ["amount": "1000", "currency": "CNY", "minor": "1"]])
            .expect(400, "unknown_field")
    }

    @Test func `needs an idempotency key, replays its answer, and refuses the key for anything else`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let (id, other) = (try await tenant.prepaid(), try await tenant.prepaid())
        let (target, body) = ("/v1/subscriptions/\(id)/payments", amount("1000.00"))
        try await tenant.request("POST", target, body, once: .none).expect(400, "idempotency_key_required")
        try await tenant.request("POST", target, body, once: .key("with space")).expect(400, "invalid_idempotency_key")
        try await tenant.request("POST", target, body, once: .key(String(repeating: "k", count: 256))).expect(
            400, "invalid_idempotency_key")
        // A refusal keeps nothing: the key is free for the right amount.
        try await tenant.request("POST", target, amount("1.00"), once: .key("k")).expect(422, "payment_below_minimum")
        let first = try await tenant.request("POST", target, body, once: .key("k")).expect(200)
        #expect(first.header("idempotent-replayed") == nil)
        let second = try await tenant.request("POST", target, body, once: .key("k")).expect(200)
        #expect(second.header("idempotent-replayed") == "true")
        #expect(second.text == first.text)
        let reused = try await tenant.request("POST", target, amount("2000.00"), once: .key("k"))
            .expect(422, "idempotency_key_reused")
        #expect(reused["errors.0.pointer"] == "Idempotency-Key" && reused["errors.0.code"] == "idempotency_key_reused")
        #expect(reused["errors.0.detail"] == reused["detail"])
        try await tenant.request("POST", "/v1/subscriptions/\(other)/payments", body, once: .key("k")).expect(
            422, "idempotency_key_reused")
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "2000.00")
        // Another caller's key is another key.
        let account = try await tenant.subscription(id)["account_id"] ?? ""
        let theirs = try await tenant.accountKey(account)
        try await tenant.request("POST", target, body, as: theirs, once: .key("k")).expect(200)
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "3000.00")
        try await tenant.invariants()
    }

    @Test func `whose stored answer was erased is still not taken twice`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let target = "/v1/subscriptions/\(try await tenant.prepaid())/payments"
        try await tenant.request("POST", target, amount("1000.00"), once: .key("for-ever")).expect(200)
        try tenant.force("delete from idempotency_keys where tenant_id = $tenant")
        try await tenant.request("POST", target, amount("1000.00"), once: .key("for-ever")).expect(409, "payment_already_made")
        try await tenant.invariants()
    }

    @Test func `asked for by twenty at once under one key is one payment, and all hear of the same`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.prepaid()
        let body = amount("1000.00")
        let replies = try await atOnce(20) { _ in
            try await tenant.request("POST", "/v1/subscriptions/\(id)/payments", body, once: .key("click"))
        }
        #expect(replies.allSatisfy { $0.status == 200 }, "\(replies.map { "\($0.status) \($0.code ?? "")" })")
        #expect(Set(replies.map(\.text)).count == 1)
        #expect(replies.count { $0.header("idempotent-replayed") == nil } == 1)
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "2000.00")
        try await tenant.invariants()
    }

    @Test func `asked for twenty times under twenty keys is twenty payments`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.prepaid()
        let replies = try await atOnce(20) { _ in try await tenant.pay(id, "1000.00") }
        #expect(replies.allSatisfy { $0.status == 200 }, "\(replies.map { "\($0.status) \($0.code ?? "")" })")
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "21000.00")
        try await tenant.invariants()
    }

    @Test func `of a live tenant without a method of its own is refused`() async throws {
        let live = try await TestBursar.shared.tenant("live", clock: nil, sandboxPayments: false)
        let id = try await live.order("prepaid", for: live.account()).expect(201).id
        try await live.pay(id, "1000.00").expect(422, "payment_method_not_offered")
        #expect(try await live.subscription(id)["state"] == "pending")
    }

    private func amount(_ text: String) -> Input { ["method": "sandbox", "amount": ["amount": "\(text)", "currency": "CNY"]] }
}

/// Runs the request so many times side by side.
func atOnce<Outcome: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Outcome) async throws -> [Outcome]
{
    try await withThrowingTaskGroup(of: Outcome.self) { group in
        for number in 0..<count { group.addTask { try await body(number) } }
        return try await group.reduce(into: []) { $0.append($1) }
    }
}
