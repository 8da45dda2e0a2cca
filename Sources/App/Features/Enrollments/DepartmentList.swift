import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// A department as its agreement's list shows it.
package struct ListedDepartment: Sendable {
    let department: Department
    /// What was counted to it in the term.
    let term: Money
    /// What only pages and files show.
    var figures: Figures?

    struct Figures: Sendable {
        let thisMonth: Money
        let lastMonth: Money
        let accounts: Int
        /// Not counting deleted ones.
        let subscriptions: Int
        /// The longest bar of the agreement: all of its departments share it, on whichever page they stand.
        let scale: Int64
    }

    /// Where it stands beside its quota.
    enum QuotaState: String, CaseIterable, Sendable { case over, within, none }

    fileprivate init(_ row: Row) throws {
        var column = Columns(row)
        department = try Department(&column)
        term = Money(minor: try column.next(), currency: department.currency)
    }

    fileprivate var row: DepartmentTable.Row {
        let none = Money(minor: 0, currency: department.currency)
        return DepartmentTable.Row(
            name: department.name,
            url: PageRoute.department.url(department.enrollment.description, department.id.description),
            costCentre: department.costCentre, quota: department.quota, subscriptions: figures?.subscriptions ?? 0,
            thisMonth: figures?.thisMonth ?? none, term: term)
    }
}

extension ListedDepartment {
    /// The departments of an agreement.
    package static let list = ListDescription<ListedDepartment>(
        name: "departments", endpoint: .listDepartments, table: "departments d", idColumn: "d.id", id: { $0.department.id.uuid },
        select: { "select \(Department.columns), \(unsafeSQL: spent) \(Department.source) where \($0)" },
        decode: { rows, _ in try rows.map(ListedDepartment.init) }, enrich: { try await withFigures($0, $1) },
        visible: { context in
            guard !context.principal.isOperator else { return "" }
            return """
                and d.enrollment_id = any(array(select id from enrollments where tenant_id = \(context.tenant.id) \
                \(Visibility.ofEnrollments(to: context.principal))))
                """
        },
        orders: [
            .newest("created_at", "d.created_at") { $0.department.createdAt },
            .alphabetical("name", "lower(d.name) collate \"C\"") { $0.department.name },
            .largest("term", spent) { $0.term.minor },
        ],
        filters: [
            ListFilter(
                "q", label: "list.search", .text(min: 1, max: 200), "Part of a name or of a cost centre, or an exact ID.",
                .search(hint: "department.search_hint")
            ) { text, _ in
                let q = text.trimmingBlankSpace()
                if let id = DepartmentID(q) { return "d.id = \(id)" }
                return "(position(lower(\(q)) in lower(d.name)) > 0 or position(lower(\(q)) in lower(d.cost_centre)) > 0)"
            },
            ListFilter(
                "quota", label: "department.quota_filter", .word(QuotaState.allCases.map(\.rawValue)), "",
                .words(QuotaState.allCases.map(\.rawValue)) { $1("department.quota_\($0)") }
            ) { value, _ in
                switch QuotaState(rawValue: value) {
                case .over: "\(unsafeSQL: spent) > d.quota_minor"
                case .within: "\(unsafeSQL: spent) <= d.quota_minor"
                default: "d.quota_minor is null"
                }
            },
            ListFilter("enrollment_id", label: "shell.enrollment", .id("enr"), isOfPath: true) { value, _ in
                "d.enrollment_id = \(EnrollmentID(value) ?? EnrollmentID(.zero))"
            },
        ] + ListFilter.created("d.created_at"),
        columns: nameColumns + moneyColumns + furtherColumns, write: { row, _, json in row.department.write(to: &json) })

    /// A few rows of one index for each department, however much was used.
    private static let spent = """
        (select coalesce(sum(p.posted_minor), 0)::bigint from department_spend p where p.tenant_id = d.tenant_id \
        and p.enrollment_id = d.enrollment_id and p.department_id = d.id)
        """

    /// By indexes alone (0018_large_agreements.sql, 0021_large_accounts.sql), for the rows of one page.
    private static func withFigures(_ rows: [ListedDepartment], _ context: TenantContext) async throws -> [ListedDepartment] {
        guard let first = rows.first?.department else { return rows }
        let (tenant, ids) = (context.tenant.id, rows.map(\.department.id))
        let zone = TimeZoneRule(identifier: context.tenant.timeZone) ?? .utc
        let month = zone.date(at: try await context.now()).monthStart
        let (within, before): (SQL, CivilDate) = (
            "tenant_id = \(tenant) and enrollment_id = \(first.enrollment)", month.adding(months: -1)
        )
        let read = try await context.read([
            """
            select d.id, (select count(*) from accounts where \(within) and department_id = d.id), \
            (select count(*) from subscriptions where \(within) and department_id = d.id and state <> 'deleted'), \
            (select coalesce(sum(posted_minor), 0)::bigint from department_spend where \(within) and department_id = d.id and bill_month = \(month)), \
            (select coalesce(sum(posted_minor), 0)::bigint from department_spend where \(within) and department_id = d.id and bill_month = \(before)) \
            from departments d where d.tenant_id = \(tenant) and d.id = any(\(ids))
            """,
            """
            select coalesce(max(greatest(coalesce(d.quota_minor, 0), \(unsafeSQL: spent))), 0)::bigint from departments d \
            where d.tenant_id = \(tenant) and d.enrollment_id = \(first.enrollment)
            """,
        ]).rows
        let scale = try read[1].first.map { try $0.get(0, as: Int64.self) } ?? 0
        var found: [DepartmentID: Figures] = [:]
        for row in read[0] {
            func money(_ index: Int) throws -> Money { Money(minor: try row.get(index), currency: first.currency) }
            found[try row.get(0)] = Figures(
                thisMonth: try money(3), lastMonth: try money(4), accounts: Int(try row.get(1, as: Int64.self)),
                subscriptions: Int(try row.get(2, as: Int64.self)), scale: scale)
        }
        return rows.map { row in
            var row = row
            row.figures = found[row.department.id]
            return row
        }
    }

