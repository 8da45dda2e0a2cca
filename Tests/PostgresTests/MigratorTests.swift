import FoundationEssentials
import Glibc
import Postgres
import Testing

/// Not a digest, but different for different bytes and 64 characters long: what a digest is, is not the subject here.
private func fingerprint(_ bytes: [UInt8]) -> String {
    let hash = bytes.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 64 - digits.count) + digits
}

/// A database of its own and a folder of migrations, both gone afterwards.
private func withMigrations(_ files: [String: String], _ body: (Fixture) throws -> Void) throws {
    let name = "m" + UUID().uuidString.lowercased().replacing("-", with: "")
    let admin = try AdminSession(url: try Database.cluster.superuserURL)
    try admin.run("create database \(name) owner bursar_owner")
    defer { try? admin.run("drop database \(name) with (force)") }
    let folder = "/tmp/bursar-migrations-\(name)"
    mkdir(folder, 0o755)
    let fixture = Fixture(
        folder: folder, url: try Database.cluster.ownerURL.replacing("dbname='bursar'", with: "dbname='\(name)'"))
    defer { fixture.remove() }
    for (file, text) in files { fixture.write(text, to: file) }
    try body(fixture)
}

private struct Fixture {
    let folder: String
    let url: String

    func write(_ text: String, to file: String) {
        guard let stream = fopen("\(folder)/\(file)", "w") else { return }
        fputs(text, stream)
        fclose(stream)
    }

    func remove() {
        for file in (try? MigrationFile.read(folder: folder, sha256: fingerprint)) ?? [] { unlink("\(folder)/\(file.fileName)") }
        rmdir(folder)
    }

    func migrator() throws -> Migrator {
        Migrator(files: try MigrationFile.read(folder: folder, sha256: fingerprint), lockTimeout: .milliseconds(300))
    }

    func count(_ statement: SQL) throws -> Int { try AdminSession(url: url).query(statement).count }
}

@Suite struct MigratorTests {
    @Test func `files are applied once, in order, and recorded`() throws {
        let files = [
            "0001_first.sql": "create table a (x int); insert into a values (1); -- a comment; with semicolons;\n",
            "0002_second.sql":
                "alter table a add column y int;\ncreate function f() returns int language sql as $$ select 1; $$;\n",
        ]
        try withMigrations(files) { (fixture) throws in
            let migrator = try fixture.migrator()
            #expect(try migrator.status(url: fixture.url).pending.map(\.number) == [1, 2])
            #expect(try migrator.migrate(ownerURL: fixture.url).map(\.name) == ["first", "second"])
            #expect(try migrator.migrate(ownerURL: fixture.url).isEmpty)
            let status = try migrator.status(url: fixture.url)
            #expect(status.isCurrent)
            #expect(status.applied.map(\.name) == ["first", "second"])
            fixture.write("drop table a;", to: "0003_third.sql")
            #expect(try fixture.migrator().migrate(ownerURL: fixture.url).map(\.number) == [3])
        }
    }

    @Test func `an edited file is refused by name`() throws {
        try withMigrations(["0001_first.sql": "create table a (x int);"]) { (fixture) throws in
            try fixture.migrator().migrate(ownerURL: fixture.url)
            fixture.write("create table a (x bigint);", to: "0001_first.sql")
            let error = #expect(throws: MigrationError.self) { try fixture.migrator().status(url: fixture.url) }
            #expect(error?.file == "0001_first.sql")
            #expect(throws: MigrationError.self) { try fixture.migrator().migrate(ownerURL: fixture.url) }
        }
    }

    @Test func `a database that is newer than the files is refused`() throws {
        try withMigrations(["0001_first.sql": "select 1;", "0002_second.sql": "select 2;"]) { (fixture) throws in
            try fixture.migrator().migrate(ownerURL: fixture.url)
            unlink("\(fixture.folder)/0002_second.sql")
            let error = #expect(throws: MigrationError.self) { try fixture.migrator().status(url: fixture.url) }
            #expect(error?.file == "2_second")
        }
    }

    @Test func `a failing file leaves nothing, names itself, and keeps those before it`() throws {
        let files = ["0001_first.sql": "create table a (x int);", "0002_second.sql": "create table b (x int); select 1 / 0;"]
        try withMigrations(files) { (fixture) throws in
            let error = #expect(throws: MigrationError.self) { try fixture.migrator().migrate(ownerURL: fixture.url) }
            #expect(error?.file == "0002_second.sql")
            #expect(error?.cause?.sqlState == "22012")
            #expect(try fixture.count("select 1 from pg_tables where tablename in ('a', 'b')") == 1)
            #expect(try fixture.migrator().status(url: fixture.url).pending.map(\.number) == [2])
        }
    }

    @Test func `a file that says so runs outside a transaction`() throws {
        let alone =
            "-- no transaction: CONCURRENTLY\ncreate index concurrently a_x on a (x);\ncreate index concurrently a_y on a (y);\n"
        try withMigrations(["0001_first.sql": "create table a (x int, y int);", "0002_alone.sql": alone]) { (fixture) throws in
            #expect(try fixture.migrator().migrate(ownerURL: fixture.url).count == 2)
            #expect(try fixture.count("select 1 from pg_indexes where tablename = 'a'") == 2)
        }
    }

    @Test func `a second migrator does not wait for ever`() throws {
        try withMigrations(["0001_first.sql": "select 1;"]) { (fixture) throws in
            try fixture.migrator().migrate(ownerURL: fixture.url)
            fixture.write("select 2;", to: "0002_second.sql")
            let other = try AdminSession(url: fixture.url)
            try other.run("begin; lock table bursar_migrations in share row exclusive mode")
            let error = #expect(throws: MigrationError.self) { try fixture.migrator().migrate(ownerURL: fixture.url) }
            #expect(error?.cause?.isLockTimeout == true)
        }
    }

    @Test(arguments: [
        ["0002_second.sql"], ["0001_a.sql", "0001_b.sql"], ["0001_a.sql", "0003_c.sql"], ["first.sql"], ["0001.sql"],
        ["0001_.sql"],
    ])
    func `names that do not count up by one are refused`(names: [String]) throws {
        try withMigrations(Dictionary(uniqueKeysWithValues: names.map { ($0, "select 1;") })) { (fixture) throws in
            #expect(throws: MigrationError.self) { try fixture.migrator() }
            for name in names { unlink("\(fixture.folder)/\(name)") }
        }
    }
}
