import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// How a payment is wanted.
package struct PaymentWish: Sendable {
    package let amount: Money
    package let method: PaymentMethod

    package init(amount: Money, method: PaymentMethod = .sandbox) {
        self.amount = amount
        self.method = method
    }
}

/// A payment that has been written down, with what its completion needs.
struct OpenPayment {
    var subscription: Subscription
    var intent: PaymentIntent
    /// The prepaid offer's numbers, for an upgrade.
    var prepaid: OfferPolicy?
    var setting: PaymentSetting
}

/// A5: one payment, in three steps. The payment is written down; its gateway is asked, outside of any transaction; the answer is written down with
/// everything that follows from it. A repetition under the same key goes on where the first one ended; one that nobody repeats is found by the sweeper
/// (`ResumePayments`).
struct MakePayment {
    let context: TenantContext
    let options: CommandOptions
    /// The status of the answer: 201 when the subscription was ordered with it.
    var status = 200

    /// - Parameter open: finds or makes the subscription, asks the rules, and writes the payment down (`Write.open`).
    func run(_ open: (Write) async throws -> OpenPayment) async throws -> Answer {
        if options.dryRun { return try await foresee(open) }
        if let stored = try await options.key?.answer(in: context) { return stored }
        let opened = try await context.attempt(requestID: options.requestID, repeatable: options.key != nil, open)
        guard opened.intent.status == .started else {
            // Its answer is on the way under the key, or was erased with the subscription.
            return try await context.command(options) { write in
                _ = try await write.begin([])
                throw Failure.conflict(code: "payment_already_made")
            }
        }
        return try await Self.finish(opened, context, options, status: status)
    }

    /// The second and third step, for the first time or again.
    static func finish(_ opened: OpenPayment, _ context: TenantContext, _ options: CommandOptions, status: Int) async throws
        -> Answer
    {
        let gateway = try context.dependencies.gateways.gateway(opened.intent.method)
        let result = try await gateway.start(opened.order)
        do {
            return try await context.command(options) { write in
                var payment = try await write.load(opened)
                guard payment.intent.status == .started else { throw Failure.conflict(code: "payment_already_made") }
                let outcome = try await write.apply(result, to: &payment)
                return payment.answer(outcome, status: status, at: write.now)
            }
        } catch let refused as RefusedAfterStart {
            try await decline(opened, refused.failure, context)
            try await gateway.giveBack(opened.intent.id)
            throw refused.failure
        }
    }

    /// Somebody was faster, and the subscription cannot take the payment any more: it stands as declined for that reason, and the money goes back.
    private static func decline(_ opened: OpenPayment, _ failure: Failure, _ context: TenantContext) async throws {
        try await context.attempt(requestID: nil, repeatable: true) { write in
            var payment = try await write.load(opened)
            guard payment.intent.status == .started else { return }
            try await write.decline(&payment, code: failure.code)
        }
    }

    /// All three in one transaction that is rolled back, with the gateway's likely answer.
    private func foresee(_ open: (Write) async throws -> OpenPayment) async throws -> Answer {
        try await context.command(options) { write in
            var payment = try await open(write)
            let gateway = try context.dependencies.gateways.gateway(payment.intent.method)
            do {
                let outcome = try await write.apply(gateway.foresee(payment.order), to: &payment)
                return payment.answer(outcome, status: status, at: write.now)
            } catch let refused as RefusedAfterStart {
                throw refused.failure
            }
        }
    }
}

/// The gateway has said yes, and the rules say no.
struct RefusedAfterStart: Error {
    let failure: Failure
}

extension OpenPayment {
    var order: GatewayOrder {
        GatewayOrder(id: intent.id, amount: intent.amount, createdAt: intent.createdAt, setting: setting)
    }

    func answer(_ outcome: PaymentOutcome?, status: Int, at now: Instant) -> Answer {
        subscription.answer(status, at: now).adding(intent, outcome, bankAccount: setting.bankAccount)
    }
}

extension Write {
    /// What a payment's first flush reads beside the subscription: the prepaid offer's numbers, the bank account, and what the key has opened before.
    func paymentRows(of subscription: SubscriptionID, key: IdempotencyKey?) -> [SQL] {
        [
            Self.prepaidPolicy(tenant.id, subscription),
            BankAccount.one(
                tenant.id, "(select currency from subscriptions where tenant_id = \(tenant.id) and id = \(subscription))"),
        ] + (key.map { [PaymentIntent.under($0, tenant.id)] } ?? [])
    }

    static func prepaidPolicy(_ tenant: TenantID, _ subscription: SubscriptionID) -> SQL {
        """
        select \(SubscriptionQueries.policyColumns) from offer_policies o join subscriptions s on s.tenant_id = o.tenant_id \
        and s.currency = o.currency where o.tenant_id = \(tenant) and s.id = \(subscription) and o.offer = 'prepaid' \
        order by o.version desc limit 1
        """
    }

