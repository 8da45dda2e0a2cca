import HTML

/// `/re-authenticate`: the password once more.
package struct ReauthenticatePage: Page {
    package var action: URLPath
    package var csrf: String
    package var email: String
    package var returnTo: URLPath
    package var problem: String?

    package init(action: URLPath, csrf: String, email: String, returnTo: URLPath) {
        self.action = action
        self.csrf = csrf
        self.email = email
        self.returnTo = returnTo
    }

    package var hasProblems: Bool { problem != nil }

    package func title(_ t: Localiser) -> String { t("reauthenticate.title") }

    package func content(_ t: Localiser) -> HTML {
        let problems = problem.map { [FieldProblem("password", $0)] } ?? []
        return div(.class("sign-in")) {
            errorSummary(problems, t)
            h1 { title(t) }
            p(.class("note")) { t("reauthenticate.text") }
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                hiddenField("csrf", csrf)
                hiddenField("return_to", returnTo.string)
                userName(t).html([], t)
                password(t).html(problems, t)
                submitButton(t("reauthenticate.submit"))
                p { a(.href(PageRoute.home.url())) { t("reauthenticate.leave") } }
            }
        }
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
