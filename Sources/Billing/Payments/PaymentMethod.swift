/// How a payment reaches the tenant.
package enum PaymentMethod: String, Sendable, Hashable, CaseIterable {
    /// Moves no real money.
    case sandbox
    /// The customer's bank sends it, under a reference; the operator confirms what has arrived.
    case bankTransfer = "bank_transfer"
}

/// Where a payment stands, from the moment that somebody has asked for it.
package enum PaymentStatus: String, Sendable, Hashable, CaseIterable {
    /// Written down, and not yet answered by its gateway: found again and asked again by its ID.
    case started
    /// The gateway waits for the customer, or for the customer's bank.
    case pending
    case succeeded
    case declined
    case expired
    case cancelled

    /// Whether it can still become a payment by itself.
    package var isOpen: Bool { self == .started || self == .pending }
}

/// What a payment is for.
package enum PaymentKind: String, Sendable, Hashable, CaseIterable {
    /// The one that a pending order waits for (L11).
    case first
    /// Pay again (M6).
    case again
    /// From trial to prepaid (L6).
    case upgrade
}

/// Why a payment that waits cannot be ended by its customer.
package enum PaymentStatusRefusal: String, Refusal, CaseIterable {
    case paymentNotPending = "payment_not_pending"

    package var code: String { rawValue }
    package var kind: RefusalKind { .stateForbids }
}
