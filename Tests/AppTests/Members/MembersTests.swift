import App
import Billing
import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

extension TestTenant {
    /// The newest one-time path that a letter of this kind carries to this address.
    func secretPath(_ kind: String, to email: String) throws -> String {
        let rows = try bursar.database.superuser().query(
            """
            select secret_path from mails where tenant_id = \(id) and kind = \(kind) and email = \(email) and secret_path is not null \
            order by queued_at desc, id desc limit 1
            """)
        guard let path = try rows.first.map({ try $0.get(0, as: String.self) }) else { throw TestFault("no \(kind) to \(email)") }
        return path
    }

    /// To whom letters of this kind went, in order of address.
    func letters(_ kind: String) throws -> [String] {
        try bursar.database.superuser().query(
            "select email from mails where tenant_id = \(id) and kind = \(kind)"
        ).map { try $0.get(0, as: String.self) }.sorted()
    }

    func invite(_ email: String, as role: String = "finance", to account: String, by key: String? = nil) async throws -> Reply {
        try await post("/v1/members", ["account_id": "\(account)", "email": "\(email)", "role": "\(role)"], as: key)
    }
}

extension Browser {
    /// Accepts by the link in her letter, with a first password where she has none.
    @discardableResult
    func accept(_ path: String, password: Bool = true) async throws -> Reply {
        try await get(path)
        return try await post(
            path, password ? ["first_name": "Wen", "last_name": "Zhao", "password": "correct horse battery 7"] : [:])
    }
}

/// People are invited, change roles and leave.
@Suite struct `Members of an account` {
    @Test func `have another tag after every change, also one that was taken back`() async throws {
        let story = try await PortalStory()
        let made = try await story.tenant.invite("\(story.tenant.bursar.uniqueName("tagged"))@example.com", to: story.account)
        let target = "/v1/members/\(try made.expect(201).id)"
        let seen = try #require(try await story.tenant.get(target).expect(200).header("etag"))
        for role in ["reader", "finance"] { try await story.tenant.request("PATCH", target, ["role": "\(role)"]).expect(200) }
        try await story.tenant.request("PATCH", target, ["role": "reader"], headers: ["If-Match": seen]).expect(412, "stale")
        let now = try #require(try await story.tenant.get(target).expect(200).header("etag"))
        try await story.tenant.request("PATCH", target, ["role": "reader"], headers: ["If-Match": now]).expect(200)
    }

    @Test func `are invited by mail, choose a password, and are in`() async throws {
        let story = try await PortalStory()
        let admin = try await story.person("account_admin")
        let email = "\(story.tenant.bursar.uniqueName("invited"))@example.com"
        let page = "/accounts/\(story.account)/members"
        #expect(try await admin.get(page).expect(200).text.contains("Only one person so far"))
        try await admin.get("\(page)/invite").expect(200)
        for role in ["", "account_admin", "operator"] {
            let refused = try await admin.post(
                "\(page)/invite", hidden: admin.hiddenFields.merging(["email": email, "role": role]) { $1 }
            ).expect(422)
            #expect(
                refused.text.contains("href=\"#field-role\"")
                    && refused.text.contains("<option value=\"\">Choose a role</option>"), "\(role)")
            #expect(refused.text.contains("value=\"\(email)\""))
        }
        let filled = admin.hiddenFields.merging(["email": email, "role": "finance"]) { $1 }
        for _ in 0..<2 {
            let sent = try await admin.post("\(page)/invite", hidden: filled)
            #expect(sent.status == 303, "\(sent.text)")
        }
        let listed = try await admin.get(page).expect(200)
        #expect(listed.text.contains(email) && listed.text.contains("Invited") && listed.text.contains("on its way"))
        #expect(try story.tenant.letters("invitation").filter { $0 == email }.count == 1)

