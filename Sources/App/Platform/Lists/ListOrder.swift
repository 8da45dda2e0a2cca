import Crypto
import FoundationEssentials
import HTTP
import Postgres
import Values

/// The place of a row in one of a list's orders.
package enum ListKey: Sendable, Equatable {
    case instant(Instant)
    case text(String)
    case number(Int64)

    enum Kind: String, Sendable { case instant, text, number }

    fileprivate var bytes: [UInt8] {
        switch self {
        case .instant(let at): Self.bytes(at.microseconds)
        case .number(let number): Self.bytes(number)
        case .text(let text): Array(text.utf8)
        }
    }

    private static func bytes(_ number: Int64) -> [UInt8] {
        let word = UInt64(bitPattern: number)
        return (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
    }

    fileprivate init?(_ bytes: ArraySlice<UInt8>, _ kind: Kind) {
        switch kind {
        case .instant, .number:
            guard bytes.count == 8 else { return nil }
            let number = Int64(bitPattern: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
            self = kind == .number ? .number(number) : .instant(Instant(microseconds: number))
        case .text:
            guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
            self = .text(text)
        }
    }
}

/// One order that a list can be in.
package struct ListOrder<Item: Sendable>: Sendable {
    /// The word in the address and in the API: `created_at`, and `-created_at` the other way round.
    let name: String
    /// The statement's column, written here and never taken from input. It is never null, and an index serves it together with the ID.
    let column: String
    let kind: ListKey.Kind
    /// Which way it goes when its head is first clicked: the newest first, names from A.
    let isDescendingFirst: Bool
    /// What the choice of orders calls it where that is not its kind: a sequence of numbers that tells time.
    var spokenOf: ListKey.Kind?
    let key: @Sendable (Item) -> ListKey

    static func newest(_ name: String, _ column: String, _ key: @escaping @Sendable (Item) -> Instant) -> ListOrder {
        ListOrder(name: name, column: column, kind: .instant, isDescendingFirst: true) { .instant(key($0)) }
    }

    /// `column` holds the text in small letters, as the database writes them; `key` is the text itself.
    static func alphabetical(_ name: String, _ column: String, _ key: @escaping @Sendable (Item) -> String) -> ListOrder {
        ListOrder(name: name, column: column, kind: .text, isDescendingFirst: false) { .text(key($0)) }
    }

    /// `column` is a `bigint`.
    static func largest(_ name: String, _ column: String, _ key: @escaping @Sendable (Item) -> Int64) -> ListOrder {
        ListOrder(name: name, column: column, kind: .number, isDescendingFirst: true) { .number(key($0)) }
    }

    func word(descending: Bool) -> String { (descending ? "-" : "") + name }
}

/// The place after which a page goes on: the row's key in the order and its ID, which breaks ties. In front stands which list and order it is of, so
/// that one of another list begins nowhere instead of in the middle.
struct ListCursor: Sendable {
    let key: ListKey
    let id: UUID

    init(_ key: ListKey, _ id: UUID) {
        self.key = key
        self.id = id
    }

    /// - Throws: `invalid_cursor` (400), also for a cursor of another list or order.
    init(_ text: String, _ kind: ListKey.Kind, of list: String) throws {
        let tag = Self.tag(of: list)
        guard let bytes = Base64URL.decode(text), bytes.count >= 16 + tag.count, Array(bytes.prefix(tag.count)) == tag,
            let key = ListKey(bytes[tag.count..<bytes.count - 16], kind)
        else {
            throw Failure.malformed(code: "invalid_cursor")
        }
        let b = Array(bytes.suffix(16))
        self.init(
            key,
            UUID(uuid: (b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15])))
    }

    func text(of list: String) -> String {
        withUnsafeBytes(of: id.uuid) { Base64URL.encode(Self.tag(of: list) + key.bytes + Array($0)) }
    }

    private static func tag(of list: String) -> [UInt8] {
        let hash = BodyHash.of(Array(list.utf8))
        return [0, 8, 16].map { UInt8(truncatingIfNeeded: hash >> $0) }
    }
}

/// One page of a list: how many rows, in which order, from where, and on which side of that place.
package struct ListRequest<Item: Sendable>: Sendable {
    let limit: Int
    let order: ListOrder<Item>
    let isDescending: Bool
    let after: ListCursor?
    /// The rows before the place instead of those after it: the way back.
    let isBackwards: Bool

    var word: String { order.word(descending: isDescending) }

    /// `and (at, id) < (…) order by at desc, id desc limit n+1`; one row more than asked tells whether there is a further page.
    func tail(id: String) -> SQL {
        let end = end(id: id)
        guard let after else { return end }
        let comparison = isDescending != isBackwards ? "<" : ">"
        switch after.key {
        case .instant(let at):
            return "and (\(unsafeSQL: order.column), \(unsafeSQL: id)) \(unsafeSQL: comparison) (\(at), \(after.id)) \(end)"
        case .number(let number):
            return "and (\(unsafeSQL: order.column), \(unsafeSQL: id)) \(unsafeSQL: comparison) (\(number), \(after.id)) \(end)"
        case .text(let text):
            return
                "and (\(unsafeSQL: order.column), \(unsafeSQL: id)) \(unsafeSQL: comparison) (lower(\(text)), \(after.id)) \(end)"
        }
    }

    /// The order and the limit alone.
    func end(id: String) -> SQL {
        "\(Self.ordering(order, descending: isDescending != isBackwards, id: id)) limit \(Int64(limit + 1))"
    }

    /// The whole list in this order.
    func ordering(id: String) -> SQL { Self.ordering(order, descending: isDescending, id: id) }

    private static func ordering(_ order: ListOrder<Item>, descending: Bool, id: String) -> SQL {
        let way = descending ? "desc" : "asc"
        return "order by \(unsafeSQL: order.column) \(unsafeSQL: way), \(unsafeSQL: id) \(unsafeSQL: way)"
    }
}

/// What one page of a list came to.
package struct ListSlice<Item: Sendable>: Sendable {
    package let items: [Item]
    /// Cursors of the pages on both sides.
    package let previous: String?
    package let next: String?
    /// How many rows the whole list has, counted as far as `ListDescription.countedAtMost` and one.
    package let total: Int?

    /// Of a list that was not read.
    static var none: ListSlice { nothing(counted: false) }
    /// Of one that has no row.
    static func nothing(counted: Bool) -> ListSlice { ListSlice(items: [], previous: nil, next: nil, total: counted ? 0 : nil) }
}
