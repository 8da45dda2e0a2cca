import Billing
import HTML
import Values

/// The steps of A13, in their order; each has an address of its own, and the draft travels in it.
package enum OrderStep: Int, CaseIterable, Sendable {
    case offer, name, administrator, partner, payment, review

    var word: String { "\(self)" }
    var next: OrderStep { OrderStep(rawValue: rawValue + 1) ?? .review }
    var previous: OrderStep? { OrderStep(rawValue: rawValue - 1) }
}

/// What has been answered so far, as typed. It lives in the address: Back, reload and a bookmark keep it, and nothing is typed twice.
package struct OrderDraft: Sendable {
    package static let names = ["offer", "name", "administrator", "partner", "method", "amount"]
    private var values: [String: String]

    package init(_ value: (String) -> String?) {
        values = Dictionary(Self.names.compactMap { name in value(name).map { (name, $0) } }) { first, _ in first }
    }

    package subscript(name: String) -> String {
        get { values[name] ?? "" }
        set { values[name] = newValue }
    }
    package mutating func remove(_ name: String) { values[name] = nil }
    package func has(_ name: String) -> Bool { values[name] != nil }

    /// A partner is nobody's duty: that none was typed is no answer, and is not carried along.
    package func query(without left: [String] = []) -> [(String, String)] {
        Self.names.filter { !left.contains($0) && !($0 == "partner" && self[$0].allSatisfy(\.isWhitespace)) }
            .compactMap { name in values[name].map { (name, $0) } }
    }

    /// Beside a draft: one answer is changed, then comes the review again.
    package static let returning = ("then", "review")

    package var offer: Offer? { Offer(rawValue: self["offer"]) }
}

