import App
import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

@Suite struct `A person's profile` {
    @Test(arguments: ["account_admin", "finance", "reader", nil, "operator"])
    func `is open to everybody who signs in, with language, zone and look`(role: String?) async throws {
        let story = try await PortalStory()
        let browser = try await story.person(role)
        try await browser.get("/profile").expect(200)
        try await browser.get("/profile/preferences").expect(200)
        let said = ["language": "zh-Hans", "time_zone": "America/New_York", "theme": "dark"]
        #expect(try await browser.post("/profile/preferences", said).status == 303)
        let page = try await browser.get("/profile").expect(200)
        #expect(page.text.contains("<html lang=\"zh-Hans\" class=\"theme-dark\"") && page.text.contains("America/New_York"))
        #expect(page.text.contains("已保存"))
    }

    @Test func `stands above the browser's wishes, but not above what is switched in this session`() async throws {
        let story = try await PortalStory()
        let email = try await story.email("account_admin")
        let browser = Browser(story.tenant.bursar)
        // The browser of somebody who chose Chinese before she signed in.
        try await browser.get("/sign-in?lang=zh-Hans")
        try await browser.signIn(email)
        func language() async throws -> String? { try await browser.get(story.overview).expect(200).headers["content-language"] }
        #expect(try await language() == "zh-Hans")
        try await browser.get("/profile/preferences")
        try await browser.post("/profile/preferences", ["language": "en", "time_zone": "", "theme": "light"])
        #expect(try await language() == "en")
        browser.headers["Accept-Language"] = "zh-CN"
        #expect(try await language() == "en")
        try await browser.get("\(story.overview)?lang=zh-Hans&theme=dark")
        #expect(try await language() == "zh-Hans")
        #expect(try await browser.get(story.overview).text.contains("theme-dark"))
        // Another session begins with hers again.
        try await browser.post("/sign-out")
        try await browser.signIn(email)
        #expect(try await language() == "en")
        #expect(try await browser.get(story.overview).text.contains("theme-light"))
    }

