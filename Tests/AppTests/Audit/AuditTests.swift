import App
import Billing
import FoundationEssentials
import HTTP
import TestSupport
import Testing
import Values

/// Who did what: the log in the API, on its pages and as files.
@Suite struct `The audit log` {
    @Test func `is filtered by who, what, on what and when, alike in the API and on the page`() async throws {
        let story = try await PortalStory()
        let admin = try await story.person("account_admin")
        let page = "/accounts/\(story.account)/audit"
        try await story.tenant.request("PATCH", "/v1/subscriptions/\(story.subscription)", ["name": "Renamed here"], once: .none)
            .expect(200)
        let all = try await story.tenant.get("/v1/audit-events?account_id=\(story.account)").expect(200).list("data")
        #expect(all.count >= 3)
        for filter in [
            "action=subscription.edited", "object_id=\(story.subscription)&action=subscription.edited", "actor_kind=operator",
            "from=2025-01-01T00:00:00Z", "to=2025-01-02T00:00:00Z",
        ] {
            let found = try await story.tenant.get("/v1/audit-events?account_id=\(story.account)&\(filter)").expect(200).list(
                "data")
            #expect(!found.isEmpty, "\(filter)")
        }
        for filter in [
            "action=subscription.deleted", "object_id=\(story.account)&action=subscription.edited", "actor_kind=timer",
            "from=2025-01-02T00:00:00Z", "to=2025-01-01T00:00:00Z", "actor=nobody@example.com",
        ] {
            let found = try await story.tenant.get("/v1/audit-events?account_id=\(story.account)&\(filter)").expect(200).list(
                "data")
            #expect(found.isEmpty, "\(filter)")
        }
        let shown = try await admin.get("\(page)?action=subscription.edited&from=2025-01-01&to=2025-01-01").expect(200)
        #expect(shown.text.contains("<del>Warehouse telemetry</del>") && shown.text.contains("<ins>Renamed here</ins>"))
        // The provider's key did it: where from is the provider's own matter.
        #expect(shown.text.contains("Details edited") && !shown.text.contains("127.0.0.1"))
        #expect(try await admin.get("\(page)?actor_kind=timer").expect(200).text.contains("No events match"))
        #expect(try await admin.get("\(page)?object_id=nonsense").expect(200).text.contains("No events match"))
        for unknown in ["actor_kind=martian", "from=yesterday", "no=such"] {
            try await story.tenant.get("/v1/audit-events?\(unknown)").expect(400)
        }
    }

    @Test func `and every list with days says what is wrong with a range, and gives no file of one`() async throws {
        let story = try await PortalStory()
        let (admin, provider) = (try await story.person("account_admin"), try await story.person("operator"))
        let own = "/accounts/\(story.account)"
        for (browser, page) in [
            (admin, "\(own)/audit"), (admin, "\(own)/payments"), (provider, "/operator/remittances"),
            (provider, "/operator/audit"),
        ] {
            let unread = try await browser.get("\(page)?from=abc&lang=en").expect(422)
            #expect(unread.text.contains("“abc” is not a date") && unread.text.contains("Clear all"), "\(page)")
            #expect(!unread.text.contains("Rows 1"), "\(page)")
            let turned = try await browser.get("\(page)?from=2025-01-02&to=2025-01-01").expect(422)
            #expect(turned.text.contains("The range ends before it begins"), "\(page)")
            #expect(try await browser.get("\(page)?from=abc&lang=zh-Hans").expect(422).text.contains("“abc”不是日期"), "\(page)")
            try await browser.get("\(page)?from=2025-01-01&to=2025-01-01&lang=en").expect(200)
            for format in ["csv", "xlsx", "json"] {
                let file = try await browser.get("\(page)?from=abc&format=\(format)").expect(400)
                #expect(file.text.contains("This is not a date") && file.header("content-disposition") == nil, "\(page)")
            }
            try await browser.get("\(page)?format=pdf").expect(400)
        }
        for query in ["from=abc", "to=2025-13-01", "from=2025-01-02&to=2025-01-01", "actor_kind=martian"] {
            try await admin.get("\(own)/audit.jsonl?\(query)").expect(400)
        }
        #expect(try await admin.get("\(own)/subscriptions?state=nonsense&format=csv").expect(400).text.contains("active"))
    }

