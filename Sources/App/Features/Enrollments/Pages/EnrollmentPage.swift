import HTML
import Values

/// An enterprise agreement: what was committed, what is left of it, and where it goes.
package struct EnrollmentPage: Page {
    package struct Department: Sendable {
        package let name: String
        package let costCentre: String?
        package let quota: Money?
        package let accounts: Int
        package let cost: Money

        package init(name: String, costCentre: String?, quota: Money?, accounts: Int, cost: Money) {
            self.name = name
            self.costCentre = costCentre
            self.quota = quota
            self.accounts = accounts
            self.cost = cost
        }
    }

    package struct Account: Sendable {
        package let name: String
        package let url: URLPath
        package let department: String?
        package let subscriptions: Int

        package init(name: String, url: URLPath, department: String?, subscriptions: Int) {
            self.name = name
            self.url = url
            self.department = department
            self.subscriptions = subscriptions
        }
    }

    package var id: String
    package var number: String
    package var name: String
    package var startsOn: CivilDate
    package var endsOn: CivilDate
    package var commitment: Money
    package var remaining: Money
    package var overage: Money
    package var thisMonth: Money?
    package var departments: [Department] = []
    package var accounts: [Account] = []
    package var subscriptions: URLPath

    package init(
        id: String, number: String, name: String, startsOn: CivilDate, endsOn: CivilDate, commitment: Money, remaining: Money,
        overage: Money, subscriptions: URLPath
    ) {
        self.id = id
        self.number = number
        self.name = name
        self.startsOn = startsOn
        self.endsOn = endsOn
        self.commitment = commitment
        self.remaining = remaining
        self.overage = overage
        self.subscriptions = subscriptions
    }

    package func title(_ t: Localiser) -> String { name }

    package func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(
                name,
                lede: .text(t("enrollment.lede", ["number": number, "from": t.longDate(startsOn), "to": t.longDate(endsOn)])),
                actions: [ActionLink(t("subscriptions.title"), subscriptions)]
            ).html
            facts(t).html
            departmentBlock(t)
            accountBlock(t)
            panel(t("details.title")) {
                DetailList([
                    DetailList.Item(t("enrollment.id"), copyable(id, name: t("enrollment.id"), id: "enrollment-id", t)),
                    DetailList.Item(t("enrollment.number"), .text(number)),
                ]).html
            }
        }
    }

    private func facts(_ t: Localiser) -> FactsStrip {
        let isOver = overage.isPositive
        var others = [
            FactsStrip.Fact(
                t("enrollment.overage"), t.moneyElement(overage),
                note: .text(t(isOver ? "enrollment.overage_note" : "enrollment.no_overage"))),
            FactsStrip.Fact(t("enrollment.ends"), .text(t.date(endsOn)), note: .text(t.relativeDays(to: endsOn))),
        ]
        if let thisMonth {
            others.append(
                FactsStrip.Fact(t("subscription.this_month"), t.moneyElement(thisMonth), note: .text(t("subscription.so_far"))))
        }
        return FactsStrip(
            large: FactsStrip.Fact(
                t("enrollment.remaining"), t.moneyElement(remaining),
                note: .text(t("subscription.of_commitment", ["amount": t.money(commitment)]))),
            others: others,
            picture: RemainderBar(parts: [remaining.minor], whole: max(commitment.minor, 1), tone: isOver ? .warn : .good).html)
    }

    private func departmentBlock(_ t: Localiser) -> HTML {
        block(t("enrollment.departments"), note: .text(t("enrollment.departments_note"))) {
            if departments.isEmpty {
                p(.class("note")) { t("enrollment.no_departments") }
            } else {
                DataTable(
                    t("enrollment.departments"),
                    columns: [
                        TableColumn(t("enrollment.department")), TableColumn(t("enrollment.cost_centre")),
                        TableColumn(t("enrollment.accounts"), isNumber: true),
                        TableColumn(t("enrollment.quota", ["currency": commitment.currency.code]), isNumber: true),
                        TableColumn(t("enrollment.cost", ["currency": commitment.currency.code]), isNumber: true),
                    ],
                    rows: departments.map { department in
                        TableRow([
                            .text(department.name), department.costCentre.map(HTML.text) ?? t.nothing,
                            .text(t.number(department.accounts)), department.quota.map(t.amountElement) ?? t.nothing,
                            t.amountElement(department.cost),
                        ])
                    }
                ).html
            }
        }
    }

    private func accountBlock(_ t: Localiser) -> HTML {
        block(t("enrollment.accounts")) {
            if accounts.isEmpty {
                p(.class("note")) { t("enrollment.no_accounts") }
            } else {
                DataTable(
                    t("enrollment.accounts"),
                    columns: [
                        TableColumn(t("accounts.name")), TableColumn(t("enrollment.department")),
                        TableColumn(t("subscriptions.title"), isNumber: true),
                    ],
                    rows: accounts.map { account in
                        TableRow([
                            a(.class("row-link"), .href(account.url)) { account.name },
                            account.department.map(HTML.text) ?? t.nothing, .text(t.number(account.subscriptions)),
                        ])
                    }
                ).html
            }
        }
    }
}
