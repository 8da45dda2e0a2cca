import Billing
import FoundationEssentials
import Postgres
import Values

/// An invitation as the page behind its link shows it: before anybody is signed in.
package struct OpenInvitation: Sendable {
    package enum State: Sendable, Equatable { case open, accepted, withdrawn, expired }

    package let id: UUID
    package let person: Person
    package let role: Role
    package let account: AccountID?
    package let enrollment: EnrollmentID?
    package let subscription: SubscriptionID?
    /// What it is an invitation to: the name of the account, the agreement, the subscription.
    package let placeName: String
    package let state: State
    package let hasSignIn: Bool
    package let expiresAt: Instant

    static func find(_ link: OneTimeLink, _ tenant: Tenant, _ dependencies: Dependencies) async throws -> OpenInvitation? {
        guard let id = link.subject else { return nil }
        let context = TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies)
        let rows = try await context.read(
            """
            select v.role, v.account_id, v.enrollment_id, v.subscription_id, coalesce(s.name, a.name, e.name, ''), v.status, v.expires_at, \
            u.id, u.email, u.first_name, u.last_name, \
            exists (select from identity.sign_ins i where i.tenant_id = v.tenant_id and i.user_id = v.user_id and i.password_hash is not null) \
            from invitations v join users u on u.tenant_id = v.tenant_id and u.id = v.user_id \
            left join accounts a on a.tenant_id = v.tenant_id and a.id = v.account_id \
            left join enrollments e on e.tenant_id = v.tenant_id and e.id = v.enrollment_id \
            left join subscriptions s on s.tenant_id = v.tenant_id and s.id = v.subscription_id \
            where v.tenant_id = \(tenant.id) and v.id = \(id) and v.user_id = \(link.user)
            """
        ).rows
        return try rows.first.map { try OpenInvitation($0, id: id, at: dependencies.realNow()) }
    }

    private init(_ row: Row, id: UUID, at now: Instant) throws {
        var column = Columns(row)
        self.id = id
        guard let role = Role(rawValue: try column.next()) else { throw UnknownWord() }
        self.role = role
        account = try column.next()
        enrollment = try column.next()
        subscription = try column.next()
        placeName = try column.next()
        let status: String = try column.next()
        expiresAt = try column.next()
        person = Person(
            id: try column.next(), email: try column.next(), firstName: try column.next(), lastName: try column.next())
        hasSignIn = try column.next()
        state =
            switch status {
            case "accepted": .accepted
            case "withdrawn": .withdrawn
            default: expiresAt > now ? .open : .expired
            }
    }
}

/// The invited person says yes: as herself when she can sign in already, else with the password and the name that she chooses now.
package struct AcceptInvitation: Sendable {
    let invitation: OpenInvitation
    let link: OneTimeLink
    let newcomer: (firstName: String, lastName: String, password: NewPassword)?

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws {
        _ = try await context.command(options) { write in
            // The place first, as everywhere: an invitation is not taken back while it is accepted.
            let place: LockedPlace?
            if let account = invitation.account {
                place = try await write.lockAccountPlace(account)
            } else if let enrollment = invitation.enrollment {
                place = try await write.lockEnrollmentPlace(enrollment)
            } else {
                throw Failure.notFound
            }
            let tenant = write.tenant.id
            let rows = try await write.query(
                """
                select role, version from invitations where tenant_id = \(tenant) and id = \(invitation.id) and status = 'pending' \
                and expires_at > \(write.dependencies.realNow()) for no key update
                """)
            // Its role may have been changed since the page was shown; what counts is what stands now.
            guard let row = rows.first, let role = Role(rawValue: try row.get(0)) else {
                throw Failure(MemberRefusal.invitationNotOpen)
            }
            let version = try row.get(1, as: Int64.self) + 1
            try await link.take(in: write)
            if let newcomer { try await write.welcome(invitation.person, newcomer) }
            grant(role, version, place, write)
            write.enqueue(
                """
                update invitations set status = 'accepted', settled_at = \(write.dependencies.realNow()), version = \(version) \
                where tenant_id = \(tenant) and id = \(invitation.id)
                """)
            write.audit(
                "member.joined", object: ("member", invitation.id), account: invitation.account,
                details: ("{}", memberDetails(invitation.person, role)))
            write.emit(.memberJoined, object: ("member", invitation.id), account: invitation.account, sequence: version)
            return Answer(status: 200, body: [])
        }
    }

    /// The administrators of account and subscription have their role already; finance, reader and an agreement's administrator get it now. Whoever
    /// has become the account's administrator meanwhile has more than that.
    private func grant(_ role: Role, _ version: Int64, _ place: LockedPlace?, _ write: Write) {
        guard role != .accountAdministrator, role != .serviceAdministrator,
            place?.account?.administrator.id != invitation.person.id
        else { return }
        write.enqueue(
            """
            insert into role_assignments (tenant_id, id, user_id, role, account_id, enrollment_id, version, created_at) \
            values (\(write.tenant.id), \(invitation.id), \(invitation.person.id), \(role.rawValue), \(invitation.account), \
            \(invitation.enrollment), \(version), \(write.now)) on conflict do nothing
            """)
    }
}
