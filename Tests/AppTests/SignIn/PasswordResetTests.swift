import App
import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

@Suite struct `A forgotten password` {
    @Test func `is replaced behind a mailed link, once, and every session ends`() async throws {
        let story = try await PortalStory()
        let email = try await story.email("account_admin")
        let signedIn = Browser(story.tenant.bursar)
        try await signedIn.signIn(email)
        let browser = Browser(story.tenant.bursar)
        try await ask(email, browser)
        let path = try #require(try story.letters("password_reset").last?.secret)
        let form = try await browser.get(path).expect(200)
        #expect(form.text.contains("autocomplete=\"new-password\"") && form.text.contains(email))
        let hidden = browser.hiddenFields
        func set(_ password: String, _ again: String? = nil) async throws -> Reply {
            try await browser.post(path, ["password": password, "password_again": again ?? password], hidden: hidden)
        }
        #expect(try await set("short").expect(422).text.contains("at least 12 characters"))
        #expect(try await set("password12345").expect(422).text.contains("tried first"))
        #expect(try await set("another long secret", "another long secrets").expect(422).text.contains("differ"))
        let done = try await set("another long secret")
        #expect(done.status == 303 && done.headers["location"] == "/sign-in")
        #expect(try await browser.get("/sign-in").text.contains("Your new password is set"))
        #expect(try await signedIn.get(story.overview).status == 303)
        #expect(try await set("yet another secret").expect(410).text.contains("used already"))
        // The old one is nothing any more, the new one is.
        let old = Browser(story.tenant.bursar)
        try await old.get("/sign-in")
        try await old.post("/sign-in", ["email": email, "password": Browser.password]).expect(422)
        #expect(try await old.post("/sign-in", ["email": email, "password": "another long secret"]).status == 303)
        #expect(try story.letters("password_changed").map(\.email) == [email])
    }

    @Test func `is answered the same for an address that nobody has`() async throws {
        let story = try await PortalStory()
        let known = try await story.email("account_admin")
        var replies: [Reply] = []
        for email in [known, "nobody-\(UUID().uuidString)@example.com"] {
            let browser = Browser(story.tenant.bursar)
            replies.append(try await ask(email, browser))
            replies.append(try await browser.get("/forgot-password/sent").expect(200))
        }
        #expect(replies[0].status == replies[2].status && replies[0].headers["location"] == replies[2].headers["location"])
        #expect(try story.letters("password_reset").map(\.email) == [known])
        let browser = Browser(story.tenant.bursar)
        try await browser.get("/forgot-password")
        try await browser.post("/forgot-password", ["email": "not an address"]).expect(422)
        try await browser.post("/forgot-password", ["email": known, "csrf": "other"]).expect(403)
    }

    @Test func `floods nobody: three letters an hour to one address`() async throws {
        let story = try await PortalStory()
        let email = try await story.email("account_admin")
        for _ in 0..<6 { try await ask(email.uppercased(), Browser(story.tenant.bursar)) }
        #expect(try story.letters("password_reset").count == 3)
    }

    @Test func `and one network address asks thirty times an hour`() async throws {
        let bursar = try await TestBursar()
        let browser = Browser(bursar)
        for number in 0..<30 { try await ask("n\(number)@example.com", browser) }
        try await browser.get("/forgot-password")
        let told = try await browser.post("/forgot-password", ["email": "one@example.com"]).expect(429)
        #expect(told.headers["retry-after"] != nil)
        await bursar.close()
    }

    @Test func `is won by one of ten who set it at once`() async throws {
        let story = try await PortalStory()
        let email = try await story.email("account_admin")
        let browser = Browser(story.tenant.bursar)
        try await ask(email, browser)
        let path = try #require(try story.letters("password_reset").last?.secret)
        try await browser.get(path).expect(200)
        let (bursar, cookie, csrf) = (
            story.tenant.bursar, browser.cookies["bursar_form"] ?? "", browser.hiddenFields["csrf"] ?? ""
        )
        let statuses = try await atOnce(10) { number in
            let body = "csrf=\(csrf)&password=long+enough+secret+\(number)&password_again=long+enough+secret+\(number)"
            return try await bursar.request(
                "POST", path,
                headers: [
                    "Host": "portal.test", "Cookie": "bursar_form=\(cookie)", "Content-Type": "application/x-www-form-urlencoded",
                ], body: Array(body.utf8)
            ).status
        }
        #expect(statuses.count { $0 == 303 } == 1, "\(statuses)")
    }

    @Test func `is changed in the profile by who knows it, and her other devices are signed out`() async throws {
        let story = try await PortalStory()
        let email = try await story.email("account_admin")
        let (browser, other) = (Browser(story.tenant.bursar), Browser(story.tenant.bursar))
        try await browser.signIn(email)
        try await other.signIn(email)
        try await browser.get("/profile/password").expect(200)
        let fields = ["password": "another long secret", "password_again": "another long secret"]
        try await browser.post("/profile/password", fields).expect(422)
        try await browser.post("/profile/password", fields.merging(["current_password": "wrong"]) { $1 }).expect(422)
        let token = browser.cookies["bursar_session"]
        let right = fields.merging(["current_password": Browser.password]) { $1 }
        #expect(try await browser.post("/profile/password", right).status == 303)
        #expect(browser.cookies["bursar_session"] != token)
        #expect(try await browser.get("/profile").expect(200).text.contains("Password changed"))
        #expect(try await other.get("/profile").status == 303)
        #expect(try story.letters("password_changed").count == 1)
    }

    @discardableResult
    private func ask(_ email: String, _ browser: Browser) async throws -> Reply {
        try await browser.get("/forgot-password").expect(200)
        let reply = try await browser.post("/forgot-password", ["email": email])
        #expect(reply.status == 303)
        return reply
    }
}

extension PortalStory {
    struct SentLetter: Sendable {
        let email: String
        let secret: String?
    }

    /// The letters of a kind that were asked for, oldest first.
    func letters(_ kind: String) throws -> [SentLetter] {
        try tenant.bursar.database.superuser().query(
            "select email, secret_path from mails where tenant_id = \(tenant.id.uuid) and kind = \(kind) order by id"
        ).map { SentLetter(email: try $0.get(0), secret: try $0.get(1)) }
    }
}
