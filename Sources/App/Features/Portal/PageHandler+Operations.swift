import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// The desk's view of the machinery: jobs, switches, status (experience pages 33, 37, 40).
extension PageHandler {
    // MARK: Jobs

    func operatorJobs(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        try requireOperator(context)
        let typed = visit.filled("state")
        let asked = typed.map { Job.State(rawValue: $0) } ?? .failing
        var page = JobsPage(
            state: asked ?? .failing, jobs: [], lag: try await lag(visit, context), tokens: visit.tokens())
        if let asked {
            page.jobs = try await ListJobs.run(asked, limit: 100, context)
        } else {
            let fault = ListFault(
                name: "state", typed: typed ?? "", kind: .word(Job.State.allCases.map(\.rawValue)), label: "subscriptions.state")
            page.problems = [fault.problem(visit.localiser())]
        }
        return visit.page(page, Frame(current: PageRoute.operatorJobs.url()), status: asked == nil ? 422 : 200)
    }

    private func lag(_ visit: Visit, _ context: TenantContext) async throws -> [JobsPage.Queue] {
        let (tenant, t) = (context.tenant.id, visit.localiser())
        let now = try await context.now()
        func queue(_ at: SQL, _ rows: SQL) -> SQL {
            "select count(*), min(at) from (select \(at) as at \(rows) order by 1 limit \(Int64(JobsPage.countedAtMost))) counted"
        }
        let late = now.adding(seconds: -JobQueries.graceSeconds)
        let (_, rows) = try await context.read([
            queue("due_at", "from timers where tenant_id = \(tenant) and attempts > 0"),
            queue("due_at", "from timers where tenant_id = \(tenant) and due_at <= \(late)"),
            queue("queued_at", "from work.settlement_queue where tenant_id = \(tenant)"),
            queue("next_attempt_at", "from mails where tenant_id = \(tenant) and status = 'waiting'"),
            queue(
                "queued_at", "from mails where tenant_id = \(tenant) and status in ('failed', 'refused') and erased_at is null"),
        ])
        let labels: [(String, URLPath?, isOfRealTime: Bool)] = [
            (t("jobs.timers_failing"), PageRoute.operatorJobs.url(), false),
            (t("jobs.timers_late"), PageRoute.operatorJobs.url(query: [("state", Job.State.overdue.rawValue)]), false),
            (t("jobs.settlements"), nil, true),
            (t("jobs.mails_waiting"), PageRoute.operatorMails.url(query: [("status", "waiting")]), true),
            (t("jobs.mails_failed"), PageRoute.operatorMails.url(query: [("status", "failed")]), true),
        ]
        return try zip(labels, rows).map { label, rows in
            JobsPage.Queue(
                label: label.0, count: Int(try rows[0].get(0, as: Int64.self)), oldest: try rows[0].get(1),
                isOfRealTime: label.isOfRealTime, url: label.1)
        }
    }

    func retryJob(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        guard let name = JobName(visit.parameters[0]) else { throw Failure.notFound }
        _ = try await RetryJob(name: name).run(context, try visit.options(form))
        return visit.redirect(PageRoute.operatorJobs.url(), flash: .jobRetried)
    }

    // MARK: Switches

    func operatorSettings(_ visit: Visit) async throws -> HTTPResponse {
        visit.page(try await settingsPage(visit), Frame(current: PageRoute.operatorSettings.url()))
    }

    private func settingsPage(_ visit: Visit) async throws -> SettingsPage {
        let context = try visit.context()
        try requireOperator(context)
        let (t, tenant) = (visit.localiser(), context.tenant)
        return SettingsPage(
            switches: try await TenantSwitches.load(context), isSandbox: tenant.isSandbox,
            facts: [
                (t("settings.name"), tenant.name), (t("settings.slug"), tenant.slug),
                (t("settings.kind"), t(tenant.isSandbox ? "settings.kind_sandbox" : "settings.kind_live")),
                (t("accounts.currency"), tenant.currency.code), (t("desk.zone"), tenant.timeZone),
            ], tokens: visit.tokens())
    }

    func saveSettings(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        func isOn(_ name: String) -> Bool? { form[name].isEmpty ? nil : form[name] == "on" }
        let useCase = SetTenantSwitches(
            additionalSubscriptions: isOn("additional_subscriptions"), sandboxPayments: isOn("sandbox_payments"),
            ifMatch: form.etag)
        do {
            _ = try await useCase.run(context, try visit.options(form))
        } catch Failure.stale {
            var page = try await settingsPage(visit)
            page.isStale = true
            return visit.page(page, Frame(current: PageRoute.operatorSettings.url()), status: 412)
        }
        return visit.redirect(PageRoute.operatorSettings.url(), flash: .switchesSaved)
    }

    // MARK: Status

    func operatorStatus(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        try requireOperator(context)
        let t = visit.localiser()
        let work = try await WaitingWork.load(context)
        let facts = try await context.read([
            "select current_setting('server_version'), (select max(number) from public.bursar_migrations)",
            "select min(queued_at) from work.settlement_queue where tenant_id = \(context.tenant.id)",
        ]).rows
        let version: String = try facts[0][0].get(0)
        let schema: Int32? = try facts[0][0].get(1)
        let oldest: Instant? = try facts[1][0].get(0)
        let lagSeconds = oldest.map { $0.microseconds(until: dependencies.realNow()) / 1_000_000 } ?? 0
        let isCurrent = schema.map { Int($0) == dependencies.schemaNumber } ?? false
        let page = StatusPage(
            lines: [
                .init(label: t("status.database"), isFine: true, detail: "PostgreSQL \(version)"),
                .init(label: t("status.migrations"), isFine: isCurrent, detail: schema.map { String($0) } ?? ""),
                .init(
                    label: t("status.settlement"), isFine: lagSeconds <= 120,
                    detail: t("status.lag", ["seconds": t.number(max(0, lagSeconds))])),
                .init(
                    label: t("jobs.timers_failing"), isFine: work.failingTimers + work.failingSettlements == 0,
                    detail: t.number(work.failingTimers + work.failingSettlements)),
                .init(label: t("jobs.mails_failed"), isFine: work.mailsFailed == 0, detail: t.number(work.mailsFailed)),
            ],
            facts: [
                (t("status.version"), Version.text), (t("settings.name"), context.tenant.name),
                (t("settings.kind"), t(context.tenant.isSandbox ? "settings.kind_sandbox" : "settings.kind_live")),
            ])
        return visit.page(page, Frame(current: PageRoute.operatorStatus.url()))
    }
}
