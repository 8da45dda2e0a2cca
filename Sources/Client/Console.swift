import FoundationEssentials
import Values

#if canImport(Glibc)
    import Glibc
#endif

/// Where the client reads and writes: the process's own streams, or a test's. Data goes to standard output, everything else to standard error.
package struct Console: Sendable {
    package var environment: [String: String]
    /// False when whoever reads has gone.
    package var output: @Sendable ([UInt8]) -> Bool
    package var chatter: @Sendable (String) -> Void
    /// Standard input to its end.
    package var input: @Sendable () -> [UInt8]
    /// One line of somebody at the keyboard.
    package var line: @Sendable () -> String?
    package var outputIsTerminal = false
    package var isInteractive = false
    package var width = 120
    package var pause: @Sendable (_ milliseconds: Int) -> Void
    package var now: @Sendable () -> Instant

    package init(
        environment: [String: String], output: @escaping @Sendable ([UInt8]) -> Bool,
        chatter: @escaping @Sendable (String) -> Void, input: @escaping @Sendable () -> [UInt8] = { [] },
        line: @escaping @Sendable () -> String? = { nil }, pause: @escaping @Sendable (_ milliseconds: Int) -> Void,
        now: @escaping @Sendable () -> Instant
    ) {
        self.environment = environment
        self.output = output
        self.chatter = chatter
        self.input = input
        self.line = line
        self.pause = pause
        self.now = now
    }

    /// The streams of this process.
    package static func ofProcess(now: @escaping @Sendable () -> Instant) -> Console {
        var console = Console(
            environment: ProcessInfo.processInfo.environment, output: { write($0, to: 1) },
            chatter: { _ = write(Array($0.utf8), to: 2) }, input: { read(0) }, line: { readLine() },
            pause: { usleep(UInt32(clamping: $0 * 1000)) }, now: now)
        console.outputIsTerminal = isatty(1) == 1
        console.isInteractive = isatty(0) == 1 && isatty(2) == 1
        console.width = terminalWidth(console.environment)
        return console
    }

    var hasColour: Bool {
        outputIsTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    func say(_ text: String) { chatter(text + "\n") }

    /// - Throws: when nobody reads any more; there is nothing left to do then.
    func print(_ text: String) throws { try print(Array(text.utf8)) }
    func print(_ bytes: [UInt8]) throws {
        guard output(bytes) else { throw ClientFault.gone }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            if written <= 0 { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }

    private static func read(_ descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    private static func terminalWidth(_ environment: [String: String]) -> Int {
        if let columns = environment["COLUMNS"].flatMap({ Int($0) }), columns >= 20 { return columns }
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 else { return 120 }
        return Int(size.ws_col)
    }
}

/// What a script learns from `bursar api` without reading a word.
package enum ExitCode: Int32, Sendable {
    case done = 0
    case failed = 1
    case usage = 2
    case notFound = 3
    case forbidden = 4
    case conflict = 5

    init(status: Int) {
        self =
            switch status {
            case 200..<400: .done
            case 401, 403: .forbidden
            case 404, 410: .notFound
            case 409, 412, 428: .conflict
            default: .failed
            }
    }
}

/// Why a command ends early: words for a person, and the server's own problem for a program.
package struct ClientFault: Error, Sendable {
    let code: ExitCode
    /// For programs that ask with `--json` and got no problem from the server.
    let name: String
    let text: String
    /// `application/problem+json` as the server sent it.
    var problem: [UInt8]?

    /// Whoever read our output has closed it: said to nobody.
    static let gone = ClientFault(code: .failed, name: "output_closed", text: "")
    static func usage(_ text: String) -> ClientFault { ClientFault(code: .usage, name: "usage", text: text) }
    static func failed(_ name: String, _ text: String) -> ClientFault { ClientFault(code: .failed, name: name, text: text) }
}
