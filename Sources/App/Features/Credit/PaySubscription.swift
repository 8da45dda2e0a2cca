import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A5, M6: pays for a subscription. The debt first, the rest becomes a lot; the first payment of a pending one activates it.
package struct PaySubscription: Sendable {
    let id: SubscriptionID
    let amount: Money

    package init(id: SubscriptionID, amount: Money) {
        self.id = id
        self.amount = amount
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { try await pay($0, key: options.key).answer }
    }

    /// What it would do: the same use case, rolled back.
    package func review(_ context: TenantContext) async throws -> PaymentReview {
        try await PaymentReview.of(context) { try await pay($0, key: nil) }
    }

    private func pay(_ write: Write, key: IdempotencyKey?) async throws -> (answer: Answer, review: PaymentReview) {
        var (subscription, roles, _) = try await write.lockSubscription(id)
        try TenantContext.require(.pay, of: roles, in: subscription.accountKind)
        try subscription.refuseIfNotForSale()
        try write.requireSandboxPayments()
        try await SettleUsage.settle(&subscription, in: write)
        let before = subscription
        let isFirst = subscription.state == .pending
        let outcome = try priced(subscription) { () throws(PaymentRefusal) in
            isFirst
                ? try ApplyPayment.first(amount, policy: subscription.policy, at: write.now, in: subscription.zone)
                : try ApplyPayment.again(
                    amount, outstanding: subscription.outstanding, policy: subscription.policy, at: write.now,
                    in: subscription.zone)
        }
        let decision = try decided(subscription) { () throws(LifecycleRefusal) in
            try subscription.facts.paying(at: write.now, leavesCredit: outcome.leavesCredit)
        }
        let payment = write.take(outcome, for: &subscription, order: isFirst ? .first : .again, key: key)
        write.store(decision, to: &subscription)
        return (
            subscription.answer(at: write.now).adding(payment, outcome),
            PaymentReview(before: before, after: subscription, outcome: outcome, now: write.now)
        )
    }
}

/// L6: a trial becomes prepaid with at least the minimum payment. Its debt is waived, its lot stays usable until its own end.
package struct UpgradeSubscription: Sendable {
    let id: SubscriptionID
    let amount: Money

    package init(id: SubscriptionID, amount: Money) {
        self.id = id
        self.amount = amount
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { try await upgrade($0, key: options.key).answer }
    }

    /// What it would do: the same use case, rolled back.
    package func review(_ context: TenantContext) async throws -> PaymentReview {
        try await PaymentReview.of(context) { try await upgrade($0, key: nil) }
    }

    private func upgrade(_ write: Write, key: IdempotencyKey?) async throws -> (answer: Answer, review: PaymentReview) {
        var (subscription, roles, rows) = try await write.lockSubscription(
            id,
            also: [
                """
                select \(SubscriptionQueries.policyColumns) from offer_policies o join subscriptions s on s.tenant_id = o.tenant_id \
                and s.currency = o.currency where o.tenant_id = \(write.tenant.id) and s.id = \(id) and o.offer = 'prepaid' \
                order by o.version desc limit 1
                """
            ])
        try TenantContext.require(.upgrade, of: roles, in: subscription.accountKind)
        try write.requireSandboxPayments()
        guard subscription.offer == .trial else { throw Failure(LifecycleRefusal.upgradeNotAllowedForOffer) }
        guard let row = rows[0].first else {
            throw Failure.unprocessable(code: "currency_not_offered", arguments: ["currency": subscription.currency.code])
        }
        var column = Columns(row)
        let prepaid = try column.policy(.prepaid, subscription.currency)
        try await SettleUsage.settle(&subscription, in: write)
        let decision = try decided(subscription) { () throws(LifecycleRefusal) in try subscription.facts.upgrading(at: write.now)
        }
        let before = subscription
        subscription.policy = prepaid
        let outcome = try priced(subscription) { () throws(PaymentRefusal) in
            try ApplyPayment.upgrade(
                amount, outstanding: subscription.outstanding, policy: prepaid, at: write.now, in: subscription.zone)
        }
        let payment = write.take(outcome, for: &subscription, order: .upgrade, key: key)
        write.store(decision, to: &subscription)
        return (
            subscription.answer(at: write.now).adding(payment, outcome),
            PaymentReview(before: before, after: subscription, outcome: outcome, now: write.now)
        )
    }
}

/// A payment before it is made, for the page that asks for it: the subscription now and afterwards, and where the money would go.
package struct PaymentReview: Sendable {
    package let before: Subscription
    package let after: Subscription
    package let outcome: PaymentOutcome
    package let now: Instant

    fileprivate static func of(
        _ context: TenantContext, _ body: (Write) async throws -> (answer: Answer, review: PaymentReview)
    ) async throws -> PaymentReview {
        var review: PaymentReview?
        _ = try await context.command(CommandOptions(dryRun: true)) { write in
            let made = try await body(write)
            review = made.review
            return made.answer
        }
        guard let review else { throw Failure.fault }
        return review
    }
}

/// Asks a rule about an amount; its refusal names the numbers it was judged by.
func priced(_ subscription: Subscription, _ rule: () throws(PaymentRefusal) -> PaymentOutcome) throws -> PaymentOutcome {
    do {
        return try rule()
    } catch {
        throw Failure(refusedAmount: error, by: subscription.policy)
    }
}

extension Failure {
    init(refusedAmount refusal: PaymentRefusal, by policy: OfferPolicy) {
        let isTrial = policy.offer == .trial
        self.init(
            refusal, pointer: refusal == .currencyMismatch ? "/amount/currency" : "/amount/amount",
            [
                "minimum": (isTrial ? policy.trialPrice : policy.minimumPayment).decimalString,
                "maximum": (isTrial ? policy.trialPrice : policy.largestPayment).decimalString, "currency": policy.currency.code,
            ])
    }
}

extension Subscription {
    /// What the offer's kind never sells is said before the amount is looked at.
    func refuseIfNotForSale() throws {
        if offer == .enterprise { throw Failure(LifecycleRefusal.paymentNotAllowedForOffer) }
        if offer == .trial && state != .pending && state != .deleted { throw Failure(LifecycleRefusal.upgradeRequired) }
    }
}

extension Answer {
    /// Says beside the subscription what the payment did, and what is still missing.
    func adding(_ payment: PaymentID, _ outcome: PaymentOutcome) -> Answer {
        guard body.last == UInt8(ascii: "}") else { return self }
        var json = JSONWriter()
        json.object {
            $0.field(
                "payment",
                object: {
                    $0.field("id", payment)
                    $0.field("amount", outcome.paid)
                    $0.field("debt_paid", outcome.debtPaid)
                    $0.field("credited", outcome.lot?.amount ?? .zero(outcome.paid.currency))
                    $0.field("missing", outcome.missing)
                })
        }
        var copy = self
        copy.body.removeLast()
        copy.body.append(UInt8(ascii: ","))
        copy.body += json.bytes.dropFirst()
        return copy
    }
}
