import FoundationEssentials
import Postgres
import Synchronization
import Values

/// Looks at what `/metrics` tells but no scrape should pay for: the queues every quarter of a minute, the invariants seldom and one after the other.
package final class Watch: Sendable {
    package struct Seen: Sendable {
        package var queues: [QueueState] = []
        package var queuesAt: Instant?
        /// The oldest transaction that still wrote at the last look, and the first look that saw it: until it ends, no newer event is shown upwards.
        package var oldestWriter: (number: String, since: Instant)?
        /// Rows that break an invariant, by its name; -1 where it could not be evaluated.
        package var invariants: [String: Int] = [:]
        package var invariantsAt: Instant?
        /// What the ledgers of all tenants add up to, by currency: each is 0 as long as every transfer has two sides.
        package var imbalance: [String: Int64] = [:]
    }

    static let queueSeconds: Int64 = 15
    /// A look may take this part of the time: what takes long is looked at less often.
    static let share: Int64 = 20
    static let firstInvariantsSeconds: Int64 = 300

    private let dependencies: Dependencies
    private let authenticator: Authenticator
    private let invariants: [Invariant]
    private let seen = Mutex(Seen())

    package init(dependencies: Dependencies, authenticator: Authenticator, invariants: [Invariant]) {
        self.dependencies = dependencies
        self.authenticator = authenticator
        self.invariants = invariants
    }

    package var state: Seen { seen.withLock { $0 } }

    /// Both rounds, until the task is cancelled. `pause` waits so many seconds and throws when cancelled.
    package func run(pause: @escaping @Sendable (Int64) async throws -> Void) async {
        async let queues: Void = repeatedly(first: 0, every: Self.queueSeconds, pause) { await self.lookAtQueues() }
        let minutes = Int64(dependencies.configuration.invariantMinutes)
        if minutes > 0 {
            // Servers that were started together do not look at the same time.
            let first = min(Self.firstInvariantsSeconds, minutes * 60) + Int64.random(in: 0...60)
            await repeatedly(first: first, every: minutes * 60, pause) { await self.lookAtInvariants(pause) }
        }
        await queues
    }

    private func repeatedly(
        first: Int64, every seconds: Int64, _ pause: @Sendable (Int64) async throws -> Void, _ look: @Sendable () async -> Void
    ) async {
        do {
            if first > 0 { try await pause(first) }
            while !Task.isCancelled {
                let began = dependencies.realNow()
                await look()
                let took = began.microseconds(until: dependencies.realNow()) / 1_000_000
                try await pause(max(seconds, took * Self.share))
            }
        } catch {}
    }

    package func lookAtQueues() async {
        do {
            let queues = try await QueueLook.run(dependencies, try await authenticator.allTenants())
            let writer = try await QueueLook.oldestWriter(dependencies)
            let now = dependencies.realNow()
            seen.withLock {
                $0.queues = queues
                if writer != $0.oldestWriter?.number { $0.oldestWriter = writer.map { ($0, now) } }
                $0.queuesAt = now
            }
        } catch {
            dependencies.log(.warning, "queues not seen", [("error", "\(error)")])
        }
    }

    /// On a connection of the reports: what takes long there holds up no page. `pause` gives the database rest between two of them.
    package func lookAtInvariants(_ pause: @Sendable (Int64) async throws -> Void = { _ in }) async {
        do {
            let tenants = try await authenticator.allTenants()
            for invariant in invariants {
                let began = dependencies.realNow()
                let broken = await rows(breaking: invariant, tenants)
                if broken > 0 {
                    dependencies.log(.error, "an invariant is broken", [("invariant", invariant.name), ("rows", "\(broken)")])
                }
                seen.withLock { $0.invariants[invariant.name] = broken }
                try await pause(min(60, began.microseconds(until: dependencies.realNow()) / 1_000_000 * Self.share))
            }
            let imbalance = try await TrialBalance.of(tenants, dependencies.database)
            let now = dependencies.realNow()
            seen.withLock {
                $0.imbalance = imbalance
                $0.invariantsAt = now
            }
        } catch is CancellationError {
        } catch {
            dependencies.log(.warning, "invariants not seen", [("error", "\(error)")])
        }
    }

    private func rows(breaking invariant: Invariant, _ tenants: [Tenant]) async -> Int {
        do {
            return try await invariant.violationsBesides(dependencies.database, tenants: tenants.map(\.id))
        } catch {
            dependencies.log(.warning, "invariant not evaluated", [("invariant", invariant.name), ("error", "\(error)")])
            return -1
        }
    }
}

/// Debits and credits of every ledger account of a currency add up to nothing.
package enum TrialBalance {
    package static func of(_ tenants: [Tenant], _ database: Database) async throws -> [String: Int64] {
        var sums: [String: Int64] = [:]
        for tenant in tenants {
            let statement: SQL =
                "select currency, sum(balance_minor)::bigint from ledger_accounts where tenant_id = \(tenant.id) group by currency"
            var found: [(String, Int64)] = []
            try await database.reports.stream(scope: tenant.id.uuid, statement, timeout: .seconds(120)) { rows in
                for row in rows { found.append((try row.get(0), try row.get(1))) }
            }
            // Two tenants must not make up for each other.
            for (currency, sum) in found { sums[currency, default: 0] += abs(sum) }
        }
        return sums
    }
}

extension Invariant {
    /// As `violations`, beside everything else: on a connection of the reports.
    func violationsBesides(_ database: Database, tenants: [TenantID]) async throws -> Int {
        var count = 0
        for scope in isCatalogue ? [nil] : tenants.map(\.uuid) as [UUID?] {
            try await database.reports.stream(scope: scope, SQL(unsafeSQL: text), timeout: .seconds(300)) { count += $0.count }
        }
        return count
    }
}