        let newcomer = Browser(story.tenant.bursar)
        let path = try story.tenant.secretPath("invitation", to: email)
        let asked = try await newcomer.get(path).expect(200)
        #expect(asked.text.contains("Harbour Logistics") && asked.text.contains("Finance") && asked.text.contains(email))
        let short = try await newcomer.post(path, ["first_name": "", "last_name": "", "password": "short"]).expect(422)
        #expect(short.text.contains("Enter your name") && !short.text.contains("value=\"short\""))
        let entered = try await newcomer.post(
            path, ["first_name": "Wen", "last_name": "Zhao", "password": "correct horse battery 7"])
        #expect(entered.status == 303 && entered.headers["location"] == "/accounts/\(story.account)/subscriptions")
        try await newcomer.get("/accounts/\(story.account)/subscriptions").expect(200)
        try await newcomer.get("\(story.overview)/pay").expect(200)
        try await newcomer.get("\(story.overview)/edit").expect(403)
        #expect(try await admin.get("\(page)?role=finance").expect(200).text.contains("Wen Zhao"))
        // The link works once.
        #expect(try await Browser(story.tenant.bursar).get(path).expect(404).text.contains("was used"))
        // With her password she comes in like everybody.
        let again = Browser(story.tenant.bursar)
        try await again.get("/sign-in")
        #expect(try await again.post("/sign-in", ["email": email, "password": "correct horse battery 7"]).status == 303)
        try await story.tenant.invariants()
    }

    @Test func `who have a sign-in accept as themselves, and nobody else can for them`() async throws {
        let story = try await PortalStory()
        let other = try await PortalStory()
        let email = try await story.email("reader")
        let second = try await story.tenant.account("Second")
        try await story.tenant.invite(email, as: "reader", to: second).expect(201)
        let path = try story.tenant.secretPath("invitation", to: email)
        let browser = Browser(story.tenant.bursar)
        #expect(try await browser.get(path).expect(200).text.contains("Sign in to accept"))
        try await browser.post(path).expect(403)
        let stranger = try await other.person("account_admin")
        #expect(try await stranger.get(path).expect(200).text.contains("signed in as somebody else"))
        try await stranger.post(path).expect(403)
        #expect(try await browser.signIn(email, returnTo: path).headers["location"] == path)
        try await browser.get("/accounts/\(second)/subscriptions").expect(404)
        #expect(try await browser.accept(path, password: false).status == 303)
        try await browser.get("/accounts/\(second)/subscriptions").expect(200)
    }

    @Test func `lose access with the next click, with what they have open`() async throws {
        let story = try await PortalStory()
        let admin = try await story.person("account_admin")
        let email = "\(story.tenant.bursar.uniqueName("leaver"))@example.com"
        let id = try await story.tenant.invite(email, as: "reader", to: story.account).expect(201).id
        let leaver = Browser(story.tenant.bursar)
        try await leaver.accept(try story.tenant.secretPath("invitation", to: email))
        try await leaver.get(story.overview).expect(200)
        let page = "/accounts/\(story.account)/members/\(id)"
        try await admin.get("\(page)/remove").expect(200)
        try await admin.post("\(page)/remove", ["confirm_name": "somebody"]).expect(422)
        try await leaver.get(story.overview).expect(200)
        #expect(try await admin.post("\(page)/remove", ["confirm_name": "Wen Zhao"]).status == 303)
        try await leaver.get(story.overview).expect(404)
        #expect(try story.tenant.letters("member_removed") == [email])
        try await story.tenant.get("/v1/members/\(id)").expect(404)
        let log = try await story.tenant.get("/v1/audit-events?object_id=\(id)").expect(200).list("data")
        #expect(log.compactMap { $0.scalar("action") } == ["member.removed", "member.joined", "member.invited"])
        try await story.tenant.invariants()
    }

    @Test(arguments: ["standard", "enterprise"])
    func `begin with the administrator, who is invited with the account unless she can sign in`(kind: String) async throws {
        let tenant = try await TestBursar.shared.tenant("first")
        let email = "\(tenant.bursar.uniqueName("first"))@example.com"
        let enrollment = kind == "standard" ? "" : try await tenant.enrollment()
        let body: Input =
            kind == "standard"
            ? [
                "kind": "standard", "name": "Named First", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "en",
                "administrator": ["email": "\(email)"],
            ]
            : [
                "kind": "enterprise", "name": "Named First", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "en",
                "administrator": ["email": "\(email)"], "enrollment_id": "\(enrollment)",
            ]
        let path = "/v1/accounts"
        // A dry run writes to nobody, and the same key writes once.
        try await tenant.request("POST", "\(path)?dry_run=true", body, once: .none).expect(201)
        #expect(try tenant.letters("invitation").filter { $0 == email }.isEmpty)
        let key = tenant.bursar.uniqueName("once")
        let made = try await tenant.request("POST", path, body, once: .key(key)).expect(201)
        try await tenant.request("POST", path, body, once: .key(key)).expect(201)
        #expect(try tenant.letters("invitation").filter { $0 == email }.count == 1)
        let listed = try await tenant.get("/v1/members?account_id=\(made.id)").expect(200)
        #expect(listed["data.0.role"] == "account_admin" && listed["data.0.state"] == "invited")
        let browser = Browser(tenant.bursar)
        try await browser.accept(try tenant.secretPath("invitation", to: email))
        try await browser.get("/accounts/\(made.id)/subscriptions").expect(200)
        // Now she can: her next account brings no letter.
        try await tenant.request("POST", path, body, once: .key(tenant.bursar.uniqueName("twice"))).expect(201)
        #expect(try tenant.letters("invitation").filter { $0 == email }.count == 1)
        try await tenant.invariants()
    }

    @Test func `are a list with search, order, columns, files and the line for the shell`() async throws {
        let story = try await PortalStory()
        let admin = try await story.person("account_admin")
        var emails: [String] = []
        for index in 0..<26 {
            emails.append("\(story.tenant.bursar.uniqueName("listed"))-\(index)@example.com")
            try await story.tenant.invite(emails[index], as: index.isMultiple(of: 2) ? "reader" : "finance", to: story.account)
                .expect(201)
        }
        let page = "/accounts/\(story.account)/members"
        let first = try await admin.get(page).expect(200)
        #expect(first.text.contains("Rows 1–25 of 27") && first.text.contains("aria-sort=\"ascending\""))
        #expect(!first.text.contains("Only one person so far"))
        let next = try #require(first.text.firstMatch(of: #/href="([^"]*cursor=[^"]*)" rel="next"/#)).output.1
        let second = try await admin.get(String(next.replacing("&amp;", with: "&"))).expect(200)
        #expect(second.text.contains("Rows 26–27 of 27") && second.text.contains("rel=\"prev\""))
        let found = try await admin.get("\(page)?q=\(emails[7].uppercased())&role=finance&state=invited").expect(200)
        #expect(found.text.contains("Rows 1–1 of 1") && found.text.contains("Remove filter Role: Finance"))
        #expect(found.text.contains("/v1/members?account_id=\(story.account)&amp;q="))
        let file = try await admin.get("\(page)?role=reader&format=csv&header=machine&sort=name").expect(200)
        let rows = file.text.split(separator: "\r\n")
        #expect(rows.count == 14 && rows[0].hasPrefix("\u{FEFF}id,name,email,role,subscription_id,subscription,state,"))
        #expect(
            rows.dropFirst().map { String($0.split(separator: ",")[2]) }
                == stride(from: 0, to: 26, by: 2).map { emails[$0] }.sorted())
        for sort in ["name", "-name", "created_at", "-created_at"] {
            let whole = try await story.tenant.get("/v1/members?account_id=\(story.account)&sort=\(sort)&limit=100").expect(200)
            var (paged, cursor) = ([String](), "")
            repeat {
                let page = try await story.tenant.get(
                    "/v1/members?account_id=\(story.account)&sort=\(sort)&limit=10\(cursor.isEmpty ? "" : "&cursor=\(cursor)")"
                ).expect(200)
                paged += page.list("data").compactMap { $0.scalar("id") }
                cursor = page["next_cursor"] ?? ""
            } while !cursor.isEmpty
            #expect(paged.count == 27 && paged == whole.list("data").compactMap { $0.scalar("id") }, "\(sort)")
        }
        let narrow = try await admin.get("\(page)?cols=created_at").expect(200)
        #expect(narrow.text.contains("Since") && !narrow.text.contains("Last seen</a>"))
    }

    @Test func `get another role after seeing what changes`() async throws {
        let story = try await PortalStory()
        let admin = try await story.person("account_admin")
        let email = "\(story.tenant.bursar.uniqueName("changer"))@example.com"
        let id = try await story.tenant.invite(email, as: "reader", to: story.account).expect(201).id
        let person = Browser(story.tenant.bursar)
        try await person.accept(try story.tenant.secretPath("invitation", to: email))
        try await person.get("\(story.overview)/pay").expect(403)
        let page = "/accounts/\(story.account)/members/\(id)"
        try await admin.get(page).expect(200)
        try await admin.get("\(page)?role=reader").expect(422)
        let compared = try await admin.get("\(page)?role=finance").expect(200)
        #expect(compared.text.contains("Payments and orders"))
        // Somebody else was faster: the form was filled from another version.
        try await story.tenant.request("PATCH", "/v1/members/\(id)", ["role": "finance"], once: .none).expect(200)
        try await admin.post(page, ["role": "finance"]).expect(412)
        try await person.get("\(story.overview)/pay").expect(200)
        try await admin.get("\(page)?role=reader").expect(200)
        #expect(try await admin.post(page, ["role": "reader"]).status == 303)
        try await person.get("\(story.overview)/pay").expect(403)
        try await story.tenant.request("PATCH", "/v1/members/\(id)", ["role": "operator"], once: .none).expect(422)
    }

    @Test func `that every account has one of stay, and the last administrator of an agreement too`() async throws {
        let story = try await PortalStory()
        let service = try await story.email(nil)
        let members = try await story.tenant.get("/v1/members?account_id=\(story.account)").expect(200).list("data")
        let admin = try #require(members.first { $0.scalar("role") == "account_admin" }?.scalar("id"))
        let servant = try #require(members.first { $0.scalar("role") == "service_admin" }?.scalar("id"))
        #expect(members.first { $0.scalar("role") == "service_admin" }?.scalar("user.email") == service)
        try await story.tenant.request("DELETE", "/v1/members/\(admin)", once: .none).expect(409, "account_administrator_stays")
        try await story.tenant.request("PATCH", "/v1/members/\(admin)", ["role": "reader"], once: .none).expect(
            409, "account_administrator_stays")
        try await story.tenant.request("DELETE", "/v1/members/\(servant)", once: .none).expect(409, "service_administrator_stays")
        let world = try await World.make(.shared)
        let only = try await world.tenant.get("/v1/members?enrollment_id=\(world.enrollment)").expect(200)["data.0.id"] ?? ""
        try await world.tenant.request("DELETE", "/v1/members/\(only)", once: .none).expect(409, "last_enterprise_administrator")
        let second = "\(world.tenant.bursar.uniqueName("second"))@example.com"
        try await world.tenant.post(
            "/v1/members", ["enrollment_id": "\(world.enrollment)", "email": "\(second)", "role": "enterprise_admin"]
        ).expect(201)
        let browser = Browser(world.tenant.bursar)
        try await browser.accept(try world.tenant.secretPath("invitation", to: second))
        try await browser.get("/enrollments/\(world.enrollment)/members").expect(200)
        try await world.tenant.request("DELETE", "/v1/members/\(only)", once: .none).expect(200)
        try await world.tenant.invariants()
    }

    @Test func `cannot be invited twice, nor to what they have`() async throws {
        let story = try await PortalStory()
        let (tenant, account) = (story.tenant, story.account)
        let email = "\(tenant.bursar.uniqueName("twice"))@example.com"
        try await tenant.invite(email, to: account).expect(201)
        try await tenant.invite(email.uppercased(), as: "reader", to: account).expect(409, "already_invited")
        let admin = try await tenant.get("/v1/accounts/\(account)")["administrator.email"] ?? ""
        try await tenant.invite(admin, to: account).expect(409, "already_member")
        try await tenant.invite("x@example.com", as: "enterprise_admin", to: account).expect(422, "role_not_for_place")
        try await tenant.invite("no address", to: account).expect(422, "invalid_email")
        for role in ["finance", "reader"] {
            let key = try await tenant.accountKey(account, role: role)
            try await tenant.invite("y@example.com", to: account, by: key).expect(403, "role_forbids")
            try await tenant.get("/v1/members", as: key).expect(403, "role_forbids")
        }
        let key = try await tenant.accountKey(account)
        #expect(try await tenant.get("/v1/members", as: key).expect(200).list("data").count == 2)
        let other = try await tenant.accountKey(tenant.account("Other"))
        try await tenant.invite("z@example.com", to: account, by: other).expect(404)
        try await tenant.get("/v1/members").expect(400)
        // Two at once: one is made.
        let twins = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 { group.addTask { try await tenant.invite("twins@example.com", to: account).status } }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(twins.sorted() == [201, 409, 409, 409])
        try await tenant.invariants()
    }

    @Test(arguments: [("account_admin", 200), ("finance", 403), ("reader", 403), ("service_admin", 404), ("operator", 200)])
    func `are seen and managed by administrators and operators only`(role: String, status: Int) async throws {
        let story = try await PortalStory()
        let browser = try await story.person(role == "service_admin" ? nil : role)
        for page in ["members", "members/invite"] {
            #expect(try await browser.get("/accounts/\(story.account)/\(page)").status == status, "\(role) \(page)")
        }
        let handover = role == "account_admin" || role == "operator" ? 200 : status
        #expect(try await browser.get("/accounts/\(story.account)/handover").status == handover)
        let other = try await PortalStory()
        try await browser.get("/accounts/\(other.account)/members").expect(404)
        // A member of another account is not found under this one.
        if status == 200 {
            let foreign = try await story.tenant.account("Foreign")
            let id = try await story.tenant.invite("foreign@example.com", to: foreign).expect(201).id
            try await browser.get("/accounts/\(story.account)/members/\(id)").expect(404)
        }
    }
}

