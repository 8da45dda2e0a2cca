import App
import TestSupport
import Testing

/// A dry run is the same use case rolled back: it answers what the real one answers, and changes nothing.
@Suite struct `A dry run` {
    /// The writes that have none, each with its reason. A new one needs a better reason than that it was forgotten.
    static let without: [Endpoint: String] = [
        .checkEntitlements: "only reads, and is a POST because so many IDs fit into no address"
    ]

    @Test func `is there for every write, but for those whose reason is written down`() {
        for endpoint in Endpoint.allCases where endpoint.isUnderV1 && endpoint.method != "GET" {
            #expect(endpoint.documentation.dryRun == (Self.without[endpoint] == nil), "\(endpoint)")
        }
    }

    @Test func `has an Idempotency-Key beside it on every POST`() {
        for endpoint in Endpoint.allCases where endpoint.isUnderV1 && endpoint.method == "POST" {
            let isOffered = endpoint.documentation.idempotency != .none
            #expect(isOffered == (Self.without[endpoint] == nil), "\(endpoint)")
        }
    }

    @Test func `of an advance tells what stands and would run, is refused what an advance is, and moves no clock`() async throws {
        let tenant = try await TestBursar.shared.tenant("foreseen")
        let id = try await tenant.prepaid()
        let now = try #require(try await tenant.get("/v1/test-clock").expect(200)["now"])
        let before = try tenant.fingerprint()
        func advance(_ to: String, _ query: String = "?dry_run=true") async throws -> Reply {
            try await tenant.post("/v1/test-clock/advance\(query)", ["to": "\(to)"])
        }
        let dry = try await advance("2199-01-01T00:00:00Z").expect(200)
        #expect(dry["now"] == "2199-01-01T00:00:00Z" && dry["dry_run"] == "true" && dry["due.lot_expiry"] == "1")
        #expect(dry["ran"] == nil)
        #expect(try await advance(now).expect(200)["due.lot_expiry"] == nil)
        try await advance("2001-01-01T00:00:00Z").expect(422, "clock_backwards")
        try await advance("2300-01-01T00:00:00Z").expect(422, "too_far")
        try tenant.force(
            "update test_clocks set advancing_to = '2198-01-01', advance_lease = '2199-01-01' where tenant_id = $tenant")
        try await advance("2199-01-01T00:00:00Z").expect(409, "test_clock_advancing")
        try tenant.force("update test_clocks set advancing_to = null, advance_lease = null where tenant_id = $tenant")
        #expect(try tenant.fingerprint().differences(from: before) == [])
        #expect(try await tenant.subscription(id)["state"] == "active")
        let real = try await advance("2199-01-01T00:00:00Z", "").expect(200)
        #expect(real["due"] == nil && real["dry_run"] == nil && real["ran.lot_expiry"] == "1")
    }

    @Test func `of what against If-Match as the real one is, and so is the object's ETag`()
        async throws
    {
        let world = try await World.make(.shared)
        let changes = Endpoint.allCases.filter { ["PATCH", "PUT", "DELETE"].contains($0.method) }
        #expect(changes.count >= 14)
        for endpoint in changes {
            let (target, body) = world.request(endpoint)
            let before = try world.tenant.fingerprint()
            for query in ["", "?dry_run=true"] {
                try await world.tenant.request(endpoint.method, target + query, body, headers: ["If-Match": "\"another\""])
                    .expect(
                        412, "stale")
            }
            #expect(try world.tenant.fingerprint().differences(from: before) == [], "\(endpoint)")
            try await world.tenant.request(
                endpoint.method, target + "?dry_run=true", body, headers: ["If-Match": "*"]
            ).expect(200)
            // The object's own ETag, where it can be read by itself.
            let read = Endpoint.allCases.first {
                $0.method == "GET" && $0.template == endpoint.template && $0.readsObject
            }
            guard let read else { continue }
            let seen = try await world.tenant.get(world.request(read).target).expect(200)
            let etag = try #require(seen.header("etag"), "\(read)")
            try await world.tenant.request(
                endpoint.method, target + "?dry_run=true", body, headers: ["If-Match": etag]
            ).expect(200)
        }
    }

    @Test func `of every write answers as the real one does, and leaves every table as it was`() async throws {
        let world = try await World.make(.shared)
        let writes = Endpoint.allCases.filter(\.documentation.dryRun)
        #expect(writes.count >= 14)
        for endpoint in writes {
            let (target, body) = world.request(endpoint)
            let before = try world.tenant.fingerprint()
            let dry = try await world.send(endpoint.method, target + "?dry_run=true", body, endpoint, as: nil, once: .none)
            #expect(try world.tenant.fingerprint().differences(from: before) == [], "\(endpoint)")
            let real = try await world.send(endpoint.method, target, body, endpoint, as: nil)
            #expect(real.status < 300, "\(endpoint): \(real.text)")
            #expect(dry.status == real.status, "\(endpoint)")
            #expect(dry["dry_run"] == "true", "\(endpoint)")
            #expect(real["dry_run"] == nil, "\(endpoint)")
            // No version is there that `If-Match` could name: somebody else's next one would pass for it.
            #expect(dry.header("etag") == nil, "\(endpoint)")
            #expect(dry.header("location") == nil, "\(endpoint)")
            // Identities and what stands on real time are made anew; everything else is the same.
            let made: Set<String> = [
                "id", "order_id", "dry_run", "sent_at", "expires_at", "created_at", "ended_at", "key", "hint", "revoked_at",
                "updated_at", "secret", "event_id", "request_body", "next_attempt_at", "previous_secret_until", "url", "due",
                "ran",
            ]
            #expect(dry.json.canonical(dropping: made) == real.json.canonical(dropping: made), "\(endpoint)")
            #expect(try world.tenant.fingerprint() != before, "\(endpoint) changed nothing")
        }
        try await world.tenant.invariants()
    }

