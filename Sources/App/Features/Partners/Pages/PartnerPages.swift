import Billing
import HTML
import Values

/// `/operator/partners/new`
struct NewPartnerPage: Page {
    var crumbs: Breadcrumbs
    var tokens: FormTokens
    var code = ""
    var companyName = ""
    var problems: [FieldProblem] = []

    var hasProblems: Bool { !problems.isEmpty }

    func title(_ t: Localiser) -> String { t("partners.add") }

    func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t("partners.lede"))).html
            form(.class("form"), .method(.post), .action(PageRoute.addPartner.url()), .novalidate) {
                tokens.fields
                line("code", t("partners.code"), t("partners.code_hint"), code, 64).html(problems, t)
                line("company_name", t("partners.company"), nil, companyName, 200).html(problems, t)
                div(.class("actions")) {
                    submitButton(t("partners.add"))
                    a(.class("btn"), .href(PageRoute.operatorPartners.url())) { t("desk.keep") }
                }
            }
        }
    }
}

private func line(_ name: String, _ label: String, _ hint: String?, _ value: String, _ maximum: Int) -> TextField {
    var line = TextField(name, label, hint: hint, value: value)
    line.maxlength = maximum
    line.autocomplete = .off
    return line
}

func partnerPill(_ partner: Partner, _ t: Localiser) -> StatePill {
    partner.retiredAt == nil ? StatePill(t("partners.in_use"), .good, .disc) : StatePill(t("partners.retired"), .quiet, .ring)
}

/// One partner: its company's name, whether it may be set on further subscriptions, and those that it has.
struct PartnerDeskPage: Page {
    struct Held: Sendable {
        let subscription: SubscriptionID
        let name: String?
        let state: SubscriptionState
        let isLapsed: Bool
        let account: AccountID
        let accountName: String
    }

    var crumbs: Breadcrumbs
    var partner: Partner
    var held: [Held]
    var pager: Pager
    var tokens: FormTokens
    var companyName: String
    /// What is stored now, when somebody was faster.
    var stored: String?
    var problems: [FieldProblem] = []

    var hasProblems: Bool { !problems.isEmpty || stored != nil }

    private var id: String { partner.id.description }

    func title(_ t: Localiser) -> String { partner.companyName }

    func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            errorSummary(problems, t)
            if let stored {
                Banner(.warn, title: t("error.stale.title"), text: p { t("partners.stored", ["name": stored]) }).html
            }
            PageHeading(partner.companyName, pill: partnerPill(partner, t)).html
            DetailList([
                DetailList.Item(t("partners.code"), copyable(partner.code, name: t("partners.code"), id: "partner-code", t)),
                DetailList.Item(t("partners.id"), copyable(id, name: t("partners.id"), id: "partner-id", t)),
                DetailList.Item(t("partners.created"), t.timeElement(partner.createdAt)),
                DetailList.Item(t("partners.retired_at"), partner.retiredAt.map { t.timeElement($0) } ?? t.nothing),
            ]).html
            subscriptions(t)
            panel(t("partners.rename")) {
                form(.class("form"), .method(.post), .action(PageRoute.editPartner.url(id)), .novalidate) {
                    FormTokens(csrf: tokens.csrf, idempotencyKey: tokens.idempotencyKey, etag: partner.etag).fields
                    line("company_name", t("partners.company"), nil, companyName, 200).html(problems, t)
                    div(.class("actions")) { submitButton(t("partners.save")) }
                }
            }
            retirement(t)
        }
    }

    private func retirement(_ t: Localiser) -> HTML {
        let isRetired = partner.retiredAt != nil
        return panel(t(isRetired ? "partners.restore" : "partners.retire")) {
            p { t(isRetired ? "partners.restore_text" : "partners.retire_text") }
            ActionForm(
                t(isRetired ? "partners.restore" : "partners.retire"), action: PageRoute.retirePartner.url(id),
                tokens: FormTokens(csrf: tokens.csrf, idempotencyKey: tokens.idempotencyKey, etag: partner.etag),
                values: [("retired", isRetired ? "no" : "yes")], weight: isRetired ? .plain : .danger
            ).html
        }
    }

    private func subscriptions(_ t: Localiser) -> HTML {
        block(t("partners.subscriptions")) {
            if held.isEmpty {
                p(.class("note")) { t("partners.subscriptions_none") }
            } else {
                DataTable(
                    t("partners.subscriptions"),
                    columns: [
                        TableColumn(t("subscriptions.name")), TableColumn(t("subscriptions.account")),
                        TableColumn(t("subscriptions.state")),
                    ],
                    rows: held.map { one in
                        TableRow([
                            group {
                                a(
                                    .class("row-link"),
                                    .href(SubscriptionLinks(account: one.account, id: one.subscription).overview)
                                ) {
                                    t.shownName(one.name, isLapsed: one.isLapsed)
                                }
                                span(.class("sub mono")) { one.subscription.description }
                            }, a(.href(PageRoute.operatorAccount.url(one.account.description))) { one.accountName },
                            t.pill(one.state, isLapsed: one.isLapsed).html,
                        ])
                    }
                ).html
                pager.html(t)
            }
        }
    }
}
