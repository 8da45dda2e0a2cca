import Testing
import Values

@testable import App

@Suite("Fields of imported files")
struct ImportFieldTests {
    @Test(arguments: [
        ("0", "0"), ("12.50", "12.5"), ("-0.00000040000", "-0.0000004"), ("+3", "3"), ("1.5E-07", "0.00000015"),
        ("5.64902E-05", "0.0000564902"),
        ("5.58794e-07", "0.000000558794"), ("1E3", "1000"), (".5", "0.5"), ("7.", "7"), ("$1,234.50", "1234.5"),
        ("-$1,234.50", "-1234.5"),
        ("$-1,234.50", "-1234.5"), ("(12.00)", "-12"), ("($1,234.50)", "-1234.5"), ("1,234,567.89", "1234567.89"), (" 42 ", "42"),
        ("\u{A0}42\u{A0}", "42"), ("\u{2212}3.5", "-3.5"), ("USD 12.00", "12"), ("12.00 USD", "12"), ("12.00 $", "12"),
        ("£3", "3"),
        ("1.000000000000000", "1"), ("999999999999999", "999999999999999"),
    ])
    func `numbers are read exactly`(_ text: String, _ value: String) throws {
        #expect(try ImportNumber.read(text, currency: .usd) == #require(ExactDecimal(value)))
    }

    @Test(arguments: [
        "", " ", "abc", "1.2.3", "1,5", "1,23", "12,34.5", ",123", "1,2345", "1,234,", "--1", "-(1)", "(1", "1)", "()", "(-1)",
        "0x10", "1e", "NaN", "inf", "1 2",
        "١٢", "12abc", "%5", "1%", "$", "USD", "-", "1.5E-0.7", "1,234E2", "- -1", "$$1", "1,234.5,6",
    ])
    func `what is no number is refused`(_ text: String) {
        #expect(throws: ImportNumber.Refusal.noNumber) { try ImportNumber.read(text, currency: .usd) }
    }

    @Test func `a sign of another currency is refused`() throws {
        #expect(throws: ImportNumber.Refusal.signOfAnotherCurrency) { try ImportNumber.read("€5", currency: .usd) }
        #expect(throws: ImportNumber.Refusal.signOfAnotherCurrency) { try ImportNumber.read("5 ¥", currency: .usd) }
        #expect(try ImportNumber.read("¥5", currency: .cny) == ExactDecimal(5))
    }

    @Test(arguments: [
        ("2024-09-18 22:00:00", "2024-09-18T22:00:00Z"), ("2024-09-18", "2024-09-18T00:00:00Z"),
        ("9/2/2023", "2023-09-02T00:00:00Z"),
        ("09/21/2023", "2023-09-21T00:00:00Z"), ("5/1/25", "2025-05-01T00:00:00Z"), ("12/31/99", "2099-12-31T00:00:00Z"),
        ("2/29/2024", "2024-02-29T00:00:00Z"), ("2024-09-18T22:00:00Z", "2024-09-18T22:00:00Z"),
        ("2024-09-18T22:00:00+08:00", "2024-09-18T14:00:00Z"),
        ("2024-09-18T22:00:00.1234567Z", "2024-09-18T22:00:00.123456Z"), ("9/2/2023 1:05 PM", "2023-09-02T13:05:00Z"),
        ("9/2/2023 12:00:01 AM", "2023-09-02T00:00:01Z"), ("2024-09-18 7:00", "2024-09-18T07:00:00Z"),
    ])
    func `dates are read as they are written`(_ text: String, _ instant: String) {
        #expect(ImportTime(text)?.instant(in: .utc).rfc3339 == instant)
    }

    @Test(arguments: [
        "", "2/30/2023", "2/29/2023", "13/1/2023", "0/1/2023", "1/0/2023", "2023-13-01", "2023-02-30", "2023/02/03", "20230203",
        "1/2/345", "1/2/20233", "1-2-2023",
        "2024-09-18 24:00:00", "2024-09-18 12:60:00", "2024-09-18 12:00:60", "2024-09-18T", "2024-09-18 22:00:00 CET",
        "2024-09-18 13:00 PM", "yesterday",
        "2024-9-1",
    ])
    func `what is no date is refused`(_ text: String) { #expect(ImportTime(text) == nil) }

    @Test func `long text is cut the same way every time and stays different`() {
        let long = String(repeating: "数", count: 400)
        let cut = Shortened.text(long, to: 300)
        #expect(cut.unicodeScalars.count == 300 && cut == Shortened.text(long, to: 300))
        #expect(cut != Shortened.text(long + "x", to: 300))
        #expect(Shortened.text(String(repeating: "数", count: 300), to: 300).count == 300)
    }

    @Test(arguments: [
        ("acm@testea.onmicrosoft.com", "acm@testea.onmicrosoft.com"), ("User@Example.COM", "user@example.com"), ("12345", nil),
        ("a@b", nil), ("@b.c", nil),
        ("a b@c.d", nil), ("<a@b.c>", nil), ("a@b.c,d@e.f", nil),
    ])
    func `only an address is an address`(_ text: String, _ address: String?) { #expect(EMailAddress(text)?.text == address) }
}
