import HTML
import Values

/// One department: what it may spend, what it has, month by month, and the accounts in it (experience 30).
package struct DepartmentPage: Page {
    package struct Ways: Sendable {
        package let edit: URLPath
        /// Says why, where the use case would refuse.
        package let delete: ActionLink
        package let subscriptions: URLPath
        package let newSubscription: URLPath

        package init(edit: URLPath, delete: ActionLink, subscriptions: URLPath, newSubscription: URLPath) {
            self.edit = edit
            self.delete = delete
            self.subscriptions = subscriptions
            self.newSubscription = newSubscription
        }
    }

    package var crumbs: Breadcrumbs
    package var id: String
    package var row: DepartmentTable.Row
    package var lastMonth: Money
    package var remaining: Money?
    /// The newest first.
    package var months: [(month: CivilDate, cost: Money)]
    package var accounts: [EnrollmentAccountTable.Row]
    package var ways: Ways

    package init(
        crumbs: Breadcrumbs, id: String, row: DepartmentTable.Row, lastMonth: Money, remaining: Money?,
        months: [(month: CivilDate, cost: Money)], accounts: [EnrollmentAccountTable.Row], ways: Ways
    ) {
        self.crumbs = crumbs
        self.id = id
        self.row = row
        self.lastMonth = lastMonth
        self.remaining = remaining
        self.months = months
        self.accounts = accounts
        self.ways = ways
    }

    package func title(_ t: Localiser) -> String { row.name ?? t("enrollment.no_department") }

    package func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            PageHeading(
                title(t), lede: row.costCentre.map { .text(t("department.lede", ["cost_centre": $0])) } ?? .empty,
                actions: [
                    ActionLink(t("enrollment.new_subscription"), ways.newSubscription, .primary),
                    ActionLink(t("department.subscriptions", ["number": t.number(row.subscriptions)]), ways.subscriptions),
                    ActionLink(t("department.edit"), ways.edit),
                ]
            ).html
            facts(t)
            block(t("department.months"), note: .text(t("department.months_note"))) { monthTable(t) }
            block(t("enrollment.accounts")) {
                if accounts.isEmpty {
                    p(.class("note")) { t("department.no_accounts") }
                } else {
                    EnrollmentAccountTable(accounts).html(t)
                }
            }
            panel(t("details.title")) {
                DetailList([DetailList.Item(t("department.id"), copyable(id, name: t("department.id"), id: "department-id", t))])
                    .html
                ul(.class("panel-actions")) { li { ways.delete.link } }
            }
        }
    }

    private func facts(_ t: Localiser) -> HTML {
        let isOver = row.quota.map { row.term.minor > $0.minor } ?? false
        var others = [
            FactsStrip.Fact(t("subscription.this_month"), t.moneyElement(row.thisMonth), note: .text(t("subscription.so_far"))),
            FactsStrip.Fact(t("department.last_month"), t.moneyElement(lastMonth)),
        ]
        if let remaining {
            let over = row.quota.map { Money(minor: row.term.minor - $0.minor, currency: $0.currency) } ?? remaining
            others.append(
                FactsStrip.Fact(
                    t(isOver ? "department.over" : "department.remaining"), t.moneyElement(isOver ? over : remaining),
                    note: .text(t("department.of_quota", ["amount": t.money(row.quota ?? remaining)]))))
        }
        return FactsStrip(
            large: FactsStrip.Fact(
                t("department.term"), t.moneyElement(row.term),
                note: .text(
                    row.percent.map { t("enrollment.of_quota", ["percent": t.number($0)]) } ?? t("enrollment.without_quota"))),
            others: others,
            picture: QuotaBar(spent: row.term, quota: row.quota, scale: max(row.term.minor, row.quota?.minor ?? 0)).html
        ).html
    }

    @HTMLBuilder
    private func monthTable(_ t: Localiser) -> HTML {
        if months.isEmpty {
            p(.class("note")) { t("department.no_months") }
        } else {
            DataTable(
                t("department.months"),
                columns: [
                    TableColumn(t("department.month")),
                    TableColumn(t("enrollment.cost", ["currency": row.term.currency.code]), isNumber: true),
                ],
                rows: months.map { TableRow([.text(String($0.month.iso.prefix(7))), t.amountElement($0.cost)]) },
                totals: [DataTable.Total(t("credit.total"), [t.amountElement(row.term)])]
            ).html
        }
    }
}

