import App
import FoundationEssentials
import TestSupport
import Testing
import Values

/// What a control plane is told, one by one and many at once.
@Suite struct `Entitlement` {
    @Test func `is told for many at once in the order asked, and what is not theirs is as what is not there`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let other = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let own = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let suspended = try await tenant.prepaid()
        try await tenant.suspend(suspended, "operator").expect(200)
        let pending = try await tenant.order("prepaid", for: tenant.account()).expect(201).id
        let foreign = try await other.prepaid()
        let nobody = "\(SubscriptionID(tenant.id.uuid))"
        let asked = [suspended, foreign, own, nobody, "sub_nonsense", own, pending]
        let body: Input = ["subscription_ids": .list(asked.map { .text($0) })]

        let all = try await tenant.post("/v1/entitlements", body).expect(200)
        #expect(all.list("results").map { $0.scalar("subscription_id") } == asked)
        #expect(
            all.list("results").map { $0.scalar("code") ?? $0.scalar("state") } == [
                "suspended", "not_found", "active", "not_found", "not_found", "active", "pending",
            ])
        #expect(
            all.list("results").map { $0.scalar("entitled") } == ["false", "false", "true", "false", "false", "true", "false"])
        #expect(all["results.0.suspension_reasons.0"] == "operator")

        // An account's key sees its own; another's of the same tenant is not there for it.
        let key = try await tenant.accountKey(account, role: "reader")
        let mine = try await tenant.post("/v1/entitlements", body, as: key).expect(200)
        #expect(
            mine.list("results").map { $0.scalar("code") ?? $0.scalar("state") } == [
                "not_found", "not_found", "active", "not_found", "not_found", "active", "not_found",
            ])
        #expect(!mine.text.contains("suspended"))
    }

    @Test func `follows every transaction at once, whichever way it is asked`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.prepaid()
        func told() async throws -> [String?] {
            [
                try await tenant.get("/v1/subscriptions/\(id)/entitlement").expect(200)["entitled"],
                try await tenant.post("/v1/entitlements", ["subscription_ids": ["\(id)"]]).expect(200)["results.0.entitled"],
            ]
        }
        #expect(try await told() == ["true", "true"])
        for _ in 0..<3 {
            try await tenant.suspend(id, "requested").expect(200)
            #expect(try await told() == ["false", "false"])
            try await tenant.reactivate(id, "requested").expect(200)
            #expect(try await told() == ["true", "true"])
        }
    }

    @Test func `takes a thousand and no more, none, and nothing that is no list of texts`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.prepaid()
        func ask(_ input: Input) async throws -> Reply { try await tenant.post("/v1/entitlements", input) }
        let thousand = try await ask(["subscription_ids": .list(Array(repeating: .text(id), count: 1_000))]).expect(200)
        #expect(thousand.list("results").count == 1_000)
        #expect(thousand.list("results").allSatisfy { $0.scalar("entitled") == "true" })
        try await ask(["subscription_ids": .list(Array(repeating: .text(id), count: 1_001))]).expect(422, "too_many_items")
        #expect(try await ask(["subscription_ids": []]).expect(200).list("results").isEmpty)
        try await ask(["subscription_ids": "\(id)"]).expect(422)
        try await ask(["subscription_ids": [1]]).expect(422)
        try await ask(["subscription_ids": [""]]).expect(422)
        try await ask([:]).expect(422)
        try await ask(["subscription_ids": [], "more": 1]).expect(400)
    }

    @Test func `may be asked by a key that only reads`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.prepaid()
        let reading = try await tenant.post(
            "/v1/api-keys", ["role": "operator", "name": "Gate", "scopes": ["subscriptions:read"]]
        ).expect(201)
        let other = try await tenant.post("/v1/api-keys", ["role": "operator", "name": "Meter", "scopes": ["usage:write"]])
            .expect(201)
        try await tenant.post("/v1/entitlements", ["subscription_ids": ["\(id)"]], as: reading["key"]).expect(200)
        try await tenant.post("/v1/entitlements", ["subscription_ids": ["\(id)"]], as: other["key"]).expect(403, "scope_missing")
    }
}
