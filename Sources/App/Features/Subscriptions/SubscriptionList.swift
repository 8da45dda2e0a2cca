import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

extension Subscription {
    /// A3: the subscriptions that the principal may see, newest first.
    package static let list = ListDescription<Subscription>(
        name: "subscriptions", endpoint: .listSubscriptions, table: "subscriptions s", idColumn: "s.id", id: { $0.id.uuid },
        select: { SubscriptionQueries.list($0) },
        decode: { rows, context in
            let ids: [SubscriptionID] = try rows.map { try $0.get(0) }
            let lots = ids.isEmpty ? rows : try await context.read(SubscriptionQueries.lots(context.tenant.id, ids)).rows
            return try SubscriptionQueries.decode(rows, lots: lots)
        }, enrich: { try await withMonths($0, $1) }, isTicked: { $0.state != .deleted },
        visible: { Visibility.ofSubscriptions(to: $0.principal, $0.tenant.id) },
        footholds: { try await Visibility.footholdsOfSubscriptions($0) },
        orders: [
            .newest("created_at", "s.created_at") { $0.createdAt },
            .alphabetical("name", "s.name_key") { $0.name ?? "" },
        ],
        orderOfNames: "name", filters: filters + ListFilter.created("s.created_at"), columns: listColumns,
        write: { $0.write(to: &$2, at: $1) })

    /// What each has cost in the running month of its account, as it was posted.
    private static func withMonths(_ items: [Subscription], _ context: TenantContext) async throws -> [Subscription] {
        guard !items.isEmpty else { return items }
        let now = try await context.now()
        let months = Set(items.map { $0.zone.month(at: now).start }).sorted()
        let rows = try await context.read(
            """
            select subscription_id, bill_month, sum(posted_minor)::bigint from bill_lines where tenant_id = \(context.tenant.id) \
            and subscription_id = any(\(items.map(\.id))) and bill_month = any(\(months)) group by 1, 2
            """
        ).rows
        var posted: [SubscriptionID: [CivilDate: Int64]] = [:]
        for row in rows { posted[try row.get(0), default: [:]][try row.get(1)] = try row.get(2, as: Int64.self) }
        return items.map { item in
            var item = item
            guard item.state != .pending, item.state != .deleted else { return item }
            item.thisMonth = item.money(posted[item.id]?[item.zone.month(at: now).start] ?? 0)
            return item
        }
    }

    private static let filters: [ListFilter] = [
        ListFilter(
            "q", label: "list.search", .text(min: 1, max: 200),
            "Part of the name (its beginning where the list has more than \(ListSearch.searchedThrough) rows), or an exact subscription, order or account ID, a partner's ID, or an administrator's e-mail.",
            .search(hint: "list.search_hint")
        ) { text, ask in try await SubscriptionSearch.condition(text, ask) },
        ListFilter(
            "state", label: "subscriptions.state", .word(states),
            "`\(lapsed)`: ordered and never paid (L11); its `state` is `deleted`, too, with `activated_at` null, and `deleted` leaves it out.",
            .words(states) { value, t in SubscriptionState(rawValue: value).map { t.word($0) } ?? t("state.\(value)") }
        ) { value, ask in
            // An agreement's run from their first instant: nobody looks through all of it to find none.
            if value == lapsed, ask.values["enrollment_id"] != nil { return nil }
            return SubscriptionQueries.isInState(value)
        },
        ListFilter(
            "offer", label: "subscriptions.offer", .word(Offer.allCases.map(\.rawValue)), "",
            .words(Offer.allCases.map(\.rawValue)) { value, t in Offer(rawValue: value).map { t.word($0) } ?? value }
        ) { value, ask in
            // An agreement has no such subscriptions: nobody looks through all of it to find none.
            Offer(rawValue: value)?.isOfAgreement == false && ask.values["enrollment_id"] != nil ? nil : "s.offer = \(value)"
        },
        ListFilter("account_id", label: "subscriptions.account", .id("acc"), "", .choices) { value, _ in
            "s.account_id = \(AccountID(value) ?? AccountID(.zero))"
        },
        ListFilter("enrollment_id", label: "shell.enrollment", .id("enr")) { value, _ in
            "s.enrollment_id = \(EnrollmentID(value) ?? EnrollmentID(.zero))"
        },
        ListFilter("department_id", label: "subscriptions.department", .id("dep"), "", .choices) { value, _ in
            "s.department_id = \(DepartmentID(value) ?? DepartmentID(.zero))"
        },
        ListFilter(
            "delete_before", label: "subscriptions.delete_before", .format("date-time"),
            "Suspended ones whose data goes before this instant.", .choices
        ) { value, _ in
            "s.state = 'suspended' and s.delete_at < \(Instant(rfc3339: value) ?? Instant(microseconds: 0))"
        },
        ListFilter(
            "owed", label: "subscriptions.owed", .word([owedAfterDeletion]),
            "`\(owedAfterDeletion)`: deleted ones that still owe what nobody can pay any more (M6).", .choices
        ) { _, _ in lost },
    ]

