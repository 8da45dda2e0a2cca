import App
import Loop
import TestSupport
import Testing
import Values

@Suite struct `The notifications` {
    private func sent() async throws -> (TestTenant, account: String, subscription: String, SMTPCatcher) {
        let tenant = try await TestBursar.shared.tenant("notes")
        let account = try await tenant.account()
        let id = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let catcher = try SMTPCatcher()
        try await tenant.deliver(to: catcher)
        return (tenant, account, id, catcher)
    }

    private func operatorBrowser(_ tenant: TestTenant) async throws -> Browser {
        let email = "\(tenant.bursar.uniqueName("op"))@example.com"
        let (context, change) = (tenant.context, SetPassword(email: email, password: Browser.password, role: "operator"))
        try await tenant.bursar.instance.loop.run { try await change.run(context) }
        let browser = Browser(tenant.bursar)
        try await browser.signIn(email)
        return browser
    }

    @Test func `of an account show what was sent, word for word`() async throws {
        let (tenant, account, subscription, catcher) = try await sent()
        defer { catcher.close() }
        let list = try await tenant.get("/v1/notifications?account_id=\(account)&status=sent").expect(200)
        #expect(list["data.0.kind"] == "payment_received")
        #expect(list["data.0.subscription_id"] == subscription)
        let one = try await tenant.get("/v1/notifications/\(try #require(list["data.0.id"]))").expect(200)
        #expect(one["smtp_reply"] == "250 2.0.0 queued")
        #expect(try #require(one["text"]).contains("CN¥1,000.00"))
        #expect(try await tenant.get("/v1/notifications?status=refused").expect(200)["data.0.id"] == nil)
        #expect(try await tenant.get("/v1/notifications?q=\(try #require(one["email"]))").expect(200)["data.0.id"] == one["id"])
    }

    @Test func `sent again go out as a copy under an ID of their own, those that failed as they were`() async throws {
        let (tenant, account, _, catcher) = try await sent()
        defer { catcher.close() }
        let id = try #require(try await tenant.get("/v1/notifications").expect(200)["data.0.id"])
        let finance = try await tenant.accountKey(account, role: "finance")
        let copy = try await tenant.post("/v1/notifications/\(id)/resend", nil, as: finance).expect(200)
        #expect(copy["copy_of"] == id)
        #expect(copy["status"] == "waiting")
        try await tenant.deliver(to: catcher)
        #expect(catcher.caught.count == 2)
        #expect(Set(catcher.caught.compactMap { $0.header("Message-ID") }).count == 2)
        #expect(catcher.caught[0].header("Subject") == catcher.caught[1].header("Subject"))
        let reader = try await tenant.accountKey(account, role: "reader")
        try await tenant.get("/v1/notifications/\(id)", as: reader).expect(200)
        try await tenant.post("/v1/notifications/\(id)/resend", nil, as: reader).expect(403, "role_forbids")
        let stranger = try await tenant.accountKey(tenant.account("Next door"))
        try await tenant.get("/v1/notifications/\(id)", as: stranger).expect(404)
        try await tenant.post("/v1/notifications/\(id)/resend", nil, as: stranger).expect(404)
        #expect(try await tenant.get("/v1/notifications", as: stranger).expect(200)["data.0.id"] == nil)
        // A refused one is tried as it was.
        try tenant.force(
            "update mails set status = 'refused', sent_at = null, smtp_reply = '550 no' where tenant_id = $tenant and message_id is not null"
        )
        let again = try await tenant.post("/v1/notifications/\(id)/resend").expect(200)
        #expect(again["id"] == id)
        try await tenant.deliver(to: catcher)
        #expect(catcher.caught.count == 3)
        #expect(catcher.caught[2].header("Message-ID") == catcher.caught[0].header("Message-ID"))
    }

    @Test func `with a used one-time link or without words are not sent again`() async throws {
        let (tenant, _, subscription, catcher) = try await sent()
        defer { catcher.close() }
        let id = try #require(try await tenant.get("/v1/notifications").expect(200)["data.0.id"])
        try tenant.force("update mails set body_text = body_text || U&'\\E000' where tenant_id = $tenant")
        try await tenant.post("/v1/notifications/\(id)/resend").expect(409, "notification_had_one_time_link")
        #expect(try #require(try await tenant.get("/v1/notifications/\(id)")["text"]).hasSuffix("[one-time link]"))
        try await tenant.suspend(subscription, "requested").expect(200)
        try await tenant.advance(to: "2025-06-01T00:00:00Z")
        try await tenant.post("/v1/notifications/\(id)/resend").expect(409, "notification_erased")
        #expect(try await tenant.get("/v1/notifications/\(id)").expect(200)["email"] == nil)
        try await tenant.invariants()
        // What was erased before it left has no subject any more: the list says so, and not that it failed.
        let browser = try await operatorBrowser(tenant)
        for (language, words) in [("en", ("Erased with its subscription", "Erased unsent")), ("zh-Hans", ("已随订阅清除", "未发送即清除"))] {
            let list = try await browser.get("/operator/mails?status=unsent&lang=\(language)").expect(200).text
            #expect(list.contains(words.0) && list.contains(words.1))
            let failed = try await browser.get("/operator/mails?status=failed&lang=\(language)").expect(200).text
            #expect(!failed.contains(words.0))
        }
    }

    @Test func `have a page that shows the mail and sends it again`() async throws {
        let (tenant, account, _, catcher) = try await sent()
        defer { catcher.close() }
        let id = try #require(try await tenant.get("/v1/notifications").expect(200)["data.0.id"])
        let browser = try await operatorBrowser(tenant)
        for lang in ["en", "zh-Hans"] {
            let list = try await browser.get("/accounts/\(account)/notifications?lang=\(lang)").expect(200)
            #expect(list.text.contains(id))
            let page = try await browser.get("/accounts/\(account)/notifications/\(id)").expect(200)
            #expect(page.text.contains("250 2.0.0 queued"))
            #expect(page.text.contains("CN¥1,000.00"))
        }
        try await browser.get("/operator/mails?status=sent").expect(200)
        try await browser.get("/operator/mails/\(id)").expect(200)
        let reply = try await browser.post("/operator/mails/\(id)/resend", [:])
        #expect(reply.status == 303)
        #expect(try await tenant.mails("payment_received").count == 2)
    }
}
