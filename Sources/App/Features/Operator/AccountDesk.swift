import Billing
import FoundationEssentials
import Postgres
import Values

/// Everything of one account that an operator needs to answer a question, in one flush.
struct AccountDesk: Sendable {
    struct Member: Sendable {
        let person: Person
        var roles: [Role]
    }

    struct OrderLine: Sendable {
        let id: OrderID
        let kind: String
        let status: String
        let amount: Money
        let createdAt: Instant
        let subscription: SubscriptionID
        let subscriptionName: String?
        let paid: Money
    }

    /// A payment as asked for: by bank transfer it may be on its way.
    struct Asked: Sendable {
        let id: PaymentID
        let method: String
        let status: String
        let amount: Money
        let received: Money
        /// What came in part and is held since the payment ended.
        let held: Money
        let reference: String?
        let expiresAt: Instant?
        let createdAt: Instant
    }

    /// What a deleted subscription owes: nobody can pay it any more.
    struct Debt: Sendable {
        let subscription: SubscriptionID
        let deletedAt: Instant
        let amount: Money
    }

    struct Visitor: Sendable {
        let id: AccountViewID
        let operatorName: String
        let personName: String
        let reason: String
        let startedAt: Instant
        let endsAt: Instant
        let endedAt: Instant?
    }

    static let shown = 10
    /// A list of the page that has no page of its own is read whole here, as `whole` in the address says; this many at most.
    static let shownWhole = 500
    static let countedAtMost = 1_000

    enum Part: String, Sendable { case notes, visitors }

    let now: Instant
    let account: Account
    let externalNumber: String?
    let enrollmentName: String?
    let counts: [SubscriptionState: Int]
    let subscriptions: [Subscription]
    /// Of all subscriptions; `lost` is the part of those that are deleted, and `writtenOff` what was given up of theirs.
    let outstanding: Money
    let lost: Money
    let writtenOff: Money
    let debts: [Debt]
    let paid: Money
    let orders: [OrderLine]
    /// How many there are of each, up to one beyond the bound.
    let orderCount: Int
    let askedCount: Int
    let noteCount: Int
    let visitorCount: Int
    let members: [Member]
    let notes: [AccountNote]
    let visitors: [Visitor]
    /// Those that did not become money at once.
    let asked: [Asked]
    let identityRequest: IdentityRequestID?

    /// Only the desk's own people come here; for everybody else nothing is there.
    static func load(_ id: AccountID, whole: Part? = nil, _ context: TenantContext) async throws -> AccountDesk {
        guard context.principal.isOperator else { throw Failure.notFound }
        var queries = AccountDeskQueries(tenant: context.tenant.id, account: id)
        queries.whole = whole
        let (now, rows) = try await context.read(queries.all)
        guard let account = try rows[0].first.map(Account.init) else { throw Failure.notFound }
        let ids: [SubscriptionID] = try rows[2].map { try $0.get(0) }
        let lots =
            ids.isEmpty ? rows[2] : try await context.read(SubscriptionQueries.lots(context.tenant.id, ids)).rows
        return try AccountDesk(now, account, rows, lots)
    }

    /// The account and its people alone.
    static func loadMembers(_ id: AccountID, _ context: TenantContext) async throws -> (account: Account, members: [Member]) {
        guard context.principal.isOperator else { throw Failure.notFound }
        let queries = AccountDeskQueries(tenant: context.tenant.id, account: id)
        let rows = try await context.read([Account.one(context.tenant.id, id), queries.members]).rows
        guard let account = try rows[0].first.map(Account.init) else { throw Failure.notFound }
        return (account, try members(of: account, rows[1]))
    }

