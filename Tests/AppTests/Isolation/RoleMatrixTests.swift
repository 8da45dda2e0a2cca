import App
import Billing
import TestSupport
import Testing

/// What each role of a key may do, route by route, is the table of section 7 and nothing else.
@Suite struct `Roles and routes` {
    /// What a route needs of whoever asks about her own account; nil where every key may.
    static func need(_ endpoint: Endpoint) -> Permission? {
        switch endpoint {
        case .healthz, .readyz, .metrics, .openapi, .problem, .me, .listAccounts, .listSubscriptions, .listEnrollments,
            .listOrders, .listNotifications, .search, .listRoles, .listPayments:
            nil
        // A verdict for each item, by its own roles.
        case .actOnSubscriptions, .listOperations, .checkEntitlements, .listReceivedEvents: nil
        case .getOperation: .seeAccount
        // Whoever began it, and the operator.
        case .cancelOperation: .operate
        case .getAccount, .downloadAccountUsage, .downloadAccountUsageJSON, .downloadAccountFOCUS, .listAccountIdentityRequests,
            .getIdentityRequest, .getPayment:
            .seeAccount
        case .getNotification: .seeAccount
        case .resendNotification: .manageAlerts
        case .requestIdentity: .manageMembers
        case .getSubscription, .getEntitlement, .listSubscriptionEvents, .getUsage, .downloadUsage, .getDeletionCertificate,
            .getOrder, .listDepartmentStays, .downloadUsageJSON, .downloadFOCUS, .downloadErasable, .getBillingHistory,
            .downloadBillingHistory, .getOutlook:
            .seeSubscription
        case .createAccount: .createStandardAccount
        case .getProfile: .seeAccount
        case .updateProfile: .editSubscription
        case .createPortalSession: .operate
        case .updateAccount, .updateSubscription, .setPartner, .removePartner, .checkPartner: .editSubscription
        case .createSubscription: .createStandardSubscription
        case .paySubscription, .cancelPayment: .pay
        case .upgradeSubscription: .upgrade
        case .suspendSubscription, .reactivateSubscription: .suspendAndReactivate
        case .cancelSubscription: .cancelEnterpriseSubscription
        case .confirmServices: .confirmServices
        case .getAccountTimeline, .listAuditEvents, .getAuditEvent: .seeAudit
        case .listAccountNotes, .getAccountNote, .addAccountNote, .eraseAccountNote, .suspendAccount, .liftAccount,
            .listIdentityRequests, .verifyIdentity,
            .listOffers, .listOfferPolicies, .createPolicyDraft, .moveSubscriptions, .getPolicyDraft,
            .updatePolicyDraft, .publishPolicyDraft, .discardPolicyDraft, .listJobs, .retryJob, .getSwitches, .updateSwitches,
            .declineIdentity, .updatePartner:
            .operate
        case .listMembers, .inviteMember, .getMember, .changeMember, .removeMember, .resendInvitation: .manageMembers
        case .getHandover, .startHandover, .cancelHandover: .handOverAccount
        case .listAPIKeys, .createAPIKey, .getAPIKey, .updateAPIKey, .revokeAPIKey, .rotateAPIKey: .manageMembers
        case .listWebhookEndpoints, .createWebhookEndpoint, .getWebhookEndpoint, .updateWebhookEndpoint, .deleteWebhookEndpoint,
            .rotateWebhookSecret, .testWebhookEndpoint, .listWebhookDeliveries, .getWebhookDelivery, .retryWebhookDelivery:
            .manageMembers
        case .listEvents: nil
        case .getEvent: .seeAccount
        case .listPartners, .createPartner, .getPartner, .createEnrollment, .receiveUsage, .getTestClock, .advanceTestClock,
            .listRemittances, .recordRemittance, .getRemittance, .matchRemittance, .returnRemittance,
            .listBankAccounts, .setBankAccount:
            .operate
        case .getEnrollment, .listDepartments, .createDepartment, .getDepartment, .getEnrollmentBalance, .findDepartment,
            .updateDepartment, .deleteDepartment, .moveAccount, .moveSubscription:
            .createEnterprise
        }
    }

