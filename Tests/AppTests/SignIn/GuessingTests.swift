import App
import HTTP
import Loop
import TestSupport
import Testing
import Values

@Suite struct `Guessing at a password` {
    @Test func `makes the place it comes from wait, and not the owner, who comes from another`() async throws {
        let story = try await PortalStory()
        let email = try await story.email("reader")
        #expect(try await guess(email, from: "192.0.2.1", story) == [422, 422, 422, 422, 422, 429, 429])
        let owner = Browser(story.tenant.bursar)
        owner.remoteAddress = "192.0.2.2"
        #expect(try await owner.signIn(email).status == 303)
        // Her success elsewhere is no help to whoever guesses here.
        #expect(try await guess(email, from: "192.0.2.1", story, times: 1) == [429])
    }

    @Test func `from a network of IPv6 is one place, whichever of its addresses it comes from`() async throws {
        let story = try await PortalStory()
        let email = try await story.email("reader")
        var statuses: [Int] = []
        for place in 1...6 { statuses += try await guess(email, from: "2001:db8:7:1::\(place)", story, times: 1) }
        #expect(statuses == [422, 422, 422, 422, 422, 429])
        #expect(try await guess(email, from: "2001:db8:7:2::1", story, times: 1) == [422])
    }

    @Test func `says nothing of who is known: an address that nobody has waits as long`() async throws {
        let story = try await PortalStory()
        let unknown = "\(story.tenant.bursar.uniqueName("nobody"))@example.com"
        #expect(try await guess(unknown, from: "192.0.2.3", story) == [422, 422, 422, 422, 422, 429, 429])
    }

    @Test func `from many places makes everybody wait after twenty, known or not`() async throws {
        let story = try await PortalStory()
        for email in [try await story.email("reader"), "\(story.tenant.bursar.uniqueName("nobody"))@example.com"] {
            var statuses: [Int] = []
            for place in 1...21 { statuses += try await guess(email, from: "198.51.100.\(place)", story, times: 1) }
            #expect(statuses == Array(repeating: 422, count: 20) + [429], "\(email)")
        }
    }

    @Test func `a password from the command line ends what was open`() async throws {
        let story = try await PortalStory()
        let email = try await story.email("reader")
        let browser = Browser(story.tenant.bursar)
        try await browser.signIn(email)
        try await browser.get("/profile").expect(200)
        let (context, change) = (story.tenant.context, SetPassword(email: email, password: Browser.password))
        try await story.tenant.bursar.instance.loop.run { try await change.run(context) }
        #expect(try await browser.get("/profile").status == 303)
    }

    @Test func `does not reach where customers pay to: the password is asked for again`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("operator")
        try await browser.get("/operator/bank-accounts").expect(200)
        let hidden = browser.hiddenFields
        try story.forgetAuthentication()
        for reply in [
            try await browser.get("/operator/bank-accounts"),
            try await browser.post("/operator/bank-accounts", ["currency": "CNY"], hidden: hidden),
        ] {
            #expect(reply.headers["location"]?.hasPrefix("/re-authenticate") == true, "\(reply.status)")
        }
    }

    private func guess(_ email: String, from place: String, _ story: PortalStory, times: Int = 7) async throws -> [Int] {
        var statuses: [Int] = []
        for _ in 0..<times {
            let browser = Browser(story.tenant.bursar)
            browser.remoteAddress = place
            try await browser.get("/sign-in")
            statuses.append(try await browser.post("/sign-in", ["email": email, "password": "wrong"]).status)
        }
        return statuses
    }
}
