import HTTP

/// What the server says is wrong, read without trust: it may come from a proxy, or be cut off.
struct ServerProblem: Sendable {
    let code: String?
    let title: String?
    let detail: String?
    let requestID: String?
    let errors: [(pointer: String, detail: String)]
    let bytes: [UInt8]

    /// Nil when the body is no problem.
    init?(_ answer: WireAnswer) {
        guard answer.status >= 400, let json = try? JSON(parsing: answer.body, allowsOddNumbers: true),
            json["title"]?.string != nil || json["code"]?.string != nil
        else { return nil }
        bytes = answer.body
        code = json["code"]?.string
        title = json["title"]?.string
        detail = json["detail"]?.string
        requestID = json["request_id"]?.string ?? answer.header("X-Request-Id")
        errors = (json["errors"]?.elements ?? []).map { ($0["pointer"]?.string ?? "", $0["detail"]?.string ?? "") }
    }

    var text: String {
        var text = [title, detail].compactMap { $0 }.joined(separator: ": ")
        if let code { text += " [\(code)]" }
        if errors.count > 1 || errors.first.map({ $0.detail != detail }) == true {
            for error in errors.prefix(20) { text += "\n  \(error.pointer.isEmpty ? "/" : error.pointer): \(error.detail)" }
            if errors.count > 20 { text += "\n  … and \(errors.count - 20) more" }
        } else if let pointer = errors.first?.pointer, !pointer.isEmpty {
            text += "\n  at \(pointer)"
        }
        if let requestID { text += "\n  request \(requestID)" }
        return Plain.lines(text)
    }
}

extension WireAnswer {
    /// The body of a success as JSON.
    ///
    /// - Throws: `ClientFault` for every other status, and for a body that is not what it should be.
    func json() throws -> JSON {
        try succeed()
        do {
            return try JSON(parsing: body, allowsOddNumbers: true)
        } catch {
            throw ClientFault.failed(
                "broken_answer", "The answer to \(status) cannot be read: \(error.reason) \(Self.glimpse(body))")
        }
    }

    /// - Throws: `ClientFault` with the server's own words unless the status is a success.
    func succeed() throws {
        guard !(200..<300).contains(status) else { return }
        if let problem = ServerProblem(self) {
            throw ClientFault(
                code: ExitCode(status: status), name: problem.code ?? "problem", text: "\(status) \(problem.text)",
                problem: problem.bytes)
        }
        if (300..<400).contains(status) {
            let place = header("Location").map { " to \(Plain.line($0))" } ?? ""
            throw ClientFault.failed(
                "redirected", "The server sends us elsewhere (\(status)\(place)); a key follows nobody. Is --url right?")
        }
        let type = Plain.line(String((header("Content-Type") ?? "nothing").prefix { $0 != ";" }))
        let code = status < 200 ? ExitCode.failed : ExitCode(status: status)
        throw ClientFault(
            code: code, name: "not_bursar",
            text: "\(status) with \(type), which is not what Bursar answers: is a proxy in between? \(Self.glimpse(body))")
    }

    /// The beginning of a text for a person, without its tags.
    private static func glimpse(_ body: [UInt8]) -> String {
        guard !body.isEmpty else { return "The body is empty." }
        var isTag = false
        var text = ""
        for character in String(decoding: body.prefix(2000), as: UTF8.self) {
            if character == "<" { isTag = true }
            if !isTag { text.append(character) }
            if character == ">" { (isTag, text) = (false, text + " ") }
        }
        let words = Plain.line(text).split(separator: " ").joined(separator: " ")
        return words.isEmpty ? "" : "It begins: \(words.prefix(160))"
    }
}

extension JSON {
    subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }
    var elements: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }
    var isTrue: Bool { self == .bool(true) }
}

/// Text from outside, for a terminal: nothing in it moves the cursor, hides words or turns their direction.
enum Plain {
    /// One line.
    static func line(_ text: String) -> String { cleaned(text) { _ in false } }
    /// Lines stay lines.
    static func lines(_ text: String) -> String { cleaned(text) { $0 == "\n" } }

    private static func cleaned(_ text: String, keeping isKept: (Unicode.Scalar) -> Bool) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            let turns = (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            scalars.append(isKept(scalar) ? scalar : isControl || turns ? " " : scalar)
        }
        return String(scalars)
    }
}
