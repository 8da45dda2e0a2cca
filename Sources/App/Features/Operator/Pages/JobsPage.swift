import Billing
import HTML
import Values

/// `/operator/jobs`: what waits, what is late, what has failed and can be tried again.
struct JobsPage: Page {
    var state: Job.State
    var jobs: [Job]
    /// Counted up to a bound, the oldest of each with them.
    var lag: [Queue]
    var tokens: FormTokens
    var problems: [FieldProblem] = []

    struct Queue: Sendable {
        let label: String
        let count: Int
        let oldest: Instant?
        /// Deadlines are the tenant's; settlement and mail go by the real clock, whatever a sandbox's shows.
        let isOfRealTime: Bool
        let url: URLPath?
    }

    static let countedAtMost = 1_000

    var hasProblems: Bool { !problems.isEmpty }
    func title(_ t: Localiser) -> String { t("jobs.title") }

    func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(title(t), lede: .text(t("jobs.lede"))).html
            queues(t)
            errorSummary(problems, t)
            FilterBar(
                action: PageRoute.operatorJobs.url(),
                fields: [
                    .choice(
                        name: "state", label: t("subscriptions.state"), all: t("jobs.state.failing"),
                        choices: [Job.State.overdue, .waiting].map { .init($0.rawValue, t("jobs.state.\($0.rawValue)")) },
                        selected: state.rawValue)
                ]
            ).html(t, problems)
            if hasProblems {
                p(.class("actions")) { a(.class("btn"), .href(PageRoute.operatorJobs.url())) { t("list.clear_all") } }
            } else if jobs.isEmpty {
                EmptyState.allDone(title: t("jobs.none.\(state.rawValue)"), text: t("jobs.none_text.\(state.rawValue)")).html(t)
            } else {
                table(t)
            }
        }
    }

    private func queues(_ t: Localiser) -> HTML {
        block(t("jobs.queues")) {
            DataTable(
                t("jobs.queues"),
                columns: [
                    TableColumn(t("jobs.queue")), TableColumn(t("jobs.count"), isNumber: true), TableColumn(t("jobs.oldest")),
                ],
                rows: lag.map { one in
                    let count =
                        one.count >= Self.countedAtMost ? "\(t.number(Self.countedAtMost))+" : t.number(one.count)
                    return TableRow([
                        one.url.map { url in a(.href(url)) { one.label } } ?? .text(one.label), .text(count),
                        one.oldest.map { one.isOfRealTime ? t.realTimeElement($0) : t.timeElement($0) } ?? t.nothing,
                    ])
                }
            ).html
        }
    }

    private func table(_ t: Localiser) -> HTML {
        var columns = [
            TableColumn(t("jobs.job")), TableColumn(t("subscriptions.name")), TableColumn(t("jobs.due")),
            TableColumn(t("jobs.attempts"), isNumber: true), TableColumn(t("jobs.error")),
        ]
        if state == .failing { columns.append(TableColumn(t("jobs.retry"))) }
        return DataTable(
            t("jobs.state.\(state.rawValue)"), columns: columns,
            rows: jobs.map { job in
                var cells: [HTML] = [
                    .text(t.strings.has("timer.\(job.name.kind)") ? t("timer.\(job.name.kind)") : job.name.kind), whose(job, t),
                    job.name.kind == JobName.settlement ? t.realTimeElement(job.dueAt) : t.timeElement(job.dueAt),
                    .text(t.number(job.attempts)),
                    job.lastError.map { identifier($0) } ?? t.nothing,
                ]
                if state == .failing {
                    cells.append(
                        ActionForm(t("jobs.retry"), action: PageRoute.retryJob.url(job.name.text), tokens: tokens).html)
                }
                return TableRow(cells)
            }, narrow: .cards
        ).html
    }

    private func whose(_ job: Job, _ t: Localiser) -> HTML {
        guard let subscription = job.subscription, let account = job.account else { return t.nothing }
        return a(.href(SubscriptionLinks(account: account, id: subscription).overview)) {
            t.shownName(job.subscriptionName, isLapsed: job.isLapsed)
        }
    }
}

/// `/operator/settings`: the tenant's switches.
struct SettingsPage: Page {
    var switches: TenantSwitches
    var isSandbox: Bool
    var facts: [(label: String, value: String)]
    var tokens: FormTokens
    var isStale = false

    var hasProblems: Bool { isStale }

    func title(_ t: Localiser) -> String { t("settings.title") }

    func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            if isStale { Banner(.warn, title: t("error.stale.title"), text: p { t("settings.stale") }).html }
            PageHeading(title(t), lede: .text(t("settings.lede"))).html
            panel(t("settings.switches")) {
                form(.class("form"), .method(.post), .action(PageRoute.saveSettings.url()), .novalidate) {
                    FormTokens(csrf: tokens.csrf, idempotencyKey: tokens.idempotencyKey, etag: switches.etag).fields
                    choice(
                        "additional_subscriptions", t("settings.additional"), t("settings.additional_hint"),
                        switches.additionalSubscriptions, t)
                    if isSandbox || switches.sandboxPayments {
                        choice("sandbox_payments", t("settings.sandbox"), t("settings.sandbox_hint"), switches.sandboxPayments, t)
                    }
                    div(.class("actions")) { submitButton(t("offers.save")) }
                }
            }
            panel(t("desk.facts")) { DetailList(facts.map { DetailList.Item($0.label, .text($0.value)) }).html }
        }
    }

    private func choice(_ name: String, _ label: String, _ hint: String, _ isOn: Bool, _ t: Localiser) -> HTML {
        SelectField(
            name, label, hint: hint, choices: [.init("on", t("settings.on")), .init("off", t("settings.off"))],
            selected: isOn ? "on" : "off"
        ).html([], t)
    }
}

/// `/operator/status`: does the system do its work.
struct StatusPage: Page {
    struct Line: Sendable {
        let label: String
        let isFine: Bool
        let detail: String
    }

    var lines: [Line]
    var facts: [(label: String, value: String)]

    func title(_ t: Localiser) -> String { t("status.title") }

    func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(
                title(t),
                pill: lines.allSatisfy(\.isFine)
                    ? StatePill(t("status.fine"), .good, .disc) : StatePill(t("status.attention"), .warn, .triangle),
                lede: .text(t("status.lede"))
            ).html
            DataTable(
                t("status.checks"),
                columns: [
                    TableColumn(t("status.check")), TableColumn(t("subscriptions.state")), TableColumn(t("status.detail")),
                ],
                rows: lines.map { line in
                    TableRow([
                        .text(line.label),
                        (line.isFine
                            ? StatePill(t("status.fine"), .good, .disc) : StatePill(t("status.attention"), .warn, .triangle))
                            .html, .text(line.detail),
                    ])
                }
            ).html
            panel(t("desk.facts")) { DetailList(facts.map { DetailList.Item($0.label, .text($0.value)) }).html }
            p(.class("note")) { t("status.doctor") }
        }
    }
}
