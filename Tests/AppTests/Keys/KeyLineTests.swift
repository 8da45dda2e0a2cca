import App
import FoundationEssentials
import Loop
import Postgres
import TestSupport
import Testing

/// What was asked for once under an idempotency key is done once, whichever key of a line of rotations asks again.
@Suite struct `A rotated key` {
    private let amount: Input = ["method": "sandbox", "amount": ["amount": "1500.00", "currency": "CNY"]]

    private static let migration = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "SQL/migrations/0032_key_lineage.sql")

    private func rotated(_ id: String, _ tenant: TestTenant) async throws -> (id: String, key: String) {
        let made = try await tenant.post("/v1/api-keys/\(id)/rotate").expect(201)
        return (try made.id, try #require(made["key"]))
    }

    private func line(_ tenant: TestTenant, _ body: Input) async throws -> [String] {
        let made = try await tenant.post("/v1/api-keys", body).expect(201)
        let second = try await rotated(made.id, tenant)
        let third = try await rotated(second.id, tenant)
        return [try #require(made["key"]), second.key, third.key]
    }

    private func payments(_ tenant: TestTenant) throws -> Int64 {
        try tenant.bursar.database.superuser().query("select count(*) from payments where tenant_id = \(tenant.id)")[0].get(0)
    }

    @Test func `finds and stops the long work of its predecessors, whatever it is about; a stranger does neither`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let subscription = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let keys = try await line(tenant, ["account_id": "\(account)", "role": "account_admin", "name": "Shop"])
        // One of them is nobody's, so that the work belongs to no single account.
        let work: Input = [
            "action": "suspend", "mode": "each",
            "items": [
                ["id": "\(subscription)", "reason": "requested"],
                ["id": "sub_01h455vb4pex5vsknk084sn02q", "reason": "requested"],
            ],
        ]
        func ask(_ key: String) async throws -> Reply {
            try await tenant.request(
                "POST", "/v1/subscriptions/actions", work, as: key, once: .key("many"), headers: ["Prefer": "respond-async"]
            ).expect(202)
        }
        let place = try #require(try await ask(keys[0]).header("location"))
        #expect(try await ask(keys[2]).header("location") == place)
        try tenant.force("update operations set account_id = null where tenant_id = $tenant")
        for key in keys {
            try await tenant.request("GET", place, as: key).expect(200)
            #expect(try await tenant.request("GET", "/v1/operations", as: key).expect(200).text.contains(place.suffix(26)))
        }
        let stranger = try await tenant.accountKey(account)
        try await tenant.request("GET", place, as: stranger).expect(404)
        #expect(
            try await tenant.request("GET", "/v1/operations", as: stranger).expect(200).text.contains(place.suffix(26)) == false)
        try await tenant.request("POST", "\(place)/cancel", as: stranger).expect(404)
        try await tenant.request("POST", "\(place)/cancel", as: keys[1]).expect(200)
    }

    @Test func `never pays twice what its predecessors have paid`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let subscription = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let keys = try await line(tenant, ["account_id": "\(account)", "role": "account_admin", "name": "Shop"])
        let before = try payments(tenant)
        let target = "/v1/subscriptions/\(subscription)/payments"
        let first = try await tenant.request("POST", target, amount, as: keys[0], once: .key("pay-once")).expect(200)
        for key in keys {
            let again = try await tenant.request("POST", target, amount, as: key, once: .key("pay-once")).expect(200)
            #expect(again.header("idempotent-replayed") == "true" && again.text == first.text)
        }
        #expect(try payments(tenant) == before + 1)
        let other: Input = ["method": "sandbox", "amount": ["amount": "1600.00", "currency": "CNY"]]
        try await tenant.request("POST", target, other, as: keys[2], once: .key("pay-once")).expect(422, "idempotency_key_reused")
        // Even when the kept answer is long gone, what moved money is unique for ever.
        try tenant.force("delete from idempotency_keys where tenant_id = $tenant and key = 'pay-once'")
        try await tenant.request("POST", target, amount, as: keys[1], once: .key("pay-once")).expect(409, "payment_already_made")
        #expect(try payments(tenant) == before + 1)
        // Another key of the account is another caller.
        let stranger = try await tenant.accountKey(account)
        try await tenant.request("POST", target, amount, as: stranger, once: .key("pay-once")).expect(200)
        #expect(try payments(tenant) == before + 2)
        // And what the newest asks for first, the oldest does not do again.
        try await tenant.request("POST", target, amount, as: keys[2], once: .key("pay-new")).expect(200)
        let late = try await tenant.request("POST", target, amount, as: keys[0], once: .key("pay-new")).expect(200)
        #expect(late.header("idempotent-replayed") == "true")
        #expect(try payments(tenant) == before + 3)
        try await tenant.invariants()
    }

    @Test func `orders nothing twice`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let keys = try await line(tenant, ["role": "operator", "name": "Control plane"])
        let body: Input = [
            "account_id": "\(account)", "offer": "prepaid", "name": "Once",
            "payment": ["method": "sandbox", "amount": ["amount": "1000.00", "currency": "CNY"]],
        ]
        let made = try await tenant.request("POST", "/v1/subscriptions", body, as: keys[0], once: .key("order")).expect(201)
        for key in keys {
            let again = try await tenant.request("POST", "/v1/subscriptions", body, as: key, once: .key("order")).expect(201)
            #expect(try again.id == made.id)
        }
        #expect(try payments(tenant) == 1)
    }

    @Test func `does an item of many at once under its key once, at once and as long work`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let subscription = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let keys = try await line(tenant, ["role": "operator", "name": "Control plane"])
        func act(_ key: String, _ headers: [String: String] = [:]) async throws -> Reply {
            try await tenant.request(
                "POST", "/v1/subscriptions/actions",
                [
                    "action": "suspend", "mode": "each",
                    "items": .list([["id": "\(subscription)", "reason": "operator", "idempotency_key": "stop-1"]]),
                ], as: key, headers: headers)
        }
        #expect(try await act(keys[0]).expect(200)["done"] == "1")
        try await tenant.reactivate(subscription, "operator").expect(200)
        for key in keys {
            let again = try await act(key).expect(200)
            #expect(again["done"] == "0" && again["replayed"] == "1", "\(again.text)")
        }
        let work = try await act(keys[2], ["Prefer": "respond-async"]).expect(202)
        let runner = RunOperation(tenant.serverContext, authenticator: tenant.bursar.app.authenticator)
        _ = try await tenant.bursar.instance.loop.run { try await runner.run() }
        let done = try await tenant.get("/v1/operations/\(try work.id)").expect(200)
        #expect(done.text.contains("\"replayed\":1"), "\(done.text)")
        #expect(try await tenant.subscription(subscription)["state"] == "active")
    }

    @Test func `has the line of those that were rotated before there were lines`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let subscription = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let keys = try await line(tenant, ["account_id": "\(account)", "role": "account_admin", "name": "Shop"])
        // As it stood: each key asked under its own ID.
        try tenant.force("update identity.api_keys set root_id = null where tenant_id = $tenant")
        let target = "/v1/subscriptions/\(subscription)/payments"
        for (key, name) in [(keys[0], "a"), (keys[1], "b"), (keys[2], "c"), (keys[1], "a")] {
            try await tenant.request("POST", target, amount, as: key, once: .key(name)).expect(200)
        }
        let before = try payments(tenant)
        try tenant.force(
            try String(contentsOf: Self.migration, encoding: .utf8)
                .replacing("alter table identity.api_keys add column root_id uuid;", with: "")
                .replacing("where k.id = line.id", with: "where k.tenant_id = $tenant and k.id = line.id")
                .replacing("where root_id is not null", with: "where tenant_id = $tenant and root_id is not null"))
        try await Task.sleep(for: .milliseconds(1_050))
        for key in keys {
            for name in ["a", "b", "c"] {
                let again = try await tenant.request("POST", target, amount, as: key, once: .key(name)).expect(200)
                #expect(again.header("idempotent-replayed") == "true", "\(name)")
            }
        }
        #expect(try payments(tenant) == before)
        try await tenant.invariants()
    }
}
