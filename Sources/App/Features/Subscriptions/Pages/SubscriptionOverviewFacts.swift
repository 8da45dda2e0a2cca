import Billing
import HTML
import Values

/// The upper half of the overview: banners and the strip of facts.
extension SubscriptionOverviewPage {
    @HTMLBuilder
    func stateBanner(_ t: Localiser) -> HTML {
        switch state {
        case .suspended: suspendedBanner(t)
        case .deleted: deletedBanner(t)
        case .pending: pendingBanner(t)
        case .active, .pastDue: HTML.empty
        }
    }

    /// The countdown: since when and why, what is lost when, and the ways out (L4).
    @HTMLBuilder
    private func suspendedBanner(_ t: Localiser) -> HTML {
        if let suspendedAt, let deleteAt {
            Banner(
                .bad, title: t("subscription.suspended_title", ["days": t.relativeDays(to: deleteAt)]),
                text: group {
                    p {
                        t.html(
                            "subscription.suspended_text",
                            ["since": t.timeElement(suspendedAt), "until": t.timeElement(deleteAt)],
                            ["reasons": t.words(reasons), "days": t.number(policy.retentionDays)])
                    }
                    if let forfeited {
                        p { t.html("subscription.forfeits", ["date": t.timeElement(deleteAt)], ["amount": t.money(forfeited)]) }
                    }
                    wayBackWords(t)
                    p { t("subscription.suspended_backup") }
                },
                actions: waysBack(t)
            ).html
        }
    }

    /// What brings it back, where that is not plain from the buttons: a word that only the provider has, and that money is not asked for.
    @HTMLBuilder
    private func wayBackWords(_ t: Localiser) -> HTML {
        let needed = WayBack.all(reasons, offer)
        if needed.contains(.ask) {
            let asked = reasons.filter { WayBack.all([$0], offer) == [.ask] }
            p {
                t.html(
                    "subscription.ask_provider", ["help": a(.href(PageRoute.help.url())) { t("help.contact") }],
                    ["reasons": t.words(asked), "provider": provider])
            }
        }
        if !needed.contains(.pay), !needed.contains(.upgrade), ways.pay.url != nil || ways.upgrade.url != nil {
            p { t("subscription.payment_does_not_help") }
        }
    }

    /// The first way that is needed and open is the one to take; paying stays possible where it does not help.
    private func waysBack(_ t: Localiser) -> [ActionLink] {
        let needed = WayBack.all(reasons, offer)
        let money = [
            (WayBack.pay, ways.pay, t("payment.action")), (WayBack.upgrade, ways.upgrade, t("payment.upgrade_action")),
        ]
        let helps = money.filter { needed.contains($0.0) }
        let leads = helps.contains { $0.1.url != nil }
        var links: [ActionLink?] = helps.map { $0.1.action($0.2, .primary) }
        links.append(ways.reactivate.action(ways.reactivation(t), leads ? .plain : .primary))
        links += money.filter { !needed.contains($0.0) }.map { $0.1.action($0.2) }
        links.append(ways.download.action(t("subscription.download_all")))
        return links.compactMap { $0 }
    }

    @HTMLBuilder
    private func deletedBanner(_ t: Localiser) -> HTML {
        if let deletedAt {
            Banner(
                .quiet, title: t(isLapsed ? "subscription.lapsed_title" : "subscription.deleted_title"),
                text: group {
                    p {
                        t.html(
                            isLapsed ? "subscription.lapsed_text" : "subscription.deleted_text",
                            ["date": t.timeElement(deletedAt)])
                    }
                    lastDebt(t)
                },
                actions: [ways.certificate.action(t("certificate.action")), ways.writeOff.action(t("write_off.action"))]
                    .compactMap { $0 }
            ).html
        }
    }

    /// What it still owed: nobody can pay it any more, the provider can give it up (M6).
    @HTMLBuilder
    private func lastDebt(_ t: Localiser) -> HTML {
        if let credit, credit.outstanding.isPositive {
            p { t("subscription.deleted_owes", ["amount": t.money(credit.outstanding), "provider": provider]) }
        } else if let (amount, at) = credit?.writtenOff {
            p { t.html("subscription.deleted_written_off", ["date": t.timeElement(at)], ["amount": t.money(amount)]) }
        }
    }

