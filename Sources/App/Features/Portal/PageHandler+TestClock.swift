import Billing
import HTML
import HTTP
import Postgres
import Values

/// A sandbox tenant's time: shown, previewed, moved (L8).
extension PageHandler {
    private static let dueShown: Int64 = 20
    /// After these a subscription has nothing more to come.
    private static let endings = [TimerKind.subscriptionDeletion, .pendingLapse].map(\.rawValue)
    /// The last advance, for the page after it: shown once, and nothing depends on it.
    private static let ranCookie = "bursar_ran"

    func testClock(_ visit: Visit) async throws -> HTTPResponse {
        let context = try sandbox(visit)
        guard let typed = visit["to"], !typed.trimmingBlankSpace().isEmpty else {
            var page = try await clockPage(visit, context, until: nil)
            page.lastRun = visit.request.cookie(Self.ranCookie).flatMap(Self.run)
            return visit.page(
                page, Frame(current: PageRoute.testClock.url()),
                cookies: page.lastRun == nil ? [] : [cookies.taken(Self.ranCookie)])
        }
        return try await preview(typed, visit, context)
    }

    func advanceTestClock(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let context = try sandbox(visit)
        let from = visit.localiser().now
        guard let target = Instant(rfc3339: form["to"]) else { return try await preview(form["to"], visit, context) }
        // Time moves once: sent twice, the second finds that it is there already.
        let outcome: AdvanceTestClock.Outcome
        do { outcome = try await AdvanceTestClock(context)(to: target) } catch Failure.invalid {
            return try await preview(form["to"], visit, context)
        }
        let counts = outcome.ran.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { "\($0.key).\($0.value)" }
        let told = ([String(from.microseconds), String(outcome.now.microseconds)] + counts).joined(separator: "-")
        return visit.redirect(PageRoute.testClock.url(), cookies: [cookies.line(Self.ranCookie, told, seconds: 60)])
    }

    private func sandbox(_ visit: Visit) throws -> TenantContext {
        let context = try visit.context()
        try requireOperator(context)
        guard context.tenant.isSandbox else { throw Failure.forbidden(code: "test_clock_live_tenant") }
        return context
    }

    private func preview(_ typed: String, _ visit: Visit, _ context: TenantContext) async throws -> HTTPResponse {
        let t = visit.localiser()
        let frame = Frame(current: PageRoute.testClock.url())
        guard let target = Self.instant(typed, t.zone) else {
            return try await refused(t("form.time_malformed"), typed, visit, context)
        }
        guard target > t.now else {
            return try await refused(t("form.time_backwards", ["now": t.exactTime(t.now)]), typed, visit, context)
        }
        guard target <= AdvanceTestClock.latest else {
            return try await refused(
                t("error.too_far.detail", ["latest": t.dateTime(AdvanceTestClock.latest)]), typed, visit, context)
        }
        var page = try await clockPage(visit, context, until: target)
        page.typed = typed
        return visit.page(page, frame)
    }

    private func refused(_ words: String, _ typed: String, _ visit: Visit, _ context: TenantContext) async throws -> HTTPResponse
    {
        var page = try await clockPage(visit, context, until: nil)
        page.typed = typed
        page.problems = [FieldProblem("to", words)]
        return visit.page(page, Frame(current: PageRoute.testClock.url()), status: 422)
    }

