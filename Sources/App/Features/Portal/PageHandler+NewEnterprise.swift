import Billing
import FoundationEssentials
import HTML
import HTTP
import Values

/// A14: an enterprise subscription and an enterprise account are made: asked, checked with their effect on the quota, made, shown with their IDs.
extension PageHandler {
    // MARK: A subscription

    /// What the form's address says.
    private struct Draft {
        var department: DepartmentID?
        var account: AccountID?
        var name: String
        var serviceAdministrator: String
        var monthly: String

        init(_ value: (String) -> String) {
            department = DepartmentID(value("department_id"))
            account = AccountID(value("account_id"))
            name = value("name")
            serviceAdministrator = value("service_administrator_email")
            monthly = value("monthly")
        }

        var values: [(String, String)] {
            [
                ("department_id", department?.description ?? ""), ("account_id", account?.description ?? ""), ("name", name),
                ("service_administrator_email", serviceAdministrator), ("monthly", monthly),
            ]
        }
        var query: [(String, String)] { values.filter { !$0.1.isEmpty } }
    }

    private func draft(_ visit: Visit) -> Draft { Draft { (visit[$0] ?? "").trimmingBlankSpace() } }

    func newEnterpriseSubscriptionForm(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        return visit.page(
            try await subscriptionForm(visit, view, draft(visit), []), view.frame(.enrollmentSubscriptions))
    }

    private func subscriptionForm(
        _ visit: Visit, _ view: EnrollmentView, _ draft: Draft, _ problems: [FieldProblem]
    ) async throws -> EnterpriseFormPage {
        let t = visit.localiser()
        let accounts = try await view.accounts(limit: EnrollmentView.offeredAccounts)
        var name = TextField("name", t("edit.name"), hint: t("edit.name_hint"), value: draft.name)
        name.maxlength = 200
        name.autocomplete = .off
        var servant = TextField(
            "service_administrator_email", t("edit.service_administrator"), hint: t("new_subscription.servant_hint"),
            value: draft.serviceAdministrator, type: .email)
        servant.isRequired = false
        servant.autocomplete = .off
        var monthly = TextField(
            "monthly", t("new_subscription.monthly"), hint: t("new_subscription.monthly_hint"), value: draft.monthly)
        monthly.isRequired = false
        monthly.inputmode = .decimal
        monthly.autocomplete = .off
        monthly.prefix = t.currencySymbol(view.currency)
        var page = EnterpriseFormPage(
            crumbs: view.crumbs(t, [subscriptionsCrumb(view, t)], current: t("enrollment.new_subscription")),
            heading: t("enrollment.new_subscription"), lede: t("new_subscription.lede"),
            review: view.url(.reviewEnterpriseSubscription), back: view.url(.enrollment),
            fields: [
                .select(
                    SelectField(
                        "department_id", t("enrollment.department"), hint: t("new_subscription.department_hint"),
                        choices: [.init("", t("new_subscription.accounts_department"))]
                            + view.departments.map { .init($0.id.description, $0.name) },
                        selected: draft.department?.description, isRequired: false)),
                .select(
                    SelectField(
                        "account_id", t("subscriptions.account"),
                        choices: accounts.map { account in
                            let department = account.shown.department?.label
                            return .init(
                                account.id.description,
                                department.map {
                                    t("new_subscription.account_in", ["account": account.shown.name, "department": $0])
                                }
                                    ?? account.shown.name)
                        }, selected: draft.account?.description)),
                .text(name), .text(servant), .text(monthly),
            ])
        page.problems = problems
        return page
    }

    private func subscriptionsCrumb(_ view: EnrollmentView, _ t: Localiser) -> (label: String, url: URLPath) {
        (label: t("subscriptions.title"), url: view.url(.enrollmentSubscriptions))
    }

    /// What is wrong with a draft, and the estimate that it states.
    private func check(_ draft: Draft, _ view: EnrollmentView, _ t: Localiser) -> ([FieldProblem], Money) {
        var problems = nameProblems(draft.name, field: "name", t)
        if draft.account == nil { problems.append(FieldProblem("account_id", t("new_subscription.account_missing"))) }
        if !draft.serviceAdministrator.isEmpty, !SchemaReader.isEmail(draft.serviceAdministrator) {
            problems.append(FieldProblem("service_administrator_email", t("form.email_malformed")))
        }
        var monthly = Money.zero(view.currency)
        if !draft.monthly.isEmpty {
            do {
                monthly = try MoneyInput.read(draft.monthly, view.currency)
                if monthly.isNegative { problems.append(FieldProblem("monthly", t("error.amount_negative.detail"))) }
            } catch {
                problems.append(FieldProblem("monthly", Self.amountFault(error, view.currency, t)))
            }
        }
        return (problems, monthly)
    }

