import App
import FoundationEssentials
import HTML
import Testing

/// Colours are held to WCAG 2.2 by number, on paper and at night: a browser's checker does not look into drawings.
@Suite struct StyleTests {
    enum Scheme: Int, CaseIterable, Sendable { case light, dark }

    static func tokens() throws -> [String: [String]] {
        let text = try String(contentsOf: ProjectFolder.web.appending(path: "styles/01-tokens.css"), encoding: .utf8)
        var tokens: [String: [String]] = [:]
        for match in text.matches(of: #/--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/#) {
            tokens[String(match.output.1)] = [String(match.output.2), String(match.output.3)]
        }
        return tokens
    }

    /// x to the power of 2.4, with the fifth root found by Newton's steps.
    private static func power12Fifths(_ x: Double) -> Double {
        var root = 1.0
        for _ in 0..<40 { root = (4 * root + x / (root * root * root * root)) / 5 }
        return x * x * root * root
    }

    private static func luminance(_ hex: String) -> Double {
        let channels = [1, 3, 5].map { offset -> Double in
            let start = hex.index(hex.startIndex, offsetBy: offset)
            let value = Double(Int(hex[start..<hex.index(start, offsetBy: 2)], radix: 16) ?? 0) / 255
            return value <= 0.03928 ? value / 12.92 : power12Fifths((value + 0.055) / 1.055)
        }
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }

    static func contrast(_ one: String, _ other: String) -> Double {
        let values = [luminance(one), luminance(other)].sorted()
        return (values[1] + 0.05) / (values[0] + 0.05)
    }

    @Test(arguments: Scheme.allCases)
    func `words are readable on every ground they stand on`(scheme: Scheme) throws {
        let tokens = try Self.tokens()
        let grounds = ["paper", "card", "sunk"]
        let pairs =
            ["ink", "soft", "faint", "accent", "bad"].flatMap { word in grounds.map { (word, $0) } } + [
                ("good", "good-wash"), ("warn", "warn-wash"), ("bad", "bad-wash"), ("info", "info-wash"), ("accent", "wash"),
                ("provider", "provider-wash"), ("ink", "warn-wash"), ("ink", "bad-wash"), ("ink", "good-wash"),
                ("ink", "info-wash"),
                ("accent-ink", "accent"), ("accent-ink", "accent-strong"), ("paper", "bad"), ("soft", "warn-wash"),
            ]
        for (word, ground) in pairs {
            let ratio = Self.contrast(
                try #require(tokens[word]?[scheme.rawValue]), try #require(tokens[ground]?[scheme.rawValue]))
            #expect(ratio >= 4.5, "\(word) on \(ground) in \(scheme): \(ratio)")
        }
    }

    @Test(arguments: Scheme.allCases)
    func `edges and series stand out from the paper, and series from their neighbours`(scheme: Scheme) throws {
        let tokens = try Self.tokens()
        func colour(_ name: String) throws -> String { try #require(tokens[name]?[scheme.rawValue]) }
        for name in ["edge", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "accent", "provider"] {
            #expect(Self.contrast(try colour(name), try colour("paper")) >= 3, "\(name) in \(scheme)")
        }
        for index in 1..<7 {
            let ratio = Self.contrast(try colour("s\(index)"), try colour("s\(index + 1)"))
            #expect(ratio >= 2.6, "s\(index) beside s\(index + 1) in \(scheme): \(ratio)")
        }
    }

    @Test func `files are addressed by their content and small`() throws {
        let assets = try Assets(folder: ProjectFolder.web)
        // P1 asks for 14 kB of gzip at most: a quarter of these bytes, which the crawl weighs.
        #expect(assets.stylesheet.bytes.count < 40_000)
        #expect(assets.script.bytes.count < 6_000)
        #expect(assets.find(assets.stylesheet.path.string)?.isImmutable == true)
        #expect(assets.find("/favicon.ico")?.isImmutable == false)
        #expect(assets.find("/assets/bursar-0000000000000000.css") == nil)
        #expect(assets.find("/assets/../strings/en.json") == nil)
        let text = String(decoding: assets.stylesheet.bytes, as: UTF8.self)
        #expect(!text.contains("/*"))
        #expect(text.filter { $0 == "{" }.count == text.filter { $0 == "}" }.count)
    }

    @Test func `every class that a page wears is known to the styles`() throws {
        let assets = try Assets(folder: ProjectFolder.web)
        let styles = String(decoding: assets.stylesheet.bytes, as: UTF8.self)
        var worn: Set<String> = []
        for exhibit in try GalleryTests.exhibits(.en, assets.links) {
            for match in exhibit.text.matches(of: #/ class="([^"]+)"/#) {
                worn.formUnion(match.output.1.split(separator: " ").map(String.init))
            }
        }
        let unstyled: Set = [
            "side-account", "side-outside", "timeline-quiet", "timeline-good", "timeline-info", "drawing--wide", "pill--quiet",
            "banner--quiet", "bar--good",
        ]
        for name in worn.subtracting(unstyled) {
            let isKnown = styles.contains(".\(name)")
            #expect(isKnown, "\(name)")
        }
    }
}

@Suite struct FormTests {
    @Test func `on a telephone the pages of one thing stand in rows, none of them out of sight`() throws {
        let shell = try String(contentsOf: ProjectFolder.web.appending(path: "styles/03-shell.css"), encoding: .utf8)
        let rules = shell.split(separator: "\n").filter { $0.contains(".sections") }
        #expect(rules.contains { $0.contains(".sections ul") && $0.contains("flex-wrap: wrap") })
        #expect(!rules.contains { $0.contains("overflow-x") })
    }

    @Test func `a password is never written back into the page`() throws {
        let markup = TextField("password", "Password", value: "secret", type: .password).html(
            [], try ProjectFolder.localiser(.en)
        ).markup
        #expect(!markup.contains("secret"))
    }

    @Test func `a problem stands in the summary and beside its field in the same words`() throws {
        let t = try ProjectFolder.localiser(.en)
        let problems = [FieldProblem("amount", "Too <small>")]
        let field = TextField("amount", "Amount", hint: "From 1", value: "0.99").html(problems, t).markup
        #expect(field.contains("aria-describedby=\"field-amount-hint field-amount-error\""))
        #expect(field.contains("aria-invalid=\"true\""))
        #expect(field.contains("Too &lt;small&gt;"))
        #expect(errorSummary(problems, t).markup.contains("<a href=\"#field-amount\">Too &lt;small&gt;</a>"))
        #expect(errorSummary([], t).isEmpty)
    }

    @Test func `an action that the state forbids leads nowhere and says why`() throws {
        let markup = try #require(Way.shut(because: "It is deleted.").action("Pay")).button.markup
        #expect(!markup.contains("href"))
        #expect(markup.contains("It is deleted."))
        #expect(Way.hidden.action("Pay") == nil)
    }
}