/// One step of ordering a subscription.
package struct NewSubscriptionPage: Page {
    package struct OfferChoice: Sendable {
        package let offer: Offer
        package let policy: OfferPolicy
        /// Why it cannot be chosen.
        package let unavailable: String?

        package init(offer: Offer, policy: OfferPolicy, unavailable: String?) {
            self.offer = offer
            self.policy = policy
            self.unavailable = unavailable
        }
    }

    package var step: OrderStep
    package var draft: OrderDraft
    package var crumbs: Breadcrumbs
    /// The next step, asked by GET.
    package var action: URLPath
    package var back: URLPath
    package var administrator: String
    package var offers: [OfferChoice] = []
    package var policy: OfferPolicy?
    package var methods: [PaymentMethod] = []
    /// The company of the partner ID that was typed.
    package var company: String?
    package var isReturning = false
    package var problems: [FieldProblem] = []

    package init(
        step: OrderStep, draft: OrderDraft, crumbs: Breadcrumbs, action: URLPath, back: URLPath, administrator: String
    ) {
        self.step = step
        self.draft = draft
        self.crumbs = crumbs
        self.action = action
        self.back = back
        self.administrator = administrator
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t("order_new.\(step.word)_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(lede(t))).html
            form(.class("form"), .method(.get), .action(action), .novalidate) {
                for (name, value) in draft.query(without: own) { hiddenField(name, value) }
                if isReturning { hiddenField(OrderDraft.returning.0, OrderDraft.returning.1) }
                fields(t)
                div(.class("actions")) {
                    submitButton(t(step == .partner && company == nil ? "order_new.check" : "order_new.next"))
                    a(.class("btn"), .href(back)) { t("order_new.back") }
                }
            }
            if step == .partner { skip(t) }
        }
    }

    private func lede(_ t: Localiser) -> String {
        t("order_new.step", ["step": t.number(step.rawValue + 1), "steps": t.number(OrderStep.allCases.count)])
            + t(
                "order_new.\(step.word)_lede")
    }

    /// What this step asks for itself; the rest of the draft is carried along unseen.
    private var own: [String] {
        switch step {
        case .offer: ["offer"]
        case .name: ["name"]
        case .administrator: ["administrator"]
        case .partner: company == nil ? ["partner"] : []
        case .payment: ["method", "amount"]
        case .review: []
        }
    }

    private func fields(_ t: Localiser) -> HTML {
        switch step {
        case .offer: return offerFields(t)
        case .name: return text("name", t("order_new.name"), hint: t("edit.name_hint"), max: 200, t)
        case .administrator:
            return text(
                "administrator", t("edit.service_administrator"),
                hint: t("order_new.administrator_hint", ["email": administrator]),
                value: draft.has("administrator") ? draft["administrator"] : administrator, max: 254, t)
        case .partner:
            guard let company else {
                return text("partner", t("partner.code"), hint: t("partner.code_hint"), isRequired: false, max: 64, t)
            }
            return panel(t("partner.found")) {
                p { strong { company } }
                p(.class("note")) { t("partner.found_text", ["code": draft["partner"]]) }
            }
        case .payment: return paymentFields(t)
        case .review: return .empty
        }
    }

    private func text(
        _ name: String, _ label: String, hint: String, value: String? = nil, isRequired: Bool = true, max: Int, _ t: Localiser
    ) -> HTML {
        var field = TextField(name, label, hint: hint, value: value ?? draft[name])
        field.isRequired = isRequired
        field.autocomplete = .off
        field.maxlength = max
        return field.html(problems, t)
    }

    private func offerFields(_ t: Localiser) -> HTML {
        group {
            SelectField(
                "offer", t("subscriptions.offer"),
                choices: offers.filter { $0.unavailable == nil }.map { .init($0.offer.rawValue, t.word($0.offer)) },
                selected: draft["offer"]
            ).html(problems, t)
            ul(.class("effects")) {
                for choice in offers {
                    li {
                        strong { t.word(choice.offer) }
                        " "
                        choice.unavailable ?? about(choice.policy, t)
                    }
                }
            }
        }
    }

    private func about(_ policy: OfferPolicy, _ t: Localiser) -> String {
        policy.offer == .trial
            ? t(
                "order_new.about_trial",
                [
                    "price": t.money(policy.trialPrice), "credit": t.money(policy.trialCredit),
                    "months": t.number(policy.trialMonths),
                    "version": t.number(policy.version),
                ])
            : t(
                "order_new.about_prepaid",
                [
                    "minimum": t.money(policy.minimumPayment), "months": t.number(policy.validityMonths),
                    "version": t.number(policy.version),
                ])
    }

    private func paymentFields(_ t: Localiser) -> HTML {
        guard let policy else { return .empty }
        let choices =
            methods.map { FilterBar.Choice($0.rawValue, t.word($0)) } + [FilterBar.Choice("later", t("order_new.later"))]
        var amount = TextField(
            "amount", t("payment.amount", ["currency": policy.currency.code]),
            hint: policy.offer == .trial
                ? t("order_new.trial_amount", ["price": t.money(policy.trialPrice)])
                : t(
                    "order_new.amount_hint",
                    ["minimum": t.money(policy.minimumPayment), "maximum": t.money(policy.largestPayment)]),
            value: draft.has("amount")
                ? draft["amount"] : (policy.offer == .trial ? policy.trialPrice : policy.minimumPayment).decimalString)
        amount.prefix = t.currencySymbol(policy.currency)
        amount.inputmode = .decimal
        amount.autocomplete = .off
        amount.isShort = true
        return group {
            SelectField(
                "method", t("payments.method"), hint: t("order_new.later_hint", ["days": t.number(policy.pendingLapseDays)]),
                choices: choices, selected: draft.has("method") ? draft["method"] : methods.first?.rawValue ?? "later"
            ).html(problems, t)
            amount.html(problems, t)
        }
    }

    /// Going on without: the partner is nobody's duty.
    private func skip(_ t: Localiser) -> HTML {
        p {
            a(.href(skipURL)) { t(company == nil ? "order_new.no_partner" : "order_new.other_partner") }
        }
    }
    package var skipURL: URLPath = .anchor("")
}

