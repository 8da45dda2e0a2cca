import Billing
import FoundationEssentials
import Loop
import Postgres
import TestSupport
import Testing
import Values

@testable import App

#if canImport(Glibc)
    import Glibc
#endif

@Suite("The demo", .serialized)
struct DemoTests {
    /// A folder of its own with a cluster that forgets nothing when it is stopped: what is opened again must be there. Gone afterwards.
    private func withFolder(_ body: (Configuration) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bursar-demo-test-\(UUID().uuidString)")
        var configuration = Configuration()
        configuration.dataFolder = folder.path
        configuration.logLevel = .error
        do { try await body(configuration) } catch {
            try? FileManager.default.removeItem(at: folder)
            throw error
        }
        try? FileManager.default.removeItem(at: folder)
    }

    private func open(_ configuration: Configuration, reset: Bool = false, months: Int = 1) async throws -> Demo {
        try await Demo.open(configuration, reset: reset, months: months) { _, _ in }
    }

    private func rows(_ demo: Demo, _ slug: String, _ statement: @escaping @Sendable (TenantID) -> SQL) async throws -> Rows {
        let context = try await demo.instance.context(ofTenant: slug)
        return try await demo.instance.loop.run { try await context.read(statement(context.tenant.id)).rows }
    }

    private func expectWell(_ demo: Demo) async throws {
        let instance = demo.instance
        let findings = try await instance.loop.run { try await Doctor(instance).run() }
        #expect(findings.filter { $0.verdict == .failure }.map { "\($0.name): \($0.detail)" } == [])
    }

    /// How many rows every tenant table holds for each tenant, and what the ledger says.
    private func fingerprint(_ demo: Demo) async throws -> [String] {
        var facts: [String] = []
        for slug in ["northwind", "contoso"] {
            for table in [
                "subscriptions", "accounts", "usage_records", "ledger_transfers", "audit_events", "payments", "timers", "users",
            ] {
                let count: Int64 = try await rows(demo, slug) {
                    "select count(*) from \(SQL(unsafeSQL: table)) where tenant_id = \($0)"
                }[0].get(0)
                facts.append("\(slug) \(table) \(count)")
            }
        }
        return facts
    }

