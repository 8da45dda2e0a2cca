import App
import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

/// An account passes to a new administrator when both have said so.
@Suite struct `Handing an account over` {
    private func start(_ story: PortalStory, to email: String, keeping role: String, _ admin: Browser) async throws -> Reply {
        try await admin.get("/accounts/\(story.account)/handover").expect(200)
        return try await admin.post(
            "/accounts/\(story.account)/handover", ["email": email, "keep_role": role, "confirm_name": "Harbour Logistics"])
    }

    @Test func `makes the new one administrator, and the former one what was agreed`() async throws {
        let story = try await PortalStory()
        let (tenant, account) = (story.tenant, story.account)
        let admin = try await story.person("account_admin")
        let former = try await tenant.get("/v1/accounts/\(account)")["administrator.email"] ?? ""
        let email = "\(tenant.bursar.uniqueName("heir"))@example.com"
        try await admin.get("/accounts/\(account)/handover").expect(200)
        try await admin.post("/accounts/\(account)/handover", ["email": email, "confirm_name": "Something"]).expect(422)
        #expect(try await start(story, to: email, keeping: "reader", admin).status == 303)
        #expect(try tenant.letters("handover") == [former, email].sorted())
        // Nothing changes before it is accepted.
        try await admin.get("\(story.overview)/edit").expect(200)
        #expect(try await admin.get("/accounts/\(account)/handover").expect(200).text.contains("under way"))
        try await tenant.post("/v1/accounts/\(account)/handover", ["email": "second@example.com"]).expect(409, "handover_open")

        let heir = Browser(tenant.bursar)
        let path = try tenant.secretPath("handover", to: email)
        #expect(try await heir.get(path).expect(200).text.contains("Take over Harbour Logistics?"))
        #expect(try await heir.accept(path).status == 303)
        #expect(try await tenant.get("/v1/accounts/\(account)").expect(200)["administrator.email"] == email)
        try await heir.get("/accounts/\(account)/members").expect(200)
        try await heir.get("\(story.overview)/edit").expect(200)
        // The former one is a reader with her very next click.
        try await admin.get(story.overview).expect(200)
        try await admin.get("\(story.overview)/edit").expect(403)
        try await admin.get("/accounts/\(account)/members").expect(403)
        // What he served goes along.
        let after = try await tenant.subscription(story.subscription)
        #expect(after["service_administrator.email"] == email && after["account_administrator.email"] == email)
        #expect(try tenant.letters("handover_done") == [former, email].sorted())
        #expect(try await tenant.get("/v1/accounts/\(account)/handover").expect(200)["state"] == "accepted")
        let log = try await tenant.get("/v1/audit-events?object_id=\(account)&action=account.handed_over").expect(200)
        #expect(log["data.0.before.account_administrator"] == former && log["data.0.after.account_administrator"] == email)
        #expect(try await Browser(tenant.bursar).get(path).expect(404).text.contains("was used"))
        try await tenant.invariants()
    }

    @Test func `leaves the former one nothing when nothing was agreed`() async throws {
        let story = try await PortalStory()
        let admin = try await story.person("account_admin")
        let email = try await story.email("finance")
        #expect(try await start(story, to: email, keeping: "", admin).status == 303)
        let heir = Browser(story.tenant.bursar)
        let path = try story.tenant.secretPath("handover", to: email)
        #expect(try await heir.get(path).expect(200).text.contains("Sign in to accept"))
        try await heir.signIn(email, returnTo: path)
        #expect(try await heir.accept(path, password: false).status == 303)
        try await admin.get(story.overview).expect(404)
        // The role that she had is gone with the one she has.
        let members = try await story.tenant.get("/v1/members?account_id=\(story.account)").expect(200).list("data")
        #expect(members.count == 1 && members[0].scalar("role") == "account_admin" && members[0].scalar("user.email") == email)
        try await story.tenant.invariants()
    }

