import Billing
import FoundationEssentials
import Postgres
import Values

/// A13, A14, L6, L11: orders a subscription. With its first payment it is active at once; without, it waits as `pending`; an enterprise one needs none.
package struct CreateSubscription: Sendable {
    package var account: AccountID
    package var offer: Offer
    package var name: String
    package var payment: PaymentWish?
    package var serviceAdministratorEmail: String?
    package var department: DepartmentID?
    package var partnerCode: String?
    /// The file's own ID, when a file brings the subscription.
    package var externalNumber: String?

    package init(
        account: AccountID, offer: Offer, name: String, payment: Money? = nil, method: PaymentMethod = .sandbox,
        serviceAdministratorEmail: String? = nil, department: DepartmentID? = nil, partnerCode: String? = nil,
        externalNumber: String? = nil
    ) {
        self.account = account
        self.offer = offer
        self.name = name
        self.payment = payment.map { PaymentWish(amount: $0, method: method) }
        self.serviceAdministratorEmail = serviceAdministratorEmail
        self.department = department
        self.partnerCode = partnerCode
        self.externalNumber = externalNumber
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        guard let payment else {
            return try await context.command(options) { write in try await create(write).answer(201, at: write.now) }
        }
        return try await MakePayment(context: context, options: options, status: 201).run { write in
            try await create(write, paying: payment, key: options.key)
        }
    }

    /// Inside a transaction of the caller's, without a payment.
    func create(_ write: Write) async throws -> Subscription {
        let rows = try await write.begin(rows(write))
        return try await order(rows, write).subscription
    }

    /// Orders and opens the first payment; an order that this key has made already is found again by its payment.
    private func create(_ write: Write, paying payment: PaymentWish, key: IdempotencyKey?) async throws -> OpenPayment {
        let (tenant, known) = (write.tenant.id, key.map { [PaymentIntent.under($0, write.tenant.id)] } ?? [])
        let rows = try await write.begin(
            rows(write) + [
                BankAccount.one(tenant, "(select currency from accounts where tenant_id = \(tenant) and id = \(account))")
            ]
                + known)
        if let row = rows[4...].dropFirst().first?.first {
            let intent = try PaymentIntent(row)
            guard intent.requestHash == key?.requestHash else { throw Failure.idempotencyKeyReused() }
            let found = try await write.query(SubscriptionQueries.one(tenant, intent.subscription))
            guard let subscription = try SubscriptionQueries.decode(found[0], lots: found[1]).first else { throw Failure.fault }
            return OpenPayment(
                subscription: subscription, intent: intent,
                setting: PaymentSetting(tenant: write.tenant, bankAccount: try rows[4].first.map { try BankAccount($0) }))
        }
        if offer == .enterprise { throw Failure(LifecycleRefusal.paymentNotAllowedForOffer) }
        let (subscription, _) = try await order(rows, write)
        return try write.open(
            payment, .first, for: subscription, prepaid: nil, bankAccount: rows[4].first, known: nil, key: key)
    }

    private func rows(_ write: Write) -> [SQL] {
        [
            Account.one(write.tenant.id, account, locked: true),
            """
            select \(SubscriptionQueries.policyColumns) from offer_policies o join accounts a on a.tenant_id = o.tenant_id and a.currency = o.currency \
            where o.tenant_id = \(write.tenant.id) and a.id = \(account) and o.offer = \(offer) order by o.version desc limit 1
            """,
            """
            select count(*) filter (where state <> 'deleted'), count(*) filter (where was_trial) from subscriptions \
            where tenant_id = \(write.tenant.id) and account_id = \(account)
            """,
            "select additional_subscriptions from identity.tenants where id = \(write.tenant.id)",
        ]
    }

    private func order(_ rows: [Rows], _ write: Write) async throws -> (subscription: Subscription, owner: Account) {
        guard let owner = try rows[0].first.map(Account.init) else { throw Failure.notFound }
        try allow(
            owner, write.principal.roles(on: owner.belonging), existing: try rows[2][0].get(0), trials: try rows[2][0].get(1),
            additionalAllowed: try rows[3][0].get(0))
        guard let policyRow = rows[1].first else {
            throw Failure.invalid([
                FieldError("/account_id", "currency_not_offered", ["currency": owner.currency.code, "offer": offer.rawValue])
            ])
        }
        var column = Columns(policyRow)
        let policy = try column.policy(offer, owner.currency)
        let department = try await chosenDepartment(of: owner, write)
        var servant = owner.administrator
        if let email = serviceAdministratorEmail { servant = try await write.findOrAddPerson(email: email) }
        let partner = try await chosenPartner(write)
        let subscription = insert(
            into: owner, policy: policy, serviceAdministrator: servant, department: department, partner: partner, write)
        if partner != nil {
            write.audit("subscription.partner_set", object: ("subscription", subscription.id.uuid), account: owner.id)
        }
        if servant.id != owner.administrator.id {
            try await write.inviteUnlessKnown(
                servant, as: .serviceAdministrator, account: owner.id, placeName: name, subscription: subscription.id)
        }
        return (subscription, owner)
    }

    private func allow(_ owner: Account, _ roles: Set<Role>, existing: Int64, trials: Int64, additionalAllowed: Bool) throws {
        guard !roles.isEmpty else { throw Failure.notFound }
        do { try OrderRule.check(offer, in: owner.kind) } catch { throw Failure(error, ["offer": offer.rawValue]) }
        try TenantContext.require(
            offer == .enterprise ? .createEnterprise : .createStandardSubscription, of: roles, in: owner.kind)
        let strongest: Role =
            roles.contains(.operator)
            ? .operator : (roles.contains(.accountAdministrator) ? .accountAdministrator : .enterpriseAdministrator)
        do {
            try OrderRule.check(
                offer: offer, accountKind: owner.kind, by: strongest, existing: Int(existing), hadTrial: trials > 0,
                identityVerified: owner.identityVerified, additionalAllowed: additionalAllowed)
        } catch {
            throw Failure(error, ["offer": offer.rawValue])
        }
    }

    private func chosenDepartment(of owner: Account, _ write: Write) async throws -> DepartmentID? {
        guard let department else { return offer == .enterprise ? owner.department : nil }
        guard offer == .enterprise, let enrollment = owner.enrollment else {
            throw Failure.invalid([FieldError("/department_id", "department_needs_enrollment")])
        }
        let found = try await write.query(
            """
            select id from departments where tenant_id = \(write.tenant.id) and enrollment_id = \(enrollment) and id = \(department)
            """)
        guard !found.isEmpty else { throw Failure.invalid([FieldError("/department_id", "unknown_department")]) }
        return department
    }

    /// The code is validated here, whatever was checked before (A9).
    private func chosenPartner(_ write: Write) async throws -> (id: PartnerID, code: String, companyName: String)? {
        guard let partnerCode else { return nil }
        let found = try await write.query(
            """
            select id, code, company_name from partners where tenant_id = \(write.tenant.id) and \(Partner.called(partnerCode, write.tenant.id))
            """)
        guard let row = found.first else {
            throw Failure.invalid([FieldError("/partner_code", "unknown_partner", ["code": partnerCode])])
        }
        return (try row.get(0), try row.get(1), try row.get(2))
    }

    /// The order and the subscription, in their first state.
    private func insert(
        into owner: Account, policy: OfferPolicy, serviceAdministrator: Person, department: DepartmentID?,
        partner: (id: PartnerID, code: String, companyName: String)?, _ write: Write
    ) -> Subscription {
        let decision = LifecycleFacts.created(offer: offer, at: write.now, policy: policy)
        var subscription = Subscription(
            id: write.newID(), accountID: owner.id, accountKind: owner.kind, accountName: owner.name, zone: owner.zone,
            orderID: write.newID(),
            currency: owner.currency, facts: decision.facts, name: name, accountAdministrator: owner.administrator,
            serviceAdministrator: serviceAdministrator, partner: partner,
            enrollmentID: offer == .enterprise ? owner.enrollment : nil,
            departmentID: department, outstandingMinor: 0, policy: policy, wasTrial: offer == .trial, lots: [], version: 0,
            createdAt: write.now,
            updatedAt: write.now)
        let facts = decision.facts
        write.enqueue(
            """
            insert into subscriptions (tenant_id, id, account_id, order_id, offer, policy_version, currency, state, name, service_administrator_id, partner_id, \
            enrollment_id, department_id, was_trial, purchased_at, activated_at, lapse_at, external_number, created_at, updated_at) \
            values (\(write.tenant.id), \(subscription.id), \(owner.id), \(subscription.orderID), \(offer), \(Int32(policy.version)), \
            \(owner.currency), \(facts.state), \(name), \(serviceAdministrator.id), \(partner?.id), \(subscription.enrollmentID), \(department), \
            \(subscription.wasTrial), \(write.now), \(facts.activatedAt), \(facts.lapseAt), \(externalNumber), \(write.now), \(write.now))
            """)
        write.beginMembership(of: subscription)
        let due =
            payment?.amount
            ?? (offer == .trial ? policy.trialPrice : offer == .prepaid ? policy.minimumPayment : .zero(owner.currency))
        let isComplete = offer == .enterprise
        write.enqueue(
            """
            insert into orders (tenant_id, id, account_id, subscription_id, kind, status, amount_minor, currency, created_at, completed_at) \
            values (\(write.tenant.id), \(subscription.orderID), \(owner.id), \(subscription.id), 'purchase', \
            \(isComplete ? "completed" : "awaiting_payment"), \(due.minor), \(owner.currency), \(write.now), \(isComplete ? write.now : nil as Instant?))
            """)
        for step in decision.transitions {
            write.recordTransition(
                of: &subscription, type: step.type, rule: step.rule, reason: nil, from: step.from, to: step.to)
        }
        if let lapse = facts.lapseAt {
            write.setTimer(.pendingLapse, subject: subscription.id.uuid, subscription: subscription.id, due: lapse)
        }
        return subscription
    }
}
