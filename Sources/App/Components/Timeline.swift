import HTML
import Values

/// Dated events one under another: what will happen, or what has.
package struct Timeline: Sendable {
    package struct Event: Sendable {
        package let at: Instant
        package let tone: Tone
        package let text: HTML
        /// The rule and the number behind the date, quieter.
        package let note: HTML
        /// Whether the hour matters and is shown.
        package let showsTime: Bool

        package init(at: Instant, tone: Tone, text: HTML, note: HTML = .empty, showsTime: Bool = false) {
            self.at = at
            self.tone = tone
            self.text = text
            self.note = note
            self.showsTime = showsTime
        }
    }

    package let events: [Event]

    package init(_ events: [Event]) { self.events = events }

    package func html(_ t: Localiser) -> HTML {
        ol(.class("timeline")) {
            for moment in moments { li(.class("timeline-\(tone(of: moment).rawValue)")) { entry(moment, t) } }
        }
    }

    /// Events of one instant stand under one date.
    private var moments: [[Event]] {
        var moments: [[Event]] = []
        for event in events {
            if let last = moments.last?.last, last.at == event.at {
                moments[moments.count - 1].append(event)
            } else {
                moments.append([event])
            }
        }
        return moments
    }

    private func tone(of moment: [Event]) -> Tone {
        let tones = moment.map(\.tone)
        return tones.contains(.bad) ? .bad : tones.contains(.warn) ? .warn : tones.first ?? .quiet
    }

    private func entry(_ moment: [Event], _ t: Localiser) -> HTML {
        group {
            if let first = moment.first {
                p(.class("timeline-when")) {
                    first.showsTime ? t.timeElement(first.at) : t.dateElement(first.at)
                    " "
                    span(.class("relative")) { t.relativeDays(to: first.at) }
                }
            }
            for event in moment {
                p(.class("timeline-what")) { event.text }
                if !event.note.isEmpty { p(.class("timeline-why")) { event.note } }
            }
        }
    }
}
