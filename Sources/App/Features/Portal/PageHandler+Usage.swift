import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// What was used, month by month and day by day, and the files of it (A6, A7).
extension PageHandler {
    func usagePage(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        let (subscription, t) = (view.subscription, visit.localiser(view.subscription.zone))
        let today = subscription.zone.date(at: view.now)
        let grouping = visit["group_by"].flatMap { UsageTable.Grouping(rawValue: $0) } ?? .product
        let asked = UsagePeriod.read({ visit[$0] }, today: today)
        let period = (try? asked.get()) ?? UsagePeriod(days: 10, today: today)
        var problems: [FieldProblem] = []
        if case .failure(let fault) = asked { problems.append(fault.problem(t)) }
        let content: UsagePage.Content =
            if subscription.facts.isLapsed { .lapsed } else if subscription.state == .deleted {
                .erased
            } else if !problems.isEmpty { .refused } else {
                .table(
                    try await UsageTable.load(
                        subscription, period.span(in: subscription.zone), by: grouping, at: view.now, view.context))
            }
        let kept = grouping == .product ? [] : [("group_by", grouping.rawValue)]
        @Sendable func here(_ period: [(String, String)], _ rest: [(String, String)]) -> URLPath {
            view.links(.usage, query: period + rest)
        }
        var page = UsagePage(
            crumbs: view.crumbs(t, current: t("usage_page.title")), name: view.name(t), sections: view.sections(.usage, t),
            presets: presets(period, today, t, isChosen: problems.isEmpty) { here($0.query, kept) },
            groupings: SectionLinks(
                t("usage_page.group_by"),
                UsageTable.Grouping.allCases.map { one in
                    NavigationItem(
                        t("usage_page.by_\(one.rawValue)"),
                        here(problems.isEmpty ? period.query : [], one == .product ? [] : [("group_by", one.rawValue)]),
                        isCurrent: one == grouping)
                }), action: view.links(.usage), content: content, whole: view.links(.usage),
            since: subscription.zone.date(at: subscription.facts.purchasedAt),
            pageURL: { number in here(period.query, kept + (number == 1 ? [] : [("page", String(number))])) })
        page.kept = kept
        page.from = problems.isEmpty ? period.first.iso : visit["from"] ?? ""
        page.to = problems.isEmpty ? min(period.last, max(today, period.first)).iso : visit["to"] ?? ""
        page.problems = problems
        if case .table(let table) = content {
            let pages = max(1, (table.rows.count + UsagePage.rowsAtOnce - 1) / UsagePage.rowsAtOnce)
            page.page = min(max(visit["page"].flatMap { Int($0) } ?? 1, 1), pages)
            if subscription.state != .pending { page.downloads = view.files(period.fileQuery) }
            page.events = view.links(.receivedEvents)
            let words = grouping == .product ? "day,product" : grouping == .resource ? "resource,product" : "day"
            page.downloads?.curl = curl(
                visit, .getUsage, view.subscription.id,
                "?from=\(table.span.from.rfc3339)&to=\(table.span.to.rfc3339)&group_by=\(words)")
        }
        return visit.page(page, view.frame, status: problems.isEmpty ? 200 : 422)
    }

    private func curl(_ visit: Visit, _ endpoint: Endpoint, _ id: SubscriptionID, _ query: String = "") -> String {
        "curl -H \"Authorization: Bearer $BURSAR_KEY\" \(ShellWord.quoted(visit.origin + endpoint.path(id.description) + query))"
    }

    private func presets(
        _ period: UsagePeriod, _ today: CivilDate, _ t: Localiser, isChosen: Bool, _ url: (UsagePeriod) -> URLPath
    ) -> SectionLinks {
        let days = UsagePeriod.presets.map { count in
            let preset = UsagePeriod(days: count, today: today)
            return NavigationItem(
                t("usage_page.days", ["days": t.number(count)]), url(preset), isCurrent: isChosen && preset == period)
        }
        let months = [today.civilMonth, today.civilMonth.adding(months: -1)].map { month in
            let preset = UsagePeriod(month: month)
            return NavigationItem(month.iso, url(preset), isCurrent: isChosen && preset.choice == period.choice)
        }
        return SectionLinks(t("usage_page.period"), days + months)
    }

    // MARK: Files

    func usageDownload(_ visit: Visit, _ format: UsageDownload.Format) async throws -> HTTPResponse {
        let account: AccountID = try visit.pathID(0)
        let context = try visit.context()
        let download = try await UsageDownload.of(
            try visit.pathID(1, as: SubscriptionID.self), try style(visit, format), localisation: localisation, context
        ) { try span(visit, at: $0, in: $1) }
        guard download.scope.account == account else { throw Failure.notFound }
        return try await download.response()
    }

    func accountUsageDownload(_ visit: Visit, _ format: UsageDownload.Format) async throws -> HTTPResponse {
        try await UsageDownload.of(
            try visit.pathID(0, as: AccountID.self), try style(visit, format), localisation: localisation, try visit.context()
        ) { try span(visit, at: $0, in: $1) }.response()
    }

    func enrollmentUsageDownload(_ visit: Visit, _ format: UsageDownload.Format) async throws -> HTTPResponse {
        try await UsageDownload.of(
            try visit.pathID(0, as: EnrollmentID.self), try style(visit, format), localisation: localisation,
            try visit.context()
        ) { try span(visit, at: $0, in: $1) }.response()
    }

    func erasableDownload(_ visit: Visit) async throws -> HTTPResponse {
        let account: AccountID = try visit.pathID(0)
        let download = try await ErasableDownload.prepare(try visit.pathID(1), try visit.context())
        guard download.subscription.accountID == account else { throw Failure.notFound }
        return download.response()
    }

