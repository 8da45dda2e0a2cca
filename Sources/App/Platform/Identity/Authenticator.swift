import Billing
import Crypto
import FoundationEssentials
import Postgres
import Synchronization
import Values

/// Turns a key or a session's cookie into a tenant and a principal. What it remembers, it remembers for at most a second, so that a revoked key
/// or an ended session stops within that second on every server.
package final class Authenticator: Sendable {
    static let rememberedMicroseconds: Int64 = 1_000_000
    /// "Last used" is kept to this grain.
    static let useNotedMicroseconds: Int64 = 60_000_000
    /// More keys than this in use within a second are simply looked up again.
    static let rememberedAtMost = 10_000
    /// A session ends after this long without a request, and after this long in any case (real time).
    static let idleSeconds: Int64 = 30 * 60
    static let absoluteSeconds: Int64 = 12 * 3600

    private let database: Database
    let realNow: @Sendable () -> Instant
    /// What the process has gathered of its keys' uses, whichever loop they came to.
    package let uses: KeyUses
    private let keys = Mutex<[[UInt8]: Remembered]>([:])
    private let tenants = Mutex<[TenantID: (tenant: Tenant, until: Instant)]>([:])

    private struct Remembered: Sendable {
        let key: KnownKey
        let until: Instant
    }

    /// A key as it was found: whose it is, what it may be, and what narrows it.
    package struct KnownKey: Sendable {
        package let id: APIKeyID
        package let tenant: Tenant
        package let principal: Principal
        package let limits: KeyLimits
    }

    package init(database: Database, realNow: @escaping @Sendable () -> Instant, uses: KeyUses? = nil) {
        self.database = database
        self.uses = uses ?? KeyUses()
        self.realNow = realNow
    }

    // MARK: Keys

    /// `address` is where the request comes from, for the key's "last used". A token that this process has not seen to be a key is looked up
    /// only when `stranger` does not throw.
    ///
    /// - Throws: `Failure.unauthenticated`
    package func key(_ token: String, from address: String, stranger: () throws -> Void = {}) async throws -> KnownKey {
        guard token.hasPrefix("bsk_"), token.utf8.count < 200 else {
            try stranger()
            throw Failure.unauthenticated(code: "invalid_api_key")
        }
        let hash = SHA256.hash(token)
        let now = realNow()
        let remembered = keys.withLock { $0[hash] }
        if let remembered, remembered.until > now { return remembered.key }
        if remembered == nil { try stranger() }
        let rows = try await identity(
            """
            select k.id, k.tenant_id, k.account_id, k.role, k.scopes, k.expires_at, k.allowed_addresses, k.rate_limit, \
            u.used_at, k.root_id \
            from identity.api_keys k left join identity.api_key_uses u on u.key_id = k.id where k.key_hash = \(hash) and k.revoked_at is null
            """)
        guard let row = rows.first else {
            keys.withLock { _ = $0.removeValue(forKey: hash) }
            throw Failure.unauthenticated(code: "invalid_api_key")
        }
        var column = Columns(row)
        let id: APIKeyID = try column.next()
        let tenantID: TenantID = try column.next()
        let account: AccountID? = try column.next()
        let role = Role(keyRole: try column.next(String.self))
        let limits = KeyLimits(
            scopes: try column.next(), expiresAt: try column.next(), addresses: try column.next(),
            rateLimit: try column.next(Int32?.self).map { Int($0) })
        let usedAt: Instant? = try column.next()
        let root: APIKeyID? = try column.next()
        guard let role, let tenant = try await tenant(tenantID) else { throw Failure.unauthenticated(code: "invalid_api_key") }
        let known = KnownKey(
            id: id, tenant: tenant, principal: .key(id: id, account: account, role: role, root: root ?? id), limits: limits)
        keys.withLock {
            if $0.count >= Self.rememberedAtMost { $0.removeAll(keepingCapacity: true) }
            $0[hash] = Remembered(key: known, until: now.adding(microseconds: Self.rememberedMicroseconds))
        }
        if usedAt.map({ $0.microseconds(until: now) >= Self.useNotedMicroseconds }) ?? true {
            uses.note(KeyUses.Use(key: id, address: address, at: now))
        }
        return known
    }

    // MARK: Tenants

    package func tenant(_ id: TenantID) async throws -> Tenant? {
        let now = realNow()
        if let known = tenants.withLock({ $0[id] }), known.until > now { return known.tenant }
        guard let tenant = try await tenants(where: "id = \(id)").first else { return nil }
        tenants.withLock { $0[id] = (tenant, now.adding(microseconds: Self.rememberedMicroseconds)) }
        return tenant
    }

    package func tenant(slug: String) async throws -> Tenant? { try await tenants(where: "slug = \(slug)").first }
    package func allTenants() async throws -> [Tenant] { try await tenants(where: "true") }

    private func tenants(where condition: SQL) async throws -> [Tenant] {
        let rows = try await identity(
            """
            select id, slug, name, kind, currency, time_zone, locale, demo, sandbox_payments from identity.tenants where \(condition) order by created_at, id
            """)
        return try rows.map { row in
            var column = Columns(row)
            return Tenant(
                id: try column.next(), slug: try column.next(), name: try column.next(),
                isSandbox: try column.next(String.self) == "sandbox",
                currency: try column.next(), timeZone: try column.next(), locale: try column.next(), isDemo: try column.next(),
                offersSandboxPayments: try column.next())
        }
    }

    /// A user with what she has been given; nil when there is no such user.
    package func user(_ id: UserID, of tenant: Tenant) async throws -> (Principal, Preferences)? {
        let answers = try await database.reads.read(
            scope: tenant.id.uuid,
            [
                "select email, first_name, last_name, locale, time_zone, theme from users where tenant_id = \(tenant.id) and id = \(id)",
                "select role, account_id, enrollment_id from role_assignments where tenant_id = \(tenant.id) and user_id = \(id)",
            ])
        guard let row = answers[0].first else { return nil }
        var column = Columns(row)
        let person = Person(id: id, email: try column.next(), firstName: try column.next(), lastName: try column.next())
        let preferences = Preferences(
            language: try column.next(String?.self).flatMap { Language(tag: $0) },
            zone: try column.next(String?.self).flatMap { TimeZoneRule(identifier: $0) }, theme: try column.next())
        var grants = Grants()
        for row in answers[1] {
            var column = Columns(row)
            let role: String = try column.next()
            let account: AccountID? = try column.next()
            let enrollment: EnrollmentID? = try column.next()
            if role == "operator" { grants.isOperator = true }
            if let account, let role = Role(keyRole: role) { grants.accounts[account, default: []].insert(role) }
            if let enrollment { grants.enrollments.insert(enrollment) }
        }
        return (.user(id: id, email: person.email, name: person.name, grants: grants), preferences)
    }

    // MARK: The identity schema is read and written without a tenant

    func identity(_ statement: SQL) async throws -> Rows {
        do { return try await database.reads.read(scope: nil, [statement])[0] } catch let error as PostgresError {
            throw Failure(error)
        }
    }

    func run<Value>(_ body: (Transaction) async throws -> Value) async throws -> Value {
        do { return try await database.writes.write(scope: nil, repeatable: true, body) } catch let error as PostgresError {
            throw Failure(error)
        }
    }
}

extension Role {
    /// The role that a key or an assignment names in the database.
    init?(keyRole: String) {
        switch keyRole {
        case "operator": self = .operator
        case "account_admin": self = .accountAdministrator
        case "finance": self = .finance
        case "reader": self = .reader
        default: return nil
        }
    }
}
