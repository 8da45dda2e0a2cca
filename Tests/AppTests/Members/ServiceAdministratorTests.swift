import App
import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

/// A8 and A9: who runs a subscription's services, and through which partner it is bought.
@Suite struct `The service administrator` {
    @Test func `who is replaced loses access with the next click; the new one is invited, and all are told`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let owner = try await tenant.get("/v1/accounts/\(story.account)")["administrator.email"] ?? ""
        let former = try await story.email(nil)
        let servant = Browser(tenant.bursar)
        try await servant.signIn(former)
        try await servant.get(story.overview).expect(200)
        let admin = try await story.person("account_admin")
        let email = "\(tenant.bursar.uniqueName("runner"))@example.com"
        let words = "name=Warehouse%20telemetry&service_administrator_email=\(email.replacing("@", with: "%40"))"
        let review = try await admin.get("\(story.overview)/edit/review?\(words)").expect(200)
        #expect(review.text.contains("\(former) loses access") && review.text.contains("\(email) has no sign-in yet"))
        try await servant.get(story.overview).expect(200)
        let saved = try await admin.post(
            "\(story.overview)/edit", ["name": "Warehouse telemetry", "service_administrator_email": email])
        #expect(saved.status == 303)
        try await servant.get(story.overview).expect(404)
        try await servant.get("\(story.overview)/history").expect(404)
        let told = try tenant.bursar.database.superuser().query(
            """
            select email from mails where tenant_id = \(tenant.id) and kind = 'service_administrator_changed' \
            and facts->'new'->>'text' = \(email)
            """)
        let addresses = try told.map { try $0.get(0, as: String.self) }.sorted()
        #expect(addresses == [owner, former, email].sorted(), "\(addresses) \([owner, former, email])")
        // The new one chooses a password by her link and lands on the subscription; the form says until when that is open.
        #expect(try await admin.get("\(story.overview)/edit").expect(200).text.contains("\(email) has not signed in yet"))
        let newcomer = Browser(tenant.bursar)
        let entered = try await newcomer.accept(try tenant.secretPath("invitation", to: email))
        #expect(entered.status == 303 && entered.headers["location"] == story.overview)
        try await newcomer.get(story.overview).expect(200)
        try await newcomer.get("/accounts/\(story.account)/subscriptions").expect(404)
        #expect(try await admin.get("\(story.overview)/edit").expect(200).text.contains("has not signed in yet") == false)
        try await tenant.invariants()
    }

    @Test func `replaced before she accepted finds her link closed`() async throws {
        let story = try await PortalStory()
        func name(_ email: String) async throws {
            try await story.tenant.request(
                "PATCH", "/v1/subscriptions/\(story.subscription)", ["service_administrator_email": "\(email)"], once: .none
            ).expect(200)
        }
        let (first, second) = (
            "\(story.tenant.bursar.uniqueName("first"))@example.com", "\(story.tenant.bursar.uniqueName("second"))@example.com"
        )
        try await name(first)
        let path = try story.tenant.secretPath("invitation", to: first)
        try await name(second)
        let browser = Browser(story.tenant.bursar)
        #expect(try await browser.get(path).expect(404).text.contains("withdrawn"))
        try await browser.post(path, ["first_name": "A", "password": "correct horse battery 7"]).expect(403)
        try await browser.accept(try story.tenant.secretPath("invitation", to: second))
        try await browser.get(story.overview).expect(200)
    }

    @Test func `is asked for by a valid address, and by those who may`() async throws {
        let story = try await PortalStory()
        let admin = try await story.person("account_admin")
        for (words, told) in [
            ("name=&service_administrator_email=a%40b.example", "Enter a name"),
            ("name=x&service_administrator_email=nobody", "Enter an e-mail address"),
        ] {
            #expect(try await admin.get("\(story.overview)/edit/review?\(words)").expect(422).text.contains(told))
        }
        let finance = try await story.person("finance")
        try await finance.get("\(story.overview)/edit/review?name=x&service_administrator_email=a%40b.example").expect(403)
    }
}

