import Billing
import HTML
import Values

/// The hand-over of an account: begun here, or under way.
package struct HandoverPage: Page {
    package struct UnderWay: Sendable {
        package let from: String
        package let to: String
        package let since: Instant
        package let until: Instant
        package let cancel: URLPath

        package init(from: String, to: String, since: Instant, until: Instant, cancel: URLPath) {
            self.from = from
            self.to = to
            self.since = since
            self.until = until
            self.cancel = cancel
        }
    }

    package var crumbs: Breadcrumbs
    package var accountName: String
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    /// Whether the provider acts for the administrator.
    package var isForAnother: Bool
    package var underWay: UnderWay?
    package var email = ""
    package var keeps: String = ""
    package var typedName = ""
    package var problems: [FieldProblem] = []

    package init(crumbs: Breadcrumbs, accountName: String, action: URLPath, back: URLPath, tokens: FormTokens, isForAnother: Bool)
    {
        self.crumbs = crumbs
        self.accountName = accountName
        self.action = action
        self.back = back
        self.tokens = tokens
        self.isForAnother = isForAnother
    }

    package var hasProblems: Bool { !problems.isEmpty }
    package func title(_ t: Localiser) -> String { t("handover.title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(t("handover.title"), lede: .text(t("handover.lede", ["owner": accountName]))).html
            if let underWay { open(underWay, t) } else { start(t) }
        }
    }

    private func open(_ handover: UnderWay, _ t: Localiser) -> HTML {
        Banner(
            .info, title: t("handover.open_title"),
            text: p {
                t.html(
                    "handover.open_text",
                    ["since": t.realTimeElement(handover.since), "until": t.realTimeElement(handover.until)],
                    ["new": handover.to, "old": handover.from])
            }, forms: [ActionForm(t("handover.cancel"), action: handover.cancel, tokens: tokens)]
        ).html
    }

    private func start(_ t: Localiser) -> HTML {
        var address = TextField("email", t("handover.email"), hint: t("handover.email_hint"), value: email, type: .email)
        address.autocomplete = .off
        address.maxlength = 254
        var name = TextField("confirm_name", t("handover.confirm", ["name": accountName]), value: typedName)
        name.autocomplete = .off
        return group {
            ul(.class("effects")) {
                for effect in ["handover.effect_admin", "handover.effect_services", "handover.effect_until"] { li { t(effect) } }
            }
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                address.html(problems, t)
                SelectField(
                    "keep_role", t(isForAnother ? "handover.keep_role_operator" : "handover.keep_role"),
                    choices: [
                        .init("finance", t("handover.keep_finance")), .init("reader", t("handover.keep_reader")),
                        .init("", t("handover.keep_none")),
                    ], selected: keeps, isRequired: false
                ).html(problems, t)
                name.html(problems, t)
                div(.class("actions")) {
                    submitButton(t("handover.start"), .danger)
                    a(.class("btn"), .href(back)) { t("handover.keep") }
                }
            }
        }
    }
}
