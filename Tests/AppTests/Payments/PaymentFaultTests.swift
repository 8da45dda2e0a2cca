import App
import Billing
import FoundationEssentials
import Loop
import Synchronization
import TestSupport
import Testing
import Values

/// A gateway whose answers a test chooses, and which counts what it was asked.
final class ScriptedGateway: PaymentGateway {
    let method = PaymentMethod.sandbox
    private let state: Mutex<(asked: [PaymentID], given: [PaymentID], answers: [Result<GatewayResult, Failure>])>

    init(_ answers: Result<GatewayResult, Failure>...) { state = Mutex(([], [], answers)) }

    var asked: [PaymentID] { state.withLock { $0.asked } }
    var givenBack: [PaymentID] { state.withLock { $0.given } }

    func isOffered(_ setting: PaymentSetting) -> Bool { true }
    func foresee(_ order: GatewayOrder) -> GatewayResult { .succeeded }
    func start(_ order: GatewayOrder) async throws -> GatewayResult {
        let answer = state.withLock { state in
            state.asked.append(order.id)
            return state.answers.isEmpty ? .success(.succeeded) : state.answers.removeFirst()
        }
        return try answer.get()
    }
    func giveBack(_ payment: PaymentID) async throws { state.withLock { $0.given.append(payment) } }
}

@Suite struct `A payment whose gateway` {
    private func context(_ tenant: TestTenant, _ gateway: ScriptedGateway) -> TenantContext {
        var dependencies = tenant.context.dependencies
        dependencies.gateways = PaymentGateways([gateway, BankTransferGateway()])
        return TenantContext(tenant: tenant.context.tenant, principal: tenant.context.principal, dependencies: dependencies)
    }

    private func pay(_ id: String, _ context: TenantContext, key: String) async throws -> Answer {
        let key = IdempotencyKey(text: key, principal: context.principal.id, requestHash: [1])
        return try await PaySubscription(
            id: try #require(SubscriptionID(id)), amount: Money(minor: 200_000, currency: .cny)
        ).run(context, CommandOptions(key: key))
    }

    @Test func `died after it was asked is resumed once, under the key, by the sweeper or by whoever asks again`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let loop = tenant.bursar.instance.loop
        for isSwept in [true, false] {
            let id = try await tenant.prepaid()
            let gateway = ScriptedGateway(.failure(.unavailable(code: "gateway_unavailable", retryAfterSeconds: 1)))
            let context = context(tenant, gateway)
            let key = "crash-\(isSwept)"
            await #expect(throws: Failure.self) { _ = try await loop.run { try await self.pay(id, context, key: key) } }
            #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "1000.00")
            let waiting = try await tenant.get("/v1/payments?subscription_id=\(id)&status=started").expect(200)
            #expect(waiting.list("data").count == 1)
            try await tenant.invariants()
            if isSwept {
                // Not before its patience is over.
                #expect(try await loop.run { try await ResumePayments(context).everything() } == 0)
                #expect(try await loop.run { try await ResumePayments(context).everything(olderThan: 0) } == 1)
                #expect(try await loop.run { try await ResumePayments(context).everything(olderThan: 0) } == 0)
            }
            let answer = try await loop.run { try await self.pay(id, context, key: key) }
            #expect(answer.isReplay == isSwept)
            #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "3000.00")
            // The same payment each time: a gateway that is asked twice under one ID takes once.
            #expect(Set(gateway.asked).count == 1)
            try await tenant.invariants()
        }
    }

    @Test func `took money that the subscription cannot take any more gives it back`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let loop = tenant.bursar.instance.loop
        let id = try await tenant.prepaid()
        let gateway = ScriptedGateway(.failure(.unavailable(code: "gateway_unavailable", retryAfterSeconds: 1)))
        let context = context(tenant, gateway)
        await #expect(throws: Failure.self) { _ = try await loop.run { try await self.pay(id, context, key: "late") } }
        try await tenant.suspend(id, "requested").expect(200)
        try await tenant.advance(to: "2025-04-01T00:00:00Z")
        #expect(try await loop.run { try await ResumePayments(context).everything(olderThan: 0) } == 0)
        let payment = try await tenant.get("/v1/payments?subscription_id=\(id)&status=declined").expect(200)
        #expect(payment["data.0.decline_code"] == "subscription_deleted")
        #expect(gateway.givenBack.count == 1)
        try await tenant.invariants()
    }

    @Test func `declines it, or lets it wait, leaves the subscription as it was and says so`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.prepaid()
        for (amount, status, code) in [
            ("1004.02", "declined", "insufficient_funds"), ("1004.03", "declined", "declined_by_issuer"),
        ] {
            let reply = try await tenant.pay(id, amount).expect(200)
            #expect(reply["payment.status"] == status)
            #expect(reply["payment.decline_code"] == code)
            #expect(reply["payment.credited.amount"] == "0.00")
        }
        let waiting = try await tenant.pay(id, "1004.08").expect(200)
        #expect(waiting["payment.status"] == "pending")
        #expect(waiting["credit.remaining.amount"] == "1000.00")
        try await tenant.invariants()
        try await tenant.advance(to: "2025-01-02T00:00:00Z")
        #expect(try await tenant.payment(waiting["payment.id"] ?? "")["status"] == "expired")
        let kinds = try await tenant.get("/v1/payments?subscription_id=\(id)&method=sandbox").expect(200).list("data").compactMap
        { $0.scalar("status") }
        #expect(kinds == ["expired", "declined", "declined", "succeeded"])
        try await tenant.invariants()
    }

    @Test func `declines the first payment leaves an order that waits`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let order = try await tenant.order("prepaid", for: tenant.account(), paying: "1004.02").expect(201)
        #expect(order["state"] == "pending")
        #expect(order["payment.status"] == "declined")
        #expect(try await tenant.pay(try order.id, "1000.00").expect(200)["state"] == "active")
        try await tenant.invariants()
    }
}

