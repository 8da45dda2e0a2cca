import Billing
import Crypto
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Cancels, suspends or reactivates up to a thousand subscriptions in one transaction, with a verdict for each (A15).
///
/// `each` does what can be done and says of the rest why not; `all` does all or nothing. Rows are locked in the order of their IDs.
package struct ActOnSubscriptions: Sendable {
    package static let itemsAtMost = 1_000
    /// So many are done while the caller waits; more are long work, which answers 202.
    package static let atOnceAtMost = 200
    /// A page that a person waits for follows the work from so many on.
    package static let followedFrom = 50

    package enum Action: String, Sendable, CaseIterable { case cancel, suspend, reactivate }
    package enum Mode: String, Sendable, CaseIterable { case each, all }

    package struct Item: Sendable {
        package let id: SubscriptionID
        /// The caller's own name for this deed: sent again, it is done once, whatever else the batch holds.
        package let key: String?
        /// A reason of the lifecycle; nil for a cancellation.
        package let reason: SuspensionReason
        package let note: String?

        package init(id: SubscriptionID, key: String? = nil, reason: SuspensionReason, note: String? = nil) {
            self.id = id
            self.key = key
            self.reason = reason
            self.note = note
        }
    }

    package enum Verdict: String, Sendable, CaseIterable {
        case done, unchanged, refused
        /// Only of long work that ended before its turn came.
        case notBegun = "not_begun"
    }

    struct Result {
        let item: Item
        var verdict: Verdict
        var failure: Failure?
        var subscription: Subscription?
        /// The answer that the item's key has kept.
        var kept: String?
    }

    /// What has come of one item: IDs, states and dates only.
    struct Outcome: Sendable {
        var verdict: Verdict
        var failure: Failure?
        var state: String?
        var recoverableUntil: Instant?
        var isReplay = false
    }

    let action: Action
    let items: [Item]
    let mode: Mode

    package init(action: Action, items: [Item], mode: Mode) {
        self.action = action
        self.items = items
        self.mode = mode
    }

    /// - Parameter words: the detail of an error code in the caller's language.
    /// - Throws: `Failure.invalid` that names each refused item when all was to be done or nothing; nothing has been then.
    package func run(
        _ context: TenantContext, _ options: CommandOptions, words: @escaping @Sendable (Failure) -> String
    ) async throws -> Answer {
        guard !items.isEmpty else { throw Failure.invalid([FieldError("/items", "required")]) }
        return try await context.command(options) { write in
            let results = try await act(write, withKeys: !options.dryRun)
            let refused = results.enumerated().filter { $0.element.verdict == .refused }
            if mode == .all, !refused.isEmpty {
                throw Failure.invalid(
                    refused.map { index, result in
                        FieldError(
                            Self.pointer(index, result.failure), result.failure?.code ?? "not_found",
                            result.failure?.arguments ?? [:])
                    })
            }
            return Answer(status: 200, body: body(results, words))
        }
    }

    /// The item, or the part of it that is refused.
    private static func pointer(_ index: Int, _ failure: Failure?) -> String {
        failure?.code == "idempotency_key_reused" ? "/items/\(index)/idempotency_key" : "/items/\(index)"
    }

    /// More than a caller waits for.
    package var isLong: Bool { items.count > Self.atOnceAtMost }

    // MARK: Deciding

    func act(_ write: Write, withKeys: Bool) async throws -> [Result] {
        let ids = Set(items.map(\.id)).sorted()
        let tenant = write.tenant.id
        let rows = try await write.begin([
            "select from subscriptions where tenant_id = \(tenant) and id = any(\(ids)) order by id for no key update",
            SubscriptionQueries.list("s.tenant_id = \(tenant) and s.id = any(\(ids))"), SubscriptionQueries.lots(tenant, ids),
        ])
        var subscriptions: [SubscriptionID: Subscription] = [:]
        for subscription in try SubscriptionQueries.decode(rows[1], lots: rows[2])
        where !write.principal.roles(on: subscription.belonging).isEmpty {
            subscriptions[subscription.id] = subscription
        }
        var keys = withKeys ? try await ItemKeys.claim(items, for: action, write) : ItemKeys()
        var results: [Result] = []
        for item in items {
            var result = Result(item: item, verdict: .refused, subscription: subscriptions[item.id])
            do {
                if let kept = try keys.answer(to: item) {
                    result.kept = kept
                } else {
                    guard var subscription = subscriptions[item.id] else { throw Failure.notFound }
                    result.verdict = try apply(item, to: &subscription, write) ? .done : .unchanged
                    subscriptions[item.id] = subscription
                    result.subscription = subscription
                }
                if result.kept == nil { keys.keep(text(of: Self.outcome(result)), for: item) }
            } catch let failure as Failure {
                result.failure = failure
            }
            results.append(result)
        }
        keys.store(write)
        return results
    }

    private func apply(_ item: Item, to subscription: inout Subscription, _ write: Write) throws -> Bool {
        let roles = write.principal.roles(on: subscription.belonging)
        switch action {
        case .cancel: return try CancelSubscription.apply(item.note, to: &subscription, roles, write)
        case .suspend: return try SuspendSubscription.apply(item.reason, item.note, to: &subscription, roles, write)
        case .reactivate: return try ReactivateSubscription.apply(item.reason, item.note, to: &subscription, roles, write)
        }
    }

    // MARK: Answering

    /// IDs, states and dates only: the answer is kept under its key longer than a subscription's data may be.
    private func body(_ results: [Result], _ words: (Failure) -> String) -> [UInt8] {
        func count(_ verdict: Verdict) -> Int { results.count { $0.kept == nil && $0.verdict == verdict } }
        return jsonObject { json in
            json.field("object", "subscription_actions")
            json.field("action", action.rawValue)
            json.field("mode", mode.rawValue)
            json.field("done", count(.done))
            json.field("unchanged", count(.unchanged))
            json.field("refused", count(.refused))
            json.field("replayed", results.count { $0.kept != nil })
            json.field(
                "results",
                array: { json in
                    for result in results {
                        json.object { json in
                            json.field("id", result.item.id)
                            json.field("idempotency_key", result.item.key)
                            Self.outcome(result).write(to: &json, words)
                        }
                    }
                })
        }
    }

    static func outcome(_ result: Result) -> Outcome {
        guard let kept = result.kept else {
            let subscription = result.subscription
            return Outcome(
                verdict: result.verdict, failure: result.failure, state: subscription?.state.rawValue,
                recoverableUntil: subscription?.state == .suspended ? subscription?.facts.deleteAt : nil)
        }
        let members = (try? JSON(parsing: Array(kept.utf8)))?.members
        return Outcome(
            verdict: members?["verdict"]?.text.flatMap { Verdict(rawValue: $0) } ?? .unchanged, state: members?["state"]?.text,
            recoverableUntil: members?["recoverable_until"]?.text.flatMap { Instant(rfc3339: $0) }, isReplay: true)
    }

    private func text(of outcome: Outcome) -> String {
        jsonText {
            $0.field("verdict", outcome.verdict.rawValue)
            $0.field("state", outcome.state)
            $0.field("recoverable_until", outcome.recoverableUntil)
        }
    }
}

