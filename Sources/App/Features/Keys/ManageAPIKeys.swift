import Billing
import Crypto
import FoundationEssentials
import HTTP
import Postgres
import Values

/// What a new key may be, and where it may be used.
package struct APIKeyTerms: Sendable {
    package var name: String
    package var scopes: [String]?
    package var expiresAt: Instant?
    package var allowedAddresses: [String]?
    /// Requests a minute; nil: as many as every key. Only the operator gives a key its own.
    package var rateLimit: Int?

    package init(
        name: String, scopes: [String]? = nil, expiresAt: Instant? = nil, allowedAddresses: [String]? = nil, rateLimit: Int? = nil
    ) {
        self.name = name
        self.scopes = scopes
        self.expiresAt = expiresAt
        self.allowedAddresses = allowedAddresses
        self.rateLimit = rateLimit
    }

    static let rateLimitAtMost: Int64 = 1_000_000

    /// - Parameter role: nil where the scopes are those that the key has already.
    /// - Throws: 422 that names the scope, the address or the instant.
    func check(for role: Role?, at now: Instant) throws {
        var faults: [FieldError] = []
        if let scopes {
            if scopes.isEmpty { faults.append(FieldError("/scopes", "scopes_empty")) }
            let useful = role.map { Endpoint.scopes(of: $0) } ?? Endpoint.scopes
            for (index, scope) in scopes.enumerated() where !useful.contains(scope) {
                let pointer = "/scopes/\(index)"
                if let role, Endpoint.scopes.contains(scope) {
                    faults.append(FieldError(pointer, "scope_useless", ["scope": scope, "role": role.rawValue]))
                } else {
                    faults.append(FieldError(pointer, "unknown_scope", ["scope": scope]))
                }
            }
        }
        if let allowedAddresses {
            if allowedAddresses.isEmpty { faults.append(FieldError("/allowed_addresses", "addresses_empty")) }
            for (index, address) in allowedAddresses.enumerated() where (try? TrustedProxies([address])) == nil {
                faults.append(FieldError("/allowed_addresses/\(index)", "unknown_address", ["address": address]))
            }
        }
        if let expiresAt, expiresAt <= now { faults.append(FieldError("/expires_at", "expiry_in_past")) }
        if !faults.isEmpty { throw Failure.invalid(faults) }
    }
}

/// Makes a key for an account, or for the tenant itself. It is shown in this one answer and stored as a hash.
package struct CreateAPIKey: Sendable {
    static let roles: [Role] = [.operator, .accountAdministrator, .finance, .reader]

    let account: AccountID?
    let role: Role
    let terms: APIKeyTerms

    package init(account: AccountID?, role: Role, terms: APIKeyTerms) {
        self.account = account
        self.role = role
        self.terms = terms
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        let owner = try await ListAPIKeys.keyOwner(account, context)
        guard (role == .operator) == (owner == nil), Self.roles.contains(role) else {
            throw Failure.invalid([FieldError("/role", owner == nil ? "role_needs_account" : "role_needs_tenant")])
        }
        try terms.check(for: role, at: context.dependencies.realNow())
        if terms.rateLimit != nil { try context.requireToLimitKeys() }
        return try await context.command(options) { write in
            let rows = try await write.begin([APIKey.asking(context)])
            try context.permit(.make, asked: rows[0])
            return try await write.addKey(account: owner, role: role, terms, rotatedFrom: nil, shown: !options.dryRun)
        }
    }
}

