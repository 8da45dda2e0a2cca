import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// A13: ordering a subscription, step by step. What each step asks is judged when the next one is opened; the last one asks the use case itself.
extension PageHandler {
    /// What every step knows of the account.
    private struct Ground {
        let account: Account
        let context: TenantContext
        let draft: OrderDraft
        let now: Instant
        let policies: [Offer: OfferPolicy]
        let hadTrial: Bool
        let methods: [PaymentMethod]
        let bankAccount: BankAccount?
        /// Why nothing can be ordered; nil when something can.
        let refusal: OrderRefusal?

        var frame: Frame {
            Frame(
                zone: account.zone, account: (account.id, account.name),
                current: PageRoute.subscriptions.url(account.id.description))
        }
        var policy: OfferPolicy? { draft.offer.flatMap { policies[$0] } }

        /// `returning`: one answer is changed, and the next page is the review again.
        func url(_ step: OrderStep, _ draft: OrderDraft? = nil, returning: Bool = false) -> URLPath {
            let route: PageRoute =
                switch step {
                case .offer: .orderOffer
                case .name: .orderName
                case .administrator: .orderAdministrator
                case .partner: .orderPartner
                case .payment: .orderPayment
                case .review: .orderReview
                }
            let query = (draft ?? self.draft).query() + (returning ? [OrderDraft.returning] : [])
            return route.url([account.id.description], query: query)
        }
    }

    private func ground(_ visit: Visit, _ draft: OrderDraft) async throws -> Ground {
        let (context, id) = (try visit.context(), try visit.pathID(0, as: AccountID.self))
        let account = try await FindAccount.byID(id, context)
        let roles = context.principal.roles(on: account.belonging)
        guard !roles.isEmpty else { throw Failure.notFound }
        // In an enterprise account nobody may: all who see it are sent to the portal of its agreement (A14).
        if Offer.prepaid.accountKind == account.kind {
            try TenantContext.require(.createStandardSubscription, of: roles, in: account.kind)
        }
        let tenant = context.tenant.id
        let (now, rows) = try await context.read([
            """
            select distinct on (o.offer) o.offer, \(SubscriptionQueries.policyColumns) from offer_policies o \
            where o.tenant_id = \(tenant) and o.currency = \(account.currency) and o.offer in ('trial', 'prepaid') \
            order by o.offer, o.version desc
            """,
            """
            select count(*) filter (where state <> 'deleted'), count(*) filter (where was_trial) from subscriptions \
            where tenant_id = \(tenant) and account_id = \(id)
            """,
            "select additional_subscriptions from identity.tenants where id = \(tenant)",
            BankAccount.one(tenant, "\(account.currency)"),
        ])
        var policies: [Offer: OfferPolicy] = [:]
        for row in rows[0] {
            var column = Columns(row)
            let offer: Offer = try column.next()
            policies[offer] = try column.policy(offer, account.currency)
        }
        let existing: Int64 = try rows[1][0].get(0)
        let trials: Int64 = try rows[1][0].get(1)
        var refusal: OrderRefusal?
        do {
            try OrderRule.check(
                offer: .prepaid, accountKind: account.kind, by: roles.contains(.operator) ? .operator : .accountAdministrator,
                existing: Int(existing), hadTrial: trials > 0, identityVerified: account.identityVerified,
                additionalAllowed: try rows[2][0].get(0))
        } catch let error as OrderRefusal {
            refusal = error
        }
        let bankAccount = try rows[3].first.map { try BankAccount($0) }
        return Ground(
            account: account, context: context, draft: draft, now: now, policies: policies, hadTrial: trials > 0,
            methods: dependencies.gateways.methods(PaymentSetting(tenant: context.tenant, bankAccount: bankAccount)),
            bankAccount: bankAccount, refusal: refusal)
    }

    private func orderCrumbs(_ ground: Ground, _ t: Localiser) -> Breadcrumbs {
        Breadcrumbs(
            [(label: t("subscriptions.title"), url: PageRoute.subscriptions.url(ground.account.id.description))],
            current: t("order_new.action"))
    }

    func newSubscription(_ visit: Visit) async throws -> HTTPResponse {
        let ground = try await ground(visit, OrderDraft { visit[$0] })
        guard ground.refusal != nil else { return visit.redirect(ground.url(.offer)) }
        return closed(visit, ground)
    }

