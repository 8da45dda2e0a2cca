import App
import FoundationEssentials
import Loop
import Postgres
import SMTP
import TestSupport
import Values

/// A tenant's mail in tests: asks for what is due, writes it, reads it, sends it to a catcher.
extension TestTenant {
    struct Mail: Sendable, CustomStringConvertible {
        let id: String
        let kind: String
        let email: String?
        let status: String
        let at: String
        let language: String?
        let subject: String?
        let text: String?
        let html: String?
        let messageID: String?
        let attempts: Int32
        let reply: String?
        let hasSecret: Bool
        var description: String { "\(at) \(kind) to \(email ?? "–"): \(subject ?? "unwritten")" }
    }

    /// Turns events into letters and puts them into words, as the server does all the time.
    func writeLetters() async throws {
        let (context, bursar) = (context, bursar)
        try await bursar.instance.loop.run {
            _ = try await LettersOfEvents(context).everything()
            while try await WriteLetters(context, bursar.app.localisation).run() > 0 {}
        }
    }

    /// Every letter of the tenant, in the order of what they tell.
    func mails(_ kind: String? = nil) async throws -> [Mail] {
        try await writeLetters()
        return try bursar.database.superuser().query(
            """
            select id, kind, email, status, to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), language, subject, body_text, \
            body_html, message_id, attempts, smtp_reply, secret_path is not null from mails where tenant_id = \(id.uuid) order by occurred_at, id
            """
        ).map { row in
            Mail(
                id: MailID(try row.get(0, as: UUID.self)).description, kind: try row.get(1), email: try row.get(2),
                status: try row.get(3),
                at: try row.get(4), language: try row.get(5), subject: try row.get(6), text: try row.get(7), html: try row.get(8),
                messageID: try row.get(9), attempts: try row.get(10), reply: try row.get(11), hasSecret: try row.get(12))
        }.filter { kind == nil || $0.kind == kind }
    }

    /// Sends everything that is due to the catcher; answers how many were tried.
    @discardableResult
    func deliver(to catcher: SMTPCatcher) async throws -> Int {
        try await writeLetters()
        let carrier = Carrier(
            server: SMTPServer(host: "127.0.0.1", port: catcher.port, tls: .off), workers: bursar.instance.dependencies.workers)
        let context = context
        guard let from = Mailbox("Cloud Billing <billing@example.com>") else { throw TestFault("no sender") }
        return try await bursar.instance.loop.run {
            var count = 0
            while true {
                let sent = try await SendLetters(context, from: from, carrier: carrier).run()
                count += sent
                if sent == 0 { return count }
            }
        }
    }

    struct Carrier: MailCarrier {
        let server: SMTPServer
        let workers: LoopWorkers
        func carry(_ envelopes: [SMTPEnvelope]) async throws -> [SMTPOutcome] {
            let server = server
            return try await workers.run { SMTPClient.send(envelopes, to: server) }
        }
    }

    /// Lets the pause before the next attempt pass.
    func passPauses() throws {
        try force(
            "update mails set next_attempt_at = now() - interval '1 second' where tenant_id = $tenant and status = 'waiting'")
    }
}
