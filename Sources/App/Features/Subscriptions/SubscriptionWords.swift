import Billing
import Postgres

/// What a subscription is called where it is shown. One that lapsed never ran, so nothing of it was deleted (L11).
extension Localiser {
    package func pill(_ facts: LifecycleFacts) -> StatePill {
        pill(facts.state, isLapsed: facts.isLapsed)
    }

    func pill(_ state: SubscriptionState, isLapsed: Bool) -> StatePill {
        isLapsed ? StatePill(self("state.lapsed"), .quiet, .cross) : pill(state)
    }

    func shownName(_ name: String?, isLapsed: Bool) -> String {
        name ?? self(isLapsed ? "subscriptions.lapsed_name" : "subscriptions.erased_name")
    }

    func word(_ facts: LifecycleFacts) -> String { facts.isLapsed ? self("state.lapsed") : word(facts.state) }
}

extension SubscriptionQueries {
    /// `LifecycleFacts.isLapsed` of `subscriptions` called `s`; null where there is none.
    static let isLapsed: SQL = "(s.state = 'deleted' and s.activated_at is null)"

    /// What the lists' filter `state` takes (L11): `deleted` is what ran before it was. Written out where an index holds only such rows.
    static func isInState(_ value: String) -> SQL {
        switch value {
        case Subscription.lapsed: isLapsed
        case SubscriptionState.deleted.rawValue: "(s.state = 'deleted' and s.activated_at is not null)"
        default: "s.state = \(value)"
        }
    }
}

extension Subscription {
    func shownName(_ t: Localiser) -> String { t.shownName(name, isLapsed: facts.isLapsed) }
}

extension Order {
    /// An order is cancelled by its lapse alone (L11).
    func shownName(_ t: Localiser) -> String { t.shownName(subscriptionName, isLapsed: status == "cancelled") }
}

extension ShownPayment {
    func shownName(_ t: Localiser) -> String { t.shownName(subscriptionName, isLapsed: isLapsed) }
}

extension AccountDesk.OrderLine {
    func shownName(_ t: Localiser) -> String { t.shownName(subscriptionName, isLapsed: status == "cancelled") }
}
