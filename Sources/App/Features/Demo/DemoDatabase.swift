import FoundationEssentials
import Loop
import Postgres
import Values

/// What the demo finds in its database, and how it makes room.
enum DemoDatabase {
    /// The key that is made last of all: with it the demo is whole.
    static let finalKeyName = "demo"

    enum Finding: Equatable {
        case empty
        case whole
        /// Somebody ended the program while it was being built.
        case halfBuilt
        /// Tenants that are no demo's: nothing is touched.
        case foreign
    }

    static func look(_ instance: Instance) async throws -> Finding {
        let dependencies = instance.dependencies
        return try await instance.loop.run {
            let tenants = try await Authenticator(database: dependencies.database, realNow: dependencies.realNow).allTenants()
            if tenants.isEmpty { return .empty }
            guard tenants.allSatisfy(\.isDemo) else { return .foreign }
            let sandbox = tenants.first { $0.isSandbox }?.id
            let rows = try await dependencies.database.reads.read(
                scope: nil,
                [
                    """
                    select exists (select from identity.api_keys where tenant_id = \(sandbox) and name = \(finalKeyName) and role = 'operator' \
                    and revoked_at is null)
                    """
                ])[0]
            return try rows[0].get(0, as: Bool.self) ? .whole : .halfBuilt
        }
    }

    /// A database of one's own choice (BURSAR_DATABASE_URL): refused when it holds anything but a Bursar, brought up to date otherwise.
    static func prepare(ownerURL: String, _ folders: Folders) throws {
        let owner = try AdminSession(url: ownerURL)
        let facts = try owner.query(
            """
            select to_regclass('public.bursar_migrations') is not null, to_regclass('identity.tenants') is not null, \
            exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f') \
            and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%')
            """)
        let (isMigrated, hasTenants, hasTables) = try facts[0].decode(Bool.self, Bool.self, Bool.self)
        if hasTables && !isMigrated { throw foreign }
        if hasTenants {
            let others = try owner.query("select count(*) from identity.tenants where not demo")
            if try others[0].get(0, as: Int64.self) > 0 { throw foreign }
        }
        try Migrations.run(folders.sql, ownerURL: ownerURL)
    }

    static let foreign = Configuration.Problem(
        description: """
            This database holds data that is not a demo's, so the demo does not touch it. Give it an empty one: another --data folder, or another \
            BURSAR_DATABASE_URL.
            """)

    /// Takes away everything that Bursar's migrations have made, as the owner, and makes it anew. Only a database whose tenants are all demos comes here.
    static func clear(ownerURL: String, _ folders: Folders) throws {
        let owner = try AdminSession(url: ownerURL)
        let others = try owner.query("select count(*) from identity.tenants where not demo")
        guard try others[0].get(0, as: Int64.self) == 0 else { throw foreign }
        // One simple-protocol message: all of it or nothing.
        try owner.run("drop schema work, reference, identity, public cascade; create schema public")
        try Migrations.run(folders.sql, ownerURL: ownerURL)
    }

    /// The tables that grow.
    static func analyze(ownerURL: String) throws {
        try AdminSession(url: ownerURL).run(
            """
            analyze usage_records, usage_events, bill_lines, ledger_transfers, ledger_accounts, credit_lots, subscriptions, suspension_intervals, \
            audit_events, outbox_events, transition_events, timers, mails, notice_timers, work.settlement_queue
            """)
    }
}

extension Instance {
    /// `bursar serve` is for real customers: a database with demo tenants, whose passwords everybody knows, is refused (O0).
    package func refuseDemo() async throws {
        let dependencies = dependencies
        let tenants = try await loop.run {
            try await Authenticator(database: dependencies.database, realNow: dependencies.realNow).allTenants()
        }
        if let demo = tenants.first(where: \.isDemo) {
            throw Configuration.Problem(
                description: """
                    The tenant \(demo.slug) is a demo, and its passwords are public. `bursar serve` does not open it: use `bursar demo`, or another \
                    --data folder.
                    """)
        }
    }
}
