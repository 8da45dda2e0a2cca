import App
import FoundationEssentials
import HTML
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

@Suite struct `From the provider's console` {
    @Test func `one address opens one page for one person, once, with a way back`() async throws {
        let story = try await PortalStory()
        let made = try await session(story, return: "https://console.example.com/billing?x=1")
        #expect(made["path"] == story.overview && made["object"] == "portal_session")
        let browser = Browser(story.tenant.bursar)
        let entered = try await browser.get(try path(made))
        #expect(entered.status == 303 && entered.headers["location"] == story.overview)
        let cookie = entered.headers.all("set-cookie").first { $0.hasPrefix("bursar_session=") } ?? ""
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"))
        let page = try await browser.get(story.overview).expect(200)
        #expect(page.text.contains("href=\"https://console.example.com/billing?x=1\""))
        #expect(page.text.contains("Back to console.example.com"))
        // Whoever comes after finds an explanation and the way on.
        for language in ["en", "zh-Hans"] {
            let other = Browser(story.tenant.bursar)
            let used = try await other.get(try path(made) + "?lang=\(language)").expect(410)
            #expect(used.text.contains(language == "en" ? "This link was used already" : "此链接已被使用"))
            #expect(used.text.contains("https://console.example.com/billing") && used.text.contains("/sign-in"))
            #expect(other.cookies["bursar_session"] == nil)
        }
        let actions = try await story.tenant.get("/v1/audit-events?limit=100").list("data").compactMap { $0.scalar("action") }
        #expect(actions.contains("portal_session.created") && actions.contains("portal_session.opened"))
    }

    @Test func `an expired and a mistyped address explain themselves`() async throws {
        let story = try await PortalStory()
        let made = try await session(story, return: nil)
        try story.tenant.force(
            "update identity.one_time_links set created_at = created_at - interval '6 minutes', expires_at = expires_at - interval '6 minutes' where tenant_id = $tenant"
        )
        let browser = Browser(story.tenant.bursar)
        #expect(try await browser.get(try path(made)).expect(410).text.contains("This link is too old"))
        #expect(try await browser.get("/portal-sessions/nonsense").expect(404).text.contains("This link does not work"))
        #expect(try await browser.get("/password-resets/nonsense").expect(404).text.contains("Ask for a new link"))
        #expect(browser.cookies["bursar_session"] == nil)
    }

    @Test func `is not used up by what only looks ahead`() async throws {
        let story = try await PortalStory()
        let made = try await session(story, return: nil)
        let browser = Browser(story.tenant.bursar)
        _ = try await story.tenant.bursar.request("HEAD", try path(made)).expect(204)
        for name in ["Sec-Purpose", "Purpose"] {
            browser.headers = [name: "prefetch"]
            try await browser.get(try path(made)).expect(204)
        }
        browser.headers = [:]
        #expect(try await browser.get(try path(made)).status == 303)
    }

    @Test func `is won by one of ten browsers`() async throws {
        let story = try await PortalStory()
        let target = try path(try await session(story, return: nil))
        let bursar = story.tenant.bursar
        let statuses = try await atOnce(10) { _ in
            try await bursar.request("GET", target, headers: ["Host": "portal.test"]).status
        }
        #expect(statuses.count { $0 == 303 } == 1 && statuses.count { $0 == 410 } == 9)
        let open: Int64 = try bursar.database.superuser().query(
            "select count(*) from identity.sessions where tenant_id = \(story.tenant.id.uuid)")[0].get(0)
        #expect(open == 1)
    }

