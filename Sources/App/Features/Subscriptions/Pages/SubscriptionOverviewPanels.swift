import Billing
import HTML
import Values

/// The lower half of the overview: what will happen, what was used, what was bought, and the particulars.
extension SubscriptionOverviewPage {
    func futurePanel(_ t: Localiser) -> HTML {
        panel(t("next.title"), id: "next") {
            if next.isEmpty {
                p(.class("note")) {
                    t(isLapsed ? "next.nothing_lapsed" : state == .deleted ? "next.nothing_deleted" : "next.nothing")
                }
            } else {
                Timeline(next.map { event($0, t) }).html(t)
                if next.contains(where: \.isEstimate) { p(.class("note note--foot")) { t("next.estimate_note") } }
                if let latestEnd { p(.class("note note--foot")) { t("next.latest_end", ["date": t.longDate(latestEnd)]) } }
            }
        }
    }

    private func event(_ item: Next, _ t: Localiser) -> Timeline.Event {
        let consequence = item.consequence
        let isLoss = consequence.event == TransitionType.deleted.rawValue
        let isWarning = consequence.event != WhatNext.lotExpiredEvent
        let amount = item.amount.map(t.money) ?? ""
        let words = t(
            item.isEstimate && !isLoss ? "next.estimate_runs_out" : nextKey(consequence),
            ["amount": amount, "reason": consequence.reason.map(t.word) ?? ""])
        let why = t(
            item.isEstimate ? "next.rule_estimate" : "next.rule",
            [
                "rule": consequence.rule, "version": t.number(policy.version),
                "text": t(ruleKey(item), numbers(t)), "daily": credit?.daily.map(t.money) ?? "",
            ])
        return Timeline.Event(
            at: consequence.at, tone: isLoss ? .bad : isWarning ? .warn : .quiet, text: .text(words), note: .text(why),
            showsTime: !item.isEstimate)
    }

    /// An event alone does not say why: an order that lapses is deleted too.
    private func nextKey(_ consequence: Consequence) -> String {
        let event = consequence.event.replacing(".", with: "_")
        let lapses = consequence.event == TransitionType.deleted.rawValue && consequence.rule == "L11"
        if consequence.event == TransitionType.deleted.rawValue, consequence.forfeited != nil { return "next.deleted_forfeits" }
        return lapses ? "next.order_lapses" : "next.\(event)"
    }

    /// A rule has several cases: credit ends by its use or by its date, and a trial's lot by the trial's.
    private func ruleKey(_ item: Next) -> String {
        let rule = item.consequence.rule
        if rule == "L5", item.consequence.reason == .creditExhausted { return "rule.L5_exhausted" }
        return rule == "M6" && item.isOfTrial ? "rule.M6_trial" : "rule.\(rule)"
    }

    /// The policy's numbers, for the sentences of the rules (L10).
    private func numbers(_ t: Localiser) -> [String: String] {
        [
            "retention": t.number(policy.retentionDays), "validity": t.number(policy.validityMonths),
            "trial": t.number(policy.trialMonths), "lapse": t.number(policy.pendingLapseDays),
        ]
    }

    func usageBlock(_ t: Localiser) -> HTML {
        switch usage {
        case .days(let chart):
            block(t("usage.ten_days"), id: "usage", tools: usageTools(chart, t)) { chart.html(t) }
        case .nothing:
            block(t("usage.ten_days"), id: "usage", note: .text(t("usage.nothing"))) {}
        case .failed(let retry):
            failedPanel(t("usage.ten_days"), retry: retry, t)
        case .erased:
            block(t("usage.ten_days"), id: "usage", note: .text(t(isLapsed ? "usage.lapsed" : "usage.erased"))) {}
        }
    }

    private func usageTools(_ chart: UsageChart, _ t: Localiser) -> HTML {
        span(.class("tools")) {
            if let usagePage { a(.class("tool"), .href(usagePage)) { t("usage.more") } }
            chart.downloadLink(t)
        }
    }

    @HTMLBuilder
    func creditBlock(_ t: Localiser) -> HTML {
        if let credit, !credit.lots.isEmpty {
            block(t("credit.title"), id: "credit", note: .text(t("credit.note"))) { lotTable(credit, t).html }
        }
    }

