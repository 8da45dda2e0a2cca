import App
import FoundationEssentials
import HTTP
import TestSupport
import Testing
import Values

/// A6: what was used, by the account's days, as money that adds up.
@Suite struct `The usage page` {
    private func story(zone: String = "Asia/Shanghai", clock: String = "2025-03-20T04:00:00Z") async throws -> UsageStory {
        try await UsageStory(zone: zone, clock: clock)
    }

    @Test func `shows ten days by product with a total that rows, columns and drawing share`() async throws {
        let story = try await story()
        // Three thirds of a cent on three days: one line, rounded once.
        for (day, product) in [("18", "Compute"), ("19", "Compute"), ("20", "Storage")] {
            try await story.use("1.004", at: "2025-03-\(day)T02:00:00Z", product: product)
        }
        try await story.use("1.004", at: "2025-03-17T02:00:00Z", product: "Compute")
        let page = try await story.browser("reader").get(story.path("usage")).expect(200)
        // Compute is one line: 3.012 is 3.01; Storage is another: 1.00.
        #expect(page.text.contains("CN¥4.01"))
        // On a narrow screen the unit and the cost are seen too.
        #expect(page.text.components(separatedBy: "id=\"rows\"").last?.contains("table--cards") == true)
        #expect(page.text.contains("from 10 March to 20 March"))
        #expect(page.text.contains("Still running: 20 March"))
        let costs = page.numbers(labelled: "Cost, CNY")
        #expect(costs == ["1.00", "1.01", "1.00", "1.00", "4.01"])
        let byDay = try await story.browser("reader").get(story.path("usage?group_by=day")).expect(200)
        #expect(byDay.numbers(labelled: "Cost, CNY") == costs)
        #expect(byDay.text.contains("<td data-label=\"State\">Complete</td>"))
        #expect(byDay.text.contains("<td data-label=\"State\">Still running</td>"))
        try await story.tenant.invariants()
    }

