import App
import FoundationEssentials
import Loop
import Postgres
import TestSupport
import Testing
import Values

/// What is kept for a time goes when it is over, and what moved money stays unique without it.
@Suite struct `What is kept for a time` {
    private func count(_ table: String, _ tenant: TestTenant, _ condition: String = "") throws -> Int {
        let rows = try tenant.bursar.database.superuser().query(
            SQL(unsafeSQL: "select count(*) from \(table) where tenant_id = '\(tenant.id.uuid.uuidString)' \(condition)"))
        return Int(try rows[0].get(0, as: Int64.self))
    }

    private func erase(_ tenant: TestTenant) async throws {
        let (dependencies, known) = (tenant.context.dependencies, tenant.context.tenant)
        try await tenant.bursar.instance.loop.run {
            let erase = EraseWhatIsOld(dependencies)
            try await erase.run(of: known)
            try await erase.runIdentity()
        }
    }

    @Test func `are answers under keys: thirty days, and a payment is still made once`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.prepaid()
        let body: Input = ["method": "sandbox", "amount": ["amount": "1500.00", "currency": "CNY"]]
        let path = "/v1/subscriptions/\(id)/payments"
        try await tenant.request("POST", path, body, once: .key("pay-once")).expect(200)
        try tenant.force(
            "update idempotency_keys set created_at = now() - interval '30 days' + interval '1 hour' where tenant_id = $tenant")
        let kept = try count("idempotency_keys", tenant)
        try await erase(tenant)
        #expect(try count("idempotency_keys", tenant) == kept)
        #expect(
            try await tenant.request("POST", path, body, once: .key("pay-once")).expect(200).header("idempotent-replayed")
                == "true")
        try tenant.force("update idempotency_keys set created_at = now() - interval '30 days 1 hour' where tenant_id = $tenant")
        try await erase(tenant)
        #expect(try count("idempotency_keys", tenant) == 0)
        try await tenant.request("POST", path, body, once: .key("pay-once")).expect(409, "payment_already_made")
        try await tenant.invariants()
    }

    @Test func `is long work: seven days after its end, and never before it has one`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.enterprise()
        func begin() async throws -> String {
            try await tenant.request(
                "POST", "/v1/subscriptions/actions", ["action": "suspend", "mode": "each", "items": [["id": "\(id)"]]],
                headers: ["Prefer": "respond-async"]
            ).expect(202).id
        }
        let (ended, waiting) = (try await begin(), try await begin())
        try await tenant.post("/v1/operations/\(ended)/cancel").expect(200)
        try tenant.force(
            "update operations set created_at = now() - interval '9 days', ended_at = ended_at - interval '6 days 23 hours' where tenant_id = $tenant"
        )
        try await erase(tenant)
        try await tenant.get("/v1/operations/\(ended)").expect(200)
        try tenant.force("update operations set ended_at = ended_at - interval '2 hours' where tenant_id = $tenant")
        try await erase(tenant)
        try await tenant.get("/v1/operations/\(ended)").expect(404)
        #expect(try await tenant.get("/v1/operations/\(waiting)").expect(200)["state"] == "queued")
        #expect(try count("operation_items", tenant) == 1)
    }

    @Test func `is the log of webhooks: thirty days, except what still waits; and never an event`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let endpoint = try await tenant.post("/v1/webhook-endpoints", ["url": "https://example.com/hooks"]).expect(201).id
        _ = try await tenant.prepaid()
        let context = tenant.context
        _ = try await tenant.bursar.instance.loop.run { try await SpreadEvents(context).batch().deliveries }
        let (all, events) = (try count("webhook_deliveries", tenant), try count("outbox_events", tenant))
        #expect(all >= 3)
        // One of each kind beyond the end, the rest an hour before it.
        let update = "update webhook_deliveries set created_at = now() - interval '30 days"
        let any =
            "where tenant_id = $tenant and id = (select id from webhook_deliveries where tenant_id = $tenant and created_at > now() - interval '30 days' limit 1)"
        let ended = "next_attempt_at = null, status = "
        try tenant.force(
            "\(update)' + interval '1 hour', \(ended)'failed' where tenant_id = $tenant")
        try tenant.force("\(update) 1 hour', \(ended)'succeeded' \(any)")
        try tenant.force("\(update) 1 hour', \(ended)'failed' \(any)")
        try tenant.force(
            "\(update) 1 hour', next_attempt_at = now() - interval '20 days', status = 'waiting' \(any)")
        try await erase(tenant)
        #expect(try count("webhook_deliveries", tenant) == all - 2)
        #expect(try await tenant.get("/v1/webhook-deliveries?limit=100").expect(200).list("data").count == all - 3)
        #expect(try count("webhook_deliveries", tenant, "and status = 'waiting'") == 1)
        #expect(try count("outbox_events", tenant) == events)
        // When it has ended it is over at once: nobody could see it any more.
        try tenant.force("update webhook_deliveries set \(ended)'succeeded' where tenant_id = $tenant and status = 'waiting'")
        try await erase(tenant)
        #expect(try count("webhook_deliveries", tenant) == all - 3)
        try await tenant.get("/v1/webhook-endpoints/\(endpoint)").expect(200)
        try await tenant.invariants()
    }

    @Test func `is an endpoint that was deleted: for as long as the log of what it was told`() async throws {
        let (tenant, other) = (try await TestBursar.shared.tenant(), try await TestBursar.shared.tenant())
        func endpoint(_ owner: TestTenant, deleted: Bool) async throws -> String {
            let id = try await owner.post("/v1/webhook-endpoints", ["url": "https://example.com/hooks"]).expect(201).id
            try await owner.post("/v1/webhook-endpoints/\(id)/test").expect(202)
            if deleted { try await owner.request("DELETE", "/v1/webhook-endpoints/\(id)", once: .none).expect(200) }
            return id
        }
        func number(_ id: String) throws -> String { try #require(WebhookEndpointID(id)).uuid.uuidString }
        let (gone, living) = (try await endpoint(tenant, deleted: true), try await endpoint(tenant, deleted: false))
        _ = try await endpoint(other, deleted: true)
        func age(_ interval: String, _ owner: TestTenant) throws {
            try owner.force("update webhook_endpoints set updated_at = now() - interval '\(interval)' where tenant_id = $tenant")
            try owner.force("update webhook_deliveries set created_at = now() - interval '\(interval)' where tenant_id = $tenant")
        }
        for owner in [tenant, other] { try age("29 days 23 hours", owner) }
        try await erase(tenant)
        #expect(try count("webhook_endpoints", tenant) == 2 && count("webhook_deliveries", tenant) == 2)
        for owner in [tenant, other] { try age("30 days 1 hour", owner) }
        // What was put on its way at the moment of the deletion is sent to nobody, and keeps nothing.
        try tenant.force(
            """
            update webhook_deliveries set status = 'waiting', next_attempt_at = now(), error = null \
            where tenant_id = $tenant and endpoint_id = '\(try number(gone))'
            """)
        try await erase(tenant)
        #expect(try count("webhook_endpoints", tenant) == 1)
        #expect(try count("webhook_endpoints", tenant, "and id = '\(try number(living))'") == 1)
        #expect(try count("webhook_deliveries", tenant, "and endpoint_id = '\(try number(gone))'") == 0)
        #expect(try count("webhook_deliveries", tenant, "and endpoint_id = '\(try number(living))'") == 1)
        try await tenant.get("/v1/webhook-endpoints/\(living)").expect(200)
        // Another tenant's are another tenant's.
        #expect(try count("webhook_endpoints", other) == 1 && count("webhook_deliveries", other) == 1)
        try await tenant.invariants()
    }

    @Test func `is no endpoint whose log still stands, however old`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.post("/v1/webhook-endpoints", ["url": "https://example.com/hooks"]).expect(201).id
        try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202)
        try await tenant.request("DELETE", "/v1/webhook-endpoints/\(id)", once: .none).expect(200)
        try tenant.force("update webhook_endpoints set updated_at = now() - interval '40 days' where tenant_id = $tenant")
        try await erase(tenant)
        #expect(try count("webhook_endpoints", tenant) == 1 && count("webhook_deliveries", tenant) == 1)
    }

    @Test func `are ways in that are over`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let email = try await tenant.get("/v1/accounts/\(account)").expect(200)["administrator.email"] ?? ""
        for _ in 0..<2 {
            try await tenant.post(
                "/v1/portal-sessions", ["user_email": "\(email)", "path": "/accounts/\(account)/subscriptions"]
            ).expect(201)
        }
        let links = try count("identity.one_time_links", tenant)
        #expect(links >= 2)
        try tenant.force(
            """
            update identity.one_time_links set created_at = now() - interval '40 days', expires_at = now() - interval '31 days' \
            where tenant_id = $tenant and token_hash = (select token_hash from identity.one_time_links where tenant_id = $tenant limit 1)
            """)
        try await erase(tenant)
        #expect(try count("identity.one_time_links", tenant) == links - 1)
    }
}
