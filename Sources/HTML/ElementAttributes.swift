/// The kinds of element that attributes are typed by.
package enum Tag {
    /// An element with nothing of its own beyond what every element has.
    package enum Plain {}
    package enum Root {}
    package enum Anchor {}
    package enum Metadata {}
    package enum Script {}
    package enum Form {}
    package enum Input {}
    package enum Select {}
    package enum Option {}
    package enum TextArea {}
    package enum Button {}
    package enum Label {}
    package enum Details {}
    package enum OrderedList {}
    package enum Cell {}
    package enum HeaderCell {}
    package enum Time {}
    package enum Progress {}
    package enum Graphic {}
}

/// Elements that send a value with a form.
package protocol FormControl {}
extension Tag.Input: FormControl {}
extension Tag.Select: FormControl {}
extension Tag.TextArea: FormControl {}
extension Tag.Button: FormControl {}

/// Table cells, which may span.
package protocol Spanning {}
extension Tag.Cell: Spanning {}
extension Tag.HeaderCell: Spanning {}

// MARK: Links and metadata

extension Attribute where Scope == Tag.Anchor {
    package static func href(_ url: URLPath) -> Self { Self("href", text: url.string) }
    package static func hreflang(_ tag: String) -> Self { Self("hreflang", text: tag) }
    /// The browser saves the answer instead of showing it.
    package static var download: Self { Self("download", .flag) }
    package static func rel(_ relation: Relation) -> Self { Self("rel", .token(relation.token)) }
}

package enum Relation: Sendable {
    case alternate, icon, next, prev, stylesheet

    var token: StaticString {
        switch self {
        case .alternate: "alternate"
        case .icon: "icon"
        case .next: "next"
        case .prev: "prev"
        case .stylesheet: "stylesheet"
        }
    }
}

extension Attribute where Scope == Tag.Metadata {
    package static func charset(_ name: StaticString) -> Self { Self("charset", .token(name)) }
    package static func name(_ name: StaticString) -> Self { Self("name", .token(name)) }
    package static func content(_ value: String) -> Self { Self("content", text: value) }
    package static func media(_ query: StaticString) -> Self { Self("media", .token(query)) }
    package static func rel(_ relation: Relation) -> Self { Self("rel", .token(relation.token)) }
    package static func type(_ mime: StaticString) -> Self { Self("type", .token(mime)) }
    package static func href(_ url: URLPath) -> Self { Self("href", text: url.string) }
    /// Asks the browser to load the page again after so many seconds.
    package static func refresh(seconds: Int) -> [Self] {
        [Self("http-equiv", .token("refresh")), Self("content", number: seconds)]
    }
}

extension Attribute where Scope == Tag.Script {
    package static func src(_ url: URLPath) -> Self { Self("src", text: url.string) }
    package static var `defer`: Self { Self("defer", .flag) }
}

// MARK: Forms

package enum FormMethod: Sendable { case get, post }
package enum ButtonType: Sendable { case submit, button }
package enum InputType: Sendable {
    case text, email, password, search, hidden, checkbox, radio, date, number, tel, dateTimeLocal

    var token: StaticString {
        switch self {
        case .text: "text"
        case .email: "email"
        case .password: "password"
        case .search: "search"
        case .hidden: "hidden"
        case .checkbox: "checkbox"
        case .radio: "radio"
        case .date: "date"
        case .number: "number"
        case .tel: "tel"
        case .dateTimeLocal: "datetime-local"
        }
    }
}
/// What a password manager and the browser may fill in (WCAG 1.3.5).
package enum Autocomplete: Sendable {
    case off, username, currentPassword, newPassword, oneTimeCode, email, givenName, familyName, organization, tel

    var token: StaticString {
        switch self {
        case .off: "off"
        case .username: "username"
        case .currentPassword: "current-password"
        case .newPassword: "new-password"
        case .oneTimeCode: "one-time-code"
        case .email: "email"
        case .givenName: "given-name"
        case .familyName: "family-name"
        case .organization: "organization"
        case .tel: "tel"
        }
    }
}
package enum InputMode: Sendable { case numeric, decimal, email }

extension Attribute where Scope == Tag.Form {
    package static func method(_ method: FormMethod) -> Self { Self("method", .token(method == .get ? "get" : "post")) }
    package static func action(_ url: URLPath) -> Self { Self("action", text: url.string) }
    /// Leaves checking to the server, whose words are translated and stand beside the field.
    package static var novalidate: Self { Self("novalidate", .flag) }
    package static func autocomplete(_ hint: Autocomplete) -> Self { Self("autocomplete", .token(hint.token)) }
}

