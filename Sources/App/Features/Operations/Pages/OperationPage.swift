import Billing
import HTML
import Values

/// Long work: how far it is, and once it has ended, what has come of each.
package struct OperationPage: Page {
    package struct Row: Sendable {
        let id: String
        /// Nil where the reader does not see the subscription.
        let name: String?
        let isLapsed: Bool
        let url: URLPath?
        let verdict: String
        let detail: String?
        let until: Instant?
    }

    var crumbs: Breadcrumbs
    var operation: Operation
    let askedBy: String
    var rows: [Row]
    /// Nil where nothing can be stopped, or not by the reader.
    var cancel: ActionForm?
    var back: ActionLink
    /// Brings back what was cancelled.
    var undo: ActionLink?

    package var refreshSeconds: Int? { operation.state.hasEnded ? nil : 2 }

    package func title(_ t: Localiser) -> String {
        t("operations.title_\(operation.action.rawValue)", ["count": t.number(operation.total)])
    }

    package func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            PageHeading(
                title(t), pill: operation.pill(t), lede: .text(lede(t)), actions: [back, undo].compactMap { $0 },
                forms: [cancel].compactMap { $0 }
            ).html
            if let code = operation.failureCode {
                Banner(.bad, title: t("error.\(code).title"), text: p { t("error.\(code).detail") }).html
            }
            div(.class("narrow")) {
                progress(.value(operation.finished), .max(operation.total), .ariaLabel(operation.progress(t)))
                DetailList(facts(t)).html
            }
            if operation.state.hasEnded { table(t) }
        }
    }

    private func lede(_ t: Localiser) -> String {
        switch operation.state {
        case .queued, .running: t("operations.lede_running")
        case .cancelled: t("operations.lede_cancelled", ["finished": t.number(operation.finished)])
        default: t("operations.lede_ended", ["days": t.number(Int(Operation.keptDays))])
        }
    }

    private func facts(_ t: Localiser) -> [DetailList.Item] {
        var items = [
            DetailList.Item(t("operations.progress_column"), .text(operation.progress(t))),
            DetailList.Item(
                t("operations.counts"),
                .text(
                    t(
                        "operations.counts_text",
                        [
                            "done": t.number(operation.done + operation.replayed), "unchanged": t.number(operation.unchanged),
                            "refused": t.number(operation.refused),
                        ]))),
            DetailList.Item(t("many.mode"), .text(t("operations.mode_\(operation.mode.rawValue)"))),
            DetailList.Item(t("operations.by"), .text(askedBy)),
            DetailList.Item(t("operations.created"), t.realTimeElement(operation.createdAt)),
        ]
        if let at = operation.endedAt { items.append(DetailList.Item(t("operations.ended"), t.realTimeElement(at))) }
        items.append(DetailList.Item(t("list.id"), identifier(operation.id.description)))
        return items
    }

    private func table(_ t: Localiser) -> HTML {
        DataTable(
            t("many.table"), columns: [TableColumn(t("subscriptions.name")), TableColumn(t("many.verdict"))],
            rows: rows.map { row in
                TableRow([
                    group {
                        if let url = row.url {
                            a(.class("row-link"), .href(url)) { t.shownName(row.name, isLapsed: row.isLapsed) }
                        }
                        span(.class("sub mono")) { row.id }
                    },
                    group {
                        t("many.verdict_\(row.verdict)")
                        if let detail = row.detail {
                            span(.class("sub sub--bad")) { detail }
                        } else if let until = row.until {
                            span(.class("sub")) { t.html("many.until", ["date": t.timeElement(until)]) }
                        }
                    },
                ])
            }
        ).html
    }
}
