import FoundationEssentials
import HTTP
import Loop
import Postgres
import Values

/// A whole list as a file: everything that the filters leave, in the order asked for, read batch by batch and never all in memory.
struct ListFile<Item: Sendable>: Sendable {
    typealias Format = ListFileFormat

    let description: ListDescription<Item>
    let condition: ListCondition
    let request: ListRequest<Item>
    /// Nil: all columns.
    let columns: [String]?
    let reader: ListReader
    let withMark: Bool
    /// `subscriptions_acc_01…_2026-11-20_en`
    let name: String
    let context: TenantContext

    /// Excel itself takes 1,048,576. Whoever asks for a book waits until it is whole, and the two threads that write it have passwords to check, too.
    static var rowsInWorkbook: Int { 200_000 }
    private static var rowsAtOnce: Int { 500 }

    /// A small list is read and sent in one piece, with its length known; a larger one is streamed, as fast as the reader takes it.
    func response(_ format: Format) async throws -> HTTPResponse {
        let headers: HTTPHeaders = [
            "Content-Type": format.mediaType, "Content-Disposition": "attachment; filename=\"\(name).\(format.rawValue)\"",
            "Cache-Control": "private, no-store",
        ]
        if format == .xlsx { return HTTPResponse(status: 200, headers: headers, body: try await workbook().body()) }
        let text = ListText(file: self, format: format)
        let statement: SQL = "\(whole) limit \(Int64(Self.rowsAtOnce + 1))"
        let first = try await items(try await context.read(statement).rows)
        if first.count <= Self.rowsAtOnce {
            return HTTPResponse(
                status: 200, headers: headers, body: .bytes(text.start + text.rows(first, isFirst: true) + text.end))
        }
        return HTTPResponse(
            status: 200, headers: headers,
            body: .stream { writer in
                var isFirst = true
                try await writer.write(text.start)
                try await each { items in
                    try await writer.write(text.rows(items, isFirst: isFirst))
                    isFirst = false
                }
                try await writer.write(text.end)
            })
    }

    private var whole: SQL { description.statement(condition, request.ordering(id: description.idColumn)) }

    private func items(_ rows: Rows) async throws -> [Item] {
        let items = try await description.decode(rows, context)
        return try await description.enrich?(items, context) ?? items
    }

    private func each(_ handler: (([Item]) async throws -> Void)) async throws {
        try await context.dependencies.database.reports.stream(
            scope: context.tenant.id.uuid, whole, batchSize: Self.rowsAtOnce
        ) { rows in try await handler(try await items(rows)) }
    }

    var chosen: [FileColumn<Item>] {
        description.columns.filter { columns == nil || columns?.contains($0.name) == true }.flatMap(\.file)
    }

    func heading(_ column: FileColumn<Item>) -> String { reader.hasWords ? reader.t(column.title) : column.name }

    // MARK: Excel

    /// - Throws: `too_many_rows` (422) where a sheet has not so many.
    private func workbook() async throws -> TemporaryFile {
        let bound = Int64(Self.rowsInWorkbook)
        let counted = try await context.read(description.count(condition, atMost: bound + 1)).rows
        guard let count = try counted.first.map({ try $0.get(0, as: Int64.self) }), count <= bound else {
            throw Failure.invalid([FieldError("?format", "too_many_rows", ["limit": String(bound)])])
        }
        let (columns, workers, zone) = (chosen, context.dependencies.workers, reader.t.zone)
        let file = TemporaryFile(suffix: ".xlsx")
        let headings = columns.map(heading)
        let book = try await workers.run { try Workbook(path: file.path, headings: headings, zone: zone) }
        try await each { items in
            let rows = items.map { item in columns.map { $0.cell(item, reader) } }
            try await workers.run { try book.add(rows) }
        }
        try await workers.run { try book.close() }
        return file
    }
}

/// A list as CSV (G6), or as the API's own objects in JSON.
private struct ListText<Item: Sendable> {
    let file: ListFile<Item>
    let format: ListFileFormat
    private let columns: [FileColumn<Item>]

    init(file: ListFile<Item>, format: ListFileFormat) {
        self.file = file
        self.format = format
        columns = file.chosen
    }

    var start: [UInt8] {
        if format == .json { return Array("{\"data\":[".utf8) }
        return (file.withMark ? [0xEF, 0xBB, 0xBF] : []) + CSV.line(columns.map(file.heading))
    }

    var end: [UInt8] { format == .json ? Array("],\"has_more\":false,\"next_cursor\":null}\n".utf8) : [] }

    func rows(_ items: [Item], isFirst: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, item) in items.enumerated() {
            if format == .json {
                if index > 0 || !isFirst { bytes.append(UInt8(ascii: ",")) }
                var json = JSONWriter()
                file.description.write(item, file.reader.t.now, &json)
                bytes += json.bytes
            } else {
                bytes += CSV.line(columns.map { plain($0.cell(item, file.reader)) })
            }
        }
        return bytes
    }

    private func plain(_ cell: FileCell) -> String {
        switch cell {
        case .none: ""
        case .text(let text): CSV.safe(text)
        case .decimal(let digits): digits
        case .instant(let at): file.reader.t.machineTime(at)
        case .date(let date): date.iso
        }
    }
}

package enum ListFileFormat: String, CaseIterable, Sendable {
    case csv, xlsx, json

    /// What the API offers beside its pages, which are JSON already.
    static let ofAPI: [ListFileFormat] = [.csv, .xlsx]
    /// The media type without parameters.
    package var essence: String { String(mediaType.prefix { $0 != ";" }) }

    var mediaType: String {
        switch self {
        case .csv: "text/csv; charset=utf-8"
        case .json: "application/json"
        case .xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        }
    }
}

extension EndpointDocumentation {
    /// The files that its list also comes as.
    package var fileFormats: [ListFileFormat] { query.contains { $0.name == "format" } ? ListFileFormat.ofAPI : [] }
}
