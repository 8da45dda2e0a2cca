import CXLSXWriter
import FoundationEssentials
import HTTP
import Synchronization
import Values

#if canImport(Glibc)
    import Glibc
#endif

/// An Excel file with one sheet, written row by row: libxlsxwriter keeps one row in memory, whatever the number of rows.
///
/// Whichever thread a call comes from, it has the book for itself.
final class Workbook: Sendable {
    struct Fault: Error { let code: UInt32 }

    private let sheet: Mutex<WorkbookSheet>

    init(path: String, headings: [String], zone: TimeZoneRule) throws {
        sheet = Mutex(try WorkbookSheet(path: path, headings: headings, zone: zone))
    }

    func add(_ rows: [[FileCell]]) throws { try sheet.withLock { try $0.add(rows) } }
    func close() throws { try sheet.withLock { try $0.close() } }
}

/// libxlsxwriter's own objects, for one thread at a time.
private final class WorkbookSheet {
    private typealias Fault = Workbook.Fault

    private var book: UnsafeMutablePointer<lxw_workbook>?
    private let sheet: UnsafeMutablePointer<lxw_worksheet>
    private let heading: UnsafeMutablePointer<lxw_format>
    private let instant: UnsafeMutablePointer<lxw_format>
    private let date: UnsafeMutablePointer<lxw_format>
    /// By the number of decimals: what an amount is written with shows, thousands apart.
    private var decimals: [Int: UnsafeMutablePointer<lxw_format>] = [:]
    private let zone: TimeZoneRule
    private var row: UInt32 = 0

    init(path: String, headings: [String], zone: TimeZoneRule) throws {
        var options = lxw_workbook_options()
        options.constant_memory = 1
        guard let book = workbook_new_opt(path, &options), let sheet = workbook_add_worksheet(book, nil),
            let heading = workbook_add_format(book), let instant = workbook_add_format(book),
            let date = workbook_add_format(book)
        else { throw Fault(code: 0) }
        self.book = book
        self.sheet = sheet
        self.heading = heading
        self.instant = instant
        self.date = date
        self.zone = zone
        format_set_bold(heading)
        format_set_num_format(instant, "yyyy-mm-dd hh:mm:ss")
        format_set_num_format(date, "yyyy-mm-dd")
        worksheet_set_column(sheet, 0, UInt16(max(headings.count, 1) - 1), 22, nil)
        worksheet_freeze_panes(sheet, 1, 1)
        for (column, text) in headings.enumerated() {
            try check(worksheet_write_string(sheet, 0, UInt16(column), text, heading))
        }
    }

    /// What was not finished is given up and not written.
    deinit { if let book { lxw_workbook_free(book) } }

    func add(_ rows: [[FileCell]]) throws {
        for cells in rows {
            row += 1
            for (index, cell) in cells.enumerated() { try write(cell, UInt16(index)) }
        }
    }

    private func write(_ cell: FileCell, _ column: UInt16) throws {
        switch cell {
        case .none: break
        case .text(let text): try check(worksheet_write_string(sheet, row, column, String(text.prefix(32_000)), nil))
        case .decimal(let digits): try number(digits, column)
        case .instant(let at):
            let civil = zone.civil(at: at)
            var time = lxw_datetime(
                year: Int32(civil.date.year), month: Int32(civil.date.month), day: Int32(civil.date.day),
                hour: Int32(civil.hour), min: Int32(civil.minute), sec: .init(civil.second))
            try check(worksheet_write_datetime(sheet, row, column, &time, instant))
        case .date(let day):
            var time = lxw_datetime(
                year: Int32(day.year), month: Int32(day.month), day: Int32(day.day), hour: 0, min: 0, sec: 0)
            try check(worksheet_write_datetime(sheet, row, column, &time, date))
        }
    }

    /// Numbers in a workbook are binary floating point by Excel's own format. Up to fifteen digits come back exactly as they went in, so those are
    /// numbers that can be summed; longer ones stay text, because one digit would be lost.
    private func number(_ digits: String, _ column: UInt16) throws {
        if digits.utf8.count(where: { (48...57).contains($0) }) <= 15 {
            try check(worksheet_write_number(sheet, row, column, strtod(digits, nil), try format(decimalsOf: digits)))
        } else {
            try check(worksheet_write_string(sheet, row, column, digits, nil))
        }
    }

    private func format(decimalsOf digits: String) throws -> UnsafeMutablePointer<lxw_format> {
        let count = digits.firstIndex(of: ".").map { digits.utf8.distance(from: $0, to: digits.endIndex) - 1 } ?? 0
        if let known = decimals[count] { return known }
        guard let made = workbook_add_format(book) else { throw Fault(code: 0) }
        format_set_num_format(made, count == 0 ? "#,##0" : "#,##0." + String(repeating: "0", count: count))
        decimals[count] = made
        return made
    }

    func close() throws {
        guard let book else { return }
        self.book = nil
        try check(workbook_close(book))
    }

    private func check(_ code: lxw_error) throws {
        guard code == LXW_NO_ERROR else { throw Fault(code: code.rawValue) }
    }
}

/// A file that goes when nobody holds it any more.
final class TemporaryFile: Sendable {
    let path: String

    init(suffix: String) {
        let folder = FileManager.default.temporaryDirectory
        path = folder.appending(path: "bursar-\(UUID().uuidString)\(suffix)").path
    }

    deinit { unlink(path) }

    /// In one piece while it is small.
    func body() throws -> HTTPResponse.Body {
        let pieces = try Pieces(path)
        let first = pieces.next()
        let second = pieces.next()
        guard !second.isEmpty else { return .bytes(first) }
        return .stream { writer in
            try await writer.write(first)
            var piece = second
            while !piece.isEmpty {
                try await writer.write(piece)
                piece = pieces.next()
            }
            withExtendedLifetime(self) {}
        }
    }

    /// Read by one answer, piece after piece.
    private final class Pieces: Sendable {
        private let descriptor: Int32

        init(_ path: String) throws {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Failure.fault }
        }

        deinit { close(descriptor) }

        func next() -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
            }
        }
    }
}
