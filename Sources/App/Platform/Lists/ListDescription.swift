import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// Who asks for a list, and everything that she narrows it to.
package struct ListAsk: Sendable {
    let context: TenantContext
    let values: [String: String]

    var tenant: TenantID { context.tenant.id }
}

/// A filter of a list: the same name and the same values in the portal's address and in the API.
package struct ListFilter: Sendable {
    /// How a page offers it.
    enum Control: Sendable {
        /// Not at all: the page's path sets it, or only programs ask for it.
        case none
        /// A field to type into; `hint` is the key of what can be searched for.
        case search(hint: String)
        case words([String], label: @Sendable (String, Localiser) -> String)
        /// Choices that the page brings along, because they are data.
        case choices
        /// A civil day of the list's time zone; what narrows the list is the instant at its beginning, or at its end.
        case day(DayBound)
    }

    enum DayBound: Sendable { case first, last }

    let name: String
    /// The key of its label.
    let label: String
    let schema: Schema
    let note: String
    let control: Control
    /// The endpoint's path holds it, under the same name, and not its query.
    let isOfPath: Bool
    /// What the value narrows the list to; nil: to nothing, and then nobody looks. The value has been held against the schema.
    let condition: @Sendable (String, ListAsk) async throws -> SQL?
    /// The same as several conditions of which one has to hold: each is answered by an index of its own in the list's order, where all in one would be
    /// gathered and sorted.
    private(set) var ways: (@Sendable (String, ListAsk) async throws -> [SQL])?

    init(
        _ name: String, label: String, _ schema: Schema, _ note: String = "", _ control: Control = .none,
        isOfPath: Bool = false, condition: @escaping @Sendable (String, ListAsk) async throws -> SQL?
    ) {
        self.name = name
        self.label = label
        self.schema = schema
        self.note = note
        self.control = control
        self.isOfPath = isOfPath
        self.condition = condition
    }

    init(
        _ name: String, label: String, _ schema: Schema, _ note: String, _ control: Control,
        ways: @escaping @Sendable (String, ListAsk) async throws -> [SQL]
    ) {
        self.init(name, label: label, schema, note, control) { "(\(try await ways($0, $1).joined(separator: " or ")))" }
        self.ways = ways
    }

    /// `created_from` and `created_to`, half open, of the column that the list is ordered by at first; for programs. A list of what happens has `from` and
    /// `to` instead.
    static func created(_ column: String) -> [ListFilter] {
        [
            ListFilter("created_from", label: "list.from", .format("date-time"), "Made at this instant or later.") { value, _ in
                "\(unsafeSQL: column) >= \(Instant(rfc3339: value))"
            },
            ListFilter("created_to", label: "list.to", .format("date-time"), "Made before this instant.") { value, _ in
                "\(unsafeSQL: column) < \(Instant(rfc3339: value))"
            },
        ]
    }

    /// A person who types what is no ID is shown that nothing has it; a program is refused (400).
    var takesAnyID: Bool {
        if case .format("object-id") = schema { true } else { false }
    }

    func accepts(_ value: String) -> Bool {
        var reader = SchemaReader()
        reader.read(.string(value), schema, at: "")
        return reader.faults.isEmpty
    }
}

/// Who reads the list, and in which words: what a cell needs beside its row.
package struct ListReader: Sendable {
    let t: Localiser
    let principal: Principal
    /// The list's own page; nil where a program reads.
    var page: URLPath?
    /// For a form of its own in each row; nil where a program reads.
    var tokens: (@Sendable () -> FormTokens)?
    /// A file with headings in the reader's words has words in its cells, too; under the machine's names stand codes.
    var hasWords = true
}

/// What stands in one cell of a downloaded file.
enum FileCell: Sendable {
    case none
    /// Text from anywhere: never a formula.
    case text(String)
    /// A plain decimal: `-1234.50`.
    case decimal(String)
    case instant(Instant)
    case date(CivilDate)

    static func text(_ text: String?) -> FileCell { text.map { .text($0) } ?? .none }
    static func instant(_ at: Instant?) -> FileCell { at.map { .instant($0) } ?? .none }
    static func number(_ value: Int?) -> FileCell { value.map { .decimal(String($0)) } ?? .none }
    static func money(_ money: Money?) -> FileCell { money.map { .decimal($0.decimalString) } ?? .none }
}

struct FileColumn<Item: Sendable>: Sendable {
    /// The machine's name, as in the API's JSON.
    let name: String
    /// The key of the heading.
    let title: String
    let cell: @Sendable (Item, ListReader) -> FileCell

