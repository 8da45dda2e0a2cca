import Billing
import HTML
import HTTP
import Postgres
import Values

/// Payments of an account: the list, and one by one what became of it.
extension PageHandler {
    func payments(_ visit: Visit) async throws -> HTTPResponse {
        let id: AccountID = try visit.pathID(0)
        let account = try await FindAccount.byID(id, try visit.context())
        let t = visit.localiser(account.zone)
        var frame = ListFrame(
            title: t("payments.title"), lede: .text(t("payments.lede", ["account": account.name])),
            empty: .neverHad(
                title: t("payments.empty_title"), text: t("payments.empty_text"),
                action: ActionLink(t("subscriptions.title"), PageRoute.subscriptions.url(id.description))),
            filteredTitle: t("payments.filtered_title"))
        frame.scope = [("account_id", id.description)]
        frame.isProven = true
        return try await list(visit, ShownPayment.list, frame, paymentsFrame(id, account.name, account.zone))
    }

    private func paymentsFrame(_ id: AccountID, _ name: String, _ zone: TimeZoneRule) -> Frame {
        Frame(zone: zone, account: (id, name), current: PageRoute.payments.url(id.description))
    }

    /// - Throws: `Failure.notFound` also when the account in the path is another one.
    private func shownPayment(_ visit: Visit) async throws -> (ShownPayment, TenantContext) {
        let (account, context) = (try visit.pathID(0, as: AccountID.self), try visit.context())
        let payment = try await FindPayment.byID(try visit.pathID(1), context)
        guard payment.intent.account == account else { throw Failure.notFound }
        return (payment, context)
    }

    func payment(_ visit: Visit) async throws -> HTTPResponse {
        let (payment, context) = try await shownPayment(visit)
        let (intent, t) = (payment.intent, visit.localiser(payment.zone))
        let links = SubscriptionLinks(account: intent.account, id: intent.subscription)
        var page = PaymentStatusPage(
            crumbs: Breadcrumbs(
                [(label: t("payments.title"), url: PageRoute.payments.url(intent.account.description))],
                current: t("payments.one")),
            payment: payment, name: payment.shownName(t), subscription: links.overview,
            tokens: visit.tokens())
        let roles = context.principal.roles(on: payment.belonging)
        let may = roles.contains { Permission.allows($0, .pay, in: payment.accountKind) }
        if intent.status == .succeeded { page.receipt = links(.payDone, query: [("payment", intent.id.description)]) }
        if may, intent.status == .pending {
            page.cancel = PageRoute.cancelPayment.url(intent.account.description, intent.id.description)
        }
        if may, !intent.status.isOpen, intent.status != .succeeded, payment.subscriptionName != nil {
            page.again = try await again(payment, links, roles, context)
        }
        return visit.page(page, paymentsFrame(intent.account, payment.accountName, payment.zone))
    }

    /// The same amount once more, by whichever way.
    private func again(_ payment: ShownPayment, _ links: SubscriptionLinks, _ roles: Set<Role>, _ context: TenantContext)
        async throws
        -> URLPath?
    {
        let found = try await FindSubscription.byID(payment.intent.subscription, context).subscription
        let isUpgrade = found.kindNow(of: payment.intent.kind) == .upgrade
        guard roles.contains(where: { Permission.allows($0, isUpgrade ? .upgrade : .pay, in: payment.accountKind) }) else {
            return nil
        }
        guard isUpgrade || found.offer == .prepaid || found.state == .pending else { return nil }
        return links(isUpgrade ? .upgradeMethod : .payMethod, query: [("amount", payment.intent.amount.decimalString)])
    }

    func cancelPayment(_ visit: Visit) async throws -> HTTPResponse {
        let options = try visit.options(try visit.form())
        let (payment, context) = try await shownPayment(visit)
        _ = try await CancelPayment(id: payment.intent.id).run(context, options)
        return visit.redirect(PageRoute.payment.url(visit.parameters))
    }
}
