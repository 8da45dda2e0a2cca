import Billing
import HTML
import Values

/// Cancel an enterprise subscription: the consequences with their dates, the name typed, a reason if one likes to give it (L7).
package struct CancelPage: Page {
    package var crumbs: Breadcrumbs
    package var name: String
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var policy: OfferPolicy
    /// When the data would go if the reader cancelled now.
    package var deleteAt: Instant
    package var monthToDate: Money?
    /// The part of it that was taken from the agreement already.
    package var settled: Money?
    package var typedName = ""
    package var note = ""
    package var problems: [FieldProblem] = []

    package init(
        crumbs: Breadcrumbs, name: String, action: URLPath, back: URLPath, tokens: FormTokens, policy: OfferPolicy,
        deleteAt: Instant, monthToDate: Money? = nil
    ) {
        self.crumbs = crumbs
        self.name = name
        self.action = action
        self.back = back
        self.tokens = tokens
        self.policy = policy
        self.deleteAt = deleteAt
        self.monthToDate = monthToDate
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t("cancel.title", ["name": name]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t("cancel.lede"))).html
            question(t).html(t)
        }
    }

    private func question(_ t: Localiser) -> ConfirmForm {
        var question = ConfirmForm(
            effects: effects(t), action: action, tokens: tokens, confirm: t("cancel.action"), isDangerous: true,
            keep: t("cancel.keep"), back: back)
        question.typedName = name
        question.typedValue = typedName
        question.note = NoteField("reason", t("cancel.reason"), hint: t("cancel.reason_hint"), value: note)
        question.problems = problems
        return question
    }

    private func effects(_ t: Localiser) -> [HTML] {
        let days = ["days": t.number(policy.retentionDays)]
        var effects = [
            HTML.text(t("cancel.stops")), .text(t("cancel.no_backup")),
            t.html("cancel.recover", ["date": strong { t.timeElement(deleteAt) }], days),
            t.html("cancel.deletion", ["date": strong { t.timeElement(deleteAt) }], days), .text(t("cancel.stays")),
        ]
        if let monthToDate, let owed = UnbilledWords(total: monthToDate, settled: settled ?? monthToDate).effect(t) {
            effects.insert(.text(owed), at: 1)
        }
        return effects
    }
}

/// Suspend on request: reversible until its date, and says so (section 7).
package struct SuspendPage: Page {
    package var crumbs: Breadcrumbs
    package var name: String
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var policy: OfferPolicy
    package var deleteAt: Instant
    /// The reasons that this role may give; with one there is nothing to choose.
    package var reasons: [SuspensionReason]
    package var selected: SuspensionReason?
    /// Why it is suspended already: a reason more is added then, and each is lifted on its own (L1).
    package var standing: [SuspensionReason] = []
    /// Credit that goes with the deletion if it comes to that.
    package var forfeited: Money?
    package var typedName = ""
    package var note = ""
    package var problems: [FieldProblem] = []

    package init(
        crumbs: Breadcrumbs, name: String, action: URLPath, back: URLPath, tokens: FormTokens, policy: OfferPolicy,
        deleteAt: Instant, reasons: [SuspensionReason]
    ) {
        self.crumbs = crumbs
        self.name = name
        self.action = action
        self.back = back
        self.tokens = tokens
        self.policy = policy
        self.deleteAt = deleteAt
        self.reasons = reasons
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t(isMore ? "suspend.more_title" : "suspend.title", ["name": name]) }
    private var isMore: Bool { !standing.isEmpty }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t(isMore ? "suspend.more_lede" : "suspend.lede", ["reasons": t.words(standing)])))
                .html
            question(t).html(t)
        }
    }

    private func question(_ t: Localiser) -> ConfirmForm {
        var question = ConfirmForm(
            effects: isMore ? furtherEffects(t) : effects(t), action: action, tokens: tokens,
            confirm: t(isMore ? "suspend.more_action" : "suspend.action"), isDangerous: true,
            keep: t(isMore ? "suspend.more_keep" : "suspend.keep"), back: back)
        if reasons.count > 1 {
            question.reasons = SelectField(
                "reason", t("suspend.reason"), choices: reasons.map { FilterBar.Choice($0.rawValue, t.word($0)) },
                selected: selected?.rawValue)
        }
        // Its services stop at once, and a deletion begins to be counted: as much as a cancellation asks for. A reason more stops nothing.
        if !isMore {
            question.typedName = name
            question.typedValue = typedName
        }
        question.note = NoteField("note", t("suspend.note"), hint: t("suspend.note_hint"), value: note)
        question.problems = problems
        return question
    }
}

