import App
import FoundationEssentials
import Loop
import Outgoing
import Synchronization
import TestSupport
import Values

/// Somebody who is told of events: keeps what came and answers as it is told to.
final class Receiver: WebhookCarrier {
    struct Message: Sendable {
        let url: String
        let headers: [String: String]
        let body: String
    }
    private let kept = Mutex<[Message]>([])
    private let answer: @Sendable (Message) -> Result<OutgoingReply, OutgoingFault>

    init(
        _ answer: @escaping @Sendable (Message) -> Result<OutgoingReply, OutgoingFault> = { _ in
            .success(OutgoingReply(status: 204))
        }
    ) {
        self.answer = answer
    }

    var messages: [Message] { kept.withLock { $0 } }

    func send(_ request: OutgoingRequest) async -> OutgoingResult {
        let message = Message(
            url: request.url.text, headers: Dictionary(request.headers.map { ($0.name, $0.value) }) { first, _ in first },
            body: String(decoding: request.body, as: UTF8.self))
        kept.withLock { $0.append(message) }
        return OutgoingResult(outcome: answer(message), milliseconds: 3)
    }
}

extension TestTenant {
    func webhook(_ account: String?, _ url: String = "https://example.com/hooks", types: [String]? = nil) async throws -> (
        id: String, secret: String
    ) {
        var body: [(String, Input)] = [("url", .text(url))]
        if let account { body.append(("account_id", .text(account))) }
        if let types { body.append(("event_types", .list(types.map { .text($0) }))) }
        let made = try await post("/v1/webhook-endpoints", .object(body)).expect(201)
        return (try made.id, made["secret"] ?? "")
    }

    /// One look of the sender, as the server takes it several times a second.
    @discardableResult
    func tell(_ receiver: Receiver) async throws -> Int {
        let context = context
        return try await bursar.instance.loop.run {
            while try await SpreadEvents(context).batch().hasMore {}
            let sending = SendWebhooks(context, carrier: receiver)
            var count = 0
            for endpoint in try await sending.due().map(\.endpoint) {
                while case let sent = try await sending.run(endpoint), sent > 0 { count += sent }
            }
            return count
        }
    }

    func passWebhookPauses() throws {
        try force("update webhook_deliveries set next_attempt_at = now() where tenant_id = $tenant and status = 'waiting'")
    }

    func deliveries(_ query: String = "") async throws -> Reply {
        try await get("/v1/webhook-deliveries?limit=100\(query)").expect(200)
    }
}
