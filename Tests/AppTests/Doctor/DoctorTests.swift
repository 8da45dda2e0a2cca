import App
import HTTP
import Loop
import SMTP
import TestSupport
import Testing

@Suite struct `The doctor` {
    private func findings(_ bursar: TestBursar) async throws -> [Doctor.Finding] {
        let instance = bursar.instance
        return try await instance.loop.run { try await Doctor(instance).run() }
    }

    @Test func `finds a new installation well, each thing once, and says what to do where it does not`() async throws {
        let bursar = try await TestBursar()
        _ = try await bursar.tenant(clock: nil).prepaid()
        let found = try await findings(bursar)
        #expect(found.filter { $0.verdict == .failure }.map { "\($0.name): \($0.detail)" } == [])
        #expect(Set(found.map(\.name)).count == found.count)
        #expect(found.allSatisfy { ($0.verdict == .ok) == ($0.fix == nil) })
        for name in [
            "database", "time zone", "clock", "replication", "connections", "migrations", "mail server", "outbound HTTPS",
            "tzdata",
            "secrets key", "disk", "trial balance", "queue mail", "queue webhooks", "queue timers", "queue settlement", "work",
        ] {
            #expect(found.contains { $0.name == name }, "\(name)")
        }
        let json = try JSON(parsing: Array(Doctor.json(found).utf8))
        #expect(json.at("findings.0")?.fieldNames == ["verdict", "name", "detail", "fix", "doc"])
        await bursar.close()
    }

    @Test func `sees books that are wrong, work that is days late, and a migration that was changed`() async throws {
        let bursar = try await TestBursar()
        let tenant = try await bursar.tenant(clock: nil)
        _ = try await tenant.prepaid()
        try tenant.force(
            "update ledger_accounts set balance_minor = balance_minor + 1 where tenant_id = $tenant and kind = 'credit_lot'")
        try tenant.force("update timers set due_at = now() - interval '2 days' where tenant_id = $tenant")
        try tenant.force("update public.bursar_migrations set sha256 = repeat('0', 64) where number = 2")
        let failed = try await findings(bursar).filter { $0.verdict == .failure }.map(\.name)
        #expect(Set(["trial balance", "ledger_balance_is_sum_of_transfers", "queue timers", "migrations"]).isSubset(of: failed))
        await bursar.close()
    }

    @Test func `warns of secrets that are none, and of what travels in the clear, without ever showing them`() {
        func verdicts(_ change: (inout Configuration) -> Void) -> [String: Doctor.Finding] {
            var configuration = Configuration()
            change(&configuration)
            let found = Doctor.surroundings(configuration)
            #expect(!found.contains { "\($0)".contains("hunter2") })
            return Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0) })
        }
        #expect(verdicts { $0.secretsKey = Array(repeating: 7, count: 32) }["secrets key"]?.verdict == .warning)
        #expect(verdicts { $0.secretsKey = Array(0..<32) }["secrets key"]?.verdict == .ok)
        func database(_ url: String) -> Doctor.Verdict? { verdicts { $0.databaseURL = url }["database secret"]?.verdict }
        #expect(database("postgresql://bursar_app:hunter2@db.example.com/bursar?sslmode=verify-full") == .warning)
        #expect(database("postgresql://bursar_app:hunter2@localhost/bursar") == .warning)
        #expect(database("postgresql://bursar_app:q7Zk2vPw91mXcT4e@db.example.com/bursar") == .warning)
        #expect(database("postgresql://bursar_app:q7Zk2vPw91mXcT4e@db.example.com/bursar?sslmode=verify-full") == .ok)
        #expect(database("postgresql://bursar_app@/bursar?host=/run/postgresql") == .ok)
        #expect(verdicts { $0.listenHost = "0.0.0.0" }["address"]?.verdict == .warning)
        let proxied = verdicts {
            $0.listenHost = "0.0.0.0"
            $0.publicURL = "https://billing.example.com"
        }
        #expect(proxied["address"]?.verdict == .ok)
    }

    @Test func `says so when the mail server does not answer`() async throws {
        let bursar = try await TestBursar(changing: {
            $0.mail.host = "127.0.0.1"
            $0.mail.port = 1
            $0.mail.tls = .off
            $0.mail.from = .init("billing@example.com")
        })
        let found = try await findings(bursar).first { $0.name == "mail server" }
        #expect(found?.verdict == .failure)
        await bursar.close()
    }

    @Test func `answers without a database too`() throws {
        let found = Doctor.withoutDatabase(Configuration(), TestFault("nobody listens"))
        #expect(found.last?.name == "database" && found.last?.verdict == .failure)
        #expect(Doctor.text(found).contains("→"))
    }
}
