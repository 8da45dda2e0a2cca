import Billing
import FoundationEssentials
import HTTP
import Values

/// M6: gives up what a deleted subscription still owes; the whole of it, once, with a reason that the account can read.
package struct WriteOffDebt: Sendable {
    let id: SubscriptionID
    let reason: String
    /// The version the caller has seen (`If-Match`); another one is refused.
    let ifMatch: String?

    package init(id: SubscriptionID, reason: String, ifMatch: String? = nil) {
        self.id = id
        self.reason = reason
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            var (subscription, roles, _) = try await write.lockSubscription(id)
            try TenantContext.require(WriteOff.permission, of: roles, in: subscription.accountKind)
            try subscription.requireVersion(ifMatch)
            try await SettleUsage.settle(&subscription, in: write)
            let amount = try subscription.debtToWriteOff()
            write.writeOff(amount, of: &subscription, reason)
            // Bound to the account, as all that is said of a subscription after its deletion (L3).
            for reader in try await LetterReaders.of(subscription, [.accountAdministrator, .finance], write) {
                write.send(
                    Letter(
                        .debtWrittenOff, to: reader, account: subscription.accountID,
                        facts: [
                            "amount": .money(amount), "reason": .text(reason), "at": .instant(write.now),
                            "subscription_id": .text(subscription.id.description),
                        ], link: subscription.links.overview, cause: subscription.id.uuid))
            }
            // An answer about a deleted subscription would be kept as erased with it (L3); this one is kept for as long as every other.
            return Answer(status: 200, body: subscription.body(at: write.now), etag: subscription.etag)
        }
    }
}

extension Subscription {
    /// - Throws: what stands against it, in the rule's words.
    func debtToWriteOff() throws -> Money {
        do {
            return try WriteOff.amount(offer: offer, state: state, outstanding: outstanding, writtenOff: writtenOff)
        } catch {
            throw Failure(error, ["state": state.rawValue])
        }
    }
}

extension Write {
    fileprivate func writeOff(_ amount: Money, of subscription: inout Subscription, _ reason: String) {
        let before = subscription
        // Under the subscription's own ID: unique for ever, so that its debt cannot be given up twice.
        post(
            [
                Transfer(
                    debit: LedgerAccount(kind: .writtenOff, owner: subscription.accountID.uuid),
                    credit: LedgerAccount(kind: .receivable, owner: subscription.id.uuid), amountMinor: amount.minor,
                    purpose: "debt_written_off")
            ], source: TransferSource(kind: .writeOff, id: subscription.id.uuid), account: subscription.accountID,
            subscription: subscription.id, currency: subscription.currency, at: now)
        subscription.outstandingMinor -= amount.minor
        (subscription.writtenOffMinor, subscription.writtenOffAt) = (amount.minor, now)
        subscription.updatedAt = now
        recordTransition(
            of: &subscription, type: .debtWrittenOff, rule: "M6", reason: nil, from: before.state,
            to: subscription.state, payload: jsonText { $0.field("amount", amount) },
            details: (before.debtJSON(nil), subscription.debtJSON(reason)))
        storeRow(subscription)
    }
}

extension Subscription {
    fileprivate func debtJSON(_ reason: String?) -> String {
        jsonText {
            $0.field("outstanding", outstanding)
            $0.field("written_off", writtenOff)
            $0.field("reason", reason)
        }
    }
}
