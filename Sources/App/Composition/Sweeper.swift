import Billing
import Loop
import Values

/// The server's own work: deadlines of live tenants, settlement of every tenant's usage, and clock advances that a killed server left behind.
///
/// It looks about once a second; what it finds is decided from stored facts, so two servers on one database do no harm to each other.
package final class Sweeper: Sendable {
    /// What is kept for a time only is looked at once an hour.
    private static let eraseSeconds: Int64 = 3_600
    /// A tenant's usage is settled for so long before it is the next tenant's turn.
    private static let settleSeconds: Int64 = 5

    private let dependencies: Dependencies
    private let authenticator: Authenticator

    package init(dependencies: Dependencies, authenticator: Authenticator) {
        self.dependencies = dependencies
        self.authenticator = authenticator
    }

    /// Runs until its task is cancelled. `pause` waits between two rounds and throws when cancelled.
    package func run(pause: @escaping @Sendable () async throws -> Void) async {
        async let settling: Void = repeating(pause) { await self.settle() }
        var eraseAt = dependencies.realNow()
        await repeating(pause) {
            await self.round()
            if eraseAt <= self.dependencies.realNow() {
                await self.eraseWhatIsOld()
                eraseAt = self.dependencies.realNow().adding(seconds: Self.eraseSeconds)
            }
        }
        await settling
    }

    private func repeating(_ pause: () async throws -> Void, _ work: () async -> Void) async {
        while !Task.isCancelled {
            await work()
            do { try await pause() } catch { return }
        }
    }

    /// M6a: settles once what every tenant has waiting, beside the rounds: however long one of deadlines and letters takes, usage is settled within seconds.
    /// A tenant's fault is logged and left to the next time.
    package func settle() async {
        await ofEveryTenant("settlement postponed") { context in
            try await SettleUsage(context).look(forSeconds: Self.settleSeconds)
        }
    }

    /// One look at every tenant's deadlines, payments and letters. Whoever decides about money settles first (`SettleUsage.settle`).
    package func round() async { await ofEveryTenant("sweep postponed") { try await self.round(of: $0) } }

    /// A tenant's fault is logged and left to the next time.
    private func ofEveryTenant(_ fault: String, _ work: (TenantContext) async throws -> Void) async {
        do {
            for tenant in try await authenticator.allTenants() {
                guard !Task.isCancelled else { return }
                do {
                    try await work(TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies))
                } catch is CancellationError {
                    return
                } catch {
                    dependencies.log(.warning, fault, [("tenant", tenant.slug), ("error", "\(error)")])
                }
            }
        } catch {
            dependencies.log(.warning, fault, [("error", "\(error)")])
        }
    }

    private func eraseWhatIsOld() async {
        let erase = EraseWhatIsOld(dependencies)
        do {
            try await erase.runIdentity()
            for tenant in try await authenticator.allTenants() { try await erase.run(of: tenant) }
        } catch {
            dependencies.log(.warning, "erasure postponed", [("error", "\(error)")])
        }
    }

    private func round(of context: TenantContext) async throws {
        if context.tenant.isSandbox {
            if try await AdvanceTestClock(context).resume() {
                dependencies.log(.info, "test clock advance resumed", [("tenant", context.tenant.slug)])
            }
            _ = try await ResumePayments(context).everything()
        } else {
            _ = try await ResumePayments(context).everything()
            _ = try await DueTimers(context).sweep()
            _ = try await DueNotices(context).sweep()
        }
        _ = try await LettersOfEvents(context).everything()
    }
}
