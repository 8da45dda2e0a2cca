import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// One box for everything (G9): an ID, an order, a payment or the reference of its transfer, an e-mail address, a partner's or an agreement's number, the beginning of a name.
///
/// Whoever searches finds what her lists show her (`Visibility`), nothing else. Every look-up goes through an index; only when nothing begins with
/// the words are the newest names looked through, and never more than `looked`.
package enum Search {
    package enum Kind: String, CaseIterable, Sendable {
        case account, subscription, order, payment, remittance, partner, enrollment
    }

    package struct Hit: Sendable, Equatable {
        package let kind: Kind
        package let id: UUID
        package let title: String
        /// An e-mail address, a code, an order's status: whatever tells two of a name apart.
        package let detail: String
        package let account: AccountID?
        package let accountName: String?
        package let subscription: SubscriptionID?
        package let state: SubscriptionState?
        /// Its order was never paid (L11).
        package let isLapsed: Bool
        /// The words name this one thing and no other.
        package internal(set) var isExact: Bool

        package var typeID: String {
            switch kind {
            case .account: AccountID(id).description
            case .subscription: SubscriptionID(id).description
            case .order: OrderID(id).description
            case .payment: PaymentID(id).description
            case .remittance: RemittanceID(id).description
            case .partner: PartnerID(id).description
            case .enrollment: EnrollmentID(id).description
            }
        }
    }

    package struct Found: Sendable {
        package let hits: [Hit]
        /// There are more of this kind than are shown.
        package let more: Set<Kind>

        /// The one thing that the words name: the reader is taken straight there.
        package var exact: Hit? {
            let exact = hits.filter(\.isExact)
            return exact.count == 1 ? exact[0] : nil
        }
    }

    static let shown = 10
    static let looked: Int64 = 10_000
    package static let longest = 200

    package static func run(_ typed: String, _ context: TenantContext) async throws -> Found {
        let q = String(typed.trimmingBlankSpace().prefix(longest))
        guard !q.isEmpty else { return Found(hits: [], more: []) }
        let queries = SearchQueries(context)
        let found = Self.meant(try await load(queries.statements(q), context), namesPerson: SearchQueries.namesPerson(q))
        if !found.hits.isEmpty || SearchQueries.isID(q) || q.contains("@") { return found }
        return try await load(queries.containing(q), context)
    }

    /// Whose account or subscription it is says the person's ID or address as well as its own ID does, as long as it is only one: what she
    /// administers, else where she has a role, else what she serves. A payment is meant rather than the order that it paid.
    private static func meant(_ found: Found, namesPerson: Bool) -> Found {
        var hits = found.hits
        if hits.contains(where: { $0.kind == .payment }) { hits.removeAll { $0.kind == .order } }
        guard namesPerson, found.more.isEmpty else { return Found(hits: hits, more: found.more) }
        let administered = hits.indices.filter { hits[$0].isExact }
        let places = hits.indices.filter { hits[$0].kind != .subscription }
        let candidates = [administered, places, Array(hits.indices)].first { !$0.isEmpty } ?? []
        for index in hits.indices { hits[index].isExact = candidates == [index] }
        return Found(hits: hits, more: found.more)
    }

    private static func load(_ statements: [SQL], _ context: TenantContext) async throws -> Found {
        var hits: [Hit] = []
        var more: Set<Kind> = []
        for rows in try await context.read(statements).rows {
            let some = try rows.map(Hit.init)
            if some.count > shown { more.formUnion(some.prefix(1).map(\.kind)) }
            hits += some.prefix(shown).filter { hit in !hits.contains { $0.kind == hit.kind && $0.id == hit.id } }
        }
        return Found(hits: hits, more: more)
    }
}

extension Search.Hit {
    fileprivate init(_ row: Row) throws {
        var column = Columns(row)
        guard let kind = Search.Kind(rawValue: try column.next()) else { throw UnknownWord() }
        self.kind = kind
        id = try column.next()
        title = try column.next()
        detail = try column.next()
        account = try column.next()
        accountName = try column.next()
        subscription = try column.next()
        state = try column.next()
        isLapsed = try column.next()
        isExact = try column.next()
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("object", kind.rawValue)
            $0.field("id", typeID)
            $0.field("title", title)
            $0.field("detail", detail)
            $0.field("account_id", account)
            $0.field("subscription_id", subscription)
            $0.field("state", state?.rawValue)
            $0.field("exact", isExact)
        }
    }
}

