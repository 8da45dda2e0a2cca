import Values

/// Why a debt is not written off.
package enum WriteOffRefusal: String, Refusal, CaseIterable {
    /// While the subscription is there a payment pays its debt first (M6).
    case debtStillPayable = "debt_still_payable"
    case nothingOwed = "nothing_owed"
    case alreadyWrittenOff = "debt_already_written_off"

    package var code: String { rawValue }
    package var kind: RefusalKind { .stateForbids }
}

/// M6, L2: what a subscription owes when it is deleted can be neither paid nor upgraded away any more. The operator gives it up.
package enum WriteOff {
    /// Whose it is: the operator's, as refunds are (section 7).
    package static let permission = Permission.operate

    /// What may be written off now: the whole debt of a deleted subscription, once; of one that is still there nothing. Where nothing is owed and
    /// nothing was given up, that is the reason, whatever the state.
    package static func amount(
        state: SubscriptionState, outstanding: Money, writtenOff: Money
    ) throws(WriteOffRefusal) -> Money {
        guard state == .deleted else { throw outstanding.isPositive ? .debtStillPayable : .nothingOwed }
        guard !writtenOff.isPositive else { throw .alreadyWrittenOff }
        guard outstanding.isPositive else { throw .nothingOwed }
        return outstanding
    }
}