    /// The same for a subscription that stands: with what `paymentRows` has read.
    func open(
        _ wish: PaymentWish, _ kind: PaymentKind, for subscription: Subscription, rows: [Rows], key: IdempotencyKey?
    ) throws -> OpenPayment {
        try open(
            wish, kind, for: subscription, prepaid: rows[0].first, bankAccount: rows[1].first,
            known: rows.count > 2 ? rows[2].first : nil, key: key)
    }

    /// Opens a payment for a subscription that is loaded and locked, or finds the one that the key has opened before.
    func open(
        _ wish: PaymentWish, _ kind: PaymentKind, for subscription: Subscription, prepaid: Row?, bankAccount: Row?, known: Row?,
        key: IdempotencyKey?
    ) throws -> OpenPayment {
        let prepaid = try prepaid.map { row in
            var column = Columns(row)
            return try column.policy(.prepaid, subscription.currency)
        }
        let setting = PaymentSetting(tenant: tenant, bankAccount: try bankAccount.map { try BankAccount($0) })
        if let key, let known {
            let known = try PaymentIntent(known)
            guard known.requestHash == key.requestHash else { throw Failure.idempotencyKeyReused() }
            return OpenPayment(subscription: subscription, intent: known, prepaid: prepaid, setting: setting)
        }
        _ = try dependencies.gateways.offered(wish.method, setting)
        _ = try subscription.judging(wish.amount, kind, prepaid: prepaid, at: now)
        let intent = PaymentIntent(
            newID(), for: subscription, kind: kind, method: wish.method, amount: wish.amount, key: key, principal: principal.id,
            at: now)
        insert(intent)
        return OpenPayment(subscription: subscription, intent: intent, prepaid: prepaid, setting: setting)
    }

    /// The same again, locked, for the transaction that completes it.
    func load(_ opened: OpenPayment) async throws -> OpenPayment {
        let id = opened.subscription.id
        let rows = try await begin(
            locking: id, [PaymentIntent.one(tenant.id, opened.intent.id, locked: true), Self.prepaidPolicy(tenant.id, id)])
        guard let subscription = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first, let row = rows[2].first else {
            throw Failure.notFound
        }
        let prepaid = try rows[3].first.map { row in
            var column = Columns(row)
            return try column.policy(.prepaid, subscription.currency)
        }
        return OpenPayment(subscription: subscription, intent: try PaymentIntent(row), prepaid: prepaid, setting: opened.setting)
    }

    /// Writes the gateway's answer down. Throws `RefusedAfterStart` when the money was taken and the subscription cannot take it any more.
    func apply(_ result: GatewayResult, to payment: inout OpenPayment) async throws -> PaymentOutcome? {
        switch result {
        case .succeeded:
            do {
                // An upgrade that came second is not a further payment that somebody asked for.
                return try await complete(&payment, payment.intent.kind == .upgrade ? .upgrade : nil)
            } catch let failure as Failure {
                throw RefusedAfterStart(failure: failure)
            }
        case .declined(let code):
            try await decline(&payment, code: code)
        case .pending(let references, let expiresAt):
            try await wait(&payment, references: references, expiresAt: expiresAt)
        }
        return nil
    }

    /// M6: the money is here. Debt first, the rest becomes a lot; the first payment activates, a later one lifts the credit reason.
    func complete(_ payment: inout OpenPayment, _ asked: PaymentKind? = nil) async throws -> PaymentOutcome {
        try await SettleUsage.settle(&payment.subscription, in: self)
        let kind = asked ?? payment.subscription.kindNow(of: payment.intent.kind)
        let judged = try payment.subscription.judging(payment.intent.amount, kind, prepaid: payment.prepaid, at: now)
        payment.subscription.policy = judged.policy
        take(judged.outcome, for: &payment.subscription, kind, payment.intent)
        payment.intent.status = .succeeded
        payment.intent.endedAt = now
        if payment.intent.method == .bankTransfer { payment.intent.received = payment.intent.amount }
        store(&payment.intent)
        clearTimer(.paymentExpiry, subject: payment.intent.id.uuid)
        store(judged.decision, to: &payment.subscription)
        return judged.outcome
    }

    /// The completion as a review shows it: the money is taken to be here, whichever way it comes.
    func foresee(_ payment: inout OpenPayment) async throws -> PaymentOutcome {
        payment.intent.method = .sandbox
        return try await complete(&payment)
    }

    func decline(_ payment: inout OpenPayment, code: String) async throws {
        payment.intent.status = .declined
        payment.intent.declineCode = code
        payment.intent.endedAt = now
        record(.paymentDeclined, payment.intent)
        store(&payment.intent)
        try await tell(.paymentFailed, payment.intent, payment.subscription)
    }

