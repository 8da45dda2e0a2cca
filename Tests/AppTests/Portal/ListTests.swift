import App
import FoundationEssentials
import HTTP
import Loop
import TestSupport
import Testing
import Values

/// A tenant with an account of several subscriptions, to be filtered, sorted, paged and taken home.
private struct ListStory {
    let story: PortalStory
    var tenant: TestTenant { story.tenant }
    var list: String { "/accounts/\(story.account)/subscriptions" }
    static let names = ["Alpha", "beta", "Gamma", "=1+1", "研发平台", "delta, \"quoted\""]

    init() async throws {
        story = try await PortalStory()
        for name in Self.names {
            try await story.tenant.order("prepaid", for: story.account, paying: "1000.00", name: name).expect(201)
        }
    }

    /// The names in the order of the page.
    func shown(_ page: Reply) -> [String] {
        page.text.components(between: "class=\"row-link\"", and: "</a>").map {
            String($0.drop { $0 != ">" }.dropFirst()).replacing("&quot;", with: "\"")
        }
    }
}

extension String {
    fileprivate func components(between start: String, and end: String) -> [Substring] {
        split(separator: start, omittingEmptySubsequences: false).dropFirst().map { piece in
            piece.firstRange(of: end).map { piece[..<$0.lowerBound] } ?? piece
        }
    }
}

