import HTML

/// What is wrong with one field, in words that stand in the summary and beside the field alike (G18).
package struct FieldProblem: Sendable, Hashable {
    package let field: String
    package let message: String

    package init(_ field: String, _ message: String) {
        self.field = field
        self.message = message
    }
}

/// All problems of a form above it, each leading to its field. It takes the focus when the page comes back.
package func errorSummary(_ problems: [FieldProblem], _ t: Localiser) -> HTML {
    guard !problems.isEmpty else { return .empty }
    return div(.class("problems"), .role(.alert), .tabindex(-1), .autofocus()) {
        h2 { t("form.problem") }
        ul {
            for problem in problems {
                li { a(.href(.anchor(fieldID(problem.field)))) { problem.message } }
            }
        }
    }
}

private func fieldLabel(_ id: String, _ words: String, isRequired: Bool, _ t: Localiser) -> HTML {
    label(.for(id)) {
        words
        if !isRequired { span(.class("optional")) { t("form.optional") } }
    }
}

func fieldID(_ name: String) -> String { "field-\(name)" }

/// A labelled line of text with its hint and its fault.
package struct TextField: Sendable {
    package var name: String
    package var label: String
    package var hint: String?
    package var value: String
    package var type: InputType = .text
    package var autocomplete: Autocomplete?
    package var inputmode: InputMode?
    /// Stands before the line: a currency.
    package var prefix: String?
    package var maxlength: Int?
    package var isShort = false
    package var isRequired = true
    package var takesFocus = false
    package var isReadOnly = false

    package init(_ name: String, _ label: String, hint: String? = nil, value: String = "", type: InputType = .text) {
        self.name = name
        self.label = label
        self.hint = hint
        self.value = value
        self.type = type
    }

    package func html(_ problems: [FieldProblem], _ t: Localiser) -> HTML {
        let id = fieldID(name)
        let faults = problems.filter { $0.field == name }
        return div(.class("field", faults.isEmpty ? nil : "field--wrong")) {
            fieldLabel(id, label, isRequired: isRequired, t)
            if let hint { p(.class("hint"), .id("\(id)-hint")) { hint } }
            for fault in faults { faultLine(fault, id: id, t) }
            line(id: id, described: described(id: id, isWrong: !faults.isEmpty), isWrong: !faults.isEmpty)
        }
    }

    private func described(id: String, isWrong: Bool) -> [String] {
        (hint == nil ? [] : ["\(id)-hint"]) + (isWrong ? ["\(id)-error"] : [])
    }

    private func line(id: String, described: [String], isWrong: Bool) -> HTML {
        let control = input(
            .type(type), .id(id), .name(name), .value(type == .password ? nil : value), .class(isShort ? "short" : nil),
            .autocomplete(autocomplete), .inputmode(inputmode), .maxlength(maxlength), .required(isRequired),
            .ariaDescribedby(described), .ariaInvalid(isWrong), .autofocus(takesFocus), .readonly(isReadOnly))
        guard let prefix else { return control }
        return div(.class("prefixed")) {
            span(.class("prefix"), .ariaHidden()) { prefix }
            control
        }
    }
}

func faultLine(_ fault: FieldProblem, id: String, _ t: Localiser) -> HTML {
    p(.class("fault"), .id("\(id)-error")) {
        span(.class("sr")) { t("form.error") }
        fault.message
    }
}

/// A choice of one among a few.
package struct SelectField: Sendable {
    package let name: String
    package let label: String
    package let hint: String?
    package let choices: [FilterBar.Choice]
    package let selected: String?
    package let isRequired: Bool

    package init(
        _ name: String, _ label: String, hint: String? = nil, choices: [FilterBar.Choice], selected: String? = nil,
        isRequired: Bool = true
    ) {
        self.name = name
        self.label = label
        self.hint = hint
        self.choices = choices
        self.selected = selected
        self.isRequired = isRequired
    }

    package func html(_ problems: [FieldProblem], _ t: Localiser) -> HTML {
        let id = fieldID(name)
        let faults = problems.filter { $0.field == name }
        let described = (hint == nil ? [] : ["\(id)-hint"]) + (faults.isEmpty ? [] : ["\(id)-error"])
        return div(.class("field", faults.isEmpty ? nil : "field--wrong")) {
            fieldLabel(id, label, isRequired: isRequired, t)
            if let hint { p(.class("hint"), .id("\(id)-hint")) { hint } }
            for fault in faults { faultLine(fault, id: id, t) }
            select(.id(id), .name(name), .required(isRequired), .ariaDescribedby(described), .ariaInvalid(!faults.isEmpty)) {
                for choice in choices {
                    option(.value(choice.value), .selected(choice.value == selected)) { choice.label }
                }
            }
        }
    }
}

/// Several lines of free text, always optional.
package struct NoteField: Sendable {
    package let name: String
    package let label: String
    package let hint: String?
    package let value: String

    package init(_ name: String, _ label: String, hint: String? = nil, value: String = "") {
        self.name = name
        self.label = label
        self.hint = hint
        self.value = value
    }

    package func html(_ t: Localiser) -> HTML {
        let id = fieldID(name)
        return div(.class("field")) {
            fieldLabel(id, label, isRequired: false, t)
            if let hint { p(.class("hint"), .id("\(id)-hint")) { hint } }
            textarea(
                .id(id), .name(name), .rows(3), .maxlength(500), .ariaDescribedby(hint == nil ? [] : ["\(id)-hint"]), value: value
            )
        }
    }
}
