import Values

/// Everything the lifecycle decides from; stored with the subscription, so that a late job decides as an early one (L8).
package struct LifecycleFacts: Sendable, Hashable {
    package var offer: Offer
    package var state: SubscriptionState
    package var reasons: SuspensionReasons
    package var purchasedAt: Instant
    package var activatedAt: Instant?
    package var suspendedAt: Instant?
    /// The deadline while suspended; kept after deletion as part of the certificate (L3).
    package var deleteAt: Instant?
    package var deletedAt: Instant?
    /// When an order without its first payment lapses; only while pending (L11).
    package var lapseAt: Instant?
    package var servicesConfigured: Bool

    package init(
        offer: Offer, state: SubscriptionState, reasons: SuspensionReasons = [], purchasedAt: Instant,
        activatedAt: Instant? = nil,
        suspendedAt: Instant? = nil, deleteAt: Instant? = nil, deletedAt: Instant? = nil, lapseAt: Instant? = nil,
        servicesConfigured: Bool = true
    ) {
        self.offer = offer
        self.state = state
        self.reasons = reasons
        self.purchasedAt = purchasedAt
        self.activatedAt = activatedAt
        self.suspendedAt = suspendedAt
        self.deleteAt = deleteAt
        self.deletedAt = deletedAt
        self.lapseAt = lapseAt
        self.servicesConfigured = servicesConfigured
    }

    /// Whether the provider may let the services run (L4).
    package var isEntitled: Bool { state.isRunning }

    /// L11: an order that was never paid and never ran. Its state is `deleted` too, but nothing of a customer's was in it.
    package var isLapsed: Bool { state == .deleted && activatedAt == nil }

    /// L2, L11: why nothing is done to it any more; nil while it is there. Of an order that lapsed nothing was ever owed or erased.
    package var gone: LifecycleRefusal? { state != .deleted ? nil : isLapsed ? .orderLapsed : .subscriptionDeleted }

    /// L11: what waits for its first payment, or never had one, was ordered and not purchased.
    package var isPurchased: Bool { activatedAt != nil }

    /// The negative space: combinations that no rule produces and no row may hold.
    package var isConsistent: Bool {
        let suspension = suspendedAt != nil && deleteAt != nil
        switch state {
        case .pending:
            return reasons.isEmpty && !suspension && activatedAt == nil && lapseAt != nil && deletedAt == nil
        case .active, .pastDue:
            return reasons.isEmpty && suspendedAt == nil && deleteAt == nil && activatedAt != nil && lapseAt == nil
                && deletedAt == nil
        case .suspended:
            return !reasons.isEmpty && suspension && activatedAt != nil && lapseAt == nil && deletedAt == nil
        case .deleted:
            return deletedAt != nil && lapseAt == nil && (activatedAt == nil) == reasons.isEmpty
        }
    }
}
