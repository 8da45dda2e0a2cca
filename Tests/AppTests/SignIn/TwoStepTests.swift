import App
import Crypto
import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

@Suite struct `Two-step sign-in` {
    @Test func `is set up with a picture and a code, shows recovery codes until they are kept, and asks at every sign-in`()
        async throws
    {
        let (story, email, browser, telephone, codes) = try await setUp()
        #expect(codes.count == 10 && Set(codes).count == 10)
        #expect(try await browser.post("/profile/two-step/recovery-codes/kept").status == 303)
        #expect(try await browser.get("/profile/two-step/recovery-codes").status == 303)
        #expect(try await browser.get("/profile/two-step").expect(200).text.contains("10 recovery codes are left"))
        #expect(try await story.tenant.get("/v1/accounts/\(story.account)/profile")["two_step_sign_in"] == "true")
        // The password alone opens nothing.
        let other = Browser(story.tenant.bursar)
        let asked = try await other.signIn(email, returnTo: story.overview)
        #expect(asked.headers["location"]?.hasPrefix("/sign-in/code?return_to=") == true)
        #expect(other.cookies["bursar_session"] == nil)
        #expect(try await other.get(story.overview).status == 303)
        let form = try await other.get(asked.headers["location"] ?? "").expect(200)
        #expect(form.text.contains("autocomplete=\"one-time-code\""))
        let hidden = other.hiddenFields
        try await other.post("/sign-in/code", ["code": "000000"], hidden: hidden).expect(422)
        // The code of the set-up was used; the next one is right, and only once.
        try await other.post("/sign-in/code", ["code": telephone.code(0)], hidden: hidden).expect(422)
        let entered = try await other.post("/sign-in/code", ["code": telephone.code(1)], hidden: hidden)
        #expect(entered.status == 303 && entered.headers["location"] == story.overview)
        try await other.get(story.overview).expect(200)
        let third = Browser(story.tenant.bursar)
        try await third.signIn(email)
        try await third.get("/sign-in/code")
        try await third.post("/sign-in/code", ["code": telephone.code(1)]).expect(422)
    }

