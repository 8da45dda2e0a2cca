import Testing
import Values

func decimal(_ text: String) -> ExactDecimal { ExactDecimal(text)! }

@Suite struct ExactDecimalTests {
    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("0.00", "0"), ("1.50", "1.5"), ("-1.50", "-1.5"), ("100", "100"),
        ("0.000000000000000000000000000001", "0.000000000000000000000000000001"),
        ("0.4838709677419368", "0.4838709677419368"), ("1216.000000000000000", "1216"), ("007.5", "7.5"),
        ("1000000000000000", "1000000000000000"),
        ("170141183460469231731687303715884105727", "170141183460469231731687303715884105727"),
        ("1." + String(repeating: "0", count: 100), "1"),
        ("-0.000000000000000000000000000000000001", "-0.000000000000000000000000000000000001"),
    ])
    func `a plain decimal reads exactly`(text: String, written: String) { #expect(ExactDecimal(text)?.description == written) }

    @Test(arguments: [
        "", "-", ".", ".5", "5.", "+5", " 5", "5 ", "1,000", "1e3", "1E-7", "0x10", "NaN", "inf", "--1", "1.2.3", "٣", "1_000",
        "１", "5\0",
    ])
    func `a text that is no plain decimal is malformed`(text: String) {
        #expect(throws: DecimalError.malformed) { try ExactDecimal(parsing: text) }
    }

    @Test(arguments: [
        "170141183460469231731687303715884105728", "1234567890123456789012345678901234567890",
        "0.0000000000000000000000000000000000001",
        "9" + String(repeating: "0", count: 60), String(repeating: "9", count: 128),
    ])
    func `too many digits are an overflow, never a trap`(text: String) {
        #expect(throws: DecimalError.overflow) { try ExactDecimal(parsing: text) }
        #expect(ExactDecimal(text) == nil)
    }

    @Test func `a very long text is refused unread`() {
        #expect(throws: DecimalError.malformed) { try ExactDecimal(parsing: String(repeating: "1", count: 1_000_000)) }
    }

    @Test(arguments: [
        ("1.5E-07", "0.00000015"), ("1.5e+3", "1500"), ("+2", "2"), (".5", "0.5"), ("5.", "5"), ("-1E0", "-1"), ("1.10E1", "11"),
        ("0E999999999", "0"), ("1E36", "1000000000000000000000000000000000000"), ("100E-2", "1"),
        ("4.5E-30", "0.0000000000000000000000000000045"),
    ])
    func `scientific notation reads exactly`(text: String, written: String) throws {
        #expect(try ExactDecimal(scientific: text).description == written)
    }

    @Test(arguments: [
        ("1E", DecimalError.malformed), ("E5", .malformed), ("1E+", .malformed), ("1E5.5", .malformed), ("1e5 ", .malformed),
        (".", .malformed),
        ("1E40", .overflow), ("1E-37", .overflow), ("1E99999999999999999999", .overflow), ("1E-99999999999999999999", .overflow),
    ])
    func `bad scientific notation is an error`(text: String, error: DecimalError) {
        #expect(throws: error) { try ExactDecimal(scientific: text) }
    }

    @Test func `equal numbers are equal whatever their form`() {
        #expect(decimal("1.50") == decimal("1.5"))
        #expect(decimal("1.50").hashValue == decimal("1.5").hashValue)
        #expect(decimal("1.5").text(minimumDecimals: 2) == "1.50")
        #expect(decimal("-12").text(minimumDecimals: 3) == "-12.000")
        #expect(decimal("0.12345").text(minimumDecimals: 2) == "0.12345")
    }

    @Test func `sums and products are exact`() throws {
        #expect(try decimal("0.1").adding(decimal("0.2")) == decimal("0.3"))
        #expect(try decimal("1").subtracting(decimal("1.00000000000000000001")).description == "-0.00000000000000000001")
        #expect(try decimal("-2.5").multiplied(by: decimal("0.4")).description == "-1")
        #expect(try decimal("0.000000000000000001").multiplied(by: decimal("0.000000000000000001")).scale == 36)
        #expect(throws: DecimalError.overflow) {
            try decimal("0.0000000000000000001").multiplied(by: decimal("0.0000000000000000001"))
        }
        #expect(throws: DecimalError.overflow) {
            try decimal("100000000000000000000").adding(decimal("0.0000000000000000000000000000001"))
        }
        let largest = decimal("170141183460469231731687303715884105727")
        #expect(throws: DecimalError.overflow) { try largest.adding(.one) }
        #expect(throws: DecimalError.overflow) { try largest.negated.subtracting(.one) }
        #expect(largest.negated.negated == largest)
    }

    @Test func `comparison holds where aligning would not fit`() {
        let large = decimal("100000000000000000000000000000000000000")
        let small = decimal("0.000000000000000000000000000000000001")
        #expect(small < large)
        #expect(large.negated < small.negated)
        #expect(large.negated < small)
        #expect(!(large < small))
        #expect(decimal("1.49") < decimal("1.5") && !(decimal("1.5") < decimal("1.50")))
        #expect(decimal("-1.5") < decimal("-1.49"))
    }

    @Test(arguments: [
        ("2.345", 2, "2.35"), ("-2.345", 2, "-2.35"), ("2.3449999999999999999999", 2, "2.34"), ("0.5", 0, "1"), ("-0.5", 0, "-1"),
        ("0.49", 0, "0"), ("-0.49", 0, "0"), ("1.005", 2, "1.01"), ("2.5", 0, "3"), ("9.999", 2, "10"), ("1.2", 5, "1.2"),
        ("0.000000000000000000000000000000000005", 35, "0.00000000000000000000000000000000001"),
    ])
    func `rounding goes half away from zero`(text: String, scale: Int, expected: String) {
        #expect(decimal(text).rounded(toScale: scale).description == expected)
    }
}
