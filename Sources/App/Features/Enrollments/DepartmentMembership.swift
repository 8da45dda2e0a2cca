import Billing
import FoundationEssentials
import Postgres
import Values

/// Where subscriptions belong and since when, and what of their bills counts to which department (A14).
extension Write {
    /// The first interval of a new subscription.
    func beginMembership(of subscription: Subscription) {
        guard let enrollment = subscription.enrollmentID else { return }
        enqueue(
            """
            insert into department_memberships (tenant_id, subscription_id, sequence, enrollment_id, department_id) \
            values (\(tenant.id), \(subscription.id), 1, \(enrollment), \(subscription.departmentID))
            """)
    }

    /// Ends the open interval of each now and begins the next; their rows are locked.
    func moveMembership(of subscriptions: [SubscriptionID], in enrollment: EnrollmentID, to department: DepartmentID?) {
        enqueue(
            """
            update department_memberships set to_at = \(now) \
            where tenant_id = \(tenant.id) and subscription_id = any(\(subscriptions)) and to_at is null
            """)
        enqueue(
            """
            insert into department_memberships (tenant_id, subscription_id, sequence, enrollment_id, department_id, from_at) \
            select \(tenant.id), subscription_id, max(sequence) + 1, \(enrollment), \(department), \(now) from department_memberships \
            where tenant_id = \(tenant.id) and subscription_id = any(\(subscriptions)) group by subscription_id
            """)
    }
}

/// The shares of a settlement by department: read with the enrollment's lock, written beside the bill lines that they are parts of.
enum DepartmentLines {
    static func statements(_ subscription: Subscription, _ tenant: TenantID) -> [SQL] {
        [
            """
            select sequence, department_id, from_at, to_at from department_memberships \
            where tenant_id = \(tenant) and subscription_id = \(subscription.id) order by sequence
            """,
            """
            select product, meter, bill_month, sequence, exact_amount, posted_minor from department_lines \
            where tenant_id = \(tenant) and subscription_id = \(subscription.id)
            """,
        ]
    }

    /// - Parameters:
    ///   - rows: of `statements`.
    static func store(
        _ records: [UnsettledRecord], _ rows: ArraySlice<Rows>, of subscription: Subscription, in enrollment: EnrollmentID,
        _ write: Write
    ) throws {
        let memberships = try rows[rows.startIndex].map { row in
            var column = Columns(row)
            return DepartmentInterval(
                sequence: try column.next(), department: try column.next(), from: try column.next(), to: try column.next())
        }
        var exact: [BillItem: [Int64: ExactDecimal]] = [:]
        var posted: [BillItem: [Int64: Int64]] = [:]
        for row in rows[rows.startIndex + 1] {
            var column = Columns(row)
            let item = BillItem(
                product: try column.next(), meter: try column.next(), month: CivilMonth(of: try column.next(CivilDate.self)))
            let sequence: Int64 = try column.next()
            exact[item, default: [:]][sequence] = try column.next()
            posted[item, default: [:]][sequence] = try column.next()
        }
        let shares = try DepartmentShares.adding(records, to: exact, memberships: memberships, currency: subscription.currency)
        let departments = Dictionary(uniqueKeysWithValues: memberships.map { ($0.sequence, $0.department) })
        let lines = shares.sorted { $0.key < $1.key }.flatMap { item, shares in shares.map { (item: item, share: $0) } }
        write.enqueue(
            """
            insert into department_lines (tenant_id, subscription_id, bill_month, product, meter, sequence, enrollment_id, department_id, exact_amount, \
            posted_minor) select \(write.tenant.id), \(subscription.id), l.month, l.product, l.meter, l.sequence, \(enrollment), m.department_id, \
            l.exact, l.posted from unnest(\(lines.map(\.item.month.start)), \(lines.map(\.item.product)), \(lines.map(\.item.meter)), \
            \(lines.map(\.share.sequence)), \(lines.map(\.share.exact)), \(lines.map(\.share.posted.minor))) \
            as l (month, product, meter, sequence, exact, posted) \
            join department_memberships m on m.tenant_id = \(write.tenant.id) and m.subscription_id = \(subscription.id) and m.sequence = l.sequence \
            on conflict (tenant_id, subscription_id, bill_month, product, meter, sequence) do update set \
            exact_amount = excluded.exact_amount, posted_minor = excluded.posted_minor
            """)
        var changes: [CivilDate: [Int64: Int64]] = [:]
        for (item, share) in lines {
            let difference = share.posted.minor - (posted[item]?[share.sequence] ?? 0)
            changes[item.month.start, default: [:]][share.sequence, default: 0] += difference
        }
        for (month, bySequence) in changes.sorted(by: { $0.key < $1.key }) {
            var byDepartment: [DepartmentID?: Int64] = [:]
            for (sequence, minor) in bySequence { byDepartment[departments[sequence] ?? nil, default: 0] += minor }
            add(byDepartment, month, enrollment, write)
        }
    }

    private static func add(
        _ amounts: [DepartmentID?: Int64], _ month: CivilDate, _ enrollment: EnrollmentID, _ write: Write
    ) {
        for (department, minor) in amounts {
            write.enqueue(
                """
                insert into department_spend (tenant_id, enrollment_id, department_id, bill_month, posted_minor) \
                values (\(write.tenant.id), \(enrollment), \(department), \(month), \(minor)) \
                on conflict (tenant_id, enrollment_id, department_id, bill_month) \
                do update set posted_minor = department_spend.posted_minor + excluded.posted_minor
                """)
        }
    }
}
