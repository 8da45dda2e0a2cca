import Billing
import FoundationEssentials
import Postgres
import Values

/// Sends an invitation once more, for another seven days; the links sent before end. An administrator who has no way to sign in is invited so, too.
package struct ResendInvitation: Sendable {
    let id: MemberID

    package init(id: MemberID) { self.id = id }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        let seen = try await FindMember.byID(id, context)
        return try await context.command(options) { write in
            let (place, member) = try await write.lockMember(seen)
            let realNow = write.dependencies.realNow()
            guard member.state(at: realNow) != .active else { throw Failure(MemberRefusal.invitationNotOpen) }
            let placeName = member.placeName ?? place.name
            if let invitation = member.invitation {
                guard invitation.sends < Membership.sendsAtMost else { throw Failure(MemberRefusal.invitationSentTooOften) }
                write.enqueue(
                    """
                    update invitations set sends = sends + 1, version = version + 1, sent_at = \(realNow), \
                    expires_at = \(realNow.adding(seconds: Membership.invitationSeconds)) \
                    where tenant_id = \(write.tenant.id) and id = \(invitation.id)
                    """)
                write.sendInvitation(
                    invitation.id, to: member.person, role: member.role, account: member.account, placeName: placeName,
                    subscription: member.subscription)
            } else {
                let new = write.newID(MemberID.self).uuid
                try await write.insertInvitation(
                    id: new, person: member.person, role: member.role, account: member.account, enrollment: member.enrollment,
                    subscription: member.subscription)
                write.sendInvitation(
                    new, to: member.person, role: member.role, account: member.account, placeName: placeName,
                    subscription: member.subscription)
            }
            write.audit("member.invitation_sent_again", object: ("member", id.uuid), account: member.account)
            guard let after = try await write.query(MemberQueries.one(write.tenant.id, id)).first.map(Member.init) else {
                throw Failure.fault
            }
            return after.answer(200, at: realNow)
        }
    }
}
