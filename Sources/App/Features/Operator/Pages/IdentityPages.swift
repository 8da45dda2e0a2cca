import Billing
import HTML
import Values

/// `/operator/identity`: who asks to be verified, the longest waiting first.
struct IdentityQueuePage: Page {
    var requests: [IdentityRequest]
    var pager: Pager

    func title(_ t: Localiser) -> String { t("identity.queue") }

    func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(title(t), lede: .text(t("identity.queue_lede"))).html
            if requests.isEmpty {
                EmptyState.allDone(title: t("identity.queue_done"), text: t("identity.queue_done_text")).html(t)
            } else {
                DataTable(
                    title(t),
                    columns: [
                        TableColumn(t("subscriptions.account")), TableColumn(t("identity.company")),
                        TableColumn(t("identity.registration")), TableColumn(t("identity.asked")),
                    ],
                    rows: requests.map { request in
                        TableRow([
                            a(.class("row-link"), .href(PageRoute.operatorIdentityRequest.url(request.id.description))) {
                                request.accountName
                            }, .text(request.companyName), identifier(request.registrationNumber),
                            t.timeElement(request.requestedAt),
                        ])
                    }
                ).html
                pager.html(t)
            }
        }
    }
}

/// One request: what the account says of itself, and the two answers.
struct IdentityRequestPage: Page {
    var crumbs: Breadcrumbs
    var request: IdentityRequest
    var tokens: FormTokens
    var reason = ""
    var problems: [FieldProblem] = []

    var hasProblems: Bool { !problems.isEmpty }

    func title(_ t: Localiser) -> String { t("identity.title_of", ["name": request.accountName]) }

    func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(
                title(t),
                actions: [ActionLink(t("desk.order_account"), PageRoute.operatorAccount.url(request.account.description))]
            ).html
            IdentityFacts(request: request).html(t)
            if request.status == .waiting { answerForm(t) }
        }
    }

    private func answerForm(_ t: Localiser) -> HTML {
        panel(t("identity.answer")) {
            form(
                .class("form"), .method(.post), .action(PageRoute.decideIdentity.url(request.id.description)), .novalidate
            ) {
                tokens.fields
                reasonArea(t).html(problems, t)
                div(.class("actions")) {
                    button(.type(.submit), .class("btn btn--primary"), .name("decision"), .value("verify")) {
                        t("identity.verify")
                    }
                    button(.type(.submit), .class("btn btn--danger"), .name("decision"), .value("decline")) {
                        t("identity.decline")
                    }
                }
            }
        }
    }

    private func reasonArea(_ t: Localiser) -> TextArea {
        var area = TextArea("reason", t("identity.reason"), value: reason, maxlength: 500)
        area.hint = t("identity.reason_hint")
        return area
    }
}

struct IdentityFacts: Sendable {
    let request: IdentityRequest

    func html(_ t: Localiser) -> HTML {
        var items = [
            DetailList.Item(t("identity.status"), .text(t("identity.status_word.\(request.status.rawValue)"))),
            DetailList.Item(t("identity.company"), .text(request.companyName)),
            DetailList.Item(t("identity.registration"), identifier(request.registrationNumber)),
            DetailList.Item(
                t("identity.representative"),
                request.legalRepresentative.isEmpty ? t.nothing : .text(request.legalRepresentative)),
            DetailList.Item(t("identity.asked"), t.timeElement(request.requestedAt)),
        ]
        if let decided = request.decidedAt { items.append(DetailList.Item(t("identity.decided"), t.timeElement(decided))) }
        if let reason = request.reason { items.append(DetailList.Item(t("identity.reason_given"), .text(reason))) }
        return DetailList(items).html
    }
}

/// `/accounts/{id}/identity`: how the account's identity stands, the form to ask, and who of the provider has looked at the account.
struct AccountIdentityPage: Page {
    var crumbs: Breadcrumbs
    var account: Account
    var request: IdentityRequest?
    var mayAsk: Bool
    var visitors: [AccountDesk.Visitor]
    var tokens: FormTokens
    var companyName = ""
    var registrationNumber = ""
    var legalRepresentative = ""
    var problems: [FieldProblem] = []

    var hasProblems: Bool { !problems.isEmpty }

    func title(_ t: Localiser) -> String { t("identity.title") }

    func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(
                title(t),
                pill: account.identityVerified
                    ? StatePill(t("desk.verified"), .good, .disc) : StatePill(t("desk.not_verified"), .quiet, .ring),
                lede: .text(t("identity.lede"))
            ).html
            if let request { panel(t("identity.last_request")) { IdentityFacts(request: request).html(t) } }
            if !account.identityVerified, request?.status != .waiting { ask(t) }
            block(t("desk.visitors"), note: .text(t("identity.visitors_note"))) {
                if visitors.isEmpty {
                    p(.class("note")) { t("identity.visitors_none") }
                } else {
                    VisitorTable(visitors: visitors).html(t)
                }
            }
        }
    }

    private func ask(_ t: Localiser) -> HTML {
        panel(t("identity.ask")) {
            if mayAsk {
                form(
                    .class("form"), .method(.post), .action(PageRoute.requestIdentity.url(account.id.description)), .novalidate
                ) {
                    tokens.fields
                    field("company_name", t("identity.company"), companyName, 200).html(problems, t)
                    field("registration_number", t("identity.registration"), registrationNumber, 100).html(problems, t)
                    representative(t).html(problems, t)
                    div(.class("actions")) { submitButton(t("identity.ask_action")) }
                }
            } else {
                p { t("identity.ask_who") }
            }
        }
    }

    private func representative(_ t: Localiser) -> TextField {
        var line = field("legal_representative", t("identity.representative"), legalRepresentative, 200)
        line.isRequired = false
        return line
    }

    private func field(_ name: String, _ label: String, _ value: String, _ maximum: Int) -> TextField {
        var line = TextField(name, label, value: value)
        line.maxlength = maximum
        line.autocomplete = .off
        return line
    }
}
