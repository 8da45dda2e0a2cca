import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// What one page of a list adds to its description.
struct ListFrame: Sendable {
    var title: String
    var lede: HTML
    var crumbs: Breadcrumbs?
    var actions: [ActionLink] = []
    var above: HTML = .empty
    /// What stands above only while the list, as it is narrowed, holds such a row.
    var notice: Notice?
    /// Filters that the page's path has set: they are no choice of the reader's.
    var scope: [(name: String, value: String)] = []
    /// The page has found that everything in its scope is the reader's: nobody asks again for each row.
    var isProven = false
    /// What an address without a filter means; an empty one means everything: `status=`.
    var defaults: [String: String] = [:]
    /// What filters of the kind `choices` offer, by their name; without an entry such a filter does not show.
    var choices: [String: [FilterBar.Choice]] = [:]
    /// The columns that show before anybody has chosen; those of the description unless said.
    var columns: [String]?
    /// The order before anybody has chosen; the description's first unless said.
    var sort: String?
    /// What stands below a single row that no filter left over.
    var alone: EmptyState?
    /// When there never was a row.
    var empty: EmptyState
    /// When this filter alone leaves nothing, that is good news: `["state=suspended": .allDone(…)]`.
    var done: [String: EmptyState] = [:]
    var filteredTitle: String
    /// What stands below the rows, whichever of them are shown.
    var totals: [Total] = []
    /// What the table is called, where the page is about more than it.
    var caption: String?
    /// What headings need beside their keys: a currency.
    var words: [String: String] = [:]
    /// What can be done with ticked rows, and how a row is named in the address.
    var selection: (rows: RowSelection, name: @Sendable (UUID) -> String)?

    init(title: String, lede: HTML = .empty, empty: EmptyState, filteredTitle: String) {
        self.title = title
        self.lede = lede
        self.empty = empty
        self.filteredTitle = filteredTitle
    }

    /// A sum below the rows, by the names of the columns that it is a sum of.
    struct Total: Sendable {
        let label: String
        let url: URLPath?
        let cells: [String: HTML]

        init(_ label: String, url: URLPath? = nil, _ cells: [String: HTML]) {
            self.label = label
            self.url = url
            self.cells = cells
        }
    }
}

extension PageHandler {
    /// A page of a list, or the whole of it as a file when the address asks for one.
    func list<Item>(
        _ visit: Visit, _ description: ListDescription<Item>, _ frame: ListFrame, _ around: Frame
    ) async throws -> HTTPResponse {
        let view = ListView(visit: visit, description: description, frame: frame, zone: around.zone)
        let context = try visit.context()
        let condition = try await description.condition(
            view.values, isProven: frame.isProven && !context.principal.isViewing, context)
        if let asked = visit.filled("format") {
            try view.requireReadable()
            if let format = ListFileFormat(rawValue: asked) { return try await view.file(condition, context).response(format) }
        }
        let problems = view.faults.map { $0.problem(view.t) }
        if !problems.isEmpty {
            let page = view.page([], .none, try description.request(limit: view.limit, sort: view.sort), context, problems)
            return visit.page(page, around, status: 422)
        }
        let request = try description.request(
            limit: view.limit, sort: view.sort, cursor: visit.filled("cursor"), before: visit.filled("before"))
        let (_, slice) = try await description.page(request, condition, counting: true, context)
        let items = try await description.enrich?(slice.items, context) ?? slice.items
        var page = view.page(items, slice, request, context)
        if let notice = try await noticed(view, context) {
            page.above = group {
                page.above; notice
            }
        }
        return visit.page(page, around)
    }
}

/// One visit of a list: what its address says, and the page made of it.
struct ListView<Item: Sendable>: Sendable {
    static var limits: [Int] { [25, 50, 100] }
    /// What a new choice of filters starts anew.
    private static var place: [(String, String?)] { [("cursor", nil), ("before", nil), ("row", nil)] }

    let visit: Visit
    let description: ListDescription<Item>
    let frame: ListFrame
    let zone: TimeZoneRule?

    var t: Localiser { visit.localiser(zone) }
    private var reader: ListReader {
        ListReader(
            t: t, principal: visit.signedIn?.principal ?? .commandLine, page: URLPath(visit.request.pathSegments),
            tokens: { [visit] in visit.tokens() })
    }

    private var fileReader: ListReader {
        var reader = reader
        reader.hasWords = visit["header"] != "machine"
        return reader
    }

