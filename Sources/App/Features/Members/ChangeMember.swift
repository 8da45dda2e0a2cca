import Billing
import FoundationEssentials
import Postgres
import Values

/// Gives a member, or somebody invited, another role in the same account.
package struct ChangeMemberRole: Sendable {
    let id: MemberID
    let role: Role
    let ifMatch: String?

    package init(id: MemberID, role: Role, ifMatch: String? = nil) {
        self.id = id
        self.role = role
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        let seen = try await FindMember.byID(id, context)
        return try await context.command(options) { write in
            var (_, member) = try await write.lockMember(seen)
            let realNow = write.dependencies.realNow()
            try Failure.requireMatch(ifMatch, member.etag(at: realNow))
            if let refusal = Membership.refusal(changing: member.role, to: role, in: member.place) {
                throw Failure(refusal, pointer: refusal == .roleNotForPlace ? "/role" : nil)
            }
            guard member.role != role else { return member.answer(200, at: realNow) }
            let twin = try await write.query(
                """
                select 1 from role_assignments where tenant_id = \(write.tenant.id) and user_id = \(member.person.id) and role = \(role.rawValue) \
                and account_id is not distinct from \(member.account) and enrollment_id is not distinct from \(member.enrollment)
                """)
            guard twin.isEmpty else { throw Failure(MemberRefusal.alreadyMember, ["email": member.person.email]) }
            let before = memberDetails(member.person, member.role)
            member.role = role
            member.version += 1
            write.enqueue(
                member.isGranted
                    ? "update role_assignments set role = \(role.rawValue), version = \(member.version) where tenant_id = \(write.tenant.id) and id = \(id)"
                    : "update invitations set role = \(role.rawValue), version = \(member.version) where tenant_id = \(write.tenant.id) and id = \(id)"
            )
            write.audit(
                "member.role_changed", object: ("member", id.uuid), account: member.account,
                details: (before, memberDetails(member.person, role)))
            write.emitMember(.memberChanged, member)
            return member.answer(200, at: realNow)
        }
    }
}

/// Takes a member's role away, or an invitation back. What she has open stops with her next click: roles are read with every request.
package struct RemoveMember: Sendable {
    let id: MemberID
    let ifMatch: String?

    package init(id: MemberID, ifMatch: String? = nil) {
        self.id = id
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        let seen = try await FindMember.byID(id, context)
        return try await context.command(options) { write in
            var (place, member) = try await write.lockMember(seen)
            let realNow = write.dependencies.realNow()
            try Failure.requireMatch(ifMatch, member.etag(at: realNow))
            if member.isGranted {
                try await refuse(member, write)
                write.enqueue("delete from role_assignments where tenant_id = \(write.tenant.id) and id = \(id)")
                if let invitation = member.invitation { write.withdrawInvitation(invitation.id) }
                write.send(
                    Letter(
                        .memberRemoved, to: .init(user: member.person.id, email: member.person.email), account: member.account,
                        facts: ["account": .text(place.name), "role": .words(["role.\(member.role.rawValue)"])],
                        cause: write.newID(EventID.self).uuid))
            } else {
                write.withdrawInvitation(id.uuid)
            }
            let event = member.isGranted ? "member.removed" : "member.invitation_withdrawn"
            write.audit(
                event, object: ("member", id.uuid), account: member.account,
                details: (memberDetails(member.person, member.role), "{}"))
            member.isRemoved = true
            member.version += 1
            write.emitMember(.memberRemoved, member)
            return member.answer(200, at: realNow)
        }
    }

    private func refuse(_ member: Member, _ write: Write) async throws {
        let others = try await write.query(EnterpriseAdministrators.others(than: member, write.tenant.id))
        if let refusal = Membership.refusal(removing: member.role, others: try others[0].get(0)) { throw Failure(refusal) }
    }
}

/// Every agreement keeps one enterprise administrator.
enum EnterpriseAdministrators {
    fileprivate static func others(than member: Member, _ tenant: TenantID) -> SQL {
        """
        select exists (select from role_assignments where tenant_id = \(tenant) and enrollment_id = \(member.enrollment) \
        and role = 'enterprise_admin' and id <> \(member.id))
        """
    }

    /// Whether this member is the only one left, so that her page need not offer what would be refused.
    static func isLast(_ member: Member, _ context: TenantContext) async throws -> Bool {
        guard member.role == .enterpriseAdministrator, member.isGranted else { return false }
        let others: Bool = try await context.read(others(than: member, context.tenant.id)).rows[0].get(0)
        return !others
    }
}

extension Write {
    func emitMember(_ type: WebhookEventType, _ member: Member) {
        emit(type, object: ("member", member.id.uuid), account: member.account, sequence: member.version)
    }
}
