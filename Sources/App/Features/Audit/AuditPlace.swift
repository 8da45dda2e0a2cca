import Billing

/// Whose log it is. An event stands in the log of the account and of the agreement that it is written with, and always in the provider's own.
package enum AuditPlace: Sendable, Equatable {
    case account(AccountKind)
    case enrollment
    case tenant

    /// What is written with neither an account nor an agreement: the provider's own business, and what people do with their own sign-in.
    static let ofTenantOnly: Set<String> = [
        "account_note.added", "account_note.erased", "bank_account.set", "partner.created", "partner.edited", "partner.restored",
        "partner.retired", "policy.published", "policy_draft.created", "policy_draft.discarded", "policy_draft.edited",
        "portal_session.created", "portal_session.opened", "remittance.recorded", "remittance.returned", "tenant.switched",
        "user.contact_email_withdrawn", "user.password_reset_asked", "user.recovery_code_used", "user.recovery_codes_made",
        "user.session_ended", "user.sessions_ended", "user.two_step_off", "user.two_step_on",
    ]
    /// What is written with an agreement and no account.
    static let ofEnrollmentOnly: Set<String> = [
        "department.created", "department.deleted", "department.edited", "enrollment.created",
    ]
    /// Only an account in an agreement has departments.
    static let ofEnterpriseOnly: Set<String> = ["account.moved", "subscription.moved"]

    /// Whether events of this action can stand in the log: a filter offers nothing that never leaves a row.
    package func holds(_ action: String) -> Bool {
        switch self {
        case .tenant: true
        case .enrollment: !Self.ofTenantOnly.contains(action)
        case .account(let kind):
            !Self.ofTenantOnly.contains(action) && !Self.ofEnrollmentOnly.contains(action)
                && (kind == .enterprise || !Self.ofEnterpriseOnly.contains(action))
        }
    }
}