    /// What is the same for every reader and in every language, at the tenant's time.
    init(_ name: String, _ title: String, _ cell: @escaping @Sendable (Item, Instant) -> FileCell) {
        self.name = name
        self.title = title
        self.cell = { cell($0, $1.t.now) }
    }

    /// An instant that is not always what the heading says: for people it stands there only where it is so.
    init(
        _ name: String, _ title: String, at: @escaping @Sendable (Item) -> Instant, isSo: @escaping @Sendable (Item) -> Bool
    ) {
        self.name = name
        self.title = title
        cell = { $1.hasWords && !isSo($0) ? .none : .instant(at($0)) }
    }

    /// The one way for a reader's words into a file: under the machine's names the code stands in their place, as in the API's JSON.
    init(
        _ name: String, _ title: String, code: @escaping @Sendable (Item) -> String?,
        words: @escaping @Sendable (Item, ListReader) -> String?
    ) {
        self.name = name
        self.title = title
        cell = { .text($1.hasWords ? words($0, $1) : code($0)) }
    }
}

/// A column on the page and what it becomes in a file: a cell of money is an amount and a currency there.
package struct ListColumn<Item: Sendable>: Sendable {
    let name: String
    /// The key of the heading.
    let title: String
    var isNumber = false
    /// The order that its heading sorts by.
    var order: String?
    /// Whether it shows before anybody has chosen.
    var isShownFirst = true
    let cell: @Sendable (Item, ListReader) -> HTML
    let file: [FileColumn<Item>]

    init(
        _ name: String, _ title: String, isNumber: Bool = false, order: String? = nil, isShownFirst: Bool = true,
        cell: @escaping @Sendable (Item, ListReader) -> HTML, file: [FileColumn<Item>]
    ) {
        self.name = name
        self.title = title
        self.isNumber = isNumber
        self.order = order
        self.isShownFirst = isShownFirst
        self.cell = cell
        self.file = file
    }
}

