import HTML

/// Name and service administrator (A8).
package struct EditDetailsPage: Page {
    package var crumbs: Breadcrumbs
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var name: String
    package var serviceAdministratorEmail: String
    package var accountAdministratorEmail: String
    package var problems: [FieldProblem] = []
    /// What somebody else stored meanwhile: the form keeps the reader's words and shows theirs beside (G19).
    package var stored: (name: String, serviceAdministratorEmail: String)?

    package init(
        crumbs: Breadcrumbs, action: URLPath, back: URLPath, tokens: FormTokens, name: String, serviceAdministratorEmail: String,
        accountAdministratorEmail: String
    ) {
        self.crumbs = crumbs
        self.action = action
        self.back = back
        self.tokens = tokens
        self.name = name
        self.serviceAdministratorEmail = serviceAdministratorEmail
        self.accountAdministratorEmail = accountAdministratorEmail
    }

    package var hasProblems: Bool { !problems.isEmpty || stored != nil }

    package func title(_ t: Localiser) -> String { t("edit.title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(t("edit.title")).html
            if let stored { conflict(stored, t) }
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                nameField(t).html(problems, t)
                administratorField(t).html(problems, t)
                div(.class("actions")) {
                    submitButton(t(stored == nil ? "edit.save" : "edit.save_mine"))
                    a(.class("btn"), .href(back)) { t("edit.discard") }
                }
            }
        }
    }

    private func nameField(_ t: Localiser) -> TextField {
        var field = TextField("name", t("edit.name"), hint: t("edit.name_hint"), value: name)
        field.autocomplete = .off
        field.maxlength = 200
        return field
    }

    private func administratorField(_ t: Localiser) -> TextField {
        var field = TextField(
            "service_administrator_email", t("edit.service_administrator"),
            hint: t("edit.service_administrator_hint", ["email": accountAdministratorEmail]), value: serviceAdministratorEmail,
            type: .email)
        field.autocomplete = .off
        return field
    }

    private func conflict(_ stored: (name: String, serviceAdministratorEmail: String), _ t: Localiser) -> HTML {
        let rows = [
            ReviewTable.Row(
                t("edit.name"), before: .text(stored.name), after: .text(name), isChanged: stored.name != name),
            ReviewTable.Row(
                t("edit.service_administrator"), before: .text(stored.serviceAdministratorEmail),
                after: .text(serviceAdministratorEmail), isChanged: stored.serviceAdministratorEmail != serviceAdministratorEmail),
        ]
        return Banner(
            .warn, title: t("edit.conflict_title"),
            text: group {
                p { t("edit.conflict_text") }
                ReviewTable(t("edit.conflict_title"), rows).html(t)
            }
        ).html
    }
}

/// The partner: an ID is typed, checked, its company shown, and then confirmed (A9).
package struct PartnerPage: Page {
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
        }
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
