import Values

/// What somebody who answers for an enterprise agreement has to know now.
package enum EnrollmentNotice: Sendable, Hashable {
    /// The term ends in so many days, at most `EnrollmentNotices.termDays`.
    case termEnds(on: CivilDate, days: Int)
    /// The first day after the term is here, or has been.
    case termOver(on: CivilDate)
    /// The highest of the thresholds that has been reached.
    case commitmentUsed(percent: Int, remaining: Money)
    case departmentOverQuota(DepartmentID, over: Money)

    package var kind: String {
        switch self {
        case .termEnds: "term_ends"
        case .termOver: "term_over"
        case .commitmentUsed: "commitment_used"
        case .departmentOverQuota: "department_over_quota"
        }
    }
    /// Whether something is being lost or overspent already.
    package var isGrave: Bool {
        switch self {
        case .termOver, .departmentOverQuota: true
        case .commitmentUsed(let percent, _): percent >= 100
        case .termEnds: false
        }
    }
}

/// What has been counted to one department in the term, and what it may come to.
package struct DepartmentSpend: Sendable, Hashable {
    package let id: DepartmentID
    package let quota: Money?
    package let spent: Money

    package init(id: DepartmentID, quota: Money?, spent: Money) {
        self.id = id
        self.quota = quota
        self.spent = spent
    }

    /// By how much the quota is exceeded; a quota that is used to the last cent is not.
    package var over: Money? {
        guard let quota, quota.currency == spent.currency, spent.minor > quota.minor else { return nil }
        return try? spent.subtracting(quota)
    }
    package var remaining: Money? {
        guard let quota, quota.currency == spent.currency else { return nil }
        return Money(minor: max(0, quota.minor - max(0, spent.minor)), currency: quota.currency)
    }
}

/// The notices of an enrollment, the gravest kind first: departments over quota stand last because there may be many.
package enum EnrollmentNotices {
    package static let termDays = 90
    package static let thresholds = [100, 80, 50]

    /// - Parameters:
    ///   - endsOn: the first day after the term.
    ///   - posted: all usage posted to the enrollment, overage included.
    package static func notices(
        today: CivilDate, endsOn: CivilDate, commitment: Money, posted: Money, departments: [DepartmentSpend]
    ) -> [EnrollmentNotice] {
        var notices: [EnrollmentNotice] = []
        let days = today.daysUntil(endsOn)
        if days <= 0 {
            notices.append(.termOver(on: endsOn))
        } else if days <= termDays {
            notices.append(.termEnds(on: endsOn, days: days))
        }
        if commitment.isPositive, let reached = thresholds.first(where: { isReached($0, posted, commitment) }) {
            let used = CommitmentDraw.share(of: posted, commitment)
            notices.append(
                .commitmentUsed(
                    percent: reached, remaining: Money(minor: commitment.minor - used.minor, currency: commitment.currency)))
        }
        for department in departments {
            if let over = department.over { notices.append(.departmentOverQuota(department.id, over: over)) }
        }
        return notices
    }

    /// The highest threshold that a posting has just passed; nil where it passed none.
    package static func passed(from before: Money, to after: Money, commitment: Money) -> Int? {
        guard commitment.isPositive else { return nil }
        return thresholds.first { isReached($0, after, commitment) && !isReached($0, before, commitment) }
    }

    // MARK: The end of the term, by letter

    /// How many civil days before the first day after the term its administrators are written to; the page says it earlier.
    package static let termLetterDays = [60, 30]

    /// When the next letter about the end of the term is due: at the beginning of its day in the zone.
    package static func nextTermLetter(after now: Instant, endsOn: CivilDate, in zone: TimeZoneRule) -> Instant? {
        termLetterDays.map { zone.startOfDay(endsOn.adding(days: -$0)) }.filter { $0 > now }.min()
    }

    /// Which of the letters is due: the last whose day has come, until the term is over.
    package static func dueTermLetter(at now: Instant, endsOn: CivilDate, in zone: TimeZoneRule) -> Int? {
        let left = zone.date(at: now).daysUntil(endsOn)
        return left > 0 ? termLetterDays.filter { $0 >= left }.min() : nil
    }

    private static func isReached(_ percent: Int, _ posted: Money, _ commitment: Money) -> Bool {
        Int128(posted.minor) * 100 >= Int128(commitment.minor) * Int128(percent)
    }
}
