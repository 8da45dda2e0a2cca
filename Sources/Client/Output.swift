import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

/// Where data goes: standard output, or a file that takes its name only when it is whole.
final class Output {
    private let console: Console
    private let path: String?
    private let partial: String
    private var descriptor: Int32 = -1
    private var hasFailed = false

    init(_ path: String?, _ console: Console) throws {
        self.console = console
        self.path = path == "-" ? nil : path
        partial = (path ?? "") + ".part"
        guard let path = self.path else { return }
        descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ClientFault.failed("output", "\(Plain.line(path)) cannot be written.") }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(partial)
    }

    var isFile: Bool { path != nil }

    func write(_ text: String) throws { try write(Array(text.utf8)) }
    func write(_ bytes: [UInt8]) throws {
        guard take(bytes) else { throw fault }
    }

    /// False when nobody takes it any more.
    func take(_ bytes: [UInt8]) -> Bool {
        guard path != nil else { return console.output(bytes) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else {
                hasFailed = true
                return false
            }
            rest = rest.dropFirst(written)
        }
        return true
    }

    var fault: ClientFault {
        path.map { .failed("output", "\(Plain.line($0)) cannot be written to its end.") } ?? .gone
    }

    /// Everything is there: the file gets its name.
    func finish() throws {
        guard let path else { return }
        guard !hasFailed, fsync(descriptor) == 0, close(descriptor) == 0 else { throw fault }
        descriptor = -1
        guard rename(partial, path) == 0 else { throw fault }
    }
}
