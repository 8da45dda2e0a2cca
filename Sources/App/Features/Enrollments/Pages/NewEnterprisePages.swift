import HTML
import Values

/// A form that asks by address and leads to its review: what was typed stays in the address, so Back, reload and a bookmark keep it (G23).
package struct EnterpriseFormPage: Page {
    package enum Field: Sendable {
        case text(TextField)
        case select(SelectField)
    }

    package var crumbs: Breadcrumbs
    package var heading: String
    package var lede: String
    package var review: URLPath
    package var back: URLPath
    package var fields: [Field]
    package var problems: [FieldProblem] = []

    package init(crumbs: Breadcrumbs, heading: String, lede: String, review: URLPath, back: URLPath, fields: [Field]) {
        self.crumbs = crumbs
        self.heading = heading
        self.lede = lede
        self.review = review
        self.back = back
        self.fields = fields
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { heading }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(heading, lede: .text(lede)).html
            form(.class("form"), .method(.get), .action(review), .novalidate) {
                for field in fields {
                    switch field {
                    case .text(let field): field.html(problems, t)
                    case .select(let field): field.html(problems, t)
                    }
                }
                div(.class("actions")) {
                    submitButton(t("enterprise.review"))
                    a(.class("btn"), .href(back)) { t("enterprise.not_now") }
                }
            }
        }
    }
}

/// What one would make, with what it does to the quota, and the button that makes it: check your answers.
package struct EnterpriseReviewPage: Page {
    package var crumbs: Breadcrumbs
    package var heading: String
    package var lede: String
    package var answers: [(label: String, value: HTML)]
    /// The department's quota before and after; nil where it knows none.
    package var quota: HTML = .empty
    package var effects: [HTML] = []
    package var action: URLPath
    package var change: URLPath
    package var tokens: FormTokens
    package var values: [(String, String)]
    package var confirm: String

    package init(
        crumbs: Breadcrumbs, heading: String, lede: String, answers: [(label: String, value: HTML)], action: URLPath,
        change: URLPath, tokens: FormTokens, values: [(String, String)], confirm: String
    ) {
        self.crumbs = crumbs
        self.heading = heading
        self.lede = lede
        self.answers = answers
        self.action = action
        self.change = change
        self.tokens = tokens
        self.values = values
        self.confirm = confirm
    }

    package func title(_ t: Localiser) -> String { heading }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(heading, lede: .text(lede)).html
            block(t("enterprise.answers"), tools: a(.class("tool"), .href(change)) { t("enterprise.change") }) {
                DetailList(answers.map { DetailList.Item($0.label, $0.value) }).html
            }
            quota
            if !effects.isEmpty { ul(.class("effects")) { for effect in effects { li { effect } } } }
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                for (name, value) in values { hiddenField(name, value) }
                div(.class("actions")) {
                    submitButton(confirm)
                    a(.class("btn"), .href(change)) { t("enterprise.change") }
                }
            }
        }
    }
}

/// What was made, with its IDs and the next steps.
package struct EnterpriseMadePage: Page {
    package var crumbs: Breadcrumbs
    package var heading: String
    package var text: String
    package var ids: [(label: String, id: String)]
    package var next: [ActionLink]

    package init(crumbs: Breadcrumbs, heading: String, text: String, ids: [(label: String, id: String)], next: [ActionLink]) {
        self.crumbs = crumbs
        self.heading = heading
        self.text = text
        self.ids = ids
        self.next = next
    }

    package func title(_ t: Localiser) -> String { heading }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            Banner(.good, title: heading, text: .text(text)).html
            h1(.class("sr")) { heading }
            block(t("enterprise.ids")) {
                DetailList(
                    ids.enumerated().map { index, item in
                        DetailList.Item(item.label, copyable(item.id, name: item.label, id: "made-\(index)", t))
                    }
                ).html
            }
            block(t("enterprise.next")) { div(.class("actions")) { for action in next { action.button } } }
        }
    }
}

/// A department's quota before and after something comes to it; everything about the future is called an estimate.
package func quotaReview(_ effect: QuotaFigures, _ t: Localiser) -> HTML {
    var rows = [row(t("quota.spent"), effect.spent, effect.spent, t)]
    if let quota = effect.quota { rows.append(row(t("quota.quota"), quota, quota, t)) }
    if let remaining = effect.remaining { rows.append(row(t("quota.remaining"), remaining, remaining, t)) }
    rows.append(row(t("quota.expected", ["date": t.date(effect.endsOn)]), effect.expected, effect.expectedAfter, t))
    if let before = effect.remainingWithout, let after = effect.remainingWith {
        rows.append(row(t("quota.left", ["date": t.date(effect.endsOn)]), before, after, t))
    }
    let title = effect.department.map { t("quota.title", ["department": $0]) } ?? t("quota.title_none")
    return block(title, note: .text(t("quota.note"))) {
        ReviewTable(title, rows).html(t)
        if let after = effect.remainingWith, after.isNegative {
            Banner(.warn, title: t("quota.short", ["amount": t.money(Money(minor: -after.minor, currency: after.currency))])).html
        }
    }
}

private func row(_ label: String, _ before: Money, _ after: Money, _ t: Localiser) -> ReviewTable.Row {
    ReviewTable.Row(label, before: t.moneyElement(before), after: t.moneyElement(after), isChanged: before != after)
}

/// The figures of a quota's review, in money only.
package struct QuotaFigures: Sendable {
    /// Nil: what stands in no department.
    package let department: String?
    package let quota: Money?
    package let spent: Money
    package let remaining: Money?
    package let expected: Money
    package let expectedAfter: Money
    package let remainingWithout: Money?
    package let remainingWith: Money?
    package let endsOn: CivilDate

    package init(
        department: String?, quota: Money?, spent: Money, remaining: Money?, expected: Money, expectedAfter: Money,
        remainingWithout: Money?, remainingWith: Money?, endsOn: CivilDate
    ) {
        self.department = department
        self.quota = quota
        self.spent = spent
        self.remaining = remaining
        self.expected = expected
        self.expectedAfter = expectedAfter
        self.remainingWithout = remainingWithout
        self.remainingWith = remainingWith
        self.endsOn = endsOn
    }
}
