import HTML
import Values

/// The partner: an ID is typed, checked, its company shown, and then confirmed (A9).
package struct PartnerPage: Page {
    package struct Change: Sendable {
        package let at: Instant
        package let actorKind: String
        package let actor: String?
        package let from: String?
        package let to: String?

        package init(at: Instant, actorKind: String, actor: String?, from: String?, to: String?) {
            self.at = at
            self.actorKind = actorKind
            self.actor = actor
            self.from = from
            self.to = to
        }
    }

    package struct Found: Sendable {
        package let code: String
        package let companyName: String

        package init(code: String, companyName: String) {
            self.code = code
            self.companyName = companyName
        }
    }

    package var crumbs: Breadcrumbs
    /// This page, asked by GET with `code`.
    package var check: URLPath
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var code: String
    package var current: Found?
    package var found: Found?
    package var problems: [FieldProblem] = []
    package var removal: URLPath?
    /// Who changed it, when, from what to what; the newest first.
    package var history: [Change] = []

    package init(
        crumbs: Breadcrumbs, check: URLPath, action: URLPath, back: URLPath, tokens: FormTokens, code: String = "",
        current: Found? = nil, found: Found? = nil
    ) {
        self.crumbs = crumbs
        self.check = check
        self.action = action
        self.back = back
        self.tokens = tokens
        self.code = code
        self.current = current
        self.found = found
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t("partner.title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(t("partner.title"), lede: .text(lede(t))).html
            form(.class("form"), .method(.get), .action(check), .novalidate) {
                codeField(t).html(problems, t)
                div(.class("actions")) {
                    submitButton(t("partner.check"), found == nil ? .primary : .plain)
                    a(.class("btn"), .href(back)) { t("partner.keep") }
                }
            }
            if let found { confirmation(found, t) }
            if let removal, current != nil {
                ActionForm(t("partner.remove"), action: removal, tokens: tokens).html
            }
            block(t("partner.history"), id: "history") {
                if history.isEmpty { p(.class("note")) { t("partner.history_empty") } } else { changes(t).html }
            }
        }
    }

    private func changes(_ t: Localiser) -> DataTable {
        DataTable(
            t("partner.history"),
            columns: [
                TableColumn(t("partner.history_when")), TableColumn(t("partner.history_who")),
                TableColumn(t("partner.history_from")), TableColumn(t("partner.history_to")),
            ],
            rows: history.map { change in
                TableRow([
                    t.timeElement(change.at),
                    group {
                        t("actor.\(change.actorKind)")
                        if let actor = change.actor { span(.class("sub")) { actor } }
                    },
                    change.from.map(HTML.text) ?? t.nothing, change.to.map(HTML.text) ?? t.nothing,
                ])
            })
    }

    private func lede(_ t: Localiser) -> String {
        current.map { t("partner.current", ["company": $0.companyName, "code": $0.code]) } ?? t("partner.none")
    }

    private func codeField(_ t: Localiser) -> TextField {
        var field = TextField("code", t("partner.code"), hint: t("partner.code_hint"), value: code)
        field.autocomplete = .off
        field.maxlength = 64
        field.isShort = true
        return field
    }

    private func confirmation(_ found: Found, _ t: Localiser) -> HTML {
        panel(t("partner.found")) {
            p(.class("found-name")) { found.companyName }
            p(.class("note")) { t("partner.found_text", ["code": found.code]) }
            ActionForm(
                t("partner.confirm"), action: action, tokens: tokens, values: [("code", found.code)], weight: .primary
            ).html
        }
    }
}
