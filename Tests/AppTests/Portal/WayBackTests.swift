import App
import HTTP
import TestSupport
import Testing

/// A refusal in place of a page leads back to what it is about.
@Suite struct `A refused action` {
    private func send(_ path: String, _ fields: [String: String], _ number: Int, _ browser: Browser) async throws -> Reply {
        try await browser.get("/help?lang=en").expect(200)
        let hidden = [
            "csrf": browser.hiddenFields["csrf"] ?? "", "idempotency_key": "a-form-of-its-own-\(number)", "etag": "\"0\"",
        ]
        return try await browser.post(path, fields, hidden: hidden)
    }

    @Test(arguments: ["account_admin", "operator"])
    func `of a subscription that is gone leads back to it`(role: String) async throws {
        let story = try await PortalStory()
        try await story.tenant.suspend(story.subscription, "requested").expect(200)
        try await story.tenant.advance(to: "2025-04-01T00:00:00Z")
        let browser = try await story.person(role)
        let back = "<a class=\"btn btn--primary\" href=\"\(story.overview)\">Back to the subscription</a>"
        var refused = 0
        for (number, action) in [
            "pay", "upgrade", "edit", "partner", "partner/remove", "cancel", "suspend", "reactivate", "confirm-services", "move",
        ].enumerated() {
            let fields = [
                "amount": "1000.00", "method": "sandbox", "name": "Other", "email": "x@example.com", "code": "1",
                "reason": "requested",
                "confirm_name": story.subscription,
            ]
            let reply = try await send("\(story.overview)/\(action)", fields, number, browser)
            guard reply.text.contains("class=\"error-page\"") else { continue }
            refused += [403, 409, 412, 422].contains(reply.status) ? 1 : 0
            #expect(reply.status == 404 || reply.text.contains(back), "\(action): \(reply.status)")
        }
        #expect(refused >= 6)
        for form in ["pay", "suspend", "edit"] {
            let reply = try await browser.get("\(story.overview)/\(form)?lang=en")
            #expect(reply.status == 409 && reply.text.contains(back), "\(form): \(reply.status)")
            #expect(try await browser.get("\(story.overview)/\(form)?lang=zh-Hans").text.contains(">返回订阅</a>"))
        }
    }

    @Test func `at the desk leads back to the subscription, the account and the list`() async throws {
        let story = try await PortalStory()
        let desk = try await story.person("operator")
        let writeOff = "/operator/subscriptions/\(story.subscription)/write-off"
        let search = "/operator/search?q=\(story.subscription)"
        let refused = try await send(writeOff, ["reason": "Because"], 1, desk)
        #expect([409, 412].contains(refused.status))
        #expect(refused.text.contains("href=\"\(search)\">Back to the subscription</a>"))
        #expect(try await desk.get(writeOff).expect(409).text.contains("href=\"\(search)\">Back to the subscription</a>"))
        #expect(try await desk.get(search).expect(303).headers["location"] == story.overview)
        // A form that was left open too long is opened anew; what it was about is one click away.
        try await desk.get("/help").expect(200)
        let late = try await desk.post("/operator/accounts/\(story.account)/suspend", ["csrf": "AAAA"]).expect(403).text
        #expect(late.contains("href=\"/operator/accounts/\(story.account)\">Back to the account</a>"))
        #expect(late.contains("href=\"/operator/accounts/\(story.account)/suspend\">Open the form again</a>"))
        // Where something new begins, the form is not the list under the same address.
        for (path, form) in [("partners", "/operator/partners/new"), ("remittances", "/operator/remittances/new")] {
            let late = try await desk.post("/operator/\(path)", ["csrf": "AAAA"]).expect(403).text
            #expect(late.contains("href=\"\(form)\">Open the form again</a>"), "\(path)")
        }
        #expect(try await !desk.post("/operator/offers", ["csrf": "AAAA"]).expect(403).text.contains("Open the form again"))
    }

    @Test func `of an agreement leads back to it, and nowhere from what is not there`() async throws {
        let portal = try await EnterprisePortal()
        try await portal.browser.get("/help").expect(200)
        let many = try await portal.browser.post("\(portal.base)/subscriptions/many", ["csrf": "AAAA"]).expect(403).text
        #expect(many.contains("href=\"\(portal.base)/subscriptions\">Back to the agreement</a>"))
        #expect(!many.contains("Open the form again"), "without its choice the form says nothing")
        let gone = try await portal.browser.get("/accounts/acc_x/subscriptions/sub_x/pay").expect(404).text
        #expect(!gone.contains("Back to the"))
    }
}
