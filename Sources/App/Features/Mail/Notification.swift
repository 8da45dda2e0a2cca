import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// A letter as people look it up: to whom, about what, what it said word for word, and what became of it.
package struct Notification: Sendable {
    package static let statuses = ["waiting", "sent", "refused", "failed"]

    package let id: MailID
    package let kind: String
    package let account: (id: AccountID, name: String, zone: TimeZoneRule, belonging: Belonging, kind: AccountKind)?
    /// The one that it is about, also where it stays when everything that goes with that is erased (L3).
    package let subscription: SubscriptionID?
    package let subscriptionName: String?
    /// Who serves its subscription now.
    let serviceAdministrator: UserID?
    /// Whom it was written to, where that is somebody who signs in.
    let reader: UserID?
    /// Its subscription's order was never paid (L11).
    let isLapsed: Bool
    package let email: String?
    package let status: String
    package let attempts: Int32
    package let nextAttemptAt: Instant?
    package let occurredAt: Instant
    package let queuedAt: Instant
    package let sentAt: Instant?
    package let erasedAt: Instant?
    package let reply: String?
    package let messageID: String?
    package let language: String?
    package let copyOf: MailID?
    /// Nil until it is written, and once it is erased. The text and the HTML are as they were sent, but for the one-time address.
    package let subject: String?
    package let text: String?
    package let html: String?

    static let select: SQL = """
        select m.id, m.kind, a.id, a.name, a.time_zone, a.administrator_id, a.enrollment_id, a.kind, m.subscription_id, s.name, m.email, m.status, \
        m.attempts, m.next_attempt_at, m.occurred_at, m.queued_at, m.sent_at, m.erased_at, m.smtp_reply, m.message_id, m.language, m.copy_of, \
        m.subject, m.body_text, m.body_html, s.service_administrator_id, m.user_id, coalesce(\(SubscriptionQueries.isLapsed), false), \
        m.told_of from mails m \
        left join accounts a on a.tenant_id = m.tenant_id and a.id = m.account_id \
        left join subscriptions s on s.tenant_id = m.tenant_id and s.id = m.subscription_id
        """

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        kind = try column.next()
        let accountID: AccountID? = try column.next()
        let accountName: String? = try column.next()
        let zone = try column.next(String?.self).flatMap { TimeZoneRule(identifier: $0) }
        let administrator: UserID? = try column.next()
        let enrollment: EnrollmentID? = try column.next()
        let accountKind = try column.next(String?.self).flatMap { AccountKind(rawValue: $0) }
        account = accountID.map {
            (
                $0, accountName ?? "", zone ?? .utc,
                Belonging(account: $0, accountAdministrator: administrator, enrollment: enrollment), accountKind ?? .standard
            )
        }
        let bound: SubscriptionID? = try column.next()
        subscriptionName = try column.next()
        email = try column.next()
        status = try column.next()
        attempts = try column.next()
        nextAttemptAt = try column.next()
        occurredAt = try column.next()
        queuedAt = try column.next()
        sentAt = try column.next()
        erasedAt = try column.next()
        reply = try column.next()
        messageID = try column.next()
        language = try column.next()
        copyOf = try column.next()
        subject = try column.next()
        text = try column.next()
        html = try column.next()
        serviceAdministrator = try column.next()
        reader = try column.next()
        // Bound to no subscription, as all letters about one that is gone; but of this one it is known what it was.
        isLapsed = try column.next() || kind == LetterKind.lapsed.rawValue
        subscription = try bound ?? column.next(String?.self).flatMap { SubscriptionID($0) }
    }

    /// The letters about one subscription: a few, by an index each. What is said of it after its deletion is bound to the account, so that it is not
    /// erased with what was said before, and names it among its facts (`told_of`).
    static func about(_ subscription: SubscriptionID, _ tenant: TenantID) -> SQL {
        """
        m.id = any(array(select m.id from mails m where m.tenant_id = \(tenant) and m.subscription_id = \(subscription) union all \
        select m.id from mails m where m.tenant_id = \(tenant) and m.told_of = \(subscription.description)))
        """
    }

    /// Whether a one-time address stands in it: only its first sending carries that.
    var hasOneTimeLink: Bool { text?.contains(LetterText.secretMark) ?? false }

    func shown(_ body: String?, _ t: Strings) -> String? { body.map { LetterText.filled($0, with: t("mail.one_time_link")) } }

    func write(to json: inout JSONWriter, withBody: Bool = false, _ strings: Strings? = nil) {
        json.object { json in
            json.field("id", id)
            json.field("object", "notification")
            json.field("kind", kind)
            json.field("status", status)
            json.field("account_id", account?.id)
            json.field("subscription_id", subscription)
            json.field("email", email)
            json.field("subject", subject)
            json.field("language", language)
            json.field("occurred_at", occurredAt)
            json.field("queued_at", queuedAt)
            json.field("sent_at", sentAt)
            json.field("next_attempt_at", nextAttemptAt)
            json.field("erased_at", erasedAt)
            json.field("attempts", Int(attempts))
            json.field("smtp_reply", reply)
            json.field("message_id", messageID)
            json.field("copy_of", copyOf)
            guard withBody else { return }
            let mark = strings.map { $0("mail.one_time_link") } ?? ""
            json.field("text", text.map { LetterText.filled($0, with: mark) })
            json.field("html", html.map { LetterText.filled($0, with: mark) })
        }
    }
}

