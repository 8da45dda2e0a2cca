import HTML

/// Names and values of one thing, one under another.
package struct DetailList: Sendable {
    package struct Item: Sendable {
        package let label: String
        package let value: HTML
        package let action: ActionLink?

        package init(_ label: String, _ value: HTML, action: ActionLink? = nil) {
            self.label = label
            self.value = value
            self.action = action
        }
    }

    package let items: [Item]

    package init(_ items: [Item]) { self.items = items }

    package var html: HTML {
        dl(.class("details")) {
            for item in items {
                div {
                    dt { item.label }
                    dd {
                        item.value
                        if let action = item.action { span(.class("detail-action")) { action.link } }
                    }
                }
            }
        }
    }
}

/// An ID that can be copied: selected by hand where there is no script, by its button where there is one (G10).
///
/// - Parameter isWhole: what is shown once is broken into lines where it is wider than the screen, so that it can be read and written down.
package func copyable(_ value: String, name: String, id: String, isWhole: Bool = false, _ t: Localiser) -> HTML {
    span(.class("copyable")) {
        if isWhole {
            textarea(.class("mono"), .id(id), .readonly(), .ariaLabel(name), .rows(1), .spellcheck(false), value: value)
        } else {
            input(
                .class("mono"), .id(id), .value(value), .readonly(), .ariaLabel(name), .size(min(value.utf8.count + 1, 64)),
                .spellcheck(false), .autocomplete(.off))
        }
        button(
            .type(.button), .class("copy"), .data(.module, "copy"), .data(.copy, id), .data(.copied, t("common.copied")),
            .ariaLabel(t("common.copy_name", ["name": name]))
        ) { t("common.copy") }
    }
}

/// An ID inside a table or a sentence.
package func identifier(_ value: String) -> HTML { code { value } }

/// A name with what identifies it below: a person's address, a partner's code.
package func twoLines(_ name: String, _ below: String) -> HTML {
    group {
        name
        if below != name { span(.class("sub")) { below } }
    }
}
