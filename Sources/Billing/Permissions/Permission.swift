/// What somebody may do, one case a row (or part of a row) of the table in section 7.
package enum Permission: String, Sendable, Hashable, CaseIterable {
    case seeAccount
    /// A service administrator sees its own subscription and nothing around it.
    case seeSubscription
    /// Top up, pay, orders, vouchers, cards, invoices.
    case pay
    /// Trial to prepaid: money and the kind of plan at once.
    case upgrade
    /// Rename, set the service administrator, the partner.
    case editSubscription
    case createStandardSubscription
    case createStandardAccount
    /// An enterprise account or subscription, with its departments.
    case createEnterprise
    case cancelEnterpriseSubscription
    case issueVouchers
    case suspendAndReactivate
    /// Members, API keys, webhooks.
    case manageMembers
    /// To a new account administrator.
    case handOverAccount
    case manageAlerts
    case confirmServices
    case seeAudit
    /// Catalogue, partners, credit limits, confirmations, refunds, usage, the test clock.
    case operate
}

/// Why a role is refused; the object itself was found, so this is 403 and never 404.
package enum PermissionDenial: String, Refusal, CaseIterable {
    case roleForbids = "role_forbids"
    /// In a standard account: no role is missing, the offer is never cancelled, by nobody (L7).
    case cancelNotAllowedForOffer = "cancel_not_allowed_for_offer"
    case reasonNotAllowedForRole = "reason_not_allowed_for_role"

    package var code: String { rawValue }
    package var kind: RefusalKind { .notAllowedForKind }
}

/// The table of section 7. It speaks about objects that belong to the role's own scope; everything else is "not found" first.
extension Permission {
    /// Whether a role may do this in an account of this kind.
    package static func allows(_ role: Role, _ permission: Permission, in accountKind: AccountKind) -> Bool {
        denial(of: permission, for: role, in: accountKind) == nil
    }

    /// Nil when allowed. What the offers of an account of this kind never allow is said before any role is judged: no other role would help (L7).
    package static func denial(of permission: Permission, for role: Role, in accountKind: AccountKind) -> PermissionDenial? {
        if permission == .cancelEnterpriseSubscription, accountKind == .standard { return .cancelNotAllowedForOffer }
        return permission.roles.contains(role) ? nil : .roleForbids
    }

    /// Those of the roles that there are in an account of this kind: no standard account has an enterprise administrator.
    package static func roles(in accountKind: AccountKind, where isOpen: (Role) -> Bool) -> [Role] {
        Role.allCases.filter { ($0 != .enterpriseAdministrator || accountKind == .enterprise) && isOpen($0) }
    }

    private var roles: Set<Role> {
        switch self {
        case .seeAccount: [.accountAdministrator, .finance, .reader, .enterpriseAdministrator, .operator]
        case .seeSubscription: Set(Role.allCases)
        case .pay: [.accountAdministrator, .finance, .enterpriseAdministrator, .operator]
        case .upgrade, .handOverAccount: [.accountAdministrator, .operator]
        case .editSubscription, .suspendAndReactivate, .manageMembers, .seeAudit, .cancelEnterpriseSubscription:
            [.accountAdministrator, .enterpriseAdministrator, .operator]
        case .createStandardSubscription: [.accountAdministrator, .operator]
        case .createEnterprise: [.enterpriseAdministrator, .operator]
        case .manageAlerts: [.accountAdministrator, .finance, .enterpriseAdministrator, .operator]
        case .confirmServices: [.accountAdministrator, .serviceAdministrator, .enterpriseAdministrator, .operator]
        case .createStandardAccount, .issueVouchers, .operate: [.operator]
        }
    }

    /// Whether the role may suspend for this reason: customers `requested`, the operator also `operator` and `overdue`.
    package static func denial(ofSuspendingFor reason: SuspensionReason, for role: Role, in kind: AccountKind)
        -> PermissionDenial?
    {
        if let denial = denial(of: .suspendAndReactivate, for: role, in: kind) { return denial }
        switch reason {
        case .requested: return nil
        case .operator, .overdue: return role == .operator ? nil : .reasonNotAllowedForRole
        case .cancelled, .creditExhausted, .creditExpired, .fundsExhausted: return .reasonNotAllowedForRole
        }
    }

    /// Whether the role may lift this reason: as for adding, and `cancelled` by whoever may cancel. Reasons that only money
    /// lifts are left to `LifecycleFacts.lifting`, which says so.
    package static func denial(ofLifting reason: SuspensionReason, for role: Role, in kind: AccountKind) -> PermissionDenial? {
        if reason == .cancelled { return denial(of: .cancelEnterpriseSubscription, for: role, in: kind) }
        if let denial = denial(of: .suspendAndReactivate, for: role, in: kind) { return denial }
        if reason.isLiftedByPaymentOnly { return nil }
        return denial(ofSuspendingFor: reason, for: role, in: kind)
    }
}