    var sort: String? { visit["sort"] ?? description.order(of: values) ?? frame.sort }
    var limit: Int { visit["limit"].flatMap { Int($0) }.flatMap { Self.limits.contains($0) ? $0 : nil } ?? 25 }

    /// The reader's own filters: what the address says and the schema takes.
    var chosen: [(filter: ListFilter, value: String)] {
        description.filters.compactMap { filter in
            guard !frame.scope.contains(where: { $0.name == filter.name }),
                let value = (visit[filter.name] ?? frame.defaults[filter.name])?.trimmingBlankSpace(), !value.isEmpty
            else { return nil }
            return self.value(value, filter).map { (filter, $0) }
        }
    }

    /// What a filter makes of what was typed; nil for what it does not take.
    func value(_ typed: String, _ filter: ListFilter) -> String? {
        let value = filter.name == "q" ? String(typed.prefix(200)) : instant(typed, filter) ?? typed
        return filter.accepts(value) || filter.takesAnyID ? value : nil
    }

    /// What a civil day comes to where a filter takes instants; both days of a range belong to it.
    private func instant(_ typed: String, _ filter: ListFilter) -> String? {
        guard case .day(let bound) = filter.control, let day = CivilDate(iso: typed) else { return nil }
        return t.zone.startOfDay(bound == .last ? day.adding(days: 1) : day).rfc3339
    }

    /// The day that an instant came from.
    private func day(_ value: String, _ bound: ListFilter.DayBound) -> String? {
        guard let at = Instant(rfc3339: value) else { return nil }
        let date = t.zone.date(at: at)
        return bound == .last && t.zone.startOfDay(date) == at ? date.adding(days: -1).iso : date.iso
    }

    var values: [String: String] {
        var values = Dictionary(chosen.map { ($0.filter.name, $0.value) }) { first, _ in first }
        for (name, value) in frame.scope { values[name] = value }
        return values
    }

    // MARK: Columns

    /// `cols=name,state` or `cols=name&cols=state`. The first column is what the rows are, and always shows.
    var askedColumns: [String] { visit.all("cols").flatMap { $0.split(separator: ",").map(String.init) } }

    private var asked: [String]? {
        let names = askedColumns
        let known = description.columns.map(\.name).filter(names.contains)
        return known.isEmpty ? nil : known
    }

    private var columns: [ListColumn<Item>] {
        let names = asked ?? frame.columns
        return description.columns.enumerated().filter { index, column in
            index == 0 || (names.map { $0.contains(column.name) } ?? column.isShownFirst)
        }.map(\.element)
    }

    // MARK: The file

    func file(_ condition: ListCondition, _ context: TenantContext) throws -> ListFile<Item> {
        let scope = frame.scope.map { "_\($0.value)" }.joined()
        return ListFile(
            description: description, condition: condition,
            request: try description.request(limit: Int(Int32.max), sort: sort),
            columns: asked.map { [description.columns[0].name] + $0 }, reader: fileReader,
            withMark: visit["bom"] != "0", name: "\(description.name)\(scope)_\(t.date(t.now))_\(t.language.tag)",
            context: context)
    }

    // MARK: The page

    func page(
        _ items: [Item], _ slice: ListSlice<Item>, _ request: ListRequest<Item>, _ context: TenantContext,
        _ problems: [FieldProblem] = []
    ) -> ListingPage {
        let (columns, reader) = (columns, reader)
        let table = DataTable(
            frame.caption ?? frame.title, columns: columns.map { head($0, request) },
            rows: items.map { item in TableRow(picked(columns.map { $0.cell(item, reader) }, item)) },
            totals: frame.totals.compactMap { total($0, columns) })
        var page = ListingPage(
            frame.title, lede: frame.lede, filters: filters(request), table: table, pager: pager(slice, request), empty: empty)
        page.problems = problems
        page.crumbs = frame.crumbs
        page.actions = frame.actions
        page.above = frame.above
        page.columns = chooser(columns)
        page.sorting = sorting(request)
        page.downloads = ListFileFormat.allCases.map { format in
            ListDownload(t("list.format_\(format.rawValue)"), here(changing: [("format", format.rawValue)]))
        }
        page.curl = curl(request)
        page.selection = items.contains(where: isOpen) ? frame.selection?.rows : nil
        if slice.total == 1, chosen.isEmpty { page.alone = frame.alone }
        return page
    }

