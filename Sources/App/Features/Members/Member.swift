import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Somebody with a role in an account, an agreement or a subscription, or invited to one. A member's ID is that of the row which gives the role: the
/// account's or the subscription's own for its administrator, the assignment's otherwise; an invitation hands its ID on to the assignment it becomes.
package struct Member: Sendable {
    package enum State: String, Sendable, CaseIterable {
        case active, invited
        case invitationExpired = "invitation_expired"
        /// Has the role and no way to sign in yet.
        case noSignIn = "no_sign_in"
        case removed
    }

    /// An open invitation.
    package struct Invitation: Sendable {
        package let id: UUID
        package var sends: Int
        package var sentAt: Instant
        package var expiresAt: Instant
    }

    package let id: MemberID
    package let person: Person
    package var role: Role
    package let place: MemberPlace
    package let account: AccountID?
    package let enrollment: EnrollmentID?
    package let subscription: SubscriptionID?
    /// The subscription's name, where the place is one.
    package let placeName: String?
    /// Whether the role is hers, or only promised.
    package let isGranted: Bool
    package let hasSignIn: Bool
    package let hasSecondFactor: Bool
    package let seenAt: Instant?
    package var invitation: Invitation?
    package let createdAt: Instant
    package var isRemoved = false
    /// Of the row that gives the role: every change raises it, and an event's sequence is what it came to.
    package var version: Int64

    static let columns: SQL = """
        m.id, m.created_at, m.role, m.account_id, m.enrollment_id, m.subscription_id, m.place_name, m.is_granted, \
        u.id, u.email, u.first_name, u.last_name, \
        exists (select from identity.sign_ins i where i.tenant_id = u.tenant_id and i.user_id = u.id and i.password_hash is not null), \
        exists (select from identity.second_factors f where f.tenant_id = u.tenant_id and f.user_id = u.id and f.confirmed_at is not null), \
        greatest((select max(i.seen_at) from identity.sign_ins i where i.tenant_id = u.tenant_id and i.user_id = u.id), \
        (select max(v.seen_at) from identity.sessions v where v.tenant_id = u.tenant_id and v.user_id = u.id)), \
        m.version, n.id, n.sends, n.sent_at, n.expires_at
        """

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        createdAt = try column.next()
        guard let role = Role(rawValue: try column.next()) else { throw UnknownWord() }
        self.role = role
        account = try column.next()
        enrollment = try column.next()
        subscription = try column.next()
        placeName = try column.next()
        isGranted = try column.next()
        person = Person(
            id: try column.next(), email: try column.next(), firstName: try column.next(), lastName: try column.next())
        hasSignIn = try column.next()
        hasSecondFactor = try column.next()
        seenAt = try column.next()
        place = subscription != nil ? .subscription : enrollment != nil ? .enrollment : .account
        version = try column.next()
        if let invited: UUID = try column.next(UUID?.self) {
            invitation = Invitation(
                id: invited, sends: Int(try column.next(Int32.self)), sentAt: try column.next(), expiresAt: try column.next())
        }
    }

    /// At a real instant: invitations live on real time.
    package func state(at now: Instant) -> State {
        if isRemoved { return .removed }
        if isGranted, hasSignIn { return .active }
        guard let invitation else { return .noSignIn }
        return invitation.expiresAt > now ? .invited : .invitationExpired
    }

    func etag(at now: Instant) -> String {
        "\"\(version)-\(role.rawValue)-\(state(at: now).rawValue)-\(invitation?.sends ?? 0)\""
    }

    func write(to json: inout JSONWriter, at now: Instant) {
        json.object { json in
            json.field("id", id)
            json.field("object", "member")
            json.field("user", person)
            json.field("role", role.rawValue)
            json.field(
                "scope",
                object: {
                    $0.field("kind", place.rawValue)
                    $0.field("account_id", account)
                    $0.field("enrollment_id", enrollment)
                    $0.field("subscription_id", subscription)
                })
            json.field("state", state(at: now).rawValue)
            json.field("two_factor", hasSecondFactor)
            json.field("last_seen_at", seenAt)
            if let invitation, !isRemoved {
                json.field(
                    "invitation",
                    object: {
                        $0.field("sent_at", invitation.sentAt)
                        $0.field("expires_at", invitation.expiresAt)
                        $0.field("sends", invitation.sends)
                    })
            } else {
                json.nullField("invitation")
            }
            json.field("created_at", createdAt)
        }
    }

    func answer(_ status: Int, at now: Instant) -> Answer {
        var json = JSONWriter()
        write(to: &json, at: now)
        return Answer(
            status: status, body: json.bytes, location: status == 201 ? Endpoint.getMember.path(id.description) : nil,
            etag: etag(at: now), objectID: subscription?.uuid ?? id.uuid)
    }
}

