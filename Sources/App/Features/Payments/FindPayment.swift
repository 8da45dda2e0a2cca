import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A payment as lists and its own page show it.
package struct ShownPayment: Sendable {
    package let intent: PaymentIntent
    package let receipt: PaymentReceipt?
    /// The account to send a transfer to, in this currency.
    package let bankAccount: BankAccount?
    package let accountName: String
    package let accountKind: AccountKind
    package let zone: TimeZoneRule
    /// Nil once the subscription is deleted.
    package let subscriptionName: String?
    /// Its order was never paid (L11).
    let isLapsed: Bool
    let belonging: Belonging
    /// What arrived and no payment took, as it stands now.
    package let parts: ReleasedParts

    static let select: SQL = """
        select \(PaymentIntent.columns), p.order_id, p.debt_paid_minor, p.paid_at, h.held_minor, h.returned_minor, \
        a.name, a.kind, a.time_zone, a.administrator_id, a.enrollment_id, \
        s.name, \(SubscriptionQueries.isLapsed), b.id is not null, \(BankAccount.columns) from payment_intents i \
        join accounts a on a.tenant_id = i.tenant_id and a.id = i.account_id \
        join subscriptions s on s.tenant_id = i.tenant_id and s.id = i.subscription_id \
        left join payments p on p.tenant_id = i.tenant_id and p.id = i.id \
        cross join lateral (\(ReleasedParts.select)) h \
        left join bank_accounts b on b.tenant_id = i.tenant_id and b.currency = i.currency
        """

    init(_ row: Row) throws {
        var column = Columns(row)
        let intent = try PaymentIntent(&column)
        self.intent = intent
        let order: OrderID? = try column.next()
        let debtPaid: Int64? = try column.next()
        let paidAt: Instant? = try column.next()
        if let order, let debtPaid, let paidAt {
            receipt = PaymentReceipt(
                order: order, debtPaid: Money(minor: debtPaid, currency: intent.amount.currency), paidAt: paidAt)
        } else {
            receipt = nil
        }
        parts = try ReleasedParts(&column, intent.amount.currency)
        accountName = try column.next()
        accountKind = try column.next()
        zone = try column.next()
        belonging = Belonging(
            account: intent.account, accountAdministrator: try column.next(), enrollment: try column.next(),
            serviceAdministrator: nil)
        subscriptionName = try column.next()
        isLapsed = try column.next()
        bankAccount = try column.next(Bool.self) ? try BankAccount(&column) : nil
    }

    func write(to json: inout JSONWriter) {
        intent.write(to: &json, receipt: receipt, bankAccount: bankAccount, held: parts.held)
    }
    package var etag: String { "\"\(intent.version)\"" }

    func answer(_ status: Int) -> Answer {
        intent.answer(status, receipt: receipt, bankAccount: bankAccount, held: parts.held)
    }
}

/// What no payment took of the money that came for this one. A payment that ended without being made gives what had arrived in part back to the
/// remittances that it came by; of one that came to more than was asked for, the rest stays with its remittance. A remittance's rest is told by one
/// payment: the one that it was released from last, else the one that it was matched with last. So no sum is told of twice.
package struct ReleasedParts: Sendable {
    /// Not given to another payment and not sent back.
    package let held: Money
    package let returned: Money

    /// Two sums of the payment `i`.
    static let select: SQL = """
        select coalesce(sum(r.unallocated_minor), 0)::bigint as held_minor, coalesce(sum(r.returned_minor), 0)::bigint as returned_minor \
        from remittance_allocations l join remittances r on r.tenant_id = l.tenant_id and r.id = l.remittance_id \
        where l.tenant_id = i.tenant_id and l.payment_id = i.id and not exists (\
        select from remittance_allocations n where n.tenant_id = l.tenant_id and n.remittance_id = l.remittance_id \
        and (n.released_at is not null, coalesce(n.released_at, n.matched_at), n.id) \
        > (l.released_at is not null, coalesce(l.released_at, l.matched_at), l.id))
        """

    static func of(_ payment: PaymentID, _ tenant: TenantID) -> SQL {
        """
        select h.held_minor, h.returned_minor from payment_intents i cross join lateral (\(select)) h \
        where i.tenant_id = \(tenant) and i.id = \(payment)
        """
    }

    init(_ column: inout Columns, _ currency: Currency) throws {
        held = Money(minor: try column.next(), currency: currency)
        returned = Money(minor: try column.next(), currency: currency)
    }
}

extension Write {
    /// As the transaction leaves it.
    func released(from intent: PaymentIntent) async throws -> ReleasedParts {
        var column = Columns(try await query(ReleasedParts.of(intent.id, tenant.id))[0])
        return try ReleasedParts(&column, intent.amount.currency)
    }

    /// What is held beyond a payment; nil where nothing is.
    func held(of payment: PaymentID, _ currency: Currency) async throws -> Money? {
        guard let row = try await query(ReleasedParts.of(payment, tenant.id)).first else { return nil }
        var column = Columns(row)
        let held = try ReleasedParts(&column, currency).held
        return held.isPositive ? held : nil
    }
}

extension PaymentIntent {
    func answer(_ status: Int, receipt: PaymentReceipt?, bankAccount: BankAccount?, held: Money) -> Answer {
        var json = JSONWriter()
        write(to: &json, receipt: receipt, bankAccount: bankAccount, held: held)
        return Answer(status: status, body: json.bytes, etag: "\"\(version)\"", objectID: id.uuid)
    }
}

package enum FindPayment {
    package static func byID(_ id: PaymentID, _ context: TenantContext) async throws -> ShownPayment {
        let rows = try await context.read("\(ShownPayment.select) where i.tenant_id = \(context.tenant.id) and i.id = \(id)").rows
        guard let payment = try rows.first.map(ShownPayment.init) else { throw Failure.notFound }
        try TenantContext.require(.seeAccount, of: context.principal.roles(on: payment.belonging), in: payment.accountKind)
        return payment
    }

    /// The last one that was asked for, for a subscription whose account the principal is known to see.
    static func latest(of subscription: SubscriptionID, _ context: TenantContext) async throws -> PaymentIntent? {
        let rows = try await context.read(
            """
            select \(PaymentIntent.columns) from payment_intents i where i.tenant_id = \(context.tenant.id) \
            and i.subscription_id = \(subscription) order by i.created_at desc, i.id desc limit 1
            """
        ).rows
        return try rows.first.map { try PaymentIntent($0) }
    }
}
