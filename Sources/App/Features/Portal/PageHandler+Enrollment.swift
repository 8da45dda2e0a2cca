import Billing
import HTML
import HTTP
import Postgres
import Values

/// An enterprise agreement with its notices, departments and accounts (experience 29, 30).
extension PageHandler {
    /// As many accounts stand on the agreement's own page; all of them have a page of theirs.
    private static let accountsShown: Int64 = 10
    /// A department's accounts on its page, and its months.
    private static let departmentAccounts: Int64 = 100
    private static let monthsShown: Int64 = 60

    func enrollment(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit, counting: .all)
        let (enrollment, t) = (view.enrollment, visit.localiser())
        let accounts = try await view.accounts(limit: Self.accountsShown + 1)
        var page = EnrollmentPage(
            id: view.id.description, number: enrollment.number, name: enrollment.name, startsOn: enrollment.startsOn,
            endsOn: enrollment.endsOn, commitment: enrollment.commitment, remaining: enrollment.commitmentRemaining,
            overage: enrollment.overage,
            ways: EnrollmentPage.Ways(
                subscriptions: view.url(.enrollmentSubscriptions), newSubscription: view.url(.newEnterpriseSubscriptionForm),
                newDepartment: view.url(.newDepartmentForm), newAccount: view.url(.newEnterpriseAccountForm),
                accounts: view.url(.enrollmentAccounts)))
        page.thisMonth = view.balance.thisMonth
        page.end = (view.balance.end, view.balance.pace?.perDay)
        page.notices = view.balance.notices.map { notice($0, view, t) }
        page.departments = view.balance.lines.map(view.row)
        page.accounts = accounts.prefix(Int(Self.accountsShown)).map(\.shown)
        page.hasMoreAccounts = accounts.count > Int(Self.accountsShown)
        return visit.page(page, view.frame(.enrollment, banner: enterpriseBanner(visit, t)))
    }

    private func notice(_ notice: EnrollmentNotice, _ view: EnrollmentView, _ t: Localiser) -> EnrollmentPage.Notice {
        let tone: Tone = notice.isGrave ? .bad : .warn
        switch notice {
        case .termEnds(let date, let days):
            return .init(
                tone, title: t("notice.term_ends", ["days": t.number(days)]),
                text: t("notice.term_ends_text", ["date": t.longDate(date)]))
        case .termOver(let date):
            return .init(
                tone, title: t("notice.term_over", ["date": t.longDate(date)]), text: t("notice.term_over_text"))
        case .commitmentUsed(let percent, let remaining):
            return .init(
                tone, title: t("notice.commitment_used", ["percent": t.number(percent)]),
                text: remaining.isPositive
                    ? t("notice.commitment_left", ["amount": t.money(remaining)])
                    : t("notice.commitment_gone", ["amount": t.money(view.enrollment.overage)]))
        case .departmentOverQuota(let id, let over):
            let line = view.balance.lines.first { $0.department?.id == id }
            return .init(
                tone, title: t("notice.department_over_quota", ["department": line?.department?.name ?? ""]),
                text: t(
                    "notice.department_over_quota_text",
                    ["amount": t.money(over), "quota": t.money(line?.department?.quota ?? over)]),
                action: ActionLink(t("notice.open_department"), view.url(.department, id.description)))
        }
    }

    /// What each month came to, from the sums that the departments' bars are made of, with its files.
    func enrollmentUsage(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        let t = visit.localiser()
        let rows = try await view.context.read(
            """
            select bill_month, sum(posted_minor)::bigint from department_spend where tenant_id = \(view.context.tenant.id) \
            and enrollment_id = \(view.id) group by 1 order by 1 desc limit \(Self.monthsShown * 2)
            """
        ).rows
        let page = EnrollmentUsagePage(
            crumbs: view.crumbs(t, current: t("account_usage.crumb")), name: view.enrollment.name, currency: view.currency,
            months: try rows.map {
                (try $0.get(0, as: CivilDate.self).civilMonth, Money(minor: try $0.get(1), currency: view.currency))
            }, current: t.zone.month(at: t.now),
            files: { month in
                func url(_ route: PageRoute) -> URLPath { view.url(route, query: [("month", month.iso)]) }
                return UsageFiles(
                    csv: url(.enrollmentUsageDownload), json: url(.enrollmentUsageJSON), focus: url(.enrollmentUsageFOCUS))
            })
        return visit.page(page, view.frame(.enrollmentUsage))
    }

    func enrollmentDepartments(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        let t = visit.localiser()
        let new = ActionLink(t("department.new"), view.url(.newDepartmentForm), .primary)
        var frame = ListFrame(
            title: t("enrollment.departments"), lede: .text(t("department.list_lede", ["enrollment": view.enrollment.name])),
            empty: .neverHad(title: t("department.empty_title"), text: t("enrollment.no_departments"), action: new),
            filteredTitle: t("department.filtered_title"))
        frame.crumbs = view.crumbs(t, current: t("enrollment.departments"))
        frame.actions = [new]
        frame.scope = [("enrollment_id", view.id.description)]
        // The dearest first.
        frame.sort = "-term"
        frame.words = ["currency": view.currency.code]
        frame.totals = try await view.departmentTotals(t)
        return try await list(
            visit, ListedDepartment.list, frame, view.frame(.enrollmentDepartments, banner: enterpriseBanner(visit, t)))
    }

    func department(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit, counting: .only(try visit.pathID(1)))
        let line = try view.department(visit)
        guard let department = line.department else { throw Failure.notFound }
        let t = visit.localiser()
        let months = try await view.context.read(
            """
            select bill_month, posted_minor from department_spend where tenant_id = \(view.context.tenant.id) and enrollment_id = \(view.id) \
            and department_id = \(department.id) order by bill_month desc limit \(Self.monthsShown)
            """
        ).rows.map { row in
            (month: try row.get(0, as: CivilDate.self), cost: Money(minor: try row.get(1), currency: view.currency))
        }
        let id = department.id.description
        let page = DepartmentPage(
            crumbs: view.crumbs(t, [departmentsCrumb(view, t)], current: department.name), id: id, row: view.row(line),
            lastMonth: line.lastMonth,
            remaining: DepartmentSpend(id: department.id, quota: department.quota, spent: line.term).remaining,
            months: months, accounts: try await view.accounts(in: department.id, limit: Self.departmentAccounts).map(\.shown),
            ways: DepartmentPage.Ways(
                edit: view.url(.departmentForm, id), delete: try await deletion(department.id, view, t),
                subscriptions: view.url(.enrollmentSubscriptions, query: [("department_id", id)]),
                newSubscription: view.url(.newEnterpriseSubscriptionForm, query: [("department_id", id)])))
        return visit.page(page, view.frame(.enrollmentDepartments, banner: enterpriseBanner(visit, t)))
    }

    func enrollmentAccounts(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        let t = visit.localiser()
        let new = ActionLink(t("enrollment.new_account"), view.url(.newEnterpriseAccountForm), .primary)
        var frame = ListFrame(
            title: t("enrollment.accounts"), lede: .text(t("enrollment.accounts_lede", ["enrollment": view.enrollment.name])),
            empty: .neverHad(title: t("enrollment.no_accounts"), text: t("enrollment.no_accounts_text"), action: new),
            filteredTitle: t("accounts.filtered_title"))
        frame.crumbs = view.crumbs(t, current: t("enrollment.accounts"))
        frame.actions = [new]
        // Nothing else stands in an agreement.
        frame.scope = [("enrollment_id", view.id.description), ("kind", AccountKind.enterprise.rawValue)]
        frame.isProven = true
        frame.columns = ["name", "administrator", "department", "subscriptions", "suspended"]
        frame.choices["department_id"] = try await departmentChoices(view.id, view.context)
        return try await list(
            visit, Account.list, frame, view.frame(.enrollmentAccounts, banner: enterpriseBanner(visit, t)))
    }

    func departmentsCrumb(_ view: EnrollmentView, _ t: Localiser) -> (label: String, url: URLPath) {
        (label: t("enrollment.departments"), url: view.url(.enrollmentDepartments))
    }

    /// What was done a moment ago, on the agreement's pages.
    func enterpriseBanner(_ visit: Visit, _ t: Localiser) -> Banner? {
        switch visit.flash {
        case .departmentCreated: Banner(.good, title: t("department.created"))
        case .departmentSaved: Banner(.good, title: t("department.saved"))
        case .departmentDeleted: Banner(.good, title: t("department.deleted"))
        case .accountMoved: Banner(.good, title: t("move.account_done"))
        default: nil
        }
    }
}
