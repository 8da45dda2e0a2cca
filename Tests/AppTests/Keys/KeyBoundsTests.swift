import App
import FoundationEssentials
import HTTP
import TestSupport
import Testing
import Values

/// A key never widens itself, nor makes what is wider than itself.
@Suite struct `A bound key` {
    private static let far = "2100-01-01T00:00:00Z"
    private static let bounds: [(String, Input)] = [
        ("expires_at", .text(far)), ("allowed_addresses", ["127.0.0.1", "10.0.0.0/8", "203.0.113.0/24"]), ("rate_limit", 500),
    ]

    private func make(_ tenant: TestTenant, _ body: [(String, Input)]) async throws -> (id: String, key: String) {
        let made = try await tenant.post("/v1/api-keys", .object([("name", "Bound")] + body)).expect(201)
        return (try made.id, try #require(made["key"]))
    }

    private func ask(_ tenant: TestTenant, _ method: String, _ target: String, _ body: Input? = nil, as key: String) async throws
        -> Reply
    {
        var headers: HTTPHeaders = ["Host": "api.test", "Authorization": "Bearer \(key)"]
        if body != nil { headers.set("Content-Type", "application/json") }
        return try await tenant.bursar.request(
            method, target, headers: headers, body: body?.bytes ?? [], remoteAddress: "203.0.113.9")
    }

    @Test func `manages no keys whatever binds it, but ends them and replaces itself by what is bound alike`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        for owner in [[("role", "operator")], [("account_id", .text(account)), ("role", "account_admin")]] as [[(String, Input)]]
        {
            for bound in Self.bounds {
                let other = try await make(tenant, owner)
                let own = try await make(tenant, owner + [bound])
                let before = try tenant.fingerprint()
                for (method, target, body) in [
                    ("POST", "/v1/api-keys", .object([("name", "Lasting")] + owner)),
                    ("PATCH", "/v1/api-keys/\(own.id)", ["expires_at": nil]),
                    ("PATCH", "/v1/api-keys/\(own.id)", ["allowed_addresses": nil]),
                    ("PATCH", "/v1/api-keys/\(own.id)", ["name": "Other"]),
                    ("PATCH", "/v1/api-keys/\(other.id)", ["expires_at": .text(Self.far)]),
                    ("POST", "/v1/api-keys/\(other.id)/rotate", [:]),
                ] as [(String, String, Input)] {
                    for query in ["", "?dry_run=true"] {
                        let reply = try await ask(tenant, method, target + query, body, as: own.key)
                        try reply.expect(403, "bound_key_manages_none")
                    }
                }
                #expect(try tenant.fingerprint().differences(from: before) == [], "\(bound.0)")
                let rotated = try await ask(tenant, "POST", "/v1/api-keys/\(own.id)/rotate", [:], as: own.key).expect(201)
                let made = try await tenant.get("/v1/api-keys/\(try rotated.id)").expect(200)
                let first = try await tenant.get("/v1/api-keys/\(own.id)").expect(200)
                for field in ["rate_limit", "allowed_addresses.0", "allowed_addresses.2", "role", "account_id"] {
                    #expect(made[field] == first[field], "\(field)")
                }
                if bound.0 == "expires_at" { #expect(made["expires_at"]?.hasPrefix("2100-01-01T00:00:00") == true) }
                // The new one is bound as well.
                let key = try #require(rotated["key"])
                try await ask(tenant, "POST", "/v1/api-keys", .object([("name", "Lasting")] + owner), as: key)
                    .expect(403, "bound_key_manages_none")
                try await ask(tenant, "DELETE", "/v1/api-keys/\(other.id)", as: key).expect(200)
            }
        }
    }

    @Test func `with scopes ends and replaces itself, and no other`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        for owner in [[("role", "operator")], [("account_id", .text(account)), ("role", "account_admin")]] as [[(String, Input)]]
        {
            let other = try await make(tenant, owner)
            let terms = owner + Self.bounds + [("scopes", ["orders:read"])]
            let (own, twin) = (try await make(tenant, terms), try await make(tenant, terms))
            let before = try tenant.fingerprint()
            for (method, target, body) in [
                ("DELETE", "/v1/api-keys/\(other.id)", nil), ("DELETE", "/v1/api-keys/\(twin.id)", nil),
                ("POST", "/v1/api-keys/\(other.id)/rotate", [:]), ("POST", "/v1/api-keys/\(twin.id)/rotate", [:]),
                ("DELETE", "/v1/api-keys/\(APIKeyID(.zero))", nil), ("PATCH", "/v1/api-keys/\(own.id)", ["name": "Other"]),
                ("PATCH", "/v1/api-keys/\(own.id)", ["scopes": nil]), ("GET", "/v1/api-keys/\(own.id)", nil),
                ("GET", "/v1/api-keys", nil), ("POST", "/v1/api-keys", .object([("name", "Lasting")] + owner)),
            ] as [(String, String, Input?)] {
                try await ask(tenant, method, target, body, as: own.key).expect(403, "scope_missing")
            }
            // Where it may not be used from, it does not do this either.
            let elsewhere: HTTPHeaders = ["Host": "api.test", "Authorization": "Bearer \(own.key)"]
            try await tenant.bursar.request(
                "DELETE", "/v1/api-keys/\(own.id)", headers: elsewhere, remoteAddress: "198.51.100.7"
            ).expect(403, "address_not_allowed")
            #expect(try tenant.fingerprint().differences(from: before) == [])
            let rotated = try await ask(
                tenant, "POST", "/v1/api-keys/\(own.id)/rotate", ["overlap_seconds": 3_600], as: own.key
            ).expect(201)
            let (first, made) = (
                try await tenant.get("/v1/api-keys/\(own.id)").expect(200),
                try await tenant.get("/v1/api-keys/\(try rotated.id)").expect(200)
            )
            for field in ["rate_limit", "allowed_addresses.0", "allowed_addresses.2", "scopes.0", "role", "account_id"] {
                #expect(made[field] == first[field], "\(field)")
            }
            #expect(
                made.list("scopes").count == 1 && made["expires_at"] == "\(Self.far.dropLast()).000000Z"
                    || made["expires_at"] == Self.far)
            // Replaced, it passes on what is left of its overlap and no more.
            let again = try await ask(tenant, "POST", "/v1/api-keys/\(own.id)/rotate", [:], as: own.key).expect(201)
            #expect(again["expires_at"] == first["expires_at"])
            // The new one ends itself and not the one it came from, which ends itself as well.
            let key = try #require(rotated["key"])
            try await ask(tenant, "DELETE", "/v1/api-keys/\(own.id)", as: key).expect(403, "scope_missing")
            for (id, key) in [(try rotated.id, key), (own.id, own.key)] {
                #expect(try await ask(tenant, "DELETE", "/v1/api-keys/\(id)", as: key).expect(200)["state"] == "revoked")
                #expect(try await tenant.get("/v1/api-keys/\(id)").expect(200)["state"] == "revoked")
            }
        }
        // The role decides first: whoever may not manage keys does not manage his own either.
        for scopes in [[], [("scopes", ["orders:read"])]] as [[(String, Input)]] {
            let reader = try await make(tenant, [("account_id", .text(account)), ("role", "reader")] + scopes)
            try await ask(tenant, "DELETE", "/v1/api-keys/\(reader.id)", as: reader.key).expect(403)
            try await ask(tenant, "POST", "/v1/api-keys/\(reader.id)/rotate", [:], as: reader.key).expect(403)
            #expect(try await tenant.get("/v1/api-keys/\(reader.id)").expect(200)["state"] == "active")
        }
    }

    @Test func `that was replaced does not outlive its overlap by its own hand, nor is changed by another`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let old = try await make(tenant, [("account_id", .text(account)), ("role", "account_admin")])
        let new = try await tenant.post("/v1/api-keys/\(old.id)/rotate", ["overlap_seconds": 3_600]).expect(201)
        let ends = try await tenant.get("/v1/api-keys/\(old.id)").expect(200)["expires_at"]
        try await ask(tenant, "PATCH", "/v1/api-keys/\(old.id)", ["expires_at": nil], as: old.key)
            .expect(403, "bound_key_manages_none")
        for body in [["expires_at": nil], ["name": "Still here"], ["expires_at": .text(Self.far)]] as [Input] {
            for key in [nil, new["key"]] as [String?] {
                try await tenant.request("PATCH", "/v1/api-keys/\(old.id)", body, as: key, once: .none)
                    .expect(409, "api_key_replaced")
            }
        }
        #expect(try await tenant.get("/v1/api-keys/\(old.id)").expect(200)["expires_at"] == ends)
        let again = try await ask(tenant, "POST", "/v1/api-keys/\(old.id)/rotate", [:], as: old.key).expect(201)
        #expect(again["expires_at"] == ends)
        try await tenant.request("PATCH", "/v1/api-keys/\(try new.id)", ["name": "Renamed"], once: .none).expect(200)
    }

    @Test func `that has ended does not come back`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let ended = try await make(tenant, [("account_id", .text(account)), ("role", "reader"), ("expires_at", .text(Self.far))])
        let uuid = try #require(APIKeyID(ended.id)).uuid.uuidString
        try tenant.force("update identity.api_keys set expires_at = now() - interval '1 day' where id = '\(uuid)'")
        for body in [["expires_at": nil], ["expires_at": .text(Self.far)], ["name": "Again"]] as [Input] {
            try await tenant.request("PATCH", "/v1/api-keys/\(ended.id)", body, once: .none)
                .expect(409, "api_key_expired_already")
        }
        let chinese = try await tenant.request(
            "PATCH", "/v1/api-keys/\(ended.id)", ["name": "Again"], once: .none, headers: ["Accept-Language": "zh-CN"])
        #expect(chinese["detail"] == "已到期的密钥不能更改或更换，请新建密钥。")
    }

    @Test func `is made by an unbound one, which changes others but not its own bounds`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let own = try await make(tenant, [("account_id", .text(account)), ("role", "account_admin")])
        let path = "/v1/api-keys/\(own.id)"
        for body in [
            ["expires_at": .text(Self.far)], ["allowed_addresses": ["10.0.0.1"]], ["scopes": ["orders:read"]], ["scopes": nil],
        ] as [Input] {
            try await tenant.request("PATCH", path, body, as: own.key, once: .none).expect(403, "key_cannot_change_itself")
        }
        try await tenant.request("PATCH", path, ["name": "Mine"], as: own.key, once: .none).expect(200)
        let made = try await tenant.post(
            "/v1/api-keys", ["role": "reader", "name": "Narrow", "expires_at": .text(Self.far)], as: own.key
        ).expect(201)
        try await tenant.request(
            "PATCH", "/v1/api-keys/\(try made.id)", ["allowed_addresses": ["10.0.0.1"]], as: own.key, once: .none
        ).expect(200)
        let operatorKey = try await make(tenant, [("role", "operator")])
        try await tenant.request(
            "PATCH", "/v1/api-keys/\(operatorKey.id)", ["rate_limit": 1_000_000], as: operatorKey.key, once: .none
        ).expect(403, "key_cannot_change_itself")
    }

    @Test func `is not changed on the pages either once it has ended or was replaced`() async throws {
        let story = try await PortalStory()
        let list = "/accounts/\(story.account)/api-keys"
        let administrator = try await story.person("account_admin")
        let old = try await make(story.tenant, [("account_id", .text(story.account)), ("role", "reader")])
        let form = "\(list)/\(old.id)/edit"
        try await administrator.get("\(form)?lang=en").expect(200)
        let new = try await story.tenant.post("/v1/api-keys/\(old.id)/rotate").expect(201)
        #expect(try await administrator.post(form, ["name": "Renamed"]).status == 409)
        #expect(try await administrator.get(form).status == 409)
        let shown = try await administrator.get(list).expect(200).text
        #expect(try !shown.contains(form) && shown.contains("\(list)/\(new.id)/edit"))
        let ended = try await make(
            story.tenant, [("account_id", .text(story.account)), ("role", "reader"), ("expires_at", .text(Self.far))])
        let uuid = try #require(APIKeyID(ended.id)).uuid.uuidString
        try story.tenant.force("update identity.api_keys set expires_at = now() - interval '1 day' where id = '\(uuid)'")
        #expect(try await administrator.get("\(list)/\(ended.id)/edit").status == 409)
    }
}
