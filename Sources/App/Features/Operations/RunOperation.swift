import Billing
import Crypto
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Does one tenant's long work piece by piece: each piece with its verdicts is one transaction, so that a killed server leaves whole pieces done and the
/// others not begun. What is to be done all or not at all is one piece.
///
/// Whoever works holds a lease, and every claim has a new number: a server that was away past its lease finds another number there and writes nothing.
package struct RunOperation: Sendable {
    static let itemsAtOnce: Int64 = 20
    /// Longer than a piece can take; a killed server's work is taken over after it. Renewed with every piece.
    package static let leaseSeconds: Int64 = 30
    static let retrySeconds: Int64 = 5
    static let faultsAtMost: Int32 = 8

    let context: TenantContext
    let authenticator: Authenticator

    /// `context` is the server's own.
    package init(_ context: TenantContext, authenticator: Authenticator) {
        self.context = context
        self.authenticator = authenticator
    }

    package struct Claim: Sendable {
        package let operation: OperationID
        let attempt: Int32
    }

    /// Somebody else has the work now, or it has been called off.
    package struct Lost: Error {}

    private struct NotAll: Error { let outcomes: [(position: Int32, outcome: ActOnSubscriptions.Outcome)] }

    private var now: Instant { context.dependencies.realNow() }

    // MARK: Claiming

    /// The tenant's next work that nobody does, or whose worker has gone.
    ///
    /// What is chosen is chosen once (`materialized`): a subquery that locks and skips is run again for each row of the join where the planner puts
    /// it inside, and each run skips what the one before has taken. Two were claimed then, and nobody worked on the second.
    package func claim() async throws -> Claim? {
        let (tenant, now) = (context.tenant.id, now)
        return try await context.work { write in
            let rows = try await write.query(
                """
                with d as materialized (select operation_id from work.operation_queue where tenant_id = \(tenant) and lease_until <= \(now) \
                order by lease_until, operation_id limit 1 for update skip locked) \
                update work.operation_queue q set attempt = q.attempt + 1, lease_until = \(now.adding(seconds: Self.leaseSeconds)) from d \
                where q.tenant_id = \(tenant) and q.operation_id = d.operation_id returning q.operation_id, q.attempt
                """)
            return try rows.first.map { Claim(operation: try $0.get(0), attempt: try $0.get(1)) }
        }
    }

    /// Works on for so many pieces, then lets go, so that the tenant's other work has its turn; answers whether there was anything to do.
    @discardableResult
    package func run(pieces: Int = 10) async throws -> Bool {
        guard let claim = try await claim() else { return false }
        try await RequestFacts.$current.withValue(await cause(of: claim)) { try await work(claim, pieces) }
        return true
    }

    /// What the log lines of the work say about it: the request that asked for it, and its trace. Where that cannot be read, the work is done all the same.
    private func cause(of claim: Claim) async -> RequestFacts {
        let row = try? await context.read(
            "select request_id, traceparent from operations where tenant_id = \(context.tenant.id) and id = \(claim.operation)"
        ).rows.first
        let traceparent = try? row?.get(1, as: String?.self)
        let random = context.dependencies.names.words()
        let trace = Trace(continuing: traceparent.map { [$0] } ?? [], random: ((random[0], random[1]), random[2]))
        let facts = RequestFacts(requestID: try? row?.get(0, as: String?.self), trace: trace)
        facts.belongs(to: context.tenant, context.principal)
        return facts
    }

    private func work(_ claim: Claim, _ pieces: Int) async throws {
        do {
            for piece in 1...max(1, pieces) {
                guard try await step(claim, isLast: piece == pieces) else { break }
                try Task.checkCancellation()
            }
        } catch is Lost {
            context.dependencies.log(.info, "operation left to another", [("operation", claim.operation.description)])
        } catch is CancellationError {
            try await letGo(claim)
            throw CancellationError()
        } catch {
            await note(error, claim)
        }
    }

    // MARK: One piece

    /// Does the next piece; answers whether more is left.
    ///
    /// - Throws: `Lost`
    package func step(_ claim: Claim, isLast: Bool = false) async throws -> Bool {
        let tenant = context.tenant.id
        let rows = try await context.read("\(Operation.select) where o.tenant_id = \(tenant) and o.id = \(claim.operation)").rows
        guard let operation = try rows.first.map(Operation.init), !operation.state.hasEnded else { throw Lost() }
        guard let principal = try await authenticator.principal(operation.asker, of: context.tenant) else {
            try await fail(claim, code: "operation_asker_gone")
            return false
        }
        let asker = TenantContext(tenant: context.tenant, principal: principal, dependencies: context.dependencies)
        do {
            let isMore = try await asker.attempt(requestID: operation.requestID, repeatable: true) { write in
                try await piece(claim, isLast: isLast, write)
            }
            if !isMore { context.dependencies.log(.info, "operation done", [("operation", claim.operation.description)]) }
            return isMore
        } catch let refused as NotAll {
            try await fail(claim, code: "operation_all_or_none", refused.outcomes)
            return false
        }
    }

    private func piece(_ claim: Claim, isLast: Bool, _ write: Write) async throws -> Bool {
        let tenant = write.tenant.id
        let operation = try await hold(claim, until: isLast ? now : now.adding(seconds: Self.leaseSeconds), write)
        let limit: Int64 = operation.mode == .all ? Int64(ActOnSubscriptions.itemsAtMost) : Self.itemsAtOnce
        let rows = try await write.query(
            """
            select position, subscription_id, item_key, reason, note from operation_items \
            where tenant_id = \(tenant) and operation_id = \(claim.operation) and verdict is null order by position limit \(limit)
            """)
        let items = try rows.map { row in
            var column = Columns(row)
            let position: Int32 = try column.next()
            let id: SubscriptionID = try column.next()
            let key: String? = try column.next()
            guard let reason = SuspensionReason(rawValue: try column.next()) else { throw UnknownWord() }
            return (position: position, item: ActOnSubscriptions.Item(id: id, key: key, reason: reason, note: try column.next()))
        }
        let work = ActOnSubscriptions(action: operation.action, items: items.map(\.item), mode: operation.mode)
        let results = items.isEmpty ? [] : try await work.act(write, withKeys: true)
        let outcomes = zip(items, results).map { (position: $0.position, outcome: ActOnSubscriptions.outcome($1)) }
        if operation.mode == .all, outcomes.contains(where: { $0.outcome.verdict == .refused }) {
            throw NotAll(outcomes: outcomes)
        }
        for one in outcomes { Self.store(one.outcome, at: one.position, of: claim.operation, write) }
        func count(_ verdict: ActOnSubscriptions.Verdict) -> Int32 {
            Int32(outcomes.count { !$0.outcome.isReplay && $0.outcome.verdict == verdict })
        }
        write.enqueue(
            """
            update operations set state = 'running', started_at = coalesce(started_at, \(now)), done = done + \(count(.done)), \
            unchanged = unchanged + \(count(.unchanged)), refused = refused + \(count(.refused)), \
            replayed = replayed + \(Int32(outcomes.count { $0.outcome.isReplay })) where tenant_id = \(tenant) and id = \(claim.operation)
            """)
        let isMore = operation.finished + outcomes.count < operation.total && !outcomes.isEmpty
        if !isMore { Self.end(operation, as: .done, write) }
        return isMore
    }

    /// The fence: the claim's own number, under a lock that lasts as long as the piece.
    private func hold(_ claim: Claim, until lease: Instant, _ write: Write) async throws -> Operation {
        let tenant = write.tenant.id
        let rows = try await write.query([
            """
            update work.operation_queue set lease_until = \(lease) \
            where tenant_id = \(tenant) and operation_id = \(claim.operation) and attempt = \(claim.attempt) returning true
            """,
            "select from operations where tenant_id = \(tenant) and id = \(claim.operation) for no key update",
            "\(Operation.select) where o.tenant_id = \(tenant) and o.id = \(claim.operation)",
        ])
        guard !rows[0].isEmpty, let operation = try rows[2].first.map(Operation.init), !operation.state.hasEnded else {
            throw Lost()
        }
        return operation
    }

    private static func store(
        _ outcome: ActOnSubscriptions.Outcome, at position: Int32, of operation: OperationID, _ write: Write
    ) {
        let arguments = outcome.failure.map { failure in
            PostgresJSON(jsonText { json in for (name, value) in failure.arguments { json.field(name, value) } })
        }
        write.enqueue(
            """
            update operation_items set verdict = \(outcome.verdict.rawValue), code = \(outcome.failure?.code), arguments = \(arguments), \
            state = \(outcome.state), recoverable_until = \(outcome.recoverableUntil), replayed = \(outcome.isReplay), note = null \
            where tenant_id = \(write.tenant.id) and operation_id = \(operation) and position = \(position) and verdict is null
            """)
    }

    // MARK: The end

    /// In the transaction that holds the queue's row: nobody works on it any more.
    static func end(_ operation: Operation, as state: Operation.State, code: String? = nil, _ write: Write) {
        let tenant = write.tenant.id
        write.enqueue(
            """
            update operations set state = \(state.rawValue), failure_code = \(code), ended_at = \(write.dependencies.realNow()) \
            where tenant_id = \(tenant) and id = \(operation.id)
            """)
        write.enqueue(
            """
            update operation_items set verdict = 'not_begun', note = null \
            where tenant_id = \(tenant) and operation_id = \(operation.id) and verdict is null
            """)
        write.enqueue("delete from work.operation_queue where tenant_id = \(tenant) and operation_id = \(operation.id)")
    }

    /// Nothing more is done. Of what was to be done all or not at all, the refusals are told and the rest has not begun.
    private func fail(
        _ claim: Claim, code: String, _ outcomes: [(position: Int32, outcome: ActOnSubscriptions.Outcome)] = []
    ) async throws {
        try await context.work { write in
            let operation = try await hold(claim, until: now, write)
            let refused = outcomes.filter { $0.outcome.verdict == .refused }
            for one in refused {
                Self.store(
                    ActOnSubscriptions.Outcome(verdict: .refused, failure: one.outcome.failure, state: one.outcome.state),
                    at: one.position, of: claim.operation, write)
            }
            if !refused.isEmpty {
                write.enqueue(
                    """
                    update operations set started_at = coalesce(started_at, \(now)), refused = refused + \(Int32(refused.count)) \
                    where tenant_id = \(write.tenant.id) and id = \(claim.operation)
                    """)
            }
            Self.end(operation, as: .failed, code: code, write)
        }
    }

    private func letGo(_ claim: Claim) async throws {
        try await context.work { write in
            write.enqueue(
                """
                update work.operation_queue set lease_until = \(now) \
                where tenant_id = \(write.tenant.id) and operation_id = \(claim.operation) and attempt = \(claim.attempt)
                """)
        }
    }

    /// A fault of ours: a while later once more, a few times; then only a person can help.
    private func note(_ error: any Error, _ claim: Claim) async {
        context.dependencies.log(
            .error, "operation failed", [("operation", claim.operation.description), ("error", "\(error)")])
        do {
            let isOver = try await context.work { write in
                let rows = try await write.query(
                    """
                    update work.operation_queue set faults = faults + 1, last_error = \(String("\(error)".prefix(300))), \
                    lease_until = \(now.adding(seconds: Self.retrySeconds)) \
                    where tenant_id = \(write.tenant.id) and operation_id = \(claim.operation) and attempt = \(claim.attempt) returning faults
                    """)
                return try rows.first.map { try $0.get(0, as: Int32.self) >= Self.faultsAtMost } ?? false
            }
            if isOver { try await fail(claim, code: "internal_error") }
        } catch {
            context.dependencies.log(.warning, "operation's fault not noted", [("error", "\(error)")])
        }
    }
}

extension Authenticator {
    /// Whoever asked, with what they may do now; nil when they are gone or may do nothing any more.
    func principal(_ asker: Operation.Asker, of tenant: Tenant) async throws -> Principal? {
        guard asker.isKey else { return try await user(UserID(asker.id), of: tenant)?.0 }
        let rows = try await identity(
            """
            select account_id, role, root_id from identity.api_keys where tenant_id = \(tenant.id) and id = \(asker.id) and revoked_at is null \
            and (expires_at is null or expires_at > \(realNow()))
            """)
        guard let row = rows.first else { return nil }
        var column = Columns(row)
        let account: AccountID? = try column.next()
        guard let role = Role(keyRole: try column.next(String.self)) else { return nil }
        let root: APIKeyID? = try column.next()
        return .key(id: APIKeyID(asker.id), account: account, role: role, root: root ?? APIKeyID(asker.id))
    }
}
