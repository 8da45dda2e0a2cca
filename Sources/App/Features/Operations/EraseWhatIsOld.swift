import Postgres
import Values

/// What is kept for a time and no longer (real time): the answers under idempotency keys, ended operations, the log of webhooks and the
/// endpoints that were deleted, ways in that are over.
///
/// What moved money stays unique for ever without its key: every payment carries the key that it was asked for under (`payments.command_key`).
/// Events stay when they are no longer listed: each is the proof of its transition (`transition_left_audit_and_outbox`), without its payload once its
/// subscription is deleted.
package struct EraseWhatIsOld: Sendable {
    static let keyDays: Int64 = 30
    static let linkDays: Int64 = 30
    /// So many rows in one transaction: nobody waits long for a lock.
    static let rowsAtOnce: Int64 = 5_000
    static let operationsAtOnce: Int64 = 20
    /// Whatever is left then is the next hour's.
    static let roundsAtMost = 200

    let dependencies: Dependencies
    private var now: Instant { dependencies.realNow() }

    package init(_ dependencies: Dependencies) { self.dependencies = dependencies }

    /// One tenant's; answers how much of each went.
    @discardableResult
    package func run(of tenant: Tenant) async throws -> (keys: Int, operations: Int, deliveries: Int, endpoints: Int) {
        let context = TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies)
        return (
            try await repeated(Self.rowsAtOnce) { try await keys(context) },
            try await repeated(Self.operationsAtOnce) { try await operations(context) },
            try await repeated(Self.rowsAtOnce) { try await deliveries(context) },
            try await repeated(Self.rowsAtOnce) { try await endpoints(context) }
        )
    }

    private func repeated(_ most: Int64, _ step: () async throws -> Int) async throws -> Int {
        var gone = 0
        for _ in 0..<Self.roundsAtMost {
            let count = try await step()
            gone += count
            guard count >= most else { break }
            try Task.checkCancellation()
        }
        return gone
    }

    private func keys(_ context: TenantContext) async throws -> Int {
        let (tenant, before) = (context.tenant.id, now.adding(seconds: -Self.keyDays * 86_400))
        return try await context.work { write in
            try await write.query(
                """
                delete from idempotency_keys where tenant_id = \(tenant) and created_at < \(before) and (principal_id, key) in \
                (select principal_id, key from idempotency_keys where tenant_id = \(tenant) and created_at < \(before) \
                order by created_at limit \(Self.rowsAtOnce)) returning true
                """
            ).count
        }
    }

    private func operations(_ context: TenantContext) async throws -> Int {
        let (tenant, before) = (context.tenant.id, now.adding(seconds: -Operation.keptDays * 86_400))
        return try await context.work { write in
            let ids = try await write.query(
                """
                select id from operations where tenant_id = \(tenant) and ended_at < \(before) order by ended_at \
                limit \(Self.operationsAtOnce) for update skip locked
                """
            ).map { try $0.get(0, as: OperationID.self) }
            guard !ids.isEmpty else { return 0 }
            write.enqueue("delete from operation_items where tenant_id = \(tenant) and operation_id = any(\(ids))")
            write.enqueue("delete from operations where tenant_id = \(tenant) and id = any(\(ids))")
            return ids.count
        }
    }

    /// What waits is never too old: its endpoint may be switched on again. Somebody who sends one again at this moment keeps it.
    private func deliveries(_ context: TenantContext) async throws -> Int {
        let (tenant, before) = (context.tenant.id, now.adding(seconds: -WebhookDelivery.kept))
        return try await context.work { write in
            try await write.query(
                """
                with d as materialized (select id from webhook_deliveries \
                where tenant_id = \(tenant) and status <> 'waiting' and created_at < \(before) order by created_at, id \
                limit \(Self.rowsAtOnce) for update skip locked) \
                delete from webhook_deliveries where tenant_id = \(tenant) and id in (select id from d) returning true
                """
            ).count
        }
    }

    /// Nothing changes an endpoint once it is deleted. What had been sent to it is older than that, so its log has gone before; what was put on its way at
    /// that very moment waits for nobody.
    private func endpoints(_ context: TenantContext) async throws -> Int {
        let (tenant, before) = (context.tenant.id, now.adding(seconds: -WebhookDelivery.kept))
        return try await context.work { write in
            let ids = try await write.query(
                """
                select w.id from webhook_endpoints w where w.tenant_id = \(tenant) and w.state = 'deleted' and w.updated_at < \(before) \
                and not exists (select from webhook_deliveries d where d.tenant_id = w.tenant_id and d.endpoint_id = w.id and d.status <> 'waiting') \
                order by w.updated_at, w.id limit \(Self.rowsAtOnce) for update of w skip locked
                """
            ).map { try $0.get(0, as: WebhookEndpointID.self) }
            guard !ids.isEmpty else { return 0 }
            write.enqueue("delete from webhook_deliveries where tenant_id = \(tenant) and endpoint_id = any(\(ids))")
            write.enqueue("delete from webhook_endpoints where tenant_id = \(tenant) and id = any(\(ids))")
            return ids.count
        }
    }

    /// Ways in: sessions and half-made sign-ins that are over, and links that nobody can follow any more. A link is kept for a while beyond its end, so
    /// that whoever comes late is told that it is over.
    package func runIdentity() async throws {
        let now = now
        try await dependencies.database.writes.write(scope: nil, repeatable: true) { transaction in
            transaction.enqueue("delete from identity.sessions where expires_at < \(now)")
            transaction.enqueue("delete from identity.sign_in_steps where expires_at < \(now)")
            transaction.enqueue(
                "delete from identity.one_time_links where expires_at < \(now.adding(seconds: -Self.linkDays * 86_400))")
        }
    }
}
