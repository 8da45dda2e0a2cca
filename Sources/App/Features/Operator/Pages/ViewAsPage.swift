import Billing
import HTML
import Values

/// Before an operator sees the portal as somebody else: what it is, and why she does it.
struct ViewAsPage: Page {
    var crumbs: Breadcrumbs
    var accountName: String
    var people: [AccountDesk.Member]
    var selected: String
    var reason = ""
    var action: URLPath
    var back: URLPath
    var tokens: FormTokens
    var problems: [FieldProblem] = []

    var hasProblems: Bool { !problems.isEmpty }

    func title(_ t: Localiser) -> String { t("desk.view_as_title", ["name": accountName]) }

    func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t("desk.view_as_lede"))).html
            ul(.class("effects")) {
                li { t("desk.view_as_read_only") }
                li { t("desk.view_as_time", ["minutes": t.number(Viewing.seconds / 60)]) }
                li { t("desk.view_as_recorded") }
            }
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                SelectField(
                    "person", t("desk.view_as_person"),
                    choices: people.map { FilterBar.Choice($0.person.id.description, choice($0, t)) }, selected: selected
                ).html(problems, t)
                reasonField(t).html(problems, t)
                div(.class("actions")) {
                    submitButton(t("desk.view_as"))
                    a(.class("btn"), .href(back)) { t("desk.view_as_keep") }
                }
            }
        }
    }

    private func choice(_ member: AccountDesk.Member, _ t: Localiser) -> String {
        "\(member.person.name) · \(member.roles.map(t.word).joined(separator: t("common.list_comma")))"
    }

    private func reasonField(_ t: Localiser) -> TextField {
        var field = TextField("reason", t("desk.view_as_reason"), hint: t("desk.view_as_reason_hint"), value: reason)
        field.maxlength = 500
        field.autocomplete = .off
        return field
    }
}
