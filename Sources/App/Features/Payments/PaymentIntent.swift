import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

extension PaymentMethod: PostgresWord {}
extension PaymentStatus: PostgresWord {}
extension PaymentKind: PostgresWord {}

/// A payment from the moment that it is asked for, whatever becomes of it. When money is taken, `payments` has a row of the same ID.
package struct PaymentIntent: Sendable {
    package let id: PaymentID
    package let account: AccountID
    package let subscription: SubscriptionID
    package let kind: PaymentKind
    package internal(set) var method: PaymentMethod
    package var status: PaymentStatus
    package let amount: Money
    /// What has arrived by bank transfer so far.
    package var received: Money
    package var reference: PaymentReference?
    package var declineCode: String?
    package var expiresAt: Instant?
    package var endedAt: Instant?
    let principal: UUID
    let commandKey: String
    let requestHash: [UInt8]?
    package var version: Int64
    package let createdAt: Instant

    static let columns: SQL = """
        i.id, i.account_id, i.subscription_id, i.kind, i.method, i.status, i.currency, i.amount_minor, i.received_minor, i.reference, \
        i.decline_code, i.expires_at, i.ended_at, i.principal_id, i.command_key, i.request_hash, i.version, i.created_at
        """

    static func one(_ tenant: TenantID, _ id: PaymentID, locked: Bool = false) -> SQL {
        "select \(columns) from payment_intents i where i.tenant_id = \(tenant) and i.id = \(id)\(locked ? " for no key update" as SQL : "")"
    }

    /// Those of a subscription that wait for money, the latest first.
    static func open(of subscription: SubscriptionID, _ tenant: TenantID) -> SQL {
        """
        select \(columns) from payment_intents i where i.tenant_id = \(tenant) and i.subscription_id = \(subscription) \
        and i.status in ('started', 'pending') order by i.created_at desc, i.id desc limit 10
        """
    }

    /// The one that was asked for under a key.
    static func under(_ key: IdempotencyKey, _ tenant: TenantID) -> SQL {
        """
        select \(columns) from payment_intents i where i.tenant_id = \(tenant) and i.principal_id = \(key.principal) \
        and i.command_key = \(key.text)
        """
    }

    init(_ column: inout Columns) throws {
        id = try column.next()
        account = try column.next()
        subscription = try column.next()
        kind = try column.next()
        method = try column.next()
        status = try column.next()
        let currency: Currency = try column.next()
        amount = Money(minor: try column.next(), currency: currency)
        received = Money(minor: try column.next(), currency: currency)
        reference = try column.next(String?.self).flatMap { PaymentReference($0) }
        declineCode = try column.next()
        expiresAt = try column.next()
        endedAt = try column.next()
        principal = try column.next()
        commandKey = try column.next()
        requestHash = try column.next()
        version = try column.next()
        createdAt = try column.next()
    }

    init(_ row: Row) throws {
        var column = Columns(row)
        try self.init(&column)
    }

    /// A new one, under the caller's key where there is one.
    init(
        _ id: PaymentID, for subscription: Subscription, kind: PaymentKind, method: PaymentMethod, amount: Money,
        key: IdempotencyKey?, principal: UUID, at now: Instant
    ) {
        self.id = id
        account = subscription.accountID
        self.subscription = subscription.id
        self.kind = kind
        self.method = method
        status = .started
        self.amount = amount
        received = .zero(amount.currency)
        self.principal = key?.principal ?? principal
        commandKey = key?.text ?? id.description
        requestHash = key?.requestHash
        version = 1
        createdAt = now
    }

    package var missing: Money { Money(minor: amount.minor - received.minor, currency: amount.currency) }
}

extension Write {
    func insert(_ intent: PaymentIntent) {
        enqueue(
            """
            insert into payment_intents (tenant_id, id, account_id, subscription_id, kind, method, status, amount_minor, currency, principal_id, \
            command_key, request_hash, created_at, recorded_at) values (\(tenant.id), \(intent.id), \(intent.account), \(intent.subscription), \
            \(intent.kind), \(intent.method), \(intent.status), \(intent.amount.minor), \(intent.amount.currency), \(intent.principal), \
            \(intent.commandKey), \(intent.requestHash), \(intent.createdAt), \(dependencies.realNow()))
            """)
    }

    /// Writes every column that may have changed.
    func store(_ intent: inout PaymentIntent) {
        intent.version += 1
        enqueue(
            """
            update payment_intents set status = \(intent.status), received_minor = \(intent.received.minor), reference = \(intent.reference?.text), \
            decline_code = \(intent.declineCode), expires_at = \(intent.expiresAt), ended_at = \(intent.endedAt), version = \(intent.version) \
            where tenant_id = \(tenant.id) and id = \(intent.id)
            """)
    }
}
