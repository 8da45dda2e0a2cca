import Billing
import HTML
import Values

/// A payment that is waited for, as its subscription's overview tells of it.
package struct AwaitedPayment: Sendable {
    package let amount: Money
    package let received: Money
    package let isTransfer: Bool
    package let until: Instant?
    package let url: URLPath

    package init(amount: Money, received: Money, isTransfer: Bool, until: Instant?, url: URLPath) {
        self.amount = amount
        self.received = received
        self.isTransfer = isTransfer
        self.until = until
        self.url = url
    }

    init(_ intent: PaymentIntent) {
        self.init(
            amount: intent.amount, received: intent.received, isTransfer: intent.method == .bankTransfer, until: intent.expiresAt,
            url: PageRoute.payment.url(intent.account.description, intent.id.description))
    }

    func banner(_ t: Localiser) -> Banner {
        let missing = Money(minor: amount.minor - received.minor, currency: amount.currency)
        let amounts = ["received": t.money(received), "missing": t.money(missing)]
        return Banner(
            .info,
            title: t(isTransfer ? "payments.awaited_transfer_title" : "payments.waiting_title", ["amount": t.money(amount)]),
            text: group {
                if received.isPositive { p { t("payments.awaited_part", amounts) } }
                if isTransfer, !received.isPositive { p { t("payments.awaited_nothing") } }
                if let until { p { t.html("payments.awaited_until", ["date": t.timeElement(until)]) } }
            }, actions: [ActionLink(t("payments.awaited_action"), url)])
    }
}
