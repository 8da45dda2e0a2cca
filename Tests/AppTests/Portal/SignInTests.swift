import App
import HTTP
import Loop
import TestSupport
import Testing

@Suite struct `Signing in` {
    @Test func `leads to the page that was asked for, and signing out ends the session`() async throws {
        let story = try await PortalStory()
        let browser = Browser(story.tenant.bursar)
        let asked = try await browser.get(story.overview)
        #expect(asked.status == 303)
        #expect(asked.headers["location"]?.hasPrefix("/sign-in?return_to=") == true)
        let entered = try await browser.signIn(try await story.email("account_admin"), returnTo: story.overview)
        #expect(entered.status == 303)
        #expect(entered.headers["location"] == story.overview)
        let session = entered.headers.all("set-cookie").first { $0.hasPrefix("bursar_session=") } ?? ""
        #expect(session.contains("HttpOnly") && session.contains("SameSite=Lax") && session.contains("Path=/"))
        let page = try await browser.get(story.overview).expect(200)
        #expect(page.headers["cache-control"] == "private, no-store")
        #expect(try await browser.get("/sign-in").status == 303)
        try await browser.get(story.overview)
        let kept = browser.cookies["bursar_session"] ?? ""
        let out = try await browser.post("/sign-out")
        #expect(out.status == 303)
        #expect(out.headers["clear-site-data"] != nil)
        browser.headers["Cookie"] = "bursar_session=\(kept)"
        #expect(try await browser.get(story.overview).status == 303)
    }

    @Test func `says the same of an unknown address and a wrong password, and keeps the address`() async throws {
        let story = try await PortalStory()
        let known = try await story.email("account_admin")
        var words: [String] = []
        for email in [known, "nobody@example.com"] {
            let browser = Browser(story.tenant.bursar)
            try await browser.get("/sign-in")
            let reply = try await browser.post("/sign-in", ["email": email, "password": "wrong"]).expect(422)
            #expect(reply.text.contains("<title>Error: "))
            #expect(reply.text.contains(email))
            words.append(
                reply.text.replacing(email, with: "").replacing(browser.hiddenFields["csrf"] ?? "", with: "").split(
                    separator: "<footer")[0].description)
        }
        #expect(words[0] == words[1])
    }

    @Test(arguments: HostileAddress.all)
    func `never leads away from this site`(target: String) async throws {
        let story = try await PortalStory()
        let browser = Browser(story.tenant.bursar)
        let reply = try await browser.signIn(try await story.email("account_admin"), returnTo: target)
        #expect(reply.headers["location"] == "/")
    }

    @Test func `refuses a form that this browser was not shown`() async throws {
        let story = try await PortalStory()
        let email = try await story.email("account_admin")
        let browser = Browser(story.tenant.bursar)
        try await browser.get("/sign-in")
        try await browser.post("/sign-in", ["csrf": "other", "email": email, "password": Browser.password]).expect(403)
        try await browser.get("/sign-in")
        browser.headers["Origin"] = "https://elsewhere.example"
        try await browser.post("/sign-in", ["email": email, "password": Browser.password]).expect(403)
        browser.headers = ["Sec-Fetch-Site": "cross-site"]
        try await browser.get("/sign-in")
        try await browser.post("/sign-in", ["email": email, "password": Browser.password]).expect(403)
        #expect(browser.cookies["bursar_session"] == nil)
    }

    @Test func `asks which tenant when one address and password are right in two`() async throws {
        let (one, two) = (try await PortalStory(), try await PortalStory())
        let email = try await one.email("account_admin")
        let (context, change) = (two.tenant.context, SetPassword(email: email, password: Browser.password, role: "operator"))
        try await two.tenant.bursar.instance.loop.run { try await change.run(context) }
        let browser = Browser(one.tenant.bursar)
        let asked = try await browser.signIn(email).expect(200)
        #expect(asked.text.contains("value=\"\(one.tenant.slug)\"") && asked.text.contains("value=\"\(two.tenant.slug)\""))
        #expect(browser.cookies["bursar_session"] == nil)
        #expect(try await browser.post("/sign-in", ["tenant": two.tenant.slug]).status == 303)
        try await browser.get("/operator").expect(200)
        try await browser.get(one.overview).expect(404)
    }
}
