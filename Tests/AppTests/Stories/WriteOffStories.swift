import App
import Billing
import HTTP
import TestSupport
import Testing

/// M6, L2: what a subscription owes when it is deleted.
@Suite struct `The debt of a deleted subscription` {
    /// Bought 1,000.00, used 1,234.56, never paid again; deleted 90 days later.
    private func ground() async throws -> (story: PortalStory, id: String, path: String) {
        let story = try await PortalStory(amount: "1000.00")
        try await story.tenant.use(story.subscription, cost: "1234.56", at: "2025-01-01T00:00:00Z")
        try await story.tenant.settle()
        try await story.tenant.advance(to: "2025-04-01T00:00:00Z")
        return (story, story.subscription, "/v1/subscriptions/\(story.subscription)/write-off")
    }

    private let why: Input = ["reason": "Case 4711"]

    @Test func `stays, cannot be paid, and is written off once and as a whole`() async throws {
        let (story, id, path) = try await ground()
        let tenant = story.tenant
        let before = try await tenant.subscription(id)
        #expect(before["state"] == "deleted" && before["credit.outstanding.amount"] == "234.56")
        #expect(before["credit.written_off.amount"] == "0.00" && before["credit.written_off_at"] == nil)
        let refused = try await tenant.pay(id, "1000.00").expect(409, "subscription_deleted")
        #expect(refused.text.contains("written off"))

        let dry = try await tenant.request("POST", "\(path)?dry_run=true", why, once: .none).expect(200)
        #expect(dry["dry_run"] == "true" && dry["credit.written_off.amount"] == "234.56")
        #expect(try await tenant.subscription(id)["credit.outstanding.amount"] == "234.56")

        try await tenant.advance(to: "2025-05-10T08:00:00Z")
        let done = try await tenant.request("POST", path, why, once: .key("write-off-1")).expect(200)
        #expect(done["credit.outstanding.amount"] == "0.00" && done["credit.written_off.amount"] == "234.56")
        #expect(done["credit.written_off_at"] == "2025-05-10T08:00:00Z" && done["state"] == "deleted")
        let again = try await tenant.request("POST", path, why, once: .key("write-off-1")).expect(200)
        #expect(again.text == done.text && again.header("idempotent-replayed") == "true")
        try await tenant.request("POST", path, ["reason": "Other"], once: .key("write-off-1")).expect(
            422, "idempotency_key_reused")
        try await tenant.post(path, why).expect(409, "debt_already_written_off")
        #expect(try await tenant.history(id).last == "subscription.debt_written_off")
        try await tenant.invariants()

        // The months still add up to the ledger: owed from January on, given up in May.
        let history = try await tenant.get("/v1/subscriptions/\(id)/billing-history").expect(200)
        #expect(history["adds_up"] == "true" && history["owed.amount"] == "0.00")
        let months = history.list("data")
        #expect(months.map { $0.scalar("owed.amount") } == ["0.00", "234.56", "234.56", "234.56", "234.56"])
        #expect(months[0].scalar("month") == "2025-05" && months[0].scalar("debt_written_off.amount") == "234.56")
        let certificate = try await tenant.get("/v1/subscriptions/\(id)/deletion-certificate").expect(200)
        #expect(certificate["owed.amount"] == "234.56")

        // Told, with the amount; recorded, with what was before and why.
        let event = try await tenant.get("/v1/events?object_id=\(id)&type=subscription.debt_written_off").expect(200)
        #expect(event.list("data").count == 1 && event["data.0.data.facts.amount.amount"] == "234.56")
        let recorded = try await tenant.get("/v1/audit-events?object_id=\(id)&action=subscription.debt_written_off").expect(200)
        #expect(recorded.list("data").count == 1)
        #expect(recorded["data.0.before.outstanding.amount"] == "234.56" && recorded["data.0.after.outstanding.amount"] == "0.00")
        #expect(recorded["data.0.after.written_off.amount"] == "234.56" && recorded["data.0.after.reason"] == "Case 4711")
        // On the account's timeline it is one thing that happened, with what it came to, and no credit moved.
        let timeline = try await tenant.get("/v1/accounts/\(story.account)/timeline").expect(200).list("data")
        let told = timeline.filter { $0.scalar("action") == "subscription.debt_written_off" }
        #expect(told.count == 1 && told[0].scalar("amount.amount") == "234.56" && told[0].scalar("balance.amount") == nil)
        #expect(told[0].scalar("object.id") == id && told[0].scalar("object.name") == nil)
        #expect(!timeline.contains { $0.scalar("action") == "write_off" })
        // So in the subscription's own history, and in its files; of nothing else there is an amount.
        let steps = try await tenant.get("/v1/subscriptions/\(id)/events?sort=at").expect(200).list("data")
        #expect(steps.last?.scalar("amount.amount") == "234.56" && steps.last?.scalar("amount.currency") == "CNY")
        #expect(steps.dropLast().allSatisfy { $0.scalar("amount.amount") == nil })
        let file = try await tenant.get("/v1/subscriptions/\(id)/events?format=csv&cols=type,amount").expect(200).text
        #expect(file.contains("subscription.debt_written_off,,234.56,CNY"), "\(file)")
    }

