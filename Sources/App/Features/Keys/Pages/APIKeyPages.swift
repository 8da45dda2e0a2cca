import HTML
import Values

/// The addresses of one owner's keys: an account's, or the tenant's own.
package struct APIKeyLinks: Sendable {
    package let list: URLPath
    package let new: URLPath
    package let edit: @Sendable (APIKeyID) -> URLPath
    package let rotate: @Sendable (APIKeyID) -> URLPath
    package let revoke: @Sendable (APIKeyID) -> URLPath

    package init(
        list: URLPath, new: URLPath, edit: @escaping @Sendable (APIKeyID) -> URLPath,
        rotate: @escaping @Sendable (APIKeyID) -> URLPath,
        revoke: @escaping @Sendable (APIKeyID) -> URLPath
    ) {
        self.list = list
        self.new = new
        self.edit = edit
        self.rotate = rotate
        self.revoke = revoke
    }
}

/// What a new key is to be.
package struct NewAPIKeyPage: Page {
    package var crumbs: Breadcrumbs
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var roles: [FilterBar.Choice]
    /// What a key of one of these roles can be narrowed to.
    package var offered: [String]
    package var name = ""
    package var role = ""
    /// `all`, or the chosen ones.
    package var isNarrowed = false
    package var scopes: Set<String> = []
    package var expiresOn = ""
    package var addresses = ""
    package var problems: [FieldProblem] = []

    package init(
        crumbs: Breadcrumbs, action: URLPath, back: URLPath, tokens: FormTokens, roles: [FilterBar.Choice], offered: [String]
    ) {
        self.crumbs = crumbs
        self.action = action
        self.back = back
        self.tokens = tokens
        self.roles = roles
        self.offered = offered
    }

    package var hasProblems: Bool { !problems.isEmpty }
    package func title(_ t: Localiser) -> String { t("keys.new") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(t("keys.new"), lede: .text(t("keys.new_lede"))).html
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                nameField(t).html(problems, t)
                SelectField("role", t("keys.column.role"), hint: t("keys.role_hint"), choices: roles, selected: role)
                    .html(problems, t)
                scopeFields(t)
                limits(t)
                div(.class("actions")) {
                    submitButton(t("keys.make"))
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

    private func scopeFields(_ t: Localiser) -> HTML {
        details(.open(isNarrowed || problems.contains { $0.field == "scopes" })) {
            summary { t("keys.narrow") }
            div(.class("field"), .id(fieldID("scopes"))) {
                p(.class("hint")) { t("keys.scopes_hint") }
                for fault in problems where fault.field == "scopes" { faultLine(fault, id: fieldID("scopes"), t) }
                for scope in offered {
                    label(.class("check")) {
                        input(.type(.checkbox), .name("scope:\(scope)"), .value("yes"), .checked(scopes.contains(scope)))
                        " "
                        identifier(scope)
                    }
                }
            }
        }
    }

    private func limits(_ t: Localiser) -> HTML {
        var expiry = TextField(
            "expires_on", t("keys.column.expires"), hint: t("keys.expires_hint"), value: expiresOn, type: .date)
        expiry.isRequired = false
        expiry.isShort = true
        var from = TextField("addresses", t("keys.column.addresses"), hint: t("keys.addresses_hint"), value: addresses)
        from.isRequired = false
        from.autocomplete = .off
        return group {
            expiry.html(problems, t)
            from.html(problems, t)
        }
    }
}

/// The one time that a key is shown.
package struct APIKeyShownPage: Page {
    package var crumbs: Breadcrumbs
    /// Nil when the form was sent again: the key was shown before and is not known any more.
    package var secret: String?
    package var name: String
    package var list: URLPath
    /// The address that this very page came from.
    package var origin: String
    /// When the key that this one replaces ends.
    package var oldEndsAt: Instant?

    package func title(_ t: Localiser) -> String { t(secret == nil ? "keys.shown_already" : "keys.shown") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t), lede: .text(t(secret == nil ? "keys.shown_already_text" : "keys.shown_text", ["name": name])))
                .html
            if let secret {
                p { copyable(secret, name: t("keys.key"), id: "api-key", isWhole: true, t) }
                p(.class("note")) { t("keys.try") }
                pre(.class("letter")) {
                    code { "curl -H \"Authorization: Bearer $BURSAR_KEY\" \(ShellWord.quoted(origin + Endpoint.me.path()))" }
                }
            }
            if let oldEndsAt {
                p {
                    t("keys.old_ends")
                    " "
                    t.realTimeElement(oldEndsAt)
                }
            }
            div(.class("actions")) { a(.class("btn btn--primary"), .href(list)) { t("keys.stored") } }
        }
    }
}

/// Ending or replacing a key: what follows, and two verbs.
package struct APIKeyConfirmPage: Page {
    package enum Step: String, Sendable { case rotate, revoke }

    package var crumbs: Breadcrumbs
    package var step: Step
    package var name: String
    package var shownAs: String
    package var lastUsedAt: Instant?
    package var form: ConfirmForm

    package var hasProblems: Bool { !form.problems.isEmpty }
    package func title(_ t: Localiser) -> String { t("keys.\(step.rawValue)_title", ["name": name]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(form.problems, t)
            PageHeading(title(t), lede: identifier(shownAs)).html
            form.html(t)
        }
    }
}
