import Loop
import Outgoing
import Synchronization
import Values

/// Sends every tenant's webhooks, beside the sweeper and the mailer. Each endpoint has a lane of its own while it is sent to: a slow receiver holds
/// nobody else up, and an account with many of them only itself.
package final class WebhookSender: Sendable {
    /// So many endpoints at once; with `SendWebhooks.atOnce` each it stays well below what a process may open.
    private static let lanes = 128

    private struct State {
        var lanes: WebhookLanes
        var sending: [TenantID: SendWebhooks] = [:]
        var tasks: [WebhookLanes.Lane: Task<Void, Never>] = [:]
        var isStopping = false
    }

    private let dependencies: Dependencies
    private let authenticator: Authenticator
    private let carrier: any WebhookCarrier
    private let loop: EventLoop
    private let state: Mutex<State>

    package init(
        dependencies: Dependencies, authenticator: Authenticator, loop: EventLoop, carrier: (any WebhookCarrier)? = nil,
        lanes: Int = WebhookSender.lanes
    ) {
        self.dependencies = dependencies
        self.authenticator = authenticator
        self.loop = loop
        self.carrier = carrier ?? OutgoingHTTP(dependencies.configuration.webhooks.policy)
        state = Mutex(State(lanes: WebhookLanes(most: lanes)))
    }

    /// Runs until its task is cancelled; what is on its way then is given a moment. `pause` waits between two rounds and throws when cancelled.
    package func run(pause: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            if await round() { continue }
            do { try await pause() } catch { break }
        }
        let tasks = state.withLock { state in
            state.isStopping = true
            return Array(state.tasks.values)
        }
        try? await dependencies.workers.run { [carrier] in carrier.stop() }
        for task in tasks { await task.value }
    }

    /// Answers whether somewhere more has happened than one round puts on its way.
    private func round() async -> Bool {
        var hasMore = false
        do {
            for tenant in try await authenticator.allTenants() {
                let context = TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies)
                do {
                    if try await SpreadEvents(context).batch().hasMore { hasMore = true }
                    let sending = SendWebhooks(context, carrier: carrier)
                    let due = try await sending.due()
                    state.withLock { state in
                        state.sending[tenant.id] = sending
                        for lane in due { state.lanes.wait(lane) }
                        begin(&state)
                    }
                } catch {
                    dependencies.log(.warning, "webhooks postponed", [("tenant", tenant.slug), ("error", "\(error)")])
                }
            }
        } catch {
            dependencies.log(.warning, "webhooks postponed", [("error", "\(error)")])
        }
        return hasMore
    }

    /// Gives the free lanes to whoever's turn it is.
    private func begin(_ state: inout State) {
        while !state.isStopping, let lane = state.lanes.next() {
            guard let sending = state.sending[lane.tenant] else { continue }
            state.tasks[lane] = loop.spawn { [self] in
                var sent = 0
                do {
                    sent = try await sending.run(lane.endpoint)
                } catch {
                    dependencies.log(
                        .warning, "webhooks postponed", [("endpoint", lane.endpoint.description), ("error", "\(error)")])
                }
                self.state.withLock { state in
                    state.tasks[lane] = nil
                    state.lanes.giveBack(lane, again: sent > 0)
                    begin(&state)
                }
            }
        }
    }
}
