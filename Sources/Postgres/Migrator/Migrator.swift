/// Brings a database to the schema of the files, forward only.
///
/// Each migration runs in a transaction of its own with a `lock_timeout`, while a lock on `bursar_migrations` keeps other migrators
/// out; number, name, hash and instant are recorded in the same transaction. What has been applied is never applied again and
/// must not have been edited. Blocks its thread.
package struct Migrator {
    /// How the files and the database stand to each other.
    package struct Status: Sendable {
        package let applied: [Applied]
        package let pending: [MigrationFile]
        package var isCurrent: Bool { pending.isEmpty }
    }

    package struct Applied: Hashable, Sendable {
        package let number: Int
        package let name: String
        package let sha256: String
        package let appliedAt: PostgresTimestamp
    }

    package let files: [MigrationFile]
    package let lockTimeout: Duration

    package init(files: [MigrationFile], lockTimeout: Duration = .seconds(5)) {
        self.files = files
        self.lockTimeout = lockTimeout
    }

    /// Compares without changing anything; the app role may ask. Throws `MigrationError` on a file that was edited after it was
    /// applied, and on a database that is newer than these files.
    package func status(url: String) throws -> Status {
        try status(AdminSession(url: url))
    }

    /// Applies what is pending, as the owner, and returns the files that it applied. `progress` hears each before it runs.
    @discardableResult
    package func migrate(ownerURL: String, progress: (MigrationFile) -> Void = { _ in }) throws -> [MigrationFile] {
        let session = try AdminSession(url: ownerURL)
        try makeLedger(session)
        var applied: [MigrationFile] = []
        for file in try status(session).pending {
            progress(file)
            let isNew = file.runsAlone ? try applyAlone(file, session, ownerURL: ownerURL) : try apply(file, session)
            if isNew { applied.append(file) }
        }
        return applied
    }

    // MARK: The ledger of migrations

    private static let table = "public.bursar_migrations"

    private func makeLedger(_ session: AdminSession) throws {
        // Two first migrators may meet here; the loser of that race finds the table on its second look.
        for attempt in 0..<2 where try !hasLedger(session) {
            do {
                try session.run(
                    """
                    begin;
                    create table \(Self.table) (
                        number      integer primary key check (number > 0),
                        name        text not null,
                        sha256      text not null check (char_length(sha256) = 64),
                        applied_at  timestamptz not null
                    );
                    grant select on \(Self.table) to public;
                    commit;
                    """)
            } catch {
                try session.run("rollback")
                if attempt > 0 || !["42P07", "23505", "42710"].contains(error.sqlState) { throw error }
            }
        }
    }

    private func hasLedger(_ session: AdminSession) throws -> Bool {
        try session.query("select to_regclass(\(Self.table)) is not null")[0].get(0)
    }

    private func status(_ session: AdminSession) throws -> Status {
        guard try hasLedger(session) else { return Status(applied: [], pending: files) }
        let rows = try session.query("select number, name, sha256, applied_at from \(unsafeSQL: Self.table) order by number")
        let applied = try rows.map { row in
            Applied(
                number: Int(try row.get(0, as: Int32.self)), name: try row.get(1), sha256: try row.get(2),
                appliedAt: try row.get(3))
        }
        for entry in applied {
            guard let file = files.first(where: { $0.number == entry.number }) else {
                throw MigrationError(
                    file: "\(entry.number)_\(entry.name)",
                    "is applied in the database, but these files do not know it: the database is newer")
            }
            guard file.sha256 == entry.sha256 else {
                throw MigrationError(
                    file: file.fileName,
                    "has been edited since it was applied (hash \(file.sha256.prefix(12)), recorded \(entry.sha256.prefix(12)))")
            }
        }
        let numbers = Set(applied.map(\.number))
        return Status(applied: applied, pending: files.filter { !numbers.contains($0.number) })
    }

    // MARK: Applying

    private func apply(_ file: MigrationFile, _ session: AdminSession) throws -> Bool {
        try underLock(file, session) { () throws(PostgresError) in try session.run(file.text) }
    }

    /// The statements run one by one outside any transaction, on a second session; this one keeps the lock and records.
    private func applyAlone(_ file: MigrationFile, _ session: AdminSession, ownerURL: String) throws -> Bool {
        try underLock(file, session) { () throws(PostgresError) in
            // A query by the extended protocol keeps its snapshot until the next one replaces it, and CREATE INDEX CONCURRENTLY
            // would wait for that snapshot: for us.
            try session.run("select")
            let worker = try AdminSession(url: ownerURL)
            try worker.run("set lock_timeout = \(lockTimeout.wholeMilliseconds)")
            for statement in Self.statements(of: file.text) { try worker.run(statement) }
        }
    }

    /// Waits for other migrators, looks again whether the file is still wanted, runs it, records it. False when another migrator
    /// has done it meanwhile.
    private func underLock(
        _ file: MigrationFile, _ session: AdminSession, _ body: () throws(PostgresError) -> Void
    ) throws -> Bool {
        do {
            try session.run("begin; set local lock_timeout = \(lockTimeout.wholeMilliseconds)")
            try session.run("lock table \(Self.table) in share row exclusive mode")
            let known = try session.query("select 1 from \(unsafeSQL: Self.table) where number = \(Int32(file.number))")
            guard known.isEmpty else {
                try session.run("rollback")
                return false
            }
            try body()
            _ = try session.query(
                """
                insert into \(unsafeSQL: Self.table) (number, name, sha256, applied_at)
                values (\(Int32(file.number)), \(file.name), \(file.sha256), now())
                """)
            try session.run("commit")
            return true
        } catch {
            try? session.run("rollback")
            throw MigrationError(file: file.fileName, "\(error.message) [\(error.sqlState)]", cause: error)
        }
    }

    /// Statements end with a semicolon at the end of a line: sent together they would be one transaction again.
    static func statements(of text: String) -> [String] {
        var statements: [String] = []
        var current = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.drop(while: { $0 == " " }).hasPrefix("--") { continue }
            current += line + "\n"
            if line.last(where: { $0 != " " }) == ";" {
                statements.append(current)
                current = ""
            }
        }
        if current.contains(where: { !$0.isWhitespace }) { statements.append(current) }
        return statements
    }
}
