import App
import FoundationEssentials
import Loop
import Postgres
import TestSupport
import Testing
import Values

/// Long work: taken on with 202, done piece by piece, exactly once per item, whoever dies on the way.
@Suite struct `Long work` {
    struct Ground {
        let tenant: TestTenant
        let account: String
        let ids: [String]

        init(_ count: Int = 3, of bursar: TestBursar? = nil) async throws {
            let bursar = if let bursar { bursar } else { try await TestBursar.shared }
            tenant = try await bursar.tenant(clock: "2025-01-01T00:00:00Z")
            account = try await tenant.enterpriseAccount(tenant.enrollment())
            var ids: [String] = []
            for number in 0..<count {
                ids.append(try await tenant.order("enterprise", for: account, name: "Number \(number)").expect(201).id)
            }
            self.ids = ids
        }

        func begin(
            _ action: String = "cancel", _ items: [Input], mode: String = "each", as key: String? = nil,
            once: TestTenant.Once = .fresh, prefer: String? = "respond-async", query: String = ""
        ) async throws -> Reply {
            try await tenant.request(
                "POST", "/v1/subscriptions/actions\(query)",
                ["action": "\(action)", "mode": "\(mode)", "items": .list(items)], as: key, once: once,
                headers: prefer.map { ["Prefer": $0] } ?? [:])
        }
        func item(_ id: String, key: String? = nil) -> Input {
            var fields: [(String, Input)] = [("id", .text(id)), ("note", "Project closed")]
            if let key { fields.append(("idempotency_key", .text(key))) }
            return .object(fields)
        }
        var items: [Input] { ids.map { item($0) } }
        var runner: RunOperation { RunOperation(tenant.serverContext, authenticator: tenant.bursar.app.authenticator) }

        func onLoop<Value: Sendable>(_ body: @escaping @Sendable (RunOperation) async throws -> Value) async throws -> Value {
            let runner = runner
            return try await tenant.bursar.instance.loop.run { try await body(runner) }
        }
        func runAll() async throws { while try await onLoop({ try await $0.run() }) {} }
        func claim() async throws -> RunOperation.Claim { try #require(try await onLoop { try await $0.claim() }) }
        func expireLeases() throws {
            try tenant.force(
                "update work.operation_queue set lease_until = now() - interval '1 second' where tenant_id = $tenant")
        }
        func operation(_ id: String, as key: String? = nil) async throws -> Reply {
            try await tenant.get("/v1/operations/\(id)", as: key)
        }
        func state(_ id: String) async throws -> String? { try await tenant.subscription(id)["state"] }
        func cancellations(_ id: String) async throws -> Int {
            try await tenant.history(id).count { $0.hasSuffix("cancelled") }
        }
    }

