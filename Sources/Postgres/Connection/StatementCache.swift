/// A statement that the server has been asked to prepare under a name.
final class Statement {
    enum State {
        /// Asked for, not answered yet.
        case pending
        case ready
        /// The server refused, or skipped it inside a failed batch: the name means nothing.
        case gone
    }
    let name: String
    let text: String
    let types: [PostgresOID]
    /// Held, so that its identity stays its own.
    fileprivate(set) var template: StatementTemplate?
    var state = State.pending
    /// Why the server refused to prepare it: the reason that those are told who have used the name meanwhile.
    var refusal: PostgresError?
    var lastUse: UInt64 = 0

    init(name: String, _ sql: SQL) {
        self.name = name
        text = sql.text
        types = sql.binds.map(\.type)
        template = sql.template
    }

    /// The same text can come with other types of binds; only a match may use the prepared form.
    func matches(_ sql: SQL) -> Bool {
        guard types.count == sql.binds.count else { return false }
        for index in types.indices where types[index] != sql.binds[index].type { return false }
        return true
    }
}

/// The prepared statements of one connection, found by their template or their text, bounded in number.
///
/// Belongs to its connection.
struct StatementCache {
    private var statements: [String: Statement] = [:]
    private var ofTemplates: [ObjectIdentifier: Statement] = [:]
    private var uses: UInt64 = 0
    private var named: UInt64 = 0
    let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { statements.count }

    mutating func find(_ sql: SQL) -> Statement? {
        guard let statement = known(sql), statement.state != .gone else { return nil }
        uses += 1
        statement.lastUse = uses
        return statement
    }

    private mutating func known(_ sql: SQL) -> Statement? {
        guard let template = sql.template else { return statements[sql.text] }
        if let statement = ofTemplates[ObjectIdentifier(template)] { return statement }
        // The same text may have come without its template before.
        guard let statement = statements[sql.text], statement.template == nil else { return nil }
        statement.template = template
        ofTemplates[ObjectIdentifier(template)] = statement
        return statement
    }

    mutating func add(_ sql: SQL) -> Statement {
        named += 1
        uses += 1
        let statement = Statement(name: "s\(named)", sql)
        statement.lastUse = uses
        statements[sql.text] = statement
        if let template = sql.template { ofTemplates[ObjectIdentifier(template)] = statement }
        return statement
    }

    mutating func drop(_ statement: Statement) {
        statement.state = .gone
        if statements[statement.text] === statement { statements[statement.text] = nil }
        if let template = statement.template, ofTemplates[ObjectIdentifier(template)] === statement {
            ofTemplates[ObjectIdentifier(template)] = nil
        }
    }

    /// When more are kept than allowed: forgets the longest unused ones, and a few more so that this is rare. The caller tells
    /// the server. Statements not yet answered for are kept: nothing may be said about them.
    mutating func evict() -> [Statement] {
        guard statements.count > capacity else { return [] }
        let excess = statements.count - capacity * 7 / 8
        let oldest = statements.values.filter { $0.state == .ready }.sorted { $0.lastUse < $1.lastUse }.prefix(excess)
        for statement in oldest { drop(statement) }
        return Array(oldest)
    }
}