    /// Its label takes the columns before the first that it is a sum of; without any of those there is nothing to say.
    private func total(_ total: ListFrame.Total, _ columns: [ListColumn<Item>]) -> DataTable.Total? {
        guard let first = columns.dropFirst().firstIndex(where: { total.cells[$0.name] != nil }) else { return nil }
        return DataTable.Total(total.label, columns[first...].map { total.cells[$0.name] ?? t.nothing }, url: total.url)
    }

    private func title(_ column: ListColumn<Item>) -> String { t(column.title, frame.words) }

    private func isOpen(_ item: Item) -> Bool { description.isTicked?(item) ?? true }

    private func picked(_ cells: [HTML], _ item: Item) -> [HTML] {
        guard let selection = frame.selection, let first = cells.first else { return cells }
        guard isOpen(item) else { return [selection.rows.closed(first)] + cells.dropFirst() }
        let id = selection.name(description.id(item))
        return [selection.rows.cell(id, first, isTicked: visit.all("id").contains(id), t)] + cells.dropFirst()
    }

    func here(changing changes: [(String, String?)]) -> URLPath {
        let kept = Self.place.filter { name, _ in !changes.contains { $0.0 == name } }
        return visit.here(changing: kept + everything.filter { name, _ in !changes.contains { $0.0 == name } } + changes)
    }

    /// Those filters that the address empties on purpose.
    private var everything: [(String, String?)] {
        frame.defaults.keys.sorted().filter { visit[$0]?.isEmpty == true }.map { ($0, "") }
    }

    /// The list without any filter.
    private var cleared: URLPath {
        URLPath(visit.request.pathSegments).adding(frame.defaults.keys.sorted().map { ($0, "") })
    }

    private func head(_ column: ListColumn<Item>, _ request: ListRequest<Item>) -> TableColumn {
        guard let name = column.order, let order = description.orders.first(where: { $0.name == name }) else {
            return TableColumn(title(column), isNumber: column.isNumber)
        }
        let isCurrent = request.order.name == name
        let descending = isCurrent ? !request.isDescending : order.isDescendingFirst
        let word = order.word(descending: descending)
        let usual =
            description.order(of: values) ?? frame.sort
            ?? description.orders[0].word(descending: description.orders[0].isDescendingFirst)
        let sort = TableColumn.Sort(
            url: here(changing: [("sort", word == usual ? nil : word)]),
            current: isCurrent ? (request.isDescending ? .descending : .ascending) : nil)
        return TableColumn(title(column), isNumber: column.isNumber, sort: sort)
    }

    /// What else the address carries and a new choice keeps.
    private func kept(_ names: [String]) -> [(String, String)] {
        visit.request.query.filter { names.contains($0.name) && (!$0.value.isEmpty || frame.defaults[$0.name] != nil) }
            .map { ($0.name, $0.value) }
    }

    private func filters(_ request: ListRequest<Item>) -> FilterBar {
        let chosen = chosen
        let fields = description.filters.compactMap { filter -> FilterBar.Field? in
            guard !frame.scope.contains(where: { $0.name == filter.name }) else { return nil }
            return field(filter, chosen.first { $0.filter.name == filter.name }?.value)
        }
        let chips = chosen.map { filter, value in
            FilterBar.Chip(
                visit.handler.labelled(filter.label, word(value, of: filter), t),
                without: here(changing: [(filter.name, frame.defaults[filter.name] == nil ? nil : "")]))
        }
        var bar = FilterBar(
            action: URLPath(visit.request.pathSegments), fields: fields, chips: chips, kept: kept(["sort", "limit", "cols"]))
        bar.clear = cleared
        return bar
    }

    private func field(_ filter: ListFilter, _ value: String?) -> FilterBar.Field? {
        let label = t(filter.label)
        switch filter.control {
        case .none: return nil
        case .search(let hint): return .search(name: filter.name, label: label, value: value ?? "", hint: t(hint))
        case .words(let words, let name):
            return .choice(
                name: filter.name, label: label, all: t("list.all"), choices: words.map { .init($0, name($0, t)) },
                selected: value)
        case .choices:
            guard let choices = frame.choices[filter.name], !choices.isEmpty else { return nil }
            return .choice(name: filter.name, label: label, all: t("list.all"), choices: choices, selected: value)
        case .day(let bound):
            let typed = visit[filter.name]?.trimmingBlankSpace() ?? ""
            return .date(name: filter.name, label: label, value: value.flatMap { day($0, bound) } ?? typed)
        }
    }

