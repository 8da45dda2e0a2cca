import HTTP

/// Every path of the JSON API and of operations. One exhaustive switch dispatches them (`APIHandler`), another documents them
/// (`Endpoint.documentation`): a route without either does not compile. Tests walk `allCases`, never a list of their own.
package enum Endpoint: String, CaseIterable, Sendable {
    case healthz = "GET /healthz"
    case readyz = "GET /readyz"
    case metrics = "GET /metrics"
    case openapi = "GET /openapi.json"
    case problem = "GET /problems/{code}"

    case me = "GET /v1/me"
    case createPortalSession = "POST /v1/portal-sessions"

    case listAccounts = "GET /v1/accounts"
    case createAccount = "POST /v1/accounts"
    case getAccount = "GET /v1/accounts/{account_id}"
    case updateAccount = "PATCH /v1/accounts/{account_id}"
    case downloadAccountUsage = "GET /v1/accounts/{account_id}/usage.csv"
    case downloadAccountUsageJSON = "GET /v1/accounts/{account_id}/usage.json"
    case downloadAccountFOCUS = "GET /v1/accounts/{account_id}/focus.csv"
    case getProfile = "GET /v1/accounts/{account_id}/profile"
    case updateProfile = "PATCH /v1/accounts/{account_id}/profile"

    case search = "GET /v1/search"
    case getAccountTimeline = "GET /v1/accounts/{account_id}/timeline"
    case listAccountNotes = "GET /v1/accounts/{account_id}/notes"
    case addAccountNote = "POST /v1/accounts/{account_id}/notes"
    case getAccountNote = "GET /v1/accounts/{account_id}/notes/{note_id}"
    case eraseAccountNote = "POST /v1/accounts/{account_id}/notes/{note_id}/erase"
    case suspendAccount = "POST /v1/accounts/{account_id}/suspend"
    case liftAccount = "POST /v1/accounts/{account_id}/lift"
    case listAccountIdentityRequests = "GET /v1/accounts/{account_id}/identity-requests"
    case requestIdentity = "POST /v1/accounts/{account_id}/identity-requests"
    case listOffers = "GET /v1/offers"
    case listOfferPolicies = "GET /v1/offers/{offer}/policies"
    case createPolicyDraft = "POST /v1/offers/{offer}/drafts"
    case moveSubscriptions = "POST /v1/offers/{offer}/move"
    case getPolicyDraft = "GET /v1/policy-drafts/{policy_draft_id}"
    case updatePolicyDraft = "PATCH /v1/policy-drafts/{policy_draft_id}"
    case publishPolicyDraft = "POST /v1/policy-drafts/{policy_draft_id}/publish"
    case discardPolicyDraft = "POST /v1/policy-drafts/{policy_draft_id}/discard"
    case listJobs = "GET /v1/jobs"
    case retryJob = "POST /v1/jobs/{job_id}/retry"
    case getSwitches = "GET /v1/tenant-switches"
    case updateSwitches = "PATCH /v1/tenant-switches"
    case listIdentityRequests = "GET /v1/identity-requests"
    case getIdentityRequest = "GET /v1/identity-requests/{identity_request_id}"
    case verifyIdentity = "POST /v1/identity-requests/{identity_request_id}/verify"
    case declineIdentity = "POST /v1/identity-requests/{identity_request_id}/decline"

    case listSubscriptions = "GET /v1/subscriptions"
    case createSubscription = "POST /v1/subscriptions"
    case getSubscription = "GET /v1/subscriptions/{subscription_id}"
    case updateSubscription = "PATCH /v1/subscriptions/{subscription_id}"
    case paySubscription = "POST /v1/subscriptions/{subscription_id}/payments"
    case upgradeSubscription = "POST /v1/subscriptions/{subscription_id}/upgrade"
    case suspendSubscription = "POST /v1/subscriptions/{subscription_id}/suspend"
    case reactivateSubscription = "POST /v1/subscriptions/{subscription_id}/reactivate"
    case cancelSubscription = "POST /v1/subscriptions/{subscription_id}/cancel"
    case confirmServices = "POST /v1/subscriptions/{subscription_id}/confirm-services"
    case writeOffSubscription = "POST /v1/subscriptions/{subscription_id}/write-off"
    case getEntitlement = "GET /v1/subscriptions/{subscription_id}/entitlement"
    case listSubscriptionEvents = "GET /v1/subscriptions/{subscription_id}/events"
    case getUsage = "GET /v1/subscriptions/{subscription_id}/usage"
    case downloadUsage = "GET /v1/subscriptions/{subscription_id}/usage.csv"
    case downloadUsageJSON = "GET /v1/subscriptions/{subscription_id}/usage.json"
    case downloadFOCUS = "GET /v1/subscriptions/{subscription_id}/focus.csv"
    case downloadErasable = "GET /v1/subscriptions/{subscription_id}/everything.jsonl"
    case getBillingHistory = "GET /v1/subscriptions/{subscription_id}/billing-history"
    case downloadBillingHistory = "GET /v1/subscriptions/{subscription_id}/billing-history.csv"
    case getOutlook = "GET /v1/subscriptions/{subscription_id}/outlook"
    case getDeletionCertificate = "GET /v1/subscriptions/{subscription_id}/deletion-certificate"
    case setPartner = "PUT /v1/subscriptions/{subscription_id}/partner"
    case removePartner = "DELETE /v1/subscriptions/{subscription_id}/partner"

    case moveSubscription = "POST /v1/subscriptions/{subscription_id}/move"
    case listDepartmentStays = "GET /v1/subscriptions/{subscription_id}/departments"
    case actOnSubscriptions = "POST /v1/subscriptions/actions"
    case listOperations = "GET /v1/operations"
    case getOperation = "GET /v1/operations/{operation_id}"
    case cancelOperation = "POST /v1/operations/{operation_id}/cancel"

    case checkPartner = "GET /v1/partners/check"
    case listPartners = "GET /v1/partners"
    case createPartner = "POST /v1/partners"
    case getPartner = "GET /v1/partners/{partner_id}"
    case updatePartner = "PATCH /v1/partners/{partner_id}"

    case listEnrollments = "GET /v1/enrollments"
    case createEnrollment = "POST /v1/enrollments"
    case getEnrollment = "GET /v1/enrollments/{enrollment_id}"
    case getEnrollmentBalance = "GET /v1/enrollments/{enrollment_id}/balance"
    case downloadEnrollmentUsage = "GET /v1/enrollments/{enrollment_id}/usage.csv"
    case downloadEnrollmentUsageJSON = "GET /v1/enrollments/{enrollment_id}/usage.json"
    case downloadEnrollmentFOCUS = "GET /v1/enrollments/{enrollment_id}/focus.csv"
    case listDepartments = "GET /v1/enrollments/{enrollment_id}/departments"
    case createDepartment = "POST /v1/enrollments/{enrollment_id}/departments"
    case getDepartment = "GET /v1/enrollments/{enrollment_id}/departments/{department_id}"
    case findDepartment = "GET /v1/departments/{department_id}"
    case updateDepartment = "PATCH /v1/departments/{department_id}"
    case deleteDepartment = "DELETE /v1/departments/{department_id}"
    case moveAccount = "POST /v1/departments/{department_id}/move-account"

    case listOrders = "GET /v1/orders"
    case getOrder = "GET /v1/orders/{order_id}"

    case listPayments = "GET /v1/payments"
    case getPayment = "GET /v1/payments/{payment_id}"
    case cancelPayment = "POST /v1/payments/{payment_id}/cancel"
    case listRemittances = "GET /v1/remittances"
    case recordRemittance = "POST /v1/remittances"
    case getRemittance = "GET /v1/remittances/{remittance_id}"
    case matchRemittance = "POST /v1/remittances/{remittance_id}/match"
    case returnRemittance = "POST /v1/remittances/{remittance_id}/return"
    case listBankAccounts = "GET /v1/bank-accounts"
    case setBankAccount = "PUT /v1/bank-accounts"
    case listNotifications = "GET /v1/notifications"
    case getNotification = "GET /v1/notifications/{notification_id}"
    case resendNotification = "POST /v1/notifications/{notification_id}/resend"

    case receiveUsage = "POST /v1/usage-events"
    case listReceivedEvents = "GET /v1/usage-events"
    case checkEntitlements = "POST /v1/entitlements"

    case getTestClock = "GET /v1/test-clock"
    case advanceTestClock = "POST /v1/test-clock/advance"

    case listAuditEvents = "GET /v1/audit-events"
    case getAuditEvent = "GET /v1/audit-events/{audit_id}"

    case listMembers = "GET /v1/members"
    case inviteMember = "POST /v1/members"
    case getMember = "GET /v1/members/{member_id}"
    case changeMember = "PATCH /v1/members/{member_id}"
    case removeMember = "DELETE /v1/members/{member_id}"
    case resendInvitation = "POST /v1/members/{member_id}/resend-invite"
    case listRoles = "GET /v1/roles"

    case listAPIKeys = "GET /v1/api-keys"
    case createAPIKey = "POST /v1/api-keys"
    case getAPIKey = "GET /v1/api-keys/{api_key_id}"
    case updateAPIKey = "PATCH /v1/api-keys/{api_key_id}"
    case rotateAPIKey = "POST /v1/api-keys/{api_key_id}/rotate"
    case revokeAPIKey = "DELETE /v1/api-keys/{api_key_id}"
    case listWebhookEndpoints = "GET /v1/webhook-endpoints"
    case createWebhookEndpoint = "POST /v1/webhook-endpoints"
    case getWebhookEndpoint = "GET /v1/webhook-endpoints/{webhook_endpoint_id}"
    case updateWebhookEndpoint = "PATCH /v1/webhook-endpoints/{webhook_endpoint_id}"
    case rotateWebhookSecret = "POST /v1/webhook-endpoints/{webhook_endpoint_id}/rotate-secret"
    case testWebhookEndpoint = "POST /v1/webhook-endpoints/{webhook_endpoint_id}/test"
    case listWebhookDeliveries = "GET /v1/webhook-deliveries"
    case getWebhookDelivery = "GET /v1/webhook-deliveries/{webhook_delivery_id}"
    case retryWebhookDelivery = "POST /v1/webhook-deliveries/{webhook_delivery_id}/retry"
    case listEvents = "GET /v1/events"
    case getEvent = "GET /v1/events/{event_id}"
    case deleteWebhookEndpoint = "DELETE /v1/webhook-endpoints/{webhook_endpoint_id}"
    case getHandover = "GET /v1/accounts/{account_id}/handover"
    case startHandover = "POST /v1/accounts/{account_id}/handover"
    case cancelHandover = "DELETE /v1/accounts/{account_id}/handover"

    package var method: String { String(rawValue.prefix { $0 != " " }) }
    /// The path with its parameters in braces.
    package var template: String { Self.templates[self] ?? "" }
    private static let templates = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0, String($0.rawValue.drop { $0 != " " }.dropFirst())) })
    package var segments: [Substring] { template.dropFirst().split(separator: "/", omittingEmptySubsequences: false) }
    /// The names in braces, in order.
    package var parameters: [String] {
        segments.filter { $0.first == "{" }.map { String($0.dropFirst().dropLast()) }
    }
    package var isUnderV1: Bool { template.hasPrefix("/v1/") }

    /// The path with its parameters filled in; values are TypeIDs or codes and need no escaping.
    package func path(_ values: String...) -> String {
        var rest = values[...]
        return "/"
            + segments.map { segment in segment.first == "{" ? (rest.popFirst() ?? "") : String(segment) }.joined(separator: "/")
    }
}

