import Billing
import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

@testable import App

/// Operators act as people and through keys: their ID says which, as every other does.
@Suite struct `An operator among the actors` {
    @Test func `has the ID of the person or of the key, wherever it is told, and is found by it`() async throws {
        let story = try await PortalStory()
        let (tenant, subscription) = (story.tenant, story.subscription)
        let email = try await story.email("operator")
        let person: UserID = try tenant.bursar.database.superuser().query(
            "select id from users where tenant_id = \(tenant.id) and email = \(email)")[0].get(0)
        var grants = Grants()
        grants.isOperator = true
        let context = TenantContext(
            tenant: tenant.context.tenant, principal: .user(id: person, email: email, name: "Olga", grants: grants),
            dependencies: tenant.context.dependencies)
        let suspend = SuspendSubscription(id: try #require(SubscriptionID(subscription)), reason: .operator)
        _ = try await tenant.bursar.instance.loop.run { try await suspend.run(context, CommandOptions()) }
        try await tenant.reactivate(subscription, "operator").expect(200)
        let key = try #require(try await tenant.get("/v1/me").expect(200)["key.id"])
        #expect(key.hasPrefix("key_") && person.description.hasPrefix("usr_"))

        func actor(_ list: String, _ type: String, _ name: String) async throws -> String? {
            let found = try await tenant.get(list).expect(200).list("data").first { $0.scalar(name) == type }
            #expect(found?.scalar("actor.kind") == "operator", "\(list) \(type)")
            return found?.scalar("actor.id")
        }
        for (list, name) in [
            ("/v1/subscriptions/\(subscription)/events", "type"), ("/v1/audit-events?account_id=\(story.account)", "action"),
        ] {
            #expect(try await actor(list, "subscription.suspended", name) == person.description, "\(list)")
            #expect(try await actor(list, "subscription.reactivated", name) == key, "\(list)")
        }
        let timeline = try await tenant.get("/v1/accounts/\(story.account)/timeline").expect(200).text
        #expect(timeline.contains(person.description) && timeline.contains(key))
        #expect(!timeline.contains(person.uuid.uuidString.lowercased()))
        // The machine's file says the same; so does the filter, which goes on to take the bare UUID of former answers.
        let audit = "/v1/audit-events?account_id=\(story.account)"
        let file = try await tenant.get("\(audit)&format=csv&cols=actor,action").expect(200).text
        #expect(file.contains("operator,\(person),") && file.contains("operator,\(key),"))
        for id in [person.description, person.uuid.uuidString, person.uuid.uuidString.lowercased()] {
            let found = try await tenant.get("\(audit)&actor=\(id)").expect(200).list("data")
            #expect(found.map { $0.scalar("actor.id") } == Array(repeating: person.description, count: found.count))
            #expect(found.contains { $0.scalar("action") == "subscription.suspended" }, "\(id)")
        }
        let byKey = try await tenant.get("\(audit)&actor=\(key)").expect(200).list("data")
        #expect(byKey.contains { $0.scalar("action") == "subscription.reactivated" })
        #expect(!byKey.contains { $0.scalar("action") == "subscription.suspended" })
        // A key that is revoked since is told as a key all the same.
        let revoked = try await tenant.post("/v1/api-keys", ["role": "operator", "name": "Gone"]).expect(201)
        let (goneID, gone) = (try revoked.id, try #require(revoked["key"]))
        try await tenant.post("/v1/subscriptions/\(subscription)/suspend", ["reason": "operator"], as: gone).expect(200)
        try await tenant.request("DELETE", "/v1/api-keys/\(goneID)", once: .none).expect(200)
        #expect(try await tenant.get("\(audit)&actor=\(goneID)").expect(200)["data.0.actor.id"] == goneID)
    }
}