/// The last step: everything once more, with a way to change each answer, and what it does.
package struct NewSubscriptionReviewPage: Page {
    package struct Answer: Sendable {
        package let label: String
        package let value: String
        package let change: URLPath

        package init(_ label: String, _ value: String, change: URLPath) {
            self.label = label
            self.value = value
            self.change = change
        }
    }

    package var crumbs: Breadcrumbs
    package var answers: [Answer]
    package var effects: [String]
    package var action: URLPath
    package var back: URLPath
    package var draft: OrderDraft
    package var tokens: FormTokens
    package var confirm: String

    package init(
        crumbs: Breadcrumbs, answers: [Answer], effects: [String], action: URLPath, back: URLPath, draft: OrderDraft,
        tokens: FormTokens,
        confirm: String
    ) {
        self.crumbs = crumbs
        self.answers = answers
        self.effects = effects
        self.action = action
        self.back = back
        self.draft = draft
        self.tokens = tokens
        self.confirm = confirm
    }

    package func title(_ t: Localiser) -> String { t("order_new.review_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t), lede: .text(t("order_new.review_lede"))).html
            panel(t("order_new.answers")) {
                DetailList(
                    answers.map { DetailList.Item($0.label, .text($0.value), action: ActionLink(t("details.change"), $0.change)) }
                ).html
            }
            block(t("payments.what_next")) { ul(.class("effects")) { for effect in effects { li { effect } } } }
            form(.class("form"), .method(.post), .action(action)) {
                tokens.fields
                for (name, value) in draft.query() { hiddenField(name, value) }
                div(.class("actions")) {
                    submitButton(confirm)
                    a(.class("btn"), .href(back)) { t("order_new.back") }
                }
            }
        }
    }
}

/// Where a subscription cannot be ordered, and what to do about it.
package struct NewSubscriptionClosedPage: Page {
    package var crumbs: Breadcrumbs
    package var why: String
    package var action: ActionLink?
    package var back: URLPath

    package init(crumbs: Breadcrumbs, why: String, action: ActionLink?, back: URLPath) {
        self.crumbs = crumbs
        self.why = why
        self.action = action
        self.back = back
    }

    package func title(_ t: Localiser) -> String { t("order_new.closed_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t), lede: .text(why)).html
            div(.class("actions")) {
                if let action { action.button }
                a(.class("btn"), .href(back)) { t("order_new.to_list") }
            }
        }
    }
}

/// After the order: its numbers, and what is still to be done.
package struct OrderedPage: Page {
    package var crumbs: Breadcrumbs
    package var subscription: Subscription
    package var overview: URLPath
    package var steps: [(words: String, url: URLPath?)]
    package var primary: ActionLink?

    package init(
        crumbs: Breadcrumbs, subscription: Subscription, overview: URLPath, steps: [(words: String, url: URLPath?)],
        primary: ActionLink?
    ) {
        self.crumbs = crumbs
        self.subscription = subscription
        self.overview = overview
        self.steps = steps
        self.primary = primary
    }

    package func title(_ t: Localiser) -> String { t("order_new.done_title", ["name": subscription.name ?? ""]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t), pill: t.pill(subscription.state)).html
            panel(t("details.title")) {
                DetailList([
                    .init(
                        t("details.id"), copyable(subscription.id.description, name: t("details.id"), id: "subscription-id", t)),
                    .init(
                        t("details.order"),
                        copyable(subscription.orderID.description, name: t("details.order"), id: "order-id", t)),
                    .init(t("subscriptions.offer"), .text(t.word(subscription.offer))),
                    .init(t("details.service_administrator"), .text(subscription.serviceAdministrator?.email ?? "")),
                ]).html
            }
            block(t("payments.what_next")) {
                ul(.class("effects")) {
                    for step in steps { li { if let url = step.url { a(.href(url)) { step.words } } else { step.words } } }
                }
            }
            div(.class("actions")) {
                if let primary { primary.button }
                a(.class(primary == nil ? "btn btn--primary" : "btn"), .href(overview)) { t("payment.to_subscription") }
            }
        }
    }
}
