import Billing
import FoundationEssentials
import Postgres
import Values

extension Write {
    /// Writes a payment down: its order, itself, the lot it buys with that lot's expiry, and the ledger entry (M3, M6).
    ///
    /// The payment keeps the caller's key for ever, so that a key cannot move money twice even when its stored answer is long gone.
    func take(_ outcome: PaymentOutcome, for subscription: inout Subscription, _ kind: PaymentKind, _ intent: PaymentIntent) {
        let payment = intent.id
        let order = completeOrder(kind, outcome.paid, subscription)
        enqueue(
            """
            insert into payments (tenant_id, id, account_id, subscription_id, order_id, amount_minor, debt_paid_minor, currency, method, \
            principal_id, command_key, paid_at) values (\(tenant.id), \(payment), \(subscription.accountID), \(subscription.id), \(order), \
            \(outcome.paid.minor), \(outcome.debtPaid.minor), \(subscription.currency), \(intent.method), \(intent.principal), \
            \(intent.commandKey), \(now))
            """)
        let payments = LedgerAccount(kind: .payments, owner: subscription.accountID.uuid)
        let receivable = LedgerAccount(kind: .receivable, owner: subscription.id.uuid)
        var transfers: [Transfer] = []
        if intent.method == .bankTransfer {
            // What has arrived in parts becomes a payment as a whole.
            transfers.append(
                Transfer(
                    debit: LedgerAccount(kind: .paymentInTransit, owner: payment.uuid), credit: payments,
                    amountMinor: outcome.paid.minor,
                    purpose: "remittance_applied"))
        }
        transfers += [
            Transfer(debit: payments, credit: receivable, amountMinor: outcome.debtPaid.minor, purpose: "debt_payment"),
            Transfer(
                debit: LedgerAccount(kind: .waived, owner: subscription.accountID.uuid), credit: receivable,
                amountMinor: outcome.debtWaived.minor, purpose: "debt_waived"),
        ]
        if let lot = outcome.lot { transfers += add(lot, granted: outcome.granted, order: order, to: &subscription) }
        subscription.outstandingMinor = outcome.outstanding.minor
        post(
            transfers, source: TransferSource(kind: .payment, id: payment.uuid), account: subscription.accountID,
            subscription: subscription.id,
            currency: subscription.currency, at: now)
        subscription.version += 1
        audit("payment.succeeded", object: ("payment", payment.uuid), account: subscription.accountID)
        emit(
            .paymentSucceeded, object: ("payment", payment.uuid), account: subscription.accountID, sequence: intent.version + 1)
    }

    private func completeOrder(_ kind: PaymentKind, _ amount: Money, _ subscription: Subscription) -> OrderID {
        if case .first = kind {
            enqueue(
                """
                update orders set status = 'completed', completed_at = \(now) \
                where tenant_id = \(tenant.id) and id = \(subscription.orderID)
                """)
            return subscription.orderID
        }
        let order: OrderID = newID()
        let word = if case .upgrade = kind { "upgrade" } else { "pay_again" }
        enqueue(
            """
            insert into orders (tenant_id, id, account_id, subscription_id, kind, status, amount_minor, currency, created_at, completed_at) \
            values (\(tenant.id), \(order), \(subscription.accountID), \(subscription.id), \(word), 'completed', \(amount.minor), \
            \(subscription.currency), \(now), \(now))
            """)
        return order
    }

    /// A new lot with the timer of its expiry; answers the transfers that fund it.
    private func add(_ lot: NewLot, granted: Money, order: OrderID, to subscription: inout Subscription) -> [Transfer] {
        let id: LotID = newID()
        enqueue(
            """
            insert into credit_lots (tenant_id, id, subscription_id, order_id, source, amount_minor, currency, effective_at, expires_at) \
            values (\(tenant.id), \(id), \(subscription.id), \(order), \(lot.source), \(lot.amount.minor), \(subscription.currency), \
            \(lot.effectiveAt), \(lot.expiresAt))
            """)
        setTimer(.lotExpiry, subject: id.uuid, subscription: subscription.id, due: lot.expiresAt)
        setCreditNotices(ofLot: id, expiring: lot.expiresAt, of: subscription)
        subscription.lots.append(
            Subscription.Lot(
                orderID: order,
                credit: CreditLot(
                    id: id, amount: lot.amount, remaining: lot.amount, source: lot.source, effectiveAt: lot.effectiveAt,
                    expiresAt: lot.expiresAt)))
        let account = LedgerAccount(kind: .creditLot, owner: id.uuid)
        return [
            Transfer(
                debit: LedgerAccount(kind: .payments, owner: subscription.accountID.uuid), credit: account,
                amountMinor: lot.amount.minor - granted.minor, purpose: "payment"),
            Transfer(
                debit: LedgerAccount(kind: .promotion, owner: subscription.accountID.uuid), credit: account,
                amountMinor: granted.minor,
                purpose: "trial_grant"),
        ]
    }
}
