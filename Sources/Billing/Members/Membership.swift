/// Why an invitation, a change of role, a removal or a hand-over is refused.
package enum MemberRefusal: String, Refusal, CaseIterable {
    /// She has a role in this place already: change that one.
    case alreadyMember = "already_member"
    case alreadyInvited = "already_invited"
    case roleNotForPlace = "role_not_for_place"
    /// Exactly one account administrator: an account is handed over, its administrator never removed.
    case accountAdministratorStays = "account_administrator_stays"
    /// Exactly one service administrator: she is replaced in the subscription's details.
    case serviceAdministratorStays = "service_administrator_stays"
    case lastEnterpriseAdministrator = "last_enterprise_administrator"
    case invitationNotOpen = "invitation_not_open"
    case invitationSentTooOften = "invitation_sent_too_often"
    case handoverOpen = "handover_open"
    case handoverNotOpen = "handover_not_open"
    case handoverToOneself = "handover_to_oneself"
    /// The account has another administrator than the one who began the hand-over.
    case handoverOvertaken = "handover_overtaken"

    package var code: String { rawValue }
    package var kind: RefusalKind {
        switch self {
        case .roleNotForPlace, .handoverToOneself: .invalid
        default: .stateForbids
        }
    }
}

/// Where somebody has a role.
package enum MemberPlace: String, Sendable, Hashable, CaseIterable {
    case account, enrollment, subscription
}

/// Who may become a member of what, and who may stop being one (product.md sections 1 and 7).
package enum Membership {
    /// An invitation, and a hand-over, is good for seven days of real time.
    package static let invitationSeconds: Int64 = 7 * 86_400
    /// So often one invitation may be sent before somebody has to think again.
    package static let sendsAtMost = 10

    /// The roles that an invitation can give in a place. The administrators of account and subscription are named otherwise.
    package static func roles(in place: MemberPlace) -> [Role] {
        switch place {
        case .account: [.finance, .reader]
        case .enrollment: [.enterpriseAdministrator]
        case .subscription: []
        }
    }

    /// `held` are the roles that the person has in this very place, the administrator's among them.
    package static func refusal(inviting role: Role, in place: MemberPlace, held: Set<Role>, isInvited: Bool) -> MemberRefusal? {
        guard roles(in: place).contains(role) else { return .roleNotForPlace }
        if !held.isEmpty { return .alreadyMember }
        return isInvited ? .alreadyInvited : nil
    }

    package static func refusal(changing role: Role, to new: Role, in place: MemberPlace) -> MemberRefusal? {
        if let refusal = standing(role) { return refusal }
        return roles(in: place).contains(new) ? nil : .roleNotForPlace
    }

    /// `others` says whether somebody else holds the same role there.
    package static func refusal(removing role: Role, others: Bool) -> MemberRefusal? {
        if let refusal = standing(role) { return refusal }
        return role == .enterpriseAdministrator && !others ? .lastEnterpriseAdministrator : nil
    }

    /// The roles that every account and subscription has exactly one of.
    private static func standing(_ role: Role) -> MemberRefusal? {
        switch role {
        case .accountAdministrator: .accountAdministratorStays
        case .serviceAdministrator: .serviceAdministratorStays
        default: nil
        }
    }

    /// A hand-over needs two people, and one at a time.
    package static func refusal(handingOverTo isOneself: Bool, isOpen: Bool) -> MemberRefusal? {
        isOneself ? .handoverToOneself : isOpen ? .handoverOpen : nil
    }
}