/// The statements behind the box. Each answers the columns of `Search.Hit`, at most one more than is shown.
struct SearchQueries {
    let tenant: TenantID
    let principal: Principal

    init(_ context: TenantContext) {
        tenant = context.tenant.id
        principal = context.principal
    }

    static func isID(_ q: String) -> Bool {
        guard let mark = q.lastIndex(of: "_") else { return false }
        return q[q.index(after: mark)...].utf8.count == 26 && q[..<mark].utf8.count <= 6
    }

    static func namesPerson(_ q: String) -> Bool { q.contains("@") || UserID(q.lowercased()) != nil }

    func statements(_ typed: String) -> [SQL] {
        let q = Self.isID(typed.lowercased()) ? typed.lowercased() : typed
        if let id = AccountID(q) { return [accounts("a.id = \(id)", isExact: true)] }
        if let id = SubscriptionID(q) { return [subscriptions("s.id = \(id)", isExact: true)] }
        if let id = OrderID(q) { return [orders("o.id = \(id)")] }
        if let id = PaymentID(q) { return [payments("i.id = \(id)"), paidOrders("p.id = \(id)")] }
        if let id = RemittanceID(q) { return remittances("id = \(id)") }
        if let id = LotID(q) {
            return [orders("o.id = (select l.order_id from credit_lots l where l.tenant_id = \(tenant) and l.id = \(id))")]
        }
        if let id = CertificateID(q) {
            return [
                subscriptions(
                    "s.id = (select c.subscription_id from deletion_certificates c where c.tenant_id = \(tenant) and c.id = \(id))",
                    isExact: true)
            ]
        }
        if let id = UserID(q) { return person("u.id = \(id)") }
        if let id = EnrollmentID(q) { return [enrollments("id = \(id)", isExact: true)] }
        if let id = DepartmentID(q) {
            return [
                enrollments(
                    "id = (select d.enrollment_id from departments d where d.tenant_id = \(tenant) and d.id = \(id))",
                    isExact: true)
            ]
        }
        if let id = PartnerID(q) { return partners("id = \(id)", isExact: true) }
        return typed.contains("@") ? person("u.email = \(typed.lowercased())") : words(typed)
    }

    /// The accounts that the person administers or has a role in, her agreements, and the subscriptions she serves. One of them, and it is what was
    /// meant.
    private func person(_ condition: SQL) -> [SQL] {
        let one: SQL = "(select u.id from users u where u.tenant_id = \(tenant) and \(condition))"
        let email: SQL = "(select u.email from users u where u.tenant_id = \(tenant) and \(condition))"
        let roles: SQL = "from role_assignments r where r.tenant_id = \(tenant) and r.user_id = \(one)"
        return [
            accounts("a.administrator_id = \(one)", isExact: true),
            accounts("a.id in (select r.account_id \(roles))", isExact: false, detail: email),
            enrollments("id in (select r.enrollment_id \(roles))", isExact: false),
            subscriptions("s.service_administrator_id = \(one)", isExact: false),
        ]
    }

    private func words(_ q: String) -> [SQL] {
        let key = q.lowercased()
        let end = key + "\u{10FFFF}"
        return [
            accounts("a.external_number = \(q)", isExact: true), enrollments("number = \(q)", isExact: true),
            subscriptions("s.external_number = \(q)", isExact: false),
            payments("i.reference = \(q.uppercased().filter { !$0.isWhitespace })"),
        ] + remittances("bank_number = \(q)") + partners("lower(code) = \(key)", isExact: true) + [
            accounts("a.name_key >= \(key) and a.name_key < \(end)", isExact: false),
            subscriptions("s.name_key >= \(key) and s.name_key < \(end)", isExact: false),
            enrollments("position(\(key) in lower(name)) > 0", isExact: false),
        ] + partners("position(\(key) in lower(company_name)) > 0", isExact: false)
    }

