import Billing
import FoundationEssentials
import HTML
import HTTP
import Loop
import Postgres
import Values

/// Answers the portal's pages: who asks, in which language, is the form hers, and then the one exhaustive switch over the routes. One place catches.
struct PageHandler: Sendable {
    let dependencies: Dependencies
    let authenticator: Authenticator
    let localisation: Localisation
    let assets: Assets
    let reference: APIReference
    private let routes: RouteTable<PageRoute>

    init(
        dependencies: Dependencies, authenticator: Authenticator, localisation: Localisation, assets: Assets,
        reference: APIReference
    ) {
        self.dependencies = dependencies
        self.authenticator = authenticator
        self.localisation = localisation
        self.assets = assets
        self.reference = reference
        var routes = RouteTable<PageRoute>()
        for route in PageRoute.allCases { routes.add(route.method, route.segments, route) }
        self.routes = routes
    }

    var cookies: PageCookies { PageCookies(isSecure: dependencies.configuration.publicURL?.hasPrefix("https://") ?? false) }
    /// What stands in the shell while nobody is signed in and no tenant is known.
    var publicName: String { "Bursar" }

    /// The answer, and the route's template for the metrics.
    func answer(_ request: HTTPRequest, requestID: String) async -> (HTTPResponse, route: String) {
        switch routes.match(request.method.rawValue, request.pathSegments) {
        case .found(let route, let parameters):
            return (await answer(request, route, parameters, requestID), route.template)
        case .wrongMethod(let allowed) where request.method == .options:
            return (.options(allowed), "other")
        case .wrongMethod(let allowed):
            var response = await outside(request, requestID) { errorPage(.methodNotAllowed(allowed), $0) }
            response.headers.set("Allow", allowed.joined(separator: ", "))
            return (response, "other")
        case .nothing:
            return (await outside(request, requestID) { errorPage(.notFound, $0) }, "other")
        }
    }

    private func answer(_ request: HTTPRequest, _ route: PageRoute, _ parameters: [String], _ requestID: String) async
        -> HTTPResponse
    {
        var visit = visit(request, route, parameters, requestID, nil, nil)
        do {
            if let token = request.cookie(cookies.session), let signedIn = try await authenticator.session(token) {
                let context = TenantContext(tenant: signedIn.tenant, principal: signedIn.principal, dependencies: dependencies)
                RequestFacts.current?.belongs(to: signedIn.tenant, signedIn.principal)
                visit = self.visit(request, route, parameters, requestID, signedIn, try await Surroundings.load(context))
            }
            if route.isPost { try confirmOwnForm(visit) }
            try refuseWhileViewing(visit)
            guard visit.signedIn != nil || route.isOpen else {
                if route.isPost { throw Failure.forbidden(code: "form_expired") }
                return visit.redirect(PageRoute.signInForm.url(query: returnTo(request)))
            }
            return try await respond(visit)
        } catch is RecentAuthenticationNeeded {
            return visit.redirect(PageRoute.reauthenticateForm.url(query: [("return_to", visit.here().string)]))
        } catch {
            return errorPage(failure(error, requestID), visit)
        }
    }

    /// A page that needs no database: it stands also when the database does not.
    func outside(_ request: HTTPRequest, _ requestID: String, _ body: (Visit) -> HTTPResponse) async -> HTTPResponse {
        var seen = visit(request, nil, [], requestID, nil, nil)
        if let token = request.cookie(cookies.session), let signedIn = try? await authenticator.session(token) {
            let context = TenantContext(tenant: signedIn.tenant, principal: signedIn.principal, dependencies: dependencies)
            seen = visit(request, nil, [], requestID, signedIn, try? await Surroundings.load(context))
        }
        return body(seen)
    }

    // MARK: The switch

