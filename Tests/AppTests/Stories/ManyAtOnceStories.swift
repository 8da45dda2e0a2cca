import App
import TestSupport
import Testing

/// A15, L7, told by the test clock: one and many are cancelled and recovered.
@Suite struct `Many subscriptions at once` {
    struct Ground {
        let tenant: TestTenant
        let account: String
        let ids: [String]

        init(_ count: Int = 3) async throws {
            tenant = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
            account = try await tenant.enterpriseAccount(tenant.enrollment())
            var ids: [String] = []
            for number in 0..<count {
                ids.append(try await tenant.order("enterprise", for: account, name: "Number \(number)").expect(201).id)
            }
            self.ids = ids
        }

        func act(
            _ action: String, _ items: [Input], mode: String = "each", as key: String? = nil, query: String = "",
            once: TestTenant.Once = .fresh
        ) async throws -> Reply {
            try await tenant.request(
                "POST", "/v1/subscriptions/actions\(query)", ["action": "\(action)", "mode": "\(mode)", "items": .list(items)],
                as: key,
                once: once)
        }
        func item(_ id: String, key: String? = nil) -> Input {
            var fields: [(String, Input)] = [("id", .text(id)), ("note", "Project closed")]
            if let key { fields.append(("idempotency_key", .text(key))) }
            return .object(fields)
        }
        func state(_ id: String) async throws -> String? { try await tenant.subscription(id)["state"] }
    }

