import FoundationEssentials
import Postgres
import Values

/// A ledger account is named by its kind and its owner.
package struct LedgerAccount: Sendable, Hashable {
    package enum Kind: String, Sendable {
        /// What is left of a lot of credit; owner: the lot.
        case creditLot = "credit_lot"
        /// What a subscription owes beyond its credit; owner: the subscription.
        case receivable
        /// What is left of an enrollment's commitment; owner: the enrollment.
        case commitment
        /// What an enrollment has used beyond it; owner: the enrollment.
        case overageReceivable = "overage_receivable"
        /// The other side of the tenant's books, one row per customer account so that no row is hot for all of a tenant.
        case payments, revenue, forfeited, promotion, waived
        /// Debts of deleted subscriptions, given up.
        case writtenOff = "written_off"
        case commitmentContract = "commitment_contract"
        /// What stands on the tenant's bank account; owner: the bank account.
        case bank
        /// What has arrived at the bank and belongs to no payment yet; owner: the remittance.
        case unallocatedRemittance = "unallocated_remittance"
        /// What has arrived for a payment that is not complete; owner: the payment.
        case paymentInTransit = "payment_in_transit"
    }
    package let kind: Kind
    package let owner: UUID
}

/// One balanced movement: `amountMinor` leaves `debit` and reaches `credit`.
package struct Transfer: Sendable {
    package let debit: LedgerAccount
    package let credit: LedgerAccount
    package let amountMinor: Int64
    package let purpose: String
}

/// Where money's movement comes from; unique per tenant for ever, so that one cause cannot move money twice.
package struct TransferSource: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case payment, upgrade, settlement, enrollment, reversal, remittance
        case lotExpiry = "lot_expiry"
        case writeOff = "write_off"
        case remittanceMatch = "remittance_match"
        case remittanceRelease = "remittance_release"
        case remittanceReturn = "remittance_return"
    }
    package let kind: Kind
    package let id: UUID
}

extension Write {
    /// M3: posts one journal entry. Balances move in the same statement as the postings; a lot that would fall below zero fails the transaction.
    package func post(
        _ transfers: [Transfer], source: TransferSource, account: AccountID?, subscription: SubscriptionID?, currency: Currency,
        at: Instant
    ) {
        let transfers = transfers.filter { $0.amountMinor != 0 }
        guard !transfers.isEmpty else { return }
        let entry: LedgerEntryID = newID()
        var deltas: [LedgerAccount: Int64] = [:]
        for transfer in transfers {
            deltas[transfer.debit, default: 0] -= transfer.amountMinor
            deltas[transfer.credit, default: 0] += transfer.amountMinor
        }
        // A fixed order, so that two entries that touch the same accounts wait for each other instead of deadlocking.
        let accounts = deltas.keys.sorted { ($0.kind.rawValue, $0.owner.uuidString) < ($1.kind.rawValue, $1.owner.uuidString) }
        let kinds = accounts.map(\.kind.rawValue)
        let owners = accounts.map(\.owner)
        enqueue(
            """
            insert into ledger_accounts (tenant_id, kind, owner_id, currency, account_id) \
            select \(tenant.id), kind, owner, \(currency), case when kind = 'credit_lot' then \(account)::uuid end \
            from unnest(\(kinds), \(owners)) as a (kind, owner) on conflict do nothing
            """)
        enqueue(
            """
            with posted as (\
            insert into ledger_transfers (tenant_id, id, entry_id, account_id, subscription_id, debit_kind, debit_owner_id, credit_kind, \
            credit_owner_id, amount_minor, currency, purpose, source_kind, source_id, line, posted_at) \
            select \(tenant.id), t.id, \(entry), \(account), \(subscription), t.debit_kind, t.debit_owner, t.credit_kind, t.credit_owner, t.amount, \
            \(currency), t.purpose, \(source.kind.rawValue), \(source.id), t.line - 1, \(at) \
            from unnest(\(transfers.map { _ in newID(TransferID.self) }), \(transfers.map(\.debit.kind.rawValue)), \(transfers.map(\.debit.owner)), \
            \(transfers.map(\.credit.kind.rawValue)), \(transfers.map(\.credit.owner)), \(transfers.map(\.amountMinor)), \(transfers.map(\.purpose))) \
            with ordinality as t (id, debit_kind, debit_owner, credit_kind, credit_owner, amount, purpose, line)) \
            update ledger_accounts a set balance_minor = a.balance_minor + d.delta \
            from unnest(\(kinds), \(owners), \(accounts.map { deltas[$0] ?? 0 })) as d (kind, owner, delta) \
            where a.tenant_id = \(tenant.id) and a.kind = d.kind and a.owner_id = d.owner
            """)
    }
}
