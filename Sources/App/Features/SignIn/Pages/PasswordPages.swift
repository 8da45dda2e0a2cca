import HTML

/// `/forgot-password`: an address, and the promise of a letter.
package struct ForgotPasswordPage: Page {
    package var action: URLPath
    package var csrf: String
    package var email: String
    package var problem: String?

    package init(action: URLPath, csrf: String, email: String = "", problem: String? = nil) {
        self.action = action
        self.csrf = csrf
        self.email = email
        self.problem = problem
    }

    package var hasProblems: Bool { problem != nil }

    package func title(_ t: Localiser) -> String { t("password.forgot_title") }

    package func content(_ t: Localiser) -> HTML {
        let problems = problem.map { [FieldProblem("email", $0)] } ?? []
        var field = TextField("email", t("sign_in.email"), value: email, type: .email)
        field.autocomplete = .username
        field.takesFocus = problem == nil
        return div(.class("sign-in")) {
            errorSummary(problems, t)
            h1 { title(t) }
            p(.class("note")) { t("password.forgot_text") }
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                hiddenField("csrf", csrf)
                field.html(problems, t)
                submitButton(t("password.forgot_submit"))
                p { a(.href(PageRoute.signInForm.url())) { t("password.back_to_sign_in") } }
            }
        }
    }
}

/// The same for every address: nobody learns whom we know.
package struct ForgotPasswordSentPage: Page {
    package init() {}

    package func title(_ t: Localiser) -> String { t("password.sent_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("sign-in")) {
            h1 { title(t) }
            p { t("password.sent_text") }
            p(.class("note")) { t("password.sent_hint") }
            p { a(.href(PageRoute.signInForm.url())) { t("password.back_to_sign_in") } }
        }
    }
}

/// A new password: behind a mailed link, or in the profile with the one of now asked first.
package struct NewPasswordPage: Page {
    package enum Way: Sendable { case link, profile }

    package var way: Way
    package var action: URLPath
    package var tokens: FormTokens
    package var email: String
    package var back: URLPath
    package var problems: [FieldProblem] = []

    package init(way: Way, action: URLPath, tokens: FormTokens, email: String, back: URLPath) {
        self.way = way
        self.action = action
        self.tokens = tokens
        self.email = email
        self.back = back
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t(way == .link ? "password.new_title" : "password.change_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class(way == .link ? "sign-in" : "narrow")) {
            if way == .profile { profileCrumbs(title(t), t) }
            errorSummary(problems, t)
            h1 { title(t) }
            p(.class("note")) { t(way == .link ? "password.new_text" : "password.change_text") }
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                userName(t).html([], t)
                if way == .profile { current(t).html(problems, t) }
                field("password", t("password.new"), hint: t("password.new_hint"), t).html(problems, t)
                field("password_again", t("password.again"), hint: nil, t).html(problems, t)
                div(.class("actions")) {
                    submitButton(t("password.save"))
                    a(.class("btn"), .href(back)) { t(way == .link ? "password.back_to_sign_in" : "profile.discard") }
                }
            }
        }
    }

    /// Password managers keep the new password under this name.
    private func userName(_ t: Localiser) -> TextField {
        var field = TextField("email", t("sign_in.email"), value: email, type: .email)
        field.autocomplete = .username
        field.isReadOnly = true
        return field
    }

    private func current(_ t: Localiser) -> TextField {
        var field = TextField("current_password", t("password.current"), type: .password)
        field.autocomplete = .currentPassword
        return field
    }

    private func field(_ name: String, _ label: String, hint: String?, _ t: Localiser) -> TextField {
        var field = TextField(name, label, hint: hint, type: .password)
        field.autocomplete = .newPassword
        return field
    }
}

/// The row above every page of the profile.
func profileCrumbs(_ current: String, _ t: Localiser) -> HTML {
    Breadcrumbs([(t("profile.title"), PageRoute.profile.url())], current: current).html(t)
}
