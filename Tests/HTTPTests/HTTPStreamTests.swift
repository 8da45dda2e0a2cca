import CZlib
import HTTP
import Loop
import Synchronization
import Testing

private func get(_ path: String, _ lines: String = "") -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\(lines)\r\n" }
private let gzipLine = "Accept-Encoding: gzip\r\n"

/// What zlib reads out of a gzip body.
private func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    try #require(inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
    defer { inflateEnd(&stream) }
    var output = [UInt8](repeating: 0, count: 4_000_000)
    var input = bytes
    let count = input.count
    let capacity = output.count
    let result = input.withUnsafeMutableBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(capacity)
            return inflate(&stream, Z_FINISH)
        }
    }
    try #require(result == Z_STREAM_END)
    try #require(stream.avail_in == 0)
    return Array(output[..<Int(stream.total_out)])
}

@Suite struct HTTPStreamTests {
    private static func rows(_ count: Int) -> String { (0..<count).map { "row \($0)\n" }.joined() }

    private static let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
        HTTPResponse(
            headers: ["Content-Type": request.path == "/binary" ? "application/octet-stream" : "text/csv"],
            body: .stream { writer in
                for number in 0..<20_000 {
                    try await writer.write("row \(number)\n")
                    if number % 1_000 == 0 { try await writer.flush() }
                    try await writer.write([])
                }
            })
    }

    @Test func `a stream arrives whole, in chunks, and the connection goes on`() async throws {
        let server = try await TestServer(handler: Self.handler)
        let client = try RawClient(server)
        client.send(get("/") + get("/again"))
        for _ in 0..<2 {
            let answer = try client.answer()
            #expect(answer["transfer-encoding"] == "chunked")
            #expect(answer["content-length"] == nil)
            #expect(answer.text == Self.rows(20_000))
        }
    }

    @Test func `HTTP 1.0 gets a stream without chunks, ended by the connection`() async throws {
        let server = try await TestServer(handler: Self.handler)
        let client = try RawClient(server)
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let answer = try client.answer()
        #expect(answer["transfer-encoding"] == nil)
        #expect(answer["connection"] == "close")
        #expect(answer.text == Self.rows(20_000))
    }

    @Test func `HEAD of a stream sends the head alone`() async throws {
        let server = try await TestServer(handler: Self.handler)
        let client = try RawClient(server)
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get("/"))
        #expect(try client.answer(toHead: true).status == 200)
        #expect(try client.answer().text == Self.rows(20_000))
    }

    @Test func `a stream of text is compressed for those who ask`() async throws {
        let server = try await TestServer(handler: Self.handler)
        let client = try RawClient(server)
        client.send(get("/", gzipLine) + get("/binary", gzipLine))
        let answer = try client.answer()
        #expect(answer["content-encoding"] == "gzip")
        #expect(answer["vary"] == "Accept-Encoding")
        #expect(try String(decoding: gunzip(answer.body), as: UTF8.self) == Self.rows(20_000))
        let binary = try client.answer()
        #expect(binary["content-encoding"] == nil)
        #expect(binary.text == Self.rows(20_000))
    }

    @Test func `a stream that fails is cut, not ended`() async throws {
        let server = try await TestServer { _ in
            HTTPResponse(
                headers: ["Content-Type": "text/csv"],
                body: .stream { writer in
                    try await writer.write("begun\n")
                    try await writer.flush()
                    throw CancellationError()
                })
        }
        let client = try RawClient(server)
        client.send(get("/"))
        #expect(throws: RawClient.Failure.closed) { try client.answer() }
    }

    @Test func `a stream learns that its client has gone`() async throws {
        let failure = Mutex<String?>(nil)
        let server = try await TestServer { _ in
            HTTPResponse(
                body: .stream { writer in
                    do {
                        while true { try await writer.write([UInt8](repeating: 65, count: 100_000)) }
                    } catch {
                        failure.withLock { $0 = "\(error)" }
                        throw error
                    }
                })
        }
        do {
            let client = try RawClient(server)
            client.send(get("/"))
            _ = try client.take(1_000)
        }
        try await eventually { failure.withLock { $0 } != nil }
        #expect(failure.withLock { $0 } == "HTTPClientGone()")
    }

    @Test func `a stream runs no faster than its reader`() async throws {
        let written = Mutex(0)
        let server = try await TestServer { _ in
            HTTPResponse(
                body: .stream { writer in
                    for _ in 0..<1_000 {
                        try await writer.write([UInt8](repeating: 65, count: 100_000))
                        written.withLock { $0 += 100_000 }
                    }
                })
        }
        let client = try RawClient(server, receiveBuffer: 16_384)
        client.send(get("/"))
        var before = -1
        try await eventually {
            defer { before = written.withLock { $0 } }
            await sleepMilliseconds(50)
            return before == written.withLock { $0 }
        }
        // The kernel's buffers hold a few megabytes; a hundred would mean that nobody waits.
        #expect(written.withLock { $0 } < 30_000_000)
        #expect(try client.answer().body.count == 100_000_000)
    }
}

