import FoundationEssentials
import Loop
import Postgres
import TestSupport
import Testing
import Values

@testable import App

@Suite struct `What deleted subscriptions still owe` {
    @Test func `is found through an index of its own, among however many`() async throws {
        // A database of its own, filled and analyzed, so that neither other tests' rows nor passing statistics choose the plan.
        let bursar = try await TestBursar()
        let world = try await World.make(bursar)
        let superuser = try bursar.database.superuser()
        let columns = try superuser.query(
            """
            select string_agg(column_name, ', ') from information_schema.columns where table_schema = 'public' and table_name = 'subscriptions' \
            and is_generated = 'NEVER' and column_name not in ('id', 'external_number', 'created_at', 'outstanding_minor')
            """)
        let shared = try columns.first.map { try $0.get(0, as: String.self) } ?? ""
        try superuser.run(
            """
            set session_replication_role = replica;
            insert into subscriptions (id, created_at, outstanding_minor, \(shared)) select gen_random_uuid(), created_at + n * interval '1 second', \
            case when n % 100 = 0 then 1 else 0 end, \(shared) from subscriptions, generate_series(1, 20000) n where id = '\(
                try #require(SubscriptionID(world.lapsed)).uuid.uuidString)';
            analyze subscriptions;
            """)
        let context = world.tenant.context
        let list = Subscription.list
        let condition = try await bursar.instance.loop.run {
            try await list.condition(["owed": Subscription.owedAfterDeletion], context)
        }
        let plans = try AdminSession(url: bursar.database.appURL)
        try plans.run("begin; set local app.tenant_id = '\(world.tenant.id.uuid.uuidString)'")
        func plan(_ statement: SQL) throws -> String {
            try plans.query("explain \(statement)").map { try $0.get(0, as: String.self) }.joined(separator: "\n")
        }
        let newest = try plan(
            "select s.id from subscriptions s where \(condition.whole) order by s.created_at desc, s.id desc limit 26")
        #expect(newest.contains("subscriptions_owing_deleted_newest") && !newest.contains("Sort"), "\(newest)")
        let counted = try plan(list.count(condition, atMost: 10_001))
        #expect(counted.contains("Index Only Scan using subscriptions_owing_deleted_newest"), "\(counted)")
        await bursar.close()
    }
}
