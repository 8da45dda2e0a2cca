/// Where a subscription stands (section 2).
package enum SubscriptionState: String, Sendable, Hashable, CaseIterable {
    /// Ordered, the first payment is not there (L11).
    case pending
    case active
    /// Active, with a debt inside its grace period.
    case pastDue = "past_due"
    case suspended
    /// For ever (L2).
    case deleted

    /// Whether services run and usage is accepted.
    package var isRunning: Bool { self == .active || self == .pastDue }
}
