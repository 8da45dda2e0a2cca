import Billing
import Testing
import Values

@Suite struct PermissionTests {
    /// The table of product.md, section 7. Columns: account admin, finance, reader, service admin, enterprise admin, operator.
    private static let table: [(Permission, String)] = [
        (.seeAccount, "●●●–●●"), (.seeSubscription, "●●●●●●"), (.pay, "●●––●●"), (.upgrade, "●––––●"),
        (.editSubscription, "●–––●●"),
        (.createStandardSubscription, "●––––●"), (.createStandardAccount, "–––––●"), (.createEnterprise, "––––●●"),
        (.cancelEnterpriseSubscription, "E–––EE"), (.issueVouchers, "–––––●"), (.suspendAndReactivate, "●–––●●"),
        (.manageMembers, "●–––●●"), (.handOverAccount, "●––––●"),
        (.manageAlerts, "●●––●●"), (.confirmServices, "●––●●●"), (.seeAudit, "●–––●●"), (.operate, "–––––●"),
    ]

    @Test func `the table is complete`() { #expect(Self.table.map(\.0) == Permission.allCases) }

    @Test(arguments: Permission.allCases.indices)
    func `every cell of the table holds`(row: Int) {
        let (permission, cells) = Self.table[row]
        for (role, cell) in zip(Role.allCases, cells) {
            for kind in AccountKind.allCases {
                let expected = cell == "●" || (cell == "E" && kind == .enterprise)
                #expect(Permission.allows(role, permission, in: kind) == expected, "\(role) \(permission) \(kind)")
            }
        }
    }

    @Test func `whoever would cancel in a standard account learns that the offer cannot be cancelled, not that another may`() {
        for role in Role.allCases {
            #expect(Permission.denial(of: .cancelEnterpriseSubscription, for: role, in: .standard) == .cancelNotAllowedForOffer)
            #expect(Permission.denial(ofLifting: .cancelled, for: role, in: .standard) == .cancelNotAllowedForOffer)
        }
        #expect(Permission.denial(of: .cancelEnterpriseSubscription, for: .reader, in: .enterprise) == .roleForbids)
    }

    @Test func `a standard account has no enterprise administrator to ask`() {
        #expect(Permission.roles(in: .standard) { _ in true } == Role.allCases.filter { $0 != .enterpriseAdministrator })
        #expect(Permission.roles(in: .enterprise) { _ in true } == Role.allCases)
        #expect(Permission.roles(in: .enterprise) { $0 == .operator } == [.operator])
    }

    @Test func `who may suspend and lift for which reason`() {
        for (role, reasons) in [
            (Role.accountAdministrator, Set<SuspensionReason>([.requested])), (.enterpriseAdministrator, [.requested]),
            (.operator, [.requested, .operator, .overdue]), (.finance, []), (.reader, []), (.serviceAdministrator, []),
        ] {
            for reason in SuspensionReason.allCases {
                let denial = Permission.denial(ofSuspendingFor: reason, for: role, in: .enterprise)
                #expect((denial == nil) == reasons.contains(reason), "\(role) \(reason)")
            }
        }
        #expect(Permission.denial(ofLifting: .cancelled, for: .accountAdministrator, in: .enterprise) == nil)
        #expect(Permission.denial(ofLifting: .cancelled, for: .finance, in: .enterprise) == .roleForbids)
        #expect(Permission.denial(ofLifting: .cancelled, for: .serviceAdministrator, in: .enterprise) == .roleForbids)
        #expect(Permission.denial(ofLifting: .cancelled, for: .enterpriseAdministrator, in: .enterprise) == nil)
        #expect(Permission.denial(ofLifting: .overdue, for: .accountAdministrator, in: .standard) == .reasonNotAllowedForRole)
        #expect(Permission.denial(ofLifting: .overdue, for: .operator, in: .standard) == nil)
        #expect(
            Permission.denial(ofLifting: .creditExhausted, for: .accountAdministrator, in: .standard) == nil,
            "the state refuses it, 409")
        #expect(Permission.denial(ofLifting: .requested, for: .accountAdministrator, in: .standard) == nil)
    }

    @Test func `every refusal has one code, in one style`() {
        let codes =
            LifecycleRefusal.allCases.map(\.code) + OrderRefusal.allCases.map(\.code) + PaymentRefusal.allCases.map(\.code)
        #expect(Set(codes).count == codes.count)
        let letters = Set("abcdefghijklmnopqrstuvwxyz_")
        #expect((codes + UsageRejection.allCases.map(\.code)).allSatisfy { Set($0).isSubset(of: letters) })
    }
}
