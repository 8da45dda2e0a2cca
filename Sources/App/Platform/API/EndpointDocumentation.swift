import Billing

/// What the document says of one endpoint, and what the reader of its query and body enforces.
package struct EndpointDocumentation: Sendable {
    package enum Audience: String, Sendable {
        /// Anybody, without a key.
        case anyone
        /// Any key or signed-in principal that can see the object.
        case member
        case finance
        case accountAdministrator
        case administrators
        /// Of an agreement; an account's key is none.
        case enterpriseAdministrators
        case serviceAdministrator
        case operators

        /// Whether a key of this role may ask; which objects it then sees is another question.
        func includes(_ role: Role) -> Bool {
            switch self {
            case .anyone, .member: true
            case .finance: [.finance, .accountAdministrator, .enterpriseAdministrator, .operator].contains(role)
            case .accountAdministrator: [.accountAdministrator, .operator].contains(role)
            case .administrators: [.accountAdministrator, .enterpriseAdministrator, .operator].contains(role)
            case .enterpriseAdministrators: [.enterpriseAdministrator, .operator].contains(role)
            case .serviceAdministrator:
                [.serviceAdministrator, .accountAdministrator, .enterpriseAdministrator, .operator].contains(role)
            case .operators: role == .operator
            }
        }
    }
    package enum Idempotency: Sendable { case none, offered, required }
    package enum Answer: Sendable {
        case object(Int, String)
        case list(String)
        case other(Int, mediaType: String)
    }

    package var tag: String
    package var summary: String
    /// A rule that whoever uses it has to know, beyond the summary.
    package var note = ""
    package var audience: Audience
    package var query: [Schema.Field] = []
    package var body: Schema?
    package var bodyMediaType = "application/json"
    /// What else is read as a body; each says what it holds.
    package var otherBodies: [(mediaType: String, schema: Schema)] = []
    package var answer: Answer
    /// The refusals beyond those that every endpoint may give (400, 401, 404, 405, 429, 500, 503).
    package var refusals: [Int] = []
    package var idempotency: Idempotency = .none
    package var dryRun = false
    package var hasETag = false
    /// What a 202 answers where the work is long.
    package var accepted: String?
}

extension EndpointDocumentation {
    /// Every body that is read, the first of them the one that examples send.
    package var bodies: [(mediaType: String, schema: Schema)] {
        body.map { [(bodyMediaType, $0)] + otherBodies } ?? []
    }

    static func read(_ tag: String, _ summary: String, _ answer: Answer, query: [Schema.Field] = [], who: Audience = .member)
        -> Self
    {
        Self(tag: tag, summary: summary, audience: who, query: query, answer: answer)
    }
    static func create(_ tag: String, _ summary: String, _ object: String, _ body: Schema, who: Audience, money: Bool = false)
        -> Self
    {
        Self(
            tag: tag, summary: summary, audience: who, body: body, answer: .object(201, object),
            refusals: [403, 409, 413, 415, 422],
            idempotency: money ? .required : .offered, dryRun: true)
    }
    static func act(_ summary: String, _ body: Schema, who: Audience, money: Bool = false) -> Self {
        Self(
            tag: "subscriptions", summary: summary, audience: who, body: body, answer: .object(200, "Subscription"),
            refusals: [403, 409, 413, 415, 422], idempotency: money ? .required : .offered, dryRun: true)
    }
    static let page: [Schema.Field] = [
        .optional("limit", .integer(min: 1, max: 100), "Rows of a page, 25 unless said."),
        .optional("cursor", .text(min: 1, max: 1_200), "From `next_cursor` of the page before."),
    ]
    /// When the rows were made, half open.
    static let created: [Schema.Field] = ListFilter.created("").map { .optional($0.name, $0.schema, $0.note) }
    static let sort: [Schema.Field] = [.optional("sort", .word(["-created_at", "created_at"]))]
}