    private init(_ now: Instant, _ account: Account, _ rows: [Rows], _ lots: Rows) throws {
        self.now = now
        self.account = account
        var counts: [SubscriptionState: Int] = [:]
        for row in rows[1] { counts[try row.get(0)] = Int(try row.get(1, as: Int64.self)) }
        self.counts = counts
        debts = try rows[12].map {
            Debt(
                subscription: try $0.get(0), deletedAt: try $0.get(1),
                amount: Money(minor: try $0.get(2), currency: account.currency))
        }
        subscriptions = Array(try SubscriptionQueries.decode(rows[2], lots: lots).prefix(Self.shown))
        let money = { (index: Int) in Money(minor: try rows[3][0].get(index, as: Int64.self), currency: account.currency) }
        (outstanding, paid, lost, writtenOff) = (try money(0), try money(1), try money(2), try money(3))
        orders = try rows[4].map { try OrderLine($0) }
        members = try Self.members(of: account, rows[5])
        notes = try rows[6].map(AccountNote.init)
        visitors = try rows[7].map { try Visitor($0) }
        asked = try rows[10].map { try Asked($0) }
        identityRequest = try rows[8].first.map { try $0.get(0, as: IdentityRequestID.self) }
        let count = { (index: Int) in Int(try rows[11][0].get(index, as: Int64.self)) }
        (orderCount, askedCount) = (try count(0), try count(1))
        (noteCount, visitorCount) = (try count(2), try count(3))
        externalNumber = try rows[9].first.flatMap { try $0.get(0, as: String?.self) }
        enrollmentName = try rows[9].first.flatMap { try $0.get(1, as: String?.self) }
    }

    /// The administrator first, then those with a role on the account, then those who serve a subscription of it.
    private static func members(of account: Account, _ rows: Rows) throws -> [Member] {
        var members = [Member(person: account.administrator, roles: [.accountAdministrator])]
        for row in rows {
            var column = Columns(row)
            let word: String = try column.next()
            let person = Person(
                id: try column.next(), email: try column.next(), firstName: try column.next(), lastName: try column.next())
            guard let role = Role(rawValue: word) else { throw UnknownWord() }
            if let index = members.firstIndex(where: { $0.person.id == person.id }) {
                if !members[index].roles.contains(role) { members[index].roles.append(role) }
            } else {
                members.append(Member(person: person, roles: [role]))
            }
        }
        return members
    }
}

extension AccountDesk.OrderLine {
    fileprivate init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        kind = try column.next()
        status = try column.next()
        let currency: Currency = try column.next()
        amount = Money(minor: try column.next(), currency: currency)
        createdAt = try column.next()
        subscription = try column.next()
        subscriptionName = try column.next()
        paid = Money(minor: try column.next(), currency: currency)
    }
}

extension AccountDesk.Asked {
    fileprivate init(_ row: Row) throws {
        let currency: Currency = try row.get(6)
        func money(_ index: Int) throws -> Money { Money(minor: try row.get(index), currency: currency) }
        self.init(
            id: try row.get(0), method: try row.get(1), status: try row.get(2), amount: try money(3), received: try money(4),
            held: try money(5), reference: try row.get(7), expiresAt: try row.get(8), createdAt: try row.get(9))
    }
}

extension AccountDesk.Visitor {
    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        operatorName = try column.next()
        personName = try column.next()
        reason = try column.next()
        startedAt = try column.next()
        endsAt = try column.next()
        endedAt = try column.next()
    }
}

struct AccountDeskQueries {
    let tenant: TenantID
    let account: AccountID
    var whole: AccountDesk.Part?

    var all: [SQL] {
        [
            Account.one(tenant, account), counts, subscriptions, money, orders, members, notes, visitors, identityRequest, facts,
            asked, numbers, debts,
        ]
    }

    private func limit(_ part: AccountDesk.Part) -> SQL {
        "limit \(Int64(whole == part ? AccountDesk.shownWhole : AccountDesk.shown))"
    }

    private var numbers: SQL {
        func number(_ table: String) -> SQL {
            """
            (select count(*) from (select from \(unsafeSQL: table) where tenant_id = \(tenant) and account_id = \(account) \
            limit \(Int64(AccountDesk.countedAtMost + 1))) counted)
            """
        }
        let parts = [
            number("orders"), number("payment_intents"), number("account_notes"), number("account_views"),
        ]
        return "select \(parts.joined(separator: ", "))"
    }

    /// By an index alone, like what is owed and who serves: an account may have tens of thousands (0021_large_accounts.sql).
    private var counts: SQL {
        "select state, count(*) from subscriptions where tenant_id = \(tenant) and account_id = \(account) group by state"
    }

    /// The oldest first: the next come up when these are written off.
    private var debts: SQL {
        """
        select id, deleted_at, outstanding_minor from subscriptions where tenant_id = \(tenant) and account_id = \(account) \
        and state = 'deleted' and outstanding_minor > 0 order by deleted_at, id limit \(Int64(AccountDesk.shown))
        """
    }

