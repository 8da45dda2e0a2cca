import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// What a letter is about; its words stand under `mail.<kind>` in the strings.
package enum LetterKind: String, CaseIterable, Sendable {
    case invitation
    case passwordReset = "password_reset"
    case passwordChanged = "password_changed"
    case emailConfirmation = "email_confirmation"
    case emailChanged = "email_changed"
    case serviceAdministratorChanged = "service_administrator_changed"
    case handover
    case paymentPending = "payment_pending"
    case paymentReceived = "payment_received"
    case paymentFailed = "payment_failed"
    case paymentExpired = "payment_expired"
}

/// One thing that a letter says, kept typed: dates and money are written in the reader's language and zone when the letter is sent.
package enum LetterFact: Sendable, Hashable {
    case text(String)
    case money(Money)
    case instant(Instant)
    case date(CivilDate)
    case number(Int)
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
    package func send(_ letter: Letter) {
        let id: MailID = newID()
        let queued = dependencies.realNow()
        let facts = jsonText { json in
            for (name, fact) in letter.facts.sorted(by: { $0.key < $1.key }) { json.field(name, fact) }
        }
        enqueue(
            """
            insert into mails (tenant_id, id, kind, cause_id, account_id, subscription_id, user_id, email, facts, link, secret_path, status, \
            next_attempt_at, occurred_at, queued_at) values (\(tenant.id), \(id), \(letter.kind.rawValue), \(letter.cause), \(letter.account), \
            \(letter.subscription), \(letter.recipient.user), \(letter.recipient.email.lowercased()), \(PostgresJSON(facts)), \
            \(letter.link?.string), \(letter.secretPath), 'waiting', \(queued), \(now), \(queued)) \
            on conflict (tenant_id, kind, cause_id, email) do nothing
            """)
    }
}

extension JSONWriter {
    /// `{"money": "10.00 CNY"}`, `{"at": "…Z"}`, `{"on": "2026-11-20"}`, `{"number": 7}`, `{"text": "…"}`
    fileprivate mutating func field(_ name: String, _ fact: LetterFact) {
        field(
            name,
            object: { json in
                switch fact {
                case .text(let text): json.field("text", text)
                case .money(let money): json.field("money", "\(money.decimalString) \(money.currency.code)")
                case .instant(let instant): json.field("at", instant.rfc3339)
                case .date(let date): json.field("on", date.description)
                case .number(let number): json.field("number", number)
                }
            })
    }
}
