import Billing
import HTML
import HTTP
import Postgres
import Values

/// The portal's lists: subscriptions of one account, of one agreement, of everything that a person may see; an account's orders.
extension PageHandler {
    /// An account begins with its subscriptions.
    func accountHome(_ visit: Visit) async throws -> HTTPResponse {
        let id: AccountID = try visit.pathID(0)
        let context = try visit.context()
        _ = try await FindAccount.byID(id, context)
        // The provider's people begin at their own page of it.
        let home: PageRoute = context.principal.isOperator ? .operatorAccount : .subscriptions
        return visit.redirect(home.url(id.description))
    }

    func accountSubscriptions(_ visit: Visit) async throws -> HTTPResponse {
        let id: AccountID = try visit.pathID(0)
        let account = try await FindAccount.byID(id, try visit.context())
        let roles = try visit.context().principal.roles(on: account.belonging)
        let mayCreate = Self.mayCreateSubscription(roles, in: account.kind)
        let new = ActionLink(visit.strings("order_new.action"), PageRoute.newSubscription.url(id.description), .primary)
        // An agreement's accounts add theirs in its own portal (A14).
        let elsewhere = account.kind == .enterprise ? "order_new.closed_offer_not_allowed_for_account" : nil
        var frame = subscriptionFrame(
            visit, of: account.name, account.zone, new: mayCreate ? new : nil, empty: elsewhere)
        frame.scope = [("account_id", id.description)]
        frame.isProven = true
        return try await list(
            visit, Subscription.list, frame,
            Frame(zone: account.zone, account: (id, account.name), current: PageRoute.subscriptions.url(id.description)))
    }

    func mySubscriptions(_ visit: Visit) async throws -> HTTPResponse {
        let (signedIn, _) = try visit.member()
        var frame = subscriptionFrame(visit, of: visit.signedInName ?? signedIn.tenant.name, nil)
        frame.columns = Self.acrossAccounts
        frame.empty = firstSubscription(visit, signedIn.principal)
        return try await list(visit, Subscription.list, frame, Frame(current: PageRoute.mySubscriptions.url()))
    }

    /// Whether the way to a new subscription is open in an account. Enterprise ones add theirs in the portal of their agreement (A14); what A13 asks
    /// beyond the role is said behind the button.
    private static func mayCreateSubscription(_ roles: Set<Role>, in kind: AccountKind) -> Bool {
        kind == .standard && roles.contains { Permission.allows($0, .createStandardSubscription, in: kind) }
    }

    /// Who begins, across a person's accounts: as the page of each of them says.
    private func firstSubscription(_ visit: Visit, _ principal: Principal) -> EmptyState {
        let t = visit.localiser()
        func empty(_ text: String, _ action: ActionLink? = nil) -> EmptyState {
            .neverHad(title: t("subscriptions.empty_title"), text: t(text), action: action)
        }
        if principal.isOperator { return empty("subscriptions.empty_text_desk") }
        let accounts = visit.surroundings?.accounts ?? []
        let open = accounts.filter { Self.mayCreateSubscription($0.roles, in: $0.kind) }
        if open.count > 1 { return empty("subscriptions.empty_text_own") }
        if let one = open.first {
            return empty(
                "subscriptions.empty_text_new",
                ActionLink(t("order_new.action"), PageRoute.newSubscription.url(one.id.description), .primary))
        }
        let isOfAgreements =
            accounts.isEmpty ? visit.surroundings?.enrollments.isEmpty == false : accounts.allSatisfy { $0.kind == .enterprise }
        return empty(isOfAgreements ? "order_new.closed_offer_not_allowed_for_account" : "subscriptions.empty_text")
    }

    func enrollmentSubscriptions(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        let enrollment = try await FindEnrollment.byID(try visit.pathID(0), context)
        let id = enrollment.id.description
        let t = visit.localiser()
        let new = ActionLink(t("enrollment.new_subscription"), PageRoute.newEnterpriseSubscriptionForm.url(id), .primary)
        var frame = subscriptionFrame(visit, of: enrollment.name, nil, new: new)
        frame.scope = [("enrollment_id", id)]
        frame.isProven = true
        frame.columns = Self.withinEnrollment
        frame.choices["department_id"] = try await departmentChoices(enrollment.id, context)
        frame.choices["account_id"] = try await accountChoices(enrollment.id, context)
        frame.selection = (
            RowSelection(
                action: PageRoute.manyForm.url(id),
                choices: [
                    ("cancel", t("many.choose_cancel"), .danger), ("reactivate", t("many.choose_reactivate"), .plain),
                    ("suspend", t("many.choose_suspend"), .plain),
                ]), { SubscriptionID($0).description }
        )
        return try await list(
            visit, Subscription.list, frame,
            Frame(
                enrollment: (enrollment.id, enrollment.name),
                current: PageRoute.enrollmentSubscriptions.url(enrollment.id.description)))
    }

    func operatorSubscriptions(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        try requireOperator(context)
        let t = visit.localiser()
        var frame = subscriptionFrame(visit, of: context.tenant.name, nil, empty: "subscriptions.empty_text_desk")
        let lost = Subscription.owedAfterDeletion
        frame.columns = Self.acrossAccounts + (visit["owed"] == lost ? ["outstanding"] : [])
        frame.choices["owed"] = [FilterBar.Choice(lost, t("subscriptions.owed_after_deletion"))]
        frame.done["owed=\(lost)"] = .allDone(title: t("subscriptions.owed_none_title"), text: t("subscriptions.owed_none_text"))
        return try await list(visit, Subscription.list, frame, Frame(current: PageRoute.operatorSubscriptions.url()))
    }

