import Glibc
import HTTP
import Loop
import Testing

/// One port, answered on several loops.
@Suite struct SharedPortTests {
    /// Says on which loop it was answered.
    private static func server(on loop: EventLoop, limits: HTTPLimits = HTTPLimits()) -> HTTPServer {
        HTTPServer(loop: loop, limits: limits) { _ in HTTPResponse(contentType: "text/plain", text: loop.name) }
    }

    private static func places(of clients: [RawClient]) throws -> [String] {
        try clients.map { client in
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            return try client.answer().text
        }
    }

    @Test func `each client goes to the loop that has the fewest`() async throws {
        let second = EventLoop(name: "second")
        let third = EventLoop(name: "third")
        defer {
            second.shutdown()
            third.shutdown()
        }
        let ofThird = Self.server(on: third)
        let server = try await TestServer(siblings: [Self.server(on: second), ofThird]) { _ in
            HTTPResponse(contentType: "text/plain", text: "first")
        }
        var clients: [RawClient] = []
        for _ in 0..<9 { clients.append(try RawClient(server)) }
        let places = try Self.places(of: clients)
        #expect(Dictionary(grouping: places) { $0 }.mapValues(\.count) == ["first": 3, "second": 3, "third": 3])

        // Three leave the third loop; the next three come there.
        for client in zip(clients, places).filter({ $0.1 == "third" }).map(\.0) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(try client.answer().status == 200)
            #expect(client.isClosed())
        }
        // A closed one is counted until the server has seen its end.
        while await third.run({ ofThird.connectionCount }) > 0 { try await Task.sleep(for: .milliseconds(5)) }
        var again: [RawClient] = []
        for _ in 0..<3 { again.append(try RawClient(server)) }
        #expect(try Self.places(of: again) == ["third", "third", "third"])
        #expect(
            try Self.places(of: clients.enumerated().filter { places[$0.offset] != "third" }.map(\.element)).contains("third")
                == false)
    }

    @Test func `whoever was let in before the end is still answered, on whichever loop`() async throws {
        let second = EventLoop(name: "second")
        defer { second.shutdown() }
        let sibling = Self.server(on: second)
        let server = try await TestServer(siblings: [sibling]) { _ in HTTPResponse(contentType: "text/plain", text: "test") }
        var clients: [RawClient] = []
        for _ in 0..<8 {
            let client = try RawClient(server)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            clients.append(client)
        }
        await server.loop.run { server.server.stopListening() }
        await withTaskGroup(of: Void.self) { group in
            for one in [server.server, sibling] { group.addTask { await one.drain(within: .seconds(5)) } }
        }
        for client in clients {
            #expect(try client.answer().status == 200)
            #expect(client.isClosed())
        }
        #expect(throws: RawClient.Failure.self) { try RawClient(server) }
    }

    @Test func `a client for whom no descriptor is left to hand over is answered where it has come`() async throws {
        let second = EventLoop(name: "second")
        defer { second.shutdown() }
        let server = try await TestServer(siblings: [Self.server(on: second)]) { _ in
            HTTPResponse(contentType: "text/plain", text: "first")
        }
        await server.loop.run { server.server.duplicate = { _ in -1 } }
        var clients: [RawClient] = []
        for _ in 0..<4 { clients.append(try RawClient(server)) }
        #expect(try Self.places(of: clients) == Array(repeating: "first", count: 4))
        #expect(await server.loop.run { server.server.refusedRequests } == 0)
        // With descriptors again the other loop catches up.
        await server.loop.run { server.server.duplicate = { fcntl($0, F_DUPFD_CLOEXEC, 0) } }
        clients = try (0..<4).map { _ in try RawClient(server) } + clients
        #expect(try Self.places(of: Array(clients.prefix(4))) == Array(repeating: "second", count: 4))
    }

    @Test func `a sibling's clients have its deadlines`() async throws {
        let second = EventLoop(name: "second")
        defer { second.shutdown() }
        var limits = HTTPLimits()
        limits.headerDeadline = .milliseconds(100)
        let server = try await TestServer(siblings: [Self.server(on: second, limits: limits)])
        let here = try RawClient(server)
        let there = try RawClient(server)
        for client in [here, there] { client.send("GET / HT") }
        #expect(try there.answer().status == 408)
        #expect(there.isClosed())
        here.send("TP/1.1\r\nHost: a\r\n\r\n")
        #expect(try here.answer().status == 200)
    }

    @Test func `a port that another server has is refused`() async throws {
        let server = try await TestServer()
        let second = EventLoop(name: "second")
        defer { second.shutdown() }
        await #expect(throws: LoopError.self) {
            try await Self.server(on: second).listen(host: "127.0.0.1", port: server.port, siblings: [server.server])
        }
    }
}
