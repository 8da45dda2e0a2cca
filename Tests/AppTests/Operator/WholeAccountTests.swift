import App
import HTTP
import TestSupport
import Testing

@Suite struct `A whole account` {
    @Test func `is suspended one verdict each, and a second reason moves no deadline`() async throws {
        let tenant = try await TestBursar.shared.tenant("whole", clock: "2025-01-01T00:00:00Z")
        let account = try await tenant.account()
        let first = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let second = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let pending = try await tenant.order("prepaid", for: account).expect(201).id
        try await tenant.suspend(first, "requested").expect(200)
        let deadline = try await tenant.subscription(first)["delete_at"]
        try await tenant.advance(to: "2025-01-05T00:00:00Z")
        let dry = try await tenant.post("/v1/accounts/\(account)/suspend?dry_run=true", ["reason": "operator"]).expect(200)
        #expect(dry["dry_run"] == "true")
        #expect(try await tenant.subscription(second)["state"] == "active")
        let lost = dry.list("data").map { ($0.scalar("forfeited.amount") ?? "-") }
        #expect(lost.sorted() == ["-", "1000.00", "1000.00"], "as the page says, for whatever has a date")
        let reply = try await tenant.request(
            "POST", "/v1/accounts/\(account)/suspend", ["reason": "operator", "note": "Fraud check"], once: .key("suspend-all-1")
        ).expect(200)
        let verdicts = Dictionary(
            uniqueKeysWithValues: reply.list("data").map { ($0.scalar("subscription_id") ?? "", $0.scalar("verdict") ?? "") })
        #expect(verdicts == [first: "done", second: "done", pending: "refused"])
        #expect(try await tenant.subscription(first)["delete_at"] == deadline)
        #expect(try await tenant.subscription(second)["delete_at"] == "2025-04-05T00:00:00Z")
        // The same key answers the same again; another time nothing is left to do.
        let again = try await tenant.request(
            "POST", "/v1/accounts/\(account)/suspend", ["reason": "operator", "note": "Fraud check"], once: .key("suspend-all-1"))
        #expect(again.text == reply.text && again.header("idempotent-replayed") == "true")
        let lifted = try await tenant.post("/v1/accounts/\(account)/lift", ["reason": "operator"]).expect(200)
        #expect(lifted.list("data").filter { $0.scalar("verdict") == "done" }.count == 2)
        #expect(try await tenant.subscription(first)["state"] == "suspended")
        #expect(try await tenant.subscription(second)["state"] == "active")
        try await tenant.invariants()
    }

    @Test func `is suspended from its page, by its typed name`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("operator")
        let form = "/operator/accounts/\(story.account)/suspend"
        let asked = try await browser.get("\(form)?reason=overdue").expect(200).text
        #expect(asked.contains("Is suspended") && asked.contains("CN¥2,000.00 of credit goes with it"))
        try await browser.post("\(form)?reason=overdue", ["confirm_name": "Harbor"]).expect(422)
        #expect(try await story.tenant.subscription(story.subscription)["state"] == "active")
        try await browser.get("\(form)?reason=overdue").expect(200)
        let done = try await browser.post("\(form)?reason=overdue", ["confirm_name": "Harbour Logistics"]).expect(303)
        let stands = try await browser.get(done.headers["location"] ?? "").expect(200).text
        #expect(stands.contains("after the suspension") && !stands.contains("of “Harbour Logistics”?"))
        let now = try await story.tenant.subscription(story.subscription)
        #expect(now["state"] == "suspended" && now["suspension_reasons.0"] == "overdue")
        let lift = "/operator/accounts/\(story.account)/lift"
        // What stands is offered first; what stands nowhere has nothing to confirm.
        #expect(try await browser.get(lift).expect(200).text.contains("Recover 1 subscription of “Harbour Logistics”?"))
        let idle = try await browser.get("\(lift)?reason=requested").expect(200).text
        #expect(idle.contains("No subscription is suspended for this reason (") && !idle.contains("Recover "))
        try await browser.get("\(lift)?reason=overdue").expect(200)
        let lifted = try await browser.post("\(lift)?reason=overdue").expect(303).headers["location"] ?? ""
        let after = try await browser.get(lifted).expect(200).text
        #expect(after.contains("after the lifting") && after.contains("Is not suspended") && !after.contains("Stays as it is"))
        #expect(try await story.tenant.subscription(story.subscription)["state"] == "active")
    }

    @Test func `says on heading and button which are suspended and which only get a further reason`() async throws {
        let story = try await PortalStory()
        let (tenant, browser) = (story.tenant, try await story.person("operator"))
        let form = "/operator/accounts/\(story.account)/suspend?reason=operator"
        let lift = "/operator/accounts/\(story.account)/lift?reason=operator"
        let others = [
            try await tenant.order("prepaid", for: story.account, paying: "1000.00").expect(201).id,
            try await tenant.order("prepaid", for: story.account, paying: "1000.00").expect(201).id,
        ]
        for id in others { try await tenant.suspend(id, "requested").expect(200) }
        let both = try await browser.get(form).expect(200).text
        #expect(both.contains("Suspend 1 subscription and add a reason to 2 of “Harbour Logistics”?"))
        #expect(both.contains(">Suspend 1 subscription and add a reason to 2</button>") && !both.contains("Suspend 3"))
        #expect(
            try await browser.get("\(form)&lang=zh-Hans").expect(200).text
                .contains("“Harbour Logistics”：停用 1 个订阅，并为另外 2 个增加一项原因？"))
        try await browser.get("\(form)&lang=en").expect(200)
        try await browser.post(form, ["confirm_name": "Harbour Logistics"]).expect(303)
        #expect(try await browser.get(lift).expect(200).text.contains("Recover 1 subscription and lift a reason from 2"))
        try await tenant.suspend(story.subscription, "requested").expect(200)
        let staying = try await browser.get(lift).expect(200).text
        #expect(
            staying.contains("Lift a reason from 3 subscriptions") && staying.contains("What has another reason stays suspended"))
        #expect(!staying.contains("set up again"))
        let more = try await browser.get("/operator/accounts/\(story.account)/suspend?reason=overdue").expect(200).text
        #expect(more.contains("Add a reason to 3 suspended subscriptions") && !more.contains("stops working"))
    }
}
