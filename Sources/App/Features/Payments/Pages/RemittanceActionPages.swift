import Billing
import HTML
import Values

/// Before money is given to a payment: what it changes, computed by the rule that will do it.
package struct RemittanceMatchPage: Page {
    package var crumbs: Breadcrumbs
    package var remittance: Remittance
    package var review: MatchRemittance.Review
    package var accountName: String
    package var name: String
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens

    package init(
        crumbs: Breadcrumbs, remittance: Remittance, review: MatchRemittance.Review, accountName: String, name: String,
        action: URLPath,
        back: URLPath, tokens: FormTokens
    ) {
        self.crumbs = crumbs
        self.remittance = remittance
        self.review = review
        self.accountName = accountName
        self.name = name
        self.action = action
        self.back = back
        self.tokens = tokens
    }

    package func title(_ t: Localiser) -> String {
        t("remittances.match_title", ["amount": t.money(review.allocation.taken), "account": accountName])
    }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t), lede: .text(t("remittances.match_lede", ["name": name]))).html
            ul(.class("effects")) { for effect in effects(t) { li { effect } } }
            block(t("payment.what_changes")) { changes(t).html(t) }
            form(.class("form"), .method(.post), .action(action)) {
                tokens.fields
                hiddenField("payment", review.intent.id.description)
                div(.class("actions")) {
                    submitButton(t("remittances.match_action", ["amount": t.money(review.allocation.taken)]))
                    a(.class("btn"), .href(back)) { t("remittances.keep") }
                }
            }
        }
    }

    private func effects(_ t: Localiser) -> [String] {
        let allocation = review.allocation
        var effects: [String] = []
        if allocation.isLate { effects.append(t("remittances.effect_late")) }
        if allocation.completes {
            effects.append(t("remittances.effect_completes", ["amount": t.money(review.intent.amount)]))
        } else {
            effects.append(t("remittances.effect_part", ["missing": t.money(allocation.missing)]))
        }
        if let outcome = review.outcome {
            if outcome.debtPaid.isPositive { effects.append(t("remittances.effect_debt", ["amount": t.money(outcome.debtPaid)])) }
            if outcome.debtWaived.isPositive { effects.append(t("payment.waived", ["amount": t.money(outcome.debtWaived)])) }
            if outcome.missing.isPositive { effects.append(t("payment.still_missing", ["amount": t.money(outcome.missing)])) }
        }
        if allocation.surplus.isPositive {
            effects.append(t("remittances.effect_surplus", ["amount": t.money(allocation.surplus)]))
        }
        return effects
    }

    private func changes(_ t: Localiser) -> ReviewTable {
        let (before, after) = (review.before, review.after)
        func row(_ label: String, _ old: Money, _ new: Money) -> ReviewTable.Row {
            ReviewTable.Row(label, before: t.moneyElement(old), after: t.moneyElement(new), isChanged: old != new)
        }
        let remittanceAfter = review.allocation.surplus
        var rows = [
            row(t("subscription.remaining"), before.remaining(at: review.now), after.remaining(at: review.now)),
            row(t("subscription.outstanding"), before.outstanding, after.outstanding),
            ReviewTable.Row(
                t("subscriptions.state"), before: t.pill(before.state).html, after: t.pill(after.state).html,
                isChanged: before.state != after.state),
            row(t("remittances.unallocated"), remittance.unallocated, remittanceAfter),
        ]
        if before.offer != after.offer {
            rows.append(
                ReviewTable.Row(
                    t("subscriptions.offer"), before: .text(t.word(before.offer)), after: .text(t.word(after.offer)),
                    isChanged: true))
        }
        return ReviewTable(t("payment.what_changes"), rows)
    }
}

/// Before money goes back: how much, and why.
package struct RemittanceReturnPage: Page {
    package var crumbs: Breadcrumbs
    package var remittance: Remittance
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var note = ""
    package var problems: [FieldProblem] = []

    package init(crumbs: Breadcrumbs, remittance: Remittance, action: URLPath, back: URLPath, tokens: FormTokens) {
        self.crumbs = crumbs
        self.remittance = remittance
        self.action = action
        self.back = back
        self.tokens = tokens
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t("remittances.return_title", ["amount": t.money(remittance.unallocated)]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t)).html
            ul(.class("effects")) {
                li { t("remittances.return_bank") }
                li { t("remittances.return_final") }
            }
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                field(t).html(problems, t)
                div(.class("actions")) {
                    submitButton(t("remittances.return_confirm", ["amount": t.money(remittance.unallocated)]), .danger)
                    a(.class("btn"), .href(back)) { t("remittances.keep") }
                }
            }
        }
    }

    private func field(_ t: Localiser) -> TextField {
        var field = TextField("note", t("remittances.note"), hint: t("remittances.note_hint"), value: note)
        field.maxlength = 1_000
        return field
    }
}

