import HTTP
import Billing
import FoundationEssentials
import Postgres
import Values

/// A customer's account with its administrator. An enterprise account belongs to an enrollment, whose currency it takes.
package struct CreateAccount: Sendable {
    package var kind: AccountKind
    package var name: String
    package var currency: Currency
    package var timeZone: TimeZoneRule
    package var locale: String
    package var administrator: (email: String, firstName: String, lastName: String)
    package var enrollment: EnrollmentID?
    package var department: DepartmentID?
    package var externalNumber: String?

    package init(
        kind: AccountKind, name: String, currency: Currency, timeZone: TimeZoneRule, locale: String,
        administrator: (email: String, firstName: String, lastName: String), enrollment: EnrollmentID? = nil,
        department: DepartmentID? = nil,
        externalNumber: String? = nil
    ) {
        self.kind = kind
        self.name = name
        self.currency = currency
        self.timeZone = timeZone
        self.locale = locale
        self.administrator = administrator
        self.enrollment = enrollment
        self.department = department
        self.externalNumber = externalNumber
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        // What nobody may ask for is said before any role is judged.
        try checkShape()
        try allow(context.principal)
        return try await context.command(options) { write in
            let account = try await create(write)
            // Whoever cannot sign in yet gets her way in with the account; nobody has to think of inviting her.
            try await write.inviteUnlessKnown(
                account.administrator, as: .accountAdministrator, account: account.id, placeName: account.name)
            return account.answer(201)
        }
    }

    /// The operator makes any account, an enterprise administrator those of her enrollment. Whose enrollment it is not, does not find it.
    private func allow(_ principal: Principal) throws {
        guard let enrollment else {
            guard principal.isOperator else { throw Failure.roleForbids(.createStandardAccount) }
            return
        }
        try TenantContext.require(.createEnterprise, of: principal.roles(on: Belonging(enrollment: enrollment)), in: .enterprise)
    }

    func create(_ write: Write) async throws -> Account {
        try checkShape()
        let rows = try await write.begin([
            "select currency from enrollments where tenant_id = \(write.tenant.id) and id = \(enrollment)",
            """
            select id from departments where tenant_id = \(write.tenant.id) and enrollment_id = \(enrollment) and id = \(department)
            """,
            """
            select exists (select from offer_policies where tenant_id = \(write.tenant.id) and currency = \(currency))
            """,
        ])
        if enrollment != nil {
            guard let row = rows[0].first else { throw Failure.invalid([FieldError("/enrollment_id", "unknown_enrollment")]) }
            let agreed: Currency = try row.get(0)
            guard agreed == currency else {
                throw Failure.invalid([FieldError("/currency", "currency_mismatch", ["currency": agreed.code])])
            }
        }
        if department != nil, rows[1].isEmpty { throw Failure.invalid([FieldError("/department_id", "unknown_department")]) }
        guard try rows[2][0].get(0, as: Bool.self) else {
            throw Failure.invalid([FieldError("/currency", "currency_not_offered", ["currency": currency.code])])
        }
        let person = try await write.findOrAddPerson(
            email: administrator.email, firstName: administrator.firstName, lastName: administrator.lastName)
        let account = Account(
            id: write.newID(), kind: kind, name: name, currency: currency, zone: timeZone, locale: locale, administrator: person,
            enrollment: enrollment, department: department, at: write.now)
        write.enqueue(
            """
            insert into accounts (tenant_id, id, kind, name, currency, time_zone, locale, administrator_id, enrollment_id, department_id, \
            external_number, created_at, updated_at) values (\(write.tenant.id), \(account.id), \(kind), \(name), \(currency), \
            \(timeZone.identifier), \(locale), \(person.id), \(enrollment), \(department), \(externalNumber), \(write.now), \(write.now))
            """)
        write.audit("account.created", object: ("account", account.id.uuid), account: account.id)
        write.emit(.accountCreated, object: ("account", account.id.uuid), account: account.id, sequence: 1)
        return account
    }

    private func checkShape() throws {
        if kind == .enterprise, enrollment == nil { throw Failure.invalid([FieldError("/enrollment_id", "required")]) }
        if kind == .standard, enrollment != nil {
            throw Failure.invalid([FieldError("/enrollment_id", "not_for_standard_account")])
        }
        if department != nil, enrollment == nil {
            throw Failure.invalid([FieldError("/department_id", "department_needs_enrollment")])
        }
    }
}

/// Changes an account's name, zone or language; that its identity is verified only the operator may say.
package struct UpdateAccount: Sendable {
    let id: AccountID
    let name: String?
    let timeZone: TimeZoneRule?
    let locale: String?
    let identityVerified: Bool?
    let ifMatch: String?

    package init(
        id: AccountID, name: String?, timeZone: TimeZoneRule?, locale: String?, identityVerified: Bool?, ifMatch: String?
    ) {
        self.id = id
        self.name = name
        self.timeZone = timeZone
        self.locale = locale
        self.identityVerified = identityVerified
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            let rows = try await write.begin([Account.one(write.tenant.id, id, locked: true)])
            guard var account = try rows[0].first.map(Account.init) else { throw Failure.notFound }
            let roles = write.principal.roles(on: account.belonging)
            try TenantContext.require(.editSubscription, of: roles, in: account.kind)
            if identityVerified != nil, !roles.contains(.operator) { throw Failure.roleForbids(.operate) }
            try Failure.requireMatch(ifMatch, account.etag)
            let before = account
            account.name = name ?? account.name
            account.zone = timeZone ?? account.zone
            account.locale = locale ?? account.locale
            account.identityVerified = identityVerified ?? account.identityVerified
            account.version += 1
            account.updatedAt = write.now
            write.enqueue(
                """
                update accounts set name = \(account.name), time_zone = \(account.zone.identifier), locale = \(account.locale), \
                identity_verified = \(account.identityVerified), version = \(account.version), updated_at = \(write.now) \
                where tenant_id = \(write.tenant.id) and id = \(id)
                """)
            write.audit(
                "account.edited", object: ("account", id.uuid), account: id, details: (before.editableJSON, account.editableJSON))
            write.emit(.accountEdited, object: ("account", id.uuid), account: id, sequence: account.version)
            return account.answer(200)
        }
    }
}

extension Account {
    fileprivate var editableJSON: String {
        jsonText {
            $0.field("name", name)
            $0.field("time_zone", zone.identifier)
            $0.field("locale", locale)
            $0.field("identity_verified", identityVerified)
        }
    }
}
