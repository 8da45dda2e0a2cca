import App
import Billing
import FoundationEssentials
import Loop
import TestSupport
import Testing
import Values

/// What one page or form is to each role, beside the table of product.md section 7. Written by hand, never computed: the test holds the program against it.
///
/// A new `PageRoute` does not compile without its row here (`PageMatrix.row`). How to write one:
/// - what the path names: `.standard` (an active prepaid subscription and its account), `.enterprise`, `.trial`, … ; `.nothing` where it names nothing;
/// - one mark for each role in the table's order: account administrator, finance, reader, service administrator, enterprise administrator, operator.
///   `●` may (the state or the empty form may still say no), `–` is refused with 403, `·` is not found (404): not theirs at all.
/// Another account's people, another tenant's operator and nobody at all are tried on every row as well; they need no marks.
struct PageMatrix {
    enum Ground { case nothing, standard, suspended, unconfirmed, trial, lapsed, enterprise }

    static let order: [Role] = [
        .accountAdministrator, .finance, .reader, .serviceAdministrator, .enterpriseAdministrator, .operator,
    ]

    let ground: Ground
    let marks: [Character]

    private init(_ ground: Ground, _ marks: String) {
        self.ground = ground
        self.marks = marks.filter { $0 != " " }.map { $0 }
    }

