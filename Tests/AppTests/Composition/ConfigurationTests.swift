import App
import FoundationEssentials
import Postgres
import TestSupport
import Testing
import Values

@Suite struct `The configuration` {
    @Test(arguments: [
        ("BURSAR_LISTN", "BURSAR_LISTEN"), ("BURSAR_DATABASEURL", "BURSAR_DATABASE_URL"), ("BURSAR_DTA", "BURSAR_DATA"),
        ("BURSAR_LOGLEVEL", "BURSAR_LOG_LEVEL"),
    ])
    func `refuses an unknown variable and names the nearest right one`(wrong: String, right: String) {
        let error = #expect(throws: Configuration.Problem.self) { try Configuration(environment: [wrong: "x"], flags: []) }
        #expect(error?.description.contains("\(right)?") == true)
    }

    @Test func `refuses an unknown option and names the nearest right one`() {
        let error = #expect(throws: Configuration.Problem.self) { try Configuration(environment: [:], flags: [("--lisen", "x")]) }
        #expect(error?.description.contains("--listen?") == true)
    }

    @Test(arguments: [
        ("BURSAR_LISTEN", "8080"), ("BURSAR_LISTEN", ":8080"), ("BURSAR_LISTEN", "127.0.0.1:65536"),
        ("BURSAR_LISTEN", "127.0.0.1:http"),
        ("BURSAR_DATABASE_URL", "mysql://x"), ("BURSAR_DATABASE_OWNER_URL", "host=x"), ("BURSAR_DATA", ""),
        ("BURSAR_PUBLIC_URL", "ftp://x"),
        ("BURSAR_LOG_FORMAT", "xml"), ("BURSAR_LOG_LEVEL", "loud"), ("BURSAR_READ_CONNECTIONS", "0"),
        ("BURSAR_READ_CONNECTIONS", "65"),
        ("BURSAR_WRITE_CONNECTIONS", "many"), ("BURSAR_DRAIN", "-1"), ("BURSAR_DEMO_LISTEN_EVERYWHERE", "maybe"),
    ])
    func `refuses a bad value, names the variable and never shows the value`(name: String, value: String) {
        let error = #expect(throws: Configuration.Problem.self) { try Configuration(environment: [name: value], flags: []) }
        #expect(error?.description.contains(name) == true)
        if value.count > 4 { #expect(error?.description.contains(value) == false) }
    }

    @Test func `takes a flag before the environment before the default`() throws {
        let environment = ["BURSAR_LISTEN": "0.0.0.0:9000", "BURSAR_DRAIN": "7", "HOME": "/nowhere"]
        let configuration = try Configuration(environment: environment, flags: [("--listen", "[::1]:9001")])
        #expect(configuration.listenHost == "::1")
        #expect(configuration.listenPort == 9001)
        #expect(configuration.drainSeconds == 7)
        #expect(configuration.readConnections == 2)
        #expect(configuration.isLoopback)
    }

    @Test func `names its settings once, with defaults that are accepted`() throws {
        let names = Configuration.settings.map(\.variable)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.hasPrefix("BURSAR_") })
        for setting in Configuration.settings {
            #expect(Configuration.markdownTable.contains("| `\(setting.variable)` | `\(setting.flag)` |"))
            #expect(!setting.meaning.contains("|"))
        }
    }

    @Test func `stands in the README as it is`() throws {
        let folders = try Folders()
        let readme = folders.sql.deletingLastPathComponent().appending(path: "README.md")
        let text = try String(contentsOf: readme, encoding: .utf8)
        let begin = try #require(text.firstRange(of: "<!-- configuration -->\n"))
        let end = try #require(text.firstRange(of: "\n<!-- /configuration -->"))
        #expect(text[begin.upperBound..<end.lowerBound] == Configuration.markdownTable)
    }
}

@Suite struct `Reference data` {
    @Test func `of currencies is the same in the database as in the program`() throws {
        let rows = try TestDatabase.make().superuser().query("select code, exponent from reference.currencies order by code")
        let stored = try rows.map { "\(try $0.get(0, as: String.self)) \(try $0.get(1, as: Int32.self))" }
        #expect(stored == Currency.allCodes.compactMap { Currency($0) }.map { "\($0.code) \($0.exponent)" })
    }
}