    private func wait(_ payment: inout OpenPayment, references: [PaymentReference], expiresAt: Instant) async throws {
        if !references.isEmpty {
            let taken = try await query(
                "select reference from payment_intents where tenant_id = \(tenant.id) and reference = any(\(references.map(\.text)))"
            ).map { try $0.get(0, as: String.self) }
            guard let free = references.first(where: { !taken.contains($0.text) }) else { throw Failure.fault }
            payment.intent.reference = free
        }
        payment.intent.status = .pending
        // An order that lapses waits for nobody's transfer any longer (L11).
        let due = payment.subscription.facts.lapseAt.map { min($0, expiresAt) } ?? expiresAt
        payment.intent.expiresAt = due
        setTimer(.paymentExpiry, subject: payment.intent.id.uuid, subscription: payment.subscription.id, due: due)
        record(.paymentPending, payment.intent)
        store(&payment.intent)
        try await tell(.paymentPending, payment.intent, payment.subscription)
    }

    /// Audit and outgoing event of one step of a payment that is no money yet.
    func record(_ step: WebhookEventType, _ intent: PaymentIntent, details: (before: String, after: String)? = nil) {
        audit(step.rawValue, object: ("payment", intent.id.uuid), account: intent.account, details: details)
        emit(step, object: ("payment", intent.id.uuid), account: intent.account, sequence: intent.version + 1)
    }

    /// A letter to whoever asked for the payment and to the account's administrator.
    /// `received` and `held`: what had arrived of one that has ended, and what of it is held now.
    func tell(
        _ kind: LetterKind, _ intent: PaymentIntent, _ subscription: Subscription, received: Money? = nil, held: Money? = nil
    ) async throws {
        var facts: [String: LetterFact] = [
            "amount": .money(intent.amount), "subscription": .text(subscription.name ?? subscription.id.description),
        ]
        if let code = intent.declineCode, let words = Self.declineWords(code) { facts["reason"] = .words([words]) }
        if let reference = intent.reference { facts["reference"] = .text(reference.grouped) }
        if let expiresAt = intent.expiresAt { facts["expires_at"] = .instant(expiresAt) }
        let received = received ?? intent.received
        if received.isPositive { facts["received"] = .money(received) }
        if let held { facts["held"] = .money(held) }
        var recipients = [
            Letter.Recipient(user: subscription.accountAdministrator.id, email: subscription.accountAdministrator.email)
        ]
        let asked = try await query("select id, email from users where tenant_id = \(tenant.id) and id = \(intent.principal)")
        if let row = asked.first {
            let person = Letter.Recipient(user: try row.get(0), email: try row.get(1))
            if person.email != recipients[0].email { recipients.append(person) }
        }
        // What is gone is not written about by its ID: a letter about it would be erased with it (L3).
        let about = subscription.state == .deleted ? nil : intent.subscription
        for recipient in recipients {
            send(
                Letter(
                    kind, to: recipient, account: intent.account, subscription: about, facts: facts,
                    link: PageRoute.payment.url(intent.account.description, intent.id.description), cause: intent.id.uuid))
        }
    }
}

extension Write {
    /// Where a decline's words stand; a rule's refusal has its own.
    static func declineWords(_ code: String) -> String? {
        switch code {
        case "insufficient_funds", "declined_by_issuer": "payments.decline_\(code)"
        default: "error.\(code).title"
        }
    }
}

extension Subscription {
    /// What a payment of that kind is by now: meanwhile another one may have activated or upgraded the subscription.
    func kindNow(of kind: PaymentKind) -> PaymentKind {
        if state == .pending { return .first }
        return kind == .upgrade && offer == .trial ? .upgrade : .again
    }

    /// Asks the rules what a payment does, in the order in which people are told what is wrong: kind of offer, amount, state.
    func judging(_ amount: Money, _ kind: PaymentKind, prepaid: OfferPolicy?, at now: Instant) throws -> (
        outcome: PaymentOutcome, decision: LifecycleDecision, policy: OfferPolicy
    ) {
        if kind == .upgrade {
            guard offer == .trial else { throw Failure(LifecycleRefusal.upgradeNotAllowedForOffer) }
            guard let prepaid else {
                throw Failure.invalid([FieldError("/amount/currency", "currency_not_offered", ["currency": currency.code])])
            }
            let decision = try decided(self) { () throws(LifecycleRefusal) in try facts.upgrading(at: now) }
            let outcome = try priced(prepaid) { () throws(PaymentRefusal) in
                try ApplyPayment.upgrade(amount, outstanding: outstanding, policy: prepaid, at: now, in: zone)
            }
            return (outcome, decision, prepaid)
        }
        try refuseIfNotForSale()
        let outcome = try priced(policy) { () throws(PaymentRefusal) in
            kind == .first
                ? try ApplyPayment.first(amount, policy: policy, at: now, in: zone)
                : try ApplyPayment.again(amount, outstanding: outstanding, policy: policy, at: now, in: zone)
        }
        let decision = try decided(self) { () throws(LifecycleRefusal) in
            try facts.paying(at: now, leavesCredit: outcome.leavesCredit)
        }
        return (outcome, decision, policy)
    }
}
