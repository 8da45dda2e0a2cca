import Billing
import HTML
import Values

/// An address, a role, and a mail goes out.
package struct InvitePage: Page {
    package var crumbs: Breadcrumbs
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var roles: [Role]
    package var email = ""
    package var role: Role?
    package var problems: [FieldProblem] = []

    package init(crumbs: Breadcrumbs, action: URLPath, back: URLPath, tokens: FormTokens, roles: [Role]) {
        self.crumbs = crumbs
        self.action = action
        self.back = back
        self.tokens = tokens
        self.roles = roles
    }

    package var hasProblems: Bool { !problems.isEmpty }
    package func title(_ t: Localiser) -> String { t("members.invite_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(t("members.invite_title"), lede: .text(t("members.invite_lede"))).html
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                emailField(t).html(problems, t)
                SelectField("role", t("members.role"), choices: choices(t), selected: role?.rawValue).html(problems, t)
                div(.class("actions")) {
                    submitButton(t("members.invite_submit"))
                    a(.class("btn"), .href(back)) { t("members.keep") }
                }
            }
        }
    }

    /// Nothing is chosen beforehand: nobody gets a role because a form suggested it.
    private func choices(_ t: Localiser) -> [FilterBar.Choice] {
        (role == nil ? [.init("", t("members.role_choose"))] : [])
            + roles.map { .init($0.rawValue, t("members.role_\($0.rawValue)")) }
    }

    private func emailField(_ t: Localiser) -> TextField {
        var field = TextField("email", t("members.email"), hint: t("members.email_hint"), value: email, type: .email)
        field.autocomplete = .off
        field.maxlength = 254
        return field
    }
}

/// Another role: chosen, compared, confirmed.
package struct ChangeRolePage: Page {
    package var crumbs: Breadcrumbs
    package var name: String
    package var current: Role
    /// The role to compare with; nil before one is chosen.
    package var chosen: Role?
    package var roles: [Role]
    package var compare: URLPath
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var problems: [FieldProblem] = []

    package init(
        crumbs: Breadcrumbs, name: String, current: Role, roles: [Role], compare: URLPath, action: URLPath, back: URLPath,
        tokens: FormTokens
    ) {
        self.crumbs = crumbs
        self.name = name
        self.current = current
        self.roles = roles
        self.compare = compare
        self.action = action
        self.back = back
        self.tokens = tokens
    }

    package var hasProblems: Bool { !problems.isEmpty }
    package func title(_ t: Localiser) -> String { t("members.change_title", ["name": name]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t.word(current))).html
            form(.class("form"), .method(.get), .action(compare), .novalidate) {
                SelectField(
                    "role", t("members.new_role"), choices: roles.map { .init($0.rawValue, t("members.role_\($0.rawValue)")) },
                    selected: chosen?.rawValue ?? roles.first { $0 != current }?.rawValue
                ).html(problems, t)
                div(.class("actions")) {
                    submitButton(t("members.compare"), chosen == nil ? .primary : .plain)
                    a(.class("btn"), .href(back)) { t("members.keep") }
                }
            }
            if let chosen, problems.isEmpty { comparison(chosen, t) }
        }
    }

    private func comparison(_ chosen: Role, _ t: Localiser) -> HTML {
        let rows =
            [
                ReviewTable.Row(
                    t("members.role"), before: .text(t.word(current)), after: .text(t.word(chosen)), isChanged: true)
            ]
            + RoleMatrix.permissions.compactMap { permission -> ReviewTable.Row? in
                let (was, will) = (RoleMatrix.cell(permission, current) != .no, RoleMatrix.cell(permission, chosen) != .no)
                guard was || will else { return nil }
                return ReviewTable.Row(
                    t("permission.\(permission.word)"), before: .text(t(was ? "members.can" : "members.cannot")),
                    after: .text(t(will ? "members.can" : "members.cannot")), isChanged: was != will)
            }
        return panel(t("members.change_now")) {
            ReviewTable(t("members.change_now"), rows).html(t)
            ActionForm(
                t("members.change_submit"), action: action, tokens: tokens, values: [("role", chosen.rawValue)], weight: .primary
            ).html
        }
    }
}

/// Removing a member, or taking an invitation back: what it means, and the name typed (G20).
package struct RemoveMemberPage: Page {
    package var crumbs: Breadcrumbs
    package var name: String
    package var ownerName: String
    package var isGranted: Bool
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var typedName = ""
    package var problems: [FieldProblem] = []

    package init(
        crumbs: Breadcrumbs, name: String, ownerName: String, isGranted: Bool, action: URLPath, back: URLPath, tokens: FormTokens
    ) {
        self.crumbs = crumbs
        self.name = name
        self.ownerName = ownerName
        self.isGranted = isGranted
        self.action = action
        self.back = back
        self.tokens = tokens
    }

    package var hasProblems: Bool { !problems.isEmpty }
    package func title(_ t: Localiser) -> String {
        t(isGranted ? "members.remove_title" : "members.withdraw_title", ["name": name])
    }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(
                title(t), lede: .text(t(isGranted ? "members.remove_lede" : "members.withdraw_lede", ["owner": ownerName]))
            ).html
            question(t).html(t)
        }
    }

    private func question(_ t: Localiser) -> ConfirmForm {
        let names = ["name": name, "owner": ownerName]
        let effects =
            isGranted
            ? [
                "members.remove_effect_access", "members.remove_effect_services", "members.remove_effect_told",
                "members.remove_effect_back",
            ]
            : ["members.withdraw_effect"]
        var form = ConfirmForm(
            effects: effects.map { .text(t($0, names)) }, action: action, tokens: tokens,
            confirm: t(isGranted ? "members.remove_confirm" : "members.withdraw_confirm"), isDangerous: true,
            keep: t("members.remove_keep"), back: back)
        if isGranted {
            form.typedName = name
            form.typedValue = typedName
        }
        form.problems = problems
        return form
    }
}
