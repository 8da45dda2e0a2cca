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
            // What the offer's kind never allows is said first: nobody's role would help.
            guard subscription.offer == .enterprise || !roles.contains(.accountAdministrator) && !roles.contains(.operator) else {
                throw Failure(LifecycleRefusal.cancelNotAllowedForOffer)
            }
            try TenantContext.require(.cancelEnterpriseSubscription, of: roles, in: subscription.accountKind)
            let decision = try decided(subscription) { () throws(LifecycleRefusal) in
                try subscription.facts.cancelling(at: write.now, policy: subscription.policy)
            }
            if !decision.isUnchanged { write.store(decision, to: &subscription, note: words) }
            return subscription.answer(at: write.now)
        }
    }
}
