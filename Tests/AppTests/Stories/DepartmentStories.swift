import App
import TestSupport
import Testing
import Values

/// A14, told by the test clock: departments, and what is counted to them.
@Suite struct `A department` {
    /// An enrollment with two departments, an account, and a subscription in the first.
    struct Ground {
        let tenant: TestTenant
        let enrollment: String
        let first: String
        let second: String
        let account: String
        let subscription: String

        init(clock: String = "2025-03-10T00:00:00Z") async throws {
            tenant = try await TestBursar.shared.tenant(clock: clock)
            enrollment = try await tenant.enrollment(commitment: "1000.00")
            let departments = "/v1/enrollments/\(enrollment)/departments"
            first = try await tenant.post(departments, ["name": "Research", "quota": ["amount": "100.00", "currency": "CNY"]])
                .expect(201).id
            second = try await tenant.post(departments, ["name": "Stores", "cost_centre": "ST-1"]).expect(201).id
            account = try await tenant.enterpriseAccount(enrollment)
            subscription = try await tenant.post(
                "/v1/subscriptions",
                ["account_id": "\(account)", "offer": "enterprise", "name": "Till", "department_id": "\(first)"]
            ).expect(201).id
        }

        func move(_ id: String? = nil, to department: String?, as key: String? = nil, query: String = "") async throws -> Reply {
            let target: Input = department.map { "\($0)" } ?? .null
            return try await tenant.post(
                "/v1/subscriptions/\(id ?? subscription)/move\(query)", ["department_id": target], as: key)
        }
        func balance() async throws -> Reply { try await tenant.get("/v1/enrollments/\(enrollment)/balance").expect(200) }
        /// What counted to a department in the term.
        func term(_ department: String) async throws -> String? {
            try await balance().list("departments").first { $0.scalar("id") == department }?.scalar("term.amount")
        }
    }

    @Test func `counts what is used from the instant of the move on, late usage by its own time, and the parts are the bill`()
        async throws
    {
        let ground = try await Ground()
        let tenant = ground.tenant
        try await tenant.use(ground.subscription, cost: "10.004", at: "2025-03-10T00:00:00Z")
        try await tenant.advance(to: "2025-03-12T08:00:00Z")
        // Nothing moves in a dry run.
        #expect(try await ground.move(to: ground.second, query: "?dry_run=true").expect(200)["dry_run"] == "true")
        #expect(try await tenant.subscription(ground.subscription)["department_id"] == ground.first)
        #expect(try await ground.move(to: ground.second).expect(200)["department_id"] == ground.second)
        try await tenant.use(ground.subscription, cost: "5.003", at: "2025-03-12T08:00:00Z")
        // Comes after the move, was used before it.
        try await tenant.use(ground.subscription, cost: "1.00", at: "2025-03-12T07:59:59.999999Z")
        try await tenant.settle()
        #expect(try await ground.term(ground.first) == "11.00")
        #expect(try await ground.term(ground.second) == "5.01")
        #expect(try await ground.balance()["posted.amount"] == "16.01")
        let stays = try await tenant.get("/v1/subscriptions/\(ground.subscription)/departments").expect(200).list("data")
        #expect(stays.map { $0.scalar("name") } == ["Stores", "Research"])
        #expect(stays.map { $0.scalar("from") } == ["2025-03-12T08:00:00Z", nil])
        #expect(stays.map { $0.scalar("to") } == [nil, "2025-03-12T08:00:00Z"])
        #expect(stays.map { $0.scalar("cost.amount") } == ["5.01", "11.00"])
        // A second move at the same instant, out of any department, and back once more; a move to where it is changes nothing.
        try await ground.move(to: nil).expect(200)
        try await ground.move(to: ground.second).expect(200)
        let version = try await tenant.subscription(ground.subscription).header("etag")
        try await ground.move(to: ground.second).expect(200)
        #expect(try await tenant.subscription(ground.subscription).header("etag") == version)
        try await tenant.invariants()
    }

    @Test func `stays what it was for a subscription that is gone`() async throws {
        let ground = try await Ground()
        let tenant = ground.tenant
        try await tenant.use(ground.subscription, cost: "10.00", at: "2025-03-10T00:00:00Z")
        try await tenant.settle()
        try await tenant.advance(to: "2025-03-11T00:00:00Z")
        try await ground.move(to: ground.second).expect(200)
        try await tenant.post("/v1/subscriptions/\(ground.subscription)/cancel").expect(200)
        try await tenant.advance(to: "2025-06-09T00:00:00Z")
        #expect(try await tenant.subscription(ground.subscription)["state"] == "deleted")
        #expect(try await ground.term(ground.first) == "10.00")
        try await ground.move(to: ground.first).expect(409, "subscription_deleted")
        for department in [ground.first, ground.second] {
            try await tenant.request("DELETE", "/v1/departments/\(department)").expect(409, "department_has_history")
        }
        try await tenant.invariants()
    }

