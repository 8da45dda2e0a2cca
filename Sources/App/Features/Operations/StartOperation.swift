import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Takes long work on: it is written down with everything it needs, and answered with 202 at once. A runner does it (`RunOperation`).
package struct StartOperation: Sendable {
    let work: ActOnSubscriptions

    package init(_ work: ActOnSubscriptions) { self.work = work }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        guard !work.items.isEmpty else { throw Failure.invalid([FieldError("/items", "required")]) }
        _ = try ItemKeys.hashes(work.items, for: work.action)
        let isKey: Bool
        switch context.principal {
        case .key: isKey = true
        case .user: isKey = false
        case .commandLine: throw Failure.roleForbids(.suspendAndReactivate)
        }
        return try await context.command(options) { write in
            let (tenant, ids) = (write.tenant.id, Set(work.items.map(\.id)).sorted())
            let rows = try await write.begin([
                """
                select distinct s.account_id, s.enrollment_id from subscriptions s where s.tenant_id = \(tenant) and s.id = any(\(ids)) \
                \(Visibility.ofSubscriptions(to: context.principal, tenant)) limit 2000
                """
            ])
            let owners = try rows[0].map {
                (account: try $0.get(0, as: AccountID.self), enrollment: try $0.get(1, as: EnrollmentID?.self))
            }
            let accounts = Set(owners.map(\.account))
            let enrollments = Set(owners.map(\.enrollment))
            let account = accounts.count == 1 ? accounts.first : nil
            let enrollment: EnrollmentID? = enrollments.count == 1 ? enrollments.first ?? nil : nil
            let id: OperationID = write.newID()
            let now = write.dependencies.realNow()
            write.enqueue(
                """
                insert into operations (tenant_id, id, kind, action, mode, state, principal_kind, principal_id, is_operators, account_id, enrollment_id, \
                request_id, traceparent, total, created_at) values (\(tenant), \(id), 'subscription_actions', \(work.action.rawValue), \(work.mode.rawValue), \
                'queued', \(isKey ? "key" : "user"), \(context.principal.id), \(context.principal.isOperator), \(account), \(enrollment), \
                \(options.requestID.map { String($0.prefix(200)) }), \(RequestFacts.current?.trace.header), \(Int32(work.items.count)), \(now))
                """)
            for (position, item) in work.items.enumerated() {
                write.enqueue(
                    """
                    insert into operation_items (tenant_id, operation_id, position, subscription_id, item_key, reason, note) \
                    values (\(tenant), \(id), \(Int32(position)), \(item.id), \(item.key), \(item.reason.rawValue), \(item.note))
                    """)
            }
            write.enqueue(
                "insert into work.operation_queue (tenant_id, operation_id, lease_until) values (\(tenant), \(id), \(now))")
            write.audit("operation.started", object: ("operation", id.uuid), account: account, reason: work.action.rawValue)
            let stored = try await write.query("\(Operation.select) where o.tenant_id = \(tenant) and o.id = \(id)")
            guard let operation = try stored.first.map(Operation.init) else { throw Failure.fault }
            var json = JSONWriter()
            operation.write(to: &json)
            return Answer(status: 202, body: json.bytes, location: Endpoint.getOperation.path(id.description), objectID: id.uuid)
        }
    }
}

/// Stops what has not begun. What is done stays done, and the result says so item by item.
package struct CancelOperation: Sendable {
    let id: OperationID

    package init(id: OperationID) { self.id = id }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            let tenant = write.tenant.id
            // The queue's row first, as whoever works does: a piece that is being done is waited for.
            let rows = try await write.begin([
                "select from work.operation_queue where tenant_id = \(tenant) and operation_id = \(id) for update",
                "select from operations where tenant_id = \(tenant) and id = \(id) for no key update",
                "\(Operation.select) where o.tenant_id = \(tenant) and o.id = \(id)",
            ])
            guard let operation = try rows[2].first.map(Operation.init) else { throw Failure.notFound }
            try operation.confirmVisible(to: write.principal)
            guard operation.mayBeCancelled(by: write.principal) else { throw Failure.forbidden(code: "operation_not_yours") }
            if operation.state.hasEnded, operation.state != .cancelled { throw Failure.conflict(code: "operation_ended") }
            if !operation.state.hasEnded {
                RunOperation.end(operation, as: .cancelled, write)
                write.audit("operation.cancelled", object: ("operation", id.uuid), account: operation.account)
            }
            let after = try await write.query("\(Operation.select) where o.tenant_id = \(tenant) and o.id = \(id)")
            guard let stored = try after.first.map(Operation.init) else { throw Failure.fault }
            var json = JSONWriter()
            stored.write(to: &json)
            return Answer(status: 200, body: json.bytes, objectID: id.uuid)
        }
    }
}

extension Answer {
    /// The operation that a 202 speaks of, whether it was given just now or is given again.
    package var startedOperation: OperationID? {
        guard status == 202 else { return nil }
        return location?.split(separator: "/").last.flatMap { OperationID(String($0)) }
    }
}
