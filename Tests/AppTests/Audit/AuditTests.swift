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
        #expect(shown.text.contains("Details edited") && shown.text.contains("127.0.0.1"))
        #expect(try await admin.get("\(page)?actor_kind=timer").expect(200).text.contains("No events match"))
        #expect(try await admin.get("\(page)?object_id=nonsense").expect(200).text.contains("No events match"))
        for unknown in ["actor_kind=martian", "from=yesterday", "no=such"] {
            try await story.tenant.get("/v1/audit-events?\(unknown)").expect(400)
        }
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

    @Test func `leaves as CSV, Excel, JSON and JSON lines what the filter leaves`() async throws {
        let story = try await PortalStory()
        let admin = try await story.person("account_admin")
        try await story.tenant.request("PATCH", "/v1/subscriptions/\(story.subscription)", ["name": "=1+1"], once: .none).expect(
            200)
        let log = "/accounts/\(story.account)/audit?action=subscription.edited"
        let csv = try await admin.get("\(log)&format=csv&header=machine").expect(200)
        #expect(csv.text.hasPrefix("\u{FEFF}id,at,ip,actor_kind,actor_id,actor,action,action_words,reason,object_kind"))
        let rows = csv.text.split(separator: "\r\n")
        #expect(rows.count == 2 && rows[1].contains(",'=1+1,acc_") && rows[1].contains(",subscription.edited,Details edited,"))
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
