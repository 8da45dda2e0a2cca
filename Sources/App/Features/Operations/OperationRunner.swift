import Loop
import Postgres
import Synchronization
import Values

/// Every tenant's long work, beside the sweeper. A tenant has one lane at a time, so that one with much to do slows only itself.
package final class OperationRunner: Sendable {
    private static let lanes = 4
    private static let piecesInARow = 10

    private let dependencies: Dependencies
    private let authenticator: Authenticator
    private let loop: EventLoop
    private let busy = Mutex<[TenantID: Task<Void, Never>]>([:])

    package init(dependencies: Dependencies, authenticator: Authenticator, loop: EventLoop) {
        self.dependencies = dependencies
        self.authenticator = authenticator
        self.loop = loop
    }

    /// Runs until its task is cancelled; pieces on their way are finished first. `pause` waits between two rounds and throws when cancelled.
    package func run(pause: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            await round()
            do { try await pause() } catch { break }
        }
        let left = busy.withLock { Array($0.values) }
        for task in left { task.cancel() }
        for task in left { await task.value }
    }

    /// The queue is a local table: one look says which tenants have work.
    private func round() async {
        do {
            let rows = try await dependencies.database.reads.read(
                scope: nil,
                [
                    """
                    select tenant_id from work.operation_queue where lease_until <= \(dependencies.realNow()) \
                    group by tenant_id order by min(lease_until) limit 100
                    """
                ])
            for row in rows[0] {
                guard let tenant = try await authenticator.tenant(try row.get(0)) else { continue }
                work(TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies))
            }
        } catch {
            dependencies.log(.warning, "operations postponed", [("error", "\(error)")])
        }
    }

    private func work(_ context: TenantContext) {
        let (id, authenticator) = (context.tenant.id, authenticator)
        busy.withLock { busy in
            guard busy[id] == nil, busy.count < Self.lanes else { return }
            busy[id] = loop.spawn { [self] in
                do {
                    try await RunOperation(context, authenticator: authenticator).run(pieces: Self.piecesInARow)
                } catch {
                    dependencies.log(.warning, "operations postponed", [("tenant", context.tenant.slug), ("error", "\(error)")])
                }
                _ = self.busy.withLock { $0.removeValue(forKey: id) }
            }
        }
    }
}
