import Billing
import HTML
import Values

/// What a subscription used in a range (A6, B9): the drawing, the same numbers as a table, and the files.
package struct UsagePage: Page {
    package enum Content: Sendable {
        case table(UsageTable)
        /// Gone with the subscription (L3).
        case erased
        /// Never there: the order was not paid (L11).
        case lapsed
        /// The range asked for is none; the form says why.
        case refused
    }

    package var crumbs: Breadcrumbs
    package var name: String
    package var sections: SectionLinks
    package var presets: SectionLinks
    package var groupings: SectionLinks
    /// The form for days of one's own, and what else the address carries.
    package var action: URLPath
    package var kept: [(String, String)] = []
    package var from = ""
    package var to = ""
    package var problems: [FieldProblem] = []
    package var content: Content
    package var downloads: UsageFiles?
    /// The events behind the figures, one by one.
    package var events: URLPath?
    package var whole: URLPath
    /// The first day there can be figures of.
    package var since: CivilDate
    package var page = 1
    package var pageURL: @Sendable (Int) -> URLPath

    /// A page of rows; with this many the page stays inside its number of elements (P5).
    package static let rowsAtOnce = 40

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t("usage_page.title_of", ["name": name]) }

    package func content(_ t: Localiser) -> HTML {
        group {
            errorSummary(problems, t)
            crumbs.html(t)
            PageHeading(title(t), lede: .text(t("usage_page.lede", ["zone": t.zoneLabel]))).html
            sections.html
            switch content {
            case .table(let table):
                controls(t)
                body(table, t)
            case .refused: controls(t)
            case .erased:
                EmptyState.allDone(title: t("usage_page.erased_title"), text: t("usage.erased")).html(t)
            case .lapsed:
                EmptyState.allDone(title: t("subscription.lapsed_title"), text: t("usage.lapsed")).html(t)
            }
        }
    }

    private func controls(_ t: Localiser) -> HTML {
        div(.class("controls")) {
            div(.id(fieldID("month"))) {
                presets.choices
                for fault in problems where fault.field == "month" { faultLine(fault, id: fieldID("month"), t) }
            }
            groupings.choices
            form(.class("form form--line range"), .method(.get), .action(action), .novalidate) {
                for (name, value) in kept { hiddenField(name, value) }
                dateField("from", t("usage_page.from"), from).html(problems, t)
                dateField("to", t("usage_page.to"), to).html(problems, t)
                submitButton(t("list.apply"), .plain)
            }
        }
    }

    private func dateField(_ name: String, _ label: String, _ value: String) -> TextField {
        var field = TextField(name, label, value: value, type: .date)
        field.isShort = true
        field.autocomplete = .off
        return field
    }

    @HTMLBuilder
    private func body(_ table: UsageTable, _ t: Localiser) -> HTML {
        if table.rows.isEmpty {
            EmptyState.filteredOut(title: t("usage_page.empty_title"), clear: action).html(t)
            if events != nil { p { eventsLink(t) } }
        } else {
            block(t("usage_page.chart"), id: "usage") { UsageDrawing(table, since: since).html(t) }
            block(t("usage_page.rows"), id: "rows", note: note(table, t), tools: eventsLink(t)) {
                UsageRows(table, page: page).html(t)
                pager(table).html(t)
            }
        }
        if let downloads { downloads.html(t) }
    }

    @HTMLBuilder
    private func eventsLink(_ t: Localiser) -> HTML {
        if let events { a(.href(events)) { t("received.from_usage") } }
    }

    private func note(_ table: UsageTable, _ t: Localiser) -> HTML {
        let counted = t("usage_page.records", ["records": t.number(table.records)])
        guard let adjusted = table.adjusted else { return .text(counted) }
        return .text(counted + " " + t("usage_page.adjusted_total", ["amount": t.money(adjusted)]))
    }

    private func pager(_ table: UsageTable) -> Pager {
        let count = table.rows.count
        guard count > Self.rowsAtOnce else { return Pager() }
        let first = (page - 1) * Self.rowsAtOnce + 1
        let last = min(first + Self.rowsAtOnce - 1, count)
        return Pager(
            first: page > 1 ? pageURL(1) : nil, previous: page > 1 ? pageURL(page - 1) : nil,
            next: last < count ? pageURL(page + 1) : nil,
            rows: first...max(first, last), total: String(count))
    }
}

/// A page's content as a request of the API, folded away.
func curlMenu(_ line: String, _ t: Localiser) -> HTML {
    details(.class("menu")) {
        summary { t("list.curl") }
        div {
            p(.class("hint")) { t("download.curl_hint") }
            copyable(line, name: t("list.curl"), id: "curl", t)
        }
    }
}

/// The files of a range.
package struct UsageFiles: Sendable {
    package let csv: URLPath
    package let json: URLPath
    package let focus: URLPath
    /// The same from the API, ready for a shell (G7).
    package var curl: String?

    package init(csv: URLPath, json: URLPath, focus: URLPath) {
        self.csv = csv
        self.json = json
        self.focus = focus
    }

    func html(_ t: Localiser) -> HTML {
        block(t("download.title"), id: "download", note: .text(t("download.note"))) {
            div(.class("actions")) {
                ActionLink(t("download.csv"), csv, .primary).button
                ActionLink(t("download.json"), json).button
                ActionLink(t("download.focus"), focus).button
            }
            if let curl { curlMenu(curl, t) }
        }
    }

    /// Three short links, for a row of a table: each says to the ear which month it is of.
    func links(of month: String, _ t: Localiser) -> HTML {
        span(.class("file-links")) {
            for (name, url) in [("CSV", csv), ("JSON", json), ("FOCUS", focus)] {
                a(.href(url), .ariaLabel(t("download.of", ["format": name, "month": month]))) { name }
                " "
            }
        }
    }
}
