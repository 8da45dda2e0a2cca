import Billing
import HTML
import Values

/// By which way, where the amount stands already: a trial's price, or a payment that is tried once more. Each way leads straight to the review.
package struct PaymentMethodPage: Page {
    package struct Choice: Sendable {
        package let method: PaymentMethod
        package let url: URLPath

        package init(method: PaymentMethod, url: URLPath) {
            self.method = method
            self.url = url
        }
    }

    package var crumbs: Breadcrumbs
    package var amount: Money
    package var name: String
    package var choices: [Choice]
    package var change: URLPath
    package var back: URLPath
    /// How long a bank transfer is waited for.
    package var pendingDays: Int

    package init(
        crumbs: Breadcrumbs, amount: Money, name: String, choices: [Choice], change: URLPath, back: URLPath, pendingDays: Int
    ) {
        self.crumbs = crumbs
        self.amount = amount
        self.name = name
        self.choices = choices
        self.change = change
        self.back = back
        self.pendingDays = pendingDays
    }

    package func title(_ t: Localiser) -> String { t("payments.method_title", ["amount": t.money(amount)]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t), lede: .text(t("payments.method_lede", ["name": name]))).html
            ul(.class("choice-list")) {
                for choice in choices {
                    li {
                        a(.href(choice.url)) {
                            strong { t.word(choice.method) }
                            span(.class("sub")) { choice.method.note(pendingDays: pendingDays, t) }
                        }
                    }
                }
            }
            div(.class("actions")) {
                a(.class("btn"), .href(change)) { t("payment.change_amount") }
                a(.class("quiet"), .href(back)) { t("payment.not_now") }
            }
        }
    }
}

extension PaymentMethod {
    /// What happens to somebody who pays this way.
    func note(pendingDays: Int, _ t: Localiser) -> String {
        self == .bankTransfer
            ? t("payments.method_note_bank_transfer", ["days": t.number(pendingDays)])
            : t("payments.method_note_\(rawValue)")
    }
}