    private func word(_ value: String, of filter: ListFilter) -> String {
        if case .words(_, let name) = filter.control { return name(value, t) }
        if case .day(let bound) = filter.control, let day = day(value, bound) { return day }
        if let choice = frame.choices[filter.name]?.first(where: { $0.value == value }) { return choice.label }
        if case .format("date-time") = filter.schema, let at = Instant(rfc3339: value) { return t.dateTime(at) }
        return value
    }

    private func chooser(_ shown: [ListColumn<Item>]) -> ColumnChooser? {
        guard description.columns.count > 2 else { return nil }
        let names = shown.map(\.name)
        return ColumnChooser(
            action: URLPath(visit.request.pathSegments),
            choices: description.columns.dropFirst().map { .init($0.name, title($0), isShown: names.contains($0.name)) },
            kept: kept(description.filters.map(\.name) + ["sort", "limit"]))
    }

    /// Both directions of every order whose column the list has.
    private func sorting(_ request: ListRequest<Item>) -> SortChooser {
        let choices = description.orders.flatMap { order -> [FilterBar.Choice] in
            guard let column = description.columns.first(where: { $0.order == order.name }) else { return [] }
            return [order.isDescendingFirst, !order.isDescendingFirst].map { descending in
                .init(
                    order.word(descending: descending),
                    t(
                        "list.sort_\((order.spokenOf ?? order.kind).rawValue)_\(descending ? "descending" : "ascending")",
                        ["column": title(column)]))
            }
        }
        return SortChooser(
            action: URLPath(visit.request.pathSegments), choices: choices, selected: request.word,
            kept: kept(description.filters.map(\.name) + ["limit", "cols"]))
    }

    // MARK: From page to page

    private func pager(_ slice: ListSlice<Item>, _ request: ListRequest<Item>) -> Pager {
        let handed = visit["row"].flatMap { Int($0) }.flatMap { (1...100_000_000).contains($0) ? $0 : nil }
        let first = slice.previous == nil ? 1 : request.after == nil ? 1 : handed ?? 1
        let last = first + max(slice.items.count, 1) - 1
        var pager = Pager(
            first: slice.previous == nil ? nil : here(changing: []),
            previous: slice.previous.map { here(changing: [("before", $0), ("row", String(max(1, first - limit)))]) },
            next: slice.next.map { here(changing: [("cursor", $0), ("row", String(last + 1))]) },
            rows: slice.items.isEmpty ? nil : first...last)
        if let total = slice.total {
            let most = ListDescription<Item>.countedAtMost
            pager.total = total > most ? t("list.more_than", ["count": t.number(most)]) : t.number(total)
        }
        if slice.total.map({ $0 > Self.limits[0] }) ?? false {
            pager.limits = Self.limits.map { size in
                Pager.Limit(
                    size, here(changing: [("limit", size == Self.limits[0] ? nil : String(size))]), isCurrent: size == limit)
            }
        }
        return pager
    }

    private var empty: EmptyState {
        let chosen = chosen
        if chosen.count == 1, let done = frame.done["\(chosen[0].filter.name)=\(chosen[0].value)"] { return done }
        return chosen.isEmpty ? frame.empty : .filteredOut(title: frame.filteredTitle, clear: cleared)
    }

    // MARK: The same question to the API (G7)

    private func curl(_ request: ListRequest<Item>) -> String {
        let ofPath = description.endpoint.parameters
        let scope = frame.scope.map { ($0.name, $0.value) }
        var query = scope.filter { !ofPath.contains($0.0) } + chosen.map { ($0.filter.name, $0.value) }
        if sort != nil { query.append(("sort", request.word)) }
        if limit != 25 { query.append(("limit", String(limit))) }
        let segments = description.endpoint.segments.map { segment in
            scope.first { "{\($0.0)}" == segment }?.1 ?? String(segment)
        }
        let path = URLPath(segments, query: query).string
        return "curl -H \"Authorization: Bearer $BURSAR_KEY\" \(ShellWord.quoted(visit.origin + path))"
    }
}

/// One word of a shell's line, whatever stands in it.
enum ShellWord {
    static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

extension Visit {
    /// `https://billing.example.com`: what stands before the path of an address that is copied out of the page.
    var origin: String {
        if let url = dependencies.configuration.publicURL { return url.hasSuffix("/") ? String(url.dropLast()) : url }
        return "http://\(request.headers["host"] ?? "localhost")"
    }
}
