import App
import FoundationEssentials
import HTTP
import Synchronization
import TestSupport
import Testing
import Values

/// How often a key may ask. Time stands still here and is moved by hand.
@Suite struct `The rate limit` {
    /// A second app over the same database, with a clock and quotas of its own.
    private struct Limited {
        let tenant: TestTenant
        let app: App
        let clock: Clock

        final class Clock: Sendable {
            private let milliseconds = Atomic<Int64>(5_000_000)
            var now: Int64 { milliseconds.load(ordering: .relaxed) }
            func pass(seconds: Int64) { milliseconds.add(seconds * 1000, ordering: .relaxed) }
        }

        init(quota: Int?) async throws {
            let bursar = try await TestBursar.shared
            let clock = Clock()
            var dependencies = bursar.instance.dependencies
            dependencies.monotonicMilliseconds = { clock.now }
            dependencies.configuration.limits.requestsPerMinute = quota
            self.clock = clock
            app = try App(dependencies: dependencies, webFolder: bursar.instance.folders.web)
            tenant = try await bursar.tenant("limited", clock: nil)
        }

        func get(_ target: String, as key: String?, from address: String = "127.0.0.1", language: String? = nil) async throws
            -> Reply
        {
            var headers: HTTPHeaders = [:]
            if let key { headers.add("Authorization", "Bearer \(key)") }
            if let language { headers.add("Accept-Language", language) }
            return try await tenant.bursar.request("GET", target, headers: headers, remoteAddress: address, through: app)
        }
    }

    @Test func `and a missing scope are refused with the time of a sandbox tenant`() async throws {
        let bursar = try await TestBursar.shared
        let tenant = try await bursar.tenant(clock: "2025-03-01T00:00:00Z")
        func key(_ more: Input) async throws -> String {
            try #require(try await tenant.post("/v1/api-keys", more).expect(201)["key"])
        }
        let narrow = try await key(["role": "operator", "name": "Narrow", "scopes": ["accounts:read"]])
        let scoped = try await tenant.get("/v1/subscriptions", as: narrow).expect(403, "scope_missing")
        #expect(scoped.header("api-clock") == "2025-03-01T00:00:00Z")
        let slow = try await key(["role": "operator", "name": "Slow", "rate_limit": 1])
        try await tenant.get("/v1/me", as: slow).expect(200)
        #expect(try await tenant.get("/v1/me", as: slow).expect(429).header("api-clock") == "2025-03-01T00:00:00Z")
    }

    @Test func `stands in the headers of every answer, and in a problem that says when to come again`() async throws {
        let story = try await Limited(quota: 3)
        for left in [2, 1, 0] {
            let reply = try await story.get("/v1/me", as: story.tenant.key).expect(200)
            #expect(reply.header("RateLimit-Policy") == #""default";q=3;w=60"#)
            #expect(reply.header("RateLimit") == #""default";r=\#(left);t=60"#)
        }
        story.clock.pass(seconds: 18)
        let refused = try await story.get("/v1/me", as: story.tenant.key).expect(429, "quota_exceeded")
        #expect(refused["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded")
        #expect(refused.list("violated-policies").map(\.string) == ["default"])
        #expect(refused.header("Retry-After") == "42")
        #expect(refused.header("RateLimit") == #""default";r=0;t=42"#)
        #expect(refused["detail"]?.contains("42") == true)
        let inChinese = try await story.get("/v1/me", as: story.tenant.key, language: "zh-CN").expect(429)
        #expect(inChinese["title"] == "该密钥请求过于频繁")
        story.clock.pass(seconds: 41)
        try await story.get("/v1/me", as: story.tenant.key).expect(429)
        story.clock.pass(seconds: 1)
        #expect(try await story.get("/v1/me", as: story.tenant.key).expect(200).header("RateLimit") == #""default";r=2;t=60"#)
    }

