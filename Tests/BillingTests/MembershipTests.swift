import Billing
import Testing

@Suite struct MembershipTests {
    @Test func `who may be invited to what`() {
        for role in Role.allCases {
            for place in MemberPlace.allCases {
                let fits = Membership.roles(in: place).contains(role)
                let refusal = Membership.refusal(inviting: role, in: place, held: [], isInvited: false)
                #expect(refusal == (fits ? nil : .roleNotForPlace), "\(role) in \(place)")
            }
        }
        #expect(Membership.refusal(inviting: .finance, in: .account, held: [.reader], isInvited: false) == .alreadyMember)
        #expect(
            Membership.refusal(inviting: .reader, in: .account, held: [.accountAdministrator], isInvited: true) == .alreadyMember)
        #expect(Membership.refusal(inviting: .reader, in: .account, held: [], isInvited: true) == .alreadyInvited)
    }

    @Test func `what every account and subscription has one of is neither changed nor removed`() {
        for (role, refusal) in [
            (Role.accountAdministrator, MemberRefusal.accountAdministratorStays),
            (.serviceAdministrator, .serviceAdministratorStays),
        ] {
            #expect(Membership.refusal(removing: role, others: true) == refusal)
            #expect(Membership.refusal(changing: role, to: .reader, in: .account) == refusal)
        }
        #expect(Membership.refusal(removing: .finance, others: false) == nil)
        #expect(Membership.refusal(removing: .enterpriseAdministrator, others: true) == nil)
        #expect(Membership.refusal(removing: .enterpriseAdministrator, others: false) == .lastEnterpriseAdministrator)
        #expect(Membership.refusal(changing: .finance, to: .reader, in: .account) == nil)
        #expect(Membership.refusal(changing: .finance, to: .accountAdministrator, in: .account) == .roleNotForPlace)
    }

    @Test func `a hand-over needs another person and no other hand-over`() {
        #expect(Membership.refusal(handingOverTo: true, isOpen: true) == .handoverToOneself)
        #expect(Membership.refusal(handingOverTo: false, isOpen: true) == .handoverOpen)
        #expect(Membership.refusal(handingOverTo: false, isOpen: false) == nil)
    }

    @Test func `every refusal has a kind`() {
        let invalid = MemberRefusal.allCases.filter { $0.kind == .invalid }
        #expect(invalid == [.roleNotForPlace, .handoverToOneself])
    }
}
