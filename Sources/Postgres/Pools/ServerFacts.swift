/// What a server must be told about its database before it may serve: whether acknowledged writes are kept, and whether the role
/// it is connected as is as humble as row-level security needs it.
package struct ServerFacts: Sendable {
    /// 150020 is 15.20.
    package let version: Int
    package let isFsyncOn: Bool
    package let isFullPageWritesOn: Bool
    /// Anything but "off" waits for the local disk; "off" acknowledges before the write is safe.
    package let synchronousCommit: String
    package let hasDataChecksums: Bool
    package let database: String
    package let role: String
    package let isSuperuser: Bool
    package let bypassesRowSecurity: Bool
    /// The role owns a table, or is a member of a role that does: row-level security would not bind it unless forced.
    package let ownsTables: Bool

    static let statement: SQL = """
        select current_setting('server_version_num')::int,
               current_setting('fsync')::bool, current_setting('full_page_writes')::bool,
               current_setting('synchronous_commit'), current_setting('data_checksums')::bool,
               current_database()::text, current_user::text, rolsuper, rolbypassrls,
               exists (
                   select from pg_class
                   where relkind in ('r', 'p') and relnamespace not in (
                       select oid from pg_namespace where nspname in ('pg_catalog', 'information_schema', 'pg_toast'))
                     and pg_has_role(relowner, 'member'))
        from pg_roles where rolname = current_user
        """

    init(_ row: Row) throws(PostgresDecodingError) {
        version = try row.get(0)
        isFsyncOn = try row.get(1)
        isFullPageWritesOn = try row.get(2)
        synchronousCommit = try row.get(3)
        hasDataChecksums = try row.get(4)
        database = try row.get(5)
        role = try row.get(6)
        isSuperuser = try row.get(7)
        bypassesRowSecurity = try row.get(8)
        ownsTables = try row.get(9)
    }
}

extension ReadPool {
    /// Asks the server what it is set to and as whom this pool is connected.
    package func serverFacts() async throws -> ServerFacts {
        try ServerFacts(try await read(scope: nil, ServerFacts.statement)[0])
    }
}

extension AdminSession {
    /// Asks the server what it is set to and as whom this session is connected. Blocks.
    package func serverFacts() throws -> ServerFacts {
        try ServerFacts(try query(ServerFacts.statement)[0])
    }
}