    /// How to get what is not open to this account.
    private func closed(_ visit: Visit, _ ground: Ground) -> HTTPResponse {
        let t = visit.localiser(ground.account.zone)
        let id = ground.account.id.description
        let page = NewSubscriptionClosedPage(
            crumbs: orderCrumbs(ground, t), why: t("order_new.closed_\(ground.refusal?.code ?? "")"),
            action: ground.refusal == .identityNotVerified
                ? ActionLink(t("order_new.verify_action"), PageRoute.accountIdentity.url(id), .primary) : nil,
            back: PageRoute.subscriptions.url(id))
        return visit.page(page, ground.frame)
    }

    func orderStep(_ visit: Visit, _ step: OrderStep) async throws -> HTTPResponse {
        let ground = try await ground(visit, OrderDraft { visit[$0] })
        // Whoever comes back to the review of what she has ordered is shown the order, whatever would refuse a second one.
        if step == .review, let key = try visit.namedKey(), let made = try await ordered(under: key, ground) {
            return visit.redirect(made)
        }
        guard ground.refusal == nil else { return visit.redirect(PageRoute.newSubscription.url(ground.account.id.description)) }
        let t = visit.localiser(ground.account.zone)
        for earlier in OrderStep.allCases where earlier.rawValue < step.rawValue {
            let asked = Self.fields(of: earlier)
            guard asked.allSatisfy(ground.draft.has) else { return visit.redirect(ground.url(earlier)) }
            let problems = try await problems(at: earlier, ground, t)
            if !problems.isEmpty { return try await show(visit, ground, earlier, problems, t) }
        }
        guard step == .review else { return try await show(visit, ground, step, [], t) }
        do {
            return try await review(visit, ground, t)
        } catch let failure as Failure where failure.status == 422 || failure.status == 409 {
            let words = t.refusal(failure)
            return try await show(visit, ground, .payment, [FieldProblem("amount", words)], t)
        }
    }

    private static func fields(of step: OrderStep) -> [String] {
        switch step {
        case .offer: ["offer"]
        case .name: ["name"]
        case .administrator: ["administrator"]
        case .partner: []
        case .payment: ["method"]
        case .review: []
        }
    }

    private func problems(at step: OrderStep, _ ground: Ground, _ t: Localiser) async throws -> [FieldProblem] {
        let draft = ground.draft
        switch step {
        case .offer:
            guard let offer = draft.offer, ground.policies[offer] != nil else {
                return [FieldProblem("offer", t("order_new.offer_missing"))]
            }
            return offer == .trial && ground.hadTrial ? [FieldProblem("offer", t("error.trial_already_used.title"))] : []
        case .name:
            let name = draft["name"].trimmingBlankSpace()
            if name.isEmpty { return [FieldProblem("name", t("form.name_missing"))] }
            if name.unicodeScalars.count > 200 {
                return [FieldProblem("name", t("form.name_too_long", ["maximum": t.number(200)]))]
            }
            return name.isOneLine ? [] : [FieldProblem("name", t("error.invalid_characters.detail"))]
        case .administrator:
            let isEmail = SchemaReader.isEmail(draft["administrator"].trimmingBlankSpace())
            return isEmail ? [] : [FieldProblem("administrator", t("form.email_malformed"))]
        case .partner:
            return try await company(ground) == .some(nil) ? [FieldProblem("partner", t("form.partner_unknown"))] : []
        case .payment: return paymentProblems(ground, t)
        case .review: return []
        }
    }

    /// Nil when no partner was typed; an inner nil when nobody has that ID.
    private func company(_ ground: Ground, isCheck: Bool = false) async throws -> String?? {
        let code = ground.draft["partner"].trimmingBlankSpace()
        guard !code.isEmpty else { return nil }
        do {
            // Shown as often as she walks through the steps; only the step that asks for the ID is a check.
            return .some(try await FindPartner.byCode(code, ground.context, isCheck: isCheck).companyName)
        } catch Failure.notFound {
            return .some(nil)
        }
    }

    private func paymentProblems(_ ground: Ground, _ t: Localiser) -> [FieldProblem] {
        if ground.draft["method"] == "later" { return [] }
        guard let method = PaymentMethod(rawValue: ground.draft["method"]), ground.methods.contains(method) else {
            return [FieldProblem("method", t("error.payment_method_not_offered.title"))]
        }
        guard let policy = ground.policy else { return [] }
        do {
            let amount = try MoneyInput.read(ground.draft["amount"], ground.account.currency)
            _ = try ApplyPayment.first(amount, policy: policy, at: ground.now, in: ground.account.zone)
            return []
        } catch let refusal as PaymentRefusal {
            let failure = Failure(refusedAmount: refusal, by: policy)
            return [FieldProblem("amount", t.refusal(failure))]
        } catch {
            return [FieldProblem("amount", t("form.amount_malformed"))]
        }
    }

