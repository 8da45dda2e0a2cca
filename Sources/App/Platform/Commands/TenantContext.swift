import FoundationEssentials
import Postgres
import Values

/// A request that knows its tenant and who asks. Only from here can business rows be read or written.
package struct TenantContext: Sendable {
    package let tenant: Tenant
    package let principal: Principal
    package let dependencies: Dependencies

    package init(tenant: Tenant, principal: Principal, dependencies: Dependencies) {
        self.tenant = tenant
        self.principal = principal
        self.dependencies = dependencies
    }

    /// Not a sweep, a timer or a letter of the server's own: those make nobody a neighbour.
    var isAsked: Bool {
        if case .commandLine = principal { false } else { true }
    }

    /// Reads in one unit and one flush; the tenant's time comes with it.
    package func read(_ statements: [SQL]) async throws -> (now: Instant, rows: [Rows]) {
        do {
            guard tenant.isSandbox else {
                return (
                    dependencies.realNow(),
                    try await dependencies.database.reads.read(scope: tenant.id.uuid, statements, isAsked: isAsked)
                )
            }
            let answers = try await dependencies.database.reads.read(
                scope: tenant.id.uuid, ["select now_at from test_clocks where tenant_id = \(tenant.id)"] + statements,
                isAsked: isAsked)
            return (
                try answers[0].first.map { try $0.get(0, as: Instant.self) } ?? dependencies.realNow(), Array(answers.dropFirst())
            )
        } catch let error as PostgresError {
            throw Failure(error)
        }
    }

    package func read(_ statement: SQL) async throws -> (now: Instant, rows: Rows) {
        let (now, rows) = try await read([statement])
        return (now, rows[0])
    }

    package func now() async throws -> Instant { try await read([]).now }
}
