import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// The operator writes down what has arrived, once under the bank's own number; it is held until somebody says whose it is.
package struct RecordRemittance: Sendable {
    package let bankNumber: String
    package let amount: Money
    package let payer: String?
    package let words: String?
    /// When the bank received it; the tenant's now unless said.
    package let receivedAt: Instant?

    package init(bankNumber: String, amount: Money, payer: String? = nil, words: String? = nil, receivedAt: Instant? = nil) {
        self.bankNumber = bankNumber
        self.amount = amount
        self.payer = payer
        self.words = words
        self.receivedAt = receivedAt
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            let tenant = write.tenant.id
            let rows = try await write.begin([
                BankAccount.one(tenant, "\(amount.currency)"),
                "select id from remittances where tenant_id = \(tenant) and bank_number = \(bankNumber)",
            ])
            guard amount.isPositive else {
                let smallest = Money(minor: 1, currency: amount.currency)
                throw Failure.invalid([
                    FieldError(
                        "/amount/amount", "amount_not_positive",
                        ["minimum": smallest.words])
                ])
            }
            guard let bank = try rows[0].first.map({ try BankAccount($0) }) else {
                throw Failure.invalid([FieldError("/amount/currency", "no_bank_account", ["currency": amount.currency.code])])
            }
            if let known = rows[1].first {
                let id: RemittanceID = try known.get(0)
                throw Failure.conflict(code: "remittance_already_recorded", arguments: ["remittance": id.description])
            }
            if let receivedAt, receivedAt > write.now {
                throw Failure.invalid([FieldError("/received_at", "received_in_future", ["now": write.now.rfc3339])])
            }
            return try await record(bank, write).answer(201)
        }
    }

    private func record(_ bank: BankAccount, _ write: Write) async throws -> Remittance {
        let tenant = write.tenant.id
        let id: RemittanceID = write.newID()
        write.post(
            [
                Transfer(
                    debit: LedgerAccount(kind: .bank, owner: bank.id.uuid),
                    credit: LedgerAccount(kind: .unallocatedRemittance, owner: id.uuid), amountMinor: amount.minor,
                    purpose: "remittance")
            ], source: TransferSource(kind: .remittance, id: id.uuid), account: nil, subscription: nil,
            currency: amount.currency,
            at: write.now)
        write.audit("remittance.recorded", object: ("remittance", id.uuid))
        write.emit(.remittanceRecorded, object: ("remittance", id.uuid), account: nil, sequence: 1)
        do {
            let stored = try await write.query(
                """
                insert into remittances as r (tenant_id, id, bank_account_id, bank_number, amount_minor, currency, unallocated_minor, status, payer, \
                words, received_at, created_at) values (\(tenant), \(id), \(bank.id), \(bankNumber), \(amount.minor), \(amount.currency), \
                \(amount.minor), 'unmatched', \(payer), \(words), \(receivedAt ?? write.now), \(write.now)) returning \(Remittance.columns)
                """)
            return try Remittance(stored[0])
        } catch let error as PostgresError where error.isUniqueViolation("remittances_tenant_id_bank_number_key") {
            throw Failure.conflict(code: "remittance_already_recorded")
        }
    }
}

