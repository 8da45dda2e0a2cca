import App

/// One command: an endpoint under the name that its operation has in the OpenAPI document.
package struct Command: Sendable {
    package let endpoint: Endpoint
    /// The first word, `subscriptions`; nil for what stands outside `/v1`.
    package let group: String
    /// The second word, `suspend`; empty where the group has one command of its own name.
    package let name: String
    let documentation: EndpointDocumentation
    package let options: [CommandOption]

    init(_ endpoint: Endpoint) {
        self.endpoint = endpoint
        (group, name) = CommandName.of(endpoint)
        documentation = endpoint.documentation
        options = CommandOption.all(of: documentation, on: endpoint)
    }

    package var words: String { name.isEmpty ? group : "\(group) \(name)" }
    /// What the path asks for, as it stands in a line of usage: `SUBSCRIPTION_ID`.
    var places: [String] { endpoint.parameters.map { $0.uppercased() } }
    var isWrite: Bool { endpoint.method != "GET" }
    var isList: Bool { if case .list = documentation.answer { true } else { false } }
    /// A file that is passed on byte by byte.
    var isDownload: Bool {
        guard endpoint != .problem else { return false }
        return if case .other = documentation.answer { true } else { false }
    }
    var takesIfMatch: Bool {
        isWrite && (documentation.hasETag || documentation.refusals.contains(412))
    }
    /// Takes away what people have, so a person at the keyboard is asked first.
    var isDestructive: Bool {
        guard isWrite else { return false }
        let verbs = ["cancel", "suspend", "revoke", "remove", "erase", "discard", "return", "decline", "write", "actions"]
        return endpoint.method == "DELETE" || verbs.contains(String(name.prefix { $0 != "-" }))
    }
    /// The name of the component that an answer, or a row of it, has.
    var answerSchema: Schema? {
        switch documentation.answer {
        case .object(_, let name), .list(let name): Schema.named(name).resolved
        case .other: nil
        }
    }
}

/// Every command, made from the routes themselves: a new endpoint is a new command, and there is no list to keep in step.
package enum Catalogue {
    package static let commands: [Command] = Endpoint.allCases.map(Command.init)
    package static let groups: [String] = {
        var seen: Set<String> = []
        return commands.map(\.group).filter { seen.insert($0).inserted }
    }()

    package static func commands(of group: String) -> [Command] { commands.filter { $0.group == group } }

    /// `suspend`, and `events` for `list-events`, where only one can be meant.
    static func find(_ name: String, in group: String) -> Command? {
        let all = commands(of: group)
        if let exact = all.first(where: { $0.name == name }) { return exact }
        for verb in ["get", "list", "download"] {
            if let longer = all.first(where: { $0.name == "\(verb)-\(name)" }) { return longer }
        }
        return nil
    }
}

/// From an operation's name to words: `listSubscriptionEvents` under `/v1/subscriptions` is `subscriptions list-events`.
enum CommandName {
    /// Where the rule would give something that nobody would type.
    private static let exceptions: [Endpoint: String] = [
        .actOnSubscriptions: "actions", .receiveUsage: "send", .findDepartment: "get",
    ]

    static func of(_ endpoint: Endpoint) -> (group: String, name: String) {
        let words = split("\(endpoint)")
        guard endpoint.isUnderV1, let group = endpoint.segments.dropFirst().first.map(String.init) else {
            return (words.joined(separator: "-"), "")
        }
        if let name = exceptions[endpoint] { return (group, name) }
        if words.joined(separator: "-") == group { return (group, "") }
        return (group, without(group.split(separator: "-").map(String.init), words).joined(separator: "-"))
    }

    /// `createAPIKey` → `create`, `api`, `key`.
    private static func split(_ name: String) -> [String] {
        let letters = Array(name)
        var words: [String] = []
        var word = ""
        for (index, letter) in letters.enumerated() {
            let followsSmall = index > 0 && letters[index - 1].isLowercase
            let beginsWord = index > 0 && index + 1 < letters.count && letters[index + 1].isLowercase
            if letter.isUppercase, followsSmall || beginsWord, !word.isEmpty {
                words.append(word)
                word = ""
            }
            word += letter.lowercased()
        }
        return words + [word]
    }

    /// The verb stays; the group's own noun goes, whole or the longest part of it that is there, and in singular or plural.
    private static func without(_ noun: [String], _ words: [String]) -> [String] {
        let parts = (0..<noun.count).map { Array(noun[$0...]) } + (1..<max(noun.count, 1)).map { Array(noun[..<$0]) }
        for part in parts {
            for start in 1..<max(words.count, 1) where start + part.count <= words.count {
                let range = start..<start + part.count
                if words[range].map(singular) == part.map(singular) { return Array(words[..<start] + words[range.upperBound...]) }
            }
        }
        return words
    }

    private static func singular(_ word: String) -> String {
        word.hasSuffix("ies") ? word.dropLast(3) + "y" : word.hasSuffix("s") ? String(word.dropLast()) : word
    }
}

extension Schema {
    /// A named schema's own, without `nullable`.
    var resolved: Schema {
        switch self {
        case .nullable(let inner), .judged(let inner): inner.resolved
        case .named(let name): Schema.components.first { $0.name == name }?.schema.resolved ?? .anything
        default: self
        }
    }
    var isNullable: Bool { if case .nullable = self { true } else { false } }
}
