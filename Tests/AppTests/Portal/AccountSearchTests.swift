import FoundationEssentials
import HTML
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

@testable import App

/// Accounts are found by their administrators: what somebody knows of a customer who calls.
@Suite struct `The search among accounts` {
    typealias Administrator = (email: String, first: String, last: String)

    private static func add(_ name: String, _ person: Administrator, enrollment: String? = nil, _ tenant: TestTenant) async throws
        -> String
    {
        var body: [(String, TestSupport.Input)] = [
            ("kind", .text(enrollment == nil ? "standard" : "enterprise")), ("name", .text(name)), ("currency", .text("CNY")),
            ("time_zone", .text("Asia/Shanghai")), ("locale", .text("en")),
            (
                "administrator",
                ["email": "\(person.email)", "first_name": "\(person.first)", "last_name": "\(person.last)"]
            ),
        ]
        if let enrollment { body.append(("enrollment_id", .text(enrollment))) }
        return try await tenant.post("/v1/accounts", .object(body)).expect(201).id
    }

    private func found(_ q: String, _ tenant: TestTenant, as key: String? = nil, _ more: String = "") async throws -> [String] {
        try await tenant.get("/v1/accounts\(URLPath.query([("q", q)]))\(more)", as: key).expect(200).list("data").compactMap {
            $0.scalar("name")
        }
    }

    private func shown(_ q: String, _ page: String, _ browser: Browser) async throws -> [String] {
        try await browser.get("\(page)\(URLPath.query([("q", q)]))").expect(200).text.matches(
            of: #/class="row-link"[^>]*>([^<]*)</#
        )
        .map { String($0.output.1) }
    }

    @Test func `finds them by how the administrator's e-mail, first or last name begins, in the API as on the page`() async throws
    {
        let story = try await PortalStory()
        let (tenant, desk) = (story.tenant, try await story.person("operator"))
        for (name, person) in [
            ("Northern Freight", ("Zhang.Wei@freight.example", "Wei", "Zhang")), ("王府饭店", ("fang@hotel.example", "芳", "王")),
            ("Cinder_Works", ("o%b@cinder.example", "Conan", "O'Brien")), ("Slate 50%", ("oxb@slate.example", "Émile", "Weiss")),
            ("Tin Mill", ("tin@mill.example", "", "")), ("Zhangzhou Port", ("port@zz.example", "王", "Lee")),
        ] as [(String, Administrator)] { _ = try await Self.add(name, person, tenant) }
        let expected: [(String, [String])] = [
            // Part of the account's own name, as ever.
            ("freight", ["Northern Freight"]), ("works", ["Cinder_Works"]), ("府饭", ["王府饭店"]),
            // An address, whole and from its beginning, whatever the case; its middle is not searched.
            ("zhang.wei@freight.example", ["Northern Freight"]), ("ZHANG.W", ["Northern Freight"]), ("tin@", ["Tin Mill"]),
            ("wei@freight", []), ("hotel.ex", []),
            // Names, each part and both together, in both orders.
            ("zhang", ["Northern Freight", "Zhangzhou Port"]), ("wei", ["Northern Freight", "Slate 50%"]),
            ("Zhang Wei", ["Northern Freight"]), ("Wei Zhang", ["Northern Freight"]), ("hang", ["Zhangzhou Port"]),
            ("o'b", ["Cinder_Works"]), ("ÉMI", ["Slate 50%"]), ("éMILE w", ["Slate 50%"]),
            // Chinese: as the name is shown, each part, and where only one part is Chinese.
            ("王", ["Zhangzhou Port", "王府饭店"]), ("王芳", ["王府饭店"]), ("芳", ["王府饭店"]), ("王 lee", ["Zhangzhou Port"]),
            ("lee", ["Zhangzhou Port"]), ("李", []),
            // These stand for themselves.
            ("%", ["Slate 50%"]), ("_", ["Cinder_Works"]), ("o%", ["Cinder_Works"]), ("o_b", []), ("zhang%", []), ("王_", []),
            ("zhang\\", []), ("' or ''='", []),
        ]
        for (q, names) in expected {
            #expect(Set(try await found(q, tenant)) == Set(names), "\(q)")
            #expect(Set(try await shown(q, "/operator/accounts", desk)) == Set(names), "\(q)")
        }
        // Whoever is found both ways stands there once, in the order of names; the whole comes as a file, too.
        #expect(try await found("zhang", tenant) == ["Northern Freight", "Zhangzhou Port"])
        #expect(try await found("zhang", tenant, "&sort=-name") == ["Zhangzhou Port", "Northern Freight"])
        let first = try await tenant.get("/v1/accounts?q=zhang&limit=1").expect(200)
        let next = try await tenant.get("/v1/accounts?q=zhang&limit=1&cursor=\(first["next_cursor"] ?? "")").expect(200)
        #expect(next.list("data").map { $0.scalar("name") } == ["Zhangzhou Port"] && next["next_cursor"] == nil)
        let file = try await tenant.get("/v1/accounts?q=zhang&format=csv&cols=name").expect(200).text
        #expect(file.split(whereSeparator: \.isNewline).count == 3)
        #expect(try await found("zhang", tenant, "&kind=enterprise") == [])
        // A name is found as it is now.
        let profile = "update users set last_name = 'Quill' where tenant_id = $tenant and email = 'tin@mill.example'"
        try tenant.force(profile)
        #expect(try await found("quill", tenant) == ["Tin Mill"])
        for (language, hint) in [("en", "Name, ID, administrator or e-mail"), ("zh-Hans", "名称、ID、管理员姓名或邮箱")] {
            #expect(try await desk.get("/operator/accounts?lang=\(language)").expect(200).text.contains(hint))
        }
    }

