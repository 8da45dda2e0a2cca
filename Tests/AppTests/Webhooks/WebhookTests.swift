import App
import FoundationEssentials
import HTTP
import Outgoing
import Synchronization
import TestSupport
import Testing
import Values

@Suite struct `A webhook` {
    @Test func `is signed as the Standard Webhooks specification says`() throws {
        // The vector of the specification's reference libraries.
        let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let signature = secret.signature(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8))
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(WebhookSecret("whsec_")?.bytes == nil)
        #expect(WebhookSecret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?.bytes == nil)
    }

    @Test func `is tried for about three days, a little later each time, and not before the receiver asks`() {
        let settings = WebhookSettings()
        #expect(settings.pause(afterTries: 1, random: 0) == 5_000)
        #expect(settings.pause(afterTries: 1, random: 500) == 5_500)
        #expect((0..<9).reduce(0) { $0 + (settings.pause(afterTries: $1 + 1, random: 0) ?? 0) } == 272_105_000)
        #expect(settings.pause(afterTries: 10, random: 0) == nil)
        #expect(settings.pause(afterTries: 1, retryAfter: 120, random: 0) == 120_000)
        #expect(settings.pause(afterTries: 3, retryAfter: 120, random: 0) == 1_800_000)
        #expect(settings.pause(afterTries: 1, retryAfter: 999_999_999, random: 0) == 86_400_000)
    }

    @Test func `tells what happened, once, signed, with a sequence for each object`() async throws {
        let tenant = try await TestBursar.shared.tenant("hooks")
        let account = try await tenant.account()
        let (id, text) = try await tenant.webhook(account)
        let subscription = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        try await tenant.suspend(subscription, "requested").expect(200)
        let receiver = Receiver()
        try await tenant.tell(receiver)
        #expect(try await tenant.tell(receiver) == 0)
        let bodies = try receiver.messages.map { try JSON(parsing: Array($0.body.utf8)) }
        // Messages travel side by side: their sequence puts them in order.
        let ofSubscription = bodies.filter { $0.scalar("data.id") == subscription }.sorted {
            Int($0.scalar("sequence") ?? "") ?? 0 < Int($1.scalar("sequence") ?? "") ?? 0
        }
        let types: [String] = ofSubscription.map { $0.scalar("type") ?? "" }
        #expect(types == ["subscription.created", "subscription.activated", "subscription.suspended"])
        #expect(bodies.contains { $0.scalar("type") == "payment.succeeded" })
        let sequences: [Int] = ofSubscription.compactMap { $0.scalar("sequence") }.compactMap { Int($0) }
        #expect(Set(sequences).count == 3)
        let secret = try #require(WebhookSecret(text))
        for message in receiver.messages {
            let seconds = try #require(Int64(message.headers["webhook-timestamp"] ?? ""))
            let wanted = secret.signature(
                id: message.headers["webhook-id"] ?? "", seconds: seconds, body: Array(message.body.utf8))
            #expect(message.headers["webhook-signature"] == wanted)
            #expect(try JSON(parsing: Array(message.body.utf8)).scalar("id") == message.headers["webhook-id"])
        }
        let log = try await tenant.deliveries("&endpoint_id=\(id)")
        #expect(log.list("data").allSatisfy { $0.scalar("status") == "succeeded" && $0.scalar("response_status") == "204" })
        // What the event list says is what was told.
        let events = try await tenant.get("/v1/events?object_id=\(subscription)").expect(200).list("data").compactMap {
            $0.scalar("id")
        }
        #expect(Set(events) == Set(ofSubscription.compactMap { $0.scalar("id") }))
    }

    @Test func `is told of its own account and of its own types only`() async throws {
        let tenant = try await TestBursar.shared.tenant("filters")
        let (mine, other) = (try await tenant.account("Mine"), try await tenant.account("Other"))
        _ = try await tenant.webhook(mine, "https://example.com/mine")
        _ = try await tenant.webhook(nil, "https://example.com/all", types: ["subscription.created"])
        _ = try await tenant.order("prepaid", for: mine, paying: "1000.00").expect(201)
        _ = try await tenant.order("prepaid", for: other, paying: "1000.00").expect(201)
        let receiver = Receiver()
        try await tenant.tell(receiver)
        let told = receiver.messages
        #expect(told.filter { $0.url.hasSuffix("/all") }.count == 2)
        #expect(told.filter { $0.url.hasSuffix("/all") }.allSatisfy { $0.body.contains("\"subscription.created\"") })
        #expect(told.filter { $0.url.hasSuffix("/mine") }.allSatisfy { $0.body.contains(mine) && !$0.body.contains(other) })
        let key = try await tenant.accountKey(other, role: "account_admin")
        #expect(try await tenant.get("/v1/webhook-deliveries", as: key).expect(200).list("data").isEmpty)
        let reader = try await tenant.accountKey(other, role: "reader")
        #expect(try await tenant.get("/v1/events?account_id=\(mine)", as: reader).expect(200).list("data").isEmpty)
        #expect(try await !tenant.get("/v1/events", as: reader).expect(200).list("data").isEmpty)
        try await tenant.get("/v1/webhook-endpoints", as: reader).expect(403)
    }

    @Test func `that fails is sent again under the same ID, and given up in the end, with a letter to the administrator`()
        async throws
    {
        let tenant = try await TestBursar.shared.tenant("failing")
        let account = try await tenant.account()
        let (id, _) = try await tenant.webhook(account, types: ["subscription.created"])
        _ = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201)
        let receiver = Receiver { _ in .success(OutgoingReply(status: 500, body: Array("no".utf8))) }
        for attempt in 1...10 {
            #expect(try await tenant.tell(receiver) == 1, "attempt \(attempt)")
            #expect(try await tenant.tell(receiver) == 0, "not before its pause is over")
            try tenant.passWebhookPauses()
        }
        #expect(try await tenant.tell(receiver) == 0)
        #expect(receiver.messages.count == 10 && Set(receiver.messages.map { $0.headers["webhook-id"] }).count == 1)
        #expect(Set(receiver.messages.map(\.body)).count == 1)
        let endpoint = try await tenant.get("/v1/webhook-endpoints/\(id)").expect(200)
        #expect(endpoint["state"] == "disabled" && endpoint["disabled_reason"] == "failing")
        #expect(try await tenant.mails().filter { $0.kind == "webhook_disabled" }.count == 1)
        let delivery = try await tenant.deliveries()["data.0.id"] ?? ""
        try await tenant.post("/v1/webhook-deliveries/\(delivery)/retry").expect(409, "webhook_endpoint_not_enabled")
        // Switched on again and sent again by hand, it arrives.
        try await tenant.request("PATCH", "/v1/webhook-endpoints/\(id)", ["enabled": true]).expect(200)
        try await tenant.post("/v1/webhook-deliveries/\(delivery)/retry").expect(200)
        let better = Receiver()
        #expect(try await tenant.tell(better) == 1)
        #expect(better.messages[0].headers["webhook-id"] == receiver.messages[0].headers["webhook-id"])
        let after = try await tenant.get("/v1/webhook-deliveries/\(delivery)").expect(200)
        #expect(after["status"] == "succeeded" && after["attempts"] == "11" && after["request_body"] != nil)
    }

    @Test func `is not sent again before the moment that the receiver names, a day at most`() async throws {
        let tenant = try await TestBursar.shared.tenant("later")
        let (id, _) = try await tenant.webhook(try await tenant.account())
        let now = Int64(Date().timeIntervalSince1970)
        // What was asked for, and the least and the most that is waited.
        let cases: [(text: String, from: Int64, to: Int64)] = [
            (httpDate(secondsSince1970: now + 7_200), 7_100, 7_201), ("7200", 7_200, 7_210),
            (httpDate(secondsSince1970: now - 7_200), 5, 10), (httpDate(secondsSince1970: now + 900_000), 86_400, 86_410),
            ("900000", 86_400, 86_410), ("in a while", 5, 10),
        ]
        for one in cases {
            let delivery = try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202).id
            try await tenant.tell(Receiver { _ in .success(OutgoingReply(status: 503, retryAfter: one.text)) })
            let after = try await tenant.get("/v1/webhook-deliveries/\(delivery)").expect(200)
            let next = try #require(after["next_attempt_at"].flatMap { Instant(rfc3339: $0) })
            let waited = next.microseconds / 1_000_000 - now
            #expect((one.from...one.to + 60).contains(waited), "\(one.text): \(waited)")
        }
    }

    @Test func `that is gone is switched off at once, and one that redirects is not followed`() async throws {
        let tenant = try await TestBursar.shared.tenant("gone")
        let account = try await tenant.account()
        let (gone, _) = try await tenant.webhook(account, "https://example.com/gone")
        let (moved, _) = try await tenant.webhook(account, "https://example.com/moved")
        try await tenant.post("/v1/webhook-endpoints/\(gone)/test").expect(202)
        try await tenant.post("/v1/webhook-endpoints/\(moved)/test").expect(202)
        let receiver = Receiver { .success(OutgoingReply(status: $0.url.hasSuffix("/gone") ? 410 : 302)) }
        #expect(try await tenant.tell(receiver) == 2)
        let endpoint = try await tenant.get("/v1/webhook-endpoints/\(gone)").expect(200)
        #expect(endpoint["state"] == "disabled" && endpoint["disabled_reason"] == "gone")
        let redirected = try await tenant.deliveries("&endpoint_id=\(moved)")
        #expect(redirected["data.0.status"] == "waiting" && redirected["data.0.error"] == "redirect")
        try await tenant.post("/v1/webhook-endpoints/\(gone)/test").expect(409, "webhook_endpoint_not_enabled")
    }

    @Test func `carries two signatures while its secret is being replaced, and the secret is shown once`() async throws {
        let tenant = try await TestBursar.shared.tenant("rotation")
        let (id, old) = try await tenant.webhook(try await tenant.account())
        #expect(try await tenant.get("/v1/webhook-endpoints/\(id)").expect(200)["secret"] == nil)
        let new = try await tenant.post("/v1/webhook-endpoints/\(id)/rotate-secret").expect(200)["secret"] ?? ""
        #expect(new != old && new.hasPrefix("whsec_"))
        let receiver = Receiver()
        func signatures() async throws -> (given: [String], wanted: [String]) {
            try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202)
            try await tenant.tell(receiver)
            let message = try #require(receiver.messages.last)
            let wanted = [new, old].compactMap { WebhookSecret($0) }.map {
                $0.signature(
                    id: message.headers["webhook-id"] ?? "", seconds: Int64(message.headers["webhook-timestamp"] ?? "") ?? 0,
                    body: Array(message.body.utf8))
            }
            return ((message.headers["webhook-signature"] ?? "").split(separator: " ").map(String.init), wanted)
        }
        var (given, wanted) = try await signatures()
        #expect(given == wanted)
        try tenant.force("update webhook_endpoints set previous_until = now() where tenant_id = $tenant")
        (given, wanted) = try await signatures()
        #expect(given == [wanted[0]])
    }

    @Test(arguments: [
        ("http://10.0.0.1/", "webhook_url_private"), ("ftp://example.com/", "webhook_url_scheme"),
        ("http://example.com:22/", "webhook_url_port"), ("https://me:word@example.com/", "webhook_url_credentials"),
        ("example", "webhook_url_malformed"),
    ]) func `goes nowhere inside`(url: String, code: String) async throws {
        let tenant = try await TestBursar.shared.tenant("inside")
        let before = try tenant.fingerprint()
        try await tenant.post("/v1/webhook-endpoints", ["url": "\(url)"]).expect(422, code)
        try await tenant.post("/v1/webhook-endpoints", ["url": "https://example.com/", "event_types": ["no.such"]]).expect(
            422, "unknown_event_type")
        #expect(try tenant.fingerprint().differences(from: before) == [])
    }

    @Test func `forgets what it said of a subscription that is deleted`() async throws {
        let tenant = try await TestBursar.shared.tenant("erased", clock: "2025-01-01T00:00:00Z")
        let account = try await tenant.account()
        _ = try await tenant.webhook(account)
        let subscription = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        try await tenant.suspend(subscription, "requested").expect(200)
        let receiver = Receiver { _ in .success(OutgoingReply(status: 200, body: Array("heard".utf8))) }
        try await tenant.tell(receiver)
        try await tenant.advance(to: "2025-06-01T00:00:00Z")
        let event = try await tenant.get("/v1/events?object_id=\(subscription)&type=subscription.suspended").expect(200)
        #expect(event.list("data").isEmpty, "30 days of the tenant's time")
        var erased = 0
        for delivery in try await tenant.deliveries().list("data") {
            let one = try await tenant.get("/v1/webhook-deliveries/\(delivery.scalar("id") ?? "")").expect(200)
            if one["event_type"] == "subscription.suspended" {
                erased += 1
                #expect(one["request_body"] == nil && one["response_body"] == nil)
            }
        }
        #expect(erased == 1)
        // That it is gone is told all the same.
        try await tenant.tell(receiver)
        #expect(receiver.messages.contains { $0.body.contains("\"subscription.deleted\"") })
    }

    @Test func `knows every type that the use cases tell of`() async throws {
        let world = try await World.make(.shared)
        let known = Set(WebhookEventType.allCases.map(\.rawValue))
        var cursor: String?
        repeat {
            let page = try await world.tenant.get("/v1/events?limit=100\(cursor.map { "&cursor=\($0)" } ?? "")").expect(200)
            for event in page.list("data") {
                #expect(known.contains(event.scalar("type") ?? ""), "\(event.scalar("type") ?? "")")
            }
            cursor = page["next_cursor"]
        } while cursor != nil
    }
}
