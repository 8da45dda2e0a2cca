import FoundationEssentials
import HTML
import Postgres
import SMTP
import Values

/// Puts the letters that were asked for into words: in the reader's language, with the account's dates and money. What is written is what is sent, however
/// often it takes, and what people read on the notifications page.
package struct WriteLetters: Sendable {
    static let atOnce: Int64 = 50

    let context: TenantContext
    let localisation: Localisation

    package init(_ context: TenantContext, _ localisation: Localisation) {
        self.context = context
        self.localisation = localisation
    }

    /// Writes a batch; answers how many. A letter of a kind that this program does not know waits for a newer one.
    package func run() async throws -> Int {
        let tenant = context.tenant.id
        let rows = try await context.read(
            "\(LetterRow.select) where m.tenant_id = \(tenant) and m.status = 'waiting' and m.subject is null \(LetterRow.ofKnownKind) order by m.id limit \(Self.atOnce)"
        ).rows
        guard !rows.isEmpty else { return 0 }
        let letters = try rows.map { try LetterRow($0) }.map { row in
            let localiser = row.localiser(localisation, context.tenant)
            return (id: row.id, language: localiser.language.tag, words: LetterText(row.source(context), localiser))
        }
        try await context.work { write in
            write.enqueue(
                """
                update mails m set language = w.language, subject = w.subject, body_text = w.text, body_html = w.html \
                from unnest(\(letters.map(\.id)), \(letters.map(\.language)), \(letters.map(\.words.subject)), \(letters.map(\.words.text)), \
                \(letters.map(\.words.html))) as w (id, language, subject, text, html) \
                where m.tenant_id = \(tenant) and m.id = w.id and m.status = 'waiting' and m.subject is null
                """)
        }
        return rows.count
    }
}

/// A letter with what its words need beside its facts: names, zone, languages.
struct LetterRow: Sendable {
    let id: MailID
    let kind: LetterKind
    let facts: [String: LetterFact]
    let link: URLPath?
    let hasSecret: Bool
    let occurredAt: Instant
    let account: (id: AccountID, name: String)?
    let zone: TimeZoneRule?
    let subscription: (id: SubscriptionID, name: String?)?
    let readerName: String?
    /// The reader's wishes, the first first.
    let languages: [String]

    static let select: SQL = """
        select m.id, m.kind, m.facts, m.link, m.secret_path is not null, m.occurred_at, m.account_id, a.name, a.time_zone, m.subscription_id, s.name, \
        u.id, u.email, u.first_name, u.last_name, u.locale, a.locale from mails m \
        left join accounts a on a.tenant_id = m.tenant_id and a.id = m.account_id \
        left join subscriptions s on s.tenant_id = m.tenant_id and s.id = m.subscription_id \
        left join users u on u.tenant_id = m.tenant_id and u.id = m.user_id
        """
    static let ofKnownKind: SQL = "and m.kind = any(\(LetterKind.allCases.map(\.rawValue)))"

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        guard let kind = LetterKind(rawValue: try column.next()) else { throw UnknownWord() }
        self.kind = kind
        facts = LetterFact.read(try column.next(PostgresJSON?.self)?.text ?? "{}")
        link = try column.next(String?.self).flatMap { URLPath(checking: $0) }
        hasSecret = try column.next()
        occurredAt = try column.next()
        let accountID: AccountID? = try column.next()
        let accountName: String? = try column.next()
        account = accountID.flatMap { id in accountName.map { (id, $0) } }
        zone = try column.next(String?.self).flatMap { TimeZoneRule(identifier: $0) }
        let subscriptionID: SubscriptionID? = try column.next()
        let subscriptionName: String? = try column.next()
        subscription = subscriptionID.map { ($0, subscriptionName) }
        let userID: UserID? = try column.next()
        let email: String? = try column.next()
        let firstName: String? = try column.next()
        let lastName: String? = try column.next()
        let person = userID.map { Person(id: $0, email: email ?? "", firstName: firstName ?? "", lastName: lastName ?? "") }
        readerName = person.flatMap { $0.name == $0.email ? nil : $0.name }
        languages = [try column.next(String?.self), try column.next(String?.self)].compactMap(\.self)
    }

    /// The user's own language, else the account's, else the tenant's; the account's zone, else the tenant's.
    func localiser(_ localisation: Localisation, _ tenant: Tenant) -> Localiser {
        let language = (languages + [tenant.locale]).lazy.compactMap { Language(tag: $0) }.first ?? .en
        return Localiser(
            strings: localisation[language], zone: zone ?? TimeZoneRule(identifier: tenant.timeZone) ?? .utc, now: occurredAt)
    }

    func source(_ context: TenantContext) -> LetterText.Source {
        let configuration = context.dependencies.configuration
        return LetterText.Source(
            kind: kind, facts: facts, tenantName: context.tenant.name, account: account, subscription: subscription,
            readerName: readerName,
            link: link, hasSecret: hasSecret, publicURL: configuration.reachedAt,
            contact: (configuration.mail.contact ?? configuration.mail.from)?.address.description)
    }
}

extension Configuration {
    /// How people reach this server: the address they were told, else the one it listens on.
    var reachedAt: String {
        publicURL ?? "http://\(listenHost.contains(":") ? "[\(listenHost)]" : listenHost):\(listenPort)"
    }
}
