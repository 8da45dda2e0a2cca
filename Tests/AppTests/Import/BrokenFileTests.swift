import TestSupport
import Testing
import Values

@testable import App

@Suite("Broken files change nothing")
struct BrokenFileTests {
    struct Broken: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        /// Nil where no line can be named.
        let line: Int?
        let says: String
        var format = ImportFormat.focus
        var testDescription: String { name }
    }

    private static let good = Sample.focusRow()
    static let table: [Broken] = [
        Broken(name: "empty", text: "", line: 1, says: "is empty"),
        Broken(name: "only a byte-order mark", text: "\u{FEFF}", line: 1, says: "is empty"),
        Broken(name: "only a header", text: Sample.focus([]), line: 1, says: "no row"),
        Broken(
            name: "cut off in the middle of a row", text: String(Sample.focus([good, good]).dropLast(40)), line: 3,
            says: "cut off"),
        Broken(name: "cut off inside quotation marks", text: Sample.focus([good]) + "1.25,\"A-1", line: 3, says: "cut off"),
        Broken(name: "a short row", text: Sample.focus([good, "1,2,3", good]), line: 3, says: "3 of 14 fields"),
        Broken(name: "a long row", text: Sample.focus([good + ",x"]), line: 2, says: "15 of 14 fields"),
        Broken(name: "an empty line between rows", text: Sample.focus([good, "", good]), line: 3, says: "empty"),
        Broken(name: "another header", text: "a,b,c\n1,2,3\n", line: 1, says: "no column BillingAccountId"),
        Broken(name: "the other format's header", text: Sample.azure([Sample.azureRow(cost: "1")]), line: 1, says: "BilledCost"),
        Broken(name: "a column twice", text: Sample.focusHeader + ",BilledCost\n" + good + ",1\n", line: 1, says: "2 times"),
        Broken(
            name: "a word for a cost", text: Sample.focus([good, Sample.focusRow(cost: "abc")]), line: 3,
            says: "“abc” is not a number"),
        Broken(name: "no cost", text: Sample.focus([Sample.focusRow(cost: "NULL")]), line: 2, says: "BilledCost is empty"),
        Broken(name: "a decimal comma", text: Sample.focus([Sample.focusRow(cost: "\"1,5\"")]), line: 2, says: "not a number"),
        Broken(
            name: "a cost that is no number at all", text: Sample.focus([Sample.focusRow(cost: "NaN")]), line: 2,
            says: "not a number"),
        Broken(name: "too many digits", text: Sample.focus([Sample.focusRow(cost: "1E-60")]), line: 2, says: "more digits"),
        Broken(
            name: "a sum that cannot be kept",
            text: Sample.focus([Sample.focusRow(cost: "1E-36"), Sample.focusRow(cost: "1000")]), line: 3,
            says: "sum up to here"),
        Broken(name: "a cost beyond all sense", text: Sample.focus([Sample.focusRow(cost: "1E16")]), line: 2, says: "larger"),
        Broken(
            name: "a word for a quantity", text: Sample.focus([Sample.focusRow(quantity: "many")]), line: 2,
            says: "ConsumedQuantity"),
        Broken(
            name: "a day that does not exist", text: Sample.focus([good, Sample.focusRow(time: "2/30/2024")]), line: 3,
            says: "“2/30/2024” is no date"),
        Broken(
            name: "a month that does not exist", text: Sample.focus([Sample.focusRow(time: "13/1/2024")]), line: 2,
            says: "no date"),
        Broken(
            name: "an hour that does not exist", text: Sample.focus([Sample.focusRow(time: "2024-09-01 24:00:00")]), line: 2,
            says: "no date"),
        Broken(
            name: "the currency changes in the middle", text: Sample.focus([good, good, Sample.focusRow(currency: "EUR")]),
            line: 4,
            says: "EUR, but billing account “A-1” has USD since line 2"),
        Broken(name: "an unknown currency", text: Sample.focus([Sample.focusRow(currency: "XYZ")]), line: 2, says: "no currency"),
        Broken(
            name: "no billing account", text: Sample.focus([Sample.focusRow(account: "NULL")]), line: 2,
            says: "BillingAccountId is empty"),
        Broken(
            name: "text behind a closing quotation mark", text: Sample.focus([Sample.focusRow(cost: "\"1\"2")]), line: 2,
            says: "closing quotation"),
        Broken(
            name: "a quotation mark in the middle", text: Sample.focus([Sample.focusRow(description: "5\" disk")]), line: 2,
            says: "quotation mark"),
        Broken(name: "a lone carriage return", text: Sample.focus([good]) + "1\r2", line: 3, says: "carriage return"),
        Broken(name: "a NUL byte", text: Sample.focus([good, Sample.focusRow(description: "a\0b")]), line: 3, says: "NUL"),
        Broken(
            name: "a fault behind a field with line ends",
            text: Sample.focus([Sample.focusRow(description: "\"a\nb\nc\""), Sample.focusRow(cost: "x")]),
            line: 5, says: "“x” is not a number"),
        Broken(
            name: "azure: a word for a cost", text: Sample.azure([Sample.azureRow(cost: "1"), Sample.azureRow(cost: "free")]),
            line: 3, says: "not a number",
            format: .azureEA),
        Broken(
            name: "azure: an impossible date", text: Sample.azure([Sample.azureRow(cost: "1", date: "2/29/2023")]), line: 2,
            says: "no date",
            format: .azureEA),
    ]

    @Test(arguments: table)
    func `a broken file changes nothing and says where`(_ broken: Broken) async throws {
        let slug =
            "broken-" + String(broken.name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(50)).lowercased()
        let bench = try await ImportBench.tenant(slug)
        // Something is there already, so that "nothing changed" has something to compare.
        _ = try await bench.importing(try ImportBench.file(Sample.focus([Sample.focusRow(account: "A-0")])), .focus)
        let before = try bench.tenant.fingerprint()
        let path = try ImportBench.file(broken.text)
        let fault = await #expect(throws: InputFault.self) { try await bench.importing(path, broken.format) }
        #expect(fault?.line == broken.line)
        #expect(fault?.description.contains(broken.says) == true, "\(fault?.description ?? "")")
        #expect(fault?.description.hasSuffix("Nothing was changed.") == true)
        #expect(try bench.tenant.fingerprint() == before)
    }

    @Test func `a currency that is not the existing account's is refused`() async throws {
        let bench = try await ImportBench.tenant("other-currency")
        _ = try await bench.importing(try ImportBench.file(Sample.focus([Sample.focusRow()])), .focus)
        let before = try bench.tenant.fingerprint()
        let path = try ImportBench.file(Sample.focus([Sample.focusRow(account: "A-2"), Sample.focusRow(currency: "EUR")]))
        let fault = await #expect(throws: InputFault.self) { try await bench.importing(path, .focus) }
        #expect(fault?.line == 3 && fault?.description.contains("has USD") == true)
        #expect(try bench.tenant.fingerprint() == before)
    }

    @Test(arguments: ["/nowhere/at/all.csv", "/dev/null", "/tmp"])
    func `what is no file is refused`(_ path: String) async throws {
        let bench = try await ImportBench.tenant("no-file-" + path.filter(\.isLetter))
        let fault = await #expect(throws: InputFault.self) { try await bench.importing(path, .focus) }
        #expect(fault?.line == nil)
    }

    @Test func `UTF-16 and bytes that are no text are refused`() async throws {
        let bench = try await ImportBench.tenant("no-text")
        let units = Array(Sample.focus([Sample.focusRow()]).utf16)
        let wide: [UInt8] = [0xFF, 0xFE] + units.flatMap { unit -> [UInt8] in [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
        let accented = Array(Sample.focusRow(description: "x").utf8).map { $0 == UInt8(ascii: "x") ? 0xE9 : $0 }
        let latin: [UInt8] = Array(Sample.focusHeader.utf8) + [0x0A] + accented + [0x0A]
        for (bytes, says) in [(wide, "UTF-16"), (latin, "not UTF-8")] {
            let path = try ImportBench.file(bytes)
            let fault = await #expect(throws: InputFault.self) { try await bench.importing(path, .focus) }
            #expect(fault?.description.contains(says) == true)
        }
    }
}