extension ActOnSubscriptions.Outcome {
    func write(to json: inout JSONWriter, _ words: (Failure) -> String) {
        json.field("verdict", verdict.rawValue)
        json.field("code", failure?.code)
        json.field("detail", failure.map(words))
        json.field("state", state)
        json.field("recoverable_until", recoverableUntil)
        json.field("replayed", isReplay)
    }
}

/// The keys of a batch's items, each bound like a request's own key: to the tenant, to who asks, and by a hash to what is asked.
struct ItemKeys {
    private var hashes: [String: [UInt8]] = [:]
    private var stored: [String: (hash: [UInt8], answer: String?)] = [:]
    private var fresh: [String: SubscriptionID] = [:]
    private var principal = UUID.zero

    /// - Throws: `Failure.unprocessable` when one key stands for two deeds of the batch.
    static func hashes(_ items: [ActOnSubscriptions.Item], for action: ActOnSubscriptions.Action) throws -> [String: [UInt8]] {
        var hashes: [String: [UInt8]] = [:]
        for (index, item) in items.enumerated() {
            guard let key = item.key else { continue }
            let hash = SHA256.hash("\(action.rawValue) \(item.id) \(item.reason.rawValue) \(item.note ?? "")")
            if let other = hashes[name(key)], other != hash {
                throw Failure.idempotencyKeyReused(at: "/items/\(index)/idempotency_key")
            }
            hashes[name(key)] = hash
        }
        return hashes
    }

    static func name(_ key: String) -> String { "item-\(key)" }

    /// Claims those that are free. They are sorted, so that two batches wait for each other in one order.
    static func claim(_ items: [ActOnSubscriptions.Item], for action: ActOnSubscriptions.Action, _ write: Write) async throws
        -> ItemKeys
    {
        var keys = ItemKeys()
        keys.principal = write.principal.idempotencyID
        keys.hashes = try hashes(items, for: action)
        guard !keys.hashes.isEmpty else { return keys }
        let names = keys.hashes.keys.sorted()
        let (tenant, principal) = (write.tenant.id, keys.principal)
        let rows = try await write.query([
            """
            insert into idempotency_keys (tenant_id, principal_id, key, request_hash, created_at) \
            select \(tenant), \(principal), k.name, k.hash, \(write.dependencies.realNow()) \
            from unnest(\(names), \(names.map { keys.hashes[$0] ?? [] })) as k (name, hash) on conflict do nothing returning key
            """,
            """
            select key, request_hash, response_body from idempotency_keys \
            where tenant_id = \(tenant) and principal_id = \(principal) and key = any(\(names))
            """,
        ])
        let claimed: Set<String> = try rows[0].reduce(into: []) { $0.insert(try $1.get(0)) }
        for row in rows[1] {
            let name: String = try row.get(0)
            if !claimed.contains(name) { keys.stored[name] = (try row.get(1), try row.get(2)) }
        }
        return keys
    }

    /// The answer that was kept; nil when the item is to be done now.
    func answer(to item: ActOnSubscriptions.Item) throws -> String? {
        guard let key = item.key, let stored = stored[Self.name(key)] else { return nil }
        guard stored.hash == hashes[Self.name(key)] else { throw Failure.idempotencyKeyReused() }
        guard let answer = stored.answer else { throw Failure.conflict(code: "idempotency_answer_erased") }
        return answer
    }

    /// What has just been done under the item's key: the same key further down in the batch finds it.
    mutating func keep(_ answer: String, for item: ActOnSubscriptions.Item) {
        guard let key = item.key.map(Self.name), let hash = hashes[key], stored[key] == nil else { return }
        stored[key] = (hash, answer)
        fresh[key] = item.id
    }

    /// Stores what was done; a refusal keeps nothing under its key.
    func store(_ write: Write) {
        for key in hashes.keys.sorted() {
            if let id = fresh[key] {
                write.enqueue(
                    """
                    update idempotency_keys set status = 200, response_body = \(stored[key]?.answer), object_id = \(id) \
                    where tenant_id = \(write.tenant.id) and principal_id = \(principal) and key = \(key)
                    """)
            } else if stored[key] == nil {
                write.enqueue(
                    """
                    delete from idempotency_keys \
                    where tenant_id = \(write.tenant.id) and principal_id = \(principal) and key = \(key) and status is null
                    """)
            }
        }
    }
}