    @Test func `is each key's own, and refusals and faults count as what they cost`() async throws {
        let story = try await Limited(quota: 2)
        let account = try await story.tenant.account()
        let other = try await story.tenant.accountKey(account)
        #expect(
            try await story.get("/v1/accounts/acc_0", as: other).expect(404).header("RateLimit") == #""default";r=1;t=60"#)
        #expect(
            try await story.get("/v1/accounts?nonsense=1", as: other).expect(400).header("RateLimit") == #""default";r=0;t=60"#)
        try await story.get("/v1/accounts", as: other).expect(429)
        try await story.get("/v1/accounts", as: story.tenant.key).expect(200)
    }

    @Test func `gives what meters and control planes ask all day ten times as much, apart from the rest`() async throws {
        let story = try await Limited(quota: 1)
        let subscription = try await story.tenant.prepaid()
        let path = "/v1/subscriptions/\(subscription)/entitlement"
        for left in stride(from: 9, through: 0, by: -1) {
            let reply = try await story.get(path, as: story.tenant.key).expect(200)
            #expect(reply.header("RateLimit-Policy") == #""metering";q=10;w=60"#)
            #expect(reply.header("RateLimit") == #""metering";r=\#(left);t=60"#)
        }
        let refused = try await story.get(path, as: story.tenant.key).expect(429)
        #expect(refused.list("violated-policies").map(\.string) == ["metering"])
        try await story.get("/v1/me", as: story.tenant.key).expect(200)
    }

    @Test func `is 600 a minute unless something else is said`() async throws {
        let story = try await Limited(quota: nil)
        #expect(
            try await story.get("/v1/me", as: story.tenant.key).expect(200).header("RateLimit") == #""default";r=599;t=60"#)
    }

    @Test func `is set for one key by the operator, at once for all that it asks from then on`() async throws {
        let story = try await Limited(quota: 1_000)
        let tenant = story.tenant
        let account = try await tenant.account()
        let made = try await tenant.post(
            "/v1/api-keys", ["account_id": "\(account)", "role": "account_admin", "name": "Control plane", "rate_limit": 2]
        ).expect(201)
        #expect(made["rate_limit"] == "2")
        let (id, key) = (try made.id, try #require(made["key"]))
        #expect(try await story.get("/v1/me", as: key).header("RateLimit-Policy") == #""default";q=2;w=60"#)
        try await story.get("/v1/me", as: key).expect(200)
        try await story.get("/v1/me", as: key).expect(429)
        try await tenant.request("PATCH", "/v1/api-keys/\(id)", ["rate_limit": 3]).expect(200)
        // What this process remembers of a key it remembers for a second at most; an app that has not seen it knows at once.
        var dependencies = tenant.bursar.instance.dependencies
        dependencies.configuration.limits.requestsPerMinute = 1_000
        let fresh = try App(dependencies: dependencies, webFolder: tenant.bursar.instance.folders.web)
        let reply = try await tenant.bursar.request(
            "GET", "/v1/me", headers: ["Authorization": "Bearer \(key)"], through: fresh)
        #expect(reply.header("RateLimit-Policy") == #""default";q=3;w=60"#)
        let rotated = try await tenant.post("/v1/api-keys/\(id)/rotate").expect(201)
        #expect(rotated["rate_limit"] == "3")
        #expect(
            try await tenant.request("PATCH", "/v1/api-keys/\(try rotated.id)", ["rate_limit": nil]).expect(200)["rate_limit"]
                == nil)
    }