    static let lapsed = "lapsed"
    private static let states = SubscriptionState.allCases.map(\.rawValue) + [lapsed]
    static let owedAfterDeletion = "after_deletion"
    /// Of `subscriptions` called `s`; few of them, and an index of their own.
    static let lost: SQL = "s.state = 'deleted' and s.outstanding_minor > 0"

    private static let listColumns: [ListColumn<Subscription>] = [
        ListColumn(
            "name", "subscriptions.name", order: "name", cell: { nameCell($0, $1) },
            file: [
                FileColumn("id", "list.id") { row, _ in .text(row.id.description) },
                FileColumn("name", "subscriptions.name") { row, _ in .text(row.name) },
            ]),
        ListColumn(
            "state", "subscriptions.state", cell: { stateCell($0, $1) },
            file: [
                FileColumn("state", "subscriptions.state", code: { $0.state.rawValue }, words: { $1.t.word($0.facts) }),
                FileColumn(
                    "suspension_reasons", "subscriptions.reasons",
                    code: { $0.shownReasons.map(\.rawValue).joined(separator: " ") }, words: { $1.t.words($0.shownReasons) }),
                FileColumn("delete_at", "subscriptions.delete_at") { row, _ in
                    .instant(row.state == .suspended ? row.facts.deleteAt : nil)
                },
            ]),
        ListColumn(
            "account", "subscriptions.account", isShownFirst: false, cell: { accountCell($0, $1) },
            file: [
                FileColumn("account_id", "list.account_id") { row, _ in .text(row.accountID.description) },
                FileColumn("account", "subscriptions.account") { row, _ in .text(row.accountName) },
            ]),
        ListColumn(
            "department", "subscriptions.department", isShownFirst: false,
            cell: { row, reader in row.departmentName.map { .text($0) } ?? reader.t.nothing },
            file: [
                FileColumn("department_id", "list.department_id") { row, _ in .text(row.departmentID?.description) },
                FileColumn("department", "subscriptions.department") { row, _ in .text(row.departmentName) },
            ]),
        ListColumn(
            "offer", "subscriptions.offer", cell: { row, reader in .text(reader.t.word(row.offer)) },
            file: [
                FileColumn("offer", "subscriptions.offer", code: { $0.offer.rawValue }, words: { $1.t.word($0.offer) })
            ]),
        ListColumn(
            "service_administrator", "subscriptions.service_administrator",
            cell: { row, reader in row.serviceAdministrator.map { .text($0.name) } ?? reader.t.nothing },
            file: [
                FileColumn("service_administrator", "subscriptions.service_administrator") { row, _ in
                    .text(row.serviceAdministrator?.name)
                }
            ]),
        ListColumn(
            "purchased_at", "subscriptions.purchased", order: "created_at",
            cell: { purchasedCell($0, $1) },
            file: [
                FileColumn(
                    "purchased_at", "subscriptions.purchased", at: { $0.facts.purchasedAt }, isSo: { $0.facts.isPurchased })
            ]),
        ListColumn(
            "days_left", "subscriptions.days_left", isNumber: true,
            cell: { daysLeftCell($0, $1) },
            file: [FileColumn("days_left", "subscriptions.days_left") { row, now in .number(row.shownDaysLeft(now)) }]
        ),
        ListColumn(
            "credit_remaining", "subscriptions.remaining", isNumber: true,
            cell: { row, reader in row.shownRemaining(reader.t.now).map(reader.t.moneyElement) ?? agreementCell(row, reader) },
            file: [
                FileColumn("credit_remaining", "subscriptions.remaining") { row, now in .money(row.shownRemaining(now)) },
                FileColumn("currency", "accounts.currency") { row, _ in .text(row.currency.code) },
            ]),
        ListColumn(
            "outstanding", "subscription.outstanding", isNumber: true, isShownFirst: false,
            cell: { row, reader in row.outstanding.isPositive ? reader.t.moneyElement(row.outstanding) : reader.t.nothing },
            file: [
                FileColumn("outstanding", "subscription.outstanding") { row, _ in
                    .money(row.offer == .enterprise ? nil : row.outstanding)
                }
            ]),
        ListColumn(
            "this_month", "subscription.this_month", isNumber: true,
            cell: { row, reader in row.thisMonth.map(reader.t.moneyElement) ?? reader.t.nothing },
            file: [FileColumn("this_month", "subscription.this_month") { row, _ in .money(row.thisMonth) }]),
        ListColumn(
            "partner", "subscriptions.partner", isShownFirst: false,
            cell: { row, reader in
                row.partner.map { twoLines($0.companyName, $0.code) } ?? reader.t.nothing
            },
            file: [
                FileColumn("partner_code", "subscriptions.partner") { row, _ in .text(row.partner?.code) }
            ]),
        ListColumn(
            "order_id", "subscriptions.order", isShownFirst: false, cell: { row, _ in identifier(row.orderID.description) },
            file: [
                FileColumn("order_id", "subscriptions.order") { row, _ in .text(row.orderID.description) }
            ]),
        ListColumn(
            "created_at", "subscriptions.ordered", isShownFirst: false,
            cell: { row, reader in reader.t.dateElement(row.createdAt) },
            file: [FileColumn("created_at", "subscriptions.ordered") { row, _ in .instant(row.createdAt) }]),
    ]

