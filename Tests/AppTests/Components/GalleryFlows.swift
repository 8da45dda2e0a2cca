import App
import Billing
import HTML
import Values

/// The flows and the provider's pages.
extension GalleryModels {
    func payAmount(wrong: Bool = false) -> PaymentAmountPage {
        let policy = OfferPolicy.standard(.prepaid, in: .cny)
        var model = PaymentAmountPage(
            crumbs: crumbs(t("payment.action")), purpose: .again, name: "prod-payments", review: page("pay", "review"),
            back: subscription,
            policy: policy, remaining: yuan(0), outstanding: yuan(1_284), amount: wrong ? "999.99" : "1000.00",
            expiresAt: at("2027-11-20T06:05:00Z"))
        model.suggestions = [yuan(200_000), yuan(500_000), yuan(1_000_000)]
        model.methods = wrong ? [.bankTransfer] : [.bankTransfer, .sandbox]
        if wrong {
            model.problems = [
                FieldProblem("amount", t("form.amount_below_minimum", ["minimum": t.money(policy.minimumPayment)]))
            ]
        }
        return model
    }

    func payReview(purpose: PaymentPurpose = .again, staysSuspended: Bool = false) throws -> PaymentReviewPage {
        let policy = OfferPolicy.standard(.prepaid, in: .cny)
        let outcome =
            purpose == .upgrade
            ? try ApplyPayment.upgrade(yuan(100_000), outstanding: yuan(1_284), policy: policy, at: t.now, in: t.zone)
            : try ApplyPayment.again(
                yuan(100_000), outstanding: yuan(staysSuspended ? 120_000 : 1_284), policy: policy, at: t.now, in: t.zone)
        return PaymentReviewPage(
            crumbs: crumbs(t("payment.action")), purpose: purpose, name: "prod-payments", action: page("pay"),
            change: page("pay"),
            back: subscription, tokens: tokens, policy: policy, outcome: outcome, remainingBefore: yuan(0),
            outstandingBefore: yuan(staysSuspended ? 120_000 : 1_284), stateBefore: .suspended,
            stateAfter: staysSuspended ? .suspended : .active, reasonsAfter: staysSuspended ? [.creditExhausted] : [],
            deleteAtBefore: at("2027-01-21T09:14:00Z"))
    }

    func payResult() -> PaymentResultPage {
        PaymentResultPage(
            crumbs: crumbs(t("payment.action")), name: "prod-payments", subscription: subscription, paid: yuan(100_000),
            paidAt: t.now,
            paymentID: "pay_01kb2c8d4v0m3x7q5n6r1t9xha", orderID: "ord_01kb2c8d4v0m3x7q5n6r1t9xhb", remaining: yuan(98_716),
            state: .active, lotExpiresAt: at("2027-11-20T06:05:00Z"), servicesConfigured: false)
    }

    func edit(conflict: Bool = false) -> EditDetailsPage {
        var model = EditDetailsPage(
            crumbs: crumbs(t("edit.action")), review: page("edit"), back: subscription, etag: "\"7\"", name: "prod-payments-2",
            serviceAdministratorEmail: conflict ? "lin@acme.example" : "not an address",
            accountAdministratorEmail: "wei@acme.example")
        if conflict {
            model.stored = ("prod-pay", "wei@acme.example")
        } else {
            model.problems = [FieldProblem("service_administrator_email", t("form.email_malformed"))]
        }
        return model
    }

    func partner() -> PartnerPage {
        PartnerPage(
            crumbs: crumbs(t("details.partner")), check: page("partner"), action: page("partner"), back: subscription,
            tokens: tokens,
            code: "BLUE-0042", found: .init(code: "BLUE-0042", companyName: "上海蓝天信息技术有限公司"))
    }

    func cancel() -> CancelPage {
        CancelPage(
            crumbs: crumbs(t("cancel.action")), name: "prod-payments", action: page("cancel"), back: subscription, tokens: tokens,
            policy: .standard(.enterprise, in: .cny), deleteAt: at("2027-02-18T06:05:00Z"), monthToDate: yuan(18_422_190))
    }

    func suspend() -> SuspendPage {
        SuspendPage(
            crumbs: crumbs(t("suspend.action")), name: "prod-payments", action: page("suspend"), back: subscription,
            tokens: tokens,
            policy: .standard(.prepaid, in: .cny), deleteAt: at("2027-02-18T06:05:00Z"),
            reasons: [.requested, .operator, .overdue])
    }

    func reactivate() -> ReactivatePage {
        ReactivatePage(
            crumbs: crumbs(t("reactivate.action")), name: "prod-payments", action: page("reactivate"), back: subscription,
            tokens: tokens,
            liftable: [.requested], remaining: [.creditExhausted])
    }

