import Billing
import Values

/// L1: suspends for a reason; the first reason sets the deadline (L2). A reason that is there already changes nothing.
package struct SuspendSubscription: Sendable {
    let id: SubscriptionID
    let reason: SuspensionReason
    let note: String?

    package init(id: SubscriptionID, reason: SuspensionReason, note: String? = nil) {
        self.id = id
        self.reason = reason
        self.note = note
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            var (subscription, roles, _) = try await write.lockSubscription(id)
            _ = try Self.apply(reason, note, to: &subscription, roles, write)
            return subscription.answer(at: write.now)
        }
    }

    /// Suspends the locked subscription for whoever has these roles on it; answers whether anything changed.
    static func apply(
        _ reason: SuspensionReason, _ note: String?, to subscription: inout Subscription, _ roles: Set<Role>, _ write: Write
    ) throws -> Bool {
        let before = subscription
        try TenantContext.allow(roles, in: before.accountKind) {
            Permission.denial(ofSuspendingFor: reason, for: $0, in: before.accountKind)
        }
        let decision = try decided(before) { () throws(LifecycleRefusal) in
            try before.facts.adding(reason, at: write.now, policy: before.policy)
        }
        if !decision.isUnchanged { write.store(decision, to: &subscription, note: note) }
        return !decision.isUnchanged
    }
}

/// L1: lifts a reason; active again when it was the last one. Credit reasons are lifted by a payment only.
package struct ReactivateSubscription: Sendable {
    let id: SubscriptionID
    let reason: SuspensionReason
    let note: String?

    package init(id: SubscriptionID, reason: SuspensionReason, note: String? = nil) {
        self.id = id
        self.reason = reason
        self.note = note
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            var (subscription, roles, _) = try await write.lockSubscription(id)
            _ = try Self.apply(reason, note, to: &subscription, roles, write)
            return subscription.answer(at: write.now)
        }
    }

    /// Lifts a reason of the locked subscription for whoever has these roles on it; answers whether anything changed.
    static func apply(
        _ reason: SuspensionReason, _ note: String?, to subscription: inout Subscription, _ roles: Set<Role>, _ write: Write
    ) throws -> Bool {
        let before = subscription
        try TenantContext.allow(roles, in: before.accountKind) {
            Permission.denial(ofLifting: reason, for: $0, in: before.accountKind)
        }
        let decision = try decided(before) { () throws(LifecycleRefusal) in try before.facts.lifting(reason, at: write.now) }
        write.store(decision, to: &subscription, note: note)
        return true
    }
}

/// L4: after a reactivation services must be set up again; the service administrator says when they are.
package struct ConfirmServices: Sendable {
    let id: SubscriptionID

    package init(id: SubscriptionID) { self.id = id }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            var (subscription, roles, _) = try await write.lockSubscription(id)
            try TenantContext.require(.confirmServices, of: roles, in: subscription.accountKind)
            let decision = try decided(subscription) { () throws(LifecycleRefusal) in
                try subscription.facts.confirmingServices(at: write.now)
            }
            if !decision.isUnchanged { write.store(decision, to: &subscription) }
            return subscription.answer(at: write.now)
        }
    }
}