    private func order(_ draft: Draft, _ account: AccountID) -> CreateSubscription {
        CreateSubscription(
            account: account, offer: .enterprise, name: draft.name,
            serviceAdministratorEmail: draft.serviceAdministrator.isEmpty ? nil : draft.serviceAdministrator,
            department: draft.department)
    }

    /// The draft's account, found within this agreement.
    private func account(_ draft: Draft, _ view: EnrollmentView) async throws -> Account? {
        guard let id = draft.account, let account = try? await FindAccount.byID(id, view.context), account.enrollment == view.id
        else { return nil }
        return account
    }

    func reviewEnterpriseSubscription(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        let (t, draft) = (visit.localiser(), draft(visit))
        var (problems, monthly) = check(draft, view, t)
        let account = try await account(draft, view)
        if account == nil, problems.isEmpty {
            problems.append(FieldProblem("account_id", t("new_subscription.account_missing")))
        }
        guard problems.isEmpty, let account else {
            return visit.page(
                try await subscriptionForm(visit, view, draft, problems), view.frame(.enrollmentSubscriptions), status: 422)
        }
        _ = try await order(draft, account.id).run(view.context, CommandOptions(dryRun: true))
        let department = draft.department ?? account.department
        guard let line = view.balance.lines.first(where: { $0.department?.id == department }) ?? emptyLine(view, department)
        else {
            throw Failure.invalid([FieldError("/department_id", "unknown_department")])
        }
        var page = EnterpriseReviewPage(
            crumbs: view.crumbs(
                t,
                [
                    subscriptionsCrumb(view, t),
                    (label: t("enrollment.new_subscription"), url: view.url(.newEnterpriseSubscriptionForm, query: draft.query)),
                ],
                current: t("enterprise.check")),
            heading: t("new_subscription.review_title", ["name": draft.name]), lede: t("new_subscription.review_lede"),
            answers: [
                (t("enrollment.department"), .text(line.department?.name ?? t("enrollment.no_department"))),
                (t("subscriptions.account"), .text(account.name)), (t("edit.name"), .text(draft.name)),
                (
                    t("details.service_administrator"),
                    .text(draft.serviceAdministrator.isEmpty ? account.administrator.email : draft.serviceAdministrator)
                ),
                (
                    t("new_subscription.monthly"),
                    draft.monthly.isEmpty ? .text(t("new_subscription.no_estimate")) : t.moneyElement(monthly)
                ),
            ], action: view.url(.createEnterpriseSubscription),
            change: view.url(.newEnterpriseSubscriptionForm, query: draft.query),
            tokens: visit.tokens(), values: draft.values, confirm: t("new_subscription.create"))
        page.quota = try await view.quota(line, monthly: monthly, t)
        page.effects = [
            .text(t("new_subscription.starts")), .text(t("new_subscription.pays")), .text(t("new_subscription.can_move")),
        ]
        return visit.page(page, view.frame(.enrollmentSubscriptions))
    }

    /// What stands in no department has a line only where there is something.
    func emptyLine(_ view: EnrollmentView, _ department: DepartmentID?) -> EnrollmentBalance.Line? {
        guard department == nil else { return nil }
        let nothing = Money.zero(view.currency)
        return EnrollmentBalance.Line(
            department: nil, members: nil, thisMonth: nothing, lastMonth: nothing, term: nothing)
    }

    func createEnterpriseSubscription(_ visit: Visit) async throws -> HTTPResponse {
        let posted = try visit.form()
        let options = try visit.options(posted)
        let view = try await EnrollmentView.load(visit)
        let draft = Draft { posted[$0] }
        let (problems, _) = check(draft, view, visit.localiser())
        guard problems.isEmpty, let account = try await account(draft, view) else {
            return visit.page(
                try await subscriptionForm(visit, view, draft, problems), view.frame(.enrollmentSubscriptions), status: 422)
        }
        let answer = try await order(draft, account.id).run(view.context, options)
        guard let made = answer.madeID(SubscriptionID.self) else { throw Failure.fault }
        return visit.redirect(view.url(.enterpriseSubscriptionMade, made.description))
    }