    @Test func `sums by resource over the range, the dearest first`() async throws {
        let story = try await story()
        try await story.use("5.00", at: "2025-03-18T02:00:00Z", resource: "vm-1")
        try await story.use("3.00", at: "2025-03-19T02:00:00Z", resource: "vm-2")
        try await story.use("4.00", at: "2025-03-19T03:00:00Z", resource: "vm-2")
        try await story.use("0.50", at: "2025-03-19T03:00:00Z")
        let page = try await story.browser("reader").get(story.path("usage?group_by=resource")).expect(200)
        #expect(page.numbers(labelled: "Cost, CNY") == ["7.00", "5.00", "0.50", "12.50"])
        #expect(page.text.contains("<code>vm-2</code>") && page.text.contains("No resource named"))
        let api = try await story.tenant.get("/v1/subscriptions/\(story.subscription)/usage?group_by=resource").expect(200)
        #expect(
            api.list("data").map { "\($0.scalar("resource") ?? "-") \($0.scalar("cost") ?? "")" } == [" 0.5", "vm-1 5", "vm-2 7"])
        let both = try await story.tenant.get("/v1/subscriptions/\(story.subscription)/usage?group_by=day,resource").expect(200)
        #expect(both.list("data").first?.scalar("date") == "2025-03-18")
        #expect(both.list("data").first?.scalar("complete") == "true")
    }

    @Test func `flags what came in after its day had been complete`() async throws {
        let story = try await story()
        try await story.use("2.00", at: "2025-03-20T02:00:00Z")
        try await story.tenant.advance(to: "2025-03-20T22:00:01Z")
        try await story.use("1.50", at: "2025-03-20T12:00:00Z")
        let page = try await story.browser("reader").get(story.path("usage")).expect(200)
        #expect(page.text.contains("adjusted +1.50"))
        #expect(!page.text.contains("adjusted +2.00"))
        #expect(page.text.contains("CN¥1.50 of it came in after"))
        // In time is before six the next morning, by the account's clock.
        let punctual = try await self.story()
        try await punctual.tenant.advance(to: "2025-03-20T21:59:59Z")
        try await punctual.use("1.50", at: "2025-03-20T12:00:00Z")
        #expect(try await !punctual.browser("reader").get(punctual.path("usage")).expect(200).text.contains("adjusted"))
    }

    @Test func `counts a day of 23 hours and one of 25 as days, and a month by the account's zone`() async throws {
        let story = try await story(zone: "America/New_York", clock: "2025-03-12T16:00:00Z")
        for time in ["2025-03-09T04:59:59Z", "2025-03-09T05:00:00Z", "2025-03-10T03:59:59Z", "2025-03-10T04:00:00Z"] {
            try await story.use("1.00", at: time)
        }
        // Still February in New York.
        try await story.use("7.00", at: "2025-03-01T04:59:59Z")
        let browser = try await story.browser("reader")
        let days = try await browser.get(story.path("usage?group_by=day&from=2025-03-08&to=2025-03-10")).expect(200)
        #expect(days.numbers(labelled: "Cost, CNY") == ["1.00", "2.00", "1.00", "4.00"])
        let march = try await browser.get(story.path("usage?group_by=day&month=2025-03")).expect(200)
        #expect(march.numbers(labelled: "Cost, CNY").last == "4.00")
        let february = try await browser.get(story.path("usage?group_by=day&month=2025-02")).expect(200)
        #expect(february.numbers(labelled: "Cost, CNY").last == "7.00")
        let file = try await browser.get(story.path("usage.csv?month=2025-02")).expect(200)
        #expect(file.text.contains("2025-02-28T23:59:59-05:00"))
        #expect(file.headers["content-disposition"] == "attachment; filename=\"usage_\(story.subscription)_2025-02_en.csv\"")
    }

    @Test(arguments: [
        ("from=2025-03-10&to=2025-03-09", "The last day must not be before the first."),
        ("from=yesterday", "Enter a date such as"),
        ("from=2020-01-01&to=2025-03-20", "Choose at most 400 days."),
    ])
    func `keeps days that cannot be and says what is wrong with them`(query: String, words: String) async throws {
        let story = try await story()
        let page = try await story.browser("reader").get(story.path("usage?\(query)")).expect(422)
        #expect(page.text.contains(words))
        #expect(page.text.contains("<title>Error: "))
        #expect(page.text.contains("value=\"\(query.split(separator: "=")[1].split(separator: "&")[0])\""))
    }

    @Test func `has pages of rows that keep their total, and 400 days at once`() async throws {
        let story = try await story(clock: "2025-03-01T00:00:00Z")
        try await story.tenant.advance(to: "2025-03-31T16:30:00Z")
        for day in 1...31 {
            for product in ["A", "B"] {
                try await story.use("1.00", at: "2025-03-\(day < 10 ? "0" : "")\(day)T12:00:00Z", product: product)
            }
        }
        let browser = try await story.browser("reader")
        let first = try await browser.get(story.path("usage?month=2025-03")).expect(200)
        #expect(first.text.contains("Rows 1–40 of 62"))
        #expect(first.numbers(labelled: "Cost, CNY").suffix(2) == ["40.00", "62.00"])
        let second = try await browser.get(story.path("usage?month=2025-03&page=2")).expect(200)
        #expect(second.numbers(labelled: "Cost, CNY").suffix(2) == ["22.00", "62.00"])
        let long = try await browser.get(story.path("usage?from=2024-03-01&to=2025-04-01")).expect(200)
        #expect(long.text.contains("CN¥62.00"))
        #expect(long.text.contains("2024-12: no figures"))
        // Only a first day: through today.
        let open = try await browser.get(story.path("usage?from=2025-03-01&by=day")).expect(200)
        #expect(open.text.contains("value=\"2025-03-01\"") && !open.text.contains("value=\"2025-03-11\""))
    }

    @Test func `is summed up in the list: the running month's cost, and where an enterprise subscription's money is`()
        async throws
    {
        let story = try await story()
        try await story.use("12.345", at: "2025-03-19T02:00:00Z")
        try await story.use("7.00", at: "2025-02-28T15:59:59Z")
        let enterprise = try await story.tenant.enterprise()
        let page = try await story.browser("operator").get("/operator/subscriptions").expect(200)
        #expect(page.text.contains(">on the agreement</a>") && page.text.contains(enterprise))
        let own = try await story.browser("reader").get("/accounts/\(story.account)/subscriptions").expect(200)
        #expect(own.numbers(labelled: "This month") == ["CN¥12.35"] && !own.text.contains("on the agreement"))
    }

    @Test func `is open to those who see the subscription and to nobody else`() async throws {
        let story = try await story()
        let other = try await self.story()
        for role in ["account_admin", "finance", "reader", "operator", nil] {
            let browser = try await story.browser(role)
            for page in [
                "usage", "billing-history", "usage.csv", "usage.json", "focus.csv", "everything.jsonl", "billing-history.csv",
            ] {
                #expect(try await browser.get(story.path(page)).status == 200, "\(role ?? "service_admin") at \(page)")
                #expect(try await browser.get(other.path(page)).status == 404, "\(role ?? "service_admin") elsewhere at \(page)")
                let wrong = "/accounts/\(other.account)/subscriptions/\(story.subscription)/\(page)"
                #expect(try await browser.get(wrong).status == 404)
            }
            // The account's own months are not a service administrator's.
            for page in ["usage", "usage.csv", "usage.json", "focus.csv"] {
                #expect(
                    try await browser.get("/accounts/\(story.account)/\(page)").status == (role == nil ? 404 : 200),
                    "\(role ?? "-")")
            }
        }
    }
}

