import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// B1: takes up to a thousand usage events and gives each its verdict. The same (source, ID) counts once, for ever; nothing is dropped silently.
package struct ReceiveUsage: Sendable {
    static let eventsAtMost = 1_000

    package struct Verdict: Sendable {
        package let id: String
        package let word: String
        package let code: String?
    }

    /// An event as far as it could be read.
    enum Incoming {
        case readable(Event)
        case faulty(id: String, fault: EventFault)
    }
    struct Event: Sendable {
        let id: String
        let source: String
        let subscription: SubscriptionID
        let observation: UsageObservation
    }

    let incoming: [Incoming]
    let origin: UsageEventRule.Origin

    static let singleEventType = "application/cloudevents+json"
    static let batchType = "application/cloudevents-batch+json"

    /// Reads what the media type announces: CloudEvents in a batch, or one in structured mode; `application/json` may be either.
    init(body: JSON, mediaType: String?) throws {
        let isObject = if case .object = body { true } else { false }
        if mediaType == Self.singleEventType, !isObject {
            throw Failure.invalid([FieldError("", "wrong_type", ["expected": "object"])])
        }
        let isSingle = isObject && mediaType != Self.batchType
        try self.init(batch: isSingle ? .array([body]) : body)
    }

    /// Reads a CloudEvents batch. Only the shape of the whole is refused here; a faulty event gets its own verdict.
    package init(batch: JSON) throws {
        guard case .array(let events) = batch else { throw Failure.malformed(code: "batch_expected", pointer: "") }
        guard events.count <= Self.eventsAtMost else {
            throw Failure.invalid([FieldError("", "too_many_items", ["max": String(Self.eventsAtMost)])])
        }
        incoming = events.map(CloudEvent.read)
        origin = .event
    }

    /// Rows of a file, already read and rated.
    init(imported events: [Event]) {
        incoming = events.map { .readable($0) }
        origin = .importedFile
    }

    /// Readings that the demo's history brings, under the same rules as events from outside.
    init(observed events: [Event]) {
        incoming = events.map { .readable($0) }
        origin = .event
    }

    package func run(_ context: TenantContext, _ options: CommandOptions, words: @Sendable (String) -> String) async throws
        -> Answer
    {
        try context.require(.operate)
        return try await context.command(options) { write in
            let verdicts = try await receive(write)
            return Answer(status: 200, body: Self.receipt(verdicts, words: words))
        }
    }

    /// What is known of a subscription that events name.
    private struct Known {
        let facts: LifecycleFacts
        let currency: Currency
        let zone: TimeZoneRule
        var suspensions: [SuspensionInterval] = []
    }

    func receive(_ write: Write) async throws -> [Verdict] {
        let subjects = Set(incoming.compactMap { if case .readable(let event) = $0 { event.subscription } else { nil } }).sorted()
        let known = try await load(subjects, write)
        var verdicts: [Verdict?] = Array(repeating: nil, count: incoming.count)
        var fresh: [(index: Int, event: Event, record: UsageRecordID)] = []
        var refused: [(index: Int, event: Event, code: String)] = []
        var seen: Set<[String]> = []
        for (index, item) in incoming.enumerated() {
            switch item {
            case .faulty(let id, let fault): verdicts[index] = Verdict(id: id, word: "rejected", code: fault.rawValue)
            case .readable(let event):
                if seen.contains([event.source, event.id]) {
                    verdicts[index] = Verdict(id: event.id, word: "duplicate", code: nil)
                } else if let code = rejection(of: event, known[event.subscription], at: write.now) {
                    refused.append((index, event, code))
                } else {
                    seen.insert([event.source, event.id])
                    fresh.append((index, event, write.newID()))
                }
            }
        }
        let accepted = try await earlier(refused.map(\.event), write)
        for item in refused {
            let isAgain = accepted.contains([item.event.source, item.event.id])
            verdicts[item.index] = Verdict(
                id: item.event.id, word: isAgain ? "duplicate" : "rejected", code: isAgain ? nil : item.code)
        }
        let stored = try await store(fresh, known, write)
        for item in fresh {
            verdicts[item.index] = Verdict(
                id: item.event.id, word: stored.contains(item.record) ? "accepted" : "duplicate", code: nil)
        }
        return verdicts.compactMap { $0 }
    }

    /// B1: which of them were accepted before. What is too old by now, or of a subscription suspended since, is still the same event: a duplicate. What would
    /// be accepted needs no question: the table's own key tells the two apart.
    private func earlier(_ events: [Event], _ write: Write) async throws -> Set<[String]> {
        guard !events.isEmpty else { return [] }
        let rows = try await write.query(
            """
            select source, event_id from usage_events where tenant_id = \(write.tenant.id) and (source, event_id) in \
            (select * from unnest(\(events.map(\.source)), \(events.map(\.id))))
            """)
        return Set(try rows.map { [try $0.get(0, as: String.self), try $0.get(1, as: String.self)] })
    }

    private func rejection(of event: Event, _ known: Known?, at now: Instant) -> String? {
        guard let known else { return EventFault.unknownSubscription.rawValue }
        return UsageEventRule.rejection(
            of: event.observation, from: origin, subscription: known.facts, currency: known.currency,
            suspensions: known.suspensions, at: now)?.code
    }

    /// The subscriptions' rows are locked for share, in id order: a deletion either comes later and erases what is stored here, or came first and is seen.
    private func load(_ subjects: [SubscriptionID], _ write: Write) async throws -> [SubscriptionID: Known] {
        // Bounded by the events' own times: the tenant's clock is known only after this flush, and an imported row may be of any age.
        let earliest = incoming.compactMap { if case .readable(let event) = $0 { event.observation.time } else { nil } }.min()
        let rows = try await write.begin([
            """
            select s.id, s.offer, s.state, s.purchased_at, s.activated_at, s.currency, a.time_zone from subscriptions s \
            join accounts a on a.tenant_id = s.tenant_id and a.id = s.account_id \
            where s.tenant_id = \(write.tenant.id) and s.id = any(\(subjects)) order by s.id for share of s
            """,
            """
            select subscription_id, suspended_at, reactivated_at from suspension_intervals where tenant_id = \(write.tenant.id) \
            and subscription_id = any(\(subjects)) and (reactivated_at is null or reactivated_at > \(earliest))
            """,
        ])
        var known: [SubscriptionID: Known] = [:]
        for row in rows[0] {
            var column = Columns(row)
            let id: SubscriptionID = try column.next()
            var facts = LifecycleFacts(offer: try column.next(), state: try column.next(), purchasedAt: try column.next())
            facts.activatedAt = try column.next()
            known[id] = Known(facts: facts, currency: try column.next(), zone: try column.next())
        }
        for row in rows[1] {
            var column = Columns(row)
            let id: SubscriptionID = try column.next()
            known[id]?.suspensions.append(SuspensionInterval(suspendedAt: try column.next(), reactivatedAt: try column.next()))
        }
        return known
    }

    /// Stores what is new, and queues its subscriptions for settlement, in one statement; answers the records that were new.
    private func store(
        _ fresh: [(index: Int, event: Event, record: UsageRecordID)], _ known: [SubscriptionID: Known], _ write: Write
    ) async throws -> Set<UsageRecordID> {
        guard !fresh.isEmpty else { return [] }
        let months = fresh.map { item in
            (known[item.event.subscription]?.zone ?? .utc).date(at: item.event.observation.time).monthStart
        }
        let observations = fresh.map(\.event.observation)
        let rows = try await write.query(
            """
            with incoming as (select * from unnest(\(fresh.map(\.event.source)), \(fresh.map(\.event.id)), \(fresh.map(\.event.subscription)), \
            \(fresh.map(\.record)), \(observations.map(\.meter)), \(observations.map(\.time)), \(months), \(observations.map(\.product)), \
            \(observations.map(\.resource)), \(observations.map(\.quantity)), \(observations.map(\.unit)), \(observations.map { $0.cost ?? .zero }), \
            \(fresh.map { known[$0.event.subscription]?.currency.code ?? "" })) as i (source, event_id, subscription_id, record_id, meter, occurred_at, \
            bill_month, product, resource, quantity, unit, cost, currency)), \
            fresh as (insert into usage_events (tenant_id, source, event_id, subscription_id, record_id, type, occurred_at, received_at) \
            select \(write.tenant.id), source, event_id, subscription_id, record_id, meter, occurred_at, \(write.now) from incoming \
            on conflict (tenant_id, source, event_id) do nothing returning record_id, subscription_id), \
            recorded as (insert into usage_records (tenant_id, id, subscription_id, product, meter, resource, occurred_at, bill_month, quantity, unit, \
            cost, currency) select \(write.tenant.id), i.record_id, i.subscription_id, i.product, i.meter, i.resource, i.occurred_at, i.bill_month, \
            i.quantity, i.unit, i.cost, i.currency from incoming i join fresh f on f.record_id = i.record_id), \
            queued as (insert into work.settlement_queue (tenant_id, subscription_id, queued_at) \
            select distinct \(write.tenant.id), subscription_id, \(write.dependencies.realNow()) from fresh on conflict do nothing) \
            select record_id from fresh
            """)
        return Set(try rows.map { try $0.get(0, as: UsageRecordID.self) })
    }

    static func receipt(_ verdicts: [Verdict], words: (String) -> String) -> [UInt8] {
        var json = JSONWriter(capacity: 128 + verdicts.count * 80)
        json.object { json in
            for word in ["accepted", "duplicate", "rejected"] { json.field(word, verdicts.count { $0.word == word }) }
            json.field(
                "results",
                array: { json in
                    for verdict in verdicts {
                        json.object {
                            $0.field("id", verdict.id)
                            $0.field("verdict", verdict.word)
                            $0.field("code", verdict.code)
                            $0.field("detail", verdict.code.map(words))
                        }
                    }
                })
        }
        return json.bytes
    }
}
