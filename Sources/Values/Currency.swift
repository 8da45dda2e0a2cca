/// A currency of ISO 4217 with the decimals of its minor unit (M1).
package struct Currency: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Three capital letters.
    package let code: String
    /// Decimals of the minor unit: 2 for CNY, 0 for JPY, 3 for KWD.
    package let exponent: Int

    /// Nil for anything but the code, in capitals, of a currency in use.
    package init?(_ code: some StringProtocol) {
        guard code.utf8.count == 3, let exponent = Currency.exponents[String(code)] else { return nil }
        self.code = String(code)
        self.exponent = exponent
    }

    private init(known code: String) {
        self.code = code
        exponent = Currency.exponents[code] ?? 2
    }

    package static let cny = Currency(known: "CNY")
    package static let usd = Currency(known: "USD")
    package static let eur = Currency(known: "EUR")
    package static let jpy = Currency(known: "JPY")

    package static func == (left: Currency, right: Currency) -> Bool { left.code == right.code }
    package func hash(into hasher: inout Hasher) { hasher.combine(code) }
    package static func < (left: Currency, right: Currency) -> Bool { left.code < right.code }
    package var description: String { code }

    /// All known codes in alphabetical order.
    package static let allCodes: [String] = exponents.keys.sorted()

    private static let exponents: [String: Int] = {
        let byExponent: [(Int, String)] = [
            (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
            (3, "BHD IQD JOD KWD LYD OMR TND"),
            (4, "CLF UYW"),
            (
                2,
                """
                AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF \
                CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG \
                HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR \
                MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD \
                SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG \
                YER ZAR ZMW ZWG
                """
            ),
        ]
        var table: [String: Int] = [:]
        for (exponent, codes) in byExponent {
            for code in codes.split(separator: " ") { table[String(code)] = exponent }
        }
        return table
    }()
}
