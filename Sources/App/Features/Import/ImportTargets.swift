import Billing
import FoundationEssentials
import Postgres
import Values

/// The accounts and subscriptions that a file's rows go to: found by the file's own numbers, made by the use cases where there are none yet.
///
/// - A billing account is an enrollment of that number and one enterprise account under it. An enrollment that the operator has made before keeps its
///   commitment. One that the import makes has a commitment of zero, because the file carries none and money is not invented: all of its usage is overage
///   until the operator makes an agreement. Its term is the year from the first day of the earliest billing period in the file.
/// - The account's administrator is the file's `AccountOwnerId` when that is an e-mail address, else the tenant's longest-serving operator, else
///   `import@<slug>.invalid`: a name that, by RFC 2606, belongs to nobody and cannot receive mail.
/// - Its time zone and language are the tenant's.
struct ImportTargets {
    struct Target {
        let account: AccountID
        let zone: TimeZoneRule
        let currency: Currency
        var subscriptions: [String: SubscriptionID] = [:]
    }

    private(set) var accounts: [String: Target] = [:]
    private(set) var madeAccounts = 0
    private(set) var madeSubscriptions = 0

    private let survey: ImportSurvey

    init(_ survey: ImportSurvey, _ write: Write) async throws {
        self.survey = survey
        let numbers = survey.accounts.map(\.number)
        let rows = try await write.begin([
            "select external_number, id, time_zone, currency from accounts where tenant_id = \(write.tenant.id) and external_number = any(\(numbers))",
            "select number, id, currency from enrollments where tenant_id = \(write.tenant.id) and number = any(\(numbers))",
            """
            select u.email from role_assignments r join users u on u.tenant_id = r.tenant_id and u.id = r.user_id \
            where r.tenant_id = \(write.tenant.id) and r.role = 'operator' order by r.created_at, r.id limit 1
            """,
        ])
        for row in rows[0] {
            var column = Columns(row)
            let number: String = try column.next()
            accounts[number] = Target(account: try column.next(), zone: try column.next(), currency: try column.next())
        }
        try await findSubscriptions(write)
        var enrollments: [String: (id: EnrollmentID, currency: Currency)] = [:]
        for row in rows[1] { enrollments[try row.get(0)] = (try row.get(1), try row.get(2)) }
        let administrator = try rows[2].first.map { try $0.get(0, as: String.self) } ?? "import@\(write.tenant.slug).invalid"
        for account in survey.accounts {
            if let existing = accounts[account.number] {
                try Self.require(account, toHave: existing.currency, "account")
            } else {
                if let existing = enrollments[account.number] {
                    try Self.require(account, toHave: existing.currency, "enrollment")
                }
                try await make(account, under: enrollments[account.number]?.id, administrator: administrator, write)
            }
            try await makeSubscriptions(of: account, write)
        }
    }

    /// Locked for share in the order of their IDs, once and for all batches: a second importer or a deletion waits instead of meeting us half-way.
    private mutating func findSubscriptions(_ write: Write) async throws {
        guard !accounts.isEmpty else { return }
        let numbers = Dictionary(uniqueKeysWithValues: accounts.map { ($0.value.account, $0.key) })
        let rows = try await write.query(
            """
            select account_id, external_number, id from subscriptions \
            where tenant_id = \(write.tenant.id) and account_id = any(\(numbers.keys.sorted())) and external_number is not null order by id for share
            """)
        for row in rows {
            guard let number = numbers[try row.get(0)] else { continue }
            accounts[number]?.subscriptions[try row.get(1)] = try row.get(2)
        }
    }

    private static func require(_ account: ImportSurvey.Account, toHave currency: Currency, _ kind: String) throws {
        guard account.currency != currency else { return }
        throw LineFault(
            account.firstLine,
            "the currency is \(account.currency.code), but the \(kind) \(LineFault.quoted(account.number)) of this tenant has \(currency.code)"
        )
    }

    private mutating func make(
        _ account: ImportSurvey.Account, under existing: EnrollmentID?, administrator: String, _ write: Write
    ) async throws {
        guard let zone = TimeZoneRule(identifier: write.tenant.timeZone) else { throw UnknownWord() }
        var enrollment = existing
        if enrollment == nil {
            let made = CreateEnrollment(
                number: account.number, name: account.name ?? account.number, commitment: .zero(account.currency),
                startsOn: account.firstDay,
                endsOn: account.firstDay.adding(months: 12))
            enrollment = try await made.create(write).id
        }
        let made = try await CreateAccount(
            kind: .enterprise, name: account.name ?? account.number, currency: account.currency, timeZone: zone,
            locale: write.tenant.locale,
            administrator: (account.owner ?? administrator, "", ""), enrollment: enrollment, externalNumber: account.number
        ).create(write)
        accounts[account.number] = Target(account: made.id, zone: zone, currency: account.currency)
        madeAccounts += 1
    }

    private mutating func makeSubscriptions(of account: ImportSurvey.Account, _ write: Write) async throws {
        guard let target = accounts[account.number] else { return }
        for (number, name) in account.subscriptions where target.subscriptions[number] == nil {
            // What the file leaves without a subscription goes to one named after the billing account.
            let title = name ?? (number == account.number ? account.name : nil) ?? Shortened.text(number, to: 200)
            let made = try await CreateSubscription(
                account: target.account, offer: .enterprise, name: title, externalNumber: number
            )
            .create(write)
            accounts[account.number]?.subscriptions[number] = made.id
            madeSubscriptions += 1
        }
    }
}
