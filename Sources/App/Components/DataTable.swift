import HTML

package struct TableColumn: Sendable {
    package struct Sort: Sendable {
        /// The list sorted by this column, or the other way round if it is already.
        package let url: URLPath
        package let current: AriaSort?

        package init(url: URLPath, current: AriaSort?) {
            self.url = url
            self.current = current
        }
    }

    package let title: String
    package let isNumber: Bool
    package let sort: Sort?

    package init(_ title: String, isNumber: Bool = false, sort: Sort? = nil) {
        self.title = title
        self.isNumber = isNumber
        self.sort = sort
    }
}

package struct TableRow: Sendable {
    package let id: String?
    /// One per column; the first is the row's head.
    package let cells: [HTML]

    package init(id: String? = nil, _ cells: [HTML]) {
        self.id = id
        self.cells = cells
    }
}

/// Rows and columns in a region of their own that scrolls, with the first column standing still (G8). Where there is no room, a
/// table of `cards` turns each row into a card.
package struct DataTable: Sendable {
    package enum Narrow: Sendable { case cards, scroll }

    package struct Total: Sendable {
        package let label: String
        /// Aligned to the right end of the columns; what is left of them is the label's.
        package let cells: [HTML]
        /// What it is the sum of.
        package let url: URLPath?

        package init(_ label: String, _ cells: [HTML], url: URLPath? = nil) {
            self.label = label
            self.cells = cells
            self.url = url
        }

        fileprivate var name: HTML { url.map { url in a(.href(url)) { label } } ?? .text(label) }
    }

    package var caption: String
    /// A caption that a heading above already says is kept for the ear.
    package var showsCaption = false
    package var columns: [TableColumn]
    package var rows: [TableRow]
    package var totals: [Total] = []
    package var narrow: Narrow = .cards
    /// Columns of short numbers with long names: the names break into lines, so that all columns fit into the page.
    package var isDense = false

    package init(_ caption: String, columns: [TableColumn], rows: [TableRow], totals: [Total] = [], narrow: Narrow = .cards) {
        self.caption = caption
        self.columns = columns
        self.rows = rows
        self.totals = totals
        self.narrow = narrow
    }

    /// So many columns are not squeezed into the page: each keeps its width, and the region scrolls.
    private var isWide: Bool { columns.count > 8 && !isDense }

    package var html: HTML {
        div(.class("scroller"), .role(.region), .ariaLabel(caption), .tabindex(0)) {
            table(
                .class("table", narrow == .cards ? "table--cards" : nil, isDense ? "table--dense" : isWide ? "table--wide" : nil)
            ) {
                tableCaption(caption, isShown: showsCaption)
                thead { tr { HTML.fragment(columns.map(Self.head)) } }
                tbody { HTML.fragment(rows.map(row)) }
                if !totals.isEmpty { tfoot { HTML.fragment(totals.map(total)) } }
            }
        }
    }

    private static func head(_ column: TableColumn) -> HTML {
        th(.scope(.column), .class(column.isNumber ? "n" : nil), .ariaSort(column.sort?.current)) {
            if let sort = column.sort {
                a(.class("sort"), .href(sort.url)) {
                    column.title
                    span(.ariaHidden()) { sort.current == .ascending ? " ↑" : sort.current == .descending ? " ↓" : "" }
                }
            } else {
                column.title
            }
        }
    }

    private func row(_ row: TableRow) -> HTML {
        var cells: [HTML] = []
        for (index, cell) in row.cells.enumerated() {
            let column = columns[index]
            if index == 0 {
                cells.append(th(.scope(.row), .class(column.isNumber ? "n" : nil)) { cell })
            } else {
                cells.append(td(.class(column.isNumber ? "n" : nil), .data(.label, column.title)) { cell })
            }
        }
        return tr(.id(row.id)) { HTML.fragment(cells) }
    }

    private func total(_ total: Total) -> HTML {
        let first = columns.count - total.cells.count
        var cells = [th(.scope(.row), .colspan(first > 1 ? first : nil)) { total.name }]
        for (offset, cell) in total.cells.enumerated() {
            let column = columns[first + offset]
            cells.append(td(.class(column.isNumber ? "n" : nil), .data(.label, column.title)) { cell })
        }
        return tr { HTML.fragment(cells) }
    }
}

/// What a table shows, for the eye or, where a heading says it already, for the ear alone.
func tableCaption(_ words: String, isShown: Bool) -> HTML {
    caption(.class(isShown ? nil : "sr")) { words }
}
