import FoundationEssentials
import Loop
import Postgres
import TestSupport
import Testing
import Values

@testable import App

/// What happened and what was told of it, among tens of thousands: each list reads what it shows and little else.
@Suite struct `Of many events and deliveries` {
    private static let page = 26

    /// A database of its own, filled and analyzed, so that neither other tests' rows nor passing statistics choose the plan.
    private struct Filled {
        let bursar: TestBursar
        let tenant: TestTenant
        let account: String
        let endpoint: String
        let plans: AdminSession
        private let superuser: AdminSession

        init() async throws {
            bursar = try await TestBursar()
            tenant = try await bursar.tenant("told", clock: nil)
            account = try await tenant.account()
            endpoint = try await tenant.webhook(account).id
            superuser = try bursar.database.superuser()
            plans = try AdminSession(url: bursar.database.appURL)
            try plans.run("begin; set local app.tenant_id = '\(tenant.id.uuid.uuidString)'")
        }

        func fill(_ statement: String) throws {
            try superuser.run(
                "set session_replication_role = replica; "
                    + statement.replacing("$tenant", with: "'\(tenant.id.uuid.uuidString)'")
                    .replacing("$account", with: "'\(try #require(AccountID(account)).uuid.uuidString)'")
                    .replacing("$endpoint", with: "'\(try #require(WebhookEndpointID(endpoint)).uuid.uuidString)'"))
        }

        func plan(_ statement: SQL) throws -> (text: String, visited: Int) {
            let lines = try plans.query("explain (analyze, timing off) \(statement)").map { try $0.get(0, as: String.self) }
            // Those of the table that were looked at, whether they were shown or not.
            var visited = 0
            for line in lines {
                if let seen = line.firstMatch(
                    of: #/ (?:on|using) (?:outbox_events|webhook_deliveries).*\(actual rows=(\d+)(?:\.\d+)? loops=(\d+)\)/#)
                {
                    visited += (Int(seen.output.1) ?? 0) * (Int(seen.output.2) ?? 0)
                }
                if let removed = line.firstMatch(of: #/Rows Removed by Filter: (\d+)/#) { visited += Int(removed.output.1) ?? 0 }
            }
            return (lines.joined(separator: "\n"), visited)
        }
    }

    @Test func `those deliveries of one type are found by it, on a page too`() async throws {
        let filled = try await Filled()
        // Half of them an endpoint's of the account, the others of nine endpoints; the type that is asked for is one in two thousand.
        for number in 1...9 { _ = try await filled.tenant.webhook(nil, "https://example.com/\(number)") }
        try filled.fill(
            """
            insert into webhook_deliveries (tenant_id, id, endpoint_id, account_id, event_id, event_type, status, created_at)
            select $tenant, gen_random_uuid(), case n % 2 when 0 then $endpoint::uuid else e.others[1 + n % 9] end, $account, gen_random_uuid(),
            case when n % 2000 < 2 then 'member.joined' else 'subscription.' || n % 7 end, 'succeeded', now() - n * interval '1 minute'
            from generate_series(1, 40000) n, (select array_agg(id) as others from webhook_endpoints where account_id is null) e;
            analyze webhook_deliveries; analyze webhook_endpoints;
            """)
        let (context, list) = (filled.tenant.context, WebhookDelivery.list)
        for values in [
            ["event_type": "member.joined"], ["q": "member.joined"], ["q": "nobody.tells"],
            ["event_type": "member.joined", "account_id": filled.account],
            ["event_type": "member.joined", "account_id": filled.account, "endpoint_id": filled.endpoint],
            ["q": "member.joined", "account_id": filled.account, "endpoint_id": filled.endpoint],
        ] {
            let condition = try await filled.bursar.instance.loop.run { try await list.condition(values, context) }
            for sort in ["-created_at", "created_at"] {
                let plan = try filled.plan(list.rows(try list.request(limit: 25, sort: sort), condition))
                #expect(
                    plan.text.contains("webhook_deliveries_type") && !plan.text.contains("Seq Scan on webhook_del"), "\(plan)")
                #expect(plan.visited <= 2 * Self.page, "\(values): \(plan)")
            }
            let counted = try filled.plan(list.count(condition, atMost: 10_001))
            #expect(counted.text.contains("webhook_deliveries_type") && counted.visited <= 2 * Self.page, "\(values): \(counted)")
        }
        await filled.bursar.close()
    }