    @Test func `is edited under its version, renamed to no other's name, removed only while nothing was ever in it`() async throws
    {
        let ground = try await Ground()
        let tenant = ground.tenant
        let path = "/v1/departments/\(ground.second)"
        let etag = try #require(try await tenant.get(path).expect(200).header("etag"))
        let edited = try await tenant.request(
            "PATCH", path, ["name": "Shops", "cost_centre": .null, "quota": ["amount": "5.00", "currency": "CNY"]],
            headers: ["If-Match": etag]
        ).expect(200)
        #expect(edited["name"] == "Shops" && edited["cost_centre"] == nil && edited["quota.amount"] == "5.00")
        try await tenant.request("PATCH", path, ["name": "Other"], headers: ["If-Match": etag]).expect(412, "stale")
        try await tenant.request("DELETE", path, headers: ["If-Match": etag]).expect(412, "stale")
        try await tenant.request("PATCH", path, ["name": "Research"]).expect(409, "department_exists")
        try await tenant.request("PATCH", path, ["quota": ["amount": "5.00", "currency": "USD"]]).expect(422, "currency_mismatch")
        try await tenant.request("PATCH", path, ["quota": ["amount": "-5.00", "currency": "CNY"]]).expect(422, "amount_negative")
        #expect(try await tenant.request("PATCH", path, ["quota": .null]).expect(200)["quota.amount"] == nil)
        try await tenant.request("DELETE", "/v1/departments/\(ground.first)").expect(409, "department_not_empty")
        try await tenant.request("DELETE", "\(path)?dry_run=true").expect(200)
        try await tenant.request("DELETE", path).expect(200)
        try await tenant.get(path).expect(404)
        try await ground.move(to: ground.second).expect(422, "unknown_department")
        try await tenant.invariants()
    }

    @Test func `takes over an account with the subscriptions that stood in its department, and leaves the others`() async throws {
        let ground = try await Ground()
        let tenant = ground.tenant
        // The account is in no department: the one that was put into Research stays there.
        let loose = try await tenant.order("enterprise", for: ground.account, name: "Loose").expect(201).id
        let target = "/v1/departments/\(ground.second)/move-account"
        try await tenant.post("\(target)?dry_run=true", ["account_id": "\(ground.account)"]).expect(200)
        #expect(try await tenant.subscription(loose)["department_id"] == nil)
        let moved = try await tenant.post(target, ["account_id": "\(ground.account)"]).expect(200)
        #expect(moved["department_id"] == ground.second)
        #expect(try await tenant.subscription(loose)["department_id"] == ground.second)
        #expect(try await tenant.subscription(ground.subscription)["department_id"] == ground.first)
        try await tenant.request("DELETE", "/v1/departments/\(ground.second)").expect(409, "department_not_empty")
        // A standard account, another enrollment's, and none at all are equally unknown.
        let other = try await tenant.enterpriseAccount(tenant.enrollment())
        for account in [other, try await tenant.account()] {
            try await tenant.post(target, ["account_id": "\(account)"]).expect(422, "unknown_account")
        }
        try await tenant.invariants()
    }

    @Test func `is left and entered by whoever runs the enrollment, and by prepaid subscriptions never`() async throws {
        let ground = try await Ground()
        let tenant = ground.tenant
        for role in ["account_admin", "finance", "reader"] {
            let key = try await tenant.accountKey(ground.account, role: role)
            try await ground.move(to: ground.second, as: key).expect(403, "role_forbids")
            try await tenant.get("/v1/departments/\(ground.first)", as: key).expect(404)
            try await tenant.get("/v1/enrollments/\(ground.enrollment)/balance", as: key).expect(404)
            try await tenant.get("/v1/subscriptions/\(ground.subscription)/departments", as: key).expect(200)
        }
        let stranger = try await tenant.accountKey(tenant.account())
        try await ground.move(to: ground.second, as: stranger).expect(404)
        let prepaid = try await tenant.prepaid()
        try await ground.move(prepaid, to: ground.second).expect(403, "move_not_allowed_for_offer")
        let elsewhere = try await tenant.post("/v1/enrollments/\(tenant.enrollment())/departments", ["name": "Far"]).expect(201)
            .id
        try await ground.move(to: elsewhere).expect(422, "unknown_department")
        #expect(try await tenant.subscription(ground.subscription)["department_id"] == ground.first)
        try await tenant.invariants()
    }

    @Test func `over its quota, the commitment used up and the term's end are told, each from its first cent and day on`()
        async throws
    {
        let ground = try await Ground(clock: "2025-03-10T00:00:00Z")
        let tenant = ground.tenant
        func kinds() async throws -> [String] { try await ground.balance().list("notices").compactMap { $0.scalar("kind") } }
        try await tenant.use(ground.subscription, cost: "100.00", at: "2025-03-10T00:00:00Z")
        try await tenant.settle()
        #expect(try await kinds() == [])
        try await tenant.use(ground.subscription, cost: "0.01", at: "2025-03-10T00:00:00Z")
        try await tenant.settle()
        #expect(try await kinds() == ["department_over_quota"])
        try await tenant.use(ground.subscription, cost: "699.99", at: "2025-03-10T00:00:00Z")
        try await tenant.settle()
        let told = try await ground.balance().list("notices")
        #expect(told.first?.scalar("percent") == "80")
        try await tenant.advance(to: "2027-10-02T15:59:59Z")
        #expect(try await kinds() == ["commitment_used", "department_over_quota"])
        try await tenant.advance(to: "2027-10-02T16:00:00Z")
        #expect(try await kinds() == ["term_ends", "commitment_used", "department_over_quota"])
        try await tenant.invariants()
    }

    @Test func `cannot be moved to and from at once: whoever is first wins, and what is counted stays whole`() async throws {
        let ground = try await Ground()
        let tenant = ground.tenant
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                group.addTask { try await ground.move(to: number.isMultiple(of: 2) ? ground.second : ground.first).status }
                group.addTask {
                    try await tenant.use(ground.subscription, cost: "1.\(10 + number)", at: "2025-03-10T00:00:00Z")
                    try await tenant.settle()
                    return 200
                }
            }
            for try await status in group { #expect(status == 200) }
        }
        try await tenant.settle()
        try await tenant.invariants()
    }
}
