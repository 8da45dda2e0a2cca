import App
import Loop
import TestSupport
import Testing
import Values

/// Who did it, by name: to the provider everybody, to everybody else the provider as one.
@Suite struct `Who did something` {
    @Test func `is named where the reader may know it, in history, timeline and log`() async throws {
        let story = try await PortalStory()
        let (tenant, id) = (story.tenant, story.subscription)
        let provider = tenant.context.tenant.name
        let staff = try await story.email("operator")
        let desk = Browser(tenant.bursar)
        try await desk.signIn(staff)
        try await desk.get("\(story.overview)/suspend").expect(200)
        try await desk.post("\(story.overview)/suspend", ["reason": "operator", "confirm_name": "Warehouse telemetry"]).expect(
            303)
        // As somebody of the account, and by the provider's key.
        try await tenant.post("/v1/subscriptions/\(id)/suspend", ["reason": "requested"]).expect(200)
        let (context, makeKey) = (
            tenant.context, CreateKey(role: "account_admin", account: AccountID(story.account), name: "Robot")
        )
        let own = try await tenant.bursar.instance.loop.run { try await makeKey.run(context) }
        try await tenant.post("/v1/subscriptions/\(id)/reactivate", ["reason": "requested"], as: own).expect(200)
        let keyName = try await tenant.get("/v1/api-keys?limit=100").expect(200).list("data")
            .first { $0.scalar("role") == "operator" }?.scalar("name")

        let paths = [
            "/v1/subscriptions/\(id)/events?limit=100", "/v1/accounts/\(story.account)/timeline?limit=100",
            "/v1/audit-events?account_id=\(story.account)&limit=100",
        ]
        for path in paths {
            let known = try await tenant.get(path).expect(200).list("data")
            let theirs = known.filter { $0.scalar("actor.kind") == "operator" }.compactMap { $0.scalar("actor.name") }
            #expect(theirs.contains(staff) && theirs.contains(keyName ?? "?"), "\(path): \(theirs)")
            let told = try await tenant.get(path, as: own).expect(200)
            #expect(!told.text.contains(staff), "\(path)")
            let seen = told.list("data").filter { $0.scalar("actor.kind") == "operator" }
            #expect(!seen.isEmpty && seen.allSatisfy { $0.scalar("actor.name") == provider }, "\(path)")
            // The account's own key has its name for both.
            for entries in [known, told.list("data")] {
                let keys = entries.filter { $0.scalar("actor.kind") == "key" }
                #expect(!keys.isEmpty && keys.allSatisfy { ($0.scalar("actor.name") ?? "").isEmpty == false }, "\(path)")
            }
        }

        let customer = try await story.person("account_admin")
        for (language, word) in [("en", "The provider"), ("zh-Hans", "服务商")] {
            for path in ["\(story.overview)/history", "/accounts/\(story.account)/audit"] {
                for suffix in ["?lang=\(language)", "?lang=\(language)&format=csv"] {
                    let theirKey = suffix.hasSuffix("csv") ? ",\(keyName ?? "?")," : ">\(keyName ?? "?")<"
                    let mine = try await customer.get(path + suffix).expect(200).text
                    #expect(
                        mine.contains(word) && !mine.contains(staff) && !mine.contains(theirKey) && mine.contains("Robot"),
                        "\(path)\(suffix)")
                    let theirs = try await desk.get(path + suffix).expect(200).text
                    #expect(
                        theirs.contains(word) && theirs.contains(staff) && theirs.contains(theirKey), "\(path)\(suffix)")
                }
            }
            let timeline = try await desk.get("/operator/accounts/\(story.account)/timeline?lang=\(language)").expect(200).text
            #expect(timeline.contains(word) && timeline.contains(staff) && timeline.contains(keyName ?? "?"))
        }
        // Whose address it is is not told by what it finds, nor where she sat.
        #expect(try await tenant.get("/v1/audit-events?actor=\(staff)").expect(200).list("data").isEmpty == false)
        #expect(try await tenant.get("/v1/audit-events?actor=\(staff)", as: own).expect(200).list("data").isEmpty)
        let seen = try await tenant.get("/v1/audit-events?actor_kind=operator&limit=100", as: own).expect(200).list("data")
        #expect(!seen.isEmpty && seen.allSatisfy { $0.scalar("ip") == nil })
        let lines = try await customer.get("/accounts/\(story.account)/audit.jsonl").expect(200).text
        #expect(lines.contains("\"name\":\"\(provider)\"") && !lines.contains(staff))
        #expect(try await desk.get("/operator/audit.jsonl").expect(200).text.contains("\"name\":\"\(staff)\""))
    }
}
