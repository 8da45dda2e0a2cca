import Values

/// The words of a refusal for people: what a program reads as `1000.00 CNY` or `2026-11-20T14:05:00Z` stands on a page as everything else does there.
extension Localiser {
    package func refusal(_ key: String, _ arguments: [String: String]) -> String {
        self(key, arguments.mapValues { shown($0) })
    }

    package func refusal(_ failure: Failure) -> String { refusal("error.\(failure.code).detail", failure.arguments) }

    private func shown(_ value: String) -> String {
        if let instant = Instant(rfc3339: value) { return dateTime(instant) }
        let parts = value.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let currency = Currency(parts[1]), let amount = try? Money(parts[0], currency: currency) else {
            return value
        }
        return money(amount)
    }
}

extension Money {
    /// `1000.00 CNY`, as a program reads it among words.
    package var words: String { "\(decimalString) \(currency.code)" }
}
