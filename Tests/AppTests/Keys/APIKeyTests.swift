import App
import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

/// A key may what its role may, what its scopes leave of that, while it lives, from where it may; and it is shown once.
@Suite struct `An API key` {
    private func make(_ tenant: TestTenant, _ account: String, role: String = "account_admin", _ more: [String: Input] = [:])
        async throws -> Reply
    {
        var body: [String: Input] = ["account_id": "\(account)", "role": "\(role)", "name": "For tests"]
        for (name, value) in more { body[name] = value }
        return try await tenant.post("/v1/api-keys", .object(body.map { ($0.key, $0.value) }))
    }

    @Test func `is shown once and stored nowhere`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let body: Input = ["account_id": "\(account)", "role": "reader", "name": "Once"]
        let made = try await tenant.request("POST", "/v1/api-keys", body, once: .key("made-once")).expect(201)
        let key = try #require(made["key"])
        #expect(key.hasPrefix("bsk_test_"))
        #expect(made["hint"] == String(key.suffix(4)))
        #expect(made.header("location") == "/v1/api-keys/\(try made.id)")
        let again = try await tenant.request("POST", "/v1/api-keys", body, once: .key("made-once")).expect(201)
        #expect(again.header("idempotent-replayed") == "true")
        #expect(again["key"] == nil)
        #expect(try again.id == made.id)
        #expect(try await tenant.get("/v1/api-keys/\(try made.id)").expect(200)["key"] == nil)
        #expect(try await tenant.get("/v1/api-keys?account_id=\(account)").expect(200).text.contains(key) == false)
        let kept = try tenant.bursar.database.superuser().query(
            "select count(*) from idempotency_keys where response_body like \("%\(key)%")")
        #expect(try kept[0].get(0, as: Int64.self) == 0)
        try await tenant.get("/v1/me", as: key).expect(200)
    }

    @Test func `with scopes may only what they name`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let subscription = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let made = try await make(tenant, account, ["scopes": ["subscriptions:read"]]).expect(201)
        let key = try #require(made["key"])
        try await tenant.get("/v1/subscriptions/\(subscription)", as: key).expect(200)
        try await tenant.get("/v1/me", as: key).expect(200)
        let refused = try await tenant.post("/v1/subscriptions/\(subscription)/suspend", ["reason": "requested"], as: key)
        try refused.expect(403, "scope_missing")
        #expect(refused["detail"]?.contains("subscriptions:write") == true)
        try await tenant.get("/v1/orders", as: key).expect(403, "scope_missing")
        // A narrowed key cannot make itself a wider one: the scope does not exist.
        try await make(tenant, account, ["scopes": ["api-keys:write"]]).expect(422, "unknown_scope")
        let path = "/v1/api-keys/\(try made.id)"
        try await tenant.request("PATCH", path, ["scopes": ["usage:write"]], once: .none).expect(422, "scope_useless")
        try await tenant.request("PATCH", path, ["scopes": ["orders:read"]], once: .none).expect(200)
        let unscoped = try #require(try await make(tenant, account).expect(201)["key"])
        try await tenant.post("/v1/subscriptions/\(subscription)/suspend", ["reason": "requested"], as: unscoped).expect(200)
    }

    @Test func `never gets wider scopes than there are, an address that is none, or an end in the past`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        for (more, pointer, code) in [
            (["scopes": ["everything"]], "/scopes/0", "unknown_scope"), (["scopes": .list([])], "/scopes", "scopes_empty"),
            (["scopes": ["subscriptions:read", "usage:write"]], "/scopes/1", "scope_useless"),
            (["role": "reader", "scopes": ["subscriptions:write"]], "/scopes/0", "scope_useless"),
            (["allowed_addresses": ["10.0.0.0/33"]], "/allowed_addresses/0", "unknown_address"),
            (["allowed_addresses": ["somewhere"]], "/allowed_addresses/0", "unknown_address"),
            (["allowed_addresses": .list([])], "/allowed_addresses", "addresses_empty"),
            (["expires_at": "2001-01-01T00:00:00Z"], "/expires_at", "expiry_in_past"),
            (["role": "operator"], "/role", "role_needs_tenant"),
        ] as [([String: Input], String, String)] {
            let before = try tenant.fingerprint()
            let reply = try await make(tenant, account, more).expect(422)
            #expect(reply["errors.0.pointer"] == pointer && reply["errors.0.code"] == code, "\(reply.text)")
            #expect(try tenant.fingerprint().differences(from: before) == [])
        }
        try await tenant.post("/v1/api-keys", ["role": "reader", "name": "No account"]).expect(422)
    }

    @Test func `works from its addresses only, and says where it was used last`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let made = try await make(tenant, tenant.account(), ["allowed_addresses": ["203.0.113.0/24", "2001:db8::/32"]]).expect(
            201)
        let key = try #require(made["key"])
        for (address, status) in [
            ("203.0.113.9", 200), ("::ffff:203.0.113.9", 200), ("2001:db8::7", 200), ("203.0.114.1", 403), ("127.0.0.1", 403),
            ("2001:db9::1", 403),
        ] {
            let reply = try await tenant.bursar.request(
                "GET", "/v1/me", headers: ["Host": "api.test", "Authorization": "Bearer \(key)"], remoteAddress: address)
            #expect(reply.status == status, "\(address): \(reply.text)")
        }
        let seen = try await lastUse(of: try made.id, tenant)
        #expect(seen["last_used_address"] == "203.0.113.9")
        #expect(seen["last_used_at"] != nil)
    }

    /// Written a moment after the request, by whichever round comes first.
    private func lastUse(of id: String, _ tenant: TestTenant) async throws -> Reply {
        for _ in 0..<200 {
            await tenant.bursar.writeKeyUses()
            let seen = try await tenant.get("/v1/api-keys/\(id)").expect(200)
            if seen["last_used_at"] != nil { return seen }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw TestFault("no use of \(id) within ten seconds")
    }

    @Test func `waits for nobody to note its use, which is written when it can be`() async throws {
        let bursar = try await TestBursar()
        let tenant = try await bursar.tenant()
        let made = try await make(tenant, tenant.account()).expect(201)
        let (id, key) = (try made.id, try #require(made["key"]))
        let holder = try bursar.database.superuser()
        let uuid = try #require(APIKeyID(id)).uuid.uuidString
        try holder.run("begin; select 1 from identity.api_keys where id = '\(uuid)' for update")
        let clock = ContinuousClock()
        let took = try await clock.measure { try await tenant.get("/v1/me", as: key).expect(200) }
        #expect(took < .milliseconds(400))
        // What is held keeps nobody else's from being written, and is not lost.
        await bursar.writeKeyUses()
        #expect(try await tenant.get("/v1/api-keys/\(id)").expect(200)["last_used_at"] == nil)
        let own = try await tenant.get("/v1/me").expect(200)
        let ownID = try #require(own["key.id"] ?? own["id"])
        #expect(try await tenant.get("/v1/api-keys/\(ownID)").expect(200)["last_used_at"] != nil)
        try holder.run("rollback")
        // The server's own round, which ends when it is told to.
        let loop = bursar.instance.loop
        let (uses, database) = (bursar.app.authenticator.uses, bursar.instance.dependencies.database)
        let writing = loop.spawn { await uses.run(database) { try await loop.sleep(for: .milliseconds(20)) } }
        var seen: String?
        for _ in 0..<200 where seen == nil {
            try await Task.sleep(for: .milliseconds(50))
            seen = try await tenant.get("/v1/api-keys/\(id)").expect(200)["last_used_at"]
        }
        #expect(seen != nil)
        writing.cancel()
        await writing.value
        await bursar.close()
    }

    @Test func `ends at its end and within a second of its revocation`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let made = try await make(tenant, account).expect(201)
        let (id, key) = (try made.id, try #require(made["key"]))
        try await tenant.get("/v1/me", as: key).expect(200)
        try await tenant.request("DELETE", "/v1/api-keys/\(id)", once: .none).expect(200)
        try await Task.sleep(for: .milliseconds(1_050))
        try await tenant.get("/v1/me", as: key).expect(401, "invalid_api_key")
        try await tenant.request("PATCH", "/v1/api-keys/\(id)", ["name": "Again"], once: .none).expect(409, "api_key_revoked")
        try await tenant.post("/v1/api-keys/\(id)/rotate").expect(409, "api_key_revoked")
        let brief = try await make(tenant, account).expect(201)
        try tenant.force("update identity.api_keys set expires_at = now() where id = '\(uuid(try brief.id))'")
        try await tenant.get("/v1/me", as: try secret(brief)).expect(401, "api_key_expired")
    }

    @Test func `is replaced with an overlap in which both work`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let old = try await make(tenant, account, ["scopes": ["orders:read"]]).expect(201)
        let new = try await tenant.post("/v1/api-keys/\(try old.id)/rotate", ["overlap_seconds": 3_600]).expect(201)
        #expect(new["rotated_from"] == (try old.id))
        #expect(new["scopes.0"] == "orders:read" && new["role"] == old["role"])
        for reply in [old, new] { try await tenant.get("/v1/orders", as: try secret(reply)).expect(200) }
        #expect(try await tenant.get("/v1/api-keys/\(try old.id)").expect(200)["expires_at"] != nil)
        let last = try await tenant.post("/v1/api-keys/\(try new.id)/rotate", ["overlap_seconds": 0]).expect(201)
        try await Task.sleep(for: .milliseconds(1_050))
        try await tenant.get("/v1/orders", as: try secret(new)).expect(401, "api_key_expired")
        try await tenant.get("/v1/orders", as: try secret(last)).expect(200)
    }

    @Test func `of the tenant is the operator's alone, and an account's is its administrator's`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let (mine, other) = (try await tenant.account(), try await tenant.account())
        let administrator = try await tenant.accountKey(mine)
        let operators = try await tenant.post("/v1/api-keys", ["role": "operator", "name": "Control plane"]).expect(201)
        try await tenant.get("/v1/api-keys/\(try operators.id)", as: administrator).expect(404)
        let theirs = try await make(tenant, other).expect(201)
        try await tenant.request("DELETE", "/v1/api-keys/\(try theirs.id)", as: administrator, once: .none).expect(404)
        try await tenant.post(
            "/v1/api-keys", ["account_id": "\(other)", "role": "reader", "name": "x"], as: administrator
        ).expect(404)
        try await tenant.post("/v1/api-keys", ["role": "operator", "name": "x"], as: administrator).expect(422)
        let own = try await tenant.post("/v1/api-keys", ["role": "finance", "name": "Own"], as: administrator).expect(201)
        #expect(own["account_id"] == mine)
        let listed = try await tenant.get("/v1/api-keys", as: administrator).expect(200)
        #expect(listed.list("data").allSatisfy { $0.scalar("account_id") == mine })
    }

    @Test func `is made, replaced and revoked on pages, in both languages`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        let list = "/accounts/\(story.account)/api-keys"
        #expect(try await browser.get("\(list)?lang=zh-Hans").expect(200).text.contains("API 密钥"))
        try await browser.get("\(list)/new?lang=en").expect(200)
        let wrong = try await browser.post(
            "\(list)/new", ["name": "", "role": "reader", "addresses": "nowhere", "expires_on": "2001-01-01"])
        try wrong.expect(422)
        for words in ["“nowhere” is no address", "Choose a day from today on"] { #expect(wrong.text.contains(words)) }
        try await browser.get("\(list)/new").expect(200)
        let fields = browser.hiddenFields
        let sent = ["name": "Export", "role": "reader", "scope:subscriptions:read": "yes"]
        let shown = try await browser.post("\(list)/new", sent, hidden: fields)
        #expect(shown.status == 200, "\(shown.text.split(separator: "problems").dropFirst().first?.prefix(400) ?? "")")
        let secret = try #require(shown.text.firstRange(of: "bsk_test_").map { String(shown.text[$0.lowerBound...].prefix(52)) })
        try await story.tenant.get("/v1/subscriptions", as: secret).expect(200)
        // The same form again makes no second key and cannot show the first.
        let again = try await browser.post("\(list)/new", sent, hidden: fields).expect(200)
        #expect(!again.text.contains(secret) && again.text.contains("shown before"))
        let id = try #require(try await story.tenant.get("/v1/api-keys?account_id=\(story.account)")["data.0.id"])
        try await browser.get("\(list)/\(id)/revoke").expect(200)
        try await browser.post("\(list)/\(id)/revoke", ["confirm_name": "Something else"]).expect(422)
        let revoked = try await browser.post("\(list)/\(id)/revoke", ["confirm_name": "Export"])
        #expect(revoked.status == 303)
        #expect(try await browser.get(list).expect(200).text.contains("The key was revoked"))
        #expect(try await story.person("finance").get(list).status == 403)
        #expect(try await story.person("account_admin").get("/operator/api-keys").status == 404)
    }

    @Test func `is found in a list by name, last characters and state, which also comes as a file`() async throws {
        let story = try await PortalStory()
        let (tenant, account, list) = (story.tenant, story.account, "/accounts/\(story.account)/api-keys")
        var ids: [String] = []
        for name in ["Nightly export", "alpha reader", "Zebra"] {
            ids.append(
                try await tenant.post("/v1/api-keys", ["account_id": "\(account)", "role": "reader", "name": "\(name)"])
                    .expect(201).id)
        }
        try await tenant.request("DELETE", "/v1/api-keys/\(ids[2])", once: .none).expect(200)
        let hint = try await tenant.get("/v1/api-keys/\(ids[0])").expect(200)["hint"] ?? ""
        let browser = try await story.person("account_admin")
        for (query, found) in [("q=NIGHT", ids[0]), ("q=\(hint)", ids[0]), ("q=\(ids[1])", ids[1]), ("state=revoked", ids[2])] {
            let page = try await browser.get("\(list)?\(query)").expect(200)
            #expect(page.text.contains("Rows 1–1 of 1") && page.text.contains("Clear all"), "\(query)")
            let file = try await browser.get("\(list)?\(query)&format=csv&header=machine").expect(200)
            #expect(file.text.contains("\(found),") && file.text.split(separator: "\r\n").count == 2, "\(query)")
            let told = try await tenant.get("/v1/api-keys?account_id=\(account)&\(query)").expect(200)
            #expect(told.list("data").compactMap { $0.scalar("id") } == [found], "\(query)")
        }
        let sorted = try await browser.get("\(list)?sort=name&state=active").expect(200)
        #expect(sorted.text.contains("aria-sort=\"ascending\"") && sorted.text.contains("/v1/api-keys?account_id=\(account)"))
        #expect(sorted.text.contains("\(list)/\(ids[0])/edit") && !sorted.text.contains("\(list)/\(ids[2])/edit"))
        let whole = try await tenant.get("/v1/api-keys?account_id=\(account)&sort=-created_at").expect(200)
        #expect(whole.list("data").compactMap { $0.scalar("id") } == ids.reversed())
        // The desk lists every key of the tenant, and looks after each there.
        let desk = try await story.person("operator").get("/operator/api-keys?q=\(ids[1])").expect(200)
        #expect(desk.text.contains("/operator/api-keys/\(ids[1])/edit") && desk.text.contains("alpha reader"))
    }

    @Test func `is renamed on a page, where the operator also says how often it may ask and nobody else does`() async throws {
        let story = try await PortalStory()
        let made = try await make(story.tenant, story.account).expect(201)
        let (id, list) = (try made.id, "/accounts/\(story.account)/api-keys")
        let administrator = try await story.person("account_admin")
        let form = try await administrator.get("\(list)/\(id)/edit?lang=en").expect(200)
        #expect(form.text.contains("For tests") && !form.text.contains("rate_limit"))
        try await administrator.post("\(list)/\(id)/edit", ["name": ""]).expect(422)
        try await administrator.get("\(list)/\(id)/edit").expect(200)
        let renamed = try await administrator.post("\(list)/\(id)/edit", ["name": "Billing export", "rate_limit": "100000"])
        #expect(renamed.status == 303)
        #expect(try await administrator.get(list).expect(200).text.contains("The key was changed"))
        let after = try await story.tenant.get("/v1/api-keys/\(id)").expect(200)
        #expect(after["name"] == "Billing export")
        #expect(after["rate_limit"] == nil)

        let provider = try await story.person("operator")
        #expect(try await provider.get("\(list)/\(id)/edit?lang=en").expect(200).text.contains("rate_limit"))
        for wrong in ["0", "many", "1000001", "1.5"] {
            try await provider.post("\(list)/\(id)/edit", ["name": "Billing export", "rate_limit": wrong]).expect(422)
            try await provider.get("\(list)/\(id)/edit").expect(200)
        }
        #expect(try await provider.post("\(list)/\(id)/edit", ["name": "Billing export", "rate_limit": "5000"]).status == 303)
        #expect(try await story.tenant.get("/v1/api-keys/\(id)").expect(200)["rate_limit"] == "5000")
        #expect(try await provider.get(list).expect(200).text.contains("5,000 requests a minute"))
        // It stays when somebody else renames the key, and goes when the field is emptied.
        try await administrator.get("\(list)/\(id)/edit").expect(200)
        #expect(try await administrator.post("\(list)/\(id)/edit", ["name": "Export"]).status == 303)
        #expect(try await story.tenant.get("/v1/api-keys/\(id)").expect(200)["rate_limit"] == "5000")
        try await provider.get("\(list)/\(id)/edit").expect(200)
        #expect(try await provider.post("\(list)/\(id)/edit", ["name": "Export", "rate_limit": ""]).status == 303)
        #expect(try await story.tenant.get("/v1/api-keys/\(id)").expect(200)["rate_limit"] == nil)
    }

    private func secret(_ made: Reply) throws -> String { try #require(made["key"]) }
    private func uuid(_ id: String) -> String { APIKeyID(id)?.uuid.uuidString ?? "" }
}
