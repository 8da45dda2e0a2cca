import App
import FoundationEssentials
import HTTP
import Loop
import Postgres
import Synchronization
import TestSupport
import Testing
import Values

/// Keeps the lines that the app writes.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func log(_ level: Log.Level, isJSON: Bool = true) -> Log {
        Log(level: level, isJSON: isJSON, now: Instance.realNow) { bytes in
            self.lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
        }
    }
}

@Suite struct `The log` {
    @Test func `holds no address, name, password or key, whatever is done and at the finest level`() async throws {
        let lines = Lines()
        let bursar = try await TestBursar(log: lines.log(.debug))
        let world = try await World.make(bursar, marker: "Zebedee")
        for endpoint in Endpoint.allCases {
            let (target, body) = world.request(endpoint)
            _ = try await world.tenant.request(endpoint.method, target, body)
        }
        let browser = Browser(bursar)
        try await browser.get("/sign-in")
        try await browser.post("/sign-in", ["email": world.administratorEmail, "password": "a wrong guess quux"])
        try await browser.get("/forgot-password")
        try await browser.post("/forgot-password", ["email": world.administratorEmail])
        _ = try await bursar.request("GET", "/invitations/tok_zebedee?email=zebedee@example.com")
        _ = try await bursar.request("POST", "/v1/accounts", headers: ["Authorization": "Bearer bsk_test_zebedee"])

        let log = lines.all.joined()
        #expect(lines.all.count > Endpoint.allCases.count)
        // None of them could stand in a random ID by chance.
        for secret in ["@", "Zebedee", "zebedee", "quux", "bsk_", "whsec_", "Lin", "Harbour", world.tenant.key] {
            let found = lines.all.first { $0.contains(secret) }
            #expect(found == nil, "\(secret): \(found ?? "")")
        }
        // The superuser sees whom the tables know; none of them may be in the log.
        let people = try bursar.database.superuser().query("select email, first_name, last_name, phone, company from users")
        for row in people {
            for column in 0..<5 {
                guard let text: String = try row.get(column), text.count > 3 else { continue }
                #expect(!log.contains(text), "\(text)")
            }
        }
        await bursar.close()
    }

    @Test func `is JSON, one object a line, and says which request, trace, tenant, account, route, status and how long`()
        async throws
    {
        let lines = Lines()
        let bursar = try await TestBursar(log: lines.log(.info))
        let tenant = try await bursar.tenant()
        let account = try await tenant.account()
        let key = try await tenant.accountKey(account)
        _ = try await tenant.request(
            "GET", "/v1/accounts/\(account)", as: key,
            headers: ["Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "X-Request-Id": "mine-1"]
        ).expect(200)
        let line = try #require(lines.all.last { $0.contains("mine-1") })
        #expect(line.hasSuffix("\n"))
        let json = try JSON(parsing: Array(line.utf8.dropLast()))
        #expect(json.fieldNames.prefix(3) == ["time", "level", "msg"])
        #expect(json.scalar("trace_id") == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(json.scalar("parent_span") == "00f067aa0ba902b7")
        #expect(json.scalar("span")?.count == 16)
        #expect(json.scalar("request_id") == "mine-1")
        #expect(json.scalar("tenant") == tenant.slug)
        #expect(json.scalar("account") == account)
        #expect(json.scalar("route") == "/v1/accounts/{account_id}")
        #expect(json.at("status") == .number("200"))
        if case .number? = json.at("ms") {} else { Issue.record("no number of milliseconds: \(line)") }
        // A plain read that nobody traces leaves no line; what changes something does.
        let before = lines.all.count
        try await tenant.get("/v1/accounts/\(account)").expect(200)
        #expect(lines.all.count == before || lines.all.last?.contains("\"warning\"") == true)
        _ = try await tenant.trial()
        #expect(lines.all.count > before)
        await bursar.close()
    }

    @Test func `says of long work which request asked for it, and in which trace`() async throws {
        let lines = Lines()
        let bursar = try await TestBursar()
        let ground = try await `Long work`.Ground(2, of: bursar)
        try await ground.tenant.request(
            "POST", "/v1/subscriptions/actions", ["action": "cancel", "mode": "each", "items": .list(ground.items)],
            headers: [
                "Prefer": "respond-async", "Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "X-Request-Id": "asked-1",
            ]
        ).expect(202)
        var server = bursar.instance.dependencies
        server.log = lines.log(.info)
        let context = TenantContext(tenant: ground.tenant.context.tenant, principal: .commandLine, dependencies: server)
        let runner = RunOperation(context, authenticator: bursar.app.authenticator)
        try await bursar.instance.loop.run { _ = try await runner.run() }
        let line = try #require(lines.all.last { $0.contains("operation done") })
        let json = try JSON(parsing: Array(line.utf8.dropLast()))
        #expect(json.scalar("trace_id") == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(json.scalar("request_id") == "asked-1")
        #expect(json.scalar("tenant") == ground.tenant.slug)
        await bursar.close()
    }
}
