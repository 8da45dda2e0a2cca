import Billing
import HTML
import Values

/// What a payment is for; the three differ in their words and in what they may cost.
package enum PaymentPurpose: String, Sendable {
    /// The payment that a pending order waits for.
    case first
    /// 重新交费
    case again
    /// 立即升级: from trial to prepaid.
    case upgrade

    func heading(_ name: String, _ t: Localiser) -> String { t("payment.\(rawValue)_title", ["name": name]) }
}

/// Step one: how much, and by which way. Both travel in the address to the review, so Back, reload and bookmarks work.
package struct PaymentAmountPage: Page {
    package var crumbs: Breadcrumbs
    package var purpose: PaymentPurpose
    package var name: String
    /// The review page, asked by GET.
    package var review: URLPath
    package var back: URLPath
    package var policy: OfferPolicy
    package var remaining: Money
    package var outstanding: Money
    /// As typed.
    package var amount: String
    package var problems: [FieldProblem] = []
    /// Amounts to take by a click.
    package var suggestions: [Money] = []
    /// Each has a button of its own, so that choosing one is no step; the first is also what the Enter key takes. Where there is only one, nobody is asked.
    package var methods: [PaymentMethod] = []
    /// How long a bank transfer is waited for.
    package var pendingDays = BankAccount.customaryPendingDays
    /// When credit bought now would expire.
    package var expiresAt: Instant

    package init(
        crumbs: Breadcrumbs, purpose: PaymentPurpose, name: String, review: URLPath, back: URLPath, policy: OfferPolicy,
        remaining: Money, outstanding: Money, amount: String, expiresAt: Instant
    ) {
        self.crumbs = crumbs
        self.purpose = purpose
        self.name = name
        self.review = review
        self.back = back
        self.policy = policy
        self.remaining = remaining
        self.outstanding = outstanding
        self.amount = amount
        self.expiresAt = expiresAt
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { purpose.heading(name, t) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(lede(t))).html
            form(.class("form"), .method(.get), .action(review), .novalidate) {
                field(t).html(problems, t)
                if methods.count > 1 {
                    for method in methods { way(method, t) }
                    div(.class("actions")) { a(.class("quiet"), .href(back)) { t("payment.not_now") } }
                } else {
                    if !suggestions.isEmpty { suggestionList(review, nil, t) }
                    div(.class("actions")) {
                        submitButton(t("payment.review_action"))
                        a(.class("btn"), .href(back)) { t("payment.not_now") }
                    }
                }
            }
        }
    }

    private func lede(_ t: Localiser) -> String {
        let standing = t("payment.standing", ["remaining": t.money(remaining)])
        guard outstanding.isPositive else { return standing }
        return standing + t("payment.standing_debt", ["outstanding": t.money(outstanding)])
    }

    private func field(_ t: Localiser) -> TextField {
        var field = TextField("amount", t("payment.amount", ["currency": policy.currency.code]), value: amount)
        field.hint = t(
            "payment.amount_hint",
            [
                "minimum": t.money(policy.minimumPayment), "maximum": t.money(policy.largestPayment),
                "date": t.longDate(expiresAt), "months": t.number(policy.validityMonths),
            ])
        field.prefix = t.currencySymbol(policy.currency)
        field.inputmode = .decimal
        field.autocomplete = .off
        field.isShort = true
        return field
    }

    /// One way to pay: its button, what it means, and amounts that go that way by one click.
    private func way(_ method: PaymentMethod, _ t: Localiser) -> HTML {
        let note = "way-\(method.rawValue)"
        return div(.class("way")) {
            button(
                .type(.submit), .name("method"), .value(method.rawValue), .ariaDescribedby([note]),
                .class(method == methods.first ? "btn btn--primary" : "btn")
            ) { t("payment.continue_\(method.rawValue)") }
            p(.class("hint"), .id(note)) { method.note(pendingDays: pendingDays, t) }
            if !suggestions.isEmpty { suggestionList(review.adding([("method", method.rawValue)]), method, t) }
        }
    }

    /// Links that fill the amount in: they lead straight to the review.
    private func suggestionList(_ review: URLPath, _ method: PaymentMethod?, _ t: Localiser) -> HTML {
        div(.class("suggestions")) {
            span(.class("hint")) { t("payment.suggestions") }
            ul {
                for money in suggestions {
                    li { suggestion(money, review, method, t) }
                }
            }
        }
    }

    private func suggestion(_ money: Money, _ review: URLPath, _ method: PaymentMethod?, _ t: Localiser) -> HTML {
        let words = method.map { t("payment.suggestion_by", ["amount": t.money(money), "method": t.word($0)]) }
        return a(.class("btn btn--small"), .href(review.adding([("amount", money.decimalString)])), .ariaLabel(words)) {
            t.money(money)
        }
    }
}

