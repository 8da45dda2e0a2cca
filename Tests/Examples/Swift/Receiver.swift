import Foundation

/// What came to the receiver: enough to verify it.
struct Message: Sendable {
    let headers: [String: String]
    let body: [UInt8]
}

/// Somebody who is told of events: takes one POST after the other and answers 204. A program of yours would use the server that it has.
final class Receiver: @unchecked Sendable {
    // The lock guards `kept`; the socket never changes.
    private let lock = NSLock()
    private var kept: [Message] = []
    private let listener: Int32
    let port: Int

    init?() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        listener = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isOpen = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isOpen else { return nil }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                take(connection)
                close(connection)
            }
        }
    }

    /// The first message of a type that has come, waited for until then.
    func message(_ type: String, after count: Int = 0, seconds: Int = 20) async throws -> Message? {
        for _ in 0..<(seconds * 20) {
            let found = lock.withLock {
                kept.dropFirst(count).first { String(decoding: $0.body, as: UTF8.self).contains("\"\(type)\"") }
            }
            if let found { return found }
            try await Task.sleep(for: .milliseconds(50))
        }
        return nil
    }

    var count: Int { lock.withLock { kept.count } }

    private func take(_ connection: Int32) {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        var (headers, bodyBegins): ([String: String], Int?) = ([:], nil)
        while bytes.count < bodyBegins.map({ $0 + (Int(headers["content-length"] ?? "") ?? 0) }) ?? .max {
            let count = read(connection, &piece, piece.count)
            guard count > 0 else { return }
            bytes += piece[..<count]
            guard bodyBegins == nil, let end = Data(bytes).firstRange(of: Data("\r\n\r\n".utf8)) else { continue }
            bodyBegins = end.upperBound
            for line in String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n").dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            }
        }
        guard let bodyBegins else { return }
        lock.withLock { kept.append(Message(headers: headers, body: Array(bytes[bodyBegins...]))) }
        let answer = Array("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".utf8)
        _ = write(connection, answer, answer.count)
    }
}
