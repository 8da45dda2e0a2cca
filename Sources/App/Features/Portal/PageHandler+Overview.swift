import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// One subscription's overview, and the papers around it.
extension PageHandler {
    func overview(_ visit: Visit) async throws -> HTTPResponse {
        let (view, rows) = try await SubscriptionView.load(visit) { id, tenant in
            [
                """
                select e.id, e.name, e.currency, e.commitment_minor, e.posted_minor, e.ends_on, d.name from subscriptions s \
                join enrollments e on e.tenant_id = s.tenant_id and e.id = s.enrollment_id \
                left join departments d on d.tenant_id = s.tenant_id and d.id = s.department_id where s.tenant_id = \(tenant) and s.id = \(id)
                """,
                "select bill_month, sum(posted_minor)::bigint from bill_lines where tenant_id = \(tenant) and subscription_id = \(id) group by 1",
            ]
        }
        let subscription = view.subscription
        var frame = view.frame
        let t = visit.localiser(frame.zone)
        let (usage, daily) = await usage(view, visit, t)
        var page = SubscriptionOverviewPage(
            crumbs: view.crumbs(t), id: subscription.id.description, orderID: subscription.orderID.description,
            name: subscription.name,
            offer: subscription.offer, state: subscription.state, purchasedAt: subscription.facts.purchasedAt,
            accountAdministrator: person(subscription.accountAdministrator), policy: subscription.policy, usage: usage)
        page.reasons = subscription.facts.reasons.sorted
        page.suspendedAt = subscription.facts.suspendedAt
        page.deleteAt = subscription.state == .suspended ? subscription.facts.deleteAt : nil
        page.deletedAt = subscription.facts.deletedAt
        page.lapseAt = subscription.facts.lapseAt
        page.servicesConfigured = subscription.facts.servicesConfigured
        page.serviceAdministrator = subscription.serviceAdministrator.map(person)
        page.partner = subscription.partner.map { .init(code: $0.code, companyName: $0.companyName) }
        page.credit = subscription.offer.isPaidByCredit ? try credit(view, daily) : nil
        page.commitment = try rows[0].first.map { try commitment($0, view) }
        page.thisMonth = try thisMonth(rows[1], view)
        page.next = subscription.whatNext.map { consequence in
            .init(consequence, amount: consequence.lotID.flatMap { id in subscription.credit.first { $0.id == id }?.remaining })
        }
        page.ways = view.ways(t, tokens: visit.tokens())
        frame.banner = visit.flash.flatMap { banner($0, subscription, t) }
        return visit.page(page, frame)
    }

    private func person(_ person: Person) -> SubscriptionOverviewPage.Person { .init(name: person.name, email: person.email) }

    private func credit(_ view: SubscriptionView, _ daily: Money?) throws -> SubscriptionOverviewPage.Credit {
        let subscription = view.subscription
        let ordered =
            subscription.lots.filter { $0.credit.isLive(at: view.now) }
            + subscription.lots.filter { !$0.credit.isLive(at: view.now) }
        let lots = ordered.map { lot in
            SubscriptionOverviewPage.Lot(
                orderID: lot.orderID.description, boughtAt: lot.credit.effectiveAt, expiresAt: lot.credit.expiresAt,
                amount: lot.credit.amount,
                remaining: lot.credit.isLive(at: view.now) ? lot.credit.remaining : .zero(subscription.currency),
                isTrial: lot.credit.source == .trial)
        }
        var bought = Money.zero(subscription.currency)
        for lot in lots { bought = try bought.adding(lot.amount) }
        return .init(
            remaining: subscription.remaining(at: view.now), outstanding: subscription.outstanding,
            expiresAt: subscription.creditExpiry(at: view.now),
            daysLeft: subscription.daysLeft(at: view.now), lots: lots, bought: bought, daily: daily)
    }

