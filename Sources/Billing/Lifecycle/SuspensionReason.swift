/// Why a subscription is suspended (L1); each is added and lifted on its own.
package enum SuspensionReason: String, Sendable, Hashable, CaseIterable {
    case creditExhausted = "credit_exhausted"
    case creditExpired = "credit_expired"
    case fundsExhausted = "funds_exhausted"
    case overdue
    case cancelled
    case requested
    case `operator`

    /// No credit is left; at most one such reason is present at a time (L5).
    package var isAboutCredit: Bool { self == .creditExhausted || self == .creditExpired }

    /// Only money lifts it, never a person's word.
    package var isLiftedByPaymentOnly: Bool { isAboutCredit || self == .fundsExhausted }

    /// The rule that a suspension for this reason follows.
    func rule(for offer: Offer) -> String {
        switch self {
        case .creditExhausted, .creditExpired: offer == .trial ? "L6" : "L5"
        case .cancelled: "L7"
        case .fundsExhausted, .overdue, .requested, .operator: "L1"
        }
    }
}

/// The reasons that are present, always in the order of `SuspensionReason`, so that equal sets read alike.
package struct SuspensionReasons: Sendable, Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
    private var members: Set<SuspensionReason>

    package init(_ reasons: some Sequence<SuspensionReason> = []) { members = Set(reasons) }
    package init(arrayLiteral elements: SuspensionReason...) { members = Set(elements) }

    /// Nil when one of the texts is no reason.
    package init?(rawValues: some Sequence<String>) {
        var members: Set<SuspensionReason> = []
        for text in rawValues {
            guard let reason = SuspensionReason(rawValue: text) else { return nil }
            members.insert(reason)
        }
        self.members = members
    }

    package var sorted: [SuspensionReason] { SuspensionReason.allCases.filter(members.contains) }
    package var rawValues: [String] { sorted.map(\.rawValue) }
    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }
    package var aboutCredit: SuspensionReason? { sorted.first(where: \.isAboutCredit) }
    package var description: String { "[\(rawValues.joined(separator: ", "))]" }

    package func contains(_ reason: SuspensionReason) -> Bool { members.contains(reason) }
    func inserting(_ reason: SuspensionReason) -> SuspensionReasons { SuspensionReasons(members.union([reason])) }
    func removing(_ reason: SuspensionReason) -> SuspensionReasons { SuspensionReasons(members.subtracting([reason])) }
}
