import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A part of an enrollment, with a cost centre and a quota for the term.
package struct Department: Sendable {
    package let id: DepartmentID
    package let enrollment: EnrollmentID
    package var name: String
    package var costCentre: String?
    package let currency: Currency
    package var quota: Money?
    package var version: Int64
    package let createdAt: Instant

    static let columns: SQL = "d.id, d.enrollment_id, d.name, d.cost_centre, e.currency, d.quota_minor, d.version, d.created_at"
    static let source: SQL = "from departments d join enrollments e on e.tenant_id = d.tenant_id and e.id = d.enrollment_id"

    static func one(_ tenant: TenantID, _ id: DepartmentID, locked: Bool = false) -> SQL {
        "select \(columns) \(source) where d.tenant_id = \(tenant) and d.id = \(id)\(locked ? " for update of d" as SQL : "")"
    }

    init(_ row: Row) throws {
        var column = Columns(row)
        try self.init(&column)
    }

    init(_ column: inout Columns) throws {
        id = try column.next()
        enrollment = try column.next()
        name = try column.next()
        costCentre = try column.next()
        let currency: Currency = try column.next()
        self.currency = currency
        quota = try column.next(Int64?.self).map { Money(minor: $0, currency: currency) }
        version = try column.next()
        createdAt = try column.next()
    }

    package var etag: String { "\"\(version)\"" }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("object", "department")
            $0.field("enrollment_id", enrollment)
            $0.field("name", name)
            $0.field("cost_centre", costCentre)
            if let quota { $0.field("quota", quota) } else { $0.nullField("quota") }
            $0.field("created_at", createdAt)
        }
    }

    func answer(_ status: Int) -> Answer {
        var json = JSONWriter()
        write(to: &json)
        let location = Endpoint.getDepartment.path(enrollment.description, id.description)
        return Answer(
            status: status, body: json.bytes, location: status == 201 ? location : nil, etag: etag, objectID: id.uuid)
    }

    fileprivate var editableJSON: String {
        jsonText {
            $0.field("name", name)
            $0.field("cost_centre", costCentre)
            $0.field("quota", quota?.decimalString)
        }
    }

    /// Money of this enrollment, and not below zero.
    static func check(quota: Money?, in currency: Currency) throws {
        guard let quota else { return }
        guard quota.currency == currency else {
            throw Failure.invalid([FieldError("/quota/currency", "currency_mismatch", ["currency": currency.code])])
        }
        if quota.isNegative { throw Failure.invalid([FieldError("/quota/amount", "amount_negative")]) }
    }
}

package enum FindDepartment {
    /// - Throws: `Failure.notFound` also when it is another enrollment's than the path says.
    package static func byID(
        _ id: DepartmentID, of enrollment: EnrollmentID? = nil, _ context: TenantContext
    ) async throws -> Department {
        let rows = try await context.read(Department.one(context.tenant.id, id)).rows
        guard let department = try rows.first.map(Department.init), enrollment == nil || enrollment == department.enrollment,
            !context.principal.roles(on: Belonging(enrollment: department.enrollment)).isEmpty
        else { throw Failure.notFound }
        return department
    }
}

/// A department of an enrollment, with a cost centre and a quota.
package struct CreateDepartment: Sendable {
    package var enrollment: EnrollmentID
    package var name: String
    package var costCentre: String?
    package var quota: Money?

    package init(enrollment: EnrollmentID, name: String, costCentre: String? = nil, quota: Money? = nil) {
        self.enrollment = enrollment
        self.name = name
        self.costCentre = costCentre
        self.quota = quota
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try TenantContext.require(
            .createEnterprise, of: context.principal.roles(on: Belonging(enrollment: enrollment)), in: .enterprise)
        return try await context.command(options) { write in
            let id = try await create(write)
            return try Department(try await write.query(Department.one(write.tenant.id, id))[0]).answer(201)
        }
    }

    func create(_ write: Write) async throws -> DepartmentID {
        let rows = try await write.begin([
            "select currency from enrollments where tenant_id = \(write.tenant.id) and id = \(enrollment)"
        ])
        guard let row = rows[0].first else { throw Failure.notFound }
        try Department.check(quota: quota, in: try row.get(0))
        let id: DepartmentID = write.newID()
        let made = try await write.query(
            """
            insert into departments (tenant_id, id, enrollment_id, name, cost_centre, quota_minor, created_at) \
            values (\(write.tenant.id), \(id), \(enrollment), \(name), \(costCentre), \(quota?.minor), \(write.now)) \
            on conflict (tenant_id, enrollment_id, name) do nothing returning id
            """)
        guard !made.isEmpty else { throw Failure.conflict(code: "department_exists", arguments: ["name": name]) }
        write.audit("department.created", object: ("department", id.uuid), enrollment: enrollment)
        write.emit(.departmentCreated, object: ("department", id.uuid), account: nil, sequence: 1)
        return id
    }
}

