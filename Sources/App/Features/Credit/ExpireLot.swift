import Billing
import Postgres
import Values

/// L5, M6: a lot's time is over. Usage before it is settled first, what is left is forfeited, and when it was the last live credit the
/// subscription is suspended, all in one transaction.
struct ExpireLot: Sendable {
    let subscription: SubscriptionID
    let lot: LotID

    func run(_ write: Write) async throws {
        let rows = try await write.begin(locking: subscription)
        guard var subscription = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first else { return }
        try await SettleUsage.settle(&subscription, in: write)
        write.clearTimer(.lotExpiry, subject: lot.uuid)
        guard let index = subscription.lots.firstIndex(where: { $0.credit.id == lot }),
            let expiry = LotExpiry(of: subscription.lots[index].credit, others: subscription.credit, at: write.now)
        else { return }
        write.enqueue("update credit_lots set expired_at = \(write.now) where tenant_id = \(write.tenant.id) and id = \(lot)")
        write.post(
            [
                Transfer(
                    debit: LedgerAccount(kind: .creditLot, owner: lot.uuid),
                    credit: LedgerAccount(kind: .forfeited, owner: subscription.accountID.uuid),
                    amountMinor: expiry.forfeited.minor, purpose: "forfeit")
            ], source: TransferSource(kind: .lotExpiry, id: lot.uuid), account: subscription.accountID,
            subscription: subscription.id,
            currency: subscription.currency, at: write.now)
        subscription.lots[index].credit.remaining = .zero(subscription.currency)
        subscription.lots[index].credit.expiredAt = write.now
        subscription.version += 1
        // A spent lot ends without an event: nothing is forfeited, and `what_next` has promised nothing.
        if expiry.forfeited.isPositive {
            write.audit("credit_lot.expired", object: ("credit_lot", lot.uuid), account: subscription.accountID)
            write.emit(
                .creditLotExpired, object: ("subscription", subscription.id.uuid), account: subscription.accountID,
                sequence: subscription.version)
        }
        if let reason = expiry.reason,
            let suspended = try? subscription.facts.adding(reason, at: write.now, policy: subscription.policy),
            !suspended.isUnchanged
        {
            write.store(suspended, to: &subscription)
        } else {
            subscription.updatedAt = write.now
            write.storeRow(subscription)
        }
    }
}

/// L11: the first payment never came. The order is cancelled and the subscription is gone, with its certificate.
struct LapseSubscription: Sendable {
    let id: SubscriptionID

    func run(_ write: Write) async throws {
        let rows = try await write.begin(locking: id)
        guard var subscription = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first else { return }
        // A refusal says that somebody was faster: the timer has nothing left to do.
        guard let decision = try? subscription.facts.lapsing(at: write.now) else {
            if subscription.facts.state != .pending { write.clearTimer(.pendingLapse, subject: id.uuid) }
            return
        }
        write.enqueue(
            "update orders set status = 'cancelled', completed_at = \(write.now) where tenant_id = \(write.tenant.id) and id = \(subscription.orderID)"
        )
        try await EraseSubscription.run(&subscription, decision, rule: "L11", write)
    }
}
