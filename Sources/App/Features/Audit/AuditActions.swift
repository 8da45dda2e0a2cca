import Billing

/// Everything that the audit log can tell: a filter that names anything else is misspelt. A test holds the words to it.
package enum AuditActions {
    package static let all = (TransitionType.allCases.map(\.rawValue) + others).sorted()

    /// Beside what happens to a subscription's state.
    private static let others = [
        "account.created", "account.edited", "account.handed_over", "account.handover_cancelled", "account.handover_started",
        "account.moved", "account_note.added", "account_note.erased", "api_key.created", "api_key.edited", "api_key.revoked",
        "api_key.rotated", "bank_account.set", "credit_lot.expired", "department.created", "department.deleted",
        "department.edited", "enrollment.created", "identity.declined", "identity.requested", "identity.verified",
        "import.stored", "job.retried", "member.invitation_sent_again", "member.invitation_withdrawn", "member.invited",
        "member.joined", "member.removed", "member.role_changed", "notification.resent", "operation.cancelled",
        "operation.started", "partner.created", "partner.edited", "partner.restored", "partner.retired", "payment.cancelled",
        "payment.declined", "payment.expired", "payment.part_received", "payment.pending", "payment.succeeded",
        "policy.published", "policy_draft.created", "policy_draft.discarded", "policy_draft.edited",
        "portal_session.created", "portal_session.opened", "remittance.matched", "remittance.recorded",
        "remittance.returned", "subscription.edited", "subscription.moved", "subscription.partner_removed",
        "subscription.partner_set", "subscription.policy_moved", "tenant.switched", "user.contact_email_asked",
        "user.contact_email_changed", "user.contact_email_withdrawn", "user.password_reset_asked", "user.password_set",
        "user.profile_edited", "user.recovery_code_used", "user.recovery_codes_made", "user.session_ended",
        "user.sessions_ended", "user.two_step_off", "user.two_step_on", "view_as.ended", "view_as.started",
        "webhook_delivery.retried", "webhook_endpoint.created", "webhook_endpoint.deleted", "webhook_endpoint.disabled",
        "webhook_endpoint.edited", "webhook_endpoint.rotated", "webhook_endpoint.tested",
    ]
}
