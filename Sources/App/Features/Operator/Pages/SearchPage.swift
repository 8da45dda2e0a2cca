import Billing
import HTML
import Values

/// What the words found, by kind; one exact hit never gets here, it is opened at once.
package struct SearchPage: Page {
    package struct Group: Sendable {
        package let kind: Search.Kind
        package let rows: [(hit: Search.Hit, url: URLPath)]
        package let hasMore: Bool
    }

    package var q: String
    package var action: URLPath
    package var groups: [Group]

    package init(q: String, action: URLPath, groups: [Group]) {
        self.q = q
        self.action = action
        self.groups = groups
    }

    package func title(_ t: Localiser) -> String { q.isEmpty ? t("desk.search_title") : t("desk.search_for", ["words": q]) }

    package func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(title(t), lede: .text(t("desk.search_lede"))).html
            SearchBox(action: action, value: q).html(t)
            if !q.isEmpty, groups.isEmpty {
                EmptyState.neverHad(title: t("desk.search_none"), text: t("desk.search_none_text"), action: nil).html(t)
            }
            for one in groups { table(one, t) }
        }
    }

    private func table(_ one: Group, _ t: Localiser) -> HTML {
        block(t("desk.kind.\(one.kind.rawValue)"), note: one.hasMore ? .text(t("desk.search_more")) : .empty) {
            DataTable(
                t("desk.kind.\(one.kind.rawValue)"),
                columns: [
                    TableColumn(t("desk.found")), TableColumn(t("subscriptions.account")), TableColumn(t("subscriptions.state")),
                ],
                rows: one.rows.map { TableRow(cells($0.hit, $0.url, t)) }
            ).html
        }
    }

    private func cells(_ hit: Search.Hit, _ url: URLPath, _ t: Localiser) -> [HTML] {
        let name = t.shownName(hit.title.isEmpty ? nil : hit.title, isLapsed: hit.isLapsed)
        return [
            group {
                a(.class("row-link"), .href(url)) { name }
                span(.class("sub mono")) { hit.typeID }
            },
            group {
                if hit.kind == .account || hit.kind == .partner || hit.kind == .enrollment {
                    hit.detail
                } else if let account = hit.accountName {
                    account
                } else {
                    t.nothing
                }
            },
            hit.state.map { t.pill($0, isLapsed: hit.isLapsed).html } ?? t.nothing,
        ]
    }
}

/// The desk's one box, large and first.
package struct SearchBox: Sendable {
    package var action: URLPath
    package var value = ""

    package init(action: URLPath, value: String = "") {
        self.action = action
        self.value = value
    }

    package func html(_ t: Localiser) -> HTML {
        FilterBar(
            action: action,
            fields: [.search(name: "q", label: t("desk.search_label"), value: value, hint: t("desk.search_hint"))]
        ).html(t)
    }
}
