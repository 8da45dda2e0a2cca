import Crypto
import FoundationEssentials
import Postgres
import Values

/// One browser that a person is signed in with.
package struct Session: Sendable {
    package let id: SessionID
    package let createdAt: Instant
    package let seenAt: Instant
    /// When a password or a code was last checked in it. Nil: she came by a link of the provider's and has said neither.
    package let authenticatedAt: Instant?
    /// What the browser said of itself, and the address it came from.
    package let device: String
    package let address: String
    /// The provider's page that it came from.
    package let returnURL: String?
}

/// What a person has set for herself; nil where she leaves it to the browser or the tenant.
package struct Preferences: Sendable {
    package let language: Language?
    package let zone: TimeZoneRule?
    package let theme: String?
}

/// How a session begins.
package struct SessionStart: Sendable {
    package let device: String
    package let address: String
    /// Whether a password or a code was checked just now.
    package let isAuthenticated: Bool
    package let returnURL: String?
    /// Known before where a portal session is handed out.
    package let id: SessionID?

    package init(device: String, address: String, isAuthenticated: Bool, returnURL: String? = nil, id: SessionID? = nil) {
        self.id = id
        self.device = String(String.UnicodeScalarView(device.unicodeScalars.prefix(300)))
        self.address = String(address.prefix(64))
        self.isAuthenticated = isAuthenticated
        self.returnURL = returnURL
    }
}

extension Authenticator {
    /// A check of password or code counts for this long (G20, ASVS 7.5.1).
    static let recentSeconds: Int64 = 300

    /// A signed-in person's request: who, in which tenant, in which session, and the secret that her forms carry.
    package struct SignedIn: Sendable {
        package let tenant: Tenant
        package let principal: Principal
        package let formToken: String
        package let session: Session
        package let preferences: Preferences
    }

    /// Nil when the cookie's session is unknown, idle for too long or over.
    package func session(_ token: String) async throws -> SignedIn? {
        guard token.utf8.count == 43 else { return nil }
        let hash = SHA256.hash(token)
        let now = realNow()
        let rows = try await identity(
            """
            select tenant_id, user_id, form_secret, \(Session.columns), \(Self.viewingColumns) from identity.sessions \
            where token_hash = \(hash) and expires_at > \(now) and seen_at > \(now.adding(seconds: -Self.idleSeconds))
            """)
        guard let row = rows.first else { return nil }
        var column = Columns(row)
        let tenantID: TenantID = try column.next()
        let userID: UserID = try column.next()
        let secret: [UInt8] = try column.next()
        let session = try Session(&column)
        guard let tenant = try await tenant(tenantID), let own = try await user(userID, of: tenant) else { return nil }
        let (principal, preferences) = try await stead(of: own, try Viewing.Row(&column), in: tenant, at: now)
        if session.seenAt.microseconds(until: now) > 60_000_000 { try await touch(hash, now) }
        return SignedIn(
            tenant: tenant, principal: principal, formToken: Base64URL.encode(secret), session: session, preferences: preferences)
    }

    /// Starts a session and answers the cookie's token; only its hash is kept.
    package func startSession(tenant: TenantID, user: UserID, _ start: SessionStart) async throws -> String {
        let now = realNow()
        let (token, statements) = start.statements(tenant: tenant, user: user, at: now)
        try await run { transaction in
            for statement in statements { transaction.enqueue(statement) }
            transaction.enqueue("update identity.sign_ins set seen_at = \(now) where tenant_id = \(tenant) and user_id = \(user)")
        }
        return token
    }

    /// Password or code was checked again: the session goes on under another token, and what was stolen before is worth nothing.
    package func confirmSession(_ token: String) async throws -> String {
        let fresh = SecureRandom.token()
        let now = realNow()
        try await run { transaction in
            transaction.enqueue(
                """
                update identity.sessions set token_hash = \(SHA256.hash(fresh)), authenticated_at = \(now), seen_at = \(now) \
                where token_hash = \(SHA256.hash(token))
                """)
        }
        return fresh
    }

    package func endSession(_ token: String) async throws {
        let hash = SHA256.hash(token)
        try await run { $0.enqueue("delete from identity.sessions where token_hash = \(hash)") }
    }

    /// A user's open sessions, the last used first.
    package func sessions(of user: UserID, in tenant: TenantID) async throws -> [Session] {
        let now = realNow()
        return try await identity(
            """
            select \(Session.columns) from identity.sessions where tenant_id = \(tenant) and user_id = \(user) and expires_at > \(now) \
            and seen_at > \(now.adding(seconds: -Self.idleSeconds)) order by seen_at desc, id desc limit 100
            """
        ).map { row in
            var column = Columns(row)
            return try Session(&column)
        }
    }

    /// Whether she has a password at all: whoever only ever came by the provider's console has none.
    func hasPassword(_ user: UserID, in tenant: TenantID) async throws -> Bool {
        try await identity(
            "select exists (select from identity.sign_ins where tenant_id = \(tenant) and user_id = \(user) and password_hash is not null)"
        )[0].get(0)
    }

    private func touch(_ hash: [UInt8], _ now: Instant) async throws {
        try await run { transaction in
            transaction.enqueue("update identity.sessions set seen_at = \(now) where token_hash = \(hash)")
            transaction.enqueue(
                """
                update identity.sign_ins i set seen_at = \(now) from identity.sessions s where s.token_hash = \(hash) \
                and i.tenant_id = s.tenant_id and i.user_id = s.user_id
                """)
        }
    }
}

extension SessionStart {
    fileprivate func statements(tenant: TenantID, user: UserID, at now: Instant) -> (token: String, [SQL]) {
        let token = SecureRandom.token()
        func word() -> UInt64 { SecureRandom.bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }
        let id = id ?? SessionID(at: now, random: (word(), word()))
        return (
            token,
            [
                """
                insert into identity.sessions (token_hash, tenant_id, user_id, form_secret, created_at, seen_at, expires_at, id, \
                authenticated_at, device, address, return_url) values (\(SHA256.hash(token)), \(tenant), \(user), \(SecureRandom.bytes(32)), \
                \(now), \(now), \(now.adding(seconds: Authenticator.absoluteSeconds)), \(id), \(isAuthenticated ? now : nil), \(device), \
                \(address), \(returnURL))
                """, "delete from identity.sessions where expires_at < \(now)",
            ]
        )
    }
}

extension Session {
    static let columns: SQL = "id, created_at, seen_at, authenticated_at, device, address, return_url"

    init(_ column: inout Columns) throws {
        id = try column.next()
        createdAt = try column.next()
        seenAt = try column.next()
        authenticatedAt = try column.next()
        device = try column.next()
        address = try column.next()
        returnURL = try column.next()
    }
}

extension Write {
    /// Starts a session in this transaction and answers the cookie's token: for ways in that use something up, such as a one-time link.
    package func startSession(of user: UserID, _ start: SessionStart) -> String {
        let (token, statements) = start.statements(tenant: tenant.id, user: user, at: dependencies.realNow())
        for statement in statements { enqueue(statement) }
        return token
    }

    /// Ends a person's sessions in this transaction: all, or all but one. They stop with their next request.
    package func endSessions(of user: UserID, except kept: SessionID? = nil) {
        enqueue(
            """
            delete from identity.sessions where tenant_id = \(tenant.id) and user_id = \(user) and (\(kept)::uuid is null or id <> \(kept))
            """)
    }

    package func endSession(_ id: SessionID, of user: UserID) {
        enqueue("delete from identity.sessions where tenant_id = \(tenant.id) and user_id = \(user) and id = \(id)")
    }
}
