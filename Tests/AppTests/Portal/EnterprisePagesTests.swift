import App
import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

/// The enterprise portal as its administrator clicks through it: an agreement with two departments, an account, and a subscription in the first.
struct EnterprisePortal {
    let ground: `A department`.Ground
    let browser: Browser
    let email: String
    var tenant: TestTenant { ground.tenant }
    var base: String { "/enrollments/\(ground.enrollment)" }
    var overview: String { "/accounts/\(ground.account)/subscriptions/\(ground.subscription)" }

    init() async throws {
        let ground = try await `A department`.Ground()
        let tenant = ground.tenant
        let email = "\(tenant.bursar.uniqueName("ea"))@example.com"
        let (context, change) = (tenant.context, SetPassword(email: email, password: Browser.password, role: nil, account: nil))
        try await tenant.bursar.instance.loop.run { try await change.run(context) }
        try tenant.force(
            """
            insert into role_assignments (tenant_id, id, user_id, role, enrollment_id, created_at) \
            select $tenant, gen_random_uuid(), u.id, 'enterprise_admin', e.id, now() from users u, enrollments e \
            where u.tenant_id = $tenant and u.email = '\(email)' and e.tenant_id = $tenant
            """)
        self.ground = ground
        self.email = email
        browser = Browser(tenant.bursar)
        try await browser.signIn(email)
    }

    func location(_ reply: Reply) throws -> String { try #require(reply.headers["location"]) }
}

@Suite struct `The enterprise portal` {
    @Test func `adds, changes and removes a department, keeps what was typed, and shows both versions of a clash`() async throws {
        let portal = try await EnterprisePortal()
        let browser = portal.browser
        try await browser.get("\(portal.base)/departments/new").expect(200)
        let wrong = try await browser.post("\(portal.base)/departments/new", ["name": "Research", "quota": "ten"]).expect(422)
        #expect(wrong.text.contains("value=\"ten\"") && wrong.text.contains("in digits"))
        try await browser.post("\(portal.base)/departments/new", ["name": "Research"]).expect(422)
        let hidden = browser.hiddenFields
        let fields = ["name": "Labs", "cost_centre": "LB-1", "quota": "1,000"]
        let made = try portal.location(try await browser.post("\(portal.base)/departments/new", fields, hidden: hidden))
        #expect(try portal.location(try await browser.post("\(portal.base)/departments/new", fields, hidden: hidden)) == made)
        #expect(try await browser.get(made).expect(200).text.contains("CN¥1,000.00"))
        try await browser.get("\(made)/edit").expect(200)
        let stale = browser.hiddenFields
        let id = made.split(separator: "/").last.map(String.init) ?? ""
        try await portal.tenant.request("PATCH", "/v1/departments/\(id)", ["name": "Laboratories"]).expect(200)
        let clash = try await browser.post("\(made)/edit", ["name": "Lab", "cost_centre": "", "quota": ""], hidden: stale).expect(
            412)
        #expect(clash.text.contains("Laboratories") && clash.text.contains("value=\"Lab\""))
        #expect(try await browser.post("\(made)/edit", ["name": "Lab", "cost_centre": "", "quota": ""]).status == 303)
        try await browser.get("\(made)/delete").expect(200)
        try await browser.post("\(made)/delete", ["confirm_name": "Labs"]).expect(422)
        #expect(try await browser.post("\(made)/delete", ["confirm_name": "Lab"]).status == 303)
        try await browser.get(made).expect(404)
        // One with a subscription in it says why it stays.
        let kept = try await browser.get("\(portal.base)/departments/\(portal.ground.first)/delete").expect(409)
        #expect(kept.text.contains("1 subscription"))
        try await portal.tenant.invariants()
    }

