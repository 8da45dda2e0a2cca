import Values

/// The vertical scale of a chart: linear, from zero, with ticks at 1, 2 or 5 times a power of ten (C11). All in minor units and
/// whole pixels; a chart shows money and computes with integers as everything else does.
struct ChartScale: Sendable, Hashable {
    /// Minor units between two ticks.
    let step: Int64
    /// The topmost and the lowest tick, minor units.
    let top: Int64
    let bottom: Int64

    /// Covers `lowest...highest` and zero with three to six ticks. `smallestStep` is a whole unit where the amounts reach one.
    init(lowest: Int64, highest: Int64) {
        let high = max(highest, 0)
        let low = min(lowest, 0)
        let span = Int128(high) - Int128(low)
        var unit: Int128 = 1
        var step: Int128 = 1
        search: while true {
            for factor: Int128 in [1, 2, 5] {
                step = factor * unit
                if step * 4 >= span { break search }
            }
            unit *= 10
        }
        self.step = Int64(clamping: step)
        top = Int64(clamping: max(Self.ceiling(Int128(high), step), low == 0 ? step : 0))
        bottom = -Int64(clamping: Self.ceiling(-Int128(low), step))
    }

    private static func ceiling(_ value: Int128, _ step: Int128) -> Int128 { (value + step - 1) / step * step }

    var ticks: [Int64] { Array(stride(from: bottom, through: top, by: Int(step))) }

    /// How far below the top a value lies, in pixels of a plot of `height` pixels.
    func offset(of value: Int64, height: Int) -> Int {
        let span = Int128(top) - Int128(bottom)
        return Int((Int128(top) - Int128(value)) * Int128(height) / span)
    }
}

extension Localiser {
    /// A tick's label: short, in the reader's way of shortening: `CN¥20K` or `¥2万`. Ticks are 1-2-5 steps, so nothing is lost.
    func tick(_ minor: Int64, currency: Currency) -> String {
        var perUnit: Int64 = 1
        for _ in 0..<currency.exponent { perUnit *= 10 }
        let scales: [(Int64, String)] =
            language == .en ? [(1_000_000, "M"), (1_000, "K")] : [(100_000_000, "亿"), (10_000, "万")]
        for (scale, suffix) in scales where minor.magnitude >= UInt64(scale * perUnit) && minor % (scale * perUnit / 10) == 0 {
            let tenths = minor / (scale * perUnit / 10)
            let tail = tenths % 10 == 0 ? "" : ".\((tenths % 10).magnitude)"
            return short(tenths / 10, tail + suffix, currency)
        }
        if minor % perUnit == 0 { return short(minor / perUnit, "", currency) }
        return money(Money(minor: minor, currency: currency))
    }

    private func short(_ whole: Int64, _ tail: String, _ currency: Currency) -> String {
        let sign = whole < 0 ? "−" : ""
        return sign + currencySymbol(currency) + number(whole.magnitude) + tail
    }
}