    @Test func `is refused for what the real one is refused, in the same words`() async throws {
        let world = try await World.make(.shared)
        let (id, before) = (world.prepaid, try world.tenant.fingerprint())
        let cases: [(String, Input, Int, String)] = [
            (
                "payments", ["method": "sandbox", "amount": ["amount": "999.99", "currency": "CNY"]], 422, "payment_below_minimum"
            ),
            ("cancel", [:], 403, "cancel_not_allowed_for_offer"),
            ("reactivate", ["reason": "requested"], 409, "reason_not_present"),
            (
                "upgrade", ["payment": ["method": "sandbox", "amount": ["amount": "1000.00", "currency": "CNY"]]], 403,
                "upgrade_not_allowed_for_offer"
            ),
        ]
        for (action, body, status, code) in cases {
            let dry = try await world.tenant.post("/v1/subscriptions/\(id)/\(action)?dry_run=true", body).expect(status, code)
            let real = try await world.tenant.post("/v1/subscriptions/\(id)/\(action)", body).expect(status, code)
            #expect(dry.json.canonical(dropping: ["request_id"]) == real.json.canonical(dropping: ["request_id"]))
        }
        #expect(try world.tenant.fingerprint().differences(from: before) == [])
    }

    @Test func `keeps nothing under its idempotency key`() async throws {
        let world = try await World.make(.shared)
        let body: Input = ["method": "sandbox", "amount": ["amount": "1500.00", "currency": "CNY"]]
        let target = "/v1/subscriptions/\(world.prepaid)/payments"
        let key = TestTenant.Once.key("dry-then-real")
        #expect(
            try await world.tenant.request("POST", "\(target)?dry_run=true", body, once: key).expect(200)["dry_run"] == "true")
        let real = try await world.tenant.request("POST", target, body, once: key).expect(200)
        #expect(real.header("idempotent-replayed") == nil)
        let replayed = try await world.tenant.request("POST", target, body, once: key).expect(200)
        #expect(replayed.header("idempotent-replayed") == "true")
        #expect(replayed.text == real.text)
        try await world.tenant.invariants()
    }

    @Test func `finds nothing under its idempotency key either, whatever the real one has kept there`() async throws {
        let world = try await World.make(.shared)
        let posts = Endpoint.allCases.filter { $0.method == "POST" && $0.documentation.dryRun }
        #expect(posts.contains { $0.documentation.idempotency == .required })
        for endpoint in posts {
            let (target, body) = world.request(endpoint)
            let key = TestTenant.Once.key("real-then-dry-\(endpoint)")
            let real = try await world.send(endpoint.method, target, body, endpoint, as: nil, once: key)
            #expect(real.status < 300, "\(endpoint): \(real.text)")
            let before = try world.tenant.fingerprint()
            // What stands now decides: it may be refused, as it would be under a fresh key; it is no fault and no replay.
            let dry = try await world.send(endpoint.method, target + "?dry_run=true", body, endpoint, as: nil, once: key)
            #expect(dry.header("idempotent-replayed") == nil, "\(endpoint)")
            let fresh = try await world.send(endpoint.method, target + "?dry_run=true", body, endpoint, as: nil, once: .fresh)
            #expect(dry.status == fresh.status && dry["code"] == fresh["code"] && dry.status < 500, "\(endpoint): \(dry.text)")
            #expect(dry.status >= 400 || dry["dry_run"] == "true", "\(endpoint)")
            #expect(try world.tenant.fingerprint().differences(from: before) == [], "\(endpoint)")
            let replayed = try await world.send(endpoint.method, target, body, endpoint, as: nil, once: key)
            #expect(replayed.header("idempotent-replayed") == "true", "\(endpoint): \(replayed.text)")
        }
    }

    @Test func `of a payment under the key that has paid says what one more would do`() async throws {
        let world = try await World.make(.shared)
        let sandbox: Input = ["method": "sandbox", "amount": ["amount": "1500.00", "currency": "CNY"]]
        let order: Input = [
            "account_id": "\(world.account)", "offer": "prepaid", "name": "Ordered", "payment": sandbox,
        ]
        for (target, body) in [("/v1/subscriptions/\(world.prepaid)/payments", sandbox), ("/v1/subscriptions", order)] {
            let key = TestTenant.Once.key("pay-\(target.count)")
            let real = try await world.tenant.request("POST", target, body, once: key)
            #expect(real.status < 300, "\(real.text)")
            let dry = try await world.tenant.request("POST", "\(target)?dry_run=true", body, once: key).expect(real.status)
            #expect(dry["dry_run"] == "true" && dry.header("idempotent-replayed") == nil)
        }
    }

    @Test func `of many may be asked for in the body as well`() async throws {
        let tenant = try await TestBursar.shared.tenant("rehearsed")
        let id = try await tenant.prepaid()
        func suspend(_ dryRun: Input) async throws -> Reply {
            try await tenant.post(
                "/v1/subscriptions/actions",
                .object([
                    ("action", "suspend"), ("mode", "each"), ("items", .list([.object([("id", .text(id))])])),
                    ("dry_run", dryRun),
                ]))
        }
        let dry = try await suspend(true).expect(200)
        #expect(dry["dry_run"] == "true" && dry["results.0.verdict"] == "done")
        #expect(try await tenant.subscription(id)["state"] == "active")
        try await suspend("yes").expect(422, "wrong_type")
        try await suspend(false).expect(200)
        #expect(try await tenant.subscription(id)["state"] == "suspended")
    }
}
