import Billing
import HTTP
import Postgres
import Values

/// A customer of the tenant.
package struct Account: Sendable {
    package let id: AccountID
    package let kind: AccountKind
    package var name: String
    package let currency: Currency
    package var zone: TimeZoneRule
    package var locale: String
    package var identityVerified: Bool
    package let administrator: Person
    package let enrollment: EnrollmentID?
    package let department: DepartmentID?
    package var version: Int64
    package let createdAt: Instant
    package var updatedAt: Instant

    static let columns: SQL = """
        a.id, a.kind, a.name, a.currency, a.time_zone, a.locale, a.identity_verified, u.id, u.email, u.first_name, u.last_name, \
        a.enrollment_id, a.department_id, a.version, a.created_at, a.updated_at
        """
    static let source: SQL = "from accounts a join users u on u.tenant_id = a.tenant_id and u.id = a.administrator_id"

    static func one(_ tenant: TenantID, _ id: AccountID, locked: Bool = false) -> SQL {
        "select \(columns) \(source) where a.tenant_id = \(tenant) and a.id = \(id)\(locked ? " for no key update of a" as SQL : "")"
    }

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        kind = try column.next()
        name = try column.next()
        currency = try column.next()
        zone = try column.next()
        locale = try column.next()
        identityVerified = try column.next()
        administrator = Person(
            id: try column.next(), email: try column.next(), firstName: try column.next(), lastName: try column.next())
        enrollment = try column.next()
        department = try column.next()
        version = try column.next()
        createdAt = try column.next()
        updatedAt = try column.next()
    }

    init(
        id: AccountID, kind: AccountKind, name: String, currency: Currency, zone: TimeZoneRule, locale: String,
        administrator: Person,
        enrollment: EnrollmentID?, department: DepartmentID?, at now: Instant
    ) {
        self.id = id
        self.kind = kind
        self.name = name
        self.currency = currency
        self.zone = zone
        self.locale = locale
        identityVerified = false
        self.administrator = administrator
        self.enrollment = enrollment
        self.department = department
        version = 1
        createdAt = now
        updatedAt = now
    }

    package var belonging: Belonging { Belonging(account: id, accountAdministrator: administrator.id, enrollment: enrollment) }
    package var etag: String { "\"\(version)\"" }

    /// - Parameter listed: what lists say beside the account itself, in the API as in files.
    func write(to json: inout JSONWriter, listed: ListedAccount? = nil) {
        json.object {
            $0.field("id", id)
            $0.field("object", "account")
            $0.field("kind", kind.rawValue)
            $0.field("name", name)
            $0.field("currency", currency.code)
            $0.field("time_zone", zone.identifier)
            $0.field("locale", locale)
            $0.field("identity_verified", identityVerified)
            $0.field("administrator", administrator)
            $0.field("enrollment_id", enrollment)
            $0.field("department_id", department)
            $0.field("created_at", createdAt)
            $0.field("updated_at", updatedAt)
            if let listed {
                $0.field("department", listed.departmentName)
                $0.field("running", listed.running)
                $0.field("suspended", listed.suspended)
                $0.field("subscriptions", listed.subscriptions)
            }
        }
    }

    func answer(_ status: Int) -> Answer {
        var json = JSONWriter()
        write(to: &json)
        return Answer(
            status: status, body: json.bytes, location: status == 201 ? Endpoint.getAccount.path(id.description) : nil,
            etag: etag, objectID: id.uuid)
    }
}

/// One account, for whoever may see it. A service administrator sees her own subscription only, not the account around it.
package enum FindAccount {
    package static func byID(_ id: AccountID, _ context: TenantContext) async throws -> Account {
        let rows = try await context.read(Account.one(context.tenant.id, id)).rows
        guard let account = try rows.first.map(Account.init) else { throw Failure.notFound }
        try TenantContext.require(.seeAccount, of: context.principal.roles(on: account.belonging), in: account.kind)
        return account
    }
}
