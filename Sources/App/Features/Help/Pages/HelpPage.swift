import Billing
import HTML
import Values

/// `/help`: what the states mean, what happens to credit and data, and how to come back, with the tenant's own numbers (L10).
package struct HelpPage: Page {
    /// The offers' terms in the reader's currency.
    package var policies: [OfferPolicy]
    package var tenantName: String
    /// Where the reader's subscriptions are, whose terms may be older ones.
    package var subscriptions: URLPath?

    /// The newest of them with the terms that each has; where there are more, the list has the rest.
    package var own: [Own] = []

    package struct Own: Sendable {
        let name: String
        let url: URLPath
        let offer: Offer
        let version: Int
    }

    package init(policies: [OfferPolicy], tenantName: String) {
        self.policies = policies
        self.tenantName = tenantName
    }

    package func title(_ t: Localiser) -> String { t("help.title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            PageHeading(t("help.title"), lede: .text(t("help.lede", ["tenant": tenantName]))).html
            block(t("help.states")) { states(t) }
            block(t("help.credit")) { p { t("help.credit_text") } }
            block(t("help.suspension")) {
                p { t("help.suspension_text") }
                p(.class("note")) { t("help.back_text") }
            }
            if !policies.isEmpty {
                block(t("help.numbers"), note: .text(t("help.numbers_note"))) {
                    numbers(t).html
                    versions(t)
                }
                ownVersions(t)
            }
            block(t("help.api")) {
                p { t.html("help.api_text", ["link": a(.href(PageRoute.apiIndex.url())) { t("docs.title") }]) }
            }
            block(t("help.contact")) { p { t("help.contact_text", ["tenant": tenantName]) } }
        }
    }

    private func versions(_ t: Localiser) -> HTML {
        let link = subscriptions.map { url in a(.href(url)) { t("help.versions_link") } } ?? .empty
        return p(.class("note")) { t.html("help.versions", ["link": link]) }
    }

    @HTMLBuilder
    private func ownVersions(_ t: Localiser) -> HTML {
        if !own.isEmpty {
            block(t("help.own_versions"), note: .text(t("help.own_note"))) {
                DataTable(
                    t("help.own_versions"),
                    columns: [
                        TableColumn(t("subscriptions.name")), TableColumn(t("subscriptions.offer")),
                        TableColumn(t("help.version"), isNumber: true),
                    ],
                    rows: own.map { one in
                        TableRow([
                            a(.class("row-link"), .href(one.url)) { one.name }, .text(t.word(one.offer)),
                            .text(t.number(one.version)),
                        ])
                    }
                ).html
            }
        }
    }

    private func states(_ t: Localiser) -> HTML {
        dl(.class("glossary")) {
            for state in SubscriptionState.allCases {
                div {
                    dt { t.pill(state).html }
                    dd { t("help.state.\(state.rawValue)") }
                }
            }
        }
    }

    private func numbers(_ t: Localiser) -> DataTable {
        let rows = policies.map { policy in
            TableRow([
                .text(t.word(policy.offer)),
                policy.offer.isPaidByCredit
                    ? t.moneyElement(policy.offer == .trial ? policy.trialPrice : policy.minimumPayment) : t.nothing,
                policy.offer.isPaidByCredit
                    ? .text(
                        t(
                            "help.months",
                            ["months": t.number(policy.offer == .trial ? policy.trialMonths : policy.validityMonths)]))
                    : t.nothing,
                .text(t("help.days", ["days": t.number(policy.retentionDays)])), .text(t.number(policy.version)),
            ])
        }
        return DataTable(
            t("help.numbers"),
            columns: [
                TableColumn(t("subscriptions.offer")), TableColumn(t("help.least_payment"), isNumber: true),
                TableColumn(t("help.credit_lives"), isNumber: true), TableColumn(t("help.data_kept"), isNumber: true),
                TableColumn(t("help.version"), isNumber: true),
            ], rows: rows)
    }
}