    func operatorAccounts(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        try requireOperator(context)
        let t = visit.localiser()
        let frame = ListFrame(
            title: t("accounts.title"), lede: .text(t("accounts.lede", ["tenant": context.tenant.name])),
            empty: .neverHad(title: t("accounts.empty_title"), text: t("accounts.empty_text"), action: nil),
            filteredTitle: t("accounts.filtered_title"))
        return try await list(visit, Account.list, frame, Frame(current: PageRoute.operatorAccounts.url()))
    }

    func accountOrders(_ visit: Visit) async throws -> HTTPResponse {
        let id: AccountID = try visit.pathID(0)
        let account = try await FindAccount.byID(id, try visit.context())
        let t = visit.localiser(account.zone)
        var frame = ListFrame(
            title: t("orders.title"), lede: .text(t("orders.lede", ["owner": account.name])),
            empty: .neverHad(
                title: t("orders.empty_title"), text: t("orders.empty_text"),
                action: ActionLink(t("subscriptions.title"), PageRoute.subscriptions.url(id.description))),
            filteredTitle: t("orders.filtered_title"))
        frame.scope = [("account_id", id.description)]
        frame.isProven = true
        frame.done["status=awaiting_payment"] = .allDone(title: t("orders.done_title"), text: t("orders.done_text"))
        return try await list(
            visit, Order.list, frame,
            Frame(zone: account.zone, account: (id, account.name), current: PageRoute.orders.url(id.description)))
    }

    // MARK: What they share

    /// Across accounts the account is who matters; there is no room for the service administrator too.
    static let acrossAccounts = ["name", "state", "account", "offer", "purchased_at", "days_left", "credit_remaining"]

    /// Within an agreement nothing has credit of its own: the department is who pays.
    static let withinEnrollment = [
        "name", "state", "department", "account", "service_administrator", "purchased_at", "this_month",
    ]

    /// `new`: how the reader creates one here, where she may; where there are none yet, the words follow it.
    private func subscriptionFrame(
        _ visit: Visit, of owner: String, _ zone: TimeZoneRule?, new: ActionLink? = nil, empty: String? = nil
    ) -> ListFrame {
        let t = visit.localiser(zone)
        let beginning = empty ?? (new == nil ? "subscriptions.empty_text" : "subscriptions.empty_text_new")
        var frame = ListFrame(
            title: t("subscriptions.title"), lede: .text(t("subscriptions.lede", ["owner": owner])),
            empty: .neverHad(title: t("subscriptions.empty_title"), text: t(beginning), action: new),
            filteredTitle: t("subscriptions.filtered_title"))
        frame.actions = [new].compactMap { $0 }
        frame.choices["delete_before"] = goingChoices(visit["delete_before"], t)
        // Offered at the desk; elsewhere it has its word where an address brings it along.
        if visit["owed"] != nil {
            frame.choices["owed"] = [FilterBar.Choice(Subscription.owedAfterDeletion, t("subscriptions.owed_after_deletion"))]
        }
        let running = EmptyState.allDone(title: t("subscriptions.done_title"), text: t("subscriptions.done_text"))
        frame.done = ["state=suspended": running, "state=past_due": running]
        return frame
    }

    /// The coming week, month, quarter; and the instant that the address holds already.
    private func goingChoices(_ chosen: String?, _ t: Localiser) -> [FilterBar.Choice] {
        let today = t.zone.date(at: t.now)
        var choices = [7, 30, 90].map { days in
            FilterBar.Choice(
                t.zone.startOfDay(today.adding(days: days + 1)).rfc3339, t("subscriptions.within_days", ["days": String(days)]))
        }
        if let chosen, let at = Instant(rfc3339: chosen), !choices.contains(where: { $0.value == chosen }) {
            choices.append(.init(chosen, t("subscriptions.before", ["time": t.dateTime(at)])))
        }
        return choices
    }

    func departmentChoices(_ enrollment: EnrollmentID, _ context: TenantContext) async throws -> [FilterBar.Choice] {
        let rows = try await context.read(
            "select id, name from departments where tenant_id = \(context.tenant.id) and enrollment_id = \(enrollment) order by name, id limit 500"
        ).rows
        return try rows.map { FilterBar.Choice(try $0.get(0, as: DepartmentID.self).description, try $0.get(1)) }
    }

    private func accountChoices(_ enrollment: EnrollmentID, _ context: TenantContext) async throws -> [FilterBar.Choice] {
        let rows = try await context.read(
            "select id, name from accounts where tenant_id = \(context.tenant.id) and enrollment_id = \(enrollment) order by name_key, id limit 500"
        ).rows
        return try rows.map { FilterBar.Choice(try $0.get(0, as: AccountID.self).description, try $0.get(1)) }
    }

    /// The provider's own pages are not there for anybody else.
    func requireOperator(_ context: TenantContext) throws {
        guard context.principal.isOperator else { throw Failure.notFound }
    }

    /// `State: suspended`. `label` is a key.
    func labelled(_ label: String, _ value: String, _ t: Localiser) -> String {
        t(label) + (t.language == .zhHans ? "：" : ": ") + value
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