@Suite struct CompressionTests {
    private static let text = String(repeating: "Bursar bills subscriptions. ", count: 200)

    private func answer(
        accept: String?, type: String? = "text/html; charset=utf-8", size: Int = 5_000, extra: [(String, String)] = []
    ) async throws -> RawClient.Answer {
        let server = try await TestServer { _ in
            var headers = HTTPHeaders()
            if let type { headers.add("Content-Type", type) }
            for (name, value) in extra { headers.add(name, value) }
            return HTTPResponse(headers: headers, body: .bytes(Array(Self.text.utf8.prefix(size))))
        }
        let client = try RawClient(server)
        client.send(get("/", accept.map { "Accept-Encoding: \($0)\r\n" } ?? ""))
        return try client.answer()
    }

    @Test(
        arguments: [
            ("gzip", true), ("gzip, deflate, br", true), ("br;q=1.0, gzip;q=0.8, *;q=0.1", true), ("*", true), ("GZIP", true),
            ("gzip;q=0", false), ("gzip; q=0.000", false), ("identity", false), ("*;q=0", false), ("br", false),
            ("gzipped", false),
            ("gzip;q=0, *", false), (nil, false),
        ] as [(String?, Bool)])
    func `gzip goes to those who accept it`(accept: String?, isCompressed: Bool) async throws {
        let answer = try await answer(accept: accept)
        #expect(answer["vary"] == "Accept-Encoding")
        #expect((answer["content-encoding"] == "gzip") == isCompressed)
        let body = isCompressed ? try gunzip(answer.body) : answer.body
        #expect(String(decoding: body, as: UTF8.self) == String(Self.text.prefix(5_000)))
    }

    @Test func `short, binary, encoded and protected answers stay as they are`() async throws {
        #expect(try await answer(accept: "gzip", size: 1_023)["content-encoding"] == nil)
        #expect(try await answer(accept: "gzip", size: 1_024)["content-encoding"] == "gzip")
        for type in ["image/png", "application/pdf", nil, "text/event-stream"] {
            #expect(try await answer(accept: "gzip", type: type)["content-encoding"] == nil)
        }
        for type in ["application/json", "application/problem+json", "image/svg+xml", "TEXT/CSS"] {
            #expect(try await answer(accept: "gzip", type: type)["content-encoding"] == "gzip")
        }
        #expect(try await answer(accept: "gzip", extra: [("Content-Encoding", "br")])["content-encoding"] == "br")
        #expect(try await answer(accept: "gzip", extra: [("Cache-Control", "no-transform")])["content-encoding"] == nil)
        let varied = try await answer(accept: "gzip", extra: [("Vary", "Cookie, Accept-Encoding")])
        #expect(varied.headers.count { $0.name == "vary" } == 1)
    }

    /// Much larger than what any socket buffers, so that most of it has to wait for the client.
    private static let document = Array((0..<120_000).map { "line \($0) of the document\n" }.joined().utf8)

    @Test func `what all answers share arrives whole, plain and compressed, however slowly it is taken`() async throws {
        let shared = SharedBody(Self.document, contentType: "text/plain")
        let server = try await TestServer { _ in HTTPResponse(headers: ["Content-Type": "text/plain"], body: .shared(shared)) }
        let slow = try RawClient(server, receiveBuffer: 4_096)
        slow.send(get("/") + get("/", gzipLine) + get("/"))
        try await Task.sleep(for: .milliseconds(50))
        for isCompressed in [false, true, false] {
            let answer = try slow.answer()
            #expect(answer["content-encoding"] == (isCompressed ? "gzip" : nil))
            #expect(answer["vary"] == "Accept-Encoding")
            #expect(answer["content-length"] == String(answer.body.count))
            #expect(try (isCompressed ? gunzip(answer.body) : answer.body) == Self.document)
        }
        slow.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get("/", "Connection: close\r\n"))
        let head = try slow.answer(toHead: true)
        #expect(head["content-length"] == String(Self.document.count))
        #expect(try slow.answer().body == Self.document)
    }

    @Test func `a long answer of one's own that has to wait arrives whole behind its head`() async throws {
        let server = try await TestServer { _ in
            HTTPResponse(headers: ["Content-Type": "application/octet-stream"], body: .bytes(Self.document))
        }
        let slow = try RawClient(server, receiveBuffer: 4_096)
        slow.send(get("/") + get("/"))
        try await Task.sleep(for: .milliseconds(50))
        #expect(try slow.answer().body == Self.document)
        #expect(try slow.answer().body == Self.document)
    }
}