    private func show(_ visit: Visit, _ ground: Ground, _ step: OrderStep, _ problems: [FieldProblem], _ t: Localiser)
        async throws
        -> HTTPResponse
    {
        let isReturning = visit[OrderDraft.returning.0] == OrderDraft.returning.1
        let before = isReturning && problems.isEmpty ? .review : step.previous
        var page = NewSubscriptionPage(
            step: step, draft: ground.draft, crumbs: orderCrumbs(ground, t),
            action: ground.url(isReturning ? .review : step.next, OrderDraft { _ in nil }),
            back: before.map { ground.url($0) } ?? PageRoute.subscriptions.url(ground.account.id.description),
            administrator: ground.account.administrator.email)
        page.isReturning = isReturning
        page.problems = problems
        page.policy = ground.policy
        page.methods = ground.methods
        page.offers = [.prepaid, .trial].compactMap { offer in
            ground.policies[offer].map {
                .init(
                    offer: offer, policy: $0,
                    unavailable: offer == .trial && ground.hadTrial ? t("order_new.trial_used") : nil)
            }
        }
        if step == .partner {
            // The form comes back to this step until a company is shown.
            if case .some(.some(let company)) = try await company(ground, isCheck: true), problems.isEmpty {
                page.company = company
            } else {
                page.action = ground.url(.partner, OrderDraft { _ in nil })
                if visit.route == .orderPartner, problems.isEmpty {
                    if case .some(nil) = try await company(ground) {
                        page.problems = [FieldProblem("partner", t("form.partner_unknown"))]
                    } else if visit["partner"] != nil {
                        page.problems = [FieldProblem("partner", t("order_new.partner_missing"))]
                    }
                }
            }
            var without = ground.draft
            without.remove("partner")
            page.skipURL =
                page.company == nil
                ? ground.url(isReturning ? .review : .payment, without) : ground.url(.partner, without, returning: isReturning)
        }
        return visit.page(page, ground.frame, status: page.problems.isEmpty ? 200 : 422)
    }

    // MARK: Check your answers

    private func order(_ ground: Ground) throws -> CreateSubscription {
        let draft = ground.draft
        let method = PaymentMethod(rawValue: draft["method"])
        let partner = draft["partner"].trimmingBlankSpace()
        return CreateSubscription(
            account: ground.account.id, offer: draft.offer ?? .prepaid, name: draft["name"].trimmingBlankSpace(),
            payment: method == nil ? nil : try MoneyInput.read(draft["amount"], ground.account.currency),
            method: method ?? .sandbox,
            serviceAdministratorEmail: draft["administrator"].trimmingBlankSpace(), partnerCode: partner.isEmpty ? nil : partner)
    }

    private func review(_ visit: Visit, _ ground: Ground, _ t: Localiser) async throws -> HTTPResponse {
        let order = try order(ground)
        // The use case itself, rolled back: what it refuses is said before anybody presses the button.
        _ = try await order.run(ground.context, CommandOptions(dryRun: true))
        if let renamed = visit.namingKey() { return renamed }
        let (draft, policy) = (ground.draft, ground.policy)
        let company = try await company(ground) ?? nil
        let answers: [NewSubscriptionReviewPage.Answer] = [
            .init(t("subscriptions.offer"), draft.offer.map { t.word($0) } ?? "", change: ground.url(.offer, returning: true)),
            .init(t("order_new.name"), order.name, change: ground.url(.name, returning: true)),
            .init(
                t("details.service_administrator"), order.serviceAdministratorEmail ?? "",
                change: ground.url(.administrator, returning: true)),
            .init(t("details.partner"), company ?? t("common.none"), change: ground.url(.partner, returning: true)),
            .init(t("order_new.payment"), payment(order, t), change: ground.url(.payment, returning: true)),
        ]
        var effects: [String] = []
        if let payment = order.payment, let policy {
            let outcome = try ApplyPayment.first(payment.amount, policy: policy, at: ground.now, in: ground.account.zone)
            if let lot = outcome.lot {
                effects.append(
                    t("order_new.effect_credit", ["credit": t.money(lot.amount), "date": t.longDate(lot.expiresAt)]))
            }
            effects.append(t("order_new.effect_\(payment.method.rawValue)"))
        } else if let policy {
            effects.append(t("order_new.effect_later", ["date": t.longDate(policy.lapse(orderedAt: ground.now))]))
        }
        if order.serviceAdministratorEmail != ground.account.administrator.email {
            effects.append(t("order_new.effect_administrator"))
        }
        let page = NewSubscriptionReviewPage(
            crumbs: orderCrumbs(ground, t), answers: answers, effects: effects,
            action: PageRoute.orderSubscription.url(ground.account.id.description), back: ground.url(.payment), draft: draft,
            tokens: visit.tokens(), confirm: t("order_new.confirm"))
        return visit.page(page, ground.frame)
    }

