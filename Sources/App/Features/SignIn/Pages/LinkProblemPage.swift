import HTML

/// In place of the page behind a one-time link that opens nothing any more: what is the matter with it, and the way on.
package struct LinkProblemPage: Page {
    package enum Problem: String, Sendable { case used, expired, unknown }

    package let problem: Problem
    package let purpose: OneTimeLink.Purpose
    package let actions: [ActionLink]
    /// The provider's page that the link came from.
    package let origin: ExternalURL?

    package init(_ problem: Problem, _ purpose: OneTimeLink.Purpose, actions: [ActionLink], origin: ExternalURL? = nil) {
        self.problem = problem
        self.purpose = purpose
        self.actions = actions
        self.origin = origin
    }

    package func title(_ t: Localiser) -> String { t("link.\(problem.rawValue)_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("error-page")) {
            h1 { title(t) }
            p(.class("lede")) { t("link.\(problem.rawValue)_text") }
            p { t("link.\(purpose.rawValue)") }
            div(.class("actions")) {
                if let origin { a(.class("btn btn--primary"), .href(origin)) { t("shell.way_back", ["host": origin.host]) } }
                for action in actions { action.button }
            }
        }
    }
}
