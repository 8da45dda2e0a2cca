import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// One usage record on its way out.
struct UsageLine: Sendable {
    let member: UsageDownload.Scope.Member
    let id: UsageRecordID
    let occurredAt: Instant
    let month: CivilDate
    let product: String
    let meter: String
    let resource: String?
    let quantity: ExactDecimal
    let unit: String
    let cost: ExactDecimal
    let currency: String

    /// Columns in the order of the download's query; the last one says whose it is.
    init(_ row: Row, of members: [UsageDownload.Scope.Member]) throws {
        var column = Columns(row)
        id = try column.next()
        occurredAt = try column.next()
        month = try column.next()
        product = try column.next()
        meter = try column.next()
        resource = try column.next()
        quantity = try column.next()
        unit = try column.next()
        cost = try column.next()
        currency = try column.next()
        member = members[Int(try column.next(Int64.self)) - 1]
    }
}

/// Writes records into a file, one after the other.
protocol UsageEncoder: Sendable {
    func start() -> [UInt8]
    mutating func append(_ line: UsageLine, to bytes: inout [UInt8])
    /// A charge that is no usage: only FOCUS has a place for it.
    mutating func append(_ charge: FocusCharge, to bytes: inout [UInt8])
    func end() -> [UInt8]
}

extension UsageEncoder {
    mutating func append(_ charge: FocusCharge, to bytes: inout [UInt8]) {}
    func end() -> [UInt8] { [] }
}

/// Plain decimals, ISO times with offset, IDs as text.
struct UsageCSV: UsageEncoder {
    let scope: UsageDownload.Scope
    let style: UsageDownload.Style
    let localisation: Localisation

    static let columns = ["record_id", "occurred_at", "product", "meter", "resource", "quantity", "unit", "cost", "currency"]
    /// In front where a file holds more than one subscription.
    static let subscriptionColumns = ["subscription_id", "subscription"]
    static let accountColumns = ["account_id", "account"]

    func start() -> [UInt8] {
        let names =
            (scope.spansAccounts ? Self.accountColumns : []) + (scope.spansSubscriptions ? Self.subscriptionColumns : [])
            + Self.columns
        let rows = style.header.map { row in
            switch row {
            case .machine: names
            case .language(let language): names.map { localisation[language]("usage.csv.\($0)") }
            }
        }
        return (style.withMark ? CSV.byteOrderMark : []) + rows.flatMap(CSV.line)
    }

    func append(_ line: UsageLine, to bytes: inout [UInt8]) {
        let time = style.localTimes ? line.occurredAt.text(in: scope.zone) : line.occurredAt.rfc3339
        let own = scope.spansSubscriptions ? [line.member.id.description, CSV.safe(line.member.name)] : []
        let account = line.member.account.map { [$0.id.description, CSV.safe($0.name)] } ?? []
        CSV.append(
            account + own + [
                line.id.description, time, CSV.safe(line.product), CSV.safe(line.meter), CSV.safe(line.resource ?? ""),
                line.quantity.description, CSV.safe(line.unit), line.cost.description, line.currency,
            ], to: &bytes)
    }
}

/// One JSON array with a record on each line: a parser reads it whole, a line reader line by line.
struct UsageJSON: UsageEncoder {
    private var isFirst = true

    init() {}

    func start() -> [UInt8] { Array("[".utf8) }
    func end() -> [UInt8] { Array("\n]\n".utf8) }

    mutating func append(_ line: UsageLine, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: (isFirst ? "\n" : ",\n").utf8)
        isFirst = false
        bytes += jsonObject { json in
            json.field("id", line.id)
            if let account = line.member.account { json.field("account_id", account.id) }
            json.field("subscription_id", line.member.id)
            json.field("occurred_at", line.occurredAt)
            json.field("product", line.product)
            json.field("meter", line.meter)
            json.field("resource", line.resource)
            json.field("quantity", line.quantity.description)
            json.field("unit", line.unit)
            json.field("cost", line.cost.description)
            json.field("currency", line.currency)
        }
    }
}

extension Instant {
    /// ISO 8601 with the zone's offset, to the microsecond where there is one: `2026-11-20T14:05:09.00025+08:00`.
    func text(in zone: TimeZoneRule) -> String {
        let seconds = zone.offsetSeconds(at: self)
        let local = adding(seconds: Int64(seconds)).rfc3339.dropLast()
        let minutes = abs(seconds) / 60
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        return "\(local)\(seconds < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
    }
}
