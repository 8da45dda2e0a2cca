import App
import HTTP
import TestSupport
import Testing

/// L10: policy numbers are data with a version; a subscription keeps the one it was sold under until it is moved on purpose.
@Suite struct `Offers and their versions` {
    private func publish(_ tenant: TestTenant, _ offer: String, _ currency: String, _ change: Input) async throws {
        let draft = try await tenant.post("/v1/offers/\(offer)/drafts", ["currency": "\(currency)"]).expect(201).id
        try await tenant.request("PATCH", "/v1/policy-drafts/\(draft)", change, once: .none).expect(200)
        try await tenant.post("/v1/policy-drafts/\(draft)/publish", ["note": "Terms of 2025"]).expect(200)
    }

    @Test func `a draft is never sold, a published version is, and what was sold keeps its own`() async throws {
        let tenant = try await TestBursar.shared.tenant("offers", clock: "2025-01-01T00:00:00Z")
        let before = try await tenant.prepaid()
        let draft = try await tenant.post("/v1/offers/prepaid/drafts", ["currency": "CNY"]).expect(201)
        #expect(draft["based_on"] == "1" && draft["retention_days"] == "90")
        try await tenant.request("PATCH", "/v1/policy-drafts/\(try draft.id)", ["retention_days": 30], once: .none).expect(200)
        let during = try await tenant.prepaid()
        #expect(try await tenant.subscription(during)["policy_version"] == "1")
        try await tenant.post("/v1/policy-drafts/\(try draft.id)/publish", ["note": "Shorter"]).expect(200)
        let after = try await tenant.prepaid()
        #expect(try await tenant.subscription(after)["policy_version"] == "2")
        for (id, deadline) in [(before, "2025-04-01T00:00:00Z"), (after, "2025-01-31T00:00:00Z")] {
            #expect(try await tenant.suspend(id, "operator").expect(200)["delete_at"] == deadline)
        }
        let chain = try await tenant.get("/v1/offers/prepaid/policies?currency=CNY").expect(200)
        #expect(
            chain.list("data").map { "\($0.scalar("version") ?? "") \($0.scalar("status") ?? "")" } == [
                "2 published", "1 superseded",
            ])
        #expect(chain["data.0.note"] == "Shorter" && chain["data.0.published_by"]?.hasPrefix("key_") == true)
        try await tenant.invariants()
    }

    @Test func `a published version and a stale draft cannot be changed`() async throws {
        let tenant = try await TestBursar.shared.tenant("offers")
        let draft = try await tenant.post("/v1/offers/prepaid/drafts", ["currency": "CNY"]).expect(201)
        let url = "/v1/policy-drafts/\(try draft.id)"
        try await tenant.post("/v1/offers/prepaid/drafts", ["currency": "CNY"]).expect(409, "policy_draft_exists")
        try await tenant.post("\(url)/publish").expect(409, "policy_draft_changes_nothing")
        let etag = draft.header("etag") ?? ""
        try await tenant.request("PATCH", url, ["grace_days": 3], once: .none, headers: ["If-Match": etag]).expect(200)
        try await tenant.request("PATCH", url, ["grace_days": 4], once: .none, headers: ["If-Match": etag]).expect(412)
        try await tenant.request("PATCH", url, ["retention_days": 0], once: .none).expect(422, "policy_number_out_of_range")
        for number in ["minimum_payment", "largest_payment"] {
            let nothing = ["amount": "0.00", "currency": "CNY"] as Input
            let answer = try await tenant.request("PATCH", url, .object([(number, nothing)]), once: .none)
            try answer.expect(422, "policy_amount_too_small")
            #expect(answer["errors.0.pointer"] == "/\(number)")
        }
        try await tenant.request(
            "PATCH", url, ["largest_payment": ["amount": "1.00", "currency": "CNY"]], once: .none
        ).expect(422)
        try await tenant.request(
            "PATCH", url, ["minimum_payment": ["amount": "1.00", "currency": "USD"]], once: .none
        ).expect(422)
        try await tenant.post("\(url)/publish").expect(200)
        try await tenant.post("\(url)/publish").expect(409, "policy_draft_closed")
        try await tenant.request("PATCH", url, ["grace_days": 9], once: .none).expect(409, "policy_draft_closed")
        #expect(try await tenant.get("/v1/offers/prepaid/policies?currency=CNY").expect(200)["data.0.grace_days"] == "3")
    }

    @Test func `a currency is offered from its first version on`() async throws {
        let tenant = try await TestBursar.shared.tenant("offers")
        let account = try await tenant.account(currency: "BHD")
        try await tenant.order("prepaid", for: account, paying: "1000.000", currency: "BHD").expect(422)
        try await publish(tenant, "prepaid", "BHD", ["minimum_payment": ["amount": "100.000", "currency": "BHD"]])
        try await tenant.order("prepaid", for: account, paying: "100.000", currency: "BHD").expect(201)
    }

    @Test func `moving changes what comes, never a deadline that runs, once for each`() async throws {
        let tenant = try await TestBursar.shared.tenant("offers", clock: "2025-01-01T00:00:00Z")
        let running = try await tenant.prepaid()
        let stopped = try await tenant.prepaid()
        try await tenant.suspend(stopped, "operator").expect(200)
        try await publish(tenant, "prepaid", "CNY", ["retention_days": 30, "validity_months": 24])
        let move: Input = ["currency": "CNY", "to_version": 2]
        let dry = try await tenant.post("/v1/offers/prepaid/move?dry_run=true", move).expect(200)
        #expect(dry.list("data").count == 2)
        #expect(try await tenant.subscription(running)["policy_version"] == "1")
        let moved = try await tenant.request("POST", "/v1/offers/prepaid/move", move, once: .key("move-to-2-once")).expect(200)
        #expect(moved.list("data").allSatisfy { $0.scalar("verdict") == "done" })
        let one = moved.list("data").first { $0.scalar("subscription_id") == running }
        #expect(one?.scalar("deleted_if_suspended_before") == "2025-04-01T00:00:00Z")
        #expect(one?.scalar("deleted_if_suspended_after") == "2025-01-31T00:00:00Z")
        #expect(try await tenant.subscription(stopped)["delete_at"] == "2025-04-01T00:00:00Z")
        #expect(try await tenant.subscription(stopped)["policy_version"] == "2")
        #expect(try await tenant.suspend(running, "operator").expect(200)["delete_at"] == "2025-01-31T00:00:00Z")
        let again = try await tenant.request("POST", "/v1/offers/prepaid/move", move, once: .key("move-to-2-once"))
        #expect(again.text == moved.text)
        try await tenant.post("/v1/offers/prepaid/move", ["currency": "CNY", "to_version": 7]).expect(422)
        let audit = try await tenant.get("/v1/audit-events?object_id=\(running)").expect(200)
        #expect(audit.list("data").contains { $0.scalar("action") == "subscription.policy_moved" })
        try await tenant.invariants()
    }

    @Test func `are written, compared, published and moved on pages`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("operator")
        let chain = "/operator/offers/prepaid/CNY"
        #expect((try await browser.get("/operator/offers").expect(200)).text.contains(chain))
        try await browser.get(chain).expect(200)
        try await browser.post("/operator/offers", ["offer": "prepaid", "currency": "cny"]).expect(303)
        let page = try await browser.get(chain).expect(200)
        let draft = page.text.split(separator: "/operator/policy-drafts/").dropFirst().first.map { String($0.prefix(30)) } ?? ""
        let fields = [
            "minimum_payment": "500", "largest_payment": "10,000,000.00", "validity_months": "12", "retention_days": "60",
            "grace_days": "7", "pending_lapse_days": "14",
        ]
        try await browser.post("/operator/policy-drafts/\(draft)", fields.merging(["retention_days": "soon"]) { $1 }).expect(422)
        try await browser.get(chain).expect(200)
        let stale = browser.hiddenFields
        try await browser.post("/operator/policy-drafts/\(draft)", fields).expect(303)
        try await browser.post(
            "/operator/policy-drafts/\(draft)", fields,
            hidden: stale.merging(["idempotency_key": "another-key-of-this-form"]) { $1 }
        ).expect(412)
        let publish = "/operator/policy-drafts/\(draft)/publish"
        // What is typed is the version's name as the page says it, in the reader's language.
        #expect((try await browser.get("\(publish)?lang=zh-Hans").expect(200)).text.contains("请输入名称“预付费 CNY 版本 2”以确认"))
        try await browser.post(publish, ["confirm_name": "Prepaid CNY version 2"]).expect(422)
        #expect((try await browser.get("\(publish)?lang=en").expect(200)).text.contains("CN¥500.00"))
        try await browser.post(publish, ["confirm_name": "prepaid CNY 2"]).expect(422)
        try await browser.get(publish).expect(200)
        try await browser.post(publish, ["confirm_name": "Prepaid CNY version 2", "note": "Cheaper to begin"]).expect(303)
        #expect((try await browser.get(chain).expect(200)).text.contains("Cheaper to begin"))
        // A card of the record is headed by more than a bare number.
        #expect((try await browser.get("\(chain)?lang=en").expect(200)).text.contains("<th scope=\"row\">Version 2</th>"))
        #expect((try await browser.get("\(chain)?lang=zh-Hans").expect(200)).text.contains("<th scope=\"row\">版本 2</th>"))
        try await browser.get("\(chain)?lang=en").expect(200)
        let move = "\(chain)/move?from=1&to=2"
        #expect((try await browser.get(move).expect(200)).text.contains("Warehouse telemetry"))
        try await browser.post(move, ["confirm_name": "Prepaid CNY version 2"]).expect(303)
        #expect(try await story.tenant.subscription(story.subscription)["policy_version"] == "2")
    }

    @Test func `a draft is told the range of each number, and what is nonsense is not saved`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("operator")
        let chain = "/operator/offers/prepaid/CNY"
        try await browser.get(chain).expect(200)
        try await browser.post("/operator/offers", ["offer": "prepaid", "currency": "CNY"]).expect(303)
        let draft = try await story.tenant.get("/v1/offers?currency=CNY").expect(200).list("data").compactMap {
            $0.scalar("draft_id")
        }.first
        let url = "/operator/policy-drafts/\(try #require(draft))"
        let fields = [
            "minimum_payment": "0", "largest_payment": "1.001", "validity_months": "121",
            "retention_days": "99999999999999999999",
            "grace_days": "soon", "pending_lapse_days": "14",
        ]
        for (language, words) in [
            (
                "en",
                [
                    "The amount must be at least CN¥0.01", "CNY has 2 decimals", "Enter a whole number from 1 to 120",
                    "Enter a whole number from 1 to 3,650", "Enter a whole number from 0 to 365",
                ]
            ), ("zh-Hans", ["金额不得少于 ¥0.01", "CNY 最多 2 位小数", "请输入 1 至 120 之间的整数", "请输入 1 至 3,650 之间的整数"]),
        ] {
            try await browser.get("\(chain)?lang=\(language)").expect(200)
            let page = try await browser.post(url, fields).expect(422).text
            for sentence in words { #expect(page.contains(sentence), "\(sentence)") }
        }
        try await browser.get("\(chain)?lang=en").expect(200)
        let sensible = fields.merging([
            "minimum_payment": "10", "largest_payment": "1", "validity_months": "12", "retention_days": "90", "grace_days": "7",
        ]) { $1 }
        let below = try await browser.post(url, sensible).expect(422).text
        #expect(below.contains("at least CN¥10.00, which stands under “Least payment”"))
        #expect(try await story.tenant.get("/v1/policy-drafts/\(draft ?? "")").expect(200)["minimum_payment.amount"] == "1000.00")
        try await browser.post(url, sensible.merging(["largest_payment": "10"]) { $1 }).expect(303)
    }
}