    @Test func `is the operator's to give up, and nobody else's`() async throws {
        let (story, id, path) = try await ground()
        for role in ["account_admin", "finance", "reader"] {
            let key = try await story.tenant.accountKey(story.account, role: role)
            try await story.tenant.post(path, why, as: key).expect(403, "role_forbids")
        }
        let other = try await story.tenant.accountKey(story.tenant.account("Other"))
        try await story.tenant.post(path, why, as: other).expect(404)
        let elsewhere = try await TestBursar.shared.tenant("elsewhere")
        try await elsewhere.post(path, why).expect(404)
        try await story.tenant.request("POST", path, why, once: .none).expect(400, "idempotency_key_required")
        for body: Input in [[:], ["reason": ""], ["reason": "   "], ["reason": 7], ["reason": "x", "amount": "1.00"]] {
            let status = try await story.tenant.post(path, body).status
            #expect(status == 422 || status == 400, "\(body)")
        }
        try await story.tenant.request("POST", path, why, headers: ["If-Match": "\"1\""]).expect(412, "stale")
        #expect(try await story.tenant.subscription(id)["credit.outstanding.amount"] == "234.56")
        let etag = try await story.tenant.subscription(id).header("etag") ?? ""
        try await story.tenant.request("POST", path, why, headers: ["If-Match": etag]).expect(200)
        try await story.tenant.invariants()
    }

    @Test func `is written off by one of ten at once; the others find nothing left`() async throws {
        let (story, id, path) = try await ground()
        let replies = try await atOnce(10) { _ in try await story.tenant.post(path, ["reason": "At once"]) }
        #expect(replies.count { $0.status == 200 } == 1, "\(replies.map { "\($0.status) \($0.code ?? "")" })")
        #expect(replies.allSatisfy { $0.status == 200 || $0.code == "debt_already_written_off" })
        #expect(try await story.tenant.history(id).count { $0 == "subscription.debt_written_off" } == 1)
        try await story.tenant.invariants()
    }