    // MARK: Columns

    private static let nameColumns: [ListColumn<ListedDepartment>] = [
        ListColumn(
            "name", "enrollment.department", order: "name", cell: { row, reader in row.row.nameCell(reader.t) },
            file: [
                FileColumn("id", "list.id") { row, _ in .text(row.department.id.description) },
                FileColumn("name", "enrollment.department") { row, _ in .text(row.department.name) },
                FileColumn("cost_centre", "enrollment.cost_centre") { row, _ in .text(row.department.costCentre) },
            ]),
        ListColumn(
            "subscriptions", "subscriptions.title", isNumber: true,
            cell: { row, reader in .text(reader.t.number(row.row.subscriptions)) },
            file: [FileColumn("subscriptions", "subscriptions.title") { row, _ in .number(row.figures?.subscriptions) }]),
    ]

    private static let moneyColumns: [ListColumn<ListedDepartment>] = [
        ListColumn(
            "this_month", "enrollment.this_month", isNumber: true,
            cell: { row, reader in reader.t.amountElement(row.row.thisMonth) },
            file: [FileColumn("this_month", "subscription.this_month") { row, _ in .money(row.figures?.thisMonth) }]),
        ListColumn(
            "term", "enrollment.term", isNumber: true, order: "term", cell: { row, reader in reader.t.amountElement(row.term) },
            file: [
                FileColumn("term", "department.term") { row, _ in .money(row.term) },
                FileColumn("currency", "accounts.currency") { row, _ in .text(row.department.currency.code) },
            ]),
        ListColumn(
            "quota", "enrollment.quota", isNumber: true,
            cell: { row, reader in row.department.quota.map(reader.t.amountElement) ?? reader.t.nothing },
            file: [FileColumn("quota", "department.quota") { row, _ in .money(row.department.quota) }]),
        ListColumn(
            "share", "enrollment.share", cell: { row, reader in row.row.shareCell(row.figures?.scale ?? 0, reader.t) },
            file: [FileColumn("percent", "department.percent") { row, _ in .number(row.row.percent) }]),
    ]

    /// For whoever asks for them.
    private static let furtherColumns: [ListColumn<ListedDepartment>] = [
        ListColumn(
            "last_month", "enrollment.last_month", isNumber: true, isShownFirst: false,
            cell: { row, reader in row.figures.map { reader.t.amountElement($0.lastMonth) } ?? reader.t.nothing },
            file: [FileColumn("last_month", "department.last_month") { row, _ in .money(row.figures?.lastMonth) }]),
        ListColumn(
            "accounts", "enrollment.accounts", isNumber: true, isShownFirst: false,
            cell: { row, reader in .text(reader.t.number(row.figures?.accounts ?? 0)) },
            file: [FileColumn("accounts", "enrollment.accounts") { row, _ in .number(row.figures?.accounts) }]),
        ListColumn(
            "created_at", "department.added", order: "created_at", isShownFirst: false,
            cell: { row, reader in reader.t.timeElement(row.department.createdAt) },
            file: [FileColumn("created_at", "department.added") { row, _ in .instant(row.department.createdAt) }]),
    ]
}

/// What stands below the departments, whatever of them is shown: what belongs to none, and the whole agreement.
extension EnrollmentView {
    func departmentTotals(_ t: Localiser) async throws -> [ListFrame.Total] {
        var totals: [ListFrame.Total] = []
        if let rest = balance.lines.first(where: { $0.department == nil }) {
            let rows = try await context.read(
                """
                select count(*) from subscriptions where tenant_id = \(context.tenant.id) and enrollment_id = \(id) \
                and department_id is null and state <> 'deleted'
                """
            ).rows
            let count = try rows.first.map { try $0.get(0, as: Int64.self) } ?? 0
            totals.append(
                ListFrame.Total(
                    t("enrollment.no_department"), url: url(.enrollmentSubscriptions),
                    ["subscriptions": .text(t.number(count))].merging(figures([rest], t)) { $1 }))
        }
        totals.append(ListFrame.Total(t("department.total"), figures(balance.lines, t)))
        return totals
    }

    private func figures(_ lines: [EnrollmentBalance.Line], _ t: Localiser) -> [String: HTML] {
        func sum(_ part: KeyPath<EnrollmentBalance.Line, Money>) -> HTML {
            t.amountElement(Money(minor: lines.reduce(0) { $0 + $1[keyPath: part].minor }, currency: currency))
        }
        return ["this_month": sum(\.thisMonth), "last_month": sum(\.lastMonth), "term": sum(\.term)]
    }
}