/// Renames a key or narrows it differently; the key itself stays.
package struct EditAPIKey: Sendable {
    /// Nil leaves as it is; an inner nil takes the limit away.
    package struct Changes: Sendable {
        package var name: String?
        package var scopes: [String]??
        package var expiresAt: Instant??
        package var allowedAddresses: [String]??
        package var rateLimit: Int??
        package init() {}

        var areOfBounds: Bool { scopes != nil || expiresAt != nil || allowedAddresses != nil || rateLimit != nil }
    }

    let id: APIKeyID
    let changes: Changes
    let ifMatch: String?

    package init(id: APIKeyID, changes: Changes, ifMatch: String? = nil) {
        self.id = id
        self.changes = changes
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        let seen = try await FindAPIKey.byID(id, context)
        if changes.rateLimit != nil { try context.requireToLimitKeys() }
        let now = context.dependencies.realNow()
        return try await context.command(options) { write in
            let rows = try await write.begin([
                APIKey.locked(id, write.tenant.id), APIKey.asking(context), APIKey.successors(of: id, write.tenant.id),
            ])
            guard let before = try rows[0].first.map(APIKey.init) else { throw Failure.notFound }
            try before.requireVersion(ifMatch)
            let deed: KeyDeed = changes.areOfBounds ? .changeBounds : .rename
            try context.permit(deed, asked: rows[1], on: before, isReplaced: !rows[2].isEmpty, at: now)
            var key = before
            if let name = changes.name { key.name = name }
            if let scopes = changes.scopes { key.scopes = scopes }
            if let expiresAt = changes.expiresAt { key.expiresAt = expiresAt }
            if let addresses = changes.allowedAddresses { key.allowedAddresses = addresses }
            if let rateLimit = changes.rateLimit { key.rateLimit = rateLimit }
            let isExpiryNew = key.expiresAt != before.expiresAt
            try APIKeyTerms(
                name: key.name, scopes: key.scopes, expiresAt: isExpiryNew ? key.expiresAt : nil,
                allowedAddresses: key.allowedAddresses
            ).check(for: key.scopes == before.scopes ? nil : key.role, at: now)
            write.enqueue(
                """
                update identity.api_keys set name = \(key.name), scopes = \(key.scopes), expires_at = \(key.expiresAt), \
                allowed_addresses = \(key.allowedAddresses), rate_limit = \(key.rateLimit.map { Int32($0) }) where tenant_id = \(write.tenant.id) and id = \(id)
                """)
            write.audit(
                "api_key.edited", object: ("api_key", id.uuid), account: seen.account, details: (before.auditText, key.auditText))
            return key.answer(at: now)
        }
    }
}

/// Ends a key for good; every server refuses it within a second.
package struct RevokeAPIKey: Sendable {
    let id: APIKeyID
    let ifMatch: String?

    package init(id: APIKeyID, ifMatch: String? = nil) {
        self.id = id
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        _ = try await FindAPIKey.byID(id, context)
        let now = context.dependencies.realNow()
        return try await context.command(options) { write in
            let rows = try await write.begin([APIKey.locked(id, write.tenant.id)])
            guard var key = try rows[0].first.map(APIKey.init) else { throw Failure.notFound }
            try key.requireVersion(ifMatch)
            guard key.revokedAt == nil else { return key.answer(at: now) }
            key.revokedAt = now
            write.enqueue(
                "update identity.api_keys set revoked_at = \(now) where tenant_id = \(write.tenant.id) and id = \(id)")
            write.audit("api_key.revoked", object: ("api_key", id.uuid), account: key.account)
            return key.answer(at: now)
        }
    }
}

/// A new key in place of an old one, which goes on for a while so that programs can change over without a gap.
package struct RotateAPIKey: Sendable {
    /// In seconds; a week is long enough to change over.
    static let overlapStandard: Int64 = 86_400
    static let overlapLongest: Int64 = 7 * 86_400

    let id: APIKeyID
    let overlapSeconds: Int64

    package init(id: APIKeyID, overlapSeconds: Int64?) {
        self.id = id
        self.overlapSeconds = overlapSeconds ?? Self.overlapStandard
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        _ = try await FindAPIKey.byID(id, context)
        let now = context.dependencies.realNow()
        return try await context.command(options) { write in
            let rows = try await write.begin([APIKey.locked(id, write.tenant.id), APIKey.asking(context)])
            guard let old = try rows[0].first.map(APIKey.init) else { throw Failure.notFound }
            try context.permit(.replace, asked: rows[1], on: old, at: now)
            let until = now.adding(seconds: overlapSeconds)
            let ends = old.expiresAt.map { min($0, until) } ?? until
            write.enqueue(
                "update identity.api_keys set expires_at = \(ends) where tenant_id = \(write.tenant.id) and id = \(id)")
            write.audit("api_key.rotated", object: ("api_key", id.uuid), account: old.account)
            let terms = APIKeyTerms(
                name: old.name, scopes: old.scopes, expiresAt: old.expiresAt, allowedAddresses: old.allowedAddresses,
                rateLimit: old.rateLimit)
            return try await write.addKey(
                account: old.account, role: old.role, terms, rotatedFrom: old.id, shown: !options.dryRun)
        }
    }
}

