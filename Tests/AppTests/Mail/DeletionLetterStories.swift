import App
import TestSupport
import Testing

/// What is said of a subscription when it is deleted, and after.
@Suite struct `Letters about a deleted subscription` {
    @Test func `reach the account's people and whoever served it, each once`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let (served, finance) = (try await story.email(nil), try await story.email("finance"))
        _ = try await story.email("reader")
        let administrator = try await tenant.get("/v1/accounts/\(story.account)").expect(200)["administrator.email"] ?? ""
        // Served by somebody of finance; by the administrator; and an order that was never paid.
        let second = try await tenant.order("prepaid", for: story.account, paying: "1000.00").expect(201).id
        try await tenant.request(
            "PATCH", "/v1/subscriptions/\(second)", ["service_administrator_email": "\(finance)"], once: .none
        ).expect(200)
        let third = try await tenant.order("prepaid", for: story.account, paying: "1000.00").expect(201).id
        let lapsed = try await tenant.order("prepaid", for: story.account).expect(201).id
        for id in [story.subscription, second, third] { try await tenant.suspend(id, "requested").expect(200) }
        try await tenant.advance(to: "2025-04-01T00:00:00Z")
        let deleted = try await tenant.mails("deleted")
        func readers(_ id: String) -> [String] { deleted.filter { $0.text?.contains(id) == true }.compactMap(\.email).sorted() }
        #expect(readers(story.subscription) == [administrator, finance, served].sorted())
        #expect(readers(second) == [administrator, finance].sorted() && readers(third) == [administrator, finance].sorted())
        #expect(deleted.count == 7 && deleted.allSatisfy { $0.at == "2025-04-01T00:00:00Z" })
        // The same words to each, with what went and the certificate's digest; the way to it for those who may open it.
        let sha =
            try await tenant.get("/v1/subscriptions/\(story.subscription)/deletion-certificate").expect(200)["sha256"] ?? "?"
        for letter in deleted where letter.text?.contains(story.subscription) == true {
            let text = try #require(letter.text)
            #expect(text.contains(sha) && text.contains("CN¥2,000.00 of credit"), "\(text)")
            #expect(text.contains("/certificate") == (letter.email != served))
            #expect(!text.contains("still owed") && !text.contains("0.00 was"), "\(text)")
        }
        let unpaid = try await tenant.mails("lapsed")
        #expect(unpaid.compactMap(\.email) == [administrator] && unpaid.allSatisfy { $0.text?.contains(lapsed) == true })
        try await tenant.invariants()
        // Whoever served it reads her letter; the erased ones before it say which subscription they were about.
        let browser = Browser(tenant.bursar)
        try await browser.signIn(served)
        let own = try await browser.get("/notifications?lang=en").expect(200).text
        #expect(own.contains("Subscription \(story.subscription) has been deleted"))
        // Once it is on its way, nothing of her stays with the account (L3); the others' letters do.
        let catcher = try SMTPCatcher()
        defer { catcher.close() }
        while try await tenant.deliver(to: catcher) > 0 {}
        #expect(catcher.caught.filter { $0.to == served }.count == 1)
        let sent = try await tenant.mails("deleted")
        #expect(sent.count == 7 && sent.filter { $0.email == nil && $0.text == nil && $0.status == "sent" }.count == 1)
        #expect(!sent.contains { $0.email == served })
        let gone = try await browser.get("/notifications?lang=en").expect(200).text
        #expect(!gone.contains("Subscription \(story.subscription) has been deleted"))
        let customer = try await story.person("account_admin")
        for (language, erased) in [("en", "Erased with its subscription"), ("zh-Hans", "已随订阅清除")] {
            let list = "/accounts/\(story.account)/notifications?kind=deletion_countdown&lang=\(language)"
            let rows = try await customer.get(list).expect(200).text
            for id in [story.subscription, second, third] { #expect(rows.contains(">\(id)</span>")) }
            #expect(rows.contains(erased))
            let named = try await customer.get("\(list)&cols=kind,subscription").expect(200).text
            #expect(named.contains(">\(story.subscription)</span>"))
        }
        // They name it, though they are the account's and stay (L3), and are found by it; nobody else's key finds them.
        let stranger = try await tenant.accountKey(try await tenant.account("Next door"))
        for query in ["kind=deleted&subscription_id=\(second)", "kind=deleted&q=\(second)"] {
            let told = try await tenant.get("/v1/notifications?\(query)").expect(200).list("data")
            #expect(told.count == 2 && told.allSatisfy { $0.scalar("subscription_id") == second })
            #expect(try await tenant.get("/v1/notifications?\(query)", as: stranger).expect(200).list("data").isEmpty)
            let page = try await customer.get("/accounts/\(story.account)/notifications?\(query)&cols=kind,subscription").expect(
                200
            )
            .text
            #expect(page.contains("/subscriptions/\(second)\"") && !page.contains("/subscriptions/\(third)\""))
        }
        // So does the letter about an order that was never paid: by the API, on pages, in files.
        for query in ["subscription_id=\(lapsed)", "kind=lapsed&q=\(lapsed)"] {
            let told = try await tenant.get("/v1/notifications?\(query)").expect(200).list("data")
            #expect(told.map { $0.scalar("kind") } == ["lapsed"] && told.first?.scalar("subscription_id") == lapsed)
            #expect(try await tenant.get("/v1/notifications?\(query)", as: stranger).expect(200).list("data").isEmpty)
            let list = "/accounts/\(story.account)/notifications?\(query)&cols=kind,subscription&lang=en"
            let page = try await customer.get(list).expect(200).text
            #expect(page.contains("/subscriptions/\(lapsed)\"") && page.contains("Lapsed order"))
            #expect(!page.contains("Deleted subscription") && !page.contains(second))
            #expect(try await customer.get("\(list)&format=csv&header=machine").expect(200).text.contains(lapsed))
        }
        // What went to whoever served it was erased with her address, and names nothing any more.
        #expect(
            try await tenant.get("/v1/notifications?kind=deleted&subscription_id=\(story.subscription)").expect(200).list("data")
                .count == 2)
        let letter = try await tenant.get("/v1/notifications?kind=deletion_countdown&subscription_id=\(second)").expect(200)[
            "data.0.id"]
        let page = try await customer.get("/accounts/\(story.account)/notifications/\(letter ?? "")?lang=en").expect(200).text
        #expect(page.contains(second))
    }

    @Test func `tell administrator and finance of a write-off, once, in their languages`() async throws {
        let story = try await PortalStory(locale: "zh-Hans", amount: "1000.00")
        let tenant = story.tenant
        let (served, finance) = (try await story.email(nil), try await story.email("finance"))
        let administrator = try await tenant.get("/v1/accounts/\(story.account)").expect(200)["administrator.email"] ?? ""
        try tenant.force("update users set locale = 'zh-Hans' where tenant_id = $tenant and email = '\(finance)'")
        try await tenant.use(story.subscription, cost: "1234.56", at: "2025-01-01T00:00:00Z")
        try await tenant.settle()
        try await tenant.advance(to: "2025-04-01T00:00:00Z")
        // Until then the letters of its deletion say what stays owed, that it cannot be paid, and whom to ask.
        let deleted = try await tenant.mails("deleted")
        #expect(deleted.compactMap(\.email).sorted() == [administrator, finance, served].sorted())
        #expect(Set(deleted.compactMap(\.language)) == ["en", "zh-Hans"])
        for letter in deleted {
            let text = try #require(letter.text)
            let words =
                letter.language == "zh-Hans"
                ? ["删除时仍欠费 ¥234.56，已无法支付；在 ", " 核销之前，该欠费保留在账上。关于该欠费的疑问，请查看：http"]
                : ["CN¥234.56 was still owed for it. Nobody can pay this any more: it stands in the books until "]
            #expect(words.allSatisfy { text.contains($0) }, "\(text)")
        }
        let path = "/v1/subscriptions/\(story.subscription)/write-off"
        try await tenant.request("POST", "\(path)?dry_run=true", ["reason": "Case 4711"], once: .none).expect(200)
        #expect(try await tenant.mails("debt_written_off").isEmpty)
        try await tenant.post(path, ["reason": "Case 4711"]).expect(200)
        try await tenant.post(path, ["reason": "Case 4712"]).expect(409)
        let letters = try await tenant.mails("debt_written_off")
        #expect(
            letters.compactMap(\.email).sorted() == [administrator, finance].sorted() && !letters.contains { $0.email == served })
        for letter in letters {
            let (subject, text) = (try #require(letter.subject), try #require(letter.text))
            #expect(subject.contains("234.56") && subject.contains(story.subscription), "\(subject)")
            let isChinese = letter.language == "zh-Hans"
            #expect(text.contains(isChinese ? "原因：Case 4711" : "Reason: Case 4711"), "\(text)")
            #expect(text.contains(isChinese ? "无需再为其支付任何款项" : "nothing is payable for it any more"), "\(text)")
        }
        let named = try await tenant.get("/v1/notifications?kind=debt_written_off&subscription_id=\(story.subscription)").expect(
            200
        )
        .list("data")
        #expect(named.count == 2 && named.allSatisfy { $0.scalar("subscription_id") == story.subscription })
        let customer = try await story.person("finance")
        let list = try await customer.get("/accounts/\(story.account)/notifications?kind=debt_written_off&lang=en").expect(200)
            .text
        #expect(list.contains("Debt written off"))
        try await tenant.invariants()
    }
}
