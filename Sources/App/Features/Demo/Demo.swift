import Billing
import FoundationEssentials
import Loop
import Postgres
import Values

/// A lived-in Bursar from one command: a sandbox tenant with fourteen months of history, and a live one that has brought its bills from elsewhere.
///
/// Opened again it is as it was left. What was being built when the program was ended is built anew; what is no demo is not touched.
package struct Demo: Sendable {
    static let months = 14

    package let instance: Instance
    package let notes: DemoNotes

    /// - Parameters:
    ///   - reset: begin anew.
    ///   - months: how much history; the tests take less.
    ///   - progress: told how many days of how many have been lived.
    /// - Throws: `Configuration.Problem` with words for whoever started it.
    package static func open(
        _ configuration: Configuration, reset: Bool, months: Int = Demo.months,
        progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> Demo {
        var configuration = configuration
        configuration.limits.requestsPerMinute = configuration.limits.requestsPerMinute ?? LimitSettings.demoQuota
        guard configuration.isLoopback || configuration.demoListensEverywhere else {
            throw Configuration.Problem(
                description: """
                    The demo's passwords are public, so it listens on this machine alone: give it 127.0.0.1. In a container whose port is published on \
                    loopback, say BURSAR_DEMO_LISTEN_EVERYWHERE=yes.
                    """)
        }
        if configuration.databaseURL != nil {
            guard let ownerURL = configuration.databaseOwnerURL else {
                throw Configuration.Problem(
                    description: "The demo makes tenants, so it needs BURSAR_DATABASE_OWNER_URL beside BURSAR_DATABASE_URL.")
            }
            try DemoDatabase.prepare(ownerURL: ownerURL, try Folders())
        }
        var instance = try await Instance.open(configuration, purpose: .serve)
        let finding = try await closingOnError(instance) {
            let finding = try await DemoDatabase.look(instance)
            if finding == .foreign { throw DemoDatabase.foreign }
            guard finding == .halfBuilt || finding == .whole && reset else { return finding }
            guard let ownerURL = instance.ownerURL else { throw DemoDatabase.foreign }
            try DemoDatabase.clear(ownerURL: ownerURL, instance.folders)
            DemoNotes.remove(from: configuration.dataFolder)
            return .halfBuilt
        }
        if finding == .halfBuilt {
            // Its sessions have prepared statements of tables that are gone.
            await instance.close()
            instance = try await Instance.open(configuration, purpose: .serve)
        }
        let opened = instance
        return Demo(
            instance: opened,
            notes: try await closingOnError(opened) {
                finding == .whole ? try await notes(of: opened) : try await build(opened, months: months, progress)
            })
    }

    private static func closingOnError<Value>(_ instance: Instance, _ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            await instance.close()
            throw error
        }
    }

    // MARK: Building

    private static func build(
        _ instance: Instance, months: Int, _ progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> DemoNotes {
        let made: [(Tenant, [AccountID])]
        if let twin = try await quickTwin(of: instance) {
            made = try await closingOnError(twin) { try await live(in: twin, months: months, progress) }
            await twin.close()
        } else {
            made = try await live(in: instance, months: months, progress)
        }
        // These commits wait for the disk, and what they wait for includes everything that was written before them.
        return try await makeKeys(
            instance,
            made.map { (TenantContext(tenant: $0.0, principal: .commandLine, dependencies: instance.dependencies), $0.1) })
    }

    /// The same private database, by sessions that do not wait for the disk at every commit: some thousands of them would take minutes on a slow one.
    /// Nothing is lost by it, because a demo that was not finished is built anew.
    private static func quickTwin(of instance: Instance) async throws -> Instance? {
        guard let cluster = instance.cluster else { return nil }
        var configuration = instance.configuration
        configuration.databaseURL = cluster.appURL + " options='-c synchronous_commit=off'"
        configuration.databaseOwnerURL = cluster.ownerURL
        configuration.allowsLossyDatabase = true
        return try await Instance.open(configuration, purpose: .command, realNow: instance.dependencies.realNow)
    }

    private static func live(
        in instance: Instance, months: Int, _ progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> [(Tenant, [AccountID])] {
        let data = try DemoData(instance.folders)
        guard let shanghai = TimeZoneRule(identifier: "Asia/Shanghai"), let newYork = TimeZoneRule(identifier: "America/New_York")
        else { throw UnknownWord() }
        let now = instance.dependencies.realNow()
        let end = Instant(secondsSinceEpoch: now.secondsSinceEpoch)
        let start = shanghai.startOfDay(shanghai.date(at: now).adding(months: -months))

        var northwind = CreateTenant(
            slug: "northwind", name: "Northwind Cloud", isSandbox: true, currency: .cny, timeZone: shanghai, locale: "zh-Hans")
        northwind.isDemo = true
        northwind.clockStart = start
        northwind.additionalSubscriptions = true
        _ = try await northwind.run(instance)
        let context = try await instance.context(ofTenant: "northwind")
        let ownerURL = instance.ownerURL
        let shown = try await instance.loop.run {
            let history = try DemoHistory(context, prices: try DemoPrices(data), start: start, end: end)
            try await history.live(
                analyze: {
                    if let ownerURL { try DemoDatabase.analyze(ownerURL: ownerURL) }
                }, progress: progress)
            return history.shownAccounts
        }

        var contoso = CreateTenant(
            slug: "contoso", name: "Contoso Cloud", isSandbox: false, currency: .usd, timeZone: newYork, locale: "en")
        contoso.isDemo = true
        contoso.sandboxPayments = true
        contoso.additionalSubscriptions = true
        _ = try await contoso.run(instance)
        let second = try await instance.context(ofTenant: "contoso")
        let shownSecond = try await instance.loop.run { try await DemoSecondTenant(context: second, data: data).live() }
        let localisation = try Localisation(folder: instance.folders.web.appending(path: "strings"))
        for lived in [context, second] {
            try await instance.loop.run { try await DemoMail(context: lived, localisation: localisation).settle() }
        }
        return [(context.tenant, shown), (second.tenant, shownSecond)]
    }

    /// The sandbox's operator key comes last of all: it says that the demo is whole.
    private static func makeKeys(_ instance: Instance, _ tenants: [(TenantContext, [AccountID])]) async throws -> DemoNotes {
        let notes = try await instance.loop.run {
            var made: [DemoNotes.Tenant] = []
            for (context, accounts) in tenants.reversed() {
                var keys: [DemoNotes.AccountKey] = []
                for account in accounts {
                    keys.append(
                        DemoNotes.AccountKey(
                            account: account,
                            key: try await CreateKey(role: "account_admin", account: account, name: "demo").run(context)))
                }
                let operatorKey = try await CreateKey(role: "operator", name: DemoDatabase.finalKeyName).run(context)
                made.append(
                    DemoNotes.Tenant(
                        slug: context.tenant.slug, hasTestClock: context.tenant.isSandbox, operatorKey: operatorKey,
                        accountKeys: keys))
            }
            return DemoNotes(tenants: made.reversed())
        }
        try notes.store(in: instance.configuration.dataFolder)
        return notes
    }

    // MARK: Opening again

    /// The keys that are kept beside the database; new ones when they are lost, or belong to another database.
    private static func notes(of instance: Instance) async throws -> DemoNotes {
        let dependencies = instance.dependencies
        let stored = DemoNotes(storedIn: instance.configuration.dataFolder)
        let (areGood, tenants) = try await instance.loop.run {
            let authenticator = Authenticator(database: dependencies.database, realNow: dependencies.realNow)
            var areGood = stored != nil
            for tenant in stored?.tenants ?? [] {
                for key in [tenant.operatorKey] + tenant.accountKeys.map(\.key) where areGood {
                    do { areGood = try await authenticator.key(key, from: "127.0.0.1").tenant.slug == tenant.slug } catch Failure
                        .unauthenticated
                    {
                        areGood = false
                    }
                }
            }
            return (areGood, try await authenticator.allTenants())
        }
        if areGood, let stored { return stored }
        var contexts: [(TenantContext, [AccountID])] = []
        for tenant in tenants.sorted(by: { $0.isSandbox && !$1.isSandbox }) {
            let context = TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies)
            let rows = try await instance.loop.run {
                try await context.read(
                    "select distinct account_id from identity.api_keys where tenant_id = \(tenant.id) and name = 'demo' and account_id is not null"
                ).rows
            }
            contexts.append((context, try rows.map { try $0.get(0) }))
        }
        return try await makeKeys(instance, contexts)
    }
}
