import Crypto
import FoundationEssentials
import HTTP
import Loop
import Postgres
import Values

#if canImport(Glibc)
    import Glibc
#endif

/// An opened Bursar: its database, its loop, its pools. Every command of the program works on one; `serve` and `demo` also listen.
package final class Instance: Sendable {
    package let configuration: Configuration
    package let folders: Folders
    package let cluster: Cluster?
    package let loop: EventLoop
    package let dependencies: Dependencies
    package let ownerURL: String?
    private let url: String

    package enum Purpose: Sendable { case serve, command }

    /// Real time, to the microsecond.
    package static let realNow: @Sendable () -> Instant = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// Since some instant before the start.
    package static let monotonicMilliseconds: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Opens the database that the configuration names, or the private one under the data folder, brings its schema up to date when it is ours,
    /// and refuses one that is not safe to work on.
    package static func open(
        _ configuration: Configuration, purpose: Purpose, logsAsText: Bool? = nil,
        realNow: @escaping @Sendable () -> Instant = Instance.realNow,
        durability: ClusterDurability = .durable
    ) async throws -> Instance {
        let folders = try Folders()
        let isJSON =
            switch configuration.logFormat {
            case .json: true
            case .text: false
            case .automatic: isatty(2) == 0
            }
        let log = Log(level: configuration.logLevel, isJSON: isJSON, now: realNow)
        var cluster: Cluster?
        if configuration.databaseURL == nil {
            cluster = try Cluster.open(
                folder: configuration.dataFolder, for: purpose == .serve ? .serve : .command, durability: durability)
        }
        let ownerURL = configuration.databaseURL == nil ? cluster?.ownerURL : configuration.databaseOwnerURL
        let newest = try Migrations.newest(folders.sql)
        if let cluster, cluster.arrival != .joined { try Migrations.run(folders.sql, ownerURL: cluster.ownerURL) }
        let url = configuration.databaseURL ?? cluster?.appURL ?? ""
        let loop = EventLoop(name: "bursar")
        let workers = LoopWorkers(threads: 2, waitingMaximum: configuration.waitingHashes)
        let database = await Self.pools(on: loop, url: url, configuration)
        let dependencies = Dependencies(
            realNow: realNow, randomBytes: { SecureRandom.bytes($0) }, database: database, workers: workers, log: log,
            configuration: configuration,
            schemaNumber: newest)
        let instance = Instance(configuration, folders, cluster, loop, dependencies, ownerURL, url)
        do {
            try await loop.run { try await instance.refuseUnsafeDatabase() }
        } catch {
            await instance.close()
            throw error
        }
        return instance
    }

    private init(
        _ configuration: Configuration, _ folders: Folders, _ cluster: Cluster?, _ loop: EventLoop, _ dependencies: Dependencies,
        _ ownerURL: String?, _ url: String
    ) {
        self.url = url
        self.configuration = configuration
        self.folders = folders
        self.cluster = cluster
        self.loop = loop
        self.dependencies = dependencies
        self.ownerURL = ownerURL
    }

    private static func pools(on loop: EventLoop, url: String, _ configuration: Configuration) async -> Database {
        await loop.run {
            let options = ConnectionOptions(url: url)
            // A run of the tests asks for hundreds of sessions at once, on a machine that does other things too.
            let waitLimit: Duration = configuration.allowsLossyDatabase ? .seconds(60) : .seconds(5)
            let neighbours = Neighbours(loop: loop)
            let reads = ReadPool(
                loop: loop, options: options, connections: configuration.readConnections, waitLimit: waitLimit,
                neighbours: neighbours)
            let writes = WritePool(
                loop: loop, options: options, connections: configuration.writeConnections, waitLimit: waitLimit,
                neighbours: neighbours)
            let reports = ReportPool(
                loop: loop,
                options: ConnectionOptions(url: url, applicationName: "bursar reports", statementTimeout: .seconds(300)))
            reads.start()
            writes.start()
            reports.start()
            return Database(reads: reads, writes: writes, reports: reports)
        }
    }

    /// A further loop, with connections of its own: whoever answers on it shares nothing that changes with the first one.
    package func openLane(_ number: Int) async -> Lane {
        let loop = EventLoop(name: "bursar-\(number)")
        return Lane(loop: loop, database: await Self.pools(on: loop, url: url, configuration))
    }

    package struct Lane: Sendable {
        package let loop: EventLoop
        package let database: Database

        package func close() async {
            await loop.run { [database] in database.close() }
            loop.shutdown()
        }
    }

    /// Architecture section 4, rule 9: durable settings, a humble role, this program's schema.
    private func refuseUnsafeDatabase() async throws {
        let rows = try await dependencies.database.reads.read(
            scope: nil,
            [
                """
                select current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'), \
                r.rolsuper, r.rolbypassrls, exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                where n.nspname = 'public' and c.relkind = 'r' and c.relowner = r.oid) from pg_roles r where r.rolname = current_user
                """,
                "select to_regclass('public.bursar_migrations') is not null",
            ], timeout: .seconds(10))
        guard let row = rows[0].first else {
            throw Configuration.Problem(description: "The database does not know its own role.")
        }
        var column = Columns(row)
        for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
            let value: String = try column.next()
            if value == "off" && !configuration.allowsLossyDatabase {
                throw Configuration.Problem(
                    description: "The database runs with \(setting) = off and may lose acknowledged payments. Turn it on.")
            }
        }
        let isSuperuser: Bool = try column.next()
        let bypasses: Bool = try column.next()
        let owns: Bool = try column.next()
        if isSuperuser || bypasses || owns {
            throw Configuration.Problem(
                description:
                    "BURSAR_DATABASE_URL connects as a superuser, an owner, or a role that bypasses row security. Use the role bursar_app."
            )
        }
        guard try rows[1][0].get(0, as: Bool.self) else {
            throw Configuration.Problem(
                description: "The database has no Bursar schema. Run `bursar migrate` with BURSAR_DATABASE_OWNER_URL.")
        }
        let found = try await dependencies.database.reads.read(scope: nil, ["select max(number) from public.bursar_migrations"])[
            0]
        let newest: Int32 = try found[0].get(0, as: Int32?.self) ?? 0
        guard Int(newest) == dependencies.schemaNumber else {
            throw Configuration.Problem(
                description:
                    "The database's schema is at \(newest), this program needs \(dependencies.schemaNumber). Run `bursar migrate`."
            )
        }
    }

    package func close() async {
        await loop.run { [dependencies] in dependencies.database.close() }
        dependencies.workers.shutdown()
        loop.shutdown()
        cluster?.stop()
    }
}

/// The schema's way forward, as the owner.
package enum Migrations {
    package static func newest(_ sql: URL) throws -> Int {
        let names = try FileManager.default.contentsOfDirectory(atPath: sql.appending(path: "migrations").path)
        return names.compactMap { $0.hasSuffix(".sql") ? Int($0.prefix(4)) : nil }.max() ?? 0
    }

    package static func run(_ sql: URL, ownerURL: String) throws {
        let files = try MigrationFile.read(folder: sql.appending(path: "migrations").path, sha256: { SHA256.hex($0) })
        _ = try Migrator(files: files).migrate(ownerURL: ownerURL)
    }
}
