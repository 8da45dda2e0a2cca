import FoundationEssentials
import Loop
import Postgres
import TestSupport
import Testing
import Values

@testable import App

/// L11: an order that was never paid is `deleted` by its state, and told apart from what ran wherever lists are narrowed.
@Suite struct `Lapsed orders` {
    @Test func `are a filter of their own on pages, by the API and in files, and no deleted subscriptions`() async throws {
        let story = try await PortalStory()
        let lapsed = try await story.tenant.order("prepaid", for: story.account, name: "Never paid").expect(201).id
        let gone = try await story.tenant.order("prepaid", for: story.account, paying: "1000.00", name: "Gone").expect(201).id
        try await story.tenant.post("/v1/subscriptions/\(gone)/suspend", ["reason": "requested"]).expect(200)
        try await story.tenant.advance(to: "2025-05-01T00:00:00Z")
        let waiting = try await story.tenant.order("prepaid", for: story.account, name: "Waiting").expect(201).id
        let ids = ["lapsed": lapsed, "deleted": gone, "pending": waiting]
        let (admin, desk) = (try await story.person("account_admin"), try await story.person("operator"))
        let mine = try await story.tenant.accountKey(story.account)
        for (state, id) in ids {
            for key in [story.tenant.key, mine] {
                let found = try await story.tenant.get("/v1/subscriptions?account_id=\(story.account)&state=\(state)", as: key)
                    .expect(200).list("data")
                #expect(found.map { $0.scalar("id") } == [id], "\(state)")
                // The state itself stays what programs know.
                #expect(found.first?.scalar("state") == (state == "lapsed" ? "deleted" : state))
                #expect((found.first?.scalar("activated_at") == nil) == (state != "deleted"))
            }
            let others = ids.values.filter { $0 != id }
            for (browser, list) in [
                (admin, "/accounts/\(story.account)/subscriptions"), (admin, "/subscriptions"), (desk, "/operator/subscriptions"),
            ] {
                for query in ["state=\(state)", "state=\(state)&format=csv&header=machine", "state=\(state)&format=json"] {
                    let page = try await browser.get("\(list)?\(query)").expect(200).text
                    #expect(page.contains(id) && !others.contains { page.contains($0) }, "\(list)?\(query)")
                }
            }
        }
        // An agreement has none: its list is empty, and nothing is refused.
        let agreement = try await story.tenant.enrollment()
        let northern = try await story.tenant.enterpriseAccount(agreement)
        let running = try await story.tenant.order("enterprise", for: northern).expect(201).id
        for (query, ids) in [("state=lapsed", []), ("state=active", [running])] {
            let found = try await story.tenant.get("/v1/subscriptions?\(query)&enrollment_id=\(agreement)").expect(200)
            #expect(found.list("data").map { $0.scalar("id") } == ids, "\(query)")
        }
        let page = try await admin.get("/accounts/\(story.account)/subscriptions?state=lapsed&lang=en").expect(200).text
        #expect(page.contains("State: Lapsed") && page.contains("<option value=\"lapsed\" selected>Lapsed</option>"))
        let chinese = try await admin.get("/accounts/\(story.account)/subscriptions?state=lapsed&lang=zh-Hans").expect(200).text
        #expect(chinese.contains("已失效"))
        try await story.tenant.get("/v1/subscriptions?state=expired").expect(400, "not_one_of")
    }

