import App
import Billing
import FoundationEssentials
import HTML
import Testing
import Values

/// Made-up people, amounts and dates for the gallery: every page in a state that somebody will see.
struct GalleryModels {
    let t: Localiser
    let assets: AssetLinks

    init(_ language: Language, assets: AssetLinks) throws {
        t = try ProjectFolder.localiser(language)
        self.assets = assets
    }

    func at(_ text: String) -> Instant { Instant(rfc3339: text) ?? t.now }
    func yuan(_ minor: Int64) -> Money { Money(minor: minor, currency: .cny) }
    func page(_ segments: String...) -> URLPath { URLPath(segments) }
    var tokens: FormTokens { FormTokens(csrf: "c5rf-token", idempotencyKey: "0197a3", etag: "\"7\"") }
    var subscription: URLPath { page("accounts", "acc_01jy8qz3", "subscriptions", "sub_01jy8qz3") }

    func crumbs(_ current: String) -> Breadcrumbs {
        Breadcrumbs(
            [(t("subscriptions.title"), page("accounts", "acc_01jy8qz3", "subscriptions")), ("prod-payments", subscription)],
            current: current)
    }

    // MARK: Shells

    func shell(_ side: Shell.Side) -> Shell {
        var shell = Shell(
            side: side, assets: assets, tenantName: "Northwind Cloud", home: URLPath([]),
            otherLanguage: .query([("lang", t.language.other.tag)]), build: "0.1.0", realNow: at("2026-11-20T22:05:00Z"))
        shell.isDemo = true
        shell.testClock = Shell.TestClockNotice(now: t.now, page: side == .provider ? page("operator", "test-clock") : nil)
        shell.footerLinks = [NavigationItem(t("shell.help"), page("help")), NavigationItem(t("shell.api"), page("openapi.json"))]
        guard side != .outside else { return shell }
        shell.person = SignedInPerson(
            name: side == .provider ? "Olivia Park" : "Wei Chen",
            role: t.word(side == .provider ? Role.operator : .accountAdministrator), profile: PageRoute.profile.url(),
            signOut: page("sign-out"), csrf: "c5rf-token"
        )
        if side == .provider {
            shell.navigation = [
                NavigationGroup([
                    NavigationItem(t("shell.overview"), page("operator"), isCurrent: true),
                    NavigationItem(t("shell.accounts"), page("operator", "accounts")),
                    NavigationItem(t("shell.subscriptions"), page("operator", "subscriptions")),
                    NavigationItem(t("shell.test_clock"), page("operator", "test-clock")),
                ])
            ]
        } else {
            shell.contextName = "Acme Trading Co."
            shell.contexts = [
                NavigationItem("Acme Trading Co.", page("accounts", "acc_01jy8qz3"), isCurrent: true),
                NavigationItem("Acme Retail Ltd.", page("accounts", "acc_01jy8r00")),
            ]
            shell.navigation = [
                NavigationGroup([
                    NavigationItem(t("shell.enrollment"), page("enrollments", "enr_01jy")),
                    NavigationItem(t("shell.subscriptions"), page("accounts", "acc_01jy8qz3", "subscriptions"), isCurrent: true),
                    NavigationItem(t("shell.all_accounts"), URLPath([])),
                ])
            ]
        }
        return shell
    }

    // MARK: Subscriptions

