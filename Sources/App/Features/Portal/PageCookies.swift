import HTTP
import Values

/// The portal's cookies: their names, and how they are set and taken back.
///
/// Over HTTPS the names that carry a secret wear `__Host-`: then no neighbouring host can plant one.
struct PageCookies: Sendable {
    let isSecure: Bool

    var session: String { secret("bursar_session") }
    /// The sign-in form's token, sent twice: in the form and here.
    var signInToken: String { secret("bursar_form") }
    /// Sign-ins whose password was right and that wait for a code or for the choice of a tenant.
    var steps: String { secret("bursar_steps") }
    let language = "bursar_lang"
    let theme = "bursar_theme"
    let flash = "bursar_flash"

    private func secret(_ name: String) -> String { isSecure ? "__Host-" + name : name }

    /// `seconds` nil lasts as long as the browser; 0 takes the cookie back.
    func line(_ name: String, _ value: String, seconds: Int? = nil) -> String {
        var line = "\(name)=\(value); Path=/; HttpOnly; SameSite=Lax"
        if let seconds { line += "; Max-Age=\(seconds)" }
        if isSecure { line += "; Secure" }
        return line
    }

    /// A chosen language or look. What is chosen while signed in says in which session: there it stands above what her profile says.
    func preference(_ name: String, _ value: String, of session: SessionID?) -> String {
        line(name, session.map { "\(value).\(Self.mark(of: $0))" } ?? value, seconds: 31_536_000)
    }

    static func mark(of session: SessionID) -> String { String(session.description.suffix(12)) }

    func taken(_ name: String) -> String { line(name, "", seconds: 0) }
}

/// What a page says once after a POST has sent the browser on (G17).
enum Flash: String, Sendable, CaseIterable {
    case moved
    case departmentCreated = "department_created"
    case departmentSaved = "department_saved"
    case departmentDeleted = "department_deleted"
    case accountMoved = "account_moved"
    case signedOut = "signed_out"
    case detailsSaved = "details_saved"
    case partnerSaved = "partner_saved"
    case partnerRemoved = "partner_removed"
    case cancelled
    case suspended
    case reactivated
    case recovered
    case bankAccountSaved = "bank_account_saved"
    case servicesConfirmed = "services_confirmed"
    case noteAdded = "note_added"
    case noteErased = "note_erased"
    case debtWrittenOff = "debt_written_off"
    case identityRequested = "identity_requested"
    case identityVerified = "identity_verified"
    case identityDeclined = "identity_declined"
    case partnerChanged = "partner_changed"
    case draftSaved = "draft_saved"
    case draftDiscarded = "draft_discarded"
    case subscriptionsMoved = "subscriptions_moved"
    case policyPublished = "policy_published"
    case jobRetried = "job_retried"
    case operationCancelled = "operation_cancelled"
    case switchesSaved = "switches_saved"
    case profileSaved = "profile_saved"
    case emailAsked = "email_asked"
    case emailWithdrawn = "email_withdrawn"
    case emailConfirmed = "email_confirmed"
    case passwordChanged = "password_changed"
    case passwordSet = "password_set"
    case twoStepOn = "two_step_on"
    case twoStepOff = "two_step_off"
    case codesKept = "codes_kept"
    case sessionEnded = "session_ended"
    case sessionsEnded = "sessions_ended"
    case keyRevoked = "key_revoked"
    case webhookSaved = "webhook_saved"
    case webhookTested = "webhook_tested"
    case webhookResent = "webhook_resent"
    case webhookDeleted = "webhook_deleted"
    case keyEdited = "key_edited"
    case mailQueued = "mail_queued"
    case memberInvited = "member_invited"
    case invitationSentAgain = "invitation_sent_again"
    case roleChanged = "role_changed"
    case memberRemoved = "member_removed"
    case invitationWithdrawn = "invitation_withdrawn"
    case handoverStarted = "handover_started"
    case handoverCancelled = "handover_cancelled"
}
