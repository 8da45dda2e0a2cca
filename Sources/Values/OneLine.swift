extension String {
    /// Whether a name may be this: it stands in a cell, a heading and a letter's subject, so it has no line breaks, tabs or other controls.
    package var isOneLine: Bool {
        !unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
    }
}
