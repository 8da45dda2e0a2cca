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
                PaymentIntent.open(of: id, tenant),
                """
                select coalesce(sum(amount_minor), 0)::bigint from ledger_transfers \
                where tenant_id = \(tenant) and subscription_id = \(id) and purpose = 'trial_grant'
                """,
            ]
        }
        let subscription = view.subscription
        var frame = view.frame
        let t = visit.localiser(frame.zone)
        let usage = await usage(view, visit)
        let outlook = await outlook(view, visit)
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
        page.credit =
            subscription.offer.isPaidByCredit ? try credit(view, outlook, given: subscription.money(try rows[3][0].get(0))) : nil
        page.commitment = try rows[0].first.map { try commitment($0, view) }
        page.thisMonth = try posted(rows[1], view, monthsAgo: 0)
        page.lastMonth = try posted(rows[1], view, monthsAgo: 1).flatMap { $0.isZero ? nil : $0 }
        page.unbilled = subscription.offer == .enterprise ? outlook?.unbilled : nil
        page.isLapsed = subscription.facts.isLapsed
        page.provider = view.context.tenant.name
        page.forfeited = subscription.forfeitedAtDeletion
        page.awaited = view.seesAccount ? try rows[2].map { .init(try PaymentIntent($0)) } : []
        page.sections = view.sections(.subscription, t)
        page.usagePage = view.links(.usage)
        let estimated = outlook?.estimatedConsequences ?? []
        let stored = subscription.whatNext
        let possible = WhatNext.possible(stored, beside: estimated)
        if possible.count < stored.count { page.latestEnd = subscription.creditExpiry(at: view.now) }
        let ofTrial = Set(subscription.credit.filter { $0.source == .trial }.map(\.id))
        page.next = possible.map { consequence in
            var next = SubscriptionOverviewPage.Next(consequence, amount: consequence.forfeited)
            next.isOfTrial = consequence.lotID.map(ofTrial.contains) ?? false
            return next
        }
        page.next += estimated.map { consequence in
            var next = SubscriptionOverviewPage.Next(consequence)
            next.isEstimate = true
            return next
        }
        page.next = page.next.enumerated().sorted {
            ($0.element.consequence.at, $0.offset) < ($1.element.consequence.at, $1.offset)
        }
        .map(\.element)
        page.ways = view.ways(t, tokens: visit.tokens())
        frame.banner = visit.flash.flatMap { banner($0, subscription, t) }
        return visit.page(page, frame)
    }

    private func person(_ person: Person) -> SubscriptionOverviewPage.Person { .init(name: person.name, email: person.email) }

    private func credit(_ view: SubscriptionView, _ outlook: Outlook?, given: Money) throws -> SubscriptionOverviewPage.Credit {
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
        var daily: Money?
        if case .rate(let rate)? = outlook?.burn { daily = rate.perDay }
        var credit = SubscriptionOverviewPage.Credit(
            remaining: subscription.remaining(at: view.now), outstanding: subscription.outstanding,
            expiresAt: subscription.creditExpiry(at: view.now),
            daysLeft: subscription.daysLeft(at: view.now), lots: lots, bought: bought, daily: daily)
        credit.given = given
        credit.writtenOff = subscription.writtenOffAt.map { (subscription.writtenOff, $0) }
        credit.burn = outlook?.burn
        credit.runOut = outlook?.runOut
        return credit
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

    /// What the ledger posted for a month's lines.
    private func posted(_ rows: Rows, _ view: SubscriptionView, monthsAgo: Int) throws -> Money? {
        guard view.subscription.state != .deleted, view.subscription.state != .pending else { return nil }
        let month = view.subscription.zone.month(at: view.now).adding(months: -monthsAgo).start
        for row in rows where try row.get(0, as: CivilDate.self) == month {
            return Money(minor: try row.get(1), currency: view.subscription.currency)
        }
        return .zero(view.subscription.currency)
    }

    // MARK: Usage

    /// B9: today − 10 to today. A failing report costs its panel, not the page (G26).
    private func usage(_ view: SubscriptionView, _ visit: Visit) async -> SubscriptionOverviewPage.Usage {
        guard view.subscription.state != .deleted else { return .erased }
        do {
            let zone = view.subscription.zone
            let span = UsagePeriod(days: 10, today: zone.date(at: view.now)).span(in: zone)
            let table = try await UsageTable.load(view.subscription, span, by: .product, at: view.now, view.context)
            return table.rows.isEmpty ? .nothing : .days(chart(table, view))
        } catch {
            dependencies.log(.warning, "usage panel failed", [("error", "\(error)")])
            return .failed(retry: view.links.overview)
        }
    }

    /// The estimates; without them the page says nothing of the kind.
    private func outlook(_ view: SubscriptionView, _ visit: Visit) async -> Outlook? {
        guard view.subscription.state != .deleted, view.subscription.state != .pending else { return nil }
        do {
            return try await Outlook.load(view.subscription, at: view.now, view.context)
        } catch {
            dependencies.log(.warning, "outlook failed", [("error", "\(error)")])
            return nil
        }
    }

    private func chart(_ table: UsageTable, _ view: SubscriptionView) -> UsageChart {
        let t = view.subscription.zone.date(at: view.now)
        let none = table.series.map { _ in Money.zero(table.total.currency) }
        let days = (-10...0).map { offset in
            UsageChart.Day(date: t.adding(days: offset), amounts: table.days[t.adding(days: offset)] ?? none)
        }
        return UsageChart(
            products: table.series.map { $0 ?? "" }, days: days, total: table.total, asOf: table.asOf,
            download: view.links(.usageDownload))
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
        case .recovered:
            return subscription.state.isRunning
                ? Banner(.good, title: t("recover.done_active"))
                : Banner(.good, title: t("recover.done_suspended", ["reasons": t.words(subscription.facts.reasons.sorted)]))
        case .moved:
            return Banner(
                .good, title: subscription.departmentName.map { t("move.done", ["department": $0]) } ?? t("move.done_none"))
        case .departmentCreated, .departmentSaved, .departmentDeleted, .accountMoved: return nil
        case .servicesConfirmed: return Banner(.good, title: t("transition.subscription_services_confirmed"))
        default: return nil
        }
    }

    // MARK: Papers

    func history(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        let t = visit.localiser(view.subscription.zone)
        var frame = ListFrame(
            title: t("history.title_of", ["name": view.name(t)]), lede: .text(t("history.lede")),
            empty: .neverHad(title: t("history.empty_title"), text: t("history.empty_text"), action: nil),
            filteredTitle: t("history.filtered_title"))
        frame.crumbs = view.crumbs(t, current: t("history.title"))
        frame.above = view.sections(.history, t).html
        frame.scope = [("subscription_id", view.subscription.id.description)]
        frame.isProven = true
        if view.may(.seeAudit) {
            let audit = PageRoute.audit.url(
                view.subscription.accountID.description, query: [("object_id", view.subscription.id.description)])
            frame.actions = [ActionLink(t("audit.object_link"), audit)]
        }
        return try await list(visit, HistoryEntry.list, frame, view.frame)
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
        page.forfeited = certificate.forfeited
        page.owed = certificate.owed
        page.writtenOffAt = view.subscription.writtenOffAt
        return visit.page(page, view.frame)
    }
}