    /// A header that people read, a mark for Excel, times of the account (G6). `header` adds the machine's names or another language.
    private func style(_ visit: Visit, _ format: UsageDownload.Format) throws -> UsageDownload.Style {
        var style = UsageDownload.Style(format)
        style.header = try header(visit)
        style.withMark = format == .csv
        style.localTimes = true
        return style
    }

    private func header(_ visit: Visit) throws -> [CSVHeader] {
        guard let asked = visit.filled("header") else { return [.language(visit.strings.language)] }
        guard let rows = CSVHeader.rows(asked) else {
            throw Failure.malformed(code: "not_one_of", pointer: "?header", arguments: ["allowed": "machine, en, zh-Hans"])
        }
        return rows
    }

    /// `month`, or `from` and `to`: days of the account, both included, or instants as the API has them.
    private func span(_ visit: Visit, at now: Instant, in zone: TimeZoneRule) throws -> UsageSpan {
        let (from, to) = (visit["from"] ?? "", visit["to"] ?? "")
        if let start = Instant(rfc3339: from) {
            let end = Instant(rfc3339: to)
            guard to.isEmpty || end != nil else { throw Failure.malformed(code: "invalid_time", pointer: "?to") }
            return try UsageSpan(from: start, to: end, at: now, in: zone)
        }
        switch UsagePeriod.read({ visit[$0] }, today: zone.date(at: now)) {
        case .success(let period): return period.span(in: zone)
        case .failure(let refused): throw refused.failure
        }
    }

    // MARK: Billing history

    func billingHistory(_ visit: Visit) async throws -> HTTPResponse {
        let (view, rows) = try await SubscriptionView.load(visit) { id, tenant in
            [
                """
                select e.id, e.name from subscriptions s join enrollments e on e.tenant_id = s.tenant_id and e.id = s.enrollment_id \
                where s.tenant_id = \(tenant) and s.id = \(id)
                """
            ]
        }
        let t = visit.localiser(view.subscription.zone)
        let report = try await FindBillingHistory.load(view.subscription, at: view.now, view.context)
        let hasUsage = view.subscription.state != .deleted
        var page = BillingHistoryPage(
            crumbs: view.crumbs(t, current: t("billing.title")), name: view.name(t), sections: view.sections(.billingHistory, t),
            report: report,
            files: { month in hasUsage && month >= report.months.last?.month ?? month ? view.files([("month", month.iso)]) : nil
            },
            csv: view.links(.billingHistoryDownload))
        page.curl = curl(visit, .getBillingHistory, view.subscription.id)
        if let row = rows[0].first {
            let id: EnrollmentID = try row.get(0)
            let isOpen = !view.context.principal.roles(on: Belonging(enrollment: id)).isEmpty
            page.enrollment = isOpen ? NavigationItem(try row.get(1), PageRoute.enrollment.url(id.description)) : nil
        }
        return visit.page(page, view.frame)
    }

    func billingHistoryDownload(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        let report = try await FindBillingHistory.load(view.subscription, at: view.now, view.context)
        return BillingHistoryReport.file(
            report.csv(header: try header(visit), localisation: localisation, withMark: true),
            name: "billing_history_\(view.subscription.id)_\(visit.strings.language.tag).csv")
    }

    // MARK: An account's months

    func accountUsage(_ visit: Visit) async throws -> HTTPResponse {
        let id: AccountID = try visit.pathID(0)
        let context = try visit.context()
        let account = try await FindAccount.byID(id, context)
        let (now, rows) = try await context.read(
            """
            select l.bill_month, sum(l.posted_minor)::bigint, count(distinct l.subscription_id), \
            coalesce(sum(l.posted_minor) filter (where s.state = 'deleted'), 0)::bigint, \
            count(distinct l.subscription_id) filter (where s.state = 'deleted') from subscriptions s \
            join bill_lines l on l.tenant_id = s.tenant_id and l.subscription_id = s.id \
            where s.tenant_id = \(context.tenant.id) and s.account_id = \(id) group by 1 order by 1 desc limit 120
            """)
        let months = try rows.map { row in
            AccountUsagePage.Month(
                month: try row.get(0, as: CivilDate.self).civilMonth,
                usage: Money(minor: try row.get(1), currency: account.currency), subscriptions: try row.get(2),
                erased: Money(minor: try row.get(3), currency: account.currency), erasedSubscriptions: try row.get(4))
        }
        let page = AccountUsagePage(
            account: account.name, currency: account.currency, months: months, current: account.zone.month(at: now),
            files: { month in
                func url(_ route: PageRoute) -> URLPath { route.url(id.description, query: [("month", month.iso)]) }
                return UsageFiles(csv: url(.accountUsageDownload), json: url(.accountUsageJSON), focus: url(.accountUsageFOCUS))
            }, subscriptions: PageRoute.subscriptions.url(id.description))
        return visit.page(
            page, Frame(zone: account.zone, account: (id, account.name), current: PageRoute.accountUsage.url(id.description)))
    }
}

extension SubscriptionView {
    /// A subscription's own pages.
    func sections(_ current: PageRoute, _ t: Localiser) -> SectionLinks {
        let pages: [(PageRoute, String)] = [
            (.subscription, "sections.overview"), (.usage, "sections.usage"), (.billingHistory, "sections.billing_history"),
            (.history, "sections.history"),
        ]
        return SectionLinks(
            t("sections.name"), pages.map { route, key in NavigationItem(t(key), links(route), isCurrent: route == current) })
    }

    func files(_ query: [(String, String)]) -> UsageFiles {
        UsageFiles(
            csv: links(.usageDownload, query: query), json: links(.usageJSON, query: query),
            focus: links(.usageFOCUS, query: query))
    }
}