    private func respond(_ visit: Visit) async throws -> HTTPResponse {
        guard let route = visit.route else { throw Failure.notFound }
        switch route {
        case .home: return try home(visit)
        case .signInForm: return try await signInForm(visit)
        case .signIn: return try await signIn(visit)
        case .signOut: return try await signOut(visit)
        case .help: return try await help(visit)
        case .apiIndex: return apiIndex(visit)
        case .apiPage: return try apiPage(visit)
        case .apiObjects: return apiObjects(visit)
        case .apiObject: return try apiObject(visit)
        case .problems: return problemIndex(visit)
        case .roles: return try roles(visit)
        case .portalSession: return try await portalSession(visit)
        case .forgotPasswordForm: return forgotPasswordForm(visit)
        case .forgotPassword: return try await forgotPassword(visit)
        case .forgotPasswordSent: return visit.page(ForgotPasswordSentPage())
        case .resetPasswordForm: return try await resetPasswordForm(visit)
        case .resetPassword: return try await resetPassword(visit)
        case .confirmEmailForm: return try await confirmEmailForm(visit)
        case .confirmEmail: return try await confirmEmail(visit)
        case .profile: return try await profile(visit)
        case .profileDetailsForm: return try await profileDetailsForm(visit)
        case .profileDetails: return try await profileDetails(visit)
        case .preferencesForm: return try await preferencesForm(visit)
        case .preferences: return try await preferences(visit)
        case .contactEmailForm: return try await contactEmailForm(visit)
        case .contactEmail: return try await contactEmail(visit)
        case .withdrawContactEmail: return try await withdrawContactEmail(visit)
        case .changePasswordForm: return try await changePasswordForm(visit)
        case .changePassword: return try await changePassword(visit)
        case .signInCodeForm: return try await signInCodeForm(visit)
        case .signInCode: return try await signInCode(visit)
        case .twoStep: return try await twoStep(visit)
        case .startTwoStep: return try await startTwoStep(visit)
        case .twoStepSetup: return try await twoStepSetup(visit)
        case .confirmTwoStep: return try await confirmTwoStep(visit)
        case .recoveryCodes: return try await recoveryCodes(visit)
        case .keepRecoveryCodes: return try await keepRecoveryCodes(visit)
        case .renewRecoveryCodes: return try await renewRecoveryCodes(visit)
        case .disableTwoStep: return try await disableTwoStep(visit)
        case .sessions: return try await sessions(visit)
        case .endSession: return try await endSession(visit)
        case .endOtherSessions: return try await endOtherSessions(visit)
        case .reauthenticateForm: return try await reauthenticateForm(visit)
        case .reauthenticate: return try await reauthenticate(visit)
        case .mySubscriptions: return try await mySubscriptions(visit)
        case .ownNotifications: return try await ownNotifications(visit)
        case .ownNotification: return try await ownNotification(visit)
        case .search: return try await search(visit)
        case .account: return try await accountHome(visit)
        case .subscriptions: return try await accountSubscriptions(visit)
        case .orders: return try await accountOrders(visit)
        case .accountUsage: return try await accountUsage(visit)
        case .accountUsageDownload: return try await accountUsageDownload(visit, .csv)
        case .accountUsageJSON: return try await accountUsageDownload(visit, .json)
        case .accountUsageFOCUS: return try await accountUsageDownload(visit, .focus)
        case .subscription: return try await overview(visit)
        case .payForm: return try await paymentForm(visit, isUpgrade: false)
        case .payMethod: return try await paymentMethod(visit, isUpgrade: false)
        case .payReview: return try await paymentReview(visit, isUpgrade: false)
        case .pay: return try await takePayment(visit, isUpgrade: false)
        case .payDone: return try await paymentResult(visit)
        case .upgradeForm: return try await paymentForm(visit, isUpgrade: true)
        case .upgradeMethod: return try await paymentMethod(visit, isUpgrade: true)
        case .upgradeReview: return try await paymentReview(visit, isUpgrade: true)
        case .upgrade: return try await takePayment(visit, isUpgrade: true)
        case .editForm: return try await editForm(visit)
        case .editReview: return try await editReview(visit)
        case .edit: return try await edit(visit)
        case .partnerForm: return try await partnerForm(visit)
        case .setPartner: return try await setPartner(visit)
        case .removePartner: return try await removePartner(visit)
        case .cancelForm: return try await cancelForm(visit)
        case .cancel: return try await cancel(visit)
        case .suspendForm: return try await suspendForm(visit)
        case .suspend: return try await suspend(visit)
        case .reactivateForm: return try await reactivateForm(visit)
        case .reactivate: return try await reactivate(visit)
        case .confirmServices: return try await confirmServices(visit)
        case .history: return try await history(visit)
        case .certificate: return try await certificate(visit)
        case .members, .enrollmentMembers: return try await members(visit)
        case .inviteForm, .enrollmentInviteForm: return try await inviteForm(visit)
        case .invite, .enrollmentInvite: return try await invite(visit)
        case .memberForm: return try await memberForm(visit)
        case .changeMember: return try await changeMember(visit)
        case .removeMemberForm, .enrollmentRemoveMemberForm: return try await removeMemberForm(visit)
        case .removeMember, .enrollmentRemoveMember: return try await removeMember(visit)
        case .resendInvitation, .enrollmentResendInvitation: return try await resendInvitation(visit)
        case .handoverForm: return try await handoverForm(visit)
        case .startHandover: return try await startHandover(visit)
        case .cancelHandover: return try await cancelHandover(visit)
        case .invitation: return try await invitation(visit)
        case .acceptInvitation: return try await acceptInvitation(visit)
        case .handoverInvitation: return try await handoverInvitation(visit)
        case .acceptHandover: return try await acceptHandover(visit)
        case .audit: return try await accountAudit(visit)
        case .auditJSONL: return try await accountAuditFile(visit)
        case .usage: return try await usagePage(visit)
        case .receivedEvents: return try await receivedEvents(visit)
        case .usageDownload: return try await usageDownload(visit, .csv)
        case .usageJSON: return try await usageDownload(visit, .json)
        case .usageFOCUS: return try await usageDownload(visit, .focus)
        case .erasableDownload: return try await erasableDownload(visit)
        case .billingHistory: return try await billingHistory(visit)
        case .billingHistoryDownload: return try await billingHistoryDownload(visit)
        case .newSubscription: return try await newSubscription(visit)
        case .orderOffer: return try await orderStep(visit, .offer)
        case .orderName: return try await orderStep(visit, .name)
        case .orderAdministrator: return try await orderStep(visit, .administrator)
        case .orderPartner: return try await orderStep(visit, .partner)
        case .orderPayment: return try await orderStep(visit, .payment)
        case .orderReview: return try await orderStep(visit, .review)
        case .orderSubscription: return try await orderSubscription(visit)
        case .ordered: return try await ordered(visit)
        case .payments: return try await payments(visit)
        case .payment: return try await payment(visit)
        case .cancelPayment: return try await cancelPayment(visit)
        case .enrollment: return try await enrollment(visit)
        case .enrollmentUsage: return try await enrollmentUsage(visit)
        case .enrollmentUsageDownload: return try await enrollmentUsageDownload(visit, .csv)
        case .enrollmentUsageJSON: return try await enrollmentUsageDownload(visit, .json)
        case .enrollmentUsageFOCUS: return try await enrollmentUsageDownload(visit, .focus)
        case .enrollmentSubscriptions: return try await enrollmentSubscriptions(visit)
        case .newEnterpriseSubscriptionForm, .reviewEnterpriseSubscription, .createEnterpriseSubscription,
            .enterpriseSubscriptionMade, .manyForm, .many, .manyDone, .enrollmentDepartments, .newDepartmentForm,
            .createDepartment, .department, .departmentForm, .editDepartment, .deleteDepartmentForm, .deleteDepartment,
            .enrollmentAccounts, .newEnterpriseAccountForm, .reviewEnterpriseAccount, .createEnterpriseAccount,
            .enterpriseAccountMade, .moveAccountForm, .moveAccount, .stays, .moveForm, .move:
            return try await enterprise(visit, route)
        case .enrollmentAudit: return try await enrollmentAudit(visit)
        case .enrollmentAuditJSONL: return try await enrollmentAuditFile(visit)
        case .keys, .operatorKeys: return try await keys(visit)
        case .webhooks, .operatorWebhooks: return try await webhooks(visit)
        case .webhookForm, .operatorWebhookForm: return try await webhookForm(visit)
        case .makeWebhook, .operatorMakeWebhook: return try await makeWebhook(visit)
        case .webhook, .operatorWebhook: return try await webhook(visit)
        case .editWebhookForm, .operatorEditWebhookForm: return try await editWebhookForm(visit)
        case .editWebhook, .operatorEditWebhook: return try await editWebhook(visit)
        case .testWebhook, .operatorTestWebhook: return try await testWebhook(visit)
        case .switchWebhook, .operatorSwitchWebhook: return try await switchWebhook(visit)
        case .rotateWebhookForm, .operatorRotateWebhookForm: return try await webhookConfirmation(visit, .rotate)
        case .rotateWebhook, .operatorRotateWebhook: return try await rotateWebhook(visit)
        case .deleteWebhookForm, .operatorDeleteWebhookForm: return try await webhookConfirmation(visit, .delete)
        case .deleteWebhook, .operatorDeleteWebhook: return try await deleteWebhook(visit)
        case .webhookDelivery, .operatorWebhookDelivery: return try await webhookDelivery(visit)
        case .resendWebhook, .operatorResendWebhook: return try await resendWebhook(visit)
        case .keyForm, .operatorKeyForm: return try await keyForm(visit)
        case .makeKey, .operatorMakeKey: return try await makeKey(visit)
        case .editKeyForm, .operatorEditKeyForm: return try await editKeyForm(visit)
        case .editKey, .operatorEditKey: return try await editKey(visit)
        case .rotateKeyForm, .operatorRotateKeyForm: return try await keyConfirmation(visit, .rotate)
        case .rotateKey, .operatorRotateKey: return try await rotateKey(visit)
        case .revokeKeyForm, .operatorRevokeKeyForm: return try await keyConfirmation(visit, .revoke)
        case .revokeKey, .operatorRevokeKey: return try await revokeKey(visit)
        case .operatorHome: return try await operatorHome(visit)
        case .operatorAccounts: return try await operatorAccounts(visit)
        case .operatorSubscriptions: return try await operatorSubscriptions(visit)
        case .operatorAudit: return try await operatorAudit(visit)
        case .operatorAuditJSONL: return try await operatorAuditFile(visit)
        case .operatorSearch: return try await operatorSearch(visit)
        case .operatorAccount: return try await operatorAccount(visit)
        case .operatorTimeline: return try await operatorTimeline(visit)
        case .addAccountNote: return try await addAccountNote(visit)
        case .eraseAccountNote: return try await eraseAccountNote(visit)
        case .operatorSuspendForm: return try await operatorSuspend(visit, .suspend)
        case .operatorSuspend: return try await operatorSuspending(visit, .suspend)
        case .operatorLiftForm: return try await operatorSuspend(visit, .lift)
        case .operatorLift: return try await operatorSuspending(visit, .lift)
        case .viewAsForm: return try await viewAsForm(visit)
        case .viewAs: return try await viewAs(visit)
        case .endViewAs: return try await endViewAs(visit)
        case .operatorOrder: return try await operatorOrder(visit)
        case .operatorPartners: return try await operatorPartners(visit)
        case .newPartner: return try await newPartner(visit)
        case .addPartner: return try await addPartner(visit)
        case .operatorPartner: return try await operatorPartner(visit)
        case .editPartner: return try await editPartner(visit)
        case .retirePartner: return try await retirePartner(visit)
        case .operatorOffers: return try await operatorOffers(visit)
        case .createPolicyDraft: return try await createPolicyDraft(visit)
        case .operatorOffer: return try await operatorOffer(visit)
        case .movePoliciesForm: return try await movePoliciesForm(visit)
        case .movePolicies: return try await movePolicies(visit)
        case .editPolicyDraft: return try await editPolicyDraft(visit)
        case .discardPolicyDraft: return try await discardPolicyDraft(visit)
        case .publishPolicyForm: return try await publishPolicyForm(visit)
        case .publishPolicy: return try await publishPolicy(visit)
        case .operatorOperations, .enrollmentOperations: return try await operations(visit)
        case .operatorOperation, .enrollmentOperation: return try await operation(visit)
        case .cancelOperatorOperation, .cancelEnrollmentOperation: return try await cancelOperation(visit)
        case .operatorJobs: return try await operatorJobs(visit)
        case .retryJob: return try await retryJob(visit)
        case .operatorSettings: return try await operatorSettings(visit)
        case .saveSettings: return try await saveSettings(visit)
        case .operatorStatus: return try await operatorStatus(visit)
        case .writeOffForm: return try await writeOffForm(visit)
        case .writeOff: return try await writeOff(visit)
        case .operatorIdentity: return try await operatorIdentityQueue(visit)
        case .operatorIdentityRequest: return try await operatorIdentityRequest(visit)
        case .decideIdentity: return try await decideIdentity(visit)
        case .accountIdentity: return try await accountIdentity(visit)
        case .requestIdentity: return try await requestIdentity(visit)
        case .remittances: return try await remittances(visit)
        case .remittanceForm: return try await remittanceForm(visit)
        case .recordRemittance: return try await recordRemittance(visit)
        case .remittance: return try await remittance(visit)
        case .matchForm: return try await matchForm(visit)
        case .match: return try await match(visit)
        case .returnForm: return try await returnForm(visit)
        case .returnRemittance: return try await returnRemittance(visit)
        case .bankAccounts: return try await bankAccounts(visit)
        case .setBankAccount: return try await setBankAccount(visit)
        case .notifications: return try await notifications(visit)
        case .notification: return try await notification(visit)
        case .resendNotification: return try await resendNotification(visit)
        case .operatorMails: return try await operatorMails(visit)
        case .operatorMail: return try await operatorMail(visit)
        case .operatorResendMail: return try await operatorResendMail(visit)
        case .testClock: return try await testClock(visit)
        case .advanceTestClock: return try await advanceTestClock(visit)
        }
    }