/// A new department, or one that is changed.
package struct DepartmentFormPage: Page {
    package var crumbs: Breadcrumbs
    package var isNew: Bool
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var currency: Currency
    package var name = ""
    package var costCentre = ""
    package var quota = ""
    /// What is stored now, when somebody changed it meanwhile (G19).
    package var stored: (name: String, costCentre: String, quota: String)?
    package var problems: [FieldProblem] = []

    package init(crumbs: Breadcrumbs, isNew: Bool, action: URLPath, back: URLPath, tokens: FormTokens, currency: Currency) {
        self.crumbs = crumbs
        self.isNew = isNew
        self.action = action
        self.back = back
        self.tokens = tokens
        self.currency = currency
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t(isNew ? "department.new" : "department.edit_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t("department.form_lede"))).html
            if let stored { conflict(stored, t) }
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                for field in fields(t) { field.html(problems, t) }
                div(.class("actions")) {
                    submitButton(t(stored != nil ? "edit.save_mine" : isNew ? "department.create" : "edit.save"))
                    a(.class("btn"), .href(back)) { t(isNew ? "enterprise.not_now" : "edit.discard") }
                }
            }
        }
    }

    private func fields(_ t: Localiser) -> [TextField] {
        var name = TextField("name", t("department.name"), value: name)
        name.autocomplete = .off
        name.maxlength = 200
        var centre = TextField(
            "cost_centre", t("enrollment.cost_centre"), hint: t("department.cost_centre_hint"), value: costCentre)
        centre.autocomplete = .off
        centre.maxlength = 100
        centre.isRequired = false
        centre.isShort = true
        var quota = TextField("quota", t("department.quota"), hint: t("department.quota_hint"), value: quota)
        quota.autocomplete = .off
        quota.inputmode = .decimal
        quota.prefix = t.currencySymbol(currency)
        quota.isRequired = false
        return [name, centre, quota]
    }

    private func conflict(_ stored: (name: String, costCentre: String, quota: String), _ t: Localiser) -> HTML {
        func row(_ label: String, _ before: String, _ after: String) -> ReviewTable.Row {
            ReviewTable.Row(label, before: .text(before), after: .text(after), isChanged: before != after)
        }
        return Banner(
            .warn, title: t("edit.conflict_title"),
            text: group {
                p { t("edit.conflict_text") }
                ReviewTable(
                    t("edit.conflict_title"),
                    [
                        row(t("department.name"), stored.name, name),
                        row(t("enrollment.cost_centre"), stored.costCentre, costCentre),
                        row(t("department.quota"), stored.quota, quota),
                    ]
                ).html(t)
            }
        ).html
    }
}

/// Delete a department: only one that nothing was ever counted to, under its typed name.
package struct DeleteDepartmentPage: Page {
    package var crumbs: Breadcrumbs
    package var name: String
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var typedName = ""
    package var problems: [FieldProblem] = []

    package init(crumbs: Breadcrumbs, name: String, action: URLPath, back: URLPath, tokens: FormTokens) {
        self.crumbs = crumbs
        self.name = name
        self.action = action
        self.back = back
        self.tokens = tokens
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t("department.delete_title", ["name": name]) }

    package func content(_ t: Localiser) -> HTML {
        var question = ConfirmForm(
            effects: [.text(t("department.delete_empty")), .text(t("department.delete_gone"))], action: action, tokens: tokens,
            confirm: t("department.delete"), isDangerous: true, keep: t("department.keep"), back: back)
        question.typedName = name
        question.typedValue = typedName
        question.problems = problems
        return div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t)).html
            question.html(t)
        }
    }
}
