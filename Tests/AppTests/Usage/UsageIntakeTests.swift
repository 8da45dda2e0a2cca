import App
import HTTP
import TestSupport
import Testing
import Values

/// How usage comes in: which bodies are read, and what is said of an event that is refused.
@Suite struct `The intake of usage` {
    private static let batch = "application/cloudevents-batch+json"
    private static let single = "application/cloudevents+json"

    private func send(_ tenant: TestTenant, _ body: Input, _ type: String) async throws -> Reply {
        try await tenant.request("POST", "/v1/usage-events", body, headers: ["Content-Type": type])
    }

    @Test func `takes a batch or one event, by media type, and answers alike`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-04-20T00:00:00Z")
        let id = try await tenant.prepaid()
        func event(_ name: String) -> Input { tenant.event(id, cost: "1", at: "2025-04-20T00:00:00Z", id: name) }
        for (name, body, type) in [
            ("a", event("a"), Self.single), ("b", .list([event("b")]), Self.batch), ("c", event("c"), "application/json"),
            ("d", .list([event("d")]), "application/json"),
            ("e", event("e"), "Application/CloudEvents+JSON; charset=utf-8"),
        ] as [(String, Input, String)] {
            let reply = try await send(tenant, body, type).expect(200)
            #expect(reply["accepted"] == "1" && reply["results.0.id"] == name && reply.list("results").count == 1)
        }
        // The same event, whichever way it came.
        #expect(try await send(tenant, .list([event("a")]), Self.batch).expect(200)["results.0.verdict"] == "duplicate")
        #expect(try await send(tenant, event("d"), Self.single).expect(200)["results.0.verdict"] == "duplicate")
        let refused = try await send(tenant, ["no": "event"], Self.single).expect(200)
        #expect(refused["results.0.code"] == "specversion_unsupported" && refused["rejected"] == "1")
        // A body that is not what its media type announces.
        let before = try tenant.fingerprint()
        try await send(tenant, event("f"), Self.batch).expect(400, "batch_expected")
        for wrong in [.list([event("f")]), .raw("1"), .raw("\"text\"")] as [Input] {
            let told = try await send(tenant, wrong, Self.single).expect(422, "wrong_type")
            #expect(told.list("errors").count == 1 && told["errors.0.pointer"]?.isEmpty == true)
        }
        try await send(tenant, .raw("1"), "application/json").expect(400, "batch_expected")
        for type in ["text/json", "application/cloudevents", "application/merge-patch+json"] {
            let told = try await send(tenant, event("f"), type).expect(415, "unsupported_media_type")
            #expect(told["detail"]?.contains(Self.single) == true && told["detail"]?.contains(Self.batch) == true)
        }
        #expect(try tenant.fingerprint().differences(from: before) == [])
    }

    @Test func `names in the document what it reads`() async throws {
        let document = try await TestBursar.shared.request("GET", "/openapi.json").expect(200)
        let json = try JSON(parsing: document.body)
        let content = json["paths", "/v1/usage-events", "post", "requestBody", "content"]
        guard case .object(let types)? = content else { throw TestFault("no body in the document") }
        #expect(types.map(\.key) == [Self.batch, Self.single, "application/json"])
    }

    @Test func `lists every code of a verdict, in the document and on the page`() async throws {
        let bursar = try await TestBursar.shared
        #expect(UsageVerdictCode.all.count == Set(UsageVerdictCode.all).count && UsageVerdictCode.all.count > 25)
        let json = try JSON(parsing: try await bursar.request("GET", "/openapi.json").expect(200).body)
        let text = try #require(json["components", "schemas", "UsageVerdict", "properties", "code"]).compact
        let listed = UsageVerdictCode.all.map { "\"\($0)\"" }.joined(separator: ", ")
        #expect(text.contains("\"enum\": [\(listed)]"), "\(text)")
        for (language, words) in [("en", "More than 35 days old."), ("zh-Hans", "需要")] {
            let page = try await bursar.request("GET", "/docs/api/usage", headers: ["Accept-Language": language]).expect(200)
            for code in UsageVerdictCode.all {
                #expect(page.text.contains("href=\"/problems/\(code)\">\(code)</a>"), "\(language) \(code)")
                try await bursar.request("GET", "/problems/\(code)", headers: ["Accept-Language": language]).expect(200)
            }
            #expect(page.text.contains(words))
            for type in [Self.batch, Self.single] { #expect(page.text.contains("Content-Type: \(type)")) }
        }
    }

    @Test func `never repeats a control character of an event that it refuses`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-04-20T00:00:00Z")
        let id = try await tenant.prepaid()
        func event(_ name: String) -> Input {
            .raw(
                """
                {"specversion":"1.0","id":"\(name)","source":"tests","type":"cost","subject":"\(id)","time":"2025-04-20T00:00:00Z",\
                "data":{"product":"Compute","quantity":"1","unit":"hour","cost":{"amount":"1","currency":"CNY"}}}
                """)
        }
        let names = ["a\\u0000b", "\\u0000", "c\\nd", "\\u001b[31m", "e\\u007f"]
        for once in [TestTenant.Once.none, .key("controls"), .key("controls")] {
            let reply = try await tenant.request(
                "POST", "/v1/usage-events", .list(names.map(event)), once: once, headers: ["Content-Type": Self.batch]
            ).expect(200)
            #expect(reply["rejected"] == "5" && reply["accepted"] == "0")
            #expect(reply.list("results").map { $0.scalar("code") } == Array(repeating: "id_invalid", count: 5))
            #expect(
                reply.list("results").map { $0.scalar("id") } == [
                    "a\u{FFFD}b", "\u{FFFD}", "c\u{FFFD}d", "\u{FFFD}[31m", "e\u{FFFD}",
                ])
            #expect(!reply.text.contains("\\u00") && !reply.text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        }
    }
}

extension JSON {
    /// What stands there, member by member.
    fileprivate subscript(path: String...) -> JSON? {
        path.reduce(Optional(self)) { json, name in
            guard case .object(let members)? = json else { return nil }
            return members.first { $0.key == name }?.value
        }
    }
}
