import Billing
import HTML
import Values

/// Cancel, suspend or recover many: what each would come to, the count typed, a reason; and afterwards what each has come to (A15).
package struct ManyReviewPage: Page {
    package struct Row: Sendable {
        package let id: String
        package let name: String
        package let url: URLPath
        package let account: String
        /// Nil for one that would be refused.
        package let until: Instant?
        package let unbilled: Money?
        /// The part of it that was taken from the agreement already.
        package var settled: Money?
        /// Why not.
        package let refusal: String?
        /// What becomes of it, where that is not what the deed says: another reason stays.
        package var stays: String?
        /// Whether its state changes; else it is suspended before and after.
        package var isTurned = true

        package init(
            id: String, name: String, url: URLPath, account: String, until: Instant?, unbilled: Money?, refusal: String?
        ) {
            self.id = id
            self.name = name
            self.url = url
            self.account = account
            self.until = until
            self.unbilled = unbilled
            self.refusal = refusal
        }
    }

    package var crumbs: Breadcrumbs
    /// `cancel`, `suspend` or `reactivate`.
    package var word: String
    package var rows: [Row]
    package var currency: Currency
    package var retentionDays: Int
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var mode = "each"
    package var typed = ""
    package var note = ""
    package var problems: [FieldProblem] = []

    package init(
        crumbs: Breadcrumbs, word: String, rows: [Row], currency: Currency, retentionDays: Int, action: URLPath, back: URLPath,
        tokens: FormTokens
    ) {
        self.crumbs = crumbs
        self.word = word
        self.rows = rows
        self.currency = currency
        self.retentionDays = retentionDays
        self.action = action
        self.back = back
        self.tokens = tokens
    }

    package var hasProblems: Bool { !problems.isEmpty }
    private var possible: [Row] { rows.filter { $0.refusal == nil } }
    private var isGrave: Bool { word != "reactivate" }
    private var deed: DeedWords {
        let turned = possible.count(where: \.isTurned)
        return DeedWords(word, turned: turned, others: possible.count - turned)
    }

    package func title(_ t: Localiser) -> String {
        if rows.isEmpty { return problems.first?.message ?? t("many.nothing_chosen") }
        return possible.isEmpty ? t("many.nothing") : deed.question(t)
    }

    package func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            if !rows.isEmpty { errorSummary(problems, t) }
            PageHeading(title(t), lede: lede(t)).html
            if possible.isEmpty {
                if !rows.isEmpty { table(t).html }
                div(.class("actions")) { a(.class("btn"), .href(back)) { t("many.back") } }
            } else {
                ul(.class("effects")) { for effect in effects(t) { li { effect } } }
                table(t).html
                question(t)
            }
        }
    }

    private func lede(_ t: Localiser) -> HTML {
        if rows.isEmpty { return .text(t("many.choose_again")) }
        // Where no state changes, nothing stops and nothing runs again.
        return deed.count > 0 && deed.turned == 0 ? .empty : .text(t("many.lede_\(word)"))
    }

    private func effects(_ t: Localiser) -> [HTML] {
        let deed = deed
        let staying = deed.others == 0 ? [] : [HTML.text(t(isGrave ? "desk.deadline_stays" : "deed.stay"))]
        guard isGrave else {
            let running = [HTML.text(t("many.becomes_active")), .text(t("many.services"))]
            return (deed.turned == 0 ? [] : running) + staying
        }
        let unbilled = possible.reduce(Int64(0)) { $0 + ($1.unbilled?.minor ?? 0) }
        let settled = possible.reduce(Int64(0)) { $0 + (($1.settled ?? $1.unbilled)?.minor ?? 0) }
        let stops = deed.turned == 0 ? [] : [HTML.text(t("many.stops"))]
        let backup = deed.turned == 0 ? [] : [HTML.text(t("many.no_backup"))]
        let words = UnbilledWords(
            total: Money(minor: unbilled, currency: currency), settled: Money(minor: settled, currency: currency))
        let owed = words.effect(t).map { [HTML.text($0)] } ?? []
        return stops + owed + backup + [
            .text(t("many.recover", ["days": t.number(retentionDays)])), .text(t("many.deletion")),
            .text(t("cancel.stays")),
        ] + staying
    }

    private func table(_ t: Localiser) -> DataTable {
        var columns = [
            TableColumn(t("subscriptions.name")), TableColumn(t("subscriptions.account")), TableColumn(t("many.verdict")),
        ]
        if isGrave {
            columns.append(TableColumn(t("many.until_column")))
            columns.append(TableColumn(t("many.unbilled_column", ["currency": currency.code]), isNumber: true))
        }
        return DataTable(
            t("many.table"), columns: columns,
            rows: rows.map { row in
                var cells = [
                    group {
                        a(.class("row-link"), .href(row.url)) { row.name }
                        span(.class("sub mono")) { row.id }
                    }, HTML.text(row.account), verdict(row, t),
                ]
                if isGrave {
                    let isDone = row.refusal == nil
                    cells.append(isDone ? row.until.map(t.timeElement) ?? t.nothing : t.nothing)
                    cells.append(isDone ? row.unbilled.map(t.amountElement) ?? t.nothing : t.nothing)
                }
                return TableRow(cells)
            })
    }

    private func verdict(_ row: Row, _ t: Localiser) -> HTML {
        guard let refusal = row.refusal else {
            if let stays = row.stays { return .text(stays) }
            if row.isTurned { return .text(t("many.will_\(word)")) }
            return .text(t(word == "cancel" ? "many.will_cancel_more" : "desk.verdict_added"))
        }
        return group {
            t("many.will_not")
            span(.class("sub sub--bad")) { refusal }
        }
    }

    private func question(_ t: Localiser) -> HTML {
        form(.class("form narrow"), .method(.post), .action(action), .novalidate) {
            tokens.fields
            hiddenField("action", word)
            for row in rows { hiddenField("id", row.id) }
            if rows.count > possible.count {
                SelectField(
                    "mode", t("many.mode"),
                    choices: [
                        FilterBar.Choice("each", t("many.mode_each", ["count": t.number(possible.count)])),
                        FilterBar.Choice("all", t("many.mode_all")),
                    ], selected: mode
                ).html(problems, t)
            }
            NoteField("reason", t("many.reason"), hint: t("cancel.reason_hint"), value: note).html(t)
            if isGrave { countField(t).html(problems, t) }
            div(.class("actions")) {
                submitButton(deed.words(t), isGrave ? .danger : .primary)
                a(.class("btn"), .href(back)) { t("many.keep") }
            }
        }
    }

    private func countField(_ t: Localiser) -> TextField {
        var field = TextField("confirm_count", t("many.type_count", ["count": String(possible.count)]), value: typed)
        field.autocomplete = .off
        field.inputmode = .numeric
        field.isShort = true
        return field
    }
}