/// One letter, for those who see its account; what concerns no account is the operators'.
package enum FindNotification {
    package static func byID(_ id: MailID, _ context: TenantContext) async throws -> Notification {
        let rows = try await context.read("\(Notification.select) where m.tenant_id = \(context.tenant.id) and m.id = \(id)").rows
        guard let notification = try rows.first.map(Notification.init) else { throw Failure.notFound }
        try confirmVisible(notification, context.principal)
        return notification
    }

    /// - Throws: `notFound` for whoever it does not concern.
    static func confirmVisible(_ notification: Notification, _ principal: Principal) throws {
        if notification.isOwn(of: principal) { return }
        guard let account = notification.account else {
            guard principal.isOperator else { throw Failure.notFound }
            return
        }
        try TenantContext.require(.seeAccount, of: principal.roles(on: account.belonging), in: account.kind)
    }
}

extension FindNotification {
    /// What is about no account is the provider's to send again; whoever reads a letter for another reason than her role on its account reads it only.
    static func confirmMaySend(_ notification: Notification, _ principal: Principal) throws {
        guard !principal.isOperator else { return }
        let roles = principal.roles(on: notification.belonging)
        guard let account = notification.account, !roles.isEmpty else { throw Failure.roleForbids(.manageAlerts) }
        try TenantContext.require(.manageAlerts, of: roles, in: account.kind)
    }
}

/// Whom a letter concerns beside those who see its account.
extension Notification {
    /// Written to her. Whoever looks in her stead reads what is about the one account, and not what she got as a person.
    func isOwn(of principal: Principal) -> Bool {
        guard case .user(let id, _, _, let grants) = principal, id == reader else { return false }
        return grants.viewing.map { $0.account == account?.id } ?? true
    }

    /// About a subscription whose pages she sees: those of its account, and whoever serves it.
    func isOfSubscription(seenBy principal: Principal) -> Bool {
        guard case .user = principal, subscription != nil, let account else { return false }
        return principal.roles(on: belonging).contains { Permission.allows($0, .seeSubscription, in: account.kind) }
    }

    func isOfAccount(seenBy principal: Principal) -> Bool {
        guard let account else { return false }
        return principal.roles(on: account.belonging).contains { Permission.allows($0, .seeAccount, in: account.kind) }
    }

    /// Of the subscription that it is about, or else the account.
    var belonging: Belonging {
        var belonging = account?.belonging ?? Belonging()
        belonging.serviceAdministrator = serviceAdministrator
        return belonging
    }
}

/// Sends a letter again: one that never arrived is tried at once, one that was sent goes out as a copy with an ID of its own, word for word.
package struct ResendNotification: Sendable {
    let id: MailID

    package init(id: MailID) { self.id = id }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        let context = context
        return try await context.command(options) { write in
            let tenant = write.tenant.id
            let rows = try await write.begin([
                "select from mails where tenant_id = \(tenant) and id = \(id) for no key update",
                "\(Notification.select) where m.tenant_id = \(tenant) and m.id = \(id)",
            ])
            guard let letter = try rows[1].first.map(Notification.init) else { throw Failure.notFound }
            try FindNotification.confirmVisible(letter, write.principal)
            try FindNotification.confirmMaySend(letter, write.principal)
            if letter.erasedAt != nil { throw Failure.conflict(code: "notification_erased") }
            if letter.status != "waiting", letter.hasOneTimeLink {
                throw Failure.conflict(code: "notification_had_one_time_link")
            }
            let sent = letter.status == "sent" ? copy(of: letter, write) : tryNow(letter, write)
            write.audit("notification.resent", object: ("notification", sent.uuid), account: letter.account?.id)
            let stored = try await write.query("\(Notification.select) where m.tenant_id = \(tenant) and m.id = \(sent)")
            guard let again = try stored.first.map(Notification.init) else { throw Failure.fault }
            var json = JSONWriter()
            again.write(to: &json)
            return Answer(status: 200, body: json.bytes, objectID: sent.uuid)
        }
    }

    /// It waits for its turn anyway, or nobody would take it: now, with all its attempts before it.
    private func tryNow(_ letter: Notification, _ write: Write) -> MailID {
        let now = write.dependencies.realNow()
        // A server that is sending it at this moment keeps its lease: the number of its attempt stays what it was.
        write.enqueue(
            """
            update mails set status = 'waiting', next_attempt_at = case when status = 'waiting' then least(next_attempt_at, \(now)) else \(now) end, \
            attempts = case when status = 'waiting' then attempts else 0 end \
            where tenant_id = \(write.tenant.id) and id = \(letter.id) and (status <> 'waiting' or attempts = 0 or smtp_reply is not null)
            """)
        return letter.id
    }

    private func copy(of letter: Notification, _ write: Write) -> MailID {
        let id: MailID = write.newID()
        let now = write.dependencies.realNow()
        write.enqueue(
            """
            insert into mails (tenant_id, id, kind, cause_id, account_id, enrollment_id, subscription_id, user_id, email, facts, link, status, \
            next_attempt_at, occurred_at, queued_at, copy_of, language, subject, body_text, body_html) \
            select tenant_id, \(id), kind, \(id), account_id, enrollment_id, subscription_id, user_id, email, facts, link, 'waiting', \(now), \
            \(write.now), \(now), id, language, subject, body_text, body_html from mails where tenant_id = \(write.tenant.id) and id = \(letter.id)
            """)
        return id
    }
}