    private func payment(_ order: CreateSubscription, _ t: Localiser) -> String {
        order.payment.map { t("order_new.payment_value", ["amount": t.money($0.amount), "method": t.word($0.method)]) }
            ?? t("order_new.later")
    }

    func orderSubscription(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let ground = try await ground(visit, OrderDraft { name in form.optional(name) })
        let t = visit.localiser(ground.account.zone)
        // Whoever sends it twice hears of the first one, so what would refuse a second one is not asked before.
        if let key = options.key, let made = try await made(key, ground) { return visit.redirect(made) }
        for step in OrderStep.allCases {
            let problems = try await problems(at: step, ground, t)
            if !problems.isEmpty { return try await show(visit, ground, step, problems, t) }
        }
        let answer = try await order(ground).run(ground.context, options)
        guard let id = answer.location.flatMap({ SubscriptionID(String($0.split(separator: "/").last ?? "")) }) else {
            throw Failure.fault
        }
        return visit.redirect(SubscriptionLinks(account: ground.account.id, id: id)(.ordered))
    }

    /// The page of what this key has ordered before.
    private func made(_ key: IdempotencyKey, _ ground: Ground) async throws -> URLPath? {
        guard let stored = try await key.answer(in: ground.context),
            let id = stored.location.flatMap({ SubscriptionID(String($0.split(separator: "/").last ?? "")) })
        else { return nil }
        return SubscriptionLinks(account: ground.account.id, id: id)(.ordered)
    }

    /// As `made`, of a key whose form is not at hand.
    private func ordered(under key: IdempotencyKey, _ ground: Ground) async throws -> URLPath? {
        let rows = try await ground.context.read(
            """
            select location from idempotency_keys where tenant_id = \(ground.context.tenant.id) and principal_id = \(key.principal) \
            and key = \(key.text) and location is not null
            """
        ).rows
        guard let row = rows.first else { return nil }
        let location: String = try row.get(0)
        guard location.hasPrefix(Endpoint.getSubscription.path("")),
            let id = SubscriptionID(String(location.split(separator: "/").last ?? ""))
        else { return nil }
        return SubscriptionLinks(account: ground.account.id, id: id)(.ordered)
    }

    func ordered(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        guard view.seesAccount else { throw Failure.notFound }
        let (subscription, t) = (view.subscription, visit.localiser(view.subscription.zone))
        let payment = try await FindPayment.latest(of: subscription.id, view.context)
        var steps: [(words: String, url: URLPath?)] = []
        var primary: ActionLink?
        if subscription.state == .pending {
            let lapse = subscription.facts.lapseAt.map { t.longDate($0) } ?? ""
            steps.append((t("order_new.next_pending", ["date": lapse]), nil))
            if let payment, payment.status != .succeeded {
                let url = PageRoute.payment.url(payment.account.description, payment.id.description)
                primary = ActionLink(
                    t(payment.status == .pending ? "order_new.see_transfer" : "order_new.see_payment"), url, .primary)
            } else if view.may(.pay) {
                primary = ActionLink(t("payment.first_action"), view.links(.payForm), .primary)
            }
        } else {
            steps.append((t("order_new.next_active"), nil))
        }
        if let servant = subscription.serviceAdministrator, servant.id != subscription.accountAdministrator.id {
            steps.append((t("order_new.next_administrator", ["email": servant.email]), nil))
        }
        steps.append((t("order_new.next_order"), nil))
        let page = OrderedPage(
            crumbs: view.crumbs(t, current: t("order_new.done_crumb")), subscription: subscription, overview: view.links.overview,
            steps: steps, primary: primary)
        return visit.page(page, view.frame)
    }
}
