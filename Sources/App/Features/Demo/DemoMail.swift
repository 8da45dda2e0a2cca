import Postgres
import Values

/// The demo's history has brought letters: they are put into words and count as sent, so that the notifications are as lived-in as the rest and the
/// first minute of a demo does not send fourteen months of mail.
struct DemoMail: Sendable {
    static let reply = "demo history: handed to no server"

    let context: TenantContext
    let localisation: Localisation

    func settle() async throws {
        _ = try await LettersOfEvents(context).everything()
        while try await WriteLetters(context, localisation).run() == WriteLetters.atOnce {}
        try await context.work { write in
            write.enqueue(
                """
                update mails set status = 'sent', attempts = 1, sent_at = occurred_at, next_attempt_at = null, secret_path = null, \
                message_id = 'demo-' || id::text, smtp_reply = \(Self.reply) where tenant_id = \(write.tenant.id) and status = 'waiting'
                """)
            write.enqueue(Letter.erasingLast(write.tenant.id, at: write.now, and: "true"))
        }
    }
}
