import Billing
import HTML
import HTTP
import Postgres
import Values

/// An enterprise agreement with its departments and accounts.
extension PageHandler {
    /// An agreement with more accounts than this is read through its list of subscriptions.
    private static let accountsShown: Int64 = 100

    func enrollment(_ visit: Visit) async throws -> HTTPResponse {
        let id: EnrollmentID = try visit.pathID(0)
        let context = try visit.context()
        let enrollment = try await FindEnrollment.byID(id, context)
        let tenant = context.tenant.id
        let month = visit.localiser().zone.date(at: visit.localiser().now).monthStart
        let (_, rows) = try await context.read([
            """
            select d.name, d.cost_centre, d.quota_minor, \
            (select count(*) from accounts a where a.tenant_id = d.tenant_id and a.enrollment_id = d.enrollment_id and a.department_id = d.id), \
            coalesce((select sum(b.posted_minor) from bill_lines b join subscriptions s on s.tenant_id = b.tenant_id and s.id = b.subscription_id \
            where s.tenant_id = d.tenant_id and s.department_id = d.id and b.bill_month = \(month)), 0)::bigint \
            from departments d where d.tenant_id = \(tenant) and d.enrollment_id = \(id) order by d.name, d.id
            """,
            """
            select a.id, a.name, d.name, (select count(*) from subscriptions s where s.tenant_id = a.tenant_id and s.account_id = a.id) \
            from accounts a left join departments d on d.tenant_id = a.tenant_id and d.id = a.department_id \
            where a.tenant_id = \(tenant) and a.enrollment_id = \(id) order by a.name, a.id limit \(Self.accountsShown)
            """,
            """
            select coalesce(sum(b.posted_minor), 0)::bigint from bill_lines b join subscriptions s on s.tenant_id = b.tenant_id \
            and s.id = b.subscription_id where s.tenant_id = \(tenant) and s.enrollment_id = \(id) and b.bill_month = \(month)
            """,
        ])
        var page = EnrollmentPage(
            id: id.description, number: enrollment.number, name: enrollment.name, startsOn: enrollment.startsOn,
            endsOn: enrollment.endsOn,
            commitment: enrollment.commitment, remaining: enrollment.commitmentRemaining, overage: enrollment.overage,
            subscriptions: PageRoute.enrollmentSubscriptions.url(id.description))
        page.departments = try rows[0].map { try department($0, enrollment.currency) }
        page.accounts = try rows[1].map { row in
            var column = Columns(row)
            let account: AccountID = try column.next()
            let name: String = try column.next()
            let department: String? = try column.next()
            let subscriptions: Int64 = try column.next()
            return EnrollmentPage.Account(
                name: name, url: PageRoute.subscriptions.url(account.description), department: department,
                subscriptions: Int(subscriptions))
        }
        page.thisMonth = try rows[2].first.map { Money(minor: try $0.get(0), currency: enrollment.currency) }
        return visit.page(page, Frame(enrollment: (id, enrollment.name), current: PageRoute.enrollment.url(id.description)))
    }

    private func department(_ row: Row, _ currency: Currency) throws -> EnrollmentPage.Department {
        var column = Columns(row)
        let name: String = try column.next()
        let costCentre: String? = try column.next()
        let quota: Int64? = try column.next()
        let accounts: Int64 = try column.next()
        let cost: Int64 = try column.next()
        return EnrollmentPage.Department(
            name: name, costCentre: costCentre, quota: quota.map { Money(minor: $0, currency: currency) },
            accounts: Int(accounts),
            cost: Money(minor: cost, currency: currency))
    }
}