    @HTMLBuilder
    private func pendingBanner(_ t: Localiser) -> HTML {
        if let lapseAt {
            Banner(
                .info, title: t("subscription.pending_title"),
                text: p {
                    t.html(
                        "subscription.pending_text", ["date": t.timeElement(lapseAt)], ["days": t.number(policy.pendingLapseDays)]
                    )
                },
                actions: [ways.pay.action(t("payment.first_action"), .primary)].compactMap { $0 }
            ).html
        }
    }

    /// After a reactivation the services stand still until somebody says that they are set up again (L4).
    @HTMLBuilder
    func servicesBanner(_ t: Localiser) -> HTML {
        if !servicesConfigured, state.isRunning {
            Banner(
                .warn, title: t("subscription.services_title"), text: p { t("subscription.services_text") },
                forms: ways.confirmServices.map { way in
                    [ActionForm(t("subscription.services_action"), action: way.action, tokens: way.tokens)]
                } ?? []
            ).html
        }
    }

    @HTMLBuilder
    func facts(_ t: Localiser) -> HTML {
        if state == .deleted || state == .pending {
            HTML.empty
        } else if let credit {
            creditFacts(credit, t).html
        } else {
            enterpriseFacts(t).html
        }
    }

    private func creditFacts(_ credit: Credit, _ t: Localiser) -> FactsStrip {
        let remaining = remainingFact(credit, t)
        let month = thisMonthFact(t).map { [$0] } ?? []
        let owed = outstandingFact(credit, t).map { [$0] } ?? []
        if let deleteAt, let suspendedAt {
            return FactsStrip(
                large: deletionFact(deleteAt, t), others: [remaining] + owed + month,
                picture: countdown(from: suspendedAt, to: deleteAt, at: t.now))
        }
        return FactsStrip(
            large: remaining, others: owed + expiryFacts(credit, t) + endFact(credit, t) + month, picture: bar(credit))
    }

    private func outstandingFact(_ credit: Credit, _ t: Localiser) -> FactsStrip.Fact? {
        guard credit.outstanding.isPositive else { return nil }
        return FactsStrip.Fact(
            t("subscription.outstanding"), t.moneyElement(credit.outstanding), note: .text(t("subscription.outstanding_note")))
    }

    /// How long the credit lasts.
    private func expiryFacts(_ credit: Credit, _ t: Localiser) -> [FactsStrip.Fact] {
        var facts: [FactsStrip.Fact] = []
        if let daysLeft = credit.daysLeft, let expiresAt = credit.expiresAt {
            facts.append(
                FactsStrip.Fact(
                    t("subscription.days_left"), .text(t.number(daysLeft)),
                    note: group {
                        t.html("subscription.until", ["date": t.dateElement(expiresAt)])
                        nextExpiry(credit, t)
                    }))
        }
        return facts
    }

    /// What of the credit goes first, where there is more than one lot.
    @HTMLBuilder
    private func nextExpiry(_ credit: Credit, _ t: Localiser) -> HTML {
        let live = credit.lots.filter(\.remaining.isPositive)
        if let first = live.first, live.count > 1 {
            span(.class("sub")) {
                t.html(
                    "subscription.next_expiry",
                    ["amount": t.moneyElement(first.remaining), "date": t.dateElement(first.expiresAt)])
            }
        }
    }

    /// How the credit ends if every day costs what the last ones did (A4).
    private func endFact(_ credit: Credit, _ t: Localiser) -> [FactsStrip.Fact] {
        let rate = ["daily": credit.daily.map(t.money) ?? ""]
        switch (credit.runOut, credit.burn) {
        case (.runsOut(let at)?, _):
            return [
                FactsStrip.Fact(
                    t("burn.title"), .text(t.relativeDays(to: at)),
                    note: t.html("burn.runs_out", ["date": t.dateElement(at)], rate))
            ]
        case (.expiresFirst(_, let unused)?, .rate(let rate)?) where rate.cost.isZero:
            let words = ["unused": t.money(unused), "days": t.number(rate.days)]
            return [FactsStrip.Fact(t("burn.title"), .text(t("burn.expires_first")), note: .text(t("burn.idle", words)))]
        case (.expiresFirst(_, let unused)?, _):
            let words = rate.merging(["unused": t.money(unused)]) { first, _ in first }
            return [FactsStrip.Fact(t("burn.title"), .text(t("burn.expires_first")), note: .text(t("burn.unused", words)))]
        case (_, .tooLittleHistory(let days)?):
            let words = ["needed": t.number(BurnRate.daysAtLeast), "days": t.number(days)]
            return [FactsStrip.Fact(t("burn.title"), t.nothing, note: .text(t("burn.too_little", words)))]
        default: return []
        }
    }