    static func row(_ route: PageRoute) -> PageMatrix? {
        switch route {
        // These end the session or are for people without one: their own tests hold them.
        case .signInForm, .signIn, .signOut, .portalSession, .forgotPasswordForm, .forgotPassword, .forgotPasswordSent,
            .resetPasswordForm, .resetPassword, .confirmEmailForm, .confirmEmail, .signInCodeForm, .signInCode, .invitation,
            .acceptInvitation,
            .handoverInvitation, .acceptHandover:
            nil
        // Everybody's own.
        case .profile, .profileDetailsForm, .profileDetails, .preferencesForm, .preferences, .contactEmailForm, .contactEmail,
            .withdrawContactEmail, .changePasswordForm, .changePassword, .twoStep, .startTwoStep, .twoStepSetup, .confirmTwoStep,
            .recoveryCodes, .keepRecoveryCodes, .renewRecoveryCodes, .disableTwoStep, .sessions, .endOtherSessions:
            PageMatrix(.nothing, "● ● ● ● ● ●")
        // A session of nobody's is nobody's to end.
        case .endSession: PageMatrix(.nothing, "· · · · · ·")
        case .home, .help, .apiIndex, .apiPage, .apiObjects, .apiObject, .problems, .roles, .mySubscriptions, .ownNotifications,
            .search, .reauthenticateForm, .reauthenticate:
            PageMatrix(.nothing, "● ● ● ● ● ●")

        // See account, subscriptions, bills.
        case .account, .subscriptions, .orders, .accountUsage, .accountUsageDownload, .accountUsageJSON, .accountUsageFOCUS:
            PageMatrix(.enterprise, "● ● ● · ● ●")
        case .subscription, .history, .usage, .receivedEvents, .usageDownload, .usageJSON, .usageFOCUS, .erasableDownload,
            .billingHistory,
            .billingHistoryDownload:
            PageMatrix(.enterprise, "● ● ● ● ● ●")
        case .certificate: PageMatrix(.lapsed, "● ● ● · · ●")

        // Top up, orders, vouchers, cards, invoices.
        case .payForm, .payMethod, .payReview, .pay: PageMatrix(.standard, "● ● – – · ●")
        // Without a payment of one's own in the address there is nothing to show, whoever asks.
        case .payDone: PageMatrix(.standard, "· · · · · ·")
        case .upgradeForm, .upgradeMethod, .upgradeReview, .upgrade: PageMatrix(.trial, "● – – – · ●")

        // Create a standard subscription.
        case .newSubscription, .orderOffer, .orderName, .orderAdministrator, .orderPartner, .orderPayment, .orderReview,
            .orderSubscription:
            PageMatrix(.standard, "● – – · · ●")
        case .ordered: PageMatrix(.standard, "● ● ● · · ●")
        case .payments, .payment: PageMatrix(.standard, "● ● ● · · ●")
        case .cancelPayment: PageMatrix(.standard, "● ● – · · ●")

        // Rename subscription, set service admin, partner.
        case .editForm, .editReview, .edit, .partnerForm, .setPartner, .removePartner: PageMatrix(.enterprise, "● – – – ● ●")

        // Cancel an enterprise subscription; suspend and reactivate on request; confirm that services are set up again.
        case .cancelForm, .cancel: PageMatrix(.enterprise, "● – – – ● ●")
        case .suspendForm, .suspend: PageMatrix(.enterprise, "● – – – ● ●")
        case .reactivateForm, .reactivate: PageMatrix(.suspended, "● – – – · ●")
        case .confirmServices: PageMatrix(.unconfirmed, "● – – ● · ●")

        // Mails are read by whoever sees their account, and sent again by whoever takes care of its alerts.
        case .notifications: PageMatrix(.enterprise, "● ● ● · ● ●")
        case .notification: PageMatrix(.standard, "● ● ● · · ●")
        // This one is about no subscription; who reads what for another reason than its account has tests of its own (`NotificationTests`).
        case .ownNotification: PageMatrix(.standard, "● ● ● · · ●")
        case .resendNotification: PageMatrix(.standard, "● ● – · · ●")
        // Members are the administrators' to manage; the account is its own administrator's to hand over, or the operator's on her behalf.
        case .members, .inviteForm, .invite: PageMatrix(.enterprise, "● – – · ● ●")
        case .memberForm, .changeMember, .removeMemberForm, .removeMember, .resendInvitation: PageMatrix(.standard, "● – – · · ●")
        case .handoverForm, .startHandover, .cancelHandover: PageMatrix(.enterprise, "● – – · – ●")
        case .enrollmentMembers, .enrollmentInviteForm, .enrollmentInvite, .enrollmentRemoveMemberForm, .enrollmentRemoveMember,
            .enrollmentResendInvitation:
            PageMatrix(.enterprise, "· · · · ● ●")

        // The audit log is the administrators'.
        case .audit, .auditJSONL: PageMatrix(.enterprise, "● – – · ● ●")

        // The enrollment is its administrators' and the operators'.
        case .enrollment, .enrollmentUsage, .enrollmentUsageDownload, .enrollmentUsageJSON, .enrollmentUsageFOCUS,
            .enrollmentSubscriptions, .enrollmentAudit, .enrollmentAuditJSONL:
            PageMatrix(.enterprise, "· · · · ● ●")

        case .enrollmentDepartments, .newDepartmentForm, .createDepartment, .department, .departmentForm, .editDepartment,
            .deleteDepartmentForm, .deleteDepartment, .enrollmentAccounts, .newEnterpriseAccountForm, .reviewEnterpriseAccount,
            .createEnterpriseAccount, .enterpriseAccountMade, .moveAccountForm, .moveAccount, .newEnterpriseSubscriptionForm,
            .reviewEnterpriseSubscription, .createEnterpriseSubscription, .enterpriseSubscriptionMade, .manyForm, .many:
            PageMatrix(.enterprise, "· · · · ● ●")
        case .enrollmentOperations, .enrollmentOperation: PageMatrix(.enterprise, "· · · · ● ●")
        // Whoever began it stops it, and the operator.
        case .cancelEnrollmentOperation: PageMatrix(.enterprise, "· · · · – ●")
        // Without a batch of one's own in the address there is nothing to show, whoever asks.
        case .manyDone: PageMatrix(.enterprise, "· · · · · ·")
        // Create an enterprise subscription in a department, or move it to another.
        case .moveForm, .move: PageMatrix(.enterprise, "– – – – ● ●")
        case .stays: PageMatrix(.enterprise, "● ● ● ● ● ●")

        // Everybody with a role on the account sees how its identity stands; its administrators ask.
        case .accountIdentity: PageMatrix(.enterprise, "● ● ● · ● ●")
        case .requestIdentity: PageMatrix(.enterprise, "● – – · ● ●")
        // Whoever looks in nobody's stead ends nothing and goes home.
        case .endViewAs: PageMatrix(.nothing, "● ● ● ● ● ●")
        case .operatorMails, .operatorMail, .operatorResendMail, .operatorSearch, .operatorPartners, .newPartner, .addPartner,
            .operatorPartner, .editPartner, .retirePartner,
            .operatorIdentity, .operatorIdentityRequest, .decideIdentity, .operatorAccount, .operatorTimeline, .operatorOrder,
            .addAccountNote, .eraseAccountNote, .writeOffForm, .writeOff, .operatorSuspendForm, .operatorSuspend,
            .operatorLiftForm, .operatorLift,
            .viewAsForm, .viewAs, .operatorOffers, .createPolicyDraft, .operatorOffer, .editPolicyDraft, .discardPolicyDraft,
            .publishPolicyForm, .publishPolicy, .operatorJobs, .operatorOperations, .operatorOperation,
            .cancelOperatorOperation, .retryJob, .operatorSettings, .saveSettings, .operatorStatus:
            PageMatrix(.standard, "· · · · · ●")

        // Members, API keys, webhooks.
        case .webhooks, .webhookForm, .makeWebhook, .webhook, .editWebhookForm, .editWebhook, .testWebhook, .switchWebhook,
            .rotateWebhookForm, .rotateWebhook, .deleteWebhookForm, .deleteWebhook, .webhookDelivery, .resendWebhook:
            PageMatrix(.standard, "● – – · · ●")
        case .operatorWebhooks, .operatorWebhookForm, .operatorMakeWebhook, .operatorWebhook, .operatorEditWebhookForm,
            .operatorEditWebhook, .operatorTestWebhook, .operatorSwitchWebhook, .operatorRotateWebhookForm,
            .operatorRotateWebhook, .operatorDeleteWebhookForm, .operatorDeleteWebhook, .operatorWebhookDelivery,
            .operatorResendWebhook:
            PageMatrix(.standard, "· · · · · ●")
        case .keys, .keyForm, .makeKey, .editKeyForm, .editKey, .rotateKeyForm, .rotateKey, .revokeKeyForm, .revokeKey:
            PageMatrix(.standard, "● – – · · ●")
        case .operatorKeys, .operatorKeyForm, .operatorMakeKey, .operatorEditKeyForm, .operatorEditKey,
            .operatorRotateKeyForm, .operatorRotateKey,
            .operatorRevokeKeyForm,
            .operatorRevokeKey:
            PageMatrix(.standard, "· · · · · ●")
        // Without a version in the address there is nothing to move to, whoever asks.
        case .movePoliciesForm, .movePolicies: PageMatrix(.standard, "· · · · · ·")

        // Catalogue, partners, credit limits, confirmations, refunds: the provider's own desk is not there for anybody else.
        case .operatorHome, .operatorAccounts, .operatorSubscriptions, .operatorAudit, .operatorAuditJSONL,
            .testClock, .advanceTestClock, .remittances, .remittanceForm, .recordRemittance, .remittance, .matchForm, .match,
            .returnForm, .returnRemittance, .bankAccounts, .setBankAccount:
            PageMatrix(.nothing, "· · · · · ●")
        }
    }
}

