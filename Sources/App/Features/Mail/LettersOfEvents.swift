import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Turns outgoing events into letters, each event once: the letters and the mark on the event are one transaction, so a crash in between asks for none
/// of them and two servers for no more than one set.
package struct LettersOfEvents: Sendable {
    private struct Event: Sendable {
        let id: EventID
        let type: String
        let object: UUID
        let sequence: Int64
        let payload: JSONMembers?
        let at: Instant
    }

    private static let types: Set = [
        TransitionType.suspended.rawValue, TransitionType.reactivated.rawValue, TransitionType.deleted.rawValue,
        "payment.succeeded",
        "subscription.credit_low",
    ]
    private static let atOnce: Int64 = 200

    let context: TenantContext

    package init(_ context: TenantContext) { self.context = context }

    /// Works through what has happened, in order; answers how many events brought letters.
    package func everything() async throws -> Int {
        var count = 0
        var failed: [EventID] = []
        for _ in 0..<1_000 {
            let (ids, told) = try await waiting(except: failed)
            guard !ids.isEmpty else { break }
            for event in told {
                do {
                    try await tell(event)
                    count += 1
                } catch is CancellationError {
                    throw CancellationError()
                } catch let error as PostgresError where error.isRetryable {
                    throw error
                } catch {
                    // The next look tries it again; the others do not wait for it.
                    context.dependencies.log(
                        .error, "letters of an event failed", [("event", event.id.description), ("error", "\(error)")])
                    failed.append(event.id)
                }
            }
            let silent = ids.filter { id in !told.contains { $0.id == id } }
            if !silent.isEmpty { try await mark(silent) }
            if ids.count < Self.atOnce { break }
        }
        return count
    }

    private func waiting(except failed: [EventID]) async throws -> (ids: [EventID], told: [Event]) {
        let rows = try await context.read(
            """
            select id, type, object_id, sequence, payload, occurred_at from outbox_events \
            where tenant_id = \(context.tenant.id) and letters_at is null and not id = any(\(failed)) order by id limit \(Self.atOnce)
            """
        ).rows
        var ids: [EventID] = []
        var told: [Event] = []
        for row in rows {
            var column = Columns(row)
            let id: EventID = try column.next()
            ids.append(id)
            let type: String = try column.next()
            guard Self.types.contains(type) else { continue }
            let object: UUID = try column.next()
            let sequence: Int64 = try column.next()
            let payload = try column.next(PostgresJSON?.self).flatMap { try? JSON(parsing: Array($0.text.utf8)).members }
            told.append(Event(id: id, type: type, object: object, sequence: sequence, payload: payload, at: try column.next()))
        }
        return (ids, told)
    }

    /// What nobody is written to about.
    private func mark(_ ids: [EventID]) async throws {
        let now = context.dependencies.realNow()
        try await context.work { write in
            write.enqueue(
                "update outbox_events set letters_at = \(now) where tenant_id = \(write.tenant.id) and id = any(\(ids)) and letters_at is null"
            )
        }
    }

    private func tell(_ event: Event) async throws {
        let now = context.dependencies.realNow()
        try await context.work { write in
            let claimed = try await write.begin([
                """
                update outbox_events set letters_at = \(now) where tenant_id = \(write.tenant.id) and id = \(event.id) and letters_at is null returning id
                """
            ])
            guard !claimed[0].isEmpty else { return }
            if event.type == "payment.succeeded" {
                try await tellOfPayment(event, write)
            } else {
                try await tellOfSubscription(event, write)
            }
        }
    }

    private func subscription(_ id: SubscriptionID, _ write: Write) async throws -> Subscription? {
        let rows = try await write.query(SubscriptionQueries.one(write.tenant.id, id))
        return try SubscriptionQueries.decode(rows[0], lots: rows[1]).first
    }

    // MARK: The lifecycle

    private func tellOfSubscription(_ event: Event, _ write: Write) async throws {
        guard let subscription = try await subscription(SubscriptionID(event.object), write) else { return }
        if event.type == TransitionType.deleted.rawValue { return try await tellOfDeletion(event, subscription, write) }
        // What is deleted is not written about any more, except that it is deleted (L3).
        guard subscription.state != .deleted else { return }
        switch event.type {
        case TransitionType.suspended.rawValue: try await tellOfSuspension(event, subscription, write)
        case TransitionType.reactivated.rawValue:
            let readers = try await LetterReaders.of(
                subscription, [.accountAdministrator, .finance, .serviceAdministrator], write)
            write.send(
                .reactivated, to: readers, about: subscription, facts: ["at": .instant(event.at)], cause: event.id.uuid,
                at: event.at)
        default: try await tellOfLowCredit(event, subscription, write)
        }
    }

    private func tellOfSuspension(_ event: Event, _ subscription: Subscription, _ write: Write) async throws {
        let rows = try await write.query(
            """
            select reason from transition_events where tenant_id = \(write.tenant.id) and subscription_id = \(subscription.id) and sequence = \(event.sequence)
            """)
        let reason = try rows.first?.get(0, as: String?.self).flatMap { SuspensionReason(rawValue: $0) }
        let facts = try await SuspensionFacts.of(
            subscription, reasons: reason.map { [$0] } ?? [], suspendedAt: event.at,
            deleteAt: subscription.policy.deadline(suspendedAt: event.at), write)
        let readers = try await LetterReaders.of(subscription, [.accountAdministrator, .finance, .serviceAdministrator], write)
        write.send(.suspended, to: readers, about: subscription, facts: facts, cause: event.id.uuid, at: event.at)
    }

    private func tellOfLowCredit(_ event: Event, _ subscription: Subscription, _ write: Write) async throws {
        func money(_ name: String) -> Money? {
            guard let text = event.payload?[name]?.members?["amount"]?.text else { return nil }
            return try? Money(text, currency: subscription.currency)
        }
        guard let remaining = money("remaining"), let bought = money("bought"),
            let lot = event.payload?["lot_id"]?.text.flatMap({ LotID($0) })
        else { return }
        let readers = try await LetterReaders.of(subscription, [.accountAdministrator, .finance, .serviceAdministrator], write)
        write.send(
            .creditLow, to: readers, about: subscription,
            facts: [
                "remaining": .money(remaining), "bought": .money(bought), "percent": .number(Int(LowCredit.percent)),
                "days": .number(subscription.policy.retentionDays),
            ], cause: lot.uuid, at: event.at)
    }

    private func tellOfDeletion(_ event: Event, _ subscription: Subscription, _ write: Write) async throws {
        let rows = try await write.query(
            [
                "select rule, sha256 from deletion_certificates where tenant_id = \(write.tenant.id) and subscription_id = \(subscription.id)",
                DeletionCertificate.forfeits(write.tenant.id, subscription.id),
            ])
        guard let row = rows[0].first else { return }
        let rule: String = try row.get(0)
        guard rule == "L11" else {
            return DeletionLetter.send(
                to: try await LetterReaders.of(subscription, DeletionLetter.ofAccount, write), of: subscription, rule: rule,
                digest: try row.get(1), forfeited: try DeletionCertificate.forfeited(rows[1], subscription), at: event.at,
                link: subscription.links(.certificate), write)
        }
        for reader in try await LetterReaders.of(subscription, [.accountAdministrator], write) {
            write.send(
                Letter(
                    .lapsed, to: reader, account: subscription.accountID,
                    facts: [
                        "at": .instant(event.at), "rule": .text(rule), "order": .text(subscription.orderID.description),
                        "subscription_id": .text(subscription.id.description),
                    ], link: PageRoute.subscriptions.url(subscription.accountID.description), cause: event.id.uuid), at: event.at)
        }
    }

    // MARK: Payments

    private func tellOfPayment(_ event: Event, _ write: Write) async throws {
        let rows = try await write.query(
            """
            select p.subscription_id, p.amount_minor, p.debt_paid_minor, p.order_id, l.amount_minor, l.expires_at from payments p \
            left join credit_lots l on l.tenant_id = p.tenant_id and l.subscription_id = p.subscription_id and l.order_id = p.order_id \
            where p.tenant_id = \(write.tenant.id) and p.id = \(event.object) limit 1
            """)
        guard let row = rows.first else { return }
        var column = Columns(row)
        guard let subscription = try await subscription(try column.next(), write), subscription.state != .deleted else { return }
        var facts: [String: LetterFact] = [
            "amount": .money(subscription.money(try column.next())), "payment": .text(PaymentID(event.object).description),
        ]
        let debt: Int64 = try column.next()
        if debt > 0 { facts["debt"] = .money(subscription.money(debt)) }
        facts["order"] = .text(try column.next(OrderID.self).description)
        if let credit = try column.next(Int64?.self) { facts["credit"] = .money(subscription.money(credit)) }
        if let expiry = try column.next(Instant?.self) { facts["expires_at"] = .instant(expiry) }
        if subscription.outstandingMinor > 0 { facts["outstanding"] = .money(subscription.outstanding) }
        if let held = try await write.held(of: PaymentID(event.object), subscription.currency) { facts["held"] = .money(held) }
        facts["remaining"] = .money(subscription.remaining(at: event.at))
        let readers = try await LetterReaders.of(subscription, [.accountAdministrator, .finance], write)
        write.send(.paymentReceived, to: readers, about: subscription, facts: facts, cause: event.id.uuid, at: event.at)
    }
}
