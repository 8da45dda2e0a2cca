import HTML
import Values

/// `/profile` (A11): who I am here, where my letters go, how pages look to me, how I sign in.
package struct ProfilePage: Page {
    package var profile: Profile
    package var tenantName: String
    /// The tenant's zone, for whoever has none of her own.
    package var tenantZone: String
    package var hasPassword: Bool
    package var sessions: Int
    package var tokens: FormTokens

    package func title(_ t: Localiser) -> String { t("profile.title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            PageHeading(t("profile.title"), lede: .text(t("profile.lede", ["tenant": tenantName]))).html
            block(t("profile.details"), tools: link(t("profile.edit_details"), .profileDetailsForm)) { details(t).html }
            block(t("profile.letters"), tools: link(t("profile.edit_email"), .contactEmailForm)) { letters(t) }
            block(t("profile.look"), tools: link(t("profile.edit_look"), .preferencesForm)) { look(t).html }
            block(t("profile.access")) { access(t).html }
        }
    }

    private func link(_ label: String, _ route: PageRoute) -> HTML { a(.href(route.url())) { label } }

    private func text(_ value: String, _ t: Localiser) -> HTML {
        value.isEmpty ? span(.class("note")) { t("profile.nothing") } : .text(value)
    }

    private func details(_ t: Localiser) -> DetailList {
        DetailList([
            .init(t("profile.first_name"), text(profile.firstName, t)), .init(t("profile.last_name"), text(profile.lastName, t)),
            .init(t("profile.company"), text(profile.company, t)), .init(t("profile.phone"), text(profile.phone, t)),
        ])
    }

    private func letters(_ t: Localiser) -> HTML {
        group {
            DetailList([.init(t("profile.contact_email"), .text(profile.letters))]).html
            if let pending = profile.pending {
                Banner(
                    .info, title: t("profile.pending_title", ["email": pending.email]),
                    text: .text(t("profile.pending_text", ["time": t.realTime(pending.until)])),
                    forms: [
                        ActionForm(t("profile.withdraw_email"), action: PageRoute.withdrawContactEmail.url(), tokens: tokens)
                    ]
                ).html
            }
        }
    }

    private func look(_ t: Localiser) -> DetailList {
        let language = profile.language.flatMap { Language(tag: $0) }?.ownName ?? t("profile.as_browser")
        let zone = profile.zone ?? t("profile.as_tenant", ["zone": tenantZone])
        return DetailList([
            .init(t("profile.language"), .text(language)), .init(t("profile.time_zone"), .text(zone)),
            .init(
                t("profile.theme"), .text(t(profile.theme.map { "profile.theme_\($0)" } ?? "profile.as_browser"))),
        ])
    }

    private func access(_ t: Localiser) -> DetailList {
        DetailList([
            .init(t("profile.sign_in_email"), .text(profile.email)),
            .init(
                t("sign_in.password"), .text(t(hasPassword ? "profile.password_is_set" : "profile.password_is_none")),
                action: hasPassword
                    ? ActionLink(t("profile.change_password"), PageRoute.changePasswordForm.url())
                    : ActionLink(t("profile.ask_password"), PageRoute.forgotPasswordForm.url())),
            .init(
                t("two_step.title"), .text(t(profile.hasTwoStepSignIn ? "two_step.on" : "two_step.off")),
                action: ActionLink(t(profile.hasTwoStepSignIn ? "profile.manage" : "two_step.turn_on"), PageRoute.twoStep.url())),
            .init(
                t("sessions.title"), .text(t("sessions.count", ["count": t.number(sessions)])),
                action: ActionLink(t("profile.manage"), PageRoute.sessions.url())),
        ])
    }
}

/// One form of the profile: its fields, save, and the way back.
package struct ProfileFormPage: Page {
    package enum Field: Sendable {
        case text(TextField)
        case select(SelectField)
    }

    package var name: String
    package var lede: String
    package var action: URLPath
    package var tokens: FormTokens
    package var fields: [Field]
    package var save: String
    package var problems: [FieldProblem] = []
    /// Somebody changed the profile meanwhile: what is stored now, field by field (G19).
    package var stored: [ReviewTable.Row] = []

    package var hasProblems: Bool { !problems.isEmpty || !stored.isEmpty }

    package func title(_ t: Localiser) -> String { name }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            profileCrumbs(name, t)
            errorSummary(problems, t)
            PageHeading(name, lede: .text(lede)).html
            if !stored.isEmpty {
                Banner(
                    .warn, title: t("edit.conflict_title"),
                    text: group {
                        p { t("edit.conflict_text") }
                        ReviewTable(t("edit.conflict_title"), stored).html(t)
                    }
                ).html
            }
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                for field in fields {
                    switch field {
                    case .text(let field): field.html(problems, t)
                    case .select(let field): field.html(problems, t)
                    }
                }
                div(.class("actions")) {
                    submitButton(save)
                    a(.class("btn"), .href(PageRoute.profile.url())) { t("profile.discard") }
                }
            }
        }
    }
}

/// Behind the link in the letter: a button, since scanners follow links too.
package struct ConfirmEmailPage: Page {
    package let email: String
    package let tenantName: String
    package let action: URLPath
    package let csrf: String

    package func title(_ t: Localiser) -> String { t("profile.confirm_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("sign-in")) {
            h1 { title(t) }
            p { t("profile.confirm_text", ["email": email, "tenant": tenantName]) }
            form(.class("form"), .method(.post), .action(action)) {
                hiddenField("csrf", csrf)
                submitButton(t("profile.confirm"))
            }
        }
    }
}

/// What is said after it, signed in or not.
package struct EmailConfirmedPage: Page {
    package let email: String
    package let action: ActionLink

    package func title(_ t: Localiser) -> String { t("profile.confirmed_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("error-page")) {
            h1 { title(t) }
            p(.class("lede")) { t("profile.confirmed_text", ["email": email]) }
            div(.class("actions")) { action.button }
        }
    }
}
