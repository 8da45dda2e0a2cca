import HTML
import Values

/// Renames a key; the operator also says how often it may ask.
package struct EditAPIKeyPage: Page {
    package var crumbs: Breadcrumbs
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var keyName: String
    package var shownAs: String
    package var name: String
    /// Nil for whoever does not decide it.
    package var rateLimit: String?
    /// What every key may that has no number of its own.
    package var standardLimit: Int
    package var problems: [FieldProblem] = []

    package var hasProblems: Bool { !problems.isEmpty }
    package func title(_ t: Localiser) -> String { t("keys.edit_title", ["name": keyName]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: identifier(shownAs)).html
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                nameField(t).html(problems, t)
                if let rateLimit { limitField(rateLimit, t).html(problems, t) }
                div(.class("actions")) {
                    submitButton(t("keys.save"))
                    a(.class("btn"), .href(back)) { t("keys.discard") }
                }
            }
        }
    }

    private func nameField(_ t: Localiser) -> TextField {
        var field = TextField("name", t("keys.column.name"), hint: t("keys.name_hint"), value: name)
        field.autocomplete = .off
        field.maxlength = 200
        return field
    }

    private func limitField(_ value: String, _ t: Localiser) -> TextField {
        var field = TextField(
            "rate_limit", t("keys.rate_limit"), hint: t("keys.rate_limit_hint", ["standard": t.number(standardLimit)]),
            value: value)
        field.inputmode = .numeric
        field.autocomplete = .off
        field.isRequired = false
        field.isShort = true
        return field
    }
}
