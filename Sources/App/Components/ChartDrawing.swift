import HTML
import Values

/// One drawing of a chart. There are two on the page, for a wide and for a narrow screen, because text must not shrink with its
/// picture (C12); a style rule shows one of them.
struct ChartDrawing {
    struct Size {
        let name: String
        let width: Int
        let height: Int
        /// Room for the tick labels.
        let left: Int
        let top: Int
        let bottom: Int
        let barMaximum: Int

        static let wide = Size(name: "wide", width: 680, height: 236, left: 64, top: 30, bottom: 28, barMaximum: 34)
        static let narrow = Size(name: "narrow", width: 320, height: 216, left: 52, top: 28, bottom: 26, barMaximum: 20)

        var plotWidth: Int { width - left }
        var plotHeight: Int { height - top - bottom }
    }

    let chart: StackedColumnChart
    let size: Size
    private let scale: ChartScale

    init(chart: StackedColumnChart, size: Size) {
        self.chart = chart
        self.size = size
        let stacks = chart.columns.compactMap(\.amounts)
        let highest = stacks.map { $0.reduce(Int64(0)) { $0 + max($1.minor, 0) } }.max() ?? 0
        let lowest = stacks.map { $0.reduce(Int64(0)) { $0 + min($1.minor, 0) } }.min() ?? 0
        scale = ChartScale(lowest: lowest, highest: highest)
    }

    private var prefix: String { "\(chart.id)-\(size.name)" }

    func html(_ t: Localiser) -> HTML {
        svg(
            .class("drawing drawing--\(size.name)"), .viewBox(0, 0, size.width, size.height), .role(.group),
            .ariaLabelledby("\(prefix)-title")
        ) {
            svgTitle(.id("\(prefix)-title")) { chart.title }
            patterns
            grid(t)
            for (index, column) in chart.columns.enumerated() { self.column(column, index, t) }
        }
    }

    /// Lines in the colour of the paper over a column that still grows.
    private var patterns: HTML {
        defs {
            pattern(
                .id("\(prefix)-open"), .width(6), .height(6), .patternUnitsUserSpace(), .patternTransform(rotate: 45)
            ) { rect(.class("hatch"), .width(3), .height(6)) }
        }
    }

    private func y(_ minor: Int64) -> Int { size.top + scale.offset(of: minor, height: size.plotHeight) }

    private func grid(_ t: Localiser) -> HTML {
        g(.ariaHidden()) {
            for tick in scale.ticks {
                line(
                    .class(tick == 0 ? "axis" : "grid"), .x1(size.left), .x2(size.width), .y1(y(tick)), .y2(y(tick)), .crisp)
                svgText(.x(size.left - 8), .y(y(tick) + 4), .textAnchor(.end)) {
                    t.tick(tick, currency: chart.currency)
                }
            }
        }
    }

    private func column(_ column: StackedColumnChart.Column, _ index: Int, _ t: Localiser) -> HTML {
        let left = size.left + size.plotWidth * index / chart.columns.count
        let slot = size.left + size.plotWidth * (index + 1) / chart.columns.count - left
        let bar = min(size.barMaximum, slot * 6 / 10)
        return svgLink(.class("col"), .href(.anchor(chart.rowID(column))), .ariaLabel(spoken(column, t))) {
            rect(.class("hit"), .x(left), .y(size.top - 4), .width(slot), .height(size.plotHeight + size.bottom))
            g(.ariaHidden()) {
                segments(column, x: left + (slot - bar) / 2, width: bar)
                if isLabelled(index) {
                    // The last one ends with the drawing where it is wider than its column.
                    let isWide = index == chart.columns.count - 1 && Self.width(column.label) > slot
                    svgText(
                        .class("label"), .x(isWide ? size.width : left + slot / 2), .y(size.height - 8),
                        .textAnchor(isWide ? .end : .middle)
                    ) { column.label }
                }
                svgText(.class("tip"), .x(size.width), .y(14), .textAnchor(.end)) { tip(column, t) }
            }
        }
    }

    /// About what the letters take at 12 pixels, rather more than less.
    private static func width(_ label: String) -> Int { label.unicodeScalars.reduce(0) { $0 + ($1.value < 0x2E80 ? 7 : 12) } }

    /// As many labels as stand beside each other without touching, counted back from the last column, which always has its own.
    private func isLabelled(_ index: Int) -> Bool {
        let widest = chart.columns.map { Self.width($0.label) }.max() ?? 0
        let slot = max(1, size.plotWidth / max(1, chart.columns.count))
        let step = max(1, (widest + 4 + slot - 1) / slot)
        return (chart.columns.count - 1 - index) % step == 0
    }

    /// The parts of a column from the zero line outwards: what is positive upwards, what is negative downwards.
    private func segments(_ column: StackedColumnChart.Column, x: Int, width: Int) -> HTML {
        guard let amounts = column.amounts else { return .empty }
        var up: Int64 = 0
        var down: Int64 = 0
        var parts: [HTML] = []
        for (index, amount) in amounts.enumerated() where !amount.isZero {
            let from = amount.isNegative ? down : up
            let to = from + amount.minor
            let (high, low) = (y(max(from, to)), y(min(from, to)))
            if amount.isNegative { down = to } else { up = to }
            guard low > high else { continue }
            parts.append(rect(.class("seg s\(index + 1)"), .x(x), .y(high), .width(width), .height(low - high)))
        }
        if column.isOpen, y(up) < y(down) {
            parts.append(rect(.fill(pattern: "\(prefix)-open"), .x(x), .y(y(up)), .width(width), .height(y(down) - y(up))))
        }
        return .fragment(parts)
    }

    /// `2026-11-12: Compute CN¥9.00, Storage CN¥3.00, total CN¥12.00`.
    private func spoken(_ column: StackedColumnChart.Column, _ t: Localiser) -> String {
        guard let amounts = column.amounts, let total = chart.total(column) else {
            return t("chart.column_missing", ["day": column.name])
        }
        let parts = zip(chart.series, amounts).filter { !$1.isZero }.map { "\($0) \(t.money($1))" }
        let list = parts.isEmpty ? "" : parts.joined(separator: t("common.list_comma")) + t("common.list_comma")
        let words = t("chart.column", ["day": column.name, "parts": list, "total": t.money(total)])
        return column.isOpen ? words + t("common.list_comma") + t("chart.incomplete") : words
    }

    private func tip(_ column: StackedColumnChart.Column, _ t: Localiser) -> String {
        guard let amounts = column.amounts, let total = chart.total(column) else {
            return t("chart.column_missing", ["day": column.name])
        }
        guard size.name == Size.wide.name else { return "\(column.name) · \(t.money(total))" }
        let parts = zip(chart.series, amounts).filter { !$1.isZero }.prefix(4).map { "\($0) \(t.amount($1))" }
        return ([column.name] + parts + [t.money(total)]).joined(separator: " · ")
    }
}