    private func remainingFact(_ credit: Credit, _ t: Localiser) -> FactsStrip.Fact {
        var note = t("subscription.of_bought", ["amount": t.money(credit.bought)])
        if let given = credit.given, given.isPositive, let paid = try? credit.bought.subtracting(given) {
            note = t("subscription.of_bought_and_given", ["amount": t.money(paid), "given": t.money(given)])
        }
        if let daily = credit.daily, daily.isPositive { note += t("subscription.per_day", ["amount": t.money(daily)]) }
        return FactsStrip.Fact(t("subscription.remaining"), t.moneyElement(credit.remaining), note: .text(note))
    }

    /// How much of the time to come back is left.
    private func countdown(from start: Instant, to end: Instant, at now: Instant) -> HTML {
        let whole = end.secondsSinceEpoch - start.secondsSinceEpoch
        return RemainderBar(parts: [max(end.secondsSinceEpoch - now.secondsSinceEpoch, 0)], whole: max(whole, 1), tone: .bad).html
    }

    private func bar(_ credit: Credit) -> HTML {
        let live = credit.lots.map(\.remaining.minor).filter { $0 > 0 }
        let whole = credit.lots.filter { $0.remaining.isPositive }.reduce(Int64(0)) { $0 + $1.amount.minor }
        let isLow = whole > 0 && credit.remaining.minor < whole / 10
        return RemainderBar(
            parts: live, whole: max(whole, 1), tone: isLow ? .warn : .good
        ).html
    }

    private func deletionFact(_ deleteAt: Instant, _ t: Localiser) -> FactsStrip.Fact {
        FactsStrip.Fact(
            t("subscription.deletion"), .text(t.relativeDays(to: deleteAt)),
            note: t.html("subscription.on", ["date": t.timeElement(deleteAt)]))
    }

    private func thisMonthFact(_ t: Localiser) -> FactsStrip.Fact? {
        thisMonth.map {
            FactsStrip.Fact(t("subscription.this_month"), t.moneyElement($0), note: .text(soFar(t)))
        }
    }

    /// So far; beside it what the whole month before came to, if it came to anything.
    private func soFar(_ t: Localiser) -> String {
        lastMonth.flatMap { $0.isZero ? nil : $0 }.map { t("subscription.so_far_and_before", ["amount": t.money($0)]) }
            ?? t("subscription.so_far")
    }

    /// An enterprise subscription has no credit of its own: its cost is the number, the commitment stands beside it.
    private func enterpriseFacts(_ t: Localiser) -> FactsStrip {
        let cost = thisMonth.map(t.moneyElement) ?? t.nothing
        let large = FactsStrip.Fact(t("subscription.this_month"), cost, note: .text(soFar(t)))
        var others: [FactsStrip.Fact] = []
        if let unbilled {
            others.append(
                FactsStrip.Fact(
                    t("subscription.unbilled"), t.moneyElement(unbilled.total),
                    note: .text(UnbilledWords(total: unbilled.total, settled: unbilled.settled).note(t))))
        }
        if let deleteAt { others.append(deletionFact(deleteAt, t)) }
        if let commitment {
            others.append(
                FactsStrip.Fact(
                    t("subscription.commitment_left"), t.moneyElement(commitment.remaining),
                    note: .text(t("subscription.of_commitment", ["amount": t.money(commitment.total)]))))
            others.append(
                FactsStrip.Fact(
                    t("subscription.term_end"), .text(t.date(commitment.endsOn)),
                    note: .text(t.relativeDays(to: commitment.endsOn))))
        }
        return FactsStrip(large: large, others: others)
    }
}
