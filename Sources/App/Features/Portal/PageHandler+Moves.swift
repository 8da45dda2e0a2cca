import Billing
import HTML
import HTTP
import Postgres
import Values

/// A14: a subscription or an account goes to another department; from which instant on what is counted where is said before and afterwards.
extension PageHandler {
    // MARK: A subscription

    func stays(_ visit: Visit) async throws -> HTTPResponse {
        let (view, rows) = try await SubscriptionView.load(visit) { [ListDepartmentStays.statement($0, $1)] }
        let t = visit.localiser(view.subscription.zone)
        guard view.subscription.enrollmentID != nil else { throw Failure.notFound }
        let page = StaysPage(
            crumbs: view.crumbs(t, current: t("stays.title")), name: view.name(t),
            rows: try stayRows(rows[0], view.subscription.currency), move: view.ways(t, tokens: visit.tokens()).move.url)
        return visit.page(page, view.frame)
    }

    private func stayRows(_ rows: Rows, _ currency: Currency) throws -> [StayTable.Row] {
        try ListDepartmentStays.decode(rows, currency).map { .init(name: $0.name, from: $0.from, to: $0.to, cost: $0.cost) }
    }

    func moveForm(_ visit: Visit) async throws -> HTTPResponse {
        let (view, page) = try await movePage(visit, to: visit["department_id"])
        return visit.page(page, view.frame, status: page.problems.isEmpty ? 200 : 422)
    }

    func move(_ visit: Visit) async throws -> HTTPResponse {
        let posted = try visit.form()
        let options = try visit.options(posted)
        let (view, _) = try await SubscriptionView.load(visit)
        guard let target = target(posted["department_id"]) else {
            let (_, page) = try await movePage(visit, to: posted["department_id"])
            return visit.page(page, view.frame, status: 422)
        }
        _ = try await MoveSubscription(id: view.subscription.id, department: target.id).run(view.context, options)
        return visit.redirect(view.links.overview, flash: .moved)
    }

    /// The choice of a department; `none` is out of any. Nil when nothing was chosen.
    private func target(_ value: String) -> (id: DepartmentID?, Void)? {
        if value == "none" { return (nil, ()) }
        return DepartmentID(value).map { ($0, ()) }
    }

    private func movePage(_ visit: Visit, to chosen: String?) async throws -> (SubscriptionView, MovePage) {
        let (view, rows) = try await SubscriptionView.load(visit) { [ListDepartmentStays.statement($0, $1)] }
        let subscription = view.subscription
        try view.require(.createEnterprise)
        guard let enrollment = subscription.enrollmentID else {
            throw Failure.forbidden(code: "move_not_allowed_for_offer", arguments: ["offer": subscription.offer.rawValue])
        }
        try subscription.refuseIfGone(at: view.now)
        let t = visit.localiser(subscription.zone)
        let agreement = EnrollmentView(
            balance: try await EnrollmentBalance.find(enrollment, counting: .none, view.context), context: view.context)
        var page = MovePage(
            crumbs: view.crumbs(t, current: t("move.action")), heading: t("move.title", ["name": view.name(t)]),
            current: subscription.departmentName, action: view.links(.move),
            back: view.links.overview, tokens: visit.tokens(), choices: choices(agreement, without: subscription.departmentID, t))
        page.stays = try stayRows(rows[0], subscription.currency)
        guard let chosen else { return (view, page) }
        guard let target = target(chosen), target.id != subscription.departmentID,
            let line = agreement.balance.lines.first(where: { $0.department?.id == target.id }) ?? emptyLine(agreement, target.id)
        else {
            page.problems = [FieldProblem("department_id", t("move.missing"))]
            return (view, page)
        }
        _ = try await MoveSubscription(id: subscription.id, department: target.id).run(view.context, CommandOptions(dryRun: true))
        let lastMonth = try await lastMonth(of: subscription, view)
        page.review = MovePage.Review(
            effects: effects(from: page.current, to: line.department?.name, at: view.now, t),
            quota: try await agreement.quota(line, monthly: lastMonth, t), value: chosen)
        return (view, page)
    }

    private func choices(_ agreement: EnrollmentView, without current: DepartmentID?, _ t: Localiser) -> [FilterBar.Choice] {
        var choices = agreement.departments.filter { $0.id != current }.map { FilterBar.Choice($0.id.description, $0.name) }
        if current != nil { choices.append(.init("none", t("enrollment.no_department"))) }
        return choices
    }

