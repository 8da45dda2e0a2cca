import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A8: renames a subscription, or hands it to another service administrator, who is added to the tenant's people when new.
package struct EditSubscription: Sendable {
    let id: SubscriptionID
    let name: String?
    let serviceAdministratorEmail: String?
    /// The version the caller has seen (`If-Match`); another one is refused.
    let ifMatch: String?

    package init(id: SubscriptionID, name: String?, serviceAdministratorEmail: String?, ifMatch: String? = nil) {
        self.id = id
        self.name = name
        self.serviceAdministratorEmail = serviceAdministratorEmail
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            var (subscription, roles, _) = try await write.lockSubscription(id)
            try TenantContext.require(.editSubscription, of: roles, in: subscription.accountKind)
            try subscription.requireVersion(ifMatch)
            try subscription.refuseIfGone(at: write.now)
            let before = subscription
            if let name { subscription.name = name }
            if let email = serviceAdministratorEmail {
                subscription.serviceAdministrator = try await write.findOrAddPerson(email: email)
            }
            let isRenamed = subscription.name != before.name
            let isHandedOver = subscription.serviceAdministrator?.id != before.serviceAdministrator?.id
            guard isRenamed || isHandedOver else { return subscription.answer(at: write.now) }
            subscription.version += 1
            subscription.updatedAt = write.now
            write.storeRow(subscription)
            if isHandedOver { try await write.handServicesOver(of: subscription, from: before.serviceAdministrator) }
            write.audit(
                "subscription.edited", object: ("subscription", id.uuid), account: subscription.accountID,
                details: (before.editableJSON, subscription.editableJSON))
            write.emit(
                .subscriptionEdited, object: ("subscription", id.uuid), account: subscription.accountID,
                sequence: subscription.version)
            return subscription.answer(at: write.now)
        }
    }
}

/// A9: sets or removes the subscription's partner; the code is validated again here, whatever was checked before.
package struct SetPartner: Sendable {
    let id: SubscriptionID
    /// Nil removes.
    let code: String?
    let ifMatch: String?

    package init(id: SubscriptionID, code: String?, ifMatch: String? = nil) {
        self.id = id
        self.code = code
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        guard code != nil else { return try await set(context, options) }
        // An ID that is not known counts as a check: setting is no way around the ration.
        try await context.requireLeft(.partnerCheck)
        do {
            return try await set(context, options)
        } catch let failure as Failure where failure.code == "unknown_partner" {
            try await context.use(.partnerCheck)
            throw failure
        }
    }

    private func set(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            var (subscription, roles, rows) = try await write.lockSubscription(
                id,
                also: [
                    "select id, code, company_name from partners where tenant_id = \(write.tenant.id) and \(Partner.called(code ?? "", write.tenant.id))"
                ])
            try TenantContext.require(.editSubscription, of: roles, in: subscription.accountKind)
            try subscription.requireVersion(ifMatch)
            try subscription.refuseIfGone(at: write.now)
            let before = subscription.partner?.id
            if let code {
                guard let row = rows[0].first else {
                    throw Failure.invalid([FieldError("/code", "unknown_partner", ["code": code])])
                }
                subscription.partner = (try row.get(0), try row.get(1), try row.get(2))
            } else {
                subscription.partner = nil
            }
            guard subscription.partner?.id != before else { return subscription.answer(at: write.now) }
            subscription.version += 1
            subscription.updatedAt = write.now
            write.storeRow(subscription)
            write.audit(
                code == nil ? "subscription.partner_removed" : "subscription.partner_set", object: ("subscription", id.uuid),
                account: subscription.accountID,
                details: (
                    jsonText { $0.field("partner_id", before) }, jsonText { $0.field("partner_id", subscription.partner?.id) }
                ))
            write.emit(
                .subscriptionEdited, object: ("subscription", id.uuid), account: subscription.accountID,
                sequence: subscription.version)
            return subscription.answer(at: write.now)
        }
    }
}

extension Subscription {
    /// Names and addresses: they live in a row that deletion erases, never in the audit event itself (L3).
    fileprivate var editableJSON: String {
        jsonText {
            $0.field("name", name)
            $0.field("service_administrator_email", serviceAdministrator?.email)
        }
    }

    func requireVersion(_ ifMatch: String?) throws {
        try Failure.requireMatch(ifMatch, etag)
    }

    /// What is deleted, or past its deadline, is not edited any more.
    func refuseIfGone(at now: Instant) throws {
        if let gone = facts.gone { throw Failure(gone) }
        if let deadline = facts.deleteAt, now >= deadline { throw Failure(LifecycleRefusal.deadlinePassed) }
    }
}
