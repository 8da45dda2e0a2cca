import Postgres

/// Searching a list by name, at any number of rows.
enum ListSearch {
    /// So many rows are looked through for any part of a name; where there are more, the index finds names that begin so.
    static let searchedThrough: Int64 = 20_000

    /// Whether somebody looks for a name, and not for the one thing with an ID or of a person with an address.
    static func isName(_ q: String) -> Bool {
        let parts = q.trimmingBlankSpace().split(separator: "_", omittingEmptySubsequences: false)
        return !q.contains("@") && !(parts.count == 2 && parts[0].count <= 4 && parts[1].count == 26)
    }

    /// `rows` is what the search is in: a table with its letter and a condition.
    static func named(_ keyColumn: String, _ text: String, in rows: SQL, _ context: TenantContext) async throws -> SQL {
        let counted = try await context.read(counting(rows)).rows
        return named(keyColumn, text, among: try counted.first?.get(0) ?? 0)
    }

    /// How many rows there are, as far as it matters to a search.
    static func counting(_ rows: SQL) -> SQL {
        "select count(*) from (select from \(rows) limit \(searchedThrough + 1)) counted"
    }

    static func named(_ keyColumn: String, _ text: String, among count: Int64) -> SQL {
        if count > searchedThrough { return beginning(keyColumn, text) }
        return "position(lower(\(text)) in \(unsafeSQL: keyColumn)) > 0"
    }

    /// The text begins so, whatever the size of its letters. These are comparisons with the key itself: an index serves them (0009_lists.sql).
    static func beginning(_ keyColumn: String, _ text: String) -> SQL {
        """
        (\(unsafeSQL: keyColumn) >= lower(\(text)) and \(unsafeSQL: keyColumn) < lower(\(text + "\u{10FFFF}")))
        """
    }
}
