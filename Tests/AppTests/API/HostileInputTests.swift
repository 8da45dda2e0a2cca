import App
import FoundationEssentials
import HTTP
import Loop
import TestSupport
import Testing

/// Whatever is sent, the answer says that it was the sender's fault, and nothing has changed.
@Suite struct `Hostile input` {
    static let bodies: [String: String] = [
        "10,000 nested brackets": String(repeating: "[", count: 10_000),
        "closed ones": String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000),
        "nested objects": String(repeating: "{\"a\":", count: 2_000) + "1" + String(repeating: "}", count: 2_000), "NUL": "\u{0}",
        "NUL in text": "{\"name\":\"a\u{0}b\"}",
        "lone surrogate": #"{"name":"\ud800"}"#, "reversed surrogates": #"{"name":"\udc00\ud800"}"#,
        "huge number": "{\"name\":1e999}",
        "minus zero": "{\"name\":-0}", "array": "[]", "text": "\"x\"", "null": "null", "nothing": "",
        "many members":
            "{" + (0..<5_000).map { "\"k\($0)\":1" }.joined(separator: ",") + "}",
    ]

    @Test func `names are one line wherever a program gives one, as on the pages`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let id = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let enrollment = try await tenant.enrollment()
        let key = try await tenant.post("/v1/api-keys", ["role": "operator", "name": "One"]).expect(201).id
        for name in ["two\nlines", "tab\tbed", "bell\u{7}", "next\u{85}", "para\u{2029}graph"] {
            for (method, target, body) in [
                ("PATCH", "/v1/subscriptions/\(id)", ["name": .text(name)]),
                ("PATCH", "/v1/accounts/\(account)", ["name": .text(name)]),
                ("PATCH", "/v1/api-keys/\(key)", ["name": .text(name)]),
                ("POST", "/v1/partners", ["code": "P-1", "company_name": .text(name)]),
                ("POST", "/v1/enrollments/\(enrollment)/departments", ["name": .text(name)]),
                ("PATCH", "/v1/accounts/\(account)/profile", ["company": .text(name)]),
            ] as [(String, String, Input)] {
                try await tenant.request(method, target, body).expect(422, "invalid_characters")
            }
        }
        #expect(try await tenant.subscription(id)["name"] != nil)
        // A note may have lines.
        try await tenant.post("/v1/subscriptions/\(id)/suspend", ["reason": "requested", "note": "one\ntwo"]).expect(200)
    }

    @Test func `in a body is 4xx on every endpoint, never 500`() async throws {
        let world = try await World.make(.shared)
        let before = try world.tenant.fingerprint()
        for endpoint in Endpoint.allCases
        where endpoint.isUnderV1 && endpoint.method != "GET" && endpoint.documentation.body != nil {
            for (name, text) in Self.bodies where !(text.isEmpty || text == "[]") {
                let reply = try await world.send(endpoint.method, world.request(endpoint).target, .raw(text), endpoint, as: nil)
                #expect(
                    (400..<500).contains(reply.status), "\(endpoint.rawValue), \(name): \(reply.status) \(reply.text.prefix(200))"
                )
            }
        }
        #expect(try world.tenant.fingerprint().differences(from: before) == [])
    }

    @Test(arguments: [
        "\u{0}", "a\u{0}b", "\u{7f}", "\r\nSet-Cookie: x=1", "'; drop table accounts; --", "\u{202e}evil", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
        "<script>alert(1)</script>", "=1+1",
        "   ", "\u{FFFE}", "é\u{301}\u{301}\u{301}", "%00", "\\u0000", String(repeating: "長", count: 200),
        String(repeating: "x", count: 201),
        String(repeating: "y", count: 100_000),
    ])
    func `in a text is kept as it is or refused with a pointer`(text: String) async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.prepaid()
        let body = Input.object([("name", .text(text))])
        let reply = try await tenant.request("PATCH", "/v1/subscriptions/\(id)", body)
        if reply.status == 200 {
            #expect(reply["name"] == text)
            #expect(try await tenant.subscription(id)["name"] == text)
            #expect(try await tenant.get("/v1/audit-events?object_id=\(id)").expect(200).list("data").isEmpty == false)
        } else {
            try reply.expect(422)
            #expect(reply["errors.0.pointer"] == "/name")
        }
        for path in ["partner", "cancel", "suspend"] {
            let field = ["partner": "code", "cancel": "reason", "suspend": "note"][path] ?? ""
            var fields: [(String, Input)] = [(field, .text(text))]
            if path == "suspend" { fields.append(("reason", "requested")) }
            let reply = try await tenant.request(
                path == "partner" ? "PUT" : "POST", "/v1/subscriptions/\(id)/\(path)?dry_run=true", .object(fields))
            #expect(reply.status < 500, "\(path): \(reply.text.prefix(200))")
        }
        try await tenant.invariants()
    }

    @Test func `in a path, a query or a header is 4xx, never 500`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let nasty = [
            "%00", "'", "%27%20or%201=1", "%F0%9F%98%80", "..", "sub_", "sub_00000000000000000000000000",
            String(repeating: "a", count: 3_000),
        ]
        for text in nasty {
            for target in [
                "/v1/subscriptions/\(text)", "/v1/accounts/\(text)", "/v1/subscriptions?q=\(text)",
                "/v1/subscriptions?cursor=\(text)",
                "/v1/partners/check?code=\(text)", "/v1/audit-events?object_id=\(text)", "/v1/subscriptions?limit=\(text)",
                "/v1/subscriptions?delete_before=\(text)", "/v1/subscriptions?\(text)=1",
            ] {
                // What the HTTP level refuses never reaches the app.
                guard let reply = try? await tenant.get(target) else { continue }
                #expect(reply.status < 500, "\(target.prefix(100)): \(reply.text.prefix(200))")
            }
            let reply = try await tenant.request(
                "GET", "/v1/me",
                headers: [
                    "X-Request-Id": text, "Accept-Language": text, "If-None-Match": text, "Authorization": "Bearer bsk_\(text)",
                ])
            try reply.expect(401)
        }
    }

    @Test(arguments: [
        "UTC", "GMT", "EST5EDT", "US/Pacific", "Etc/GMT+8", "Asia/Kathmandu", "GMT+8", "UTC+8", "localtime", "Factory",
        "posixrules", "america/new_york",
    ])
    func `as a zone is refused, or good for everything that needs one`(zone: String) async throws {
        let tenant = try await TestBursar.shared.tenant()
        let made = try await tenant.post(
            "/v1/accounts",
            [
                "kind": "standard", "name": "Zones", "currency": "CNY", "time_zone": "\(zone)", "locale": "en",
                "administrator": ["email": "zones@example.com"],
            ])
        guard made.status == 201 else {
            try made.expect(422, "unknown_time_zone")
            return
        }
        let id = try await tenant.order("prepaid", for: made.id, paying: "1000.00").expect(201).id
        try await tenant.use(id, cost: "1.00", at: "2025-01-01T00:00:00Z")
        try await tenant.settle()
        let usage = try await tenant.get("/v1/subscriptions/\(id)/usage").expect(200)
        #expect(usage["total.cost"] == "1" || usage["total.cost"] == "1.00", "\(usage.text)")
        try await tenant.invariants()
    }
}

