import Values

/// Why money that has arrived cannot go to a payment.
package enum RemittanceRefusal: String, Refusal, CaseIterable {
    /// Paid, declined or cancelled: it takes no more money. What came is held to be returned.
    case paymentNotWaiting = "payment_not_waiting"
    case remittanceCurrency = "remittance_currency"
    /// All of it went to payments, or back.
    case remittanceSpent = "remittance_spent"

    package var code: String { rawValue }
    package var kind: RefusalKind { .stateForbids }
}

/// What becomes of money that has arrived.
package struct RemittanceAllocation: Sendable, Hashable {
    /// What the payment takes of it.
    package let taken: Money
    /// What the payment still waits for afterwards.
    package let missing: Money
    /// What stays held for whoever sent it: applied to another payment of theirs, or returned; never turned into credit unasked.
    package let surplus: Money
    /// It came after the payment had expired.
    package let isLate: Bool

    /// Whether the payment is now made.
    package var completes: Bool { !missing.isPositive }
}

/// A5, M3: money by bank transfer, against the payment that announced it. An exact one pays; a part of it is kept and added up; what is more than was
/// asked for is held; one that comes after the expiry still pays, or opens the payment again for the rest. Whether the subscription can take the
/// payment is the lifecycle's to say.
package enum AllocateRemittance {
    /// - Parameters:
    ///   - unallocated: what is left of the remittance.
    ///   - asked: the payment's whole amount.
    ///   - received: what the payment has been given before.
    package static func allocate(
        _ unallocated: Money, asked: Money, received: Money, status: PaymentStatus, expiresAt: Instant?, at now: Instant
    ) throws(RemittanceRefusal) -> RemittanceAllocation {
        guard unallocated.currency == asked.currency, received.currency == asked.currency else { throw .remittanceCurrency }
        guard unallocated.isPositive else { throw .remittanceSpent }
        guard status == .pending || status == .expired, received.minor < asked.minor else { throw .paymentNotWaiting }
        let taken = min(unallocated.minor, asked.minor - received.minor)
        func money(_ minor: Int64) -> Money { Money(minor: minor, currency: asked.currency) }
        return RemittanceAllocation(
            taken: money(taken), missing: money(asked.minor - received.minor - taken), surplus: money(unallocated.minor - taken),
            isLate: status == .expired || expiresAt.map { now >= $0 } ?? false)
    }
}
