import Glibc
import Loop
import Synchronization
import TestSupport

/// A server that answers what a test tells it to, bytes as they are; it closes after each answer.
final class FakeServer: Sendable {
    struct Asked: Sendable {
        let line: String
        let headers: String
        let body: String
        func header(_ name: String) -> String? {
            headers.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
                .map { String($0.dropFirst(name.count + 1).drop { $0 == " " }) }
        }
    }

    let port: Int
    private let listener: Int32
    private let threads = LoopWorkers(threads: 2, waitingMaximum: 64)
    private let requests = Mutex<[Asked]>([])
    private let answer: @Sendable (Asked, Int) -> String

    /// `answer` is told the request and its number, from 1; an empty answer hangs up.
    init(_ answer: @escaping @Sendable (Asked, _ number: Int) -> String) throws {
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
        guard bound else { throw TestFault("no port for the server: \(errno)") }
        port = Int(UInt16(bigEndian: address.sin_port))
        let workers = threads
        Task { try? await workers.run { [self] in serve() } }
    }

    var asked: [Asked] { requests.withLock { $0 } }

    /// Ends the waiting; the thread that waits closes the descriptor, so that no other server can have its number meanwhile.
    func close() { shutdown(listener, Int32(SHUT_RDWR)) }

    func api(_ words: String..., key: String = "bsk_test_x", readsAtMost: Int = .max) async throws -> Ran {
        try await Bench.run(
            words, environment: ["BURSAR_URL": "http://127.0.0.1:\(port)", "BURSAR_KEY": key], readsAtMost: readsAtMost)
    }

    /// A whole answer.
    static func answer(_ status: String, _ body: String, type: String = "application/json", headers: [String] = []) -> String {
        let head =
            ["HTTP/1.1 \(status)", "Content-Type: \(type)", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers
        return head.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    private func serve() {
        defer { Glibc.close(listener) }
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            talk(descriptor)
            Glibc.close(descriptor)
        }
    }

    private func talk(_ descriptor: Int32) {
        var wait = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { return }
            text += String(decoding: buffer[..<count], as: UTF8.self)
            guard let end = text.firstRange(of: "\r\n\r\n") else { continue }
            let head = String(text[..<end.lowerBound])
            let body = String(text[end.upperBound...])
            let asked = Asked(line: String(head.prefix { !$0.isNewline }), headers: head, body: body)
            if body.utf8.count < asked.header("Content-Length").flatMap({ Int($0) }) ?? 0 { continue }
            let number = requests.withLock {
                $0.append(asked)
                return $0.count
            }
            let bytes = Array(answer(asked, number).utf8)
            _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            return
        }
    }
}