/// The same app behind a real server, as `serve` composes it.
@Suite struct `Over a socket` {
    @Test func `it answers, streams, and refuses what is too large`() async throws {
        let bursar = try await TestBursar.shared
        let tenant = try await bursar.tenant()
        let id = try await tenant.prepaid()
        try await tenant.use(id, cost: "12.34", at: "2025-01-01T00:00:00Z")
        let server = Serve.server(of: bursar.app, on: bursar.instance.loop)
        let port = try await bursar.instance.loop.run { try await server.listen(host: "127.0.0.1", port: 0) }
        let key = ["Authorization": "Bearer \(tenant.key)", "Content-Type": "application/json"]
        func send(_ method: String, _ target: String, _ body: [UInt8] = [], _ more: [String: String] = [:]) throws
            -> SocketClient.Answer
        {
            try SocketClient.send(method, target, headers: key.merging(more) { $1 }, body: body, port: port)
        }
        #expect(try send("GET", "/healthz").status == 200)
        #expect(try send("GET", "/readyz").status == 200)
        #expect(try send("GET", "/metrics").text.contains("bursar_http_request_duration_seconds_count"))
        #expect(try send("GET", "/v1/me").text.contains("\"slug\":\"\(tenant.slug)\""))
        let head = try send("HEAD", "/v1/me")
        #expect(head.status == 200 && !head.text.contains("slug"))
        let download = try send("GET", "/v1/subscriptions/\(id)/usage.csv")
        #expect(
            download.status == 200 && download.text.contains("12.34")
                && download.header("content-type")?.hasPrefix("text/csv") == true)

        let path = "/v1/subscriptions/\(id)"
        let cases: [(String, [UInt8], Int)] = [
            ("2 MB body", [UInt8](repeating: 97, count: 2 << 20), 413),
            ("1 MiB and one byte", [UInt8](repeating: 97, count: 1 << 20 + 1), 413),
            ("1 MB text", Array("{\"name\":\"\(String(repeating: "x", count: 1_000_000))\"}".utf8), 422),
            ("10,000 brackets", [UInt8](repeating: 91, count: 10_000), 400), ("raw NUL", Array("{\"name\":\"\u{0}\"}".utf8), 400),
            ("escaped NUL", Array(#"{"name":"\u0000"}"#.utf8), 422), ("lone surrogate", Array(#"{"name":"\ud800"}"#.utf8), 400),
            ("bad UTF-8", Array("{\"name\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8), 400),
        ]
        for (name, body, status) in cases {
            let answer = try send("PATCH", path, body)
            #expect(answer.status == status, "\(name): \(answer.text.prefix(300))")
            #expect(answer.header("content-type") == "application/problem+json", "\(name)")
            #expect(answer.text.contains("\"code\":"), "\(name)")
        }
        // Usage comes in larger pieces; a thousand and one events are too many, whatever their size.
        let event = tenant.event(id, cost: "1.00", at: "2025-01-01T00:00:00Z", product: String(repeating: "p", count: 290))
        let batch = { (count: Int) in Input.list(Array(repeating: event, count: count)).bytes }
        #expect(try send("POST", "/v1/usage-events", batch(1_000)).status == 200)
        #expect(try send("POST", "/v1/usage-events", batch(1_001)).status == 422)
        #expect(try send("POST", "/v1/usage-events", [UInt8](repeating: 32, count: 6 << 20)).status == 413)
        #expect(try send("TRACE", "/v1/me").status == 405)
        #expect(try send("BREW", "/v1/me").status == 405)
        #expect(try send("GET", "/%zz").status == 400)
        await bursar.instance.loop.run { await server.drain(within: .seconds(2)) }
        try await tenant.invariants()
    }
}
