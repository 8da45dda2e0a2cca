import Billing
import HTML
import Values

/// Publish: what changes for whom, the name typed (L2).
struct PublishPolicyPage: Page {
    var crumbs: Breadcrumbs
    var draft: PolicyDraft
    var newest: OfferPolicy?
    var tokens: FormTokens
    var typedName = ""
    var note = ""
    var problems: [FieldProblem] = []

    var hasProblems: Bool { !problems.isEmpty }

    func title(_ t: Localiser) -> String { t("offers.publish_title", ["name": t.versionName(draft.policy)]) }

    func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t("offers.publish_lede"))).html
            changes(t)
            question(t).html(t)
        }
    }

    private func changes(_ t: Localiser) -> HTML {
        ReviewTable(
            t("offers.compare"),
            PolicyNumber.used(by: draft.policy.offer).map { number in
                let after = draft.policy.value(number)
                let before = newest?.value(number)
                return ReviewTable.Row(
                    t("offers.number_of.\(number.rawValue)"), before: before.map { .text(t.policyValue($0)) } ?? t.nothing,
                    after: .text(t.policyValue(after)), isChanged: before != after)
            }
        ).html(t)
    }

    private func question(_ t: Localiser) -> ConfirmForm {
        var question = ConfirmForm(
            effects: [.text(t("offers.publish_sold")), .text(t("offers.publish_keep")), .text(t("offers.publish_immutable"))],
            action: PageRoute.publishPolicy.url(draft.id.description),
            tokens: FormTokens(csrf: tokens.csrf, idempotencyKey: tokens.idempotencyKey, etag: draft.etag),
            confirm: t("offers.publish"), isDangerous: false, keep: t("desk.keep"),
            back: PageRoute.operatorOffer.url(draft.policy.offer.rawValue, draft.policy.currency.code))
        question.typedName = t.versionName(draft.policy)
        question.typedValue = typedName
        question.note = NoteField("note", t("offers.why"), hint: t("offers.why_hint"), value: note)
        question.problems = problems
        return question
    }
}

/// Move subscriptions to another version: what changes for each, before and after.
struct MovePoliciesPage: Page {
    var crumbs: Breadcrumbs
    var target: OfferPolicy
    var verdicts: [MoveSubscriptions.Verdict]
    var action: URLPath
    var back: URLPath
    var tokens: FormTokens
    var typedName = ""
    var problems: [FieldProblem] = []

    var hasProblems: Bool { !problems.isEmpty }

    static let shown = 100

    func title(_ t: Localiser) -> String {
        t("offers.move_title", ["count": t.number(verdicts.count), "name": t.versionName(target)])
    }

    func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t("offers.move_lede"))).html
            if verdicts.isEmpty {
                EmptyState.allDone(title: t("offers.move_none"), text: t("offers.move_none_text")).html(t)
            } else {
                table(t)
                panel(t("desk.confirm")) { question(t).html(t) }
            }
        }
    }

    private func table(_ t: Localiser) -> HTML {
        block(
            t("offers.move_each"),
            note: verdicts.count > Self.shown ? .text(t("offers.move_more", ["count": t.number(verdicts.count)])) : .empty
        ) {
            DataTable(
                t("offers.move_each"),
                columns: [
                    TableColumn(t("subscriptions.name")), TableColumn(t("subscriptions.state")),
                    TableColumn(t("offers.version")), TableColumn(t("offers.if_suspended")),
                    TableColumn(t("offers.credit_until")),
                ],
                rows: verdicts.prefix(Self.shown).map { verdict in
                    TableRow([
                        group {
                            a(.class("row-link"), .href(verdict.subscription.links.overview)) { verdict.subscription.name ?? "" }
                            span(.class("sub")) { verdict.subscription.accountName }
                        }, t.pill(verdict.subscription.state).html,
                        .text("\(t.number(verdict.from)) → \(t.number(target.version))"), deletion(verdict, t),
                        credit(verdict, t),
                    ])
                }
            ).html
        }
    }

    private func deletion(_ verdict: MoveSubscriptions.Verdict, _ t: Localiser) -> HTML {
        if let running = verdict.effect?.deleteAt {
            return group {
                t.timeElement(running)
                span(.class("sub")) { t("desk.deadline_unmoved") }
            }
        }
        return verdict.effect?.deletedIfSuspended.map { change($0, t) } ?? t.nothing
    }

    private func credit(_ verdict: MoveSubscriptions.Verdict, _ t: Localiser) -> HTML {
        verdict.effect?.creditUntil.map { change($0, t) } ?? t.nothing
    }

    private func change(_ dates: (before: Instant, after: Instant), _ t: Localiser) -> HTML {
        dates.before == dates.after
            ? t.dateElement(dates.after)
            : group {
                t.dateElement(dates.before)
                " → "
                strong { t.dateElement(dates.after) }
            }
    }

    private func question(_ t: Localiser) -> ConfirmForm {
        var question = ConfirmForm(
            effects: [.text(t("offers.move_future")), .text(t("offers.move_stays")), .text(t("offers.move_recorded"))],
            action: action, tokens: tokens, confirm: t("offers.move_action", ["count": t.number(verdicts.count)]),
            isDangerous: true, keep: t("desk.keep"), back: back)
        question.typedName = t.versionName(target)
        question.typedValue = typedName
        question.problems = problems
        return question
    }
}
