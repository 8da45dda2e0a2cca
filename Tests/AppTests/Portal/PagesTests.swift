import App
import FoundationEssentials
import HTML
import HTTP
import Loop
import TestSupport
import Testing
import Values

@Suite struct `The portal's pages` {
    @Test func `pay once however often the form is sent, and show the same receipt`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        let review = try await browser.review("\(story.overview)/pay/review?amount=1%2C500")
        #expect(review.text.contains("CN¥3,500.00"))
        let hidden = browser.hiddenFields
        let first = try await browser.post("\(story.overview)/pay", hidden: hidden)
        let second = try await browser.post("\(story.overview)/pay", hidden: hidden)
        #expect(first.status == 303 && second.status == 303)
        #expect(first.headers["location"] == second.headers["location"])
        let receipt = try await browser.get(first.headers["location"] ?? "").expect(200)
        #expect(receipt.text.contains("CN¥1,500.00"))
        #expect(try await story.tenant.subscription(story.subscription)["credit.remaining.amount"] == "3500.00")
        // The same form with another amount is another request.
        try await browser.post("\(story.overview)/pay", ["amount": "9000.00"], hidden: hidden).expect(422)
        #expect(try await story.tenant.subscription(story.subscription)["credit.remaining.amount"] == "3500.00")
        try await story.tenant.invariants()
    }

    @Test(arguments: [
        ("999.99", "at least CN¥1,000.00"), ("0", "at least CN¥1,000.00"), ("-5", "at least CN¥1,000.00"),
        ("", "Enter an amount"),
        ("ten", "in digits"), ("1,00", "in digits"), ("1000.001", "CNY has 2 decimals: the smallest amount is CN¥0.01"),
        ("999999999999999999999", "at most CN¥10,000,000.00"),
    ])
    func `refuse an amount in words and keep it`(typed: String, words: String) async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        let reply = try await browser.get("\(story.overview)/pay/review?amount=\(typed)").expect(422)
        #expect(reply.text.contains(words))
        #expect(reply.text.contains("<title>Error: "))
        #expect(reply.text.contains("value=\"\(typed)\""))
    }

    @Test func `take no form without the session's token`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        try await browser.get("\(story.overview)/edit").expect(200)
        let hidden = browser.hiddenFields
        for route in PageRoute.allCases where route.isPost && route != .signIn {
            let target = route.url(story.account, story.subscription, "1").string
            try await browser.post(target, ["csrf": "AAAA"], hidden: hidden).expect(403)
            let stranger = Browser(story.tenant.bursar)
            try await stranger.post(target, hidden: hidden).expect(403)
        }
    }

    @Test(arguments: [
        ("account_admin", [200, 200, 200, 403, 200, 404]), ("finance", [200, 200, 403, 403, 200, 404]),
        ("reader", [200, 403, 403, 403, 200, 404]),
        ("service_admin", [200, 403, 403, 403, 404, 404]), ("operator", [200, 200, 200, 403, 200, 200]),
    ])
    func `open to each role what is its own`(role: String, statuses: [Int]) async throws {
        let story = try await PortalStory()
        let browser = try await story.person(role == "service_admin" ? nil : role)
        let pages = [
            story.overview, "\(story.overview)/pay", "\(story.overview)/edit", "\(story.overview)/cancel",
            "/accounts/\(story.account)/subscriptions",
            "/operator",
        ]
        for (page, status) in zip(pages, statuses) {
            let reply = try await browser.get(page)
            #expect(reply.status == status, "\(role) at \(page)")
        }
        let home = try await browser.get("/")
        #expect(home.status == 303)
        try await browser.get(home.headers["location"] ?? "").expect(200)
    }

    @Test func `are not there for another account or tenant, whatever the path says`() async throws {
        let (story, other) = (try await PortalStory(), try await PortalStory())
        let browser = try await story.person("account_admin")
        let second = try await story.tenant.account("Second")
        for route in PageRoute.allCases where route.parameters == ["account_id", "subscription_id"] {
            let wrongAccount = route.url(second, story.subscription).string
            let foreign = route.url(other.account, other.subscription).string
            for target in [wrongAccount, foreign] {
                try await browser.get("\(story.overview)/suspend").expect(200)
                let reply =
                    route.isPost
                    ? try await browser.post(
                        target, ["amount": "1000.00", "name": "x", "service_administrator_email": "a@b.example"])
                    : try await browser.get(target)
                #expect(reply.status == 404, "\(route.rawValue)")
            }
        }
        #expect(try await other.tenant.subscription(other.subscription)["name"] != "x")
    }

    @Test func `suspend only under the typed name, once however often the form is sent; a reason more asks for none`()
        async throws
    {
        let story = try await PortalStory()
        let name = try #require(try await story.tenant.subscription(story.subscription)["name"])
        let browser = try await story.person("account_admin")
        try await browser.get("\(story.overview)/suspend").expect(200)
        let hidden = browser.hiddenFields
        for typed in ["", "something else"] {
            let wrong = try await browser.post(
                "\(story.overview)/suspend", ["confirm_name": typed, "note": "A pause"], hidden: hidden
            ).expect(422)
            #expect(wrong.text.contains("A pause") && wrong.text.contains("id=\"field-confirm_name\""))
        }
        #expect(try await story.tenant.subscription(story.subscription)["state"] == "active")
        for _ in 0..<2 {
            let done = try await browser.post(
                "\(story.overview)/suspend", ["confirm_name": name, "note": "A pause"], hidden: hidden)
            #expect(done.status == 303)
        }
        #expect(try await story.tenant.subscription(story.subscription)["state"] == "suspended")
        let provider = try await story.person("operator")
        #expect(try await !provider.get("\(story.overview)/suspend").expect(200).text.contains("confirm_name"))
        #expect(try await provider.post("\(story.overview)/suspend", ["reason": "operator"]).status == 303)
        let reasons = try await story.tenant.subscription(story.subscription).list("suspension_reasons").count
        #expect(reasons == 2)
    }

    @Test func `have one menu wherever she stands, and the provider's says whose each entry is`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        func menu(_ text: String) -> [String] {
            let side =
                text.components(separatedBy: "<nav class=\"side\"").dropFirst().first?.components(separatedBy: "</nav>")[0] ?? ""
            return side.matches(of: #/<a href="([^"]*)"/#).map { String($0.output.1) }
        }
        let home = menu(try await browser.get("/accounts/\(story.account)/subscriptions").expect(200).text)
        #expect(home.count >= 9)
        for (page, status) in [
            ("/profile", 200), ("/profile/sessions", 200), ("/help", 200), ("/roles", 200), ("/docs/api", 200), ("/nowhere", 404),
            ("\(story.overview)/cancel", 403), ("/accounts/\(story.account)/subscriptions/sub_x", 404), ("/notifications", 200),
        ] {
            #expect(menu(try await browser.get(page).expect(status).text) == home, "\(page)")
        }
        let service = try await story.person(nil)
        let few = menu(try await service.get(story.overview).expect(200).text)
        #expect(few == ["/subscriptions", "/notifications"])
        #expect(menu(try await service.get("/profile").expect(200).text) == few)
        // On a customer's page no two entries of the provider's menu have one name.
        let provider = try await story.person("operator")
        for page in ["/accounts/\(story.account)/subscriptions", "/accounts/\(story.account)/members", story.overview] {
            let text = try await provider.get(page).expect(200).text
            let side =
                text.components(separatedBy: "<nav class=\"side\"").dropFirst().first?.components(separatedBy: "</nav>")[0] ?? ""
            let labels = side.matches(of: #/<a [^>]*>([^<]*)</a>/#).map { String($0.output.1) }
            #expect(labels.count > 12 && Set(labels).count == labels.count, "\(page): \(labels)")
            #expect(labels.contains("API keys (account)"))
        }
    }

    @Test func `name on the help page the terms that each of the reader's subscriptions keeps`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        let name = try #require(try await story.tenant.subscription(story.subscription)["name"])
        for (language, words) in [("en", "What your subscriptions keep"), ("zh-Hans", "您的订阅所用的条款")] {
            let help = try await browser.get("/help?lang=\(language)").expect(200).text
            #expect(help.contains(words) && help.contains("href=\"\(story.overview)\">\(name)</a>"))
        }
        let stranger = try await PortalStory()
        let other = try await stranger.person("account_admin")
        #expect(try await !other.get("/help").expect(200).text.contains(story.subscription))
        #expect(try await !Browser(story.tenant.bursar).get("/help").expect(200).text.contains("What your subscriptions keep"))
    }

    @Test func `tell on the help page the terms of the currencies in which the reader pays`() async throws {
        let story = try await PortalStory()
        let customer = try await story.person("account_admin").get("/help?lang=en").expect(200).text
        #expect(customer.contains("CN¥1,000.00") && !customer.contains("US$"))
        let provider = try await story.person("operator").get("/help?lang=en").expect(200).text
        #expect(provider.contains("CN¥1,000.00") && !provider.contains("US$"))
        // A customer of another currency than the tenant's reads her own terms, and hers alone.
        let elsewhere = try await story.tenant.account("Alpine Outdoor", currency: "USD")
        let dollars = try await story.reader(of: [elsewhere]).get("/help?lang=en").expect(200).text
        #expect(dollars.contains("US$1,000.00") && !dollars.contains("CN¥"))
        let both = try await story.reader(of: [elsewhere, story.account]).get("/help?lang=en").expect(200).text
        #expect(both.contains("US$1,000.00") && both.contains("CN¥1,000.00"))
    }

    @Test func `lead whoever has several accounts back to each of them from where she is in none`() async throws {
        let story = try await PortalStory()
        let second = try await story.tenant.account("Second Harbour")
        let stranger = try await story.tenant.account("Not Hers")
        let browser = try await story.reader(of: [story.account, second])
        let ways = [story.account, second].map { "<a href=\"/accounts/\($0)/subscriptions\">" }
        for (page, status) in [("/profile", 200), ("/help", 200), ("/roles", 200), ("/nowhere", 404), ("/subscriptions", 200)] {
            let text = try await browser.get("\(page)?lang=en").expect(status).text
            let side =
                text.components(separatedBy: "<nav class=\"side\"").dropFirst().first?.components(separatedBy: "</nav>")[0] ?? ""
            #expect(ways.allSatisfy(side.contains) && !side.contains(stranger), "\(page): \(side)")
        }
        // On an account's own page its menu is about that account; the others are in the switch above.
        let inside = try await browser.get("/accounts/\(second)/subscriptions").expect(200).text
        let side =
            inside.components(separatedBy: "<nav class=\"side\"").dropFirst().first?.components(separatedBy: "</nav>")[0] ?? ""
        #expect(!side.contains(story.account) && inside.contains("/accounts/\(story.account)/subscriptions"))
    }

    @Test func `cancel only under the typed name, with the date`() async throws {
        let tenant = try await TestBursar.shared.tenant("portal")
        let enrollment = try await tenant.enrollment()
        let account = try await tenant.enterpriseAccount(enrollment)
        let id = try await tenant.order("enterprise", for: account).expect(201).id
        let name = try #require(try await tenant.subscription(id)["name"])
        let browser = Browser(tenant.bursar)
        let (context, change) = (
            tenant.context, SetPassword(email: "op@example.com", password: Browser.password, role: "operator")
        )
        try await tenant.bursar.instance.loop.run { try await change.run(context) }
        try await browser.signIn("op@example.com")
        if browser.cookies["bursar_session"] == nil { try await browser.post("/sign-in", ["tenant": tenant.slug]) }
        let page = "/accounts/\(account)/subscriptions/\(id)"
        let asked = try await browser.get("\(page)/cancel").expect(200)
        #expect(asked.text.contains("2025-04-01"))
        let wrong = try await browser.post("\(page)/cancel", ["confirm_name": "something else", "reason": "Too dear"]).expect(422)
        #expect(wrong.text.contains("Too dear"))
        #expect(try await tenant.subscription(id)["state"] == "active")
        #expect(try await browser.post("\(page)/cancel", ["confirm_name": name]).status == 303)
        #expect(try await tenant.subscription(id)["state"] == "suspended")
        #expect(try await browser.get(page).expect(200).text.contains("cancelled. It can be brought back"))
        #expect(try await browser.get(page).expect(200).text.contains("cancelled. It can be brought back") == false)
    }

    @Test func `show both versions when somebody else was faster`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        let words = "name=Mine&service_administrator_email=me%40example.com"
        try await browser.get("\(story.overview)/edit/review?\(words)").expect(200)
        _ = try await story.tenant.request("PATCH", "/v1/subscriptions/\(story.subscription)", ["name": "Theirs"], once: .none)
            .expect(200)
        let mine = ["name": "Mine", "service_administrator_email": "me@example.com"]
        let conflict = try await browser.post("\(story.overview)/edit", mine).expect(412)
        #expect(conflict.text.contains("Theirs") && conflict.text.contains("Mine"))
        // The form now carries the version that is shown, so going on leads through.
        let seen = try #require(browser.hiddenFields["if_match"])
        try await browser.get("\(story.overview)/edit/review?\(words)&if_match=%229999%22").expect(412)
        try await browser.get("\(story.overview)/edit/review?\(words)&if_match=\(seen.replacing("\"", with: "%22"))").expect(200)
        #expect(try await browser.post("\(story.overview)/edit", mine).status == 303)
        #expect(try await story.tenant.subscription(story.subscription)["name"] == "Mine")
    }

    @Test func `speak the language of query, cookie, header and tenant, in this order`() async throws {
        let story = try await PortalStory(locale: "zh-Hans")
        let browser = try await story.person("account_admin")
        func language() async throws -> String? { try await browser.get(story.overview).expect(200).headers["content-language"] }
        #expect(try await language() == "zh-Hans")
        browser.headers["Accept-Language"] = "en-GB,zh;q=0.5"
        #expect(try await language() == "en")
        let switched = try await browser.get("\(story.overview)?lang=zh-Hans&x=1").expect(200)
        #expect(switched.text.contains("<html lang=\"zh-Hans\""))
        #expect(switched.text.contains("x=1&amp;lang=en"))
        #expect(try await language() == "zh-Hans")
        try await browser.get("\(story.overview)?theme=dark").expect(200)
        #expect(try await browser.get(story.overview).text.contains("theme-dark"))
    }
}
