import HTML
import Values

/// A sandbox tenant's time: where it stands, what is due, and the way forward. Back is no way (L8).
package struct TestClockPage: Page {
    package struct Due: Sendable {
        package let at: Instant
        /// As the timer is stored: `lot_expiry`, `subscription_deletion`, `pending_lapse`.
        package let kind: String
        package let subscription: NavigationItem

        package init(at: Instant, kind: String, subscription: NavigationItem) {
            self.at = at
            self.kind = kind
            self.subscription = subscription
        }
    }

    /// The instant that the reader asks for, and what would run until then.
    package struct Proposal: Sendable {
        package let to: Instant
        package let dueCount: Int

        package init(to: Instant, dueCount: Int) {
            self.to = to
            self.dueCount = dueCount
        }
    }

    /// What the last advance did.
    package struct Run: Sendable {
        package let from: Instant
        package let to: Instant
        package let counts: [(kind: String, count: Int)]

        package init(from: Instant, to: Instant, counts: [(kind: String, count: Int)]) {
            self.from = from
            self.to = to
            self.counts = counts
        }
    }

    package var page: URLPath
    package var action: URLPath
    package var tokens: FormTokens
    package var realNow: Instant
    package var presets: [(label: String, to: Instant)] = []
    package var due: [Due] = []
    package var proposal: Proposal?
    package var lastRun: Run?
    /// As typed, in the tenant's zone.
    package var typed = ""
    package var problems: [FieldProblem] = []
    /// Another advance is running.
    package var isAdvancing = false

    package init(page: URLPath, action: URLPath, tokens: FormTokens, realNow: Instant) {
        self.page = page
        self.action = action
        self.tokens = tokens
        self.realNow = realNow
    }

    package var hasProblems: Bool { !problems.isEmpty }
    package var refreshSeconds: Int? { isAdvancing ? 3 : nil }

    package func title(_ t: Localiser) -> String { t("clock.title") }

    package func content(_ t: Localiser) -> HTML {
        group {
            errorSummary(problems, t)
            PageHeading(t("clock.title"), lede: .text(t("clock.lede"))).html
            if isAdvancing { Banner(.info, title: t("clock.advancing"), text: p { t("clock.advancing_text") }).html }
            if let lastRun { ran(lastRun, t) }
            facts(t).html
            if let proposal { confirmation(proposal, t) } else { ways(t) }
            dueBlock(t)
        }
    }

    private func facts(_ t: Localiser) -> FactsStrip {
        let ahead = (t.now.secondsSinceEpoch - realNow.secondsSinceEpoch) / 86_400
        let apart = ahead == 0 ? "clock.together" : ahead > 0 ? "clock.ahead" : "clock.behind"
        return FactsStrip(
            large: FactsStrip.Fact(t("clock.now"), t.timeElement(t.now), note: .text(t.zoneLabel)),
            others: [
                FactsStrip.Fact(
                    t("clock.real"), t.timeElement(realNow),
                    note: .text(t(apart, ["days": t.number(ahead.magnitude)]))),
                FactsStrip.Fact(
                    t("clock.next_due"), due.first.map { .text(t.relativeDays(to: $0.at)) } ?? t.nothing,
                    note: due.first.map { t.timeElement($0.at) } ?? .empty),
            ])
    }

    private func ran(_ run: Run, _ t: Localiser) -> HTML {
        let total = run.counts.reduce(0) { $0 + $1.count }
        return Banner(
            .good, title: t("clock.ran_title", ["count": t.number(total)]),
            text: group {
                p { t.html("clock.ran_text", ["from": t.timeElement(run.from), "to": t.timeElement(run.to)]) }
                if total > 0 {
                    ul {
                        for item in run.counts where item.count > 0 {
                            li { "\(kindWord(item.kind, t)): \(t.number(item.count))" }
                        }
                    }
                }
            }
        ).html
    }

    private func ways(_ t: Localiser) -> HTML {
        block(t("clock.advance"), note: .text(t("clock.advance_note"))) {
            if !presets.isEmpty {
                ul(.class("suggestions-list")) {
                    for preset in presets {
                        li { a(.class("btn"), .href(page.adding([("to", preset.to.rfc3339)]))) { preset.label } }
                    }
                }
            }
            form(.class("form form--line"), .method(.get), .action(page), .novalidate) {
                field(t).html(problems, t)
                submitButton(t("clock.preview"), .plain)
            }
        }
    }

    private func field(_ t: Localiser) -> TextField {
        var field = TextField("to", t("clock.to"), hint: t("clock.to_hint", ["zone": t.zoneLabel]), value: typed)
        field.autocomplete = .off
        field.isShort = true
        return field
    }

    /// Nothing moves before it is said what will run.
    private func confirmation(_ proposal: Proposal, _ t: Localiser) -> HTML {
        panel(t("clock.confirm_title", ["time": t.exactTime(proposal.to)])) {
            p { t("clock.confirm_text", ["count": t.number(proposal.dueCount)]) }
            form(.class("form"), .method(.post), .action(action)) {
                tokens.fields
                hiddenField("to", proposal.to.rfc3339)
                div(.class("actions")) {
                    submitButton(t("clock.confirm_action", ["time": t.exactTime(proposal.to)]))
                    a(.class("btn"), .href(page)) { t("clock.stay") }
                }
            }
        }
    }

    /// How much of what is due is listed.
    private func dueNote(_ t: Localiser) -> String {
        guard let proposal, proposal.dueCount > due.count else { return t("clock.due_note") }
        return t("clock.due_part", ["shown": t.number(due.count), "count": t.number(proposal.dueCount)])
    }

    private func dueBlock(_ t: Localiser) -> HTML {
        block(t(proposal == nil ? "clock.due" : "clock.due_until"), note: .text(dueNote(t))) {
            if due.isEmpty {
                p(.class("note")) { t("clock.due_none") }
            } else {
                DataTable(
                    t("clock.due"),
                    columns: [TableColumn(t("clock.when")), TableColumn(t("clock.what")), TableColumn(t("clock.subject"))],
                    rows: due.map { item in
                        TableRow([
                            t.timeElement(item.at), .text(kindWord(item.kind, t)),
                            a(.href(item.subscription.url)) { item.subscription.label },
                        ])
                    }
                ).html
            }
        }
    }

    private func kindWord(_ kind: String, _ t: Localiser) -> String {
        t.strings.has("timer.\(kind)") ? t("timer.\(kind)") : kind.replacing("_", with: " ")
    }
}