    @Test func `finds for each reader what is hers, and nobody by an account that she does not see`() async throws {
        let portal = try await EnterprisePortal()
        let (tenant, agreement) = (portal.tenant, portal.ground.enrollment)
        let inside = try await Self.add("Inside", ("mara@inside.example", "Mara", "Quist"), enrollment: agreement, tenant)
        let second = try await tenant.enrollment()
        let beside = try await Self.add("Beside", ("marb@beside.example", "Marb", "Quist"), enrollment: second, tenant)
        let apart = try await Self.add("Apart", ("marc@apart.example", "Marc", "Quist"), tenant)
        let (other, theirs) = (try await TestBursar.shared.tenant("other"), try await TestBursar.shared.tenant("theirs"))
        _ = try await Self.add("Abroad", ("mara@inside.example", "Mara", "Quist"), other)
        // The provider: everything of its own tenant, and nothing of another's.
        #expect(try await found("quist", tenant) == ["Apart", "Beside", "Inside"])
        #expect(try await found("mar", tenant, "&enrollment_id=\(agreement)") == ["Inside"])
        #expect(try await found("mara@", other) == ["Abroad"])
        for q in ["quist", "mar", "mara@inside.example", apart] { #expect(try await found(q, theirs) == [], "\(q)") }
        // An account's key: that account, by its administrator too.
        for (account, name, q) in [(inside, "Inside", "mara@"), (beside, "Beside", "marb"), (apart, "Apart", "Marc Q")] {
            let key = try await tenant.accountKey(account)
            #expect(try await found("quist", tenant, as: key) == [name])
            #expect(try await found(q, tenant, as: key) == [name])
            for q in ["mara@", "marb", "Marc Q", inside, beside, apart] where try await found(q, tenant) != [name] {
                #expect(try await found(q, tenant, as: key) == [], "\(name) \(q)")
            }
        }
        // Whoever runs an agreement: its accounts.
        let page = "/enrollments/\(agreement)/accounts"
        for q in ["quist", "Mar", "mara@in", "Quist Mara", inside] {
            #expect(try await shown(q, page, portal.browser) == ["Inside"], "\(q)")
        }
        for q in ["marb@", "Marc", beside, apart] { #expect(try await shown(q, page, portal.browser) == [], "\(q)") }
        try await portal.browser.get("/enrollments/\(second)/accounts?q=quist").expect(404)
        try await portal.browser.get("/operator/accounts?q=quist").expect(404)
    }

    /// Among 30,000 accounts, each with an administrator of its own, and nothing but letters that very many begin with.
    @Test func `goes through indexes, and looks at so many rows only whatever is typed`() async throws {
        // A database of its own, filled and analyzed, so that neither other tests' rows nor passing statistics choose the plan.
        let bursar = try await TestBursar()
        let tenant = try await bursar.tenant("many")
        let agreement = try await tenant.enrollment()
        _ = try await Self.add("Bulkhead", ("bulky@example.com", "王芳", "Bulkier"), enrollment: agreement, tenant)
        _ = try await Self.add("Late", ("zz@example.com", "芳", "王"), tenant)
        let superuser = try bursar.database.superuser()
        try superuser.run(
            """
            set session_replication_role = replica;
            insert into users (tenant_id, id, email, first_name, last_name, created_at)
            select '\(tenant.id.uuid.uuidString)', overlay('00000000-0000-7000-8000-000000000000' placing lpad(to_hex(n), 8, '0') from 1)::uuid,
            'bulk' || n || '@example.com', 'Bulk', case when n % 10 = 0 then '王' else 'B' end || n, now() from generate_series(1, 30000) n;
            insert into accounts (tenant_id, id, kind, name, currency, time_zone, locale, administrator_id, created_at, updated_at)
            select '\(tenant.id.uuid.uuidString)', gen_random_uuid(), 'standard', case when n % 2 = 0 then 'bulk ' else 'crate ' end || n, 'CNY',
            'Asia/Shanghai', 'en', overlay('00000000-0000-7000-8000-000000000000' placing lpad(to_hex(n), 8, '0') from 1)::uuid,
            timestamptz '2024-01-01 00:00Z' + n * interval '1 minute', now() from generate_series(1, 30000) n;
            analyze users; analyze accounts;
            """)
        let (list, context) = (Account.list, tenant.context)
        // As the app itself, behind row security, which keeps an index from what is not leakproof.
        let plans = try AdminSession(url: bursar.database.appURL)
        try plans.run("begin; set local app.tenant_id = '\(tenant.id.uuid.uuidString)'")
        for q in ["b", "bulk", "c", "王", "bulk29999@example.com", "nobody", "bulk b29"] {
            let condition = try await bursar.instance.loop.run { try await list.condition(["q": q], context) }
            let page = try list.request(limit: 25, sort: list.order(of: ["q": q]))
            let statements = [(list.rows(page, condition), false), (list.count(condition, atMost: 10_001), true)]
            for (statement, isCount) in statements {
                let plan = try plans.query("explain (analyze, timing off) \(statement)").map { try $0.get(0, as: String.self) }
                let text = plan.joined(separator: "\n")
                #expect(!text.contains("Seq Scan") && !text.contains("Rows Removed by Filter"), "\(q): \(text)")
                // The count goes on to 10,001 among the accounts' own names, and in what it gathers from them; nothing else does.
                let lookedUp = ["users_", "accounts_administrator", "accounts_pkey"]
                let visited = plan.filter { line in !isCount || lookedUp.contains { line.contains($0) } }.compactMap { line in
                    line.firstMatch(of: #/\(actual rows=(\d+) loops=(\d+)\)/#).flatMap { match in
                        Int(match.output.1).flatMap { rows in Int(match.output.2).map { rows * $0 } }
                    }
                }
                #expect(try #require(visited.max()) <= 3 * AccountSearch.persons + 26, "\(q): \(text)")
                for index in ["users_email", "users_name", "users_turned"] {
                    #expect(text.contains("using \(index) "), "\(text)")
                }
            }
        }
        // Very many begin so: the first of them by name, and everybody where the list is short. Typing more of it finds whom one means.
        #expect(try await found("王芳", tenant) == ["Bulkhead", "Late"])
        #expect(try await found("bulki", tenant) == ["Bulkhead"])
        let many = try await tenant.get("/v1/accounts?q=bulk&sort=-name&limit=100").expect(200).list("data")
        #expect(many.count == 100)
        #expect(try await found("bulk", tenant, "&enrollment_id=\(agreement)") == ["Bulkhead"])
        #expect(try await found("bulkier", tenant, "&enrollment_id=\(agreement)") == ["Bulkhead"])
        #expect(
            try await found(
                "bu", tenant, as: try await tenant.accountKey(try await Self.add("Own", ("bz@example.com", "Bux", "Y"), tenant)))
                == ["Own"])
        await bursar.close()
    }
}