/// One tenant with a person of every role, each with her own browser.
struct Cast {
    let world: World
    let browsers: [Role: Browser]
    /// The administrator of another account of the same tenant.
    let neighbour: Browser
    /// The operator of another tenant.
    let foreigner: Browser
    /// A reader of the standard account, and an administrator of the enrollment.
    let member: String
    let enrollmentMember: String

    init() async throws {
        let world = try await World.make(.shared)
        let tenant = world.tenant
        self.world = world
        func email(_ name: String) -> String { "\(tenant.bursar.uniqueName(name))@example.com" }
        func signedIn(_ email: String, _ roles: [(String?, String?)], at tenant: TestTenant = world.tenant) async throws
            -> Browser
        {
            for (role, account) in roles {
                let (context, change) = (
                    tenant.context,
                    SetPassword(email: email, password: Browser.password, role: role, account: account.flatMap { AccountID($0) })
                )
                try await tenant.bursar.instance.loop.run { try await change.run(context) }
            }
            let browser = Browser(tenant.bursar)
            let reply = try await browser.signIn(email)
            guard reply.status == 303 else { throw TestFault("\(email) could not sign in: \(reply.status)") }
            return browser
        }
        let accounts = [world.account, world.trialAccount, world.enterpriseAccount]
        let (admin, service, enterprise) = (email("a"), email("s"), email("e"))
        var browsers: [Role: Browser] = [:]
        browsers[.finance] = try await signedIn(email("f"), accounts.map { ("finance", $0) })
        browsers[.reader] = try await signedIn(email("r"), accounts.map { ("reader", $0) })
        browsers[.operator] = try await signedIn(email("o"), [("operator", nil)])
        // The other three are columns and rows of their own: written as they stand, because how they come to be is other tests' matter.
        for address in [admin, service, enterprise] { _ = try await signedIn(address, [(nil, nil)]) }
        func id(_ address: String) -> String { "(select id from users where tenant_id = $tenant and email = '\(address)')" }
        try tenant.force("update accounts set administrator_id = \(id(admin)) where tenant_id = $tenant")
        try tenant.force(
            "update subscriptions set service_administrator_id = \(id(service)) where tenant_id = $tenant and state <> 'deleted'")
        try tenant.force(
            """
            insert into role_assignments (tenant_id, id, user_id, role, enrollment_id, created_at) \
            select $tenant, gen_random_uuid(), \(id(enterprise)), 'enterprise_admin', id, now() from enrollments where tenant_id = $tenant
            """)
        browsers[.accountAdministrator] = try await signedIn(admin, [])
        browsers[.serviceAdministrator] = try await signedIn(service, [])
        browsers[.enterpriseAdministrator] = try await signedIn(enterprise, [])
        self.browsers = browsers
        member =
            try await tenant.get("/v1/members?account_id=\(world.account)&role=reader&state=active").expect(200)["data.0.id"]
            ?? ""
        enrollmentMember =
            try await tenant.get("/v1/members?enrollment_id=\(world.enrollment)&state=active").expect(200)["data.0.id"] ?? ""
        let other = try await tenant.account("Next door")
        neighbour = try await signedIn(try await tenant.get("/v1/accounts/\(other)")["administrator.email"] ?? "", [(nil, nil)])
        let elsewhere = try await tenant.bursar.tenant("elsewhere")
        foreigner = try await signedIn(email("x"), [("operator", nil)], at: elsewhere)
    }