/// Step two: what the payment will do, computed by the same rule that will do it, before anything moves.
package struct PaymentReviewPage: Page {
    package var crumbs: Breadcrumbs
    package var purpose: PaymentPurpose
    package var name: String
    package var action: URLPath
    package var change: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var policy: OfferPolicy
    package var outcome: PaymentOutcome
    package var remainingBefore: Money
    package var outstandingBefore: Money
    package var stateBefore: SubscriptionState
    package var stateAfter: SubscriptionState
    package var reasonsAfter: [SuspensionReason]
    package var expiresBefore: Instant?
    package var deleteAtBefore: Instant?
    package var method = PaymentMethod.sandbox
    package var pendingDays = BankAccount.customaryPendingDays

    package init(
        crumbs: Breadcrumbs, purpose: PaymentPurpose, name: String, action: URLPath, change: URLPath, back: URLPath,
        tokens: FormTokens, policy: OfferPolicy, outcome: PaymentOutcome, remainingBefore: Money, outstandingBefore: Money,
        stateBefore: SubscriptionState, stateAfter: SubscriptionState, reasonsAfter: [SuspensionReason] = [],
        expiresBefore: Instant? = nil, deleteAtBefore: Instant? = nil
    ) {
        self.crumbs = crumbs
        self.purpose = purpose
        self.name = name
        self.action = action
        self.change = change
        self.back = back
        self.tokens = tokens
        self.policy = policy
        self.outcome = outcome
        self.remainingBefore = remainingBefore
        self.outstandingBefore = outstandingBefore
        self.stateBefore = stateBefore
        self.stateAfter = stateAfter
        self.reasonsAfter = reasonsAfter
        self.expiresBefore = expiresBefore
        self.deleteAtBefore = deleteAtBefore
    }

    package func title(_ t: Localiser) -> String { t("payment.review_title", ["amount": t.money(outcome.paid)]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t), lede: .text(t("payment.review_lede", ["name": name]))).html
            block(t("payment.where_it_goes")) { sums(t) }
            block(t("payment.what_changes")) { changes(t).html(t) }
            if stateAfter == .suspended { stillSuspended(t) }
            form(.class("form"), .method(.post), .action(action)) {
                tokens.fields
                hiddenField("amount", outcome.paid.decimalString)
                hiddenField("method", method.rawValue)
                p(.class("note")) { methodNote(t) }
                div(.class("actions")) {
                    submitButton(
                        t(
                            method == .bankTransfer ? "payments.transfer_action" : "payment.pay_action",
                            ["amount": t.money(outcome.paid)]))
                    a(.class("btn"), .href(change)) { t("payment.change_amount") }
                    a(.class("quiet"), .href(back)) { t("payment.not_now") }
                }
            }
        }
    }

    private func methodNote(_ t: Localiser) -> String {
        method == .bankTransfer
            ? t("payments.transfer_review_note", ["days": t.number(pendingDays)])
            : t("payment.sandbox_note") + t("payments.sandbox_endings")
    }

    /// The order in which the payment is taken apart: debt first, the rest is credit (M6).
    private func sums(_ t: Localiser) -> HTML {
        var lines: [(label: String, amount: HTML)] = []
        if outcome.debtPaid.isPositive { lines.append((t("payment.debt_paid"), t.moneyElement(outcome.debtPaid))) }
        if let lot = outcome.lot {
            lines.append(
                (t("payment.new_credit", ["date": t.longDate(lot.expiresAt)]), t.moneyElement(boughtCredit(lot))))
        }
        return group {
            sumList(lines, total: (t("payment.total"), t.moneyElement(outcome.paid)))
            if outcome.granted.isPositive { p(.class("note")) { t("payment.granted", ["amount": t.money(outcome.granted)]) } }
            if outcome.debtWaived.isPositive {
                p(.class("note")) { t("payment.waived", ["amount": t.money(outcome.debtWaived)]) }
            }
        }
    }

    private func boughtCredit(_ lot: NewLot) -> Money {
        Money(minor: lot.amount.minor - outcome.granted.minor, currency: lot.amount.currency)
    }

    private func changes(_ t: Localiser) -> ReviewTable {
        let after = Money(minor: remainingBefore.minor + (outcome.lot?.amount.minor ?? 0), currency: policy.currency)
        var rows = [
            ReviewTable.Row(
                t("subscription.remaining"), before: t.moneyElement(remainingBefore), after: t.moneyElement(after),
                isChanged: after != remainingBefore)
        ]
        if outstandingBefore.isPositive {
            rows.append(
                ReviewTable.Row(
                    t("subscription.outstanding"), before: t.moneyElement(outstandingBefore),
                    after: t.moneyElement(outcome.outstanding),
                    isChanged: outstandingBefore != outcome.outstanding))
        }
        rows.append(
            ReviewTable.Row(
                t("subscriptions.state"), before: t.pill(stateBefore).html, after: t.pill(stateAfter).html,
                isChanged: stateBefore != stateAfter))
        if let lot = outcome.lot {
            let last = max(lot.expiresAt, expiresBefore ?? lot.expiresAt)
            rows.append(
                ReviewTable.Row(
                    t("payment.last_expiry"), before: expiresBefore.map { t.dateElement($0) } ?? t.nothing,
                    after: t.dateElement(last), isChanged: last != expiresBefore))
        }
        if let deleteAtBefore {
            let isLifted = stateAfter != .suspended
            rows.append(
                ReviewTable.Row(
                    t("subscription.deletion"), before: t.timeElement(deleteAtBefore),
                    after: isLifted ? .text(t("payment.deletion_lifted")) : t.timeElement(deleteAtBefore), isChanged: isLifted))
        }
        return ReviewTable(t("payment.what_changes"), rows)
    }

    /// The payment is taken, but something else still holds the subscription (M6).
    private func stillSuspended(_ t: Localiser) -> HTML {
        let missing = outcome.missing.isPositive ? t("payment.still_missing", ["amount": t.money(outcome.missing)]) : ""
        let others = reasonsAfter.isEmpty ? "" : t("payment.still_reasons", ["reasons": t.words(reasonsAfter)])
        return Banner(.warn, title: t("payment.still_suspended"), text: p { missing + others }).html
    }
}