    @Test func `creates a subscription in three steps with the quota's effect shown before, once however often it is sent`()
        async throws
    {
        let portal = try await EnterprisePortal()
        let browser = portal.browser
        #expect(try await browser.get(portal.base).expect(200).text.contains("\(portal.base)/subscriptions/new"))
        try await browser.get("\(portal.base)/subscriptions/new").expect(200)
        let review = "\(portal.base)/subscriptions/new/review"
        let bad = try await browser.get("\(review)?name=&account_id=\(portal.ground.account)&monthly=x").expect(422)
        #expect(bad.text.contains("Enter a name") && bad.text.contains("in digits"))
        let query = "name=Lab&account_id=\(portal.ground.account)&department_id=\(portal.ground.first)&monthly=10"
        let shown = try await browser.get("\(review)?\(query)").expect(200)
        // 10 a month for 1,027 days: 337.64 of a quota of 100.
        #expect(shown.text.contains("CN¥337.64") && shown.text.contains("−CN¥237.64"))
        let hidden = browser.hiddenFields
        let first = try portal.location(try await browser.post("\(portal.base)/subscriptions/new", hidden: hidden))
        #expect(try portal.location(try await browser.post("\(portal.base)/subscriptions/new", hidden: hidden)) == first)
        let done = try await browser.get(first).expect(200)
        #expect(done.text.contains("ord_") && done.text.contains("sub_"))
        let listed = try await portal.tenant.get("/v1/subscriptions?department_id=\(portal.ground.first)").expect(200)
        #expect(listed.list("data").count == 2)
        // Another agreement's account is none of this one's.
        let other = try await portal.tenant.enterpriseAccount(portal.tenant.enrollment())
        try await browser.get("\(review)?name=Lab&account_id=\(other)").expect(422)
        try await portal.tenant.invariants()
    }

    @Test func `has no subscriptions of other offers, and whoever also serves such ones finds them`() async throws {
        let portal = try await EnterprisePortal()
        let (tenant, browser, ground) = (portal.tenant, portal.browser, portal.ground)
        let served = try await tenant.order("prepaid", for: tenant.account(), paying: "1000.00").expect(201).id
        try await tenant.request(
            "PATCH", "/v1/subscriptions/\(served)", ["service_administrator_email": "\(portal.email)"], once: .none
        ).expect(200)
        for (offer, own, everywhere) in [
            ("trial", [], []), ("prepaid", [], [served]), ("enterprise", [ground.subscription], [ground.subscription]),
        ] {
            func holds(_ text: String, _ expected: [String]) -> Bool {
                [served, ground.subscription].allSatisfy { text.contains($0) == expected.contains($0) }
            }
            let list = try await browser.get("\(portal.base)/subscriptions?offer=\(offer)&lang=en").expect(200).text
            #expect(holds(list, own) && list.contains("No subscriptions match") == own.isEmpty, "\(offer)")
            #expect(holds(try await browser.get("/subscriptions?offer=\(offer)").expect(200).text, everywhere), "\(offer)")
            #expect(
                holds(try await browser.get("/subscriptions?offer=\(offer)&format=csv").expect(200).text, everywhere), "\(offer)")
            let file = try await browser.get("\(portal.base)/subscriptions?offer=\(offer)&format=csv").expect(200).text
            #expect(holds(file, own) && file.split(separator: "\r\n").count == 1 + own.count, "\(offer)")
            let page = try await tenant.get("/v1/subscriptions?enrollment_id=\(ground.enrollment)&offer=\(offer)").expect(200)
            #expect(page.list("data").compactMap { $0.scalar("id") } == own && page["next_cursor"] == nil, "\(offer)")
        }
        #expect(try await browser.get("/subscriptions").expect(200).text.contains(served))
    }

    @Test func `foretells a department's spend from what runs there now, not from what was counted there`() async throws {
        let portal = try await EnterprisePortal()
        let (browser, ground) = (portal.browser, portal.ground)
        try await portal.tenant.use(ground.subscription, cost: "10.00", at: "2025-03-10T00:00:00Z")
        try await portal.tenant.advance(to: "2025-04-02T00:00:00Z")
        func foretold(_ department: String) async throws -> Bool {
            let query = "name=Lab&account_id=\(ground.account)&department_id=\(department)&monthly=1"
            // 10 in March, for the 1,004 days that are left.
            return try await browser.get("\(portal.base)/subscriptions/new/review?\(query)").expect(200).text.contains(
                "CN¥330.08")
        }
        #expect(try await foretold(ground.first))
        #expect(try await !foretold(ground.second))
        try await ground.move(to: ground.second).expect(200)
        #expect(try await !foretold(ground.first), "it has moved away")
        #expect(try await foretold(ground.second), "and costs the same there")
        try await portal.tenant.suspend(ground.subscription, "requested").expect(200)
        #expect(try await !foretold(ground.second), "what is stopped uses nothing")
        try await portal.tenant.invariants()
    }

