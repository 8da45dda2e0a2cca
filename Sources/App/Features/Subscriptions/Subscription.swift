import Billing
import FoundationEssentials
import Postgres
import Values

/// A person as other people's pages and answers show them.
package struct Person: Sendable, Equatable {
    package let id: UserID
    package let email: String
    package let firstName: String
    package let lastName: String

    package init(id: UserID, email: String, firstName: String, lastName: String) {
        self.id = id
        self.email = email
        self.firstName = firstName
        self.lastName = lastName
    }

    /// First and last name, the family name first where both are Han; the e-mail address when there is neither.
    package var name: String {
        let isHan = { (text: String) in text.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) } }
        if firstName.isEmpty && lastName.isEmpty { return email }
        if firstName.isEmpty || lastName.isEmpty { return firstName + lastName }
        return isHan(firstName) && isHan(lastName) ? lastName + firstName : "\(firstName) \(lastName)"
    }

    /// `name`, where only the database has the parts: `users` is read as `alias`.
    static func shownName(of alias: SQL) -> SQL {
        """
        case when \(alias).first_name ~ '[一-鿿]' and \(alias).last_name ~ '[一-鿿]' then \(alias).last_name || \(alias).first_name \
        else coalesce(nullif(trim(\(alias).first_name || ' ' || \(alias).last_name), ''), \(alias).email) end
        """
    }
}

/// One subscription with everything that an answer, a page or a decision needs of it: its row, the people, the partner, the policy it was sold
/// under, and its credit lots. Loaded by two statements, with or without the row's lock.
package struct Subscription: Sendable {
    package let id: SubscriptionID
    package let accountID: AccountID
    package let accountKind: AccountKind
    package let accountName: String
    package let zone: TimeZoneRule
    package let orderID: OrderID
    package let currency: Currency
    package var facts: LifecycleFacts
    package var name: String?
    package let accountAdministrator: Person
    package var serviceAdministrator: Person?
    package var partner: (id: PartnerID, code: String, companyName: String)?
    package let enrollmentID: EnrollmentID?
    package var departmentID: DepartmentID?
    package var departmentName: String?
    package var outstandingMinor: Int64
    /// What it owed when it was deleted, given up since, and when (`WriteOff`).
    package var writtenOffMinor: Int64 = 0
    package var writtenOffAt: Instant?
    package var policy: OfferPolicy
    package var wasTrial: Bool
    package var lots: [Lot]
    package var version: Int64
    package let createdAt: Instant
    package var updatedAt: Instant
    /// What the running month has come to; known only where a page's list asks for it.
    package var thisMonth: Money?

    /// A credit lot and the order it was bought with.
    package struct Lot: Sendable {
        package let orderID: OrderID
        package var credit: CreditLot
    }

    package var belonging: Belonging {
        Belonging(
            account: accountID, accountAdministrator: accountAdministrator.id, enrollment: enrollmentID,
            serviceAdministrator: serviceAdministrator?.id)
    }
    package var offer: Offer { facts.offer }
    package var state: SubscriptionState { facts.state }
    package var outstanding: Money { Money(minor: outstandingMinor, currency: currency) }
    package var writtenOff: Money { Money(minor: writtenOffMinor, currency: currency) }
    package func money(_ minor: Int64) -> Money { Money(minor: minor, currency: currency) }

    package var credit: [CreditLot] { lots.map(\.credit) }

    /// What can be spent at this instant.
    package func remaining(at now: Instant) -> Money {
        // Each lot was at most the largest payment, and the ledger's rows fit: a sum that does not is a fault of the data, shown as nothing left.
        (try? CreditSummary.remaining(credit, currency: currency, at: now)) ?? .zero(currency)
    }
    package func creditExpiry(at now: Instant) -> Instant? { CreditSummary.expiry(credit, at: now) }
    package func daysLeft(at now: Instant) -> Int? { CreditSummary.daysLeft(credit, at: now, in: zone) }
    /// What goes with a suspended subscription's deletion, as its credit stands now.
    package var forfeitedAtDeletion: Money? {
        guard state == .suspended, let deleteAt = facts.deleteAt else { return nil }
        return DeletionForfeit.amount(credit, deletedAt: deleteAt)
    }
    package var whatNext: [Consequence] { WhatNext.consequences(for: facts, lots: credit, policy: policy) }
}

