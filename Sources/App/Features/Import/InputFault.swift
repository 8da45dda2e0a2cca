/// The input is at fault (exit code 3): which file, which line, and why. Nothing has been changed when it is thrown.
package struct InputFault: Error, CustomStringConvertible {
    package let description: String
    /// The first line of the file is 1; nil when the file as a whole is at fault.
    package let line: Int?

    init(file: String, _ fault: LineFault) {
        line = fault.line
        let place = fault.line.map { "\(file), line \($0)" } ?? file
        description = "\(place): \(fault.reason). Nothing was changed."
    }
}

/// A fault before it knows its file's name.
struct LineFault: Error {
    let line: Int?
    /// Words without a full stop at the end.
    let reason: String

    init(_ line: Int?, _ reason: String) {
        self.line = line
        self.reason = reason
    }

    /// A piece of the file in an error: short, and on one line whatever it holds.
    static func quoted(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(60).map { $0.value < 0x20 || $0.value == 0x7F ? " " : String($0) }.joined()
        return "“\(shown)\(text.unicodeScalars.count > 60 ? "…" : "")”"
    }
}