extension Endpoint {
    package var documentation: EndpointDocumentation {
        switch self {
        case .healthz: .read("operations", "The process is alive.", .other(200, mediaType: "text/plain"), who: .anyone)
        case .readyz:
            .read("operations", "Database, migrations, not draining.", .other(200, mediaType: "application/json"), who: .anyone)
        case .metrics:
            .read("operations", "Prometheus metrics, for allowed addresses.", .other(200, mediaType: "text/plain"), who: .anyone)
        case .openapi: .read("operations", "This document.", .other(200, mediaType: "application/json"), who: .anyone)
        case .problem:
            .read("operations", "What an error code means and what to do.", .other(200, mediaType: "text/html"), who: .anyone)
        case .me: .read("me", "Tenant, role, scope and clock of the key.", .object(200, "Me"))

        case .listAccounts: .read("accounts", "Accounts that the key can see.", .list("Account"), query: Account.list.query)
        case .createAccount:
            .create(
                "accounts", "Make a customer's account; an administrator who cannot sign in yet is invited by mail.", "Account",
                Input.createAccount, who: .operators)
        case .getAccount: .read("accounts", "One account.", .object(200, "Account")).tagged()
        case .updateAccount:
            .patch(
                "accounts", "Change an account's name, zone or language.", "Account", Input.updateAccount, who: .administrators)

        case .getProfile: .getProfile
        case .updateProfile: .updateProfile
        case .createPortalSession: .createPortalSession

        case .search: .search
        case .getAccountTimeline: .getAccountTimeline
        case .listAccountNotes: .listAccountNotes
        case .addAccountNote: .addAccountNote
        case .getAccountNote: .getAccountNote
        case .eraseAccountNote: .eraseAccountNote
        case .suspendAccount: .suspendAccount
        case .liftAccount: .liftAccount
        case .listAccountIdentityRequests: .listAccountIdentityRequests
        case .requestIdentity: .requestIdentity
        case .listOffers: .listOffers
        case .listOfferPolicies: .listOfferPolicies
        case .createPolicyDraft: .createPolicyDraft
        case .moveSubscriptions: .moveSubscriptions
        case .getPolicyDraft: .getPolicyDraft
        case .updatePolicyDraft: .updatePolicyDraft
        case .publishPolicyDraft: .publishPolicyDraft
        case .discardPolicyDraft: .discardPolicyDraft
        case .listJobs: .listJobs
        case .retryJob: .retryJob
        case .getSwitches: .getSwitches
        case .updateSwitches: .updateSwitches
        case .listIdentityRequests: .listIdentityRequests
        case .getIdentityRequest: .getIdentityRequest
        case .verifyIdentity: .verifyIdentity
        case .declineIdentity: .declineIdentity
        case .downloadAccountUsage: .downloadAccountUsage
        case .downloadAccountUsageJSON: .downloadAccountUsageJSON
        case .downloadAccountFOCUS: .downloadAccountFOCUS
        case .downloadEnrollmentUsage: .downloadEnrollmentUsage
        case .downloadEnrollmentUsageJSON: .downloadEnrollmentUsageJSON
        case .downloadEnrollmentFOCUS: .downloadEnrollmentFOCUS

        case .listSubscriptions:
            .read("subscriptions", "Subscriptions, newest first.", .list("Subscription"), query: Subscription.list.query)
        case .createSubscription:
            .create(
                "subscriptions", "Order a subscription, with or without its first payment.", "Subscription",
                Input.createSubscription, who: .administrators, money: true)
        case .getSubscription: .read("subscriptions", "One subscription.", .object(200, "Subscription")).tagged()
        case .updateSubscription:
            .patch(
                "subscriptions", "Rename, or hand to another service administrator.", "Subscription", Input.updateSubscription,
                who: .administrators)
        case .paySubscription:
            .act("Pay again: buys credit, pays debt first, lifts credit reasons (M6).", Input.payment, who: .finance, money: true)
        case .upgradeSubscription:
            .act("Upgrade a trial to prepaid (L6).", Input.upgrade, who: .accountAdministrator, money: true)
        case .suspendSubscription: .act("Suspend for a reason (L1).", Input.suspend, who: .administrators)
        case .reactivateSubscription: .act("Lift a reason (L1).", Input.reactivate, who: .administrators)
        case .cancelSubscription: .act("Cancel an enterprise subscription (L7).", Input.cancel, who: .administrators)
        case .confirmServices: .act("Say that the services are set up again (L4).", Input.nothing, who: .serviceAdministrator)
        case .writeOffSubscription:
            .act(
                "Write off what a deleted subscription still owes: the whole debt, for good (M6).", Input.writeOff,
                who: .operators,
                money: true
            ).refusing(412)
        case .getEntitlement: .read("subscriptions", "May this subscription be used now?", .object(200, "Entitlement"))
        case .listSubscriptionEvents:
            .read("subscriptions", "Its history, newest first.", .list("TransitionEvent"), query: HistoryEntry.list.query)
        case .getUsage: .getUsage
        case .downloadUsage: .downloadUsage
        case .downloadUsageJSON: .downloadUsageJSON
        case .downloadFOCUS: .downloadFOCUS
        case .downloadErasable: .downloadErasable
        case .getBillingHistory: .getBillingHistory
        case .downloadBillingHistory: .downloadBillingHistory
        case .getOutlook: .getOutlook
        case .getDeletionCertificate:
            .read("subscriptions", "What was erased and why (L3); 404 until deleted.", .object(200, "DeletionCertificate"))
        case .setPartner:
            EndpointDocumentation(
                tag: "partners", summary: "Set the subscription's partner.", audience: .administrators, body: Input.setPartner,
                answer: .object(200, "Subscription"), refusals: [403, 409, 412, 413, 415, 422], dryRun: true)
        case .removePartner:
            EndpointDocumentation(
                tag: "partners", summary: "Remove the subscription's partner.", audience: .administrators,
                answer: .object(200, "Subscription"),
                refusals: [403, 409, 412], dryRun: true)

        case .moveSubscription:
            .act(
                "Move to another department of the enrollment: what it uses from this instant on counts there (A14).",
                Input.moveSubscription, who: .enterpriseAdministrators)
        case .listDepartmentStays:
            .read(
                "enrollments",
                "Which department the subscription counted to, from when until when, and how much; the present first.",
                .list("DepartmentStay"))
        case .actOnSubscriptions: .actOnSubscriptions
        case .listOperations: .listOperations
        case .getOperation: .getOperation
        case .cancelOperation: .cancelOperation

        case .checkPartner:
            .read(
                "partners", "Check a partner's ID before it is set; ten times a minute.", .object(200, "Partner"),
                query: [.init("code", .text(min: 1, max: 64))], who: .administrators)
        case .listPartners:
            .read("partners", "The tenant's partners.", .list("Partner"), query: Partner.list.query, who: .operators)
        case .createPartner: .create("partners", "Add a partner.", "Partner", Input.createPartner, who: .operators)
        case .updatePartner: .updatePartner
        case .getPartner: .read("partners", "One partner.", .object(200, "Partner"), who: .operators)

        case .listEnrollments:
            .read(
                "enrollments", "Enterprise agreements.", .list("Enrollment"),
                query: EndpointDocumentation.created + EndpointDocumentation.page)
        case .createEnrollment:
            .create("enrollments", "Make an enterprise agreement.", "Enrollment", Input.createEnrollment, who: .operators)
        case .getEnrollment:
            .read("enrollments", "One agreement with what is left of its commitment.", .object(200, "Enrollment"))
        case .getEnrollmentBalance:
            .read(
                "enrollments", "The commitment, where it goes by department, and the notices, as of now.",
                .object(200, "EnrollmentBalance"))
        case .listDepartments:
            .read("enrollments", "Its departments.", .list("Department"), query: ListedDepartment.list.query)
        case .createDepartment:
            .create("enrollments", "Add a department.", "Department", Input.createDepartment, who: .enterpriseAdministrators)
        case .getDepartment, .findDepartment: .read("enrollments", "One department.", .object(200, "Department")).tagged()
        case .updateDepartment:
            .patch(
                "enrollments", "Change a department's name, cost centre or quota; null removes.", "Department",
                Input.updateDepartment, who: .enterpriseAdministrators)
        case .deleteDepartment:
            EndpointDocumentation(
                tag: "enrollments", summary: "Remove a department that nothing was ever counted to; answers what it was.",
                audience: .enterpriseAdministrators, answer: .object(200, "Department"), refusals: [403, 409, 412], dryRun: true)
        case .moveAccount:
            EndpointDocumentation(
                tag: "enrollments",
                summary:
                    "Move an account into this department; its subscriptions that stood in the account's department move along (A14).",
                audience: .enterpriseAdministrators, body: Input.moveAccount, answer: .object(200, "Account"),
                refusals: [403, 409, 413, 415, 422], idempotency: .offered, dryRun: true)

        case .listOrders: .read("orders", "Orders, newest first.", .list("Order"), query: Order.list.query)
        case .getOrder: .read("orders", "One order.", .object(200, "Order"))

        case .listPayments, .getPayment, .cancelPayment, .listRemittances, .recordRemittance, .getRemittance, .matchRemittance,
            .returnRemittance, .listBankAccounts, .setBankAccount:
            paymentDocumentation
        case .listNotifications: .listNotifications
        case .getNotification: .getNotification
        case .resendNotification: .resendNotification

        case .receiveUsage:
            EndpointDocumentation(
                tag: "usage", summary: "Report usage: up to 1,000 CloudEvents, a verdict for each (B1).", audience: .operators,
                body: Input.usageBatch,
                bodyMediaType: ReceiveUsage.batchType,
                otherBodies: [
                    (ReceiveUsage.singleEventType, Input.usageEvent),
                    ("application/json", .either([Input.usageBatch, Input.usageEvent])),
                ], answer: .object(200, "UsageReceipt"),
                refusals: [403, 413, 415, 422],
                idempotency: .offered, dryRun: true)
        case .listReceivedEvents:
            .read(
                "usage", "What was received: accepted usage events, the latest first.", .list("ReceivedUsageEvent"),
                query: ReceivedEvent.list.query)
        case .checkEntitlements: .checkEntitlements
        case .getTestClock: .read("test clock", "The sandbox tenant's time.", .object(200, "TestClock"), who: .operators)
        case .advanceTestClock:
            EndpointDocumentation(
                tag: "test clock", summary: "Move time forward and run everything that falls due, in order.",
                audience: .operators, body: Input.advance,
                answer: .object(200, "ClockAdvance"), refusals: [403, 409, 413, 415, 422], idempotency: .offered, dryRun: true)
        case .listAuditEvents:
            .read(
                "audit", "Who did what, newest first.", .list("AuditEvent"), query: AuditEntry.list.query, who: .administrators)
        case .getAuditEvent:
            .read("audit", "One event with what was before and after.", .object(200, "AuditEvent"), who: .administrators)
        case .listAPIKeys, .createAPIKey, .getAPIKey, .updateAPIKey, .revokeAPIKey, .rotateAPIKey: apiKeyDocumentation
        case .listWebhookEndpoints, .createWebhookEndpoint, .getWebhookEndpoint, .updateWebhookEndpoint, .deleteWebhookEndpoint,
            .rotateWebhookSecret, .testWebhookEndpoint, .listWebhookDeliveries, .getWebhookDelivery, .retryWebhookDelivery,
            .listEvents, .getEvent:
            webhookDocumentation
        case .listMembers:
            .read(
                "members", "People with a role in an account or an agreement, and those invited.", .list("Member"),
                query: ListedMember.list.query, who: .administrators)
        case .inviteMember:
            .create(
                "members", "Invite somebody by e-mail; the link in the letter is good for seven days.", "Member",
                Input.inviteMember,
                who: .administrators)
        case .getMember: .read("members", "One member.", .object(200, "Member"), who: .administrators).tagged()
        case .changeMember: .patch("members", "Give another role.", "Member", Input.changeMember, who: .administrators)
        case .removeMember:
            EndpointDocumentation(
                tag: "members", summary: "Take the role away at once, or an invitation back.", audience: .administrators,
                answer: .object(200, "Member"), refusals: [403, 409, 412], dryRun: true, hasETag: true)
        case .resendInvitation:
            EndpointDocumentation(
                tag: "members", summary: "Send the invitation again, for another seven days.", audience: .administrators,
                body: Input.nothing, answer: .object(200, "Member"), refusals: [403, 409, 413, 415, 422], idempotency: .offered,
                dryRun: true)
        case .getHandover:
            .read(
                "members", "The account's latest hand-over; 404 when there was none.", .object(200, "Handover"),
                who: .accountAdministrator
            ).tagged()
        case .startHandover:
            .create(
                "members", "Begin to hand the account over; the new administrator accepts by the link in her letter.", "Handover",
                Input.startHandover, who: .accountAdministrator)
        case .cancelHandover:
            EndpointDocumentation(
                tag: "members", summary: "Call the open hand-over off.", audience: .accountAdministrator,
                answer: .object(200, "Handover"), refusals: [403, 409, 412], dryRun: true, hasETag: true)
        case .listRoles: .read("members", "What each role may do.", .object(200, "RoleMatrix"))
        }
    }
}