    @Test func `can be called off, ends by itself, and is overtaken by another`() async throws {
        let story = try await PortalStory()
        let (tenant, account) = (story.tenant, story.account)
        let email = "\(tenant.bursar.uniqueName("never"))@example.com"
        let (former, key) = (
            try await tenant.get("/v1/accounts/\(account)")["administrator.email"] ?? "", try await tenant.accountKey(account)
        )
        try await tenant.request("DELETE", "/v1/accounts/\(account)/handover", once: .none).expect(409, "handover_not_open")
        try await tenant.post("/v1/accounts/\(account)/handover", ["email": "\(former)"]).expect(422, "handover_to_oneself")
        let body: Input = ["email": "\(email)", "keep_role": "finance"]
        try await tenant.post("/v1/accounts/\(account)/handover", body, as: key).expect(201)
        let path = try tenant.secretPath("handover", to: email)
        try await tenant.request("DELETE", "/v1/accounts/\(account)/handover", as: key, once: .none).expect(200)
        let late = try await Browser(tenant.bursar).get(path).expect(404)
        #expect(late.text.contains("withdrawn") || late.text.contains("expired"))
        #expect(try tenant.letters("handover_cancelled") == [former, email].sorted())
        for role in ["finance", "reader"] {
            let other = try await tenant.accountKey(account, role: role)
            try await tenant.post("/v1/accounts/\(account)/handover", body, as: other).expect(403, "role_forbids")
        }
        // Seven days later it is over; a new one may begin.
        try await tenant.post("/v1/accounts/\(account)/handover", body).expect(201)
        let second = try tenant.secretPath("handover", to: email)
        try tenant.force(
            """
            update handovers set created_at = created_at - interval '8 days', expires_at = expires_at - interval '8 days' where tenant_id = $tenant
            """)
        #expect(try await tenant.get("/v1/accounts/\(account)/handover").expect(200)["state"] == "expired")
        #expect(try await Browser(tenant.bursar).get(second).expect(404).text.contains("has expired"))
        try await tenant.post("/v1/accounts/\(account)/handover", body).expect(201)
        try await tenant.invariants()
    }

    @Test func `begun by two at once begins once, accepted by two at once happens once`() async throws {
        let story = try await PortalStory()
        let (tenant, account) = (story.tenant, story.account)
        let begun = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<4 {
                group.addTask {
                    try await tenant.post("/v1/accounts/\(account)/handover", ["email": "heir-\(index)@example.com"]).status
                }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(begun.sorted() == [201, 409, 409, 409])
        let email = try await tenant.get("/v1/accounts/\(account)/handover").expect(200)["to.email"] ?? ""
        let path = try tenant.secretPath("handover", to: email)
        let accepted = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<3 { group.addTask { try await Browser(tenant.bursar).accept(path).status } }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(accepted.filter { $0 == 303 }.count == 1, "\(accepted)")
        #expect(try await tenant.get("/v1/accounts/\(account)").expect(200)["administrator.email"] == email)
        try await tenant.invariants()
    }

    @Test func `asks for the password once more after five minutes`() async throws {
        let story = try await PortalStory()
        let admin = try await story.person("account_admin")
        try story.tenant.force(
            "update identity.sessions set authenticated_at = authenticated_at - interval '6 minutes' where tenant_id = $tenant")
        for page in ["handover", "members/invite"] {
            let sent = try await admin.get("/accounts/\(story.account)/\(page)")
            #expect(sent.status == 303 && sent.headers["location"]?.hasPrefix("/re-authenticate") == true, "\(page)")
        }
        let changing = try await admin.get("\(story.overview)/edit/review?name=x&service_administrator_email=new%40example.com")
        #expect(changing.headers["location"]?.hasPrefix("/re-authenticate") == true)
        let renaming = try await story.tenant.subscription(story.subscription)["service_administrator.email"] ?? ""
        try await admin.get(
            "\(story.overview)/edit/review?name=x&service_administrator_email=\(renaming.replacing("@", with: "%40"))"
        )
        .expect(200)
    }
}
