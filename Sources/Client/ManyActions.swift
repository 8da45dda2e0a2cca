import App
import Crypto
import HTTP

/// `subscriptions actions` with the IDs from a file: batches as large as the endpoint takes, a verdict for each.
struct ManyActions {
    private let command: CommandRun
    private let arguments: Arguments
    private let console: Console
    /// As many as the endpoint takes at once.
    private static let batch = ActOnSubscriptions.itemsAtMost

    init(_ named: Command, _ arguments: Arguments, _ console: Console) throws {
        command = try CommandRun(named, arguments, console)
        (self.arguments, self.console) = (arguments, console)
        if arguments.has("--data") { throw ClientFault.usage("--data is the whole body: it goes without --ids-from and --id.") }
    }

    func run() throws -> ExitCode {
        guard arguments.words.isEmpty else { throw ClientFault.usage("IDs come by --id ID or --ids-from FILE.") }
        let action = try value("--action", ActOnSubscriptions.Action.allCases.map(\.rawValue))
        let mode = try value("--mode", ActOnSubscriptions.Mode.allCases.map(\.rawValue), unless: "each")
        let ids = try ids()
        guard mode == "each" || ids.count <= Self.batch else {
            throw ClientFault.usage("All or nothing goes up to \(Self.batch) at once; there are \(ids.count).")
        }
        try command.askFirst(about: "\(action) \(ids.count) subscriptions")
        let conversation = try Conversation(command.remote, console, agent: ClientProgram.agent)
        let out = try Output(arguments["--output"], console)
        let stem = arguments["--idempotency-key"] ?? "cli-\(SecureRandom.token(bytes: 16))"
        var results: [JSON] = []
        for start in stride(from: 0, to: ids.count, by: Self.batch) {
            let part = ids[start..<min(start + Self.batch, ids.count)]
            var call = try command.call(places: [], body: body(action, mode, Array(part)))
            if call.idempotencyKey != nil { call.idempotencyKey = start == 0 ? stem : "\(stem)-\(start)" }
            let answer = try FollowOperation(command, conversation).settled(try conversation.send(call))
            guard let verdicts = answer["results"]?.elements else {
                // Left alone by --no-wait, or stopped: the operation itself is the answer.
                try Rendering(command.format, nil, arguments, console).show(answer, out)
                continue
            }
            results += verdicts
            command.say("\(min(start + Self.batch, ids.count)) of \(ids.count)")
        }
        if results.isEmpty {
            try out.finish()
            return arguments.has("--no-wait") ? .done : .failed
        }
        let refused = results.count { $0["verdict"]?.string == "refused" }
        try Rendering(command.format, command.command, arguments, console).show(
            .object([
                ("action", .string(action)), ("mode", .string(mode)), ("dry_run", .bool(arguments.has("--dry-run"))),
                ("refused", .number(String(refused))), ("results", .array(results)),
            ]), out)
        try out.finish()
        return refused == 0 && results.count == ids.count ? .done : .failed
    }

    private func value(_ name: String, _ known: [String], unless fallback: String? = nil) throws -> String {
        guard let word = arguments.own[name]?.last ?? fallback else {
            throw ClientFault.usage("`bursar api \(command.command.words)` needs \(name) \(known.joined(separator: "|")).")
        }
        guard known.contains(word) else {
            throw ClientFault.usage(
                "There is no \(name) \(Plain.line(word)). Did you mean \(Configuration.nearest(word, known))?")
        }
        return word
    }

    /// One ID on a line; what follows it, as in a CSV, is not looked at, nor are comments, a heading, and IDs said before.
    private func ids() throws -> [String] {
        var ids = arguments.own["--id"] ?? []
        for path in arguments.own["--ids-from"] ?? [] {
            for line in try InputText.read(path, console).split(whereSeparator: \.isNewline) {
                let cell = line.prefix { $0 != "," && $0 != "\t" && $0 != "#" }.filter {
                    !$0.isWhitespace && $0 != "\"" && $0 != "\u{FEFF}"
                }
                if !cell.isEmpty && cell != "id" { ids.append(cell) }
            }
        }
        var seen: Set<String> = []
        ids = ids.filter { seen.insert($0).inserted }
        if let odd = ids.first(where: { !$0.hasPrefix("sub_") }) {
            throw ClientFault.usage("\(Plain.line(String(odd.prefix(60)))) is no subscription's ID.")
        }
        guard !ids.isEmpty else { throw ClientFault.usage("There are no IDs.") }
        return ids
    }

    private func body(_ action: String, _ mode: String, _ ids: [String]) -> JSON {
        let items = ids.map { id -> JSON in
            var item: [(key: String, value: JSON)] = [("id", .string(id))]
            for name in ["reason", "note"] {
                if let text = arguments.own["--\(name)"]?.last { item.append((name, .string(text))) }
            }
            return .object(item)
        }
        return .object([("action", .string(action)), ("mode", .string(mode)), ("items", .array(items))])
    }
}
