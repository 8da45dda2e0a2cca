import App
import FoundationEssentials
import HTTP
import Loop
import Postgres
import Values

/// A tenant of a test with its operator's key, and the requests that stories are made of.
package struct TestTenant: Sendable {
    package let bursar: TestBursar
    package let id: TenantID
    package let slug: String
    /// The operator's key.
    package let key: String
    package let context: TenantContext

    /// A request as JSON. Without `as`, the operator asks; every POST carries a fresh `Idempotency-Key` unless `once` says otherwise.
    package func request(
        _ method: String, _ target: String, _ body: Input? = nil, as key: String? = nil, once: Once = .fresh,
        headers: [String: String] = [:]
    ) async throws -> Reply {
        var fields: HTTPHeaders = [:]
        fields.add("Authorization", "Bearer \(key ?? self.key)")
        if body != nil { fields.add("Content-Type", "application/json") }
        switch once {
        case .fresh: if method == "POST" { fields.add("Idempotency-Key", UUID().uuidString) }
        case .key(let text): fields.add("Idempotency-Key", text)
        case .none: break
        }
        for (name, value) in headers { fields.set(name, value) }
        return try await bursar.request(method, target, headers: fields, body: body?.bytes ?? [])
    }

    /// The server's own way into the tenant.
    package var serverContext: TenantContext {
        TenantContext(tenant: context.tenant, principal: .commandLine, dependencies: context.dependencies)
    }

    package enum Once: Sendable { case fresh, none, key(String) }

    package func get(_ target: String, as key: String? = nil) async throws -> Reply { try await request("GET", target, as: key) }
    package func post(_ target: String, _ body: Input? = nil, as key: String? = nil) async throws -> Reply {
        try await request("POST", target, body, as: key)
    }

    /// One statement behind the app's back, as the superuser; `$tenant` stands for this tenant's ID.
    package func force(_ statement: String) throws {
        try bursar.database.superuser().run(statement.replacing("$tenant", with: "'\(id.uuid.uuidString)'"))
    }

    package func invariants() async throws { try await bursar.invariants(id) }

    /// A key of one account.
    package func accountKey(_ account: String, role: String = "account_admin") async throws -> String {
        let context = context
        guard let id = AccountID(account) else { throw TestFault("no account ID: \(account)") }
        return try await bursar.instance.loop.run { try await CreateKey(role: role, account: id, name: "tests").run(context) }
    }

    // MARK: What stories begin with

    /// A standard account; its ID.
    package func account(_ name: String = "Harbour Logistics", zone: String = "Asia/Shanghai", currency: String = "CNY")
        async throws -> String
    {
        let made = try await post(
            "/v1/accounts",
            [
                "kind": "standard", "name": "\(name)", "currency": "\(currency)", "time_zone": "\(zone)", "locale": "en",
                "administrator": ["email": "\(bursar.uniqueName("admin"))@example.com", "first_name": "Mei", "last_name": "Lin"],
            ]
        ).expect(201)
        let id = try made.id
        // Stories count the letters of what they tell of; the administrator's way in is a story of its own.
        if let account = AccountID(id)?.uuid.uuidString {
            try force("delete from mails where tenant_id = $tenant and account_id = '\(account)' and kind = 'invitation'")
            try force("delete from invitations where tenant_id = $tenant and account_id = '\(account)'")
        }
        return id
    }

    /// An enrollment; its ID.
    package func enrollment(commitment: String = "1000.00", currency: String = "CNY") async throws -> String {
        try await post(
            "/v1/enrollments",
            [
                "number": "\(bursar.uniqueName("EA"))", "name": "Agreement", "currency": "\(currency)",
                "commitment": ["amount": "\(commitment)", "currency": "\(currency)"], "starts_on": "2025-01-01",
                "ends_on": "2028-01-01",
            ]
        ).expect(201).id
    }

    /// An enterprise account under an enrollment; its ID.
    package func enterpriseAccount(_ enrollment: String, currency: String = "CNY", zone: String = "Asia/Shanghai") async throws
        -> String
    {
        try await post(
            "/v1/accounts",
            [
                "kind": "enterprise", "name": "Northern Rail", "currency": "\(currency)", "time_zone": "\(zone)", "locale": "en",
                "administrator": [
                    "email": "\(bursar.uniqueName("admin"))@example.com", "first_name": "Ada", "last_name": "Berg",
                ],
                "enrollment_id": "\(enrollment)",
            ]
        ).expect(201).id
    }

    /// Orders a subscription; with `paying` it is active at once. The reply is the subscription.
    @discardableResult
    package func order(
        _ offer: String, for account: String, paying amount: String? = nil, currency: String = "CNY",
        name: String = "Warehouse telemetry",
        as key: String? = nil
    ) async throws -> Reply {
        var body: [(String, Input)] = [("account_id", .text(account)), ("offer", .text(offer)), ("name", .text(name))]
        if let amount {
            body.append(("payment", ["method": "sandbox", "amount": ["amount": "\(amount)", "currency": "\(currency)"]]))
        }
        return try await post("/v1/subscriptions", .object(body), as: key)
    }

    package func trial() async throws -> String { try await order("trial", for: account(), paying: "1.00").expect(201).id }
    package func prepaid(_ amount: String = "1000.00", zone: String = "Asia/Shanghai") async throws -> String {
        try await order("prepaid", for: account(zone: zone), paying: amount).expect(201).id
    }
    package func enterprise(commitment: String = "1000.00") async throws -> String {
        let account = try await enterpriseAccount(enrollment(commitment: commitment))
        return try await order("enterprise", for: account).expect(201).id
    }

    // MARK: What happens in them

    package func subscription(_ id: String) async throws -> Reply { try await get("/v1/subscriptions/\(id)").expect(200) }

    package func pay(_ id: String, _ amount: String, currency: String = "CNY") async throws -> Reply {
        try await post(
            "/v1/subscriptions/\(id)/payments",
            ["method": "sandbox", "amount": ["amount": "\(amount)", "currency": "\(currency)"]])
    }
    package func upgrade(_ id: String, _ amount: String) async throws -> Reply {
        try await post(
            "/v1/subscriptions/\(id)/upgrade",
            ["payment": ["method": "sandbox", "amount": ["amount": "\(amount)", "currency": "CNY"]]])
    }
    /// With it, bank transfer is offered in the currency.
    package func bankAccount(_ currency: String = "CNY", holder: String = "Northwind Cloud", days: Int = 14) async throws {
        try await request(
            "PUT", "/v1/bank-accounts",
            [
                "currency": "\(currency)", "account_holder": "\(holder)", "bank_name": "First Bank",
                "account_number": "6222 0000 1234",
                "pending_days": .number(days),
            ]
        ).expect(200)
    }

    /// Asks for a payment by bank transfer; the payment's ID and reference.
    package func transfer(_ id: String, _ amount: String, currency: String = "CNY") async throws -> (
        id: String, reference: String
    ) {
        let reply = try await post(
            "/v1/subscriptions/\(id)/payments",
            ["method": "bank_transfer", "amount": ["amount": "\(amount)", "currency": "\(currency)"]]
        ).expect(200)
        guard let payment = reply["payment.id"], let reference = reply["payment.reference"], reply["payment.status"] == "pending"
        else {
            throw TestFault("no transfer: \(reply.text)")
        }
        return (payment, reference)
    }

    package static func remittanceBody(
        _ amount: String, number: String, words: String? = nil, payer: String? = nil, currency: String = "CNY"
    )
        -> Input
    {
        var body: [(String, Input)] = [
            ("bank_number", .text(number)), ("amount", ["amount": "\(amount)", "currency": "\(currency)"]),
        ]
        if let words { body.append(("reference_text", .text(words))) }
        if let payer { body.append(("payer", .text(payer))) }
        return .object(body)
    }

    /// Money arrives at the bank.
    package func remittance(_ amount: String, words: String? = nil, payer: String? = nil) async throws -> Reply {
        try await post(
            "/v1/remittances", Self.remittanceBody(amount, number: bursar.uniqueName("bank"), words: words, payer: payer)
        ).expect(201)
    }

    package func match(_ remittance: String, _ payment: String) async throws -> Reply {
        try await post("/v1/remittances/\(remittance)/match", ["payment_id": "\(payment)"])
    }

    package func payment(_ id: String) async throws -> Reply { try await get("/v1/payments/\(id)").expect(200) }

    package func suspend(_ id: String, _ reason: String) async throws -> Reply {
        try await post("/v1/subscriptions/\(id)/suspend", ["reason": "\(reason)"])
    }
    package func reactivate(_ id: String, _ reason: String) async throws -> Reply {
        try await post("/v1/subscriptions/\(id)/reactivate", ["reason": "\(reason)"])
    }

    package func event(
        _ subscription: String, cost: String?, at time: String, id: String? = nil, product: String = "Compute",
        currency: String = "CNY", meter: String = "cost",
        quantity: String = "1"
    ) -> Input {
        var data: [(String, Input)] = [("product", .text(product)), ("quantity", .text(quantity)), ("unit", "hour")]
        if let cost { data.append(("cost", ["amount": "\(cost)", "currency": "\(currency)"])) }
        return [
            "specversion": "1.0", "id": "\(id ?? UUID().uuidString)", "source": "/meters/\(slug)", "type": "\(meter)",
            "subject": "\(subscription)",
            "time": "\(time)", "data": .object(data),
        ]
    }

    package func report(_ events: Input...) async throws -> Reply {
        try await request(
            "POST", "/v1/usage-events", .list(events), headers: ["Content-Type": "application/cloudevents-batch+json"])
    }

    /// As if it had been active since then, with no more credit for it: usage of that time is accepted, and nothing pays for it.
    package func activated(_ subscription: String, at time: String) throws {
        guard let id = SubscriptionID(subscription)?.uuid.uuidString else { throw TestFault("no subscription: \(subscription)") }
        try force(
            """
            update subscriptions set purchased_at = least(purchased_at, '\(time)'), activated_at = least(activated_at, '\(time)') \
            where tenant_id = $tenant and id = '\(id)'
            """)
    }

    /// Reports one cost and expects it to be accepted.
    package func use(_ subscription: String, cost: String, at time: String, currency: String = "CNY") async throws {
        let reply = try await report(event(subscription, cost: cost, at: time, currency: currency)).expect(200)
        guard reply["accepted"] == "1" else { throw TestFault("not accepted: \(reply.text)") }
    }

    @discardableResult
    package func advance(to time: String) async throws -> Reply {
        try await post("/v1/test-clock/advance", ["to": "\(time)"]).expect(200)
    }

    /// Settles what waits, as the sweeper does.
    package func settle() async throws {
        let context = context
        _ = try await bursar.instance.loop.run { try await SettleUsage(context).everything() }
    }

    /// The types in a subscription's history, oldest first.
    package func history(_ id: String) async throws -> [String] {
        try await get("/v1/subscriptions/\(id)/events?limit=100").expect(200).list("data").reversed().map { event in
            let type = event.scalar("type") ?? ""
            return event.scalar("reason").map { "\(type) \($0)" } ?? type
        }
    }
}

extension Reply {
    /// The object's ID.
    package var id: String {
        get throws {
            guard let id = self["id"] else { throw TestFault("\(request): no ID in \(text.prefix(300))") }
            return id
        }
    }
}
