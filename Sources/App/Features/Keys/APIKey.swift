import Billing
import Crypto
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A key as its owners see it: everything but the key itself, which is shown once and stored as a hash.
package struct APIKey: Sendable {
    package let id: APIKeyID
    package let account: AccountID?
    package let role: Role
    package let isLive: Bool
    package var name: String
    /// The last four characters.
    package let hint: String
    package var scopes: [String]?
    package var expiresAt: Instant?
    package var allowedAddresses: [String]?
    /// Requests a minute; nil: as many as every key.
    package var rateLimit: Int?
    package let createdAt: Instant
    package let createdBy: UserID?
    package let rotatedFrom: APIKeyID?
    package var revokedAt: Instant?
    package let lastUsedAt: Instant?
    package let lastUsedAddress: String?

    /// Of `identity.api_keys k left join identity.api_key_uses u`.
    static let columns: SQL = """
        k.id, k.account_id, k.role, k.mode, k.name, k.hint, k.scopes, k.expires_at, k.allowed_addresses, k.created_at, k.created_by, \
        k.rotated_from, k.revoked_at, u.used_at, u.address, k.rate_limit
        """
    static let source: SQL = "from identity.api_keys k left join identity.api_key_uses u on u.key_id = k.id"

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        account = try column.next()
        role = Role(keyRole: try column.next(String.self)) ?? .reader
        isLive = try column.next(String.self) == "live"
        name = try column.next()
        hint = try column.next()
        scopes = try column.next()
        expiresAt = try column.next()
        allowedAddresses = try column.next()
        createdAt = try column.next()
        createdBy = try column.next()
        rotatedFrom = try column.next()
        revokedAt = try column.next()
        lastUsedAt = try column.next()
        lastUsedAddress = try column.next()
        rateLimit = try column.next(Int32?.self).map { Int($0) }
    }

    package enum State: String, Sendable, CaseIterable { case active, expired, revoked }

    package func state(at now: Instant) -> State {
        if let revokedAt, revokedAt <= now { return .revoked }
        if let expiresAt, expiresAt <= now { return .expired }
        return .active
    }

    /// What narrows it, for the rule of keys.
    var bounds: KeyBounds {
        KeyBounds(scopes: scopes, expiresAt: expiresAt, addresses: allowedAddresses, rateLimit: rateLimit)
    }

    func standing(at now: Instant, isReplaced: Bool) -> KeyStanding {
        let state = state(at: now)
        return KeyStanding(isRevoked: state == .revoked, isExpired: state == .expired, isReplaced: isReplaced)
    }

    /// How it is told apart on a page: `bsk_live_…Ab3d`.
    package var shownAs: String { "bsk_\(isLive ? "live" : "test")_…\(hint)" }

    /// `secret` is the key itself, in the one answer that holds it.
    func write(to json: inout JSONWriter, at now: Instant, secret: String? = nil) {
        json.object {
            $0.field("id", id)
            $0.field("object", "api_key")
            $0.field("account_id", account)
            $0.field("role", role.rawValue)
            $0.field("mode", isLive ? "live" : "test")
            $0.field("name", name)
            $0.field("hint", hint)
            $0.field("state", state(at: now).rawValue)
            writeBounds(to: &$0)
            $0.field("created_at", createdAt)
            $0.field("created_by", createdBy)
            $0.field("rotated_from", rotatedFrom)
            $0.field("revoked_at", revokedAt)
            $0.field("last_used_at", lastUsedAt)
            $0.field("last_used_address", lastUsedAddress)
            if let secret { $0.field("key", secret) }
        }
    }

    /// What narrows it.
    func writeBounds(to json: inout JSONWriter) {
        words("scopes", scopes, &json)
        json.field("expires_at", expiresAt)
        words("allowed_addresses", allowedAddresses, &json)
        json.field("rate_limit", rateLimit)
    }

    private func words(_ name: String, _ words: [String]?, _ json: inout JSONWriter) {
        if let words { json.field(name, words: words) } else { json.nullField(name) }
    }

    func answer(_ status: Int = 200, at now: Instant, secret: String? = nil) -> Answer {
        func body(_ secret: String?) -> [UInt8] {
            var json = JSONWriter()
            write(to: &json, at: now, secret: secret)
            return json.bytes
        }
        var answer = Answer(
            status: status, body: body(secret), location: status == 201 ? Endpoint.getAPIKey.path(id.description) : nil,
            etag: status == 200 ? etag : nil, objectID: id.uuid)
        if secret != nil { answer.keptBody = body(nil) }
        return answer
    }

    /// What can be changed of it; being used is no change.
    var etag: String { "\"\(SHA256.hex(Array("\(auditText) \(revokedAt == nil)".utf8)).prefix(16))\"" }

    /// - Throws: `Failure.stale` when it is not as the caller saw it.
    func requireVersion(_ ifMatch: String?) throws {
        try Failure.requireMatch(ifMatch, etag)
    }

    /// What the audit keeps of it: no name, which may be a person's.
    var auditText: String {
        jsonText {
            $0.field("name", name)
            writeBounds(to: &$0)
        }
    }
}

/// The keys of an account, or the tenant's own: for whoever may manage members there (product.md section 7).
package enum ListAPIKeys {
    /// The account whose keys are meant, after the question whether they may be managed. Nil: all of the tenant's, which the operator may.
    static func keyOwner(_ account: AccountID?, _ context: TenantContext) async throws -> AccountID? {
        var account = account
        if account == nil, case .key(_, let own?, _, _) = context.principal { account = own }
        guard let account else {
            try context.require(.operate)
            return nil
        }
        try await FindAPIKey.requireManager(of: account, context)
        return account
    }
}

package enum FindAPIKey {
    /// - Throws: not found for a key that is not theirs to manage.
    package static func byID(_ id: APIKeyID, _ context: TenantContext) async throws -> APIKey {
        let key = try await any(id, context)
        try await requireManager(of: key.account, context)
        return key
    }

    /// Whether it is there for them at all, whatever their role.
    static func confirmVisible(_ id: APIKeyID, _ context: TenantContext) async throws {
        let key = try await any(id, context)
        guard let account = key.account else {
            if !context.principal.isOperator { throw Failure.notFound }
            return
        }
        _ = try await account.seen(by: context)
    }

    static func any(_ id: APIKeyID, _ context: TenantContext) async throws -> APIKey {
        let rows = try await identityRows(
            "select \(APIKey.columns) \(APIKey.source) where k.tenant_id = \(context.tenant.id) and k.id = \(id)", context)
        guard let key = try rows.first.map(APIKey.init) else { throw Failure.notFound }
        return key
    }

    /// The tenant's own keys are the operator's; to everybody else they are not there.
    static func requireManager(of account: AccountID?, _ context: TenantContext) async throws {
        guard let account else {
            guard context.principal.isOperator else { throw Failure.notFound }
            return
        }
        let found = try await account.seen(by: context)
        try TenantContext.require(.manageMembers, of: context.principal.roles(on: found.belonging), in: found.kind)
    }
}

extension AccountID {
    /// The account, for whoever has any role on it.
    func seen(by context: TenantContext) async throws -> Account {
        let rows = try await context.read(Account.one(context.tenant.id, self)).rows
        guard let account = try rows.first.map(Account.init), !context.principal.roles(on: account.belonging).isEmpty else {
            throw Failure.notFound
        }
        return account
    }
}

/// Keys live in the identity schema, which is read before the tenant is known; here every statement names it.
func identityRows(_ statement: SQL, _ context: TenantContext) async throws -> Rows {
    try await context.read(statement).rows
}