    // MARK: Faults

    private func failure(_ error: any Error, _ requestID: String) -> Failure {
        switch error {
        case let failure as Failure: return failure
        case let error as PostgresError:
            let failure = Failure(error)
            if failure.status >= 500 { dependencies.log(.error, "database", [("error", "\(error)")]) }
            return failure
        case is LoopWorkers.Refusal: return .unavailable(code: "busy", retryAfterSeconds: 5)
        case let refusal as HTTPRefusal:
            return refusal.status == 415
                ? .unsupportedMediaType(expected: "application/x-www-form-urlencoded") : .malformed(code: refusal.code)
        default:
            dependencies.log(.error, "fault", [("error", "\(error)")])
            return .fault
        }
    }

    /// The refusal's own words in place of the page, and the ways on.
    func errorPage(_ failure: Failure, _ visit: Visit) -> HTTPResponse {
        let t = visit.localiser()
        var actions: [ActionLink] = []
        if visit.signedIn == nil { actions.append(ActionLink(t("error.sign_in"), PageRoute.signInForm.url(), .primary)) }
        if failure.code == "invalid_cursor" {
            let start = visit.here(changing: [("cursor", nil), ("before", nil), ("row", nil)])
            actions.append(ActionLink(t("list.from_start"), start, .primary))
        }
        if failure.status >= 500 || failure.status == 429, visit.route?.isPost != true {
            actions.append(ActionLink(t("error.retry"), visit.here(), .primary))
        }
        actions += waysBack(failure, visit)
        if visit.signedIn != nil { actions.append(ActionLink(t("error.home"), PageRoute.home.url())) }
        let model = ErrorPageModel(
            status: failure.status, code: failure.code, arguments: failure.arguments, requestID: visit.requestID, actions: actions
        )
        var response = visit.page(model, status: failure.status)
        if let seconds = failure.retryAfterSeconds { response.headers.set("Retry-After", String(seconds)) }
        return response
    }
}