extension Endpoint {
    /// Reads one object: the answer has an `ETag`, and is 304 where the caller has it already.
    package var readsObject: Bool { Self.objectReads.contains(self) }

    /// Whether a successful answer has an `ETag`.
    package var hasETag: Bool {
        if case .object(201, _) = documentation.answer { return isUnderV1 }
        return documentation.hasETag || readsObject
    }

    private static let objectReads = Set(
        allCases.filter { endpoint in
            if case .object(200, _) = endpoint.documentation.answer {
                endpoint.isUnderV1 && endpoint.method == "GET"
            } else {
                false
            }
        })
}

extension EndpointDocumentation {
    func tagged() -> Self {
        var copy = self
        copy.hasETag = true
        return copy
    }
    func noted(_ note: String) -> Self {
        var copy = self
        copy.note = note
        return copy
    }
    func refusing(_ status: Int) -> Self {
        var copy = self
        copy.refusals = (refusals + [status]).sorted()
        return copy
    }
    static func patch(_ tag: String, _ summary: String, _ object: String, _ body: Schema, who: Audience) -> Self {
        Self(
            tag: tag, summary: summary, audience: who, body: body, answer: .object(200, object),
            refusals: [403, 409, 412, 413, 415, 422],
            dryRun: true, hasETag: true)
    }
}
