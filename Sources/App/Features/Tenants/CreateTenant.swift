import Loop
import Billing
import Crypto
import FoundationEssentials
import Postgres
import Values

/// Tenants are made on the command line only, by the owner role. Its offers' numbers start at version 1, the product's own (L10).
package struct CreateTenant: Sendable {
    package var slug: String
    package var name: String
    package var isSandbox: Bool
    package var currency: Currency
    package var timeZone: TimeZoneRule
    package var locale: String
    package var isDemo = false
    package var sandboxPayments = false
    /// A13: whether customers with a verified identity add subscriptions themselves.
    package var additionalSubscriptions = false
    /// Where a sandbox tenant's clock starts; real time unless given.
    package var clockStart: Instant?

    package init(
        slug: String, name: String, isSandbox: Bool, currency: Currency, timeZone: TimeZoneRule, locale: String
    ) {
        self.slug = slug
        self.name = name
        self.isSandbox = isSandbox
        self.currency = currency
        self.timeZone = timeZone
        self.locale = locale
    }

    /// Currencies beside the tenant's own in which trial and prepaid are offered from the start.
    static let customaryCurrencies: [Currency] = [.cny, .usd]

    package func run(_ instance: Instance) async throws -> TenantID {
        guard let ownerURL = instance.ownerURL else {
            throw Configuration.Problem(
                description: "Making a tenant needs BURSAR_DATABASE_OWNER_URL beside BURSAR_DATABASE_URL.")
        }
        let dependencies = instance.dependencies
        let id: TenantID = dependencies.newID()
        let now = dependencies.realNow()
        let owner = try AdminSession(url: ownerURL)
        let made = try owner.query(
            """
            insert into identity.tenants (id, slug, name, kind, currency, time_zone, locale, demo, sandbox_payments, additional_subscriptions, created_at) \
            values (\(id), \(slug), \(name), \(isSandbox ? "sandbox" : "live"), \(currency), \(timeZone.identifier), \(locale), \(isDemo), \
            \(isSandbox || sandboxPayments), \(additionalSubscriptions), \(now)) on conflict (slug) do nothing returning id
            """)
        guard !made.isEmpty else { throw Configuration.Problem(description: "There is a tenant \(slug) already.") }
        let start = clockStart ?? now
        let policies = policies()
        try await instance.loop.run {
            try await dependencies.database.writes.write(scope: id.uuid) { transaction in
                // By the tenant's own clock, as everything else that is sold under them.
                for policy in policies { transaction.enqueue(Self.insert(policy, id, start)) }
                if isSandbox { transaction.enqueue("insert into test_clocks (tenant_id, now_at) values (\(id), \(start))") }
            }
        }
        return id
    }

    /// Enterprise has no amounts of its own, so it is offered in every currency; trial and prepaid where somebody has set their numbers.
    private func policies() -> [OfferPolicy] {
        let sold = Set(Self.customaryCurrencies + [currency]).sorted()
        return sold.flatMap { [OfferPolicy.standard(.trial, in: $0), .standard(.prepaid, in: $0)] }
            + Currency.allCodes.compactMap { Currency($0) }.map { .standard(.enterprise, in: $0) }
    }

    static func insert(_ policy: OfferPolicy, _ tenant: TenantID, _ now: Instant, by publisher: UUID? = nil, note: String? = nil)
        -> SQL
    {
        """
        insert into offer_policies (tenant_id, offer, currency, version, minimum_payment_minor, largest_payment_minor, validity_months, retention_days, \
        trial_price_minor, trial_credit_minor, trial_months, grace_days, pending_lapse_days, created_at, published_by, note) \
        values (\(tenant), \(policy.offer), \(policy.currency), \(Int32(policy.version)), \(policy.minimumPayment.minor), \(policy.largestPayment.minor), \
        \(Int32(policy.validityMonths)), \(Int32(policy.retentionDays)), \(policy.trialPrice.minor), \(policy.trialCredit.minor), \
        \(Int32(policy.trialMonths)), \(Int32(policy.graceDays)), \(Int32(policy.pendingLapseDays)), \(now), \(publisher), \(note))
        """
    }
}

/// An API key: shown once, stored hashed.
package struct CreateKey: Sendable {
    package var role: String
    package var account: AccountID?
    package var name: String

    package init(role: String, account: AccountID? = nil, name: String) {
        self.role = role
        self.account = account
        self.name = name
    }

    /// `bsk_test_…` for a sandbox tenant, `bsk_live_…` for a live one.
    package func run(_ context: TenantContext) async throws -> String {
        let mode = context.tenant.isSandbox ? "test" : "live"
        let key = "bsk_\(mode)_\(SecureRandom.token())"
        let id: APIKeyID = context.dependencies.newID()
        if let account { _ = try await FindAccount.byID(account, context) }
        try await context.work(actor: .commandLine) { write in
            _ = try await write.begin([])
            write.enqueue(
                """
                insert into identity.api_keys (id, key_hash, tenant_id, account_id, role, mode, name, hint, created_at) \
                values (\(id), \(SHA256.hash(key)), \(write.tenant.id), \(account), \(role), \(mode), \(name), \(String(key.suffix(4))), \
                \(context.dependencies.realNow()))
                """)
            write.audit("api_key.created", object: ("api_key", id.uuid), account: account)
        }
        return key
    }
}

/// Gives a person a way to sign in, and a role when one is named.
package struct SetPassword: Sendable {
    package var email: String
    package var password: String
    package var firstName = ""
    package var lastName = ""
    /// `operator` for the tenant's own people; nil leaves roles as they are.
    package var role: String?
    package var account: AccountID?

    package init(
        email: String, password: String, role: String? = nil, account: AccountID? = nil, firstName: String = "",
        lastName: String = ""
    ) {
        self.email = email
        self.password = password
        self.role = role
        self.account = account
        self.firstName = firstName
        self.lastName = lastName
    }

    package func run(_ context: TenantContext) async throws {
        let password = password
        let hash = try await context.dependencies.workers.run { try PasswordHash.make(password: password).phc }
        try await context.work(actor: .commandLine) { write in
            _ = try await write.begin([])
            let person = try await write.findOrAddPerson(email: email, firstName: firstName, lastName: lastName)
            write.enqueue(
                """
                insert into identity.sign_ins (email, tenant_id, user_id, password_hash, created_at) \
                values (\(person.email), \(write.tenant.id), \(person.id), \(hash), \(context.dependencies.realNow())) \
                on conflict (email, tenant_id) do update set password_hash = excluded.password_hash, failures = 0, locked_until = null
                """)
            write.endSessions(of: person.id)
            if let role {
                write.enqueue(
                    """
                    insert into role_assignments (tenant_id, id, user_id, role, account_id, created_at) \
                    values (\(write.tenant.id), \(write.newID(UserID.self)), \(person.id), \(role), \(account), \(write.now)) on conflict do nothing
                    """)
            }
            write.audit("user.password_set", object: ("user", person.id.uuid), account: account)
        }
    }
}
