import App
import Crypto
import FoundationEssentials
import HTML
import HTTP

/// One command of the catalogue from options to answer.
struct CommandRun {
    let command: Command
    let arguments: Arguments
    let console: Console
    let remote: Remote
    let format: OutputFormat

    init(_ command: Command, _ arguments: Arguments, _ console: Console) throws {
        (self.command, self.arguments, self.console) = (command, arguments, console)
        format = try OutputFormat(arguments, command, console)
        remote = try Remote(arguments, console.environment, console)
        if arguments.has("--dry-run") && !command.documentation.dryRun {
            throw ClientFault.usage("`\(command.words)` has no dry run.")
        }
        if arguments.has("--if-match") && !command.takesIfMatch {
            throw ClientFault.usage("`\(command.words)` takes no --if-match.")
        }
        if arguments.has("--idempotency-key") && command.documentation.idempotency == .none {
            throw ClientFault.usage("`\(command.words)` takes no --idempotency-key.")
        }
        if arguments.has("--all") && !command.isList { throw ClientFault.usage("`\(command.words)` has no pages for --all.") }
    }

    func run() throws -> ExitCode {
        let call = try call(places: arguments.words)
        try askFirst(about: arguments.words.joined(separator: " "))
        let conversation = try Conversation(remote, console, agent: ClientProgram.agent)
        let out = try Output(arguments["--output"], console)
        var code = ExitCode.done
        if command.isList && format != .xlsx {
            try ListRun(self, conversation, out).run(call)
        } else if call.isDownload {
            do {
                try conversation.send(call) { out.take($0) }.succeed()
            } catch let fault as ClientFault where fault.text.isEmpty {
                throw out.fault
            }
        } else {
            let answer = try conversation.send(call)
            if arguments.has("--etag") {
                try answer.succeed()
                guard let tag = answer.header("ETag") else { throw ClientFault.failed("no_etag", "The answer has no ETag.") }
                try out.write(Plain.line(tag) + "\n")
            } else {
                let json = try FollowOperation(self, conversation).settled(answer)
                try Rendering(format, command, arguments, console).show(json, out)
                // One of many was not done: a script must notice, however it sent them.
                let verdicts = (json["results"]?.elements ?? []).map { $0["verdict"]?.string }
                if verdicts.contains("refused") || verdicts.contains("rejected") { code = .failed }
            }
            if answer.header("Idempotent-Replayed") == "true" { say("the first answer again: it had been done before") }
        }
        try out.finish()
        return code
    }

    func say(_ text: String) {
        if !arguments.has("--quiet") { console.say("bursar: \(text)") }
    }

    // MARK: The request

    func call(places: [String], body given: JSON? = nil) throws -> Call {
        let endpoint = command.endpoint
        guard places.count == endpoint.parameters.count else {
            let wanted = command.places.isEmpty ? "no words" : command.places.joined(separator: " ")
            throw ClientFault.usage(
                "`bursar api \(command.words)` takes \(wanted) behind it; see `bursar api \(command.words) --help`.")
        }
        guard !places.contains("") else { throw ClientFault.usage("An ID is empty.") }
        var call = Call(method: endpoint.method, target: try target(places))
        call.headers = headers
        call.isDownload = command.isDownload || format == .xlsx
        if let body = try given ?? self.body() {
            var json = JSONWriter()
            json.value(body)
            call.body = json.bytes
            call.headers.append(("Content-Type", command.documentation.bodyMediaType))
        }
        if command.documentation.idempotency != .none && !arguments.has("--dry-run") {
            call.idempotencyKey = arguments["--idempotency-key"] ?? "cli-\(SecureRandom.token(bytes: 16))"
        }
        return call
    }

    private var headers: [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        // What a browser is shown as a page.
        if command.endpoint == .problem { headers.append(("Accept", "application/json")) }
        if let tag = arguments["--if-match"] { headers.append(("If-Match", tag)) }
        if let language = arguments["--language"] { headers.append(("Accept-Language", language)) }
        return headers
    }