/// Step three: what happened, with everything that a person may be asked for later.
package struct PaymentResultPage: Page {
    package var crumbs: Breadcrumbs
    package var name: String
    package var subscription: URLPath
    package var paid: Money
    package var paidAt: Instant
    package var paymentID: String
    package var orderID: String
    package var remaining: Money
    package var state: SubscriptionState
    package var reasons: [SuspensionReason]
    package var missing: Money?
    package var lotExpiresAt: Instant?
    package var servicesConfigured: Bool
    /// What came beyond the payment.
    package var held: Money?
    package var returned: Money?

    package init(
        crumbs: Breadcrumbs, name: String, subscription: URLPath, paid: Money, paidAt: Instant, paymentID: String,
        orderID: String,
        remaining: Money, state: SubscriptionState, reasons: [SuspensionReason] = [], missing: Money? = nil,
        lotExpiresAt: Instant? = nil, servicesConfigured: Bool = true
    ) {
        self.crumbs = crumbs
        self.name = name
        self.subscription = subscription
        self.paid = paid
        self.paidAt = paidAt
        self.paymentID = paymentID
        self.orderID = orderID
        self.remaining = remaining
        self.state = state
        self.reasons = reasons
        self.missing = missing
        self.lotExpiresAt = lotExpiresAt
        self.servicesConfigured = servicesConfigured
    }

    package func title(_ t: Localiser) -> String { t("payment.done_title", ["amount": t.money(paid)]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t), pill: t.pill(state), lede: .text(sentence(t))).html
            if !servicesConfigured {
                Banner(.warn, title: t("subscription.services_title"), text: p { t("subscription.services_text") }).html
            }
            if let held { p(.class("note")) { t("payments.beyond_held_note", ["amount": t.money(held)]) } }
            if let returned { p(.class("note")) { t("payments.beyond_returned_note", ["amount": t.money(returned)]) } }
            panel(t("payment.receipt")) { DetailList(receipt(t)).html }
            div(.class("actions")) {
                a(.class("btn btn--primary"), .href(subscription)) { t("payment.to_subscription") }
            }
        }
    }

    private func sentence(_ t: Localiser) -> String {
        if state == .suspended {
            let need = missing.map { t("payment.still_missing", ["amount": t.money($0)]) } ?? ""
            return t("payment.done_suspended", ["name": name, "reasons": t.words(reasons)]) + need
        }
        return t("payment.done_active", ["name": name, "remaining": t.money(remaining)])
    }

    private func receipt(_ t: Localiser) -> [DetailList.Item] {
        var items = [
            DetailList.Item(t("payment.paid_at"), t.timeElement(paidAt)),
            DetailList.Item(t("payment.paid"), t.moneyElement(paid)),
            DetailList.Item(t("details.order"), copyable(orderID, name: t("details.order"), id: "order-id", t)),
            DetailList.Item(t("payment.id"), copyable(paymentID, name: t("payment.id"), id: "payment-id", t)),
        ]
        if let lotExpiresAt { items.insert(DetailList.Item(t("credit.expires"), t.dateElement(lotExpiresAt)), at: 2) }
        return items
    }
}
