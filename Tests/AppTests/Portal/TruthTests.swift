import App
import HTTP
import Loop
import TestSupport
import Testing

/// What customers' pages, mails and the API say of one subscription is the same, and is what happens.
@Suite struct `A subscription's pages` {
    @Test func `say how much credit goes with the deletion, before and after, and never that it expired`() async throws {
        let story = try await PortalStory(amount: "2000.00")
        let (tenant, id) = (story.tenant, story.subscription)
        let browser = try await story.person("account_admin")
        for (language, words) in [
            ("en", "CN¥2,000.00 of its credit is valid beyond that"), ("zh-Hans", "2,000.00 的使用额度在此之后仍然有效"),
        ] {
            #expect(try await browser.get("\(story.overview)/suspend?lang=\(language)").expect(200).text.contains(words))
        }
        let suspended = try await tenant.suspend(id, "requested").expect(200)
        let deletion = try #require(suspended.list("what_next").last)
        #expect(deletion.scalar("event") == "subscription.deleted" && deletion.scalar("forfeited.amount") == "2000.00")
        let outlook = try await tenant.get("/v1/subscriptions/\(id)/outlook").expect(200)
        #expect(outlook["credit_end.kind"] == "forfeited" && outlook["credit_end.unused.amount"] == "2000.00")
        #expect(outlook["credit_end.at"] == suspended["delete_at"])
        let page = try await browser.get("\(story.overview)?lang=en").expect(200).text
        #expect(page.contains("CN¥2,000.00 of its credit is valid beyond that date"))
        #expect(page.contains("CN¥2,000.00 of credit that is still valid then. It is not refunded."))
        // A date is said once: what happens, and beside it the rule with its number.
        #expect(page.contains("Rule L2, version 1 of the terms: 90 days of 24 hours after it was suspended."))
        #expect(!page.contains("days later all its data"))
        #expect(try await browser.get("\(story.overview)?lang=zh-Hans").expect(200).text.contains("一并作废，不予退还"))
        let list = try await browser.get("/accounts/\(story.account)/subscriptions?lang=en").expect(200).text
        #expect(list.contains("but data goes in 90 days"))
        try await tenant.advance(to: "2025-03-10T01:00:00Z")
        let countdown = try #require(try await tenant.mails("deletion_countdown").last?.text)
        #expect(countdown.contains("CN¥2,000.00 of its credit is valid beyond that date"))
        let monday = try #require(try await tenant.mails("balance_notice").last?.text)
        #expect(monday.contains("Data is deleted: 2025-04-01 08:00"))
        try await tenant.advance(to: "2025-04-01T00:00:00Z")
        #expect(try #require(try await tenant.mails("deleted").last?.text).contains("CN¥2,000.00 of credit that was still valid"))
        let certificate = try await tenant.get("/v1/subscriptions/\(id)/deletion-certificate").expect(200)
        #expect(certificate["forfeited.amount"] == "2000.00")
        #expect(try await browser.get("\(story.overview)/certificate").expect(200).text.contains("Credit forfeited"))
        let history = try await tenant.get("/v1/subscriptions/\(id)/billing-history").expect(200)
        let month = try #require(history.list("data").first)
        #expect(month.scalar("expired.amount") == "0.00" && month.scalar("forfeited.amount") == "2000.00")
        #expect(history["adds_up"] == "true" && month.scalar("closing.amount") == "0.00")
        #expect(
            try await browser.get("\(story.overview)/billing-history").expect(200).text.contains("− Forfeited with the deletion"))
        let timeline = try await story.person("operator").get("/operator/accounts/\(story.account)/timeline").expect(200).text
        #expect(timeline.contains("Credit forfeited with the deletion") && !timeline.contains("Credit expired unused"))
        try await tenant.invariants()
    }

    @Test func `call what ends before the deletion expired, though the subscription is deleted later`() async throws {
        let story = try await PortalStory(amount: "2000.00")
        let (tenant, id) = (story.tenant, story.subscription)
        try await tenant.advance(to: "2025-12-01T00:00:00Z")
        try await tenant.suspend(id, "requested").expect(200)
        try await tenant.advance(to: "2026-04-01T00:00:00Z")
        let rows = try await tenant.get("/v1/subscriptions/\(id)/billing-history").expect(200).list("data")
        #expect(rows.contains { $0.scalar("expired.amount") == "2000.00" })
        #expect(rows.allSatisfy { $0.scalar("forfeited.amount") == "0.00" })
        #expect(try await tenant.get("/v1/subscriptions/\(id)/deletion-certificate").expect(200)["forfeited.amount"] == nil)
        let timeline = try await story.person("operator").get("/operator/accounts/\(story.account)/timeline").expect(200).text
        #expect(timeline.contains("Credit expired unused") && !timeline.contains("Credit forfeited with the deletion"))
    }

    @Test func `lead to what brings it back, and say whom to ask where only the provider can`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        try await story.tenant.suspend(story.subscription, "requested").expect(200)
        let requested = try await browser.get(story.overview).expect(200).text
        #expect(requested.contains("A payment does not bring it back."))
        #expect(Self.primary(requested) == "Reactivate")
        // A further reason is said to be one.
        let more = try await story.person("operator").get("\(story.overview)/suspend").expect(200).text
        #expect(more.contains("It is suspended already") && more.contains("a payment alone then does not bring it back"))
        #expect(!more.contains("Its services stop") && more.contains("stays as it is"))
        try await story.tenant.suspend(story.subscription, "operator").expect(200)
        try await story.tenant.reactivate(story.subscription, "requested").expect(200)
        for (language, words, primary) in [
            ("en", "Only the provider can lift this", "Pay again"), ("zh-Hans", "只能由服务商解除", "重新交费"),
        ] {
            let page = try await browser.get("\(story.overview)?lang=\(language)").expect(200).text
            #expect(page.contains(words) && Self.primary(page) != primary, "\(language)")
        }
        #expect(try await browser.get("\(story.overview)/suspend?lang=zh-Hans").expect(200).text.contains("此后仅付款不能恢复"))
    }

    /// The words of the first primary button.
    private static func primary(_ page: String) -> String? {
        page.firstMatch(of: #/class="btn btn--primary"[^>]*>([^<]*)</#).map { String($0.output.1) }
    }

    @Test func `show a payment that is waited for, with what has come and what is missing`() async throws {
        let story = try await PortalStory()
        try await story.tenant.bankAccount()
        let browser = try await story.person("account_admin")
        let payment = try await story.tenant.transfer(story.subscription, "5000.00")
        let waiting = try await browser.get(story.overview).expect(200).text
        #expect(waiting.contains("A transfer of CN¥5,000.00 is awaited") && waiting.contains("Nothing has arrived yet."))
        #expect(waiting.contains("/accounts/\(story.account)/payments/\(payment.id)"))
        let part = try await story.tenant.remittance("2000.00")
        try await story.tenant.match(part.id, payment.id).expect(200)
        #expect(
            try await browser.get(story.overview).expect(200).text.contains("CN¥2,000.00 has arrived, CN¥3,000.00 is missing."))
        #expect(try await browser.get("\(story.overview)?lang=zh-Hans").expect(200).text.contains("尚缺"))
        // More than was missing: the rest is told where the payment is, and in its mail.
        let rest = try await story.tenant.remittance("5000.00")
        #expect(try await story.tenant.match(rest.id, payment.id).expect(200)["payment.held.amount"] == "2000.00")
        #expect(try await story.tenant.payment(payment.id)["held.amount"] == "2000.00")
        #expect(try await !browser.get("\(story.overview)?lang=en").expect(200).text.contains("is awaited"))
        let shown = try await browser.get("/accounts/\(story.account)/payments/\(payment.id)").expect(200).text
        #expect(shown.contains("CN¥2,000.00 more than was asked for arrived and is held"))
        let receipt = try await browser.get("\(story.overview)/pay/done?payment=\(payment.id)").expect(200).text
        #expect(receipt.contains("CN¥2,000.00 more than was asked for arrived and is held"))
        #expect(receipt.contains("<dt>Paid</dt>") && !receipt.contains("You pay"))
        let mail = try #require(try await story.tenant.mails("payment_received").last?.text)
        #expect(mail.contains("CN¥2,000.00 more than was asked for arrived and is held"))
        try await story.tenant.post("/v1/remittances/\(rest.id)/return", ["note": "sent back"]).expect(200)
        let back = try await browser.get("/accounts/\(story.account)/payments/\(payment.id)").expect(200).text
        #expect(back.contains("CN¥2,000.00 more than was asked for arrived and was sent back") && !back.contains("is held"))
        try await story.tenant.invariants()
    }

    @Test func `and the mail of an expired payment tell what had come in part and is held`() async throws {
        let story = try await PortalStory()
        try await story.tenant.bankAccount()
        let payment = try await story.tenant.transfer(story.subscription, "1500.00")
        let part = try await story.tenant.remittance("612.34")
        try await story.tenant.match(part.id, payment.id).expect(200)
        _ = try await story.tenant.transfer(story.subscription, "1700.00")
        try await story.tenant.advance(to: "2025-01-15T00:00:00Z")
        let mails = try await story.tenant.mails("payment_expired").compactMap(\.text)
        let parts = mails.filter { $0.contains("1,500.00") }
        #expect(!parts.isEmpty && parts.allSatisfy { $0.contains("CN¥612.34 had arrived in part. CN¥612.34 is held for you") })
        let nothing = mails.filter { $0.contains("1,700.00") }
        #expect(!nothing.isEmpty && nothing.allSatisfy { !$0.contains("held") && $0.contains("not complete in time") })
        #expect(nothing.allSatisfy { $0.contains("If you have sent money for it (reference ") })
    }

    @Test func `and that of one without a transfer speaks of none`() async throws {
        let story = try await PortalStory()
        try await story.tenant.pay(story.subscription, "1004.08").expect(200)
        try await story.tenant.advance(to: "2025-01-20T00:00:00Z")
        let mails = try await story.tenant.mails("payment_expired").compactMap(\.text)
        #expect(!mails.isEmpty && mails.allSatisfy { $0.contains("not complete in time") && !$0.contains("sent money") })
    }

    @Test func `say after Back from a payment that it was made, with its receipt`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        let named =
            try await browser.get("\(story.overview)/pay/review?amount=1500&method=sandbox").expect(303).headers["location"] ?? ""
        #expect(try await browser.get(named).expect(200).text.contains("Nothing has been charged yet"))
        let sent = try await browser.post("\(story.overview)/pay").expect(303).headers["location"] ?? ""
        let back = try await browser.get(named).expect(303).headers["location"]
        #expect(back == sent)
        #expect(try await browser.get(sent).expect(200).text.contains("CN¥1,500.00"))
        // Another address is another payment.
        try await browser.get("\(story.overview)/pay/review?amount=1500&method=sandbox").expect(303)
    }

    @Test func `say after Back from an order that it was placed`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        try await story.tenant.request("PATCH", "/v1/accounts/\(story.account)", ["identity_verified": true]).expect(200)
        let base = "/accounts/\(story.account)/subscriptions/new"
        let review = "\(base)/review?offer=trial&name=Second&administrator=new%40b.example&method=sandbox&amount=1"
        let named = try await browser.get(review).expect(303).headers["location"] ?? ""
        try await browser.get(named).expect(200)
        let sent = try await browser.post(base).expect(303).headers["location"]
        #expect(try await browser.get(named).expect(303).headers["location"] == sent)
        #expect(try await browser.get(sent ?? "").expect(200).text.contains("Second is ordered"))
    }

    @Test func `call an order that was never paid lapsed, not deleted`() async throws {
        let story = try await PortalStory()
        let id = try await story.tenant.order("prepaid", for: story.account).expect(201).id
        try await story.tenant.advance(to: "2025-01-15T00:00:00Z")
        let browser = try await story.person("account_admin")
        let overview = "/accounts/\(story.account)/subscriptions/\(id)"
        let page = try await browser.get(overview).expect(200).text
        #expect(page.contains("Lapsed order") && page.contains("It was never paid and lapsed on"))
        #expect(!page.contains("Deleted") && !page.contains("erased"))
        let list = try await browser.get("/accounts/\(story.account)/subscriptions").expect(200).text
        #expect(list.contains("Lapsed order") && !list.contains("Deleted subscription"))
        #expect(try await browser.get("/accounts/\(story.account)/orders").expect(200).text.contains("Lapsed order"))
        #expect(try await browser.get("\(overview)?lang=zh-Hans").expect(200).text.contains("已失效的订单"))
        // Nothing was used that could have been erased, nothing was owed that could be written off.
        for (path, status, words) in [
            ("usage", 200, "It never ran: nothing was used."), ("usage-events", 200, "It never ran: nothing was used."),
            ("pay", 409, "This order lapsed"),
        ] {
            let told = try await browser.get("\(overview)/\(path)?lang=en").expect(status).text
            #expect(told.contains(words), "\(path)")
            #expect(!told.contains("erased") && !told.contains("written off") && !told.contains("deleted"), "\(path)")
        }
        // What happened to it, wherever that is told: on its own page, in the log, on the desk's timeline and in files.
        let desk = try await story.person("operator")
        for (reader, path, cell) in [
            (browser, "\(overview)/history", "Lapsed"), (browser, "/accounts/\(story.account)/audit", "Lapsed"),
            (browser, "/accounts/\(story.account)/audit?format=csv", "Lapsed"),
            (browser, "\(overview)/history?format=csv", "Lapsed"),
            (desk, "/operator/accounts/\(story.account)/timeline", "Lapsed"),
        ] {
            let told = try await reader.get("\(path)\(path.contains("?") ? "&" : "?")lang=en").expect(200).text
            #expect(told.contains(cell), "\(path)")
            // A filter offers to look for what was deleted.
            #expect(!told.replacing(">Deleted</option>", with: "").contains("Deleted"), "\(path)")
        }
        #expect(try await story.tenant.subscription(id)["state"] == "deleted")
        // Wherever else it is named.
        let found = try await browser.get("/search?q=\(try await story.tenant.subscription(id)["order_id"] ?? "")")
        #expect(found.status == 303 || found.text.contains("Lapsed order"))
        let mails = try await browser.get("/accounts/\(story.account)/notifications?cols=kind,subscription").expect(200).text
        #expect(!mails.contains("Deleted subscription"))
        let lost = try await story.tenant.get("/v1/notifications?kind=lapsed").expect(200)["data.0.id"]
        if let lost {
            let letter = try await browser.get("/accounts/\(story.account)/notifications/\(lost)").expect(200).text
            #expect(!letter.contains("Deleted subscription"))
        }
    }

    @Test func `say of what is never cancelled how it ends from where it stands`() async throws {
        let story = try await PortalStory()
        let waiting = try await story.tenant.order("prepaid", for: story.account).expect(201).id
        try await story.tenant.suspend(story.subscription, "requested").expect(200)
        let running = try await story.tenant.order("prepaid", for: story.account, paying: "1000.00").expect(201).id
        let browser = try await story.person("account_admin")
        for (id, english, chinese) in [
            (waiting, "if nobody pays, it lapses on 2025-01-15 08:00", "如不付款将于"),
            (story.subscription, "if it is not brought back, it is deleted on 2025-04-01 08:00", "如不恢复将于"),
            (running, "you can also suspend it", "您也可以将其停用"),
        ] {
            let page = "/accounts/\(story.account)/subscriptions/\(id)"
            let told = try await browser.get("\(page)?lang=en").expect(200).text
            #expect(told.contains(english), "\(english)")
            #expect(told.contains("you can also suspend it") == (id == running))
            #expect(try await browser.get("\(page)?lang=zh-Hans").expect(200).text.contains(chinese), "\(chinese)")
        }
    }

    @Test func `tell the trial's gift apart from what was bought, and that nothing was used lately`() async throws {
        let tenant = try await TestBursar.shared.tenant("portal", clock: "2025-01-01T00:00:00Z")
        let account = try await tenant.account()
        let id = try await tenant.order("trial", for: account, paying: "1.00").expect(201).id
        try await tenant.upgrade(id, "15000.00").expect(200)
        try await tenant.advance(to: "2025-01-12T00:00:00Z")
        let email = try await tenant.get("/v1/accounts/\(account)").expect(200)["administrator.email"] ?? ""
        let (context, change) = (tenant.context, SetPassword(email: email, password: Browser.password, role: nil, account: nil))
        try await tenant.bursar.instance.loop.run { try await change.run(context) }
        let browser = Browser(tenant.bursar)
        try await browser.signIn(email)
        let overview = "/accounts/\(account)/subscriptions/\(id)"
        let page = try await browser.get(overview).expect(200).text
        #expect(page.contains("of CN¥15,001.00 bought and CN¥1,499.00 given"))
        #expect(page.contains("nothing was used on the last 10 days") && !page.contains("CN¥0.00 a day"))
        let chinese = try await browser.get("\(overview)?lang=zh-Hans").expect(200).text
        #expect(chinese.contains("赠送") && chinese.contains("没有用量"))
    }

    @Test func `show no date after the end that is estimated, but how long the credit could last`() async throws {
        let story = try await PortalStory(amount: "2000.00")
        try await story.tenant.advance(to: "2025-01-12T00:00:00Z")
        for day in 2...11 {
            let date = day < 10 ? "0\(day)" : "\(day)"
            try await story.tenant.use(story.subscription, cost: "50.00", at: "2025-01-\(date)T04:00:00Z")
        }
        try await story.tenant.settle()
        let page = try await story.person("account_admin").get(story.overview).expect(200).text
        #expect(page.contains("Estimate: at this rate the credit runs out"))
        #expect(!page.contains("of credit expires") && page.contains("the credit would last until 1 January 2026"))
        // The API promises only what is stored.
        let told = try await story.tenant.subscription(story.subscription).list("what_next").map { $0.scalar("event") }
        #expect(told == ["credit_lot.expired", "subscription.suspended", "subscription.deleted"])
    }
}