    @Test func `is nothing that an account's administrator sets, nor a number that is none`() async throws {
        let story = try await Limited(quota: 1_000)
        let tenant = story.tenant
        let account = try await tenant.account()
        let own = try await tenant.accountKey(account)
        let body: Input = ["account_id": "\(account)", "role": "reader", "name": "Mine", "rate_limit": 100_000]
        try await tenant.post("/v1/api-keys", body, as: own).expect(403, "rate_limit_for_operators")
        let made = try await tenant.post("/v1/api-keys", ["account_id": "\(account)", "role": "reader", "name": "Mine"], as: own)
            .expect(201)
        let path = "/v1/api-keys/\(try made.id)"
        try await tenant.request("PATCH", path, ["rate_limit": 100_000], as: own).expect(403, "rate_limit_for_operators")
        try await tenant.request("PATCH", path, ["rate_limit": nil], as: own).expect(403, "rate_limit_for_operators")
        for wrong: Input in [0, -1, 1_000_001, "60", true, .raw("1.5"), .raw("1e3")] {
            try await tenant.request("PATCH", path, ["rate_limit": wrong]).expect(422)
        }
        #expect(try await tenant.get(path).expect(200)["rate_limit"] == nil)
    }

    @Test func `counts whoever shows no key by the address, and never a neighbour whose key is known`() async throws {
        let story = try await Limited(quota: 2)
        let address = "203.0.113.9"
        try await story.get("/v1/me", as: story.tenant.key, from: address).expect(200)
        let refused = try await story.get("/v1/me", as: nil, from: address).expect(401)
        #expect(refused.header("RateLimit-Policy") == #""unauthenticated";q=2;w=60"#)
        try await story.get("/v1/me", as: "bsk_live_guess", from: address).expect(429, "quota_exceeded")
        try await story.get("/v1/nothing-here", as: nil, from: address).expect(429)
        try await story.get("/v1/me", as: nil, from: "203.0.113.10").expect(401)
        try await story.get("/v1/me", as: story.tenant.key, from: address).expect(200)
        try await story.get("/healthz", as: nil, from: address).expect(200)
        try await story.get("/openapi.json", as: nil, from: address).expect(200)
        story.clock.pass(seconds: 60)
        try await story.get("/v1/me", as: "bsk_live_guess", from: address).expect(401)
    }

    @Test func `counts a whole IPv6 network as one, and an IPv4 address as itself`() async throws {
        let story = try await Limited(quota: 2)
        try await story.get("/v1/me", as: nil, from: "2001:db8:1:2::1").expect(401)
        try await story.get("/v1/me", as: "bsk_live_guess", from: "2001:db8:1:2:aaaa::9").expect(401)
        try await story.get("/v1/me", as: nil, from: "2001:db8:1:2:ffff:ffff:ffff:ffff").expect(429, "quota_exceeded")
        try await story.get("/v1/me", as: nil, from: "2001:db8:1:3::1").expect(401)
        try await story.get("/v1/me", as: nil, from: "203.0.113.77").expect(401)
        try await story.get("/v1/me", as: nil, from: "::ffff:203.0.113.77").expect(401)
        try await story.get("/v1/me", as: nil, from: "203.0.113.77").expect(429)
        try await story.get("/v1/me", as: nil, from: "203.0.113.78").expect(401)
    }

    @Test func `of a key does not begin anew because strangers come`() throws {
        let limits = RateLimits(standardQuota: 2)
        let key = APIKeyID(FoundationEssentials.UUID())
        for _ in 0..<2 { #expect(throws: Never.self) { try limits.spend(.key(key), .standard, at: 1_000).check() } }
        func come(_ networks: Range<Int>) {
            for number in networks {
                _ = limits.spend(.address("10.\(number >> 16).\(number >> 8 & 255).\(number & 255)"), .unauthenticated, at: 1_000)
            }
        }
        come(0..<45_000)
        #expect(throws: Failure.self) { try limits.spend(.key(key), .standard, at: 1_000).check() }
        // Nor because more keys are in use than are kept when idle.
        for _ in 0..<45_000 { _ = limits.spend(.key(APIKeyID(FoundationEssentials.UUID())), .standard, at: 1_000) }
        #expect(throws: Failure.self) { try limits.spend(.key(key), .standard, at: 1_000).check() }
        #expect(throws: Never.self) { try limits.spend(.key(key), .standard, at: 61_000).check() }
    }
}