/// A prepaid subscription whose usage is looked at.
struct UsageStory {
    let tenant: TestTenant
    let account: String
    let subscription: String
    private let portal: PortalStory

    init(zone: String = "Asia/Shanghai", clock: String = "2025-03-20T04:00:00Z", amount: String = "5000.00") async throws {
        portal = try await PortalStory(zone: zone, clock: clock, amount: amount)
        tenant = portal.tenant
        account = portal.account
        subscription = portal.subscription
    }

    var overview: String { portal.overview }
    func path(_ page: String) -> String { "\(portal.overview)/\(page)" }
    func browser(_ role: String?) async throws -> Browser { try await portal.person(role) }

    /// Days lie before the purchase too: no lot pays for them, which is all the same to a usage page.
    func use(
        _ cost: String, at time: String, product: String = "Compute", meter: String = "cost", resource: String? = nil,
        unit: String = "hour"
    )
        async throws
    {
        var data: [(String, Input)] = [
            ("product", .text(product)), ("quantity", "1"), ("unit", .text(unit)),
            ("cost", ["amount": "\(cost)", "currency": "CNY"]),
        ]
        if let resource { data.append(("resource", .text(resource))) }
        let event: Input = [
            "specversion": "1.0", "id": "\(UUID().uuidString)", "source": "/meters/tests", "type": .text(meter),
            "subject": "\(subscription)", "time": "\(time)", "data": .object(data),
        ]
        try tenant.activated(subscription, at: time)
        let reply = try await tenant.report(event).expect(200)
        guard reply["accepted"] == "1" else { throw TestFault("not accepted: \(reply.text)") }
        try await tenant.settle()
    }
}

extension Reply {
    /// The numbers in the cells of a column, in the order of the rows and totals; notes beneath a number are left out.
    func numbers(labelled label: String) -> [String] {
        text.split(separator: "data-label=\"\(label)\">").dropFirst().compactMap { cell in
            cell.firstRange(of: ">").map { String(cell[$0.upperBound...].prefix { $0 != "<" }) }
        }
    }
}
