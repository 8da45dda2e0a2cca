import HTML

/// The way back up. The current page closes the row and is no link.
package struct Breadcrumbs: Sendable {
    package let ancestors: [(label: String, url: URLPath)]
    package let current: String

    package init(_ ancestors: [(label: String, url: URLPath)], current: String) {
        self.ancestors = ancestors
        self.current = current
    }

    package func html(_ t: Localiser) -> HTML {
        nav(.class("crumbs"), .ariaLabel(t("shell.breadcrumbs"))) {
            ol {
                for step in ancestors { li { a(.href(step.url)) { step.label } } }
                li { span(.ariaCurrent(.page)) { current } }
            }
        }
    }
}

/// A page's name, state, one sentence about it, and what can be done.
package struct PageHeading: Sendable {
    package var title: String
    package var pill: StatePill?
    package var lede: HTML
    package var actions: [ActionLink]
    /// Actions that post by themselves.
    package var forms: [ActionForm]

    package init(
        _ title: String, pill: StatePill? = nil, lede: HTML = .empty, actions: [ActionLink] = [], forms: [ActionForm] = []
    ) {
        self.title = title
        self.pill = pill
        self.lede = lede
        self.actions = actions
        self.forms = forms
    }

    package var html: HTML {
        div(.class("heading")) {
            div(.class("heading-words")) {
                div(.class("heading-line")) {
                    h1 { title }
                    if let pill { pill.html }
                }
                if !lede.isEmpty { p(.class("lede")) { lede } }
            }
            if !actions.isEmpty || !forms.isEmpty {
                div(.class("actions")) {
                    for action in actions { action.button }
                    for form in forms { form.html }
                }
            }
        }
    }
}
