import App
import FoundationEssentials
import TestSupport
import Testing

/// `include=total`: how many rows a list has, for whoever asks.
@Suite struct `The total of a list` {
    @Test func `is told only when it is asked for, with the same filters and only what is one's own`() async throws {
        let (tenant, stranger) = (
            try await TestBursar.shared.tenant("totals"), try await TestBursar.shared.tenant("totals-of-others")
        )
        let account = try await tenant.account()
        let other = try await tenant.account("Another")
        try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201)
        try await tenant.order("trial", for: other).expect(201)
        let foreign = try await stranger.account()
        try await stranger.order("prepaid", for: foreign, paying: "1000.00").expect(201)
        let silent = try await tenant.get("/v1/subscriptions").expect(200)
        #expect(silent["total"] == nil && silent["total_is_exact"] == nil)
        func total(_ query: String, as key: String? = nil) async throws -> String? {
            let reply = try await tenant.get("/v1/subscriptions?include=total\(query)", as: key).expect(200)
            #expect(reply["total_is_exact"] == "true")
            return reply["total"]
        }
        #expect(try await total("") == "2")
        #expect(try await total("&limit=1") == "2")
        #expect(try await total("&offer=prepaid") == "1")
        #expect(try await total("&created_to=2000-01-01T00:00:00Z") == "0")
        // An account's key counts its account, and nothing of another tenant, whatever it names.
        let key = try await tenant.accountKey(account)
        #expect(try await total("", as: key) == "1")
        #expect(try await total("&account_id=\(other)", as: key) == "0")
        #expect(try await total("&account_id=\(foreign)") == "0")
        // The next page asks for the same.
        let page = try await tenant.get("/v1/subscriptions?include=total&limit=1").expect(200)
        #expect(page.header("link")?.contains("include=total") == true)
        let cursor = try #require(page["next_cursor"])
        #expect(try await total("&limit=1&cursor=\(cursor)") == "2")
        try await tenant.get("/v1/subscriptions?include=everything").expect(400, "not_one_of")
        // A search that finds nothing has a total, too.
        #expect(try await total("&q=nobody-is-called-this") == "0")
    }

    @Test func `is exact up to ten thousand, and says where it is not`() async throws {
        let tenant = try await TestBursar.shared.tenant("many")
        try tenant.force(
            """
            insert into partners (tenant_id, id, code, company_name, created_at) select $tenant, gen_random_uuid(), 'P' || n, 'Partner', \
            timestamptz '2024-01-01 00:00Z' + n * interval '1 minute' from generate_series(1, 10000) n
            """)
        let exact = try await tenant.get("/v1/partners?include=total&limit=1").expect(200)
        #expect(exact["total"] == "10000" && exact["total_is_exact"] == "true")
        try await tenant.post("/v1/partners", ["code": "ONE-MORE", "company_name": "One more"]).expect(201)
        let more = try await tenant.get("/v1/partners?include=total&limit=1").expect(200)
        #expect(more["total"] == "10000" && more["total_is_exact"] == "false")
    }

    @Test func `is answered by every list that names it, to whoever may have the list`() async throws {
        let world = try await World.make(.shared)
        let counted = Endpoint.allCases.filter { $0.documentation.query.contains { $0.name == "include" } }
        #expect(counted.count >= 14)
        for endpoint in counted {
            let (target, _) = world.request(endpoint)
            let reply = try await world.tenant.get("\(target)\(target.contains("?") ? "&" : "?")include=total&limit=100").expect(
                200)
            #expect(reply["total"] == "\(reply.list("data").count)" && reply["has_more"] == "false", "\(endpoint): \(reply.text)")
        }
    }
}