    private func lotTable(_ credit: Credit, _ t: Localiser) -> DataTable {
        let code = credit.remaining.currency.code
        // What is used next stands first; what is spent or gone stays below, for the record.
        let ordered = credit.lots.filter(\.remaining.isPositive) + credit.lots.filter { !$0.remaining.isPositive }
        let rows = ordered.map { lot in
            TableRow([
                group {
                    t.dateElement(lot.boughtAt)
                    span(.class("sub mono")) { lot.orderID }
                },
                group {
                    t.dateElement(lot.expiresAt)
                    if lot.isTrial { span(.class("sub")) { t("offer.trial") } }
                },
                t.amountElement(lot.amount), t.amountElement(lot.remaining),
            ])
        }
        return DataTable(
            t("credit.title"),
            columns: [
                TableColumn(t("credit.bought")), TableColumn(t("credit.expires")),
                TableColumn(t("credit.amount", ["currency": code]), isNumber: true),
                TableColumn(t("credit.remaining", ["currency": code]), isNumber: true),
            ],
            rows: rows,
            totals: [
                DataTable.Total(t("credit.total"), [t.moneyElement(credit.bought), t.moneyElement(credit.remaining)])
            ])
    }

    private func enrollmentName(_ commitment: Commitment) -> HTML {
        guard commitment.isEnrollmentOpen else { return .text(commitment.enrollment.label) }
        return a(.href(commitment.enrollment.url)) { commitment.enrollment.label }
    }

    @HTMLBuilder
    func commitmentBlock(_ t: Localiser) -> HTML {
        if let commitment {
            block(
                t("commitment.title"),
                note: t.html("commitment.note", ["enrollment": enrollmentName(commitment)])
            ) {
                RemainderBar(parts: [commitment.remaining.minor], whole: max(commitment.total.minor, 1)).html
                p {
                    t(
                        "commitment.left",
                        [
                            "remaining": t.money(commitment.remaining), "total": t.money(commitment.total),
                            "date": t.longDate(commitment.endsOn),
                        ])
                }
            }
        }
    }

    func detailsPanel(_ t: Localiser) -> HTML {
        panel(t("details.title"), id: "details") {
            DetailList(details(t)).html
            if !secondaryActions(t).isEmpty {
                ul(.class("panel-actions")) {
                    for action in secondaryActions(t) { li { secondary(action) } }
                }
            }
        }
    }

    private func details(_ t: Localiser) -> [DetailList.Item] {
        var items = [
            DetailList.Item(t("details.id"), copyable(id, name: t("details.id"), id: "subscription-id", t)),
            DetailList.Item(t("details.order"), copyable(orderID, name: t("details.order"), id: "order-id", t)),
            DetailList.Item(t(isPurchased ? "details.purchased" : "details.ordered"), t.timeElement(purchasedAt)),
            DetailList.Item(
                t("details.account_administrator"),
                twoLines(accountAdministrator.name, accountAdministrator.email)),
        ]
        if let person = serviceAdministrator {
            items.append(
                DetailList.Item(
                    t("details.service_administrator"), twoLines(person.name, person.email),
                    action: ways.edit.action(t("details.change"))))
        }
        if let commitment {
            let department = commitment.department ?? t("enrollment.no_department")
            let value = ways.stays.url.map { url in a(.href(url)) { department } } ?? .text(department)
            items.append(DetailList.Item(t("details.department"), value, action: ways.move.action(t("move.short"))))
        }
        if state != .deleted {
            let value = partner.map { twoLines($0.companyName, $0.code) } ?? t.nothing
            let change = ways.partner.action(t(partner == nil ? "details.add" : "details.change"))
            items.append(DetailList.Item(t("details.partner"), value, action: change))
        }
        return items
    }

    /// What is rare or grave stands last and small.
    private func secondaryActions(_ t: Localiser) -> [ActionLink] {
        [
            ways.suspend.action(t(state == .suspended ? "suspend.more_action" : "suspend.action")),
            state == .suspended ? nil : ways.reactivate.action(ways.reactivation(t)), ways.cancel.action(t("cancel.action")),
        ].compactMap { $0 }
    }

    private func secondary(_ action: ActionLink) -> HTML {
        guard let reason = action.unavailableBecause else { return action.link }
        return group {
            span(.class("faint")) { action.label }
            span(.class("sub")) { reason }
        }
    }
}
