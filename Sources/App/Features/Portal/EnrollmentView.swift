import Billing
import FoundationEssentials
import HTML
import Postgres
import Values

/// An enterprise agreement as one visit sees it: whoever sees it runs it.
struct EnrollmentView: Sendable {
    let balance: EnrollmentBalance
    let context: TenantContext

    var enrollment: Enrollment { balance.enrollment }
    var id: EnrollmentID { balance.enrollment.id }
    var currency: Currency { balance.enrollment.currency }
    var departments: [Department] { balance.lines.compactMap(\.department).sorted { ($0.name, $0.id) < ($1.name, $1.id) } }

    /// - Parameter counting: for pages that show how much each department has.
    static func load(_ visit: Visit, counting: EnrollmentBalance.Counting = .none) async throws -> EnrollmentView {
        let context = try visit.context()
        return EnrollmentView(
            balance: try await EnrollmentBalance.find(try visit.pathID(0), counting: counting, context), context: context)
    }

    func url(_ route: PageRoute, _ more: String..., query: [(String, String)] = []) -> URLPath {
        route.url([id.description] + more, query: query)
    }

    func frame(_ current: PageRoute, banner: Banner? = nil) -> Frame {
        var frame = Frame(enrollment: (id, enrollment.name), current: url(current))
        frame.banner = banner
        return frame
    }

    /// The way back up, over the list that the page belongs to.
    func crumbs(_ t: Localiser, _ above: [(label: String, url: URLPath)] = [], current: String) -> Breadcrumbs {
        Breadcrumbs([(label: enrollment.name, url: url(.enrollment))] + above, current: current)
    }

    /// - Throws: `Failure.notFound` for another agreement's.
    func department(_ visit: Visit, at index: Int = 1) throws -> EnrollmentBalance.Line {
        let wanted: DepartmentID = try visit.pathID(index)
        guard let line = balance.lines.first(where: { $0.department?.id == wanted }) else { throw Failure.notFound }
        return line
    }

    func row(_ line: EnrollmentBalance.Line) -> DepartmentTable.Row {
        DepartmentTable.Row(
            name: line.department?.name,
            url: line.department.map { url(.department, $0.id.description) } ?? url(.enrollmentSubscriptions),
            costCentre: line.department?.costCentre, quota: line.department?.quota,
            subscriptions: line.members?.subscriptions ?? 0,
            thisMonth: line.thisMonth, term: line.term)
    }

    /// What something that costs so much a month does to a department.
    func quota(_ line: EnrollmentBalance.Line, monthly: Money, _ t: Localiser) async throws -> HTML {
        let lastMonth = try await lastMonth(ofThoseNowIn: line.department?.id)
        do {
            let effect = try QuotaEffect(
                quota: line.department?.quota, spent: line.term, lastMonth: lastMonth, monthly: monthly,
                today: balance.today,
                endsOn: enrollment.endsOn)
            return quotaReview(
                QuotaFigures(
                    department: line.department?.name, quota: effect.quota, spent: effect.spent,
                    remaining: effect.remaining, expected: effect.expected,
                    expectedAfter: try effect.expected.adding(effect.added),
                    remainingWithout: effect.remainingWithout, remainingWith: effect.remainingWith, endsOn: enrollment.endsOn), t)
        } catch {
            throw Failure.unprocessable(code: "amount_out_of_range", pointer: "", arguments: ["currency": currency.code])
        }
    }

    /// What the subscriptions that run there now cost in the last whole month, wherever it was counted then: what has moved away or been stopped does
    /// not go on there, and what has moved in does.
    private func lastMonth(ofThoseNowIn department: DepartmentID?) async throws -> Money {
        let (tenant, month) = (context.tenant.id, balance.today.monthStart.adding(months: -1))
        let states = SubscriptionState.allCases.filter(QuotaEffect.goesOn).map(\.rawValue)
        let belongs: SQL = department.map { "s.department_id = \($0)" } ?? "s.department_id is null"
        let rows = try await context.read(
            """
            select coalesce(sum(l.posted_minor), 0)::bigint from subscriptions s join bill_lines l on l.tenant_id = s.tenant_id \
            and l.subscription_id = s.id and l.bill_month = \(month) where s.tenant_id = \(tenant) and s.enrollment_id = \(id) \
            and \(belongs) and s.state <> 'deleted' and s.state = any(\(states))
            """
        ).rows
        return Money(minor: try rows.first.map { try $0.get(0, as: Int64.self) } ?? 0, currency: currency)
    }

    // MARK: Accounts

    static let accountColumns: SQL = """
        select a.id, a.name, u.id, u.email, u.first_name, u.last_name, d.id, d.name, \
        (select count(*) from subscriptions s where s.tenant_id = a.tenant_id and s.account_id = a.id and s.state <> 'deleted') \
        from accounts a join users u on u.tenant_id = a.tenant_id and u.id = a.administrator_id \
        left join departments d on d.tenant_id = a.tenant_id and d.id = a.department_id
        """

    struct AccountRow: Sendable {
        let id: AccountID
        let shown: EnrollmentAccountTable.Row
    }

    func accountRow(_ row: Row) throws -> AccountRow {
        var column = Columns(row)
        let account: AccountID = try column.next()
        let name: String = try column.next()
        let person = Person(
            id: try column.next(), email: try column.next(), firstName: try column.next(), lastName: try column.next())
        let department: DepartmentID? = try column.next()
        let departmentName: String? = try column.next()
        let subscriptions: Int64 = try column.next()
        return AccountRow(
            id: account,
            shown: EnrollmentAccountTable.Row(
                name: name, url: PageRoute.subscriptions.url(account.description), administrator: (person.name, person.email),
                department: department.map { NavigationItem(departmentName ?? "", url(.department, $0.description)) },
                subscriptions: Int(subscriptions), move: url(.moveAccountForm, account.description)))
    }

    /// The accounts that a form offers, by name.
    static let offeredAccounts: Int64 = 500

    func accounts(in department: DepartmentID? = nil, limit: Int64) async throws -> [AccountRow] {
        let narrowed: SQL = department.map { "and a.department_id = \($0)" } ?? ""
        return try await context.read(
            """
            \(Self.accountColumns) where a.tenant_id = \(context.tenant.id) and a.enrollment_id = \(id) \(narrowed) \
            order by a.name_key, a.id limit \(limit)
            """
        ).rows.map(accountRow)
    }
}
