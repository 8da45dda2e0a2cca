import HTTP
import FoundationEssentials
import Postgres
import Values

/// Looks the whole installation over: the database's settings, its schema, and every invariant inside every tenant.
package struct Doctor: Sendable {
    package enum Verdict: String, Sendable { case ok = "OK", warning = "WARN", failure = "FAIL" }
    package struct Finding: Sendable {
        package let verdict: Verdict
        package let name: String
        package let detail: String
    }

    let instance: Instance
    let authenticator: Authenticator

    package init(_ instance: Instance) {
        self.instance = instance
        authenticator = Authenticator(database: instance.dependencies.database, realNow: instance.dependencies.realNow)
    }

    package func run() async throws -> [Finding] {
        var findings = try await [server(), work()]
        for invariant in try Invariant.all(in: instance.folders.sql) { findings.append(try await check(invariant)) }
        return findings
    }

    private func server() async throws -> Finding {
        let rows = try await instance.dependencies.database.reads.read(
            scope: nil,
            [
                "select current_setting('server_version'), current_setting('server_version_num')::int, current_setting('data_checksums')"
            ])[0]
        let version: String = try rows[0].get(0)
        let number: Int32 = try rows[0].get(1)
        let checksums: String = try rows[0].get(2)
        if number < 150_014 {
            return Finding(
                verdict: .warning, name: "database",
                detail: "PostgreSQL \(version) has known holes in row security; 15.14 or later has not.")
        }
        if checksums != "on" {
            return Finding(verdict: .warning, name: "database", detail: "PostgreSQL \(version) runs without data checksums.")
        }
        return Finding(
            verdict: .ok, name: "database",
            detail: "PostgreSQL \(version), checksums on, schema \(instance.dependencies.schemaNumber)")
    }

    /// Timers that failed, and usage that nobody settles.
    private func work() async throws -> Finding {
        var failed: Int64 = 0
        for tenant in try await authenticator.allTenants() {
            let rows = try await instance.dependencies.database.reads.read(
                scope: tenant.id.uuid, ["select count(*) from timers where tenant_id = \(tenant.id) and attempts > 0"])[0]
            failed += try rows[0].get(0, as: Int64.self)
        }
        let stuck = try await instance.dependencies.database.reads.read(
            scope: nil, ["select count(*) from work.settlement_queue where attempts > 0"])[0]
        let settlements: Int64 = try stuck[0].get(0)
        return Finding(
            verdict: failed + settlements == 0 ? .ok : .failure, name: "work",
            detail: failed + settlements == 0
                ? "no timer and no settlement has failed" : "\(failed) timers and \(settlements) settlements have failed")
    }

    private func check(_ invariant: Invariant) async throws -> Finding {
        let broken = try await invariant.violations(
            instance.dependencies.database, tenants: try await authenticator.allTenants().map(\.id))
        return Finding(
            verdict: broken == 0 ? .ok : .failure, name: invariant.name,
            detail: broken == 0 ? invariant.meaning : "\(broken) rows break it: \(invariant.meaning)")
    }
}

/// One query that returns no rows when all is well (`SQL/invariants`).
package struct Invariant: Sendable {
    package let name: String
    package let text: String
    package let isCatalogue: Bool
    /// The first comment line of the file.
    package let meaning: String

    package static func all(in sql: URL) throws -> [Invariant] {
        let folder = sql.appending(path: "invariants")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sql") }.sorted().map {
            name in
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            let comments = text.split(separator: "\n").prefix { $0.hasPrefix("--") }.map { $0.dropFirst(2).drop { $0 == " " } }
            return Invariant(
                name: String(name.dropLast(4)), text: text, isCatalogue: comments.first == "catalogue",
                meaning: String(comments.first { $0 != "catalogue" } ?? ""))
        }
    }

    /// How many rows break it: over the catalogue once, over data inside each tenant, because without a tenant a query sees nothing and would always pass.
    package func violations(_ database: Database, tenants: [TenantID]) async throws -> Int {
        if isCatalogue {
            return try await database.reads.read(scope: nil, [SQL(unsafeSQL: text)], timeout: .seconds(60))[0].count
        }
        var count = 0
        for tenant in tenants {
            count += try await database.reads.read(scope: tenant.uuid, [SQL(unsafeSQL: text)], timeout: .seconds(300))[0].count
        }
        return count
    }
}

extension Doctor {
    package static func json(_ findings: [Finding]) -> String {
        jsonText { json in
            json.field("well", !findings.contains { $0.verdict == .failure })
            json.field(
                "findings",
                array: { json in
                    for finding in findings {
                        json.object {
                            $0.field("verdict", finding.verdict.rawValue)
                            $0.field("name", finding.name)
                            $0.field("detail", finding.detail)
                        }
                    }
                })
        }
    }
}
