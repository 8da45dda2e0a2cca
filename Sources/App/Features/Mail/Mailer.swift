import Loop
import SMTP
import Synchronization
import Values

/// Writes and sends every tenant's letters, beside the sweeper: no slow mail server ever holds a deadline up, and no tenant's thousands another tenant's one.
package final class Mailer: Sendable {
    /// So many batches of one tenant before the others are looked at again.
    private static let batchesInARow = 4
    /// So many tenants' batches on their way at once.
    private static let lanes = 4

    private let dependencies: Dependencies
    private let authenticator: Authenticator
    private let localisation: Localisation
    private let carrier: SMTPCarrier?
    private let loop: EventLoop
    private let busy = Mutex<[TenantID: Task<Void, Never>]>([:])

    package init(dependencies: Dependencies, authenticator: Authenticator, localisation: Localisation, loop: EventLoop) {
        self.dependencies = dependencies
        self.authenticator = authenticator
        self.localisation = localisation
        self.loop = loop
        carrier = dependencies.configuration.mail.server.map { SMTPCarrier(server: $0, lanes: Self.lanes) }
    }

    /// Runs until its task is cancelled; what is on its way then is finished first. `pause` waits between two rounds and throws when cancelled.
    package func run(pause: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            await round()
            do { try await pause() } catch { break }
        }
        carrier?.stop()
        for task in busy.withLock({ Array($0.values) }) { await task.value }
        carrier?.close()
    }

    private func round() async {
        do {
            for tenant in try await authenticator.allTenants() {
                let context = TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies)
                do {
                    while try await WriteLetters(context, localisation).run() == WriteLetters.atOnce {}
                } catch {
                    dependencies.log(.warning, "letters not written", [("tenant", tenant.slug), ("error", "\(error)")])
                }
                send(context)
            }
        } catch {
            dependencies.log(.warning, "mail postponed", [("error", "\(error)")])
        }
    }

    private func send(_ context: TenantContext) {
        guard let carrier, let from = dependencies.configuration.mail.from else { return }
        let id = context.tenant.id
        let letters = SendLetters(context, from: from, replyTo: dependencies.configuration.mail.contact, carrier: carrier)
        busy.withLock { busy in
            guard busy[id] == nil, busy.count < Self.lanes else { return }
            busy[id] = loop.spawn { [self] in
                do {
                    for _ in 0..<Self.batchesInARow where !carrier.isStopping {
                        guard try await letters.run() > 0 else { break }
                    }
                } catch {
                    dependencies.log(.warning, "mail postponed", [("tenant", context.tenant.slug), ("error", "\(error)")])
                }
                _ = self.busy.withLock { $0.removeValue(forKey: id) }
            }
        }
    }
}

/// The SMTP client on threads of its own: a mail server that does not answer must not hold up password hashes.
final class SMTPCarrier: MailCarrier {
    private let server: SMTPServer
    private let workers: LoopWorkers
    private let stopping = Atomic(false)

    init(server: SMTPServer, lanes: Int) {
        self.server = server
        workers = LoopWorkers(threads: lanes, waitingMaximum: lanes * 2)
    }

    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// From now on nothing new is begun.
    func stop() { stopping.store(true, ordering: .relaxed) }
    func close() { workers.shutdown() }

    func carry(_ envelopes: [SMTPEnvelope]) async throws -> [SMTPOutcome] {
        guard !envelopes.isEmpty else { return [] }
        let server = server
        return try await workers.run { [self] in SMTPClient.send(envelopes, to: server, unless: { isStopping }) }
    }
}
