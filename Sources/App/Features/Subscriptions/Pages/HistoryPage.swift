import Billing
import HTML
import Values

/// What happened to a subscription, the newest first.
package struct HistoryPage: Page {
    package struct Entry: Sendable {
        package var at: Instant
        package var type: TransitionType
        package var from: SubscriptionState?
        package var to: SubscriptionState
        package var reason: SuspensionReason?
        package var rule: String
        package var actorKind: String
        /// A name where the reader may see one, an ID otherwise; nil for a deadline.
        package var actor: String?
        package var note: String?

        package init(
            at: Instant, type: TransitionType, from: SubscriptionState?, to: SubscriptionState, reason: SuspensionReason? = nil,
            rule: String, actorKind: String, actor: String? = nil, note: String? = nil
        ) {
            self.at = at
            self.type = type
            self.from = from
            self.to = to
            self.reason = reason
            self.rule = rule
            self.actorKind = actorKind
            self.actor = actor
            self.note = note
        }
    }

    package var crumbs: Breadcrumbs
    package var name: String
    package var entries: [Entry]
    package var pager: Pager
    /// The subscription's part of the audit log, for those who may see it.
    package var audit: URLPath?
    package var sections: SectionLinks?

    package init(crumbs: Breadcrumbs, name: String, entries: [Entry], pager: Pager) {
        self.crumbs = crumbs
        self.name = name
        self.entries = entries
        self.pager = pager
    }

    package func title(_ t: Localiser) -> String {
        t("history.title_of", ["name": name])
    }

    package func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            PageHeading(
                title(t), lede: .text(t("history.lede")), actions: audit.map { [ActionLink(t("audit.object_link"), $0)] } ?? []
            ).html
            sections?.html ?? .empty
            if entries.isEmpty {
                EmptyState.neverHad(title: t("history.empty_title"), text: t("history.empty_text"), action: nil).html(t)
            } else {
                table(t).html
                pager.html(t)
            }
        }
    }

    private func table(_ t: Localiser) -> DataTable {
        DataTable(
            title(t),
            columns: [
                TableColumn(t("history.when")), TableColumn(t("history.what")), TableColumn(t("history.state")),
                TableColumn(t("history.who")), TableColumn(t("history.why")),
            ],
            rows: entries.map { TableRow(cells($0, t)) })
    }

    private func cells(_ entry: Entry, _ t: Localiser) -> [HTML] {
        [
            t.timeElement(entry.at),
            group {
                entry.type == .reactivated && entry.reason == .cancelled ? t("recover.past") : t.word(entry.type)
                if let note = entry.note { span(.class("sub")) { t("history.note", ["note": note]) } }
            },
            t.pill(entry.to).html,
            group {
                t("actor.\(entry.actorKind)")
                if let actor = entry.actor { span(.class("sub")) { actor } }
            },
            group {
                if let reason = entry.reason { t.word(reason) }
                span(.class("sub")) { t("history.rule", ["rule": entry.rule]) }
            },
        ]
    }
}
