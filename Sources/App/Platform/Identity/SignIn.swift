import Crypto
import FoundationEssentials
import Loop
import Postgres
import Values

/// Checks an e-mail address and a password against every tenant that knows the address.
///
/// An unknown address costs as much time as a wrong password, and answers the same. After five wrong passwords in a row a sign-in waits, longer each time.
package struct SignIn: Sendable {
    static let freeFailures: Int32 = 5
    static let longestWaitSeconds: Int64 = 15 * 60

    package enum Outcome: Sendable {
        case signedIn(TenantID, UserID)
        /// The same address and password in more than one tenant: ask which.
        case choose([(tenant: TenantID, user: UserID)])
        case refused
        case wait(seconds: Int64)
    }

    let dependencies: Dependencies

    package init(_ dependencies: Dependencies) { self.dependencies = dependencies }

    package func callAsFunction(email: String, password: String) async throws -> Outcome {
        let email = email.lowercased()
        let now = dependencies.realNow()
        let rows = try await dependencies.database.reads.read(
            scope: nil,
            [
                "select tenant_id, user_id, password_hash, failures, locked_until from identity.sign_ins where email = \(email) limit 20"
            ])[0]
        var matches: [(tenant: TenantID, user: UserID)] = []
        var misses: [(tenant: TenantID, failures: Int32)] = []
        var wait: Int64 = 0
        for row in rows {
            var column = Columns(row)
            let tenant: TenantID = try column.next()
            let user: UserID = try column.next()
            let hash: String? = try column.next()
            let failures: Int32 = try column.next()
            if let locked = try column.next(Instant?.self), locked > now {
                wait = max(wait, now.microseconds(until: locked) / 1_000_000 + 1)
                continue
            }
            if let hash, try await isRight(password, phc: hash) {
                matches.append((tenant, user))
            } else {
                misses.append((tenant, failures + 1))
            }
        }
        if rows.isEmpty { _ = try await isRight(password, phc: PasswordHash.decoy.phc) }
        try await note(email: email, matches: matches.map(\.tenant), misses: matches.isEmpty ? misses : [], at: now)
        if matches.count == 1 { return .signedIn(matches[0].tenant, matches[0].user) }
        if matches.count > 1 { return .choose(matches) }
        return wait > 0 && misses.isEmpty ? .wait(seconds: wait) : .refused
    }

    /// The hash is 19 MiB of work: a bounded number at once, off the loop.
    private func isRight(_ password: String, phc: String) async throws -> Bool {
        guard password.utf8.count <= 1024 else { return false }
        return try await dependencies.workers.run { try PasswordHash(phc: phc).matches(password) }
    }

    private func note(email: String, matches: [TenantID], misses: [(tenant: TenantID, failures: Int32)], at now: Instant)
        async throws
    {
        guard !misses.isEmpty || !matches.isEmpty else { return }
        try await dependencies.database.writes.write(scope: nil, repeatable: true) { transaction in
            for tenant in matches {
                transaction.enqueue(
                    "update identity.sign_ins set failures = 0, locked_until = null where email = \(email) and tenant_id = \(tenant) and failures > 0"
                )
            }
            for miss in misses {
                let over = miss.failures - Self.freeFailures
                let seconds = over < 0 ? 0 : min(Self.longestWaitSeconds, Int64(30) << Int64(min(over, 10)))
                let until: Instant? = seconds == 0 ? nil : now.adding(seconds: seconds)
                transaction.enqueue(
                    """
                    update identity.sign_ins set failures = failures + 1, locked_until = \(until) \
                    where email = \(email) and tenant_id = \(miss.tenant)
                    """)
            }
        }
    }
}