    @Test func `takes the place of who was signed in, and has said no password`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("reader")
        let before = browser.cookies["bursar_session"] ?? ""
        try await browser.get(try path(try await session(story, return: nil)))
        #expect(browser.cookies["bursar_session"] != before)
        let old = Browser(story.tenant.bursar)
        old.headers["Cookie"] = "bursar_session=\(before)"
        #expect(try await old.get(story.overview).status == 303)
        let asked = try await browser.get("/profile/email")
        #expect(asked.headers["location"] == "/re-authenticate?return_to=%2Fprofile%2Femail")
    }

    @Test(arguments: [
        "//elsewhere.example", "https://elsewhere.example/", "/\\x", "/nowhere", "/v1/accounts", "/sign-in", "/sign-out", "/help",
        "/portal-sessions/x", "subscriptions", "/accounts/x/subscriptions/y/z/q",
    ])
    func `leads to pages of the portal only`(path: String) async throws {
        let story = try await PortalStory()
        try await story.tenant.post(
            "/v1/portal-sessions", ["user_email": "\(try await administrator(story))", "path": "\(path)"]
        )
        .expect(422, "not_a_page")
    }

    @Test(arguments: [
        "http://console.example.com/", "javascript:alert(1)", "//console.example.com", "/subscriptions", "https://", "https:///x",
        "https://user:secret@console.example.com/", "https://console.example.com@evil.example/",
        "https://console.example.com\\@evil.example/",
        "https://-bad.example/", "https://console.example.com:0/", "https://console.example.com:99999/",
        "ftp://console.example.com/",
        "https://console.example.com/a b", "https://console.example.com/\"onclick=",
    ])
    func `goes back to a proper address only`(address: String) async throws {
        let story = try await PortalStory()
        try await story.tenant.post(
            "/v1/portal-sessions",
            ["user_email": "\(try await administrator(story))", "path": "/subscriptions", "return_url": "\(address)"]
        ).expect(422, "invalid_return_url")
        #expect(ExternalURL(checking: address) == nil)
    }

    @Test func `knows only its own tenant's people, and only the operator may ask`() async throws {
        let (story, other) = (try await PortalStory(), try await PortalStory())
        let email = try await administrator(story)
        try await other.tenant.post("/v1/portal-sessions", ["user_email": "\(email)", "path": "/subscriptions"]).expect(
            422, "unknown_user")
        let key = try await story.tenant.accountKey(story.account)
        try await story.tenant.post("/v1/portal-sessions", ["user_email": "\(email)", "path": "/subscriptions"], as: key).expect(
            403, "role_forbids")
        for good in ["https://console.example.com", "http://localhost:3000/x", "https://a.b-c.example:8443/?q=1#f"] {
            #expect(ExternalURL(checking: good) != nil, "\(good)")
        }
    }

    @Test func `is told once under an idempotency key, and not at all by a dry run`() async throws {
        let story = try await PortalStory()
        let body: Input = ["user_email": "\(try await administrator(story))", "path": "/subscriptions"]
        func ask(_ query: String = "", _ once: TestTenant.Once) async throws -> Reply {
            try await story.tenant.request("POST", "/v1/portal-sessions\(query)", body, once: once).expect(201)
        }
        let before = try story.tenant.fingerprint()
        let dry = try await ask("?dry_run=true", .none)
        #expect(dry["url"] == nil && dry["dry_run"] == "true" && dry.header("location") == nil)
        #expect(try story.tenant.fingerprint().differences(from: before) == [])
        // Asked twice under one key it is one session, whose address is in the first answer only and is kept nowhere.
        let first = try await ask("", .key("k"))
        #expect(first["url"] != nil && first.header("location") == first["url"])
        let again = try await ask("", .key("k"))
        #expect(again.header("idempotent-replayed") == "true" && again["id"] == first["id"])
        #expect(again["url"] == nil && again.header("location") == nil)
        #expect(try await ask("", .key("another"))["id"] != first["id"])
        let kept: Int64 = try story.tenant.bursar.database.superuser().query(
            "select count(*) from idempotency_keys where tenant_id = \(story.tenant.id.uuid) and (response_body like '%portal-sessions%' or location like '%portal-sessions%')"
        )[0]
        .get(0)
        #expect(kept == 0)
    }

    private func administrator(_ story: PortalStory) async throws -> String {
        try await story.tenant.get("/v1/accounts/\(story.account)").expect(200)["administrator.email"] ?? ""
    }

    private func session(_ story: PortalStory, return back: String?) async throws -> Reply {
        var fields: [(String, Input)] = [
            ("user_email", .text(try await administrator(story))), ("path", .text(story.overview)),
        ]
        if let back { fields.append(("return_url", .text(back))) }
        return try await story.tenant.post("/v1/portal-sessions", .object(fields)).expect(201)
    }

    private func path(_ made: Reply) throws -> String {
        guard let url = made["url"], let start = url.firstRange(of: "/portal-sessions/") else { throw TestFault(made.text) }
        return String(url[start.lowerBound...])
    }
}
