@testable import App
import FoundationEssentials
import HTML
import Testing
import Values

@Suite struct ChartScaleTests {
    @Test(arguments: [
        (Int64(0), Int64(0), Int64(1), Int64(1), Int64(0)), (0, 1, 1, 1, 0), (0, 1_800, 500, 2_000, 0),
        (0, 2_001, 1_000, 3_000, 0),
        (0, 99_999, 50_000, 100_000, 0), (-500, 1_000, 500, 1_000, -500), (-1_200, 0, 500, 0, -1_500),
        (0, 100_000_000_000, 50_000_000_000, 100_000_000_000, 0),
    ])
    func `ticks are one, two or five times a power of ten and cover zero and every value`(
        lowest: Int64, highest: Int64, step: Int64, top: Int64, bottom: Int64
    ) {
        let scale = ChartScale(lowest: lowest, highest: highest)
        #expect(scale.step == step)
        #expect(scale.top == top)
        #expect(scale.bottom == bottom)
        #expect(scale.ticks.contains(0))
        #expect((2...7).contains(scale.ticks.count))
    }

    @Test func `the lowest and the highest amount that exist still have a scale`() {
        let scale = ChartScale(lowest: -9_000_000_000_000_000_000, highest: 9_000_000_000_000_000_000)
        #expect(scale.offset(of: 9_000_000_000_000_000_000, height: 200) >= 0)
        #expect(scale.offset(of: -9_000_000_000_000_000_000, height: 200) <= 200)
    }

    @Test func `a value keeps its place between top and bottom`() {
        let scale = ChartScale(lowest: 0, highest: 1_000)
        #expect(scale.offset(of: 1_000, height: 178) == 0)
        #expect(scale.offset(of: 0, height: 178) == 178)
        #expect(scale.offset(of: 500, height: 178) == 89)
    }

    @Test(arguments: [
        (Int64(0), "CN¥0", "¥0"), (150, "CN¥1.50", "¥1.50"), (50_000, "CN¥500", "¥500"), (2_000_000, "CN¥20K", "¥2万"),
        (500_000_000, "CN¥5M", "¥500万"), (-2_000_000, "−CN¥20K", "−¥2万"), (100_000_000_000, "CN¥1,000M", "¥10亿"),
        (1_500_000, "CN¥15K", "¥1.5万"),
    ])
    func `ticks are short in the reader's way`(minor: Int64, english: String, chinese: String) throws {
        #expect(try ProjectFolder.localiser(.en).tick(minor, currency: .cny) == english)
        #expect(try ProjectFolder.localiser(.zhHans).tick(minor, currency: .cny) == chinese)
    }
}

@Suite struct StackedColumnChartTests {
    private func chart(_ columns: [[Int64]?], openLast: Bool = false) -> StackedColumnChart {
        StackedColumnChart(
            id: "c", title: "Usage", finding: "…", series: ["Compute", "Storage"],
            columns: columns.enumerated().map { index, amounts in
                .init(
                    key: "d\(index)", label: "\(index)", name: "day \(index)",
                    amounts: amounts?.map { Money(minor: $0, currency: .cny) }, isOpen: openLast && index == columns.count - 1)
            }, currency: .cny)
    }

    @Test func `the table beneath sums every column and every series`() throws {
        let markup = chart([[100, 50], [25, 0], nil]).html(try ProjectFolder.localiser(.en)).markup
        for figure in ["1.50", "0.25", "1.25", "0.50", "1.75"] { #expect(markup.contains(">\(figure)</span>"), "\(figure)") }
    }

    /// At 320 px the weeks of a quarter stood on top of each other.
    @Test func `labels that would touch stand apart, and the last column always has its own`() throws {
        let weeks = (0..<14).map { "\(9 + $0 / 4)/\($0 % 4 * 7 + 1)" }
        let chart = StackedColumnChart(
            id: "w", title: "Usage", finding: "…", series: ["Compute"],
            columns: weeks.map { .init(key: $0, label: $0, name: $0, amounts: [Money(minor: 100, currency: .cny)]) },
            currency: .cny)
        let markup = chart.html(try ProjectFolder.localiser(.en)).markup
        let drawings = markup.components(separatedBy: "</svg>")
        for (name, width) in [("wide", 616), ("narrow", 268)] {
            let drawing = try #require(drawings.first { $0.contains("drawing--\(name)") })
            let labels = drawing.matches(of: #/<text class="label" x="(\d+)"[^>]*>([^<]*)</#).map {
                (Int($0.output.1) ?? 0, $0.output.2)
            }
            #expect(labels.last?.1 == weeks.last?[...] && labels.count >= 4, "\(name)")
            for (left, right) in zip(labels, labels.dropFirst()) {
                #expect(right.0 - left.0 >= left.1.count * 7, "\(name) of \(width): \(left) \(right)")
            }
        }
    }

    @Test func `a column is a link to its row and says its parts and its total`() throws {
        let markup = chart([[900, 300]]).html(try ProjectFolder.localiser(.en)).markup
        #expect(markup.contains("href=\"#c-d0\""))
        #expect(markup.contains("id=\"c-d0\""))
        #expect(markup.contains("aria-label=\"day 0: Compute CN¥9.00, Storage CN¥3.00, total CN¥12.00\""))
    }

    @Test func `what is missing is not drawn as zero`() throws {
        let markup = chart([nil, [0, 0]]).html(try ProjectFolder.localiser(.en)).markup
        #expect(markup.contains("aria-label=\"day 0: no figures\""))
        #expect(markup.contains("aria-label=\"day 1: total CN¥0.00\""))
        #expect(!markup.contains("class=\"seg"))
    }

    @Test func `a refund goes below the line of zero`() throws {
        let drawing = ChartDrawing(chart: chart([[1_000, -400]]), size: .wide).html(try ProjectFolder.localiser(.en)).markup
        let axis = try #require(
            drawing.firstMatch(of: #/class="axis" x1="\d+" x2="\d+" y1="(\d+)"/#).flatMap { Int($0.output.1) })
        let below = try #require(drawing.firstMatch(of: #/class="seg s2" x="\d+" y="(\d+)"/#).flatMap { Int($0.output.1) })
        #expect(below == axis)
    }

    @Test func `the day that still grows is hatched and said to be incomplete`() throws {
        let markup = chart([[10, 10], [5, 5]], openLast: true).html(try ProjectFolder.localiser(.en)).markup
        #expect(markup.components(of: "fill=\"url(#c-wide-open)\"") == 1)
        #expect(markup.components(of: "fill=\"url(#c-narrow-open)\"") == 1)
        #expect(markup.contains("not complete yet"))
    }

    @Test func `segments of a column reach as high as their sum`() throws {
        let drawing = ChartDrawing(chart: chart([[333, 667]]), size: .wide).html(try ProjectFolder.localiser(.en)).markup
        let heights = drawing.matches(of: #/class="seg s\d" x="\d+" y="\d+" width="\d+" height="(\d+)"/#).compactMap {
            Int($0.output.1)
        }
        #expect(heights.reduce(0, +) == ChartDrawing.Size.wide.plotHeight)
    }
}
