import HTML

/// From page to page of a long list, by keys and not by counting (G4).
package struct Pager: Sendable {
    package var first: URLPath?
    package var previous: URLPath?
    package var next: URLPath?
    /// Which rows are shown, counted from 1; nil when the list does not know.
    package var rows: ClosedRange<Int>?
    /// How many there are, up to a bound: `10,000+` beyond it (G3).
    package var total: String?
    /// How many rows a page may have.
    package var limits: [Limit] = []

    package struct Limit: Sendable {
        package let size: Int
        package let url: URLPath
        package let isCurrent: Bool

        package init(_ size: Int, _ url: URLPath, isCurrent: Bool) {
            self.size = size
            self.url = url
            self.isCurrent = isCurrent
        }
    }

    package init(
        first: URLPath? = nil, previous: URLPath? = nil, next: URLPath? = nil, rows: ClosedRange<Int>? = nil, total: String? = nil
    ) {
        self.first = first
        self.previous = previous
        self.next = next
        self.rows = rows
        self.total = total
    }

    package func html(_ t: Localiser) -> HTML {
        nav(.class("pager"), .ariaLabel(t("list.pages"))) {
            p { summary(t) }
            if !limits.isEmpty { sizes(t) }
            if first != nil || previous != nil || next != nil {
                ul {
                    if let first { li { a(.class("btn"), .href(first)) { t("list.first") } } }
                    if let previous { li { a(.class("btn"), .href(previous), .rel(.prev)) { t("list.previous") } } }
                    if let next { li { a(.class("btn"), .href(next), .rel(.next)) { t("list.next") } } }
                }
            }
        }
    }

    private func sizes(_ t: Localiser) -> HTML {
        p(.class("pager-sizes")) {
            t("list.per_page")
            for limit in limits {
                a(.href(limit.url), .ariaCurrent(limit.isCurrent ? .yes : nil)) { t.number(limit.size) }
            }
        }
    }

    private func summary(_ t: Localiser) -> String {
        guard let rows else { return "" }
        let range = ["from": t.number(rows.lowerBound), "to": t.number(rows.upperBound)]
        guard let total else { return t("list.rows", range) }
        return t("list.rows_of", range.merging(["total": total]) { first, _ in first })
    }
}

/// A list's filters: a form that asks by address, so that Back, reload and bookmarks keep what was chosen (G2).
package struct FilterBar: Sendable {
    package struct Choice: Sendable {
        package let value: String
        package let label: String

        package init(_ value: String, _ label: String) {
            self.value = value
            self.label = label
        }
    }

    package enum Field: Sendable {
        /// `hint` says what can be searched for.
        case search(name: String, label: String, value: String, hint: String? = nil)
        /// The empty value is the first choice: everything.
        case choice(name: String, label: String, all: String, choices: [Choice], selected: String?)
        /// A civil day, `2026-11-20`.
        case date(name: String, label: String, value: String)
    }

    /// A filter that is on: what it says, and the list without it.
    package struct Chip: Sendable {
        package let label: String
        package let without: URLPath

        package init(_ label: String, without: URLPath) {
            self.label = label
            self.without = without
        }
    }

    package let action: URLPath
    /// The list with no filter at all.
    package var clear: URLPath
    package let fields: [Field]
    package let chips: [Chip]
    /// What else the address carries and a new choice keeps: the order of the list.
    package let kept: [(String, String)]

    package init(action: URLPath, fields: [Field], chips: [Chip] = [], kept: [(String, String)] = []) {
        self.action = action
        clear = action
        self.fields = fields
        self.chips = chips
        self.kept = kept
    }

    /// What a problem is about that stands in the address and in none of the fields.
    static let whole = "filters"

    /// - Parameter problems: what the fields cannot be, each said beside its own too.
    package func html(_ t: Localiser, _ problems: [FieldProblem] = []) -> HTML {
        let isOfAddress = problems.contains { $0.field == Self.whole }
        return group {
            form(.class("filters"), .id(isOfAddress ? fieldID(Self.whole) : nil), .method(.get), .action(action), .role(.search))
            {
                for (name, value) in kept { hiddenField(name, value) }
                HTML.fragment(fields.map { field in Self.control(field, problems.first { $0.field == field.name }, t) })
                submitButton(t("list.apply"), .plain)
            }
            if !chips.isEmpty {
                ul(.class("chips"), .ariaLabel(t("list.active_filters"))) {
                    for chip in chips { li { Self.chip(chip, t) } }
                    li { a(.class("chip-clear"), .href(clear)) { t("list.clear_all") } }
                }
            }
        }
    }

    private static func chip(_ chip: Chip, _ t: Localiser) -> HTML {
        a(.class("chip"), .href(chip.without), .ariaLabel(t("list.remove_filter", ["filter": chip.label]))) {
            chip.label
            span(.ariaHidden()) { "×" }
        }
    }

    private static func control(_ field: Field, _ fault: FieldProblem?, _ t: Localiser) -> HTML {
        let id = "filter-\(field.name)"
        let (name, isWrong) = (field.name, fault != nil)
        let anchor = isWrong ? fieldID(name) : nil
        let words = fault.map { faultLine($0, id: id, t) } ?? .empty
        let told = isWrong ? ["\(id)-error"] : []
        return switch field {
        case .search(_, let title, let value, let hint):
            div(.class("filter filter--search"), .id(anchor)) {
                label(.for(id)) { title }
                words
                input(
                    .type(.search), .id(id), .name(name), .value(value), .maxlength(200), .autocomplete(.off),
                    .placeholder(hint), .spellcheck(false), .ariaInvalid(isWrong), .ariaDescribedby(told))
            }
        case .date(_, let title, let value):
            div(.class("filter"), .id(anchor)) {
                label(.for(id)) { title }
                words
                input(
                    .type(.date), .id(id), .name(name), .value(value), .ariaInvalid(isWrong), .ariaDescribedby(told))
            }
        case .choice(_, let title, let all, let choices, let selected):
            div(.class("filter"), .id(anchor)) {
                label(.for(id)) { title }
                words
                select(.id(id), .name(name), .ariaInvalid(isWrong), .ariaDescribedby(told)) {
                    option(.value(""), .selected(selected == nil)) { all }
                    for choice in choices {
                        option(.value(choice.value), .selected(choice.value == selected)) { choice.label }
                    }
                }
            }
        }
    }
}

extension FilterBar.Field {
    var name: String {
        switch self {
        case .search(let name, _, _, _), .choice(let name, _, _, _, _), .date(let name, _, _): name
        }
    }
}

/// The orders of a list as a choice: for narrow screens, where rows are cards and there is no heading to click.
package struct SortChooser: Sendable {
    package let action: URLPath
    /// `-created_at` and its words.
    package let choices: [FilterBar.Choice]
    package let selected: String
    /// The rest of the address.
    package let kept: [(String, String)]

    package init(action: URLPath, choices: [FilterBar.Choice], selected: String, kept: [(String, String)]) {
        self.action = action
        self.choices = choices
        self.selected = selected
        self.kept = kept
    }

    func html(_ t: Localiser) -> HTML {
        form(.class("sort-form"), .method(.get), .action(action)) {
            for (name, value) in kept { hiddenField(name, value) }
            div(.class("filter")) {
                label(.for("sort")) { t("list.sort") }
                select(.id("sort"), .name("sort")) {
                    for choice in choices {
                        option(.value(choice.value), .selected(choice.value == selected)) { choice.label }
                    }
                }
            }
            submitButton(t("list.sort_action"), .plain)
        }
    }
}
