import Crypto
import FoundationEssentials
import HTTP
import Loop
import Postgres
import Values

/// A keyset page of a list ordered by an instant and an ID. The cursor is the place after which to go on; page 400 costs what page 1 costs.
package struct PageRequest: Sendable {
    package var limit = 25
    package var after: (at: Instant, id: UUID)?
    package var ascending = false
    /// What the list is narrowed to, half open, in the column that it is ordered by.
    package var from: Instant?
    package var to: Instant?

    package init(limit: Int = 25, cursor: String? = nil, ascending: Bool = false) throws {
        self.limit = limit
        self.ascending = ascending
        guard let cursor else { return }
        guard let bytes = Base64URL.decode(cursor), bytes.count == 24 else { throw Failure.malformed(code: "invalid_cursor") }
        let at = bytes[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        after = (Instant(microseconds: Int64(bitPattern: at)), Self.uuid(bytes[8..<24]))
    }

    package static func cursor(at: Instant, id: UUID) -> String {
        let word = UInt64(bitPattern: at.microseconds)
        let time = (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
        return withUnsafeBytes(of: id.uuid) { Base64URL.encode(time + Array($0)) }
    }

    private static func uuid(_ bytes: ArraySlice<UInt8>) -> UUID {
        let b = Array(bytes)
        return UUID(uuid: (b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]))
    }

    /// `and (at, id) < (…) order by at desc, id desc limit n+1`; one row more than asked tells whether there is a next page.
    /// The two columns are named by the caller's own code, never by input.
    func tail(at column: String, id: String) -> SQL {
        let order: SQL =
            "order by \(unsafeSQL: column) \(unsafeSQL: ascending ? "asc" : "desc"), \(unsafeSQL: id) \(unsafeSQL: ascending ? "asc" : "desc") limit \(Int64(limit + 1))"
        var bounds: SQL = ""
        if let from { bounds = "and \(unsafeSQL: column) >= \(from)" }
        if let to { bounds = "\(bounds) and \(unsafeSQL: column) < \(to)" }
        guard let after else { return "\(bounds) \(order)" }
        return
            "\(bounds) and (\(unsafeSQL: column), \(unsafeSQL: id)) \(unsafeSQL: ascending ? ">" : "<") (\(after.at), \(after.id)) \(order)"
    }
}

/// One page of a list.
package struct ListPage<Item: Sendable>: Sendable {
    package let items: [Item]
    package let nextCursor: String?
    /// How many rows the whole list has, counted one further than is told; nil where nobody asked.
    var counted: Int?

    init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }

    /// `items` may hold one more than `limit`, which only says that there is more.
    init(_ items: [Item], limit: Int, key: (Item) -> (at: Instant, id: UUID)) {
        let hasMore = items.count > limit
        self.items = hasMore ? Array(items.prefix(limit)) : items
        nextCursor = hasMore ? self.items.last.map { PageRequest.cursor(at: key($0).at, id: key($0).id) } : nil
    }

    /// Items written between two looks at what others want.
    private static var itemsAtOnce: Int { 8 }

    func body(on loop: EventLoop, _ write: (Item, inout JSONWriter) -> Void) async -> [UInt8] {
        var json = JSONWriter(capacity: 256 + items.count * 1024)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for (index, item) in items.enumerated() {
            if index > 0 && index.isMultiple(of: Self.itemsAtOnce) { await loop.nextTurn() }
            write(item, &json)
        }
        json.endArray()
        json.field("has_more", nextCursor != nil)
        json.field("next_cursor", nextCursor)
        if let counted {
            json.field("total", min(counted, ListDescription<Item>.countedAtMost))
            json.field("total_is_exact", counted <= ListDescription<Item>.countedAtMost)
        }
        json.endObject()
        return json.bytes
    }
}
