import Billing
import Crypto
import FoundationEssentials
import Postgres
import Values

/// A link that is sent by mail or handed to another program, and counts once: the way into what nobody is signed in for yet.
///
/// A use case asks for one with `issue` inside its transaction and puts the token into a letter's secret path; the page behind the link looks with
/// `look`, shows what is about to happen, and takes the link inside the transaction that does it. Links live on real time.
package struct OneTimeLink: Sendable {
    package enum Purpose: String, PostgresWord, CaseIterable {
        case portalSession = "portal_session"
        case passwordReset = "password_reset"
        case invitation
        case emailConfirmation = "email_confirmation"
        case accountHandover = "account_handover"
    }

    package enum State: Sendable {
        case valid(OneTimeLink)
        case used(OneTimeLink)
        case expired(OneTimeLink)
        /// No such link: mistyped, cut off, another's, or of long ago.
        case unknown
    }

    /// A link that ended this long ago is forgotten, and then unknown rather than expired.
    static let rememberedSeconds: Int64 = 30 * 86_400

    package let tenant: TenantID
    package let user: UserID
    package let purpose: Purpose
    /// What it is about: an account, an invitation.
    package let subject: UUID?
    /// Where it leads, on this server.
    package let path: String?
    /// The page elsewhere that it came from.
    package let returnURL: String?
    /// A value that only this link confirms, such as a new address.
    package let detail: String?
    package let expiresAt: Instant
    private let hash: [UInt8]

    /// Makes a link and answers its token, which is stored nowhere: only its hash leaves with the transaction's next flush.
    package static func issue(
        in write: Write, purpose: Purpose, user: UserID, subject: UUID? = nil, path: String? = nil, returnURL: String? = nil,
        detail: String? = nil, lifetimeSeconds: Int64
    ) -> String {
        let token = Base64URL.encode(write.dependencies.randomBytes(32))
        let now = write.dependencies.realNow()
        write.enqueue(
            """
            insert into identity.one_time_links (token_hash, tenant_id, purpose, user_id, subject_id, path, return_url, detail, created_at, expires_at) \
            values (\(SHA256.hash(token)), \(write.tenant.id), \(purpose), \(user), \(subject), \(path), \(returnURL), \(detail), \(now), \
            \(now.adding(seconds: lifetimeSeconds)))
            """)
        write.enqueue(
            """
            delete from identity.one_time_links where tenant_id = \(write.tenant.id) \
            and expires_at < \(now.adding(seconds: -rememberedSeconds))
            """)
        return token
    }

    /// Ends the open links of one purpose: those of a user, or only those about one subject. They then say that they have expired.
    package static func withdraw(in write: Write, purpose: Purpose, user: UserID? = nil, subject: UUID? = nil) {
        let now = write.dependencies.realNow()
        write.enqueue(
            """
            update identity.one_time_links set expires_at = greatest(\(now), created_at + interval '1 microsecond') \
            where tenant_id = \(write.tenant.id) and purpose = \(purpose) and used_at is null and expires_at > \(now) \
            and (\(user)::uuid is null or user_id = \(user)) and (\(subject)::uuid is null or subject_id = \(subject))
            """)
    }

    /// What a token stands for, before the tenant is known. Looking uses nothing up.
    package static func look(_ token: String, _ purpose: Purpose, _ dependencies: Dependencies) async throws -> State {
        guard token.utf8.count == 43 else { return .unknown }
        let hash = SHA256.hash(token)
        let rows = try await read(
            """
            select tenant_id, user_id, subject_id, path, return_url, detail, expires_at, used_at from identity.one_time_links \
            where token_hash = \(hash) and purpose = \(purpose)
            """, dependencies)
        guard let row = rows.first else { return .unknown }
        var column = Columns(row)
        let link = OneTimeLink(
            tenant: try column.next(), user: try column.next(), purpose: purpose, subject: try column.next(),
            path: try column.next(), returnURL: try column.next(), detail: try column.next(), expiresAt: try column.next(),
            hash: hash)
        if try column.next(Instant?.self) != nil { return .used(link) }
        return link.expiresAt > dependencies.realNow() ? .valid(link) : .expired(link)
    }

    /// Uses the link up, in the transaction of what it allows. Of two who take it at once one wins.
    ///
    /// - Throws: `Failure.conflict(code: "link_no_longer_valid")` when somebody was faster, or it ended meanwhile.
    package func take(in write: Write) async throws {
        guard write.tenant.id == tenant else { throw Failure.notFound }
        let now = write.dependencies.realNow()
        let taken = try await write.query(
            """
            update identity.one_time_links set used_at = \(now) where token_hash = \(hash) and tenant_id = \(tenant) \
            and used_at is null and expires_at > \(now) returning true
            """)
        guard !taken.isEmpty else { throw Failure.conflict(code: "link_no_longer_valid") }
    }

    private static func read(_ statement: SQL, _ dependencies: Dependencies) async throws -> Rows {
        do {
            return try await dependencies.database.reads.read(scope: nil, [statement])[0]
        } catch let error as PostgresError {
            throw Failure(error)
        }
    }
}
