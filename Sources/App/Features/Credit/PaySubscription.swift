import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A5, M6: pays for a subscription. The debt first, the rest becomes a lot; the first payment of a pending one activates it.
package struct PaySubscription: Sendable {
    let id: SubscriptionID
    let wish: PaymentWish

    package init(id: SubscriptionID, amount: Money, method: PaymentMethod = .sandbox) {
        self.id = id
        wish = PaymentWish(amount: amount, method: method)
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await MakePayment(context: context, options: options).run { try await open($0, key: options.key) }
    }

    /// What it would do once the money is there: the same use case, rolled back.
    package func review(_ context: TenantContext) async throws -> PaymentReview {
        try await PaymentReview.of(context) { try await open($0, key: nil) }
    }

    private func open(_ write: Write, key: IdempotencyKey?) async throws -> OpenPayment {
        var (subscription, roles, rows) = try await write.lockSubscription(id, also: write.paymentRows(of: id, key: key))
        try TenantContext.require(.pay, of: roles, in: subscription.accountKind)
        try subscription.refuseIfNotForSale()
        try await SettleUsage.settle(&subscription, in: write)
        return try write.open(wish, subscription.kindNow(of: .again), for: subscription, rows: rows, key: key)
    }
}

/// L6: a trial becomes prepaid with at least the minimum payment. Its debt is waived, its lot stays usable until its own end.
package struct UpgradeSubscription: Sendable {
    let id: SubscriptionID
    let wish: PaymentWish

    package init(id: SubscriptionID, amount: Money, method: PaymentMethod = .sandbox) {
        self.id = id
        wish = PaymentWish(amount: amount, method: method)
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await MakePayment(context: context, options: options).run { try await open($0, key: options.key) }
    }

    /// What it would do once the money is there: the same use case, rolled back.
    package func review(_ context: TenantContext) async throws -> PaymentReview {
        try await PaymentReview.of(context) { try await open($0, key: nil) }
    }

    private func open(_ write: Write, key: IdempotencyKey?) async throws -> OpenPayment {
        var (subscription, roles, rows) = try await write.lockSubscription(id, also: write.paymentRows(of: id, key: key))
        try TenantContext.require(.upgrade, of: roles, in: subscription.accountKind)
        if key == nil || rows.count < 3 || rows[2].isEmpty {
            guard subscription.offer == .trial else { throw Failure(LifecycleRefusal.upgradeNotAllowedForOffer) }
        }
        try await SettleUsage.settle(&subscription, in: write)
        return try write.open(wish, .upgrade, for: subscription, rows: rows, key: key)
    }
}

/// A payment before it is made, for the page that asks for it: the subscription now and afterwards, and where the money would go.
package struct PaymentReview: Sendable {
    package let before: Subscription
    package let after: Subscription
    package let outcome: PaymentOutcome
    package let now: Instant

    static func of(_ context: TenantContext, _ open: (Write) async throws -> OpenPayment) async throws -> PaymentReview {
        var review: PaymentReview?
        _ = try await context.command(CommandOptions(dryRun: true)) { write in
            var payment = try await open(write)
            let before = payment.subscription
            // Money by bank transfer has arrived when the payment is made; nothing has been posted for it in a review.
            let outcome = try await write.foresee(&payment)
            review = PaymentReview(before: before, after: payment.subscription, outcome: outcome, now: write.now)
            return payment.answer(outcome, status: 200, at: write.now)
        }
        guard let review else { throw Failure.fault }
        return review
    }
}

/// Asks a rule about an amount; its refusal names the numbers it was judged by.
func priced(_ policy: OfferPolicy, _ rule: () throws(PaymentRefusal) -> PaymentOutcome) throws -> PaymentOutcome {
    do {
        return try rule()
    } catch {
        throw Failure(refusedAmount: error, by: policy)
    }
}

extension Failure {
    init(refusedAmount refusal: PaymentRefusal, by policy: OfferPolicy) {
        let isTrial = policy.offer == .trial
        self.init(
            refusal, pointer: refusal == .currencyMismatch ? "/amount/currency" : "/amount/amount",
            [
                "minimum": (isTrial ? policy.trialPrice : policy.minimumPayment).words,
                "maximum": (isTrial ? policy.trialPrice : policy.largestPayment).words, "currency": policy.currency.code,
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
    /// Says beside the subscription what became of the payment, what it did, and what is still missing.
    func adding(_ intent: PaymentIntent, _ outcome: PaymentOutcome?, bankAccount: BankAccount?) -> Answer {
        guard body.last == UInt8(ascii: "}") else { return self }
        let zero = Money.zero(intent.amount.currency)
        var json = JSONWriter()
        json.object {
            $0.field(
                "payment",
                object: {
                    $0.field("id", intent.id)
                    intent.writeOutcome(to: &$0, bankAccount: bankAccount)
                    $0.field("debt_paid", outcome?.debtPaid ?? zero)
                    $0.field("credited", outcome?.lot?.amount ?? zero)
                    $0.field("missing", outcome?.missing ?? zero)
                })
        }
        var copy = self
        copy.body.removeLast()
        copy.body.append(UInt8(ascii: ","))
        copy.body += json.bytes.dropFirst()
        return copy
    }
}
