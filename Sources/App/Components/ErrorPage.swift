import HTML

/// A page in place of the one that was asked for, in the reader's language, with the way on.
///
/// The words are those of the code (`error.<code>.title`, `.detail`), the same that the API's answer carries, unless people have others for it
/// (`page_error.<code>`); a code without words of its own speaks with its status's.
package struct ErrorPageModel: Page {
    package let status: Int
    package let code: String
    package let arguments: [String: String]
    package let requestID: String
    package let actions: [ActionLink]

    package init(
        status: Int, code: String, arguments: [String: String] = [:], requestID: String, actions: [ActionLink] = []
    ) {
        self.status = status
        self.code = code
        self.arguments = arguments
        self.requestID = requestID
        self.actions = actions
    }

    package func title(_ t: Localiser) -> String { words("title", t) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("error-page")) {
            p(.class("error-code"), .ariaHidden()) { String(status) }
            h1 { title(t) }
            p(.class("lede")) { words("detail", t) }
            if !actions.isEmpty { div(.class("actions")) { for action in actions { action.button } } }
            div(.class("error-request")) {
                p(.class("hint")) { t("error.request") }
                copyable(requestID, name: t("error.request_name"), id: "request-id", t)
            }
        }
    }

    private func words(_ part: String, _ t: Localiser) -> String {
        let forPeople = "page_error.\(code).\(part)"
        if t.strings.has(forPeople) { return t.refusal(forPeople, arguments) }
        let own = "error.\(code).\(part)"
        if t.strings.has(own) { return t.refusal(own, arguments) }
        let general = "error.status_\(status).\(part)"
        return t(t.strings.has(general) ? general : "error.status_500.\(part)", arguments)
    }
}
