import Billing
import HTML
import Values

/// Which days a usage page is about, as its address says it: `days=7`, `month=2026-10`, or `from` and `to`, both days included. By default the last ten days.
struct UsagePeriod: Sendable, Equatable {
    enum Choice: Sendable, Equatable {
        /// Today − n to today (B9).
        case days(Int)
        case month(CivilMonth)
        case dates(CivilDate, CivilDate)
    }
    enum Fault: String, Sendable, Equatable {
        case from, to, month, backwards, tooLong
    }

    static let presets = [7, 10, 30]

    let choice: Choice
    let first: CivilDate
    let last: CivilDate

    private init(_ choice: Choice, _ first: CivilDate, _ last: CivilDate) {
        self.choice = choice
        self.first = first
        self.last = last
    }

    init(days: Int, today: CivilDate) { self.init(.days(days), today.adding(days: -days), today) }
    init(month: CivilMonth) { self.init(.month(month), month.start, month.last) }

    /// What the address asks for. A count of days that no link offers is the default; days and months that cannot be are a fault that the form shows.
    static func read(_ ask: (String) -> String?, today: CivilDate) -> Result<UsagePeriod, UsagePeriodFault> {
        let (from, to) = (ask("from") ?? "", ask("to") ?? "")
        if !from.isEmpty || !to.isEmpty { return dates(from, to, today: today) }
        if let typed = ask("month"), !typed.isEmpty {
            return CivilMonth(iso: typed).map { .success(UsagePeriod(month: $0)) } ?? .failure(UsagePeriodFault(.month))
        }
        let days = ask("days").flatMap { Int($0) }.flatMap { presets.contains($0) ? $0 : nil } ?? 10
        return .success(UsagePeriod(days: days, today: today))
    }

    /// One of the two may be left out: then through today, or ten days before the last.
    private static func dates(_ from: String, _ to: String, today: CivilDate) -> Result<UsagePeriod, UsagePeriodFault> {
        let (start, end) = (CivilDate(iso: from), CivilDate(iso: to))
        if !from.isEmpty, start == nil { return .failure(UsagePeriodFault(.from)) }
        if !to.isEmpty, end == nil { return .failure(UsagePeriodFault(.to)) }
        let last = end ?? start.map { max($0, today) } ?? today
        let first = start ?? last.adding(days: -10)
        if first > last { return .failure(UsagePeriodFault(.backwards)) }
        if first.daysUntil(last) >= Int(UsageSpan.daysAtMost) { return .failure(UsagePeriodFault(.tooLong)) }
        return .success(UsagePeriod(.dates(first, last), first, last))
    }

    func span(in zone: TimeZoneRule) -> UsageSpan { UsageSpan(first: first, last: last, in: zone) }

    /// The address' words for it; the default has none.
    var query: [(String, String)] {
        switch choice {
        case .days(10): []
        case .days(let days): [("days", String(days))]
        case .month(let month): [("month", month.iso)]
        case .dates: dates
        }
    }

    /// For files, whose address should mean the same tomorrow.
    var fileQuery: [(String, String)] {
        if case .month(let month) = choice { return [("month", month.iso)] }
        return dates
    }

    private var dates: [(String, String)] { [("from", first.iso), ("to", last.iso)] }
}

struct UsagePeriodFault: Error, Sendable {
    let fault: UsagePeriod.Fault

    init(_ fault: UsagePeriod.Fault) { self.fault = fault }

    /// The same for whoever asks for a file.
    var failure: Failure {
        switch fault {
        case .from, .to: .malformed(code: "invalid_date", pointer: "?\(fault.rawValue)")
        case .month: .malformed(code: "invalid_month", pointer: "?month")
        case .backwards: .malformed(code: "range_backwards")
        case .tooLong: .malformed(code: "range_too_long", arguments: ["days": String(UsageSpan.daysAtMost)])
        }
    }

    func problem(_ t: Localiser) -> FieldProblem {
        let most = ["days": t.number(UsageSpan.daysAtMost)]
        switch fault {
        case .from: return FieldProblem("from", t("usage_page.not_a_date"))
        case .to: return FieldProblem("to", t("usage_page.not_a_date"))
        case .month: return FieldProblem("month", t("usage_page.not_a_month"))
        case .backwards: return FieldProblem("to", t("usage_page.backwards"))
        case .tooLong: return FieldProblem("to", t("usage_page.too_long", most))
        }
    }
}
