import HTML

/// What is at stake, for colour. Amber and red only where a date and a way out stand beside them.
package enum Tone: String, Sendable { case good, warn, bad, quiet, info }

/// A state as a word, a shape and a colour together, so that none of them carries it alone.
package struct StatePill: Sendable {
    package enum Shape: Sendable { case disc, ring, triangle, pause, cross }

    package let word: String
    package let tone: Tone
    package let shape: Shape

    package init(_ word: String, _ tone: Tone, _ shape: Shape) {
        self.word = word
        self.tone = tone
        self.shape = shape
    }

    package var html: HTML {
        span(.class("pill pill--\(tone.rawValue)")) {
            svg(.class("shape"), .viewBox(0, 0, 10, 10), .width(10), .height(10), .ariaHidden(), .focusable(false)) { drawing }
            word
        }
    }

    private var drawing: HTML {
        switch shape {
        case .disc: circle(.cx(5), .cy(5), .r(4))
        case .ring: path(.class("shape-line"), .d("M5 1.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7"))
        case .triangle: path(.d("M5 .8 9.8 9.2H.2z"))
        case .pause: path(.d("M1.8 1h2.3v8H1.8zM5.9 1h2.3v8H5.9z"))
        case .cross: path(.class("shape-line"), .d("M2 2l6 6M8 2 2 8"))
        }
    }
}
