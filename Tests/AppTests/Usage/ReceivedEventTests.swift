import App
import FoundationEssentials
import TestSupport
import Testing
import Values

/// B1: what was received can be asked for, and what was not is told with a code of its own.
@Suite struct `Received usage events` {
    @Test func `are there with all they said, for whoever sees the subscription, by every filter`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-10T00:00:00Z")
        let account = try await tenant.account()
        let id = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let neighbour = try await tenant.prepaid()
        for one in [id, neighbour] { try tenant.activated(one, at: "2025-01-09T00:00:00Z") }
        try await tenant.report(
            tenant.event(
                id, cost: "0.0137", at: "2025-01-09T10:00:00Z", id: "first", product: "Virtual machine", quantity: "1.25"),
            tenant.event(neighbour, cost: "2", at: "2025-01-09T10:00:00Z", id: "theirs")
        ).expect(200)
        try await tenant.advance(to: "2025-01-11T00:00:00Z")
        try await tenant.report(
            tenant.event(id, cost: "3.5", at: "2025-01-10T23:00:00Z", id: "second"),
            tenant.event(id, cost: "1", at: "2025-01-10T23:00:00Z", id: "first"),
            tenant.event(id, cost: "-1", at: "2025-01-10T23:00:00Z", id: "refused")
        ).expect(200)

        func ids(_ query: String, as key: String? = nil) async throws -> [String?] {
            try await tenant.get("/v1/usage-events\(query)", as: key).expect(200).list("data").map { $0.scalar("id") }
        }
        #expect(try await Set(ids("")) == ["second", "theirs", "first"])
        #expect(try await ids("?subscription_id=\(id)") == ["second", "first"])
        #expect(try await ids("?subscription_id=\(id)&sort=received_at") == ["first", "second"])
        #expect(try await ids("?id=first") == ["first"])
        #expect(try await ids("?id=refused") == [])
        #expect(try await ids("?source=/meters/\(tenant.slug)&id=theirs") == ["theirs"])
        #expect(try await ids("?source=/meters/other") == [])
        #expect(try await ids("?subscription_id=\(id)&from=2025-01-10T00:00:00.000001Z") == ["second"])
        #expect(try await ids("?subscription_id=\(id)&to=2025-01-11T00:00:00Z") == ["first"])
        #expect(try await ids("?subscription_id=\(id)&from=2025-01-10T00:00:00Z&to=2025-01-12T00:00:00Z") == ["second", "first"])

        let first = try await tenant.get("/v1/usage-events?id=first").expect(200)
        #expect(first["data.0.subject"] == id)
        #expect(first["data.0.time"] == "2025-01-09T10:00:00Z")
        #expect(first["data.0.received_at"] == "2025-01-10T00:00:00Z")
        #expect(first["data.0.data.cost.amount"] == "0.0137")
        #expect(first["data.0.data.quantity"] == "1.25")
        #expect(first["data.0.data.product"] == "Virtual machine")
        #expect(first["data.0.settled"] == "true")
        #expect(try await tenant.get("/v1/usage-events?id=second").expect(200)["data.0.settled"] == "false")

