import App
import Billing
import FoundationEssentials
import HTTP
import Postgres
import TestSupport
import Testing
import Values

/// What is told of one object says which of two events is the older.
@Suite struct `The sequence of an object's events` {
    /// The events in the order in which they happened: type and sequence, per object.
    private func told(_ tenant: TestTenant) throws -> [String: [(type: String, sequence: Int64)]] {
        let rows = try tenant.bursar.database.superuser().query(
            "select object_kind, object_id::text, type, sequence from outbox_events where tenant_id = \(tenant.id) order by id")
        var told: [String: [(type: String, sequence: Int64)]] = [:]
        for row in rows {
            let (kind, id): (String, String) = (try row.get(0), try row.get(1))
            told["\(kind) \(id)", default: []].append((try row.get(2), try row.get(3)))
        }
        return told
    }

    private func expectRising(_ told: [String: [(type: String, sequence: Int64)]]) {
        for (object, events) in told {
            for (one, next) in zip(events, events.dropFirst()) {
                #expect(one.sequence < next.sequence, "\(object): \(events)")
            }
        }
    }

    @Test func `rises with a payment from its first step to its last`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        try await tenant.bankAccount()
        let subscription = try await tenant.prepaid()
        let payment = try await tenant.transfer(subscription, "2000.00")
        for amount in ["500.00", "1500.00"] {
            try await tenant.match(try await tenant.remittance(amount).id, payment.id).expect(200)
        }
        let late = try await tenant.transfer(subscription, "1000.00")
        try await tenant.match(try await tenant.remittance("100.00").id, late.id).expect(200)
        try await tenant.advance(to: "2025-02-01T00:00:00Z")
        try await tenant.match(try await tenant.remittance("900.00").id, late.id).expect(200)
        let told = try told(tenant)
        expectRising(told)
        let payments = told.filter { $0.key.hasPrefix("payment ") }.map { $0.value.map(\.type) }
        #expect(payments.contains(["payment.pending", "payment.part_received", "payment.succeeded"]), "\(payments)")
    }

    @Test func `rises with a member from the invitation to the end, and says what the list of types knows`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let email = "\(tenant.bursar.uniqueName("sequence"))@example.com"
        let id = try await tenant.invite(email, as: "reader", to: story.account).expect(201).id
        try await tenant.request("PATCH", "/v1/members/\(id)", ["role": "finance"]).expect(200)
        try await tenant.post("/v1/members/\(id)/resend-invite").expect(200)
        try await Browser(tenant.bursar).accept(try tenant.secretPath("invitation", to: email))
        for role in ["reader", "finance"] {
            try await tenant.request("PATCH", "/v1/members/\(id)", ["role": "\(role)"]).expect(200)
        }
        try await tenant.request("DELETE", "/v1/members/\(id)").expect(200)
        let withdrawn = try await tenant.invite("no-\(email)", as: "reader", to: story.account).expect(201).id
        try await tenant.request("DELETE", "/v1/members/\(withdrawn)").expect(200)
        let told = try told(tenant)
        expectRising(told)
        let members = told.filter { $0.key.hasPrefix("member ") }.map { $0.value.map(\.type) }
        #expect(
            members.contains([
                "member.invited", "member.changed", "member.joined", "member.changed", "member.changed", "member.removed",
            ]), "\(members)")
        #expect(members.contains(["member.invited", "member.removed"]))
        #expect(told.values.joined().allSatisfy { $0.sequence < 1_000 })
        let known = Set(WebhookEventType.allCases.map(\.rawValue))
        #expect(Set(told.values.joined().map(\.type)).isSubset(of: known))
    }

    private static let migration = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "SQL/migrations/0030_events.sql")

    @Test func `goes on rising for memberships from before they had a version`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        var ids: [String] = []
        // One who was invited, one who has joined, one who has joined and whose role was changed since.
        for (name, steps) in [("invited", 0), ("joined", 1), ("changed", 2)] {
            let email = "\(tenant.bursar.uniqueName(name))@example.com"
            let id = try await tenant.invite(email, as: "reader", to: story.account).expect(201).id
            if steps > 0 { try await Browser(tenant.bursar).accept(try tenant.secretPath("invitation", to: email)) }
            if steps > 1 { try await tenant.request("PATCH", "/v1/members/\(id)", ["role": "finance"]).expect(200) }
            ids.append(id)
        }
        // As it stood: an invitation was the first event and its acceptance the second, every other one the microsecond at which it was told.
        try tenant.force(
            """
            update outbox_events set sequence = case type when 'member.invited' then 1 when 'member.joined' then 2
            else (extract(epoch from now()) * 1000000)::bigint end where tenant_id = $tenant and object_kind = 'member';
            update invitations set version = 1 where tenant_id = $tenant;
            update role_assignments set version = 1 where tenant_id = $tenant;
            """)
        let script = try String(contentsOf: Self.migration, encoding: .utf8)
        let block = try #require(script.firstMatch(of: #/do \$\$[\s\S]*?\n\$\$;/#)).output
        try tenant.force(
            String(block).replacing("from identity.tenants loop", with: "from identity.tenants where id = $tenant loop"))
        for id in ids {
            for role in ["finance", "reader"] {
                try await tenant.request("PATCH", "/v1/members/\(id)", ["role": "\(role)"]).expect(200)
            }
        }
        try await tenant.request("DELETE", "/v1/members/\(ids[2])").expect(200)
        let told = try told(tenant)
        expectRising(told)
        let member = try #require(MemberID(ids[2])).uuid.uuidString.lowercased()
        let last = told["member \(member)"]?.map(\.sequence) ?? []
        #expect(last.count == 5 && last[2] > 1_000_000_000_000_000, "\(last)")
        #expect(last.suffix(2).elementsEqual([last[2] + 1, last[2] + 2]), "\(last)")
        try await tenant.invariants()
    }

    @Test func `is told under the name that each step has in the history`() {
        for step in TransitionType.allCases { #expect(WebhookEventType(step).rawValue == step.rawValue) }
        #expect(Set(TransitionType.allCases.map { WebhookEventType($0) }).count == TransitionType.allCases.count)
    }

    @Test func `rises with every object of the whole world`() async throws {
        let world = try await World.make(.shared)
        for endpoint in Endpoint.allCases where endpoint.method != "GET" { _ = try? await world.send(endpoint) }
        let told = try told(world.tenant)
        #expect(told.count > 10)
        expectRising(told)
        let known = Set(WebhookEventType.allCases.map(\.rawValue))
        #expect(Set(told.values.joined().map(\.type)).isSubset(of: known))
    }
}
