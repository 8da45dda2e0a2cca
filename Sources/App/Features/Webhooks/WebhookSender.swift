import Loop
import Outgoing
import Synchronization
import Values

/// Sends every tenant's webhooks, beside the sweeper and the mailer. Each endpoint has a lane of its own: a slow receiver holds nobody else up.
package final class WebhookSender: Sendable {
    /// So many endpoints at once; with `SendWebhooks.atOnce` each it stays well below what a process may open.
    private static let lanes = 128

    private struct Lane: Hashable {
        let tenant: TenantID
        let endpoint: WebhookEndpointID
    }

    private let dependencies: Dependencies
    private let authenticator: Authenticator
    private let outgoing: OutgoingHTTP
    private let loop: EventLoop
    private let busy = Mutex<[Lane: Task<Void, Never>]>([:])

    package init(dependencies: Dependencies, authenticator: Authenticator, loop: EventLoop) {
        self.dependencies = dependencies
        self.authenticator = authenticator
        self.loop = loop
        outgoing = OutgoingHTTP(dependencies.configuration.webhooks.policy)
    }

    /// Runs until its task is cancelled; what is on its way then is given a moment. `pause` waits between two rounds and throws when cancelled.
    package func run(pause: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            await round()
            do { try await pause() } catch { break }
        }
        try? await dependencies.workers.run { [outgoing] in outgoing.stop() }
        for task in busy.withLock({ Array($0.values) }) { await task.value }
    }

    private func round() async {
        do {
            for tenant in try await authenticator.allTenants() {
                let context = TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies)
                do {
                    _ = try await SpreadEvents(context).everything()
                    let sending = SendWebhooks(context, carrier: outgoing)
                    for endpoint in try await sending.due() { begin(sending, Lane(tenant: tenant.id, endpoint: endpoint)) }
                } catch {
                    dependencies.log(.warning, "webhooks postponed", [("tenant", tenant.slug), ("error", "\(error)")])
                }
            }
        } catch {
            dependencies.log(.warning, "webhooks postponed", [("error", "\(error)")])
        }
    }

    private func begin(_ sending: SendWebhooks, _ lane: Lane) {
        busy.withLock { busy in
            guard busy[lane] == nil, busy.count < Self.lanes else { return }
            busy[lane] = loop.spawn { [self] in
                do {
                    while try await sending.run(lane.endpoint) > 0 {}
                } catch {
                    dependencies.log(
                        .warning, "webhooks postponed", [("endpoint", lane.endpoint.description), ("error", "\(error)")])
                }
                _ = self.busy.withLock { $0.removeValue(forKey: lane) }
            }
        }
    }
}
