import HTML

/// One large number and a few quiet ones: what do I have.
package struct FactsStrip: Sendable {
    package struct Fact: Sendable {
        package let label: String
        package let value: HTML
        package let note: HTML

        package init(_ label: String, _ value: HTML, note: HTML = .empty) {
            self.label = label
            self.value = value
            self.note = note
        }
    }

    package let large: Fact
    package let others: [Fact]
    /// Set below the large number: a bar of what is left.
    package let picture: HTML

    package init(large: Fact, others: [Fact], picture: HTML = .empty) {
        self.large = large
        self.others = others
        self.picture = picture
    }

    package var html: HTML {
        dl(.class("facts")) {
            item(large, name: "fact fact--large", picture: picture)
            for fact in others { item(fact, name: "fact", picture: .empty) }
        }
    }

    private func item(_ fact: Fact, name: String, picture: HTML) -> HTML {
        div(.class(name)) {
            dt { fact.label }
            dd(.class("fact-value")) { fact.value }
            if !fact.note.isEmpty || !picture.isEmpty {
                dd(.class("fact-note")) {
                    picture
                    fact.note
                }
            }
        }
    }
}

/// How much of something is left, as a thin bar of parts. It only repeats what the words beside it say, so it is hidden from
/// the ear.
package struct RemainderBar: Sendable {
    /// Parts and whole in any one unit; the bar computes with integers.
    package let parts: [Int64]
    package let whole: Int64
    package let tone: Tone

    package init(parts: [Int64], whole: Int64, tone: Tone = .good) {
        self.parts = parts
        self.whole = whole
        self.tone = tone
    }

    package var html: HTML {
        let width: Int64 = 1_000
        var x = 0
        var rects: [HTML] = []
        for part in parts where part > 0 && whole > 0 {
            let length = Int(min(part, whole).multipliedFullWidth(by: width).high == 0 ? min(part, whole) * width / whole : width)
            rects.append(rect(.class("bar-part"), .x(x), .width(max(length - 3, 3)), .height(8)))
            x += length
        }
        return svg(
            .class("bar bar--\(tone.rawValue)"), .viewBox(0, 0, Int(width), 8), .ariaHidden(), .focusable(false),
            .stretched
        ) {
            rect(.class("bar-ground"), .width(Int(width)), .height(8))
            HTML.fragment(rects)
        }
    }
}
