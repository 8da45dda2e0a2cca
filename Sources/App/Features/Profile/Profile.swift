import Billing
import HTTP
import Postgres
import Values

/// What a person says about herself (A11), and where letters to her go.
package struct Profile: Sendable {
    package let user: UserID
    /// The name she signs in with.
    package let email: String
    /// Nil: letters go to the sign-in address.
    package var contactEmail: String?
    package var firstName: String
    package var lastName: String
    package var phone: String
    package var company: String
    package var language: String?
    package var zone: String?
    package var theme: String?
    package var version: Int64
    /// An address that waits for its confirmation, and until when it may come (real time).
    package var pending: (email: String, until: Instant)?
    package let hasTwoStepSignIn: Bool

    package var letters: String { contactEmail ?? email }
    package var etag: String { "\"\(version)\"" }

    static func one(_ tenant: TenantID, _ id: UserID, locked: Bool = false) -> SQL {
        """
        select u.id, u.email, u.contact_email, u.first_name, u.last_name, u.phone, u.company, u.locale, u.time_zone, u.theme, u.version, \
        exists (select from identity.second_factors f where f.tenant_id = u.tenant_id and f.user_id = u.id and f.confirmed_at is not null) \
        from users u where u.tenant_id = \(tenant) and u.id = \(id)\(locked ? " for no key update of u" as SQL : "")
        """
    }

    static func pending(_ tenant: TenantID, _ id: UserID, at realNow: Instant) -> SQL {
        """
        select detail, expires_at from identity.one_time_links where tenant_id = \(tenant) and user_id = \(id) \
        and purpose = 'email_confirmation' and used_at is null and expires_at > \(realNow) order by created_at desc limit 1
        """
    }

    init(_ row: Row, pending: Row?) throws {
        var column = Columns(row)
        user = try column.next()
        email = try column.next()
        contactEmail = try column.next()
        firstName = try column.next()
        lastName = try column.next()
        phone = try column.next()
        company = try column.next()
        language = try column.next()
        zone = try column.next()
        theme = try column.next()
        version = try column.next()
        hasTwoStepSignIn = try column.next()
        self.pending = try pending.flatMap { row in
            try row.get(0, as: String?.self).map { ($0, try row.get(1)) }
        }
    }

    static func read(_ id: UserID, _ context: TenantContext) async throws -> Profile {
        let rows = try await context.read([
            one(context.tenant.id, id), pending(context.tenant.id, id, at: context.dependencies.realNow()),
        ]).rows
        guard let row = rows[0].first else { throw Failure.notFound }
        return try Profile(row, pending: rows[1].first)
    }

    func write(to json: inout JSONWriter, account: AccountID?) {
        json.object {
            $0.field("object", "profile")
            $0.field("account_id", account)
            $0.field("user_id", user)
            $0.field("email", email)
            $0.field("contact_email", letters)
            $0.field("contact_email_pending", pending?.email)
            $0.field("first_name", firstName)
            $0.field("last_name", lastName)
            $0.field("phone", phone)
            $0.field("company", company)
            $0.field("locale", language)
            $0.field("time_zone", zone)
            $0.field("theme", theme)
            $0.field("two_step_sign_in", hasTwoStepSignIn)
        }
    }

    func answer(account: AccountID?) -> Answer {
        var json = JSONWriter()
        write(to: &json, account: account)
        return Answer(status: 200, body: json.bytes, etag: etag, objectID: user.uuid)
    }

    /// What the audit keeps of a change, where it can be erased.
    var auditJSON: String {
        jsonText {
            $0.field("contact_email", letters)
            $0.field("first_name", firstName)
            $0.field("last_name", lastName)
            $0.field("phone", phone)
            $0.field("company", company)
            $0.field("locale", language)
            $0.field("time_zone", zone)
            $0.field("theme", theme)
        }
    }
}

/// The contact person of an account: its administrator.
package enum FindContactPerson {
    package static func of(_ account: AccountID, _ context: TenantContext) async throws -> Profile {
        let found = try await FindAccount.byID(account, context)
        return try await Profile.read(found.administrator.id, context)
    }
}
