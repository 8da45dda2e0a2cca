import Crypto
import Postgres
import Values

/// A sign-in whose password was right and that still waits: for a code, or for the choice of a tenant. It opens nothing by itself.
package struct SignInStep: Sendable {
    /// How long the rest may take.
    static let lifetimeSeconds = 300

    let tenant: TenantID
    let user: UserID
    fileprivate let hash: [UInt8]
}

extension Authenticator {
    func startStep(tenant: TenantID, user: UserID) async throws -> String {
        let token = SecureRandom.token()
        let now = realNow()
        try await run { transaction in
            transaction.enqueue(
                """
                insert into identity.sign_in_steps (token_hash, tenant_id, user_id, created_at, expires_at) \
                values (\(SHA256.hash(token)), \(tenant), \(user), \(now), \(now.adding(seconds: Int64(SignInStep.lifetimeSeconds))))
                """)
            transaction.enqueue("delete from identity.sign_in_steps where expires_at < \(now)")
        }
        return token
    }

    func step(_ token: String) async throws -> SignInStep? {
        guard token.utf8.count == 43 else { return nil }
        let hash = SHA256.hash(token)
        let rows = try await identity(
            "select tenant_id, user_id from identity.sign_in_steps where token_hash = \(hash) and expires_at > \(realNow())")
        guard let row = rows.first else { return nil }
        var column = Columns(row)
        return SignInStep(tenant: try column.next(), user: try column.next(), hash: hash)
    }

    /// Whether a code is asked for after this person's password.
    package func hasSecondFactor(_ user: UserID, in tenant: TenantID) async throws -> Bool {
        try await identity(
            """
            select exists (select from identity.second_factors where tenant_id = \(tenant) and user_id = \(user) and confirmed_at is not null)
            """
        )[0].get(0)
    }

    func endStep(_ step: SignInStep) async throws {
        try await run { $0.enqueue("delete from identity.sign_in_steps where token_hash = \(step.hash)") }
    }
}
