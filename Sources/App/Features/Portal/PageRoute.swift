import HTML
import Values

/// Every path of the portal's pages. Links are made and requests are dispatched from this one list; the switch over it (`PageHandler`) is exhaustive,
/// so a page without an answer does not compile.
package enum PageRoute: String, CaseIterable, Sendable {
    case home = "GET /"
    case signInForm = "GET /sign-in"
    case signIn = "POST /sign-in"
    case signOut = "POST /sign-out"
    case signInCodeForm = "GET /sign-in/code"
    case signInCode = "POST /sign-in/code"
    /// From the provider's console straight to a page (A2).
    case portalSession = "GET /portal-sessions/{token}"
    case forgotPasswordForm = "GET /forgot-password"
    case forgotPassword = "POST /forgot-password"
    case forgotPasswordSent = "GET /forgot-password/sent"
    case resetPasswordForm = "GET /password-resets/{token}"
    case resetPassword = "POST /password-resets/{token}"
    case confirmEmailForm = "GET /email-confirmations/{token}"
    case confirmEmail = "POST /email-confirmations/{token}"
    case reauthenticateForm = "GET /re-authenticate"
    case reauthenticate = "POST /re-authenticate"
    case profile = "GET /profile"
    case profileDetailsForm = "GET /profile/details"
    case profileDetails = "POST /profile/details"
    case preferencesForm = "GET /profile/preferences"
    case preferences = "POST /profile/preferences"
    case contactEmailForm = "GET /profile/email"
    case contactEmail = "POST /profile/email"
    case withdrawContactEmail = "POST /profile/email/withdraw"
    case changePasswordForm = "GET /profile/password"
    case changePassword = "POST /profile/password"
    case twoStep = "GET /profile/two-step"
    case startTwoStep = "POST /profile/two-step"
    case twoStepSetup = "GET /profile/two-step/setup"
    case confirmTwoStep = "POST /profile/two-step/setup"
    case recoveryCodes = "GET /profile/two-step/recovery-codes"
    case keepRecoveryCodes = "POST /profile/two-step/recovery-codes/kept"
    case renewRecoveryCodes = "POST /profile/two-step/recovery-codes"
    case disableTwoStep = "POST /profile/two-step/off"
    case sessions = "GET /profile/sessions"
    case endSession = "POST /profile/sessions/{session_id}/end"
    case endOtherSessions = "POST /profile/sessions/end-others"
    case help = "GET /help"
    /// The API in words, from the routes' own types.
    case apiIndex = "GET /docs/api"
    case apiPage = "GET /docs/api/{docs_page}"
    case apiObjects = "GET /docs/api/objects"
    case apiObject = "GET /docs/api/objects/{docs_object}"
    /// Every error code; each has its own page at `Endpoint.problem`.
    case problems = "GET /problems"
    /// What each role may do.
    case roles = "GET /roles"
    /// Everything that the person may see, across accounts: where service administrators begin.
    case mySubscriptions = "GET /subscriptions"
    /// The mails that concern the person, across accounts.
    case ownNotifications = "GET /notifications"
    case ownNotification = "GET /notifications/{notification_id}"

    /// One box for everything that the person may see (G9); operators have their desk's own.
    case search = "GET /search"

    case account = "GET /accounts/{account_id}"
    case subscriptions = "GET /accounts/{account_id}/subscriptions"
    case orders = "GET /accounts/{account_id}/orders"
    case accountUsage = "GET /accounts/{account_id}/usage"
    case accountUsageDownload = "GET /accounts/{account_id}/usage.csv"
    case accountUsageJSON = "GET /accounts/{account_id}/usage.json"
    case accountUsageFOCUS = "GET /accounts/{account_id}/focus.csv"
    case subscription = "GET /accounts/{account_id}/subscriptions/{subscription_id}"
    case payForm = "GET /accounts/{account_id}/subscriptions/{subscription_id}/pay"
    case payMethod = "GET /accounts/{account_id}/subscriptions/{subscription_id}/pay/method"
    case payReview = "GET /accounts/{account_id}/subscriptions/{subscription_id}/pay/review"
    case pay = "POST /accounts/{account_id}/subscriptions/{subscription_id}/pay"
    case payDone = "GET /accounts/{account_id}/subscriptions/{subscription_id}/pay/done"
    case upgradeForm = "GET /accounts/{account_id}/subscriptions/{subscription_id}/upgrade"
    case upgradeMethod = "GET /accounts/{account_id}/subscriptions/{subscription_id}/upgrade/method"
    case upgradeReview = "GET /accounts/{account_id}/subscriptions/{subscription_id}/upgrade/review"
    case upgrade = "POST /accounts/{account_id}/subscriptions/{subscription_id}/upgrade"
    case editForm = "GET /accounts/{account_id}/subscriptions/{subscription_id}/edit"
    case editReview = "GET /accounts/{account_id}/subscriptions/{subscription_id}/edit/review"
    case edit = "POST /accounts/{account_id}/subscriptions/{subscription_id}/edit"
    case partnerForm = "GET /accounts/{account_id}/subscriptions/{subscription_id}/partner"
    case setPartner = "POST /accounts/{account_id}/subscriptions/{subscription_id}/partner"
    case removePartner = "POST /accounts/{account_id}/subscriptions/{subscription_id}/partner/remove"
    case cancelForm = "GET /accounts/{account_id}/subscriptions/{subscription_id}/cancel"
    case cancel = "POST /accounts/{account_id}/subscriptions/{subscription_id}/cancel"
    case suspendForm = "GET /accounts/{account_id}/subscriptions/{subscription_id}/suspend"
    case suspend = "POST /accounts/{account_id}/subscriptions/{subscription_id}/suspend"
    case reactivateForm = "GET /accounts/{account_id}/subscriptions/{subscription_id}/reactivate"
    case reactivate = "POST /accounts/{account_id}/subscriptions/{subscription_id}/reactivate"
    case confirmServices = "POST /accounts/{account_id}/subscriptions/{subscription_id}/confirm-services"
    case stays = "GET /accounts/{account_id}/subscriptions/{subscription_id}/departments"
    case moveForm = "GET /accounts/{account_id}/subscriptions/{subscription_id}/move"
    case move = "POST /accounts/{account_id}/subscriptions/{subscription_id}/move"
    case history = "GET /accounts/{account_id}/subscriptions/{subscription_id}/history"
    case certificate = "GET /accounts/{account_id}/subscriptions/{subscription_id}/certificate"
    case usage = "GET /accounts/{account_id}/subscriptions/{subscription_id}/usage"
    case receivedEvents = "GET /accounts/{account_id}/subscriptions/{subscription_id}/usage-events"
    case usageDownload = "GET /accounts/{account_id}/subscriptions/{subscription_id}/usage.csv"
    case usageJSON = "GET /accounts/{account_id}/subscriptions/{subscription_id}/usage.json"
    case usageFOCUS = "GET /accounts/{account_id}/subscriptions/{subscription_id}/focus.csv"
    case erasableDownload = "GET /accounts/{account_id}/subscriptions/{subscription_id}/everything.jsonl"
    case billingHistory = "GET /accounts/{account_id}/subscriptions/{subscription_id}/billing-history"
    case billingHistoryDownload = "GET /accounts/{account_id}/subscriptions/{subscription_id}/billing-history.csv"

    case notifications = "GET /accounts/{account_id}/notifications"
    case notification = "GET /accounts/{account_id}/notifications/{notification_id}"
    case resendNotification = "POST /accounts/{account_id}/notifications/{notification_id}/resend"
    case members = "GET /accounts/{account_id}/members"
    case inviteForm = "GET /accounts/{account_id}/members/invite"
    case invite = "POST /accounts/{account_id}/members/invite"
    case memberForm = "GET /accounts/{account_id}/members/{member_id}"
    case changeMember = "POST /accounts/{account_id}/members/{member_id}"
    case removeMemberForm = "GET /accounts/{account_id}/members/{member_id}/remove"
    case removeMember = "POST /accounts/{account_id}/members/{member_id}/remove"
    case resendInvitation = "POST /accounts/{account_id}/members/{member_id}/resend"
    case handoverForm = "GET /accounts/{account_id}/handover"
    case startHandover = "POST /accounts/{account_id}/handover"
    case cancelHandover = "POST /accounts/{account_id}/handover/cancel"
    /// Behind the one-time links of letters, for people who may not be signed in yet.
    case invitation = "GET /invitations/{token}"
    case acceptInvitation = "POST /invitations/{token}"
    case handoverInvitation = "GET /handovers/{token}"
    case acceptHandover = "POST /handovers/{token}"

    case audit = "GET /accounts/{account_id}/audit"
    case auditJSONL = "GET /accounts/{account_id}/audit.jsonl"
    case accountIdentity = "GET /accounts/{account_id}/identity"
    case requestIdentity = "POST /accounts/{account_id}/identity"
    case newSubscription = "GET /accounts/{account_id}/subscriptions/new"
    case orderOffer = "GET /accounts/{account_id}/subscriptions/new/offer"
    case orderName = "GET /accounts/{account_id}/subscriptions/new/name"
    case orderAdministrator = "GET /accounts/{account_id}/subscriptions/new/administrator"
    case orderPartner = "GET /accounts/{account_id}/subscriptions/new/partner"
    case orderPayment = "GET /accounts/{account_id}/subscriptions/new/payment"
    case orderReview = "GET /accounts/{account_id}/subscriptions/new/review"
    case orderSubscription = "POST /accounts/{account_id}/subscriptions/new"
    case ordered = "GET /accounts/{account_id}/subscriptions/{subscription_id}/ordered"

    case payments = "GET /accounts/{account_id}/payments"
    case payment = "GET /accounts/{account_id}/payments/{payment_id}"
    case cancelPayment = "POST /accounts/{account_id}/payments/{payment_id}/cancel"

    case enrollment = "GET /enrollments/{enrollment_id}"
    case enrollmentUsage = "GET /enrollments/{enrollment_id}/usage"
    case enrollmentUsageDownload = "GET /enrollments/{enrollment_id}/usage.csv"
    case enrollmentUsageJSON = "GET /enrollments/{enrollment_id}/usage.json"
    case enrollmentUsageFOCUS = "GET /enrollments/{enrollment_id}/focus.csv"
    case enrollmentSubscriptions = "GET /enrollments/{enrollment_id}/subscriptions"
    case newEnterpriseSubscriptionForm = "GET /enrollments/{enrollment_id}/subscriptions/new"
    case reviewEnterpriseSubscription = "GET /enrollments/{enrollment_id}/subscriptions/new/review"
    case createEnterpriseSubscription = "POST /enrollments/{enrollment_id}/subscriptions/new"
    case enterpriseSubscriptionMade = "GET /enrollments/{enrollment_id}/subscriptions/{subscription_id}/made"
    case manyForm = "GET /enrollments/{enrollment_id}/subscriptions/many"
    case many = "POST /enrollments/{enrollment_id}/subscriptions/many"
    case manyDone = "GET /enrollments/{enrollment_id}/subscriptions/many/done"
    case enrollmentOperations = "GET /enrollments/{enrollment_id}/operations"
    case enrollmentOperation = "GET /enrollments/{enrollment_id}/operations/{operation_id}"
    case cancelEnrollmentOperation = "POST /enrollments/{enrollment_id}/operations/{operation_id}/cancel"
    case enrollmentDepartments = "GET /enrollments/{enrollment_id}/departments"
    case newDepartmentForm = "GET /enrollments/{enrollment_id}/departments/new"
    case createDepartment = "POST /enrollments/{enrollment_id}/departments/new"
    case department = "GET /enrollments/{enrollment_id}/departments/{department_id}"
    case departmentForm = "GET /enrollments/{enrollment_id}/departments/{department_id}/edit"
    case editDepartment = "POST /enrollments/{enrollment_id}/departments/{department_id}/edit"
    case deleteDepartmentForm = "GET /enrollments/{enrollment_id}/departments/{department_id}/delete"
    case deleteDepartment = "POST /enrollments/{enrollment_id}/departments/{department_id}/delete"
    case enrollmentAccounts = "GET /enrollments/{enrollment_id}/accounts"
    case newEnterpriseAccountForm = "GET /enrollments/{enrollment_id}/accounts/new"
    case reviewEnterpriseAccount = "GET /enrollments/{enrollment_id}/accounts/new/review"
    case createEnterpriseAccount = "POST /enrollments/{enrollment_id}/accounts/new"
    case enterpriseAccountMade = "GET /enrollments/{enrollment_id}/accounts/{account_id}/made"
    case moveAccountForm = "GET /enrollments/{enrollment_id}/accounts/{account_id}/move"
    case moveAccount = "POST /enrollments/{enrollment_id}/accounts/{account_id}/move"

    case enrollmentMembers = "GET /enrollments/{enrollment_id}/members"
    case enrollmentInviteForm = "GET /enrollments/{enrollment_id}/members/invite"
    case enrollmentInvite = "POST /enrollments/{enrollment_id}/members/invite"
    case enrollmentRemoveMemberForm = "GET /enrollments/{enrollment_id}/members/{member_id}/remove"
    case enrollmentRemoveMember = "POST /enrollments/{enrollment_id}/members/{member_id}/remove"
    case enrollmentResendInvitation = "POST /enrollments/{enrollment_id}/members/{member_id}/resend"
    case enrollmentAudit = "GET /enrollments/{enrollment_id}/audit"
    case enrollmentAuditJSONL = "GET /enrollments/{enrollment_id}/audit.jsonl"

    case keys = "GET /accounts/{account_id}/api-keys"
    case keyForm = "GET /accounts/{account_id}/api-keys/new"
    case makeKey = "POST /accounts/{account_id}/api-keys/new"
    case editKeyForm = "GET /accounts/{account_id}/api-keys/{api_key_id}/edit"
    case editKey = "POST /accounts/{account_id}/api-keys/{api_key_id}/edit"
    case rotateKeyForm = "GET /accounts/{account_id}/api-keys/{api_key_id}/rotate"
    case rotateKey = "POST /accounts/{account_id}/api-keys/{api_key_id}/rotate"
    case revokeKeyForm = "GET /accounts/{account_id}/api-keys/{api_key_id}/revoke"
    case revokeKey = "POST /accounts/{account_id}/api-keys/{api_key_id}/revoke"
    case operatorKeys = "GET /operator/api-keys"
    case operatorKeyForm = "GET /operator/api-keys/new"
    case operatorMakeKey = "POST /operator/api-keys/new"
    case operatorEditKeyForm = "GET /operator/api-keys/{api_key_id}/edit"
    case operatorEditKey = "POST /operator/api-keys/{api_key_id}/edit"
    case operatorRotateKeyForm = "GET /operator/api-keys/{api_key_id}/rotate"
    case operatorRotateKey = "POST /operator/api-keys/{api_key_id}/rotate"
    case operatorRevokeKeyForm = "GET /operator/api-keys/{api_key_id}/revoke"
    case operatorRevokeKey = "POST /operator/api-keys/{api_key_id}/revoke"

    case webhooks = "GET /accounts/{account_id}/webhooks"
    case webhookForm = "GET /accounts/{account_id}/webhooks/new"
    case makeWebhook = "POST /accounts/{account_id}/webhooks/new"
    case webhook = "GET /accounts/{account_id}/webhooks/{webhook_endpoint_id}"
    case editWebhookForm = "GET /accounts/{account_id}/webhooks/{webhook_endpoint_id}/edit"
    case editWebhook = "POST /accounts/{account_id}/webhooks/{webhook_endpoint_id}/edit"
    case testWebhook = "POST /accounts/{account_id}/webhooks/{webhook_endpoint_id}/test"
    case switchWebhook = "POST /accounts/{account_id}/webhooks/{webhook_endpoint_id}/switch"
    case rotateWebhookForm = "GET /accounts/{account_id}/webhooks/{webhook_endpoint_id}/rotate"
    case rotateWebhook = "POST /accounts/{account_id}/webhooks/{webhook_endpoint_id}/rotate"
    case deleteWebhookForm = "GET /accounts/{account_id}/webhooks/{webhook_endpoint_id}/delete"
    case webhookDelivery = "GET /accounts/{account_id}/webhooks/{webhook_endpoint_id}/deliveries/{webhook_delivery_id}"
    case resendWebhook = "POST /accounts/{account_id}/webhooks/{webhook_endpoint_id}/deliveries/{webhook_delivery_id}/resend"
    case deleteWebhook = "POST /accounts/{account_id}/webhooks/{webhook_endpoint_id}/delete"
    case operatorWebhooks = "GET /operator/webhooks"
    case operatorWebhookForm = "GET /operator/webhooks/new"
    case operatorMakeWebhook = "POST /operator/webhooks/new"
    case operatorWebhook = "GET /operator/webhooks/{webhook_endpoint_id}"
    case operatorEditWebhookForm = "GET /operator/webhooks/{webhook_endpoint_id}/edit"
    case operatorEditWebhook = "POST /operator/webhooks/{webhook_endpoint_id}/edit"
    case operatorTestWebhook = "POST /operator/webhooks/{webhook_endpoint_id}/test"
    case operatorSwitchWebhook = "POST /operator/webhooks/{webhook_endpoint_id}/switch"
    case operatorRotateWebhookForm = "GET /operator/webhooks/{webhook_endpoint_id}/rotate"
    case operatorRotateWebhook = "POST /operator/webhooks/{webhook_endpoint_id}/rotate"
    case operatorDeleteWebhookForm = "GET /operator/webhooks/{webhook_endpoint_id}/delete"
    case operatorWebhookDelivery = "GET /operator/webhooks/{webhook_endpoint_id}/deliveries/{webhook_delivery_id}"
    case operatorResendWebhook = "POST /operator/webhooks/{webhook_endpoint_id}/deliveries/{webhook_delivery_id}/resend"
    case operatorDeleteWebhook = "POST /operator/webhooks/{webhook_endpoint_id}/delete"

    case operatorHome = "GET /operator"
    case operatorAccounts = "GET /operator/accounts"
    case operatorSubscriptions = "GET /operator/subscriptions"
    case writeOffForm = "GET /operator/subscriptions/{subscription_id}/write-off"
    case writeOff = "POST /operator/subscriptions/{subscription_id}/write-off"
    case operatorAudit = "GET /operator/audit"
    case operatorAuditJSONL = "GET /operator/audit.jsonl"
    case operatorSearch = "GET /operator/search"
    case operatorAccount = "GET /operator/accounts/{account_id}"
    case operatorTimeline = "GET /operator/accounts/{account_id}/timeline"
    case addAccountNote = "POST /operator/accounts/{account_id}/notes"
    case eraseAccountNote = "POST /operator/accounts/{account_id}/notes/{note_id}/erase"
    case operatorSuspendForm = "GET /operator/accounts/{account_id}/suspend"
    case operatorSuspend = "POST /operator/accounts/{account_id}/suspend"
    case operatorLiftForm = "GET /operator/accounts/{account_id}/lift"
    case operatorLift = "POST /operator/accounts/{account_id}/lift"
    case viewAsForm = "GET /operator/accounts/{account_id}/view-as"
    case viewAs = "POST /operator/accounts/{account_id}/view-as"
    case endViewAs = "POST /view-as/end"
    case operatorOrder = "GET /operator/orders/{order_id}"
    case operatorPartners = "GET /operator/partners"
    case newPartner = "GET /operator/partners/new"
    case addPartner = "POST /operator/partners"
    case operatorPartner = "GET /operator/partners/{partner_id}"
    case editPartner = "POST /operator/partners/{partner_id}"
    case retirePartner = "POST /operator/partners/{partner_id}/retire"
    case operatorOffers = "GET /operator/offers"
    case createPolicyDraft = "POST /operator/offers"
    case operatorOffer = "GET /operator/offers/{offer}/{currency}"
    case movePoliciesForm = "GET /operator/offers/{offer}/{currency}/move"
    case movePolicies = "POST /operator/offers/{offer}/{currency}/move"
    case editPolicyDraft = "POST /operator/policy-drafts/{policy_draft_id}"
    case discardPolicyDraft = "POST /operator/policy-drafts/{policy_draft_id}/discard"
    case publishPolicyForm = "GET /operator/policy-drafts/{policy_draft_id}/publish"
    case publishPolicy = "POST /operator/policy-drafts/{policy_draft_id}/publish"
    case operatorOperations = "GET /operator/operations"
    case operatorOperation = "GET /operator/operations/{operation_id}"
    case cancelOperatorOperation = "POST /operator/operations/{operation_id}/cancel"
    case operatorJobs = "GET /operator/jobs"
    case retryJob = "POST /operator/jobs/{job_id}/retry"
    case operatorSettings = "GET /operator/settings"
    case saveSettings = "POST /operator/settings"
    case operatorStatus = "GET /operator/status"
    case operatorIdentity = "GET /operator/identity"
    case operatorIdentityRequest = "GET /operator/identity/{identity_request_id}"
    case decideIdentity = "POST /operator/identity/{identity_request_id}"
    case remittances = "GET /operator/remittances"
    case remittanceForm = "GET /operator/remittances/new"
    case recordRemittance = "POST /operator/remittances"
    case remittance = "GET /operator/remittances/{remittance_id}"
    case matchForm = "GET /operator/remittances/{remittance_id}/match"
    case match = "POST /operator/remittances/{remittance_id}/match"
    case returnForm = "GET /operator/remittances/{remittance_id}/return"
    case returnRemittance = "POST /operator/remittances/{remittance_id}/return"
    case bankAccounts = "GET /operator/bank-accounts"
    case setBankAccount = "POST /operator/bank-accounts"
    case operatorMails = "GET /operator/mails"
    case operatorMail = "GET /operator/mails/{notification_id}"
    case operatorResendMail = "POST /operator/mails/{notification_id}/resend"
    case testClock = "GET /operator/test-clock"
    case advanceTestClock = "POST /operator/test-clock"

    package var method: String { String(rawValue.prefix { $0 != " " }) }
    /// The path with its parameters in braces.
    package var template: String { String(rawValue.drop { $0 != " " }.dropFirst()) }
    package var segments: [Substring] {
        self == .home ? [] : template.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    }
    /// The names in braces, in order.
    package var parameters: [String] { segments.filter { $0.first == "{" }.map { String($0.dropFirst().dropLast()) } }
    /// A person's profile, password, devices: hers alone, whoever else may look at the account.
    var isPersonal: Bool { template.hasPrefix("/profile") || template.hasPrefix("/reauthenticate") }
    package var isPost: Bool { method == "POST" }
    /// Pages that need nobody to be signed in. Their forms carry the token of `Visit.openForm`.
    var isOpen: Bool {
        switch self {
        case .signInForm, .signIn, .signInCodeForm, .signInCode, .help, .apiIndex, .apiPage, .apiObjects, .apiObject, .problems,
            .portalSession, .forgotPasswordForm, .forgotPassword,
            .forgotPasswordSent,
            .resetPasswordForm, .resetPassword, .confirmEmailForm, .confirmEmail, .invitation, .acceptInvitation,
            .handoverInvitation, .acceptHandover:
            true
        default: false
        }
    }

    /// The address with its parameters filled in, in their order.
    package func url(_ values: String..., query: [(String, String)] = []) -> URLPath { url(values, query: query) }

    func url(_ values: [String], query: [(String, String)] = [], fragment: String? = nil) -> URLPath {
        var rest = values[...]
        return URLPath(segments.map { $0.first == "{" ? rest.popFirst() ?? "" : String($0) }, query: query, fragment: fragment)
    }
}

/// The addresses below one subscription.
struct SubscriptionLinks: Sendable {
    let account: AccountID
    let id: SubscriptionID

    func callAsFunction(_ route: PageRoute, query: [(String, String)] = []) -> URLPath {
        route.url([account.description, id.description], query: query)
    }
    var overview: URLPath { self(.subscription) }
}

extension Subscription {
    var links: SubscriptionLinks { SubscriptionLinks(account: accountID, id: id) }
}
