import HTML
import Values

/// Name and service administrator (A8): typed here, checked on the next page.
package struct EditDetailsPage: Page {
    /// The service administrator who has not signed in yet.
    package struct Invited: Sendable {
        package let email: String
        /// Until when her invitation works; nil when there is none.
        package let until: Instant?
        package let isExpired: Bool
        package let resend: ActionForm

        package init(email: String, until: Instant?, isExpired: Bool, resend: ActionForm) {
            self.email = email
            self.until = until
            self.isExpired = isExpired
            self.resend = resend
        }
    }

    package var crumbs: Breadcrumbs
    /// The page that shows before and after.
    package var review: URLPath
    package var back: URLPath
    /// The version that the form was filled from (G19).
    package var etag: String
    package var name: String
    package var serviceAdministratorEmail: String
    package var accountAdministratorEmail: String
    package var problems: [FieldProblem] = []
    package var invited: Invited?
    /// What somebody else stored meanwhile: the form keeps the reader's words and shows theirs beside (G19).
    package var stored: (name: String, serviceAdministratorEmail: String)?

    package init(
        crumbs: Breadcrumbs, review: URLPath, back: URLPath, etag: String, name: String, serviceAdministratorEmail: String,
        accountAdministratorEmail: String
    ) {
        self.crumbs = crumbs
        self.review = review
        self.back = back
        self.etag = etag
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
            if let invited { invitation(invited, t) }
            form(.class("form"), .method(.get), .action(review), .novalidate) {
                hiddenField("if_match", etag)
                nameField(t).html(problems, t)
                administratorField(t).html(problems, t)
                div(.class("actions")) {
                    submitButton(t(stored == nil ? "edit.review" : "edit.save_mine"))
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

    private func invitation(_ invited: Invited, _ t: Localiser) -> HTML {
        let text: HTML =
            invited.isExpired
            ? .text(t("edit.invited_expired"))
            : invited.until.map { t.html("edit.invited_text", ["date": t.realTimeElement($0)]) } ?? .text(t("edit.invited_none"))
        return Banner(
            .info, title: t("edit.invited_title", ["email": invited.email]), text: p { text }, forms: [invited.resend]
        ).html
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

/// Before it is saved: what changes, who gains access, who loses it, who is told.
package struct EditReviewPage: Page {
    package var crumbs: Breadcrumbs
    package var rows: [ReviewTable.Row]
    package var effects: [String]
    package var action: URLPath
    package var values: [(String, String)]
    package var tokens: FormTokens
    package var back: URLPath

    package init(
        crumbs: Breadcrumbs, rows: [ReviewTable.Row], effects: [String], action: URLPath, values: [(String, String)],
        tokens: FormTokens, back: URLPath
    ) {
        self.crumbs = crumbs
        self.rows = rows
        self.effects = effects
        self.action = action
        self.values = values
        self.tokens = tokens
        self.back = back
    }

    package func title(_ t: Localiser) -> String { t("edit.review_title") }

    package func content(_ t: Localiser) -> HTML {
        let isChanged = rows.contains(where: \.isChanged)
        return div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(t("edit.review_title"), lede: .text(t(isChanged ? "edit.review_lede" : "edit.unchanged"))).html
            ReviewTable(t("edit.now_and_then"), rows).html(t)
            if !effects.isEmpty { ul(.class("effects")) { for effect in effects { li { effect } } } }
            form(.class("form"), .method(.post), .action(action)) {
                tokens.fields
                for (name, value) in values { hiddenField(name, value) }
                div(.class("actions")) {
                    if isChanged { submitButton(t("edit.save_changes")) }
                    a(.class("btn"), .href(back)) { t("edit.back_to_form") }
                }
            }
        }
    }
}