    /// Where nothing begins so: the newest names that hold the words anywhere.
    func containing(_ q: String) -> [SQL] {
        let key = q.lowercased()
        return [
            accounts(
                """
                a.id in (select n.id from (select id, name_key from accounts where tenant_id = \(tenant) \
                order by created_at desc, id desc limit \(Search.looked)) n where position(\(key) in n.name_key) > 0)
                """, isExact: false),
            subscriptions(
                """
                s.id in (select n.id from (select id, name_key from subscriptions where tenant_id = \(tenant) \
                order by created_at desc, id desc limit \(Search.looked)) n where position(\(key) in n.name_key) > 0)
                """, isExact: false),
        ]
    }

    private var limit: SQL { "limit \(Int64(Search.shown + 1))" }

    private func accounts(_ condition: SQL, isExact: Bool, detail: SQL = "u.email") -> SQL {
        """
        select 'account', a.id, a.name, \(detail), a.id, a.name, null::uuid, null::text, false, \(isExact) from accounts a \
        join users u on u.tenant_id = a.tenant_id and u.id = a.administrator_id \
        where a.tenant_id = \(tenant) \(Visibility.ofAccounts(to: principal)) and \(condition) order by a.name_key, a.id \(limit)
        """
    }

    private func subscriptions(_ condition: SQL, isExact: Bool) -> SQL {
        """
        select 'subscription', s.id, coalesce(s.name, ''), s.offer, s.account_id, a.name, s.id, s.state, \(SubscriptionQueries.isLapsed), \(isExact) from subscriptions s \
        join accounts a on a.tenant_id = s.tenant_id and a.id = s.account_id \
        where s.tenant_id = \(tenant) \(Visibility.ofSubscriptions(to: principal, tenant)) and \(condition) order by s.name_key, s.id \(limit)
        """
    }

    private func orders(_ condition: SQL) -> SQL {
        """
        select 'order', o.id, coalesce(s.name, ''), o.status, o.account_id, a.name, o.subscription_id, s.state, \(SubscriptionQueries.isLapsed), true from orders o \
        join subscriptions s on s.tenant_id = o.tenant_id and s.id = o.subscription_id \
        join accounts a on a.tenant_id = o.tenant_id and a.id = o.account_id \
        where o.tenant_id = \(tenant) \(Visibility.ofSubscriptions(to: principal, tenant)) and \(condition) \(limit)
        """
    }

    /// What was asked for, however it ended: its own page says how it stands.
    private func payments(_ condition: SQL) -> SQL {
        """
        select 'payment', i.id, coalesce(s.name, ''), i.status, i.account_id, a.name, i.subscription_id, s.state, \(SubscriptionQueries.isLapsed), true from payment_intents i \
        join subscriptions s on s.tenant_id = i.tenant_id and s.id = i.subscription_id \
        join accounts a on a.tenant_id = i.tenant_id and a.id = i.account_id \
        where i.tenant_id = \(tenant) \(Visibility.ofAccounts(to: principal)) and \(condition) \(limit)
        """
    }

    /// To whoever sees the subscription but not the account's payments, a payment is the order that it paid.
    private func paidOrders(_ condition: SQL) -> SQL {
        orders("o.id = (select p.order_id from payments p where p.tenant_id = \(tenant) and \(condition))")
    }

    /// Money that has arrived, by the bank's own number: the operator's alone.
    private func remittances(_ condition: SQL) -> [SQL] {
        guard principal.isOperator else { return [] }
        return [
            """
            select 'remittance', id, bank_number, status, null::uuid, null::text, null::uuid, null::text, false, true from remittances \
            where tenant_id = \(tenant) and \(condition) \(limit)
            """
        ]
    }

    private func enrollments(_ condition: SQL, isExact: Bool) -> SQL {
        """
        select 'enrollment', id, name, number, null::uuid, null::text, null::uuid, null::text, false, \(isExact) from enrollments \
        where tenant_id = \(tenant) \(Visibility.ofEnrollments(to: principal)) and \(condition) order by name, id \(limit)
        """
    }

    /// The list of partners is the operator's; customers check one ID at a time.
    private func partners(_ condition: SQL, isExact: Bool) -> [SQL] {
        guard principal.isOperator else { return [] }
        return [
            """
            select 'partner', id, company_name, code, null::uuid, null::text, null::uuid, null::text, false, \(isExact) from partners \
            where tenant_id = \(tenant) and \(condition) order by company_name, id \(limit)
            """
        ]
    }
}
