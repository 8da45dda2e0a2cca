import HTML

/// `/sign-in`: one form that password managers know, and one message for every way of being wrong.
package struct SignInPage: Page {
    package enum Fault: Sendable {
        /// Unknown address or wrong password: nobody learns which.
        case noMatch
        /// Too many attempts, with the seconds left.
        case wait(seconds: Int)
        case missing(email: Bool, password: Bool)
    }

    /// One of the demo's own people, to sign in as by a click.
    package struct DemoPerson: Sendable {
        package let email: String
        package let password: String
        package let role: String

        package init(email: String, password: String, role: String) {
            self.email = email
            self.password = password
            self.role = role
        }
    }

    package struct Tenant: Sendable {
        package let slug: String
        package let name: String

        package init(slug: String, name: String) {
            self.slug = slug
            self.name = name
        }
    }

    package var action: URLPath
    package var csrf: String
    package var email = ""
    /// Where the reader wanted to go, already checked to be on this server.
    package var returnTo: URLPath?
    package var fault: Fault?
    package var demoPeople: [DemoPerson] = []
    /// More than one tenant knows this address and password: the reader says which, without typing again.
    package var tenants: [Tenant] = []
    package var tenantChoiceToken: String?
    /// What was done just now: signed out, a new password set.
    package var said: String?

    package init(action: URLPath, csrf: String) {
        self.action = action
        self.csrf = csrf
    }

    package var hasProblems: Bool { fault != nil }

    package func title(_ t: Localiser) -> String { t(tenants.isEmpty ? "sign_in.title" : "sign_in.which_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("sign-in")) {
            if let said { Banner(.good, title: said).html }
            errorSummary(problems(t), t)
            h1 { title(t) }
            if tenants.isEmpty { passwordForm(t) } else { tenantForm(t) }
            if !demoPeople.isEmpty, tenants.isEmpty { demoList(t) }
        }
    }

    private func problems(_ t: Localiser) -> [FieldProblem] {
        switch fault {
        case nil: []
        case .noMatch: [FieldProblem("email", t("sign_in.no_match"))]
        case .wait(let seconds): [FieldProblem("email", t("sign_in.wait", ["seconds": t.number(seconds)]))]
        case .missing(let email, let password):
            (email ? [FieldProblem("email", t("sign_in.email_missing"))] : [])
                + (password ? [FieldProblem("password", t("sign_in.password_missing"))] : [])
        }
    }

    private func passwordForm(_ t: Localiser) -> HTML {
        var address = TextField("email", t("sign_in.email"), value: email, type: .email)
        address.autocomplete = .username
        address.takesFocus = fault == nil
        var password = TextField("password", t("sign_in.password"), type: .password)
        password.autocomplete = .currentPassword
        let problems = problems(t)
        return form(.class("form"), .method(.post), .action(action), .novalidate) {
            hiddenField("csrf", csrf)
            if let returnTo { hiddenField("return_to", returnTo.string) }
            address.html(problems, t)
            password.html(problems, t)
            submitButton(t("sign_in.submit"))
            p { a(.href(PageRoute.forgotPasswordForm.url())) { t("sign_in.forgot") } }
        }
    }

    private func tenantForm(_ t: Localiser) -> HTML {
        form(.class("form"), .method(.post), .action(action)) {
            hiddenField("csrf", csrf)
            if let returnTo { hiddenField("return_to", returnTo.string) }
            if let tenantChoiceToken { hiddenField("choice", tenantChoiceToken) }
            p(.class("note")) { t("sign_in.which_text", ["email": email]) }
            div(.class("choices")) {
                for tenant in tenants {
                    button(.type(.submit), .class("btn"), .name("tenant"), .value(tenant.slug)) { tenant.name }
                }
            }
        }
    }

    private func demoList(_ t: Localiser) -> HTML {
        section(.class("demo-people")) {
            h2 { t("sign_in.demo_title") }
            p(.class("note")) { t("sign_in.demo_text") }
            ul {
                for person in demoPeople { li { demoForm(person) } }
            }
        }
    }

    private func demoForm(_ person: DemoPerson) -> HTML {
        form(.method(.post), .action(action)) {
            hiddenField("csrf", csrf)
            if let returnTo { hiddenField("return_to", returnTo.string) }
            hiddenField("email", person.email)
            hiddenField("password", person.password)
            button(.type(.submit), .class("demo-person")) {
                strong { person.role }
                span(.class("sub")) { person.email }
            }
        }
    }
}
