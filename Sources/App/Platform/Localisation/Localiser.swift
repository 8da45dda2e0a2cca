import HTML
import Values

/// One reader's words: a language, a time zone and the instant that the page is about. Every view and mail speaks through it.
package struct Localiser: Sendable {
    package let strings: Strings
    /// The account's zone; an operator's pages use the tenant's.
    package let zone: TimeZoneRule
    /// The tenant's clock when the page was made.
    package let now: Instant
    /// In a sandbox stands a second clock: a time of the real one says so.
    package var isSandbox = false

    package init(strings: Strings, zone: TimeZoneRule, now: Instant) {
        self.strings = strings
        self.zone = zone
        self.now = now
    }

    package var language: Language { strings.language }

    package func callAsFunction(_ key: String, _ arguments: [String: String] = [:]) -> String { strings(key, arguments) }

    package func html(_ key: String, _ pieces: [String: HTML], _ arguments: [String: String] = [:]) -> HTML {
        strings.html(key, pieces, arguments)
    }
}

// MARK: Dates and times

extension Localiser {
    /// `2026-11-20`, in both languages (G12).
    package func date(_ date: CivilDate) -> String { date.iso }

    /// The date at that instant in the reader's zone.
    package func date(_ instant: Instant) -> String { zone.date(at: instant).iso }

    /// `2026-11-20 14:05` in the reader's zone, 24 hours, in both languages (G12).
    package func dateTime(_ instant: Instant) -> String {
        let civil = zone.civil(at: instant)
        return "\(civil.date.iso) \(twoDigits(civil.hour)):\(twoDigits(civil.minute))"
    }

    /// `2026-11-20 14:05:09.000250`, without the fraction where there is none: for a clock that is set to the microsecond.
    package func exactTime(_ instant: Instant) -> String {
        let civil = zone.civil(at: instant)
        let fraction = civil.microsecond == 0 ? "" : "." + String(String(1_000_000 + civil.microsecond).dropFirst())
        return "\(dateTime(instant)):\(twoDigits(civil.second))\(fraction)"
    }

    /// `20 November 2026` or `2026年11月20日`, for sentences.
    package func longDate(_ date: CivilDate) -> String {
        self(
            "date.long",
            [
                "day": String(date.day), "month": language == .en ? self("month.\(date.month)") : String(date.month),
                "year": String(date.year),
            ])
    }

    package func longDate(_ instant: Instant) -> String { longDate(zone.date(at: instant)) }

    /// `20 November` or `11月20日`, where the year is plain.
    package func dayAndMonth(_ date: CivilDate) -> String {
        self(
            "date.day_month",
            ["day": String(date.day), "month": language == .en ? self("month.\(date.month)") : String(date.month)])
    }

    /// `UTC+8 Asia/Shanghai`: stands once on every page that shows a time.
    package var zoneLabel: String {
        "\(offset(of: zone, at: now)) \(zone.identifier == "UTC" ? "" : zone.identifier)".trimmingEnd()
    }

    /// The machine-readable form with the zone's offset: `2026-11-20T14:05:00+08:00`.
    package func machineTime(_ instant: Instant) -> String {
        let civil = zone.civil(at: instant)
        let minutes = zone.offsetSeconds(at: instant) / 60
        let sign = minutes < 0 ? "-" : "+"
        return "\(civil.date.iso)T\(twoDigits(civil.hour)):\(twoDigits(civil.minute)):\(twoDigits(civil.second))"
            + "\(sign)\(twoDigits(abs(minutes) / 60)):\(twoDigits(abs(minutes) % 60))"
    }

    /// `in 12 days`, `today`, `3 days ago`, counted in civil days of the reader's zone.
    package func relativeDays(to date: CivilDate) -> String {
        let days = zone.date(at: now).daysUntil(date)
        switch days {
        case 0: return self("relative.today")
        case 1...: return self("relative.in_days", ["days": number(days)])
        default: return self("relative.days_ago", ["days": number(-days)])
        }
    }

    package func relativeDays(to instant: Instant) -> String { relativeDays(to: zone.date(at: instant)) }

    private func offset(of zone: TimeZoneRule, at instant: Instant) -> String {
        let minutes = zone.offsetSeconds(at: instant) / 60
        guard minutes != 0 else { return "UTC" }
        let text = "UTC\(minutes < 0 ? "−" : "+")\(abs(minutes) / 60)"
        return minutes % 60 == 0 ? text : "\(text):\(twoDigits(abs(minutes) % 60))"
    }
}

// MARK: Numbers and money

extension Localiser {
    /// `12,345`, with a true minus sign, in both languages.
    package func number(_ value: some BinaryInteger) -> String { grouped(String(value)) }

    /// A quantity or unit price in full, without the zeros that end it: `0.000012`.
    package func decimal(_ value: ExactDecimal) -> String { grouped(value.description) }

    /// `1,234.50`, as the ledger has it, for columns that carry the currency in their head. Nothing is rounded here (G14).
    package func amount(_ money: Money) -> String { grouped(money.decimalString) }

    /// `CN¥1,234.50` in English, `¥1,234.50` in Chinese; the minus stands before the symbol (G13).
    package func money(_ money: Money) -> String {
        let text = amount(money)
        let symbol = currencySymbol(money.currency)
        guard text.hasPrefix(minusSign) else { return symbol + text }
        return minusSign + symbol + text.dropFirst()
    }

    /// The symbol that stands before an amount; a currency without one of its own shows its code and a space that does not break.
    package func currencySymbol(_ currency: Currency) -> String {
        switch (currency.code, language) {
        case ("CNY", .en): "CN¥"
        case ("CNY", .zhHans): "¥"
        case ("JPY", .en): "¥"
        case ("JPY", .zhHans): "JP¥"
        case ("USD", _): "US$"
        case ("HKD", _): "HK$"
        case ("EUR", _): "€"
        case ("GBP", _): "£"
        default: currency.code + "\u{A0}"
        }
    }
}

private let minusSign = "−"

/// Groups the whole part by three; every digit that came in goes out.
private func grouped(_ plain: String) -> String {
    let isNegative = plain.hasPrefix("-")
    let unsigned = isNegative ? plain.dropFirst() : plain[...]
    let parts = unsigned.split(separator: ".", maxSplits: 1)
    guard let whole = parts.first else { return plain }
    var out = isNegative ? minusSign : ""
    for (index, digit) in whole.enumerated() {
        if index > 0, (whole.count - index).isMultiple(of: 3) { out.append(",") }
        out.append(digit)
    }
    return parts.count == 2 ? "\(out).\(parts[1])" : out
}

private func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }

extension String {
    fileprivate func trimmingEnd() -> String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
