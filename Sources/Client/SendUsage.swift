import App
import Crypto
import HTTP

/// `usage-events send FILE`: a JSON array of CloudEvents, or one on each line, in batches as large as the endpoint takes.
struct SendUsage {
    private let command: CommandRun
    private let arguments: Arguments
    private let console: Console
    private static let batch = 1_000
    /// Below what the endpoint takes as a body.
    private static let batchBytes = 4 * 1024 * 1024

    init(_ named: Command, _ arguments: Arguments, _ console: Console) throws {
        command = try CommandRun(named, arguments, console)
        (self.arguments, self.console) = (arguments, console)
    }

    func run() throws -> ExitCode {
        guard arguments.words.count == 1 else {
            throw ClientFault.usage("`bursar api usage-events send` takes one FILE, or - for standard input.")
        }
        let batches = Self.batches(of: try events(try InputText.bytes(arguments.words[0], console)))
        let conversation = try Conversation(command.remote, console, agent: ClientProgram.agent)
        let out = try Output(arguments["--output"], console)
        let stem = arguments["--idempotency-key"] ?? "cli-\(SecureRandom.token(bytes: 16))"
        var counts = ["accepted": 0, "duplicate": 0, "rejected": 0]
        var results: [JSON] = []
        for (index, batch) in batches.enumerated() {
            var call = try command.call(places: [], body: .array(batch))
            if call.idempotencyKey != nil { call.idempotencyKey = index == 0 ? stem : "\(stem)-\(index)" }
            let receipt = try conversation.send(call).json()
            guard let verdicts = receipt["results"]?.elements else {
                throw ClientFault.failed("broken_answer", "The answer has no verdicts.")
            }
            for verdict in verdicts { counts[verdict["verdict"]?.string ?? "rejected", default: 0] += 1 }
            results += verdicts
            if batches.count > 1 { command.say("\(results.count) events sent") }
        }
        let receipt: [(key: String, value: JSON)] = ["accepted", "duplicate", "rejected"].map {
            ($0, .number(String(counts[$0] ?? 0)))
        }
        try Rendering(command.format, command.command, arguments, console).show(
            .object(receipt + [("results", .array(results))]), out)
        try out.finish()
        return counts["rejected"] == 0 ? .done : .failed
    }

    private func events(_ bytes: [UInt8]) throws -> [JSON] {
        let first = bytes.first { $0 > 0x20 }
        guard first == UInt8(ascii: "[") else {
            var events: [JSON] = []
            // A single event may stand on several lines; else each line is one.
            if let whole = try? JSON(parsing: bytes), case .object = whole { return [whole] }
            for (index, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() where line.contains(where: { $0 > 0x20 })
            {
                events.append(try parsed(Array(line), "Line \(index + 1)"))
            }
            return try some(events)
        }
        return try some(try parsed(bytes, "The file").elements ?? [])
    }

    private func some(_ events: [JSON]) throws -> [JSON] {
        guard !events.isEmpty else { throw ClientFault.usage("There are no events.") }
        return events
    }

    private func parsed(_ bytes: [UInt8], _ place: String) throws -> JSON {
        do { return try JSON(parsing: bytes) } catch { throw ClientFault.usage("\(place) is no JSON: \(error.reason)") }
    }

    private static func batches(of events: [JSON]) -> [[JSON]] {
        var batches: [[JSON]] = []
        var current: [JSON] = []
        var size = 0
        for event in events {
            let bytes = JSONText.line(event).utf8.count + 1
            if current.count == batch || size + bytes > batchBytes && !current.isEmpty {
                batches.append(current)
                (current, size) = ([], 0)
            }
            current.append(event)
            size += bytes
        }
        return batches + [current]
    }
}
