import HTML

/// Why a list shows nothing, and what to do about it: four kinds, each with its own words (G25).
package enum EmptyState: Sendable {
    /// There never was anything: what it is, and how to begin.
    case neverHad(title: String, text: String, action: ActionLink?)
    /// The filters leave nothing.
    case filteredOut(title: String, clear: URLPath)
    /// There was, and all is done.
    case allDone(title: String, text: String)
    /// The role does not allow to see it: who can grant it.
    case noPermission(title: String, text: String)

    package func html(_ t: Localiser) -> HTML {
        switch self {
        case .neverHad(let title, let text, let action):
            frame(title, text, mark: "M8 24h32M8 16h20M8 32h14", action: action?.button ?? .empty)
        case .filteredOut(let title, let clear):
            frame(
                title, t("empty.filtered"), mark: "M8 12h32l-12 14v10l-8-4v-6z",
                action: ActionLink(t("list.clear_all"), clear).button)
        case .allDone(let title, let text):
            frame(title, text, mark: "M10 25l9 9 19-20", action: .empty)
        case .noPermission(let title, let text):
            frame(title, text, mark: "M12 22h24v16H12zM17 22v-6a7 7 0 0 1 14 0v6", action: .empty)
        }
    }

    private func frame(_ title: String, _ text: String, mark: String, action: HTML) -> HTML {
        div(.class("empty")) {
            svg(.class("empty-mark"), .viewBox(0, 0, 48, 48), .width(40), .height(40), .ariaHidden(), .focusable(false)) {
                path(.d(mark))
            }
            h2 { title }
            p { text }
            action
        }
    }
}
