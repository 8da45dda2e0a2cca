import App
import HTTP
import TestSupport
import Testing

/// api.md: every answer has an `X-Request-Id`, also those that the server gives before anybody is asked.
@Suite struct `A request that no handler saw` {
    @Test func `is answered in its language, under its name and within its trace, as far as it was read`() async throws {
        let app = try await TestBursar.shared.app
        let refusal = HTTPRefusal(status: 413, code: "body_too_large", detail: "Too large.", arguments: ["limit": "77"])
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let told = app.refusal(
            refusal,
            RefusedRequest(
                headers: ["X-Request-Id": "mine-1", "Accept-Language": "zh-CN", "Traceparent": parent], remoteAddress: "127.0.0.1"
            ))
        let json = try #require(try members(told))
        #expect(told.status == 413)
        #expect(told.headers["x-request-id"] == "mine-1")
        #expect(json["request_id"] == .string("mine-1"))
        #expect(told.headers["traceparent"]?.contains("0af7651916cd43dd8448eb211c80319c") == true)
        #expect(told.headers["content-type"] == "application/problem+json")
        guard case .string(let detail)? = json["detail"] else { throw TestFault("no detail") }
        #expect(detail.contains("77") && detail.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) })
    }

    @Test func `of which nothing is known is named all the same, in English`() async throws {
        let app = try await TestBursar.shared.app
        for (status, code) in [
            (400, "malformed_request"), (405, "method_not_allowed"), (408, "request_timeout"), (413, "body_too_large"),
            (414, "uri_too_long"), (417, "expectation_failed"), (429, "too_many_connections"), (431, "headers_too_large"),
            (500, "internal_error"), (503, "overloaded"), (505, "http_version_not_supported"),
        ] {
            for language in ["", "zh-CN"] {
                let told = app.refusal(
                    HTTPRefusal(status: status, code: code, detail: "Why.", arguments: ["limit": "1", "allowed": "GET"]),
                    RefusedRequest(headers: ["Accept-Language": language], remoteAddress: "127.0.0.1"))
                let json = try #require(try members(told))
                let id = try #require(told.headers["x-request-id"])
                #expect(id.hasPrefix("req_"))
                #expect(json["request_id"] == .string(id))
                guard case .string(let title)? = json["title"] else { throw TestFault("no title") }
                #expect(!title.contains("error."), "\(code)")
                #expect(title.allSatisfy(\.isASCII) == language.isEmpty, "\(code)")
                #expect(told.headers["traceparent"] != nil)
            }
        }
    }

    private func members(_ response: HTTPResponse) throws -> [String: JSON]? {
        guard case .bytes(let bytes) = response.body, case .object(let members) = try JSON(parsing: bytes) else { return nil }
        return Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
    }
}
