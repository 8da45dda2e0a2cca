import HTTP

/// What a JSON value looks like. One description serves three masters: the reader that refuses bad input, the OpenAPI document, and the test
/// that holds real answers against that document. They cannot drift, because there is nothing to keep in step.
package indirect enum Schema: Sendable {
    /// Text of at most `max` characters (Unicode scalars), at least `min`.
    case text(min: Int = 0, max: Int)
    /// The same in one line: names.
    case line(min: Int = 0, max: Int)
    /// Text that matches a named format: `date-time`, `date`, `email`, `decimal`, `object-id` (a TypeID of any kind).
    case format(String)
    /// A TypeID with this prefix.
    case id(String)
    /// One of these words.
    case word([String])
    /// One of these words, or one that is added some day: of what is answered, never of what is taken.
    case openWord([String])
    case integer(min: Int64, max: Int64)
    case boolean
    /// `{"amount": "1234.50", "currency": "CNY"}`
    case money
    case object([Field])
    case list(Schema, max: Int)
    case nullable(Schema)
    /// A named schema of `components/schemas`.
    case named(String)
    /// What is accepted, of a list whose every item gets a verdict of its own: any may be sent, none makes the request itself invalid.
    case judged(Schema)
    /// Any of these: what a media type may hold in more than one shape.
    case either([Schema])
    /// Any JSON object: only for what the caller may shape freely.
    case anything

    package struct Field: Sendable {
        package let name: String
        package let schema: Schema
        package let required: Bool
        package let note: String

        package init(_ name: String, _ schema: Schema, required: Bool = true, _ note: String = "") {
            self.name = name
            self.schema = schema
            self.required = required
            self.note = note
        }

        /// A field that may be left out.
        package static func optional(_ name: String, _ schema: Schema, _ note: String = "") -> Field {
            Field(name, schema, required: false, note)
        }
    }

}

/// One thing wrong with one place of the input: `{pointer, code, detail}` of a 422.
package struct FieldError: Error, Sendable, Equatable {
    package let pointer: String
    package let code: String
    /// Values for the placeholders of the words kept under `error.<code>`.
    package let arguments: [String: String]

    package init(_ pointer: String, _ code: String, _ arguments: [String: String] = [:]) {
        self.pointer = pointer
        self.code = code
        self.arguments = arguments
    }
}
