import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// Pay again and upgrade now: how much, what it will do, what it did (A5). The review asks the use case itself, rolled back.
extension PageHandler {
    func paymentForm(_ visit: Visit, isUpgrade: Bool) async throws -> HTTPResponse {
        let (view, rows) = try await payable(visit, isUpgrade)
        let subscription = view.subscription
        if subscription.offer == .trial, subscription.state == .pending {
            // A trial costs its price and nothing else: there is no amount to choose.
            return visit.redirect(view.links(.payMethod, query: [("amount", subscription.policy.trialPrice.decimalString)]))
        }
        return try amountPage(visit, view, rows, isUpgrade, amount: visit["amount"] ?? "")
    }

    /// By which way; where there is only one, nobody is asked.
    func paymentMethod(_ visit: Visit, isUpgrade: Bool) async throws -> HTTPResponse {
        let (view, rows) = try await payable(visit, isUpgrade)
        let (subscription, typed) = (view.subscription, visit["amount"] ?? "")
        let t = visit.localiser(subscription.zone)
        let amount: Money
        do {
            amount = try MoneyInput.read(typed, subscription.currency)
            _ = try subscription.judging(
                amount, isUpgrade ? .upgrade : subscription.kindNow(of: .again), prepaid: try policy(rows, view, isUpgrade),
                at: view.now)
        } catch {
            let problems = try problems(error, subscription, try policy(rows, view, isUpgrade), t)
            return try amountPage(visit, view, rows, isUpgrade, amount: typed, problems: problems)
        }
        func review(_ method: PaymentMethod) -> URLPath {
            view.links(
                isUpgrade ? .upgradeReview : .payReview, query: [("amount", amount.decimalString), ("method", method.rawValue)])
        }
        let methods = view.methods
        if methods.count == 1 { return visit.redirect(review(methods[0])) }
        let page = PaymentMethodPage(
            crumbs: view.crumbs(t, current: step(view.subscription, isUpgrade, t)), amount: amount,
            name: view.name(t), choices: methods.map { .init(method: $0, url: review($0)) },
            change: view.links(isUpgrade ? .upgradeForm : .payForm, query: [("amount", amount.decimalString)]),
            back: view.links.overview,
            pendingDays: view.bankAccount?.pendingDays ?? BankAccount.customaryPendingDays)
        return visit.page(page, view.frame)
    }

    /// What the payment is called in the way back up.
    private func step(_ subscription: Subscription, _ isUpgrade: Bool, _ t: Localiser) -> String {
        if isUpgrade { return t("payment.upgrade_action") }
        return t(subscription.state == .pending ? "payment.first_action" : "payment.action")
    }

    /// The way that the address or the form names; else the only one, else the sandbox.
    private func method(_ word: String?, _ view: SubscriptionView) -> PaymentMethod {
        word.flatMap { PaymentMethod(rawValue: $0) } ?? (view.methods.count == 1 ? view.methods[0] : .sandbox)
    }

    func paymentReview(_ visit: Visit, isUpgrade: Bool) async throws -> HTTPResponse {
        // Whoever comes back to the review of what she has sent reads what became of it: nothing is asked a second time.
        if let done = try await madeBefore(visit) { return done }
        let (view, rows) = try await payable(visit, isUpgrade)
        let subscription = view.subscription
        let t = visit.localiser(subscription.zone)
        let typed = visit["amount"] ?? ""
        let method = method(visit["method"], view)
        let amount: Money
        let review: PaymentReview
        do {
            amount = try MoneyInput.read(typed, subscription.currency)
            review =
                try await isUpgrade
                ? UpgradeSubscription(id: subscription.id, amount: amount, method: method).review(view.context)
                : PaySubscription(id: subscription.id, amount: amount, method: method).review(view.context)
        } catch {
            let problems = try problems(error, subscription, try policy(rows, view, isUpgrade), t)
            return try amountPage(visit, view, rows, isUpgrade, amount: typed, problems: problems)
        }
        if let renamed = visit.namingKey() { return renamed }
        let (before, after) = (review.before, review.after)
        var page = PaymentReviewPage(
            crumbs: view.crumbs(t, current: step(view.subscription, isUpgrade, t)),
            purpose: purpose(subscription, isUpgrade),
            name: view.name(t), action: view.links(isUpgrade ? .upgrade : .pay),
            change: view.links(isUpgrade ? .upgradeForm : .payForm, query: [("amount", amount.decimalString)]),
            back: view.links.overview,
            tokens: visit.tokens(), policy: after.policy, outcome: review.outcome,
            remainingBefore: before.remaining(at: review.now),
            outstandingBefore: before.outstanding, stateBefore: before.state, stateAfter: after.state)
        page.method = method
        page.pendingDays = view.bankAccount?.pendingDays ?? BankAccount.customaryPendingDays
        page.reasonsAfter = after.state == .suspended ? after.facts.reasons.sorted : []
        page.expiresBefore = before.creditExpiry(at: review.now)
        page.deleteAtBefore = before.state == .suspended ? before.facts.deleteAt : nil
        return visit.page(page, view.frame)
    }

