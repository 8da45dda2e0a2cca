import App
import FoundationEssentials
import HTML
import HTTP
import TestSupport
import Testing
import Values

@Suite struct `The operator's desk` {
    @Test func `answers from an order number on one page`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("operator")
        let order = try await story.tenant.subscription(story.subscription)["order_id"] ?? ""
        let landed = try await browser.get("/operator/search?q=\(order)").expect(303)
        #expect(landed.headers["location"] == "/operator/orders/\(order)")
        let page = try await browser.get("/operator/orders/\(order)").expect(200)
        for words in ["CN¥2,000.00", "is running", order, story.account] { #expect(page.text.contains(words), "\(words)") }
    }

    @Test func `shows everything of one account on one page`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("operator")
        try await story.tenant.use(story.subscription, cost: "12.50", at: "2025-01-01T00:00:00Z")
        try await story.tenant.settle()
        let page = try await browser.get("/operator/accounts/\(story.account)").expect(200)
        for words in ["Harbour Logistics", "Warehouse telemetry", "CN¥1,987.50", "Timeline", "Notes", "View as Mei Lin"] {
            #expect(page.text.contains(words), "\(words)")
        }
        try await browser.get("/operator/accounts/\(story.account)/timeline").expect(200)
        try await browser.get("/operator").expect(200)
    }

    @Test func `adds up what an account owes, has paid and has left, and names who serves it`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let second = try await tenant.order("prepaid", for: story.account, paying: "1000.00").expect(201).id
        try await tenant.order("prepaid", for: story.account).expect(201)
        let (_, served) = (
            try await story.email(nil), try await tenant.subscription(story.subscription)["service_administrator.email"]
        )
        for (id, cost) in [(story.subscription, "2010.25"), (second, "1000.50")] {
            try await tenant.use(id, cost: cost, at: "2025-01-01T00:00:00Z")
        }
        try await tenant.settle()
        let third = try await tenant.order("prepaid", for: story.account, paying: "1500.00").expect(201).id
        try await tenant.use(third, cost: "1.00", at: "2025-01-01T00:00:00Z")
        try await tenant.settle()
        let page = try await story.person("operator").get("/operator/accounts/\(story.account)").expect(200)
        // Left, owed (10.25 and 0.50), paid ever; one of four runs.
        for words in ["CN¥1,499.00", "CN¥10.75", "CN¥4,500.00", "of 4", served ?? "?"] {
            #expect(page.text.contains(words), "\(words)")
        }
        try await tenant.invariants()
    }

    @Test func `leads from each list that it cuts to the whole of it, with the number`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("operator")
        let desk = "/operator/accounts/\(story.account)"
        let short = try await browser.get("\(desk)?lang=en").expect(200).text
        #expect(!short.contains("/orders\">All ") && !short.contains("whole=notes"))
        for index in 0..<11 {
            try await story.tenant.pay(story.subscription, "1000.00").expect(200)
            try await story.tenant.post("/v1/accounts/\(story.account)/notes", ["body": "Called \(index)"]).expect(201)
        }
        try await story.tenant.pay(story.subscription, "1000.00").expect(200)
        let page = try await browser.get("\(desk)?lang=en").expect(200).text
        #expect(page.contains("href=\"/accounts/\(story.account)/orders\">All 13</a>"))
        #expect(page.contains("href=\"\(desk)?whole=notes#notes\">All 11</a>") && !page.contains("Called 0"))
        let whole = try await browser.get("\(desk)?whole=notes").expect(200).text
        #expect(whole.contains("Called 0") && whole.contains("Called 10") && !whole.contains("whole=notes#notes"))
        #expect(try await browser.get("\(desk)?lang=zh-Hans").expect(200).text.contains(">全部 13 个</a>"))
        try await browser.get("/accounts/\(story.account)/orders").expect(200)
    }

    @Test func `calls an order that lapsed so in its search, its partner's list and its mails`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let partner = try await tenant.post("/v1/partners", ["code": "CP-1", "company_name": "Harbour Partners"]).expect(201).id
        let id = try await tenant.order("prepaid", for: story.account).expect(201).id
        try await tenant.request("PUT", "/v1/subscriptions/\(id)/partner", ["code": "CP-1"]).expect(200)
        let order = try await tenant.subscription(id)["order_id"] ?? ""
        try await tenant.advance(to: "2025-01-15T00:00:00Z")
        let browser = try await story.person("operator")
        let held = try await browser.get("/operator/partners/\(partner)?lang=en").expect(200).text
        // Whose partner it was goes with the order (L3); everywhere else it is called what it is.
        #expect(!held.contains("Deleted subscription") && !held.contains(id))
        let list = try await browser.get("/operator/subscriptions?lang=en&cols=name,state,partner").expect(200).text
        #expect(list.contains("Lapsed order") && list.contains("Lapsed</span>") && !list.contains("Harbour Partners"))
        #expect(try await browser.get("/operator/subscriptions?lang=zh-Hans").expect(200).text.contains("已失效</span>"))
        try await browser.get("/operator?lang=en").expect(200)
        try await tenant.writeLetters()
        let mails = try await browser.get("/operator/mails?lang=en&cols=kind,subscription").expect(200).text
        #expect(mails.contains("Order lapsed") && !mails.contains("Deleted subscription"))
        // An order by its number is opened at once; in a list it is named.
        try await browser.get("/operator/search?q=\(order)").expect(303)
        let hits = try await tenant.get("/v1/search?q=\(id)").expect(200)
        #expect(hits["data.0.state"] == "deleted" && hits["data.0.title"] == "")
    }

    @Test func `says on the timeline which subscription it happened to, and leads there`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let second = try await tenant.order("prepaid", for: story.account, paying: "1000.00", name: "Cold store").expect(201).id
        try await tenant.suspend(second, "requested").expect(200)
        let entries = try await tenant.get("/v1/accounts/\(story.account)/timeline").expect(200).list("data")
        let suspended = entries.filter { $0.scalar("action") == "subscription.suspended" }
        #expect(suspended.map { $0.scalar("object.id") } == [second] && suspended[0].scalar("object.name") == "Cold store")
        #expect(entries.first { $0.scalar("action") == "account.created" }?.scalar("object.name") == nil)
        let desk = try await story.person("operator")
        let link = "<a href=\"/accounts/\(story.account)/subscriptions/\(second)\">"
        for language in ["en", "zh-Hans"] {
            for path in ["/operator/accounts/\(story.account)", "/operator/accounts/\(story.account)/timeline"] {
                let page = try await desk.get("\(path)?lang=\(language)").expect(200).text
                #expect(page.contains("\(link)Cold store</a>"), "\(path)")
            }
        }
        // Erased, it is known by its ID alone.
        try await tenant.advance(to: "2025-04-01T00:00:00Z")
        let later = try await tenant.get("/v1/accounts/\(story.account)/timeline").expect(200).list("data")
        #expect(later.allSatisfy { $0.scalar("object.id") != second || $0.scalar("object.name") == nil })
        let page = try await desk.get("/operator/accounts/\(story.account)/timeline").expect(200).text
        #expect(page.contains("\(link)\(second)</a>") && !page.contains("Cold store"))
    }

    @Test func `opens what a request did by its ID, and a member by hers`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("operator")
        let edited = try await story.tenant.post("/v1/accounts/\(story.account)/notes", ["body": "Called"]).expect(201)
        #expect(edited["author_id"]?.hasPrefix("key_") == true)
        let request = try #require(edited.headers["x-request-id"])
        let landed = try await browser.get("/operator/search?q=\(request)").expect(303)
        let list = try #require(landed.headers["location"])
        #expect(list == "/operator/audit?request_id=\(request)")
        for language in ["en", "zh-Hans"] {
            let page = try await browser.get("\(list)&lang=\(language)").expect(200)
            #expect(page.text.contains(request) && page.text.contains(language == "en" ? "Note" : "备注"))
        }
        let events = try await story.tenant.get("/v1/audit-events?request_id=\(request)").expect(200)
        #expect(events.list("data").count == 1 && events["data.0.request_id"] == request)
        let unknown = String(request.dropLast(2)) + "00"
        let none = try await browser.get("/operator/audit?request_id=\(unknown)&lang=en").expect(200)
        #expect(none.text.contains("No entry of this log has this request ID"))
        let member = try await story.tenant.get("/v1/members?account_id=\(story.account)").expect(200)["data.0.id"] ?? ""
        let place = try await browser.get("/operator/search?q=\(member)").expect(303).headers["location"] ?? ""
        #expect(place.hasPrefix("/accounts/\(story.account)/members?q="))
    }

    @Test func `tells payments in the audit log with their amounts and links, and files in words`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("operator")
        let page = try await browser.get("/operator/audit?action=payment.succeeded&lang=en").expect(200)
        #expect(page.text.contains("CN¥2,000.00") && page.text.contains("/accounts/\(story.account)/"))
        let file = try await browser.get("/operator/audit?format=csv&lang=zh-Hans").expect(200).text
        let heads = file.split(separator: "\r\n")[0].split(separator: ",")
        #expect(Set(heads).count == heads.count)
        #expect(!file.contains(",subscription,") && file.contains(",订阅,"))
        let codes = try await browser.get("/operator/audit?format=csv&header=machine&lang=zh-Hans").expect(200).text
        #expect(codes.contains(",subscription,") && !codes.contains(",订阅,"))
    }

    @Test func `is not there for anybody else`() async throws {
        let story = try await PortalStory()
        let order = try await story.tenant.subscription(story.subscription)["order_id"] ?? ""
        for role in ["account_admin", "finance", "reader", nil] {
            let browser = try await story.person(role)
            let pages = PageRoute.allCases.filter { $0.template.hasPrefix("/operator") && !$0.isPost }
            #expect(pages.count > 8)
            for route in pages {
                let target = route.url(route == .operatorOrder ? order : story.account).string
                try await browser.get(target).expect(404)
            }
        }
    }

    @Test func `keeps notes that customers never see, and erases them`() async throws {
        let story = try await PortalStory()
        let desk = "/operator/accounts/\(story.account)"
        let browser = try await story.person("operator")
        try await browser.get(desk).expect(200)
        try await browser.post("\(desk)/notes", ["body": ""]).expect(422)
        try await browser.get(desk).expect(200)
        try await browser.post("\(desk)/notes", ["body": "Called about the <b>invoice</b>"]).expect(303)
        let page = try await browser.get(desk).expect(200)
        #expect(page.text.contains("Called about the &lt;b&gt;invoice&lt;/b&gt;"))
        let admin = try await story.tenant.accountKey(story.account)
        try await story.tenant.get("/v1/accounts/\(story.account)/notes", as: admin).expect(403)
        let note = try await story.tenant.get("/v1/accounts/\(story.account)/notes").expect(200)["data.0.id"] ?? ""
        try await browser.post("\(desk)/notes/\(note)/erase").expect(303)
        let erased = try await story.tenant.get("/v1/accounts/\(story.account)/notes").expect(200)
        #expect(erased["data.0.body"] == nil && erased["data.0.erased_at"] != nil)
        #expect(!(try await browser.get(desk).expect(200)).text.contains("Called about"))
    }

    @Test func `tells the credit after every movement, page by page`() async throws {
        let tenant = try await TestBursar.shared.tenant("timeline", clock: "2025-01-01T00:00:00Z")
        let account = try await tenant.account()
        let id = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        try await tenant.use(id, cost: "100.00", at: "2025-01-01T00:00:00Z")
        try await tenant.settle()
        try await tenant.advance(to: "2025-01-03T00:00:00Z")
        try await tenant.pay(id, "2000.00").expect(200)
        try await tenant.use(id, cost: "50.25", at: "2025-01-03T00:00:00Z")
        try await tenant.settle()
        var (target, seen) = ("/v1/accounts/\(account)/timeline?limit=2", [String]())
        for _ in 0..<20 {
            let page = try await tenant.get(target).expect(200)
            seen += page.list("data").compactMap { entry in
                entry.scalar("amount.amount").map {
                    "\(entry.scalar("kind") ?? "") \($0) \(entry.scalar("balance.amount") ?? "")"
                }
            }
            guard let cursor = page["next_cursor"] else { break }
            target = "/v1/accounts/\(account)/timeline?limit=2&cursor=\(cursor)"
        }
        #expect(Set(seen) == ["money 2000.00 2900.00", "usage -50.25 2849.75", "usage -100.00 900.00", "money 1000.00 1000.00"])
        // The first of its lots was made by a server of the version before, which named no account.
        try tenant.force(
            "update ledger_accounts set account_id = null where tenant_id = $tenant and owner_id = (select min(id::text)::uuid from credit_lots where tenant_id = $tenant)"
        )
        let newest = try await tenant.get("/v1/accounts/\(account)/timeline?limit=1").expect(200)
        #expect(newest["data.0.balance.amount"] == "2849.75", "\(newest.text)")
    }

    @Test func `shows no change of nothing on the timeline, but the credit that is left is told when it is nothing`() async throws
    {
        let story = try await PortalStory(amount: "1000.00")
        try await story.tenant.use(story.subscription, cost: "2100.00", at: "2025-01-01T00:00:00Z")
        try await story.tenant.settle()
        // All of it goes to the debt: in the API its change is nothing, as it was.
        try await story.tenant.pay(story.subscription, "1000.00").expect(200)
        let entries = try await story.tenant.get("/v1/accounts/\(story.account)/timeline").expect(200).list("data")
        #expect(entries.contains { $0.scalar("kind") == "money" && $0.scalar("amount.amount") == "0.00" })
        let desk = try await story.person("operator")
        for language in Language.allCases {
            let t = try ProjectFolder.localiser(language)
            let page = try await desk.get("/operator/accounts/\(story.account)/timeline?lang=\(language.tag)").expect(200).text
            func cell(_ key: String) -> String { "data-label=\"\(t(key, ["currency": "CNY"]))\"><span class=\"money\">0.00<" }
            #expect(!page.contains(cell("desk.change_in")) && page.contains(cell("desk.credit_after")), "\(page)")
        }
    }

    @Test func `keeps a day of usage whole over pages, and every credit it tells has been there`() async throws {
        let tenant = try await TestBursar.shared.tenant("timeline-day", clock: "2025-01-01T00:00:00Z")
        let account = try await tenant.account()
        let id = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        try await tenant.use(id, cost: "10.00", at: "2025-01-01T00:00:00Z")
        try await tenant.settle()
        try await tenant.pay(id, "2000.00").expect(200)
        try await tenant.advance(to: "2025-01-02T01:00:00Z")
        // The second day's usage lies on both sides of a payment.
        try await tenant.use(id, cost: "20.00", at: "2025-01-02T01:00:00Z")
        try await tenant.settle()
        try await tenant.advance(to: "2025-01-02T02:00:00Z")
        try await tenant.pay(id, "3000.00").expect(200)
        try await tenant.advance(to: "2025-01-02T03:00:00Z")
        try await tenant.use(id, cost: "40.00", at: "2025-01-02T03:00:00Z")
        try await tenant.settle()
        for limit in [1, 2, 3, 25] {
            var (target, seen) = ("/v1/accounts/\(account)/timeline?limit=\(limit)", [String]())
            for _ in 0..<30 {
                let page = try await tenant.get(target).expect(200)
                seen += page.list("data").compactMap { entry in
                    entry.scalar("amount.amount").map {
                        "\(entry.scalar("kind") ?? "") \($0) \(entry.scalar("balance.amount") ?? "")"
                    }
                }
                guard let cursor = page["next_cursor"] else { break }
                target = "/v1/accounts/\(account)/timeline?limit=\(limit)&cursor=\(cursor)"
            }
            #expect(
                seen == [
                    "usage -60.00 5930.00", "money 3000.00 5970.00", "money 2000.00 2990.00", "usage -10.00 990.00",
                    "money 1000.00 1000.00",
                ], "limit \(limit)")
        }
    }

    @Test(arguments: Language.allCases) func `has words for whatever moves money`(_ language: Language) throws {
        let t = try ProjectFolder.localiser(language)
        for kind in TransferSource.Kind.allCases {
            let action = kind == .settlement ? "usage" : kind.rawValue
            #expect(t.action(action) != action, "\(action)")
        }
    }
}
