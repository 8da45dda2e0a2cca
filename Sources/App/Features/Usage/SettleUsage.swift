import Billing
import FoundationEssentials
import Postgres
import Values

/// M6a: settles accepted usage, per subscription, in the order of its time. Called by the sweeper within seconds, by a clock's advance, and inside
/// every transaction that decides about money, so that no decision is taken on an old balance.
package struct SettleUsage: Sendable {
    /// So many records at once bound the memory of one step; the loop goes on until none is left.
    static let recordsAtOnce = 20_000
    /// A subscription whose settlement failed is tried again after this long, in seconds of real time.
    static let retrySeconds: Int64 = 10
    /// How long the server's own look waits for a subscription that another transaction holds: as long as a write takes.
    static let lockTimeout = Duration.milliseconds(50)

    let context: TenantContext

    package init(_ context: TenantContext) { self.context = context }

    /// Settles every subscription of the tenant that waits, those too that failed before; answers how many. `now` is the instant to work at, the tenant's own
    /// unless given.
    ///
    /// - Throws: what the first of those met that could not be settled; the others are.
    package func everything(at now: Instant? = nil) async throws -> Int {
        let (settled, fault) = try await settle(at: now, until: nil)
        if let fault { throw (fault as? PostgresError).map(Failure.init) ?? fault }
        return settled
    }

    /// The server's own look, for so many seconds of real time at most: whom another transaction holds is left to the next look and who has failed waits,
    /// so that one tenant's locks and backlog hold up nobody else's usage for long. Ends with its task.
    package func look(forSeconds seconds: Int64) async throws {
        _ = try await settle(at: nil, until: context.dependencies.realNow().adding(seconds: seconds))
    }

    private func settle(at now: Instant?, until end: Instant?) async throws -> (settled: Int, fault: (any Error)?) {
        var settled = 0
        var left: Set<SubscriptionID> = []
        var fault: (any Error)?
        // What is queued while this works is the next call's: under a steady stream of usage nothing else would ever get its turn.
        let began = context.dependencies.realNow()
        while true {
            let waiting = try await waiting(queuedBy: began, except: left, includingFailed: end == nil)
            guard !waiting.isEmpty else { return (settled, fault) }
            for id in waiting {
                if let end {
                    try Task.checkCancellation()
                    guard context.dependencies.realNow() < end else { return (settled, fault) }
                }
                do {
                    try await one(id, at: now, lockTimeout: end == nil ? nil : Self.lockTimeout)
                    settled += 1
                } catch is CancellationError {
                    throw CancellationError()
                } catch let error as PostgresError where end != nil && error.isLockTimeout {
                    left.insert(id)
                } catch {
                    left.insert(id)
                    fault = fault ?? error
                    await postpone(id, because: error)
                }
            }
        }
    }

    /// The queue is a local table that knows tenants and subscriptions only.
    private func waiting(queuedBy began: Instant, except left: Set<SubscriptionID>, includingFailed: Bool) async throws
        -> [SubscriptionID]
    {
        let isDue: SQL = includingFailed ? "queued_at <= \(began)" : "coalesce(retry_at, queued_at) <= \(began)"
        let rows = try await context.read(
            """
            select subscription_id from work.settlement_queue where tenant_id = \(context.tenant.id) \
            and \(isDue) and not subscription_id = any(\(Array(left))) order by coalesce(retry_at, queued_at) limit 500
            """
        ).rows
        return try rows.map { try $0.get(0) }
    }

    private func one(_ id: SubscriptionID, at now: Instant?, lockTimeout: Duration?) async throws {
        try await context.work(at: now, lockTimeout: lockTimeout) { write in
            // The subscription's row first, as whoever brings usage does: the two orders would wait for each other. New usage that is queued
            // meanwhile waits for this transaction and then stands in the queue anew.
            let claim: SQL = """
                delete from work.settlement_queue where tenant_id = \(write.tenant.id) and subscription_id = \(id) returning subscription_id
                """
            let rows = try await write.begin(locking: id, [claim])
            // Somebody else has settled it meanwhile, or nothing is there to settle.
            guard !rows[2].isEmpty, var subscription = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first else {
                return
            }
            try await Self.settle(&subscription, in: write)
        }
    }

    private func postpone(_ id: SubscriptionID, because error: any Error) async {
        context.dependencies.log(.error, "settlement failed", [("subscription", id.description), ("error", "\(error)")])
        let retryAt = context.dependencies.realNow().adding(seconds: Self.retrySeconds)
        try? await context.work { write in
            write.enqueue(
                """
                update work.settlement_queue set attempts = attempts + 1, retry_at = \(retryAt), last_error = \(String("\(error)".prefix(300))) \
                where tenant_id = \(write.tenant.id) and subscription_id = \(id)
                """)
        }
    }

    // MARK: Inside a transaction that holds the subscription's row

    /// Settles what the locked subscription has waiting. When that empties its credit, it is suspended here and now.
    static func settle(_ subscription: inout Subscription, in write: Write) async throws {
        guard subscription.state != .deleted else { return }
        while true {
            let rows = try await write.query(unsettled(subscription, write.tenant.id))
            guard !rows[0].isEmpty else { return }
            let batch = try Batch(records: rows[0], lines: rows[1], currency: subscription.currency)
            let settlement = write.newID(LedgerEntryID.self).uuid
            if subscription.offer == .enterprise {
                try await settleAgainstCommitment(batch, subscription, settlement, write)
            } else {
                try settleAgainstCredit(batch, &subscription, settlement, write)
            }
            write.enqueue(
                """
                update usage_records set settlement_id = \(settlement) where tenant_id = \(write.tenant.id) and subscription_id = \(subscription.id) \
                and settlement_id is null and id = any(\(batch.records.map(\.id)))
                """)
            if batch.records.count < recordsAtOnce { return }
        }
    }

    private static func unsettled(_ subscription: Subscription, _ tenant: TenantID) -> [SQL] {
        [
            """
            select id, occurred_at, product, meter, bill_month, quantity, cost, unit from usage_records \
            where tenant_id = \(tenant) and subscription_id = \(subscription.id) and settlement_id is null \
            order by occurred_at, id limit \(recordsAtOnce)
            """,
            """
            select product, meter, bill_month, quantity, exact_amount, posted_minor from bill_lines \
            where tenant_id = \(tenant) and subscription_id = \(subscription.id)
            """,
        ]
    }

    /// Credit offers: the subscription's own lots, then outstanding (M5, M6).
    private static func settleAgainstCredit(
        _ batch: Batch, _ subscription: inout Subscription, _ settlement: UUID, _ write: Write
    ) throws {
        let result = try Settlement.settle(
            batch.records, totals: batch.totals, lots: subscription.credit, outstanding: subscription.outstanding)
        // Events bring no negative cost and files only reach enterprise subscriptions, so nothing can be left over to give back.
        guard result.surplus.isZero else { throw SettlementError.overflow }
        let revenue = LedgerAccount(kind: .revenue, owner: subscription.accountID.uuid)
        let receivable = LedgerAccount(kind: .receivable, owner: subscription.id.uuid)
        var transfers = result.draws.map { draw in
            signed(
                draw.amount.minor, from: LedgerAccount(kind: .creditLot, owner: draw.lotID.uuid), to: revenue, "usage",
                "usage_refund")
        }
        transfers.append(
            signed(result.outstandingChange.minor, from: receivable, to: revenue, "usage_outstanding", "usage_refund"))
        write.post(
            transfers, source: TransferSource(kind: .settlement, id: settlement), account: subscription.accountID,
            subscription: subscription.id,
            currency: subscription.currency, at: write.now)
        store(result.totals, units: batch.units, of: subscription, write)
        let before = subscription.credit
        for lot in result.lots {
            if let index = subscription.lots.firstIndex(where: { $0.credit.id == lot.id }) {
                subscription.lots[index].credit = lot
            }
        }
        subscription.outstandingMinor = result.outstanding.minor
        subscription.version += 1
        subscription.updatedAt = write.now
        write.storeRow(subscription)
        write.warnIfLow(subscription, before: before)
        guard result.isCreditEmpty,
            let exhausted = try? subscription.facts.adding(.creditExhausted, at: write.now, policy: subscription.policy),
            !exhausted.isUnchanged
        else { return }
        write.store(exhausted, to: &subscription)
    }

    /// Enterprise: the enrollment's commitment, then overage (M5). The enrollment's row is locked after the subscription's, always in this order.
    private static func settleAgainstCommitment(
        _ batch: Batch, _ subscription: Subscription, _ settlement: UUID, _ write: Write
    ) async throws {
        guard let enrollment = subscription.enrollmentID else { return }
        let lock: SQL = """
            select commitment_minor, posted_minor, name from enrollments where tenant_id = \(write.tenant.id) and id = \(enrollment) for no key update
            """
        let rows = try await write.query([lock] + DepartmentLines.statements(subscription, write.tenant.id))
        guard let row = rows[0].first else { throw Failure.notFound }
        let (commitment, posted) = (subscription.money(try row.get(0)), subscription.money(try row.get(1)))
        let result = try CommitmentDraw.settle(
            batch.records, totals: batch.totals, enrollmentPosted: posted, commitment: commitment)
        let revenue = LedgerAccount(kind: .revenue, owner: subscription.accountID.uuid)
        write.post(
            [
                signed(
                    result.commitment.minor, from: LedgerAccount(kind: .commitment, owner: enrollment.uuid), to: revenue, "usage",
                    "usage_refund"),
                signed(
                    result.overage.minor, from: LedgerAccount(kind: .overageReceivable, owner: enrollment.uuid), to: revenue,
                    "overage",
                    "overage_refund"),
            ], source: TransferSource(kind: .settlement, id: settlement), account: subscription.accountID,
            subscription: subscription.id,
            currency: subscription.currency, at: write.now)
        write.enqueue(
            "update enrollments set posted_minor = \(result.enrollmentPosted.minor) where tenant_id = \(write.tenant.id) and id = \(enrollment)"
        )
        try await EnrollmentLetters(enrollment: enrollment, name: try row.get(2), write: write)
            .commitmentUsed(from: posted, to: result.enrollmentPosted, commitment: commitment)
        store(result.totals, units: batch.units, of: subscription, write)
        try DepartmentLines.store(batch.records, rows.dropFirst(), of: subscription, in: enrollment, write)
    }

    /// A movement that may have either sign, as a transfer of a positive amount in the right direction.
    private static func signed(
        _ minor: Int64, from: LedgerAccount, to: LedgerAccount, _ forward: String, _ back: String
    ) -> Transfer {
        minor >= 0
            ? Transfer(debit: from, credit: to, amountMinor: minor, purpose: forward)
            : Transfer(debit: to, credit: from, amountMinor: -minor, purpose: back)
    }

    private static func store(
        _ totals: [BillItem: RunningTotal], units: [BillItem: String], of subscription: Subscription, _ write: Write
    ) {
        let items = totals.keys.sorted()
        write.enqueue(
            """
            insert into bill_lines (tenant_id, subscription_id, bill_month, product, meter, currency, quantity, unit, exact_amount, posted_minor) \
            select \(write.tenant.id), \(subscription.id), l.month, l.product, l.meter, \(subscription.currency), l.quantity, l.unit, l.exact, l.posted \
            from unnest(\(items.map(\.month.start)), \(items.map(\.product)), \(items.map(\.meter)), \(items.map { totals[$0]?.quantity ?? .zero }), \
            \(items.map { units[$0] ?? "" }), \(items.map { totals[$0]?.exact ?? .zero }), \(items.map { totals[$0]?.posted.minor ?? 0 })) \
            as l (month, product, meter, quantity, unit, exact, posted) \
            on conflict (tenant_id, subscription_id, bill_month, product, meter) do update set \
            quantity = excluded.quantity, exact_amount = excluded.exact_amount, posted_minor = excluded.posted_minor
            """)
    }

    /// The records of one step with the totals of the lines they fall on.
    private struct Batch {
        var records: [UnsettledRecord] = []
        var totals: [BillItem: RunningTotal] = [:]
        var units: [BillItem: String] = [:]

        init(records rows: Rows, lines: Rows, currency: Currency) throws {
            for row in rows {
                var column = Columns(row)
                let id: UsageRecordID = try column.next()
                let time: Instant = try column.next()
                let product: String = try column.next()
                let meter: String = try column.next()
                let item = BillItem(product: product, meter: meter, month: CivilMonth(of: try column.next(CivilDate.self)))
                records.append(
                    UnsettledRecord(id: id, time: time, item: item, quantity: try column.next(), cost: try column.next()))
                if units[item] == nil { units[item] = try column.next() }
            }
            for row in lines {
                var column = Columns(row)
                let product: String = try column.next()
                let meter: String = try column.next()
                let item = BillItem(product: product, meter: meter, month: CivilMonth(of: try column.next(CivilDate.self)))
                totals[item] = RunningTotal(
                    quantity: try column.next(), exact: try column.next(),
                    posted: Money(minor: try column.next(), currency: currency))
            }
        }
    }
}