    @Test func `offers what can stand in it, each action under a name of its own`() async throws {
        let story = try await PortalStory()
        let (admin, provider) = (try await story.person("account_admin"), try await story.person("operator"))
        let own = try await admin.get("/accounts/\(story.account)/audit").expect(200).text
        let all = try await provider.get("/operator/audit").expect(200).text
        for action in ["subscription.edited", "payment.succeeded", "view_as.started", "remittance.matched"] {
            #expect(own.contains("<option value=\"\(action)\"") && all.contains("<option value=\"\(action)\""), "\(action)")
        }
        for action in ["bank_account.set", "policy.published", "account_note.added", "remittance.recorded", "department.created"]
        {
            #expect(!own.contains("<option value=\"\(action)\"") && all.contains("<option value=\"\(action)\""), "\(action)")
        }
        // What the world's events are written with never contradicts what is offered.
        let world = try await World.make(.shared, marker: "Offered")
        var (cursor, seen) = ("", 0)
        repeat {
            let page = try await world.tenant.get("/v1/audit-events?limit=100\(cursor)").expect(200)
            for event in page.list("data") {
                let (action, account) = (event.scalar("action") ?? "", event.scalar("account_id"))
                guard account != nil else { continue }
                seen += 1
                #expect(
                    AuditPlace.account(account == world.enterpriseAccount ? .enterprise : .standard).holds(action), "\(action)")
                #expect(AuditPlace.enrollment.holds(action), "\(action)")
            }
            cursor = page["next_cursor"].map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        #expect(seen > 20)
    }

