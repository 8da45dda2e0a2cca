import Values

/// The numbers of a policy by name: what a page compares, a form asks for and an audit event records.
package enum PolicyNumber: String, Sendable, Hashable, CaseIterable {
    case minimumPayment = "minimum_payment"
    case largestPayment = "largest_payment"
    case validityMonths = "validity_months"
    case retentionDays = "retention_days"
    case trialPrice = "trial_price"
    case trialCredit = "trial_credit"
    case trialMonths = "trial_months"
    case graceDays = "grace_days"
    case pendingLapseDays = "pending_lapse_days"

    package enum Value: Sendable, Hashable {
        case money(Money)
        case months(Int)
        case days(Int)
    }

    /// Which numbers an offer has any use for.
    package static func used(by offer: Offer) -> [PolicyNumber] {
        switch offer {
        case .trial: [.trialPrice, .trialCredit, .trialMonths, .retentionDays, .pendingLapseDays]
        case .prepaid: [.minimumPayment, .largestPayment, .validityMonths, .retentionDays, .graceDays, .pendingLapseDays]
        case .enterprise: [.retentionDays, .graceDays, .pendingLapseDays]
        }
    }

    /// What may be said of months and days; nil for amounts, which are held against the smallest unit and their twins.
    package var range: ClosedRange<Int>? {
        switch self {
        case .validityMonths, .trialMonths: 1...120
        case .retentionDays: 1...3650
        case .graceDays: 0...365
        case .pendingLapseDays: 1...365
        case .minimumPayment, .largestPayment, .trialPrice, .trialCredit: nil
        }
    }
}

extension OfferPolicy {
    package func value(_ number: PolicyNumber) -> PolicyNumber.Value {
        switch number {
        case .minimumPayment: .money(minimumPayment)
        case .largestPayment: .money(largestPayment)
        case .validityMonths: .months(validityMonths)
        case .retentionDays: .days(retentionDays)
        case .trialPrice: .money(trialPrice)
        case .trialCredit: .money(trialCredit)
        case .trialMonths: .months(trialMonths)
        case .graceDays: .days(graceDays)
        case .pendingLapseDays: .days(pendingLapseDays)
        }
    }

    /// The numbers in which two versions differ, in their own order (L10).
    package func differences(from other: OfferPolicy) -> [PolicyNumber] {
        PolicyNumber.allCases.filter { value($0) != other.value($0) }
    }

    /// The numbers that cannot be, and why (L10). Nothing can be paid that is not above zero, so neither a least payment nor a trial's price of
    /// nothing means anything (L5, L6); the largest payment lets at least the least one through; and a trial's credit is worth what it costs.
    package var faults: [PolicyFault] {
        PolicyNumber.allCases.compactMap { number in
            switch value(number) {
            case .months(let count), .days(let count):
                number.range.flatMap { $0.contains(count) ? nil : PolicyFault(number, .outside($0)) }
            case .money(let money):
                if !money.isPositive {
                    PolicyFault(number, .notPositive(least: Money(minor: 1, currency: currency)))
                } else if number == .largestPayment, money.minor < minimumPayment.minor {
                    PolicyFault(number, .below(.minimumPayment, least: minimumPayment))
                } else if number == .trialCredit, money.minor < trialPrice.minor {
                    PolicyFault(number, .below(.trialPrice, least: trialPrice))
                } else {
                    nil
                }
            }
        }
    }
}

/// Why a number of a policy cannot be.
package struct PolicyFault: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case outside(ClosedRange<Int>)
        case notPositive(least: Money)
        /// Less than the smaller twin, which is this much.
        case below(PolicyNumber, least: Money)
    }

    package let number: PolicyNumber
    package let kind: Kind

    package init(_ number: PolicyNumber, _ kind: Kind) {
        self.number = number
        self.kind = kind
    }
}

/// L10: a subscription keeps the version that it was sold under until it is moved on purpose. A move changes what comes after it: a deadline that
/// runs, a lot that was bought and an order that waits keep their dates.
package struct PolicyMove: Sendable {
    /// Deadlines that run and stay.
    package let deleteAt: Instant?
    package let lapseAt: Instant?
    /// When the data would go if the subscription were suspended now, under the old version and under the new one; nil while a deadline runs.
    package let deletedIfSuspended: (before: Instant, after: Instant)?
    /// When credit bought now would expire; nil where none is bought.
    package let creditUntil: (before: Instant, after: Instant)?

    /// - Throws: `subscriptionDeleted`, `orderLapsed`: what is gone is under no policy any more.
    package static func effect(
        on facts: LifecycleFacts, from old: OfferPolicy, to new: OfferPolicy, at now: Instant, in zone: TimeZoneRule
    ) throws(LifecycleRefusal) -> PolicyMove {
        if let gone = facts.gone { throw gone }
        return PolicyMove(
            deleteAt: facts.deleteAt, lapseAt: facts.lapseAt,
            deletedIfSuspended: facts.deleteAt == nil
                ? (old.deadline(suspendedAt: now), new.deadline(suspendedAt: now)) : nil,
            creditUntil: facts.offer.isPaidByCredit
                ? (old.expiry(purchasedAt: now, in: zone), new.expiry(purchasedAt: now, in: zone)) : nil)
    }
}
