import Billing
import FoundationEssentials
import HTML
import Values

/// An account's timeline as a table: what, who, and what it did to the credit.
struct TimelineTable: Sendable {
    let timeline: AccountTimeline

    func html(_ t: Localiser) -> HTML {
        let hasMoney = timeline.account.kind == .standard
        var columns = [TableColumn(t("history.when")), TableColumn(t("history.what")), TableColumn(t("history.who"))]
        if hasMoney {
            let code = timeline.account.currency.code
            columns += [
                TableColumn(t("desk.change_in", ["currency": code]), isNumber: true),
                TableColumn(t("desk.credit_after", ["currency": code]), isNumber: true),
            ]
        }
        return DataTable(
            t("desk.timeline"), columns: columns,
            rows: lines.map { TableRow(cells($0, hasMoney: hasMoney, t)) }
        ).html
    }

    /// One row: something that happened, or the days of usage between two such things.
    private struct Line {
        let entry: AccountTimeline.Entry
        var amount: Money?
        var days = 1
        var since: Instant
    }

    /// Days of usage that follow each other are one row: what happened shall not be searched for among them.
    private var lines: [Line] {
        var lines: [Line] = []
        for entry in timeline.page.items {
            guard entry.kind == .usage, let last = lines.indices.last, lines[last].entry.kind == .usage else {
                lines.append(Line(entry: entry, amount: entry.amount, since: entry.at))
                continue
            }
            lines[last].days += 1
            lines[last].since = entry.at
            if let sum = lines[last].amount, let more = entry.amount {
                lines[last].amount = Money(minor: sum.minor + more.minor, currency: sum.currency)
            }
        }
        return lines
    }

    private func cells(_ line: Line, hasMoney: Bool, _ t: Localiser) -> [HTML] {
        let entry = line.entry
        var cells: [HTML] = [
            entry.kind == .usage ? t.dateElement(entry.at) : t.timeElement(entry.at),
            group {
                line.days > 1 ? t("desk.usage_days", ["days": t.number(line.days)]) : t.action(entry.action, from: entry.from)
                if let what = what(entry) { span(.class("sub")) { what } }
                if let reason = entry.reason { span(.class("sub")) { SuspensionReason(rawValue: reason).map(t.word) ?? reason } }
                if entry.kind == .event, let amount = entry.amount { span(.class("sub")) { t.moneyElement(amount) } }
                if line.days > 1 {
                    span(.class("sub")) {
                        t.html("desk.usage_between", ["from": t.dateElement(line.since), "to": t.dateElement(entry.at)])
                    }
                }
            }, who(entry, t),
        ]
        if hasMoney {
            // What an event came to has moved no credit; nor has a payment that went to a debt, or usage beyond the credit.
            let change = entry.kind == .event ? nil : line.amount
            cells.append(change.flatMap { $0.isZero ? nil : t.amountElement($0) } ?? t.nothing)
            cells.append(entry.balance.map { t.amountElement($0) } ?? t.nothing)
        }
        return cells
    }

    /// What it happened to, unless that is the account: a subscription by its name, and by its ID once that is erased.
    private func what(_ entry: AccountTimeline.Entry) -> HTML? {
        switch entry.objectKind {
        case "account": return nil
        case "subscription":
            let links = SubscriptionLinks(account: timeline.account.id, id: SubscriptionID(entry.objectID))
            return a(.href(links.overview)) { entry.subscriptionName ?? entry.objectTypeID }
        default: return .text(entry.objectTypeID)
        }
    }

    private func who(_ entry: AccountTimeline.Entry, _ t: Localiser) -> HTML {
        guard let actor = entry.actor else { return t.nothing }
        return group {
            t("actor.\(actor.kind.rawValue)")
            if let name = actor.shownName { span(.class("sub")) { name } }
        }
    }
}

extension Localiser {
    /// An audited action in words, or the cause of a movement of money.
    package func action(_ action: String, from: String? = nil) -> String {
        strings.has("desk.moved.\(action)") ? self("desk.moved.\(action)") : words(ofAction: action, from: from)
    }
}

/// `/operator/accounts/{id}/timeline`
package struct AccountTimelinePage: Page {
    var crumbs: Breadcrumbs
    var table: TimelineTable
    var pager: Pager
    var accountName: String

    package func title(_ t: Localiser) -> String { t("desk.timeline_of", ["name": accountName]) }

    package func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            PageHeading(title(t), lede: .text(t("desk.timeline_lede"))).html
            if table.timeline.page.items.isEmpty {
                EmptyState.neverHad(title: t("history.empty_title"), text: t("history.empty_text"), action: nil).html(t)
            } else {
                table.html(t)
                pager.html(t)
            }
        }
    }
}
