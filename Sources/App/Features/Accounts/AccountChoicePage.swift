import HTML

/// The choice among one's own accounts, after signing in with more than one.
package struct AccountChoicePage: Page {
    package struct Choice: Sendable {
        package let name: String
        package let role: String
        package let url: URLPath

        package init(name: String, role: String, url: URLPath) {
            self.name = name
            self.role = role
            self.url = url
        }
    }

    package var choices: [Choice]

    package init(choices: [Choice]) { self.choices = choices }

    package func title(_ t: Localiser) -> String { t("accounts.choose_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            PageHeading(title(t), lede: .text(t("accounts.choose_lede"))).html
            if choices.isEmpty {
                EmptyState.noPermission(title: t("accounts.none_title"), text: t("accounts.none_text")).html(t)
            } else {
                ul(.class("choice-list")) {
                    for choice in choices {
                        li {
                            a(.href(choice.url)) {
                                strong { choice.name }
                                span(.class("sub")) { choice.role }
                            }
                        }
                    }
                }
            }
        }
    }
}