/// The routes as a tree over path segments, built once; looking a path up costs its length, not the number of routes.
package struct RouteTable<Target: Sendable>: Sendable {
    private struct Node {
        var fixed: [String: Int] = [:]
        var parameter: Int?
        var targets: [(method: String, target: Target)] = []
    }
    private var nodes: [Node] = [Node()]

    package enum Match: Sendable {
        case found(Target, parameters: [String])
        case wrongMethod(allowed: [String])
        case nothing
    }

    package init() {}

    package mutating func add(_ method: String, _ segments: [Substring], _ target: Target) {
        var at = 0
        for segment in segments {
            let next: Int
            if segment.first == "{" {
                next = nodes[at].parameter ?? nodes.count
                if nodes[at].parameter == nil { nodes[at].parameter = next }
            } else {
                next = nodes[at].fixed[String(segment)] ?? nodes.count
                if nodes[at].fixed[String(segment)] == nil { nodes[at].fixed[String(segment)] = next }
            }
            if next == nodes.count { nodes.append(Node()) }
            at = next
        }
        nodes[at].targets.append((method, target))
    }

    /// HEAD is answered by the GET route. What is allowed holds HEAD and OPTIONS, too.
    package func match(_ method: String, _ segments: [String]) -> Match {
        var at = 0
        var parameters: [String] = []
        for segment in segments {
            if let next = nodes[at].fixed[segment] {
                at = next
            } else if let next = nodes[at].parameter, !segment.isEmpty {
                parameters.append(segment)
                at = next
            } else {
                return .nothing
            }
        }
        let targets = nodes[at].targets
        guard !targets.isEmpty else { return .nothing }
        let wanted = method == "HEAD" ? "GET" : method
        if let hit = targets.first(where: { $0.method == wanted }) { return .found(hit.target, parameters: parameters) }
        let methods = targets.flatMap { $0.method == "GET" ? ["GET", "HEAD"] : [$0.method] }
        return .wrongMethod(allowed: methods + ["OPTIONS"])
    }
}
