import HTML

/// Whether an action may be taken, as the use case judged it: open, shut by the state with the reason in words, or none of this
/// role's business and not shown at all (G24).
package enum Way: Sendable {
    case open(URLPath)
    case shut(because: String)
    case hidden

    /// The action under its label; nil when the role never may.
    package func action(_ label: String, _ weight: ActionLink.Weight = .plain) -> ActionLink? {
        switch self {
        case .open(let url): ActionLink(label, url, weight)
        case .shut(let reason): ActionLink(label, .anchor("main"), weight, unavailableBecause: reason)
        case .hidden: nil
        }
    }

    package var url: URLPath? {
        if case .open(let url) = self { url } else { nil }
    }
}