    func listPage(filtered: Bool = false, empty: Bool = false, operators: Bool = false) -> ListingPage {
        let list = page("accounts", "acc_01jy8qz3", "subscriptions")
        let choices = SubscriptionState.allCases.map { FilterBar.Choice($0.rawValue, t.word($0)) }
        let offers = Offer.allCases.map { FilterBar.Choice($0.rawValue, t.word($0)) }
        let filters = FilterBar(
            action: list,
            fields: [
                .search(name: "q", label: t("list.search"), value: filtered ? "prod" : "", hint: t("list.search_hint")),
                .choice(
                    name: "state", label: t("subscriptions.state"), all: t("list.all"), choices: choices,
                    selected: filtered ? "suspended" : nil),
                .choice(name: "offer", label: t("subscriptions.offer"), all: t("list.all"), choices: offers, selected: nil),
            ],
            chips: filtered
                ? [
                    FilterBar.Chip("prod", without: list.adding([("state", "suspended")])),
                    FilterBar.Chip(t.word(SubscriptionState.suspended), without: list.adding([("q", "prod")])),
                ] : [])
        let rows = empty ? [] : listRows(operators: operators, only: filtered ? .suspended : nil)
        let sort = TableColumn.Sort(url: list.adding([("sort", "created_at")]), current: .descending)
        let table = DataTable(
            t("subscriptions.title"),
            columns: [
                TableColumn(t("subscriptions.name"), sort: .init(url: list.adding([("sort", "name")]), current: nil)),
                TableColumn(t("subscriptions.state")),
                TableColumn(t(operators ? "subscriptions.account" : "subscriptions.service_administrator")),
                TableColumn(t("subscriptions.offer")), TableColumn(t("subscriptions.purchased"), sort: sort),
                TableColumn(t("subscriptions.days_left"), isNumber: true),
                TableColumn(t("subscriptions.remaining"), isNumber: true),
            ], rows: rows)
        var pager = Pager(next: list.adding([("cursor", "eyJhIjoxfQ")]), rows: rows.isEmpty ? nil : 1...rows.count, total: "128")
        pager.limits = [25, 50, 100].map { Pager.Limit($0, list.adding([("limit", "\($0)")]), isCurrent: $0 == 25) }
        var model = ListingPage(
            t("subscriptions.title"),
            lede: .text(t("subscriptions.lede", ["owner": operators ? "Northwind Cloud" : "Acme Trading Co."])), filters: filters,
            table: table, pager: pager,
            empty: filtered
                ? .filteredOut(title: t("subscriptions.filtered_title"), clear: list)
                : .neverHad(title: t("subscriptions.empty_title"), text: t("subscriptions.empty_text"), action: nil))
        model.downloads = ["csv", "xlsx", "json"].map { ListDownload(t("list.format_\($0)"), list.adding([("format", $0)])) }
        model.columns = ColumnChooser(
            action: list, choices: table.columns.dropFirst().map { ColumnChooser.Choice("x", $0.title, isShown: true) }, kept: [])
        model.sorting = SortChooser(
            action: list,
            choices: ["descending", "ascending"].map {
                .init($0, t("list.sort_instant_\($0)", ["column": t("subscriptions.purchased")]))
            }, selected: "descending", kept: [])
        model.curl = "curl -H \"Authorization: Bearer $BURSAR_KEY\" 'https://billing.example.com/v1/subscriptions'"
        return model
    }

    private func listRows(operators: Bool, only: SubscriptionState?) -> [TableRow] {
        let facts: [(String?, Offer, SubscriptionState, Int64?, Int?, String)] = [
            ("prod-payments", .prepaid, .active, 161_240, 213, "2026-06-21T02:00:00Z"),
            ("staging", .trial, .active, 38_210, 11, "2026-11-01T08:30:00Z"),
            ("data-warehouse-eu-central-analytics", .prepaid, .suspended, 0, nil, "2025-09-14T03:12:00Z"),
            ("订单处理系统（生产环境）", .prepaid, .pastDue, 1_205, 40, "2025-12-30T01:00:00Z"),
            ("mobile-backend", .prepaid, .pending, nil, nil, "2026-11-18T04:00:00Z"),
            ("erp", .enterprise, .active, nil, nil, "2026-01-05T01:00:00Z"),
            (nil, .trial, .deleted, nil, nil, "2026-02-02T01:00:00Z"),
        ]
        return facts.enumerated().filter { only == nil || $0.element.2 == only }.map { index, fact in
            let name = group {
                a(.class("row-link"), .href(subscription)) { fact.0 ?? t("subscriptions.erased_name") }
                span(.class("sub mono")) { "sub_01jy8qz3m6f7t9v2k4x5w8h0r\(index)" }
            }
            let state = group {
                t.pill(fact.2).html
                if fact.2 == .suspended {
                    span(.class("sub sub--bad")) {
                        t.html("subscriptions.delete_on", ["date": t.dateElement(at("2027-01-21T09:14:00Z"))])
                    }
                }
            }
            let who: HTML =
                operators
                ? a(.href(page("accounts", "acc_01jy8qz3", "subscriptions"))) { "Acme Trading Co." }
                : fact.2 == .deleted ? t.nothing : .text(index.isMultiple(of: 2) ? "Lin Zhao" : "Wei Chen")
            return TableRow([
                name, state, who, .text(t.word(fact.1)), t.dateElement(at(fact.5)),
                fact.4.map { .text(t.number($0)) } ?? t.nothing,
                fact.3.map { t.moneyElement(yuan($0)) } ?? t.nothing,
            ])
        }
    }

