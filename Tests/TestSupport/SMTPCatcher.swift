import Glibc
import Loop
import Synchronization

/// A mail server that keeps what it is given, for tests: a socket on this machine, one thread per conversation.
package final class SMTPCatcher: Sendable {
    package struct Caught: Sendable {
        package let from: String
        package let to: String
        package let data: String

        /// A header's text, folded lines joined.
        package func header(_ name: String) -> String? {
            var value: String?
            for line in data.split(separator: "\r\n", omittingEmptySubsequences: false).prefix(while: { !$0.isEmpty }) {
                if line.first == " " {
                    if let begun = value { value = begun + line }
                } else if value != nil {
                    break
                } else if line.lowercased().hasPrefix(name.lowercased() + ": ") {
                    value = String(line.dropFirst(name.utf8.count + 2))
                }
            }
            return value
        }
    }

    /// What it says instead of yes: asked with the command line (`DATA.` at a mail's end), and with how many it has been asked; nil is the usual reply.
    package typealias Answer = @Sendable (_ line: String, _ count: Int) -> String?

    package let port: Int
    private let listener: Int32
    private let threads = LoopWorkers(threads: 6, waitingMaximum: 64)
    private let state = Mutex<(caught: [Caught], asked: Int)>(([], 0))
    private let answer: Answer
    private let isClosing = Atomic(false)

    package init(_ answer: @escaping Answer = { _, _ in nil }) throws {
        self.answer = answer
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = listener
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            let plain = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
            return bind(socket, plain, length) == 0 && listen(socket, 16) == 0 && getsockname(socket, plain, &length) == 0
        }
        guard bound else { throw TestFault("no port for the catcher: \(errno)") }
        port = Int(UInt16(bigEndian: address.sin_port))
        let workers = threads
        Task { try? await workers.run { [self] in accepting() } }
    }

    package var caught: [Caught] { state.withLock { $0.caught } }

    package func close() {
        isClosing.store(true, ordering: .relaxed)
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
    }

    private func accepting() {
        let workers = threads
        while !isClosing.load(ordering: .relaxed) {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            Task { try? await workers.run { [self] in talk(descriptor) } }
        }
    }

    private func talk(_ descriptor: Int32) {
        defer { Glibc.close(descriptor) }
        var wait = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        var buffer: [UInt8] = []
        var (from, to) = ("", "")
        say(reply(to: "CONNECT") ?? "220 catcher", descriptor)
        while let line = readLine(descriptor, &buffer) {
            if let other = reply(to: line) {
                if other == "HANG UP" { return }
                say(other, descriptor)
                continue
            }
            let verb = line.prefix { $0 != " " && $0 != ":" }.uppercased()
            switch verb {
            case "EHLO", "HELO": say("250-catcher\r\n250 8BITMIME", descriptor)
            case "MAIL": (from, to) = (line, ""); say("250 2.1.0 ok", descriptor)
            case "RCPT": to = line; say("250 2.1.5 ok", descriptor)
            case "DATA":
                say("354 go on", descriptor)
                guard let data = readData(descriptor, &buffer) else { return }
                let other = reply(to: "DATA.")
                if other == nil || other == "HANG UP AFTER" {
                    state.withLock { $0.caught.append(Caught(from: Self.address(from), to: Self.address(to), data: data)) }
                }
                if other == "HANG UP" || other == "HANG UP AFTER" { return }
                say(other ?? "250 2.0.0 queued", descriptor)
            case "QUIT": say("221 bye", descriptor); return
            default: say("250 ok", descriptor)
            }
        }
    }

    private func reply(to line: String) -> String? {
        answer(
            line,
            state.withLock {
                $0.asked += 1
                return $0.asked
            })
    }

    private static func address(_ line: String) -> String { String(line.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" }) }

    private func say(_ text: String, _ descriptor: Int32) {
        let bytes = Array("\(text)\r\n".utf8)
        _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    private func readLine(_ descriptor: Int32, _ buffer: inout [UInt8]) -> String? {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = String(decoding: buffer[..<end].filter { $0 != 13 }, as: UTF8.self)
                buffer.removeFirst(end + 1)
                return line
            }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count <= 0 { return nil }
            buffer += chunk[..<count]
        }
    }

    /// Lines up to the single dot, with doubled dots undone.
    private func readData(_ descriptor: Int32, _ buffer: inout [UInt8]) -> String? {
        var data = ""
        while let line = readLine(descriptor, &buffer) {
            if line == "." { return data }
            data += (line.hasPrefix(".") ? String(line.dropFirst()) : line) + "\r\n"
        }
        return nil
    }
}
