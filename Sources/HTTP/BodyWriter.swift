import Loop

/// Where a streaming answer writes its body.
///
/// `@unchecked Sendable`: every method traps away from the loop of its connection.
package final class BodyWriter: @unchecked Sendable {
    private let connection: HTTPConnection
    private let isChunked: Bool
    private let gzip: Gzip?
    private static let pieceBytes = 16 * 1_024

    init(connection: HTTPConnection, isChunked: Bool, gzip: Gzip?) {
        self.connection = connection
        self.isChunked = isChunked
        self.gzip = gzip
    }

    /// Sends the bytes, and returns when the client has room for more. Throws `HTTPClientGone`. On the loop.
    package func write(_ bytes: [UInt8]) async throws {
        try begin()
        guard !bytes.isEmpty else { return }
        if let gzip {
            var compressed: [UInt8] = []
            gzip.add(bytes, flush: false, into: &compressed)
            appendPiece(compressed)
        } else {
            appendPiece(bytes)
        }
        try await waitWhereFull()
    }

    package func write(_ text: String) async throws { try await write(Array(text.utf8)) }

    /// Makes everything written so far leave now, also what the compressor has kept back. Throws `HTTPClientGone`. On the loop.
    package func flush() async throws {
        try begin()
        if let gzip {
            var compressed: [UInt8] = []
            gzip.add([], flush: true, into: &compressed)
            appendPiece(compressed)
        }
        connection.flush()
        try await connection.waitForDrain()
    }

    /// Ends the body. Called by the connection.
    func finish() async throws {
        try begin()
        if let gzip {
            var compressed: [UInt8] = []
            gzip.finish(into: &compressed)
            appendPiece(compressed)
        }
        if isChunked { connection.output.append(contentsOf: "0\r\n\r\n".utf8) }
        try await waitWhereFull()
    }

    private func begin() throws {
        connection.loop.preconditionOnLoop()
        guard connection.isOpen else { throw HTTPClientGone() }
    }

    private func waitWhereFull() async throws {
        if connection.output.count >= Self.pieceBytes {
            connection.flush()
            try await connection.waitForDrain()
        } else {
            connection.scheduleFlush()
        }
    }

    private func appendPiece(_ bytes: [UInt8]) {
        // A chunk of length zero would end the body.
        guard !bytes.isEmpty else { return }
        if isChunked {
            appendHexadecimal(bytes.count, into: &connection.output)
            connection.output.append(contentsOf: "\r\n".utf8)
        }
        connection.output.append(contentsOf: bytes)
        if isChunked { connection.output.append(contentsOf: "\r\n".utf8) }
    }
}