/// What has become of each.
package struct ManyDonePage: Page {
    package struct Row: Sendable {
        package let id: String
        package let name: String
        package let url: URLPath
        package let verdict: String
        package let detail: String?
        package let until: Instant?
        /// Still suspended afterwards.
        package var isSuspended = false

        package init(id: String, name: String, url: URLPath, verdict: String, detail: String?, until: Instant?) {
            self.id = id
            self.name = name
            self.url = url
            self.verdict = verdict
            self.detail = detail
            self.until = until
        }
    }

    package var crumbs: Breadcrumbs
    package var word: String
    package var rows: [Row]
    package var back: URLPath
    /// Brings back what was cancelled or suspended just now.
    package var undo: URLPath?

    package init(crumbs: Breadcrumbs, word: String, rows: [Row], back: URLPath, undo: URLPath?) {
        self.crumbs = crumbs
        self.word = word
        self.rows = rows
        self.back = back
        self.undo = undo
    }

    private func count(_ verdict: String) -> Int { rows.count { $0.verdict == verdict } }

    package func title(_ t: Localiser) -> String {
        let others = rows.count { word == "reactivate" && $0.verdict == "done" && $0.isSuspended }
        return DeedWords(word, turned: count("done") - others, others: others).done(t)
    }

    package func content(_ t: Localiser) -> HTML {
        let refused = count("refused")
        return group {
            crumbs.html(t)
            PageHeading(
                title(t),
                lede: .text(
                    t("many.done_lede", ["unchanged": t.number(count("unchanged")), "refused": t.number(refused)])),
                actions: [
                    ActionLink(t("many.back"), back, .primary), undo.map { ActionLink(t("many.undo"), $0) },
                ].compactMap { $0 }
            ).html
            DataTable(
                t("many.table"),
                columns: [TableColumn(t("subscriptions.name")), TableColumn(t("many.verdict"))],
                rows: rows.map { row in
                    TableRow([
                        group {
                            a(.class("row-link"), .href(row.url)) { row.name }
                            span(.class("sub mono")) { row.id }
                        }, verdict(row, t),
                    ])
                }
            ).html
        }
    }

    private func verdict(_ row: Row, _ t: Localiser) -> HTML {
        group {
            t("many.verdict_\(row.verdict)")
            if let detail = row.detail {
                span(.class("sub sub--bad")) { detail }
            } else if let until = row.until {
                span(.class("sub")) { t.html("many.until", ["date": t.timeElement(until)]) }
            }
        }
    }
}
