import FoundationEssentials
import Glibc
import Loop
import Postgres
import Testing

/// A folder for one cluster, with the cluster ended and everything removed afterwards.
private func withFolder<T>(_ body: (String) async throws -> T) async throws -> T {
    let folder = "/tmp/bursar-disposable-\(getpid())-\(UUID().uuidString)"
    defer { Cluster.destroy(folder: folder) }
    return try await body(folder)
}

private func facts(_ url: String) throws -> ServerFacts { try AdminSession(url: url).serverFacts() }

@Suite struct ClusterTests {
    @Test func `a first start makes a durable cluster with its roles, a second finds its data`() async throws {
        try await withFolder { folder in
            let first = try Cluster.open(folder: folder)
            #expect(first.arrival == .started)
            let found = try facts(first.appURL)
            #expect(found.isFsyncOn && found.isFullPageWritesOn && found.synchronousCommit == "on" && found.hasDataChecksums)
            #expect(!found.isSuperuser && !found.bypassesRowSecurity)
            // A quarter of what the machine or its control group has; more than 8 GB is left to the kernel.
            let buffers: Int64 = try AdminSession(url: first.ownerURL)
                .query("select setting::bigint / 128 from pg_settings where name = 'shared_buffers'")[0].get(0)
            let machine = Int64(sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / 1_048_576)
            #expect(buffers >= 32 && buffers <= max(32, machine / 4))
            let isLimited = ["memory.max", "memory/memory.limit_in_bytes"].contains { access("/sys/fs/cgroup/\($0)", R_OK) == 0 }
            #expect(isLimited || buffers >= min(8_192, machine / 5))
            try AdminSession(url: first.ownerURL).run("create table kept (x int)")
            #expect(throws: PostgresError.self) { try AdminSession(url: first.appURL).run("create table forbidden (x int)") }
            first.stop()
            #expect(throws: PostgresError.self) { try AdminSession(url: first.appURL) }

            let second = try Cluster.open(folder: folder)
            defer { second.stop() }
            #expect(second.arrival == .started)
            #expect(try AdminSession(url: second.ownerURL).query("select * from kept").isEmpty)
        }
    }

    @Test func `nobody can connect over the network, and only one user can enter the socket's folder`() async throws {
        try await withFolder { folder in
            let cluster = try Cluster.open(folder: folder, durability: .disposable)
            defer { cluster.stop() }
            let session = try AdminSession(url: cluster.superuserURL)
            let rows = try session.query(
                "select current_setting('listen_addresses'), current_setting('unix_socket_directories')")
            let (addresses, sockets) = try rows[0].decode(String.self, String.self)
            #expect(addresses.isEmpty)
            #expect(sockets.utf8.count + "/.s.PGSQL.5432".utf8.count <= 107)
            var status = stat()
            #expect(stat(sockets, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o700)
            #expect(status.st_uid != 0)
        }
    }

    @Test func `a second server is refused, a command joins`() async throws {
        try await withFolder { folder in
            let server = try Cluster.open(folder: folder, durability: .disposable)
            let error = #expect(throws: ClusterError.self) { try Cluster.open(folder: folder) }
            #expect(error?.reason == .heldByAnother)
            #expect(error?.description.contains("\(getpid())") == true)

            let command = try Cluster.open(folder: folder, for: .command)
            #expect(command.arrival == .joined)
            #expect(try facts(command.appURL).role == "bursar_app")
            #expect(try facts(command.ownerURL).role == "bursar_owner")
            command.stop()
            #expect(try facts(server.appURL).role == "bursar_app")
            server.stop()
        }
    }

    @Test func `a command without a server starts the cluster and stops it`() async throws {
        try await withFolder { folder in
            let command = try Cluster.open(folder: folder, for: .command, durability: .disposable)
            #expect(command.arrival == .started)
            command.stop()
            #expect(throws: PostgresError.self) { try AdminSession(url: command.appURL) }
        }
    }