    func takePayment(_ visit: Visit, isUpgrade: Bool) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let (view, rows) = try await SubscriptionView.load(visit) { id, tenant in [prepaidPolicy(id, tenant)] }
        let subscription = view.subscription
        let method = method(form.optional("method"), view)
        do {
            let amount = try MoneyInput.read(form["amount"], subscription.currency)
            _ =
                try await isUpgrade
                ? UpgradeSubscription(id: subscription.id, amount: amount, method: method).run(view.context, options)
                : PaySubscription(id: subscription.id, amount: amount, method: method).run(view.context, options)
        } catch {
            let t = visit.localiser(subscription.zone)
            let problems = try problems(error, subscription, try policy(rows, view, isUpgrade), t)
            return try amountPage(visit, view, rows, isUpgrade, amount: form["amount"], problems: problems)
        }
        return try await showMade(visit, view.links, view.context, options)
    }

    /// The page of the payment that the key in the address has made; nil while it has made none.
    private func madeBefore(_ visit: Visit) async throws -> HTTPResponse? {
        guard let key = try visit.namedKey() else { return nil }
        let context = try visit.context()
        guard let row = try await context.read(PaymentIntent.under(key, context.tenant.id)).rows.first else { return nil }
        let (intent, subscription) = (try PaymentIntent(row), try visit.pathID(1, as: SubscriptionID.self))
        guard intent.subscription == subscription else { return nil }
        return try await showMade(
            visit, SubscriptionLinks(account: intent.account, id: subscription), context, CommandOptions(key: key))
    }

    /// The key names the payment that it made, the first time and every time after: its receipt, or the page that says what became of it.
    func showMade(_ visit: Visit, _ links: SubscriptionLinks, _ context: TenantContext, _ options: CommandOptions) async throws
        -> HTTPResponse
    {
        guard let key = options.key else { throw Failure.fault }
        let rows = try await context.read(PaymentIntent.under(key, context.tenant.id)).rows
        guard let intent = try rows.first.map({ try PaymentIntent($0) }) else { throw Failure.fault }
        guard intent.status == .succeeded else {
            return visit.redirect(PageRoute.payment.url(intent.account.description, intent.id.description))
        }
        return visit.redirect(links(.payDone, query: [("payment", intent.id.description)]))
    }

    func paymentResult(_ visit: Visit) async throws -> HTTPResponse {
        guard let payment = visit["payment"].flatMap({ PaymentID($0) }) else { throw Failure.notFound }
        let (view, rows) = try await SubscriptionView.load(visit) { id, tenant in
            [
                """
                select amount_minor, order_id, paid_at from payments \
                where tenant_id = \(tenant) and subscription_id = \(id) and id = \(payment)
                """,
                ReleasedParts.of(payment, tenant),
            ]
        }
        guard view.seesAccount, let row = rows[0].first else { throw Failure.notFound }
        var column = Columns(row)
        let subscription = view.subscription
        let paid = Money(minor: try column.next(), currency: subscription.currency)
        let order: OrderID = try column.next()
        let paidAt: Instant = try column.next()
        let t = visit.localiser(subscription.zone)
        var page = PaymentResultPage(
            crumbs: view.crumbs(t, current: t("payment.receipt")), name: view.name(t), subscription: view.links.overview,
            paid: paid, paidAt: paidAt,
            paymentID: payment.description, orderID: order.description, remaining: subscription.remaining(at: view.now),
            state: subscription.state)
        if let row = rows[1].first {
            var column = Columns(row)
            let parts = try ReleasedParts(&column, subscription.currency)
            page.held = parts.held.isPositive ? parts.held : nil
            page.returned = parts.returned.isPositive ? parts.returned : nil
        }
        page.reasons = subscription.facts.reasons.sorted
        if subscription.facts.reasons.aboutCredit != nil {
            let more = Money(
                minor: max(subscription.policy.minimumPayment.minor, subscription.outstandingMinor + 1),
                currency: subscription.currency)
            page.missing = more
        }
        page.lotExpiresAt = subscription.lots.first { $0.orderID == order && $0.credit.effectiveAt == paidAt }?.credit.expiresAt
        page.servicesConfigured = subscription.facts.servicesConfigured || !subscription.state.isRunning
        return visit.page(page, view.frame)
    }

    // MARK: Parts

    private func prepaidPolicy(_ id: SubscriptionID, _ tenant: TenantID) -> SQL {
        """
        select \(SubscriptionQueries.policyColumns) from offer_policies o join subscriptions s on s.tenant_id = o.tenant_id \
        and s.currency = o.currency where o.tenant_id = \(tenant) and s.id = \(id) and o.offer = 'prepaid' order by o.version desc limit 1
        """
    }

    /// The subscription, if this person may pay for it and its kind and state take a payment; the refusal's own words otherwise.
    private func payable(_ visit: Visit, _ isUpgrade: Bool) async throws -> (SubscriptionView, [Rows]) {
        let (view, rows) = try await SubscriptionView.load(visit) { id, tenant in [prepaidPolicy(id, tenant)] }
        try view.require(isUpgrade ? .upgrade : .pay)
        try view.subscription.refuseIfGone(at: view.now)
        if isUpgrade {
            if view.subscription.offer != .trial { throw Failure(LifecycleRefusal.upgradeNotAllowedForOffer) }
            if view.subscription.state == .pending { throw Failure(LifecycleRefusal.subscriptionPending) }
        } else {
            try view.subscription.refuseIfNotForSale()
        }
        guard !view.methods.isEmpty else {
            throw Failure.conflict(code: "payment_method_not_offered", arguments: ["method": "sandbox"])
        }
        return (view, rows)
    }

    private func policy(_ rows: [Rows], _ view: SubscriptionView, _ isUpgrade: Bool) throws -> OfferPolicy {
        guard isUpgrade, let row = rows[0].first else { return view.subscription.policy }
        var column = Columns(row)
        return try column.policy(.prepaid, view.subscription.currency)
    }

    private func purpose(_ subscription: Subscription, _ isUpgrade: Bool) -> PaymentPurpose {
        isUpgrade ? .upgrade : subscription.state == .pending ? .first : .again
    }

    private func amountPage(
        _ visit: Visit, _ view: SubscriptionView, _ rows: [Rows], _ isUpgrade: Bool, amount: String, problems: [FieldProblem] = []
    ) throws -> HTTPResponse {
        let t = visit.localiser(view.subscription.zone)
        let policy = try policy(rows, view, isUpgrade)
        let outstanding = isUpgrade ? Money.zero(view.subscription.currency) : view.subscription.outstanding
        var page = PaymentAmountPage(
            crumbs: view.crumbs(t, current: step(view.subscription, isUpgrade, t)),
            purpose: purpose(view.subscription, isUpgrade), name: view.name(t),
            review: view.links(isUpgrade ? .upgradeReview : .payReview),
            back: view.links.overview, policy: policy, remaining: view.subscription.remaining(at: view.now),
            outstanding: outstanding, amount: amount,
            expiresAt: policy.expiry(purchasedAt: view.now, in: view.subscription.zone))
        page.problems = problems
        page.suggestions = suggestions(policy, outstanding)
        page.methods = view.methods
        page.pendingDays = view.bankAccount?.pendingDays ?? BankAccount.customaryPendingDays
        return visit.page(page, view.frame, status: problems.isEmpty ? 200 : 422)
    }

    /// The smallest payment that leaves credit, and round amounts above it.
    private func suggestions(_ policy: OfferPolicy, _ outstanding: Money) -> [Money] {
        let (least, most) = (policy.minimumPayment.minor, policy.largestPayment.minor)
        guard least > 0, most / 10 >= least else { return [] }
        let needed = max(least, outstanding.minor + 1)
        return [least, least * 2, least * 5, least * 10].filter { $0 >= needed && $0 <= most }.map {
            Money(minor: $0, currency: policy.currency)
        }
    }

    /// What is wrong with the amount, in words and with the numbers that help; anything else goes its own way.
    private func problems(_ error: any Error, _ subscription: Subscription, _ policy: OfferPolicy, _ t: Localiser) throws
        -> [FieldProblem]
    {
        let isTrialPrice = policy.offer == .trial
        let minimum = ["minimum": t.money(isTrialPrice ? policy.trialPrice : policy.minimumPayment)]
        let maximum = ["maximum": t.money(isTrialPrice ? policy.trialPrice : policy.largestPayment)]
        let words: String
        switch error {
        case MoneyInput.Fault.tooLarge: words = t("form.amount_above_maximum", maximum)
        case let fault as MoneyInput.Fault: words = Self.amountFault(fault, subscription.currency, t)
        case Failure.invalid(let faults) where faults.contains { $0.pointer.hasPrefix("/amount") }:
            words =
                faults.contains { $0.code == PaymentRefusal.paymentAboveMaximum.code }
                ? t("form.amount_above_maximum", maximum) : t("form.amount_below_minimum", minimum)
        default: throw error
        }
        return [FieldProblem("amount", words)]
    }
}
