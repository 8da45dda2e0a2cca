import Billing
import Values

/// The words of a refusal for people: what a program reads as `1000.00 CNY` or `2026-11-20T14:05:00Z` stands on a page as everything else does there.
extension Localiser {
    package func refusal(_ key: String, _ arguments: [String: String]) -> String {
        self(key, Dictionary(uniqueKeysWithValues: arguments.map { ($0, $0 == "status" ? stateWord($1) : shown($1)) }))
    }

    package func refusal(_ failure: Failure) -> String { refusal("error.\(failure.code).detail", failure.arguments) }

    /// The state of a payment is told in words, as its page tells it.
    private func stateWord(_ status: String) -> String { PaymentStatus(rawValue: status).map(word) ?? status }

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