/// Renames a department, or changes its cost centre or quota. What is nil stays; an empty cost centre and `Quota.none` remove.
package struct EditDepartment: Sendable {
    package enum Quota: Sendable { case unchanged, none, of(Money) }

    let id: DepartmentID
    let name: String?
    /// Empty removes it.
    let costCentre: String?
    let quota: Quota
    let ifMatch: String?

    package init(id: DepartmentID, name: String?, costCentre: String?, quota: Quota, ifMatch: String? = nil) {
        self.id = id
        self.name = name
        self.costCentre = costCentre
        self.quota = quota
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            var department = try await write.lockDepartment(id, ifMatch: ifMatch)
            let before = department.editableJSON
            department.name = name ?? department.name
            if let costCentre { department.costCentre = costCentre.isEmpty ? nil : costCentre }
            switch quota {
            case .unchanged: break
            case .none: department.quota = nil
            case .of(let money):
                try Department.check(quota: money, in: department.currency)
                department.quota = money
            }
            guard department.editableJSON != before else { return department.answer(200) }
            department.version += 1
            let taken = try await write.query(
                """
                select id from departments where tenant_id = \(write.tenant.id) and enrollment_id = \(department.enrollment) \
                and name = \(department.name) and id <> \(id)
                """)
            guard taken.isEmpty else {
                throw Failure.conflict(code: "department_exists", arguments: ["name": department.name])
            }
            write.enqueue(
                """
                update departments set name = \(department.name), cost_centre = \(department.costCentre), quota_minor = \(department.quota?.minor), \
                version = \(department.version) where tenant_id = \(write.tenant.id) and id = \(id)
                """)
            write.audit(
                "department.edited", object: ("department", id.uuid), enrollment: department.enrollment,
                details: (before, department.editableJSON))
            write.emit(.departmentEdited, object: ("department", id.uuid), account: nil, sequence: department.version)
            return department.answer(200)
        }
    }
}

/// Removes a department that nobody is in and nothing was ever counted to. One with a past stays, so that the past can be explained.
package struct DeleteDepartment: Sendable {
    let id: DepartmentID
    let ifMatch: String?

    package init(id: DepartmentID, ifMatch: String? = nil) {
        self.id = id
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            let department = try await write.lockDepartment(id, ifMatch: ifMatch)
            let tenant = write.tenant.id
            let row = try await write.query(
                """
                select (select count(*) from accounts where tenant_id = \(tenant) and department_id = \(id)), \
                (select count(*) from subscriptions where tenant_id = \(tenant) and department_id = \(id) and state <> 'deleted'), \
                exists (select from department_memberships where tenant_id = \(tenant) and department_id = \(id))
                """)[0]
            let accounts: Int64 = try row.get(0)
            let subscriptions: Int64 = try row.get(1)
            guard accounts == 0, subscriptions == 0 else {
                throw Failure.conflict(
                    code: "department_not_empty",
                    arguments: ["accounts": String(accounts), "subscriptions": String(subscriptions)])
            }
            guard try !row.get(2, as: Bool.self) else { throw Failure.conflict(code: "department_has_history") }
            write.enqueue("delete from departments where tenant_id = \(tenant) and id = \(id)")
            write.audit("department.deleted", object: ("department", id.uuid), enrollment: department.enrollment)
            write.emit(.departmentDeleted, object: ("department", id.uuid), account: nil, sequence: department.version + 1)
            return department.answer(200)
        }
    }
}

extension Write {
    /// The department with its row locked, for whoever runs its enrollment.
    func lockDepartment(_ id: DepartmentID, ifMatch: String?) async throws -> Department {
        guard let row = try await begin([Department.one(tenant.id, id, locked: true)])[0].first else { throw Failure.notFound }
        let department = try Department(row)
        let roles = principal.roles(on: Belonging(enrollment: department.enrollment))
        try TenantContext.require(.createEnterprise, of: roles, in: .enterprise)
        try Failure.requireMatch(ifMatch, department.etag)
        return department
    }
}