    /// Where credit is bought: what is left of it. An enterprise subscription's money is its agreement's.
    private var showsCredit: Bool { offer != .enterprise && state != .deleted && state != .pending }
    private var shownReasons: [SuspensionReason] { state == .suspended ? facts.reasons.sorted : [] }
    private func shownDaysLeft(_ now: Instant) -> Int? { showsCredit ? daysLeft(at: now) : nil }
    private func shownRemaining(_ now: Instant) -> Money? { showsCredit ? remaining(at: now) : nil }

    private static func nameCell(_ row: Subscription, _ reader: ListReader) -> HTML {
        group {
            a(.class("row-link"), .href(row.links.overview)) { row.shownName(reader.t) }
            span(.class("sub mono")) { row.id.description }
        }
    }

    /// An enterprise subscription's money is on its agreement: the way there, for those it is open to (A4).
    private static func agreementCell(_ row: Subscription, _ reader: ListReader) -> HTML {
        guard let enrollment = row.enrollmentID, row.state != .deleted else { return reader.t.nothing }
        let words = reader.t("subscriptions.on_agreement")
        guard !reader.principal.roles(on: Belonging(enrollment: enrollment)).isEmpty else { return .text(words) }
        return a(.href(PageRoute.enrollment.url(enrollment.description))) { words }
    }

    /// How long the credit lasts, and that a suspended one does not last so long.
    private static func daysLeftCell(_ row: Subscription, _ reader: ListReader) -> HTML {
        let t = reader.t
        guard let days = row.shownDaysLeft(t.now) else { return t.nothing }
        return group {
            t.number(days)
            if row.state == .suspended, let deleteAt = row.facts.deleteAt {
                span(.class("sub sub--bad")) { t("subscriptions.deleted_in", ["days": t.relativeDays(to: deleteAt)]) }
            }
        }
    }

    /// What was never paid was never purchased (L11).
    private static func purchasedCell(_ row: Subscription, _ reader: ListReader) -> HTML {
        let date = reader.t.dateElement(row.facts.purchasedAt)
        // One piece: a card sets the pieces of a cell apart.
        return row.facts.isPurchased ? date : span { reader.t.html("subscriptions.ordered_on", ["date": date]) }
    }

    /// The state, and for a suspended one what is lost when.
    private static func stateCell(_ row: Subscription, _ reader: ListReader) -> HTML {
        let t = reader.t
        return group {
            t.pill(row.facts).html
            if row.state == .suspended, let deleteAt = row.facts.deleteAt {
                span(.class("sub sub--bad")) { t.html("subscriptions.delete_on", ["date": t.dateElement(deleteAt)]) }
            }
        }
    }

    /// The account itself is open only to those with a role on it.
    private static func accountCell(_ row: Subscription, _ reader: ListReader) -> HTML {
        if reader.principal.roles(on: row.accountBelonging).isEmpty { return .text(row.accountName) }
        return a(.href(PageRoute.subscriptions.url(row.accountID.description))) { row.accountName }
    }
}

/// What a search for subscriptions finds.
enum SubscriptionSearch {
    /// An exact ID or an administrator's e-mail jumps; anything else is part of a name, or a partner's ID.
    static func condition(_ text: String, _ ask: ListAsk) async throws -> SQL {
        let (q, tenant) = (text.trimmingBlankSpace(), ask.tenant)
        if let id = SubscriptionID(q) { return "s.id = \(id)" }
        if let id = OrderID(q) {
            return "s.id = any(array(select o.subscription_id from orders o where o.tenant_id = \(tenant) and o.id = \(id)))"
        }
        if let id = AccountID(q) { return "s.account_id = \(id)" }
        if q.contains("@") { return administered(by: q.lowercased(), tenant) }
        var within: SQL = ""
        if let id = ask.values["account_id"].flatMap({ AccountID($0) }) { within = "and s.account_id = \(id)" }
        if let id = ask.values["enrollment_id"].flatMap({ EnrollmentID($0) }) { within = "\(within) and s.enrollment_id = \(id)" }
        let named = try await ListSearch.named(
            "s.name_key", q, in: "subscriptions s where s.tenant_id = \(tenant) \(within)", ask.context)
        // Only where there is such a partner: a condition that needs two indexes is served by none of them in the list's order.
        let partners = try await ask.context.read("select id from partners where tenant_id = \(tenant) and code = \(q)").rows
        guard let partner: PartnerID = try partners.first?.get(0) else { return named }
        return "(\(named) or s.partner_id = \(partner))"
    }

    private static func administered(by email: String, _ tenant: TenantID) -> SQL {
        let person: SQL = "array(select u.id from users u where u.tenant_id = \(tenant) and u.email = \(email))"
        return """
            (s.service_administrator_id = any(\(person)) or s.account_id = any(array(select v.id from accounts v \
            where v.tenant_id = \(tenant) and v.administrator_id = any(\(person)))))
            """
    }
}