    @Test func `is no debt of this kind while the subscription is there, or where nothing was owed`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
        let (owing, clear) = (try await tenant.prepaid(), try await tenant.prepaid())
        // Not settled yet: what waits is owed as well.
        try await tenant.use(owing, cost: "1100.00", at: "2025-01-01T00:00:00Z")
        let path = "/v1/subscriptions/\(owing)/write-off"
        try await tenant.post(path, why).expect(409, "debt_still_payable")
        // Running or suspended, one that owes nothing has nothing to be paid: on the page as in the API.
        let nothing = "/v1/subscriptions/\(clear)/write-off"
        try await tenant.post(nothing, why).expect(409, "nothing_owed")
        try await tenant.suspend(clear, "requested").expect(200)
        try await tenant.post(nothing, why).expect(409, "nothing_owed")
        try await tenant.request("POST", "\(nothing)?dry_run=true", why, once: .none).expect(409, "nothing_owed")
        // At the last instant a payment still pays it.
        try await tenant.advance(to: "2025-03-31T23:59:59.999999Z")
        try await tenant.post(path, why).expect(409, "debt_still_payable")
        try await tenant.pay(owing, "1100.00").expect(200)
        try await tenant.advance(to: "2025-04-01T00:00:00Z")
        #expect(try await tenant.subscription(owing)["state"] == "active")
        #expect(try await tenant.subscription(clear)["state"] == "deleted")
        try await tenant.post(nothing, why).expect(409, "nothing_owed")
        let enterprise = try await tenant.enterprise()
        try await tenant.post("/v1/subscriptions/\(enterprise)/write-off", why)
            .expect(403, "write_off_not_allowed_for_offer")
        // A trial's is waived by its upgrade; deleted, it is a debt like any other.
        let trial = try await tenant.trial()
        try await tenant.use(trial, cost: "1500.01", at: "2025-04-01T00:00:00Z")
        try await tenant.settle()
        try await tenant.advance(to: "2025-04-16T00:00:00Z")
        let done = try await tenant.post("/v1/subscriptions/\(trial)/write-off", why).expect(200)
        #expect(done["credit.written_off.amount"] == "0.01")
        try await tenant.invariants()
    }

    @Test func `is found among all of the tenant's, with what is owed, and waits at the desk`() async throws {
        let (story, id, _) = try await ground()
        let tenant = story.tenant
        // Deleted without a debt, and owing while it is there: neither is one of them.
        let (clear, owing) = (try await tenant.prepaid(), try await tenant.prepaid())
        try await tenant.use(owing, cost: "1500.00", at: "2025-04-01T00:00:00Z")
        try await tenant.settle()
        try await tenant.suspend(clear, "requested").expect(200)
        try await tenant.advance(to: "2025-06-30T00:00:00Z")
        let all = "/v1/subscriptions?owed=after_deletion"
        let found = try await tenant.get(all).expect(200)
        let later = try await tenant.subscription(owing)["state"] == "deleted" ? [owing] : []
        #expect(Set(found.list("data").compactMap { $0.scalar("id") }) == Set([id] + later))
        for sort in ["name", "-name", "created_at", "-created_at"] {
            #expect(try await tenant.get("\(all)&sort=\(sort)").expect(200).list("data").count == 1 + later.count)
        }
        #expect(try await tenant.get("\(all)&state=active").expect(200).list("data").isEmpty)
        #expect(
            try await tenant.get("\(all)&account_id=\(story.account)").expect(200)["data.0.credit.outstanding.amount"] == "234.56"
        )
        let file = try await tenant.get("\(all)&account_id=\(story.account)&format=csv&cols=outstanding").expect(200).text
        #expect(file.contains("outstanding") && file.contains("234.56"), "\(file)")
        for wrong in ["before_deletion", "true", ""] {
            try await tenant.get("/v1/subscriptions?owed=\(wrong)").expect(400)
        }
        // An account's own key finds its own.
        let own = try await tenant.accountKey(story.account, role: "reader")
        #expect(try await tenant.get(all, as: own).expect(200).list("data").compactMap { $0.scalar("id") } == [id])
        let other = try await tenant.accountKey(tenant.account("Other"))
        #expect(try await tenant.get(all, as: other).expect(200).list("data").isEmpty)

        let desk = try await story.person("operator")
        let list = "/operator/subscriptions?owed=after_deletion"
        for (language, words, chip) in [
            ("en", "Deleted subscriptions that still owe", "Owed after deletion"), ("zh-Hans", "已删除但仍有欠费的订阅", "删除后仍欠费"),
        ] {
            let home = try await desk.get("/operator?lang=\(language)").expect(200).text
            #expect(home.contains(words) && home.contains("href=\"\(list)\""))
            let page = try await desk.get("\(list)&lang=\(language)").expect(200).text
            #expect(page.contains(chip) && page.contains("234.56") && page.contains(id) && !page.contains(clear))
        }
        try await desk.get("/operator/subscriptions?owed=nonsense").expect(422)
        for one in [id] + later { try await tenant.post("/v1/subscriptions/\(one)/write-off", why).expect(200) }
        #expect(try await tenant.get(all).expect(200).list("data").isEmpty)
        #expect(try await desk.get("\(list)&lang=en").expect(200).text.contains("Nothing is owed after a deletion"))
        let customer = try await story.person("account_admin")
        #expect(
            !(try await customer.get("/accounts/\(story.account)/subscriptions?lang=en").expect(200).text.contains(
                "name=\"owed\"")))
    }

    @Test func `of one that owes nothing is refused at the desk in true words`() async throws {
        let story = try await PortalStory(amount: "1000.00")
        let desk = try await story.person("operator")
        let form = "/operator/subscriptions/\(story.subscription)/write-off"
        for state in ["active", "suspended"] {
            #expect(try await story.tenant.subscription(story.subscription)["state"] == state)
            let refused = try await desk.get("\(form)?lang=en").expect(409).text
            #expect(refused.contains("owes nothing, so there is nothing to write off") && !refused.contains("can still be paid"))
            #expect(try await desk.get("\(form)?lang=zh-Hans").expect(409).text.contains("该订阅没有欠费，无需核销"))
            try await story.tenant.suspend(story.subscription, "operator").expect(200)
        }
    }

    @Test func `is found at the desk, looked at, and written off there; the customer reads it`() async throws {
        let (story, id, _) = try await ground()
        let (desk, customer) = (try await story.person("operator"), try await story.person("account_admin"))
        let account = "/operator/accounts/\(story.account)?lang=en"
        let form = "/operator/subscriptions/\(id)/write-off"
        let found = try await desk.get(account).expect(200).text
        #expect(found.contains("CN¥234.56 of it of deleted subscriptions") && found.contains("href=\"\(form)\""))
        let owes = try await customer.get("\(story.overview)?lang=en").expect(200).text
        #expect(owes.contains("CN¥234.56 was still owed for it") && !owes.contains(form))
        #expect(try await desk.get(story.overview).expect(200).text.contains("href=\"\(form)\""))
        try await customer.get(form).expect(404)
        try await customer.get("/help")
        try await customer.post(form, ["reason": "Mine"]).expect(404)

        let asked = try await desk.get("\(form)?lang=en").expect(200).text
        #expect(asked.contains("Write off CN¥234.56?") && asked.contains("It cannot be taken back."))
        #expect(try await desk.get("\(form)?lang=zh-Hans").expect(200).text.contains("核销后无法撤回"))
        let empty = try await desk.post(form).expect(422).text
        #expect(empty.contains("请填写核销原因"))
        try await desk.get("\(form)?lang=en").expect(200)
        let hidden = desk.hiddenFields
        let done = try await desk.post(form, ["reason": "Case 4711"], hidden: hidden).expect(303)
        #expect(done.headers["location"] == "/operator/accounts/\(story.account)")
        // The same form sent twice: once is all, and it says the same.
        try await desk.post(form, ["reason": "Case 4711"], hidden: hidden).expect(303)
        let after = try await desk.get(account).expect(200).text
        #expect(after.contains("CN¥234.56 was written off") && !after.contains("Debts of deleted subscriptions"))
        #expect(try await desk.get(form).expect(409).text.contains("This debt was written off before"))

        let told = try await customer.get("\(story.overview)?lang=en").expect(200).text
        #expect(told.contains("CN¥234.56 was still owed for it, and was written off on"))
        #expect(try await customer.get("\(story.overview)/billing-history").expect(200).text.contains("234.56 written off"))
        #expect(try await customer.get("\(story.overview)/certificate").expect(200).text.contains("Owed at the deletion"))
        let history = try await customer.get("\(story.overview)/history").expect(200).text
        #expect(history.contains("Debt written off") && history.contains("CN¥234.56"))
        for language in ["en", "zh-Hans"] {
            let timeline = try await desk.get("/operator/accounts/\(story.account)/timeline?lang=\(language)").expect(200).text
            #expect(timeline.contains(language == "en" ? "CN¥234.56" : "¥234.56") && timeline.contains(">\(id)</a>"))
        }
        let log = try await customer.get("/accounts/\(story.account)/audit").expect(200).text
        #expect(log.contains("Debt written off") && log.contains("Case 4711"))
        let chinese = try await customer.get("\(story.overview)?lang=zh-Hans").expect(200).text
        #expect(chinese.contains("删除时仍欠费") && chinese.contains("核销"))
        try await story.tenant.invariants()
    }
}
