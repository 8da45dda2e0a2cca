import HTML

/// Before and after, side by side: an action that moves money or state shows both (demand 6).
package struct ReviewTable: Sendable {
    package struct Row: Sendable {
        package let label: String
        package let before: HTML
        package let after: HTML
        package let isChanged: Bool

        package init(_ label: String, before: HTML, after: HTML, isChanged: Bool) {
            self.label = label
            self.before = before
            self.after = after
            self.isChanged = isChanged
        }
    }

    package let caption: String
    package let rows: [Row]

    package init(_ caption: String, _ rows: [Row]) {
        self.caption = caption
        self.rows = rows
    }

    package func html(_ t: Localiser) -> HTML {
        table(.class("table review")) {
            tableCaption(caption, isShown: false)
            thead {
                tr {
                    td { span(.class("sr")) { t("review.item") } }
                    th(.scope(.column)) { t("review.now") }
                    th(.scope(.column)) { t("review.after") }
                }
            }
            tbody { HTML.fragment(rows.map(Self.line)) }
        }
    }

    private static func line(_ row: Row) -> HTML {
        tr(.class(row.isChanged ? "changed" : nil)) {
            th(.scope(.row)) { row.label }
            td { row.before }
            td { row.isChanged ? strong { row.after } : row.after }
        }
    }
}

/// What will be paid, line by line, with the sum last.
package func sumList(_ lines: [(label: String, amount: HTML)], total: (label: String, amount: HTML)) -> HTML {
    dl(.class("sum")) {
        for line in lines {
            div {
                dt { line.label }
                dd { line.amount }
            }
        }
        div(.class("sum-total")) {
            dt { total.label }
            dd { total.amount }
        }
    }
}
