import Glibc
import HTTP
import Loop

/// A blocking client that sends exactly the bytes it is given. For tests only: it waits in the test's own thread.
final class RawClient {
    struct Answer {
        var status = 0
        var head = ""
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
        subscript(name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }
        var text: String { String(decoding: body, as: UTF8.self) }
    }
    enum Failure: Error { case connect(Int32), closed, timeout, malformed }

    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// Kept so that the server lives as long as its last client.
    private let server: TestServer

    init(_ server: TestServer, receiveBuffer: Int32? = nil, waitSeconds: Int = 10) throws {
        self.server = server
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var wait = timeval(tv_sec: waitSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(4)) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(server.port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            connect(
                descriptor, UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self),
                socklen_t(MemoryLayout<sockaddr_in>.size))
        }
        guard result == 0 else { throw Failure.connect(errno) }
    }

    deinit { Glibc.close(descriptor) }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends what the server still takes; a server that has closed is not an error here.
    func send(_ bytes: [UInt8]) {
        var position = 0
        while position < bytes.count {
            let count = bytes[position...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            position += count
        }
    }

    func endSending() { Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends the connection with a reset instead of an orderly close.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// One answer, its body by Content-Length, by chunks, or up to the end of the connection.
    func answer(toHead: Bool = false) throws -> Answer {
        var answer = Answer()
        while true {
            if let end = headEnd() {
                answer.head = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeFirst(end)
                break
            }
            try readMore()
        }
        let lines = answer.head.split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw Failure.malformed
        }
        answer.status = status
        answer.headers = lines.dropFirst().compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (line[..<colon].lowercased(), String(line[line.index(after: colon)...].drop { $0 == " " }))
        }
        if status == 100 || status == 204 || status == 304 || toHead { return answer }
        if answer["transfer-encoding"] == "chunked" {
            answer.body = try chunks()
        } else if let length = answer["content-length"].flatMap({ Int($0) }) {
            answer.body = try take(length)
        } else {
            while (try? readMore()) != nil {}
            answer.body = buffer
            buffer = []
        }
        return answer
    }

    /// True when the server has closed and nothing more came before that.
    func isClosed() -> Bool {
        guard buffer.isEmpty else { return false }
        do {
            try readMore()
            return false
        } catch {
            return error as? Failure == .closed
        }
    }

    func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try readMore() }
        let taken = Array(buffer[..<count])
        buffer.removeFirst(count)
        return taken
    }

    private func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            var line: [UInt8] = []
            while !line.suffix(2).elementsEqual([13, 10]) { line += try take(1) }
            guard let size = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) else { throw Failure.malformed }
            body += try take(size)
            guard try take(2) == [13, 10] else { throw Failure.malformed }
            if size == 0 { return body }
        }
    }

    private func headEnd() -> Int? {
        let mark: [UInt8] = [13, 10, 13, 10]
        guard buffer.count >= 4 else { return nil }
        for position in 0...(buffer.count - 4) where buffer[position..<(position + 4)].elementsEqual(mark) { return position + 4 }
        return nil
    }

    private func readMore() throws {
        var bytes = [UInt8](repeating: 0, count: 64 * 1_024)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        if count == 0 || count < 0 && errno == ECONNRESET { throw Failure.closed }
        if count < 0 { throw Failure.timeout }
        buffer += bytes[..<count]
    }
}

extension RawClient.Failure: Equatable {}

/// A server for one test, on a loop of its own.
final class TestServer: Sendable {
    let loop = EventLoop(name: "http test")
    let server: HTTPServer
    let port: Int

    init(
        limits: HTTPLimits = HTTPLimits(), siblings: [HTTPServer] = [],
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse = TestServer.echo
    ) async throws {
        server = HTTPServer(loop: loop, limits: limits, handler: handler)
        port = try await server.listen(host: "127.0.0.1", port: 0, siblings: siblings)
    }

    deinit { loop.shutdown() }

    /// Says what it understood.
    static let echo: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
        let text = "\(request.method.rawValue) \(request.pathSegments) [\(query)] \(request.body.count)"
        return HTTPResponse(contentType: "text/plain; charset=utf-8", text: text)
    }
}
