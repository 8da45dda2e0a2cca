import FoundationEssentials
import Postgres
import Values

extension Write {
    /// The tenant's user with this address; made when there is none. Somebody who is only named has no sign-in until she is invited.
    func findOrAddPerson(email: String, firstName: String = "", lastName: String = "") async throws -> Person {
        let email = email.lowercased()
        let id: UserID = newID()
        let rows = try await query([
            """
            insert into users (tenant_id, id, email, first_name, last_name, created_at) \
            values (\(tenant.id), \(id), \(email), \(firstName), \(lastName), \(now)) on conflict (tenant_id, email) do nothing
            """,
            "select id, email, first_name, last_name from users where tenant_id = \(tenant.id) and email = \(email)",
        ])[1]
        guard let row = rows.first else { throw Failure.unavailable(code: "database_unavailable", retryAfterSeconds: 1) }
        var column = Columns(row)
        return Person(id: try column.next(), email: try column.next(), firstName: try column.next(), lastName: try column.next())
    }
}
