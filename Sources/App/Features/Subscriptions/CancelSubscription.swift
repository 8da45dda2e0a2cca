import Billing
import Values

/// L7: cancels an enterprise subscription: suspended as `cancelled`, billing stops at this instant, recoverable until the deadline.
///
/// The words of the reason are the customer's; they are kept as the note, which deletion erases.
package struct CancelSubscription: Sendable {
    let id: SubscriptionID
    let words: String?

    package init(id: SubscriptionID, words: String? = nil) {
        self.id = id
        self.words = words
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            var (subscription, roles, _) = try await write.lockSubscription(id)
            _ = try Self.apply(words, to: &subscription, roles, write)
            return subscription.answer(at: write.now)
        }
    }
    /// Cancels the locked subscription for whoever has these roles on it; answers whether anything changed.
    static func apply(
        _ words: String?, to subscription: inout Subscription, _ roles: Set<Role>, _ write: Write
    ) throws -> Bool {
        try TenantContext.require(.cancelEnterpriseSubscription, of: roles, in: subscription.accountKind)
        let before = subscription
        let decision = try decided(before) { () throws(LifecycleRefusal) in
            try before.facts.cancelling(at: write.now, policy: before.policy)
        }
        if !decision.isUnchanged { write.store(decision, to: &subscription, note: words) }
        return !decision.isUnchanged
    }
}
