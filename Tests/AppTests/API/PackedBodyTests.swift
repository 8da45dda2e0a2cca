import App
import Crypto
import FoundationEssentials
import TestSupport
import Testing

@testable import HTTP

/// `Content-Encoding: gzip` on what is sent.
@Suite struct `A body that comes packed` {
    private static let batch = "application/cloudevents-batch+json"

    private func send(
        _ tenant: TestTenant, _ target: String, _ body: [UInt8], coding: String? = "gzip", type: String = "application/json",
        once: String? = nil, method: String = "POST"
    ) async throws -> Reply {
        var headers: HTTPHeaders = [
            "Authorization": "Bearer \(tenant.key)", "Content-Type": type, "Idempotency-Key": once ?? UUID().uuidString,
        ]
        if let coding { headers.add("Content-Encoding", coding) }
        return try await tenant.bursar.request(method, target, headers: headers, body: body)
    }

    @Test func `is read as it was meant, and is the same request as the plain one`() async throws {
        let tenant = try await TestBursar.shared.tenant("packed")
        let partner: Input = ["code": "\(tenant.bursar.uniqueName("Z"))", "company_name": "Zipped"]
        let made = try await send(tenant, "/v1/partners", Gzip().compress(partner.bytes), once: "one").expect(201)
        #expect(made["company_name"] == "Zipped")
        // Plain, and packed by somebody who calls it by its old name: the same bytes are meant.
        for (body, coding) in [(partner.bytes, nil), (partner.bytes, "identity"), (Gzip().compress(partner.bytes), "X-GZIP")] {
            let again = try await send(tenant, "/v1/partners", body, coding: coding, once: "one").expect(201)
            #expect(again.header("idempotent-replayed") == "true" && again["id"] == made["id"])
        }
        let other: Input = ["code": "\(tenant.bursar.uniqueName("Z"))", "company_name": "Other"]
        try await send(tenant, "/v1/partners", Gzip().compress(other.bytes), once: "one").expect(422, "idempotency_key_reused")
        let id = try #require(made["id"])
        let edited = try await send(
            tenant, "/v1/partners/\(id)", Gzip().compress(Array(#"{"company_name":"Again"}"#.utf8)), method: "PATCH")
        #expect(try edited.expect(200)["company_name"] == "Again")
    }

    @Test func `of usage holds a whole batch`() async throws {
        let tenant = try await TestBursar.shared.tenant("packed-usage")
        let id = try await tenant.prepaid()
        let now = try #require(try await tenant.subscription(id)["activated_at"])
        let events = (0..<1_000).map { tenant.event(id, cost: "0.01", at: now, id: "packed-\($0)") }
        let plain = Input.list(events).bytes
        let packed = Gzip().compress(plain)
        #expect(packed.count * 4 < plain.count)
        let receipt = try await send(tenant, "/v1/usage-events", packed, type: Self.batch).expect(200)
        #expect(receipt["accepted"] == "1000")
        #expect(try await send(tenant, "/v1/usage-events", plain, coding: nil, type: Self.batch)["duplicate"] == "1000")
    }

    @Test func `may be no longer unpacked than plain`() async throws {
        let tenant = try await TestBursar.shared.tenant("bomb")
        let before = try tenant.fingerprint()
        // A thousandth of what it claims; whoever unpacks it whole has lost.
        let bomb = Gzip().compress([UInt8](repeating: 0x20, count: 64 << 20))
        #expect(bomb.count < 1 << 20)
        #expect(try await send(tenant, "/v1/partners", bomb).expect(413, "body_too_large").text.contains("1048576"))
        #expect(
            try await send(tenant, "/v1/usage-events", bomb, type: Self.batch).expect(413, "body_too_large").text
                .contains("5242880"))
        let small = Gzip().compress([UInt8](repeating: 0x20, count: 2 << 20))
        try await send(tenant, "/v1/partners", small).expect(413, "body_too_large")
        try await send(tenant, "/v1/usage-events", small, type: Self.batch).expect(400, "malformed_json")
        #expect(try tenant.fingerprint().differences(from: before) == [])
    }

    @Test func `is refused where it cannot be unpacked`() async throws {
        let tenant = try await TestBursar.shared.tenant("broken")
        let before = try tenant.fingerprint()
        let packed = Gzip().compress(Array(#"{"code":"BROKEN-1","company_name":"Broken"}"#.utf8))
        for body in [[], Array("{}".utf8), Array(packed.dropLast(3)), packed + [0], packed + Array("{}".utf8)] {
            try await send(tenant, "/v1/partners", body).expect(400, "invalid_gzip")
        }
        // Nothing, well packed, is an empty body.
        try await send(tenant, "/v1/partners", Gzip().compress([])).expect(400, "malformed_json")
        for coding in ["br", "deflate", "gzip, gzip", "zstd", ""] {
            let refused = try await send(tenant, "/v1/partners", packed, coding: coding)
            try refused.expect(415, "unsupported_content_encoding")
            #expect(refused.header("accept-encoding") == "gzip")
        }
        // Not theirs is said first.
        try await send(tenant, "/v1/partners/\(unknownID(like: "par_"))", [1], method: "PATCH").expect(404, "not_found")
        // Nobody without a key has anything unpacked.
        try await tenant.bursar.request(
            "POST", "/v1/partners", headers: ["Content-Encoding": "gzip", "Content-Type": "application/json"], body: [1]
        ).expect(401)
        #expect(try tenant.fingerprint().differences(from: before) == [])
    }
}

@Suite struct `The API's version` {
    @Test func `is in every answer of the API, and may be named`() async throws {
        let tenant = try await TestBursar.shared.tenant("dated")
        let version = "2026-11-20"
        #expect(APIVersion.current == version)
        for (method, path, status) in [
            ("GET", "/v1/me", 200), ("HEAD", "/v1/me", 200), ("GET", "/v1/nothing", 404), ("DELETE", "/v1/me", 405),
            ("OPTIONS", "/v1/me", 204), ("POST", "/v1/accounts", 415), ("GET", "/v1/accounts?x=1", 400),
        ] {
            let reply = try await tenant.request(method, path)
            #expect(reply.status == status && reply.headers.all("api-version") == [version], "\(method) \(path)")
        }
        #expect(try await tenant.bursar.request("GET", "/v1/me").expect(401).header("api-version") == version)
        #expect(try await tenant.bursar.request("GET", "/healthz").header("api-version") == nil)
        #expect(try await tenant.bursar.request("GET", "/sign-in").header("api-version") == nil)
        try await tenant.request("GET", "/v1/me", headers: ["API-Version": version]).expect(200)
        let before = try tenant.fingerprint()
        for named in ["2026-11-21", "1", "", "2026-11-20, 2026-11-20"] {
            let refused = try await tenant.request("GET", "/v1/me", headers: ["API-Version": named])
            try refused.expect(400, "unknown_api_version")
            #expect(refused["detail"]?.contains(version) == true)
            try await tenant.request(
                "POST", "/v1/partners", ["code": "DATED-1", "company_name": "Dated"], headers: ["API-Version": named]
            ).expect(400, "unknown_api_version")
        }
        #expect(try tenant.fingerprint().differences(from: before) == [])
    }
}
