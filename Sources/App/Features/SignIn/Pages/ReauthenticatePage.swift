import HTML

/// `/re-authenticate`: the password once more.
package struct ReauthenticatePage: Page {
    package var action: URLPath
    package var csrf: String
    package var email: String
    package var returnTo: URLPath
    package var problem: String?
    package var codeProblem: String?
    /// Whoever only ever came from the provider's console has no password yet.
    package var asksPassword = true
    package var asksCode = false

    package init(action: URLPath, csrf: String, email: String, returnTo: URLPath) {
        self.action = action
        self.csrf = csrf
        self.email = email
        self.returnTo = returnTo
    }

    package var hasProblems: Bool { problem != nil || codeProblem != nil }

    package func title(_ t: Localiser) -> String { t("reauthenticate.title") }

    package func content(_ t: Localiser) -> HTML {
        let problems =
            (problem.map { [FieldProblem("password", $0)] } ?? []) + (codeProblem.map { [FieldProblem("code", $0)] } ?? [])
        return div(.class("sign-in")) {
            errorSummary(problems, t)
            h1 { title(t) }
            p(.class("note")) { t(asksPassword || asksCode ? "reauthenticate.text" : "reauthenticate.no_password") }
            if asksPassword || asksCode { fields(problems, t) } else { askPassword(t) }
        }
    }

    private func askPassword(_ t: Localiser) -> HTML {
        div(.class("actions")) {
            ActionLink(t("profile.ask_password"), PageRoute.forgotPasswordForm.url(), .primary).button
            ActionLink(t("reauthenticate.leave"), PageRoute.home.url()).button
        }
    }

    private func fields(_ problems: [FieldProblem], _ t: Localiser) -> HTML {
        form(.class("form"), .method(.post), .action(action), .novalidate) {
            hiddenField("csrf", csrf)
            hiddenField("return_to", returnTo.string)
            userName(t).html([], t)
            if asksPassword { password(t).html(problems, t) }
            if asksCode { code(t).html(problems, t) }
            submitButton(t("reauthenticate.submit"))
            p { a(.href(PageRoute.home.url())) { t("reauthenticate.leave") } }
        }
    }

    private func code(_ t: Localiser) -> TextField {
        var field = codeField(t, focus: false)
        field.label = t(asksPassword ? "reauthenticate.or_code" : "two_step.code")
        field.isRequired = !asksPassword
        return field
    }

    /// For password managers, and so that she sees whose password is asked for.
    private func userName(_ t: Localiser) -> TextField {
        var field = TextField("email", t("sign_in.email"), value: email, type: .email)
        field.autocomplete = .username
        field.isReadOnly = true
        return field
    }

    private func password(_ t: Localiser) -> TextField {
        var field = TextField("password", t("sign_in.password"), type: .password)
        field.autocomplete = .currentPassword
        field.takesFocus = problem == nil
        return field
    }
}
