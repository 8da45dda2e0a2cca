import App
import Billing
import FoundationEssentials
import TestSupport
import Testing

/// What a key can be narrowed to, beside the table of product.md section 7 as `SectionSeven` has it.
@Suite struct `The scopes of a role` {
    @Test(arguments: [Role.operator, .accountAdministrator, .finance, .reader])
    func `are those in which it may do something`(role: Role) {
        for scope in Endpoint.scopes {
            // A batch takes every key and answers each of its items by itself: what none of them may is nothing.
            let asked = Endpoint.allCases.filter { $0.scope == scope && $0 != .actOnSubscriptions }
            let useful = asked.contains { endpoint in
                AccountKind.allCases.contains { SectionSeven(endpoint).cell(role, in: $0) == "●" }
            }
            #expect(Endpoint.scopes(of: role).contains(scope) == useful, "\(scope) for \(role.rawValue)")
        }
    }

    @Test func `are what the page of a new key offers, and no others are taken`() async throws {
        let story = try await PortalStory()
        let (admin, provider) = (try await story.person("account_admin"), try await story.person("operator"))
        let form = "/accounts/\(story.account)/api-keys/new"
        let own = try await admin.get(form).expect(200).text
        let all = try await provider.get("/operator/api-keys/new").expect(200).text
        for scope in ["subscriptions:read", "subscriptions:write", "payments:read"] { #expect(own.contains("scope:\(scope)\"")) }
        for scope in ["test-clock:write", "usage:write", "offers:write", "enrollments:write", "remittances:read", "jobs:write"]
        where Endpoint.scopes.contains(scope) {
            #expect(!own.contains("scope:\(scope)\""), "\(scope)")
            #expect(all.contains("scope:\(scope)\""), "\(scope)")
        }
        try await admin.get(form).expect(200)
        let fields = ["name": "Reader", "role": "reader", "scope:subscriptions:write": "yes"]
        let refused = try await admin.post(form, fields).expect(422)
        #expect(refused.text.contains("can do nothing with subscriptions:write"))
        try await admin.get(form).expect(200)
        let broken = try await admin.post(form, ["name": "two\nlines", "role": "reader"]).expect(422)
        #expect(broken.text.contains("Control characters are not accepted"))
    }

    @Test func `and a replaced key is told from its successor, by whose it is`() async throws {
        let story = try await PortalStory()
        let (admin, provider) = (try await story.person("account_admin"), try await story.person("operator"))
        let list = "/accounts/\(story.account)/api-keys"
        try await admin.get("\(list)/new").expect(200)
        let made = try await admin.post("\(list)/new", ["name": "Billing export", "role": "reader"]).expect(200)
        #expect(made.text.contains("http://portal.test/v1/me") && !made.text.contains("…/v1/me"))
        let id = try await story.tenant.get("/v1/api-keys?account_id=\(story.account)").expect(200)["data.0.id"] ?? ""
        #expect(try await !admin.get(list).expect(200).text.contains("Replaced by"))
        try await admin.get("\(list)/\(id)/rotate").expect(200)
        try await admin.post("\(list)/\(id)/rotate").expect(200)
        let both = try await admin.get(list).expect(200).text
        #expect(both.components(separatedBy: "Replaced by the key").count == 2 && both.contains("It goes on until"))
        #expect(try await admin.get("\(list)?lang=zh-Hans").expect(200).text.contains("继续有效至"))
        let desk = try await provider.get("/operator/api-keys").expect(200).text
        #expect(desk.contains("Harbour Logistics") && desk.contains("The provider’s own"))
    }

    @Test func `and the key's other bounds are told to whoever holds it`() async throws {
        let tenant = try await TestBursar.shared.tenant("bounded")
        let made = try await tenant.post(
            "/v1/api-keys",
            ["name": "Reader", "role": "operator", "scopes": ["subscriptions:read"], "expires_at": "2199-01-01T00:00:00Z"])
        let wide = try await tenant.get("/v1/me").expect(200)
        #expect(wide["key.id"] != nil && wide.list("key.scopes").isEmpty && wide["key.expires_at"] == nil)
        let key = made["key"] ?? ""
        let bounded = try await tenant.get("/v1/me", as: key).expect(200)
        #expect(bounded.list("key.scopes").map(\.string).contains("subscriptions:read"))
        #expect(bounded["key.name"] == "Reader" && bounded["key.expires_at"] == "2199-01-01T00:00:00Z")
    }
}