/// The operator says which payment the money is for: exact, a part of it, more than it, or late (`AllocateRemittance`).
package struct MatchRemittance: Sendable {
    let id: RemittanceID
    let payment: PaymentID
    /// The version that the operator has seen.
    let ifMatch: String?

    package init(id: RemittanceID, payment: PaymentID, ifMatch: String? = nil) {
        self.id = id
        self.payment = payment
        self.ifMatch = ifMatch
    }

    /// What it does, for the page that asks for it.
    package struct Review: Sendable {
        package let before: Subscription
        package let after: Subscription
        package let intent: PaymentIntent
        package let allocation: RemittanceAllocation
        /// Nil while money is missing.
        package let outcome: PaymentOutcome?
        package let now: Instant
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await matching(context, options) { _ in }
    }

    package func review(_ context: TenantContext) async throws -> Review {
        var review: Review?
        _ = try await matching(context, CommandOptions(dryRun: true)) { review = $0 }
        guard let review else { throw Failure.fault }
        return review
    }

    private func matching(_ context: TenantContext, _ options: CommandOptions, _ seen: (Review) -> Void) async throws -> Answer {
        try context.require(.operate)
        let found = try await context.read(PaymentIntent.one(context.tenant.id, payment)).rows
        guard let subscription = try found.first.map({ try PaymentIntent($0).subscription }) else {
            throw Failure.invalid([FieldError("/payment_id", "unknown_payment")])
        }
        return try await context.command(options) { write in
            let matched = try await match(subscription, write)
            seen(matched.review)
            return matched.answer
        }
    }

    private func match(_ id: SubscriptionID, _ write: Write) async throws -> (answer: Answer, review: Review) {
        let tenant = write.tenant.id
        let rows = try await write.begin(
            locking: id,
            [
                PaymentIntent.one(tenant, payment, locked: true), Write.prepaidPolicy(tenant, id),
                BankAccount.one(tenant, "(select currency from subscriptions where tenant_id = \(tenant) and id = \(id))"),
            ] + Remittance.one(tenant, self.id, locked: true))
        guard let subscription = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first, let row = rows[2].first,
            var remittance = try Remittance.decode(rows[5], parts: rows[6]).first
        else { throw Failure.notFound }
        try Failure.requireMatch(ifMatch, remittance.etag)
        let prepaid = try rows[3].first.map { row in
            var column = Columns(row)
            return try column.policy(.prepaid, subscription.currency)
        }
        var payment = OpenPayment(
            subscription: subscription, intent: try PaymentIntent(row), prepaid: prepaid,
            setting: PaymentSetting(tenant: write.tenant, bankAccount: try rows[4].first.map { try BankAccount($0) }))
        guard payment.intent.method == .bankTransfer else {
            throw Failure(RemittanceRefusal.paymentNotWaiting, ["status": payment.intent.status.rawValue])
        }
        let allocation = try allocated(remittance, payment.intent, write)
        // Money is only taken for what can still take it: a part for a subscription that is gone would wait for ever.
        _ = try payment.subscription.judging(
            payment.intent.amount, payment.subscription.kindNow(of: payment.intent.kind), prepaid: prepaid, at: write.now)
        let before = payment.subscription
        post(allocation, to: &remittance, payment.intent, write)
        let outcome = try await credit(allocation, to: &payment, write)
        return (
            try await answer(remittance, payment, write),
            Review(
                before: before, after: payment.subscription, intent: payment.intent, allocation: allocation, outcome: outcome,
                now: write.now)
        )
    }

    private func allocated(_ remittance: Remittance, _ intent: PaymentIntent, _ write: Write) throws -> RemittanceAllocation {
        do {
            return try AllocateRemittance.allocate(
                remittance.unallocated, asked: intent.amount, received: intent.received, status: intent.status,
                expiresAt: intent.expiresAt, at: write.now)
        } catch {
            throw Failure(error, ["status": intent.status.rawValue, "currency": intent.amount.currency.code])
        }
    }

    private func post(
        _ allocation: RemittanceAllocation, to remittance: inout Remittance, _ intent: PaymentIntent, _ write: Write
    ) {
        let part: AllocationID = write.newID()
        remittance.unallocated = allocation.surplus
        remittance.status = allocation.surplus.isPositive ? .surplus : .matched
        remittance.version += 1
        remittance.parts.append(
            .init(payment: intent.id, account: intent.account, amount: allocation.taken, matchedAt: write.now, releasedAt: nil))
        write.enqueue(
            """
            insert into remittance_allocations (tenant_id, id, remittance_id, payment_id, amount_minor, matched_at, matched_by) \
            values (\(write.tenant.id), \(part), \(remittance.id), \(intent.id), \(allocation.taken.minor), \(write.now), \(write.principal.id))
            """)
        write.enqueue(
            """
            update remittances set unallocated_minor = \(remittance.unallocated.minor), status = \(remittance.status), version = \(remittance.version) \
            where tenant_id = \(write.tenant.id) and id = \(remittance.id)
            """)
        write.post(
            [
                Transfer(
                    debit: LedgerAccount(kind: .unallocatedRemittance, owner: remittance.id.uuid),
                    credit: LedgerAccount(kind: .paymentInTransit, owner: intent.id.uuid), amountMinor: allocation.taken.minor,
                    purpose: "remittance_matched")
            ], source: TransferSource(kind: .remittanceMatch, id: part.uuid), account: intent.account,
            subscription: intent.subscription,
            currency: intent.amount.currency, at: write.now)
        write.audit("remittance.matched", object: ("remittance", remittance.id.uuid), account: intent.account)
        write.emit(
            .remittanceMatched, object: ("remittance", remittance.id.uuid), account: intent.account,
            sequence: remittance.version)
    }

    /// The payment is complete, or waits for the rest: one that had expired waits again.
    private func credit(_ allocation: RemittanceAllocation, to payment: inout OpenPayment, _ write: Write) async throws
        -> PaymentOutcome?
    {
        guard !allocation.completes else { return try await write.complete(&payment) }
        let before = payment.intent.received
        payment.intent.received = Money(
            minor: payment.intent.received.minor + allocation.taken.minor, currency: payment.intent.amount.currency)
        if allocation.isLate {
            let days = Int64(payment.setting.bankAccount?.pendingDays ?? BankAccount.customaryPendingDays)
            let due = write.now.adding(days: days)
            payment.intent.expiresAt = payment.subscription.facts.lapseAt.map { min($0, due) } ?? due
            write.setTimer(
                .paymentExpiry, subject: payment.intent.id.uuid, subscription: payment.subscription.id,
                due: payment.intent.expiresAt ?? due)
        }
        payment.intent.status = .pending
        payment.intent.endedAt = nil
        // The log says what arrived, not what was asked for.
        let after = payment.intent.received
        write.record(
            .paymentPartReceived, payment.intent,
            details: (jsonText { $0.field("received", before) }, jsonText { $0.field("received", after) }))
        write.store(&payment.intent)
        return nil
    }

    /// Under the subscription's ID, so that what it says of the sender is erased with the subscription (L3).
    private func answer(_ remittance: Remittance, _ payment: OpenPayment, _ write: Write) async throws -> Answer {
        var answer = remittance.answer()
        var json = JSONWriter()
        let held = try await write.released(from: payment.intent).held
        payment.intent.write(to: &json, receipt: nil, bankAccount: nil, held: held)
        answer.body.removeLast()
        answer.body += Array(",\"payment\":".utf8) + json.bytes + Array("}".utf8)
        answer.objectID = payment.subscription.id.uuid
        return answer
    }
}

