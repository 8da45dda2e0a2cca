import Billing
import FoundationEssentials
import Postgres
import Values

/// What an agreement's administrators are written to about: how far its commitment is used, and that its term ends. The rule is that of the notices on
/// their page; each letter is sent once.
struct EnrollmentLetters {
    let enrollment: EnrollmentID
    let name: String
    let write: Write

    /// A posting has passed a threshold of the commitment.
    func commitmentUsed(from before: Money, to after: Money, commitment: Money) async throws {
        guard let percent = EnrollmentNotices.passed(from: before, to: after, commitment: commitment) else { return }
        let over = after.minor - commitment.minor
        var facts: [String: LetterFact] = [
            "agreement": .text(name), "percent": .number(percent), "commitment": .money(commitment), "posted": .money(after),
        ]
        if percent < 100 {
            facts["commitment_left"] = .money(Money(minor: -over, currency: after.currency))
        } else {
            facts["overage"] = .money(Money(minor: max(0, over), currency: after.currency))
        }
        // What is given back may bring the sum below a threshold again: passing it a second time is no news.
        try await send(.commitmentUsed, facts, cause: "commitment \(enrollment) \(percent)")
    }

    /// The term ends in so many days; `letter` is the one of the letters that this is.
    func termEnds(on end: CivilDate, days: Int, letter: Int) async throws {
        try await send(
            .termEnds, ["agreement": .text(name), "on": .date(end), "days": .number(days)],
            cause: "term \(enrollment) \(end.iso) \(letter)")
    }

    private func send(_ kind: LetterKind, _ facts: [String: LetterFact], cause: String) async throws {
        let rows = try await write.query(
            """
            select u.id, u.email from role_assignments r join users u on u.tenant_id = r.tenant_id and u.id = r.user_id \
            where r.tenant_id = \(write.tenant.id) and r.enrollment_id = \(enrollment) and r.role = 'enterprise_admin' order by u.id
            """)
        for row in rows {
            let reader = Letter.Recipient(user: try row.get(0), email: try row.get(1))
            write.send(
                Letter(
                    kind, to: reader, facts: facts, link: PageRoute.enrollment.url(enrollment.description),
                    cause: UUID(naming: cause)))
        }
    }
}

/// 60 and 30 days before the end of an agreement's term, told once each.
struct TermEndsNotice: Sendable {
    let enrollment: EnrollmentID
    let due: DueNotices.Due

    func run(_ write: Write) async throws {
        let tenant = write.tenant.id
        let rows = try await write.begin([
            "select due_at from notice_timers where tenant_id = \(tenant) and kind = 'term_ends' and subject_id = \(enrollment) for update",
            "select name, ends_on from enrollments where tenant_id = \(tenant) and id = \(enrollment)",
        ])
        // Somebody was faster: the notice has moved on.
        guard let stored = rows[0].first, try stored.get(0, as: Instant.self) == due.dueAt, let row = rows[1].first else {
            return
        }
        let endsOn: CivilDate = try row.get(1)
        write.setTermNotice(of: enrollment, endsOn: endsOn)
        let zone = TimeZoneRule(identifier: write.tenant.timeZone) ?? .utc
        guard let letter = EnrollmentNotices.dueTermLetter(at: write.now, endsOn: endsOn, in: zone) else { return }
        try await EnrollmentLetters(enrollment: enrollment, name: try row.get(0), write: write)
            .termEnds(on: endsOn, days: zone.date(at: write.now).daysUntil(endsOn), letter: letter)
    }
}
