import Crypto
import FoundationEssentials
import Postgres
import Values

/// The database: what it is, whether it is the right one, how it is doing.
extension Doctor {
    func databaseFindings(_ tenants: [Tenant]) async throws -> [Finding] {
        [
            try await server(), try await timeZones(tenants), try await clock(), try await replication(),
            try await connections(), try await migrations(),
        ]
    }

    private func server() async throws -> Finding {
        let rows = try await database.reads.read(
            scope: nil,
            [
                "select current_setting('server_version'), current_setting('server_version_num')::int, current_setting('data_checksums')"
            ])[0]
        let version: String = try rows[0].get(0)
        let number: Int32 = try rows[0].get(1)
        let checksums: String = try rows[0].get(2)
        if number < 150_014 {
            return .warning(
                "database", "PostgreSQL \(version) has known holes in row security; 15.14 or later has not.",
                fix: "Bring PostgreSQL up to its newest minor version.")
        }
        if checksums != "on" {
            return .warning(
                "database", "PostgreSQL \(version) runs without data checksums: it does not see when its disk loses bits.",
                fix: "Stop PostgreSQL and run `pg_checksums --enable`.")
        }
        return .ok("database", "PostgreSQL \(version), checksums on, durable, as a humble role")
    }

    /// The session's zone, and whether PostgreSQL knows every zone that a tenant lives in.
    private func timeZones(_ tenants: [Tenant]) async throws -> Finding {
        let wanted = Array(Set(tenants.map(\.timeZone))).sorted()
        let rows = try await database.reads.read(
            scope: nil,
            [
                "select current_setting('TimeZone')",
                "select w from unnest(\(wanted)) w where w <> 'UTC' and not exists (select from pg_timezone_names n where n.name = w)",
            ], timeout: .seconds(30))
        let zone: String = try rows[0][0].get(0)
        let unknown: [String] = try rows[1].map { try $0.get(0) }
        if !unknown.isEmpty {
            return .failure(
                "time zone", "PostgreSQL does not know \(unknown.joined(separator: ", "))",
                fix: "Install tzdata on the database's machine.")
        }
        if zone != "UTC" && zone != "Etc/UTC" {
            return .warning(
                "time zone", "sessions run in \(zone), not in UTC",
                fix: "A pooler in between drops the session's settings: alter role bursar_app set timezone = 'UTC'.")
        }
        return .ok("time zone", "sessions in UTC; PostgreSQL knows the zones of all tenants")
    }

    private func clock() async throws -> Finding {
        let before = Instance.realNow()
        let rows = try await database.reads.read(scope: nil, ["select clock_timestamp()"])[0]
        let after = Instance.realNow()
        let there: Instant = try rows[0].get(0)
        // Somewhere between asking and hearing it was that time there.
        let early = max(0, there.microseconds(until: before))
        let late = max(0, after.microseconds(until: there))
        let milliseconds = max(early, late) / 1_000
        let fix = "Let both machines keep time: chrony or systemd-timesyncd."
        if milliseconds > 60_000 { return .failure("clock", "the database's clock differs by \(milliseconds) ms", fix: fix) }
        if milliseconds > 1_000 { return .warning("clock", "the database's clock differs by \(milliseconds) ms", fix: fix) }
        return .ok("clock", "the database's clock agrees (asked and heard in \(before.microseconds(until: after) / 1_000) ms)")
    }

    private func replication() async throws -> Finding {
        let rows = try await database.reads.read(
            scope: nil,
            [
                """
                select pg_is_in_recovery(), count(*), count(state), coalesce(max(extract(epoch from replay_lag)), 0)::bigint \
                from pg_stat_replication
                """
            ])[0]
        let isStandby: Bool = try rows[0].get(0)
        let replicas: Int64 = try rows[0].get(1)
        let visible: Int64 = try rows[0].get(2)
        let lag: Int64 = try rows[0].get(3)
        if isStandby {
            return .failure(
                "replication", "this is a standby, which takes no writes", fix: "Point BURSAR_DATABASE_URL at the primary.")
        }
        if replicas == 0 { return .ok("replication", "the primary, without replicas") }
        if visible < replicas {
            return .warning(
                "replication", "\(replicas) replicas, whose lag the app's role may not see",
                fix: "grant pg_read_all_stats to bursar_app, or watch the lag elsewhere.")
        }
        let detail = "\(replicas) replicas, the furthest \(lag) s behind"
        return lag > 60
            ? .warning("replication", detail, fix: "Look at the replica's load and disk, and at the network between.")
            : .ok("replication", detail)
    }

    private func connections() async throws -> Finding {
        let rows = try await database.reads.read(
            scope: nil, ["select current_setting('max_connections')::int, (select count(*) from pg_stat_activity)"])[0]
        let most = Int64(try rows[0].get(0, as: Int32.self))
        let open: Int64 = try rows[0].get(1)
        let configuration = instance.configuration
        let own = configuration.readConnections + configuration.writeConnections + 2
        let detail = "\(open) of \(most) in use; one server takes up to \(own)"
        if open * 10 > most * 9 || Int64(own) > most {
            return .warning("connections", detail, fix: "Raise max_connections, or lower BURSAR_WRITE_CONNECTIONS.")
        }
        return .ok("connections", detail)
    }

    /// The migrations that were run are the ones that this program has, to the byte.
    private func migrations() async throws -> Finding {
        let files = try MigrationFile.read(
            folder: instance.folders.sql.appending(path: "migrations").path, sha256: { SHA256.hex($0) })
        let rows = try await database.reads.read(
            scope: nil, ["select number, sha256 from public.bursar_migrations order by number"])[0]
        var recorded: [Int: String] = [:]
        for row in rows { recorded[Int(try row.get(0, as: Int32.self))] = try row.get(1) }
        let strange = files.filter { recorded[$0.number] != nil && recorded[$0.number] != $0.sha256 }.map(\.number)
        let missing = files.filter { recorded[$0.number] == nil }.map(\.number)
        if !strange.isEmpty || !missing.isEmpty {
            return .failure(
                "migrations", "missing: \(missing), different from this program's: \(strange)",
                fix: "Run `bursar migrate` with the program that the database belongs to.")
        }
        return .ok("migrations", "\(files.count), each as it was run")
    }
}
