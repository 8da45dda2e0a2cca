import HTML
import Values

/// Where a subscription counted and when: until … to this department, from … to that one.
package struct StayTable: Sendable {
    package struct Row: Sendable {
        package let name: String?
        package let from: Instant?
        package let to: Instant?
        package let cost: Money

        package init(name: String?, from: Instant?, to: Instant?, cost: Money) {
            self.name = name
            self.from = from
            self.to = to
            self.cost = cost
        }
    }

    package let rows: [Row]

    package init(_ rows: [Row]) { self.rows = rows }

    package func html(_ t: Localiser) -> HTML {
        DataTable(
            t("stays.title"),
            columns: [
                TableColumn(t("enrollment.department")), TableColumn(t("stays.when")),
                TableColumn(t("enrollment.cost", ["currency": rows.first?.cost.currency.code ?? ""]), isNumber: true),
            ],
            rows: rows.map { row in
                TableRow([.text(row.name ?? t("enrollment.no_department")), when(row, t), t.amountElement(row.cost)])
            }
        ).html
    }

    private func when(_ row: Row, _ t: Localiser) -> HTML {
        switch (row.from, row.to) {
        case (nil, nil): .text(t("stays.always"))
        case (nil, let to?): t.html("stays.until", ["to": t.timeElement(to)])
        case (let from?, nil): t.html("stays.since", ["from": t.timeElement(from)])
        case (let from?, let to?): t.html("stays.between", ["from": t.timeElement(from), "to": t.timeElement(to)])
        }
    }
}

/// A subscription's way through the departments of its agreement.
package struct StaysPage: Page {
    package var crumbs: Breadcrumbs
    package var name: String
    package var rows: [StayTable.Row]
    package var move: URLPath?

    package init(crumbs: Breadcrumbs, name: String, rows: [StayTable.Row], move: URLPath?) {
        self.crumbs = crumbs
        self.name = name
        self.rows = rows
        self.move = move
    }

    package func title(_ t: Localiser) -> String { t("stays.title_of", ["name": name]) }

    package func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            PageHeading(
                title(t), lede: .text(t("stays.lede")), actions: move.map { [ActionLink(t("move.action"), $0, .primary)] } ?? []
            ).html
            StayTable(rows).html(t)
        }
    }
}

/// Move a subscription or an account to another department: first where to, then what it does and from when on.
package struct MovePage: Page {
    package struct Review: Sendable {
        package let effects: [HTML]
        package let quota: HTML
        package let value: String

        package init(effects: [HTML], quota: HTML, value: String) {
            self.effects = effects
            self.quota = quota
            self.value = value
        }
    }

    package var crumbs: Breadcrumbs
    package var heading: String
    /// Nil: it stands in no department.
    package var current: String?
    /// This page; asked by GET with `department_id`, confirmed by POST.
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var choices: [FilterBar.Choice]
    package var selected: String?
    package var review: Review?
    package var stays: [StayTable.Row] = []
    package var problems: [FieldProblem] = []

    package init(
        crumbs: Breadcrumbs, heading: String, current: String?, action: URLPath, back: URLPath, tokens: FormTokens,
        choices: [FilterBar.Choice]
    ) {
        self.crumbs = crumbs
        self.heading = heading
        self.current = current
        self.action = action
        self.back = back
        self.tokens = tokens
        self.choices = choices
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { heading }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(heading, lede: .text(current.map { t("move.lede", ["department": $0]) } ?? t("move.lede_none"))).html
            if let review { confirmation(review, t) } else { question(t) }
            if !stays.isEmpty { block(t("stays.title")) { StayTable(stays).html(t) } }
        }
    }

    private func question(_ t: Localiser) -> HTML {
        form(.class("form"), .method(.get), .action(action), .novalidate) {
            SelectField("department_id", t("move.to"), hint: t("move.to_hint"), choices: choices, selected: selected).html(
                problems, t)
            div(.class("actions")) {
                submitButton(t("move.review"))
                a(.class("btn"), .href(back)) { t("move.keep") }
            }
        }
    }

    private func confirmation(_ review: Review, _ t: Localiser) -> HTML {
        var question = ConfirmForm(
            effects: review.effects, action: action, tokens: tokens, confirm: t("move.action"), isDangerous: false,
            keep: t("move.keep"), back: back)
        question.values = [("department_id", review.value)]
        return group {
            review.quota
            question.html(t)
        }
    }
}
