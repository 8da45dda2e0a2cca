import App
import FoundationEssentials
import HTTP
import Loop
import Outgoing
import Postgres
import Synchronization
import Values

/// A whole Bursar without a socket: database, pools, loop and app as `serve` composes them.
package final class TestBursar: Sendable {
    package let database: TestDatabase
    package let instance: Instance
    package let app: App
    private let names = Atomic(0)

    /// The one that most tests share: each makes tenants of its own in it.
    package static var shared: TestBursar {
        get async throws { try await made.value }
    }
    private static let made = Task { try await TestBursar() }

    /// One alone with its database, for tests that change the catalogue or look at all tenants.
    /// With `log` the app writes its lines there.
    package init(
        writeConnections: Int = 24, log: Log? = nil, realNow: @escaping @Sendable () -> Instant = Instance.realNow,
        changing change: (inout Configuration) -> Void = { _ in }
    ) async throws {
        database = try TestDatabase.make()
        var configuration = Configuration()
        configuration.databaseURL = database.appURL
        configuration.databaseOwnerURL = database.ownerURL
        configuration.allowsLossyDatabase = true
        configuration.waitingHashes = 10_000
        // Hundreds of tests share one process and one address.
        configuration.limits.requestsPerMinute = 1_000_000
        configuration.webhooks.policy.allowsLoopback = true
        configuration.secretsKey = Array(0..<32)
        configuration.logLevel = .error
        configuration.writeConnections = writeConnections
        change(&configuration)
        instance = try await Instance.open(configuration, purpose: .serve, realNow: realNow)
        var dependencies = instance.dependencies
        if let log { dependencies.log = log }
        app = try App(dependencies: dependencies, webFolder: instance.folders.web)
        Self.kept.withLock { $0.append(self) }
    }

    /// A test that fails before it closes its own must not let open connections go away off their loop.
    private static let kept = Mutex<[TestBursar]>([])

    package func close() async { await instance.close() }

    package func uniqueName(_ stem: String) -> String { "\(stem)-\(names.add(1, ordering: .relaxed).newValue)" }

    /// A fresh tenant with an operator key. A sandbox one's clock stands at `clock`.
    package func tenant(
        _ stem: String = "tenant", clock: String? = "2025-01-01T00:00:00Z", currency: Currency = .cny,
        zone: String = "Asia/Shanghai",
        locale: String = "en", sandboxPayments: Bool = true, additionalSubscriptions: Bool = true
    ) async throws -> TestTenant {
        guard let timeZone = TimeZoneRule(identifier: zone) else { throw TestFault("no zone \(zone)") }
        let slug = uniqueName(stem)
        var create = CreateTenant(
            slug: slug, name: "Tenant \(slug)", isSandbox: clock != nil, currency: currency, timeZone: timeZone, locale: locale)
        create.clockStart = try clock.map { try instant($0) }
        create.sandboxPayments = sandboxPayments
        create.additionalSubscriptions = additionalSubscriptions
        let id = try await create.run(instance)
        let context = try await instance.context(ofTenant: slug)
        let key = try await instance.loop.run { try await CreateKey(role: "operator", name: "tests").run(context) }
        return TestTenant(bursar: self, id: id, slug: slug, key: key, context: context)
    }

    /// One request through the app as the server hands it over; the answer is held against the document before it is given back.
    package func request(
        _ method: String, _ target: String, headers: HTTPHeaders = [:], body: [UInt8] = [], remoteAddress: String = "127.0.0.1",
        through other: App? = nil
    ) async throws -> Reply {
        guard let verb = HTTPMethod(rawValue: method) else { throw TestFault("no method \(method)") }
        let request = try HTTPRequest(method: verb, target: target, headers: headers, body: body, remoteAddress: remoteAddress)
        let app = other ?? app
        let response = await instance.loop.run { await app.handle(request) }
        let reply = Reply(response, to: "\(method) \(target)")
        try Contract.check(reply, request)
        return reply
    }

    /// What the server does every other second.
    package func writeKeyUses() async {
        let (uses, database) = (app.authenticator.uses, instance.dependencies.database)
        await instance.loop.run { await uses.write(to: database) }
    }

    /// Every invariant of `SQL/invariants` inside these tenants. Throws with the names of those that are broken.
    package func invariants(_ tenants: TenantID...) async throws {
        var broken: [String] = []
        let database = instance.dependencies.database
        for invariant in try Invariant.all(in: instance.folders.sql) {
            let rows = try await instance.loop.run { try await invariant.violations(database, tenants: tenants) }
            if rows > 0 { broken.append("\(invariant.name): \(rows) rows") }
        }
        if !broken.isEmpty { throw TestFault("broken invariants: \(broken.joined(separator: "; "))") }
    }
}

package struct TestFault: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Reads RFC 3339.
package func instant(_ text: String) throws -> Instant {
    guard let instant = Instant(rfc3339: text) else { throw TestFault("no instant: \(text)") }
    return instant
}
