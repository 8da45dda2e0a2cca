import App
import FoundationEssentials
import Values

/// A tenant with at least one row in every table, one object of every kind, and a request that succeeds for every endpoint: what isolation, roles, dry
/// runs and invariants are tried on. Every text in it carries `marker`, so that a leak can be seen.
package struct World: Sendable {
    package let tenant: TestTenant
    package let marker: String

    /// A standard account and its subscriptions: `prepaid` is active, `suspended` was on request, `unconfirmed` has just come back, `partnered` has a
    /// partner, `pending` waits for its payment, `lapsed` waited too long.
    package let account: String
    package let prepaid: String
    package let suspended: String
    package let unconfirmed: String
    package let partnered: String
    package let pending: String
    package let lapsed: String
    /// Deleted, and owed for more than it had bought.
    package let owing: String
    /// Another standard account with its trial.
    package let trialAccount: String
    package let trial: String
    /// An enrollment with its account, a department and a subscription.
    package let enrollment: String
    package let department: String
    /// Nothing was ever counted to it.
    package let emptyDepartment: String
    package let enterpriseAccount: String
    package let enterprise: String
    package let partner: String
    package let partnerCode: String
    package let order: String
    package let apiKey: String
    /// An endpoint of the account, what it was last told, and an event.
    package let webhook: String
    package let delivery: String
    package let event: String
    /// The sign-in address of the account's administrator.
    package let administratorEmail: String
    /// An event of the account's audit log.
    package let auditEvent: String
    /// Long work that has not begun.
    package let operation: String
    /// The same of an enterprise subscription.
    package let enterpriseOperation: String
    /// A mail about the account, waiting to be sent.
    package let notification: String
    package let desk: WorldDesk
    package let transfers: WorldTransfers
    /// Members of the account: one invited, one to be removed.
    package let invited: String
    package let removable: String

    package static func make(_ bursar: TestBursar, marker: String = "Marker") async throws -> World {
        let tenant = try await bursar.tenant("world", clock: "2024-09-01T00:00:00Z")
        let account = try await tenant.account("\(marker) account")
        func buy(_ name: String) async throws -> String {
            try await tenant.order("prepaid", for: account, paying: "1000.00", name: "\(marker) \(name)").expect(201).id
        }
        let owing = try await buy("owing")
        try await tenant.use(owing, cost: "1100.00", at: "2024-09-01T00:00:00Z")
        try await tenant.settle()
        try await tenant.advance(to: "2025-01-01T00:00:00Z")
        let lapsed = try await tenant.order("prepaid", for: account, name: "\(marker) lapsed").expect(201).id
        try await tenant.advance(to: "2025-01-15T00:00:00Z")
        let prepaid = try await buy("prepaid")
        let (suspended, unconfirmed, partnered) = (
            try await buy("suspended"), try await buy("unconfirmed"), try await buy("partnered")
        )
        let pending = try await tenant.order("prepaid", for: account, name: "\(marker) pending").expect(201)
        for id in [suspended, unconfirmed] {
            try await tenant.post("/v1/subscriptions/\(id)/suspend", ["reason": "requested", "note": "\(marker) note"]).expect(
                200)
        }
        try await tenant.reactivate(unconfirmed, "requested").expect(200)
        let code = bursar.uniqueName("P")
        let partner = try await tenant.post("/v1/partners", ["code": "\(code)", "company_name": "\(marker) partners"]).expect(201)
            .id
        try await tenant.request("PUT", "/v1/subscriptions/\(partnered)/partner", ["code": "\(code)"]).expect(200)
        try await tenant.request(
            "PATCH", "/v1/subscriptions/\(partnered)",
            [
                "name": "\(marker) renamed", "service_administrator_email": "\(bursar.uniqueName("served"))@example.test",
            ]
        ).expect(200)
        let trialAccount = try await tenant.account("\(marker) trial account")
        let trial = try await tenant.order("trial", for: trialAccount, paying: "1.00", name: "\(marker) trial").expect(201).id
        let enrollment = try await tenant.post("/v1/enrollments", enrollmentBody(bursar, marker)).expect(201).id
        let department = try await tenant.post("/v1/enrollments/\(enrollment)/departments", ["name": "\(marker) department"])
            .expect(201).id
        let emptyDepartment = try await tenant.post(
            "/v1/enrollments/\(enrollment)/departments",
            ["name": "\(marker) empty department", "cost_centre": "\(marker) centre"]
        ).expect(201).id
        let enterpriseAccount = try await tenant.enterpriseAccount(enrollment)
        let enterprise = try await tenant.order("enterprise", for: enterpriseAccount, name: "\(marker) enterprise").expect(201).id
        let transfers = try await WorldTransfers.make(tenant, marker, waitingFor: prepaid, halfFor: partnered)
        for id in [prepaid, trial, enterprise] { try await tenant.use(id, cost: "12.345", at: "2025-01-15T00:00:00Z") }
        try await tenant.settle()
        func invite(_ name: String) async throws -> String {
            try await tenant.post(
                "/v1/members",
                ["account_id": "\(account)", "email": "\(marker.lowercased())-\(name)@example.com", "role": "reader"]
            ).expect(201).id
        }
        let (invited, removable) = (try await invite("invited"), try await invite("removable"))
        try await tenant.post("/v1/accounts/\(trialAccount)/handover", ["email": "\(marker.lowercased())-new@example.com"])
            .expect(201)
        let auditEvent = try await tenant.get("/v1/audit-events?object_id=\(prepaid)&limit=1").expect(200)["data.0.id"] ?? ""
        let notification = try await tenant.get("/v1/notifications?account_id=\(account)&limit=1").expect(200)["data.0.id"] ?? ""
        let desk = try await WorldDesk.make(tenant, account: account, waiting: (enterpriseAccount, trialAccount), marker: marker)
        // One that waits for its settlement, so that the queue has a row too.
        try await tenant.use(prepaid, cost: "1.00", at: "2025-01-15T00:00:00Z")
        func begin(_ id: String) async throws -> String {
            try await tenant.request(
                "POST", "/v1/subscriptions/actions",
                ["action": "suspend", "mode": "each", "items": [["id": "\(id)", "note": "\(marker) long"]]],
                headers: ["Prefer": "respond-async"]
            ).expect(202).id
        }
        let (operation, enterpriseOperation) = (try await begin(partnered), try await begin(enterprise))
        let apiKey = try await tenant.post(
            "/v1/api-keys", ["account_id": "\(account)", "role": "reader", "name": "\(marker) key"]
        ).expect(201).id
        let webhook = try await tenant.post(
            "/v1/webhook-endpoints",
            ["account_id": "\(account)", "url": "http://127.0.0.1:9/\(marker)", "description": "\(marker) receiver"]
        ).expect(201).id
        let delivery = try await tenant.post("/v1/webhook-endpoints/\(webhook)/test").expect(202).id
        let event = try await tenant.get("/v1/events?account_id=\(account)&limit=1").expect(200)["data.0.id"] ?? ""
        return World(
            tenant: tenant, marker: marker, account: account, prepaid: prepaid, suspended: suspended, unconfirmed: unconfirmed,
            partnered: partnered,
            pending: try pending.id, lapsed: lapsed, owing: owing, trialAccount: trialAccount, trial: trial,
            enrollment: enrollment,
            department: department, emptyDepartment: emptyDepartment,
            enterpriseAccount: enterpriseAccount, enterprise: enterprise, partner: partner, partnerCode: code,
            order: pending["order_id"] ?? "", apiKey: apiKey, webhook: webhook, delivery: delivery, event: event,
            administratorEmail: try await tenant.get("/v1/accounts/\(account)").expect(200)["administrator.email"] ?? "",
            auditEvent: auditEvent, operation: operation, enterpriseOperation: enterpriseOperation, notification: notification,
            desk: desk, transfers: transfers, invited: invited,
            removable: removable)
    }

    private static func enrollmentBody(_ bursar: TestBursar, _ marker: String) -> Input {
        [
            "number": "\(bursar.uniqueName("EA"))", "name": "\(marker) agreement", "currency": "CNY",
            "commitment": ["amount": "100000.00", "currency": "CNY"], "starts_on": "2025-01-01", "ends_on": "2028-01-01",
            "administrator": [
                "email": "\(bursar.uniqueName("ea"))@example.com", "first_name": "\(marker)", "last_name": "Admin",
            ],
        ]
    }

    /// A request that succeeds for the operator, at any time: its path (with what its query needs) and its body.
    package func request(_ endpoint: Endpoint) -> (target: String, body: Input?) {
        let subscriptions = "/v1/subscriptions"
        return switch endpoint {
        case .healthz, .readyz, .metrics, .openapi, .me, .listAccounts, .listSubscriptions, .listPartners, .listEnrollments,
            .listOrders, .getTestClock, .listPayments, .listRemittances, .listBankAccounts, .listNotifications, .listAuditEvents,
            .listRoles:
            (endpoint.template, nil)
        case .getNotification, .resendNotification: (endpoint.path(notification), nil)
        case .getAuditEvent: (endpoint.path(auditEvent), nil)
        case .search, .getAccountTimeline, .listAccountNotes, .addAccountNote, .getAccountNote, .eraseAccountNote,
            .suspendAccount, .liftAccount,
            .listAccountIdentityRequests, .requestIdentity, .listIdentityRequests, .getIdentityRequest, .verifyIdentity,
            .declineIdentity,
            .updatePartner, .listOffers, .listOfferPolicies, .createPolicyDraft, .moveSubscriptions, .getPolicyDraft,
            .updatePolicyDraft, .publishPolicyDraft, .discardPolicyDraft, .listJobs, .retryJob, .getSwitches, .updateSwitches:
            deskRequest(endpoint)
        case .listMembers: ("/v1/members?account_id=\(account)", nil)
        case .inviteMember:
            (
                "/v1/members",
                [
                    "account_id": "\(account)", "email": "\(tenant.bursar.uniqueName("colleague"))@example.com",
                    "role": "finance",
                ]
            )
        case .getMember, .resendInvitation: (endpoint.path(invited), nil)
        case .changeMember: (endpoint.path(invited), ["role": "finance"])
        case .removeMember: (endpoint.path(removable), nil)
        case .getHandover, .cancelHandover: (endpoint.path(trialAccount), nil)
        case .startHandover:
            (endpoint.path(account), ["email": "\(tenant.bursar.uniqueName("heir"))@example.com", "keep_role": "reader"])
        case .problem: ("/problems/not_found", nil)
        case .createAccount:
            (
                "/v1/accounts",
                [
                    "kind": "standard", "name": "New", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "zh-Hans",
                    "administrator": ["email": "\(tenant.bursar.uniqueName("new"))@example.com"],
                ]
            )
        case .getAccount: ("/v1/accounts/\(account)", nil)
        case .getProfile: ("/v1/accounts/\(account)/profile", nil)
        case .updateProfile: ("/v1/accounts/\(account)/profile", ["company": "\(marker) company", "time_zone": "Europe/Berlin"])
        case .createPortalSession:
            ("/v1/portal-sessions", ["user_email": "\(administratorEmail)", "path": "/accounts/\(account)/subscriptions"])
        case .updateAccount: ("/v1/accounts/\(account)", ["name": "\(marker) account again"])
        case .getPayment, .cancelPayment, .recordRemittance, .getRemittance, .matchRemittance, .returnRemittance, .setBankAccount:
            transfers.request(endpoint, self)
        case .createSubscription:
            (
                subscriptions,
                [
                    "account_id": "\(account)", "offer": "prepaid", "name": "Another",
                    "payment": ["method": "sandbox", "amount": ["amount": "2000.00", "currency": "CNY"]],
                ]
            )
        case .getSubscription, .getEntitlement, .listSubscriptionEvents, .getUsage, .downloadUsage, .downloadUsageJSON,
            .downloadFOCUS, .downloadErasable, .getBillingHistory, .downloadBillingHistory, .getOutlook:
            (path(endpoint, prepaid), nil)
        case .downloadAccountUsage, .downloadAccountUsageJSON, .downloadAccountFOCUS: (path(endpoint, account), nil)
        case .updateSubscription: (path(endpoint, prepaid), ["name": "\(marker) other name"])
        case .paySubscription:
            (path(endpoint, prepaid), ["method": "sandbox", "amount": ["amount": "1500.00", "currency": "CNY"]])
        case .upgradeSubscription:
            (path(endpoint, trial), ["payment": ["method": "sandbox", "amount": ["amount": "1500.00", "currency": "CNY"]]])
        case .suspendSubscription: (path(endpoint, prepaid), ["reason": "requested"])
        case .reactivateSubscription: (path(endpoint, suspended), ["reason": "requested"])
        case .cancelSubscription: (path(endpoint, enterprise), ["reason": "words"])
        case .confirmServices: (path(endpoint, unconfirmed), nil)
        case .getDeletionCertificate: (path(endpoint, lapsed), nil)
        case .writeOffSubscription: (path(endpoint, owing), ["reason": "\(marker) words"])
        case .setPartner: (path(endpoint, prepaid), ["code": "\(partnerCode)"])
        case .removePartner: (path(endpoint, partnered), nil)
        case .moveSubscription: (path(endpoint, enterprise), ["department_id": "\(department)"])
        case .listDepartmentStays: (path(endpoint, enterprise), nil)
        case .actOnSubscriptions:
            (
                endpoint.template,
                ["action": "suspend", "mode": "each", "items": [["id": "\(prepaid)", "note": "\(marker) note"]]]
            )
        case .listOperations: (endpoint.template, nil)
        case .getOperation, .cancelOperation: (path(endpoint, operation), nil)
        case .getEnrollmentBalance, .downloadEnrollmentUsage, .downloadEnrollmentUsageJSON, .downloadEnrollmentFOCUS:
            (path(endpoint, enrollment), nil)
        case .findDepartment: (path(endpoint, department), nil)
        case .updateDepartment: (path(endpoint, department), ["cost_centre": "\(marker) centre", "quota": .null])
        case .deleteDepartment: (path(endpoint, emptyDepartment), nil)
        case .moveAccount: (path(endpoint, department), ["account_id": "\(enterpriseAccount)"])
        case .checkPartner: ("/v1/partners/check?code=\(partnerCode)", nil)
        case .createPartner: ("/v1/partners", ["code": "\(tenant.bursar.uniqueName("Q"))", "company_name": "New partner"])
        case .getPartner: ("/v1/partners/\(partner)", nil)
        case .createEnrollment: ("/v1/enrollments", Self.enrollmentBody(tenant.bursar, "New"))
        case .getEnrollment: ("/v1/enrollments/\(enrollment)", nil)
        case .listDepartments: ("/v1/enrollments/\(enrollment)/departments", nil)
        case .createDepartment: ("/v1/enrollments/\(enrollment)/departments", ["name": "\(tenant.bursar.uniqueName("D"))"])
        case .getDepartment: ("/v1/enrollments/\(enrollment)/departments/\(department)", nil)
        case .getOrder: ("/v1/orders/\(order)", nil)
        case .receiveUsage: ("/v1/usage-events", .list([tenant.event(prepaid, cost: "1.00", at: "2025-01-15T00:00:00Z")]))
        case .listReceivedEvents, .listAPIKeys: (endpoint.template, nil)
        case .checkEntitlements: (endpoint.template, ["subscription_ids": ["\(prepaid)", "\(suspended)"]])
        case .createAPIKey:
            (endpoint.template, ["account_id": "\(account)", "role": "reader", "name": "New"])
        case .getAPIKey, .revokeAPIKey: (path(endpoint, apiKey), nil)
        case .updateAPIKey: (path(endpoint, apiKey), ["name": "\(marker) key again"])
        case .rotateAPIKey: (path(endpoint, apiKey), ["overlap_seconds": 60])
        case .listWebhookEndpoints, .listWebhookDeliveries, .listEvents: (endpoint.template, nil)
        case .createWebhookEndpoint:
            (
                endpoint.template,
                ["account_id": "\(account)", "url": "https://example.com/hooks", "event_types": ["payment.succeeded"]]
            )
        case .getWebhookEndpoint, .deleteWebhookEndpoint, .testWebhookEndpoint: (path(endpoint, webhook), nil)
        case .updateWebhookEndpoint: (path(endpoint, webhook), ["description": "\(marker) receiver again"])
        case .rotateWebhookSecret: (path(endpoint, webhook), ["overlap_seconds": 60])
        case .getWebhookDelivery, .retryWebhookDelivery: (path(endpoint, delivery), nil)
        case .getEvent: (path(endpoint, event), nil)
        case .advanceTestClock: ("/v1/test-clock/advance", ["to": "2025-01-15T00:00:00Z"])
        }
    }

    private func path(_ endpoint: Endpoint, _ id: String) -> String { endpoint.path(id) }

    /// Sends that request. `query` is added to it.
    package func send(_ endpoint: Endpoint, as key: String? = nil, query: String? = nil, once: TestTenant.Once = .fresh)
        async throws -> Reply
    {
        let (target, body) = request(endpoint)
        return try await send(
            endpoint.method, target + (query.map { (target.contains("?") ? "&" : "?") + $0 } ?? ""), body, endpoint, as: key,
            once: once)
    }

    package func send(
        _ method: String, _ target: String, _ body: Input?, _ endpoint: Endpoint, as key: String?, once: TestTenant.Once = .fresh
    ) async throws -> Reply {
        let type = endpoint.documentation.bodyMediaType
        return try await tenant.request(
            method, target, body, as: key, once: once, headers: body == nil ? [:] : ["Content-Type": type])
    }
}
