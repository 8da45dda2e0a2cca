import Glibc

/// Makes a cluster's data, its roles and its database, each only when missing.
struct ClusterBirth {
    let places: ClusterPlaces
    let durability: ClusterDurability

    /// The version that made the data; nil before the first start.
    static func major(of data: String) -> Int? {
        Files.read("\(data)/PG_VERSION").flatMap { Int($0.prefix { $0.isNumber }) }
    }

    /// Built beside and renamed when whole, so that an interrupted first start leaves nothing that looks like a cluster.
    func makeData(with binaries: Binaries) throws(ClusterError) {
        guard Self.major(of: places.data) == nil else { return }
        let unfinished = places.data + ".unfinished"
        Files.removeTree(unfinished)
        try Files.makeFolders(unfinished, mode: 0o700)
        try Files.give(unfinished, to: places.user)
        let log = try places.openLog()
        defer { close(log) }
        var arguments = [
            binaries.initdb, "-D", unfinished, "--username=\(Cluster.superuserRole)", "--encoding=UTF8", "--data-checksums",
            "--auth-local=peer", "--auth-host=reject",
        ]
        if durability == .disposable { arguments.append("--no-sync") }
        // Not every system has C.UTF-8; plain C sorts the same way and only knows no letters outside ASCII for upper and lower.
        var status = try ChildProcess.run(arguments + ["--locale=C.UTF-8"], as: places.user, output: log)
        if status != 0 { status = try ChildProcess.run(arguments + ["--locale=C"], as: places.user, output: log) }
        guard status == 0 else {
            throw ClusterError(.startFailed, "initdb ended with \(status); its log is \(places.log)\(places.lastWords)")
        }
        let main = "\(unfinished)/postgresql.conf"
        let written = Files.read(main) ?? ""
        try Files.write(written + ClusterSettings.inclusion, to: main, mode: 0o600, owner: places.user)
        rmdir(places.data)
        if rename(unfinished, places.data) != 0 { throw Files.failure("finish", places.data) }
    }

    /// The owner migrates and owns; the app role owns nothing and bypasses nothing.
    func makeRolesAndDatabase() throws {
        let session = try AdminSession(url: places.url(role: Cluster.superuserRole, database: "postgres"))
        let facts = try session.query(
            """
            select (select count(*) from pg_roles where rolname in (\(Cluster.ownerRole), \(Cluster.appRole))),
                   (select count(*) from pg_database where datname = \(Cluster.databaseName))
            """)
        let (roles, databases) = try facts[0].decode(Int64.self, Int64.self)
        if roles < 2 { try session.run(Self.rolesText) }
        if databases == 0 {
            try session.run("create database \(Cluster.databaseName) owner \(Cluster.ownerRole)")
            try session.run("revoke all on database \(Cluster.databaseName) from public")
            try session.run("grant connect on database \(Cluster.databaseName) to \(Cluster.appRole)")
        }
    }

    /// The same as SQL/roles.sql, which is for databases that are not ours to start.
    private static let rolesText = [Cluster.ownerRole, Cluster.appRole].map { role in
        """
        do $$ begin
            if not exists (select from pg_roles where rolname = '\(role)') then
                create role \(role) login nosuperuser nobypassrls nocreatedb nocreaterole;
            end if;
        end $$;
        """
    }.joined(separator: "\n")
}
