import FoundationEssentials
import Loop
import Postgres
import SMTP
import Values

/// When a letter that could not be handed over is tried again (real time): quickly at first, for some days in all.
package enum MailRetry {
    /// Seconds after the first failed attempt, the second, and so on.
    package static let pauses: [Int64] = [
        60, 300, 900, 3_600, 2 * 3_600, 4 * 3_600, 8 * 3_600, 12 * 3_600, 24 * 3_600, 24 * 3_600,
    ]

    /// Nil when it is over: only a person can send it again.
    package static func pause(afterAttempts attempts: Int) -> Int64? {
        pauses.indices.contains(attempts - 1) ? pauses[attempts - 1] : nil
    }
}

/// Hands mails over to whoever carries them. The real one speaks SMTP; tests have their own.
package protocol MailCarrier: Sendable {
    /// One outcome for each, in order; fewer when it was told to stop.
    func carry(_ envelopes: [SMTPEnvelope]) async throws -> [SMTPOutcome]
}

/// Sends one tenant's letters that are due: claims a batch under a lease, hands it over outside of any transaction, writes down what came of it.
///
/// A server that dies in between leaves the lease to run out: the letter is then sent again, as the same letter under the same Message-ID.
package struct SendLetters: Sendable {
    static let atOnce: Int64 = 8
    /// Longer than the batch can take.
    static let leaseSeconds: Int64 = 600

    let context: TenantContext
    let from: Mailbox
    let replyTo: Mailbox?
    let carrier: any MailCarrier

    package init(_ context: TenantContext, from: Mailbox, replyTo: Mailbox? = nil, carrier: any MailCarrier) {
        self.context = context
        self.from = from
        self.replyTo = replyTo
        self.carrier = carrier
    }

    private struct Claimed: Sendable {
        let id: MailID
        let attempts: Int32
        let email: String
        let language: String
        let messageID: String
        let subject: String
        let text: String
        let html: String
        let secretPath: String?
        let expiresAt: Instant?
    }

    private enum Verdict {
        case sent(String)
        case final(status: String, String)
        case again(String)
        /// It was not tried at all.
        case untouched
    }

    /// Sends one batch; answers how many were claimed.
    package func run() async throws -> Int {
        let claimed = try await claim()
        guard !claimed.isEmpty else { return 0 }
        var verdicts: [MailID: Verdict] = [:]
        var envelopes: [(id: MailID, envelope: SMTPEnvelope)] = []
        for letter in claimed {
            switch envelope(letter) {
            case .success(let envelope): envelopes.append((letter.id, envelope))
            case .failure(let why): verdicts[letter.id] = .final(status: why.status, why.reply)
            }
        }
        let outcomes = try await carrier.carry(envelopes.map(\.envelope))
        for (index, (id, _)) in envelopes.enumerated() {
            verdicts[id] = index < outcomes.count ? verdict(outcomes[index]) : .untouched
        }
        try await store(claimed, verdicts)
        return claimed.count
    }

    private func verdict(_ outcome: SMTPOutcome) -> Verdict {
        switch outcome {
        case .accepted(let reply): .sent(reply)
        case .refused(let reply): .final(status: "refused", reply)
        case .postponed(let reply): .again(reply)
        }
    }

    private struct Unsendable: Error {
        let status: String
        let reply: String
    }

    private func envelope(_ letter: Claimed) -> Result<SMTPEnvelope, Unsendable> {
        guard let to = MailAddress(letter.email) else {
            return .failure(Unsendable(status: "refused", reply: "no valid address"))
        }
        let now = context.dependencies.realNow()
        var (text, html) = (letter.text, letter.html)
        if let path = letter.secretPath {
            if let expiresAt = letter.expiresAt, expiresAt <= now {
                return .failure(Unsendable(status: "failed", reply: "the one-time link expired before it could be sent"))
            }
            let url = context.dependencies.configuration.reachedAt + path
            text = LetterText.filled(text, with: url)
            html = LetterText.filled(html, with: url.replacing("&", with: "&amp;"))
        }
        let message = MailMessage(
            from: from, to: Mailbox(address: to), replyTo: replyTo, subject: letter.subject, messageID: letter.messageID,
            date: now,
            language: letter.language, text: text, html: html)
        return .success(SMTPEnvelope(from: from.address, to: to, bytes: message.bytes))
    }

    // MARK: The queue

    private func claim() async throws -> [Claimed] {
        let now = context.dependencies.realNow()
        let tenant = context.tenant.id
        return try await context.work { write in
            let rows = try await write.query(
                """
                with d as materialized (select id from mails where tenant_id = \(tenant) and status = 'waiting' and next_attempt_at <= \(now) \
                and subject is not null order by next_attempt_at, id limit \(Self.atOnce) for update skip locked) \
                update mails m set attempts = m.attempts + 1, smtp_reply = null, next_attempt_at = \(now.adding(seconds: Self.leaseSeconds)) from d \
                where m.tenant_id = \(tenant) and m.id = d.id \
                returning m.id, m.attempts, m.email, m.language, m.message_id, m.subject, m.body_text, m.body_html, m.secret_path, m.facts
                """)
            let claimed = try rows.map { try decode($0) }.sorted { $0.id < $1.id }
            guard !claimed.isEmpty else { return [] }
            write.enqueue(
                """
                update mails m set message_id = n.name from unnest(\(claimed.map(\.id)), \(claimed.map(\.messageID))) as n (id, name) \
                where m.tenant_id = \(tenant) and m.id = n.id and m.message_id is null
                """)
            return claimed
        }
    }

    private func decode(_ row: Row) throws -> Claimed {
        var column = Columns(row)
        let id: MailID = try column.next()
        let attempts: Int32 = try column.next()
        let email: String? = try column.next()
        let language: String? = try column.next()
        let messageID: String? = try column.next()
        let subject: String = try column.next()
        let text: String = try column.next()
        let html: String = try column.next()
        let secretPath: String? = try column.next()
        let facts = LetterFact.read(try column.next(PostgresJSON?.self)?.text ?? "{}")
        let expiry: Instant? = if case .instant(let at)? = facts["expires_at"] { at } else { nil }
        return Claimed(
            id: id, attempts: attempts, email: email ?? "", language: language ?? "en",
            messageID: messageID ?? "\(id)@\(from.address.domain)", subject: subject, text: text, html: html,
            secretPath: secretPath,
            expiresAt: expiry)
    }

    /// Only whoever still holds the lease may say what became of a letter: the number of the attempt is the fence.
    private func store(_ claimed: [Claimed], _ verdicts: [MailID: Verdict]) async throws {
        let now = context.dependencies.realNow()
        try await context.work { write in
            for letter in claimed {
                let mine: SQL =
                    "where tenant_id = \(write.tenant.id) and id = \(letter.id) and status = 'waiting' and attempts = \(letter.attempts)"
                switch verdicts[letter.id] ?? .untouched {
                case .sent(let reply):
                    write.enqueue(
                        """
                        update mails set status = 'sent', sent_at = \(now), next_attempt_at = null, secret_path = null, smtp_reply = \(Self.short(reply)) \(mine)
                        """)
                case .final(let status, let reply):
                    write.enqueue(
                        """
                        update mails set status = \(status), next_attempt_at = null, secret_path = null, smtp_reply = \(Self.short(reply)) \(mine)
                        """)
                case .again(let reply):
                    let pause = MailRetry.pause(afterAttempts: Int(letter.attempts))
                    write.enqueue(
                        """
                        update mails set status = \(pause == nil ? "failed" : "waiting"), next_attempt_at = \(pause.map { now.adding(seconds: $0) }), \
                        secret_path = case when \(pause == nil) then null else secret_path end, smtp_reply = \(Self.short(reply)) \(mine)
                        """)
                case .untouched:
                    write.enqueue("update mails set attempts = attempts - 1, next_attempt_at = \(now) \(mine)")
                }
            }
            write.enqueue(Letter.erasingLast(write.tenant.id, at: write.now, and: "id = any(\(claimed.map(\.id)))"))
        }
    }

    private static func short(_ reply: String) -> String { String(reply.prefix(300)) }
}
