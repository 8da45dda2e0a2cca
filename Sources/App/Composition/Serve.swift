import FoundationEssentials
import HTTP
import Loop
import Synchronization
import Values

#if canImport(Glibc)
    import Glibc
#endif

/// Listens, sweeps, and ends well: SIGTERM fails `/readyz`, waits, finishes what is in flight, and closes.
package struct Serve: Sendable {
    /// In-flight requests get this long after listening has stopped, in seconds.
    static let finishSeconds = 25
    /// The path that takes usage accepts larger bodies than any other.
    static let usageBodyBytes = 5 * 1024 * 1024
    static let bodyBytes = 1024 * 1024

    /// How long a body of this path may be, unpacked.
    static func bodyLimit(of path: String) -> Int {
        path == Endpoint.receiveUsage.template ? usageBodyBytes : bodyBytes
    }

    let instance: Instance
    package let app: App

    package init(_ instance: Instance) throws {
        self.instance = instance
        app = try App(dependencies: instance.dependencies, webFolder: instance.folders.web)
    }

    /// The server with the limits of this program; it does not listen yet.
    package static func server(of app: App, on loop: EventLoop) -> HTTPServer {
        var limits = HTTPLimits()
        limits.connections = app.dependencies.configuration.limits.connections
        limits.connectionsPerAddress = app.dependencies.configuration.limits.connectionsPerAddress
        limits.bodyBytes = { _, path in bodyLimit(of: path) }
        return HTTPServer(loop: loop, limits: limits, refusalAnswer: app.refusal) { await app.handle($0) }
    }

    /// Answers when the server has ended. `ready` is told the address as soon as connections are taken.
    package func run(ready: @escaping @Sendable (_ baseURL: String) async throws -> Void) async throws {
        let (app, instance) = (app, instance)
        let configuration = instance.configuration
        let listening = try await Listening.begin(app, instance)
        let port = listening.port
        let sweeper = Sweeper(dependencies: instance.dependencies, authenticator: app.authenticator)
        let loop = instance.loop
        let sweeping = loop.spawn { await sweeper.run { try await loop.sleep(for: .milliseconds(700)) } }
        let mailer = Mailer(
            dependencies: instance.dependencies, authenticator: app.authenticator, localisation: app.localisation, loop: loop)
        let watching = loop.spawn { await app.watch.run { try await loop.sleep(for: .seconds($0)) } }
        let mailing = loop.spawn { await mailer.run { try await loop.sleep(for: .milliseconds(500)) } }
        let runner = OperationRunner(dependencies: instance.dependencies, authenticator: app.authenticator, loop: loop)
        let operating = loop.spawn { await runner.run { try await loop.sleep(for: .milliseconds(300)) } }
        let webhooks = WebhookSender(dependencies: instance.dependencies, authenticator: app.authenticator, loop: loop)
        let telling = loop.spawn { await webhooks.run { try await loop.sleep(for: .milliseconds(300)) } }
        let (uses, database) = (app.authenticator.uses, instance.dependencies.database)
        let noting = loop.spawn { await uses.run(database) { try await loop.sleep(for: .seconds(2)) } }
        let host = configuration.listenHost.contains(":") ? "[\(configuration.listenHost)]" : configuration.listenHost
        instance.dependencies.log(.info, "ready", [("address", "http://\(host):\(port)")])
        do {
            try await ready(configuration.publicURL ?? "http://\(host):\(port)")
        } catch {
            sweeping.cancel()
            mailing.cancel()
            operating.cancel()
            telling.cancel()
            watching.cancel()
            noting.cancel()
            await listening.end(within: .seconds(1))
            throw error
        }
        let manager = ServiceManager(environment: ProcessInfo.processInfo.environment)
        manager.ready()
        let signs = loop.spawn { await Self.signsOfLife(manager, loop) }
        await Self.untilAskedToStop(loop)
        instance.dependencies.log(.info, "draining")
        app.startDraining()
        manager.stopping()
        // Who has a connection open is told with each answer to use another: when listening ends nobody waits on this one.
        await listening.announceEnd()
        try? await loop.run { try await loop.sleep(for: .seconds(configuration.drainSeconds)) }
        sweeping.cancel()
        mailing.cancel()
        operating.cancel()
        telling.cancel()
        await listening.end(within: .seconds(Self.finishSeconds))
        await operating.value
        await sweeping.value
        await mailing.value
        await telling.value
        watching.cancel()
        signs.cancel()
        noting.cancel()
        await watching.value
        await noting.value
        // Nobody asks any more: what the last requests were asked with is the last of it.
        await loop.run { await uses.write(to: database) }
        instance.dependencies.log(.info, "stopped")
    }

    /// From the loop itself, twice within the time that is allowed: a loop that hangs gives none.
    private static func signsOfLife(_ manager: ServiceManager, _ loop: EventLoop) async {
        guard let microseconds = manager.watchdogMicroseconds else { return }
        while !Task.isCancelled {
            manager.alive()
            do { try await loop.sleep(for: .microseconds(microseconds / 2)) } catch { return }
        }
    }

    /// SIGTERM or SIGINT; a second one ends the process at once.
    private static func untilAskedToStop(_ loop: EventLoop) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let asked = Asked(continuation)
            _ = loop.execute {
                for number in [SIGTERM, SIGINT] { _ = try? loop.onSignal(number) { asked.again() } }
            }
        }
    }

    private final class Asked: Sendable {
        private let waiting: Mutex<CheckedContinuation<Void, Never>?>
        init(_ continuation: CheckedContinuation<Void, Never>) { waiting = Mutex(continuation) }
        func again() {
            let first = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
                defer { waiting = nil }
                return waiting
            }
            if let first { first.resume() } else { exit(1) }
        }
    }
}
