import App
import Crypto
import FoundationEssentials
import Loop
import Postgres
import Synchronization
import TestSupport
import Testing
import Values

@Suite struct `A one-time link` {
    private let minute: Int64 = 60

    @Test func `stands for what it was made for, until it is taken`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let (user, subject): (UserID, UUID) = (tenant.context.dependencies.newID(), UUID())
        let token = try await issue(tenant, user: user, subject: subject)
        let link = try #require(try await look(token, tenant).link)
        #expect(link.tenant == tenant.id && link.user == user && link.subject == subject)
        #expect(link.path == "/subscriptions" && link.returnURL == "https://console.example/" && link.detail == "new@example.com")
        // Looking uses nothing up, and another purpose's page does not know it.
        #expect(try await look(token, tenant).link != nil)
        #expect(try await look(token, tenant, .passwordReset).isUnknown)
        #expect(try await look(String(token.reversed()), tenant).isUnknown)
        #expect(try await look("", tenant).isUnknown)
        try await take(link, tenant)
        guard case .used = try await look(token, tenant) else { throw TestFault("not used") }
        await #expect(throws: Failure.self) { try await take(link, tenant) }
    }

    @Test func `is kept only as a hash`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let token = try await issue(tenant, user: tenant.context.dependencies.newID())
        let rows = try tenant.bursar.database.superuser().query(
            "select to_jsonb(l)::text from identity.one_time_links l where tenant_id = \(tenant.id.uuid)")
        let text: String = try #require(try rows.first?.get(0))
        #expect(!text.contains(token) && text.contains(Hex.encode(SHA256.hash(token))))
    }

    @Test func `ends on real time, whatever the test clock says`() async throws {
        let time = TestTime()
        let bursar = try await TestBursar(realNow: { time.now })
        let tenant = try await bursar.tenant(clock: "2025-01-01T00:00:00Z")
        let token = try await issue(tenant, user: tenant.context.dependencies.newID())
        try await tenant.advance(to: "2026-01-01T00:00:00Z")
        let link = try #require(try await look(token, tenant).link)
        time.pass(seconds: 300)
        guard case .expired = try await look(token, tenant) else { throw TestFault("not expired") }
        await #expect(throws: Failure.self) { try await take(link, tenant) }
        await bursar.close()
    }

    @Test func `ends when it is withdrawn, and others stay`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let (user, one, two): (UserID, UUID, UUID) = (tenant.context.dependencies.newID(), UUID(), UUID())
        let tokens = [try await issue(tenant, user: user, subject: one), try await issue(tenant, user: user, subject: two)]
        let context = tenant.context
        try await tenant.bursar.instance.loop.run {
            try await context.work { write in
                _ = try await write.begin([])
                OneTimeLink.withdraw(in: write, purpose: .invitation, subject: one)
            }
        }
        guard case .expired = try await look(tokens[0], tenant) else { throw TestFault("not withdrawn") }
        #expect(try await look(tokens[1], tenant).link != nil)
    }

    @Test func `is won by one of twenty who take it at once, and nothing of the others stays`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let token = try await issue(tenant, user: tenant.context.dependencies.newID())
        let link = try #require(try await look(token, tenant).link)
        let outcomes = try await atOnce(20) { _ in
            do {
                try await take(link, tenant)
                return true
            } catch let failure as Failure where failure.code == "link_no_longer_valid" {
                return false
            }
        }
        #expect(outcomes.count { $0 } == 1)
        let audited: Int64 = try tenant.bursar.database.superuser().query(
            "select count(*) from audit_events where tenant_id = \(tenant.id.uuid) and action = 'test.taken'")[0].get(0)
        #expect(audited == 1)
    }

    @Test func `belongs to its tenant`() async throws {
        let (mine, theirs) = (try await TestBursar.shared.tenant(), try await TestBursar.shared.tenant())
        let token = try await issue(mine, user: mine.context.dependencies.newID())
        let link = try #require(try await look(token, theirs).link)
        await #expect(throws: Failure.self) { try await take(link, theirs) }
        #expect(try await look(token, mine).link != nil)
    }

    // MARK: Steps

    private func issue(_ tenant: TestTenant, user: UserID, subject: UUID? = nil) async throws -> String {
        let context = tenant.context
        return try await tenant.bursar.instance.loop.run {
            try await context.work { write in
                _ = try await write.begin([])
                return OneTimeLink.issue(
                    in: write, purpose: .invitation, user: user, subject: subject, path: "/subscriptions",
                    returnURL: "https://console.example/", detail: "new@example.com", lifetimeSeconds: 300)
            }
        }
    }

    private func look(_ token: String, _ tenant: TestTenant, _ purpose: OneTimeLink.Purpose = .invitation) async throws
        -> OneTimeLink.State
    {
        let dependencies = tenant.context.dependencies
        return try await tenant.bursar.instance.loop.run { try await OneTimeLink.look(token, purpose, dependencies) }
    }

    private func take(_ link: OneTimeLink, _ tenant: TestTenant) async throws {
        let context = tenant.context
        try await tenant.bursar.instance.loop.run {
            try await context.work { write in
                _ = try await write.begin([])
                write.audit("test.taken", object: ("user", link.user.uuid))
                try await link.take(in: write)
            }
        }
    }
}

/// Real time as a test wants it.
final class TestTime: Sendable {
    private let passed = Mutex<Int64>(0)

    var now: Instant { Instance.realNow().adding(seconds: passed.withLock { $0 }) }
    func pass(seconds: Int64) { passed.withLock { $0 += seconds } }
}

extension OneTimeLink.State {
    var link: OneTimeLink? { if case .valid(let link) = self { link } else { nil } }
    var isUnknown: Bool { if case .unknown = self { true } else { false } }
}
