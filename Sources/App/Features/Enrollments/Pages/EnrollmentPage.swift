import Billing
import HTML
import Values

/// An enterprise agreement: what was committed, what is left of it, what somebody has to know, and where it goes (experience 29).
package struct EnrollmentPage: Page {
    package struct Notice: Sendable {
        package let tone: Tone
        package let title: String
        package let text: String
        package let action: ActionLink?

        package init(_ tone: Tone, title: String, text: String, action: ActionLink? = nil) {
            self.tone = tone
            self.title = title
            self.text = text
            self.action = action
        }
    }

    package struct Ways: Sendable {
        package let subscriptions: URLPath
        package let newSubscription: URLPath
        package let newDepartment: URLPath
        package let newAccount: URLPath
        package let accounts: URLPath

        package init(
            subscriptions: URLPath, newSubscription: URLPath, newDepartment: URLPath, newAccount: URLPath, accounts: URLPath
        ) {
            self.subscriptions = subscriptions
            self.newSubscription = newSubscription
            self.newDepartment = newDepartment
            self.newAccount = newAccount
            self.accounts = accounts
        }
    }

    package var id: String
    package var number: String
    package var name: String
    package var startsOn: CivilDate
    /// The first day after the term.
    package var endsOn: CivilDate
    package var commitment: Money
    package var remaining: Money
    package var overage: Money
    package var thisMonth: Money?
    /// How the commitment ends at the present pace, with what a day costs.
    package var end: (end: CommitmentEnd, perDay: Money?)?
    package var notices: [Notice] = []
    package var departments: [DepartmentTable.Row] = []
    package var accounts: [EnrollmentAccountTable.Row] = []
    package var hasMoreAccounts = false
    package var ways: Ways

    package init(
        id: String, number: String, name: String, startsOn: CivilDate, endsOn: CivilDate, commitment: Money, remaining: Money,
        overage: Money, ways: Ways
    ) {
        self.id = id
        self.number = number
        self.name = name
        self.startsOn = startsOn
        self.endsOn = endsOn
        self.commitment = commitment
        self.remaining = remaining
        self.overage = overage
        self.ways = ways
    }

    package func title(_ t: Localiser) -> String { name }

    package func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(
                name,
                lede: .text(
                    t(
                        "enrollment.lede",
                        ["number": number, "from": t.longDate(startsOn), "to": t.longDate(endsOn)])),
                actions: [
                    ActionLink(t("enrollment.new_subscription"), ways.newSubscription, .primary),
                    ActionLink(t("enrollment.all_subscriptions"), ways.subscriptions),
                ]
            ).html
            for notice in notices {
                Banner(notice.tone, title: notice.title, text: .text(notice.text), actions: notice.action.map { [$0] } ?? []).html
            }
            facts(t)
            departmentBlock(t)
            accountBlock(t)
            panel(t("details.title")) {
                DetailList([
                    DetailList.Item(t("enrollment.id"), copyable(id, name: t("enrollment.id"), id: "enrollment-id", t)),
                    DetailList.Item(
                        t("enrollment.number"), copyable(number, name: t("enrollment.number"), id: "enrollment-number", t)),
                ]).html
            }
        }
    }

    private func facts(_ t: Localiser) -> HTML {
        let isOver = overage.isPositive
        // While something is left of the commitment there is no overage, and when it ends is what matters.
        var others = [
            endFact(t)
                ?? FactsStrip.Fact(
                    t("enrollment.overage"), t.moneyElement(overage),
                    note: .text(t(isOver ? "enrollment.overage_note" : "enrollment.no_overage"))),
            FactsStrip.Fact(
                t("enrollment.ends"), .text(t.date(endsOn)), note: .text(t.relativeDays(to: endsOn))),
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
            picture: RemainderBar(parts: [remaining.minor], whole: max(commitment.minor, 1), tone: isOver ? .warn : .good).html
        ).html
    }

    /// The counterpart of a prepaid overview's fact of the same name. What is used up or over is said elsewhere on the page.
    private func endFact(_ t: Localiser) -> FactsStrip.Fact? {
        let rate = ["daily": end?.perDay.map(t.money) ?? ""]
        switch end?.end {
        case .runsOut(let at)?:
            return FactsStrip.Fact(
                t("burn.title"), .text(t.relativeDays(to: at)),
                note: t.html("burn.runs_out", ["date": t.dateElement(at)], rate))
        case .outlasts(_, let unused)?:
            let words = rate.merging(["unused": t.money(unused)]) { first, _ in first }
            return FactsStrip.Fact(t("burn.title"), .text(t("burn.outlasts")), note: .text(t("burn.left_of_commitment", words)))
        case .tooLittleHistory?:
            return FactsStrip.Fact(
                t("burn.title"), t.nothing,
                note: .text(t("burn.too_young", ["needed": t.number(BurnRate.daysAtLeast)])))
        case .usedUp?, .termOver?, nil: return nil
        }
    }

    private func departmentBlock(_ t: Localiser) -> HTML {
        block(
            t("enrollment.departments"), note: .text(t("enrollment.departments_note")),
            tools: a(.class("tool"), .href(ways.newDepartment)) { t("department.new") }
        ) {
            if departments.isEmpty {
                p(.class("note")) { t("enrollment.no_departments") }
            } else {
                DepartmentTable(departments, currency: commitment.currency).html(t)
            }
        }
    }

    private func accountBlock(_ t: Localiser) -> HTML {
        block(t("enrollment.accounts"), tools: a(.class("tool"), .href(ways.newAccount)) { t("enrollment.new_account") }) {
            if accounts.isEmpty {
                p(.class("note")) { t("enrollment.no_accounts") }
            } else {
                EnrollmentAccountTable(accounts).html(t)
                if hasMoreAccounts { p { a(.href(ways.accounts)) { t("enrollment.all_accounts") } } }
            }
        }
    }
}

/// Accounts of an agreement: whose they are and where they stand.
package struct EnrollmentAccountTable: Sendable {
    package struct Row: Sendable {
        package let name: String
        package let url: URLPath
        package let administrator: (name: String, email: String)
        package let department: NavigationItem?
        package let subscriptions: Int
        package let move: URLPath

        package init(
            name: String, url: URLPath, administrator: (name: String, email: String), department: NavigationItem?,
            subscriptions: Int, move: URLPath
        ) {
            self.name = name
            self.url = url
            self.administrator = administrator
            self.department = department
            self.subscriptions = subscriptions
            self.move = move
        }
    }

    package let rows: [Row]

    package init(_ rows: [Row]) { self.rows = rows }

    package func html(_ t: Localiser) -> HTML {
        DataTable(
            t("enrollment.accounts"),
            columns: [
                TableColumn(t("accounts.name")), TableColumn(t("accounts.administrator")),
                TableColumn(t("enrollment.department")),
                TableColumn(t("subscriptions.title"), isNumber: true),
            ],
            rows: rows.map { account in
                TableRow([
                    a(.class("row-link"), .href(account.url)) { account.name },
                    twoLines(account.administrator.name, account.administrator.email), department(account, t),
                    .text(t.number(account.subscriptions)),
                ])
            }
        ).html
    }

    private func department(_ account: Row, _ t: Localiser) -> HTML {
        group {
            if let department = account.department {
                a(.href(department.url)) { department.label }
            } else {
                t("enrollment.no_department")
            }
            span(.class("sub")) {
                a(.href(account.move), .ariaLabel(t("enrollment.move_name", ["name": account.name]))) { t("enrollment.move") }
            }
        }
    }
}