    /// The address of a page, with what it names.
    func target(_ route: PageRoute, _ ground: PageMatrix.Ground) throws -> String {
        let (account, subscription) =
            switch ground {
            case .nothing, .standard: (world.account, world.prepaid)
            case .suspended: (world.account, world.suspended)
            case .unconfirmed: (world.account, world.unconfirmed)
            case .lapsed: (world.account, world.lapsed)
            case .trial: (world.trialAccount, world.trial)
            case .enterprise: (world.enterpriseAccount, world.enterprise)
            }
        let values = try route.parameters.map { name in
            switch name {
            case "account_id": account
            case "docs_page": "subscriptions"
            case "docs_object": "Subscription"
            case "subscription_id": subscription
            case "enrollment_id": world.enrollment
            case "department_id": world.department
            case "partner_id": world.partner
            case "order_id": world.order
            case "api_key_id": world.apiKey
            case "webhook_endpoint_id": world.webhook
            case "webhook_delivery_id": world.delivery
            case "notification_id": world.notification
            case "member_id": route.parameters.contains("enrollment_id") ? enrollmentMember : member
            case "policy_draft_id": world.desk.draft
            case "job_id": world.desk.job
            case "offer": "prepaid"
            case "currency": "CNY"
            case "note_id": world.desk.note
            case "operation_id":
                route.parameters.contains("enrollment_id") ? world.enterpriseOperation : world.operation
            case "identity_request_id": world.desk.identityRequest
            case "payment_id": world.transfers.waiting
            case "session_id": "ses_\(world.order.suffix(26))"
            case "remittance_id": world.transfers.stray
            default: throw TestFault("PageMatrixTests does not know what {\(name)} of \(route.rawValue) is: add it here")
            }
        }
        var path = route.template
        for (name, value) in zip(route.parameters, values) { path = path.replacing("{\(name)}", with: value) }
        return path
    }
}

@Suite struct `Roles and pages` {
    @Test func `agree with the table, and nobody else finds anything`() async throws {
        let cast = try await Cast()
        var nobody = 0
        for route in PageRoute.allCases {
            guard let row = PageMatrix.row(route) else { continue }
            #expect(row.marks.count == PageMatrix.order.count, "\(route.rawValue)")
            let target = try cast.target(route, row.ground)
            for (role, mark) in zip(PageMatrix.order, row.marks) {
                let browser = try #require(cast.browsers[role])
                let status = try await ask(browser, route, target)
                #expect(isRight(status, mark), "\(route.rawValue) as \(role.rawValue): \(status), the table says \(mark)")
            }
            if route.parameters.contains(where: { $0.hasSuffix("_id") }) {
                for (name, browser) in [
                    ("another account's administrator", cast.neighbour), ("another tenant's operator", cast.foreigner),
                ] {
                    let status = try await ask(browser, route, target)
                    #expect(status == 404, "\(route.rawValue) as \(name): \(status)")
                }
            }
            let stranger = Browser(cast.world.tenant.bursar)
            let status = try await ask(stranger, route, target)
            let isPublic = [.help, .apiIndex, .apiPage, .apiObjects, .apiObject, .problems].contains(route)
            let isToldNothing = isPublic || (route.isPost ? status == 403 : status == 303)
            #expect(isToldNothing, "\(route.rawValue) as nobody: \(status)")
            nobody += 1
        }
        #expect(nobody > 40)
    }

    private func isRight(_ status: Int, _ mark: Character) -> Bool {
        switch mark {
        case "●": [200, 303, 400, 409, 412, 422].contains(status)
        case "–": status == 403
        default: status == 404
        }
    }

    /// What a form says before it is asked who sends it: an amount that can be read and buys nothing.
    private static func fields(_ route: PageRoute) -> [String: String] {
        route == .pay || route == .upgrade ? ["amount": "999.00"] : [:]
    }

    /// A form is sent with its session's token and little more: who may is told what is missing, who may not is not even told that.
    private func ask(_ browser: Browser, _ route: PageRoute, _ target: String) async throws -> Int {
        guard route.isPost else { return try await browser.get(target).status }
        try await browser.get("/help")
        let token = browser.hiddenFields["csrf"] ?? ""
        return try await browser.post(
            target, Self.fields(route), hidden: ["csrf": token, "idempotency_key": "\(UUID().uuidString)"]
        ).status
    }
}
