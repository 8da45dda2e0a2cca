import FoundationEssentials
import HTTP
import Postgres
import Values

/// Looks the whole installation over: settings and machine, the database, what waits, the books, and every invariant inside every tenant (O5).
package struct Doctor: Sendable {
    package enum Verdict: String, Sendable { case ok = "OK", warning = "WARN", failure = "FAIL" }
    package struct Finding: Sendable {
        package let verdict: Verdict
        package let name: String
        package let detail: String
        /// What to do; nil when there is nothing to do.
        package let fix: String?

        static func ok(_ name: String, _ detail: String) -> Finding {
            Finding(verdict: .ok, name: name, detail: detail, fix: nil)
        }
        static func warning(_ name: String, _ detail: String, fix: String) -> Finding {
            Finding(verdict: .warning, name: name, detail: detail, fix: fix)
        }
        static func failure(_ name: String, _ detail: String, fix: String) -> Finding {
            Finding(verdict: .failure, name: name, detail: detail, fix: fix)
        }
    }
    /// Where more is written about all of them.
    package static let document = "README.md#bursar-doctor"

    let instance: Instance
    let authenticator: Authenticator
    var database: Database { instance.dependencies.database }

    package init(_ instance: Instance) {
        self.instance = instance
        authenticator = Authenticator(database: instance.dependencies.database, realNow: instance.dependencies.realNow)
    }

    package func run() async throws -> [Finding] {
        let tenants = try await authenticator.allTenants()
        var findings = Self.surroundings(instance.configuration)
        findings += try await databaseFindings(tenants)
        findings.append(await mailServer())
        findings.append(try await work(tenants))
        findings += try await queues(tenants)
        findings.append(try await books(tenants))
        for invariant in try Invariant.all(in: instance.folders.sql) {
            findings.append(try await check(invariant, tenants.map(\.id)))
        }
        return findings
    }

    /// What can be said when the database cannot be opened, and why it cannot.
    package static func withoutDatabase(_ configuration: Configuration, _ error: any Error) -> [Finding] {
        let fix =
            error is Configuration.Problem
            ? "Do what it says."
            : "Is PostgreSQL running, is the address right, is its disk full? `BURSAR_DATABASE_URL`, or postgres.log in the data folder."
        return surroundings(configuration) + [.failure("database", "\(error)", fix: fix)]
    }

    private func check(_ invariant: Invariant, _ tenants: [TenantID]) async throws -> Finding {
        let broken = try await invariant.violations(database, tenants: tenants)
        if broken == 0 { return .ok(invariant.name, invariant.meaning) }
        return .failure(
            invariant.name, "\(broken) rows break it: \(invariant.meaning)",
            fix: "Stop the servers, keep the database as it is; SQL/invariants/\(invariant.name).sql shows the rows.")
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
                            $0.field("fix", finding.fix)
                            $0.field("doc", document)
                        }
                    }
                })
        }
    }

    package static func text(_ findings: [Finding]) -> String {
        findings.map { finding in
            "\(finding.verdict.rawValue)\t\(finding.name)\t\(finding.detail)\n"
                + (finding.fix.map { "\t→ \($0) (\(document))\n" } ?? "")
        }.joined()
    }
}
