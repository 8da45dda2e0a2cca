import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Answers the JSON API: the one exhaustive switch over its endpoints. It reads input, calls the use case, and writes the answer; it decides nothing.
struct APIHandler: Sendable {
    let localisation: Localisation

    func answer(_ request: APIRequest) async throws -> HTTPResponse {
        let context = request.context
        switch request.endpoint {
        case .healthz, .readyz, .metrics, .openapi, .problem: throw Failure.notFound
        case .me: return try await me(request)

        case .listAccounts: return try await list(request, Account.list)
        case .createAccount: return response(try await createAccount(request).run(context, try request.options()), request)
        case .getAccount: return response(try await FindAccount.byID(try request.pathID(), context).answer(200), request)
        case .updateAccount: return response(try await updateAccount(request).run(context, try request.options()), request)

        case .getProfile:
            let id: AccountID = try request.pathID()
            return response(try await FindContactPerson.of(id, context).answer(account: id), request)
        case .updateProfile: return response(try await editProfile(request).run(context, try request.options()), request)
        case .createPortalSession: return try await createPortalSession(request)

        case .search: return try await search(request)
        case .getAccountTimeline: return try await accountTimeline(request)
        case .listAccountNotes: return try await accountNotes(request)
        case .addAccountNote: return try await addAccountNote(request)
        case .getAccountNote:
            return object(try await AccountNote.find(try request.pathID(1), of: try request.pathID(0), context), request) {
                $0.write(to: &$1)
            }
        case .eraseAccountNote: return try await eraseAccountNote(request)
        case .suspendAccount: return try await suspendAccount(request, .suspend)
        case .liftAccount: return try await suspendAccount(request, .lift)
        case .listAccountIdentityRequests: return try await accountIdentityRequests(request)
        case .requestIdentity: return try await requestIdentity(request)
        case .listOffers:
            return try await offers(request)
        case .listOfferPolicies: return try await offerPolicies(request)
        case .createPolicyDraft: return try await createPolicyDraft(request)
        case .moveSubscriptions: return try await moveSubscriptions(request)
        case .getPolicyDraft:
            return response(try await PolicyDraft.find(try request.pathID(), context).answer(200), request)
        case .updatePolicyDraft: return try await updatePolicyDraft(request)
        case .publishPolicyDraft: return try await closePolicyDraft(request, publishing: true)
        case .discardPolicyDraft: return try await closePolicyDraft(request, publishing: false)
        case .listJobs: return try await jobs(request)
        case .retryJob: return try await retryJob(request)
        case .getSwitches: return response(try await TenantSwitches.load(context).answer(), request)
        case .updateSwitches: return try await updateSwitches(request)
        case .listIdentityRequests: return try await identityRequests(request)
        case .getIdentityRequest:
            return object(try await ListIdentityRequests.one(try request.pathID(), context), request) { $0.write(to: &$1) }
        case .verifyIdentity: return try await decideIdentity(request, verified: true)
        case .declineIdentity: return try await decideIdentity(request, verified: false)
        case .downloadAccountUsage: return try await downloadAccountUsage(request, .csv)
        case .downloadAccountUsageJSON: return try await downloadAccountUsage(request, .json)
        case .downloadAccountFOCUS: return try await downloadAccountUsage(request, .focus)

        case .listSubscriptions: return try await list(request, Subscription.list)
        case .createSubscription:
            return response(try await createSubscription(request).run(context, try request.options()), request)
        case .getSubscription:
            let (subscription, _, now, _) = try await FindSubscription.byID(try request.pathID(), context)
            return response(subscription.answer(at: now), request)
        case .updateSubscription:
            return response(try await editSubscription(request).run(context, try request.options()), request)
        case .paySubscription:
            let id: SubscriptionID = try request.pathID()
            let wish = try wish(try request.body(), at: "", request)
            let useCase = PaySubscription(id: id, amount: wish.amount, method: wish.method)
            return response(try await useCase.run(context, try request.options()), request)
        case .upgradeSubscription:
            let id: SubscriptionID = try request.pathID()
            let wish = try wish(try request.body()["payment"]?.members, at: "/payment", request)
            let useCase = UpgradeSubscription(id: id, amount: wish.amount, method: wish.method)
            return response(try await useCase.run(context, try request.options()), request)
        case .suspendSubscription:
            let body = try request.body()
            let useCase = SuspendSubscription(id: try request.pathID(), reason: try reason(body), note: body["note"]?.text)
            return response(try await useCase.run(context, try request.options()), request)
        case .reactivateSubscription:
            let body = try request.body()
            let useCase = ReactivateSubscription(id: try request.pathID(), reason: try reason(body), note: body["note"]?.text)
            return response(try await useCase.run(context, try request.options()), request)
        case .cancelSubscription:
            let body = try request.body()
            let useCase = CancelSubscription(id: try request.pathID(), words: body["reason"]?.text)
            return response(try await useCase.run(context, try request.options()), request)
        case .confirmServices:
            _ = try request.body()
            return response(try await ConfirmServices(id: try request.pathID()).run(context, try request.options()), request)
        case .writeOffSubscription:
            let id: SubscriptionID = try request.pathID()
            let useCase = WriteOffDebt(id: id, reason: try request.body()["reason"]?.text ?? "", ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        case .getEntitlement: return try await entitlement(request)
        case .listSubscriptionEvents:
            let id: SubscriptionID = try request.pathID()
            _ = try await FindSubscription.byID(id, context)
            return try await list(request, HistoryEntry.list, scope: ["subscription_id": id.description])
        case .getUsage: return try await usage(request)
        case .downloadUsage: return try await downloadUsage(request, .csv)
        case .downloadUsageJSON: return try await downloadUsage(request, .json)
        case .downloadFOCUS: return try await downloadUsage(request, .focus)
        case .downloadErasable: return try await ErasableDownload.prepare(try request.pathID(), context).response()
        case .getBillingHistory:
            let report = try await FindBillingHistory.of(try request.pathID(), context)
            return response(Answer(status: 200, body: report.body()), request)
        case .downloadBillingHistory: return try await downloadBillingHistory(request)
        case .getOutlook:
            return response(Answer(status: 200, body: try await Outlook.find(try request.pathID(), context).body()), request)
        case .getDeletionCertificate:
            var json = JSONWriter()
            try await DeletionCertificate.find(try request.pathID(), context).write(to: &json)
            return response(Answer(status: 200, body: json.bytes), request)
        case .setPartner:
            let code = try request.body()["code"]?.text
            let useCase = SetPartner(id: try request.pathID(), code: code ?? "", ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        case .removePartner:
            let useCase = SetPartner(id: try request.pathID(), code: nil, ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)

        case .moveSubscription, .actOnSubscriptions, .getEnrollmentBalance, .findDepartment, .updateDepartment, .deleteDepartment,
            .moveAccount, .downloadEnrollmentUsage, .downloadEnrollmentUsageJSON, .downloadEnrollmentFOCUS:
            return try await enterprise(request)
        case .listOperations: return try await list(request, Operation.list)
        case .getOperation: return try await operation(request)
        case .cancelOperation: return try await cancelOperation(request)
        case .listDepartmentStays:
            return await list(request, try await ListDepartmentStays.run(try request.pathID(), context)) { $0.write(to: &$1) }

        case .listAPIKeys, .createAPIKey, .getAPIKey, .updateAPIKey, .revokeAPIKey, .rotateAPIKey:
            return try await apiKeys(request)
        case .listWebhookEndpoints, .createWebhookEndpoint, .getWebhookEndpoint, .updateWebhookEndpoint, .deleteWebhookEndpoint,
            .rotateWebhookSecret, .testWebhookEndpoint, .listWebhookDeliveries, .getWebhookDelivery, .retryWebhookDelivery,
            .listEvents, .getEvent:
            return try await webhooks(request)

        case .checkPartner:
            return object(try await FindPartner.byCode(request["code"] ?? "", context), request) { $0.write(to: &$1) }
        case .listPartners: return try await list(request, Partner.list)
        case .createPartner:
            let body = try request.body()
            let useCase = CreatePartner(code: body["code"]?.text ?? "", companyName: body["company_name"]?.text ?? "")
            return response(try await useCase.run(context, try request.options()), request)
        case .updatePartner: return try await updatePartner(request)
        case .getPartner: return response(try await FindPartner.byID(try request.pathID(), context).answer(200), request)

        case .listEnrollments:
            return await list(request, try await ListEnrollments.run(try request.page(), context)) { $0.write(to: &$1) }
        case .createEnrollment: return response(try await createEnrollment(request).run(context, try request.options()), request)
        case .getEnrollment:
            return object(try await FindEnrollment.byID(try request.pathID(), context), request) { $0.write(to: &$1) }
        case .listDepartments:
            let enrollment: EnrollmentID = try request.pathID()
            _ = try await FindEnrollment.byID(enrollment, context)
            return try await list(request, ListedDepartment.list, scope: ["enrollment_id": enrollment.description])
        case .createDepartment:
            let enrollment: EnrollmentID = try request.pathID()
            let body = try request.body()
            let useCase = CreateDepartment(
                enrollment: enrollment, name: body["name"]?.text ?? "", costCentre: body["cost_centre"]?.text,
                quota: try request.money(body["quota"], at: "/quota"))
            return response(try await useCase.run(context, try request.options()), request)
        case .getDepartment:
            let department = try await FindDepartment.byID(try request.pathID(1), of: try request.pathID(0), context)
            return response(department.answer(200), request)

        case .listOrders: return try await list(request, Order.list)
        case .listNotifications: return try await list(request, Notification.list)
        case .getNotification: return try await notification(request)
        case .resendNotification:
            _ = try request.body()
            return response(
                try await ResendNotification(id: try request.pathID()).run(context, try request.options()), request)
        case .getOrder: return object(try await FindOrder.byID(try request.pathID(), context), request) { $0.write(to: &$1) }

        case .listPayments, .getPayment, .cancelPayment, .listRemittances, .recordRemittance, .getRemittance, .matchRemittance,
            .returnRemittance, .listBankAccounts, .setBankAccount:
            return try await answerPayments(request)

        case .receiveUsage:
            try context.require(.operate)
            let batch = try ReceiveUsage(body: try request.parsedBody(), mediaType: request.http.contentType)
            let words = localisation[request.language]
            let answer = try await batch.run(context, try request.options()) { words("usage.rejection.\($0)") }
            return response(answer, request)
        case .listReceivedEvents: return try await list(request, ReceivedEvent.list)
        case .checkEntitlements: return try await entitlements(request)
        case .getTestClock: return try await testClock(request)
        case .advanceTestClock: return try await advance(request)
        case .listAuditEvents: return try await list(request, AuditEntry.list)
        case .getAuditEvent:
            return object(try await FindAuditEvent.byID(try request.pathID(), context), request) { $0.write(to: &$1) }
        case .listMembers, .inviteMember, .getMember, .changeMember, .removeMember, .resendInvitation, .getHandover,
            .startHandover,
            .cancelHandover:
            return try await members(request)
        case .listRoles: return response(Answer(status: 200, body: RoleMatrix.body()), request)
        }
    }

    /// The object that the path names must be there and theirs before anything of the request is judged: else a fault in a body would tell that it exists.
    func confirmVisible(_ endpoint: Endpoint, _ parameters: [String], _ context: TenantContext) async throws {
        for (name, text) in zip(endpoint.parameters, parameters) { try await confirmVisible(name, text, parameters, context) }
    }

    private func confirmVisible(_ name: String, _ text: String, _ parameters: [String], _ context: TenantContext) async throws {
        switch name {
        case "subscription_id":
            guard let id = SubscriptionID(text) else { throw Failure.notFound }
            _ = try await FindSubscription.byID(id, context)
        case "account_id":
            guard let id = AccountID(text) else { throw Failure.notFound }
            let rows = try await context.read(Account.one(context.tenant.id, id)).rows
            guard let account = try rows.first.map(Account.init), !context.principal.roles(on: account.belonging).isEmpty else {
                throw Failure.notFound
            }
        case "enrollment_id":
            guard let id = EnrollmentID(text) else { throw Failure.notFound }
            _ = try await FindEnrollment.byID(id, context)
        case "department_id":
            guard let id = DepartmentID(text) else { throw Failure.notFound }
            let enrollment = parameters.count > 1 ? EnrollmentID(parameters[0]) : nil
            guard parameters.count == 1 || enrollment != nil else { throw Failure.notFound }
            _ = try await FindDepartment.byID(id, of: enrollment, context)
        case "partner_id":
            guard let id = PartnerID(text) else { throw Failure.notFound }
            _ = try await FindPartner.byID(id, context)
        case "note_id":
            guard let id = AccountNoteID(text), let account = AccountID(parameters[0]) else { throw Failure.notFound }
            _ = try await AccountNote.find(id, of: account, context)
        case "job_id":
            try context.require(.operate)
            guard let name = JobName(text) else { throw Failure.notFound }
            _ = try await ListJobs.one(name, context)
        case "policy_draft_id":
            guard let id = PolicyDraftID(text) else { throw Failure.notFound }
            _ = try await PolicyDraft.find(id, context)
        case "identity_request_id":
            guard let id = IdentityRequestID(text) else { throw Failure.notFound }
            _ = try await ListIdentityRequests.one(id, context)
        case "order_id":
            guard let id = OrderID(text) else { throw Failure.notFound }
            _ = try await FindOrder.byID(id, context)
        case "operation_id":
            guard let id = OperationID(text) else { throw Failure.notFound }
            _ = try await FindOperation.byID(id, context)
        case "api_key_id":
            guard let id = APIKeyID(text) else { throw Failure.notFound }
            try await FindAPIKey.confirmVisible(id, context)
        case "webhook_endpoint_id":
            guard let id = WebhookEndpointID(text) else { throw Failure.notFound }
            try await FindWebhookEndpoint.confirmVisible(id, context)
        case "webhook_delivery_id":
            guard let id = WebhookDeliveryID(text) else { throw Failure.notFound }
            try await FindWebhookDelivery.confirmVisible(id, context)
        case "event_id":
            guard let id = EventID(text) else { throw Failure.notFound }
            _ = try await ListEvents.one(id, context)
        case "notification_id":
            guard let id = MailID(text) else { throw Failure.notFound }
            _ = try await FindNotification.byID(id, context)
        case "member_id":
            guard let id = MemberID(text) else { throw Failure.notFound }
            try await FindMember.confirmVisible(id, context)
        case "audit_id":
            guard let id = AuditID(text) else { throw Failure.notFound }
            try await FindAuditEvent.confirmVisible(id, context)
        case "payment_id":
            guard let id = PaymentID(text) else { throw Failure.notFound }
            _ = try await FindPayment.byID(id, context)
        case "remittance_id":
            guard let id = RemittanceID(text) else { throw Failure.notFound }
            _ = try await FindRemittance.byID(id, context)
        default: return
        }
    }
}