    func enterpriseSubscriptionMade(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        let (subscription, _, _, _) = try await FindSubscription.byID(try visit.pathID(1), view.context)
        guard subscription.enrollmentID == view.id else { throw Failure.notFound }
        let t = visit.localiser()
        let name = subscription.name ?? t("subscriptions.erased_name")
        let page = EnterpriseMadePage(
            crumbs: view.crumbs(t, [subscriptionsCrumb(view, t)], current: name),
            heading: t("new_subscription.done", ["name": name]),
            text: t(
                subscription.departmentName == nil ? "new_subscription.done_text_none" : "new_subscription.done_text",
                [
                    "department": subscription.departmentName ?? "",
                    "person": subscription.serviceAdministrator?.email ?? "",
                ]),
            ids: [
                (t("details.id"), subscription.id.description), (t("details.order"), subscription.orderID.description),
            ],
            next: [
                ActionLink(t("new_subscription.open"), subscription.links.overview, .primary),
                ActionLink(t("new_subscription.another"), view.url(.newEnterpriseSubscriptionForm)),
                ActionLink(t("many.back"), view.url(.enrollmentSubscriptions)),
            ])
        return visit.page(page, view.frame(.enrollmentSubscriptions))
    }

    // MARK: An account

    private struct AccountDraft {
        var name: String
        var email: String
        var firstName: String
        var lastName: String
        var department: DepartmentID?
        var zone: String
        var locale: String

        init(_ value: (String) -> String) {
            name = value("name")
            email = value("email")
            firstName = value("first_name")
            lastName = value("last_name")
            department = DepartmentID(value("department_id"))
            zone = value("time_zone")
            locale = value("locale")
        }

        var values: [(String, String)] {
            [
                ("name", name), ("email", email), ("first_name", firstName), ("last_name", lastName),
                ("department_id", department?.description ?? ""), ("time_zone", zone), ("locale", locale),
            ]
        }
        var query: [(String, String)] { values.filter { !$0.1.isEmpty } }
    }

    func newEnterpriseAccountForm(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        var draft = AccountDraft { (visit[$0] ?? "").trimmingBlankSpace() }
        if draft.zone.isEmpty { draft.zone = view.context.tenant.timeZone }
        if draft.locale.isEmpty { draft.locale = view.context.tenant.locale }
        return visit.page(accountForm(visit, view, draft, []), view.frame(.enrollmentAccounts))
    }

    private func accountForm(
        _ visit: Visit, _ view: EnrollmentView, _ draft: AccountDraft, _ problems: [FieldProblem]
    ) -> EnterpriseFormPage {
        let t = visit.localiser()
        func text(_ name: String, _ label: String, hint: String? = nil, _ value: String, isRequired: Bool = true) -> TextField {
            var field = TextField(name, t(label), hint: hint.map { t($0) }, value: value)
            field.autocomplete = .off
            field.isRequired = isRequired
            return field
        }
        var email = TextField(
            "email", t("new_account.email"), hint: t("new_account.email_hint"), value: draft.email, type: .email)
        email.autocomplete = .off
        var page = EnterpriseFormPage(
            crumbs: view.crumbs(t, [accountsCrumb(view, t)], current: t("enrollment.new_account")),
            heading: t("enrollment.new_account"), lede: t("new_account.lede"), review: view.url(.reviewEnterpriseAccount),
            back: view.url(.enrollmentAccounts),
            fields: [
                .text(text("name", "new_account.name", draft.name)), .text(email),
                .text(text("first_name", "new_account.first_name", draft.firstName, isRequired: false)),
                .text(text("last_name", "new_account.last_name", draft.lastName, isRequired: false)),
                .select(
                    SelectField(
                        "department_id", t("enrollment.department"), hint: t("new_account.department_hint"),
                        choices: [.init("", t("enrollment.no_department"))]
                            + view.departments.map { .init($0.id.description, $0.name) },
                        selected: draft.department?.description, isRequired: false)),
                .text(text("time_zone", "new_account.zone", hint: "new_account.zone_hint", draft.zone)),
                .select(
                    SelectField(
                        "locale", t("new_account.language"), choices: [.init("zh-Hans", "简体中文"), .init("en", "English")],
                        selected: draft.locale)),
            ])
        page.problems = problems
        return page
    }

    private func accountsCrumb(_ view: EnrollmentView, _ t: Localiser) -> (label: String, url: URLPath) {
        (label: t("enrollment.accounts"), url: view.url(.enrollmentAccounts))
    }