extension Attribute where Scope: FormControl {
    package static func name(_ name: String?) -> Self { Self("name", text: name) }
    package static func value(_ value: String?) -> Self { Self("value", text: value) }
    package static func disabled(_ isDisabled: Bool = true) -> Self { Self("disabled", flag: isDisabled) }
    package static func required(_ isRequired: Bool = true) -> Self { Self("required", flag: isRequired) }
    package static func autocomplete(_ hint: Autocomplete?) -> Self {
        Self("autocomplete", hint.map { .token($0.token) } ?? .absent)
    }
    package static func form(_ id: String?) -> Self { Self("form", text: id) }
}

extension Attribute where Scope == Tag.Input {
    package static func type(_ type: InputType) -> Self { Self("type", .token(type.token)) }
    package static func checked(_ isChecked: Bool = true) -> Self { Self("checked", flag: isChecked) }
    package static func readonly(_ isReadOnly: Bool = true) -> Self { Self("readonly", flag: isReadOnly) }
    package static func placeholder(_ text: String?) -> Self { Self("placeholder", text: text) }
    package static func maxlength(_ count: Int?) -> Self { Self("maxlength", number: count) }
    package static func size(_ columns: Int?) -> Self { Self("size", number: columns) }
    package static func min(_ value: String?) -> Self { Self("min", text: value) }
    package static func max(_ value: String?) -> Self { Self("max", text: value) }
    package static func step(_ value: String?) -> Self { Self("step", text: value) }
    package static func spellcheck(_ isOn: Bool) -> Self { Self("spellcheck", .token(isOn ? "true" : "false")) }
    package static func inputmode(_ mode: InputMode?) -> Self {
        switch mode {
        case nil: Self("inputmode", .absent)
        case .numeric: Self("inputmode", .token("numeric"))
        case .decimal: Self("inputmode", .token("decimal"))
        case .email: Self("inputmode", .token("email"))
        }
    }
}

extension Attribute where Scope == Tag.TextArea {
    package static func readonly(_ isReadOnly: Bool = true) -> Self { Self("readonly", flag: isReadOnly) }
    package static func spellcheck(_ isOn: Bool) -> Self { Self("spellcheck", .token(isOn ? "true" : "false")) }
    package static func rows(_ count: Int) -> Self { Self("rows", number: count) }
    package static func maxlength(_ count: Int?) -> Self { Self("maxlength", number: count) }
}

extension Attribute where Scope == Tag.Option {
    package static func value(_ value: String) -> Self { Self("value", text: value) }
    package static func selected(_ isSelected: Bool) -> Self { Self("selected", flag: isSelected) }
}

extension Attribute where Scope == Tag.Button {
    package static func type(_ type: ButtonType) -> Self { Self("type", .token(type == .submit ? "submit" : "button")) }
    package static func formaction(_ url: URLPath) -> Self { Self("formaction", text: url.string) }
}

extension Attribute where Scope == Tag.Label {
    package static func `for`(_ id: String) -> Self { Self("for", text: id) }
}

// MARK: Tables and the rest

package enum HeaderScope: Sendable { case column, row, columnGroup }

extension Attribute where Scope: Spanning {
    package static func colspan(_ count: Int?) -> Self { Self("colspan", number: count) }
    package static func rowspan(_ count: Int?) -> Self { Self("rowspan", number: count) }
}

extension Attribute where Scope == Tag.HeaderCell {
    package static func scope(_ scope: HeaderScope) -> Self {
        switch scope {
        case .column: Self("scope", .token("col"))
        case .row: Self("scope", .token("row"))
        case .columnGroup: Self("scope", .token("colgroup"))
        }
    }
}

extension Attribute where Scope == Tag.Time {
    /// Machine-readable: `2026-11-20T14:05+08:00` or a date.
    package static func datetime(_ value: String) -> Self { Self("datetime", text: value) }
}

extension Attribute where Scope == Tag.Details {
    package static func open(_ isOpen: Bool) -> Self { Self("open", flag: isOpen) }
}

extension Attribute where Scope == Tag.OrderedList {
    package static func start(_ number: Int) -> Self { Self("start", number: number) }
}

extension Attribute where Scope == Tag.Progress {
    package static func value(_ value: Int) -> Self { Self("value", number: value) }
    package static func max(_ value: Int) -> Self { Self("max", number: value) }
}