@Suite struct `Money by bank transfer` {
    private func waiting(_ amount: String = "1000.00") async throws -> (TestTenant, String, String, String) {
        let tenant = try await TestBursar.shared.tenant()
        try await tenant.bankAccount()
        let id = try await tenant.prepaid()
        let payment = try await tenant.transfer(id, amount)
        return (tenant, id, payment.id, try await tenant.remittance(amount, words: payment.reference).id)
    }

    @Test func `confirmed by ten at once is credited once`() async throws {
        let (tenant, id, payment, remittance) = try await waiting()
        let replies = try await atOnce(10) { _ in try await tenant.match(remittance, payment) }
        #expect(replies.count { $0.status == 200 } == 1, "\(replies.map { "\($0.status) \($0.code ?? "")" })")
        #expect(replies.allSatisfy { $0.status == 200 || $0.status == 409 })
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "2000.00")
        try await tenant.invariants()
    }

    @Test func `given to two payments at once goes to one of them`() async throws {
        let (tenant, id, first, remittance) = try await waiting()
        let second = try await tenant.transfer(id, "1000.00").id
        let replies = try await atOnce(6) { number in
            try await tenant.match(remittance, number.isMultiple(of: 2) ? first : second)
        }
        #expect(replies.count { $0.status == 200 } == 1)
        #expect(try await tenant.subscription(id)["credit.remaining.amount"] == "2000.00")
        try await tenant.invariants()
    }

    @Test func `sent back and given to a payment at once is one of the two`() async throws {
        for _ in 0..<5 {
            let (tenant, id, payment, remittance) = try await waiting()
            let replies = try await atOnce(4) { number in
                number.isMultiple(of: 2)
                    ? try await tenant.match(remittance, payment)
                    : try await tenant.post("/v1/remittances/\(remittance)/return", ["note": "back"])
            }
            #expect(replies.count { $0.status == 200 } == 1)
            let isCredited = try await tenant.subscription(id)["credit.remaining.amount"] == "2000.00"
            #expect(isCredited == (try await tenant.payment(payment)["status"] == "succeeded"))
            try await tenant.invariants()
        }
    }

    @Test func `confirmed at the instant of the expiry, of the deletion or of giving up: whoever is first, and nothing is lost`()
        async throws
    {
        for rival in ["expiry", "deletion", "cancel"] {
            let (tenant, id, payment, remittance) = try await waiting()
            if rival == "deletion" {
                try await tenant.suspend(id, "requested").expect(200)
                try await tenant.advance(to: "2025-01-10T00:00:00Z")
            }
            let at = rival == "deletion" ? "2025-04-01T00:00:00Z" : "2025-01-15T00:00:00Z"
            let replies = try await atOnce(2) { number in
                if number == 0 { return try await tenant.match(remittance, payment) }
                return rival == "cancel"
                    ? try await tenant.post("/v1/payments/\(payment)/cancel")
                    : try await tenant.post("/v1/test-clock/advance", ["to": "\(at)"])
            }
            #expect(replies.allSatisfy { $0.status == 200 || $0.status == 409 }, "\(rival): \(replies.map(\.text))")
            let status = try await tenant.payment(payment)["status"]
            let held = try await tenant.get("/v1/remittances/\(remittance)").expect(200)["unallocated.amount"]
            #expect((status == "succeeded") == (held == "0.00"), "\(rival): \(status ?? "") \(held ?? "")")
            try await tenant.invariants()
        }
    }

    @Test func `is nobody's but the operator's to record, give and return, and another account's payments are not there`()
        async throws
    {
        let (tenant, id, payment, remittance) = try await waiting()
        let account = try await tenant.subscription(id)["account_id"] ?? ""
        let other = try await tenant.accountKey(tenant.account())
        for role in ["account_admin", "finance", "reader"] {
            let key = try await tenant.accountKey(account, role: role)
            try await tenant.post("/v1/remittances", TestTenant.remittanceBody("1.00", number: "x"), as: key).expect(403)
            try await tenant.post("/v1/remittances/\(remittance)/match", ["payment_id": "\(payment)"], as: key).expect(403)
            try await tenant.post("/v1/remittances/\(remittance)/return", ["note": "x"], as: key).expect(403)
            try await tenant.get("/v1/remittances", as: key).expect(403)
            try await tenant.get("/v1/payments/\(payment)", as: key).expect(200)
        }
        try await tenant.get("/v1/payments/\(payment)", as: other).expect(404)
        #expect(try await tenant.get("/v1/payments", as: other).expect(200).list("data").isEmpty)
        try await tenant.invariants()
    }
}
