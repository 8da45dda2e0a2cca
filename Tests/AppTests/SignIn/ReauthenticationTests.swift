import App
import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

@Suite struct `Confirming that it is you` {
    @Test func `asks for the password, counts wrong ones, and returns under another session token`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        try story.forgetAuthentication()
        let form = try await browser.get("/re-authenticate?return_to=\(story.overview)").expect(200)
        #expect(form.text.contains("autocomplete=\"current-password\"") && form.text.contains("autocomplete=\"username\""))
        let wrong = try await browser.post("/re-authenticate", ["password": "wrong"]).expect(422)
        #expect(wrong.text.contains("This is not your password"))
        let before = browser.cookies["bursar_session"]
        let right = try await browser.post("/re-authenticate", ["password": Browser.password])
        #expect(right.status == 303 && right.headers["location"] == story.overview)
        let after = browser.cookies["bursar_session"]
        #expect(after != before)
        try await browser.get(story.overview).expect(200)
        // The token of before is worth nothing any more.
        let old = Browser(story.tenant.bursar)
        old.headers["Cookie"] = "bursar_session=\(before ?? "")"
        #expect(try await old.get(story.overview).status == 303)
        // Done once, it is not asked again.
        #expect(try await browser.get("/re-authenticate?return_to=\(story.overview)").status == 303)
    }

    @Test func `makes whoever guesses wait, and says how long`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        try story.forgetAuthentication()
        try await browser.get("/re-authenticate").expect(200)
        for _ in 0..<5 { try await browser.post("/re-authenticate", ["password": "wrong"]).expect(422) }
        let told = try await browser.post("/re-authenticate", ["password": Browser.password])
        #expect(told.status == 429)
        #expect(told.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0)
    }

    @Test(arguments: HostileAddress.all) func `never leads away from this site`(target: String) async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        try story.forgetAuthentication()
        try await browser.get("/re-authenticate").expect(200)
        let reply = try await browser.post("/re-authenticate", ["password": Browser.password, "return_to": target])
        #expect(reply.headers["location"] == "/")
    }
}

/// What people try in place of a page of ours.
enum HostileAddress {
    static let all = [
        "//elsewhere.example/", "https://elsewhere.example/", "http:elsewhere.example", "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "javascript:alert(1)", "data:text/html,x", "/\t/elsewhere.example", "/\n/elsewhere.example", "///elsewhere.example",
        " //elsewhere.example", "elsewhere.example", "/sign-out", "/sign-in?return_to=//elsewhere.example", "", "#", "?x",
    ]
}

extension PortalStory {
    /// As if everybody's password had been checked long ago.
    func forgetAuthentication() throws {
        try tenant.force(
            "update identity.sessions set authenticated_at = authenticated_at - interval '6 minutes' where tenant_id = $tenant")
    }
}