    @Test func `creates an account, and moves it with its subscriptions`() async throws {
        let portal = try await EnterprisePortal()
        let browser = portal.browser
        let query = "name=Shops&email=ada%40example.com&first_name=Ada&last_name=Berg&time_zone=Asia%2FShanghai&locale=en"
        try await browser.get("\(portal.base)/accounts/new/review?\(query)&email=nonsense").expect(200)
        try await browser.get("\(portal.base)/accounts/new/review?name=&email=x&time_zone=Mars&locale=en").expect(422)
        try await browser.get("\(portal.base)/accounts/new/review?\(query)").expect(200)
        let made = try portal.location(try await browser.post("\(portal.base)/accounts/new"))
        #expect(try await browser.get(made).expect(200).text.contains("acc_"))
        // Whoever cannot sign in yet is invited, once.
        let letters = try portal.tenant.bursar.database.superuser().query(
            "select email from mails where tenant_id = \(portal.tenant.id) and kind = 'invitation' and email = 'ada@example.com'")
        #expect(letters.count == 1)
        let move = "\(portal.base)/accounts/\(portal.ground.account)/move"
        try await browser.get("\(move)?department_id=\(portal.ground.first)").expect(200)
        #expect(try await browser.post(move).status == 303)
        #expect(
            try await portal.tenant.get("/v1/accounts/\(portal.ground.account)").expect(200)["department_id"]
                == portal.ground.first)
        try await portal.tenant.invariants()
    }

    @Test func `moves a subscription from now on, and shows until when it counted where`() async throws {
        let portal = try await EnterprisePortal()
        let browser = portal.browser
        try await browser.get("\(portal.overview)/move?department_id=\(portal.ground.first)").expect(422)
        #expect(
            try await browser.get("\(portal.overview)/move?department_id=\(portal.ground.second)").expect(200).text.contains(
                "2025-03-10 08:00"))
        #expect(try await browser.post("\(portal.overview)/move").status == 303)
        #expect(try await portal.tenant.subscription(portal.ground.subscription)["department_id"] == portal.ground.second)
        let stays = try await browser.get("\(portal.overview)/departments").expect(200).text
        #expect(stays.contains("from its beginning until") && stays.contains("Stores") && stays.contains("Research"))
        // No department is no name of one.
        let out = "\(portal.overview)/move?department_id=none"
        let away = try await browser.get("\(out)&lang=en").expect(200).text
        #expect(away.contains("is counted to no department") && away.contains("Cost outside the departments"))
        #expect(!away.contains("No department"))
        let chinese = try await browser.get("\(out)&lang=zh-Hans").expect(200).text
        #expect(chinese.contains("起的用量不归属任何部门。") && !chinese.contains("计入不归属") && !chinese.contains("不归属部门的配额"))
        try await browser.get("\(out)&lang=en").expect(200)
        let done = try await browser.post("\(portal.overview)/move").expect(303).headers["location"] ?? ""
        #expect(try await browser.get(done).expect(200).text.contains("From now on it is counted to no department."))
        let back = try await browser.get("\(portal.overview)/move?department_id=\(portal.ground.first)").expect(200).text
        #expect(back.contains("It is counted to no department.") && back.contains("stays counted to no department."))
        try await portal.tenant.invariants()
    }

    @Test func `cancels many under their count, says of each what became of it, and brings them back in two clicks`() async throws
    {
        let portal = try await EnterprisePortal()
        let (browser, tenant) = (portal.browser, portal.tenant)
        let second = try await tenant.order("enterprise", for: portal.ground.account, name: "Second").expect(201).id
        let gone = try await tenant.order("enterprise", for: portal.ground.account, name: "Gone").expect(201).id
        try await tenant.post("/v1/subscriptions/\(gone)/cancel").expect(200)
        let ids = [portal.ground.subscription, second, gone].map { "&id=\($0)" }.joined()
        let foreign = try await tenant.enterprise()
        let nothing = try await browser.get("\(portal.base)/subscriptions/many?action=cancel").expect(422).text
        #expect(nothing.contains("Tick at least one subscription") && nothing.contains("To the subscriptions"))
        #expect(!nothing.contains("Cancel 0") && !nothing.contains("<table"))
        try await browser.get("\(portal.base)/subscriptions/many?action=cancel&id=\(foreign)").expect(404)
        let asked = try await browser.get("\(portal.base)/subscriptions/many?action=cancel\(ids)").expect(200)
        #expect(asked.text.contains("Cancel 2 subscriptions?") && asked.text.contains("2025-06-08"))
        // The test's browser keeps one value of a name: one of them is sent.
        try await browser.get("\(portal.base)/subscriptions/many?action=cancel&id=\(second)").expect(200)
        let hidden = browser.hiddenFields
        let many = "\(portal.base)/subscriptions/many"
        let wrong = try await browser.post(many, ["confirm_count": "2", "reason": "Over"], hidden: hidden).expect(422)
        #expect(wrong.text.contains("Over"))
        let fields = ["confirm_count": "1", "reason": "Over"]
        let done = try portal.location(try await browser.post(many, fields, hidden: hidden))
        #expect(try portal.location(try await browser.post(many, fields, hidden: hidden)) == done)
        #expect(try await tenant.subscription(second)["state"] == "suspended")
        let result = try await browser.get(done).expect(200)
        #expect(result.text.contains("1 subscription cancelled") && result.text.contains("action=reactivate"))
        // The review is one click from here, its button the second.
        try await browser.get("\(many)?action=reactivate&id=\(second)").expect(200)
        #expect(try await browser.post(many).status == 303)
        #expect(try await tenant.subscription(second)["state"] == "active")
        try await tenant.invariants()
    }

    @Test func `says of a cancellation what is taken from the agreement already and what is not, and after it that it was done`()
        async throws
    {
        let portal = try await EnterprisePortal()
        let (browser, tenant, id) = (portal.browser, portal.tenant, portal.ground.subscription)
        let now = "2025-03-10T00:00:00Z"
        let cancel = "\(portal.overview)/cancel"
        let many = "\(portal.base)/subscriptions/many?action=cancel&id=\(id)"
        /// What is nothing is not spoken of: nowhere an amount of nothing among the effects.
        func says(_ words: String, note: String) async throws {
            for page in [cancel, many] {
                let text = try await browser.get("\(page)\(page == many ? "&" : "?")lang=en").expect(200).text
                let effects = text.split(separator: "<ul class=\"effects\">").last?.split(separator: "</ul>").first ?? ""
                #expect(words.isEmpty ? !effects.contains("not billed yet") : effects.contains(words), "\(effects)")
                #expect(!effects.contains("CN¥0.00"), "\(effects)")
            }
            #expect(try await browser.get("\(portal.overview)?lang=en").expect(200).text.contains(note))
        }
        try await says("", note: ">nothing is waiting to be billed<")
        try await tenant.use("\(id)", cost: "12.34", at: now)
        try await says(
            "CN¥12.34 is used and not billed yet. It is still to be charged to the agreement.",
            note: "estimate; it is still to be charged to the agreement")
        try await tenant.settle()
        try await says(
            "CN¥12.34 is used and not billed yet. All of it is already charged to the agreement: what its commitment covers is no longer in what is left of it, what goes beyond is billed in arrears.",
            note: "estimate; all of it is already charged to the agreement")
        try await tenant.use("\(id)", cost: "1.00", at: now)
        let told = try await browser.get(cancel).expect(200).text
        #expect(
            told.contains("CN¥13.34 is used and not billed yet. CN¥12.34 of it is already charged to the agreement")
                && told.contains("CN¥1.00 is still to be charged"))
        #expect(
            try await browser.get("\(portal.base)/subscriptions/many?action=cancel&id=\(id)").expect(200).text
                .contains("CN¥12.34 of it is already charged to the agreement"))
        #expect(
            try await browser.get(portal.overview).expect(200).text
                .contains("CN¥12.34 of it is already charged to the agreement, CN¥1.00 is still to come"))
        // Only what the commitment covers is taken from it: the same words are true where it is used up.
        let chinese = try await browser.get("\(cancel)?lang=zh-Hans").expect(200).text
        #expect(chinese.contains("承诺额内的部分已从剩余承诺额中扣除，超出部分按月后付") && !chinese.contains("剩余承诺额已扣除这部分"))
        try await tenant.post("/v1/subscriptions/\(id)/cancel").expect(200)
        let done = try await browser.get("\(cancel)?lang=en").expect(200).text
        #expect(done.contains("is cancelled") && done.contains("It can be brought back until") && !done.contains("It stops now"))
        #expect(try await browser.get("\(cancel)?lang=zh-Hans").expect(200).text.contains("已取消"))
        try await tenant.invariants()
    }

    @Test func `brings back what was suspended on request, and says of other reasons who can`() async throws {
        let portal = try await EnterprisePortal()
        let (browser, tenant) = (portal.browser, portal.tenant)
        let many = "\(portal.base)/subscriptions/many?action=reactivate&id="
        let asked = try await tenant.order("enterprise", for: portal.ground.account, name: "Asked").expect(201).id
        try await tenant.suspend(asked, "requested").expect(200)
        #expect(try await browser.get(many + asked).expect(200).text.contains("runs again"))
        #expect(try await browser.post("\(portal.base)/subscriptions/many").status == 303)
        #expect(try await tenant.subscription(asked)["state"] == "active")
        let held = try await tenant.order("enterprise", for: portal.ground.account, name: "Held").expect(201).id
        try await tenant.suspend(held, "operator").expect(200)
        let other = try await browser.get(many + held).expect(200).text
        #expect(other.contains("It is suspended for another reason") && !other.contains("This reason does not stand"))
        // One reason is lifted, the other stays: the review says so.
        try await tenant.suspend(asked, "requested").expect(200)
        try await tenant.suspend(asked, "operator").expect(200)
        let staying = try await browser.get(many + asked).expect(200).text
        #expect(staying.contains("Stays suspended") && staying.contains("Lift a reason from 1 subscription?"))
        #expect(!staying.contains("They are active at once"))
        // What is suspended already only gets a reason more; heading and button count it apart.
        let running = portal.ground.subscription
        let chosen = "\(portal.base)/subscriptions/many?id=\(running)&id=\(held)&action="
        let suspending = try await browser.get("\(chosen)suspend").expect(200).text
        #expect(suspending.contains("Suspend 1 subscription and add a reason to 1?"))
        #expect(suspending.contains(">Suspend 1 subscription and add a reason to 1</button>"))
        #expect(suspending.contains("Another reason is added; the date stays"))
        let cancelling = try await browser.get("\(chosen)cancel").expect(200).text
        #expect(cancelling.contains("Cancel 1 running subscription and 1 suspended?") && cancelling.contains("its date stays"))
        #expect(
            try await browser.get("\(chosen)suspend&lang=zh-Hans").expect(200).text
                .contains("停用 1 个订阅，并为另外 1 个增加一项原因？"))
        try await browser.get("\(many)\(asked)&lang=en").expect(200)
        let lifted = try portal.location(try await browser.post("\(portal.base)/subscriptions/many"))
        #expect(try await browser.get(lifted).expect(200).text.contains("A reason lifted from 1 subscription"))
        try await tenant.invariants()
    }

    @Test func `offers no box to tick where nothing can be done any more`() async throws {
        let portal = try await EnterprisePortal()
        let (browser, tenant) = (portal.browser, portal.tenant)
        let second = try await tenant.order("enterprise", for: portal.ground.account, name: "Second").expect(201).id
        let list = "\(portal.base)/subscriptions"
        func boxes() async throws -> [Bool] {
            let page = try await browser.get(list).expect(200).text
            return [portal.ground.subscription, second].map { page.contains("type=\"checkbox\" name=\"id\" value=\"\($0)\"") }
        }
        #expect(try await boxes() == [true, true])
        try await tenant.post("/v1/subscriptions/\(second)/cancel").expect(200)
        #expect(try await boxes() == [true, true])
        try await tenant.advance(to: try await tenant.subscription(second)["delete_at"] ?? "")
        #expect(try await tenant.subscription(second)["state"] == "deleted")
        #expect(try await boxes() == [true, false])
        // Where every row is gone there is nothing to do with them either.
        let gone = try await browser.get("\(list)?state=deleted").expect(200).text
        #expect(!gone.contains("With those that are ticked") && gone.contains(second))
    }

    @Test func `follows long work by itself, and shows what became of each`() async throws {
        let portal = try await EnterprisePortal()
        let (browser, tenant) = (portal.browser, portal.tenant)
        let prepaid = try await tenant.prepaid()
        #expect(try await browser.get("\(portal.base)/operations").expect(200).text.contains("No long work yet"))
        let begun = try await tenant.request(
            "POST", "/v1/subscriptions/actions",
            ["action": "cancel", "mode": "each", "items": [["id": "\(portal.ground.subscription)"]]],
            headers: ["Prefer": "respond-async"]
        ).expect(202).id
        let other = try await tenant.request(
            "POST", "/v1/subscriptions/actions", ["action": "suspend", "mode": "each", "items": [["id": "\(prepaid)"]]],
            headers: ["Prefer": "respond-async"]
        ).expect(202).id
        let page = "\(portal.base)/operations/\(begun)"
        let waiting = try await browser.get(page).expect(200)
        #expect(waiting.text.contains("0 of 1") && waiting.text.contains("http-equiv=\"refresh\""))
        // Somebody else began it, who has no name here; and another's is not found below this address.
        #expect(!waiting.text.contains("Stop the rest"))
        let key = try await tenant.get("/v1/api-keys?limit=100").expect(200).list("data")
            .first { $0.scalar("role") == "operator" }?.scalar("name")
        let (staff, hidden) = ("\(tenant.bursar.uniqueName("staff"))@example.com", ">\(key ?? "?")<")
        let (context, change) = (
            tenant.context, SetPassword(email: staff, password: Browser.password, role: "operator", account: nil)
        )
        try await tenant.bursar.instance.loop.run { try await change.run(context) }
        let desk = Browser(tenant.bursar)
        try await desk.signIn(staff)
        for (language, word) in [("zh-Hans", "服务商"), ("en", "The provider")] {
            for path in [page, "\(portal.base)/operations"] {
                let told = try await browser.get("\(path)?lang=\(language)").expect(200).text
                #expect(told.contains(word) && !told.contains(hidden), "\(path)")
                let known = try await desk.get("\(path)?lang=\(language)").expect(200).text
                #expect(known.contains(hidden), "\(path)")
            }
        }
        try await browser.get("\(portal.base)/operations/\(other)").expect(404)
        let runner = RunOperation(tenant.serverContext, authenticator: tenant.bursar.app.authenticator)
        while try await tenant.bursar.instance.loop.run({ try await runner.run() }) {}
        let done = try await browser.get(page).expect(200)
        #expect(done.text.contains("1 of 1") && !done.text.contains("http-equiv=\"refresh\""))
        #expect(done.text.contains("can be brought back until") && done.text.contains("action=reactivate"))
        let list = try await browser.get("\(portal.base)/operations").expect(200)
        #expect(list.text.contains(begun) && !list.text.contains(other))
        try await tenant.invariants()
    }

    @Test func `is not there for anybody else, and a prepaid administrator reads why he cannot cancel`() async throws {
        let portal = try await EnterprisePortal()
        let other = try await EnterprisePortal()
        for page in [
            "", "/departments", "/accounts", "/subscriptions", "/subscriptions/new", "/departments/\(portal.ground.first)",
        ] {
            try await other.browser.get("\(portal.base)\(page)").expect(404)
        }
        // Another agreement's department is not found under one's own.
        try await other.browser.get("\(other.base)/departments/\(portal.ground.first)").expect(404)
        let story = try await PortalStory()
        let admin = try await story.person("account_admin")
        #expect(try await admin.get(story.overview).expect(200).text.contains("Only enterprise subscriptions are cancelled"))
        try await admin.get("\(story.overview)/cancel").expect(403)
    }
}