extension TenantContext {
    /// How much of the server a key may take is the operator's to say, whoever's key it is.
    func requireToLimitKeys() throws {
        guard principal.isOperator else { throw Failure.forbidden(code: "rate_limit_for_operators") }
    }

    /// The rule of keys (`KeyRule`), asked with what `APIKey.asking` has read.
    fileprivate func permit(
        _ deed: KeyDeed, asked: Rows, on key: APIKey? = nil, isReplaced: Bool = false, at now: Instant? = nil
    ) throws {
        let asker = try asked.first.map(APIKey.init)
        let refusal = KeyRule.refusal(
            deed, by: asker?.bounds, isItself: asker != nil && asker?.id == key?.id,
            on: key.map { $0.standing(at: now ?? dependencies.realNow(), isReplaced: isReplaced) })
        if let refusal { throw Failure(refusal) }
    }
}

extension APIKey {
    static func locked(_ id: APIKeyID, _ tenant: TenantID) -> SQL {
        "select \(columns) \(source) where k.tenant_id = \(tenant) and k.id = \(id) for no key update of k"
    }

    /// The key that asks; none where a person does.
    fileprivate static func asking(_ context: TenantContext) -> SQL {
        let id: APIKeyID? = if case .key(let id, _, _, _) = context.principal { id } else { nil }
        return "select \(columns) \(source) where k.tenant_id = \(context.tenant.id) and k.id = \(id)"
    }

    static func successors(of id: APIKeyID, _ tenant: TenantID) -> SQL {
        "select hint from identity.api_keys where tenant_id = \(tenant) and rotated_from = \(id) order by created_at desc limit 1"
    }

    /// `bsk_test_…` for a sandbox tenant, `bsk_live_…` for a live one, and 256 random bits.
    static func newSecret(for tenant: Tenant) -> String { "bsk_\(tenant.isSandbox ? "test" : "live")_\(SecureRandom.token())" }
}

extension Write {
    /// `shown`: the answer holds the key. That of a dry run has none to show.
    fileprivate func addKey(
        account: AccountID?, role: Role, _ terms: APIKeyTerms, rotatedFrom: APIKeyID?, shown: Bool
    ) async throws -> Answer {
        let id: APIKeyID = newID()
        let secret = APIKey.newSecret(for: tenant)
        let now = dependencies.realNow()
        var creator: UserID?
        if case .user(let user, _, _, _) = principal { creator = user }
        let rows = try await query([
            """
            insert into identity.api_keys (id, key_hash, tenant_id, account_id, role, mode, name, hint, created_at, scopes, expires_at, \
            allowed_addresses, rate_limit, created_by, rotated_from, root_id) values (\(id), \(SHA256.hash(secret)), \(tenant.id), \(account), \(role.rawValue), \
            \(tenant.isSandbox ? "test" : "live"), \(terms.name), \(String(secret.suffix(4))), \(now), \(terms.scopes), \(terms.expiresAt), \
            \(terms.allowedAddresses), \(terms.rateLimit.map { Int32($0) }), \(creator), \(rotatedFrom), \
            (select coalesce(root_id, id) from identity.api_keys where tenant_id = \(tenant.id) and id = \(rotatedFrom)))
            """,
            "select \(APIKey.columns) \(APIKey.source) where k.tenant_id = \(tenant.id) and k.id = \(id)",
        ])
        guard let key = try rows[1].first.map(APIKey.init) else { throw Failure.fault }
        audit("api_key.created", object: ("api_key", id.uuid), account: account)
        return key.answer(201, at: now, secret: shown ? secret : nil)
    }
}
