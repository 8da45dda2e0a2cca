import Billing
import FoundationEssentials
import Postgres
import Values

/// Runs the deadlines that have come. A timer's effect and its removal are one transaction under the subscription's lock, and the effect is decided
/// from stored facts: two runners, a late one or a repeated one change nothing (L8).
package struct DueTimers: Sendable {
    package struct Due: Sendable {
        package let kind: TimerKind
        package let subject: UUID
        package let subscription: SubscriptionID
        package let dueAt: Instant
    }

    static let retrySeconds: Int64 = 30
    /// After so many failures only a person can help; `doctor` and the operator see it.
    static let attemptsAtMost: Int32 = 20

    let context: TenantContext

    package init(_ context: TenantContext) { self.context = context }

    /// The earliest timer due by `limit`; of one instant, in the order of `TimerKind`.
    package func next(dueBy limit: Instant, includingRetries: Bool) async throws -> Due? {
        try await due(by: limit, includingRetries: includingRetries, limit: 1).first
    }

    /// How many of each kind fall due by then, those that are put off left out.
    static func counted(by limit: Instant, _ tenant: TenantID) -> SQL {
        """
        select kind, count(*) from timers where tenant_id = \(tenant) and due_at <= \(limit) and retry_at is null group by kind
        """
    }

    private func due(by limit: Instant, includingRetries: Bool, limit count: Int) async throws -> [Due] {
        let retryBy: Instant? = includingRetries ? context.dependencies.realNow() : nil
        let rows = try await context.read(
            """
            select kind, subject_id, subscription_id, due_at from timers \
            where tenant_id = \(context.tenant.id) and due_at <= \(limit) \
            and (retry_at is null or (retry_at <= \(retryBy) and attempts < \(Self.attemptsAtMost))) \
            order by due_at, array_position(\(TimerKind.allCases.map(\.rawValue)), kind), subject_id limit \(Int64(count))
            """
        ).rows
        return try rows.map { row in
            var column = Columns(row)
            guard let kind = TimerKind(rawValue: try column.next()) else { throw UnknownWord() }
            return Due(kind: kind, subject: try column.next(), subscription: try column.next(), dueAt: try column.next())
        }
    }

    /// Runs everything due on a live tenant's real time; answers how many ran.
    package func sweep() async throws -> Int {
        var ran = 0
        for _ in 0..<1_000 {
            let now = context.dependencies.realNow()
            let batch = try await due(by: now, includingRetries: true, limit: 200)
            for timer in batch {
                try await run(timer, at: now)
                ran += 1
            }
            if batch.count < 200 { break }
        }
        return ran
    }

    /// Runs one timer at `now`. A failure is written down and left for later; it never stops the others.
    package func run(_ timer: Due, at now: Instant) async throws {
        do {
            try await context.work(at: now) { write in
                switch timer.kind {
                case .lotExpiry: try await ExpireLot(subscription: timer.subscription, lot: LotID(timer.subject)).run(write)
                case .subscriptionDeletion: try await DeleteSubscription(id: timer.subscription).run(write)
                case .paymentExpiry:
                    try await ExpirePayment(subscription: timer.subscription, payment: PaymentID(timer.subject)).run(write)
                case .pendingLapse: try await LapseSubscription(id: timer.subscription).run(write)
                }
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as PostgresError where error.isRetryable {
            throw error
        } catch {
            await postpone(timer, because: error)
        }
    }

    private func postpone(_ timer: Due, because error: any Error) async {
        context.dependencies.log(
            .error, "timer failed", [("kind", timer.kind.rawValue), ("subject", "\(timer.subject)"), ("error", "\(error)")])
        let retryAt = context.dependencies.realNow().adding(seconds: Self.retrySeconds)
        try? await context.work { write in
            write.enqueue(
                """
                update timers set attempts = attempts + 1, retry_at = \(retryAt), last_error = \(String("\(error)".prefix(300))) \
                where tenant_id = \(write.tenant.id) and kind = \(timer.kind.rawValue) and subject_id = \(timer.subject)
                """)
        }
    }
}
