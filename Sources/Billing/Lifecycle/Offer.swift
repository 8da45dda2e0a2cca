/// The kind of plan a subscription is bought under.
package enum Offer: String, Sendable, Hashable, CaseIterable {
    case trial
    case prepaid
    case enterprise

    /// Whether the subscription's own credit lots pay for its usage (M5); otherwise the enrollment's commitment does.
    package var isPaidByCredit: Bool { self != .enterprise }

    /// The kind of account that may hold it.
    package var accountKind: AccountKind { self == .enterprise ? .enterprise : .standard }

    /// Whether its subscriptions stand in an agreement, and only there (A14); the database holds every row to it.
    package var isOfAgreement: Bool { accountKind == .enterprise }
}

package enum AccountKind: String, Sendable, Hashable, CaseIterable {
    case standard
    case enterprise
}
