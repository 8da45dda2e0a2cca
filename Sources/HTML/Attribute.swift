/// An attribute without its element's type, as the tree keeps it.
package struct RawAttribute: Sendable {
    package enum Value: Sendable {
        /// The attribute is left out: a condition that did not hold.
        case absent
        /// Present without a value: `required`.
        case flag
        case text(String)
        case token(StaticString)
        case number(Int)
    }

    package let name: StaticString
    package let value: Value

    package init(_ name: StaticString, _ value: Value) {
        self.name = name
        self.value = value
    }
}

/// An attribute that only elements of `Scope` accept: `.href` on a paragraph does not compile.
package struct Attribute<Scope>: Sendable {
    let raw: RawAttribute

    init(_ name: StaticString, _ value: RawAttribute.Value) { raw = RawAttribute(name, value) }
    init(_ name: StaticString, text: String?) { self.init(name, text.map(RawAttribute.Value.text) ?? .absent) }
    init(_ name: StaticString, number: Int?) { self.init(name, number.map(RawAttribute.Value.number) ?? .absent) }
    init(_ name: StaticString, flag: Bool) { self.init(name, flag ? .flag : .absent) }
}

// MARK: For every element

extension Attribute {
    /// Class names; nil ones are left out, so that a condition can stand in place.
    package static func `class`(_ names: String?...) -> Self {
        let present = names.compactMap { $0 }
        return Self("class", text: present.isEmpty ? nil : present.joined(separator: " "))
    }
    package static func id(_ id: String?) -> Self { Self("id", text: id) }
    package static func lang(_ tag: String?) -> Self { Self("lang", text: tag) }
    package static func title(_ text: String?) -> Self { Self("title", text: text) }
    /// Takes the focus when the page is shown.
    package static func autofocus(_ takes: Bool = true) -> Self { Self("autofocus", flag: takes) }
    package static func hidden(_ isHidden: Bool = true) -> Self { Self("hidden", flag: isHidden) }
    package static func tabindex(_ index: Int) -> Self { Self("tabindex", number: index) }
    package static func translate(_ translates: Bool) -> Self { Self("translate", .token(translates ? "yes" : "no")) }
    /// `data-module` and its like, for the page's scripts.
    package static func data(_ name: DataName, _ value: String = "") -> Self { Self(name.attribute, text: value) }
    package static func role(_ role: AriaRole) -> Self { Self("role", .token(role.token)) }
}

/// The data attributes that the scripts read: a closed list, so that a name in markup has a reader.
package enum DataName: Sendable {
    case module, copy, copied, label

    var attribute: StaticString {
        switch self {
        case .module: "data-module"
        case .copy: "data-copy"
        case .copied: "data-copied"
        case .label: "data-label"
        }
    }
}

package enum AriaRole: Sendable {
    case alert, group, list, region, search, status

    var token: StaticString {
        switch self {
        case .alert: "alert"
        case .group: "group"
        case .list: "list"
        case .region: "region"
        case .search: "search"
        case .status: "status"
        }
    }
}

// MARK: ARIA

package enum CurrentItem: Sendable { case page, step, yes }
package enum AriaSort: Sendable { case ascending, descending, none }

extension Attribute {
    package static func ariaLabel(_ text: String?) -> Self { Self("aria-label", text: text) }
    package static func ariaLabelledby(_ ids: String...) -> Self { Self("aria-labelledby", text: ids.joined(separator: " ")) }
    package static func ariaDescribedby(_ ids: [String]) -> Self {
        Self("aria-describedby", text: ids.isEmpty ? nil : ids.joined(separator: " "))
    }
    package static func ariaHidden(_ isHidden: Bool = true) -> Self { Self("aria-hidden", isHidden ? .token("true") : .absent) }
    package static func ariaInvalid(_ isInvalid: Bool) -> Self { Self("aria-invalid", isInvalid ? .token("true") : .absent) }
    package static var ariaLivePolite: Self { Self("aria-live", .token("polite")) }
    package static func ariaCurrent(_ item: CurrentItem?) -> Self {
        switch item {
        case nil: Self("aria-current", .absent)
        case .page: Self("aria-current", .token("page"))
        case .step: Self("aria-current", .token("step"))
        case .yes: Self("aria-current", .token("true"))
        }
    }
    package static func ariaSort(_ direction: AriaSort?) -> Self {
        switch direction {
        case nil: Self("aria-sort", .absent)
        case .ascending: Self("aria-sort", .token("ascending"))
        case .descending: Self("aria-sort", .token("descending"))
        case .some(.none): Self("aria-sort", .token("none"))
        }
    }
}
