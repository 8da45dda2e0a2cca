import FoundationEssentials
import Postgres
import Values

/// What one person or key may do only so often in real time, whatever server it asks.
package enum Ration: String, Sendable {
    /// A9: looking a partner's ID up tells a company's name, so it is not for guessing.
    case partnerCheck = "partner_check"

    var uses: Int {
        switch self {
        case .partnerCheck: 10
        }
    }
    var seconds: Int64 {
        switch self {
        case .partnerCheck: 60
        }
    }

    /// The uses that still count at this instant.
    func counted(_ usedAt: [Instant], at now: Instant) -> [Instant] {
        let since = now.adding(seconds: -seconds)
        return usedAt.filter { $0 > since }.sorted()
    }

    /// Seconds until there is one again; nil when there is one.
    func wait(_ counted: [Instant], at now: Instant) -> Int? {
        guard counted.count >= uses, let oldest = counted.first else { return nil }
        return Int(max(0, now.microseconds(until: oldest.adding(seconds: seconds))) / 1_000_000) + 1
    }
}

extension TenantContext {
    /// Uses one up.
    ///
    /// - Throws: `Failure.tooManyRequests` when there is none left; that does not count.
    package func use(_ ration: Ration) async throws {
        let (tenant, principal, now) = (tenant.id, principal.id, dependencies.realNow())
        do {
            try await dependencies.database.writes.write(scope: tenant.uuid, repeatable: true) { transaction in
                let rows = try await transaction.query([
                    """
                    insert into work.rations (tenant_id, principal_id, kind, used_at) \
                    values (\(tenant), \(principal), \(ration.rawValue), '{}') on conflict do nothing
                    """,
                    """
                    select used_at from work.rations where tenant_id = \(tenant) and principal_id = \(principal) and kind = \(ration.rawValue) \
                    for no key update
                    """,
                ])
                let counted = ration.counted(try rows[1].first?.get(0) ?? [], at: now)
                if let wait = ration.wait(counted, at: now) { throw Failure.tooManyRequests(retryAfterSeconds: wait) }
                transaction.enqueue(
                    """
                    update work.rations set used_at = \(counted + [now]) \
                    where tenant_id = \(tenant) and principal_id = \(principal) and kind = \(ration.rawValue)
                    """)
            }
        } catch let error as PostgresError {
            throw Failure(error)
        }
    }

    /// - Throws: `Failure.tooManyRequests` when there is none left. Uses nothing up.
    package func requireLeft(_ ration: Ration) async throws {
        let now = dependencies.realNow()
        let rows = try await read(
            """
            select used_at from work.rations where tenant_id = \(tenant.id) and principal_id = \(principal.id) and kind = \(ration.rawValue)
            """
        ).rows
        let counted = ration.counted(try rows.first?.get(0) ?? [], at: now)
        if let wait = ration.wait(counted, at: now) { throw Failure.tooManyRequests(retryAfterSeconds: wait) }
    }
}
