import Billing
import HTML
import Values

extension Localiser {
    func policyValue(_ value: PolicyNumber.Value) -> String {
        switch value {
        case .money(let money): self.money(money)
        case .months(let count): self("help.months", ["months": number(count)])
        case .days(let count): self("help.days", ["days": number(count)])
        }
    }

    func between(_ range: ClosedRange<Int>) -> String {
        self("offers.number_between", ["min": number(range.lowerBound), "max": number(range.upperBound)])
    }

    /// What a version is called, in titles and where it is typed to confirm.
    func versionName(_ offer: Offer, _ currency: Currency, _ version: Int) -> String {
        self("offers.version_name", ["name": policyName(offer, currency), "version": number(version)])
    }

    func versionName(_ policy: OfferPolicy) -> String { versionName(policy.offer, policy.currency, policy.version) }

    func policyName(_ offer: Offer, _ currency: Currency) -> String { "\(word(offer)) \(currency.code)" }
}

/// `/operator/offers`: every offer in every currency with the version that is sold.
struct OfferListPage: Page {
    var chains: [OfferChain]
    /// Currencies of the enterprise offer that nobody has touched, left out until asked for.
    var hidden: Int
    /// The same, asked for: a link each, because all they say is that they are there.
    var untouched: [OfferChain] = []
    var all: URLPath
    var tokens: FormTokens
    var offer = ""
    var currency = ""
    var problems: [FieldProblem] = []

    var hasProblems: Bool { !problems.isEmpty }

    func title(_ t: Localiser) -> String { t("offers.title") }

    func content(_ t: Localiser) -> HTML {
        group {
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t("offers.lede"))).html
            DataTable(
                title(t),
                columns: [
                    TableColumn(t("subscriptions.offer")), TableColumn(t("accounts.currency")),
                    TableColumn(t("offers.version"), isNumber: true), TableColumn(t("offers.since")),
                    TableColumn(t("offers.draft")),
                ],
                rows: chains.map { chain in
                    TableRow([
                        a(.class("row-link"), .href(PageRoute.operatorOffer.url(chain.offer.rawValue, chain.currency.code))) {
                            t.word(chain.offer)
                        }, .text(chain.currency.code), chain.version == 0 ? t.nothing : .text(t.number(chain.version)),
                        chain.publishedAt.map { t.dateElement($0) } ?? t.nothing,
                        chain.draft == nil ? t.nothing : StatePill(t("offers.draft_open"), .info, .ring).html,
                    ])
                }
            ).html
            if !untouched.isEmpty {
                ul(.class("chips")) {
                    for chain in untouched {
                        li {
                            a(.class("chip"), .href(PageRoute.operatorOffer.url(chain.offer.rawValue, chain.currency.code))) {
                                t.policyName(chain.offer, chain.currency)
                            }
                        }
                    }
                }
            }
            if hidden > 0 {
                p(.class("note")) {
                    t("offers.hidden", ["count": t.number(hidden)])
                    " "
                    a(.href(all)) { t("offers.show_all") }
                }
            }
            panel(t("offers.add_currency")) {
                p(.class("note")) { t("offers.add_currency_note") }
                form(.class("form"), .method(.post), .action(PageRoute.createPolicyDraft.url()), .novalidate) {
                    tokens.fields
                    SelectField(
                        "offer", t("subscriptions.offer"), choices: Offer.allCases.map { .init($0.rawValue, t.word($0)) },
                        selected: offer
                    ).html(problems, t)
                    currencyField(t).html(problems, t)
                    div(.class("actions")) { submitButton(t("offers.begin_draft"), .plain) }
                }
            }
        }
    }

    private func currencyField(_ t: Localiser) -> TextField {
        var field = TextField("currency", t("accounts.currency"), hint: t("offers.currency_hint"), value: currency)
        field.isShort = true
        field.maxlength = 3
        field.autocomplete = .off
        return field
    }
}

/// One chain: its versions side by side with what changed, the draft, and who sold under what.
struct OfferPage: Page {
    struct Held: Sendable {
        let version: Int
        /// Counted up to a bound.
        let count: Int
    }

    static let countedAtMost = 1_000

    var crumbs: Breadcrumbs
    var offer: Offer
    var currency: Currency
    var policies: [PublishedPolicy]
    var held: [Held]
    var draft: PolicyDraft?
    /// As typed, where the form came back.
    var typed: [String: String] = [:]
    /// Somebody saved the draft meanwhile.
    var isStale = false
    var tokens: FormTokens
    var problems: [FieldProblem] = []

    var hasProblems: Bool { !problems.isEmpty || isStale }

    private var numbers: [PolicyNumber] { PolicyNumber.used(by: offer) }

    func title(_ t: Localiser) -> String { t.policyName(offer, currency) }