    @Test func `is taken on with 202 and where to ask, and told item by item when it is done`() async throws {
        let ground = try await Ground()
        let prepaid = try await ground.tenant.prepaid()
        let taken = try await ground.begin("cancel", ground.items + [ground.item(prepaid)], once: .key("batch")).expect(202)
        let id = try taken.id
        #expect(taken.header("operation-location") == "/v1/operations/\(id)")
        #expect(taken.header("retry-after") == "1")
        #expect(taken["state"] == "queued" && taken["progress.total"] == "4" && taken["progress.finished"] == "0")
        let waiting = try await ground.operation(id).expect(200)
        #expect(waiting["result"] == nil && waiting.header("retry-after") == "1")
        #expect(try await ground.state(ground.ids[0]) == "active")
        // The answer was lost: it is asked again, and it is the same work.
        let again = try await ground.begin("cancel", ground.items + [ground.item(prepaid)], once: .key("batch")).expect(202)
        #expect(again.header("idempotent-replayed") == "true" && again.header("operation-location") == "/v1/operations/\(id)")
        try await ground.runAll()
        let done = try await ground.operation(id).expect(200)
        #expect(done["state"] == "done" && done.header("retry-after") == nil)
        #expect(done["progress.done"] == "3" && done["progress.refused"] == "1" && done["progress.finished"] == "4")
        #expect(done["result.done"] == "3" && done["result.not_begun"] == "0")
        #expect(done["result.results.0.recoverable_until"] == "2025-04-01T00:00:00Z")
        #expect(done["result.results.3.code"] == "cancel_not_allowed_for_offer")
        for id in ground.ids { #expect(try await ground.cancellations(id) == 1) }
        let listed = try await ground.tenant.get("/v1/operations?state=done").expect(200)
        #expect(listed.list("data").map { $0.scalar("id") } == [id])
        #expect(try await ground.tenant.get("/v1/operations?state=running").expect(200).list("data").isEmpty)
        try await ground.tenant.invariants()
    }

    @Test func `begins with more than two hundred items, and never in a dry run`() async throws {
        let ground = try await Ground(1)
        let item = ground.item(ground.ids[0])
        let few = Array(repeating: item, count: ActOnSubscriptions.atOnceAtMost)
        try await ground.begin("suspend", few, prefer: nil).expect(200)
        let many = try await ground.begin("suspend", few + [item], prefer: "wait=5").expect(202)
        try await ground.begin("suspend", few + [item], query: "?dry_run=true").expect(200)
        try await ground.begin("suspend", [item], prefer: "wait=9; foo, Respond-Async").expect(202)
        try await ground.runAll()
        #expect(try await ground.operation(many.id)["progress.unchanged"] == "201")
        try await ground.begin("suspend", []).expect(422, "required")
    }

    @Test func `is asked for by a preference that is a word and not a book`() async throws {
        let ground = try await Ground(1)
        let book = String(repeating: "a", count: 4_001)
        try await ground.begin("suspend", ground.items, prefer: book, query: "?dry_run=true").expect(400, "too_long")
        try await ground.begin("suspend", ground.items, prefer: String(book.dropLast()), query: "?dry_run=true").expect(200)
    }

    @Test func `resumes after a kill where it stopped, and whoever comes back late writes nothing`() async throws {
        let ground = try await Ground(45)
        let id = try await ground.begin("cancel", ground.ids.map { ground.item($0, key: "key-\($0)") }).expect(202).id
        let stale = try await ground.claim()
        #expect(try await ground.onLoop { try await $0.step(stale) })
        #expect(try await ground.operation(id)["progress.finished"] == "20")
        // Nobody else has it while the lease lasts.
        #expect(try await ground.onLoop { try await $0.claim() } == nil)
        try ground.expireLeases()
        let fresh = try await ground.claim()
        let before = try ground.tenant.fingerprint()
        await #expect(throws: RunOperation.Lost.self) { _ = try await ground.onLoop { try await $0.step(stale) } }
        #expect(try ground.tenant.fingerprint().differences(from: before) == [])
        #expect(try await ground.onLoop { try await $0.step(fresh) })
        await #expect(throws: RunOperation.Lost.self) { _ = try await ground.onLoop { try await $0.step(stale) } }
        #expect(try await ground.onLoop { try await $0.step(fresh) } == false)
        let done = try await ground.operation(id).expect(200)
        #expect(done["state"] == "done" && done["progress.done"] == "45")
        await #expect(throws: RunOperation.Lost.self) { _ = try await ground.onLoop { try await $0.step(fresh) } }
        for id in ground.ids { #expect(try await ground.cancellations(id) == 1) }
        // Each item's own key holds in whatever batch it comes again, at once or long.
        try await ground.tenant.reactivate(ground.ids[0], "cancelled").expect(200)
        let again = try await ground.begin("cancel", [ground.item(ground.ids[0], key: "key-\(ground.ids[0])")]).expect(202).id
        try await ground.runAll()
        #expect(try await ground.operation(again)["progress.replayed"] == "1")
        #expect(try await ground.state(ground.ids[0]) == "active")
        try await ground.tenant.invariants()
    }

    @Test func `that is all or nothing changes nothing when one is refused, and says which`() async throws {
        let ground = try await Ground(25)
        let prepaid = try await ground.tenant.prepaid()
        let id = try await ground.begin("cancel", ground.items + [ground.item(prepaid)], mode: "all").expect(202).id
        try await ground.runAll()
        let failed = try await ground.operation(id).expect(200)
        #expect(failed["state"] == "failed" && failed["error_code"] == "operation_all_or_none")
        #expect(failed["progress.refused"] == "1" && failed["progress.done"] == "0" && failed["result.not_begun"] == "25")
        #expect(failed["result.results.25.code"] == "cancel_not_allowed_for_offer")
        for id in ground.ids { #expect(try await ground.state(id) == "active") }
        let whole = try await ground.begin("cancel", ground.items, mode: "all").expect(202).id
        let claim = try await ground.claim()
        #expect(try await ground.onLoop { try await $0.step(claim) } == false)
        #expect(try await ground.operation(whole)["progress.done"] == "25")
        try await ground.tenant.invariants()
    }

    @Test func `is stopped where it stands: what is done stays done and is said`() async throws {
        let ground = try await Ground(30)
        let id = try await ground.begin("cancel", ground.items).expect(202).id
        let claim = try await ground.claim()
        #expect(try await ground.onLoop { try await $0.step(claim) })
        let path = "/v1/operations/\(id)/cancel"
        let stopped = try await ground.tenant.post(path).expect(200)
        #expect(stopped["state"] == "cancelled" && stopped["progress.done"] == "20")
        await #expect(throws: RunOperation.Lost.self) { _ = try await ground.onLoop { try await $0.step(claim) } }
        #expect(try await ground.onLoop { try await $0.run() } == false)
        let result = try await ground.operation(id).expect(200)
        #expect(result["result.done"] == "20" && result["result.not_begun"] == "10")
        #expect(result["result.results.19.verdict"] == "done" && result["result.results.20.verdict"] == "not_begun")
        #expect(try await ground.state(ground.ids[20]) == "active")
        #expect(try await ground.tenant.post(path).expect(200)["state"] == "cancelled")
        let other = try await ground.begin("reactivate", [ground.item(ground.ids[0])]).expect(202).id
        try await ground.runAll()
        try await ground.tenant.post("/v1/operations/\(other)/cancel").expect(409, "operation_ended")
        try await ground.tenant.invariants()
    }

    @Test func `does what whoever asked may do when it is done, and is theirs to see and to stop`() async throws {
        let ground = try await Ground(2)
        let tenant = ground.tenant
        let key = try await tenant.accountKey(ground.account)
        let reader = try await tenant.accountKey(ground.account, role: "reader")
        let stranger = try await tenant.accountKey(tenant.account())
        let refused = try await ground.begin("cancel", ground.items, as: reader).expect(202).id
        let gone = try await ground.begin("cancel", ground.items, as: key).expect(202).id
        for other in [stranger, try await tenant.bursar.tenant().key] {
            try await ground.operation(gone, as: other).expect(404)
            try await tenant.post("/v1/operations/\(gone)/cancel", as: other).expect(404)
            #expect(try await tenant.get("/v1/operations", as: other).expect(200).list("data").isEmpty)
        }
        #expect(try await ground.operation(gone, as: reader).expect(200)["account_id"] == ground.account)
        try await tenant.post("/v1/operations/\(gone)/cancel", as: reader).expect(403, "operation_not_yours")
        #expect(try await tenant.get("/v1/operations", as: reader).expect(200).list("data").count == 2)
        try tenant.force(
            "update identity.api_keys set revoked_at = now() where tenant_id = $tenant and role = 'account_admin' and account_id is not null"
        )
        try await ground.runAll()
        #expect(try await ground.operation(refused)["result.results.0.code"] == "role_forbids")
        let failed = try await ground.operation(gone)
        #expect(failed["state"] == "failed" && failed["error_code"] == "operation_asker_gone")
        #expect(failed["result.not_begun"] == "2")
        for id in ground.ids { #expect(try await ground.state(id) == "active") }
        try await tenant.invariants()
    }

    /// The planner once put the choice inside of the join, where it ran again for every row: two were claimed, and one of them left.
    @Test func `is claimed one at a time, also where the queue's figures make the database look at each row`() async throws {
        let bursar = try await TestBursar()
        let ground = try await Ground(1, of: bursar)
        let database = try bursar.database.superuser()
        try database.run(
            """
            alter table work.operation_queue set (autovacuum_enabled = false);
            insert into work.operation_queue select gen_random_uuid(), gen_random_uuid(), now() from generate_series(1, 3);
            analyze work.operation_queue;
            """)
        for _ in 0..<3 { try await ground.begin("suspend", ground.items).expect(202) }
        for claimed: Int64 in 1...3 {
            _ = try await ground.claim()
            let rows = try database.query("select count(*) from work.operation_queue where attempt > 0")
            #expect(try rows[0].get(0, as: Int64.self) == claimed)
        }
        #expect(try await ground.onLoop { try await $0.claim() } == nil)
        await bursar.close()
    }

    @Test func `keeps no reason longer than its item waits, nor than its subscription lives`() async throws {
        let ground = try await Ground(1)
        let tenant = ground.tenant
        func notes() throws -> Int {
            let rows = try tenant.bursar.database.superuser().query(
                "select count(*) from operation_items where tenant_id = \(tenant.id) and note is not null")
            return Int(try rows[0].get(0, as: Int64.self))
        }
        try await ground.begin("cancel", ground.items).expect(202)
        #expect(try notes() == 1)
        try await ground.runAll()
        #expect(try notes() == 0)
        try await ground.begin("reactivate", ground.items).expect(202)
        #expect(try notes() == 1)
        try await tenant.advance(to: "2025-04-02T00:00:00Z")
        #expect(try await ground.state(ground.ids[0]) == "deleted")
        #expect(try notes() == 0)
        try await ground.runAll()
        try await tenant.invariants()
    }
}
