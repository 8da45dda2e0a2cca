import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// One thing that a letter says, kept typed: dates and money are written in the reader's language and zone when the letter is sent.
package enum LetterFact: Sendable, Hashable {
    case text(String)
    case money(Money)
    case instant(Instant)
    case date(CivilDate)
    case number(Int)
    /// Names of texts in the strings, such as `reason.credit_exhausted`; several are written as a list.
    case words([String])
    /// Columns named by `mail.column.<name>`, and rows of as many facts.
    case table([String], [[LetterFact]])

    package static func word(_ key: String) -> LetterFact { .words([key]) }
}

/// A letter that a use case asks for, in the transaction of its cause. It is unique per kind, cause and address: asked for twice, it is sent once.
package struct Letter: Sendable {
    package struct Recipient: Sendable {
        package let user: UserID?
        package let email: String

        package init(user: UserID?, email: String) {
            self.user = user
            self.email = email
        }
    }

    let kind: LetterKind
    let recipient: Recipient
    let account: AccountID?
    let subscription: SubscriptionID?
    let facts: [String: LetterFact]
    /// The page that the letter leads to.
    let link: URLPath?
    /// A one-time address, with its token: filled in when the letter is sent, never shown again, erased afterwards.
    let secretPath: String?
    /// What brought the letter about: an event, a link, a deadline.
    let cause: UUID

    package init(
        _ kind: LetterKind, to recipient: Recipient, account: AccountID? = nil, subscription: SubscriptionID? = nil,
        facts: [String: LetterFact] = [:], link: URLPath? = nil, secretPath: String? = nil, cause: UUID
    ) {
        self.kind = kind
        self.recipient = recipient
        self.account = account
        self.subscription = subscription
        self.facts = facts
        self.link = link
        self.secretPath = secretPath
        self.cause = cause
    }
}

extension Write {
    /// Puts a letter in the queue of its tenant; it leaves after the commit, at least once, under an ID that stays.
    ///
    /// - Parameter at: when what it tells of happened, if that was not now.
    package func send(_ letter: Letter, at occurred: Instant? = nil) {
        let id: MailID = newID()
        let queued = dependencies.realNow()
        let given = letter.recipient.email.lowercased()
        let reader = letter.kind.isAboutAnAddress ? nil : letter.recipient.user
        let address: SQL =
            "coalesce((select contact_email from users where tenant_id = \(tenant.id) and id = \(reader)), \(given))"
        enqueue(
            """
            insert into mails (tenant_id, id, kind, cause_id, account_id, enrollment_id, subscription_id, user_id, email, facts, link, secret_path, status, \
            next_attempt_at, occurred_at, queued_at) values (\(tenant.id), \(id), \(letter.kind.rawValue), \(letter.cause), \(letter.account), \
            (select enrollment_id from accounts where tenant_id = \(tenant.id) and id = \(letter.account)), \(letter.subscription), \(letter.recipient.user), \(address), \(PostgresJSON(LetterFact.text(of: letter.facts))), \
            \(letter.link?.string), \(letter.secretPath), 'waiting', \(queued), \(occurred ?? now), \(queued)) \
            on conflict (tenant_id, kind, cause_id, email) do nothing
            """)
    }
}

extension Letter {
    /// L3: what letters about a subscription say, and to whom they went, goes with it; that they were sent, and when, stays.
    static func erasing(_ tenant: TenantID, _ subscription: SubscriptionID, at now: Instant) -> SQL {
        """
        \(emptied), erased_at = \(now), status = case status when 'waiting' then 'failed' else status end, next_attempt_at = null \
        where tenant_id = \(tenant) and subscription_id = \(subscription) and erased_at is null
        """
    }

    /// L3: the one letter about a deleted subscription to whoever served it, which alone of its kind leads nowhere, goes once it is on its way or
    /// cannot be.
    static func erasingLast(_ tenant: TenantID, at now: Instant, and which: SQL) -> SQL {
        """
        \(emptied), erased_at = \(now) where tenant_id = \(tenant) and kind = \(LetterKind.deleted.rawValue) and link is null and status <> 'waiting' \
        and erased_at is null and \(which)
        """
    }

    private static let emptied: SQL = """
        update mails set email = null, facts = null, link = null, secret_path = null, smtp_reply = null, subject = null, body_text = null, body_html = null
        """
}