/// What no payment took goes back to whoever sent it: at the bank first, here as soon as it has left.
package struct ReturnRemittance: Sendable {
    let id: RemittanceID
    let note: String
    let ifMatch: String?

    package init(id: RemittanceID, note: String, ifMatch: String? = nil) {
        self.id = id
        self.note = note
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            let tenant = write.tenant.id
            let rows = try await write.begin(
                Remittance.one(tenant, id, locked: true) + [
                    """
                    select exists (select from remittance_allocations a join payment_intents i on i.tenant_id = a.tenant_id and i.id = a.payment_id \
                    join subscriptions s on s.tenant_id = i.tenant_id and s.id = i.subscription_id \
                    where a.tenant_id = \(tenant) and a.remittance_id = \(id) and s.state = 'deleted')
                    """
                ])
            guard var remittance = try Remittance.decode(rows[0], parts: rows[1]).first else { throw Failure.notFound }
            try Failure.requireMatch(ifMatch, remittance.etag)
            guard remittance.unallocated.isPositive else { throw Failure(RemittanceRefusal.remittanceSpent) }
            // Nobody needs to know the sender any more once a deleted subscription's money is back (L3).
            try await giveBack(&remittance, erasing: try rows[2][0].get(0), write)
            return remittance.answer()
        }
    }

    private func giveBack(_ remittance: inout Remittance, erasing isErased: Bool, _ write: Write) async throws {
        let (tenant, back) = (write.tenant.id, remittance.unallocated)
        let stored = try await write.query(
            """
            update remittances r set unallocated_minor = 0, status = 'returned', returned_minor = \(back.minor), returned_at = \(write.now), \
            note = case when \(isErased) then null else \(note) end, payer = case when \(isErased) then null else r.payer end, \
            words = case when \(isErased) then null else r.words end, version = version + 1 \
            where r.tenant_id = \(tenant) and r.id = \(id) returning \(Remittance.columns)
            """)
        let parts = remittance.parts
        remittance = try Remittance(stored[0])
        remittance.parts = parts
        write.post(
            [
                Transfer(
                    debit: LedgerAccount(kind: .unallocatedRemittance, owner: id.uuid),
                    credit: LedgerAccount(kind: .bank, owner: remittance.bankAccount.uuid), amountMinor: back.minor,
                    purpose: "remittance_returned")
            ], source: TransferSource(kind: .remittanceReturn, id: id.uuid), account: nil, subscription: nil,
            currency: back.currency,
            at: write.now)
        write.audit("remittance.returned", object: ("remittance", id.uuid))
        write.emit(.remittanceReturned, object: ("remittance", id.uuid), account: nil, sequence: remittance.version)
    }
}
