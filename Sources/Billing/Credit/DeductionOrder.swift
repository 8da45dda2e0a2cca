import Values

/// In which order lots pay (M5): the earliest expiry first, then the oldest; the identity settles what is still equal.
package enum DeductionOrder {
    package static func sorted(_ lots: some Sequence<CreditLot>) -> [CreditLot] {
        lots.sorted { left, right in
            (left.expiresAt, left.effectiveAt, left.id) < (right.expiresAt, right.effectiveAt, right.id)
        }
    }

    /// The lots that pay for usage of this time, first payer first; empty lots are left out.
    package static func payers(of time: Instant, among lots: some Sequence<CreditLot>) -> [CreditLot] {
        sorted(lots.filter { $0.covers(time) && $0.remaining.isPositive })
    }
}
