import Values

/// The outcome of settling usage of an enterprise subscription against its enrollment.
package struct CommitmentSettlement: Sendable, Hashable {
    /// The totals that changed.
    package let totals: [BillItem: RunningTotal]
    /// By how much all posted amounts moved: commitment + overage.
    package let posted: Money
    /// What the enrollment's usage has come to afterwards, all subscriptions together.
    package let enrollmentPosted: Money
    /// Drawn from the commitment; negative when something was given back.
    package let commitment: Money
    /// Added to what is billed in arrears; negative when it was lowered.
    package let overage: Money
}

/// Enterprise usage: the enrollment's commitment first, then overage billed in arrears (M5).
///
/// With T the enrollment's posted usage and C its commitment, the commitment has paid min(T, C) and the overage is
/// max(0, T − C). Both follow from T alone, so the order in which subscriptions settle does not matter, and a negative row
/// lowers the overage first and then gives back to the commitment.
package enum CommitmentDraw {
    /// Settles one subscription's records (M6a). Throws `overflow` or `currencyMismatch`; nothing is settled in part.
    package static func settle(
        _ records: some Sequence<UnsettledRecord>, totals: [BillItem: RunningTotal], enrollmentPosted: Money, commitment: Money
    ) throws(SettlementError) -> CommitmentSettlement {
        guard enrollmentPosted.currency == commitment.currency else { throw .currencyMismatch }
        var running = RunningTotals(totals, currency: commitment.currency)
        var posted: Int64 = 0
        for record in UnsettledRecord.inOrder(records) {
            let sum = posted.addingReportingOverflow(try running.add(record))
            guard !sum.overflow else { throw .overflow }
            posted = sum.partialValue
        }
        let difference = Money(minor: posted, currency: commitment.currency)
        do throws(MoneyError) {
            let after = try enrollmentPosted.adding(difference)
            let fromCommitment = try share(of: after, commitment).subtracting(share(of: enrollmentPosted, commitment))
            return CommitmentSettlement(
                totals: running.changed, posted: difference, enrollmentPosted: after, commitment: fromCommitment,
                overage: try difference.subtracting(fromCommitment))
        } catch {
            throw SettlementError(error)
        }
    }

    /// What the commitment has paid of this much usage.
    package static func share(of posted: Money, _ commitment: Money) -> Money {
        Money(minor: min(posted.minor, commitment.minor), currency: commitment.currency)
    }
}