    @Test func `tells one event alone, with what was before and after, and from where`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account("Before")
        try await tenant.request(
            "PATCH", "/v1/accounts/\(account)", ["name": "After"], once: .none, headers: ["X-Request-Id": "asked-7"]
        )
        .expect(200)
        let id =
            try await tenant.get("/v1/audit-events?object_id=\(account)&action=account.edited").expect(200)["data.0.id"] ?? ""
        let event = try await tenant.get("/v1/audit-events/\(id)").expect(200)
        #expect(event["before.name"] == "Before" && event["after.name"] == "After" && event["ip"] == "127.0.0.1")
        #expect(event["request_id"] == "asked-7")
        let (admin, reader) = (try await tenant.accountKey(account), try await tenant.accountKey(account, role: "reader"))
        try await tenant.get("/v1/audit-events/\(id)", as: admin).expect(200)
        try await tenant.get("/v1/audit-events/\(id)", as: reader).expect(403, "role_forbids")
        let other = try await tenant.accountKey(tenant.account("Other"))
        try await tenant.get("/v1/audit-events/\(id)", as: other).expect(404)
    }

    @Test(arguments: [("account_admin", 200), ("finance", 403), ("reader", 403), ("service_admin", 404), ("operator", 200)])
    func `is open to administrators and operators only`(role: String, status: Int) async throws {
        let story = try await PortalStory()
        let browser = try await story.person(role == "service_admin" ? nil : role)
        for page in ["audit", "audit?format=csv", "audit.jsonl"] {
            #expect(try await browser.get("/accounts/\(story.account)/\(page)").status == status, "\(role) \(page)")
            #expect(try await browser.get("/operator/\(page)").status == (role == "operator" ? 200 : 404), "\(role) \(page)")
        }
        let other = try await PortalStory()
        try await browser.get("/accounts/\(other.account)/audit").expect(404)
    }

    @Test func `is offered to nobody whom it is refused to`() async throws {
        let story = try await PortalStory()
        let audit = "href=\"/accounts/\(story.account)/audit\""
        #expect(try await story.person("account_admin").get(story.overview).expect(200).text.contains(audit))
        for role in ["reader", "finance", nil] {
            #expect(try await !story.person(role).get(story.overview).expect(200).text.contains(audit), "\(role ?? "service")")
        }
        // An agreement elsewhere opens nothing here.
        let enrollment = try await story.tenant.enrollment()
        let email = try await story.email("reader")
        let id = try #require(EnrollmentID(enrollment)).uuid.uuidString
        try story.tenant.force(
            """
            insert into role_assignments (tenant_id, id, user_id, role, enrollment_id, created_at) select $tenant, gen_random_uuid(), \
            id, 'enterprise_admin', '\(id)', now() from users where tenant_id = $tenant and email = '\(email)'
            """)
        let both = Browser(story.tenant.bursar)
        try await both.signIn(email)
        #expect(try await !both.get(story.overview).expect(200).text.contains(audit))
        try await both.get("/accounts/\(story.account)/audit").expect(403)
    }

    @Test func `leaves as CSV, Excel, JSON and JSON lines what the filter leaves`() async throws {
        let story = try await PortalStory()
        let admin = try await story.person("account_admin")
        try await story.tenant.request("PATCH", "/v1/subscriptions/\(story.subscription)", ["name": "=1+1"], once: .none).expect(
            200)
        let log = "/accounts/\(story.account)/audit?action=subscription.edited"
        let csv = try await admin.get("\(log)&format=csv&header=machine").expect(200)
        #expect(csv.text.hasPrefix("\u{FEFF}id,at,ip,actor_kind,actor_id,actor,action,action_words,reason,object_kind"))
        let rows = csv.text.split(separator: "\r\n")
        #expect(rows.count == 2 && rows[1].contains(",'=1+1,acc_") && rows[1].contains(",subscription.edited,,"))
        let sheet = try await admin.get("\(log)&format=xlsx").expect(200)
        #expect(sheet.header("content-type")?.hasSuffix("spreadsheetml.sheet") == true && sheet.body.starts(with: [0x50, 0x4B]))
        #expect(try await admin.get("\(log)&format=json").expect(200).list("data").count == 1)
        let page = try await admin.get("\(log)&cols=actor&from=2025-01-01").expect(200)
        #expect(page.text.contains("Rows 1–1 of 1") && page.text.components(separatedBy: "<th scope=\"col\"").count == 3)
        #expect(page.text.contains("Remove filter From: 2025-01-01") && page.text.contains("from=2024-12-31T16%3A00%3A00Z"))
        let lines = try await admin.get("/accounts/\(story.account)/audit.jsonl").expect(200).text.split(separator: "\n")
        let events = try lines.map { try JSON(parsing: Array($0.utf8)) }
        let listed = try await story.tenant.get("/v1/audit-events?account_id=\(story.account)&limit=100").expect(200).list("data")
        #expect(events.map { $0.scalar("id") } == listed.map { $0.scalar("id") })
    }

    @Test func `pages by keys, forwards and back, in both orders`() async throws {
        let story = try await PortalStory()
        for index in 0..<30 {
            try await story.tenant.request(
                "PATCH", "/v1/subscriptions/\(story.subscription)", ["name": "Name \(index)"], once: .none
            ).expect(200)
        }
        let admin = try await story.person("account_admin")
        let first = try await admin.get("/accounts/\(story.account)/audit?action=subscription.edited").expect(200)
        #expect(first.text.contains("<ins>Name 29</ins>") && !first.text.contains("<ins>Name 4</ins>"))
        let next = try #require(first.text.firstMatch(of: #/href="([^"]*cursor=[^"]*)" rel="next"/#)).output.1
        let second = try await admin.get(String(next.replacing("&amp;", with: "&"))).expect(200)
        #expect(second.text.contains("<ins>Name 4</ins>") && !second.text.contains("<ins>Name 29</ins>"))
        let turned = try await admin.get("/accounts/\(story.account)/audit?action=subscription.edited&sort=created_at").expect(
            200)
        #expect(turned.text.contains("<ins>Name 0</ins>") && !turned.text.contains("<ins>Name 29</ins>"))
    }

    @Test func `loses names and addresses with the subscription, and keeps who did what`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let id = try await tenant.order("prepaid", for: account, name: "Secret name").expect(201).id
        try await tenant.request("PATCH", "/v1/subscriptions/\(id)", ["name": "Secret two"], once: .none).expect(200)
        try await tenant.advance(to: "2025-01-16T00:00:00Z")
        let events = try await tenant.get("/v1/audit-events?object_id=\(id)").expect(200)
        #expect(events.list("data").count >= 3)
        #expect(!events.text.contains("Secret") && !events.text.contains("127.0.0.1"))
        try await tenant.invariants()
    }
}

