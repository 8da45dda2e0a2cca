import App
import HTTP
import TestSupport
import Testing

/// A4, A7: what there was, what was bought, used and expired, month by month; and how long it will last.
@Suite struct `A billing history` {
    private func row(_ month: JSON) -> String {
        ["month", "state", "opening.amount", "bought.amount", "used.amount", "expired.amount", "closing.amount"]
            .map { month.scalar($0) ?? "-" }.joined(separator: " ")
    }

    @Test func `of three lots across a leap day adds up to the ledger in every month`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2023-02-28T16:30:00Z")
        // 1 March in Shanghai: the first lot's twelve months end on 1 March 2024, the day after the leap day.
        let id = try await tenant.prepaid("1000.00")
        try await tenant.advance(to: "2023-11-30T15:59:59Z")
        try await tenant.pay(id, "2000.00").expect(200)
        try await tenant.advance(to: "2024-02-29T03:00:00Z")
        try await tenant.pay(id, "1500.00").expect(200)
        try await tenant.use(id, cost: "300.004", at: "2024-02-28T15:59:59Z")
        try await tenant.settle()
        try await tenant.use(id, cost: "100.004", at: "2024-02-29T02:00:00Z")
        try await tenant.settle()
        try await tenant.advance(to: "2024-03-01T03:00:00Z")
        try await tenant.use(id, cost: "50.00", at: "2024-02-29T15:59:59Z")
        try await tenant.settle()
        let reply = try await tenant.get("/v1/subscriptions/\(id)/billing-history").expect(200)
        #expect(reply["adds_up"] == "true")
        #expect(reply["balance.amount"] == "3450.00")
        let rows = reply.list("data")
        #expect(rows.count == 13)
        #expect(
            rows.prefix(3).map(row) == [
                // The first lot went with 599.99 in it: 400.008 is 400.01. The 50.00 of the leap day came after that.
                "2024-03 open 4099.99 0.00 50.00 599.99 3450.00", "2024-02 open 3000.00 1500.00 400.01 0.00 4099.99",
                "2024-01 final 3000.00 0.00 0.00 0.00 3000.00",
            ])
        #expect(row(rows[12]) == "2023-03 final 0.00 1000.00 0.00 0.00 1000.00")
        #expect(row(rows[4]) == "2023-11 final 1000.00 2000.00 0.00 0.00 3000.00", "23:59:59 of 30 November in Shanghai")
        // By its own time the 50.00 is February's: the month's file says so too.
        #expect(rows[0].scalar("usage.amount") == "0.00" && rows[1].scalar("usage.amount") == "450.01")
        #expect(try await tenant.get("/v1/subscriptions/\(id)/usage?month=2024-02").expect(200)["total.cost"] == "450.008")
        let file = try await tenant.get("/v1/subscriptions/\(id)/billing-history.csv?header=zh-Hans").expect(200)
        #expect(file.text.hasPrefix("月份,状态,期初,购入"))
        #expect(file.text.contains("\r\n2024-02,尚未定稿,3000.00,1500.00,0.00,400.01,0.00,0.00,0.00,4099.99,"))
        try await tenant.invariants()
        // To the very end: the last lot expires, and the months still close with what the lots hold.
        try await tenant.advance(to: "2025-03-01T00:00:00Z")
        let ended = try await tenant.get("/v1/subscriptions/\(id)/billing-history").expect(200)
        #expect(ended["adds_up"] == "true" && ended["balance.amount"] == "0.00")
        #expect(row(ended.list("data")[0]).hasSuffix(" 0.00"))
        try await tenant.invariants()
    }

    @Test func `says what was owed, paid and waived`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-15T00:00:00Z")
        let trial = try await tenant.trial()
        try await tenant.use(trial, cost: "1600.00", at: "2025-01-15T00:00:00Z")
        try await tenant.settle()
        let before = try await tenant.get("/v1/subscriptions/\(trial)/billing-history").expect(200)
        #expect(before["data.0.bought.amount"] == "1500.00" && before["data.0.granted.amount"] == "1499.00")
        #expect(before["data.0.used.amount"] == "1500.00" && before["data.0.beyond_credit.amount"] == "100.00")
        #expect(before["owed.amount"] == "100.00" && before["adds_up"] == "true")
        try await tenant.advance(to: "2025-01-20T00:00:00Z")
        try await tenant.upgrade(trial, "1000.00").expect(200)
        let after = try await tenant.get("/v1/subscriptions/\(trial)/billing-history").expect(200)
        #expect(after["data.0.debt_waived.amount"] == "100.00" && after["owed.amount"] == "0.00" && after["adds_up"] == "true")
        #expect(after["data.0.closing.amount"] == "1000.00")
        try await tenant.invariants()
    }

    @Test func `with a debt has its many columns inside the page`() async throws {
        let story = try await PortalStory()
        try await story.tenant.use(story.subscription, cost: "2500.00", at: "2025-01-01T00:00:00Z")
        try await story.tenant.settle()
        let page = try await story.person("reader").get("\(story.overview)/billing-history?lang=en").expect(200).text
        #expect(page.contains("Outstanding</th>") && page.contains("table--dense") && !page.contains("table--wide"))
    }

    @Test func `of an enterprise shows commitment and overage`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-15T00:00:00Z")
        let id = try await tenant.enterprise(commitment: "1000.00")
        try await tenant.use(id, cost: "1200.00", at: "2025-01-15T00:00:00Z")
        try await tenant.settle()
        let reply = try await tenant.get("/v1/subscriptions/\(id)/billing-history").expect(200)
        #expect(reply["data.0.commitment.amount"] == "1000.00" && reply["data.0.overage.amount"] == "200.00")
        #expect(reply["data.0.usage.amount"] == "1200.00" && reply["adds_up"] == "true")
        let outlook = try await tenant.get("/v1/subscriptions/\(id)/outlook").expect(200)
        #expect(outlook["unbilled.total.amount"] == "1200.00" && outlook["credit_end.kind"] == "not_applicable")
        try await tenant.use(id, cost: "0.004", at: "2025-01-15T00:00:00Z")
        try await tenant.use(id, cost: "0.004", at: "2025-01-15T00:00:00Z")
        let more = try await tenant.get("/v1/subscriptions/\(id)/outlook").expect(200)
        #expect(more["unbilled.unsettled.amount"] == "0.01" && more["unbilled.month_to_date.amount"] == "1200.01")
        try await tenant.invariants()
    }

    @Test func `stands on a page with the running month on top, its files, and the sum`() async throws {
        let story = try await UsageStory(clock: "2025-03-20T04:00:00Z", amount: "2000.00")
        try await story.use("12.34", at: "2025-03-20T04:00:00Z")
        let browser = try await story.browser("reader")
        let page = try await browser.get(story.path("billing-history")).expect(200)
        for words in [
            "so far", "It adds up", "CN¥1,987.66", "usage.csv?month=2025-03", "usage.json?month=2025-03",
            "focus.csv?month=2025-03",
        ] {
            #expect(page.text.contains(words), "\(words)")
        }
        let chinese = try await browser.get(story.path("billing-history?lang=zh-Hans")).expect(200)
        #expect(chinese.text.contains("账目相符") && chinese.text.contains("截至目前"))
        let months = try await browser.get("/accounts/\(story.account)/usage?lang=en").expect(200)
        #expect(months.text.contains("12.34") && months.text.contains("/accounts/\(story.account)/usage.csv?month=2025-03"))
    }

    @Test func `of an account says which part of a month is of deleted subscriptions and in no file any more`() async throws {
        let story = try await UsageStory(clock: "2025-03-20T04:00:00Z", amount: "2000.00")
        let (tenant, list) = (story.tenant, "/accounts/\(story.account)/usage?lang=en")
        let other = try await tenant.order("prepaid", for: story.account, paying: "1000.00").expect(201).id
        try await story.use("12.34", at: "2025-03-20T04:00:00Z")
        try await tenant.use(other, cost: "5.00", at: "2025-03-20T04:00:00Z")
        try await tenant.settle()
        let browser = try await story.browser("account_admin")
        let before = try await browser.get(list).expect(200)
        #expect(before.text.contains("17.34") && !before.text.contains("deleted"))
        try await tenant.suspend(other, "requested").expect(200)
        try await tenant.advance(to: "2025-06-18T04:00:00Z")
        #expect(try await tenant.subscription(other)["state"] == "deleted")
        let part = try await browser.get(list).expect(200)
        #expect(part.text.contains("17.34") && part.text.contains("CN¥5.00 of it is of 1 deleted subscription:"))
        #expect(part.text.contains("usage.csv?month=2025-03"))
        let file = try await browser.get("/accounts/\(story.account)/usage.csv?month=2025-03&header=machine").expect(200)
        #expect(file.text.contains(",12.34,CNY") && !file.text.contains(other))
        try await tenant.suspend(story.subscription, "requested").expect(200)
        try await tenant.advance(to: "2025-09-16T04:00:00Z")
        let all = try await browser.get(list).expect(200)
        #expect(all.text.contains("All of it is of deleted subscriptions") && !all.text.contains("usage.csv?month=2025-03"))
        #expect(try await browser.get("/accounts/\(story.account)/usage?lang=zh-Hans").expect(200).text.contains("全部属于已删除的订阅"))
        try await tenant.invariants()
    }

    @Test func `and the rate of the last days says how the credit ends, or that it is too early to say`() async throws {
        let story = try await UsageStory(clock: "2025-03-01T00:00:00Z", amount: "1000.00")
        let (tenant, id) = (story.tenant, story.subscription)
        func outlook() async throws -> Reply { try await tenant.get("/v1/subscriptions/\(id)/outlook").expect(200) }
        try await tenant.advance(to: "2025-03-07T23:00:00Z")
        #expect(try await outlook()["credit_end.kind"] == "too_little_history")
        let early = try await story.browser("reader").get(story.overview).expect(200)
        #expect(early.text.contains("7 complete days are needed, there are 6"))
        // Seven complete days after the day of the purchase: 2 to 8 March.
        try await tenant.advance(to: "2025-03-08T22:00:00Z")
        try await story.use("70.00", at: "2025-03-05T04:00:00Z")
        let rate = try await outlook()
        #expect(rate["burn_rate.per_day.amount"] == "10.00" && rate["burn_rate.days"] == "7")
        // 930.00 at 10.00 a day: 93 days.
        #expect(rate["credit_end.kind"] == "runs_out" && rate["credit_end.at"] == "2025-06-09T22:00:00Z")
        let page = try await story.browser("reader").get(story.overview).expect(200)
        #expect(page.text.contains("in 93 days") && page.text.contains("Estimate: at this rate the credit runs out"))
        #expect(page.text.contains("an estimate at CN¥10.00 a day") && page.text.contains("version 1 of the terms"))
        // The API's own list of consequences stays free of guesses.
        #expect(try await tenant.subscription(id).list("what_next").allSatisfy { $0.scalar("at") ?? "" > "2026" })
        try await tenant.advance(to: "2025-03-25T00:00:00Z")
        let idle = try await outlook()
        #expect(idle["burn_rate.per_day.amount"] == "0.00" && idle["credit_end.kind"] == "expires_first")
        #expect(idle["credit_end.unused.amount"] == "930.00")
        #expect(
            try await story.browser("reader").get(story.overview).expect(200).text.contains(
                "nothing was used on the last 10 days; CN¥930.00 would expire unused"))
        // A suspension starts the count anew; while it stands, the credit ends with the deletion.
        try await tenant.suspend(id, "requested").expect(200)
        let suspended = try await outlook()
        #expect(suspended["credit_end.kind"] == "forfeited" && suspended["credit_end.unused.amount"] == "930.00")
        #expect(suspended["credit_end.at"] == "2025-06-23T00:00:00Z" && suspended["burn_rate"] == nil)
        try await tenant.reactivate(id, "requested").expect(200)
        #expect(try await outlook()["credit_end.kind"] == "too_little_history")
    }
}
