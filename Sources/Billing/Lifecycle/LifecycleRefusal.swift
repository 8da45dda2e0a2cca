/// Why the lifecycle refuses a step.
package enum LifecycleRefusal: String, Refusal, CaseIterable {
    case subscriptionDeleted = "subscription_deleted"
    /// It was never paid (L11), so nothing of it was used, owed or erased.
    case orderLapsed = "order_lapsed"
    case subscriptionPending = "subscription_pending"
    case subscriptionSuspended = "subscription_suspended"
    /// The first payment came for a subscription that does not wait for one.
    case subscriptionNotPending = "subscription_not_pending"
    /// At the deadline the data goes, even when the job that erases it has not run yet (L2, L8).
    case deadlinePassed = "deadline_passed"
    /// A timer that came too early, or for a deadline that has since been cleared (L8).
    case deadlineNotReached = "deadline_not_reached"
    case notSuspended = "not_suspended"
    case reasonNotPresent = "reason_not_present"
    case reasonRequiresPayment = "reason_requires_payment"
    case reasonNotAllowedForOffer = "reason_not_allowed_for_offer"
    case cancelNotAllowedForOffer = "cancel_not_allowed_for_offer"
    case upgradeNotAllowedForOffer = "upgrade_not_allowed_for_offer"
    /// The enrollment pays; there is no credit to buy (M5).
    case paymentNotAllowedForOffer = "payment_not_allowed_for_offer"
    /// A trial takes no further payment: it is upgraded (L6).
    case upgradeRequired = "upgrade_required"

    package var code: String { rawValue }

    package var kind: RefusalKind {
        switch self {
        case .reasonNotAllowedForOffer, .cancelNotAllowedForOffer, .upgradeNotAllowedForOffer, .paymentNotAllowedForOffer,
            .upgradeRequired:
            .notAllowedForKind
        default: .stateForbids
        }
    }
}
