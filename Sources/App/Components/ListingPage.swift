import HTML

/// The whole list as a file, in each form that it comes in.
package struct ListDownload: Sendable {
    package let label: String
    package let url: URLPath

    package init(_ label: String, _ url: URLPath) {
        self.label = label
        self.url = url
    }
}

/// Which columns show: a form that asks by address, like the filters (G8).
package struct ColumnChooser: Sendable {
    package struct Choice: Sendable {
        package let name: String
        package let title: String
        package let isShown: Bool

        package init(_ name: String, _ title: String, isShown: Bool) {
            self.name = name
            self.title = title
            self.isShown = isShown
        }
    }

    package let action: URLPath
    package let choices: [Choice]
    /// The rest of the address.
    package let kept: [(String, String)]

    package init(action: URLPath, choices: [Choice], kept: [(String, String)]) {
        self.action = action
        self.choices = choices
        self.kept = kept
    }

    func html(_ t: Localiser) -> HTML {
        form(.class("menu-form"), .method(.get), .action(action)) {
            for (name, value) in kept { hiddenField(name, value) }
            fieldset {
                legend { t("list.columns") }
                for choice in choices { tick(choice) }
            }
            submitButton(t("list.apply"), .plain)
        }
    }

    private func tick(_ choice: Choice) -> HTML {
        label(.class("tick")) {
            input(.type(.checkbox), .name("cols"), .value(choice.name), .checked(choice.isShown))
            choice.title
        }
    }
}

/// Rows that can be ticked and what can be done with those that are: a form that asks by address and leads to a review, with or without script.
package struct RowSelection: Sendable {
    package let action: URLPath
    /// The name of every row's box; its value is the row's ID.
    package let choices: [(value: String, label: String, weight: ActionLink.Weight)]

    package init(action: URLPath, choices: [(value: String, label: String, weight: ActionLink.Weight)]) {
        self.action = action
        self.choices = choices
    }

    /// A row's first cell with its box.
    package func cell(_ id: String, _ cell: HTML, isTicked: Bool, _ t: Localiser) -> HTML {
        div(.class("pick")) {
            input(
                .type(.checkbox), .name("id"), .value(id), .checked(isTicked), .ariaLabel(t("list.choose", ["id": id])))
            div { cell }
        }
    }

    /// A row's first cell where nothing can be done with it: no box, and the text where the others have it.
    package func closed(_ cell: HTML) -> HTML {
        div(.class("pick")) { div { cell } }
    }

    func html(_ table: DataTable, _ t: Localiser) -> HTML {
        form(.method(.get), .action(action)) {
            table.html
            div(.class("actions picked")) {
                span(.class("hint")) { t("list.chosen") }
                for choice in choices {
                    button(
                        .type(.submit), .name("action"), .value(choice.value),
                        .class(choice.weight == .danger ? "btn btn--danger" : "btn")
                    ) { choice.label }
                }
            }
        }
    }
}

/// A list: heading, filters, tools, rows, and the way from page to page. Every list of the portal is one of these.
package struct ListingPage: Page {
    package var heading: String
    package var lede: HTML
    package var crumbs: Breadcrumbs?
    package var actions: [ActionLink] = []
    /// What stands between the heading and the list: a sum, a note, tabs.
    package var above: HTML = .empty
    package var filters: FilterBar
    package var downloads: [ListDownload] = []
    package var columns: ColumnChooser?
    package var sorting: SortChooser?
    /// `curl … https://…/v1/subscriptions?state=active` (G7).
    package var curl: String?
    package var table: DataTable
    package var pager: Pager
    package var empty: EmptyState
    package var selection: RowSelection?
    /// Below a single row: what to do about its being the only one.
    package var alone: EmptyState?
    /// What the filters cannot be: no rows then, and each in words.
    package var problems: [FieldProblem] = []

    package init(_ heading: String, lede: HTML = .empty, filters: FilterBar, table: DataTable, pager: Pager, empty: EmptyState) {
        self.heading = heading
        self.lede = lede
        self.filters = filters
        self.table = table
        self.pager = pager
        self.empty = empty
    }

    package var hasProblems: Bool { !problems.isEmpty }
    package func title(_ t: Localiser) -> String { heading }

    package func content(_ t: Localiser) -> HTML {
        group {
            if let crumbs { crumbs.html(t) }
            PageHeading(heading, lede: lede, actions: actions).html
            above
            errorSummary(problems, t)
            filters.html(t, problems)
            if hasProblems {
                p(.class("actions")) { a(.class("btn"), .href(filters.clear)) { t("list.clear_all") } }
            } else if table.rows.isEmpty {
                empty.html(t)
            } else {
                if let sorting { sorting.html(t) }
                if let selection { selection.html(table, t) } else { table.html }
                pager.html(t)
                if let alone { alone.html(t) }
            }
            if !hasProblems { tools(t) }
        }
    }

    @HTMLBuilder
    private func tools(_ t: Localiser) -> HTML {
        if !downloads.isEmpty || columns != nil || curl != nil {
            section(.class("list-tools"), .ariaLabel(t("list.tools"))) {
                if !downloads.isEmpty, !table.rows.isEmpty { downloadLinks(t) }
                if let columns { menu(t("list.columns"), columns.html(t)) }
                if let curl { menu(t("list.curl"), curlLine(curl, t)) }
            }
        }
    }

    private func downloadLinks(_ t: Localiser) -> HTML {
        p(.class("list-downloads")) {
            t("list.download")
            for download in downloads { a(.href(download.url)) { download.label } }
        }
    }

    private func menu(_ name: String, _ content: HTML) -> HTML {
        details(.class("menu")) {
            summary { name }
            content
        }
    }

    private func curlLine(_ line: String, _ t: Localiser) -> HTML {
        div {
            p(.class("hint")) { t("list.curl_hint") }
            copyable(line, name: t("list.curl"), id: "curl", t)
        }
    }
}
