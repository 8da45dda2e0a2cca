import App
import FoundationEssentials

/// What the operator's desk keeps: a note, an identity that waits to be verified, a visit in a customer's stead, a draft of a policy.
package struct WorldDesk: Sendable {
    package let note: String
    /// Two identities that wait: one to be verified, one to be declined.
    package let identityRequest: String
    package let otherIdentityRequest: String
    /// An account of its own with a running subscription and one suspended as overdue.
    package let whole: String
    package let overdue: String
    package let draft: String
    package let otherDraft: String
    /// A deadline that has failed.
    package let job: String

    /// `waiting` are the accounts that ask to be verified.
    static func make(_ tenant: TestTenant, account: String, waiting: (String, String), marker: String) async throws -> WorldDesk {
        let whole = try await tenant.account("\(marker) whole")
        _ = try await tenant.order("prepaid", for: whole, paying: "1000.00", name: "\(marker) runs").expect(201)
        let overdue = try await tenant.order("prepaid", for: whole, paying: "1000.00", name: "\(marker) overdue").expect(201).id
        try await tenant.suspend(overdue, "overdue").expect(200)
        let other = try await tenant.post("/v1/accounts/\(waiting.1)/identity-requests", identity(marker)).expect(201).id
        let note = try await tenant.post("/v1/accounts/\(account)/notes", ["body": "\(marker) said so"]).expect(201).id
        let request = try await tenant.post("/v1/accounts/\(waiting.0)/identity-requests", identity(marker)).expect(201).id
        try tenant.force(
            """
            insert into account_views (tenant_id, id, account_id, person_id, operator_id, reason, started_at, ends_at) \
            select tenant_id, gen_random_uuid(), id, administrator_id, administrator_id, '\(marker) asked', now(), now() + interval '30 minutes' \
            from accounts where tenant_id = $tenant limit 1
            """)
        // Two drafts, each with a change in it, and two versions of a third offer with a subscription under the older one.
        func draft(_ offer: String, _ currency: String, days: Int) async throws -> String {
            let id = try await tenant.post("/v1/offers/\(offer)/drafts", ["currency": "\(currency)"]).expect(201).id
            try await tenant.request("PATCH", "/v1/policy-drafts/\(id)", ["retention_days": .number(days)], once: .none).expect(
                200)
            return id
        }
        let sold = try await draft("trial", "CNY", days: 20)
        try await tenant.post("/v1/policy-drafts/\(sold)/publish", ["note": "\(marker) terms"]).expect(200)
        try tenant.force(
            """
            update timers set attempts = 3, retry_at = now(), last_error = 'refused' where tenant_id = $tenant and subscription_id = \
            (select id from subscriptions where tenant_id = $tenant and name = '\(marker) runs') and kind = 'lot_expiry'
            """)
        let failing = try await tenant.get("/v1/jobs").expect(200)["data.0.id"] ?? ""
        return WorldDesk(
            note: note, identityRequest: request, otherIdentityRequest: other, whole: whole, overdue: overdue,
            draft: try await draft("enterprise", "CNY", days: 45), otherDraft: try await draft("prepaid", "USD", days: 10),
            job: failing)
    }

    package static func identity(_ marker: String) -> Input {
        ["company_name": "\(marker) Limited", "registration_number": "91310000MA1K", "legal_representative": "Mei Lin"]
    }
}

extension World {
    /// The requests of the desk that succeed for the operator.
    func deskRequest(_ endpoint: Endpoint) -> (target: String, body: Input?) {
        switch endpoint {
        case .search: ("/v1/search?q=\(prepaid)", nil)
        case .getAccountTimeline, .listAccountNotes, .listAccountIdentityRequests: (endpoint.path(account), nil)
        case .addAccountNote: (endpoint.path(account), ["body": "\(marker) called"])
        case .eraseAccountNote: (endpoint.path(account, desk.note), nil)
        case .getAccountNote: (endpoint.path(account, desk.note), nil)
        case .suspendAccount: (endpoint.path(desk.whole), ["reason": "operator"])
        case .liftAccount: (endpoint.path(desk.whole), ["reason": "overdue"])
        case .requestIdentity: (endpoint.path(desk.whole), WorldDesk.identity(marker))
        case .getIdentityRequest: (endpoint.path(desk.identityRequest), nil)
        case .verifyIdentity: (endpoint.path(desk.identityRequest), ["reason": "\(marker) papers seen"])
        case .declineIdentity: (endpoint.path(desk.otherIdentityRequest), ["reason": "\(marker) papers missing"])
        case .listOfferPolicies: ("/v1/offers/prepaid/policies?currency=CNY", nil)
        case .createPolicyDraft: ("/v1/offers/prepaid/drafts", ["currency": "CHF"])
        case .moveSubscriptions: ("/v1/offers/trial/move", ["currency": "CNY", "to_version": 2])
        case .getPolicyDraft: (endpoint.path(desk.draft), nil)
        case .updatePolicyDraft: (endpoint.path(desk.draft), ["retention_days": 50])
        case .publishPolicyDraft: (endpoint.path(desk.draft), ["note": "\(marker) note"])
        case .discardPolicyDraft: (endpoint.path(desk.otherDraft), nil)
        case .retryJob: (endpoint.path(desk.job), nil)
        case .updateSwitches: (endpoint.template, ["additional_subscriptions": false])
        case .updatePartner: (endpoint.path(partner), ["company_name": "\(marker) partners again"])
        default: (endpoint.template, nil)
        }
    }
}