    func usageChart(products: [String], scale: Int64 = 1) -> UsageChart {
        let start = CivilDate(year: 2026, month: 11, day: 10)
        let days = (0...10).map { offset in
            UsageChart.Day(
                date: start?.adding(days: offset) ?? t.zone.date(at: t.now),
                amounts: products.indices.map { index in
                    let wave = Int64((offset * 37 + index * 53) % 61) + 30
                    let isToday = offset == 10
                    return yuan((isToday ? wave / 3 : wave) * scale * Int64(14 - index * 2))
                })
        }
        let total = days.reduce(Int64(0)) { $0 + $1.amounts.reduce(0) { $0 + $1.minor } }
        return UsageChart(
            products: products, days: days, total: yuan(total), asOf: at("2026-11-20T06:04:00Z"),
            download: subscription.adding([("format", "csv")]))
    }

    private func base(_ offer: Offer, _ state: SubscriptionState, usage: SubscriptionOverviewPage.Usage)
        -> SubscriptionOverviewPage
    {
        var model = SubscriptionOverviewPage(
            crumbs: Breadcrumbs(
                [(t("subscriptions.title"), page("accounts", "acc_01jy8qz3", "subscriptions"))], current: "prod-payments"),
            id: "sub_01jy8qz3m6f7t9v2k4x5w8h0rb", orderID: "ord_01jy8qz3kd1a8c6n4p7s2u4f2m", name: "prod-payments", offer: offer,
            state: state, purchasedAt: at("2026-06-21T02:00:00Z"),
            accountAdministrator: .init(name: "Wei Chen", email: "wei@acme.example"),
            policy: .standard(offer, in: .cny), usage: usage)
        model.serviceAdministrator = .init(name: "Lin Zhao", email: "lin@acme.example")
        model.partner = .init(code: "BLUE-0042", companyName: "上海蓝天信息技术有限公司")
        model.thisMonth = yuan(28_710)
        model.sections = SectionLinks(
            t("sections.name"),
            [
                NavigationItem(t("sections.overview"), subscription, isCurrent: true),
                NavigationItem(t("sections.usage"), page("usage")), NavigationItem(t("sections.history"), page("history")),
            ])
        model.ways.download = .open(page("usage.csv"))
        if state != .deleted {
            model.ways.edit = .open(page("edit"))
            model.ways.partner = .open(page("partner"))
        }
        return model
    }

    private func lot(_ order: String, _ bought: String, _ expires: String, _ amount: Int64, _ left: Int64, trial: Bool = false)
        -> SubscriptionOverviewPage.Lot
    {
        SubscriptionOverviewPage.Lot(
            orderID: order, boughtAt: at(bought), expiresAt: at(expires), amount: yuan(amount), remaining: yuan(left),
            isTrial: trial)
    }

    func activePrepaid() -> SubscriptionOverviewPage {
        var model = base(
            .prepaid, .active,
            usage: .days(usageChart(products: t.language == .en ? ["Compute", "Storage", "Network"] : ["云服务器", "对象存储", "网络流量"])))
        model.credit = .init(
            remaining: yuan(161_240), outstanding: yuan(0), expiresAt: at("2027-11-02T01:00:00Z"), daysLeft: 347,
            lots: [
                lot("ord_01jy8qz3kd1a8c6n4p7s2u4f2m", "2026-06-21T02:00:00Z", "2027-06-21T02:00:00Z", 100_000, 41_240),
                lot("ord_01kb2c8d4v0m3x7q5n6r1t9xha", "2026-11-02T01:00:00Z", "2027-11-02T01:00:00Z", 120_000, 120_000),
            ], bought: yuan(220_000), daily: yuan(1_460))
        model.credit?.burn = .rate(BurnRate(cost: yuan(14_600), days: 10))
        model.credit?.runOut = .runsOut(at: at("2027-03-10T02:00:00Z"))
        model.next = [
            .init(Consequence(at: at("2027-06-21T02:00:00Z"), event: WhatNext.lotExpiredEvent, rule: "M6"), amount: yuan(41_240)),
            .init(
                Consequence(at: at("2027-11-02T01:00:00Z"), event: WhatNext.lotExpiredEvent, rule: "M6"), amount: yuan(120_000)),
            .init(
                Consequence(
                    at: at("2027-11-02T01:00:00Z"), event: TransitionType.suspended.rawValue, rule: "L5", reason: .creditExpired)),
            .init(Consequence(at: at("2028-01-31T01:00:00Z"), event: TransitionType.deleted.rawValue, rule: "L2")),
        ]
        model.ways.pay = .open(page("pay"))
        model.ways.suspend = .open(page("suspend"))
        return model
    }

