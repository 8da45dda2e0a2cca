import HTML

/// Several lines that are asked for, with their fault beside them; what may be left out is a `NoteField`.
/// It has to be filled in: what may be left empty is a `NoteField`.
package struct TextArea: Sendable {
    package let name: String
    package let label: String
    package var hint: String?
    package var value: String
    package var maxlength: Int
    package var rows = 3

    package init(_ name: String, _ label: String, hint: String? = nil, value: String = "", maxlength: Int) {
        self.name = name
        self.label = label
        self.hint = hint
        self.value = value
        self.maxlength = maxlength
    }

    package func html(_ problems: [FieldProblem], _ t: Localiser) -> HTML {
        let id = fieldID(name)
        let faults = problems.filter { $0.field == name }
        let described = (hint == nil ? [] : ["\(id)-hint"]) + (faults.isEmpty ? [] : ["\(id)-error"])
        return div(.class("field", faults.isEmpty ? nil : "field--wrong")) {
            words(for: id)
            if let hint { p(.class("hint"), .id("\(id)-hint")) { hint } }
            for fault in faults { faultLine(fault, id: id, t) }
            textarea(
                .id(id), .name(name), .rows(rows), .maxlength(maxlength), .required(), .ariaDescribedby(described),
                .ariaInvalid(!faults.isEmpty), value: value)
        }
    }

    private func words(for id: String) -> HTML { HTML.labelled(id, label) }
}

extension HTML {
    /// A field's name; inside a field the word `label` is taken by its text.
    fileprivate static func labelled(_ id: String, _ words: String) -> HTML { label(.for(id)) { words } }
}