    @Test func `PostgreSQL killed under load comes back, and the pools with it`() async throws {
        try await withFolder { folder in
            let cluster = try Cluster.open(folder: folder, durability: .durable)
            defer { cluster.stop() }
            try AdminSession(url: cluster.ownerURL).run(
                "create table seen (n bigint primary key); grant select, insert on seen to bursar_app")
            try await withPools(options: ConnectionOptions(url: cluster.appURL)) { pools in
                var acknowledged: [Int64] = []
                for number in 0..<200 {
                    if number == 50, let process = cluster.processID { kill(process, SIGKILL) }
                    do {
                        try await pools.writes.write(scope: nil, retries: 20) { transaction in
                            transaction.enqueue("insert into seen values (\(Int64(number)))")
                        }
                        acknowledged.append(Int64(number))
                    } catch let error as PostgresError where error.kind == .commitOutcomeUnknown {
                        // Whether it is there is not known, and both are right.
                    }
                }
                #expect(acknowledged.count > 150)
                let rows = try await pools.reads.read(scope: nil, "select n from seen")
                let stored = Set(try rows.map { try $0.get(0, as: Int64.self) })
                #expect(stored.isSuperset(of: acknowledged))
                #expect(pools.writes.counters.lost >= 1)
            }
        }
    }

    @Test func `a killed server's PostgreSQL is adopted`() async throws {
        let folder = "/tmp/bursar-disposable-\(getpid())-adopt"
        defer { Cluster.destroy(folder: folder) }
        await #expect(processExitsWith: .exitCode(9)) {
            _ = try Cluster.open(folder: "/tmp/bursar-disposable-\(getppid())-adopt", durability: .disposable)
            // Gone without a word, as a killed process is.
            _exit(9)
        }
        let cluster = try Cluster.open(folder: folder, durability: .disposable)
        #expect(cluster.arrival == .adopted)
        #expect(try facts(cluster.appURL).role == "bursar_app")
        // And it is now looked after like one's own.
        if let process = cluster.processID { kill(process, SIGKILL) }
        var role: String?
        for _ in 0..<200 where role == nil {
            usleep(50_000)
            role = try? facts(cluster.appURL).role
        }
        #expect(role == "bursar_app")
        cluster.stop()
    }

    @Test func `a first start that was interrupted is begun again`() async throws {
        try await withFolder { folder in
            mkdir(folder, 0o755)
            mkdir("\(folder)/postgres.unfinished", 0o700)
            mkdir("\(folder)/postgres.unfinished/base", 0o700)
            let cluster = try Cluster.open(folder: folder, durability: .disposable)
            #expect(cluster.arrival == .started)
            cluster.stop()
        }
    }

    @Test func `a process number that belongs to a stranger by now does not stand in the way`() async throws {
        try await withFolder { folder in
            try Cluster.open(folder: folder, durability: .disposable).stop()
            let file = fopen("\(folder)/postgres/postmaster.pid", "w")
            fputs("\(getpid())\n\(folder)/postgres\n", file)
            fclose(file)
            let cluster = try Cluster.open(folder: folder, durability: .disposable)
            #expect(cluster.arrival == .started)
            cluster.stop()
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can be where PostgreSQL's user cannot go"))
    func `under a folder that PostgreSQL's user cannot enter, the data lies elsewhere and a link says where`() async throws {
        let closed = "/tmp/bursar-disposable-\(getpid())-closed"
        let folder = "\(closed)/data"
        mkdir(closed, 0o700)
        defer {
            Cluster.destroy(folder: folder)
            rmdir(closed)
        }
        let cluster = try Cluster.open(folder: folder, durability: .disposable)
        #expect(try facts(cluster.appURL).role == "bursar_app")
        cluster.stop()
        var status = stat()
        #expect(lstat("\(folder)/postgres", &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFLNK)
        let again = try Cluster.open(folder: folder, durability: .disposable)
        #expect(again.arrival == .started)
        again.stop()
    }
}
