import HTTP
import Loop
import Synchronization
import Testing

private func get(_ path: String, _ lines: String = "") -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\(lines)\r\n" }

@Suite struct HTTPServerTests {
    @Test func `a connection serves request after request`() async throws {
        let server = try await TestServer()
        let client = try RawClient(server)
        for number in 0..<5 {
            client.send(get("/\(number)?a=b%20c"))
            let answer = try client.answer()
            #expect(answer.status == 200)
            #expect(answer.text == "GET [\"\(number)\"] [a=b c] 0")
            #expect(answer["connection"] == nil)
            #expect(answer["date"]?.hasSuffix(" GMT") == true)
        }
    }

    @Test func `pipelined requests are answered in order`() async throws {
        let server = try await TestServer { request in
            // Earlier requests take longer: the order of the answers must come from the requests.
            let delay = 20 - (request.pathSegments.first.flatMap { Int($0) } ?? 0)
            await sleepMilliseconds(delay)
            return HTTPResponse(contentType: "text/plain", text: request.path)
        }
        let client = try RawClient(server)
        client.send((0..<20).map { get("/\($0)") }.joined())
        for number in 0..<20 { #expect(try client.answer().text == "/\(number)") }
        client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + get("/y") + "GET /z HT")
        #expect(try client.answer().text == "/x")
        #expect(try client.answer().text == "/y")
        client.send("TP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.answer().text == "/z")
    }

    @Test func `a bad request in a pipeline ends it behind the good answers`() async throws {
        let server = try await TestServer()
        let client = try RawClient(server)
        client.send(get("/1") + get("/2", "Host: b\r\n") + get("/3"))
        #expect(try client.answer().status == 200)
        #expect(try client.answer().status == 400)
        client.endSending()
        #expect(client.isClosed())
    }

    @Test func `more pipelined bytes than are kept wait their turn`() async throws {
        var limits = HTTPLimits()
        limits.pipelinedBytes = 100
        let server = try await TestServer(limits: limits)
        let client = try RawClient(server)
        client.send((0..<2_000).map { get("/\($0)") }.joined())
        for number in 0..<2_000 { #expect(try client.answer().text == "GET [\"\(number)\"] [] 0") }
    }

    @Test func `Connection close is obeyed`() async throws {
        let server = try await TestServer()
        let client = try RawClient(server)
        client.send(get("/", "Connection: close\r\n"))
        let answer = try client.answer()
        #expect(answer["connection"] == "close")
        client.endSending()
        #expect(client.isClosed())
    }

    @Test(arguments: [("", true), ("Connection: keep-alive\r\n", false)])
    func `HTTP 1.0 closes unless asked to stay`(lines: String, closes: Bool) async throws {
        let server = try await TestServer()
        let client = try RawClient(server)
        client.send("GET / HTTP/1.0\r\n\(lines)\r\n")
        let answer = try client.answer()
        #expect(answer.status == 200)
        #expect(answer["connection"] == (closes ? "close" : "keep-alive"))
        if closes {
            client.endSending()
            #expect(client.isClosed())
        } else {
            client.send("GET /again HTTP/1.0\r\n\r\n")
            #expect(try client.answer().text == "GET [\"again\"] [] 0")
        }
    }

    @Test func `HEAD has the header of GET and no body`() async throws {
        let server = try await TestServer()
        let client = try RawClient(server)
        client.send("HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n" + get("/abc"))
        let head = try client.answer(toHead: true)
        #expect(head["content-length"] == "\("HEAD [\"abc\"] [] 0".utf8.count)")
        #expect(try client.answer().text == "GET [\"abc\"] [] 0")
    }

    @Test(arguments: [204, 304])
    func `an answer without a body has no length`(status: Int) async throws {
        let server = try await TestServer { _ in HTTPResponse(status: status, headers: ["ETag": "\"1\""]) }
        let client = try RawClient(server)
        for _ in 0..<2 {
            client.send(get("/"))
            let answer = try client.answer()
            #expect(answer.status == status)
            #expect(answer["content-length"] == nil)
            #expect(answer["etag"] == "\"1\"")
        }
    }

    @Test func `100-continue is answered before the body comes, and not where the body is refused`() async throws {
        let server = try await TestServer()
        let client = try RawClient(server)
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.answer().status == 100)
        client.send("hello")
        #expect(try client.answer().text == "POST [] [] 5")
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.answer().status == 413)
    }

    @Test func `a body comes through byte for byte, by length and in chunks`() async throws {
        let server = try await TestServer {
            HTTPResponse(headers: ["Content-Type": "application/octet-stream"], body: .bytes($0.body))
        }
        let client = try RawClient(server)
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
        client.send(body)
        #expect(try client.answer().body == body)
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        var position = 0
        var size = 1
        while position < body.count {
            let piece = body[position..<min(position + size, body.count)]
            client.send("\(String(piece.count, radix: 16))\r\n")
            client.send(piece + [13, 10])
            position += piece.count
            size = size * 3 + 1
        }
        client.send("0\r\n\r\n")
        #expect(try client.answer().body == body)
    }

