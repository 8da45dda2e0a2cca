import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// An enterprise agreement as of now: what is left of its commitment, where it goes, and what somebody has to know (experience 29).
package struct EnrollmentBalance: Sendable {
    /// One department, or what stands in none.
    package struct Line: Sendable {
        package let department: Department?
        package let accounts: Int
        /// Not counting deleted ones.
        package let subscriptions: Int
        package let thisMonth: Money
        package let lastMonth: Money
        package let term: Money
    }

    package let enrollment: Enrollment
    package let asOf: Instant
    package let today: CivilDate
    /// Departments by what was counted to them, the dearest first; what is in none stands last, and only where there is something.
    package let lines: [Line]
    package let notices: [EnrollmentNotice]

    package var thisMonth: Money { total(\.thisMonth) }
    package var term: Money { total(\.term) }

    private func total(_ part: KeyPath<Line, Money>) -> Money {
        Money(minor: lines.reduce(0) { $0 + $1[keyPath: part].minor }, currency: enrollment.currency)
    }

    package static func find(_ id: EnrollmentID, _ context: TenantContext) async throws -> EnrollmentBalance {
        let zone = TimeZoneRule(identifier: context.tenant.timeZone) ?? .utc
        let now = try await context.now()
        let today = zone.date(at: now)
        guard !context.principal.roles(on: Belonging(enrollment: id)).isEmpty else { throw Failure.notFound }
        let rows = try await context.read(statements(id, month: today.monthStart, context.tenant.id)).rows
        guard let row = rows[0].first else { throw Failure.notFound }
        let enrollment = try Enrollment(row)
        var lines = try rows[1].map { row in
            var column = Columns(row)
            let department = try Department(&column)
            return try line(department, &column, enrollment.currency)
        }
        lines.sort { ($1.term.minor, $0.department?.name ?? "") < ($0.term.minor, $1.department?.name ?? "") }
        if let row = rows[2].first {
            var column = Columns(row)
            let rest = try line(nil, &column, enrollment.currency)
            if rest.accounts + rest.subscriptions > 0 || !rest.term.isZero { lines.append(rest) }
        }
        let spends = lines.compactMap { line in
            line.department.map { DepartmentSpend(id: $0.id, quota: $0.quota, spent: line.term) }
        }
        return EnrollmentBalance(
            enrollment: enrollment, asOf: now, today: today, lines: lines,
            notices: EnrollmentNotices.notices(
                today: today, endsOn: enrollment.endsOn, commitment: enrollment.commitment, posted: enrollment.posted,
                departments: spends))
    }

    private static func line(_ department: Department?, _ column: inout Columns, _ currency: Currency) throws -> Line {
        let accounts: Int64 = try column.next()
        let subscriptions: Int64 = try column.next()
        let money = { (minor: Int64) in Money(minor: minor, currency: currency) }
        return Line(
            department: department, accounts: Int(accounts), subscriptions: Int(subscriptions),
            thisMonth: money(try column.next()), lastMonth: money(try column.next()), term: money(try column.next()))
    }

    private static func statements(_ id: EnrollmentID, month: CivilDate, _ tenant: TenantID) -> [SQL] {
        let before = month.adding(months: -1)
        let sums: SQL = """
            coalesce(sum(posted_minor) filter (where bill_month = \(month)), 0)::bigint as this_month, \
            coalesce(sum(posted_minor) filter (where bill_month = \(before)), 0)::bigint as last_month, coalesce(sum(posted_minor), 0)::bigint as term \
            from department_spend where tenant_id = \(tenant) and enrollment_id = \(id)
            """
        return [
            "select \(Enrollment.columns) from enrollments where tenant_id = \(tenant) and id = \(id)",
            """
            select \(Department.columns), coalesce(a.number, 0), coalesce(s.number, 0), coalesce(p.this_month, 0), coalesce(p.last_month, 0), \
            coalesce(p.term, 0) \(Department.source) \
            left join (select department_id, count(*) as number from accounts where tenant_id = \(tenant) and enrollment_id = \(id) group by 1) a \
            on a.department_id = d.id \
            left join (select department_id, count(*) as number from subscriptions \
            where tenant_id = \(tenant) and enrollment_id = \(id) and state <> 'deleted' group by 1) s on s.department_id = d.id \
            left join (select department_id, \(sums) group by 1) p on p.department_id = d.id \
            where d.tenant_id = \(tenant) and d.enrollment_id = \(id)
            """,
            """
            select (select count(*) from accounts where tenant_id = \(tenant) and enrollment_id = \(id) and department_id is null), \
            (select count(*) from subscriptions where tenant_id = \(tenant) and enrollment_id = \(id) and department_id is null and state <> 'deleted'), \
            \(sums) and department_id is null
            """,
        ]
    }

    // MARK: In the API

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("object", "enrollment_balance")
            json.field("enrollment_id", enrollment.id)
            json.field("as_of", asOf)
            json.field("currency", enrollment.currency.code)
            json.field("commitment", enrollment.commitment)
            json.field("commitment_remaining", enrollment.commitmentRemaining)
            json.field("overage", enrollment.overage)
            json.field("posted", enrollment.posted)
            json.field("this_month", thisMonth)
            json.field("starts_on", enrollment.startsOn.iso)
            json.field("ends_on", enrollment.endsOn.iso)
            json.field("days_left", today.daysUntil(enrollment.endsOn))
            json.field("departments", array: { json in for line in lines { Self.write(line, to: &json) } })
            json.field("notices", array: { json in for notice in notices { Self.write(notice, to: &json) } })
        }
    }

    private static func write(_ line: Line, to json: inout JSONWriter) {
        json.object {
            $0.field("id", line.department?.id)
            $0.field("name", line.department?.name)
            $0.field("cost_centre", line.department?.costCentre)
            if let quota = line.department?.quota { $0.field("quota", quota) } else { $0.nullField("quota") }
            $0.field("accounts", line.accounts)
            $0.field("subscriptions", line.subscriptions)
            $0.field("this_month", line.thisMonth)
            $0.field("last_month", line.lastMonth)
            $0.field("term", line.term)
        }
    }

    private static func write(_ notice: EnrollmentNotice, to json: inout JSONWriter) {
        json.object { json in
            json.field("kind", notice.kind)
            switch notice {
            case .termEnds(let date, let days):
                json.field("on", date.iso)
                json.field("days", days)
            case .termOver(let date): json.field("on", date.iso)
            case .commitmentUsed(let percent, let remaining):
                json.field("percent", percent)
                json.field("remaining", remaining)
            case .departmentOverQuota(let id, let over):
                json.field("department_id", id)
                json.field("over", over)
            }
        }
    }
}
