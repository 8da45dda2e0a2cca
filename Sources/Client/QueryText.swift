import HTML

/// Addresses with a query.
enum QueryText {
    static func target(_ path: String, _ query: [(String, String)]) -> String {
        path + URLPath.query(query).string
    }
}