    func certificate() -> CertificatePage {
        var model = CertificatePage(
            crumbs: crumbs(t("certificate.title")), tenantName: "Northwind Cloud",
            subscriptionID: "sub_01jy8qz3m6f7t9v2k4x5w8h0rb",
            deletedAt: at("2026-09-14T09:14:00Z"), rule: "L2", reasons: [.creditExhausted],
            erased: [("usage_events", 1_204_331), ("usage_records", 48_210), ("names", 1), ("some_new_kind", 3)],
            kept: ["ledger", "orders", "payments", "bill_lines", "audit_events", "deletion_certificate"],
            sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
        model.certificateID = "cer_01jy8qz3m6f7t9v2k4x5w8h0rb"
        model.suspendedAt = at("2026-06-16T09:14:00Z")
        model.deleteAt = at("2026-09-14T09:14:00Z")
        model.json = page("certificate.json")
        return model
    }

    func signIn(fault: SignInPage.Fault? = nil, demo: Bool = true) -> SignInPage {
        var model = SignInPage(action: page("sign-in"), csrf: "c5rf-token")
        model.fault = fault
        model.email = fault == nil ? "" : "wei@acme.example"
        if demo {
            model.demoPeople = [Role.accountAdministrator, .finance, .enterpriseAdministrator, .operator].map {
                .init(email: "\($0.rawValue.replacing("_", with: "."))@demo.test", password: "demo", role: t.word($0))
            }
        }
        return model
    }

    func accounts() -> ListingPage {
        let list = page("operator", "accounts")
        let names = ["Acme Trading Co.", "上海云帆科技有限公司", "Contoso Research", "Fabrikam GmbH", "Nordlicht AS"]
        let rows = names.enumerated().map { index, name in
            TableRow([
                group {
                    a(.class("row-link"), .href(page("accounts", "acc_\(index)", "subscriptions"))) { name }
                    span(.class("sub mono")) { "acc_01jy8qz3m6f7t9v2k4x5w8h0r\(index)" }
                }, .text(t.word(index == 2 ? AccountKind.enterprise : .standard)),
                twoLines(index == 1 ? "王芳" : "Wei Chen", "wei@acme.example"), .text(index == 3 ? "EUR" : "CNY"),
                t.dateElement(at("2026-0\(index + 1)-11T03:00:00Z")), .text(t.number(3 + index)),
                index == 3 ? span(.class("attention")) { "2" } : .text("0"),
            ])
        }
        let table = DataTable(
            t("accounts.title"),
            columns: [
                TableColumn(t("accounts.name")), TableColumn(t("accounts.kind")), TableColumn(t("accounts.administrator")),
                TableColumn(t("accounts.currency")),
                TableColumn(t("accounts.created"), sort: .init(url: list.adding([("sort", "created_at")]), current: .descending)),
                TableColumn(t("accounts.running"), isNumber: true), TableColumn(t("accounts.suspended"), isNumber: true),
            ], rows: rows)
        return ListingPage(
            t("accounts.title"), lede: .text(t("accounts.lede", ["tenant": "Northwind Cloud"])),
            filters: FilterBar(
                action: list, fields: [.search(name: "q", label: t("list.search"), value: "", hint: t("accounts.search_hint"))]),
            table: table,
            pager: Pager(
                first: list, previous: list, next: list.adding([("cursor", "x")]), rows: 51...55, total: "10,000+"),
            empty: .neverHad(title: t("accounts.empty_title"), text: t("accounts.empty_text"), action: nil))
    }

    func operatorHome() -> OperatorHomePage {
        OperatorHomePage(
            tenantName: "Northwind Cloud", search: page("operator", "search"),
            waiting: [
                .init(t("operator.identity_waits"), count: 3, url: page("operator", "identity")),
                .init(t("operator.deleted_soon"), count: 1_000, url: page("operator", "subscriptions"), isUrgent: true),
            ],
            going: [
                .init(
                    name: "staging", url: subscription, account: "Fabrikam GmbH", reasons: [.creditExpired],
                    deleteAt: at("2026-11-21T09:14:00Z")),
                .init(
                    name: "data-warehouse-eu", url: subscription, account: "上海云帆科技有限公司", reasons: [.creditExhausted, .requested],
                    deleteAt: at("2026-12-02T04:00:00Z")),
            ], allSuspended: page("operator", "subscriptions"))
    }

    func testClock(proposed: Bool = false) -> TestClockPage {
        var model = TestClockPage(
            page: page("operator", "test-clock"), action: page("operator", "test-clock"), tokens: tokens,
            realNow: at("2026-09-01T22:05:00Z"))
        model.presets = [
            (t("clock.plus_day"), t.now.adding(days: 1)), (t("clock.plus_week"), t.now.adding(days: 7)),
            (t("clock.plus_month"), t.zone.adding(months: 1, to: t.now)),
            (t("clock.next_month"), at("2026-11-30T16:00:00Z")), (t("clock.to_next_due"), at("2026-11-21T09:14:00Z")),
            (t("clock.plus_retention"), t.now.adding(days: 90)),
        ]
        model.due = [
            .init(
                at: at("2026-11-21T09:14:00Z"), kind: "subscription_deletion",
                subscription: NavigationItem("staging", subscription)),
            .init(
                at: at("2026-12-01T08:30:00Z"), kind: "lot_expiry", subscription: NavigationItem("prod-payments", subscription)),
            .init(
                at: at("2026-12-02T04:00:00Z"), kind: "pending_lapse",
                subscription: NavigationItem("mobile-backend", subscription)),
        ]
        if proposed {
            model.proposal = .init(to: at("2026-12-05T00:00:09.00025Z"), dueCount: 3)
        } else {
            model.lastRun = .init(
                from: at("2026-11-13T06:05:00Z"), to: t.now,
                counts: [("lot_expiry", 2), ("subscription_deletion", 1), ("pending_lapse", 0)])
        }
        return model
    }

    func enrollment() -> EnrollmentPage {
        var model = EnrollmentPage(
            id: "enr_01jy8qz3m6f7t9v2k4x5w8h0rb", number: "EA-2026-0042", name: "Contoso 2026",
            startsOn: CivilDate(year: 2026, month: 7, day: 1) ?? t.zone.date(at: t.now),
            endsOn: CivilDate(year: 2027, month: 6, day: 30) ?? t.zone.date(at: t.now), commitment: yuan(500_000_000),
            remaining: yuan(212_775_012), overage: yuan(0),
            ways: .init(
                subscriptions: page("enrollments", "enr_01jy", "subscriptions"), newSubscription: page("new"),
                newDepartment: page("departments", "new"), newAccount: page("accounts", "new"), accounts: page("accounts")))
        model.thisMonth = yuan(18_422_190)
        model.notices = [
            .init(.warn, title: t("notice.term_ends", ["days": "40"]), text: t("notice.term_over_text")),
            .init(
                .bad, title: t("notice.commitment_used", ["percent": "100"]), text: t("notice.term_over_text"),
                action: ActionLink(t("notice.open_department"), page("departments"))),
        ]
        model.departments = departmentRows
        model.accounts = enrollmentAccounts
        return model
    }

    private var departmentRows: [DepartmentTable.Row] {
        [
            .init(
                name: t.language == .en ? "Research" : "研发部", url: page("dep_1"), costCentre: "CC-1001", quota: yuan(20_000_000),
                subscriptions: 12, thisMonth: yuan(12_000_190), term: yuan(24_000_190)),
            .init(
                name: t.language == .en ? "Marketing" : "市场部", url: page("dep_2"), costCentre: nil, quota: nil, subscriptions: 1,
                thisMonth: yuan(6_422_000), term: yuan(6_422_000)),
            .init(
                name: nil, url: page("none"), costCentre: nil, quota: nil, subscriptions: 1, thisMonth: yuan(0), term: yuan(0)),
        ]
    }

    private var enrollmentAccounts: [EnrollmentAccountTable.Row] {
        [
            .init(
                name: "Contoso Research", url: page("accounts", "acc_9", "subscriptions"),
                administrator: ("Wei Chen", "wei@contoso.example"), department: NavigationItem("研发部", page("dep_1")),
                subscriptions: 4, move: page("move"))
        ]
    }

    func help() -> HelpPage {
        HelpPage(policies: Offer.allCases.map { .standard($0, in: .cny) }, tenantName: "Northwind Cloud")
    }

    func choice(empty: Bool = false) -> AccountChoicePage {
        AccountChoicePage(
            choices: empty
                ? []
                : [
                    .init(name: "Acme Trading Co.", role: t.word(Role.accountAdministrator), url: page("accounts", "acc_1")),
                    .init(name: "上海云帆科技有限公司", role: t.word(Role.finance), url: page("accounts", "acc_2")),
                ])
    }

    func error(_ status: Int, _ code: String) -> ErrorPageModel {
        ErrorPageModel(
            status: status, code: code, arguments: ["allowed": "GET"], requestID: "0197a3c2-7d1e-7b1a-9c55-0f2d1a6b9e10",
            actions: [ActionLink(t("error.home"), URLPath([]), .primary), ActionLink(t("error.back"), subscription)])
    }
}