    /// Nil is out of any department, which has sentences of its own.
    private func effects(from: String?, to: String?, at now: Instant, _ t: Localiser) -> [HTML] {
        let date = ["date": strong { t.timeElement(now) }]
        return [
            from.map { t.html("move.until", date, ["department": $0]) } ?? t.html("move.until_none", date),
            to.map { t.html("move.from", date, ["department": $0]) } ?? t.html("move.from_none", date),
            .text(t("move.late")), .text(t("move.bills")),
        ]
    }

    private func lastMonth(of subscription: Subscription, _ view: SubscriptionView) async throws -> Money {
        let month = subscription.zone.date(at: view.now).monthStart.adding(months: -1)
        let rows = try await view.context.read(
            """
            select coalesce(sum(posted_minor), 0)::bigint from bill_lines where tenant_id = \(view.context.tenant.id) \
            and subscription_id = \(subscription.id) and bill_month = \(month)
            """
        ).rows
        return Money(minor: try rows[0].get(0), currency: subscription.currency)
    }

    // MARK: An account

    func moveAccountForm(_ visit: Visit) async throws -> HTTPResponse {
        let (view, page) = try await moveAccountPage(visit, to: visit["department_id"])
        return visit.page(page, view.frame(.enrollmentAccounts), status: page.problems.isEmpty ? 200 : 422)
    }

    func moveAccount(_ visit: Visit) async throws -> HTTPResponse {
        let posted = try visit.form()
        let options = try visit.options(posted)
        let account: AccountID = try visit.pathID(1)
        let view = try await EnrollmentView.load(visit)
        guard try await FindAccount.byID(account, view.context).enrollment == view.id else { throw Failure.notFound }
        guard let department = DepartmentID(posted["department_id"]) else {
            let (_, page) = try await moveAccountPage(visit, to: posted["department_id"])
            return visit.page(page, view.frame(.enrollmentAccounts), status: 422)
        }
        _ = try await MoveAccount(id: account, department: department).run(view.context, options)
        return visit.redirect(view.url(.enrollmentAccounts), flash: .accountMoved)
    }

    private func moveAccountPage(_ visit: Visit, to chosen: String?) async throws -> (EnrollmentView, MovePage) {
        let view = try await EnrollmentView.load(visit)
        let account = try await FindAccount.byID(try visit.pathID(1), view.context)
        guard account.enrollment == view.id else { throw Failure.notFound }
        let t = visit.localiser()
        let current = view.departments.first { $0.id == account.department }
        var page = MovePage(
            crumbs: view.crumbs(
                t, [(label: t("enrollment.accounts"), url: view.url(.enrollmentAccounts))], current: t("move.account_action")),
            heading: t("move.account_title", ["name": account.name]), current: current?.name,
            action: view.url(.moveAccount, account.id.description), back: view.url(.enrollmentAccounts), tokens: visit.tokens(),
            choices: choices(view, without: account.department, t).filter { $0.value != "none" })
        guard let chosen else { return (view, page) }
        guard let target = DepartmentID(chosen), target != account.department,
            let line = view.balance.lines.first(where: { $0.department?.id == target })
        else {
            page.problems = [FieldProblem("department_id", t("move.missing"))]
            return (view, page)
        }
        _ = try await MoveAccount(id: account.id, department: target).run(view.context, CommandOptions(dryRun: true))
        let (number, lastMonth) = try await movesAlong(account, view)
        page.review = MovePage.Review(
            effects: [.text(t("move.along", ["number": t.number(number)]))]
                + effects(from: page.current, to: line.department?.name, at: view.balance.asOf, t),
            quota: try await view.quota(line, monthly: lastMonth, t), value: chosen)
        return (view, page)
    }

    /// How many subscriptions go along, and what they cost last month.
    private func movesAlong(_ account: Account, _ view: EnrollmentView) async throws -> (Int64, Money) {
        let month = view.balance.today.monthStart.adding(months: -1)
        let row = try await view.context.read(
            """
            select count(distinct s.id), coalesce(sum(b.posted_minor), 0)::bigint from subscriptions s \
            left join bill_lines b on b.tenant_id = s.tenant_id and b.subscription_id = s.id and b.bill_month = \(month) \
            where s.tenant_id = \(view.context.tenant.id) and s.account_id = \(account.id) and s.department_id is not distinct from \(account.department) \
            and s.state <> 'deleted' and (s.delete_at is null or s.delete_at > \(view.balance.asOf))
            """
        ).rows[0]
        return (try row.get(0), Money(minor: try row.get(1), currency: view.currency))
    }
}
