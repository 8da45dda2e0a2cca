import Billing
import HTML
import Values

/// Suspend a whole account, or lift a reason from all of it: each subscription with its own verdict and its own date, before and after.
struct SuspendAccountPage: Page {
    var crumbs: Breadcrumbs
    var accountName: String
    var direction: SuspendAccount.Direction
    var reason: SuspensionReason
    var reasons: [SuspensionReason]
    var verdicts: [SuspendAccount.Verdict]
    var account: AccountID
    var isDone: Bool
    var tokens: FormTokens
    var typedName = ""
    var note = ""
    var problems: [FieldProblem] = []

    var hasProblems: Bool { !problems.isEmpty }

    private var back: URLPath { PageRoute.operatorAccount.url(account.description) }
    private var form: URLPath {
        (direction == .suspend ? PageRoute.operatorSuspendForm : .operatorLiftForm).url(account.description)
    }
    private var post: URLPath { (direction == .suspend ? PageRoute.operatorSuspend : .operatorLift).url(account.description) }

    func title(_ t: Localiser) -> String {
        if !isDone, deed.count > 0 { return deed.question(of: accountName, t) }
        return t("desk.\(direction.rawValue)_\(isDone ? "title_done" : "title_none")", ["name": accountName])
    }

    func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: isDone ? .empty : .text(t("desk.\(direction.rawValue)_lede"))).html
            if isDone {
                Banner(
                    .good, title: t("desk.\(direction.rawValue)_done", ["reason": t.word(reason)]),
                    text: p { t("desk.each_verdict") }
                ).html
            } else {
                choice(t)
            }
            table(t)
            if isDone {
                p { a(.class("btn"), .href(back)) { t("desk.back_to_account") } }
            } else if deed.count == 0 {
                // Nothing would come of it: there is nothing to confirm.
                Banner(.info, title: t("desk.\(direction.rawValue)_none", ["reason": t.word(reason)])).html
                p { a(.class("btn"), .href(back)) { t("desk.back_to_account") } }
            } else {
                question(t)
            }
        }
    }

    /// Another reason shows other consequences: a form of its own, which asks.
    private func choice(_ t: Localiser) -> HTML {
        FilterBar(
            action: form,
            fields: [
                .choice(
                    name: "reason", label: t("suspend.reason"), all: t.word(reason),
                    choices: reasons.filter { $0 != reason }.map { .init($0.rawValue, t.word($0)) }, selected: nil)
            ]
        ).html(t)
    }

    private func table(_ t: Localiser) -> HTML {
        block(t("subscriptions.title"), note: direction == .suspend ? .text(t("desk.deadline_stays")) : .empty) {
            DataTable(
                t("subscriptions.title"),
                columns: [
                    TableColumn(t("subscriptions.name")), TableColumn(t("review.now")),
                    TableColumn(t(isDone ? "desk.verdict_column_done" : "desk.verdict")),
                    TableColumn(t("operator.deleted_on")),
                ],
                rows: verdicts.map { TableRow(cells($0, t)) }
            ).html
        }
    }

    private func cells(_ verdict: SuspendAccount.Verdict, _ t: Localiser) -> [HTML] {
        let links = SubscriptionLinks(account: account, id: verdict.id)
        return [
            a(.class("row-link"), .href(links.overview)) { verdict.name ?? t("subscriptions.erased_name") },
            group {
                t.pill(verdict.before.state).html
                if verdict.before.state == .suspended {
                    span(.class("sub")) { t.words(verdict.before.reasons.sorted) }
                }
            }, .text(word(verdict, t)),
            group {
                if let date = verdict.after.deleteAt {
                    t.timeElement(date)
                    if verdict.before.deleteAt == date, !isDone { span(.class("sub")) { t("desk.deadline_unmoved") } }
                    if direction == .suspend, let lost = verdict.forfeited {
                        span(.class("sub sub--bad")) { t("desk.credit_goes", ["amount": t.money(lost)]) }
                    }
                } else {
                    t.nothing
                }
            },
        ]
    }

    private func word(_ verdict: SuspendAccount.Verdict, _ t: Localiser) -> String {
        if isDone { return standing(verdict, t) }
        switch verdict.word {
        case .refused: return verdict.code.map { t("error.\($0).title") } ?? t("desk.verdict_none")
        case .unchanged: return t("desk.verdict_unchanged")
        case .done:
            if direction == .lift {
                return verdict.after.state == .suspended
                    ? t("desk.verdict_stays", ["reasons": t.words(verdict.after.reasons.sorted)]) : t("desk.verdict_active")
            }
            return verdict.before.state == .suspended ? t("desk.verdict_added") : t("desk.verdict_suspends")
        }
    }

    /// Afterwards: how it stands, whatever the same deed would come to once more.
    private func standing(_ verdict: SuspendAccount.Verdict, _ t: Localiser) -> String {
        let facts = verdict.before
        if direction == .suspend {
            if facts.reasons.contains(reason) { return t("desk.verdict_suspended") }
            return verdict.word == .refused
                ? verdict.code.map { t("error.\($0).title") } ?? t("desk.verdict_none") : t("desk.verdict_not_suspended")
        }
        guard facts.state == .suspended else { return t("desk.verdict_not_suspended") }
        return t("desk.verdict_stays", ["reasons": t.words(facts.reasons.sorted)])
    }

    private var deed: DeedWords {
        let done = verdicts.filter { $0.word == .done }
        let turned = done.count { $0.before.state != $0.after.state }
        return DeedWords(
            direction == .suspend ? "suspend" : "reactivate", turned: turned, others: done.count - turned)
    }

    private func effects(_ t: Localiser) -> [HTML] {
        guard deed.turned > 0 else { return [.text(t(direction == .suspend ? "desk.deadline_stays" : "deed.stay"))] }
        return direction == .suspend
            ? [.text(t("suspend.stops")), .text(t("cancel.no_backup")), .text(t("desk.suspend_until"))]
            : [.text(t("reactivate.services"))]
    }

    private func question(_ t: Localiser) -> HTML {
        var question = ConfirmForm(
            effects: effects(t), action: post.adding([("reason", reason.rawValue)]), tokens: tokens,
            confirm: deed.words(t), isDangerous: direction == .suspend,
            keep: t("desk.keep"), back: back)
        if direction == .suspend {
            question.typedName = accountName
            question.typedValue = typedName
        }
        question.note = NoteField("note", t("suspend.note"), hint: t("suspend.note_hint"), value: note)
        question.problems = problems
        return panel(t("desk.confirm")) { question.html(t) }
    }
}
