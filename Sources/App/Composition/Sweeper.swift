import Billing
import Loop
import Values

/// The server's own work: deadlines of live tenants, settlement of every tenant's usage, and clock advances that a killed server left behind. A deadline is
/// decided on a settled balance, so a round settles too.
///
/// It looks about once a second; what it finds is decided from stored facts, so two servers on one database do no harm to each other.
package final class Sweeper: Sendable {
    /// What is kept for a time only is looked at once an hour.
    private static let eraseSeconds: Int64 = 3_600

    private let dependencies: Dependencies
    private let authenticator: Authenticator

    package init(dependencies: Dependencies, authenticator: Authenticator) {
        self.dependencies = dependencies
        self.authenticator = authenticator
    }

    /// Runs until its task is cancelled. `pause` waits between two rounds and throws when cancelled.
    package func run(pause: @Sendable () async throws -> Void) async {
        var eraseAt = dependencies.realNow()
        while !Task.isCancelled {
            await round()
            if eraseAt <= dependencies.realNow() {
                await eraseWhatIsOld()
                eraseAt = dependencies.realNow().adding(seconds: Self.eraseSeconds)
            }
            do { try await pause() } catch { return }
        }
    }

    /// M6a: settles every tenant's usage until its task is cancelled, beside `run`: however long a round of deadlines and letters takes, usage is settled
    /// within seconds.
    package func settle(pause: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            await settle()
            do { try await pause() } catch { return }
        }
    }

    /// Settles once what every tenant has waiting. A tenant's fault is logged and left to the next time.
    package func settle() async {
        do {
            for tenant in try await authenticator.allTenants() {
                do {
                    _ = try await SettleUsage(context(of: tenant)).everything()
                } catch {
                    dependencies.log(.warning, "settlement postponed", [("tenant", tenant.slug), ("error", "\(error)")])
                }
            }
        } catch {
            dependencies.log(.warning, "settlement postponed", [("error", "\(error)")])
        }
    }

    private func context(of tenant: Tenant) -> TenantContext {
        TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies)
    }

    /// One look at every tenant. A tenant's fault is logged and left to the next round.
    package func round() async {
        do {
            for tenant in try await authenticator.allTenants() { await round(of: tenant) }
        } catch {
            dependencies.log(.warning, "sweep postponed", [("error", "\(error)")])
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

    private func round(of tenant: Tenant) async {
        let context = context(of: tenant)
        do {
            if tenant.isSandbox {
                if try await AdvanceTestClock(context).resume() {
                    dependencies.log(.info, "test clock advance resumed", [("tenant", tenant.slug)])
                }
                _ = try await SettleUsage(context).everything()
                _ = try await ResumePayments(context).everything()
            } else {
                _ = try await SettleUsage(context).everything()
                _ = try await ResumePayments(context).everything()
                _ = try await DueTimers(context).sweep()
                _ = try await DueNotices(context).sweep()
            }
            _ = try await LettersOfEvents(context).everything()
        } catch {
            dependencies.log(.warning, "sweep postponed", [("tenant", tenant.slug), ("error", "\(error)")])
        }
    }
}
