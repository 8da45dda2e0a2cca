import Billing
import HTML
import Values

/// A7: a subscription's months from the ledger, the running one on top, each with its files; and the sum that shows that they add up.
package struct BillingHistoryPage: Page {
    package var crumbs: Breadcrumbs
    package var name: String
    package var sections: SectionLinks
    package var report: BillingHistoryReport
    /// The files of a month; nil where there is nothing left to write into one.
    package var files: @Sendable (CivilMonth) -> UsageFiles?
    package var csv: URLPath
    /// Where the money is that pays for an enterprise subscription.
    package var enrollment: NavigationItem?
    package var curl: String?

    package func title(_ t: Localiser) -> String { t("billing.title_of", ["name": name]) }

    package func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            PageHeading(
                title(t), lede: .text(t(report.isEnterprise ? "billing.lede_enterprise" : "billing.lede", ["zone": t.zoneLabel]))
            ).html
            sections.html
            block(
                t("billing.months"), id: "months", note: note(t), tools: a(.class("tool"), .href(csv)) { t("billing.download") }
            ) {
                (report.isEnterprise ? enterpriseTable(t) : creditTable(t)).html
                if let curl { curlMenu(curl, t) }
            }
            if !report.isEnterprise { proof(t) }
        }
    }

    private func note(_ t: Localiser) -> HTML {
        if let enrollment {
            return t.html("billing.note_enterprise", ["enrollment": a(.href(enrollment.url)) { enrollment.label }])
        }
        return t.html("billing.note", ["as_of": t.timeElement(report.asOf)])
    }

    private func total(_ amount: (BillingMonth) -> Money) -> Money {
        Money(minor: report.months.reduce(Int64(0)) { $0 + amount($1).minor }, currency: report.balance.currency)
    }

    private func monthCell(_ month: BillingMonth, _ t: Localiser) -> HTML {
        group {
            time(.datetime(month.month.iso)) { month.month.iso }
            if month.month == report.currentMonth {
                span(.class("sub")) { t("billing.so_far") }
            } else if !report.isFinal(month.month) {
                span(.class("sub")) { t("billing.open") }
            }
        }
    }

    private func fileCell(_ month: BillingMonth, _ t: Localiser) -> HTML {
        files(month.month)?.links(of: month.month.iso, t) ?? t.nothing
    }

    private func used(_ month: BillingMonth, _ t: Localiser) -> HTML {
        group {
            t.amountElement(month.used)
            if month.beyondCredit.isPositive {
                span(.class("sub")) { t("billing.beyond", ["amount": t.amount(month.beyondCredit)]) }
            }
        }
    }

    private func bought(_ month: BillingMonth, _ t: Localiser) -> HTML {
        group {
            t.amountElement(month.bought)
            if month.granted.isPositive { span(.class("sub")) { t("billing.granted", ["amount": t.amount(month.granted)]) } }
        }
    }

    // MARK: Paid by credit

    private var showsForfeited: Bool { report.months.contains { !$0.forfeited.isZero } }
    private var showsOther: Bool { report.months.contains { !$0.other.isZero } }
    /// Where what was posted in a month is not what was used in it, the two stand side by side.
    private var showsOwnTime: Bool { report.months.contains { (try? $0.usage) != report.usage(of: $0.month) } }
    private var showsDebt: Bool {
        report.months.contains { month in
            [month.owed, month.debtPaid, month.debtWaived, month.debtWrittenOff].contains { !$0.isZero }
        }
    }

    private func creditTable(_ t: Localiser) -> DataTable {
        let code = report.balance.currency.code
        var columns = [
            TableColumn(t("billing.month")), TableColumn(t("billing.opening", ["currency": code]), isNumber: true),
            TableColumn(t("billing.bought"), isNumber: true), TableColumn(t("billing.used"), isNumber: true),
            TableColumn(t("billing.expired"), isNumber: true),
        ]
        if showsForfeited { columns.append(TableColumn(t("billing.forfeited"), isNumber: true)) }
        if showsOther { columns.append(TableColumn(t("billing.other"), isNumber: true)) }
        columns.append(TableColumn(t("billing.closing"), isNumber: true))
        if showsDebt { columns.append(TableColumn(t("billing.owed"), isNumber: true)) }
        if showsOwnTime { columns.append(TableColumn(t("billing.by_time"), isNumber: true)) }
        columns.append(TableColumn(t("billing.files")))
        let rows = report.months.map { month in
            var cells = [
                monthCell(month, t), t.amountElement(month.opening), bought(month, t), used(month, t),
                t.amountElement(month.expired),
            ]
            if showsForfeited { cells.append(t.amountElement(month.forfeited)) }
            if showsOther { cells.append(t.amountElement(month.other)) }
            cells.append(t.amountElement(month.closing))
            if showsDebt { cells.append(debt(month, t)) }
            if showsOwnTime { cells.append(span(.class("faint")) { t.amountElement(report.usage(of: month.month)) }) }
            cells.append(fileCell(month, t))
            return TableRow(id: month.month.iso, cells)
        }
        var sums = [t.amountElement(total(\.bought)), t.amountElement(total(\.used)), t.amountElement(total(\.expired))]
        if showsForfeited { sums.append(t.amountElement(total(\.forfeited))) }
        if showsOther { sums.append(t.amountElement(total(\.other))) }
        sums.append(t.amountElement(report.balance))
        if showsDebt { sums.append(t.amountElement(report.owed)) }
        if showsOwnTime { sums.append(span(.class("faint")) { t.amountElement(total { report.usage(of: $0.month) }) }) }
        var table = DataTable(
            t("billing.months"), columns: columns, rows: rows,
            totals: [DataTable.Total(t("billing.total"), sums + [.empty])])
        table.isDense = true
        return table
    }

    private func debt(_ month: BillingMonth, _ t: Localiser) -> HTML {
        group {
            t.amountElement(month.owed)
            if month.debtPaid.isPositive { span(.class("sub")) { t("billing.debt_paid", ["amount": t.amount(month.debtPaid)]) } }
            if month.debtWaived.isPositive {
                span(.class("sub")) { t("billing.debt_waived", ["amount": t.amount(month.debtWaived)]) }
            }
            if month.debtWrittenOff.isPositive {
                span(.class("sub")) { t("billing.debt_written_off", ["amount": t.amount(month.debtWrittenOff)]) }
            }
        }
    }

    /// The sum of all months beside what the lots hold, both from the ledger in one reading.
    private func proof(_ t: Localiser) -> HTML {
        panel(t(report.addsUp ? "billing.adds_up" : "billing.does_not_add_up"), id: "proof") {
            dl(.class("sum")) {
                line(t("billing.sum_opening"), t.moneyElement(report.months.last?.opening ?? .zero(report.balance.currency)))
                line("+ " + t("billing.bought"), t.moneyElement(total(\.bought)))
                line("− " + t("billing.used"), t.moneyElement(total(\.used)))
                line("− " + t("billing.expired"), t.moneyElement(total(\.expired)))
                if showsForfeited { line("− " + t("billing.forfeited"), t.moneyElement(total(\.forfeited))) }
                if showsOther { line("± " + t("billing.other"), t.moneyElement(total(\.other))) }
                div(.class("sum-total")) {
                    dt { "= " + t("billing.closing") }
                    dd { t.moneyElement(report.months.first?.closing ?? report.balance) }
                }
            }
            p(.class("note")) {
                t(report.addsUp ? "billing.proof" : "billing.proof_failed", ["amount": t.money(report.balance)])
            }
        }
    }

    private func line(_ label: String, _ value: HTML) -> HTML {
        div {
            dt { label }
            dd { value }
        }
    }

    // MARK: Enterprise

    private func enterpriseTable(_ t: Localiser) -> DataTable {
        let code = report.balance.currency.code
        let rows = report.months.map { month in
            TableRow(
                id: month.month.iso,
                [
                    monthCell(month, t), t.amountElement(report.usage(of: month.month)), t.amountElement(month.commitment),
                    t.amountElement(month.overage), fileCell(month, t),
                ])
        }
        let usage = report.months.reduce(Int64(0)) { $0 + report.usage(of: $1.month).minor }
        return DataTable(
            t("billing.months"),
            columns: [
                TableColumn(t("billing.month")), TableColumn(t("billing.usage", ["currency": code]), isNumber: true),
                TableColumn(t("billing.commitment"), isNumber: true), TableColumn(t("billing.overage"), isNumber: true),
                TableColumn(t("billing.files")),
            ], rows: rows,
            totals: [
                DataTable.Total(
                    t("billing.total"),
                    [
                        t.amountElement(Money(minor: usage, currency: report.balance.currency)),
                        t.amountElement(total(\.commitment)),
                        t.amountElement(total(\.overage)), .empty,
                    ])
            ])
    }
}
