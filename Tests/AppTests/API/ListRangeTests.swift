import FoundationEssentials
import Loop
import Postgres
import TestSupport
import Testing
import Values

@testable import App

/// Lists narrowed to when their rows were made.
@Suite struct `A list between two instants` {
    /// The lists of things, each with what makes its rows.
    private static let lists: [Endpoint] = [
        .listSubscriptions, .listAccounts, .listOrders, .listPartners, .listOperations, .listMembers, .listAPIKeys,
        .listWebhookEndpoints, .listDepartments, .listEnrollments, .listAccountNotes,
    ]

    @Test func `is offered by every list in the order in which its rows were made, unless it has from and to`() {
        for endpoint in Endpoint.allCases where endpoint.isUnderV1 {
            let names = Set(endpoint.documentation.query.map(\.name))
            let isMade = names.isSuperset(of: ["created_from", "created_to"])
            #expect(isMade == Self.lists.contains(endpoint), "\(endpoint)")
            if isMade { #expect(!names.contains("from"), "\(endpoint)") }
        }
    }

    @Test func `holds its first instant and not its last`() async throws {
        let tenant = try await TestBursar.shared.tenant("ranges")
        let stranger = try await TestBursar.shared.tenant("stranger")
        let (first, last) = (Instant(rfc3339: "2030-01-01T00:00:00Z")!, Instant(rfc3339: "2030-01-03T00:00:00Z")!)
        for other in [tenant, stranger] {
            for n in 1...3 {
                try other.force(
                    """
                    insert into partners (tenant_id, id, code, company_name, created_at) values ($tenant, gen_random_uuid(), \
                    '\(other.bursar.uniqueName("R"))', 'Day \(n)', timestamptz '2029-12-31 00:00Z' + \(n) * interval '1 day')
                    """)
            }
        }
        func names(_ query: String) async throws -> [String?] {
            try await tenant.get("/v1/partners?sort=created_at&\(query)").expect(200).list("data").map {
                $0.scalar("company_name")
            }
        }
        #expect(try await names("created_from=\(first.rfc3339)&created_to=\(last.rfc3339)") == ["Day 1", "Day 2"])
        #expect(try await names("created_from=2030-01-01T00:00:00.000001Z") == ["Day 2", "Day 3"])
        #expect(try await names("created_to=\(first.rfc3339)") == [])
        #expect(try await names("created_from=\(last.rfc3339)&created_to=\(first.rfc3339)") == [])
        // A page goes on inside of the range.
        let page = try await tenant.get("/v1/partners?sort=created_at&limit=1&created_to=\(last.rfc3339)").expect(200)
        let cursor = try #require(page["next_cursor"])
        #expect(try await names("limit=1&created_to=\(last.rfc3339)&cursor=\(cursor)") == ["Day 2"])
        try await tenant.get("/v1/partners?created_from=2030-01-01").expect(400, "invalid_time")
        try await tenant.get("/v1/audit-events?created_from=\(first.rfc3339)").expect(400, "unknown_parameter")
    }

    @Test func `is answered by every list, and holds what was made`() async throws {
        let world = try await World.make(.shared)
        for endpoint in Self.lists {
            let (target, _) = world.request(endpoint)
            let mark = target.contains("?") ? "&" : "?"
            let all = try await world.tenant.get(target).expect(200)
            let within = try await world.tenant.get(
                "\(target)\(mark)created_from=2000-01-01T00:00:00Z&created_to=2200-01-01T00:00:00Z")
            #expect(try within.expect(200).text == all.text, "\(endpoint)")
            for outside in ["created_from=2200-01-01T00:00:00Z", "created_to=2000-01-01T00:00:00Z"] {
                #expect(try await world.tenant.get("\(target)\(mark)\(outside)").expect(200).list("data").isEmpty, "\(endpoint)")
            }
        }
    }

    @Test func `is read through the index of its order`() async throws {
        let bursar = try await TestBursar()
        let tenant = try await bursar.tenant("range-plans")
        try bursar.database.superuser().run(
            """
            set session_replication_role = replica;
            insert into partners (tenant_id, id, code, company_name, created_at) select '\(tenant.id.uuid.uuidString)', gen_random_uuid(),
            'P' || n, 'Partner ' || n, timestamptz '2024-01-01 00:00Z' + n * interval '1 minute' from generate_series(1, 30000) n;
            analyze partners;
            """)
        let list = Partner.list
        let values = ["created_from": "2024-01-10T00:00:00Z", "created_to": "2024-01-10T01:00:00Z"]
        let context = tenant.context
        let condition = try await bursar.instance.loop.run { try await list.condition(values, context) }
        let plans = try AdminSession(url: bursar.database.appURL)
        try plans.run("begin; set local app.tenant_id = '\(tenant.id.uuid.uuidString)'")
        let request = try list.request(limit: 25, sort: "-created_at")
        let text = try plans.query("explain (analyze, timing off) \(list.rows(request, condition))").map {
            try $0.get(0, as: String.self)
        }.joined(separator: "\n")
        #expect(text.contains("partners_created") && !text.contains("Seq Scan on partners"), "\(text)")
        // The bounds begin and end the walk; nothing is read to be thrown away.
        #expect(!text.contains("Rows Removed by Filter"), "\(text)")
        await bursar.close()
    }
}
