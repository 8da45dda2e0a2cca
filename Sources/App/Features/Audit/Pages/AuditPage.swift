import Billing
import HTML
import Values

/// Who did what, when, from where, and what was before and after. Nothing of it can be edited.
package struct AuditPage: Page {
    package struct Row: Sendable {
        package var id: String
        package var at: Instant
        package var actorKind: Actor.Kind
        /// A person's address, a key's name; nil for a deadline and the command line.
        package var actor: String?
        package var action: String
        package var object: String
        package var objectName: String
        package var objectURL: URLPath?
        /// The log of this object alone.
        package var history: URLPath?
        package var transition: (from: String?, to: String?, reason: String?)
        package var changes: [AuditChange]
        package var ip: String?
        package var requestID: String?

        package init(
            id: String, at: Instant, actorKind: Actor.Kind, actor: String?, action: String, object: String, objectName: String,
            transition: (from: String?, to: String?, reason: String?), changes: [AuditChange]
        ) {
            self.id = id
            self.at = at
            self.actorKind = actorKind
            self.actor = actor
            self.action = action
            self.object = object
            self.objectName = objectName
            self.transition = transition
            self.changes = changes
        }
    }

    package var ownerName: String
    package var crumbs: Breadcrumbs?
    package var filters: FilterBar
    package var timeSort: TableColumn.Sort?
    package var rows: [Row]
    package var pager: Pager
    package var downloads: [ActionLink]

    package init(ownerName: String, filters: FilterBar, rows: [Row], pager: Pager, downloads: [ActionLink]) {
        self.ownerName = ownerName
        self.filters = filters
        self.rows = rows
        self.pager = pager
        self.downloads = downloads
    }

    package func title(_ t: Localiser) -> String { t("audit.title") }

    package func content(_ t: Localiser) -> HTML {
        group {
            if let crumbs { crumbs.html(t) }
            PageHeading(
                t("audit.title"), lede: .text(t("audit.lede", ["owner": ownerName])), actions: rows.isEmpty ? [] : downloads
            ).html
            filters.html(t)
            if rows.isEmpty {
                empty(t).html(t)
            } else {
                table(t).html
                pager.html(t)
            }
        }
    }

    private func empty(_ t: Localiser) -> EmptyState {
        filters.chips.isEmpty
            ? .neverHad(title: t("audit.empty_title"), text: t("audit.empty_text"), action: nil)
            : .filteredOut(title: t("audit.filtered_title"), clear: filters.action)
    }

    private func table(_ t: Localiser) -> DataTable {
        DataTable(
            t("audit.title"),
            columns: [
                TableColumn(t("audit.when"), sort: timeSort), TableColumn(t("audit.who")), TableColumn(t("audit.what")),
                TableColumn(t("audit.object_column")), TableColumn(t("audit.changes")),
            ],
            rows: rows.map { TableRow(id: $0.id, cells($0, t)) })
    }

    private func cells(_ row: Row, _ t: Localiser) -> [HTML] {
        [
            group {
                t.timeElement(row.at)
                if let ip = row.ip { span(.class("sub")) { t("audit.from_ip", ["ip": ip]) } }
            },
            who(row, t),
            group {
                row.action
                if let reason = row.transition.reason { span(.class("sub")) { reason } }
            },
            object(row, t), changes(row, t),
        ]
    }

    /// The operator's hand in an account shall be seen at a glance.
    private func who(_ row: Row, _ t: Localiser) -> HTML {
        group {
            if row.actorKind == .operator { strong { t("actor.operator") } } else { t("actor.\(row.actorKind.rawValue)") }
            if let actor = row.actor { span(.class("sub")) { actor } }
        }
    }

    private func object(_ row: Row, _ t: Localiser) -> HTML {
        group {
            if let url = row.objectURL { a(.href(url)) { row.objectName } } else { row.objectName }
            span(.class("sub")) {
                row.object
                if let history = row.history {
                    " · "
                    a(.href(history)) { t("audit.history") }
                }
            }
        }
    }

    private func changes(_ row: Row, _ t: Localiser) -> HTML {
        group {
            if row.transition.from != nil || row.transition.to != nil {
                t(
                    "audit.state_change",
                    ["from": row.transition.from ?? t("common.none"), "to": row.transition.to ?? t("common.none")])
            }
            for change in row.changes {
                span(.class("sub")) {
                    t.html(
                        "audit.change", ["before": del { change.before }, "after": ins { change.after }], ["field": change.field])
                }
            }
            if row.transition.to == nil, row.changes.isEmpty { t.nothing }
            if let request = row.requestID { span(.class("sub mono")) { request } }
        }
    }
}
