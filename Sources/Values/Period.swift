/// A half-open span of time, [from, to): the instant `to` belongs to the next period (B5).
package struct Period: Sendable, Hashable, CustomStringConvertible {
    package let from: Instant
    package let to: Instant

    /// `to` must not lie before `from`; equal ends are an empty period.
    package init(from: Instant, to: Instant) {
        precondition(from <= to, "a period cannot end before it begins")
        self.from = from
        self.to = to
    }

    /// Nil when the end lies before the beginning; for ends that come from outside.
    package init?(checking from: Instant, _ to: Instant) {
        guard from <= to else { return nil }
        self.init(from: from, to: to)
    }

    package var isEmpty: Bool { from == to }
    package func contains(_ instant: Instant) -> Bool { from <= instant && instant < to }
    package func overlaps(_ other: Period) -> Bool { max(from, other.from) < min(to, other.to) }
    package var description: String { "[\(from), \(to))" }
}