@Suite struct `Lists` {
    @Test func `sort both ways, page both ways, and say which rows of how many`() async throws {
        let lists = try await ListStory()
        let browser = try await lists.story.person("account_admin")
        let all = try await browser.get("\(lists.list)?sort=name").expect(200)
        let names = lists.shown(all)
        #expect(names == ["=1+1", "Alpha", "beta", "delta, \"quoted\"", "Gamma", "Warehouse telemetry", "研发平台"])
        #expect(all.text.contains("aria-sort=\"ascending\""))
        #expect(all.text.contains("Rows 1–7 of 7"))
        let turned = lists.shown(try await browser.get("\(lists.list)?sort=-name"))
        #expect(turned == Array(names.reversed()))
        for sort in ["name", "-name", "created_at", "-created_at"] {
            let whole = try await lists.tenant.get("/v1/subscriptions?account_id=\(lists.story.account)&sort=\(sort)&limit=100")
            var (paged, cursor) = ([String](), "")
            repeat {
                let next = cursor.isEmpty ? "" : "&cursor=\(cursor)"
                let page = try await lists.tenant.get(
                    "/v1/subscriptions?account_id=\(lists.story.account)&sort=\(sort)&limit=2\(next)"
                )
                .expect(200)
                paged += page.list("data").compactMap { $0.scalar("id") }
                cursor = page["next_cursor"] ?? ""
            } while !cursor.isEmpty
            #expect(paged == whole.list("data").compactMap { $0.scalar("id") }, "\(sort)")
        }
        let astray = try await browser.get("\(lists.list)?state=active&cursor=nonsense&row=26").expect(400)
        #expect(astray.text.contains("This part of the list is not there") && !astray.text.contains("next_cursor"))
        #expect(astray.text.contains("href=\"\(lists.list)?state=active\"") && astray.text.contains("To the first page"))
        // The API speaks of what was asked for, pages of a page.
        #expect(
            try await lists.tenant.get("/v1/subscriptions/sub_01kdz4x5qpe0rar0000000000a").expect(404)["title"] == "Not found")
        #expect(try await browser.get("/accounts/nowhere").expect(404).text.contains("Page not found"))
        // A cursor of one order is no place in another.
        let byName = try await lists.tenant.get("/v1/subscriptions?sort=name&limit=1")["next_cursor"] ?? ""
        try await lists.tenant.get("/v1/subscriptions?limit=1&cursor=\(byName)").expect(400, "invalid_cursor")
        // Nor the other way round, nor in another list, nor when it was altered.
        let newest = try await lists.tenant.get("/v1/subscriptions?limit=1")["next_cursor"] ?? ""
        try await lists.tenant.get("/v1/subscriptions?limit=1&cursor=\(newest)").expect(200)
        for target in [
            "/v1/subscriptions?sort=created_at&cursor=\(newest)", "/v1/orders?cursor=\(newest)",
            "/v1/subscriptions?cursor=A\(newest)",
        ] {
            try await lists.tenant.get(target).expect(400, "invalid_cursor")
        }
    }

    @Test func `show what a search finds by name in the order of names, unless another is asked for`() async throws {
        let lists = try await ListStory()
        let browser = try await lists.story.person("account_admin")
        let found = try await browser.get("\(lists.list)?q=ta").expect(200)
        #expect(lists.shown(found) == ["beta", "delta, \"quoted\""])
        #expect(found.text.contains("aria-sort=\"ascending\""))
        #expect(lists.shown(try await browser.get("\(lists.list)?q=ta&sort=-created_at")) == ["delta, \"quoted\"", "beta"])
        func names(_ target: String) async throws -> [String] {
            try await lists.tenant.get(target).expect(200).list("data").compactMap { $0.scalar("name") }
        }
        let search = "/v1/subscriptions?account_id=\(lists.story.account)&q=ta"
        #expect(try await names(search) == ["beta", "delta, \"quoted\""])
        #expect(try await names("\(search)&sort=-created_at") == ["delta, \"quoted\"", "beta"])
        let first = try await lists.tenant.get("\(search)&limit=1").expect(200)
        #expect(try await names("\(search)&limit=1&cursor=\(first["next_cursor"] ?? "")") == ["delta, \"quoted\""])
        // An address is no name: the newest first, as ever.
        let email = try await lists.tenant.get("/v1/accounts/\(lists.story.account)")["administrator.email"] ?? ""
        let hers = try await names("/v1/subscriptions?q=\(email.replacing("@", with: "%40"))")
        #expect(Array(hers.prefix(2)) == ["delta, \"quoted\"", "研发平台"])
    }

    @Test func `keep filters as chips that come off one by one, and say when they leave nothing`() async throws {
        let lists = try await ListStory()
        let browser = try await lists.story.person("account_admin")
        let found = try await browser.get("\(lists.list)?q=BET&state=active").expect(200)
        #expect(lists.shown(found) == ["beta"])
        #expect(found.text.contains("Remove filter Search: BET") && found.text.contains("Remove filter State: Active"))
        let none = try await browser.get("\(lists.list)?q=nothing").expect(200)
        #expect(none.text.contains("No subscriptions match") && none.text.contains("Clear all"))
        let done = try await browser.get("\(lists.list)?state=suspended").expect(200)
        #expect(done.text.contains("Nothing is held up"))
        // An order, a number of rows and a column that there are not change nothing of what is shown.
        #expect(lists.shown(try await browser.get("\(lists.list)?sort=nonsense&limit=7&cols=nonsense")).count == 7)
    }

    @Test func `say that a choice is none, beside the filter, and lead back to the whole`() async throws {
        let lists = try await ListStory()
        let (admin, provider) = (try await lists.story.person("account_admin"), try await lists.story.person("operator"))
        let own = "/accounts/\(lists.story.account)"
        for (browser, page, filter) in [
            (admin, lists.list, "state"), (admin, lists.list, "offer"), (admin, "\(own)/orders", "status"),
            (admin, "\(own)/payments", "status"), (admin, "\(own)/payments", "method"), (admin, "\(own)/audit", "actor_kind"),
            (admin, "\(own)/members", "role"), (admin, "\(own)/members", "state"), (admin, "\(own)/api-keys", "state"),
            (provider, "/operator/subscriptions", "state"), (provider, "/operator/remittances", "status"),
            (provider, "/operator/mails", "status"), (provider, "/operator/operations", "state"),
            (provider, "/operator/jobs", "state"), (admin, "\(own)/webhooks", "state"),
            (admin, "\(own)/webhooks", "disabled_reason"), (provider, "/operator/webhooks", "state"),
        ] {
            let refused = try await browser.get("\(page)?\(filter)=no%3Cnsense&lang=en").expect(422)
            #expect(refused.text.contains("“no&lt;nsense” is no choice of “"), "\(page) \(filter)")
            #expect(refused.text.contains("href=\"#field-\(filter)\""), "\(page) \(filter)")
            #expect(refused.text.contains("id=\"filter-\(filter)-error\""), "\(page) \(filter)")
            #expect(refused.text.contains("<title>Error: ") && refused.text.contains("Clear all"), "\(page) \(filter)")
            #expect(!refused.text.contains("<tbody") || page.hasSuffix("jobs"), "\(page) \(filter)")
            let words = try await browser.get("\(page)?\(filter)=nonsense&lang=zh-Hans").expect(422).text
            #expect(words.contains("没有“nonsense”这个选项"), "\(page) \(filter)")
            try await browser.get("\(page)?\(filter)=&lang=en").expect(200)
        }
        // A filter that the page does not offer is called by its name in the address.
        let foreign = try await admin.get("\(own)/payments?subscription_id=nonsense&lang=en").expect(422)
        #expect(foreign.text.contains("“subscription_id” cannot be “nonsense”") && foreign.text.contains("id=\"field-filters\""))
        #expect(foreign.text.contains("href=\"#field-filters\"") && foreign.text.contains("href=\"\(own)/payments\""))
    }

    @Test func `that never had a row say who begins, as their button does`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let empty = try await tenant.account("Empty")
        let enterprise = try await tenant.enterpriseAccount(tenant.enrollment())
        let (desk, reader) = (try await story.person("operator"), try await story.reader(of: [empty, enterprise]))
        for (language, mine, theirs, elsewhere) in [
            (
                "en", "Create the first one here", "Your provider creates the first one with you",
                "Enterprise accounts add subscriptions in the enterprise portal"
            ), ("zh-Hans", "您可以在此新建首个订阅", "首个订阅由服务商为您创建", "企业账户请在企业门户中新建订阅"),
        ] {
            let list = "/accounts/\(empty)/subscriptions?lang=\(language)"
            let new = "href=\"/accounts/\(empty)/subscriptions/new\""
            let may = try await desk.get(list).expect(200).text
            #expect(may.contains(mine) && may.contains(new) && !may.contains(theirs))
            let mayNot = try await reader.get(list).expect(200).text
            #expect(mayNot.contains(theirs) && !mayNot.contains(new) && !mayNot.contains(mine))
            for browser in [desk, reader] {
                let other = try await browser.get("/accounts/\(enterprise)/subscriptions?lang=\(language)").expect(200).text
                #expect(other.contains(elsewhere) && !other.contains(mine) && !other.contains(theirs))
            }
        }
    }

    @Test func `across a person's accounts say who begins as the page of each of them does`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let enterprise = try await tenant.enterpriseAccount(tenant.enrollment())
        let (one, other) = (try await tenant.account("One"), try await tenant.account("Other"))
        func signedIn(_ account: String, _ role: String) async throws -> Browser {
            try await PortalStory(tenant, account: account, subscription: "").person(role)
        }
        let (admin, agreed) = (try await signedIn(one, "account_admin"), try await signedIn(enterprise, "account_admin"))
        let (reader, finance) = (try await story.reader(of: [one, enterprise]), try await signedIn(other, "finance"))
        for (language, mine, own, theirs, elsewhere) in [
            (
                "en", "Create the first one here", "on the page of the account that it is for",
                "Your provider creates the first one with you", "Enterprise accounts add subscriptions in the enterprise portal"
            ), ("zh-Hans", "您可以在此新建首个订阅", "请在所属账户的页面新建首个订阅", "首个订阅由服务商为您创建", "企业账户请在企业门户中新建订阅"),
        ] {
            for (browser, words) in [(admin, mine), (agreed, elsewhere), (reader, theirs), (finance, theirs)] {
                let page = try await browser.get("/subscriptions?lang=\(language)").expect(200).text
                for other in [mine, own, theirs, elsewhere] { #expect(page.contains(other) == (other == words), "\(other)") }
                #expect(page.contains("href=\"/accounts/\(one)/subscriptions/new\"") == (words == mine))
            }
        }
        // With several of them the account is hers to choose.
        try tenant.force(
            """
            update accounts set administrator_id = (select administrator_id from accounts where name = 'One' and tenant_id = $tenant) \
            where name = 'Other' and tenant_id = $tenant
            """)
        let page = try await admin.get("/subscriptions?lang=en").expect(200).text
        #expect(page.contains("on the page of the account that it is for") && !page.contains("/subscriptions/new\""))
    }

    @Test func `show the columns that the address names, the first always`() async throws {
        let lists = try await ListStory()
        let browser = try await lists.story.person("account_admin")
        let page = try await browser.get("\(lists.list)?cols=order_id&cols=partner").expect(200)
        let heads = page.text.components(between: "<th scope=\"col\"", and: "</th>")
        #expect(heads.count == 3)
        #expect(page.text.contains("name=\"cols\" value=\"order_id\" checked"))
    }

    @Test func `come whole as CSV that no spreadsheet takes for a formula`() async throws {
        let lists = try await ListStory()
        let browser = try await lists.story.person("account_admin")
        let file = try await browser.get("\(lists.list)?sort=name&format=csv").expect(200)
        #expect(file.header("content-type") == "text/csv; charset=utf-8")
        #expect(file.header("content-disposition")?.contains("subscriptions_\(lists.story.account)_2025-01-01_en.csv") == true)
        #expect(file.body.starts(with: [0xEF, 0xBB, 0xBF]))
        let lines = file.text.split(separator: "\r\n")
        #expect(lines.count == 8)
        #expect(lines[0].contains("Subscription,State,"))
        #expect(lines[1].contains(",'=1+1,Active,"))
        #expect(lines[4].contains("\"delta, \"\"quoted\"\"\""))
        #expect(lines[2].contains(",1000.00,CNY,"))
        let filtered = try await browser.get("\(lists.list)?q=alpha&format=csv&header=machine&bom=0&cols=offer").expect(200)
        #expect(filtered.text.hasPrefix("id,name,offer\r\n") && filtered.text.split(separator: "\r\n").count == 2)
        let chinese = try await browser.get("\(lists.list)?format=csv&lang=zh-Hans").expect(200)
        #expect(chinese.text.contains("订阅") && chinese.header("content-disposition")?.contains("zh-Hans.csv") == true)
    }

    @Test func `come whole as JSON and as a workbook, and from the API under the same names`() async throws {
        let lists = try await ListStory()
        let browser = try await lists.story.person("account_admin")
        let json = try await browser.get("\(lists.list)?format=json").expect(200)
        #expect(json.list("data").count == 7)
        let book = try await browser.get("\(lists.list)?format=xlsx").expect(200)
        #expect(book.body.starts(with: Array("PK".utf8)) && book.body.count > 4_000)
        let key = try await lists.tenant.accountKey(lists.story.account)
        let file = try await lists.tenant.get("/v1/subscriptions?format=csv&cols=name,state&sort=name", as: key).expect(200)
        #expect(file.text.hasPrefix("id,name,state,suspension_reasons,delete_at\r\n"))
        #expect(file.text.split(separator: "\r\n").count == 8)
        // A column that there is not is no column less: it is refused, with those that there are.
        for wrong in ["cols=bogus", "cols=name,bogus", "cols=,", "cols=Name"] {
            for query in ["format=csv&\(wrong)", "format=xlsx&\(wrong)", wrong] {
                let told = try await lists.tenant.get("/v1/subscriptions?\(query)", as: key).expect(400, "not_one_of")
                #expect(told["pointer"] == "?cols" && told["detail"]?.contains("name, state, ") == true, "\(told.text)")
            }
            if wrong == "cols=," { continue }
            let told = try await browser.get("\(lists.list)?format=csv&header=machine&\(wrong)")
            #expect(told.status == 400, "\(wrong)")
            try await browser.get("\(lists.list)?\(wrong)").expect(200)
        }
        // Without a file there are no columns.
        let useless = try await lists.tenant.get("/v1/subscriptions?cols=name", as: key).expect(400, "required")
        #expect(useless["pointer"] == "?format")
        let orders = try await browser.get("/accounts/\(lists.story.account)/orders").expect(200)
        #expect(orders.text.contains("Rows 1–7 of 7") && orders.text.contains("CN¥2,000.00"))
        let unpaid = try await browser.get("/accounts/\(lists.story.account)/orders?status=awaiting_payment").expect(200)
        #expect(unpaid.text.contains("All orders are paid"))
    }

    @Test func `of a subscription's history are narrowed, turned round, paged and taken along`() async throws {
        let story = try await PortalStory()
        let (tenant, id, browser) = (story.tenant, story.subscription, try await story.person("account_admin"))
        for reason in ["requested", "operator"] {
            try await tenant.post("/v1/subscriptions/\(id)/suspend", ["reason": "\(reason)", "note": "=Ticket 4711 \(reason)"])
                .expect(200)
        }
        try await tenant.reactivate(id, "operator").expect(200)
        try await tenant.reactivate(id, "requested").expect(200)
        let page = "\(story.overview)/history"
        func rows(_ query: String) async throws -> Int {
            let text = try await browser.get("\(page)?lang=en&\(query)").expect(200).text
            return text.components(separatedBy: "<tbody").last?.components(separatedBy: "<tr").dropFirst().count ?? 0
        }
        let whole = try await browser.get("\(page)?lang=en").expect(200).text
        #expect(whole.contains("Rows 1–6 of 6") && whole.contains("“=Ticket 4711 operator”"))
        #expect(try await rows("type=subscription.suspended") == 1)
        #expect(try await rows("reason=operator") == 2)
        #expect(try await rows("q=TICKET") == 2)
        #expect(try await rows("from=2025-01-01&to=2025-01-01") == 6)
        #expect(try await browser.get("\(page)?lang=en&to=2024-12-31").expect(200).text.contains("No step matches"))
        try await browser.get("\(page)?type=subscription.lost").expect(422)
        // All are of one instant, and stand in the order in which they were taken, whichever way.
        let api = "/v1/subscriptions/\(id)/events"
        let newest = try await tenant.get("\(api)?limit=100").expect(200).list("data").compactMap { $0.scalar("id") }
        let oldest = try await tenant.get("\(api)?sort=at&limit=100").expect(200).list("data").compactMap { $0.scalar("id") }
        #expect(newest.count == 6 && oldest == newest.reversed())
        var (paged, cursor) = ([String](), "")
        repeat {
            let part = try await tenant.get("\(api)?limit=2\(cursor)").expect(200)
            paged += part.list("data").compactMap { $0.scalar("id") }
            cursor = part["next_cursor"].map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        #expect(paged == newest)
        let types = try await tenant.get("\(api)?type=subscription.reason_lifted").expect(200).list("data")
        #expect(types.count == 1 && types[0].scalar("reason") == "operator")
        let file = try await browser.get("\(page)?format=csv&header=machine&bom=0").expect(200).text
        #expect(
            file.hasPrefix("id,at,type,note,to,actor_kind,actor,reason,rule,amount,currency\r\n")
                && file.contains(",'=Ticket 4711 operator,"))
        #expect(try await browser.get("\(page)?format=csv&lang=zh-Hans").expect(200).text.contains("操作人类型"))
        #expect(try await browser.get("\(page)?format=xlsx").expect(200).body.starts(with: Array("PK".utf8)))
        #expect(try await tenant.get("\(api)?format=jsonl").status == 400)
        // Nobody else's.
        let other = try await tenant.accountKey(tenant.account("Other"))
        try await tenant.get("\(api)?format=csv", as: other).expect(404)
    }

    @Test func `give the same question to the shell, quoted`() async throws {
        let lists = try await ListStory()
        let browser = try await lists.story.person("account_admin")
        let page = try await browser.get("\(lists.list)?q=it%27s&sort=name&limit=50").expect(200)
        let line = "curl -H &quot;Authorization: Bearer $BURSAR_KEY&quot; "
        let start = try #require(page.text.firstRange(of: line))
        let rest = page.text[start.upperBound...].prefix { $0 != ">" }
        #expect(rest.contains("/v1/subscriptions?account_id=\(lists.story.account)&amp;q=it%27s&amp;sort=name&amp;limit=50"))
    }

    @Test func `and everything else are found by one box, each person's own and nothing more`() async throws {
        let (lists, other) = (try await ListStory(), try await PortalStory())
        let browser = try await lists.story.person("account_admin")
        let page = try await browser.get(lists.list).expect(200)
        #expect(page.text.contains("action=\"/search\"") && page.text.contains("id=\"find\""))
        let one = lists.story.subscription
        #expect(try await browser.get("/search?q=\(one)").headers["location"] == lists.story.overview)
        let order = try await lists.tenant.subscription(one)["order_id"] ?? ""
        let found = try await browser.get("/search?q=\(order)")
        #expect(found.status == 303 && found.headers["location"] == "/accounts/\(lists.story.account)/orders?q=\(order)")
        let named = try await browser.get("/search?q=gam").expect(200)
        #expect(named.text.contains("Gamma") && !named.text.contains("Alpha"))
        let neighbour = try await lists.tenant.account("Gambit")
        let hidden = try await lists.tenant.order("prepaid", for: neighbour, name: "Gamut").expect(201).id
        for q in ["Gambit", "Gamut", hidden, neighbour, other.subscription, other.account, ""] {
            let page = try await browser.get("/search?q=\(q)").expect(200)
            #expect(!page.text.contains("class=\"row-link\""), "\(q)")
        }
        let desk = try await lists.story.person("operator")
        #expect(try await desk.get("/search?q=gam").headers["location"] == "/operator/search?q=gam")
    }

    @Test func `that a search leaves nothing of say so, on the page, in the API and in files`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        for list in ["orders", "payments"] {
            let page = try await browser.get("/accounts/\(story.account)/\(list)?q=Customer+7&limit=50").expect(200).text
            #expect(!page.contains("class=\"row-link\"") && !page.contains("ord_") && page.contains("value=\"Customer 7\""))
            let answer = try await story.tenant.get("/v1/\(list)?account_id=\(story.account)&q=Customer+7").expect(200)
            #expect(answer.list("data").isEmpty && answer["next_cursor"] == nil, "\(list)")
            let file = try await browser.get("/accounts/\(story.account)/\(list)?q=Customer+7&format=csv").expect(200).text
            #expect(file.split(separator: "\r\n").count == 1, "\(list)")
        }
    }

    @Test func `of somebody with several places show each row once, in order, page by page`() async throws {
        let tenant = try await TestBursar.shared.tenant("portal")
        let (one, two) = (try await tenant.account("One"), try await tenant.account("Two"))
        let email = try await tenant.get("/v1/accounts/\(one)").expect(200)["administrator.email"] ?? ""
        let (context, change) = (
            tenant.context, SetPassword(email: email, password: Browser.password, role: "reader", account: AccountID(two))
        )
        try await tenant.bursar.instance.loop.run { try await change.run(context) }
        var names: [String] = []
        for n in 0..<30 {
            names.append("Row \(n < 10 ? "0" : "")\(n)")
            try await tenant.order("prepaid", for: n.isMultiple(of: 3) ? two : one, paying: "1000.00", name: names[n]).expect(201)
        }
        let hidden = try await tenant.account("Three")
        try await tenant.order("prepaid", for: hidden, paying: "1000.00", name: "Row 99").expect(201)
        let browser = Browser(tenant.bursar)
        try await browser.signIn(email)
        for (sort, expected) in [
            ("name", names), ("-name", names.reversed()), ("-created_at", names.reversed()), ("created_at", names),
        ] {
            let first = try await browser.get("/subscriptions?sort=\(sort)").expect(200)
            #expect(first.text.contains("Rows 1–25 of 30"), "\(sort)")
            let next = try #require(first.text.components(between: "<a class=\"btn\" href=\"", and: "\"").last)
            let second = try await browser.get(String(next).replacing("&amp;", with: "&")).expect(200)
            func shown(_ page: Reply) -> [String] {
                page.text.components(between: "class=\"row-link\"", and: "</a>").map { String($0.drop { $0 != ">" }.dropFirst()) }
            }
            #expect(shown(first) + shown(second) == expected, "\(sort)")
        }
        #expect(try await browser.get("/subscriptions?q=99").expect(200).text.contains("No subscriptions match"))
    }
}