    @Test func `fourteen months are lived, every state and offer is there, and it opens again as it was`() async throws {
        try await withFolder { configuration in
            let demo = try await open(configuration, months: Demo.months)
            try await expectWell(demo)
            try await expectStates(demo)
            try await expectHistory(demo)
            // Nothing is sold before the terms that it is sold under.
            let tooEarly = try await rows(demo, "northwind") {
                """
                select s.id from subscriptions s join offer_policies o on o.tenant_id = s.tenant_id and o.offer = s.offer \
                and o.currency = s.currency and o.version = s.policy_version where s.tenant_id = \($0) and s.created_at < o.created_at
                """
            }
            #expect(tooEarly.isEmpty)
            let (facts, notes) = (try await fingerprint(demo), demo.notes)
            await demo.instance.close()

            let again = try await open(configuration)
            #expect(again.notes == notes)
            #expect(try await fingerprint(again) == facts)
            await #expect(throws: Configuration.Problem.self) { try await again.instance.refuseDemo() }
            await again.instance.close()

            // The keys are lost: the history stays, the keys are new and good.
            DemoNotes.remove(from: configuration.dataFolder)
            let third = try await open(configuration)
            #expect(third.notes != notes && third.notes.tenants.map(\.slug) == ["northwind", "contoso"])
            #expect(
                third.notes.tenants.map { $0.accountKeys.map(\.account) } == notes.tenants.map { $0.accountKeys.map(\.account) })
            let context = try await third.instance.context(ofTenant: "northwind")
            let key = try #require(third.notes.tenants.first?.operatorKey)
            let known = try await third.instance.loop.run {
                try await Authenticator(database: context.dependencies.database, realNow: context.dependencies.realNow)
                    .key(key, from: "127.0.0.1")
            }
            #expect(known.tenant.slug == "northwind" && known.principal.isOperator)
            await third.instance.close()
        }
    }

    private func expectStates(_ demo: Demo) async throws {
        let found = Set(
            try await rows(demo, "northwind") {
                "select offer || ' ' || state || ' ' || array_to_string(suspension_reasons, '+') from subscriptions where tenant_id = \($0)"
            }.map { try $0.get(0, as: String.self) })
        for wanted in [
            "trial pending ", "prepaid pending ", "trial active ", "prepaid active ", "enterprise active ",
            "trial suspended credit_expired",
            "prepaid suspended credit_expired", "prepaid suspended credit_exhausted", "prepaid suspended requested+operator",
            "enterprise suspended cancelled",
            "enterprise suspended requested", "prepaid deleted credit_exhausted", "trial deleted credit_expired",
            "enterprise deleted cancelled",
            "prepaid deleted ",
        ] { #expect(found.contains(wanted), "\(wanted)") }
        let live: Int64 = try await rows(demo, "northwind") {
            """
            select max(n) from (select count(*) as n from credit_lots l join ledger_accounts b on b.tenant_id = l.tenant_id and b.owner_id = l.id \
            where l.tenant_id = \($0) and b.kind = 'credit_lot' and b.balance_minor > 0 group by l.subscription_id) lots
            """
        }[0].get(0)
        #expect(live >= 2)
        let certificates: Int64 = try await rows(demo, "northwind") {
            "select count(*) from deletion_certificates where tenant_id = \($0)"
        }[0].get(0)
        #expect(certificates == 4)
        let reconfigured: Int64 = try await rows(demo, "northwind") {
            "select count(*) from subscriptions where tenant_id = \($0) and state = 'active' and not services_configured"
        }[0].get(0)
        #expect(reconfigured >= 1)
        let departments: Int64 = try await rows(demo, "northwind") {
            "select max(n) from (select count(*) as n from departments where tenant_id = \($0) group by enrollment_id) d"
        }[0].get(0)
        #expect(departments == 4)
        let roles = Set(
            try await rows(demo, "northwind") { "select distinct role from role_assignments where tenant_id = \($0)" }.map {
                try $0.get(0, as: String.self)
            })
        #expect(roles == ["operator", "finance", "reader", "enterprise_admin"])
    }

    private func expectHistory(_ demo: Demo) async throws {
        let real = demo.instance.dependencies.realNow()
        let row = try await rows(demo, "northwind") {
            """
            select count(*), count(distinct date_trunc('month', occurred_at)), max(occurred_at), (select now_at from test_clocks where tenant_id = \($0)), \
            count(*) filter (where extract(dow from occurred_at at time zone 'Asia/Shanghai') in (0, 6)), \
            (select count(*) from transition_events where tenant_id = \($0) and actor_kind = 'user'), count(distinct product) \
            from usage_records where tenant_id = \($0)
            """
        }[0]
        let (records, months, latest, clock, weekend, deeds, products) = try row.decode(
            Int64.self, Int64.self, Instant.self, Instant.self, Int64.self, Int64.self, Int64.self)
        #expect(records > 5_000 && months >= 14 && products >= 4 && weekend > 0 && deeds > 5)
        #expect(latest <= clock && clock <= real && clock.microseconds(until: real) < 600_000_000)
        // The second tenant has brought real bills, to the last decimal.
        let imported = try await rows(demo, "contoso") {
            "select currency, sum(cost) from usage_records where tenant_id = \($0) group by 1 order by 1"
        }.map {
            "\(try $0.get(1, as: ExactDecimal.self)) \(try $0.get(0, as: String.self))"
        }
        #expect(imported == ["1.26136926505726 CAD", "29.0652345157319368 USD"])
    }

    @Test func `a half-built demo is built anew, and reset begins anew`() async throws {
        try await withFolder { configuration in
            let instance = try await Instance.open(configuration, purpose: .serve)
            var tenant = CreateTenant(
                slug: "northwind", name: "Half", isSandbox: true, currency: .cny, timeZone: .utc, locale: "en")
            tenant.isDemo = true
            _ = try await tenant.run(instance)
            await instance.close()

            let demo = try await open(configuration)
            #expect(try await demo.instance.context(ofTenant: "northwind").tenant.name == "Northwind Cloud")
            try await expectWell(demo)
            let notes = demo.notes
            let people = notes.tenants[0].accountKeys.count
            await demo.instance.close()

            let anew = try await open(configuration, reset: true)
            #expect(anew.notes != notes && anew.notes.tenants[0].accountKeys.count == people)
            try await expectWell(anew)
            await anew.instance.close()
        }
    }

    @Test func `a folder with real tenants is refused and stays as it is`() async throws {
        try await withFolder { configuration in
            let instance = try await Instance.open(configuration, purpose: .serve)
            _ = try await CreateTenant(slug: "real", name: "Real", isSandbox: false, currency: .usd, timeZone: .utc, locale: "en")
                .run(instance)
            await instance.close()
            for reset in [false, true] {
                await #expect(throws: Configuration.Problem.self) { try await open(configuration, reset: reset) }
            }
            let after = try await Instance.open(configuration, purpose: .serve)
            #expect(try await after.context(ofTenant: "real").tenant.name == "Real")
            try await after.refuseDemo()
            await after.close()
        }
    }

    @Test func `a database of one's own choice is built, refused or begun anew like a folder`() async throws {
        try await withFolder { folder in
            let database = try TestDatabase.make()
            var configuration = folder
            configuration.databaseURL = database.appURL
            configuration.allowsLossyDatabase = true
            let problem = await #expect(throws: Configuration.Problem.self) { try await open(configuration) }
            #expect(problem?.description.contains("BURSAR_DATABASE_OWNER_URL") == true)

            configuration.databaseOwnerURL = database.ownerURL
            let demo = try await open(configuration)
            try await expectWell(demo)
            let notes = demo.notes
            await demo.instance.close()
            let anew = try await open(configuration, reset: true)
            #expect(anew.notes != notes)
            try await expectWell(anew)
            _ = try await CreateTenant(slug: "real", name: "Real", isSandbox: false, currency: .usd, timeZone: .utc, locale: "en")
                .run(anew.instance)
            await anew.instance.close()
            // One real tenant among demos is enough to be let alone.
            for reset in [false, true] {
                await #expect(throws: Configuration.Problem.self) { try await open(configuration, reset: reset) }
            }
            let tenants = try database.superuser().query("select count(*) from identity.tenants")
            #expect(try tenants[0].get(0, as: Int64.self) == 3)
        }
    }

    @Test func `a database that holds something else altogether is not migrated into`() async throws {
        try await withFolder { folder in
            let database = try TestDatabase.make()
            let owner = try AdminSession(url: database.ownerURL)
            try owner.run(
                "drop schema work, reference, identity, public cascade; create schema shop; create table shop.orders (id int)")
            var configuration = folder
            configuration.databaseURL = database.appURL
            configuration.databaseOwnerURL = database.ownerURL
            for reset in [false, true] {
                await #expect(throws: Configuration.Problem.self) { try await open(configuration, reset: reset) }
            }
            let tables = try database.superuser().query(
                "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname in ('public', 'identity')"
            )
            #expect(try tables[0].get(0, as: Int64.self) == 0)
        }
    }

    @Test func `the demo listens on loopback alone`() async throws {
        var configuration = Configuration()
        configuration.listenHost = "0.0.0.0"
        configuration.dataFolder = "/nowhere"
        let problem = await #expect(throws: Configuration.Problem.self) { try await open(configuration) }
        #expect(problem?.description.contains("BURSAR_DEMO_LISTEN_EVERYWHERE") == true)
    }
}

