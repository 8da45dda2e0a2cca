import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// Invites somebody by e-mail to a role in an account or an agreement. The letter carries a one-time link, good for seven days.
package struct InviteMember: Sendable {
    package enum Place: Sendable {
        case account(AccountID)
        case enrollment(EnrollmentID)
    }

    let place: Place
    let email: String
    let role: Role

    package init(place: Place, email: String, role: Role) {
        self.place = place
        self.email = email
        self.role = role
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            let place =
                switch place {
                case .account(let id): try await write.lockAccountPlace(id)
                case .enrollment(let id): try await write.lockEnrollmentPlace(id)
                }
            try TenantContext.require(.manageMembers, of: place.roles, in: place.kind)
            let person = try await write.findOrAddPerson(email: email)
            let (held, open) = try await standing(of: person, in: place, write)
            let realNow = write.dependencies.realNow()
            let isInvited = open.map { $0.expiresAt > realNow } ?? false
            if let refusal = Membership.refusal(inviting: role, in: place.place, held: held, isInvited: isInvited) {
                throw Failure(refusal, pointer: refusal == .roleNotForPlace ? "/role" : nil, ["email": person.email])
            }
            // One that has run out makes room for the new one.
            if let open { write.withdrawInvitation(open.id) }
            let id: MemberID = write.newID()
            try await write.insertInvitation(
                id: id.uuid, person: person, role: role, account: place.account?.id, enrollment: place.enrollment?.id)
            write.sendInvitation(id.uuid, to: person, role: role, account: place.account?.id, placeName: place.name)
            write.audit(
                "member.invited", object: ("member", id.uuid), account: place.account?.id,
                details: ("{}", memberDetails(person, role)))
            write.emit(.memberInvited, object: ("member", id.uuid), account: place.account?.id, sequence: 1)
            guard let member = try await write.query(MemberQueries.one(write.tenant.id, id)).first.map(Member.init) else {
                throw Failure.fault
            }
            return member.answer(201, at: realNow)
        }
    }

    /// The roles that she has in this very place, and her open invitation to it.
    private func standing(of person: Person, in place: LockedPlace, _ write: Write) async throws -> (
        Set<Role>, (id: UUID, expiresAt: Instant)?
    ) {
        let tenant = write.tenant.id
        let (account, enrollment) = (place.account?.id, place.enrollment?.id)
        let rows = try await write.query([
            """
            select role from role_assignments where tenant_id = \(tenant) and user_id = \(person.id) \
            and account_id is not distinct from \(account) and enrollment_id is not distinct from \(enrollment) and role <> 'operator'
            """,
            """
            select id, expires_at from invitations where tenant_id = \(tenant) and user_id = \(person.id) and status = 'pending' \
            and account_id is not distinct from \(account) and enrollment_id is not distinct from \(enrollment) and subscription_id is null
            """,
        ])
        var held = Set(try rows[0].compactMap { Role(rawValue: try $0.get(0)) })
        if place.account?.administrator.id == person.id { held.insert(.accountAdministrator) }
        let open = try rows[1].first.map { (id: try $0.get(0, as: UUID.self), expiresAt: try $0.get(1, as: Instant.self)) }
        return (held, open)
    }
}

/// What the log says of a member beside IDs.
func memberDetails(_ person: Person, _ role: Role) -> String {
    jsonText {
        $0.field("email", person.email)
        $0.field("role", role.rawValue)
    }
}

extension Write {
    func insertInvitation(
        id: UUID, person: Person, role: Role, account: AccountID? = nil, enrollment: EnrollmentID? = nil,
        subscription: SubscriptionID? = nil
    ) async throws {
        let realNow = dependencies.realNow()
        enqueue(
            """
            insert into invitations (tenant_id, id, user_id, role, account_id, enrollment_id, subscription_id, status, sends, sent_at, expires_at, \
            created_at) values (\(tenant.id), \(id), \(person.id), \(role.rawValue), \(account), \(enrollment), \(subscription), 'pending', 1, \
            \(realNow), \(realNow.adding(seconds: Membership.invitationSeconds)), \(now))
            """)
    }

    /// The letter with a new one-time link. Older links of the same invitation end.
    func sendInvitation(
        _ id: UUID, to person: Person, role: Role, account: AccountID?, placeName: String, subscription: SubscriptionID? = nil
    ) {
        OneTimeLink.withdraw(in: self, purpose: .invitation, subject: id)
        let token = OneTimeLink.issue(
            in: self, purpose: .invitation, user: person.id, subject: id, lifetimeSeconds: Membership.invitationSeconds)
        send(
            Letter(
                .invitation, to: .init(user: person.id, email: person.email), account: account, subscription: subscription,
                facts: [
                    "account": .text(placeName), "role": .words(["role.\(role.rawValue)"]),
                    "expires_at": .instant(dependencies.realNow().adding(seconds: Membership.invitationSeconds)),
                ], secretPath: "/invitations/\(token)", cause: newID(EventID.self).uuid))
    }

    func withdrawInvitation(_ id: UUID) {
        OneTimeLink.withdraw(in: self, purpose: .invitation, subject: id)
        enqueue(
            """
            update invitations set status = 'withdrawn', version = version + 1, settled_at = \(dependencies.realNow()) \
            where tenant_id = \(tenant.id) and id = \(id) and status = 'pending'
            """)
    }

    /// Brings a way to sign in to somebody who was named administrator and has none (A8). Whoever has one is not written to.
    func inviteUnlessKnown(
        _ person: Person, as role: Role, account: AccountID, placeName: String, subscription: SubscriptionID? = nil
    ) async throws {
        let rows = try await query([
            """
            select exists (select from identity.sign_ins where tenant_id = \(tenant.id) and user_id = \(person.id) and password_hash is not null)
            """,
            """
            select id from invitations where tenant_id = \(tenant.id) and user_id = \(person.id) and status = 'pending' \
            and account_id = \(account) and subscription_id is not distinct from \(subscription)
            """,
        ])
        guard try rows[0][0].get(0, as: Bool.self) == false else { return }
        // One that is open becomes this one: sent anew, under the role that she has now.
        if let open = try rows[1].first.map({ try $0.get(0, as: UUID.self) }) { withdrawInvitation(open) }
        let id = newID(MemberID.self).uuid
        try await insertInvitation(id: id, person: person, role: role, account: account, subscription: subscription)
        sendInvitation(id, to: person, role: role, account: account, placeName: placeName, subscription: subscription)
    }
}