/// A transfer that has arrived is written down.
package struct RemittanceFormPage: Page {
    package struct Typed: Sendable {
        package var bankNumber = ""
        package var amount = ""
        package var payer = ""
        package var words = ""
        package var receivedAt = ""
        package init() {}
    }

    package var crumbs: Breadcrumbs
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var currencies: [Currency]
    package var selected: Currency?
    package var typed = Typed()
    package var problems: [FieldProblem] = []

    package init(crumbs: Breadcrumbs, action: URLPath, back: URLPath, tokens: FormTokens, currencies: [Currency]) {
        self.crumbs = crumbs
        self.action = action
        self.back = back
        self.tokens = tokens
        self.currencies = currencies
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t("remittances.record_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t("remittances.record_lede"))).html
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                HTML.fragment(fields(t).map { $0.html(problems, t) })
                SelectField(
                    "currency", t("remittances.currency"), choices: currencies.map { .init($0.code, $0.code) },
                    selected: (selected ?? currencies.first)?.code
                ).html(problems, t)
                HTML.fragment(optionalFields(t).map { $0.html(problems, t) })
                div(.class("actions")) {
                    submitButton(t("remittances.record_confirm"))
                    a(.class("btn"), .href(back)) { t("remittances.keep") }
                }
            }
        }
    }

    private func fields(_ t: Localiser) -> [TextField] {
        var number = TextField(
            "bank_number", t("remittances.bank_number"), hint: t("remittances.bank_number_hint"), value: typed.bankNumber)
        number.autocomplete = .off
        number.maxlength = 100
        var amount = TextField("amount", t("remittances.amount"), value: typed.amount)
        amount.inputmode = .decimal
        amount.autocomplete = .off
        amount.isShort = true
        return [number, amount]
    }

    private func optionalFields(_ t: Localiser) -> [TextField] {
        var words = TextField("words", t("remittances.words"), hint: t("remittances.words_hint"), value: typed.words)
        var payer = TextField("payer", t("remittances.payer"), value: typed.payer)
        var received = TextField(
            "received_at", t("remittances.received_at"), hint: t("remittances.received_hint", ["zone": t.zoneLabel]),
            value: typed.receivedAt)
        words.isRequired = false
        payer.isRequired = false
        received.isRequired = false
        words.maxlength = 500
        payer.maxlength = 200
        return [words, payer, received]
    }
}

/// Where customers send their money, a currency at a time.
package struct BankAccountsPage: Page {
    package struct Typed: Sendable {
        package var currency = ""
        package var accountHolder = ""
        package var bankName = ""
        package var accountNumber = ""
        package var bankCode = ""
        package var pendingDays = ""
        package init() {}
    }

    package var crumbs: Breadcrumbs
    package var accounts: [BankAccount]
    package var page: URLPath
    package var action: URLPath
    package var tokens: FormTokens
    package var typed = Typed()
    package var problems: [FieldProblem] = []
    package var wasSaved = false

    package init(crumbs: Breadcrumbs, accounts: [BankAccount], page: URLPath, action: URLPath, tokens: FormTokens) {
        self.crumbs = crumbs
        self.accounts = accounts
        self.page = page
        self.action = action
        self.tokens = tokens
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t("remittances.bank_accounts") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            if wasSaved { Banner(.good, title: t("remittances.bank_saved")).html }
            PageHeading(title(t), lede: .text(t("remittances.bank_lede"))).html
            for account in accounts { shown(account, t) }
            block(t("remittances.bank_form")) {
                form(.class("form"), .method(.post), .action(action), .novalidate) {
                    tokens.fields
                    HTML.fragment(fields(t).map { $0.html(problems, t) })
                    submitButton(t("remittances.bank_save"))
                }
            }
        }
    }

    private func shown(_ account: BankAccount, _ t: Localiser) -> HTML {
        panel(
            account.currency.code,
            tools: a(.href(page.adding([("currency", account.currency.code)]))) {
                t("remittances.bank_change", ["currency": account.currency.code])
            }
        ) {
            DetailList([
                .init(t("payments.account_holder"), .text(account.accountHolder)),
                .init(t("payments.bank_name"), .text(account.bankName)),
                .init(t("payments.account_number"), identifier(account.accountNumber)),
                .init(t("payments.bank_code"), account.bankCode.isEmpty ? t.nothing : identifier(account.bankCode)),
                .init(t("remittances.pending_days"), .text(t.number(account.pendingDays))),
            ]).html
        }
    }

    private func fields(_ t: Localiser) -> [TextField] {
        func field(_ name: String, _ label: String, _ value: String, hint: String? = nil, max: Int, isShort: Bool = false)
            -> TextField
        {
            var field = TextField(name, label, hint: hint, value: value)
            field.maxlength = max
            field.isShort = isShort
            field.autocomplete = .off
            return field
        }
        var code = field("bank_code", t("payments.bank_code"), typed.bankCode, max: 64)
        code.isRequired = false
        var days = field(
            "pending_days", t("remittances.pending_days"), typed.pendingDays, hint: t("remittances.pending_days_hint"), max: 2,
            isShort: true)
        days.inputmode = .numeric
        return [
            field(
                "currency", t("remittances.currency"), typed.currency, hint: t("remittances.currency_hint"), max: 3, isShort: true
            ),
            field("account_holder", t("payments.account_holder"), typed.accountHolder, max: 200),
            field("bank_name", t("payments.bank_name"), typed.bankName, max: 200),
            field("account_number", t("payments.account_number"), typed.accountNumber, max: 64), code, days,
        ]
    }
}