@Suite("What the demo says")
struct DemoNotesTests {
    private static let account = AccountID(at: Instant(secondsSinceEpoch: 1_700_000_000), random: (1, 2))
    private static let notes = DemoNotes(tenants: [
        DemoNotes.Tenant(
            slug: "northwind", hasTestClock: true, operatorKey: "bsk_test_a",
            accountKeys: [.init(account: account, key: "bsk_test_b")]),
        DemoNotes.Tenant(slug: "contoso", hasTestClock: false, operatorKey: "bsk_live_c", accountKeys: []),
    ])

    @Test func `the line for programs has exactly the shape of the contract`() {
        let line = Self.notes.json(baseURL: "http://127.0.0.1:8080")
        let users = { (slug: String) in
            DemoSignIn.people(of: slug).map { #"{"email":"\#($0.email)","password":"demo","role":"\#($0.role)"}"# }.joined(
                separator: ",")
        }
        #expect(
            line
                == #"{"base_url":"http://127.0.0.1:8080","tenants":[{"slug":"northwind","test_clock":true,"operator_key":"bsk_test_a","users":["#
                + users("northwind") + #"],"account_keys":[{"account_id":"\#(Self.account)","key":"bsk_test_b"}]},"#
                + #"{"slug":"contoso","test_clock":false,"operator_key":"bsk_live_c","users":["# + users("contoso")
                + #"],"account_keys":[]}]}"#)
        #expect(!line.contains("\n"))
        #expect(Set(DemoSignIn.people(of: "northwind").map(\.role)) == Set(Role.allCases.map(\.rawValue)))
    }

