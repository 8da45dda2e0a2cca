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
    /// What the reader wishes, then her account, the first first.
    let languages: [String]

    static let select: SQL = """
        select m.id, m.kind, m.facts, m.link, m.secret_path is not null, m.occurred_at, m.account_id, a.name, coalesce(a.time_zone, h.time_zone), m.subscription_id, s.name, \
        u.id, u.email, u.first_name, u.last_name, u.locale, coalesce(a.locale, h.locale) from mails m \
        left join accounts a on a.tenant_id = m.tenant_id and a.id = m.account_id \
        left join subscriptions s on s.tenant_id = m.tenant_id and s.id = m.subscription_id \
        left join users u on u.tenant_id = m.tenant_id and u.id = m.user_id \
        left join lateral (\(home)) h on m.account_id is null
        """
    /// Whose words and clock a letter takes that is about no account, such as one about an agreement: the reader's own account, the first that she
    /// administers, else has a role in, else has in an agreement of hers.
    private static let home: SQL = """
        select v.time_zone, v.locale from (\
        (select 1 as nearness, c.time_zone, c.locale, c.created_at, c.id from accounts c \
        where c.tenant_id = m.tenant_id and c.administrator_id = m.user_id order by c.created_at, c.id limit 1) union all \
        (select 2, c.time_zone, c.locale, c.created_at, c.id from role_assignments r \
        join accounts c on c.tenant_id = r.tenant_id and c.id = r.account_id \
        where r.tenant_id = m.tenant_id and r.user_id = m.user_id order by c.created_at, c.id limit 1) union all \
        (select 3, c.time_zone, c.locale, c.created_at, c.id from role_assignments r \
        join accounts c on c.tenant_id = r.tenant_id and c.enrollment_id = r.enrollment_id \
        where r.tenant_id = m.tenant_id and r.user_id = m.user_id order by c.created_at, c.id limit 1)\
        ) v order by v.nearness limit 1
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

    /// The user's own language, else the account's, else the tenant's; the account's zone, else the tenant's. The account is the letter's, else the
    /// reader's own.
    func localiser(_ localisation: Localisation, _ tenant: Tenant) -> Localiser {
        let language = (languages + [tenant.locale]).lazy.compactMap { Language(tag: $0) }.first ?? .en
        var localiser = Localiser(
            strings: localisation[language], zone: zone ?? TimeZoneRule(identifier: tenant.timeZone) ?? .utc, now: occurredAt)
        localiser.isSandbox = tenant.isSandbox
        return localiser
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
