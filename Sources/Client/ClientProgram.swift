import App
import FoundationEssentials
import HTTP

/// `bursar api …`: reads the words, finds the command, asks, shows the answer. Needs a URL and a key, nothing else of the machine.
package struct ClientProgram {
    let console: Console
    static let agent = "bursar/\(Version.text)"
    /// Words that are no endpoint.
    static let extra = ["request", "listen", "help"]
    /// What the environment may say of the client; the server's settings leave these alone.
    package static let variables = Configuration.clientVariables

    private init(_ console: Console) { self.console = console }

    /// The words behind `bursar api`. Answers the exit code.
    package static func run(_ arguments: [String], _ console: Console) -> Int32 {
        var read = Arguments()
        do {
            return try ClientProgram(console).run(arguments, &read).rawValue
        } catch let fault as ClientFault {
            tell(fault, asJSON: read.has("--json") || arguments.contains("--json"), console)
            return fault.code.rawValue
        } catch {
            console.say("bursar: \(error)")
            return ExitCode.failed.rawValue
        }
    }

    private static func tell(_ fault: ClientFault, asJSON: Bool, _ console: Console) {
        guard !fault.text.isEmpty else { return }
        guard asJSON else {
            console.say("bursar: \(fault.text)")
            if fault.code == .usage { console.say("\nTry `bursar api --help`.") }
            return
        }
        if let problem = fault.problem, let json = try? JSON(parsing: problem, allowsOddNumbers: true) {
            return console.say(JSONText.line(json))
        }
        console.say(
            JSONText.line(
                .object([
                    ("type", .string("about:blank")), ("title", .string("The command has failed.")),
                    ("detail", .string(fault.text)), ("code", .string(fault.name)),
                ])))
    }

    private func run(_ words: [String], _ arguments: inout Arguments) throws -> ExitCode {
        var rest = words[...]
        guard let group = try arguments.read(&rest, untilWord: true), group != "help" else {
            try console.print(Help.everything)
            return .done
        }
        switch group {
        case "request":
            try arguments.read(&rest, own: RawRequest.options)
            if let code = try help(arguments, RawRequest.help) { return code }
            return try RawRequest(arguments, console).run()
        case "listen":
            try arguments.read(&rest, own: Listen.options)
            if let code = try help(arguments, Listen.help) { return code }
            return try Listen(arguments, console).run()
        default: break
        }
        let commands = Catalogue.commands(of: group)
        guard !commands.isEmpty else {
            throw ClientFault.usage(
                "There is no command \(Plain.line(group)). Did you mean \(Configuration.nearest(group, Catalogue.groups + Self.extra))?"
            )
        }
        if let only = commands.first(where: { $0.name.isEmpty }) { return try run(only, &rest, &arguments) }
        guard let name = try arguments.read(&rest, untilWord: true) else {
            guard arguments.has("--help") else {
                throw ClientFault.usage("`bursar api \(group)` needs a verb: \(commands.map(\.name).joined(separator: ", ")).")
            }
            try console.print(Help.of(group: group))
            return .done
        }
        guard let command = Catalogue.find(name, in: group) else {
            throw ClientFault.usage(
                "There is no command \(group) \(Plain.line(name)). Did you mean \(group) \(Configuration.nearest(name, commands.map(\.name)))?"
            )
        }
        return try run(command, &rest, &arguments)
    }

    private func help(_ arguments: Arguments, _ text: String) throws -> ExitCode? {
        guard arguments.has("--help") else { return nil }
        try console.print(text)
        return .done
    }

    private func run(_ command: Command, _ rest: inout ArraySlice<String>, _ arguments: inout Arguments) throws -> ExitCode {
        try arguments.read(&rest, own: command.options.map { OwnOption(name: $0.name) } + command.furtherOptions)
        if let code = try help(arguments, Help.of(command)) { return code }
        switch command.endpoint {
        case .actOnSubscriptions where arguments.own["--ids-from"] != nil || arguments.own["--id"] != nil:
            return try ManyActions(command, arguments, console).run()
        case .receiveUsage where arguments["--data"] == nil: return try SendUsage(command, arguments, console).run()
        default: return try CommandRun(command, arguments, console).run()
        }
    }
}

extension Command {
    /// What a command has beside the fields of its endpoint.
    var furtherOptions: [OwnOption] {
        switch endpoint {
        case .actOnSubscriptions:
            [OwnOption(name: "--id"), OwnOption(name: "--ids-from"), OwnOption(name: "--reason"), OwnOption(name: "--note")]
        default: []
        }
    }
}

/// Who is asked: from options before the environment.
extension Remote {
    init(_ arguments: Arguments, _ environment: [String: String], _ console: Console) throws {
        guard let text = arguments["--server"] ?? arguments["--url"] ?? environment["BURSAR_URL"], !text.isEmpty else {
            throw ClientFault.usage("Which server? Say --url https://… or set BURSAR_URL.")
        }
        guard text.hasPrefix("https://") || text.hasPrefix("http://"), !text.contains("?"), !text.contains("#"),
            !text.contains("@"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { throw ClientFault.usage("The server's URL is https://host or http://host:port, not \(Plain.line(text)).") }
        url = String(text.reversed().drop { $0 == "/" }.reversed())
        key = try Self.key(arguments, environment, console)
        authorities = arguments["--ca-file"]
        if let seconds = try arguments.number("--timeout", 1...3600) { self.seconds = seconds }
        if let retries = try arguments.number("--retries", 0...20) { self.retries = retries }
        if key != nil, url.hasPrefix("http://"), !isLoopback, !arguments.has("--quiet") {
            console.say("bursar: the key goes over plain http to \(url)")
        }
    }

    private var isLoopback: Bool {
        let host = url.dropFirst("http://".count).prefix { $0 != "/" }
        return host.hasPrefix("127.") || host.hasPrefix("localhost") || host.hasPrefix("[::1]")
    }

    private static func key(_ arguments: Arguments, _ environment: [String: String], _ console: Console) throws -> String? {
        var text = arguments["--key"]
        if text == nil, let path = arguments["--key-file"] { text = try InputText.read(path, console) }
        if text == nil { text = environment["BURSAR_KEY"] }
        if text == nil, let path = environment["BURSAR_KEY_FILE"] { text = try InputText.read(path, console) }
        guard let text else { return nil }
        let key = text.split(whereSeparator: \.isWhitespace).joined()
        guard !key.isEmpty, key.utf8.count <= 500, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ClientFault.usage("The key is empty or no key: it begins with bsk_live_ or bsk_test_.")
        }
        return key
    }
}

/// Files that a command reads.
enum InputText {
    static func bytes(_ path: String, _ console: Console) throws -> [UInt8] {
        if path == "-" { return console.input() }
        do {
            return Array(try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw ClientFault.usage("The file \(Plain.line(path)) cannot be read.")
        }
    }

    static func read(_ path: String, _ console: Console) throws -> String {
        String(decoding: try bytes(path, console), as: UTF8.self)
    }

    /// `@file`, `-`, or the text itself.
    static func data(_ word: String, _ console: Console) throws -> [UInt8] {
        if word == "-" { return console.input() }
        return word.hasPrefix("@") ? try bytes(String(word.dropFirst()), console) : Array(word.utf8)
    }
}
