import HTML

/// A page's question before something that is hard to undo: the effects with their dates, the name typed, and two verbs to
/// choose from (G20, G21).
package struct ConfirmForm: Sendable {
    package var effects: [HTML]
    package var action: URLPath
    package var tokens: FormTokens
    /// What has to be typed; nil where a second page is caution enough.
    package var typedName: String?
    package var typedValue = ""
    package var reasons: SelectField?
    package var note: NoteField?
    package var problems: [FieldProblem] = []
    /// What else the form says, unseen.
    package var values: [(String, String)] = []
    package var confirm: String
    package var isDangerous: Bool
    package var keep: String
    package var back: URLPath

    package init(
        effects: [HTML], action: URLPath, tokens: FormTokens, confirm: String, isDangerous: Bool, keep: String, back: URLPath
    ) {
        self.effects = effects
        self.action = action
        self.tokens = tokens
        self.confirm = confirm
        self.isDangerous = isDangerous
        self.keep = keep
        self.back = back
    }

    package func html(_ t: Localiser) -> HTML {
        group {
            ul(.class("effects")) { for effect in effects { li { effect } } }
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                for (name, value) in values { hiddenField(name, value) }
                if let reasons { reasons.html(problems, t) }
                if let note { note.html(t) }
                if let typedName { nameField(typedName, t).html(problems, t) }
                div(.class("actions")) {
                    submitButton(confirm, isDangerous ? .danger : .primary)
                    a(.class("btn"), .href(back)) { keep }
                }
            }
        }
    }

    private func nameField(_ name: String, _ t: Localiser) -> TextField {
        var field = TextField("confirm_name", t("form.type_name", ["name": name]), value: typedValue)
        field.autocomplete = .off
        return field
    }
}