    @Test func `the text for people names the address in both languages, everybody, and one call`() {
        let text = Self.notes.text(baseURL: "http://127.0.0.1:8080", seconds: 9)
        for wanted in DemoSignIn.all.map(\.email) + [
            "http://127.0.0.1:8080/?lang=zh-Hans", "curl -H", "export BURSAR_URL=http://127.0.0.1:8080 BURSAR_KEY=bsk_test_a",
        ] {
            #expect(text.contains(wanted))
        }
        // An exported name of our own prefix would stop the next `bursar`, but for those of its client.
        let named = text.matches(of: #/BURSAR_[A-Z_]+/#).map { String($0.output) }
        #expect(Set(named) == ["BURSAR_URL", "BURSAR_KEY"] && named.allSatisfy(Configuration.clientVariables.contains))
    }

    @Test func `keys come back from their file, which nobody else may read`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bursar-notes-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(DemoNotes(storedIn: folder.path) == nil)
        try Self.notes.store(in: folder.path)
        #expect(DemoNotes(storedIn: folder.path) == Self.notes)
        var status = stat()
        #expect(stat(folder.appending(path: "demo-keys.json").path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        try Data("{\"tenants\":[{}]}".utf8).write(to: folder.appending(path: "demo-keys.json"))
        #expect(DemoNotes(storedIn: folder.path) == nil)
    }
}

@Suite("The demo's generator")
struct DemoGeneratorTests {
    @Test func `the same seed gives the same numbers`() {
        var first = DemoRandom(seed: 1)
        var second = DemoRandom(seed: 1)
        // The reference values of SplitMix64 with seed 1.
        #expect((0..<3).map { _ in first.next() } == [0x910A_2DEC_8902_5CC1, 0xBEEB_8DA1_658E_EC67, 0xF893_A2EE_FB32_555E])
        #expect((0..<100).allSatisfy { _ in (3...9).contains(second.within(3...9)) })
    }

    @Test func `a day's readings cost about what was planned, less at weekends, exactly quantity times price`() throws {
        let prices = try DemoPrices(DemoData(Folders()))
        let monday = try #require(CivilDate(year: 2026, month: 11, day: 16))
        var random = DemoRandom(seed: 7)
        for workload in [DemoWorkload.web, .data, .batch] {
            for currency in [Currency.cny, .usd] {
                let usage = DemoUsage(
                    subscription: SubscriptionID(at: Instant(secondsSinceEpoch: 0), random: (1, 1)), key: "k", workload: workload,
                    currency: currency,
                    dailyMinor: 10_000, growth: 0)
                for (offset, least, most) in [(0, 8_000, 12_000), (5, 4_000, 6_500)] {
                    let events = try usage.events(
                        on: monday.adding(days: offset), dayNumber: 0, in: .utc, prices: prices, random: &random)
                    let costs = try events.map { try #require($0.observation.cost) }
                    let sum = try costs.reduce(ExactDecimal.zero) { try $0.adding($1) }
                    let minor = try #require(sum.rounded(toScale: 2).units(atScale: 2))
                    #expect((Int64(least)...Int64(most)).contains(minor), "\(workload) \(currency) \(minor)")
                    #expect(Set(events.map(\.id)).count == 3)
                }
            }
        }
    }
}
