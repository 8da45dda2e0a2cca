import FoundationEssentials
import HTML
import Values

/// A list's place in its address: the API's own parameters (`limit`, `sort`, `cursor`), and `before` for the way back.
struct ListWindow: Sendable {
    static let limits = [25, 50, 100]

    let limit: Int
    let ascending: Bool
    let cursor: String?
    let before: String?
    /// The number of the first row shown, counted from 1, as the pages before have handed it on.
    let firstRow: Int

    /// The order of those lists whose beginning is of interest, not their end.
    private let isAscendingFirst: Bool

    init(_ visit: Visit, ascendingFirst: Bool = false) {
        isAscendingFirst = ascendingFirst
        limit = visit["limit"].flatMap { Int($0) }.flatMap { Self.limits.contains($0) ? $0 : nil } ?? 25
        ascending = ascendingFirst ? visit["sort"] != "-created_at" : visit["sort"] == "created_at"
        cursor = visit["cursor"].flatMap { $0.isEmpty ? nil : $0 }
        before = visit["before"].flatMap { $0.isEmpty ? nil : $0 }
        firstRow =
            cursor == nil && before == nil
            ? 1 : visit["row"].flatMap { Int($0) }.flatMap { (1...100_000_000).contains($0) ? $0 : nil } ?? 1
    }

    struct Shown<Item: Sendable>: Sendable {
        let items: [Item]
        let previous: String?
        let next: String?
    }

    /// Asks for the page forwards, or backwards from `before` and turned round. `key` is the place of an item in the list's order.
    func load<Item: Sendable>(
        key: (Item) -> (at: Instant, id: UUID), _ fetch: (PageRequest) async throws -> ListPage<Item>
    ) async throws -> Shown<Item> {
        func cursor(_ item: Item?) -> String? { item.map { PageRequest.cursor(at: key($0).at, id: key($0).id) } }
        guard let before else {
            let page = try await fetch(try PageRequest(limit: limit, cursor: self.cursor, ascending: ascending))
            return Shown(items: page.items, previous: self.cursor == nil ? nil : cursor(page.items.first), next: page.nextCursor)
        }
        let page = try await fetch(try PageRequest(limit: limit, cursor: before, ascending: !ascending))
        let items = Array(page.items.reversed())
        return Shown(items: items, previous: page.nextCursor == nil ? nil : cursor(items.first), next: cursor(items.last))
    }

    func pager<Item>(_ shown: Shown<Item>, _ visit: Visit) -> Pager {
        let first = shown.previous == nil && before != nil ? 1 : firstRow
        let last = first + max(shown.items.count, 1) - 1
        func url(_ changes: [(String, String?)]) -> URLPath {
            visit.here(
                changing: [("cursor", nil), ("before", nil), ("row", nil)].filter { name in !changes.contains { $0.0 == name.0 } }
                    + changes)
        }
        return Pager(
            first: shown.previous == nil ? nil : url([]),
            previous: shown.previous.map { url([("before", $0), ("row", String(max(1, first - limit)))]) },
            next: shown.next.map { url([("cursor", $0), ("row", String(last + 1))]) },
            rows: shown.items.isEmpty ? nil : first...last)
    }

    /// The order by the instant of making, and the other way round by a click.
    func sort(_ visit: Visit) -> TableColumn.Sort {
        TableColumn.Sort(
            url: visit.here(changing: [("cursor", nil), ("before", nil), ("row", nil), ("sort", turned)]),
            current: ascending ? .ascending : .descending)
    }

    /// The other order's name; nil where it is the one that needs none.
    private var turned: String? { ascending == isAscendingFirst ? (ascending ? "-created_at" : "created_at") : nil }

    /// What a new choice of filters keeps.
    var kept: [(String, String)] {
        (ascending == isAscendingFirst ? [] : [("sort", ascending ? "created_at" : "-created_at")])
            + (limit == 25 ? [] : [("limit", String(limit))])
    }
}
