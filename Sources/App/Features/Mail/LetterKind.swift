/// What a letter is about. Its words stand in the strings under `mail.<kind>`: `name` for lists, `subject`, `body` in paragraphs (one that asks for a fact
/// the letter does not have is left out), `action` on its button, and `why` the reader got it.
package enum LetterKind: String, CaseIterable, Sendable {
    case invitation
    case passwordReset = "password_reset"
    case passwordChanged = "password_changed"
    case emailConfirmation = "email_confirmation"
    case emailChanged = "email_changed"
    case serviceAdministratorChanged = "service_administrator_changed"
    case handover
    case handoverDone = "handover_done"
    case handoverCancelled = "handover_cancelled"
    case memberRemoved = "member_removed"
    case paymentPending = "payment_pending"
    case paymentReceived = "payment_received"
    case paymentFailed = "payment_failed"
    case paymentExpired = "payment_expired"
    case balanceNotice = "balance_notice"
    case creditLow = "credit_low"
    case creditExpiring = "credit_expiring"
    case suspended
    case deletionCountdown = "deletion_countdown"
    case reactivated
    case deleted
    case lapsed
    case debtWrittenOff = "debt_written_off"
    case identityVerified = "identity_verified"
    case identityDeclined = "identity_declined"
    case webhookDisabled = "webhook_disabled"
    case twoStepOn = "two_step_on"
    case twoStepOff = "two_step_off"
    case commitmentUsed = "commitment_used"
    case termEnds = "term_ends"

    /// A letter about an address or a way in goes to the address that asked for it; every other one to the reader's contact address, where she has one.
    var isAboutAnAddress: Bool {
        switch self {
        case .invitation, .passwordReset, .passwordChanged, .emailConfirmation, .emailChanged, .twoStepOn, .twoStepOff: true
        default: false
        }
    }

    /// The facts that also stand in a list of their own below the words, where they are known.
    var listed: [String] {
        switch self {
        case .paymentPending: ["amount", "reference", "expires_at", "order"]
        case .paymentReceived: ["amount", "credit", "remaining", "held", "expires_at", "order", "payment"]
        case .paymentFailed: ["amount", "order"]
        case .paymentExpired: ["amount", "held", "order"]
        case .creditLow, .creditExpiring: ["remaining", "bought", "expires_at"]
        case .suspended, .deletionCountdown: ["reason", "suspended_at", "delete_at", "remaining", "forfeited", "outstanding"]
        case .webhookDisabled: ["url", "reason"]
        case .commitmentUsed: ["commitment", "posted", "commitment_left", "overage"]
        case .invitation, .passwordReset, .passwordChanged, .emailConfirmation, .emailChanged, .serviceAdministratorChanged,
            .handover, .handoverDone, .handoverCancelled, .memberRemoved,
            .balanceNotice, .reactivated, .deleted, .lapsed, .debtWrittenOff, .identityVerified, .identityDeclined, .twoStepOn,
            .twoStepOff,
            .termEnds:
            []
        }
    }
}
