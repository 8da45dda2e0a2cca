import App
import FoundationEssentials
import HTML
import HTTP
import TestSupport
import Testing
import Values

@Suite struct `View as` {
    /// An operator's browser that looks at the story's account as its administrator does.
    private func looking(_ story: PortalStory) async throws -> Browser {
        let browser = try await story.person("operator")
        let administrator = try await story.tenant.get("/v1/accounts/\(story.account)").expect(200)["administrator.id"] ?? ""
        let form = "/operator/accounts/\(story.account)/view-as"
        try await browser.get("\(form)?person=\(administrator)").expect(200)
        try await browser.post(form, ["person": administrator, "reason": "Ticket 4711"]).expect(303)
        return browser
    }

    @Test func `shows the portal as the person sees it, says so on every page, and is written where the account reads it`()
        async throws
    {
        let story = try await PortalStory()
        let browser = try await looking(story)
        let page = try await browser.get(story.overview).expect(200)
        #expect(page.text.contains("strip--view") && page.text.contains("/view-as/end"))
        #expect(page.text.contains("side-account"))
        // Its end is told in the zone of the page, not in one that nobody reads.
        let strip = page.text.split(separator: "strip--view").dropFirst().first?.prefix(600) ?? ""
        #expect(strip.contains("(real time) (UTC+8 Asia/Shanghai)") && strip.contains("+08:00\"") && !strip.contains(" UTC<"))
        try await browser.get("/operator").expect(404)
        try await browser.get("/profile").expect(403)
        let audit = try await story.tenant.get("/v1/audit-events?account_id=\(story.account)").expect(200)
        #expect(
            audit.list("data").contains { $0.scalar("action") == "view_as.started" && $0.scalar("after.reason") == "Ticket 4711" }
        )
        // The account's own people see who looked, as whom and why.
        let administrator = try await story.person("account_admin")
        let visits = try await administrator.get("/accounts/\(story.account)/identity").expect(200)
        #expect(visits.text.contains("Ticket 4711"))
    }

    @Test func `lets no form through, whichever it is, and changes nothing`() async throws {
        let story = try await PortalStory()
        let browser = try await looking(story)
        try await browser.get("\(story.overview)/edit").expect(200)
        let hidden = browser.hiddenFields
        let before = try story.tenant.fingerprint()
        for route in PageRoute.allCases where route.isPost && ![.signIn, .signOut, .endViewAs].contains(route) {
            let ids = route.parameters.map { $0 == "subscription_id" ? story.subscription : story.account }
            var target = route.template
            for (name, id) in zip(route.parameters, ids) { target = target.replacing("{\(name)}", with: id) }
            let reply = try await browser.post(
                target,
                [
                    "name": "Mine now", "amount": "2000.00", "reason": "requested", "confirm_name": "Warehouse telemetry",
                    "body": "x",
                ],
                hidden: hidden)
            #expect(reply.status == 403, "\(route): \(reply.status)")
        }
        #expect(try story.tenant.fingerprint().differences(from: before).filter { $0 != "identity.sessions" } == [])
        #expect(
            try await browser.post("\(story.overview)/edit", ["name": "x"], hidden: hidden).text.contains("You are only looking"))
    }

    @Test func `opens that one account and no other, also where the person has more`() async throws {
        let story = try await PortalStory()
        let account = try await story.tenant.get("/v1/accounts/\(story.account)").expect(200)
        let second = try await story.tenant.post(
            "/v1/accounts",
            [
                "kind": "standard", "name": "Second of hers", "currency": "CNY", "time_zone": "UTC", "locale": "en",
                "administrator": ["email": "\(account["administrator.email"] ?? "")"],
            ]
        ).expect(201).id
        let foreign = try await story.tenant.account("Foreign")
        let other = try await story.tenant.order("prepaid", for: second, paying: "1000.00", name: "Hidden").expect(201).id
        let browser = try await looking(story)
        for id in [second, foreign] {
            try await browser.get("/accounts/\(id)/subscriptions").expect(404)
            try await browser.get("/accounts/\(id)/identity").expect(404)
        }
        try await browser.get("/accounts/\(second)/subscriptions/\(other)").expect(404)
        let list = try await browser.get("/subscriptions").expect(200)
        #expect(list.text.contains("Warehouse telemetry") && !list.text.contains("Hidden"))
        #expect(!(try await browser.get("/")).text.contains("Second of hers"))
    }

    @Test func `ends by its button, and by itself`() async throws {
        let story = try await PortalStory()
        let browser = try await looking(story)
        try await browser.get(story.overview).expect(200)
        let ended = try await browser.post("/view-as/end").expect(303)
        #expect(ended.headers["location"] == "/operator/accounts/\(story.account)")
        try await browser.get("/operator").expect(200)
        let again = try await looking(story)
        try await again.get("/operator").expect(404)
        try story.tenant.force(
            "update identity.sessions set viewing_until = now() - interval '1 second' where tenant_id = $tenant and view_id is not null"
        )
        try await again.get("/operator").expect(200)
        #expect(!(try await again.get("/operator/accounts/\(story.account)").expect(200)).text.contains("strip--view"))
    }

    @Test func `needs a reason, a person of the account, and an operator`() async throws {
        let story = try await PortalStory()
        let form = "/operator/accounts/\(story.account)/view-as"
        let administrator = try await story.tenant.get("/v1/accounts/\(story.account)").expect(200)["administrator.id"] ?? ""
        let browser = try await story.person("operator")
        try await browser.get(form).expect(200)
        try await browser.post(form, ["person": administrator, "reason": " "]).expect(422)
        try await browser.get(form).expect(200)
        try await browser.post(form, ["person": "nobody", "reason": "Ticket"]).expect(422)
        // Somebody of another account, and an operator, are no people of this one.
        let foreign = try await story.tenant.account("Foreign")
        let stranger = try await story.tenant.get("/v1/accounts/\(foreign)").expect(200)["administrator.id"] ?? ""
        try await browser.get(form).expect(200)
        try await browser.post(form, ["person": stranger, "reason": "Ticket"]).expect(422)
        try await browser.get("/operator").expect(200)
        let customer = try await story.person("account_admin")
        try await customer.get(story.overview).expect(200)
        try await customer.post(form, ["person": administrator, "reason": "Ticket"]).expect(404)
    }
}
