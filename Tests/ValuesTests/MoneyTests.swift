import Testing
import Values

func cny(_ text: String) -> Money { try! Money(text, currency: .cny) }

@Suite struct MoneyTests {
    @Test(arguments: [
        ("1234.50", "CNY", 123_450, "1234.50"), ("1234", "JPY", 1_234, "1234"), ("1.234", "KWD", 1_234, "1.234"),
        ("-0.05", "CNY", -5, "-0.05"),
        ("0", "CNY", 0, "0.00"), ("1.5", "CNY", 150, "1.50"),
        ("1000000000000000", "CNY", 100_000_000_000_000_000, "1000000000000000.00"),
        ("92233720368547758.07", "CNY", Int64.max, "92233720368547758.07"), ("0.0001", "UYW", 1, "0.0001"),
    ])
    func `an amount reads and writes`(text: String, code: String, minor: Int64, written: String) throws {
        let money = try Money(text, currency: Currency(code)!)
        #expect(money.minor == minor)
        #expect(money.decimalString == written)
        #expect(try Money(rounding: money.exact, currency: money.currency) == money)
    }

    @Test func `an amount is written as its exact number is, to the ends of what it holds`() throws {
        var random = SplitMix64(seed: 7)
        let near = [Int64.min, .min + 1, .max, -1, 0, 1, 9, 10, 99, 100, 999, 1_000, 9_999, 10_000, -9_999, -10_000]
        for code in ["JPY", "CNY", "KWD", "CLF"] {
            let currency = Currency(code)!
            for minor in near + (0..<500).map({ Int64.random(in: .min ... .max, using: &random) >> ($0 % 64) }) {
                let money = Money(minor: minor, currency: currency)
                #expect(money.decimalString == money.exact.text(minimumDecimals: currency.exponent))
            }
        }
    }

    @Test(arguments: [
        ("", "CNY", MoneyError.malformed), ("+5", "CNY", .malformed), (" 5", "CNY", .malformed), ("5 ", "CNY", .malformed),
        ("1e3", "CNY", .malformed),
        ("1,000.00", "CNY", .malformed), (".50", "CNY", .malformed), ("5.", "CNY", .malformed), ("¥5", "CNY", .malformed),
        ("1.234", "CNY", .tooManyDecimals),
        ("1.500", "CNY", .tooManyDecimals), ("1.0", "JPY", .tooManyDecimals), ("92233720368547758.08", "CNY", .overflow),
        (String(repeating: "9", count: 40), "CNY", .overflow), (String(repeating: "9", count: 400), "CNY", .malformed),
    ])
    func `a bad amount is refused with its reason`(text: String, code: String, error: MoneyError) {
        #expect(throws: error) { try Money(text, currency: Currency(code)!) }
    }

    @Test(arguments: [("1.005", 101), ("-1.005", -101), ("1.00499", 100), ("0.00499999999999999999", 0), ("-0.005", -1)])
    func `the one rounding is half away from zero`(text: String, minor: Int64) throws {
        #expect(try Money(rounding: ExactDecimal(text)!, currency: .cny).minor == minor)
    }

    @Test func `two currencies never add and no sum wraps`() throws {
        let most = Money(minor: .max, currency: .cny)
        let least = Money(minor: .min, currency: .cny)
        #expect(throws: MoneyError.currencyMismatch) { try cny("1").adding(Money(minor: 1, currency: .usd)) }
        #expect(throws: MoneyError.currencyMismatch) { try cny("1").compared(to: Money(minor: 1, currency: .usd)) }
        #expect(throws: MoneyError.overflow) { try most.adding(cny("0.01")) }
        #expect(throws: MoneyError.overflow) { try least.negated() }
        #expect(throws: MoneyError.overflow) { try Money(rounding: decimal("1000000000000000000"), currency: .cny) }
        #expect(try cny("1.10").subtracting(cny("2.20")) == cny("-1.10"))
        #expect(try cny("1").compared(to: cny("2")) == -1)
    }

    @Test func `parts add up to the whole`() throws {
        #expect(try cny("1.00").split(into: 3).map(\.minor) == [34, 33, 33])
        #expect(try cny("-1.00").split(into: 3).map(\.minor) == [-34, -33, -33])
        #expect(try cny("0.02").split(into: 3).map(\.minor) == [1, 1, 0])
        #expect(try cny("1.00").split(byWeights: [0, 1, 0, 2]).map(\.minor) == [0, 34, 0, 66])
        #expect(try Money(minor: .max, currency: .cny).split(byWeights: [.max, .max, 1]).map(\.minor).reduce(0, +) == .max)
        #expect(throws: MoneyError.nothingToSplitBy) { try cny("1").split(into: 0) }
        #expect(throws: MoneyError.nothingToSplitBy) { try cny("1").split(byWeights: [0, 0]) }
        #expect(throws: MoneyError.nothingToSplitBy) { try cny("1").split(byWeights: [1, -1]) }
        var random = SplitMix64(seed: 2_026)
        for _ in 0..<500 {
            let whole = Money(minor: .random(in: -1_000_000...1_000_000, using: &random), currency: .cny)
            let weights = (0..<7).map { _ in Int64.random(in: 0...50, using: &random) } + [1]
            let parts = try whole.split(byWeights: weights)
            #expect(parts.reduce(0) { $0 + $1.minor } == whole.minor)
            #expect(zip(parts, weights).allSatisfy { $1 != 0 || $0.minor == 0 })
        }
    }

    @Test func `currencies know their decimals`() {
        #expect(Currency("JPY")?.exponent == 0)
        #expect(Currency("CNY")?.exponent == 2)
        #expect(Currency("KWD")?.exponent == 3)
        #expect(Currency("CLF")?.exponent == 4)
        for code in ["cny", "XXX", "", "CN", "CNYY", "RMB", "€"] { #expect(Currency(code) == nil) }
        #expect(Currency.allCodes.count > 150)
        #expect(Currency.allCodes.allSatisfy { $0.utf8.count == 3 && $0 == $0.uppercased() })
    }
}

/// A seeded generator: a failing case is found again.
private struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