    func trial() -> SubscriptionOverviewPage {
        var model = base(.trial, .active, usage: .days(usageChart(products: ["Compute"], scale: 3)))
        model.credit = .init(
            remaining: yuan(11_842), outstanding: yuan(0), expiresAt: at("2026-12-01T08:30:00Z"), daysLeft: 11,
            lots: [
                lot(
                    "ord_01jy8qz3kd1a8c6n4p7s2u4f2m", "2026-11-01T08:30:00Z", "2026-12-01T08:30:00Z", 150_000, 11_842, trial: true
                )
            ],
            bought: yuan(150_000), daily: yuan(7_214))
        model.next = [
            .init(Consequence(at: at("2026-12-01T08:30:00Z"), event: WhatNext.lotExpiredEvent, rule: "L6"), amount: yuan(11_842)),
            .init(
                Consequence(
                    at: at("2026-12-01T08:30:00Z"), event: TransitionType.suspended.rawValue, rule: "L6", reason: .creditExpired)),
            .init(Consequence(at: at("2026-12-16T08:30:00Z"), event: TransitionType.deleted.rawValue, rule: "L2")),
        ]
        model.partner = nil
        model.ways.upgrade = .open(page("upgrade"))
        return model
    }

    func suspended() -> SubscriptionOverviewPage {
        var model = base(.prepaid, .suspended, usage: .days(usageChart(products: ["Compute", "Storage"])))
        model.reasons = [.creditExhausted, .requested]
        model.suspendedAt = at("2026-10-23T09:14:00Z")
        model.deleteAt = at("2027-01-21T09:14:00Z")
        model.credit = .init(
            remaining: yuan(0), outstanding: yuan(1_284), expiresAt: nil, daysLeft: nil,
            lots: [lot("ord_01jy8qz3kd1a8c6n4p7s2u4f2m", "2026-06-21T02:00:00Z", "2027-06-21T02:00:00Z", 100_000, 0)],
            bought: yuan(100_000), daily: nil)
        model.next = [
            .init(Consequence(at: at("2027-01-21T09:14:00Z"), event: TransitionType.deleted.rawValue, rule: "L2"))
        ]
        model.ways.pay = .open(page("pay"))
        model.ways.reactivate = .open(page("reactivate"))
        return model
    }

    func deleted() -> SubscriptionOverviewPage {
        var model = base(.prepaid, .deleted, usage: .erased)
        model.name = nil
        model.serviceAdministrator = nil
        model.partner = nil
        model.thisMonth = nil
        model.deletedAt = at("2026-09-14T09:14:00Z")
        model.ways.download = .hidden
        model.ways.certificate = .open(page("certificate"))
        return model
    }

    func pending() -> SubscriptionOverviewPage {
        var model = base(.prepaid, .pending, usage: .nothing)
        model.lapseAt = at("2026-12-02T04:00:00Z")
        model.thisMonth = nil
        model.next = [.init(Consequence(at: at("2026-12-02T04:00:00Z"), event: TransitionType.deleted.rawValue, rule: "L11"))]
        model.ways.pay = .open(page("pay"))
        return model
    }

    func enterprise() -> SubscriptionOverviewPage {
        let products = ["Virtual machines", "Storage", "SQL", "Bandwidth", "Functions", "Key vault", "Backup", "DNS"]
        var model = base(.enterprise, .active, usage: .days(usageChart(products: products, scale: 900)))
        model.thisMonth = yuan(18_422_190)
        model.commitment = .init(
            enrollment: NavigationItem("Contoso 2026", page("enrollments", "enr_01jy")), total: yuan(500_000_000),
            remaining: yuan(212_775_012), endsOn: CivilDate(year: 2027, month: 6, day: 30) ?? t.zone.date(at: t.now),
            department: t.language == .en ? "Research" : "研发部")
        model.servicesConfigured = false
        model.ways.confirmServices = (page("confirm-services"), tokens)
        model.ways.cancel = .open(page("cancel"))
        model.ways.suspend = .shut(because: "…")
        return model
    }
}
