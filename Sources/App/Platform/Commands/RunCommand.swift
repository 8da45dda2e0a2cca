import Billing
import Postgres
import Values

/// How a command was asked for, beyond its input.
package struct CommandOptions: Sendable {
    /// Nil of a dry run, whatever the caller has sent: it keeps nothing under a key, and finds nothing there.
    package var key: IdempotencyKey? {
        get { dryRun ? nil : sent }
        set { sent = newValue }
    }
    private var sent: IdempotencyKey?
    package var dryRun = false
    package var requestID: String?
    /// The address that the request came from, for the audit log.
    package var remoteAddress: String?

    package init(
        key: IdempotencyKey? = nil, dryRun: Bool = false, requestID: String? = nil, remoteAddress: String? = nil
    ) {
        sent = key
        self.dryRun = dryRun
        self.requestID = requestID
        self.remoteAddress = remoteAddress
    }
}

extension TenantContext {
    /// The one way in for every change: begin, look the key up, decide, write, audit, outbox, commit. A dry run is the same, rolled back.
    ///
    /// The body may run more than once (a deadlock, a lost connection), so it must not reach outside of the transaction.
    /// - Throws: `Failure`; a refusal keeps nothing under the key.
    package func command(
        _ options: CommandOptions, _ body: (Write) async throws -> Answer
    ) async throws -> Answer {
        // Looking in somebody's stead moves nothing, whichever way it was asked for.
        if principal.viewing != nil, !options.dryRun { throw Failure.forbidden(code: "view_as_read_only") }
        let key = options.key
        do {
            return try await dependencies.database.writes.write(
                scope: tenant.id.uuid, repeatable: key != nil
            ) { transaction in
                let write = Write(
                    transaction: transaction, tenant: tenant, principal: principal, requestID: options.requestID, key: key,
                    dependencies: dependencies)
                write.remoteAddress = options.remoteAddress
                let answer = try await body(write)
                if options.dryRun { transaction.rollbackOnly() }
                if let key { write.enqueue(key.store(answer, tenant: tenant.id)) }
                return options.dryRun ? answer.markedDryRun() : answer
            }
        } catch let replay as Replay {
            return replay.answer
        } catch let error as PostgresError {
            throw Failure(error)
        }
    }

    /// One transaction of a command that takes several: of the principal's, under no key of its own.
    ///
    /// `repeatable`: the body finds by itself that it has been committed before.
    func attempt<Value: Sendable>(requestID: String?, repeatable: Bool, _ body: (Write) async throws -> Value) async throws
        -> Value
    {
        do {
            return try await dependencies.database.writes.write(scope: tenant.id.uuid, repeatable: repeatable) { transaction in
                try await body(
                    Write(
                        transaction: transaction, tenant: tenant, principal: principal, requestID: requestID, key: nil,
                        dependencies: dependencies))
            }
        } catch let error as PostgresError {
            throw Failure(error)
        }
    }

    /// A write transaction of the server's own (timers, settlement), under no key.
    package func work<Value: Sendable>(
        at pinnedNow: Instant? = nil, actor: Actor = .timer, lockTimeout: Duration? = nil, _ body: (Write) async throws -> Value
    ) async throws -> Value {
        try await dependencies.database.writes.write(
            scope: tenant.id.uuid, repeatable: true, lockTimeout: lockTimeout, isAsked: isAsked
        ) { transaction in
            try await body(
                Write(
                    transaction: transaction, tenant: tenant, principal: principal, actor: actor, requestID: nil, key: nil,
                    dependencies: dependencies, pinnedNow: pinnedNow))
        }
    }
}

extension Failure {
    /// What the database's own refusals mean to the caller. A named constraint that a use case expects is mapped by that use case.
    init(_ error: PostgresError) {
        if error.isUniqueViolation("payments_tenant_id_principal_id_command_key_key") {
            self = .conflict(code: "payment_already_made")
            return
        }
        switch error.sqlState {
        case "55P03": self = .conflict(code: "idempotency_key_in_use")
        case "22P05", "22021": self = .malformed(code: "invalid_characters")
        case "22003": self = .unprocessable(code: "out_of_range", pointer: "")
        // A statement that took too long, a database that is not there or has no room (class 53: disk, memory, connections; 58030: its disk fails):
        // nothing was done, again later. Anything else is a fault of ours and says so.
        case let state
        where error.isCancelled || error.isRetryable || error.kind != .server || state.hasPrefix("53") || state == "58030":
            self = .unavailable(code: "database_unavailable", retryAfterSeconds: 2)
        default: self = .fault
        }
    }
}
