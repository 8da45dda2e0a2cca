// The wire forms of the JSON contract: identifiers, times, dates and decimals are strings, money is an object of two strings.

extension ID: Codable {
    package init(from decoder: any Decoder) throws {
        self = try decoder.text("an identifier \(Tag.prefix)_…") { ID(parsing: $0) }
    }
    package func encode(to encoder: any Encoder) throws { try encoder.write(description) }
}

extension Instant: Codable {
    package init(from decoder: any Decoder) throws { self = try decoder.text("an RFC 3339 time") { Instant(rfc3339: $0) } }
    package func encode(to encoder: any Encoder) throws { try encoder.write(rfc3339) }
}

extension CivilDate: Codable {
    package init(from decoder: any Decoder) throws { self = try decoder.text("a date YYYY-MM-DD") { CivilDate(iso: $0) } }
    package func encode(to encoder: any Encoder) throws { try encoder.write(iso) }
}

extension CivilMonth: Codable {
    package init(from decoder: any Decoder) throws { self = try decoder.text("a month YYYY-MM") { CivilMonth(iso: $0) } }
    package func encode(to encoder: any Encoder) throws { try encoder.write(iso) }
}

extension Currency: Codable {
    package init(from decoder: any Decoder) throws { self = try decoder.text("an ISO 4217 currency") { Currency($0) } }
    package func encode(to encoder: any Encoder) throws { try encoder.write(code) }
}

extension ExactDecimal: Codable {
    package init(from decoder: any Decoder) throws { self = try decoder.text("a plain decimal") { ExactDecimal($0) } }
    package func encode(to encoder: any Encoder) throws { try encoder.write(description) }
}

extension Money: Codable {
    private enum CodingKeys: String, CodingKey { case amount, currency }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let currency = try container.decode(Currency.self, forKey: .currency)
        let text = try container.decode(String.self, forKey: .amount)
        guard let money = try? Money(text, currency: currency) else {
            throw DecodingError.dataCorruptedError(
                forKey: .amount, in: container,
                debugDescription: "an amount is a plain decimal with at most \(currency.exponent) decimals")
        }
        self = money
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(decimalString, forKey: .amount)
        try container.encode(currency, forKey: .currency)
    }
}

extension Decoder {
    fileprivate func text<Value>(_ expected: String, _ parse: (String) -> Value?) throws -> Value {
        let container = try singleValueContainer()
        guard let value = parse(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected \(expected)")
        }
        return value
    }
}

extension Encoder {
    fileprivate func write(_ text: String) throws {
        var container = singleValueContainer()
        try container.encode(text)
    }
}