    private func check(_ draft: AccountDraft, _ t: Localiser) -> [FieldProblem] {
        var problems = nameProblems(draft.name, field: "name", t)
        if !SchemaReader.isEmail(draft.email) { problems.append(FieldProblem("email", t("form.email_malformed"))) }
        for (field, value) in [("first_name", draft.firstName), ("last_name", draft.lastName)] {
            if value.unicodeScalars.count > 100 {
                problems.append(FieldProblem(field, t("form.name_too_long", ["maximum": t.number(100)])))
            } else if !value.isOneLine {
                problems.append(FieldProblem(field, t("error.invalid_characters.detail")))
            }
        }
        if TimeZoneRule(identifier: draft.zone) == nil {
            problems.append(FieldProblem("time_zone", t("error.unknown_time_zone.detail")))
        }
        if !["en", "zh-Hans"].contains(draft.locale) { problems.append(FieldProblem("locale", t("form.reason_missing"))) }
        return problems
    }

    private func order(_ draft: AccountDraft, _ view: EnrollmentView) -> CreateAccount? {
        guard let zone = TimeZoneRule(identifier: draft.zone) else { return nil }
        return CreateAccount(
            kind: .enterprise, name: draft.name, currency: view.currency, timeZone: zone, locale: draft.locale,
            administrator: (draft.email, draft.firstName, draft.lastName), enrollment: view.id, department: draft.department)
    }

    func reviewEnterpriseAccount(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        let (t, draft) = (visit.localiser(), AccountDraft { (visit[$0] ?? "").trimmingBlankSpace() })
        let problems = check(draft, t)
        guard problems.isEmpty, let order = order(draft, view) else {
            return visit.page(accountForm(visit, view, draft, problems), view.frame(.enrollmentAccounts), status: 422)
        }
        _ = try await order.run(view.context, CommandOptions(dryRun: true))
        let department = view.departments.first { $0.id == draft.department }
        var page = EnterpriseReviewPage(
            crumbs: view.crumbs(
                t,
                [
                    accountsCrumb(view, t),
                    (label: t("enrollment.new_account"), url: view.url(.newEnterpriseAccountForm, query: draft.query)),
                ],
                current: t("enterprise.check")),
            heading: t("new_account.review_title", ["name": draft.name]), lede: t("new_account.review_lede"),
            answers: [
                (t("new_account.name"), .text(draft.name)),
                (
                    t("details.account_administrator"),
                    twoLines("\(draft.firstName) \(draft.lastName)".trimmingBlankSpace(), draft.email)
                ),
                (t("enrollment.department"), .text(department?.name ?? t("enrollment.no_department"))),
                (t("accounts.currency"), .text(view.currency.code)), (t("new_account.zone"), .text(draft.zone)),
                (t("new_account.language"), .text(draft.locale == "en" ? "English" : "简体中文")),
            ], action: view.url(.createEnterpriseAccount), change: view.url(.newEnterpriseAccountForm, query: draft.query),
            tokens: visit.tokens(), values: draft.values, confirm: t("new_account.create"))
        page.effects = [.text(t("new_account.invited", ["email": draft.email])), .text(t("new_account.pays"))]
        return visit.page(page, view.frame(.enrollmentAccounts))
    }

    func createEnterpriseAccount(_ visit: Visit) async throws -> HTTPResponse {
        let posted = try visit.form()
        let options = try visit.options(posted)
        let view = try await EnrollmentView.load(visit)
        let draft = AccountDraft { posted[$0] }
        let problems = check(draft, visit.localiser())
        guard problems.isEmpty, let order = order(draft, view) else {
            return visit.page(accountForm(visit, view, draft, problems), view.frame(.enrollmentAccounts), status: 422)
        }
        let answer = try await order.run(view.context, options)
        guard let made = answer.madeID(AccountID.self) else { throw Failure.fault }
        return visit.redirect(view.url(.enterpriseAccountMade, made.description))
    }

    func enterpriseAccountMade(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        let account = try await FindAccount.byID(try visit.pathID(1), view.context)
        guard account.enrollment == view.id else { throw Failure.notFound }
        let t = visit.localiser()
        let page = EnterpriseMadePage(
            crumbs: view.crumbs(t, [accountsCrumb(view, t)], current: account.name),
            heading: t("new_account.done", ["name": account.name]),
            text: t("new_account.done_text", ["email": account.administrator.email]),
            ids: [(t("new_account.id"), account.id.description)],
            next: [
                ActionLink(
                    t("enrollment.new_subscription"),
                    view.url(.newEnterpriseSubscriptionForm, query: [("account_id", account.id.description)]), .primary),
                ActionLink(t("new_account.open"), PageRoute.subscriptions.url(account.id.description)),
                ActionLink(t("new_account.back"), view.url(.enrollmentAccounts)),
            ])
        return visit.page(page, view.frame(.enrollmentAccounts))
    }
}
