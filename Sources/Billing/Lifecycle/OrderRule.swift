/// Why an order for a new subscription is refused.
package enum OrderRefusal: String, Refusal, CaseIterable {
    /// Trial and prepaid belong in standard accounts, enterprise ones in enterprise accounts (A14).
    case offerNotAllowedForAccount = "offer_not_allowed_for_account"
    /// One trial per account ever, also beside a prepaid one (L6).
    case trialAlreadyUsed = "trial_already_used"
    /// More than one subscription needs a verified identity (A13).
    case identityNotVerified = "identity_not_verified"
    /// This tenant does not let its customers add subscriptions themselves (A13).
    case additionalSubscriptionsOff = "additional_subscriptions_off"

    package var code: String { rawValue }
    package var kind: RefusalKind { self == .offerNotAllowedForAccount ? .notAllowedForKind : .stateForbids }
}

/// What an account may order.
package enum OrderRule {
    /// Nobody, whatever her role, may order this offer in an account of the other kind (A14): said before any role is judged.
    package static func check(_ offer: Offer, in accountKind: AccountKind) throws(OrderRefusal) {
        guard offer.accountKind == accountKind else { throw .offerNotAllowedForAccount }
    }

    /// Throws when the account may not have another subscription of this offer.
    ///
    /// - Parameters:
    ///   - existing: the account's subscriptions that are not deleted.
    ///   - hadTrial: whether the account ever had a trial, whatever became of it.
    ///   - additionalAllowed: the tenant's switch of A13; it and the identity bind everybody but the operator.
    package static func check(
        offer: Offer, accountKind: AccountKind, by role: Role, existing: Int, hadTrial: Bool, identityVerified: Bool,
        additionalAllowed: Bool
    ) throws(OrderRefusal) {
        try check(offer, in: accountKind)
        if offer == .trial, hadTrial { throw .trialAlreadyUsed }
        guard accountKind == .standard, role != .operator, existing > 0 else { return }
        guard additionalAllowed else { throw .additionalSubscriptionsOff }
        guard identityVerified else { throw .identityNotVerified }
    }
}
