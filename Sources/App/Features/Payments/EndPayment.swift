import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// The customer does not want to pay after all. Money that has arrived in part is held for its sender again.
package struct CancelPayment: Sendable {
    let id: PaymentID

    package init(id: PaymentID) { self.id = id }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        let shown = try await FindPayment.byID(id, context)
        return try await context.command(options) { write in
            let (subscription, roles, rows) = try await write.lockSubscription(
                shown.intent.subscription, also: [PaymentIntent.one(write.tenant.id, id, locked: true)])
            try TenantContext.require(.pay, of: roles, in: subscription.accountKind)
            guard var intent = try rows[0].first.map({ try PaymentIntent($0) }) else { throw Failure.notFound }
            guard intent.status == .pending else {
                throw Failure(PaymentStatusRefusal.paymentNotPending, ["status": intent.status.rawValue])
            }
            try await write.end(&intent, .cancelled)
            let held = try await write.released(from: intent).held
            return intent.answer(200, receipt: nil, bankAccount: nil, held: held)
        }
    }
}

/// Nobody has paid in time. What has arrived in part is held for its sender again; a transfer that comes later still pays (late).
struct ExpirePayment: Sendable {
    let subscription: SubscriptionID
    let payment: PaymentID

    func run(_ write: Write) async throws {
        let rows = try await write.begin(locking: subscription, [PaymentIntent.one(write.tenant.id, payment, locked: true)])
        guard let subscription = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first,
            var intent = try rows[2].first.map({ try PaymentIntent($0) })
        else { return }
        // Somebody was faster: the timer has nothing left to do (L8).
        guard intent.status == .pending, let expiresAt = intent.expiresAt else {
            return write.clearTimer(.paymentExpiry, subject: payment.uuid)
        }
        guard write.now >= expiresAt else { return }
        let received = intent.received
        try await write.end(&intent, .expired)
        let held = try await write.held(of: payment, intent.amount.currency)
        try await write.tell(.paymentExpired, intent, subscription, received: received, held: held)
    }
}

/// How a payment that waits comes to nothing.
enum PaymentEnd {
    case cancelled, expired

    var status: PaymentStatus { self == .cancelled ? .cancelled : .expired }
    var event: WebhookEventType { self == .cancelled ? .paymentCancelled : .paymentExpired }
}

extension Write {
    /// Ends a payment that waits: its timer, its parts, its state.
    func end(_ intent: inout PaymentIntent, _ end: PaymentEnd) async throws {
        if intent.received.isPositive { try await release(intent) }
        intent.received = .zero(intent.amount.currency)
        intent.status = end.status
        intent.endedAt = now
        clearTimer(.paymentExpiry, subject: intent.id.uuid)
        record(end.event, intent)
        store(&intent)
    }

    /// M3: the parts that have arrived go back to the remittances that they came by.
    private func release(_ intent: PaymentIntent) async throws {
        let parts = try await query(
            """
            select a.id, a.remittance_id, a.amount_minor from remittance_allocations a \
            join remittances r on r.tenant_id = a.tenant_id and r.id = a.remittance_id \
            where a.tenant_id = \(tenant.id) and a.payment_id = \(intent.id) and a.released_at is null order by r.id for no key update of r
            """)
        for part in parts {
            var column = Columns(part)
            let allocation: AllocationID = try column.next()
            let remittance: RemittanceID = try column.next()
            let minor: Int64 = try column.next()
            enqueue(
                "update remittance_allocations set released_at = \(now) where tenant_id = \(tenant.id) and id = \(allocation)")
            enqueue(
                """
                update remittances set unallocated_minor = unallocated_minor + \(minor), version = version + 1, \
                status = case when unallocated_minor + \(minor) = amount_minor then 'unmatched' else 'surplus' end \
                where tenant_id = \(tenant.id) and id = \(remittance)
                """)
            post(
                [
                    Transfer(
                        debit: LedgerAccount(kind: .paymentInTransit, owner: intent.id.uuid),
                        credit: LedgerAccount(kind: .unallocatedRemittance, owner: remittance.uuid), amountMinor: minor,
                        purpose: "remittance_released")
                ], source: TransferSource(kind: .remittanceRelease, id: allocation.uuid), account: intent.account,
                subscription: intent.subscription, currency: intent.amount.currency, at: now)
        }
    }