/// What becomes of an invitation that is not accepted in time.
@Suite struct `An invitation` {
    @Test func `that was withdrawn, ran out, was cut off or sent again says so`() async throws {
        let story = try await PortalStory()
        let (tenant, account) = (story.tenant, story.account)
        let email = "\(tenant.bursar.uniqueName("late"))@example.com"
        let id = try await tenant.invite(email, to: account).expect(201).id
        let first = try tenant.secretPath("invitation", to: email)
        let again = try await tenant.post("/v1/members/\(id)/resend-invite").expect(200)
        #expect(again["invitation.sends"] == "2" && again["state"] == "invited")
        let second = try tenant.secretPath("invitation", to: email)
        let browser = Browser(tenant.bursar)
        #expect(try await browser.get(first).expect(404).text.contains("has expired"))
        try await browser.get(second).expect(200)
        #expect(try await browser.get(second + "x").expect(404).text.contains("not known"))
        try tenant.force(
            """
            update invitations set sent_at = sent_at - interval '8 days', expires_at = expires_at - interval '8 days' where tenant_id = $tenant
            """)
        #expect(try await browser.get(second).expect(404).text.contains("has expired"))
        #expect(try await tenant.get("/v1/members/\(id)").expect(200)["state"] == "invitation_expired")
        #expect(
            try await tenant.get("/v1/members?account_id=\(account)&state=invitation_expired").expect(200).list("data").count == 1
        )
        try await tenant.post("/v1/members/\(id)/resend-invite").expect(200)
        let third = try tenant.secretPath("invitation", to: email)
        try await tenant.request("DELETE", "/v1/members/\(id)", once: .none).expect(200)
        let gone = try await browser.get(third).expect(404)
        #expect(gone.text.contains("has expired") || gone.text.contains("withdrawn"))
        try await tenant.post("/v1/members/\(id)/resend-invite").expect(404)
        // After that she can be invited anew.
        try await tenant.invite(email, to: account).expect(201)
    }

    @Test func `is sent ten times at most`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.invite("often@example.com", to: tenant.account()).expect(201).id
        for _ in 0..<9 { try await tenant.post("/v1/members/\(id)/resend-invite").expect(200) }
        try await tenant.post("/v1/members/\(id)/resend-invite").expect(409, "invitation_sent_too_often")
    }

    @Test func `accepted by two at once is accepted once; removed meanwhile, one of both happens`() async throws {
        let story = try await PortalStory()
        let (tenant, account) = (story.tenant, story.account)
        for round in 0..<4 {
            let email = "\(tenant.bursar.uniqueName("race"))@example.com"
            let id = try await tenant.invite(email, as: "reader", to: account).expect(201).id
            let path = try tenant.secretPath("invitation", to: email)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<2 {
                    group.addTask { try await Browser(tenant.bursar).accept(path).status }
                }
                if round.isMultiple(of: 2) {
                    group.addTask { try await tenant.request("DELETE", "/v1/members/\(id)", once: .none).status == 200 ? 0 : 1 }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 303 }.count <= 1, "\(statuses)")
            let rows = try tenant.bursar.database.superuser().query(
                "select count(*) from role_assignments where tenant_id = \(tenant.id) and id = \(MemberID(id))")
            let granted: Int64 = try rows[0].get(0)
            if !statuses.contains(0) {
                #expect(granted == 1 && statuses.contains(303), "\(statuses)")
            } else {
                #expect(granted == 0)
            }
        }
        try await tenant.invariants()
    }
}
