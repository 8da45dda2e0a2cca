import Values

/// L2, M6: credit that would outlive its subscription is forfeited with it. A lot that ends before the deletion expires by itself; what is left in the
/// others at the deletion goes then, and is never called expired.
package enum DeletionForfeit {
    /// The lots that are still there when the data goes, as they stand.
    package static func lots(_ lots: some Sequence<CreditLot>, deletedAt: Instant) -> [CreditLot] {
        lots.filter { $0.expiredAt == nil && $0.remaining.isPositive && $0.expiresAt >= deletedAt }
    }

    /// What they hold together; nil when nothing would be lost.
    package static func amount(_ lots: some Sequence<CreditLot>, deletedAt: Instant) -> Money? {
        let lost = Self.lots(lots, deletedAt: deletedAt)
        guard let currency = lost.first?.remaining.currency else { return nil }
        // Each lot was at most the largest payment, and the ledger's rows fit.
        return Money(minor: lost.reduce(0) { $0 + $1.remaining.minor }, currency: currency)
    }
}