/// The statements that load subscriptions; every reader of one goes through here.
enum SubscriptionQueries {
    /// Columns in the order that `decode` reads them.
    private static let columns: SQL = """
        s.id, s.account_id, a.kind, a.name, a.time_zone, s.order_id, s.currency, \(factsColumns), s.name, \
        ua.id, ua.email, ua.first_name, ua.last_name, s.service_administrator_id, us.email, us.first_name, us.last_name, p.id, p.code, p.company_name, \
        s.enrollment_id, s.department_id, dp.name, s.outstanding_minor, s.written_off_minor, s.written_off_at, s.was_trial, s.version, s.created_at, \
        s.updated_at, \
        \(policyColumns)
        """
    /// As `Columns.facts` reads them.
    static let factsColumns: SQL = """
        s.offer, s.state, s.suspension_reasons, s.purchased_at, s.activated_at, s.suspended_at, s.delete_at, s.deleted_at, s.lapse_at, \
        s.services_configured
        """
    /// The columns of `offer_policies`, called `o`, as `Columns.policy` reads them.
    static let policyColumns: SQL = """
        o.version, o.minimum_payment_minor, o.largest_payment_minor, o.validity_months, o.retention_days, o.trial_price_minor, \
        o.trial_credit_minor, o.trial_months, o.grace_days, o.pending_lapse_days
        """
    private static let joins: SQL = """
        from subscriptions s \
        join accounts a on a.tenant_id = s.tenant_id and a.id = s.account_id \
        join users ua on ua.tenant_id = a.tenant_id and ua.id = a.administrator_id \
        join offer_policies o on o.tenant_id = s.tenant_id and o.offer = s.offer and o.currency = s.currency and o.version = s.policy_version \
        left join users us on us.tenant_id = s.tenant_id and us.id = nullif(s.service_administrator_id, a.administrator_id) \
        left join partners p on p.tenant_id = s.tenant_id and p.id = s.partner_id \
        left join departments dp on dp.tenant_id = s.tenant_id and dp.id = s.department_id
        """

    static func one(_ tenant: TenantID, _ id: SubscriptionID) -> [SQL] { [oneRow(tenant, id), lots(tenant, [id])] }

    /// As `one`, of several at once.
    static func some(_ tenant: TenantID, _ ids: [SubscriptionID]) -> [SQL] {
        ids.count == 1 ? one(tenant, ids[0]) : [someRows(tenant, ids), lots(tenant, ids)]
    }

    static func lots(_ tenant: TenantID, _ subscriptions: [SubscriptionID]) -> SQL { lotRows(tenant, subscriptions) }

    /// The lots of the subscriptions that an array names.
    static func lots(_ tenant: TenantID, of subscriptions: SQL) -> SQL {
        "\(lotColumns) where l.tenant_id = \(tenant) and l.subscription_id = any(\(subscriptions))"
    }

    private static let lotColumns: SQL = """
        select l.subscription_id, l.order_id, l.id, l.currency, l.amount_minor, b.balance_minor, l.source, l.effective_at, l.expires_at, l.expired_at \
        from credit_lots l join ledger_accounts b on b.tenant_id = l.tenant_id and b.kind = 'credit_lot' and b.owner_id = l.id
        """

    // Asked thousands of times a second, so their long texts are made once.
    private static let oneRow = StatementTemplate(
        "select \(columns) \(joins) where s.tenant_id = \(TenantID.any) and s.id = \(SubscriptionID.any)")
    private static let someRows = StatementTemplate(
        "select \(columns) \(joins) where s.tenant_id = \(TenantID.any) and s.id = any(\([SubscriptionID.any]))")
    private static let lotRows = StatementTemplate(
        """
        \(lotColumns) where l.tenant_id = \(TenantID.any) and l.subscription_id = any(\([SubscriptionID.any])) \
        order by l.subscription_id, l.expires_at, l.effective_at, l.id
        """)

    /// A page of subscriptions: `filter` begins with `s.tenant_id = …` and ends with the order and the limit.
    static func list(_ filter: SQL) -> SQL { "select \(columns) \(joins) where \(filter)" }

    static func decode(_ rows: Rows, lots: Rows) throws -> [Subscription] {
        let byOwner = try decodeLots(lots)
        return try rows.map { row in
            var subscription = try decode(row)
            subscription.lots = byOwner[subscription.id] ?? []
            return subscription
        }
    }

    static func decodeLots(_ rows: Rows) throws -> [SubscriptionID: [Subscription.Lot]] {
        var byOwner: [SubscriptionID: [Subscription.Lot]] = [:]
        for row in rows {
            var column = Columns(row)
            let owner: SubscriptionID = try column.next()
            byOwner[owner, default: []].append(try column.lot())
        }
        return byOwner
    }

