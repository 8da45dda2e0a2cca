import App
import FoundationEssentials
import Postgres
import TestSupport
import Testing
import Values

/// A request is looked for by its name, whoever gave it.
@Suite struct `The name of a request` {
    @Test func `that its caller gave finds what it did, through an index of its own`() async throws {
        // A database of its own, filled and analyzed, so that neither other tests' rows nor passing statistics choose the plan.
        let bursar = try await TestBursar()
        let tenant = try await bursar.tenant("named")
        let account = try await tenant.account()
        for name in ["ticket-4711", "req_short", "req_"] {
            try await tenant.request(
                "POST", "/v1/accounts/\(account)/notes", ["body": "Called"], headers: ["X-Request-Id": name]
            ).expect(201)
            let found = try await tenant.get("/v1/audit-events?request_id=\(name)").expect(200)
            #expect(found.list("data").count == 1 && found["data.0.request_id"] == name)
        }
        let superuser = try bursar.database.superuser()
        try superuser.run(
            """
            insert into audit_events (tenant_id, id, at, action, actor_kind, object_kind, object_id, request_id, recorded_at) \
            select '\(tenant.id.uuid.uuidString)', gen_random_uuid(), now() - n * interval '1 second', 'account.edited', 'key', 'account', \
            gen_random_uuid(), 'bulk-' || n, now() from generate_series(1, 20000) n; analyze audit_events
            """)
        // As the app itself, behind row security, which keeps an index from what is not leakproof.
        let plans = try AdminSession(url: bursar.database.appURL)
        try plans.run("begin; set local app.tenant_id = '\(tenant.id.uuid.uuidString)'")
        var filter = AuditFilter()
        filter.request = "ticket-4711"
        let rows = try plans.query(
            "explain select e.id from audit_events e where \(filter.condition(tenant.context)) order by e.at desc, e.id desc limit 26"
        )
        let plan = try rows.map { try $0.get(0, as: String.self) }.joined(separator: "\n")
        #expect(plan.contains("audit_events_foreign_request"), "\(plan)")
        #expect(plan.contains("Index Cond: ((tenant_id") && plan.contains("(request_id ="), "\(plan)")
        // Timers among what keys did are as few: nobody reads all the rest for them.
        let timers = try plans.query(
            "explain select e.id from audit_events e where e.tenant_id = \(tenant.id) and e.actor_kind = 'timer' order by e.at desc, e.id desc limit 26"
        )
        let timersPlan = try timers.map { try $0.get(0, as: String.self) }.joined(separator: "\n")
        #expect(timersPlan.contains("audit_events_actor_kind"), "\(timersPlan)")
        await bursar.close()
    }
}