    @Test func `keeps names, company and phone, and shows both versions when somebody was faster`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        try await browser.get("/profile/details").expect(200)
        let (hidden, api) = (browser.hiddenFields, "/v1/accounts/\(story.account)/profile")
        let bad = try await browser.post(
            "/profile/details", ["first_name": "Mei", "last_name": "", "company": "", "phone": "call me"]
        )
        .expect(422)
        #expect(bad.text.contains("Use digits") && bad.text.contains("value=\"call me\""))
        let good = ["first_name": "Mei", "last_name": "Lín", "company": "Harbour", "phone": "+86 (21) 5555-0101 ext. 7"]
        #expect(try await browser.post("/profile/details", good, hidden: hidden).status == 303)
        #expect(try await browser.get("/profile").text.contains("Lín"))
        #expect(try await story.tenant.get(api).expect(200)["phone"] == "+86 (21) 5555-0101 ext. 7")
        try await browser.get("/profile/details")
        _ = try await story.tenant.request("PATCH", api, ["company": "Theirs"], once: .none).expect(200)
        let conflict = try await browser.post("/profile/details", good.merging(["company": "Mine"]) { $1 }).expect(412)
        #expect(conflict.text.contains("Theirs") && conflict.text.contains("Mine"))
        #expect(try await browser.post("/profile/details", good.merging(["company": "Mine"]) { $1 }).status == 303)
        let rows = try story.tenant.bursar.database.superuser().query(
            """
            select d.before::text, d.after::text from audit_events e join audit_details d on d.tenant_id = e.tenant_id and d.audit_event_id = e.id \
            where e.tenant_id = \(story.tenant.id.uuid) and e.action = 'user.profile_edited' order by e.id
            """)
        #expect(rows.count == 3)
        let after: String = try #require(try rows.first?.get(1))
        #expect(after.contains("Lín"))
    }

    @Test func `changes the address for letters only when the new one has confirmed it, and tells the old one`() async throws {
        let story = try await PortalStory()
        let email = try await story.email("account_admin")
        let browser = Browser(story.tenant.bursar)
        try await browser.signIn(email)
        try await browser.get("/profile/email").expect(200)
        try await browser.post("/profile/email", ["contact_email": "nonsense"]).expect(422)
        let new = "\(story.tenant.bursar.uniqueName("new"))@example.com"
        #expect(try await browser.post("/profile/email", ["contact_email": new]).status == 303)
        let api = "/v1/accounts/\(story.account)/profile"
        let waiting = try await story.tenant.get(api).expect(200)
        #expect(waiting["contact_email"] == email && waiting["contact_email_pending"] == new)
        #expect(try await browser.get("/profile").text.contains("\(new) waits for its confirmation"))
        let letter = try #require(try story.letters("email_confirmation").last)
        #expect(letter.email == new)
        // A scanner's look confirms nothing; a person presses the button, signed in or not.
        let reader = Browser(story.tenant.bursar)
        let path = try #require(letter.secret)
        try await reader.get(path).expect(200)
        #expect(try await story.tenant.get(api)["contact_email"] == email)
        try await reader.post(path, ["csrf": "other"]).expect(403)
        try await reader.get(path).expect(200)
        let hidden = reader.hiddenFields
        try await reader.post(path, hidden: hidden).expect(200)
        try await reader.post(path, hidden: hidden).expect(410)
        let changed = try await story.tenant.get(api)
        #expect(changed["contact_email"] == new && changed["contact_email_pending"] == nil && changed["email"] == email)
        #expect(try story.letters("email_changed").map(\.email) == [email])
        // She signs in with the same address as before; a forgotten password goes to the new one.
        try await Browser(story.tenant.bursar).signIn(email)
        try await reader.get("/forgot-password")
        try await reader.post("/forgot-password", ["email": email])
        #expect(try story.letters("password_reset").map(\.email) == [new])
    }

    @Test func `forgets an asked-for address when told to, or when another is asked for`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        for name in ["one", "two"] {
            try await browser.get("/profile/email")
            try await browser.post("/profile/email", ["contact_email": "\(name)@example.com"])
        }
        let paths = try story.letters("email_confirmation").compactMap(\.secret)
        let reader = Browser(story.tenant.bursar)
        try await reader.get(paths[0]).expect(410)
        try await reader.get(paths[1]).expect(200)
        try await browser.get("/profile")
        #expect(try await browser.post("/profile/email/withdraw").status == 303)
        try await reader.get(paths[1]).expect(410)
    }

    @Test func `asks who it is before the address for letters changes`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        try await browser.get("/profile/email").expect(200)
        let hidden = browser.hiddenFields
        try story.forgetAuthentication()
        for reply in [
            try await browser.get("/profile/email"),
            try await browser.post("/profile/email", ["contact_email": "a@example.com"], hidden: hidden),
        ] {
            #expect(reply.headers["location"] == "/re-authenticate?return_to=%2Fprofile%2Femail")
        }
        #expect(try story.letters("email_confirmation").isEmpty)
    }

    @Test func `of an account's contact person is in the API for whoever may`() async throws {
        let story = try await PortalStory()
        let api = "/v1/accounts/\(story.account)/profile"
        let admin = try await story.tenant.accountKey(story.account)
        let reader = try await story.tenant.accountKey(story.account, role: "reader")
        try await story.tenant.get(api, as: reader).expect(200)
        try await story.tenant.request("PATCH", api, ["company": "x"], as: reader).expect(403)
        let tag = try await story.tenant.get(api, as: admin).headers["etag"] ?? ""
        try await story.tenant.request("PATCH", api, ["time_zone": "Mars/Phobos"], as: admin).expect(422, "unknown_time_zone")
        try await story.tenant.request("PATCH", api, ["theme": "purple"], as: admin).expect(422, "not_one_of")
        let dry = try await story.tenant.request("PATCH", api + "?dry_run=true", ["company": "Dry"], as: admin).expect(200)
        #expect(dry["company"] == "Dry")
        try await story.tenant.request(
            "PATCH", api, ["company": "Wet", "locale": "zh-Hans", "theme": "dark"], as: admin, headers: ["If-Match": tag]
        ).expect(200)
        try await story.tenant.request("PATCH", api, ["company": "Late"], as: admin, headers: ["If-Match": tag]).expect(412)
        let unset = try await story.tenant.request("PATCH", api, ["locale": .null], as: admin).expect(200)
        #expect(unset["locale"] == nil && unset["theme"] == "dark" && unset["company"] == "Wet")
    }
}