    private func commitment(_ row: Row, _ view: SubscriptionView) throws -> SubscriptionOverviewPage.Commitment {
        var column = Columns(row)
        let id: EnrollmentID = try column.next()
        let name: String = try column.next()
        let currency: Currency = try column.next()
        let total = Money(minor: try column.next(), currency: currency)
        let posted = Money(minor: try column.next(), currency: currency)
        let endsOn: CivilDate = try column.next()
        let department: String? = try column.next()
        let used = CommitmentDraw.share(of: posted, total)
        var commitment = SubscriptionOverviewPage.Commitment(
            enrollment: NavigationItem(name, PageRoute.enrollment.url(id.description)), total: total,
            remaining: try total.subtracting(used),
            endsOn: endsOn, department: department)
        commitment.isEnrollmentOpen = !view.context.principal.roles(on: Belonging(enrollment: id)).isEmpty
        return commitment
    }

    private func thisMonth(_ rows: Rows, _ view: SubscriptionView) throws -> Money? {
        guard view.subscription.state != .deleted, view.subscription.state != .pending else { return nil }
        let month = view.subscription.zone.date(at: view.now).monthStart
        for row in rows where try row.get(0, as: CivilDate.self) == month {
            return Money(minor: try row.get(1), currency: view.subscription.currency)
        }
        return .zero(view.subscription.currency)
    }

    // MARK: Usage

    /// B9: today − 10 to today. A failing report costs its panel, not the page (G26).
    private func usage(_ view: SubscriptionView, _ visit: Visit, _ t: Localiser) async -> (
        SubscriptionOverviewPage.Usage, daily: Money?
    ) {
        guard view.subscription.state != .deleted else { return (.erased, nil) }
        do {
            let report = try await UsageReport.run(view.subscription.id, from: nil, to: nil, by: [.day, .product], view.context)
            return report.lines.isEmpty ? (.nothing, nil) : (.days(try chart(report, view)), try daily(report, view))
        } catch {
            dependencies.log(.warning, "usage panel failed", [("request_id", visit.requestID), ("error", "\(error)")])
            return (.failed(retry: view.links.overview), nil)
        }
    }

    private func chart(_ report: UsageReport, _ view: SubscriptionView) throws -> UsageChart {
        let (zone, currency) = (view.subscription.zone, view.subscription.currency)
        var sums: [String: ExactDecimal] = [:]
        var cells: [CivilDate: [String: ExactDecimal]] = [:]
        for line in report.lines {
            guard let date = line.date, let product = line.product else { continue }
            sums[product] = try (sums[product] ?? .zero).adding(line.cost)
            cells[date, default: [:]][product] = line.cost
        }
        let products = sums.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map(\.key)
        let today = zone.date(at: report.asOf)
        let days = try (-10...0).map { offset in
            let date = today.adding(days: offset)
            return UsageChart.Day(
                date: date, amounts: try products.map { try Money(rounding: cells[date]?[$0] ?? .zero, currency: currency) })
        }
        return UsageChart(
            products: products, days: days, total: try Money(rounding: report.total, currency: currency), asOf: report.asOf,
            download: view.download(everything: false))
    }

    /// The mean of the ten days that are over; none while the subscription is younger than they are.
    private func daily(_ report: UsageReport, _ view: SubscriptionView) throws -> Money? {
        let today = view.subscription.zone.date(at: report.asOf)
        guard let activatedAt = view.subscription.facts.activatedAt,
            view.subscription.zone.date(at: activatedAt) <= today.adding(days: -10)
        else { return nil }
        var sum = ExactDecimal.zero
        for line in report.lines where line.date != today { sum = try sum.adding(line.cost) }
        let whole = try Money(rounding: sum, currency: view.subscription.currency)
        return Money(minor: whole.minor / 10, currency: whole.currency)
    }

    func usageDownload(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        let zone = view.subscription.zone
        func instant(_ name: String) -> Instant? {
            visit[name].flatMap { text in Instant(rfc3339: text) ?? CivilDate(iso: text).map { zone.startOfDay($0) } }
        }
        return try await UsageDownload.prepare(
            view.subscription.id, from: instant("from"), to: instant("to"), withMark: true, view.context
        )
        .response(language: visit.strings)
    }

    // MARK: What was done