    /// L3: a subscription that is deleted waits for no payment; what banks wrote on money that it took is erased. Answers how many were.
    func endPayments(ofDeleted subscription: SubscriptionID) async throws -> Int {
        let waiting = try await query(
            """
            select \(PaymentIntent.columns) from payment_intents i where i.tenant_id = \(tenant.id) and i.subscription_id = \(subscription) \
            and i.status = 'pending' order by i.id for no key update
            """
        ).map { try PaymentIntent($0) }
        for var intent in waiting { try await end(&intent, .expired) }
        let spent: SQL = """
            select a.remittance_id from remittance_allocations a \
            join payment_intents p on p.tenant_id = a.tenant_id and p.id = a.payment_id \
            join remittances r on r.tenant_id = a.tenant_id and r.id = a.remittance_id \
            where a.tenant_id = \(tenant.id) and p.subscription_id = \(subscription) and a.released_at is null and r.unallocated_minor = 0
            """
        let erased = try await query([
            """
            update remittances set payer = null, words = null, note = null, version = version + 1 \
            where tenant_id = \(tenant.id) and id in (\(spent)) and (payer is not null or words is not null or note is not null)
            """,
            """
            update idempotency_keys set response_body = null, etag = null where tenant_id = \(tenant.id) and response_body is not null \
            and (object_id in (\(spent)) or object_id in (select p.id from payment_intents p \
            where p.tenant_id = \(tenant.id) and p.subscription_id = \(subscription)))
            """,
        ])
        return erased[0].affected
    }
}

/// Payments that were written down and never answered: the server died, or the gateway did. Each is asked for again under its ID.
package struct ResumePayments {
    /// A payment on its way is left alone for so long, in seconds of real time.
    static let patienceSeconds: Int64 = 30
    private static let atOnce: Int64 = 50

    let context: TenantContext

    package init(_ context: TenantContext) { self.context = context }

    /// Answers how many were brought to their end.
    package func everything(olderThan seconds: Int64 = ResumePayments.patienceSeconds) async throws -> Int {
        let tenant = context.tenant.id
        let rows = try await context.read(
            """
            select \(PaymentIntent.columns) from payment_intents i where i.tenant_id = \(tenant) and i.status = 'started' \
            and i.recorded_at <= \(context.dependencies.realNow().adding(seconds: -seconds)) order by i.recorded_at limit \(Self.atOnce)
            """
        ).rows
        var resumed = 0
        for row in rows {
            let intent = try PaymentIntent(row)
            do {
                try await resume(intent)
                resumed += 1
            } catch Failure.conflict(code: "payment_already_made", _) {
                continue
            } catch {
                context.dependencies.log(
                    .warning, "payment waits for its gateway", [("payment", "\(intent.id)"), ("error", "\(error)")])
            }
        }
        return resumed
    }

    private func resume(_ intent: PaymentIntent) async throws {
        let tenant = context.tenant.id
        let rows = try await context.read(
            SubscriptionQueries.one(tenant, intent.subscription) + [BankAccount.one(tenant, "\(intent.amount.currency)")]
        ).rows
        guard let subscription = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first else { return }
        let opened = OpenPayment(
            subscription: subscription, intent: intent,
            setting: PaymentSetting(tenant: context.tenant, bankAccount: try rows[2].first.map { try BankAccount($0) }))
        // Under the key that it was asked for, so that whoever asks again hears the same.
        let key = intent.requestHash.map {
            IdempotencyKey(text: intent.commandKey, principal: intent.principal, requestHash: $0)
        }
        _ = try await MakePayment.finish(
            opened, context, CommandOptions(key: key), status: intent.createdAt == subscription.createdAt ? 201 : 200)
    }
}