    @Test func `the body limit is the path's`() async throws {
        var limits = HTTPLimits()
        limits.bodyBytes = { method, path in method == .post && path == "/large" ? 100 : 10 }
        let server = try await TestServer(limits: limits)
        for (path, size, status) in [
            ("/large", 100, 200), ("/large?x", 100, 200), ("/large", 101, 413), ("/", 10, 200), ("/", 11, 413),
        ] {
            let client = try RawClient(server)
            client.send(
                "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n" + String(repeating: "a", count: size))
            #expect(try client.answer().status == status)
        }
    }

    @Test func `the client's address is known and forwarded headers change nothing`() async throws {
        let server = try await TestServer { HTTPResponse(contentType: "text/plain", text: $0.remoteAddress) }
        let client = try RawClient(server)
        client.send(get("/", "X-Forwarded-For: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\n"))
        #expect(try client.answer().text == "127.0.0.1")
    }

    @Test func `a header that would split the answer becomes a 500`() async throws {
        let server = try await TestServer { _ in HTTPResponse(headers: ["Location": "/a\r\nSet-Cookie: b=c"]) }
        let client = try RawClient(server)
        client.send(get("/"))
        let answer = try client.answer()
        #expect(answer.status == 500)
        #expect(answer["set-cookie"] == nil)
    }

    @Test func `a handler cannot lie about the length`() async throws {
        let server = try await TestServer { _ in
            HTTPResponse(
                headers: ["content-length": "3", "Transfer-Encoding": "chunked", "X-A": "b"], body: .bytes(Array("hello".utf8)))
        }
        let client = try RawClient(server)
        client.send(get("/"))
        let answer = try client.answer()
        #expect(answer.text == "hello")
        #expect(answer.headers.count { $0.name == "content-length" } == 1)
        #expect(answer["x-a"] == "b")
    }

    @Test func `a half-closed client still gets its answer`() async throws {
        let server = try await TestServer { _ in
            await sleepMilliseconds(20)
            return HTTPResponse(contentType: "text/plain", text: "late")
        }
        let client = try RawClient(server)
        client.send(get("/1") + get("/2"))
        client.endSending()
        #expect(try client.answer().text == "late")
        #expect(try client.answer().text == "late")
        #expect(client.isClosed())
    }

    @Test func `clients that vanish in the middle leave nothing behind`() async throws {
        let server = try await TestServer { _ in
            await sleepMilliseconds(10)
            return HTTPResponse(body: .bytes([UInt8](repeating: 65, count: 4_000_000)))
        }
        for piece in [
            "", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", get("/"), get("/") + get("/"),
        ] {
            for isReset in [false, true] {
                let client = try RawClient(server)
                client.send(piece)
                await sleepMilliseconds(5)
                if isReset { client.reset() }
            }
        }
        try await eventually { await server.loop.run { server.server.connectionCount == 0 } }
    }

    @Test func `two hundred clients at once are all served`() async throws {
        let server = try await TestServer { request in
            await sleepMilliseconds(2)
            return await TestServer.echo(request)
        }
        let clients = try (0..<200).map { _ in try RawClient(server) }
        for round in 0..<5 {
            for (number, client) in clients.enumerated() { client.send(get("/\(number)/\(round)")) }
            for (number, client) in clients.enumerated() {
                #expect(try client.answer().text == "GET [\"\(number)\", \"\(round)\"] [] 0")
            }
        }
        let count = await server.loop.run { (server.server.connectionCount, server.server.answeredRequests) }
        #expect(count == (200, 1_000))
    }

    @Test func `one connection too many is told so`() async throws {
        var limits = HTTPLimits()
        limits.connections = 3
        let server = try await TestServer(limits: limits)
        let clients = try (0..<3).map { _ in try RawClient(server) }
        for client in clients {
            client.send(get("/"))
            #expect(try client.answer().status == 200)
        }
        let refused = try RawClient(server)
        let answer = try refused.answer()
        #expect(answer.status == 503)
        #expect(answer["retry-after"] != nil)
        refused.endSending()
        #expect(refused.isClosed())
        clients[0].send(get("/"))
        #expect(try clients[0].answer().status == 200)
    }

    @Test func `one connection too many from one address is told so, and there is room again when one has gone`() async throws {
        var limits = HTTPLimits()
        limits.connectionsPerAddress = 2
        let server = try await TestServer(limits: limits)
        let first = try RawClient(server)
        let second = try RawClient(server)
        for client in [first, second] {
            client.send(get("/"))
            #expect(try client.answer().status == 200)
        }
        let refused = try RawClient(server)
        let answer = try refused.answer()
        #expect(answer.status == 429)
        #expect(answer["retry-after"] != nil)
        #expect(answer.text.contains("too_many_connections"))
        refused.endSending()
        #expect(refused.isClosed())
        first.endSending()
        #expect(first.isClosed())
        try await eventually { await server.loop.run { server.server.connectionCount } == 1 }
        let next = try RawClient(server)
        next.send(get("/"))
        #expect(try next.answer().status == 200)
        second.send(get("/"))
        #expect(try second.answer().status == 200)
    }
}

func sleepMilliseconds(_ count: Int) async { try? await Task.sleep(for: .milliseconds(count)) }

/// Waits until a condition holds, and fails when it does not within ten seconds.
func eventually(_ condition: () async throws -> Bool) async throws {
    for _ in 0..<2_000 {
        if try await condition() { return }
        await sleepMilliseconds(5)
    }
    Issue.record("the condition never held")
}
