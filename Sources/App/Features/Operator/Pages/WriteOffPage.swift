import Billing
import HTML
import Values

/// Write off what a deleted subscription owes: how much, what it means, that it stays so, and why.
struct WriteOffPage: Page {
    var crumbs: Breadcrumbs
    var subscription: Subscription
    var amount: Money
    var tokens: FormTokens
    var reason = ""
    var problems: [FieldProblem] = []

    var hasProblems: Bool { !problems.isEmpty }

    private var id: String { subscription.id.description }

    func title(_ t: Localiser) -> String { t("write_off.title", ["amount": t.money(amount)]) }

    func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t("write_off.lede"))).html
            panel(t("desk.facts")) { DetailList(facts(t)).html }
            ul(.class("effects")) {
                li { t("write_off.given_up", ["amount": t.money(amount)]) }
                li { t("write_off.stays") }
                li { t("write_off.told") }
                li { strong { t("write_off.final") } }
            }
            form(.class("form"), .method(.post), .action(PageRoute.writeOff.url(id)), .novalidate) {
                tokens.fields
                reasonArea(t).html(problems, t)
                div(.class("actions")) {
                    submitButton(t("write_off.confirm", ["amount": t.money(amount)]), .danger)
                    a(.class("btn"), .href(PageRoute.operatorAccount.url(subscription.accountID.description))) {
                        t("write_off.keep")
                    }
                }
            }
        }
    }

    private func facts(_ t: Localiser) -> [DetailList.Item] {
        var items = [
            DetailList.Item(t("subscriptions.account"), .text(subscription.accountName)),
            DetailList.Item(t("desk.subscription_id"), a(.href(subscription.links.overview)) { identifier(id) }),
        ]
        if let deletedAt = subscription.facts.deletedAt {
            items.append(DetailList.Item(t("write_off.deleted"), t.timeElement(deletedAt)))
        }
        items.append(DetailList.Item(t("write_off.owed"), t.moneyElement(amount)))
        return items
    }

    private func reasonArea(_ t: Localiser) -> TextArea {
        TextArea("reason", t("write_off.reason"), hint: t("write_off.reason_hint"), value: reason, maxlength: 500)
    }
}
