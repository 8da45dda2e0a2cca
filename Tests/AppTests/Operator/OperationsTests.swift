import App
import FoundationEssentials
import Loop
import HTTP
import TestSupport
import Testing

@Suite struct `Jobs, switches, identity and partners` {
    @Test func `a failed deadline is found with its error and tried again`() async throws {
        let tenant = try await TestBursar.shared.tenant("jobs")
        let id = try await tenant.prepaid()
        #expect(try await tenant.get("/v1/jobs").expect(200).list("data").isEmpty)
        try tenant.force("update timers set attempts = 20, retry_at = now(), last_error = 'disk full' where tenant_id = $tenant")
        let job = try await tenant.get("/v1/jobs").expect(200)
        #expect(job["data.0.last_error"] == "disk full" && job["data.0.subscription_id"] == id)
        let url = "/v1/jobs/\(job["data.0.id"] ?? "")/retry"
        try await tenant.post(url).expect(200)
        try await tenant.post(url).expect(409, "job_has_not_failed")
        #expect(try await tenant.get("/v1/jobs").expect(200).list("data").isEmpty)
        try await tenant.post("/v1/jobs/lot_expiry-00000000-0000-0000-0000-000000000000/retry").expect(404)
        try await tenant.post("/v1/jobs/nonsense/retry").expect(404)
        #expect(try await tenant.get("/v1/jobs?state=waiting").expect(200).list("data").count == 1)
    }

