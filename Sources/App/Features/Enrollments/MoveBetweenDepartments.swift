import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A14: moves a subscription to another department of its enrollment, or out of any. What it uses from this instant on counts there.
package struct MoveSubscription: Sendable {
    let id: SubscriptionID
    /// Nil: into no department.
    let department: DepartmentID?
    let ifMatch: String?

    package init(id: SubscriptionID, department: DepartmentID?, ifMatch: String? = nil) {
        self.id = id
        self.department = department
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            var (subscription, roles, rows) = try await write.lockSubscription(
                id,
                also: [
                    """
                    select d.id from departments d join subscriptions s on s.tenant_id = d.tenant_id and s.enrollment_id = d.enrollment_id \
                    where s.tenant_id = \(write.tenant.id) and s.id = \(id) and d.id = \(department) for key share of d
                    """
                ])
            try TenantContext.require(.createEnterprise, of: roles, in: subscription.accountKind)
            guard let enrollment = subscription.enrollmentID else {
                throw Failure.forbidden(code: "move_not_allowed_for_offer", arguments: ["offer": subscription.offer.rawValue])
            }
            try subscription.requireVersion(ifMatch)
            try subscription.refuseIfGone(at: write.now)
            if department != nil, rows[0].isEmpty {
                throw Failure.invalid([FieldError("/department_id", "unknown_department")])
            }
            let before = subscription.departmentID
            guard department != before else { return subscription.answer(at: write.now) }
            subscription.departmentID = department
            subscription.version += 1
            subscription.updatedAt = write.now
            write.enqueue(
                """
                update subscriptions set department_id = \(department), version = \(subscription.version), updated_at = \(write.now) \
                where tenant_id = \(write.tenant.id) and id = \(id)
                """)
            write.moveMembership(of: [id], in: enrollment, to: department)
            write.recordMove(id, of: subscription.accountID, version: subscription.version, from: before, to: department)
            return subscription.answer(at: write.now)
        }
    }
}

/// Moves an account of an enrollment to another department. Its subscriptions that stand in the account's department move along, from this instant on;
/// those that were put elsewhere on purpose stay there.
package struct MoveAccount: Sendable {
    let id: AccountID
    let department: DepartmentID

    package init(id: AccountID, department: DepartmentID) {
        self.id = id
        self.department = department
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            let tenant = write.tenant.id
            let rows = try await write.begin([
                Account.one(tenant, id, locked: true),
                "select enrollment_id from departments where tenant_id = \(tenant) and id = \(department) for key share",
            ])
            guard let account = try rows[0].first.map(Account.init), let enrollment = account.enrollment,
                try rows[1].first?.get(0, as: EnrollmentID.self) == enrollment,
                !write.principal.roles(on: account.belonging).isEmpty
            else { throw Failure.invalid([FieldError("/account_id", "unknown_account")]) }
            try TenantContext.require(.createEnterprise, of: write.principal.roles(on: account.belonging), in: account.kind)
            guard account.department != department else { return account.answer(200) }
            let moved = try await takeAlong(account, in: enrollment, write)
            let made = try await write.query(
                """
                update accounts a set department_id = \(department), version = version + 1, updated_at = \(write.now) \
                where tenant_id = \(tenant) and id = \(id) returning version
                """)
            let version: Int64 = try made[0].get(0)
            write.audit(
                "account.moved", object: ("account", id.uuid), account: id,
                details: (
                    jsonText { $0.field("department_id", account.department) },
                    jsonText {
                        $0.field("department_id", department)
                        $0.field("subscriptions", moved)
                    }
                ))
            write.emit(.accountMoved, object: ("account", id.uuid), account: id, sequence: version)
            guard let now = try await write.query(Account.one(tenant, id)).first else { throw Failure.notFound }
            return try Account(now).answer(200)
        }
    }

    /// How many subscriptions moved.
    private func takeAlong(_ account: Account, in enrollment: EnrollmentID, _ write: Write) async throws -> Int {
        let tenant = write.tenant.id
        let ids: [SubscriptionID] = try await write.query(
            """
            select id from subscriptions where tenant_id = \(tenant) and account_id = \(id) and department_id is not distinct from \(account.department) \
            and state <> 'deleted' and (delete_at is null or delete_at > \(write.now)) order by id for no key update
            """
        ).map { try $0.get(0) }
        guard !ids.isEmpty else { return 0 }
        let versions = try await write.query(
            """
            update subscriptions set department_id = \(department), version = version + 1, updated_at = \(write.now) \
            where tenant_id = \(tenant) and id = any(\(ids)) returning id, version
            """)
        write.moveMembership(of: ids, in: enrollment, to: department)
        for row in versions {
            write.recordMove(try row.get(0), of: id, version: try row.get(1), from: account.department, to: department)
        }
        return ids.count
    }
}

extension Write {
    fileprivate func recordMove(
        _ id: SubscriptionID, of account: AccountID, version: Int64, from: DepartmentID?, to: DepartmentID?
    ) {
        audit(
            "subscription.moved", object: ("subscription", id.uuid), account: account,
            details: (jsonText { $0.field("department_id", from) }, jsonText { $0.field("department_id", to) }))
        emit(.subscriptionEdited, object: ("subscription", id.uuid), account: account, sequence: version)
    }
}

/// One interval of a subscription's way through the departments, with what was counted in it.
package struct DepartmentStay: Sendable {
    package let department: DepartmentID?
    package let name: String?
    package let from: Instant?
    package let to: Instant?
    package let cost: Money

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("object", "department_stay")
            $0.field("department_id", department)
            $0.field("name", name)
            $0.field("from", from)
            $0.field("to", to)
            $0.field("cost", cost)
        }
    }
}

/// Where a subscription belonged and when, the present first: until when it counted to which department, and how much.
package enum ListDepartmentStays {
    /// More moves than this in one subscription's life are read from the audit log.
    static let atMost: Int64 = 100

    static func statement(_ id: SubscriptionID, _ tenant: TenantID) -> SQL {
        """
        select m.department_id, d.name, m.from_at, m.to_at, coalesce((select sum(l.posted_minor) from department_lines l \
        where l.tenant_id = m.tenant_id and l.subscription_id = m.subscription_id and l.sequence = m.sequence), 0)::bigint \
        from department_memberships m left join departments d on d.tenant_id = m.tenant_id and d.id = m.department_id \
        where m.tenant_id = \(tenant) and m.subscription_id = \(id) order by m.sequence desc limit \(atMost)
        """
    }

    static func decode(_ rows: Rows, _ currency: Currency) throws -> [DepartmentStay] {
        try rows.map { row in
            var column = Columns(row)
            return DepartmentStay(
                department: try column.next(), name: try column.next(), from: try column.next(), to: try column.next(),
                cost: Money(minor: try column.next(), currency: currency))
        }
    }

    package static func run(_ id: SubscriptionID, _ context: TenantContext) async throws -> ListPage<DepartmentStay> {
        let (subscription, _, _, rows) = try await FindSubscription.byID(id, context, also: [statement(id, context.tenant.id)])
        return ListPage(try decode(rows[0], subscription.currency), limit: Int(atMost)) { _ in (Instant(microseconds: 0), id.uuid)
        }
    }
}
