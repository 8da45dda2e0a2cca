/// What happened to a subscription; the raw value is the name in its history, in the outbox and in `what_next`.
package enum TransitionType: String, Sendable, Hashable, CaseIterable {
    case created = "subscription.created"
    case activated = "subscription.activated"
    case suspended = "subscription.suspended"
    /// Already suspended, now for one reason more.
    case reasonAdded = "subscription.reason_added"
    /// Still suspended, for one reason less.
    case reasonLifted = "subscription.reason_lifted"
    case reactivated = "subscription.reactivated"
    case upgraded = "subscription.upgraded"
    case servicesConfirmed = "subscription.services_confirmed"
    /// By the deadline (rule L2) or because the first payment never came (rule L11).
    case deleted = "subscription.deleted"
    /// What it owed when it was deleted was given up (`WriteOff`).
    case debtWrittenOff = "subscription.debt_written_off"

    /// L11: what is deleted out of `pending` was never paid for and never ran: its order lapsed. L2 deletes out of a suspension only.
    package func isLapse(from state: SubscriptionState?) -> Bool { self == .deleted && state == .pending }
}

/// One step of a subscription's history.
package struct Transition: Sendable, Hashable {
    package let type: TransitionType
    /// Nil when the subscription did not exist before.
    package let from: SubscriptionState?
    package let to: SubscriptionState
    package let reason: SuspensionReason?
    /// The rule of product.md that it follows, such as "L2".
    package let rule: String

    package init(
        _ type: TransitionType, from: SubscriptionState?, to: SubscriptionState, reason: SuspensionReason? = nil, rule: String
    ) {
        self.type = type
        self.from = from
        self.to = to
        self.reason = reason
        self.rule = rule
    }
}

/// The outcome of a lifecycle rule: the facts to store and the steps to write down. No step means nothing changes.
package struct LifecycleDecision: Sendable, Hashable {
    package let facts: LifecycleFacts
    package let transitions: [Transition]

    package var isUnchanged: Bool { transitions.isEmpty }

    init(_ facts: LifecycleFacts, _ transitions: [Transition]) {
        self.facts = facts
        self.transitions = transitions
    }
}
