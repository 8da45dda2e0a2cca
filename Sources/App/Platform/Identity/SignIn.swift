import Crypto
import FoundationEssentials
import HTTP
import Loop
import Postgres
import Values

/// Checks an e-mail address and a password against every tenant that knows the address.
///
/// An unknown address costs as much time as a wrong password, and answers the same. After five wrong passwords in a row from one place that place
/// waits, longer each time; after twenty from anywhere everybody does.
package struct SignIn: Sendable {
    static let freeFailures: Int32 = 5
    static let freeFailuresFromAnywhere: Int32 = 20
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

    /// `address` is where the request comes from.
    package func callAsFunction(email: String, password: String, from address: String) async throws -> Outcome {
        let email = email.lowercased()
        let rows = try await dependencies.database.reads.read(
            scope: nil, ["select \(Self.columns) from identity.sign_ins where email = \(email) limit 20"])[0]
        return try await judge(rows, password, email: String(email.prefix(254)), address)
    }

    /// Whether it is the password of this very user, who is signed in: counted and delayed like a sign-in.
    package func confirm(_ password: String, tenant: TenantID, user: UserID, from address: String) async throws -> Outcome {
        let rows = try await dependencies.database.reads.read(
            scope: nil,
            ["select \(Self.columns) from identity.sign_ins where tenant_id = \(tenant) and user_id = \(user)"])[0]
        return try await judge(rows, password, email: try rows.first?.get(0) ?? "", address)
    }

    private static let columns: SQL = "email, tenant_id, user_id, password_hash, failures, locked_until"

    private struct Known: Sendable {
        let email: String
        let tenant: TenantID
        let failures: Int32
    }

    private func judge(_ rows: Rows, _ password: String, email: String, _ address: String) async throws -> Outcome {
        let (now, guesses, place) = (dependencies.realNow(), dependencies.guesses, "\(ClientNetwork(of: address)) \(email)")
        if let seconds = guesses.wait(place, at: now) ?? (rows.isEmpty ? guesses.wait(email, at: now) : nil) {
            return .wait(seconds: seconds)
        }
        var matches: [(tenant: TenantID, user: UserID)] = []
        var right: [Known] = []
        var misses: [Known] = []
        var wait: Int64 = 0
        for row in rows {
            var column = Columns(row)
            let email: String = try column.next()
            let tenant: TenantID = try column.next()
            let user: UserID = try column.next()
            let hash: String? = try column.next()
            let known = Known(email: email, tenant: tenant, failures: try column.next())
            if let locked = try column.next(Instant?.self), locked > now {
                wait = max(wait, now.microseconds(until: locked) / 1_000_000 + 1)
                continue
            }
            if try await isRight(password, phc: hash ?? PasswordHash.decoy.phc), hash != nil {
                matches.append((tenant, user))
                right.append(known)
            } else {
                misses.append(known)
            }
        }
        if rows.isEmpty { _ = try await isRight(password, phc: PasswordHash.decoy.phc) }
        try await note(right, misses: matches.isEmpty ? misses : [], at: now)
        if matches.isEmpty {
            if wait == 0 || !misses.isEmpty { guesses.miss(place, free: Self.freeFailures, at: now) }
            if rows.isEmpty { guesses.miss(email, free: Self.freeFailuresFromAnywhere, at: now) }
        } else {
            guesses.forget(place)
        }
        if matches.count == 1 { return .signedIn(matches[0].tenant, matches[0].user) }
        if matches.count > 1 { return .choose(matches) }
        return wait > 0 && misses.isEmpty ? .wait(seconds: wait) : .refused
    }

    /// The hash is 19 MiB of work: a bounded number at once, off the loop.
    private func isRight(_ password: String, phc: String) async throws -> Bool {
        guard password.utf8.count <= 1024 else { return false }
        return try await dependencies.workers.run { try PasswordHash(phc: phc).matches(password) }
    }

    private func note(_ right: [Known], misses: [Known], at now: Instant) async throws {
        guard !misses.isEmpty || !right.isEmpty else { return }
        try await dependencies.database.writes.write(scope: nil, repeatable: true) { transaction in
            for known in right {
                transaction.enqueue(
                    """
                    update identity.sign_ins set failures = 0, locked_until = null \
                    where email = \(known.email) and tenant_id = \(known.tenant) and failures > 0
                    """)
            }
            for miss in misses {
                let locked = Self.lock(after: miss.failures + 1, free: Self.freeFailuresFromAnywhere, at: now)
                transaction.enqueue(
                    """
                    update identity.sign_ins set failures = failures + 1, locked_until = \(locked) \
                    where email = \(miss.email) and tenant_id = \(miss.tenant)
                    """)
            }
        }
    }

    /// Until when the next attempt has to wait after so many failures in a row: 30 seconds after as many as are free, twice as long each time.
    static func lock(after failures: Int32, free: Int32, at now: Instant) -> Instant? {
        let over = failures - free
        guard over >= 0 else { return nil }
        return now.adding(seconds: min(longestWaitSeconds, Int64(30) << Int64(min(over, 10))))
    }
}
