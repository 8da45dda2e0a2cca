import Postgres
import Values

/// What `q` finds among accounts: the one with an ID; by name; and by how their administrator's e-mail address, first or last name begins.
enum AccountSearch {
    /// In a list of so many accounts everybody is found, however many persons of the tenant begin so: their administrators are looked at one by one.
    static let lookedThrough: Int64 = 5_000
    /// Where there are more, so many persons by each of e-mail address, name and name turned round, the first in that order,
    static let persons = 500
    /// and so many accounts of theirs.
    static let accounts = 1_000

    /// Each condition is answered by an index of its own.
    static func ways(_ text: String, _ ask: ListAsk) async throws -> [SQL] {
        let q = text.trimmingBlankSpace()
        if let id = AccountID(q) { return ["a.id = \(id)"] }
        let (tenant, people) = (ask.tenant, People(q, ask.tenant))
        let scope: SQL
        if let id = ask.values["enrollment_id"].flatMap({ EnrollmentID($0) }) {
            scope = "and a.enrollment_id = \(id)"
        } else {
            scope = Visibility.ofAccounts(to: ask.context.principal)
        }
        let rows: SQL = "accounts a where a.tenant_id = \(tenant) \(scope)"
        let read = try await ask.context.read([ListSearch.counting(rows), people.areMany]).rows
        let count: Int64 = try read[0].first?.get(0) ?? 0
        let areManyPeople: Bool = try read[1].first?.get(0) ?? false
        let named = ListSearch.named("a.name_key", q, among: count)
        if count <= lookedThrough, areManyPeople { return [named, people.administersRow] }
        let isWide = count > lookedThrough
        let limit: SQL = isWide ? "limit \(unsafeSQL: "\(accounts)")" : ""
        let administered: SQL =
            "a.id = any(array(select a.id from \(rows) and a.administrator_id = any(array(\(people.first))) \(limit)))"
        return isWide && q.contains("@") ? [named, administered, people.hasExactly] : [named, administered]
    }

    /// Persons of whom something begins so: comparisons with the keys of 0026_search_of_people.sql, each with an index.
    private struct People {
        private static let keys = ["u.email collate \"C\"", "u.name_key", "u.turned_key"]
        private let q: String
        private let tenant: TenantID

        init(_ q: String, _ tenant: TenantID) { (self.q, self.tenant) = (q, tenant) }

        private var conditions: [(key: String, begins: SQL)] { Self.keys.map { ($0, ListSearch.beginning($0, q)) } }

        /// Their IDs.
        var first: SQL {
            conditions.map { key, begins -> SQL in
                """
                (select u.id from users u where u.tenant_id = \(tenant) and \(begins) \
                order by \(unsafeSQL: key) limit \(unsafeSQL: "\(persons)"))
                """
            }.joined(separator: " union all ")
        }

        /// Whether `first` is not all of them.
        var areMany: SQL {
            let parts = conditions.map { key, begins -> SQL in
                """
                exists (select from users u where u.tenant_id = \(tenant) and \(begins) \
                order by \(unsafeSQL: key) offset \(unsafeSQL: "\(persons)"))
                """
            }
            return "select \(parts.joined(separator: " or "))"
        }

        /// For `accounts` called `a`, one row after the other.
        var administersRow: SQL {
            """
            (select \(conditions.map(\.begins).joined(separator: " or ")) from users u \
            where u.tenant_id = \(tenant) and u.id = a.administrator_id)
            """
        }

        /// The one person with an address, however many accounts are hers.
        var hasExactly: SQL {
            "a.administrator_id = any(array(select u.id from users u where u.tenant_id = \(tenant) and u.email = lower(\(q))))"
        }
    }
}
