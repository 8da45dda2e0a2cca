import HTML

/// A message above a page's content.
package struct Banner: Sendable {
    package let tone: Tone
    package let title: String
    package let text: HTML
    package let actions: [ActionLink]
    package let forms: [ActionForm]

    package init(_ tone: Tone, title: String, text: HTML = .empty, actions: [ActionLink] = [], forms: [ActionForm] = []) {
        self.tone = tone
        self.title = title
        self.text = text
        self.actions = actions
        self.forms = forms
    }

    package var html: HTML {
        div(.class("banner banner--\(tone.rawValue)"), .role(tone == .bad ? .alert : .status)) {
            p(.class("banner-title")) { title }
            if !text.isEmpty { div(.class("banner-text")) { text } }
            if !actions.isEmpty || !forms.isEmpty {
                div(.class("actions")) {
                    for action in actions { action.button }
                    for form in forms { form.html }
                }
            }
        }
    }
}

/// A box for what stands apart from the page's main line.
package func panel(_ title: String, id: String? = nil, tools: HTML = .empty, @HTMLBuilder content: () -> HTML) -> HTML {
    section(.class("panel"), .id(id)) {
        div(.class("section-head")) {
            h2 { title }
            tools
        }
        content()
    }
}

/// A part of the page with a heading and a quiet sentence under it.
package func block(
    _ title: String, id: String? = nil, note: HTML = .empty, tools: HTML = .empty, @HTMLBuilder content: () -> HTML
) -> HTML {
    section(.class("block"), .id(id)) {
        div(.class("section-head")) {
            h2 { title }
            tools
        }
        if !note.isEmpty { p(.class("note")) { note } }
        content()
    }
}

/// A part of the page that could not be made; the rest of the page stands (G26).
package func failedPanel(_ title: String, retry: URLPath, _ t: Localiser) -> HTML {
    block(title) {
        p(.class("note")) {
            t("common.panel_failed")
            " "
            a(.href(retry)) { t("common.retry") }
        }
    }
}