    @Test func `those between two instants are read, newest first and in the order of commits`() async throws {
        let filled = try await Filled()
        try filled.fill(
            """
            insert into outbox_events (tenant_id, id, type, object_kind, object_id, account_id, sequence, occurred_at, letters_at, xact)
            select $tenant, overlay(gen_random_uuid()::text placing lpad(to_hex(n), 8, '0') from 1)::uuid, 'account.edited', 'account', gen_random_uuid(),
            case n % 2 when 0 then $account::uuid else gen_random_uuid() end, n, now() - (40000 - n) * interval '1 minute', now(),
            (n / 200 + 1)::text::xid8 from generate_series(1, 40000) n;
            analyze outbox_events; analyze accounts;
            """)
        let context = filled.tenant.context
        let now = Instance.realNow()
        var span = EventFilter()
        span.from = now.adding(days: -20)
        span.to = now.adding(days: -18)
        var own = span
        own.account = AccountID(filled.account)
        let (all, ofAccount) = (
            EventFilter(),
            { () -> EventFilter in
                var filter = EventFilter()
                filter.account = own.account
                return filter
            }()
        )
        let place = PageRequest.cursor(at: Instant(microseconds: 90), id: .zero)
        let middle = PageRequest.cursor(at: now.adding(days: -19), id: .zero)
        for (filter, ascending, cursor, index) in [
            (all, false, nil, "outbox_events_occurred"), (ofAccount, false, nil, "outbox_events_account"),
            (span, false, nil, "outbox_events_occurred"), (own, false, nil, "outbox_events_account"),
            (span, false, middle, "outbox_events_occurred"), (own, false, middle, "outbox_events_account"),
            (all, true, nil, "outbox_events_commits"), (ofAccount, true, nil, "outbox_events_account_commits"),
            (all, true, place, "outbox_events_commits"), (ofAccount, true, place, "outbox_events_account_commits"),
        ] as [(EventFilter, Bool, String?, String)] {
            let page = try PageRequest(limit: 25, cursor: cursor, ascending: ascending)
            let statement = try await filled.bursar.instance.loop.run { try await ListEvents.statement(filter, page, context) }
            let plan = try filled.plan(statement)
            #expect(plan.text.contains("using \(index) ") && !plan.text.contains("Sort"), "\(plan.text)")
            #expect(plan.visited == Self.page, "\(plan)")
        }
        await filled.bursar.close()
    }

    @Test func `those between two instants are all there, page by page`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        for (day, name) in [("02", "One"), ("03", "Two"), ("04", "Three"), ("05", "Four")] {
            try await tenant.advance(to: "2025-01-\(day)T00:00:00Z")
            _ = try await tenant.account(name)
        }
        func read(_ query: String) async throws -> [String] {
            var (seen, cursor) = ([String](), "")
            repeat {
                let page = try await tenant.get("/v1/events?limit=1\(query)\(cursor)").expect(200)
                seen += page.list("data").compactMap { $0.scalar("timestamp") }
                cursor = page["next_cursor"].map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            return seen
        }
        let span = "&from=2025-01-03T00:00:00Z&to=2025-01-05T00:00:00Z"
        let days = try await read(span).map { String($0.prefix(10)) }
        #expect(days == days.sorted(by: >) && Set(days) == ["2025-01-03", "2025-01-04"], "\(days)")
        // In the order of commits they come once no transaction before them is under way: other tests have some.
        var rising: [String] = []
        for _ in 0..<100 where rising.count < days.count {
            rising = try await read(span + "&sort=created_at").map { String($0.prefix(10)) }
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(rising == days.reversed())
        #expect(try await read("").map { $0.prefix(10) }.first == "2025-01-05")
    }
}
