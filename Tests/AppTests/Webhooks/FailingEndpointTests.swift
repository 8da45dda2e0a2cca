import App
import Outgoing
import Postgres
import TestSupport
import Testing
import Values

/// Which endpoints are switched off: those at which nothing arrives, and those that are gone; no others.
@Suite struct `An endpoint of webhooks` {
    private func failing(_ tenant: TestTenant) throws -> Int64 {
        try tenant.bursar.database.superuser().query(
            "select count(*) from webhook_endpoints where tenant_id = \(tenant.id) and failing_since is not null")[0].get(0)
    }

    @Test func `at which all but one event arrives is not switched off when that one is given up`() async throws {
        let tenant = try await TestBursar.shared.tenant("poisoned")
        let (id, _) = try await tenant.webhook(try await tenant.account())
        let poison = try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202).id
        let refusing = Receiver { _ in .success(OutgoingReply(status: 500)) }
        for attempt in 1...10 {
            #expect(try await tenant.tell(refusing) == 1, "attempt \(attempt)")
            // Between two attempts at it another one arrives.
            try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202)
            #expect(try await tenant.tell(Receiver()) == 1)
            try tenant.passWebhookPauses()
        }
        #expect(try await tenant.get("/v1/webhook-deliveries/\(poison)").expect(200)["status"] == "failed")
        let endpoint = try await tenant.get("/v1/webhook-endpoints/\(id)").expect(200)
        #expect(endpoint["state"] == "enabled")
        #expect(try await tenant.mails().filter { $0.kind == "webhook_disabled" }.isEmpty)
    }

    @Test func `whose address is corrected while the former one says that it is gone stays, and the event goes there`()
        async throws
    {
        let tenant = try await TestBursar.shared.tenant("corrected")
        let (id, _) = try await tenant.webhook(try await tenant.account(), "https://example.com/former")
        let event = try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202).id
        let former = Receiver { _ in
            try? tenant.force(
                "update webhook_endpoints set url = 'https://example.com/new', version = version + 1 where tenant_id = $tenant")
            return .success(OutgoingReply(status: 410))
        }
        #expect(try await tenant.tell(former) == 1)
        #expect(try await tenant.get("/v1/webhook-endpoints/\(id)").expect(200)["state"] == "enabled")
        #expect(try await tenant.get("/v1/webhook-deliveries/\(event)").expect(200)["status"] == "waiting")
        try tenant.passWebhookPauses()
        let new = Receiver()
        #expect(try await tenant.tell(new) == 1 && new.messages[0].url == "https://example.com/new")
    }

    /// The former address fails for the last time after the new one was entered.
    @Test func `whose address is corrected while the former one still fails stays, with nothing counted against the new one`()
        async throws
    {
        let tenant = try await TestBursar.shared.tenant("corrected-late")
        let (id, _) = try await tenant.webhook(try await tenant.account(), "https://example.com/former")
        let event = try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202).id
        let refusing = Receiver { _ in .success(OutgoingReply(status: 500)) }
        for _ in 1...9 {
            #expect(try await tenant.tell(refusing) == 1)
            try tenant.passWebhookPauses()
        }
        // The last attempt; its answer comes after the correction.
        let last = Receiver { _ in
            try? tenant.force(
                "update webhook_endpoints set url = 'https://example.com/new', failing_since = null, version = version + 1 where tenant_id = $tenant"
            )
            return .success(OutgoingReply(status: 500))
        }
        #expect(try await tenant.tell(last) == 1)
        #expect(try await tenant.get("/v1/webhook-deliveries/\(event)").expect(200)["status"] == "failed")
        #expect(try await tenant.get("/v1/webhook-endpoints/\(id)").expect(200)["state"] == "enabled")
        #expect(try failing(tenant) == 0)
    }

    @Test func `that fails begins anew with another address, and with none of its other terms`() async throws {
        let tenant = try await TestBursar.shared.tenant("begins-anew")
        let (id, _) = try await tenant.webhook(try await tenant.account(), "https://example.com/former")
        try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202)
        #expect(try await tenant.tell(Receiver { _ in .success(OutgoingReply(status: 500)) }) == 1)
        try await tenant.request("PATCH", "/v1/webhook-endpoints/\(id)", ["description": "Another"]).expect(200)
        #expect(try failing(tenant) == 1)
        try await tenant.request("PATCH", "/v1/webhook-endpoints/\(id)", ["url": "https://example.com/new"]).expect(200)
        #expect(try failing(tenant) == 0)
    }

    @Test func `that is gone keeps what it did not refuse for when it is switched on again`() async throws {
        let tenant = try await TestBursar.shared.tenant("gone-later")
        let (id, _) = try await tenant.webhook(try await tenant.account())
        var events: [String] = []
        for _ in 0..<2 { events.append(try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202).id) }
        let (first, second) = (events[0], events[1])
        let refused = try await tenant.get("/v1/webhook-deliveries/\(first)").expect(200)["event_id"]
        let receiver = Receiver { .success(OutgoingReply(status: $0.headers["webhook-id"] == refused ? 410 : 500)) }
        #expect(try await tenant.tell(receiver) == 2)
        #expect(try await tenant.get("/v1/webhook-endpoints/\(id)").expect(200)["disabled_reason"] == "gone")
        #expect(try await tenant.get("/v1/webhook-deliveries/\(first)").expect(200)["status"] == "failed")
        #expect(try await tenant.get("/v1/webhook-deliveries/\(second)").expect(200)["status"] == "waiting")
    }
}
