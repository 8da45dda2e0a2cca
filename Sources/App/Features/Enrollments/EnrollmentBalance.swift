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
        /// Nil where they were not asked for.
        package let members: MemberCount?
        package let thisMonth: Money
        package let lastMonth: Money
        package let term: Money
    }

    /// What belongs to a department now.
    package struct MemberCount: Sendable {
        package var accounts = 0
        /// Not counting deleted ones.
        package var subscriptions = 0
    }

    package let enrollment: Enrollment
    package let asOf: Instant
    package let today: CivilDate
    /// Departments by what was counted to them, the dearest first; what is in none stands last, and only where there is something.
    package let lines: [Line]
    package let notices: [EnrollmentNotice]
    /// Nil with too little to look back on.
    package let pace: CommitmentPace?
    package let end: CommitmentEnd

    package var thisMonth: Money { total(\.thisMonth) }
    package var term: Money { total(\.term) }

    private func total(_ part: KeyPath<Line, Money>) -> Money {
        Money(minor: lines.reduce(0) { $0 + $1[keyPath: part].minor }, currency: enrollment.currency)
    }

    /// Whose accounts and subscriptions are counted, which takes the longer the more there are.
    package enum Counting: Sendable {
        case none, all
        case only(DepartmentID)
    }

    package static func find(_ id: EnrollmentID, counting: Counting, _ context: TenantContext) async throws -> EnrollmentBalance {
        let zone = TimeZoneRule(identifier: context.tenant.timeZone) ?? .utc
        let now = try await context.now()
        let today = zone.date(at: now)
        guard !context.principal.roles(on: Belonging(enrollment: id)).isEmpty else { throw Failure.notFound }
        let rows = try await context.read(
            statements(id, month: today.monthStart, context.tenant.id) + counts(counting, id, context.tenant.id)
        ).rows
        guard let row = rows[0].first else { throw Failure.notFound }
        let enrollment = try Enrollment(row)
        let members = rows.count > 3 ? try decodeCounts(accounts: rows[3], subscriptions: rows[4]) : nil
        func line(_ department: Department?, _ column: inout Columns) throws -> Line {
            let money = { (minor: Int64) in Money(minor: minor, currency: enrollment.currency) }
            return Line(
                department: department, members: members.map { $0[department?.id] ?? MemberCount() },
                thisMonth: money(try column.next()), lastMonth: money(try column.next()), term: money(try column.next()))
        }
        var lines = try rows[1].map { row in
            var column = Columns(row)
            return try line(try Department(&column), &column)
        }
        lines.sort { ($1.term.minor, $0.department?.name ?? "") < ($0.term.minor, $1.department?.name ?? "") }
        if let row = rows[2].first {
            var column = Columns(row)
            let isUsed: Bool = try column.next()
            let rest = try line(nil, &column)
            if isUsed || !rest.term.isZero { lines.append(rest) }
        }
        let spends = lines.compactMap { line in
            line.department.map { DepartmentSpend(id: $0.id, quota: $0.quota, spent: line.term) }
        }
        let since = CommitmentPace.firstDay(today: today, termStarts: enrollment.startsOn)
        let lately = lines.reduce(Int64(0)) { $0 + $1.thisMonth.minor + (since < today.monthStart ? $1.lastMonth.minor : 0) }
        let pace = CommitmentPace(
            cost: Money(minor: lately, currency: enrollment.currency), since: zone.startOfDay(since), at: now)
        let end = CommitmentEnd.projected(
            pace, remaining: enrollment.commitmentRemaining, termEnds: zone.startOfDay(enrollment.endsOn), at: now)
        return EnrollmentBalance(
            enrollment: enrollment, asOf: now, today: today, lines: lines,
            notices: EnrollmentNotices.notices(
                today: today, endsOn: enrollment.endsOn, commitment: enrollment.commitment, posted: enrollment.posted,
                departments: spends), pace: pace, end: end)
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
            select \(Department.columns), coalesce(p.this_month, 0), coalesce(p.last_month, 0), coalesce(p.term, 0) \(Department.source) \
            left join (select department_id, \(sums) group by 1) p on p.department_id = d.id \
            where d.tenant_id = \(tenant) and d.enrollment_id = \(id)
            """,
            """
            select exists (select from accounts where tenant_id = \(tenant) and enrollment_id = \(id) and department_id is null) \
            or exists (select from subscriptions where tenant_id = \(tenant) and enrollment_id = \(id) and department_id is null and state <> 'deleted'), \
            \(sums) and department_id is null
            """,
        ]
    }

    /// By indexes in the departments' order alone (0018_large_agreements.sql, 0021_large_accounts.sql).
    private static func counts(_ counting: Counting, _ id: EnrollmentID, _ tenant: TenantID) -> [SQL] {
        let within: SQL = "tenant_id = \(tenant) and enrollment_id = \(id)"
        func counted(_ table: SQL, _ more: SQL) -> SQL {
            if case .only(let department) = counting {
                return
                    "select \(department)::uuid, (select count(*) from \(table) where \(within) and department_id = \(department) \(more))"
            }
            return """
                select d.id, (select count(*) from \(table) where \(within) and department_id = d.id \(more)) from departments d \
                where d.tenant_id = \(tenant) and d.enrollment_id = \(id) \
                union all select null, (select count(*) from \(table) where \(within) and department_id is null \(more))
                """
        }
        if case .none = counting { return [] }
        return [counted("accounts", ""), counted("subscriptions", "and state <> 'deleted'")]
    }

    private static func decodeCounts(accounts: Rows, subscriptions: Rows) throws -> [DepartmentID?: MemberCount] {
        var found: [DepartmentID?: MemberCount] = [:]
        for row in accounts { found[try row.get(0), default: MemberCount()].accounts = Int(try row.get(1, as: Int64.self)) }
        for row in subscriptions {
            found[try row.get(0), default: MemberCount()].subscriptions = Int(try row.get(1, as: Int64.self))
        }
        return found
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
            if let pace {
                json.field(
                    "burn_rate",
                    object: {
                        $0.field("per_day", pace.perDay)
                        $0.field("cost", pace.cost)
                        $0.field("since", pace.since)
                    })
            } else {
                json.nullField("burn_rate")
            }
            json.field("commitment_end", object: write(end:))
            json.field("departments", array: { json in for line in lines { Self.write(line, to: &json) } })
            json.field("notices", array: { json in for notice in notices { Self.write(notice, to: &json) } })
        }
    }

    private func write(end json: inout JSONWriter) {
        json.field("kind", end.kind)
        switch end {
        case .runsOut(let at):
            json.field("at", at)
            json.nullField("unused")
        case .outlasts(let at, let unused):
            json.field("at", at)
            json.field("unused", unused)
        case .usedUp, .termOver, .tooLittleHistory:
            json.nullField("at")
            json.nullField("unused")
        }
    }

    private static func write(_ line: Line, to json: inout JSONWriter) {
        json.object {
            $0.field("id", line.department?.id)
            $0.field("name", line.department?.name)
            $0.field("cost_centre", line.department?.costCentre)
            if let quota = line.department?.quota { $0.field("quota", quota) } else { $0.nullField("quota") }
            $0.field("accounts", line.members?.accounts)
            $0.field("subscriptions", line.members?.subscriptions)
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
