import FoundationEssentials
import Postgres
import TestSupport
import Testing
import Values

/// `what_next` is a promise: at each predicted instant exactly the predicted events happen, a microsecond earlier none has.
@Suite struct `What happens if I do nothing` {
    enum Situation: String, CaseIterable {
        case pending, trial, prepaid, threeLots, spentLot, upgradedTrial, requested, requestedBeforeExpiry, requestedWithTwoLots,
            exhausted,
            exhaustedAndRequested, indebted, enterprise, cancelled
        case trialSuspended
    }

    @Test(arguments: Situation.allCases) func `comes true`(situation: Situation) async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2024-01-31T12:00:00Z")
        let id = try await make(situation, tenant)
        let predicted = try await whatNext(id, tenant)
        #expect(situation == .enterprise ? predicted.isEmpty : !predicted.isEmpty)
        var seen = try happened(to: id, tenant).count
        for instant in Set(predicted.map(\.at)).sorted() {
            try await tenant.advance(to: instant.adding(microseconds: -1).rfc3339)
            #expect(try happened(to: id, tenant).count == seen, "something happened before \(instant)")
            #expect(try await whatNext(id, tenant) == predicted.filter { $0.at >= instant })
            try await tenant.advance(to: instant.rfc3339)
            let news = try happened(to: id, tenant).dropFirst(seen)
            #expect(news.map(\.event) == predicted.filter { $0.at == instant }.map(\.event), "at \(instant)")
            #expect(news.allSatisfy { $0.at == instant })
            seen += news.count
        }
        #expect(try await whatNext(id, tenant) == [])
        if situation != .enterprise { #expect(try await tenant.subscription(id)["state"] == "deleted") }
        // Years later nothing else has happened.
        try await tenant.advance(to: "2030-01-01T00:00:00Z")
        #expect(try happened(to: id, tenant).count == seen)
        try await tenant.invariants()
    }

    private struct Event: Equatable {
        let at: Instant
        let event: String
    }

    private func whatNext(_ id: String, _ tenant: TestTenant) async throws -> [Event] {
        try await tenant.subscription(id).list("what_next").map {
            Event(at: try instant($0.scalar("at") ?? ""), event: $0.scalar("event") ?? "")
        }
    }

    /// The outgoing events about a subscription, in order.
    private func happened(to id: String, _ tenant: TestTenant) throws -> [Event] {
        guard let subscription = SubscriptionID(id) else { throw TestFault("no subscription ID") }
        let rows = try tenant.bursar.database.superuser().query(
            """
            select occurred_at, type from outbox_events where tenant_id = \(tenant.id.uuid) and object_id = \(subscription.uuid) order by sequence
            """)
        return try rows.map {
            Event(at: Instant(microseconds: try $0.get(0, as: PostgresTimestamp.self).microseconds), event: try $0.get(1))
        }
    }

    private func make(_ situation: Situation, _ tenant: TestTenant) async throws -> String {
        switch situation {
        case .pending: return try await tenant.order("prepaid", for: tenant.account()).expect(201).id
        case .trial: return try await tenant.trial()
        case .trialSuspended:
            let id = try await tenant.trial()
            try await tenant.advance(to: "2024-02-20T00:00:00Z")
            try await tenant.suspend(id, "operator").expect(200)
            return id
        case .prepaid: return try await tenant.prepaid()
        case .threeLots, .requestedWithTwoLots, .spentLot:
            let id = try await tenant.prepaid()
            try await tenant.advance(to: "2024-02-29T12:00:00Z")
            try await tenant.pay(id, "2000.00").expect(200)
            if situation == .spentLot {
                try await tenant.use(id, cost: "1000.00", at: "2024-02-28T00:00:00Z")
                try await tenant.settle()
            }
            if situation == .threeLots {
                try await tenant.advance(to: "2024-03-01T00:00:00Z")
                try await tenant.pay(id, "3000.00").expect(200)
            }
            if situation == .requestedWithTwoLots {
                // The first lot ends inside the window, the second beyond it.
                try await tenant.advance(to: "2024-11-15T00:00:00Z")
                try await tenant.suspend(id, "requested").expect(200)
            }
            return id
        case .upgradedTrial:
            let id = try await tenant.trial()
            try await tenant.upgrade(id, "1000.00").expect(200)
            return id
        case .requested:
            let id = try await tenant.prepaid()
            try await tenant.suspend(id, "requested").expect(200)
            return id
        case .requestedBeforeExpiry:
            let id = try await tenant.prepaid()
            try await tenant.advance(to: "2025-01-01T00:00:00Z")
            try await tenant.suspend(id, "requested").expect(200)
            return id
        case .exhausted, .exhaustedAndRequested, .indebted:
            let id = try await tenant.prepaid()
            try await tenant.use(id, cost: situation == .indebted ? "1234.56" : "1000.00", at: "2024-01-31T12:00:00Z")
            try await tenant.settle()
            if situation == .exhaustedAndRequested {
                try await tenant.advance(to: "2024-02-10T00:00:00Z")
                try await tenant.suspend(id, "requested").expect(200)
            }
            return id
        case .enterprise: return try await tenant.enterprise()
        case .cancelled:
            let id = try await tenant.enterprise()
            try await tenant.post("/v1/subscriptions/\(id)/cancel").expect(200)
            return id
        }
    }
}