        let key = try await tenant.accountKey(account, role: "reader")
        #expect(try await ids("", as: key) == ["second", "first"])
        #expect(try await ids("?subscription_id=\(neighbour)", as: key) == [])
        let other = try await TestBursar.shared.tenant()
        #expect(try await other.get("/v1/usage-events?subscription_id=\(id)").expect(200).list("data").isEmpty)
    }

    @Test func `come page by page, each once`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-10T00:00:00Z")
        let id = try await tenant.prepaid()
        let events = (0..<23).map { tenant.event(id, cost: "1", at: "2025-01-10T00:00:00Z", id: "e\($0)") }
        try await tenant.request(
            "POST", "/v1/usage-events", .list(events), headers: ["Content-Type": "application/cloudevents-batch+json"]
        ).expect(200)
        var seen: [String] = []
        var cursor: String?
        repeat {
            let page = try await tenant.get("/v1/usage-events?limit=10" + (cursor.map { "&cursor=\($0)" } ?? "")).expect(200)
            seen += page.list("data").compactMap { $0.scalar("id") }
            cursor = page["next_cursor"]
        } while cursor != nil
        #expect(seen.count == 23)
        #expect(Set(seen).count == 23)
    }

    @Test func `are erased with the subscription, and one that comes later is told so`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-10T00:00:00Z")
        let id = try await tenant.prepaid()
        try await tenant.use(id, cost: "1", at: "2025-01-10T00:00:00Z")
        try await tenant.suspend(id, "requested").expect(200)
        try await tenant.advance(to: "2025-06-01T00:00:00Z")
        #expect(try await tenant.subscription(id)["state"] == "deleted")
        #expect(try await tenant.get("/v1/usage-events?subscription_id=\(id)").expect(200).list("data").isEmpty)
        let late = try await tenant.report(tenant.event(id, cost: "1", at: "2025-05-31T00:00:00Z")).expect(200)
        #expect(late["results.0.code"] == "subscription_deleted")
        try await tenant.invariants()
    }

    /// Late, future, foreign, suspended, not yet paid for, malformed in each of its parts: a code for each, none twice.
    @Test func `that are refused are told why, each cause by a code of its own`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-04-20T00:00:00Z")
        let other = try await TestBursar.shared.tenant(clock: "2025-04-20T00:00:00Z")
        let id = try await tenant.prepaid()
        let foreign = try await other.prepaid()
        let pending = try await tenant.order("prepaid", for: tenant.account()).expect(201).id
        let suspended = try await tenant.prepaid()
        try await tenant.suspend(suspended, "operator").expect(200)
        let now = "2025-04-20T00:00:00Z"
        func altered(_ name: String, _ value: Input?) -> Input {
            guard case .object(let fields) = tenant.event(id, cost: "1", at: now) else { return nil }
            let rest = fields.filter { $0.0 != name }
            return .object(value.map { rest + [(name, $0)] } ?? rest)
        }
        let cases: [(Input, String)] = [
            (tenant.event(id, cost: "1", at: "2025-04-20T00:05:01Z"), "event_in_future"),
            (tenant.event(id, cost: "1", at: "2025-03-15T23:59:59Z"), "event_too_old"),
            (tenant.event(id, cost: "1", at: "2025-04-19T23:59:59Z"), "before_activation"),
            (tenant.event(foreign, cost: "1", at: now), "unknown_subscription"),
            (tenant.event(pending, cost: "1", at: now), "subscription_pending"),
            (tenant.event(suspended, cost: "1", at: now), "subscription_suspended"),
            ("no object", "event_not_object"),
            (altered("specversion", "0.3"), "specversion_unsupported"), (altered("id", nil), "id_invalid"),
            (altered("source", ""), "source_invalid"), (altered("time", "2025-04-20"), "time_invalid"),
            (altered("type", 7), "meter_invalid"), (altered("datacontenttype", "text/xml"), "data_not_json"),
            (altered("data", nil), "data_invalid"), (altered("data", ["colour": "red"]), "data_unknown_field"),
            (altered("data", ["quantity": "1", "unit": "h"]), "product_invalid"),
            (altered("data", ["product": "x", "quantity": 1, "unit": "h"]), "quantity_invalid"),
            (altered("data", ["product": "x", "quantity": "1"]), "unit_invalid"),
            (altered("data", ["product": "x", "quantity": "1", "unit": "h", "resource": 1]), "resource_invalid"),
            (altered("data", ["product": "x", "quantity": "1", "unit": "h", "cost": "1"]), "cost_invalid"),
        ]
        let reply = try await tenant.request(
            "POST", "/v1/usage-events", .list(cases.map(\.0)), headers: ["Content-Type": "application/cloudevents-batch+json"]
        ).expect(200)
        #expect(reply.list("results").map { $0.scalar("code") } == cases.map(\.1))
        #expect(Set(cases.map(\.1)).count == cases.count)
        for result in reply.list("results") { #expect(result.scalar("detail")?.isEmpty == false) }
        #expect(try await tenant.get("/v1/usage-events").expect(200).list("data").isEmpty)
        try await tenant.invariants()
    }
}
