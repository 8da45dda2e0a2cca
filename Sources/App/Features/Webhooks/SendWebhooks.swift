import FoundationEssentials
import HTTP
import Outgoing
import Postgres
import Values

/// Who carries messages to receivers. The real one speaks HTTP; tests may have their own.
package protocol WebhookCarrier: Sendable {
    func send(_ request: OutgoingRequest) async -> OutgoingResult
    /// Ends what is on its way and takes no more. Blocks.
    func stop()
}
extension WebhookCarrier { package func stop() {} }
extension OutgoingHTTP: WebhookCarrier {}

/// Sends what is due at one endpoint: claims a batch under a lease, sends it outside of any transaction, writes down what came of it.
///
/// A server that dies in between leaves the lease to run out: the messages are then sent again, as the same messages under the same IDs.
package struct SendWebhooks: Sendable {
    /// So many on their way to one endpoint at once; to one that fails, fewer.
    static let atOnce: Int64 = 32
    static let atOnceWhileFailing: Int64 = 8

    let context: TenantContext
    let carrier: any WebhookCarrier
    private var settings: WebhookSettings { context.dependencies.configuration.webhooks }

    package init(_ context: TenantContext, carrier: any WebhookCarrier) {
        self.context = context
        self.carrier = carrier
    }

    /// The endpoints at which something is due.
    package func due() async throws -> [WebhookLanes.Lane] {
        let (tenant, now) = (context.tenant.id, context.dependencies.realNow())
        return try await context.read(
            """
            select w.id, w.account_id from webhook_endpoints w where w.tenant_id = \(tenant) and w.state = 'enabled' and exists (select from webhook_deliveries d \
            where d.tenant_id = \(tenant) and d.endpoint_id = w.id and d.status = 'waiting' and d.next_attempt_at <= \(now)) order by w.id
            """
        ).rows.map { WebhookLanes.Lane(tenant: tenant, account: try $0.get(1), endpoint: try $0.get(0)) }
    }

    private struct Claimed: Sendable {
        let id: WebhookDeliveryID
        let attempts: Int32
        let tries: Int32
        let event: EventID
        let body: String
        let firstAttemptAt: Instant
    }

    private struct Batch: Sendable {
        let endpoint: WebhookEndpoint
        let secrets: [WebhookSecret]
        let claimed: [Claimed]
        let claimedAt: Instant
    }

    /// Sends one batch; answers how many were claimed.
    package func run(_ endpoint: WebhookEndpointID) async throws -> Int {
        guard let batch = try await claim(endpoint), !batch.claimed.isEmpty else { return 0 }
        guard let url = try? OutgoingURL(batch.endpoint.url, settings.policy), !batch.secrets.isEmpty else {
            // The settings or the key have changed since it was saved.
            let fault: OutgoingFault = batch.secrets.isEmpty ? .stopped : .addressRefused
            let refused = OutgoingResult(outcome: .failure(fault), milliseconds: 0)
            try await store(batch, batch.claimed.map { ($0, refused) })
            return fault == .stopped ? 0 : batch.claimed.count
        }
        var results: [(Claimed, OutgoingResult)] = []
        await withTaskGroup(of: (Claimed, OutgoingResult).self) { group in
            for message in batch.claimed {
                group.addTask { (message, await send(message, to: url, batch.secrets)) }
            }
            for await result in group { results.append(result) }
        }
        try await store(batch, results)
        return batch.claimed.count
    }

    private func send(_ message: Claimed, to url: OutgoingURL, _ secrets: [WebhookSecret]) async -> OutgoingResult {
        let (id, seconds) = (message.event.description, context.dependencies.realNow().microseconds / 1_000_000)
        let body = Array(message.body.utf8)
        let signatures = secrets.map { $0.signature(id: id, seconds: seconds, body: body) }.joined(separator: " ")
        return await carrier.send(
            OutgoingRequest(
                url: url,
                headers: [
                    ("Content-Type", "application/json"), ("webhook-id", id), ("webhook-timestamp", String(seconds)),
                    ("webhook-signature", signatures),
                ], body: body, timeoutSeconds: settings.timeoutSeconds))
    }

    // MARK: The queue

    private func claim(_ id: WebhookEndpointID) async throws -> Batch? {
        let (tenant, now) = (context.tenant.id, context.dependencies.realNow())
        return try await context.work { write in
            let rows = try await write.query(
                """
                select \(WebhookEndpoint.columns), w.secret, w.previous_secret from webhook_endpoints w \
                where w.tenant_id = \(tenant) and w.id = \(id) and w.state = 'enabled'
                """)
            guard let row = rows.first else { return nil }
            let endpoint = try WebhookEndpoint(row)
            let most = endpoint.failingSince == nil ? Self.atOnce : Self.atOnceWhileFailing
            let taken = try await write.query(
                """
                with c as materialized (select id from webhook_deliveries where tenant_id = \(tenant) and endpoint_id = \(id) \
                and status = 'waiting' and next_attempt_at <= \(now) order by next_attempt_at, id limit \(most) for update skip locked) \
                update webhook_deliveries d set attempts = d.attempts + 1, tries = d.tries + 1, last_attempt_at = \(now), \
                first_attempt_at = coalesce(d.first_attempt_at, \(now)), \
                next_attempt_at = \(now.adding(seconds: settings.leaseSeconds)) from c \
                where d.tenant_id = \(tenant) and d.id = c.id returning d.id, d.attempts, d.tries, d.event_id, d.body, d.first_attempt_at
                """)
            let claimed = try await written(try taken.map(Taken.init), write)
            return Batch(endpoint: endpoint, secrets: try secrets(row, id, now), claimed: claimed, claimedAt: now)
        }
    }

    private struct Taken {
        let id: WebhookDeliveryID
        let attempts: Int32
        let tries: Int32
        let event: EventID
        let body: String?
        let firstAttemptAt: Instant

        init(_ row: Row) throws {
            var column = Columns(row)
            id = try column.next()
            attempts = try column.next()
            tries = try column.next()
            event = try column.next()
            body = try column.next()
            firstAttemptAt = try column.next()
        }
    }

    /// Bodies are written when they are first needed and stay as they are: every attempt says the same, until they are erased.
    private func written(_ taken: [Taken], _ write: Write) async throws -> [Claimed] {
        let unwritten = taken.filter { $0.body == nil }
        var bodies: [EventID: String] = [:]
        if !unwritten.isEmpty {
            let events = try await write.query(
                """
                select \(WebhookEvent.columns) from outbox_events e where e.tenant_id = \(write.tenant.id) \
                and e.id = any(\(unwritten.map(\.event)))
                """
            ).map(WebhookEvent.init)
            for event in events { bodies[event.id] = event.body() }
            let known = unwritten.filter { bodies[$0.event] != nil }
            write.enqueue(
                """
                update webhook_deliveries d set body = n.body from unnest(\(known.map(\.id)), \(known.map { bodies[$0.event] ?? "" })) \
                as n (id, body) where d.tenant_id = \(write.tenant.id) and d.id = n.id
                """)
        }
        return taken.sorted { $0.id < $1.id }.map { one in
            Claimed(
                id: one.id, attempts: one.attempts, tries: one.tries, event: one.event,
                body: one.body ?? bodies[one.event] ?? "{}",
                firstAttemptAt: one.firstAttemptAt)
        }
    }

    private func secrets(_ row: Row, _ id: WebhookEndpointID, _ now: Instant) throws -> [WebhookSecret] {
        let configuration = context.dependencies.configuration
        let endpoint = try WebhookEndpoint(row)
        let (present, previous): ([UInt8], [UInt8]?) = (try row.get(13), try row.get(14))
        let isOverlapping = endpoint.previousUntil.map { $0 > now } ?? false
        let key = try SealingKey.of(configuration)
        return [present, isOverlapping ? previous : nil].compactMap { $0 }.compactMap {
            WebhookSecret(sealed: $0, for: id, key: key)
        }
    }

    // MARK: What came of it

    /// Only whoever still holds the lease may say what became of a message: the number of the attempt is the fence.
    private func store(_ batch: Batch, _ results: [(message: Claimed, result: OutgoingResult)]) async throws {
        let (tenant, now, endpoint) = (context.tenant.id, context.dependencies.realNow(), batch.endpoint.id)
        let hasArrived = results.contains { Self.verdict($0.result).isGood }
        let hasFailed = results.contains { !Self.verdict($0.result).isGood && !Self.isUntried($0.result) }
        let outcomes = try await context.work { write in
            let isGone = try await isGone(batch, results, write)
            var exhausted: Claimed?
            var outcomes: [WebhookAttempts.Outcome] = []
            for (message, result) in results {
                let mine: SQL =
                    "where tenant_id = \(tenant) and id = \(message.id) and status = 'waiting' and attempts = \(message.attempts)"
                if Self.isUntried(result) {
                    write.enqueue("update webhook_deliveries set tries = tries - 1, next_attempt_at = \(now) \(mine)")
                    continue
                }
                let verdict = Self.verdict(result)
                let words = verdict.reply.map { String(decoding: $0, as: UTF8.self).filter { $0 != "\0" } }
                var next: Instant?
                if !verdict.isGood && !(isGone && verdict.status == Self.gone) {
                    let pause = settings.pause(
                        afterTries: Int(message.tries), retryAfter: Self.retryAfter(result, now),
                        random: context.dependencies.randomWords().0)
                    next = pause.map { Instant(microseconds: now.microseconds + $0 * 1_000) }
                    if next == nil { exhausted = message }
                }
                let status: WebhookDelivery.Status = verdict.isGood ? .succeeded : next == nil ? .failed : .waiting
                outcomes.append(WebhookAttempts.Outcome(status))
                write.enqueue(
                    """
                    update webhook_deliveries set status = \(status), next_attempt_at = \(next), response_status = \(verdict.status), \
                    response_body = case when erased_at is null then \(words) end, error = \(verdict.error), \
                    duration_ms = \(Int32(clamping: result.milliseconds)) \(mine)
                    """)
            }
            if isGone {
                try await disable(batch.endpoint, .gone, since: nil, cause: results[0].message.id.uuid, write)
            } else if hasArrived {
                write.enqueue(
                    """
                    update webhook_endpoints set failing_since = null where tenant_id = \(tenant) and id = \(endpoint) \
                    and failing_since is not null
                    """)
            } else if hasFailed {
                // Not since the message's first attempt: others may have arrived after that.
                write.enqueue(
                    """
                    update webhook_endpoints set failing_since = \(batch.claimedAt) where tenant_id = \(tenant) and id = \(endpoint) \
                    and failing_since is null and version = \(batch.endpoint.version)
                    """)
                if let exhausted {
                    try await disable(batch.endpoint, .failing, since: exhausted.firstAttemptAt, cause: exhausted.id.uuid, write)
                }
            }
            return outcomes
        }
        // Once they are written down: what is rolled back is sent and counted again.
        context.dependencies.webhookAttempts.add(outcomes)
    }

    private static let gone: Int32 = 410

    /// The receiver has said so to whoever still holds the lease, and of the address that is still the endpoint's.
    /// Its row is held from then on.
    private func isGone(
        _ batch: Batch, _ results: [(message: Claimed, result: OutgoingResult)], _ write: Write
    ) async throws -> Bool {
        let gone = results.filter { Self.verdict($0.result).status == Self.gone }.map(\.message)
        if gone.isEmpty { return false }
        let tenant = write.tenant.id
        let rows = try await write.query([
            "select version from webhook_endpoints where tenant_id = \(tenant) and id = \(batch.endpoint.id) for no key update",
            """
            select 1 from webhook_deliveries d join unnest(\(gone.map(\.id)), \(gone.map(\.attempts))) as n (id, attempts) \
            on d.id = n.id and d.attempts = n.attempts where d.tenant_id = \(tenant) and d.status = 'waiting' limit 1
            """,
        ])
        return try rows[0].first?.get(0) == batch.endpoint.version && !rows[1].isEmpty
    }

    private struct Verdict {
        var isGood = false
        var status: Int32?
        var reply: [UInt8]?
        var error: String?
    }

    private static func isUntried(_ result: OutgoingResult) -> Bool {
        if case .failure(.stopped) = result.outcome { true } else { false }
    }

    private static func verdict(_ result: OutgoingResult) -> Verdict {
        switch result.outcome {
        case .failure(let fault): return Verdict(error: fault.rawValue)
        case .success(let reply):
            let isGood = (200..<300).contains(reply.status)
            let error = (300..<400).contains(reply.status) ? "redirect" : isGood ? nil : "status"
            return Verdict(isGood: isGood, status: Int32(clamping: reply.status), reply: reply.body, error: error)
        }
    }

    /// Seconds, or a date; heeded up to a day, where the next attempt is planned.
    private static func retryAfter(_ result: OutgoingResult, _ now: Instant) -> Int64? {
        guard let reply = try? result.outcome.get(), let text = reply.retryAfter else { return nil }
        return secondsToWait(retryAfter: text, now: now.microseconds / 1_000_000)
    }

    /// Switches an endpoint off that is gone, or at which nothing has arrived for as long as an event is tried, and tells its administrators. Not one
    /// that was changed since it was sent to: its address may be another one by now.
    private func disable(
        _ endpoint: WebhookEndpoint, _ reason: WebhookEndpoint.DisabledReason, since: Instant?, cause: UUID, _ write: Write
    ) async throws {
        let now = context.dependencies.realNow()
        let off = try await write.query(
            """
            update webhook_endpoints set state = 'disabled', disabled_reason = \(reason), disabled_at = \(now), version = version + 1, \
            updated_at = \(now) where tenant_id = \(write.tenant.id) and id = \(endpoint.id) and state = 'enabled' \
            and version = \(endpoint.version) \
            and (\(since)::timestamptz is null or failing_since <= \(since)) returning id
            """)
        guard !off.isEmpty else { return }
        write.audit(
            "webhook_endpoint.disabled", object: ("webhook_endpoint", endpoint.id.uuid), account: endpoint.account,
            reason: reason.rawValue, from: "enabled", to: "disabled")
        for reader in try await readers(of: endpoint, write) {
            write.send(
                Letter(
                    .webhookDisabled, to: reader, account: endpoint.account,
                    facts: [
                        "url": .text(endpoint.url), "at": .instant(now),
                        "reason": .word("webhooks.disabled_reason.\(reason.rawValue)"),
                    ], link: WebhookLinks(account: endpoint.account).one(endpoint.id), cause: cause), at: now)
        }
    }

    /// The account's administrator; for the tenant's own, its operators.
    private func readers(of endpoint: WebhookEndpoint, _ write: Write) async throws -> [Letter.Recipient] {
        let tenant = write.tenant.id
        let people: SQL =
            if let account = endpoint.account {
                "select administrator_id from accounts where tenant_id = \(tenant) and id = \(account)"
            } else {
                "select user_id from role_assignments where tenant_id = \(tenant) and role = 'operator'"
            }
        return try await write.query(
            "select u.id, u.email from users u where u.tenant_id = \(tenant) and u.id in (\(people)) order by u.id limit 20"
        ).map { Letter.Recipient(user: try $0.get(0), email: try $0.get(1)) }
    }
}
