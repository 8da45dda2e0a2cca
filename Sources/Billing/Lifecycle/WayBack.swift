/// L1: what lifts the reasons that stand; each way lifts some of them, and the subscription is active only when none is left.
package enum WayBack: String, Sendable, Hashable, CaseIterable {
    /// Money, where only money helps.
    case pay
    case upgrade
    /// A word of the provider, of nobody else.
    case ask
    /// A word of whoever may cancel or suspend.
    case recover
    case reactivate

    /// The ways that are needed, the first to take first. None where nothing stands.
    package static func all(_ reasons: some Sequence<SuspensionReason>, _ offer: Offer) -> [WayBack] {
        let needed = Set(reasons.map { one($0, offer) })
        return allCases.filter(needed.contains)
    }

    private static func one(_ reason: SuspensionReason, _ offer: Offer) -> WayBack {
        switch reason {
        case .creditExhausted, .creditExpired, .fundsExhausted:
            offer == .trial ? .upgrade : offer == .prepaid ? .pay : .ask
        case .operator, .overdue: .ask
        case .cancelled: .recover
        case .requested: .reactivate
        }
    }
}