    private func banner(_ flash: Flash, _ subscription: Subscription, _ t: Localiser) -> Banner? {
        let date = subscription.facts.deleteAt.map { t.dateTime($0) }
        switch flash {
        case .detailsSaved: return Banner(.good, title: t("edit.saved"))
        case .partnerSaved: return Banner(.good, title: t("partner.saved"))
        case .partnerRemoved: return Banner(.good, title: t("partner.removed"))
        case .cancelled: return date.map { Banner(.good, title: t("cancel.done", ["date": $0])) }
        case .suspended: return date.map { Banner(.good, title: t("suspend.done", ["date": $0])) }
        case .reactivated:
            return subscription.state.isRunning
                ? Banner(.good, title: t("reactivate.done_active"))
                : Banner(.good, title: t("reactivate.done_suspended", ["reasons": t.words(subscription.facts.reasons.sorted)]))
        case .servicesConfirmed: return Banner(.good, title: t("transition.subscription_services_confirmed"))
        default: return nil
        }
    }

    // MARK: Papers

    func history(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        let t = visit.localiser(view.subscription.zone)
        let page = try await ListSubscriptionEvents.run(
            view.subscription.id, try PageRequest(limit: 50, cursor: visit["cursor"]), view.context)
        let users = page.items.compactMap { $0.actor.kind == .user ? $0.actor.id : nil }
        let names = try await names(of: users, view.context)
        let entries = page.items.compactMap { record -> HistoryPage.Entry? in
            guard let type = TransitionType(rawValue: record.type), let to = SubscriptionState(rawValue: record.to) else {
                return nil
            }
            var actor: String?
            switch record.actor.kind {
            case .user: actor = record.actor.id.map { names[$0] ?? UserID($0).description }
            case .key: actor = record.actor.id.map { APIKeyID($0).description }
            case .operator, .timer: actor = nil
            }
            return HistoryPage.Entry(
                at: record.at, type: type, from: record.from.flatMap { SubscriptionState(rawValue: $0) }, to: to,
                reason: record.reason.flatMap { SuspensionReason(rawValue: $0) }, rule: record.rule,
                actorKind: record.actor.kind.rawValue, actor: actor,
                note: record.note)
        }
        let pager = Pager(
            first: visit["cursor"] == nil ? nil : view.links(.history),
            next: page.nextCursor.map { view.links(.history, query: [("cursor", $0)]) })
        var shown = HistoryPage(
            crumbs: view.crumbs(t, current: t("history.title")), name: view.subscription.name, entries: entries, pager: pager)
        if view.may(.seeAudit) {
            shown.audit = PageRoute.audit.url(
                view.subscription.accountID.description, query: [("object_id", view.subscription.id.description)])
        }
        return visit.page(shown, view.frame)
    }

    private func names(of users: [UUID], _ context: TenantContext) async throws -> [UUID: String] {
        guard !users.isEmpty else { return [:] }
        let ids = Set(users).map { UserID($0) }
        let rows = try await context.read(
            "select id, email, first_name, last_name from users where tenant_id = \(context.tenant.id) and id = any(\(ids))"
        ).rows
        var names: [UUID: String] = [:]
        for row in rows {
            var column = Columns(row)
            let person = Person(
                id: try column.next(), email: try column.next(), firstName: try column.next(), lastName: try column.next())
            names[person.id.uuid] = person.name
        }
        return names
    }

    func certificate(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        let t = visit.localiser(view.subscription.zone)
        let certificate = try await DeletionCertificate.find(view.subscription.id, view.context)
        var page = CertificatePage(
            crumbs: view.crumbs(t, current: t("certificate.title")), tenantName: view.context.tenant.name,
            subscriptionID: certificate.subscription.description, deletedAt: certificate.deletedAt, rule: certificate.rule,
            reasons: certificate.reasons.compactMap { SuspensionReason(rawValue: $0) }, erased: certificate.erased,
            kept: certificate.kept,
            sha256: certificate.sha256)
        page.certificateID = certificate.id.description
        page.suspendedAt = certificate.suspendedAt
        page.deleteAt = certificate.deleteAt
        return visit.page(page, view.frame)
    }
}