/// The table of roles, for reading.
@Suite struct `The roles` {
    @Test func `are told as the rules hold them, in both languages`() async throws {
        let story = try await PortalStory()
        let reader = try await story.tenant.accountKey(story.account, role: "reader")
        let told = try await story.tenant.get("/v1/roles", as: reader).expect(200)
        for (index, role) in Role.allCases.enumerated() {
            for (place, permission) in RoleMatrix.permissions.enumerated() {
                let allowed = told["data.\(index).permissions.\(place).allowed"] == "true"
                let isMeant = AccountKind.allCases.contains { Permission.allows(role, permission, in: $0) }
                #expect(allowed == isMeant, "\(role) \(permission)")
            }
        }
        let browser = try await story.person("reader")
        for language in Language.allCases {
            let strings = try ProjectFolder.localiser(language).strings
            let page = try await browser.get("/roles?lang=\(language.tag)").expect(200)
            for permission in RoleMatrix.permissions { #expect(page.text.contains(strings("permission.\(permission.word)"))) }
            #expect(!page.text.contains("⟦"))
        }
    }

    @Test func `and every action of the log has words`() async throws {
        let t = try ProjectFolder.localiser(.en)
        let said = try KeyScan.actions(in: ProjectFolder.root.appending(path: "Sources/App"))
        #expect(said.count >= 10)
        let known = TransitionType.allCases.map(\.rawValue)
        for action in said where !known.contains(action) {
            #expect(t.strings.has("audit.action.\(action)"), "\(action)")
        }
        let family = "audit.action."
        let named = t.strings.keys.filter { $0.hasPrefix(family) }.map { String($0.dropFirst(family.count)) }
        #expect(Set(AuditActions.all) == Set(named + known), "what a filter takes is what the log tells")
    }

    /// The rules know vouchers, cards, invoices, alerts and credit limits; nobody is promised what no route does.
    @Test func `promise nothing that is not there`() async throws {
        let routes = Endpoint.allCases.map(\.rawValue) + PageRoute.allCases.map(\.rawValue)
        let words = [
            "voucher": ["oucher", "代金券"], "prepaid-card": [" card", "储值卡"], "invoice": ["nvoice", "发票"], "alert": ["lert", "告警"],
            "credit-limit": ["redit limit", "信用额度"],
        ]
        let browser = try await PortalStory().person("reader")
        for language in Language.allCases {
            let page = try await browser.get("/roles?lang=\(language.tag)").expect(200).text
            let table = page.split(separator: "<table").dropFirst().first ?? ""
            #expect(!table.isEmpty)
            for (thing, names) in words where !routes.contains(where: { $0.contains(thing) }) {
                for name in names { #expect(!table.contains(name), "\(name)") }
            }
        }
        // As soon as there is a route for vouchers, their right is shown again.
        #expect(RoleMatrix.withoutRoutes.contains(.issueVouchers) == !routes.contains { $0.contains("voucher") })
    }

    @Test func `and an ID of no known form is refused to a program, and finds nothing for a person`() async throws {
        let story = try await PortalStory()
        for list in ["audit-events", "events"] {
            let refused = try await story.tenant.get("/v1/\(list)?object_id=nonsense").expect(400, "invalid_object_id")
            #expect(refused["pointer"] == "?object_id" || refused.text.contains("object_id"))
            for id in [story.subscription, story.account, "01999999-0000-7000-8000-000000000000"] {
                try await story.tenant.get("/v1/\(list)?object_id=\(id)").expect(200)
            }
        }
        let browser = try await story.person("account_admin")
        let page = try await browser.get("/accounts/\(story.account)/audit?object_id=nonsense&lang=en").expect(200).text
        #expect(page.contains("value=\"nonsense\"") && !page.contains("Subscription activated"))
        let file = try await browser.get("/accounts/\(story.account)/audit?object_id=nonsense&format=csv&header=machine").expect(
            200)
        #expect(file.text.split(separator: "\r\n").count == 1)
    }
}
