import App
import FoundationEssentials
import HTTP
import Outgoing
import TestSupport
import Testing
import Values

/// What an endpoint was told is a list like every other.
@Suite struct `The log of an endpoint` {
    @Test func `is where the answer to a test event leads, and nowhere else`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let (id, _) = try await tenant.webhook(nil)
        let path = "/v1/webhook-endpoints/\(id)/test"
        let dry = try await tenant.post("\(path)?dry_run=true").expect(202)
        #expect(dry.header("location") == nil)
        let made = try await tenant.request("POST", path, once: .key("try")).expect(202)
        #expect(made.header("location") == "/v1/webhook-deliveries/\(try made.id)")
        // It is one message, no long work to ask for again and again.
        #expect(made.header("operation-location") == nil && made.header("retry-after") == nil)
        let found = try await tenant.get(try #require(made.header("location"))).expect(200)
        #expect(found["event_type"] == "webhook_endpoint.test" && found["id"] == made["id"])
        let again = try await tenant.request("POST", path, once: .key("try")).expect(202)
        #expect(again.header("idempotent-replayed") == "true" && again.header("location") == made.header("location"))
        let document = try await tenant.bursar.request("GET", "/openapi.json").expect(200).json
        let answer = document.at("paths")?.at("/v1/webhook-endpoints/{webhook_endpoint_id}/test")?.at(
            "post.responses.202.headers")
        #expect(answer?.fieldNames.contains("Location") == true)
    }

    @Test func `is narrowed, paged and taken home, on the page and by the API`() async throws {
        let story = try await PortalStory()
        let (tenant, account) = (story.tenant, story.account)
        let admin = try await story.person("account_admin")
        let (id, _) = try await tenant.webhook(account)
        let (other, _) = try await tenant.webhook(account, "https://example.com/others", types: ["payment.succeeded"])
        let page = "/accounts/\(account)/webhooks/\(id)"
        #expect(try await admin.get("\(page)?lang=en").expect(200).text.contains("Nothing was sent yet."))
        for _ in 0..<3 { try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202) }
        try await tenant.tell(Receiver())
        try await tenant.post("/v1/webhook-endpoints/\(other)/test").expect(202)
        try await tenant.suspend(story.subscription, "requested").expect(200)
        try await tenant.tell(Receiver { _ in .success(OutgoingReply(status: 500, body: Array("no".utf8))) })
        func rows(_ query: String) async throws -> Int {
            let reply = try await admin.get("\(page)?lang=en\(query)").expect(200)
            return reply.text.matches(of: #/class="row-link" href="([^"]*)"/#).count {
                $0.output.1.hasPrefix("\(page)/deliveries/whd_")
            }
        }
        let all = try await rows("")
        #expect(all >= 4)
        for (query, count) in [
            ("&event_type=webhook_endpoint.test", 3), ("&status=succeeded", 3), ("&q=webhook_endpoint.test", 3),
            ("&event_type=subscription.suspended", 1), ("&status=waiting", all - 3), ("&status=failed", 0),
            ("&from=2031-01-01", 0),
        ] {
            #expect(try await rows(query) == count, "\(query)")
        }
        let event = try await tenant.deliveries("&endpoint_id=\(id)&event_type=subscription.suspended")["data.0.event_id"] ?? ""
        #expect(try await rows("&q=\(event)") == 1)
        let whole = try await admin.get("\(page)?lang=en").expect(200).text
        for part in [
            "Send a test event", "HTTP 500", "Deliveries of the last 30 days", "aria-sort=\"descending\"", "format=xlsx",
            "/v1/webhook-deliveries?endpoint_id=\(id)&amp;account_id=\(account)",
        ] {
            #expect(whole.contains(part), "\(part)")
        }
        #expect(try await admin.get("\(page)?status=lost&lang=en").expect(422).text.contains("“lost” is no choice of “Result”"))
        let file = try await admin.get("\(page)?format=csv&header=machine&bom=0&status=succeeded").expect(200)
        let lines = file.text.split(separator: "\r\n")
        #expect(
            lines[0]
                == "id,created_at,event_type,status,response_status,error,duration_ms,attempts,next_attempt_at,last_attempt_at,event_id,endpoint_id"
        )
        #expect(lines.count == 4 && lines[1].contains(",webhook_endpoint.test,succeeded,204,,3,1,,"))
        let json = try await admin.get("\(page)?format=json").expect(200).list("data")
        #expect(json.count == all && json.allSatisfy { $0.scalar("endpoint_id") == id && $0.scalar("request_body") == nil })
        #expect(try await admin.get("\(page)?format=xlsx").expect(200).body.starts(with: Array("PK".utf8)))
        // The API: everything of the account, in pages, and of one event whoever was told.
        let key = try await tenant.accountKey(account)
        for sort in ["created_at", "-created_at"] {
            var (seen, cursor) = ([String](), "")
            repeat {
                let part = try await tenant.get("/v1/webhook-deliveries?limit=2&sort=\(sort)\(cursor)", as: key).expect(200)
                seen += part.list("data").compactMap { $0.scalar("id") }
                cursor = part["next_cursor"].map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            let listed = try await tenant.get("/v1/webhook-deliveries?limit=100&sort=\(sort)", as: key).expect(200).list("data")
            #expect(seen == listed.compactMap { $0.scalar("id") } && seen.count == all + 1, "\(sort)")
        }
        #expect(try await tenant.deliveries("&event_id=\(event)").list("data").count == 1)
        try await tenant.get("/v1/webhook-deliveries?status=lost").expect(400)
        let statuses = try await tenant.get("/v1/webhook-deliveries?format=csv&cols=status", as: key).expect(200)
        #expect(statuses.text.hasPrefix("status\r\n"))
    }
}
