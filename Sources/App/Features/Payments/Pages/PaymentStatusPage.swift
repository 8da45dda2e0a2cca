import Billing
import HTML
import Values

/// One payment, whatever became of it: how to pay it, why it was not taken, what to do now.
package struct PaymentStatusPage: Page {
    package var crumbs: Breadcrumbs
    package var payment: ShownPayment
    package var name: String
    package var subscription: URLPath
    /// The same amount once more; nil when this person may not pay or the subscription takes nothing.
    package var again: URLPath?
    package var receipt: URLPath?
    package var cancel: URLPath?
    package var tokens: FormTokens

    package init(crumbs: Breadcrumbs, payment: ShownPayment, name: String, subscription: URLPath, tokens: FormTokens) {
        self.crumbs = crumbs
        self.payment = payment
        self.name = name
        self.subscription = subscription
        self.tokens = tokens
    }

    private var intent: PaymentIntent { payment.intent }
    /// Of a payment that was made it is what came beyond it, of one that was not what had come in part.
    private var isMade: Bool { intent.status == .succeeded }
    private var isTransfer: Bool { intent.method == .bankTransfer }

    package func title(_ t: Localiser) -> String {
        let amount = ["amount": t.money(intent.amount)]
        switch intent.status {
        case .pending where isTransfer: return t("payments.transfer_title", ["amount": t.money(intent.missing)])
        case .started, .pending: return t("payments.waiting_title", amount)
        case .declined: return t("payments.declined_title", amount)
        case .expired: return t("payments.expired_title", amount)
        case .cancelled: return t("payments.cancelled_title", amount)
        case .succeeded: return t("payment.done_title", amount)
        }
    }

    /// A payment on its way looks again by itself.
    package var refreshSeconds: Int? { intent.status == .started ? 3 : nil }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t), pill: t.pill(intent), lede: .text(lede(t))).html
            if payment.parts.held.isPositive {
                p(.class("note")) {
                    t(isMade ? "payments.beyond_held_note" : "payments.held_note", ["amount": t.money(payment.parts.held)])
                }
            }
            if payment.parts.returned.isPositive {
                p(.class("note")) {
                    t(
                        isMade ? "payments.beyond_returned_note" : "payments.returned_note",
                        ["amount": t.money(payment.parts.returned)])
                }
            }
            if intent.status == .pending, isTransfer { transfer(t) }
            panel(t("payments.details")) { DetailList(details(t)).html }
            if intent.status == .pending, isTransfer { block(t("payments.what_next")) { steps(t) } }
            actions(t)
        }
    }

    private func lede(_ t: Localiser) -> String {
        let days = t.number(payment.bankAccount?.pendingDays ?? BankAccount.customaryPendingDays)
        let until = intent.expiresAt.map { t.longDate($0) } ?? ""
        switch intent.status {
        case .started: return t("payments.started_lede")
        case .pending where isTransfer: return t("payments.transfer_lede", ["name": name, "date": until, "days": days])
        case .pending: return t("payments.waiting_lede", ["name": name, "date": until])
        case .declined: return t("payments.declined_lede", ["name": name, "reason": t.declineReason(intent.declineCode)])
        case .expired:
            return t(isTransfer ? "payments.expired_transfer_lede" : "payments.expired_lede", ["name": name, "date": until])
        case .cancelled: return t("payments.cancelled_lede", ["name": name])
        case .succeeded: return t("payments.succeeded_lede", ["name": name])
        }
    }

    /// Everything that a bank's form asks for, each to be copied.
    private func transfer(_ t: Localiser) -> HTML {
        guard let bank = payment.bankAccount, let reference = intent.reference else { return .empty }
        func item(_ label: String, _ value: String, _ id: String) -> DetailList.Item {
            DetailList.Item(label, copyable(value, name: label, id: id, t))
        }
        var items = [
            item(t("payments.reference"), reference.grouped, "reference"),
            item(
                t("payments.transfer_amount", ["currency": intent.amount.currency.code]), intent.missing.decimalString, "amount"),
            item(t("payments.account_holder"), bank.accountHolder, "holder"),
            item(t("payments.bank_name"), bank.bankName, "bank"),
            item(t("payments.account_number"), bank.accountNumber, "number"),
        ]
        if !bank.bankCode.isEmpty { items.append(item(t("payments.bank_code"), bank.bankCode, "code")) }
        return panel(t("payments.transfer_to")) {
            p(.class("note")) { t("payments.reference_note") }
            DetailList(items).html
        }
    }

    private func steps(_ t: Localiser) -> HTML {
        let until = intent.expiresAt.map { t.longDate($0) } ?? ""
        return ul(.class("effects")) {
            li { t("payments.step_arrives") }
            li { t("payments.step_part") }
            li { t("payments.step_more") }
            li { t("payments.step_late", ["date": until]) }
        }
    }

    private func details(_ t: Localiser) -> [DetailList.Item] {
        var items = [
            DetailList.Item(t("payments.for"), a(.href(subscription)) { name }),
            DetailList.Item(t("payments.amount"), t.moneyElement(intent.amount)),
            DetailList.Item(t("payments.method"), .text(t.word(intent.method))),
        ]
        if isTransfer, intent.received.isPositive {
            items.append(DetailList.Item(t("payments.received"), t.moneyElement(intent.received)))
            if intent.missing.isPositive { items.append(DetailList.Item(t("payments.missing"), t.moneyElement(intent.missing))) }
        }
        for (label, amount) in [("payments.held", payment.parts.held), ("payments.returned", payment.parts.returned)]
        where amount.isPositive { items.append(DetailList.Item(t(label), t.moneyElement(amount))) }
        if isTransfer, intent.status != .pending, let reference = intent.reference {
            items.append(DetailList.Item(t("payments.reference"), identifier(reference.grouped)))
        }
        items.append(DetailList.Item(t("payments.asked_at"), t.timeElement(intent.createdAt)))
        if intent.status == .pending, let expiresAt = intent.expiresAt {
            items.append(DetailList.Item(t("payments.expires_at"), t.timeElement(expiresAt)))
        }
        if let endedAt = intent.endedAt { items.append(DetailList.Item(t("payments.ended_at"), t.timeElement(endedAt))) }
        items.append(
            DetailList.Item(t("payment.id"), copyable(intent.id.description, name: t("payment.id"), id: "payment-id", t)))
        return items
    }

    private func actions(_ t: Localiser) -> HTML {
        div(.class("actions")) {
            if let receipt { ActionLink(t("payment.receipt"), receipt, .primary).button }
            if let again { ActionLink(t("payments.again_action"), again, .primary).button }
            ActionLink(t("payment.to_subscription"), subscription).button
            if let cancel { ActionForm(t("payments.cancel_action"), action: cancel, tokens: tokens).html }
        }
    }
}