@Suite struct `A partner's ID` {
    @Test func `is known in letters of either case, unless that names two`() async throws {
        let story = try await PortalStory()
        let code = story.tenant.bursar.uniqueName("Pt")
        try await story.tenant.post("/v1/partners", ["code": "\(code)", "company_name": "Blue Sky"]).expect(201)
        let (small, large) = (code.lowercased(), code.uppercased())
        let found = try await story.tenant.get("/v1/partners/check?code=\(small)").expect(200)
        #expect(found["code"] == code && found["company_name"] == "Blue Sky")
        try await story.tenant.request(
            "PUT", "/v1/subscriptions/\(story.subscription)/partner", ["code": "\(large)"], once: .none
        ).expect(200)
        #expect(try await story.tenant.subscription(story.subscription)["partner.code"] == code)
        try await story.tenant.post("/v1/partners", ["code": "\(large)", "company_name": "Red Sky"]).expect(201)
        #expect(try await story.tenant.get("/v1/partners/check?code=\(large)").expect(200)["company_name"] == "Red Sky")
        try await story.tenant.get("/v1/partners/check?code=\(small)").expect(404)
    }

    @Test func `can be checked ten times a minute, on the page and in the API`() async throws {
        let story = try await PortalStory()
        let code = story.tenant.bursar.uniqueName("P")
        try await story.tenant.post("/v1/partners", ["code": "\(code)", "company_name": "Blue Sky"]).expect(201)
        let key = try await story.tenant.accountKey(story.account)
        for index in 0..<10 {
            try await story.tenant.get("/v1/partners/check?code=\(index.isMultiple(of: 2) ? code : "GUESS-\(index)")", as: key)
                .expect(index.isMultiple(of: 2) ? 200 : 404)
        }
        let refused = try await story.tenant.get("/v1/partners/check?code=\(code)", as: key).expect(429, "too_many_requests")
        let wait = Int(refused.headers["retry-after"] ?? "") ?? 0
        #expect((1...61).contains(wait))
        // Setting one is no way round, and another principal is not held up.
        try await story.tenant.request(
            "PUT", "/v1/subscriptions/\(story.subscription)/partner", ["code": "\(code)"], as: key, once: .none
        )
        .expect(429)
        try await story.tenant.get("/v1/partners/check?code=\(code)").expect(200)
        try story.tenant.force(
            """
            update work.rations set used_at = (select array_agg(t - interval '61 seconds') from unnest(used_at) t) where tenant_id = $tenant
            """)
        try await story.tenant.get("/v1/partners/check?code=\(code)", as: key).expect(200)
        let admin = try await story.person("account_admin")
        for _ in 0..<10 { try await admin.get("\(story.overview)/partner?code=GUESS").expect(422) }
        let page = try await admin.get("\(story.overview)/partner?code=GUESS").expect(429)
        #expect(
            page.text.contains("Too many checks") && page.text.contains("value=\"GUESS\"") && page.headers["retry-after"] != nil)
    }

    @Test func `guessed by setting is counted too`() async throws {
        let story = try await PortalStory()
        let key = try await story.tenant.accountKey(story.account)
        let path = "/v1/subscriptions/\(story.subscription)/partner"
        for index in 0..<10 {
            try await story.tenant.request("PUT", path, ["code": "GUESS-\(index)"], as: key, once: .none).expect(
                422, "unknown_partner")
        }
        try await story.tenant.request("PUT", path, ["code": "GUESS"], as: key, once: .none).expect(429)
    }

    @Test func `leaves who changed it, when, from what to what`() async throws {
        let story = try await PortalStory()
        let codes = [story.tenant.bursar.uniqueName("P"), story.tenant.bursar.uniqueName("P")]
        for (code, company) in zip(codes, ["Blue Sky", "Red River"]) {
            try await story.tenant.post("/v1/partners", ["code": "\(code)", "company_name": "\(company)"]).expect(201)
        }
        let admin = try await story.person("account_admin")
        #expect(try await admin.get("\(story.overview)/partner").expect(200).text.contains("No partner was ever set"))
        for code in codes {
            #expect(
                try await admin.get("\(story.overview)/partner?code=\(code)").expect(200).text.contains("Is this your partner?"))
            #expect(try await admin.post("\(story.overview)/partner", ["code": code]).status == 303)
        }
        try await admin.get("\(story.overview)/partner").expect(200)
        #expect(try await admin.post("\(story.overview)/partner/remove").status == 303)
        let page = try await admin.get("\(story.overview)/partner").expect(200)
        let owner = try await story.tenant.get("/v1/accounts/\(story.account)")["administrator.email"] ?? ""
        #expect(page.text.contains("Blue Sky") && page.text.contains("Red River") && page.text.contains(owner))
    }
}
