import App
import Client
import FoundationEssentials
import Glibc
import HTTP
import Loop
import Synchronization
import TestSupport
import Values

/// What a run of `bursar api` left behind.
struct Ran: Sendable {
    let code: Int32
    let output: String
    let chatter: String
    /// How long it would have waited between attempts, in milliseconds.
    let pauses: [Int]

    var json: JSON {
        get throws { try JSON(parsing: Array(output.utf8), allowsOddNumbers: true) }
    }
    var lines: [String] { output.split(whereSeparator: \.isNewline).map(String.init) }
}

/// Runs the client's entry point as the program does, with streams of a test's, on a thread that may block.
enum Bench {
    private static let threads = LoopWorkers(threads: 4, waitingMaximum: 1_000)

    static func run(
        _ words: [String], environment: [String: String] = [:], input: String = "", answers: [String]? = nil,
        isTerminal: Bool = false,
        width: Int = 120, readsAtMost: Int = .max
    ) async throws -> Ran {
        try await threads.run {
            let streams = Streams(answers: answers ?? [], readsAtMost: readsAtMost)
            var console = Console(
                environment: environment, output: { streams.take($0) }, chatter: { streams.say($0) },
                input: { Array(input.utf8) },
                line: { streams.answer() }, pause: { streams.pause($0) },
                now: Instance.realNow)
            console.outputIsTerminal = isTerminal
            console.isInteractive = answers != nil
            console.width = width
            let code = ClientProgram.run(words, console)
            return streams.ran(code)
        }
    }

    private final class Streams: Sendable {
        private struct State {
            var output: [UInt8] = []
            var chatter = ""
            var pauses: [Int] = []
            var answers: [String]
        }
        private let state: Mutex<State>
        private let readsAtMost: Int
        init(answers: [String], readsAtMost: Int) {
            state = Mutex(State(answers: answers))
            self.readsAtMost = readsAtMost
        }
        func take(_ bytes: [UInt8]) -> Bool {
            state.withLock {
                guard $0.output.count < readsAtMost else { return false }
                $0.output += bytes
                return true
            }
        }
        func say(_ text: String) { state.withLock { $0.chatter += text } }
        /// Time passes a hundred times faster than it says.
        func pause(_ milliseconds: Int) {
            state.withLock { $0.pauses.append(milliseconds) }
            usleep(UInt32(clamping: milliseconds * 10))
        }
        func answer() -> String? { state.withLock { $0.answers.isEmpty ? nil : $0.answers.removeFirst() } }
        func ran(_ code: Int32) -> Ran {
            state.withLock {
                Ran(code: code, output: String(decoding: $0.output, as: UTF8.self), chatter: $0.chatter, pauses: $0.pauses)
            }
        }
    }
}

/// The shared Bursar behind a socket.
enum Live {
    static var port: Int {
        get async throws { try await listening.value }
    }
    private static let listening = Task {
        let bursar = try await TestBursar.shared
        let server = Serve.server(of: bursar.app, on: bursar.instance.loop)
        return try await server.listen(host: "127.0.0.1", port: 0)
    }
}

extension TestTenant {
    /// `bursar api` with this tenant's key, or another.
    func api(
        _ words: String..., as key: String? = nil, input: String = "", answers: [String]? = nil, isTerminal: Bool = false,
        width: Int = 120
    ) async throws -> Ran {
        try await Bench.run(
            words, environment: ["BURSAR_URL": "http://127.0.0.1:\(try await Live.port)", "BURSAR_KEY": key ?? self.key],
            input: input, answers: answers, isTerminal: isTerminal, width: width)
    }
}

/// A file for the length of a test.
struct ScratchFile: ~Copyable {
    let path: String
    init(_ text: String = "") throws {
        path = FileManager.default.temporaryDirectory.appending(path: "bursar-client-\(UUID().uuidString)").path
        if !text.isEmpty { try Data(text.utf8).write(to: URL(filePath: path)) }
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    var text: String? { (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) } }
}
