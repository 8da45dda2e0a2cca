import Billing
import FoundationEssentials
import Postgres
import Values

/// Gives the notices whose day has come. As with timers, what a notice says and when the next one is due is one transaction, decided from stored facts.
package struct DueNotices: Sendable {
    package struct Due: Sendable {
        package let kind: NoticeKind
        package let subject: UUID
        /// Nil for an agreement's, which is no single account's.
        package let account: AccountID?
        package let subscription: SubscriptionID?
        package let dueAt: Instant
    }

    /// So many of one tenant in one look: a Monday morning of thousands must not hold up the other tenants' deadlines.
    static let atOnce: Int64 = 200
    static let retrySeconds: Int64 = 30
    static let attemptsAtMost: Int32 = 20

    let context: TenantContext

    package init(_ context: TenantContext) { self.context = context }

    /// The earliest notice due by `limit` that has not failed.
    package func next(dueBy limit: Instant) async throws -> Due? {
        try await due(by: limit, includingRetries: false, limit: 1).first
    }

    /// How many of each kind fall due by then, those that are put off left out.
    static func counted(by limit: Instant, _ tenant: TenantID) -> SQL {
        """
        select kind, count(*) from notice_timers where tenant_id = \(tenant) and due_at <= \(limit) \
        and kind = any(\(NoticeKind.allCases.map(\.rawValue))) and retry_at is null group by kind
        """
    }

    private func due(by limit: Instant, includingRetries: Bool, limit count: Int64) async throws -> [Due] {
        let retryBy: Instant? = includingRetries ? context.dependencies.realNow() : nil
        let rows = try await context.read(
            """
            select kind, subject_id, account_id, subscription_id, due_at from notice_timers \
            where tenant_id = \(context.tenant.id) and due_at <= \(limit) and kind = any(\(NoticeKind.allCases.map(\.rawValue))) \
            and (retry_at is null or (retry_at <= \(retryBy) and attempts < \(Self.attemptsAtMost))) \
            order by due_at, array_position(\(NoticeKind.allCases.map(\.rawValue)), kind), subject_id limit \(count)
            """
        ).rows
        return try rows.map { row in
            var column = Columns(row)
            guard let kind = NoticeKind(rawValue: try column.next()) else { throw UnknownWord() }
            return Due(
                kind: kind, subject: try column.next(), account: try column.next(), subscription: try column.next(),
                dueAt: try column.next())
        }
    }

    /// Gives what is due on a live tenant's real time, a bounded number; answers how many.
    package func sweep() async throws -> Int {
        let now = context.dependencies.realNow()
        let batch = try await due(by: now, includingRetries: true, limit: Self.atOnce)
        for notice in batch { try await run(notice, at: now) }
        return batch.count
    }

    /// Gives one notice at `now`. A failure is written down and left for later; it never stops the others.
    package func run(_ notice: Due, at now: Instant) async throws {
        do {
            try await context.work(at: now) { write in
                switch notice.kind {
                case .creditExpiring: try await CreditExpiringNotice(lot: LotID(notice.subject), due: notice).run(write)
                case .deletionCountdown: try await DeletionCountdownNotice(due: notice).run(write)
                case .balanceNotice:
                    if let account = notice.account { try await MondayNotice(account: account, due: notice).run(write) }
                case .termEnds: try await TermEndsNotice(enrollment: EnrollmentID(notice.subject), due: notice).run(write)
                }
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as PostgresError where error.isRetryable {
            throw error
        } catch {
            await postpone(notice, because: error)
        }
    }

    private func postpone(_ notice: Due, because error: any Error) async {
        context.dependencies.log(
            .error, "notice failed", [("kind", notice.kind.rawValue), ("subject", "\(notice.subject)"), ("error", "\(error)")])
        let retryAt = context.dependencies.realNow().adding(seconds: Self.retrySeconds)
        try? await context.work { write in
            write.enqueue(
                """
                update notice_timers set attempts = attempts + 1, retry_at = \(retryAt), last_error = \(String("\(error)".prefix(300))) \
                where tenant_id = \(write.tenant.id) and kind = \(notice.kind.rawValue) and subject_id = \(notice.subject)
                """)
        }
    }
}