    /// What is in trouble first. The newest of each state are found by its index, so that an account of ten thousand costs what one of ten does.
    private var subscriptions: SQL {
        let shown = Int64(AccountDesk.shown)
        let urgent: SQL = "array['suspended', 'past_due', 'pending', 'active', 'deleted']"
        return SubscriptionQueries.list(
            """
            s.tenant_id = \(tenant) and s.id in (select c.id from unnest(\(urgent)) with ordinality w(state, rank), \
            lateral (select v.id, v.created_at from subscriptions v where v.tenant_id = \(tenant) and v.account_id = \(account) \
            and v.state = w.state order by v.created_at desc, v.id desc limit \(shown)) c \
            order by w.rank, c.created_at desc, c.id desc limit \(shown)) \
            order by array_position(\(urgent), s.state), s.created_at desc, s.id desc
            """)
    }

    private var money: SQL {
        """
        select (select coalesce(sum(outstanding_minor), 0)::bigint from subscriptions \
        where tenant_id = \(tenant) and account_id = \(account) and outstanding_minor > 0), \
        (select coalesce(sum(p.amount_minor), 0)::bigint from payments p where p.tenant_id = \(tenant) and p.account_id = \(account)), \
        (select coalesce(sum(outstanding_minor), 0)::bigint from subscriptions \
        where tenant_id = \(tenant) and account_id = \(account) and state = 'deleted' and outstanding_minor > 0), \
        (select coalesce(sum(written_off_minor), 0)::bigint from subscriptions \
        where tenant_id = \(tenant) and account_id = \(account) and written_off_minor > 0)
        """
    }

    private var orders: SQL {
        """
        select o.id, o.kind, o.status, o.currency, o.amount_minor, o.created_at, o.subscription_id, s.name, \
        (select coalesce(sum(p.amount_minor), 0)::bigint from payments p where p.tenant_id = o.tenant_id and p.order_id = o.id) \
        from orders o join subscriptions s on s.tenant_id = o.tenant_id and s.id = o.subscription_id \
        where o.tenant_id = \(tenant) and o.account_id = \(account) order by o.created_at desc, o.id desc limit \(Int64(AccountDesk.shown))
        """
    }

    var members: SQL {
        """
        (select r.role, u.id, u.email, u.first_name, u.last_name from role_assignments r \
        join users u on u.tenant_id = r.tenant_id and u.id = r.user_id \
        where r.tenant_id = \(tenant) and r.account_id = \(account) order by r.role, u.email limit 50) union all \
        (select 'service_admin', u.id, u.email, u.first_name, u.last_name from users u where u.tenant_id = \(tenant) \
        and u.id = any(array(select distinct s.service_administrator_id from subscriptions s \
        where s.tenant_id = \(tenant) and s.account_id = \(account))) order by 3 limit 50)
        """
    }

    private var notes: SQL {
        """
        \(AccountNote.select) where n.tenant_id = \(tenant) and n.account_id = \(account) order by n.created_at desc, n.id desc \
        \(limit(.notes))
        """
    }

    var visitors: SQL {
        """
        select v.id, \(Person.shownName(of: "o")), \
        \(Person.shownName(of: "u")), v.reason, v.started_at, v.ends_at, v.ended_at from account_views v \
        join users o on o.tenant_id = v.tenant_id and o.id = v.operator_id join users u on u.tenant_id = v.tenant_id and u.id = v.person_id \
        where v.tenant_id = \(tenant) and v.account_id = \(account) order by v.started_at desc, v.id desc \(limit(.visitors))
        """
    }

    private var identityRequest: SQL {
        "select id from identity_requests where tenant_id = \(tenant) and account_id = \(account) and status = 'waiting'"
    }

    private var asked: SQL {
        """
        select i.id, i.method, i.status, i.amount_minor, i.received_minor, h.held_minor, i.currency, i.reference, i.expires_at, \
        i.created_at from payment_intents i cross join lateral (\(ReleasedParts.select)) h \
        where i.tenant_id = \(tenant) and i.account_id = \(account) and i.status <> 'succeeded' \
        order by i.created_at desc, i.id desc limit \(Int64(AccountDesk.shown))
        """
    }

    private var facts: SQL {
        """
        select a.external_number, e.name from accounts a left join enrollments e on e.tenant_id = a.tenant_id and e.id = a.enrollment_id \
        where a.tenant_id = \(tenant) and a.id = \(account)
        """
    }
}