    @Test(arguments: ["operator", "account_admin", "finance", "reader"]) func `agree with the table`(role: String) async throws {
        let world = try await World.make(.shared)
        guard let word = Role(rawValue: role) else { throw TestFault("no role \(role)") }
        try await world.tenant.request("PATCH", "/v1/accounts/\(world.account)", ["identity_verified": true]).expect(200)
        for endpoint in Endpoint.allCases where endpoint.isUnderV1 {
            let account =
                switch endpoint {
                case .verifyIdentity, .getIdentityRequest, .cancelSubscription, .getEnrollment, .listDepartments,
                    .createDepartment,
                    .getDepartment, .getEnrollmentBalance,
                    .findDepartment, .updateDepartment, .deleteDepartment, .moveAccount, .moveSubscription, .listDepartmentStays:
                    world.enterpriseAccount
                case .upgradeSubscription, .declineIdentity, .getHandover, .cancelHandover: world.trialAccount
                case .requestIdentity, .suspendAccount, .liftAccount: world.desk.whole
                default: world.account
                }
            let key = role == "operator" ? world.tenant.key : try await world.tenant.accountKey(account, role: role)
            let kind: AccountKind = account == world.enterpriseAccount ? .enterprise : .standard
            let reply = try await world.send(endpoint, as: key, query: endpoint.documentation.dryRun ? "dry_run=true" : nil)
            let isAllowed = Self.need(endpoint).map { Permission.allows(word, $0, in: kind) } ?? true
            // An enrollment is not an account's own: to its keys it is not there.
            let isEnrollments = endpoint.template.hasPrefix("/v1/enrollments/") || endpoint.template.hasPrefix("/v1/departments/")
            let refusal = isEnrollments ? 404 : 403
            #expect(
                isAllowed ? reply.status < 300 : reply.status == refusal,
                "\(role) \(endpoint.rawValue): \(reply.status) \(reply.text.prefix(300))")
        }
    }

    @Test func `no key, a wrong one, a revoked one and another scheme are 401, with nothing told`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let revoked = try await tenant.accountKey(tenant.account())
        try tenant.force("update identity.api_keys set revoked_at = now() where tenant_id = $tenant and role <> 'operator'")
        for header in ["Bearer \(revoked)", "Bearer bsk_test_nonsense", "Bearer ", "Basic abc", ""] {
            let reply = try await tenant.request("GET", "/v1/me", headers: ["Authorization": header]).expect(401)
            #expect(reply.header("www-authenticate") == "Bearer")
            #expect(reply.header("api-clock") == nil)
        }
    }

    @Test func `the operator's reasons are the operator's, and what only money lifts nobody lifts by word`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let id = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let admin = try await tenant.accountKey(account)
        for reason in ["operator", "overdue"] {
            try await tenant.post("/v1/subscriptions/\(id)/suspend", ["reason": "\(reason)"], as: admin).expect(
                403, "reason_not_allowed_for_role")
        }
        try await tenant.suspend(id, "overdue").expect(200)
        try await tenant.post("/v1/subscriptions/\(id)/reactivate", ["reason": "overdue"], as: admin).expect(
            403, "reason_not_allowed_for_role")
        try await tenant.reactivate(id, "overdue").expect(200)
        // Only the operator says that an identity is verified; a second subscription of the customer's own needs it.
        try await tenant.order("prepaid", for: account, paying: "1000.00", as: admin).expect(409, "identity_not_verified")
        try await tenant.request("PATCH", "/v1/accounts/\(account)", ["identity_verified": true], as: admin).expect(
            403, "role_forbids")
        try await tenant.request("PATCH", "/v1/accounts/\(account)", ["identity_verified": true]).expect(200)
        try await tenant.order("prepaid", for: account, paying: "1000.00", as: admin).expect(201)
        try await tenant.invariants()
    }
}
