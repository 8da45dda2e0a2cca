import HTML

/// The pages of one thing, side by side: which of them this is, and the way to the others.
package struct SectionLinks: Sendable {
    package let name: String
    package let items: [NavigationItem]

    package init(_ name: String, _ items: [NavigationItem]) {
        self.name = name
        self.items = items
    }

    package var html: HTML {
        nav(.class("sections"), .ariaLabel(name)) {
            ul { for item in items { li { Self.link(item, .page) } } }
        }
    }

    /// The same for the ways to look at one page's content, smaller and with a word before them.
    package var choices: HTML {
        div(.class("choice-row")) {
            span(.class("choice-name"), .ariaHidden()) { name }
            ul(.ariaLabel(name)) { for item in items { li { Self.link(item, .yes) } } }
        }
    }

    private static func link(_ item: NavigationItem, _ current: CurrentItem) -> HTML {
        a(.href(item.url), .ariaCurrent(item.isCurrent ? current : nil)) { item.label }
    }
}
