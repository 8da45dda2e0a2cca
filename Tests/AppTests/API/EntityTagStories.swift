import App
import Postgres
import TestSupport
import Testing
import Values

/// api.md: 304 only where the answer is the same, 412 wherever the object is not.
@Suite struct `An ETag` {
    @Test func `stands on every answer that is one object, and answers 304 to whoever has it`() async throws {
        let world = try await World.make(.shared)
        for endpoint in Endpoint.allCases where endpoint.readsObject {
            let target = world.request(endpoint).target
            let seen = try await world.tenant.get(target).expect(200)
            let tag = try #require(seen.header("etag"), "\(endpoint)")
            for value in [tag, "W/\(tag)", "\"zz\", \(tag)", "*"] {
                let unchanged = try await world.tenant.request("GET", target, headers: ["If-None-Match": value])
                #expect(unchanged.status == 304, "\(endpoint) \(value)")
                #expect(unchanged.body.isEmpty)
                #expect(unchanged.header("etag") == tag)
            }
            try await world.tenant.request("GET", target, headers: ["If-None-Match": "\"zz\""]).expect(200)
        }
        #expect(try await world.tenant.get("/v1/partners/\(world.partner)").expect(200).header("etag") != nil)
        #expect(try await world.tenant.get("/v1/orders/\(world.order)").expect(200).header("etag") != nil)
    }

    @Test func `changes with everything that the answer says`() async throws {
        let world = try await World.make(.shared)
        let tenant = world.tenant
        let path = "/v1/subscriptions/\(world.partnered)"
        let first = try await tenant.get(path).expect(200)
        let tag = try #require(first.header("etag"))
        try await tenant.request("PATCH", "/v1/partners/\(world.partner)", ["company_name": "Another name"]).expect(200)
        let second = try await tenant.request("GET", path, headers: ["If-None-Match": tag]).expect(200)
        #expect(second["partner.company_name"] == "Another name")
        let left = try #require(second["credit.days_left"])
        let later = try #require(second.header("etag"))
        try await tenant.advance(to: "2025-01-18T00:00:00Z")
        let third = try await tenant.request("GET", path, headers: ["If-None-Match": later]).expect(200)
        #expect(third["credit.days_left"] != left)
        // Nobody has changed the subscription: whoever saw it before may change it.
        try await tenant.request("PATCH", path, ["name": "By the oldest tag"], headers: ["If-Match": tag]).expect(200)
        try await tenant.request("PATCH", path, ["name": "Too late"], headers: ["If-Match": tag]).expect(412, "stale")
    }

    @Test func `of a key changes when its end has come, with nothing written`() async throws {
        let time = TestTime()
        let bursar = try await TestBursar(realNow: { time.now })
        let tenant = try await bursar.tenant()
        let end = Instance.realNow().adding(seconds: 3_600).rfc3339
        let id = try await tenant.post("/v1/api-keys", ["role": "operator", "name": "Short", "expires_at": .text(end)]).expect(
            201
        ).id
        let path = "/v1/api-keys/\(id)"
        let seen = try await tenant.get(path).expect(200)
        let tag = try #require(seen.header("etag"))
        func again() async throws -> Reply { try await tenant.request("GET", path, headers: ["If-None-Match": tag]) }
        #expect(seen["state"] == "active")
        #expect(try await again().status == 304)
        func row() throws -> String {
            let uuid = try #require(APIKeyID(id)).uuid
            return try bursar.database.superuser().query(
                "select k::text || k.xmin::text from identity.api_keys k where id = \(uuid)")[0].get(0)
        }
        let before = try row()
        time.pass(seconds: 3_500)
        #expect(try await again().status == 304)
        time.pass(seconds: 200)
        let ended = try await again().expect(200)
        #expect(ended["state"] == "expired" && ended.header("etag") != tag)
        #expect(try row() == before)
        let fields = ["id", "name", "expires_at", "revoked_at", "last_used_at"]
        for field in fields { #expect(ended[field] == seen[field], "\(field)") }
        // Nobody has changed it: whoever saw it before may still end it.
        try await tenant.request("DELETE", path, headers: ["If-Match": tag]).expect(200)
        try await tenant.request("DELETE", path, headers: ["If-Match": tag]).expect(412, "stale")
        await bursar.close()
    }

    @Test func `is understood in a list, from before it had a hash, and not when it is weak`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let path = "/v1/subscriptions/\(try await tenant.prepaid())"
        let tag = try #require(try await tenant.get(path).expect(200).header("etag"))
        let old = "\(tag.dropLast(18))\""
        for value in [tag, old, "\"zz\", \(tag)", "\(old), \"zz\"", "*"] {
            try await tenant.request("PATCH", path + "?dry_run=true", ["name": "N"], headers: ["If-Match": value]).expect(200)
        }
        for value in ["W/\(tag)", "\"zz\"", String(tag.dropFirst().dropLast()), ""] {
            try await tenant.request("PATCH", path + "?dry_run=true", ["name": "N"], headers: ["If-Match": value])
                .expect(412, "stale")
        }
    }

    @Test func `of a first answer comes again with it`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        func order() async throws -> Reply {
            try await tenant.request(
                "POST", "/v1/subscriptions",
                [
                    "account_id": "\(account)", "offer": "prepaid", "name": "Tagged",
                    "payment": ["method": "sandbox", "amount": ["amount": "1000.00", "currency": "CNY"]],
                ], once: .key("tagged")
            ).expect(201)
        }
        let (made, again) = (try await order(), try await order())
        #expect(again.header("idempotent-replayed") == "true")
        let tag = try #require(made.header("etag"))
        #expect(again.header("etag") == tag)
        try await tenant.request(
            "PATCH", "/v1/subscriptions/\(made.id)", ["name": "N"], headers: ["If-Match": tag]
        ).expect(200)
        // What has no version of its own carries the hash of what was answered.
        func add() async throws -> Reply {
            try await tenant.request("POST", "/v1/accounts/\(account)/notes", ["body": "Called."], once: .key("note")).expect(201)
        }
        let note = try await add()
        #expect(note.header("etag") != nil)
        #expect(try await add().header("etag") == note.header("etag"))
    }
}