    @Test func `takes a recovery code once, of ten who try it at once too`() async throws {
        let (story, email, _, _, codes) = try await setUp()
        let bursar = story.tenant.bursar
        var waiting: [(cookie: String, csrf: String)] = []
        for _ in 0..<6 {
            let browser = Browser(bursar)
            try await browser.signIn(email)
            try await browser.get("/sign-in/code").expect(200)
            waiting.append(
                (browser.cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; "), browser.hiddenFields["csrf"] ?? ""))
        }
        let (steps, spent) = (waiting, codes[0].uppercased().replacing("-", with: " "))
        let statuses = try await atOnce(4) { number in
            let body = "csrf=\(steps[number].csrf)&code=\(spent.replacing(" ", with: "+"))"
            return try await bursar.request(
                "POST", "/sign-in/code",
                headers: [
                    "Host": "portal.test", "Cookie": steps[number].cookie, "Content-Type": "application/x-www-form-urlencoded",
                ],
                body: Array(body.utf8)
            ).status
        }
        #expect(statuses.count { $0 == 303 } == 1 && statuses.count { $0 == 422 } == 3, "\(statuses)")
        let text = try bursar.database.superuser().query(
            "select string_agg(c::text, ' ') from identity.recovery_codes c where tenant_id = \(story.tenant.id.uuid)")[0].get(
                0, as: String.self)
        #expect(!codes.contains { text.contains($0) })
    }

    @Test func `makes whoever guesses wait`() async throws {
        let (story, email, _, telephone, _) = try await setUp()
        let browser = Browser(story.tenant.bursar)
        try await browser.signIn(email)
        try await browser.get("/sign-in/code")
        let hidden = browser.hiddenFields
        for _ in 0..<5 { try await browser.post("/sign-in/code", ["code": "000000"], hidden: hidden).expect(422) }
        let told = try await browser.post("/sign-in/code", ["code": telephone.code(1)], hidden: hidden).expect(429)
        #expect(told.headers["retry-after"] != nil)
        #expect(browser.cookies["bursar_session"] == nil)
    }

    @Test func `stays through a password reset, and goes only when she is asked again or on the command line`() async throws {
        let (story, email, browser, telephone, _) = try await setUp()
        try story.forgetAuthentication()
        let asked = try await browser.post("/profile/two-step/off")
        #expect(asked.headers["location"]?.hasPrefix("/re-authenticate") == true)
        // A code is as good as the password there.
        try await browser.get("/re-authenticate?return_to=/profile/two-step").expect(200)
        #expect(try await browser.post("/re-authenticate", ["code": telephone.code(1)]).status == 303)
        try await browser.get("/profile/two-step").expect(200)
        #expect(try await browser.post("/profile/two-step/off").status == 303)
        #expect(try await browser.get("/profile/two-step").text.contains("Two-step sign-in is off"))
        let plain = Browser(story.tenant.bursar)
        try await plain.signIn(email)
        try await plain.get(story.overview).expect(200)
        let (context, loop) = (story.tenant.context, story.tenant.bursar.instance.loop)
        #expect(try await loop.run { try await DisableTwoStep.run(email: email, context) } == false)
        try await turnOn(browser)
        #expect(try await loop.run { try await DisableTwoStep.run(email: email, context) })
        // Each change is told to her, once, and by whose hand it was.
        let told = try await story.tenant.mails().filter { $0.kind.hasPrefix("two_step") }
        #expect(told.allSatisfy { $0.email == email })
        #expect(told.filter { $0.kind == "two_step_on" }.count == 2)
        let off = told.filter { $0.kind == "two_step_off" }.compactMap(\.text)
        #expect(off.count == 2 && off.contains { $0.contains("on your profile page") })
        #expect(off.contains { $0.contains("by your provider on the server") && $0.contains("/profile/two-step") })
        try await Browser(story.tenant.bursar).signIn(email)
    }

    @Test func `keeps its secret sealed, and to its own person`() async throws {
        let (story, _, _, telephone, _) = try await setUp()
        let stored = try story.tenant.bursar.database.superuser().query(
            "select encode(sealed_secret, 'hex') from identity.second_factors where tenant_id = \(story.tenant.id.uuid)")[0].get(
                0, as: String.self)
        #expect(!stored.contains(Hex.encode(telephone.secret)))
    }

    @Test func `begins only after the password was said`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("reader")
        try await browser.get("/profile/two-step").expect(200)
        try story.forgetAuthentication()
        #expect(try await browser.post("/profile/two-step").headers["location"]?.hasPrefix("/re-authenticate") == true)
        try await browser.get("/profile/two-step/recovery-codes")
        let rows = try story.tenant.bursar.database.superuser().query(
            "select 1 from identity.second_factors where tenant_id = \(story.tenant.id.uuid)")
        #expect(rows.isEmpty)
    }

    // MARK: Steps

    private func setUp() async throws -> (PortalStory, email: String, Browser, telephone: Telephone, codes: [String]) {
        let story = try await PortalStory()
        let email = try await story.email("account_admin")
        let (browser, other) = (Browser(story.tenant.bursar), Browser(story.tenant.bursar))
        try await other.signIn(email)
        try await browser.signIn(email)
        let (telephone, codes) = try await turnOn(browser)
        // What was open elsewhere is not any more.
        #expect(try await other.get(story.overview).status == 303)
        return (story, email, browser, telephone, codes)
    }

    @discardableResult
    private func turnOn(_ browser: Browser) async throws -> (telephone: Telephone, codes: [String]) {
        try await browser.get("/profile/two-step").expect(200)
        #expect(try await browser.post("/profile/two-step").status == 303)
        let page = try await browser.get("/profile/two-step/setup").expect(200)
        #expect(page.text.contains("class=\"qr\"") && page.text.contains("class=\"qr-dark\""))
        let field = try #require(page.text.firstRange(of: "id=\"two-step-secret\""))
        let tag = page.text[field.upperBound...]
        let start = try #require(tag.firstRange(of: "value=\""))
        let secret = Self.base32(String(tag[start.upperBound...].prefix { $0 != "\"" }))
        #expect(secret.count == 20)
        let telephone = Telephone(secret: secret)
        try await browser.post("/profile/two-step/setup", ["code": "12345"]).expect(422)
        #expect(try await browser.post("/profile/two-step/setup", ["code": telephone.code(0)]).status == 303)
        let shown = try await browser.get("/profile/two-step/recovery-codes").expect(200)
        let codes = shown.text.split(separator: "<li><code>").dropFirst().map { String($0.prefix { $0 != "<" }) }
        return (telephone, codes)
    }

    /// The code of now, or of some steps later.
    /// What a person's telephone has. Its codes are told by the step of the set-up's: by the clock, a slow run's next code would be the one after.
    private struct Telephone {
        let secret: [UInt8]
        let step = TOTP.step(atSecond: Instance.realNow().microseconds / 1_000_000)

        func code(_ ahead: Int64) -> String { TOTP.code(secret: secret, step: step + ahead) }
    }

    private static func base32(_ text: String) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var (buffer, bits, out): (UInt32, UInt32, [UInt8]) = (0, 0, [])
        for character in text {
            guard let value = alphabet.firstIndex(of: character) else { continue }
            buffer = (buffer << 5 | UInt32(value)) & 0xFFFF
            bits += 5
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        return out
    }
}

@Suite struct `A person's sessions` {
    @Test func `are listed with device and address, and end one by one or all but this`() async throws {
        let story = try await PortalStory()
        let email = try await story.email("account_admin")
        let browsers = (0..<4).map { _ in Browser(story.tenant.bursar) }
        browsers[0].headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0 Safari/537.36 Edg/126.0"
        browsers[1].headers["User-Agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1"
        for browser in browsers { try await browser.signIn(email) }
        let page = try await browsers[0].get("/profile/sessions").expect(200)
        #expect(
            page.text.contains("Edge on Windows") && page.text.contains("Safari on iPhone") && page.text.contains("127.0.0.1"))
        let ends = page.text.split(separator: "action=\"/profile/sessions/ses_").dropFirst().map {
            "ses_" + $0.prefix { $0 != "/" }
        }
        #expect(ends.count == 3)
        #expect(try await browsers[0].post("/profile/sessions/\(ends[0])/end").status == 303)
        #expect(try await browsers[3].get("/profile").status == 303)
        try await browsers[0].get("/profile/sessions")
        try await browsers[0].post("/profile/sessions/\(ends[0])/end").expect(404)
        #expect(try await browsers[0].get("/profile/sessions").text.contains("That device") == false)
        #expect(try await browsers[0].post("/profile/sessions/end-others").status == 303)
        for browser in browsers[1...] { #expect(try await browser.get("/profile").status == 303) }
        try await browsers[0].get("/profile").expect(200)
    }

    @Test func `of somebody else cannot be ended`() async throws {
        let story = try await PortalStory()
        let (mine, theirs) = (try await story.person("account_admin"), try await story.person("reader"))
        let id = try story.tenant.bursar.database.superuser().query(
            "select id from identity.sessions where tenant_id = \(story.tenant.id.uuid) order by created_at desc limit 1")[0].get(
                0, as: UUID.self)
        try await mine.get("/profile/sessions")
        try await mine.post("/profile/sessions/\(SessionID(id))/end").expect(404)
        try await theirs.get("/profile").expect(200)
    }

    @Test func `end after half an hour idle and after twelve hours in any case`() async throws {
        let time = TestTime()
        let bursar = try await TestBursar(realNow: { time.now })
        let tenant = try await bursar.tenant()
        let (context, change) = (
            tenant.context, SetPassword(email: "o@example.com", password: Browser.password, role: "operator")
        )
        try await bursar.instance.loop.run { try await change.run(context) }
        let browser = Browser(bursar)
        try await browser.signIn("o@example.com")
        time.pass(seconds: 29 * 60)
        try await browser.get("/operator").expect(200)
        time.pass(seconds: 31 * 60)
        #expect(try await browser.get("/operator").status == 303)
        try await browser.signIn("o@example.com")
        for _ in 0..<25 {
            time.pass(seconds: 29 * 60)
            _ = try await browser.get("/operator")
        }
        #expect(try await browser.get("/operator").status == 303)
        await bursar.close()
    }

    @Test func `begin under a new token at every sign-in, Secure over https`() async throws {
        let story = try await PortalStory()
        let email = try await story.email("account_admin")
        let browser = Browser(story.tenant.bursar)
        try await browser.signIn(email)
        let first = browser.cookies["bursar_session"]
        try await browser.post("/sign-out", hidden: ["csrf": "x"])
        let again = Browser(story.tenant.bursar)
        try await again.signIn(email)
        #expect(again.cookies["bursar_session"] != first && first?.utf8.count == 43)
    }
}
