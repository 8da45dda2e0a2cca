import FoundationEssentials
import Loop
import Postgres
import TestSupport
import Testing
import Values

@testable import App

/// What whoever runs an agreement finds among her notifications, with tens of thousands of accounts in it.
@Suite struct `An agreement's letters` {
    @Test func `are read from their newest end through an index of their own`() async throws {
        // A database of its own, filled and analyzed, so that neither other tests' rows nor passing statistics choose the plan.
        let bursar = try await TestBursar()
        let tenant = try await bursar.tenant("letters")
        let enrollment = try #require(EnrollmentID(try await tenant.enrollment()))
        let account = try await tenant.enterpriseAccount(enrollment.description)
        try await tenant.order("enterprise", for: account, name: "Till").expect(201)
        let superuser = try bursar.database.superuser()
        // A letter knows its account's agreement from the first.
        let unplaced = try superuser.query(
            """
            select count(*), count(*) filter (where m.enrollment_id is distinct from a.enrollment_id) from mails m \
            left join accounts a on a.tenant_id = m.tenant_id and a.id = m.account_id where m.tenant_id = \(tenant.id.uuid)
            """)
        #expect(try unplaced[0].get(0, as: Int64.self) > 0 && unplaced[0].get(1, as: Int64.self) == 0)
        // A tenth of the tenant's letters are the agreement's, about five thousand accounts.
        try superuser.run(
            """
            set session_replication_role = replica;
            insert into mails (tenant_id, id, kind, cause_id, account_id, enrollment_id, email, status, sent_at, occurred_at, queued_at)
            select '\(tenant.id.uuid.uuidString)', gen_random_uuid(), 'balance_notice', gen_random_uuid(),
            overlay('00000000-0000-7000-8000-000000000000' placing lpad(to_hex(n % 5000), 8, '0') from 1)::uuid,
            case when n % 10 = 0 then '\(enrollment.uuid.uuidString)'::uuid end, 'bulk@example.com', 'sent', now(),
            timestamptz '2024-01-01 00:00Z' + n * interval '1 minute', now() from generate_series(1, 40000) n;
            analyze mails;
            """)
        // The program's own statements, for somebody who administers the agreement and nothing else; as the app itself, behind row security.
        var grants = Grants()
        grants.enrollments = [enrollment]
        let reader = TenantContext(
            tenant: tenant.context.tenant, principal: .user(id: UserID(.zero), email: "", name: "", grants: grants),
            dependencies: tenant.context.dependencies)
        let list = Notification.list
        let condition = try await bursar.instance.loop.run { try await list.condition([:], reader) }
        let plans = try AdminSession(url: bursar.database.appURL)
        try plans.run("begin; set local app.tenant_id = '\(tenant.id.uuid.uuidString)'")
        for sort in ["-occurred_at", "occurred_at"] {
            let request = try list.request(limit: 50, sort: sort)
            let plan = try plans.query("explain (analyze, timing off) \(list.rows(request, condition))").map {
                try $0.get(0, as: String.self)
            }
            let text = plan.joined(separator: "\n")
            #expect(text.contains("using mails_enrollment ") && !text.contains("Seq Scan on mails"), "\(text)")
            // Of the four thousand letters as many as a page takes, and whether there is another.
            let visited = plan.compactMap { $0.firstMatch(of: #/ mails.*\(actual rows=(\d+) loops=(\d+)\)/#) }.compactMap {
                line in
                Int(line.output.1).flatMap { rows in Int(line.output.2).map { rows * $0 } }
            }
            #expect(try #require(visited.max()) == 51, "\(text)")
        }
        let counted = try plans.query("explain \(list.count(condition, atMost: 10_001))").map { try $0.get(0, as: String.self) }
        #expect(!counted.contains { $0.contains("Seq Scan on mails") }, "\(counted.joined(separator: "\n"))")
        await bursar.close()
    }
}

@Suite struct `The letters about one subscription` {
    @Test func `are found by it through indexes, also those that outlive its data`() async throws {
        let bursar = try await TestBursar()
        let world = try await World.make(bursar)
        let superuser = try bursar.database.superuser()
        try superuser.run(
            """
            set session_replication_role = replica;
            insert into mails (tenant_id, id, kind, cause_id, account_id, subscription_id, email, facts, status, sent_at, occurred_at, queued_at)
            select '\(world.tenant.id.uuid.uuidString)', gen_random_uuid(), case n % 2 when 0 then 'deleted' else 'balance_notice' end, gen_random_uuid(),
            gen_random_uuid(), case n % 2 when 1 then gen_random_uuid() end, 'bulk@example.com',
            jsonb_build_object('subscription_id', jsonb_build_object('text', 'sub_' || n)), 'sent', now(),
            timestamptz '2024-01-01 00:00Z' + n * interval '1 minute', now() from generate_series(1, 40000) n;
            analyze mails;
            """)
        let plans = try AdminSession(url: bursar.database.appURL)
        try plans.run("begin; set local app.tenant_id = '\(world.tenant.id.uuid.uuidString)'")
        let (context, list, id) = (world.tenant.context, Notification.list, world.owing)
        for filter in ["subscription_id", "q"] {
            let condition = try await bursar.instance.loop.run { try await list.condition([filter: id], context) }
            let request = try list.request(limit: 25, sort: nil)
            let plan = try plans.query("explain \(list.rows(request, condition))").map { try $0.get(0, as: String.self) }
                .joined(separator: "\n")
            #expect(plan.contains(" mails_told_of ") && plan.contains(" mails_subscription "), "\(plan)")
            #expect(plan.contains("mails_pkey") && !plan.contains("Seq Scan on mails"), "\(plan)")
        }
        await bursar.close()
    }
}