    private func clockPage(_ visit: Visit, _ context: TenantContext, until target: Instant?) async throws -> TestClockPage {
        let tenant = context.tenant.id
        let until: SQL = target.map { "and t.due_at <= \($0)" } ?? ""
        // What a deletion, or an order that lapses, takes along never happens (L2, L11).
        let bound: SQL = """
            \(until) and not exists (select 1 from timers d where d.tenant_id = t.tenant_id \
            and d.subject_id = t.subscription_id and d.kind = any(\(Self.endings)) and d.due_at < t.due_at)
            """
        let (_, rows) = try await context.read([
            """
            select t.due_at, t.kind, s.id, s.account_id, s.name from timers t join subscriptions s on s.tenant_id = t.tenant_id and s.id = t.subscription_id \
            where t.tenant_id = \(tenant) \(bound) order by t.due_at, t.kind, t.subject_id limit \(Self.dueShown)
            """,
            "select count(*) from timers t where t.tenant_id = \(tenant) \(bound)",
            "select advancing_to is not null from test_clocks where tenant_id = \(tenant)",
        ])
        let t = visit.localiser()
        var page = TestClockPage(
            page: PageRoute.testClock.url(), action: PageRoute.advanceTestClock.url(), tokens: visit.tokens(keyed: false),
            realNow: dependencies.realNow())
        page.due = try rows[0].map { row in
            var column = Columns(row)
            let at: Instant = try column.next()
            let kind: String = try column.next()
            let id: SubscriptionID = try column.next()
            let account: AccountID = try column.next()
            let name: String? = try column.next()
            return TestClockPage.Due(
                at: at, kind: kind,
                subscription: NavigationItem(
                    name ?? t("subscriptions.erased_name"), SubscriptionLinks(account: account, id: id).overview))
        }
        if let target { page.proposal = .init(to: target, dueCount: Int(try rows[1][0].get(0, as: Int64.self))) }
        page.isAdvancing = try rows[2].first.map { try $0.get(0) } ?? false
        page.presets = presets(t, firstDue: page.due.first?.at)
        return page
    }

    private func presets(_ t: Localiser, firstDue: Instant?) -> [(label: String, to: Instant)] {
        let today = t.zone.date(at: t.now)
        var presets = [
            (t("clock.plus_day"), t.now.adding(days: 1)), (t("clock.plus_week"), t.now.adding(days: 7)),
            (t("clock.plus_month"), t.zone.adding(months: 1, to: t.now)),
            (t("clock.next_month"), t.zone.startOfDay(today.monthStart.adding(months: 1))),
            (t("clock.plus_retention"), t.now.adding(days: 90)),
        ]
        if let firstDue, firstDue > t.now { presets.insert((t("clock.to_next_due"), firstDue), at: 0) }
        return presets.map { (label: $0.0, to: $0.1) }
    }

    /// RFC 3339, or `2026-12-01 00:00`, with seconds and their fraction if one likes, in the zone.
    static func instant(_ typed: String, _ zone: TimeZoneRule) -> Instant? {
        let text = typed.trimmingBlankSpace()
        if let instant = Instant(rfc3339: text) { return instant }
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "T" })
        guard let day = parts.first.flatMap({ CivilDate(iso: $0) }), parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return zone.startOfDay(day) }
        // The fields of the clock are read by the one strict reader of times, as if they were UTC's.
        let clock = parts[1].count == 5 ? "\(parts[1]):00" : String(parts[1])
        guard let inUTC = Instant(rfc3339: "\(day.iso)T\(clock)Z") else { return nil }
        let civil = TimeZoneRule.utc.civil(at: inUTC)
        return zone.instant(
            civil.date, hour: civil.hour, minute: civil.minute, second: civil.second, microsecond: civil.microsecond)
    }

    private static func run(_ told: String) -> TestClockPage.Run? {
        let parts = told.split(separator: "-")
        guard parts.count >= 2, parts.count <= 10, let from = Int64(parts[0]), let to = Int64(parts[1]) else { return nil }
        let known = TimerKind.allCases.map(\.rawValue) + ["settlements"]
        let counts = parts.dropFirst(2).compactMap { part -> (kind: String, count: Int)? in
            let pair = part.split(separator: ".")
            guard pair.count == 2, known.contains(String(pair[0])), let count = Int(pair[1]), count > 0, count < 1_000_000_000
            else { return nil }
            return (pair[0] == "settlements" ? "settlement" : String(pair[0]), count)
        }
        return TestClockPage.Run(from: Instant(microseconds: from), to: Instant(microseconds: to), counts: counts)
    }
}