    func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            errorSummary(problems, t)
            if isStale { Banner(.warn, title: t("error.stale.title"), text: p { t("offers.stale") }).html }
            PageHeading(title(t), lede: .text(t("offers.chain_lede"))).html
            comparison(t)
            if let draft { draftPanel(draft, t) } else { begin(t) }
            history(t)
        }
    }

    /// The draft and the newest versions; what differs from the one before is strong.
    private func comparison(_ t: Localiser) -> HTML {
        let shown = policies.prefix(4).map(\.policy)
        let all = (draft.map { [$0.policy] } ?? []) + shown
        return block(t("offers.compare"), note: .text(t("offers.compare_note"))) {
            DataTable(
                t("offers.compare"),
                columns: [TableColumn(t("offers.number"))]
                    + all.enumerated().map { index, policy in
                        TableColumn(
                            index == 0 && draft != nil
                                ? t("offers.draft_of", ["version": t.number(policy.version)])
                                : t("offers.version_of", ["version": t.number(policy.version)]), isNumber: true)
                    },
                rows: numbers.map { number in
                    TableRow(
                        [.text(t("offers.number_of.\(number.rawValue)"))]
                            + all.enumerated().map { index, policy in
                                let before = index + 1 < all.count ? all[index + 1] : nil
                                let text = t.policyValue(policy.value(number))
                                return before.map { $0.value(number) != policy.value(number) } == true
                                    ? strong { text } : .text(text)
                            })
                }, narrow: .scroll
            ).html
        }
    }

    private func begin(_ t: Localiser) -> HTML {
        panel(t("offers.draft")) {
            p { t("offers.draft_none") }
            ActionForm(
                t("offers.begin_draft"), action: PageRoute.createPolicyDraft.url(), tokens: tokens,
                values: [("offer", offer.rawValue), ("currency", currency.code)], weight: .primary
            ).html
        }
    }

    private func draftPanel(_ draft: PolicyDraft, _ t: Localiser) -> HTML {
        let id = draft.id.description
        return panel(t("offers.draft_of", ["version": t.number(draft.policy.version)])) {
            p(.class("note")) { t("offers.draft_note") }
            form(.class("form"), .method(.post), .action(PageRoute.editPolicyDraft.url(id)), .novalidate) {
                FormTokens(csrf: tokens.csrf, idempotencyKey: tokens.idempotencyKey, etag: draft.etag).fields
                for number in numbers { field(number, draft.policy, t).html(problems, t) }
                div(.class("actions")) {
                    submitButton(t("offers.save"), .plain)
                    a(.class("btn btn--primary"), .href(PageRoute.publishPolicyForm.url(id))) { t("offers.publish") }
                }
            }
            ActionForm(
                t("offers.discard"), action: PageRoute.discardPolicyDraft.url(id),
                tokens: FormTokens(csrf: tokens.csrf, idempotencyKey: tokens.idempotencyKey, etag: draft.etag), weight: .danger
            ).html
        }
    }

    private func field(_ number: PolicyNumber, _ policy: OfferPolicy, _ t: Localiser) -> TextField {
        let label = t("offers.number_of.\(number.rawValue)")
        var field: TextField
        switch policy.value(number) {
        case .money(let money):
            field = TextField(number.rawValue, label, value: typed[number.rawValue] ?? money.decimalString)
            field.prefix = t.currencySymbol(currency)
        case .months(let count):
            field = TextField(number.rawValue, label, hint: t("offers.in_months"), value: typed[number.rawValue] ?? String(count))
        case .days(let count):
            field = TextField(number.rawValue, label, hint: t("offers.in_days"), value: typed[number.rawValue] ?? String(count))
        }
        field.isShort = true
        field.autocomplete = .off
        return field
    }

    private func history(_ t: Localiser) -> HTML {
        block(t("offers.history")) {
            DataTable(
                t("offers.history"),
                columns: [
                    TableColumn(t("offers.version")), TableColumn(t("subscriptions.state")),
                    TableColumn(t("offers.since")), TableColumn(t("history.who")), TableColumn(t("offers.why")),
                    TableColumn(t("offers.sold"), isNumber: true),
                ],
                rows: policies.map { one in
                    TableRow([
                        .text(t("offers.version_of", ["version": t.number(one.policy.version)])),
                        StatePill(
                            t(one.isNewest ? "offers.published" : "offers.superseded"), one.isNewest ? .good : .quiet,
                            one.isNewest ? .disc : .ring
                        ).html, t.timeElement(one.publishedAt), one.publisher.map { .text($0) } ?? t.nothing,
                        one.note.map { .text($0) } ?? t.nothing, count(one.policy.version, isNewest: one.isNewest, t),
                    ])
                }
            ).html
        }
    }

    private func count(_ version: Int, isNewest: Bool, _ t: Localiser) -> HTML {
        let count = held.first { $0.version == version }?.count ?? 0
        let words = count >= Self.countedAtMost ? "\(t.number(Self.countedAtMost))+" : t.number(count)
        guard count > 0, !isNewest, let newest = policies.first?.policy.version else { return .text(words) }
        let url = PageRoute.movePoliciesForm.url(
            offer.rawValue, currency.code, query: [("from", String(version)), ("to", String(newest))])
        return group {
            words
            span(.class("sub")) { a(.href(url)) { t("offers.move", ["version": t.number(newest)]) } }
        }
    }
}