    @Test func `were ordered and never purchased`() async throws {
        let story = try await PortalStory()
        let lapsed = try await story.tenant.order("prepaid", for: story.account, name: "Never paid").expect(201).id
        try await story.tenant.advance(to: "2025-01-20T00:00:00Z")
        let waiting = try await story.tenant.order("prepaid", for: story.account, name: "Waiting").expect(201).id
        let admin = try await story.person("account_admin")
        let list = "/accounts/\(story.account)/subscriptions"
        let page = try await admin.get("\(list)?lang=en").expect(200).text
        #expect(page.components(separatedBy: "<span>Ordered <time").count == 3, "the lapsed one and the one that waits")
        for id in [lapsed, waiting] {
            let one = try await admin.get("\(list)/\(id)?lang=en").expect(200).text
            #expect(one.contains("<dt>Ordered</dt>") && one.contains("ordered on") && !one.contains("Purchased"))
        }
        let ran = try await admin.get("\(story.overview)?lang=en").expect(200).text
        #expect(ran.contains("<dt>Purchased</dt>") && ran.contains("bought on"))
        let words = try await admin.get("\(list)?format=csv&bom=0&lang=en&sort=created_at&cols=name,purchased_at,created_at")
            .expect(200)
            .text.split(separator: "\r\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        #expect(words[0].suffix(2) == ["Purchased", "Ordered"])
        #expect(words.dropFirst().map { $0[2].isEmpty } == [false, true, true] && words.allSatisfy { !$0[3].isEmpty })
    }

    @Test func `and what was deleted have indexes of their own, however few they are among the others`() async throws {
        let bursar = try await TestBursar()
        let world = try await World.make(bursar)
        let superuser = try bursar.database.superuser()
        let (wide, own, other) = (nil as String?, world.account, world.trialAccount)
        try fill(superuser, with: world.lapsed, "activated_at", "null")
        try await expectIndexes(
            [
                ("deleted", wide, ["ended"]), ("deleted", own, ["ended", "account_ended"]), ("lapsed", wide, ["lapsed"]),
                ("lapsed", other, ["account_lapsed"]),
            ], world)
        try superuser.run(
            "set session_replication_role = replica; delete from subscriptions where external_number like 'filled-%'")
        try fill(superuser, with: world.lapsed, "activated_at", "purchased_at")
        try await expectIndexes(
            [
                ("lapsed", wide, ["lapsed"]), ("lapsed", own, ["lapsed", "account_lapsed"]), ("deleted", wide, ["ended"]),
                ("deleted", other, ["account_ended"]),
            ], world)
        await bursar.close()
    }

    private func fill(_ superuser: AdminSession, with id: String, _ column: String, _ value: String) throws {
        let columns = try superuser.query(
            """
            select string_agg(column_name, ', ') from information_schema.columns where table_schema = 'public' and table_name = 'subscriptions' \
            and is_generated = 'NEVER' and column_name not in ('id', 'external_number', 'created_at', '\(unsafeSQL: column)')
            """)
        let shared = try columns.first.map { try $0.get(0, as: String.self) } ?? ""
        try superuser.run(
            """
            set session_replication_role = replica;
            insert into subscriptions (id, external_number, created_at, \(column), \(shared)) select gen_random_uuid(), 'filled-' || n, \
            created_at + n * interval '1 second', \(value), \(shared) from subscriptions, generate_series(1, 20000) n where id = '\(
                try #require(SubscriptionID(id)).uuid.uuidString)';
            analyze subscriptions;
            """)
    }

    private func expectIndexes(_ cases: [(state: String, account: String?, indexes: [String])], _ world: World) async throws {
        let (bursar, context, list) = (world.tenant.bursar, world.tenant.context, Subscription.list)
        let plans = try AdminSession(url: bursar.database.appURL)
        try plans.run("begin; set local app.tenant_id = '\(world.tenant.id.uuid.uuidString)'")
        func plan(_ statement: SQL) throws -> String {
            try plans.query("explain \(statement)").map { try $0.get(0, as: String.self) }.joined(separator: "\n")
        }
        for (state, account, indexes) in cases {
            var values = ["state": state]
            values["account_id"] = account
            let asked = values
            let condition = try await bursar.instance.loop.run { try await list.condition(asked, context) }
            let newest = try plan(
                "select s.id from subscriptions s where \(condition.whole) order by s.created_at desc, s.id desc limit 26")
            let counted = try plan(list.count(condition, atMost: 10_001))
            for plan in [newest, counted] {
                #expect(
                    indexes.contains { plan.contains(" subscriptions_\($0) ") } && !plan.contains("Sort"), "\(asked): \(plan)")
            }
        }
    }
}
