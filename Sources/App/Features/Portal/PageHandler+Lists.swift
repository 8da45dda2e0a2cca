import Billing
import HTML
import HTTP
import Postgres
import Values

/// The lists of subscriptions: of one account, of one agreement, of everything that a person may see.
extension PageHandler {
    func accountSubscriptions(_ visit: Visit) async throws -> HTTPResponse {
        let id: AccountID = try visit.pathID(0)
        let account = try await FindAccount.byID(id, try visit.context())
        var filter = SubscriptionFilter()
        filter.account = id
        let frame = Frame(zone: account.zone, account: (id, account.name), current: PageRoute.subscriptions.url(id.description))
        return try await subscriptions(visit, filter, of: account.name, spansAccounts: false, frame)
    }

    func mySubscriptions(_ visit: Visit) async throws -> HTTPResponse {
        let (signedIn, _) = try visit.member()
        return try await subscriptions(
            visit, SubscriptionFilter(), of: visit.signedInName ?? signedIn.tenant.name, spansAccounts: true,
            Frame(current: PageRoute.mySubscriptions.url()))
    }

    func enrollmentSubscriptions(_ visit: Visit) async throws -> HTTPResponse {
        let enrollment = try await FindEnrollment.byID(try visit.pathID(0), try visit.context())
        var filter = SubscriptionFilter()
        filter.enrollment = enrollment.id
        let frame = Frame(
            enrollment: (enrollment.id, enrollment.name),
            current: PageRoute.enrollmentSubscriptions.url(enrollment.id.description))
        return try await subscriptions(visit, filter, of: enrollment.name, spansAccounts: true, frame)
    }

    func operatorSubscriptions(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        try requireOperator(context)
        return try await subscriptions(
            visit, SubscriptionFilter(), of: context.tenant.name, spansAccounts: true,
            Frame(current: PageRoute.operatorSubscriptions.url()))
    }

    /// The provider's own pages are not there for anybody else.
    func requireOperator(_ context: TenantContext) throws {
        guard context.principal.isOperator else { throw Failure.notFound }
    }

    private func subscriptions(
        _ visit: Visit, _ scope: SubscriptionFilter, of owner: String, spansAccounts: Bool, _ frame: Frame
    ) async throws -> HTTPResponse {
        let (context, window, t) = (try visit.context(), ListWindow(visit), visit.localiser(frame.zone))
        var filter = scope
        filter.state = visit["state"].flatMap { SubscriptionState(rawValue: $0) }
        filter.offer = visit["offer"].flatMap { Offer(rawValue: $0) }
        filter.q = visit["q"].map { $0.trimmingBlankSpace() }.flatMap { $0.isEmpty ? nil : String($0.prefix(200)) }
        let narrowed = filter
        let shown = try await window.load(key: { ($0.createdAt, $0.id.uuid) }) { page in
            try await ListSubscriptions.run(narrowed, page, context).page
        }
        var page = SubscriptionListPage(
            ownerName: owner, spansAccounts: spansAccounts, filters: filters(filter, visit, window, t),
            rows: shown.items.map { row($0, spansAccounts: spansAccounts, context.principal, t) },
            pager: window.pager(shown, visit))
        page.purchasedSort = window.sort(visit)
        return visit.page(page, frame)
    }

    private func row(_ subscription: Subscription, spansAccounts: Bool, _ principal: Principal, _ t: Localiser)
        -> SubscriptionListPage.Row
    {
        var row = SubscriptionListPage.Row(
            id: subscription.id.description, name: subscription.name, url: subscription.links.overview, offer: subscription.offer,
            state: subscription.state, purchasedAt: subscription.facts.purchasedAt)
        row.reasons = subscription.state == .suspended ? subscription.facts.reasons.sorted : []
        row.deleteAt = subscription.state == .suspended ? subscription.facts.deleteAt : nil
        row.serviceAdministrator = subscription.serviceAdministrator?.name
        if subscription.offer != .enterprise, subscription.state != .deleted, subscription.state != .pending {
            row.remaining = subscription.remaining(at: t.now)
            row.daysLeft = subscription.daysLeft(at: t.now)
        }
        // The account itself is open only to those with a role on it.
        if spansAccounts, !principal.roles(on: subscription.accountBelonging).isEmpty {
            row.account = NavigationItem(
                subscription.accountName, PageRoute.subscriptions.url(subscription.accountID.description))
        }
        return row
    }

    private func filters(_ filter: SubscriptionFilter, _ visit: Visit, _ window: ListWindow, _ t: Localiser) -> FilterBar {
        func without(_ name: String) -> URLPath {
            visit.here(changing: [(name, nil), ("cursor", nil), ("before", nil), ("row", nil)])
        }
        var chips: [FilterBar.Chip] = []
        if let q = filter.q { chips.append(.init(labelled("list.search", q, t), without: without("q"))) }
        if let state = filter.state {
            chips.append(.init(labelled("subscriptions.state", t.word(state), t), without: without("state")))
        }
        if let offer = filter.offer {
            chips.append(.init(labelled("subscriptions.offer", t.word(offer), t), without: without("offer")))
        }
        return FilterBar(
            action: URLPath(visit.request.pathSegments),
            fields: [
                .search(name: "q", label: t("list.search"), value: filter.q ?? ""),
                .choice(
                    name: "state", label: t("subscriptions.state"), all: t("list.all"),
                    choices: SubscriptionState.allCases.map { .init($0.rawValue, t.word($0)) }, selected: filter.state?.rawValue),
                .choice(
                    name: "offer", label: t("subscriptions.offer"), all: t("list.all"),
                    choices: Offer.allCases.map { .init($0.rawValue, t.word($0)) },
                    selected: filter.offer?.rawValue),
            ], chips: chips, kept: window.kept)
    }

    func labelled(_ key: String, _ value: String, _ t: Localiser) -> String {
        t(key) + (t.language == .zhHans ? "：" : ": ") + value
    }
}

extension Subscription {
    /// Whom the account around it belongs to: the service administrator of one subscription has no part in that.
    var accountBelonging: Belonging {
        Belonging(account: accountID, accountAdministrator: accountAdministrator.id, enrollment: enrollmentID)
    }
}

extension Visit {
    var signedInName: String? {
        if case .user(_, _, let name, _)? = signedIn?.principal { name } else { nil }
    }
}