/// The rows that give roles, brought into one shape. Each part takes its own condition on `tenant_id`.
enum MemberQueries {
    /// Whose members are asked for.
    enum Within: Sendable {
        case account(AccountID)
        case enrollment(EnrollmentID)
        /// The one member with this ID, wherever she is.
        case one(MemberID)
    }

    /// `from …` with the member called `m`, her person `u` and her open invitation `n`. One person a row, by her key: where ten thousand rows are one
    /// administrator's, the planner would rather read everybody.
    static func source(_ tenant: TenantID, _ within: Within) -> SQL {
        """
        from (\(parts(tenant, within))) m \
        cross join lateral (select * from users u where u.tenant_id = \(tenant) and u.id = m.user_id limit 1) u \
        left join invitations n on n.tenant_id = \(tenant) and n.user_id = m.user_id and n.status = 'pending' \
        and n.account_id is not distinct from m.account_id and n.enrollment_id is not distinct from m.enrollment_id \
        and n.subscription_id is not distinct from m.subscription_id
        """
    }

    private static func parts(_ tenant: TenantID, _ within: Within) -> SQL {
        switch within {
        case .account(let id):
            joined([
                administrator(tenant, "a.id = \(id)"), assigned(tenant, "r.account_id = \(id)"),
                invited(tenant, "v.account_id = \(id)"),
                serving(tenant, "s.account_id = \(id)"),
            ])
        case .enrollment(let id):
            joined([assigned(tenant, "r.enrollment_id = \(id)"), invited(tenant, "v.enrollment_id = \(id)")])
        case .one(let id):
            joined([
                administrator(tenant, "a.id = \(id)"), assigned(tenant, "r.id = \(id)"), invited(tenant, "v.id = \(id)"),
                serving(tenant, "s.id = \(id)"),
            ])
        }
    }

    private static func joined(_ parts: [SQL]) -> SQL { parts.joined(separator: " union all ") }

    private static func administrator(_ tenant: TenantID, _ condition: SQL) -> SQL {
        """
        select a.tenant_id, a.id, a.created_at, a.administrator_id as user_id, 'account_admin' as role, a.id as account_id, null::uuid as enrollment_id, \
        null::uuid as subscription_id, null::text as place_name, true as is_granted, a.version from accounts a where a.tenant_id = \(tenant) and \(condition)
        """
    }

    private static func assigned(_ tenant: TenantID, _ condition: SQL) -> SQL {
        """
        select r.tenant_id, r.id, r.created_at, r.user_id, r.role, r.account_id, r.enrollment_id, null::uuid as subscription_id, \
        null::text as place_name, true as is_granted, r.version from role_assignments r \
        where r.tenant_id = \(tenant) and r.role <> 'operator' and \(condition)
        """
    }

    private static func invited(_ tenant: TenantID, _ condition: SQL) -> SQL {
        """
        select v.tenant_id, v.id, v.created_at, v.user_id, v.role, v.account_id, v.enrollment_id, null, null, false, v.version from invitations v \
        where v.tenant_id = \(tenant) and v.status = 'pending' and v.role in ('finance', 'reader', 'enterprise_admin') and \(condition) \
        and not exists (select from role_assignments h where h.tenant_id = v.tenant_id and h.user_id = v.user_id \
        and h.account_id is not distinct from v.account_id and h.enrollment_id is not distinct from v.enrollment_id and h.role <> 'operator')
        """
    }

    private static func serving(_ tenant: TenantID, _ condition: SQL) -> SQL {
        """
        select s.tenant_id, s.id, s.created_at, s.service_administrator_id, 'service_admin', s.account_id, null, s.id, s.name, true, s.version from subscriptions s \
        join accounts b on b.tenant_id = s.tenant_id and b.id = s.account_id \
        where s.tenant_id = \(tenant) and s.service_administrator_id <> b.administrator_id and s.state <> 'deleted' and \(condition)
        """
    }

    static func one(_ tenant: TenantID, _ id: MemberID) -> SQL {
        "select \(Member.columns) \(source(tenant, .one(id)))"
    }
}