    private static func decode(_ row: Row) throws -> Subscription {
        var column = Columns(row)
        let id: SubscriptionID = try column.next()
        let accountID: AccountID = try column.next()
        let accountKind: AccountKind = try column.next()
        let accountName: String = try column.next()
        let zone: TimeZoneRule = try column.next()
        let orderID: OrderID = try column.next()
        let currency: Currency = try column.next()
        let facts = try column.facts()
        let name: String? = try column.next()
        let administrator = Person(
            id: try column.next(), email: try column.next(), firstName: try column.next(), lastName: try column.next())
        let serviceAdministrator = try column.serviceAdministrator(besides: administrator)
        let partner = try column.partner()
        let enrollmentID: EnrollmentID? = try column.next()
        let departmentID: DepartmentID? = try column.next()
        let departmentName: String? = try column.next()
        let outstandingMinor: Int64 = try column.next()
        let writtenOffMinor: Int64 = try column.next()
        let writtenOffAt: Instant? = try column.next()
        let wasTrial: Bool = try column.next()
        let version: Int64 = try column.next()
        let createdAt: Instant = try column.next()
        let updatedAt: Instant = try column.next()
        return Subscription(
            id: id, accountID: accountID, accountKind: accountKind, accountName: accountName, zone: zone, orderID: orderID,
            currency: currency,
            facts: facts, name: name, accountAdministrator: administrator, serviceAdministrator: serviceAdministrator,
            partner: partner,
            enrollmentID: enrollmentID, departmentID: departmentID, departmentName: departmentName,
            outstandingMinor: outstandingMinor, writtenOffMinor: writtenOffMinor, writtenOffAt: writtenOffAt,
            policy: try column.policy(facts.offer, currency), wasTrial: wasTrial, lots: [], version: version,
            createdAt: createdAt,
            updatedAt: updatedAt)
    }
}

extension Columns {
    mutating func facts() throws -> LifecycleFacts {
        let offer: Offer = try next()
        let state: SubscriptionState = try next()
        guard let reasons = SuspensionReasons(rawValues: try next([String].self)) else { throw UnknownWord() }
        return LifecycleFacts(
            offer: offer, state: state, reasons: reasons, purchasedAt: try next(), activatedAt: try next(),
            suspendedAt: try next(),
            deleteAt: try next(), deletedAt: try next(), lapseAt: try next(), servicesConfigured: try next())
    }

    fileprivate mutating func lot() throws -> Subscription.Lot {
        let order: OrderID = try next()
        let id: LotID = try next()
        let currency: Currency = try next()
        return Subscription.Lot(
            orderID: order,
            credit: CreditLot(
                id: id, amount: Money(minor: try next(), currency: currency),
                remaining: Money(minor: try next(), currency: currency),
                source: try next(), effectiveAt: try next(), expiresAt: try next(), expiredAt: try next()))
    }

    /// Mostly the account administrator, who is then not looked up a second time.
    fileprivate mutating func serviceAdministrator(besides accountAdministrator: Person) throws -> Person? {
        let id: UserID? = try next()
        let email: String? = try next()
        let firstName: String? = try next()
        let lastName: String? = try next()
        if id == accountAdministrator.id { return accountAdministrator }
        guard let id, let email else { return nil }
        return Person(id: id, email: email, firstName: firstName ?? "", lastName: lastName ?? "")
    }

    fileprivate mutating func partner() throws -> (id: PartnerID, code: String, companyName: String)? {
        let id: PartnerID? = try next()
        let code: String? = try next()
        let company: String? = try next()
        guard let id, let code, let company else { return nil }
        return (id, code, company)
    }

    /// The columns of `offer_policies` from `version` on.
    mutating func policy(_ offer: Offer, _ currency: Currency) throws -> OfferPolicy {
        let version: Int32 = try next()
        let money = { (minor: Int64) in Money(minor: minor, currency: currency) }
        let minimum: Int64 = try next()
        let largest: Int64 = try next()
        let validity: Int32 = try next()
        let retention: Int32 = try next()
        let price: Int64 = try next()
        let credit: Int64 = try next()
        let trialMonths: Int32 = try next()
        let grace: Int32 = try next()
        let lapse: Int32 = try next()
        return OfferPolicy(
            offer: offer, currency: currency, version: Int(version), minimumPayment: money(minimum),
            largestPayment: money(largest),
            validityMonths: Int(validity), retentionDays: Int(retention), trialPrice: money(price), trialCredit: money(credit),
            trialMonths: Int(trialMonths), graceDays: Int(grace), pendingLapseDays: Int(lapse))
    }
}
