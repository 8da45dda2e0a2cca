import App
import HTTP
import Loop
import TestSupport
import Testing
import Values

/// Who finds which mail without a role on its account.
@Suite struct `A person's own notifications` {
    @Test func `of a service administrator are her letters, and no other's about what she serves`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let service = Browser(tenant.bursar)
        try await service.signIn(try await story.email(nil))
        try await tenant.suspend(story.subscription, "requested").expect(200)
        try await tenant.writeLetters()
        let list = try await tenant.get("/v1/notifications?account_id=\(story.account)&limit=100").expect(200).list("data")
        func ids(_ kind: String) -> [String] { list.filter { $0.scalar("kind") == kind }.compactMap { $0.scalar("id") } }
        let page = try await service.get("/notifications").expect(200).text
        #expect(page.contains("<a href=\"/notifications\" aria-current=\"page\">Notifications</a>"))
        // Why it was suspended was written to everybody; hers she reads.
        let told = ids("suspended").filter { page.contains("/notifications/\($0)\"") }
        let own = try #require(told.first)
        #expect(told.count == 1 && ids("suspended").count > 1)
        let letter = try await service.get("/notifications/\(own)").expect(200).text
        #expect(letter.contains("href=\"\(story.overview)\""))
        // Sending again is for whoever takes care of the account's alerts.
        #expect(!letter.contains("/resend"))
        // Who paid what, with which reference, is told to those who pay.
        let paid = ids("payment_received")
        #expect(!paid.isEmpty)
        for id in paid + ids("suspended").filter({ $0 != own }) {
            #expect(!page.contains(id))
            try await service.get("/notifications/\(id)").expect(404)
        }
        // The account's own pages stay shut, by whatever path.
        try await service.get("/accounts/\(story.account)/notifications").expect(404)
        try await service.get("/accounts/\(story.account)/notifications/\(own)").expect(404)
        try await service.get("/help").expect(200)
        let token = try #require(service.hiddenFields["csrf"])
        let forged = try await service.post(
            "/accounts/\(story.account)/notifications/\(own)/resend",
            hidden: ["csrf": token, "idempotency_key": "once-and-for-all-here"])
        #expect(forged.status == 403, "she sees it and may not send it")
        #expect(try await tenant.mails("suspended").count == ids("suspended").count)
        // They are hers also when she serves nothing any more.
        try await tenant.request(
            "PATCH", "/v1/subscriptions/\(story.subscription)", ["service_administrator_email": "next@example.com"], once: .none
        ).expect(200)
        try await tenant.writeLetters()
        try await service.get("/notifications/\(own)").expect(200)
        let after = try await service.get("/notifications").expect(200).text
        #expect(after.contains("Service administrator") && after.contains(own))
        let chinese = try await service.get("/notifications?lang=zh-Hans").expect(200).text
        #expect(chinese.contains("发给您的以及与您负责的账户和协议有关的每一封邮件"))
    }

    @Test func `say that mails wait only where one does, and lead there`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let title = "Mails are waiting: no mail server is configured"
        let waiting = "?status=waiting\">Show those that wait</a>"
        let person = try await story.person("account_admin")
        let list = "/accounts/\(story.account)/notifications"
        try await tenant.writeLetters()
        let all = try await person.get(list).expect(200).text
        #expect(all.contains(title) && all.contains("\(list)\(waiting)"))
        #expect(try await person.get("\(list)?lang=zh-Hans").expect(200).text.contains("查看等待发送的邮件"))
        let those = try await person.get("\(list)?status=waiting&lang=en").expect(200).text
        #expect(those.contains(title) && !those.contains("Show those that wait"), "they are what is shown")
        for narrowed in ["status=sent", "q=nobody@example.com", "kind=deleted"] {
            #expect(!(try await person.get("\(list)?\(narrowed)").expect(200).text.contains(title)), "\(narrowed)")
        }
        let letter = try #require(
            try await tenant.get("/v1/notifications?account_id=\(story.account)").expect(200).list("data").first?.scalar("id"))
        #expect(try await person.get("\(list)/\(letter)").expect(200).text.contains(title))
        let service = try await story.person(nil)
        try await tenant.writeLetters()
        #expect(try await service.get("/notifications").expect(200).text.contains(title))
        // Once nothing waits for them, nobody says so.
        try tenant.force(
            """
            update mails set status = 'sent', sent_at = now(), next_attempt_at = null, secret_path = null \
            where tenant_id = $tenant
            """)
        #expect(!(try await person.get(list).expect(200).text.contains(title)))
        #expect(!(try await person.get("\(list)/\(letter)").expect(200).text.contains(title)))
        #expect(!(try await service.get("/notifications").expect(200).text.contains(title)))
    }

    @Test func `of an agreement's administrator are her letters and those of its subscriptions`() async throws {
        let tenant = try await TestBursar.shared.tenant("own")
        let enrollment = try await tenant.enrollment(commitment: "100.00")
        let account = try await tenant.enterpriseAccount(enrollment)
        let id = try await tenant.order("enterprise", for: account).expect(201).id
        let neighbour = try await tenant.account("Next door")
        _ = try await tenant.order("prepaid", for: neighbour, paying: "1000.00").expect(201)
        func administrator(_ name: String) async throws -> Browser {
            let email = "\(tenant.bursar.uniqueName(name))@example.com"
            let (context, change) = (tenant.context, SetPassword(email: email, password: Browser.password))
            try await tenant.bursar.instance.loop.run { try await change.run(context) }
            try tenant.force(
                """
                insert into role_assignments (tenant_id, id, user_id, role, enrollment_id, created_at) \
                select $tenant, gen_random_uuid(), u.id, 'enterprise_admin', e.id, now() from users u, enrollments e \
                where u.tenant_id = $tenant and u.email = '\(email)' and e.tenant_id = $tenant
                """)
            let browser = Browser(tenant.bursar)
            try await browser.signIn(email)
            return browser
        }
        let (first, second) = (try await administrator("first"), try await administrator("second"))
        try await tenant.use(id, cost: "60.00", at: "2025-01-01T00:00:00Z")
        try await tenant.settle()
        try await tenant.suspend(id, "requested").expect(200)
        try await tenant.writeLetters()
        let all = try await tenant.get("/v1/notifications?limit=100").expect(200).list("data")
        func ids(_ kind: String) -> [String] { all.filter { $0.scalar("kind") == kind }.compactMap { $0.scalar("id") } }
        let suspended = try #require(ids("suspended").first)
        let page = try await first.get("/notifications").expect(200).text
        #expect(page.contains(suspended))
        let used = ids("commitment_used")
        let own = used.filter(page.contains)
        #expect(own.count == 1, "\(used)")
        #expect(ids("payment_received").allSatisfy { !page.contains($0) })
        let menu = try await first.get("/enrollments/\(enrollment)").expect(200).text
        #expect(menu.contains("<a href=\"/notifications\">Notifications</a>"))
        // What is about no account is read where she stands; what is about an account, beside it.
        let letter = try await first.get("/notifications/\(own[0])").expect(200).text
        #expect(letter.contains("CN¥60.00") && !letter.contains("/resend"))
        try await second.get("/notifications/\(own[0])").expect(404)
        let beside = try await first.get("/notifications/\(suspended)").expect(303)
        #expect(beside.headers["location"] == "/accounts/\(account)/notifications/\(suspended)")
        try await first.get(beside.headers["location"] ?? "").expect(200)
        for id in ids("payment_received") { try await first.get("/notifications/\(id)").expect(404) }
    }

    @Test func `are not looked at in a person's stead, but for those of the account`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let email = try await story.email("account_admin")
        let admin = Browser(tenant.bursar)
        // A letter about her way in, of no account.
        try await admin.get("/forgot-password").expect(200)
        #expect(try await admin.post("/forgot-password", ["email": email]).status == 303)
        try await tenant.writeLetters()
        let reset = try #require(try await tenant.mails("password_reset").first?.id)
        try await admin.signIn(email)
        try await admin.get("/notifications/\(reset)").expect(200)
        let provider = try await story.person("operator")
        try await provider.get("/operator/accounts/\(story.account)/view-as").expect(200)
        let person = try await tenant.get("/v1/accounts/\(story.account)").expect(200)["administrator.id"] ?? ""
        let begun = try await provider.post(
            "/operator/accounts/\(story.account)/view-as", ["person": person, "reason": "Ticket 12"])
        #expect(begun.status == 303)
        let seen = try await provider.get("/notifications").expect(200).text
        #expect(!seen.contains(reset) && seen.contains("Payment received"))
        try await provider.get("/notifications/\(reset)").expect(404)
    }
}
