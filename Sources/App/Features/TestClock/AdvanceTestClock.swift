import Billing
import FoundationEssentials
import Postgres
import Values

/// Moves a sandbox tenant's clock forward and runs everything that falls due on the way, in order, each at its own instant, before it answers.
///
/// A second advance meanwhile is refused; one whose server was killed holds its lease for a short real time and is then resumed, by the next
/// advance to the same instant or by the sweeper.
package struct AdvanceTestClock {
    /// How long a killed advance blocks the next one, in seconds of real time. A running one renews it with every timer.
    static let leaseSeconds: Int64 = 15

    package struct Outcome: Sendable {
        package var now: Instant
        package var ran: [String: Int]
    }

    let context: TenantContext
    let dependencies: Dependencies

    package init(_ context: TenantContext) {
        self.context = context
        dependencies = context.dependencies
    }

    package func callAsFunction(to target: Instant) async throws -> Outcome {
        try confirmReachable(target)
        let token = try await claim(target)
        return try await run(to: target, token: token)
    }

    /// What a dry run tells: the deadlines that stand now and fall due by then, by kind. What they would set in their turn is not foreseen, and nothing moves.
    ///
    /// - Throws: what the advance itself would be refused for.
    package func rehearse(to target: Instant) async throws -> [String: Int] {
        try confirmReachable(target)
        let rows = try await context.read([
            "select now_at, advancing_to, advance_lease from test_clocks where tenant_id = \(context.tenant.id)",
            DueTimers.counted(by: target, context.tenant.id), DueNotices.counted(by: target, context.tenant.id),
        ]).rows
        try Self.confirmMayMove(rows[0].first, to: target, at: dependencies.realNow())
        var due: [String: Int] = [:]
        for row in rows[1].map(\.self) + rows[2].map(\.self) {
            var column = Columns(row)
            let kind: String = try column.next()
            due[kind, default: 0] += Int(try column.next(Int64.self))
        }
        return due
    }

    private func confirmReachable(_ target: Instant) throws {
        guard context.tenant.isSandbox else { throw Failure.forbidden(code: "test_clock_live_tenant") }
        guard target.microseconds <= Self.latest.microseconds else {
            throw Failure.invalid([FieldError("/to", "too_far", ["latest": Self.latest.rfc3339])])
        }
    }

    private static func confirmMayMove(_ clock: Row?, to target: Instant, at real: Instant) throws {
        guard let clock else { throw Failure.notFound }
        var column = Columns(clock)
        let now: Instant = try column.next()
        let running: Instant? = try column.next()
        let lease: Instant? = try column.next()
        if let running, let lease, lease > real || running != target {
            throw Failure.conflict(code: "test_clock_advancing", arguments: ["to": running.rfc3339])
        }
        guard target >= now else {
            throw Failure.invalid([FieldError("/to", "clock_backwards", ["now": now.rfc3339])])
        }
    }

    /// Year 2200: far enough for any story, near enough that no calendar arithmetic leaves its range.
    static let latest = Instant(secondsSinceEpoch: 7_258_118_400)

    /// Continues advances that a killed server left behind. True when there was one.
    package func resume() async throws -> Bool {
        let rows = try await context.read(
            "select advancing_to, advance_lease from test_clocks where tenant_id = \(context.tenant.id)"
        ).rows
        guard let row = rows.first else { return false }
        var column = Columns(row)
        let target: Instant? = try column.next()
        let lease: Instant? = try column.next()
        guard let target, let lease, lease <= dependencies.realNow() else { return false }
        let token = try await claim(target)
        _ = try await run(to: target, token: token)
        return true
    }

    private func claim(_ target: Instant) async throws -> UUID {
        let token = dependencies.newID(TimerID.self).uuid
        let real = dependencies.realNow()
        try await context.work(at: target) { write in
            let rows = try await write.begin([
                """
                select now_at, advancing_to, advance_lease from test_clocks where tenant_id = \(write.tenant.id) for no key update
                """
            ])
            try Self.confirmMayMove(rows[0].first, to: target, at: real)
            write.enqueue(
                """
                update test_clocks set advancing_to = \(target), advance_lease = \(real.adding(seconds: Self.leaseSeconds)), advance_token = \(token) \
                where tenant_id = \(write.tenant.id)
                """)
        }
        return token
    }

    private func run(to target: Instant, token: UUID) async throws -> Outcome {
        var ran: [String: Int] = [:]
        let settle = SettleUsage(context)
        let letters = LettersOfEvents(context)
        ran["settlements", default: 0] += try await settle.everything()
        ran["letters", default: 0] += try await letters.everything()
        // Every timer moves time forward or deletes itself; the bound only guards against a rule that would set its timer again for ever.
        for _ in 0..<10_000_000 {
            let timer = try await DueTimers(context).next(dueBy: target, includingRetries: false)
            let notice = try await DueNotices(context).next(dueBy: target)
            // Of one instant what happens comes before what is told of it.
            if let notice, notice.dueAt < timer?.dueAt ?? notice.dueAt.adding(microseconds: 1) {
                try await step(to: notice.dueAt, token: token, finishing: false)
                ran["settlements", default: 0] += try await settle.everything(at: notice.dueAt)
                try await DueNotices(context).run(notice, at: notice.dueAt)
                ran[notice.kind.rawValue, default: 0] += 1
            } else if let timer {
                try await step(to: timer.dueAt, token: token, finishing: false)
                ran["settlements", default: 0] += try await settle.everything(at: timer.dueAt)
                try await DueTimers(context).run(timer, at: timer.dueAt)
                ran[timer.kind.rawValue, default: 0] += 1
            } else {
                break
            }
            ran["letters", default: 0] += try await letters.everything()
        }
        try await step(to: target, token: token, finishing: true)
        return Outcome(now: target, ran: ran)
    }

    /// Moves the clock, if the lease is still ours; a clock never goes back to a timer that was overdue.
    private func step(to instant: Instant, token: UUID, finishing: Bool) async throws {
        let lease = dependencies.realNow().adding(seconds: Self.leaseSeconds)
        try await context.work(at: instant) { write in
            let moved = try await write.begin([
                """
                update test_clocks set now_at = greatest(now_at, \(instant)), advancing_to = case when \(finishing) then null else advancing_to end, \
                advance_lease = case when \(finishing) then null else \(lease) end, \
                advance_token = case when \(finishing) then null else advance_token end \
                where tenant_id = \(write.tenant.id) and advance_token = \(token) returning now_at
                """
            ])
            guard !moved[0].isEmpty else {
                throw Failure.conflict(code: "test_clock_advancing", arguments: ["to": instant.rfc3339])
            }
        }
    }
}
