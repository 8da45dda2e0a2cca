/// Which kind of "no" a rule gives; the App layer answers each with one HTTP status.
package enum RefusalKind: Sendable, Hashable {
    /// The role or the offer's kind never allows it (403).
    case notAllowedForKind
    /// The present state forbids it; another state would not (409).
    case stateForbids
    /// The value handed in is at fault (422).
    case invalid
}

/// A rule's "no". The code is stable: programs read it, and pages find their words by it.
package protocol Refusal: Error, Sendable, Hashable {
    var code: String { get }
    var kind: RefusalKind { get }
}