    @Test func `jobs, settings and status are pages that act`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("operator")
        try story.tenant.force(
            "update timers set attempts = 1, retry_at = now(), last_error = 'refused' where tenant_id = $tenant")
        let page = try await browser.get("/operator/jobs").expect(200)
        #expect(page.text.contains("refused"))
        let job = try await story.tenant.get("/v1/jobs").expect(200)["data.0.id"] ?? ""
        try await browser.post("/operator/jobs/\(job)/retry").expect(303)
        // That no job fails is not that all work is done.
        for (language, title, rest) in [
            ("en", "No job fails", "What waits is counted under “Queues”"), ("zh-Hans", "没有失败的任务", "等待中的工作数量见“队列”"),
        ] {
            let empty = try await browser.get("/operator/jobs?lang=\(language)").expect(200).text
            #expect(empty.contains(title) && empty.contains(rest), "\(language)")
        }
        try await browser.get("/operator/jobs?lang=en").expect(200)
        try await browser.get("/operator/settings").expect(200)
        try await browser.post("/operator/settings", ["additional_subscriptions": "on", "sandbox_payments": "on"]).expect(303)
        #expect(try await story.tenant.get("/v1/tenant-switches").expect(200)["additional_subscriptions"] == "true")
        #expect((try await browser.get("/operator/status").expect(200)).text.contains("PostgreSQL"))
        // The story's clock stands years behind; one that stands where the real one does is not "0 days" away.
        #expect((try await browser.get("/operator/test-clock?lang=en").expect(200)).text.contains("days behind"))
        let asked = try await browser.get("/operator/test-clock?to=2025-02-01T00:00:05Z&lang=en").expect(200).text
        #expect(asked.components(separatedBy: "2025-02-01 08:00:05").count > 2, "in the question and on its button")
        // What a deletion takes along is not to come any more.
        let strings = try ProjectFolder.localiser(.en).strings
        let (expiry, deletion) = (strings("timer.lot_expiry"), strings("timer.subscription_deletion"))
        #expect(try await browser.get("/operator/test-clock?lang=en").expect(200).text.contains(expiry))
        try await story.tenant.suspend(story.subscription, "operator").expect(200)
        let due = try await browser.get("/operator/test-clock?lang=en").expect(200).text
        #expect(!due.contains(expiry) && due.contains(deletion))
        #expect(
            try await browser.get("/operator/test-clock?to=2026-06-01&lang=en").expect(200).text.contains("1 deadline falls due"))
        try story.tenant.force("update test_clocks set now_at = now() where tenant_id = $tenant")
        #expect((try await browser.get("/operator/test-clock").expect(200)).text.contains("Less than a day apart"))
    }

    /// A sandbox's clock stands elsewhere: what goes by the real one says so, and deadlines, which are the tenant's, do not.
    @Test func `times of the real clock are marked in a sandbox, on jobs, long work, mails and visits`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let browser = try await story.person("operator")
        try await tenant.use(story.subscription, cost: "1.00", at: "2025-01-01T00:00:00Z")
        try await tenant.writeLetters()
        let work = try await tenant.request(
            "POST", "/v1/subscriptions/actions",
            [
                "action": "suspend", "mode": "each",
                "items": [["id": "\(story.subscription)", "reason": "operator", "note": "Fraud"]],
            ], headers: ["Prefer": "respond-async"]
        ).expect(202).id
        for (language, mark) in [("en", "(real time)"), ("zh-Hans", "（真实时间）")] {
            func marks(_ path: String) async throws -> Int {
                let joint = path.contains("?") ? "&" : "?"
                return try await browser.get("\(path)\(joint)lang=\(language)").expect(200).text.components(separatedBy: mark)
                    .count - 1
            }
            // Settlement and waiting mail, each with the oldest of it; then the job itself.
            #expect(try await marks("/operator/jobs") == 2, "\(language)")
            #expect(try await marks("/operator/jobs?state=waiting") == 3, "\(language)")
            #expect(try await marks("/operator/operations") == 1, "\(language)")
            #expect(try await marks("/operator/operations/\(work)") >= 1, "\(language)")
        }
        try await browser.get("/operator/accounts/\(story.account)/view-as").expect(200)
        let person = try await tenant.get("/v1/accounts/\(story.account)").expect(200)["administrator.id"] ?? ""
        _ = try await browser.post("/operator/accounts/\(story.account)/view-as", ["person": person, "reason": "Ticket 12"])
        try await browser.get("/help").expect(200)
        #expect(try await browser.post("/view-as/end").status == 303)
        let desk = try await browser.get("/operator/accounts/\(story.account)?lang=en").expect(200).text
        #expect(desk.components(separatedBy: "(real time)").count == 3)
        // A live tenant has one clock, and nothing to mark.
        let live = try await TestBursar.shared.tenant("live", clock: nil)
        let email = "\(live.bursar.uniqueName("op"))@example.com"
        let (context, change) = (live.context, SetPassword(email: email, password: Browser.password, role: "operator"))
        try await live.bursar.instance.loop.run { try await change.run(context) }
        let own = Browser(live.bursar)
        try await own.signIn(email)
        #expect(try await !own.get("/operator/jobs?lang=en").expect(200).text.contains("real time"))
    }

    @Test func `switches are recorded, guarded against each other, and a live tenant gets no sandbox payments`() async throws {
        let tenant = try await TestBursar.shared.tenant("switches")
        let now = try await tenant.get("/v1/tenant-switches").expect(200)
        let etag = now.header("etag") ?? ""
        let other = now["additional_subscriptions"] != "true"
        let change: Input = .object([("additional_subscriptions", .flag(other))])
        try await tenant.request("PATCH", "/v1/tenant-switches", change, once: .none, headers: ["If-Match": etag]).expect(200)
        try await tenant.request("PATCH", "/v1/tenant-switches", change, once: .none, headers: ["If-Match": etag]).expect(412)
        let audit = try await tenant.get("/v1/audit-events").expect(200)
        #expect(audit.list("data").contains { $0.scalar("action") == "tenant.switched" })
        let live = try await TestBursar.shared.tenant("live", clock: nil, sandboxPayments: false)
        try await live.request("PATCH", "/v1/tenant-switches", ["sandbox_payments": true], once: .none)
            .expect(409, "sandbox_payments_not_for_live")
    }

    @Test func `an identity is asked for once, answered once, with a reason that the account reads`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let administrator = try await story.person("account_admin")
        let page = "/accounts/\(story.account)/identity"
        try await administrator.get(page).expect(200)
        let incomplete = try await administrator.post(page, ["company_name": "", "registration_number": ""]).expect(422).text
        #expect(incomplete.contains("registered under") && incomplete.contains("Enter the registration number"))
        try await administrator.get(page).expect(200)
        try await administrator.post(page, ["company_name": "Harbour Ltd", "registration_number": "91310000"]).expect(303)
        let admin = try await tenant.accountKey(story.account)
        try await tenant.post("/v1/accounts/\(story.account)/identity-requests", WorldDesk.identity("x"), as: admin)
            .expect(409, "identity_request_waiting")
        let request = try await tenant.get("/v1/identity-requests").expect(200)["data.0.id"] ?? ""
        try await tenant.post("/v1/identity-requests/\(request)/verify", ["reason": "Mine"], as: admin).expect(403)
        let desk = try await story.person("operator")
        #expect((try await desk.get("/operator/identity").expect(200)).text.contains("Harbour Ltd"))
        let decide = "/operator/identity/\(request)"
        try await desk.get(decide).expect(200)
        for (language, words) in [("zh-Hans", "请填写您核对的内容或缺少的材料"), ("en", "Say what you checked, or what is missing")] {
            let form = try await desk.get("\(decide)?lang=\(language)").expect(200).text
            #expect(form.contains("name=\"reason\"") && form.contains(" required"))
            let refused = try await desk.post(decide, ["decision": "verify", "reason": ""]).expect(422).text
            #expect(refused.contains(words))
        }
        try await desk.get(decide).expect(200)
        try await desk.post(decide, ["decision": "decline", "reason": "The number is another company's"]).expect(303)
        #expect(
            (try await administrator.get(page).expect(200)).text.contains("The number is another company&#39;s") == true
                || (administrator.page?.text.contains("another company") ?? false))
        let second = try await tenant.post("/v1/accounts/\(story.account)/identity-requests", WorldDesk.identity("y"), as: admin)
            .expect(201).id
        try await tenant.post("/v1/identity-requests/\(second)/verify", ["reason": "Papers seen"]).expect(200)
        try await tenant.post("/v1/identity-requests/\(second)/decline", ["reason": "No"]).expect(409, "identity_request_decided")
        #expect(try await tenant.get("/v1/accounts/\(story.account)").expect(200)["identity_verified"] == "true")
        try await tenant.post("/v1/accounts/\(story.account)/identity-requests", WorldDesk.identity("z"), as: admin)
            .expect(409, "identity_verified_already")
    }

    @Test func `a retired partner keeps its subscriptions and gets no further ones`() async throws {
        let tenant = try await TestBursar.shared.tenant("partners")
        let (one, two) = (try await tenant.prepaid(), try await tenant.prepaid())
        let made = try await tenant.post("/v1/partners", ["code": "CONTOSO", "company_name": "Contoso"]).expect(201)
        let url = "/v1/partners/\(try made.id)"
        try await tenant.request("PUT", "/v1/subscriptions/\(one)/partner", ["code": "CONTOSO"]).expect(200)
        try await tenant.request("PATCH", url, ["company_name": "Contoso China"], once: .none, headers: ["If-Match": "\"9\""])
            .expect(412)
        try await tenant.request("PATCH", url, ["company_name": "Contoso China"], once: .none).expect(200)
        try await tenant.request("PATCH", url, ["retired": true], once: .none).expect(200)
        try await tenant.request("PUT", "/v1/subscriptions/\(two)/partner", ["code": "CONTOSO"]).expect(422, "unknown_partner")
        try await tenant.get("/v1/partners/check?code=CONTOSO").expect(404)
        #expect(try await tenant.subscription(one)["partner.company_name"] == "Contoso China")
        try await tenant.request("PATCH", url, ["retired": false], once: .none).expect(200)
        try await tenant.request("PUT", "/v1/subscriptions/\(two)/partner", ["code": "CONTOSO"]).expect(200)
    }

    @Test func `partners are added, renamed and retired on pages`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("operator")
        try await browser.get("/operator/partners/new").expect(200)
        try await browser.post("/operator/partners", ["code": "bad code!", "company_name": ""]).expect(422)
        try await browser.get("/operator/partners/new").expect(200)
        let made = try await browser.post("/operator/partners", ["code": "P-77", "company_name": "Seventy"]).expect(303)
        let page = made.headers["location"] ?? ""
        try await browser.get(page).expect(200)
        try await browser.post(page, ["company_name": "Seventy Seven"]).expect(303)
        try await browser.get(page).expect(200)
        try await browser.post("\(page)/retire", ["retired": "yes"]).expect(303)
        #expect((try await browser.get("/operator/partners").expect(200)).text.contains("Retired"))
        try await browser.get("/operator/search?q=P-77").expect(303)
    }
}
