import Billing
import Values

/// The words for what the domain knows by name. Every case has its text in both languages; a test walks them all.
extension Localiser {
    package func word(_ state: SubscriptionState) -> String { self("state.\(state.rawValue)") }
    package func word(_ reason: SuspensionReason) -> String { self("reason.\(reason.rawValue)") }
    package func word(_ offer: Offer) -> String { self("offer.\(offer.rawValue)") }
    package func word(_ role: Role) -> String { self("role.\(role.rawValue)") }
    package func word(_ kind: AccountKind) -> String { self("account_kind.\(kind.rawValue)") }
    package func word(_ type: TransitionType) -> String { self("transition.\(type.rawValue.replacing(".", with: "_"))") }

    /// The reasons of a suspension in one line: `Credit used up, suspended on request`.
    package func words(_ reasons: [SuspensionReason]) -> String {
        reasons.map(word).joined(separator: self("common.list_comma"))
    }

    /// A state as word, shape and colour.
    package func pill(_ state: SubscriptionState) -> StatePill {
        switch state {
        case .pending: StatePill(word(state), .info, .ring)
        case .active: StatePill(word(state), .good, .disc)
        case .pastDue: StatePill(word(state), .warn, .triangle)
        case .suspended: StatePill(word(state), .bad, .pause)
        case .deleted: StatePill(word(state), .quiet, .cross)
        }
    }
}