extension SuspendPage {
    private func effects(_ t: Localiser) -> [HTML] {
        let date = ["date": strong { t.timeElement(deleteAt) }]
        return [
            .text(t("suspend.stops")), .text(t("cancel.no_backup")), t.html("suspend.reversible", date),
            t.html("suspend.deletion", date, ["days": t.number(policy.retentionDays)]),
        ] + forfeit(t)
    }

    /// Nothing stops any more and no date moves: what changes is what it takes to come back.
    private func furtherEffects(_ t: Localiser) -> [HTML] {
        let added = reasons.count == 1 ? reasons : []
        return [
            .text(added.isEmpty ? t("suspend.more_adds") : t("suspend.more_adds_reason", ["reason": t.words(added)])),
            .text(t("suspend.more_back")), t.html("suspend.more_deletion", ["date": strong { t.timeElement(deleteAt) }]),
        ] + forfeit(t)
    }

    private func forfeit(_ t: Localiser) -> [HTML] {
        guard let forfeited else { return [] }
        return [t.html("suspend.forfeits", ["date": strong { t.timeElement(deleteAt) }], ["amount": t.money(forfeited)])]
    }
}

/// The cancel page of what is cancelled already, for whoever comes back to it.
package struct CancelledPage: Page {
    package var crumbs: Breadcrumbs
    package var name: String
    package var deleteAt: Instant
    package var back: URLPath

    package func title(_ t: Localiser) -> String { t("cancel.done_title", ["name": name]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t), lede: .text(t("cancel.done", ["date": t.dateTime(deleteAt)]))).html
            div(.class("actions")) { ActionLink(t("payment.to_subscription"), back, .primary).button }
        }
    }
}

/// Lift a reason: what becomes of the subscription, and which reasons remain (L1).
package struct ReactivatePage: Page {
    package var crumbs: Breadcrumbs
    package var name: String
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    /// The reasons that this role may lift now.
    package var liftable: [SuspensionReason]
    /// Those that stay, whatever is lifted here.
    package var remaining: [SuspensionReason]
    /// What was cancelled is recovered; any other reason is lifted by reactivating.
    private var isRecovery: Bool { liftable.contains(.cancelled) }
    package var note = ""
    package var problems: [FieldProblem] = []

    package init(
        crumbs: Breadcrumbs, name: String, action: URLPath, back: URLPath, tokens: FormTokens, liftable: [SuspensionReason],
        remaining: [SuspensionReason]
    ) {
        self.crumbs = crumbs
        self.name = name
        self.action = action
        self.back = back
        self.tokens = tokens
        self.liftable = liftable
        self.remaining = remaining
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t(isRecovery ? "recover.title" : "reactivate.title", ["name": name]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t(isRecovery ? "recover.lede" : "reactivate.lede"))).html
            question(t).html(t)
        }
    }

    private func question(_ t: Localiser) -> ConfirmForm {
        let becomes =
            remaining.isEmpty && liftable.count == 1
            ? t("reactivate.becomes_active")
            : t("reactivate.stays_suspended", ["reasons": t.words(remaining + liftable.dropFirst())])
        var question = ConfirmForm(
            effects: [.text(becomes), .text(t("reactivate.services"))], action: action, tokens: tokens,
            confirm: t(isRecovery ? "recover.action" : "reactivate.action"), isDangerous: false,
            keep: t(isRecovery ? "recover.keep" : "reactivate.keep"), back: back)
        question.reasons = SelectField(
            "reason", t("reactivate.reason"), choices: liftable.map { FilterBar.Choice($0.rawValue, t.word($0)) })
        question.note = NoteField("note", t("suspend.note"), hint: t("suspend.note_hint"), value: note)
        question.problems = problems
        return question
    }
}