/// One list, said once: its statement, filters, orders and columns. The page, the API and the downloads are all made from it.
///
/// How a feature adopts it (`Subscription.list` and `PageHandler.operatorPartners` show all of it):
/// 1. `static let list = ListDescription<Item>(name: "things", endpoint: .listThings, table: "things x", idColumn: "x.id", …)` in
///    `Features/<Area>/<Area>List.swift`. `visible` is `and …`, what the principal may see within her tenant; conditions name columns of
///    `table` only (they also count); every order's column is never null and has an index (tenant, scope, column, id).
/// 2. In the API: `case .listThings: return try await list(request, Thing.list)`; its documentation: `.read(…, query: Thing.list.query)`.
/// 3. On a page: `return try await list(visit, Thing.list, ListFrame(title: …, empty: …), frame)`. `scope` holds the filters that the
///    page's path sets. Filters, chips, sorting, columns, count, paging, the three downloads and the curl line come with it.
package struct ListDescription<Item: Sendable>: Sendable {
    /// The first part of a download's name.
    let name: String
    /// The endpoint with the same parameters.
    let endpoint: Endpoint
    /// What is counted: the table with its letter.
    let table: String
    let idColumn: String
    let id: @Sendable (Item) -> UUID
    /// `from …` where what is counted depends on what is asked; `select` then gets it before the condition.
    var place: (@Sendable (ListAsk) async throws -> SQL)?
    /// The statement around a condition, which comes with its order and limit.
    let select: @Sendable (SQL) -> SQL
    let decode: @Sendable (Rows, TenantContext) async throws -> [Item]
    /// What pages and files show beside the row itself, read for all rows of a page at once.
    var enrich: (@Sendable ([Item], TenantContext) async throws -> [Item])?
    /// Whether the API's objects hold what `enrich` reads, as files do.
    var enrichesObjects = false
    /// Whether anything can be done with a ticked row at all; with every row unless said.
    var isTicked: (@Sendable (Item) -> Bool)?
    /// `and …`: what the principal may see; empty for everything of her tenant. Throws where the role may not have the list at all.
    let visible: @Sendable (TenantContext) throws -> SQL
    /// The same for somebody with several footholds, one condition each, without `and`: each is answered by an index of its own in the list's order,
    /// where `visible` would walk the whole tenant. Nil where there is no need.
    var footholds: (@Sendable (ListAsk) async throws -> [SQL]?)?
    /// The first is the default, in its first direction.
    let orders: [ListOrder<Item>]
    /// The order of what `q` finds by name, unless another is asked for: an index then yields what begins so already in order, among a million.
    var orderOfNames: String?
    let filters: [ListFilter]
    let columns: [ListColumn<Item>]
    let write: @Sendable (Item, Instant, inout JSONWriter) -> Void

    private var tenantColumn: String { "\(idColumn.prefix { $0 != "." }).tenant_id" }

    /// Beyond so many a page says `10,000+` (G3).
    package static var countedAtMost: Int { 10_000 }

    /// The query of its endpoint.
    var query: [Schema.Field] {
        filters.filter { !$0.isOfPath }.map { .optional($0.name, $0.schema, $0.note) } + EndpointDocumentation.page + [
            .optional(
                "sort",
                .word(
                    orders.flatMap { [$0.word(descending: $0.isDescendingFirst), $0.word(descending: !$0.isDescendingFirst)] }),
                orderOfNames.map { "What `q` finds by name comes by `\($0)` unless this says otherwise." } ?? ""),
            .optional(
                "include", .word(["total"]),
                "`total`: how many rows the whole list has, counted to \(Self.countedAtMost); not for files."),
            .optional("format", .word(ListFileFormat.ofAPI.map(\.rawValue)), "The whole list as a file instead of a page."),
            .optional(
                "cols", .text(min: 1, max: 1_000),
                "Columns of that file, separated by commas; all unless said. Only with `format`."),
            .optional("bom", .word(["0", "1"]), "1 puts a byte order mark first, for spreadsheets that need one."),
        ]
    }

    /// What is asked for as columns and is none; nil: they all are.
    func strangeColumns(_ names: [String]) -> Failure? {
        let known = columns.map(\.name)
        guard names.isEmpty || !names.allSatisfy(known.contains) else { return nil }
        return .malformed(code: "not_one_of", pointer: "?cols", arguments: ["allowed": known.joined(separator: ", ")])
    }

    // MARK: Asking

    /// The order where none is asked for; nil: the first.
    func order(of values: [String: String]) -> String? {
        guard let orderOfNames, let q = values["q"], ListSearch.isName(q) else { return nil }
        return orderOfNames
    }

    /// - Throws: `invalid_cursor` (400).
    func request(limit: Int, sort: String?, cursor: String? = nil, before: String? = nil) throws -> ListRequest<Item> {
        let wanted = sort.map { $0.hasPrefix("-") ? String($0.dropFirst()) : $0 }
        let known = orders.first { $0.name == wanted }
        let order = known ?? orders[0]
        let isDescending = known == nil ? order.isDescendingFirst : sort?.hasPrefix("-") == true
        let whose = cursorName(order, isDescending)
        return ListRequest(
            limit: limit, order: order, isDescending: isDescending,
            after: try (before ?? cursor).map { try ListCursor($0, order.kind, of: whose) }, isBackwards: before != nil)
    }

    private func cursorName(_ order: ListOrder<Item>, _ isDescending: Bool) -> String {
        "\(name) \(order.word(descending: isDescending))"
    }

    /// What the principal may see, narrowed by every filter that has a value. `isProven`: whoever asks has found that all of it is hers.
    func condition(_ values: [String: String], isProven: Bool = false, _ context: TenantContext) async throws -> ListCondition {
        let own = try visible(context)
        let ask = ListAsk(context: context, values: values)
        let tenant: SQL = "\(unsafeSQL: tenantColumn) = \(context.tenant.id)"
        var (filtered, isNothing): (SQL, Bool) = ("", false)
        var ways: [SQL] = []
        for filter in filters {
            guard let value = values[filter.name] else { continue }
            if let found = try await filter.ways?(value, ask) {
                ways = found
                continue
            }
            let narrowed = try await filter.condition(value, ask)
            if narrowed == nil { isNothing = true }
            filtered = "\(filtered) and \(narrowed ?? "false")"
        }
        let isWide = values["account_id"] == nil && values["enrollment_id"] == nil
        let whole: SQL = isProven ? "\(tenant) \(filtered)" : "\(tenant) \(own) \(filtered)"
        var parts: [SQL]? =
            isWide && !isProven ? try await footholds?(ask)?.map { "\(tenant) and \($0) \(filtered)" } : nil
        if !ways.isEmpty { parts = (parts ?? [whole]).flatMap { part in ways.map { way -> SQL in "\(part) and \(way)" } } }
        return ListCondition(
            tenant: context.tenant.id, place: try await place?(ask),
            whole: ways.isEmpty ? whole : "\(whole) and (\(ways.joined(separator: " or ")))",
            isSearch: values["q"] != nil, isNothing: isNothing, footholds: parts)
    }

    /// One page. Rows and count are asked for side by side, for neither waits for the other.
    func page(
        _ request: ListRequest<Item>, _ condition: ListCondition, counting: Bool, _ context: TenantContext
    ) async throws -> (now: Instant, slice: ListSlice<Item>) {
        if condition.isNothing { return (try await context.now(), .nothing(counted: counting)) }
        async let counted = counting ? context.read(count(condition, atMost: Int64(Self.countedAtMost + 1))).rows : nil
        let (now, rows) = try await context.read(rows(request, condition))
        var items = try await decode(rows, context)
        let hasMore = items.count > request.limit
        if hasMore { items.removeLast() }
        if request.isBackwards { items.reverse() }
        let total = try await counted?.first.map { Int(try $0.get(0, as: Int64.self)) }
        let whose = cursorName(request.order, request.isDescending)
        func cursor(_ item: Item?) -> String? { item.map { ListCursor(request.order.key($0), id($0)).text(of: whose) } }
        let hasBefore = request.isBackwards ? hasMore : request.after != nil
        let hasAfter = request.isBackwards || hasMore
        return (
            now,
            ListSlice(
                items: items, previous: hasBefore ? cursor(items.first) : nil, next: hasAfter ? cursor(items.last) : nil,
                total: total)
        )
    }

    func rows(_ request: ListRequest<Item>, _ condition: ListCondition) -> SQL {
        // Which rows, from the list's table alone; then everything about them. In one statement with its joins the planner would take estimates of an
        // average tenant for the largest account, and join ten thousand rows to show fifty.
        guard condition.place == nil else { return statement(condition, request.tail(id: idColumn)) }
        let parts = (condition.footholds ?? [condition.whole]).map { foothold -> SQL in
            """
            (select \(unsafeSQL: idColumn) as id, \(unsafeSQL: request.order.column) as place from \(unsafeSQL: table) \
            where \(foothold) \(request.tail(id: idColumn)))
            """
        }
        let way = request.isDescending != request.isBackwards ? "desc" : "asc"
        return select(
            """
            \(unsafeSQL: tenantColumn) = \(condition.tenant) and \(unsafeSQL: idColumn) = any(array(select found.id from (\(parts.joined(separator: " union "))) found \
            order by found.place \(unsafeSQL: way), found.id \(unsafeSQL: way) limit \(Int64(request.limit + 1)))) \(request.end(id: idColumn))
            """)
    }

    /// The rows that a condition leaves, with an order and perhaps a limit.
    func statement(_ condition: ListCondition, _ tail: SQL) -> SQL {
        select(condition.place.map { "\($0) where \(condition.whole) \(tail)" } ?? "\(condition.whole) \(tail)")
    }

    /// Whether there is any row at all.
    func holds(_ condition: ListCondition, _ context: TenantContext) async throws -> Bool {
        let rows = try await context.read(count(condition, atMost: 1)).rows
        return try (rows.first.map { try $0.get(0, as: Int64.self) } ?? 0) > 0
    }

    /// How many rows there are, up to a bound. In the first order, so that an index is walked and never the table; a search has its own index.
    func count(_ condition: ListCondition, atMost bound: Int64) -> SQL {
        let order: SQL = condition.isSearch ? "" : "order by \(unsafeSQL: orders[0].column), \(unsafeSQL: idColumn)"
        let parts = (condition.footholds ?? [condition.whole]).map { part -> SQL in
            let place: SQL = condition.place ?? "from \(unsafeSQL: table)"
            return "(select \(unsafeSQL: idColumn) \(place) where \(part) \(order) limit \(bound))"
        }
        return "select count(*) from (select from (\(parts.joined(separator: " union "))) found limit \(bound)) counted"
    }
}

/// What a list is narrowed to.
struct ListCondition: Sendable {
    let tenant: TenantID
    /// `from …`, where the list has no table of its own.
    let place: SQL?
    let whole: SQL
    let isSearch: Bool
    /// A filter leaves nothing whatever there is. The conditions say so too, but the planner would still look for the quickest way to nothing.
    let isNothing: Bool
    /// As several conditions that together are the whole.
    let footholds: [SQL]?
}
