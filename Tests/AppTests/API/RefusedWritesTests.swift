import App
import TestSupport
import Testing
import Values

/// What is wrong with a well-formed request that makes something: each with its own code, which the document then names (`make api-record`).
@Suite struct `What is made from wrong input` {
    private func money(_ amount: String, _ currency: String = "CNY") -> Input {
        ["amount": "\(amount)", "currency": "\(currency)"]
    }

    private func account(currency: String = "CNY", zone: String = "Asia/Shanghai") -> Input {
        [
            "kind": "standard", "name": "Harbour", "currency": "\(currency)", "time_zone": "\(zone)", "locale": "en",
            "administrator": ["email": "harbour@example.com", "first_name": "Mei", "last_name": "Lin"],
        ]
    }

    private func agreement(
        _ number: String, commitment: Input, currency: String = "CNY", from: String = "2025-01-01", to: String = "2028-01-01"
    ) -> Input {
        [
            "number": "\(number)", "name": "Agreement", "currency": "\(currency)", "commitment": commitment,
            "starts_on": "\(from)",
            "ends_on": "\(to)",
        ]
    }

    @Test func `is refused by its own code`() async throws {
        let tenant = try await TestBursar.shared.tenant("refusing")
        let id = try await tenant.account()
        let enterprise = try await tenant.enterpriseAccount(tenant.enrollment())
        let number = tenant.bursar.uniqueName("EA")
        try await tenant.post("/v1/enrollments", agreement(number, commitment: money("10.00"))).expect(201)
        try await tenant.post("/v1/partners", ["code": "P-1", "company_name": "Harbour"]).expect(201)
        func order(_ account: String, _ offer: String, _ payment: Input) -> Input {
            [
                "account_id": "\(account)", "offer": "\(offer)", "name": "One",
                "payment": ["method": "sandbox", "amount": payment],
            ]
        }
        let cases: [(method: String, target: String, body: Input, code: String)] = [
            ("POST", "/v1/accounts", account(currency: "XXX"), "unknown_currency"),
            ("POST", "/v1/accounts", account(zone: "Mars/Base"), "unknown_time_zone"),
            ("PATCH", "/v1/accounts/\(id)", ["time_zone": "Mars/Base"], "unknown_time_zone"),
            (
                "POST", "/v1/enrollments", agreement("EA-1", commitment: money("1.00"), from: "2028-01-01", to: "2025-01-01"),
                "ends_before_start"
            ),
            ("POST", "/v1/enrollments", agreement("EA-1", commitment: money("1.00", "USD")), "currency_mismatch"),
            ("POST", "/v1/enrollments", agreement("EA-1", commitment: money("-1.00")), "amount_negative"),
            ("POST", "/v1/enrollments", agreement(number, commitment: money("1.00")), "enrollment_exists"),
            ("POST", "/v1/partners", ["code": "P-1", "company_name": "Other"], "partner_exists"),
            ("POST", "/v1/partners", ["code": "no spaces here", "company_name": "Other"], "invalid_partner_code"),
            ("POST", "/v1/subscriptions", order(id, "prepaid", money("1000.00", "USD")), "currency_mismatch"),
            ("POST", "/v1/subscriptions", order(id, "prepaid", money("-1.00")), "amount_not_positive"),
            ("POST", "/v1/subscriptions", order(enterprise, "enterprise", money("1.00")), "payment_not_allowed_for_offer"),
            ("POST", "/v1/webhook-endpoints", ["url": "https://example.com/x", "event_types": .list([])], "event_types_empty"),
        ]
        for one in cases {
            let reply = try await tenant.request(one.method, one.target, one.body)
            #expect(reply["code"] == one.code || reply["errors.0.code"] == one.code, "\(one.target) \(one.code): \(reply.text)")
        }
    }
}
