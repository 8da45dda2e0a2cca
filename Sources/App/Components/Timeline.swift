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
            for event in events { li(.class("timeline-\(event.tone.rawValue)")) { line(event, t) } }
        }
    }

    private func line(_ event: Event, _ t: Localiser) -> HTML {
        group {
            p(.class("timeline-when")) {
                event.showsTime ? t.timeElement(event.at) : t.dateElement(event.at)
                " "
                span(.class("relative")) { t.relativeDays(to: event.at) }
            }
            p(.class("timeline-what")) { event.text }
            if !event.note.isEmpty { p(.class("timeline-why")) { event.note } }
        }
    }
}