    private func target(_ places: [String]) throws -> String {
        var rest = places[...]
        let segments = command.endpoint.segments.map { $0.first == "{" ? rest.popFirst() ?? "" : String($0) }
        var query: [(String, String)] = []
        for option in command.options {
            guard case .query(let name) = option.place else { continue }
            guard let value = try single(option) else {
                if option.isRequired { throw ClientFault.usage("`bursar api \(command.words)` needs \(option.name).") }
                continue
            }
            // Only what is plainly wrong is refused here: a newer server may know more words.
            if case .word = option.schema.resolved, !value.contains(",") { _ = try option.value(value, currency: nil) }
            query.append((name, value))
        }
        if arguments.has("--dry-run") { query.append(("dry_run", "true")) }
        if format == .xlsx { query.append(("format", "xlsx")) }
        if arguments.has("--all"), !query.contains(where: { $0.0 == "limit" }) { query.append(("limit", "100")) }
        return URLPath(segments, query: query).string
    }

    private func single(_ option: CommandOption) throws -> String? {
        guard let values = arguments.own[option.name] else { return nil }
        if case .list = option.schema.resolved { return values.joined(separator: ",") }
        guard values.count == 1 else { throw ClientFault.usage("\(option.name) is given twice.") }
        return values[0]
    }

    /// The body from `--data` and the options over it; nil where the endpoint reads none.
    private func body() throws -> JSON? {
        guard command.documentation.body != nil else {
            if arguments.has("--data") { throw ClientFault.usage("`\(command.words)` sends no body.") }
            return nil
        }
        var builder = BodyBuilder(try arguments["--data"].map { try parsed(InputText.data($0, console)) })
        let currency = arguments.own["--currency"]?.last
        for option in command.options {
            guard case .body(let path) = option.place, let value = try single(option) else { continue }
            try builder.set(try option.value(value, currency: currency), at: path)
        }
        if arguments["--data"] == nil { try complete(&builder) }
        if builder.json == nil, command.endpoint.method == "PATCH" {
            throw ClientFault.usage("Nothing to change: see `bursar api \(command.words) --help`.")
        }
        return builder.json ?? .object([])
    }

    /// Fills in what may be left out, and names what may not.
    private func complete(_ builder: inout BodyBuilder) throws {
        for option in command.options {
            guard case .body(let path) = option.place, arguments.own[option.name] == nil else { continue }
            // A part that is optional as a whole asks for its fields once one of them is there.
            let siblings = command.options.filter {
                if case .body(let other) = $0.place { other.count > 1 && other.dropLast() == path.dropLast() } else { false }
            }
            let isBegun = siblings.contains { arguments.own[$0.name] != nil }
            guard option.isRequired || isBegun && option.fallback != nil else { continue }
            guard let fallback = option.fallback else {
                throw ClientFault.usage("`bursar api \(command.words)` needs \(option.name); see its --help.")
            }
            try builder.set(.string(fallback), at: path)
        }
    }

    private func parsed(_ bytes: [UInt8]) throws -> JSON {
        do {
            return try JSON(parsing: bytes)
        } catch {
            throw ClientFault.usage("--data is no JSON: \(error.reason) (at byte \(error.offset))")
        }
    }

    /// A person at the keyboard is asked before something goes; a script has said what it wants.
    func askFirst(about what: String) throws {
        guard command.isDestructive, console.isInteractive, !arguments.has("--yes"), !arguments.has("--dry-run") else { return }
        console.chatter("\(command.words) \(Plain.line(what))\n\(command.documentation.summary)\nGo on? [y/N] ")
        guard let answer = console.line()?.lowercased(), ["y", "yes"].contains(answer) else {
            throw ClientFault.failed("not_confirmed", "Nothing was done.")
        }
    }
}
