import CPostgres

/// How to reach a database and what each session is told when it opens.
package struct ConnectionOptions: Sendable {
    /// A libpq connection string or URI.
    package var url: String
    package var applicationName: String
    package var connectTimeout: Duration
    /// `statement_timeout` of the session; a unit of work can ask for another.
    package var statementTimeout: Duration
    /// `lock_timeout` of the session; nil waits as long as the statement may run.
    package var lockTimeout: Duration?
    /// How much later than a statement's own timeout its answer may come before the server is held to be lost.
    package var patience: Duration
    /// Prepared statements kept per connection.
    package var statementCapacity: Int
    /// The setting that row-level security compares with: `SET LOCAL` to the scope's UUID in every unit that has one.
    package var scopeSetting: String

    package init(
        url: String, applicationName: String = "bursar", connectTimeout: Duration = .seconds(5),
        statementTimeout: Duration = .seconds(10), lockTimeout: Duration? = nil, patience: Duration = .seconds(5),
        statementCapacity: Int = 512, scopeSetting: String = "app.tenant_id"
    ) {
        self.url = url
        self.applicationName = applicationName
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
        self.lockTimeout = lockTimeout
        self.patience = patience
        self.statementCapacity = statementCapacity
        self.scopeSetting = scopeSetting
    }

    /// Session settings that are the same for all scopes, so that they need not travel with each unit.
    private var sessionSettings: String {
        var settings = [
            "statement_timeout=\(statementTimeout.wholeMilliseconds)",
            "idle_in_transaction_session_timeout=60000",
            "timezone=UTC",
        ]
        if let lockTimeout { settings.append("lock_timeout=\(lockTimeout.wholeMilliseconds)") }
        return settings.map { "-c \($0)" }.joined(separator: " ")
    }

    /// Starts a connection without blocking. What the connection string says of `options` is kept, before ours.
    func start() -> OpaquePointer? {
        var options = sessionSettings
        if let own = Self.parse(url)["options"] { options = "\(own) \(options)" }
        let words = [
            ("dbname", url), ("fallback_application_name", applicationName), ("client_encoding", "UTF8"), ("options", options),
        ]
        return withCStrings(words.map(\.0)) { keywords in
            withCStrings(words.map(\.1)) { values in PQconnectStartParams(keywords, values, 1) }
        }
    }

    /// The keywords of a connection string that have a value; empty when it cannot be read, which connecting then reports.
    static func parse(_ url: String) -> [String: String] {
        guard let options = PQconninfoParse(url, nil) else { return [:] }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return values
    }
}

extension Duration {
    /// Rounded up, so that a limit is never shorter than asked for.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}

/// A NULL-terminated array of C strings that lives during `body`.
func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R) -> R {
    var bytes: [CChar] = []
    var offsets: [Int] = []
    for string in strings {
        offsets.append(bytes.count)
        bytes.append(contentsOf: string.utf8CString)
    }
    return bytes.withUnsafeBufferPointer { buffer in
        var pointers: [UnsafePointer<CChar>?] = offsets.map { buffer.baseAddress! + $0 }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}
