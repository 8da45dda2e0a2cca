import Billing
import Values

/// What is used and not billed yet, in words: the part that is charged to the agreement already, and the part that is still to be. A part that is nothing is
/// not spoken of.
struct UnbilledWords: Sendable {
    let total: Money
    let settled: Money

    private var unsettled: Money { Money(minor: total.minor - settled.minor, currency: total.currency) }

    /// Among the effects of a deed; nil where there is nothing to speak of.
    func effect(_ t: Localiser) -> String? {
        total.isZero
            ? nil : t(form("cancel.owed", settled: "cancel.owed_settled", unsettled: "cancel.owed_unsettled"), amounts(t))
    }

    /// Below the amount itself.
    func note(_ t: Localiser) -> String {
        guard !total.isZero else { return t("subscription.unbilled_note_none") }
        let key = form(
            "subscription.unbilled_note", settled: "subscription.unbilled_note_settled",
            unsettled: "subscription.unbilled_note_unsettled")
        return t(key, amounts(t))
    }

    private func form(_ both: String, settled onlySettled: String, unsettled onlyUnsettled: String) -> String {
        unsettled.isZero ? onlySettled : settled.isZero ? onlyUnsettled : both
    }

    private func amounts(_ t: Localiser) -> [String: String] {
        ["amount": t.money(total), "settled": t.money(settled), "unsettled": t.money(unsettled)]
    }
}