    @Test func `are cancelled and recovered on day 89, up to the last microsecond, and not at the deadline`() async throws {
        let ground = try await Ground()
        let tenant = ground.tenant
        let (first, second, third) = (ground.ids[0], ground.ids[1], ground.ids[2])
        let cancelled = try await ground.act("cancel", ground.ids.map { ground.item($0) }).expect(200)
        #expect(cancelled["done"] == "3")
        #expect(
            cancelled.list("results").map { $0.scalar("recoverable_until") } == Array(repeating: "2025-04-01T00:00:00Z", count: 3)
        )
        try await tenant.advance(to: "2025-03-31T00:00:00Z")
        #expect(try await ground.act("reactivate", [ground.item(first)]).expect(200)["done"] == "1")
        try await tenant.advance(to: "2025-03-31T23:59:59.999999Z")
        #expect(try await ground.act("reactivate", [ground.item(second)]).expect(200)["done"] == "1")
        try await tenant.advance(to: "2025-04-01T00:00:00Z")
        let late = try await ground.act("reactivate", [ground.item(third), ground.item(first)]).expect(200)
        #expect(late.list("results").map { $0.scalar("code") } == ["subscription_deleted", "reason_not_present"])
        #expect(try await ground.state(third) == "deleted")
        #expect(try await ground.state(first) == "active")
        #expect(try await tenant.get("/v1/subscriptions/\(third)/deletion-certificate").expect(200)["rule"] == "L2")
        try await tenant.advance(to: "2025-04-01T00:00:00.000001Z")
        #expect(try await ground.act("cancel", [ground.item(third)]).expect(200)["refused"] == "1")
        try await tenant.invariants()
    }

    @Test func `each get their own verdict; together they all change or none does`() async throws {
        let ground = try await Ground()
        let tenant = ground.tenant
        let prepaid = try await tenant.prepaid()
        let unknown = unknownID(like: prepaid)
        try await tenant.post("/v1/subscriptions/\(ground.ids[1])/cancel").expect(200)
        let items = [ground.ids[0], ground.ids[1], prepaid, unknown, ground.ids[0]].map { ground.item($0) }
        let before = try tenant.fingerprint()
        let refused = try await ground.act("cancel", items, mode: "all").expect(422)
        #expect(refused.list("errors").map { $0.scalar("pointer") } == ["/items/2", "/items/3"])
        #expect(refused.list("errors").map { $0.scalar("code") } == ["cancel_not_allowed_for_offer", "not_found"])
        #expect(try await ground.act("cancel", items, query: "?dry_run=true").expect(200)["dry_run"] == "true")
        #expect(try tenant.fingerprint().differences(from: before) == [])
        let done = try await ground.act("cancel", items).expect(200)
        #expect(
            done.list("results").map { $0.scalar("verdict") } == ["done", "unchanged", "refused", "refused", "unchanged"])
        #expect(done.list("results").map { $0.scalar("code") } == [nil, nil, "cancel_not_allowed_for_offer", "not_found", nil])
        let all = try await ground.act("reactivate", ground.ids.prefix(2).map { ground.item($0) }, mode: "all").expect(200)
        #expect(all["done"] == "2")
        for id in ground.ids { #expect(try await ground.state(id) == "active") }
        try await tenant.invariants()
    }

    @Test func `sent twice are done once: by the request's key, and by each item's own in another batch`() async throws {
        let ground = try await Ground()
        let items = [ground.item(ground.ids[0], key: "one"), ground.item(ground.ids[1])]
        try await ground.act("cancel", items, once: .key("batch")).expect(200)
        try await ground.tenant.reactivate(ground.ids[0], "cancelled").expect(200)
        try await ground.tenant.reactivate(ground.ids[1], "cancelled").expect(200)
        #expect(try await ground.act("cancel", items, once: .key("batch")).expect(200).header("idempotent-replayed") == "true")
        #expect(try await ground.state(ground.ids[0]) == "active")
        // In another batch: the first has been cancelled under its own key and is not cancelled again.
        let again = try await ground.act("cancel", items + [ground.item(ground.ids[2], key: "three")]).expect(200)
        #expect(again["replayed"] == "1" && again["done"] == "2")
        #expect(again.list("results").map { $0.scalar("replayed") } == ["true", "false", "false"])
        #expect(try await ground.state(ground.ids[0]) == "active")
        // The key of something else is refused, one item's alone.
        let other = try await ground.act("cancel", [ground.item(ground.ids[0], key: "three"), ground.item(ground.ids[0])]).expect(
            200)
        #expect(other.list("results").map { $0.scalar("code") } == ["idempotency_key_reused", nil])
        // Where nothing is done at all, the refusal points at the key: of an earlier batch, and of two in one.
        let foreign = [ground.item(ground.ids[0]), ground.item(ground.ids[0], key: "three")]
        let twice = [ground.item(ground.ids[0], key: "same"), ground.item(ground.ids[1], key: "same")]
        for (items, mode) in [(foreign, "all"), (twice, "all"), (twice, "each")] {
            let told = try await ground.act("cancel", items, mode: mode).expect(422, "idempotency_key_reused")
            #expect(told["errors.0.pointer"] == "/items/1/idempotency_key" && told.list("errors").count == 1)
        }
        // A refusal keeps nothing under its key.
        try await ground.act("reactivate", [ground.item(ground.ids[0], key: "back")]).expect(200)
        try await ground.tenant.suspend(ground.ids[0], "operator").expect(200)
        try await ground.act("reactivate", [ground.item(ground.ids[0], key: "early")]).expect(200)
        try await ground.tenant.post("/v1/subscriptions/\(ground.ids[0])/cancel").expect(200)
        #expect(try await ground.act("reactivate", [ground.item(ground.ids[0], key: "early")]).expect(200)["done"] == "1")
        try await ground.tenant.invariants()
    }

    @Test func `are each role's own business`() async throws {
        let ground = try await Ground(1)
        let tenant = ground.tenant
        let id = ground.ids[0]
        for (role, code) in [("finance", "role_forbids"), ("reader", "role_forbids")] {
            let key = try await tenant.accountKey(ground.account, role: role)
            let reply = try await ground.act("cancel", [ground.item(id)], as: key).expect(200)
            #expect(reply.list("results").first?.scalar("code") == code)
        }
        let (standard, other) = (try await tenant.account(), try await tenant.enterpriseAccount(tenant.enrollment()))
        for account in [standard, other] {
            let key = try await tenant.accountKey(account)
            let reply = try await ground.act("cancel", [ground.item(id)], as: key).expect(200)
            #expect(reply.list("results").first?.scalar("code") == "not_found")
            try await ground.act("cancel", [ground.item(id)], mode: "all", as: key).expect(422, "not_found")
        }
        #expect(try await ground.state(id) == "active")
        // The administrator of the enterprise account may, in it; the operator's reasons stay the operator's.
        let key = try await tenant.accountKey(ground.account)
        #expect(try await ground.act("cancel", [ground.item(id)], as: key).expect(200)["done"] == "1")
        #expect(try await ground.act("reactivate", [ground.item(id)], as: key).expect(200)["done"] == "1")
        let barred = try await ground.act("suspend", [["id": "\(id)", "reason": "operator"]], as: key).expect(200)
        #expect(barred.list("results").first?.scalar("code") == "reason_not_allowed_for_role")
        try await tenant.invariants()
    }

    @Test func `are at most a thousand, at least one, and known by word`() async throws {
        let ground = try await Ground(1)
        let item = ground.item(ground.ids[0])
        try await ground.act("cancel", []).expect(422, "required")
        try await ground.act("cancel", Array(repeating: item, count: 1_001)).expect(422, "too_many_items")
        try await ground.act("explode", [item]).expect(422, "not_one_of")
        try await ground.act("cancel", [["id": "\(ground.account)"]]).expect(422, "invalid_id")
        try await ground.act("cancel", [item], mode: "some").expect(422, "not_one_of")
        #expect(try await ground.state(ground.ids[0]) == "active")
        #expect(try await ground.act("cancel", Array(repeating: item, count: 200)).expect(200)["unchanged"] == "199")
        try await ground.act("cancel", Array(repeating: item, count: 1_000)).expect(202)
        try await ground.tenant.invariants()
    }

    @Test func `in two batches of opposite order wait for each other and never block`() async throws {
        let ground = try await Ground(6)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<6 {
                let items = (number.isMultiple(of: 2) ? ground.ids : ground.ids.reversed()).map {
                    ground.item($0, key: "k\(number)-\($0)")
                }
                group.addTask { try await ground.act(number < 3 ? "cancel" : "suspend", items).status }
            }
            for try await status in group { #expect(status == 200) }
        }
        for id in ground.ids {
            #expect(
                Set(try await ground.tenant.subscription(id).list("suspension_reasons").map(\.string)) == [
                    "cancelled", "requested",
                ])
        }
        try await ground.tenant.invariants()
    }
}
