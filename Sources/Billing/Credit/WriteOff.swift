import Values

/// Why a debt is not written off.
package enum WriteOffRefusal: String, Refusal, CaseIterable {
    /// While the subscription is there a payment pays its debt first (M6).
    case debtStillPayable = "debt_still_payable"
    case nothingOwed = "nothing_owed"
    /// An agreement is billed for what is beyond its commitment (M5); the subscription itself never owes.
    case notForOffer = "write_off_not_allowed_for_offer"
    case alreadyWrittenOff = "debt_already_written_off"

    package var code: String { rawValue }
    package var kind: RefusalKind { self == .notForOffer ? .notAllowedForKind : .stateForbids }
}

/// M6, L2: what a subscription owes when it is deleted can be neither paid nor upgraded away any more. The operator gives it up.
package enum WriteOff {
    /// Whose it is: the operator's, as refunds are (section 7).
    package static let permission = Permission.operate

    /// What may be written off now: the whole debt of a deleted subscription, once; of one that is still there nothing. Where nothing is owed and
    /// nothing was given up, that is the reason, whatever the state. What is outstanding has to be settled: usage that waits may still be owed.
    package static func amount(
        offer: Offer, state: SubscriptionState, outstanding: Money, writtenOff: Money
    ) throws(WriteOffRefusal) -> Money {
        guard !offer.isOfAgreement else { throw .notForOffer }
        guard state == .deleted else { throw outstanding.isPositive ? .debtStillPayable : .nothingOwed }
        guard !writtenOff.isPositive else { throw .alreadyWrittenOff }
        guard outstanding.isPositive else { throw .nothingOwed }
        return outstanding
    }
}
