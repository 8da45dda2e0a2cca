import HTTP
import Loop
import Synchronization
import Testing

private let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite struct HTTPDeadlineTests {
    @Test func `a header that does not end is answered with 408`() async throws {
        var limits = HTTPLimits()
        limits.headerDeadline = .milliseconds(80)
        let server = try await TestServer(limits: limits)
        let client = try RawClient(server)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n")
        let answer = try client.answer()
        #expect(answer.status == 408)
        #expect(answer["connection"] == "close")
    }

    @Test func `a trickle is cut off however steady it is`() async throws {
        var limits = HTTPLimits()
        limits.headerDeadline = .milliseconds(80)
        let server = try await TestServer(limits: limits)
        let client = try RawClient(server)
        for byte in Array(request.utf8) {
            client.send([byte])
            await sleepMilliseconds(20)
        }
        #expect(try client.answer().status == 408)
    }

    @Test func `a body that does not end is answered with 408`() async throws {
        var limits = HTTPLimits()
        limits.requestDeadline = .milliseconds(80)
        let server = try await TestServer(limits: limits)
        let client = try RawClient(server)
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc")
        #expect(try client.answer().status == 408)
    }

    @Test func `silence is closed without a word, before the first request and after one`() async throws {
        var limits = HTTPLimits()
        // Long enough that a busy machine still sends its request in time.
        limits.headerDeadline = .seconds(2)
        limits.idleDeadline = .milliseconds(80)
        let server = try await TestServer(limits: limits)
        let silent = try RawClient(server)
        #expect(silent.isClosed())
        let idle = try RawClient(server)
        idle.send(request)
        #expect(try idle.answer().status == 200)
        #expect(idle.isClosed())
    }

    @Test func `a client that does not read is cut off`() async throws {
        var limits = HTTPLimits()
        limits.writeDeadline = .milliseconds(80)
        let isDone = Mutex(false)
        let server = try await TestServer(limits: limits) { request in
            if request.path == "/bytes" { return HTTPResponse(body: .bytes([UInt8](repeating: 65, count: 60_000_000))) }
            return HTTPResponse(
                body: .stream { writer in
                    defer { isDone.withLock { $0 = true } }
                    while true { try await writer.write([UInt8](repeating: 65, count: 30_000)) }
                })
        }
        let stream = try RawClient(server, receiveBuffer: 4_096)
        stream.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        try await eventually { isDone.withLock { $0 } }
        #expect(await server.loop.run { server.server.brokenStreams == 1 })
    }

    @Test func `a slow handler has no deadline of the connection`() async throws {
        var limits = HTTPLimits()
        limits.headerDeadline = .milliseconds(800)
        limits.requestDeadline = .milliseconds(800)
        limits.idleDeadline = .milliseconds(800)
        let server = try await TestServer(limits: limits) { _ in
            await sleepMilliseconds(2_000)
            return HTTPResponse(contentType: "text/plain", text: "done")
        }
        let client = try RawClient(server)
        client.send(request)
        #expect(try client.answer().text == "done")
    }
}

@Suite struct HTTPDrainTests {
    @Test func `draining closes idle clients, finishes the rest, refuses new ones`() async throws {
        let gate = Mutex(false)
        let hasStarted = Mutex(false)
        let server = try await TestServer { request in
            if request.path == "/slow" {
                hasStarted.withLock { $0 = true }
                while !gate.withLock({ $0 }) { await sleepMilliseconds(2) }
            }
            return HTTPResponse(contentType: "text/plain", text: request.path)
        }
        let idle = try RawClient(server)
        idle.send(request)
        #expect(try idle.answer().status == 200)
        let unused = try RawClient(server)
        let busy = try RawClient(server)
        busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        try await eventually { hasStarted.withLock { $0 } }
        // On the loop: what follows blocks its thread, and a busy machine may have no other for the task.
        let drain = Task(executorPreference: server.loop) { await server.server.drain(within: .seconds(20)) }
        #expect(idle.isClosed())
        #expect(unused.isClosed())
        #expect(throws: RawClient.Failure.self) { try RawClient(server) }
        gate.withLock { $0 = true }
        let answer = try busy.answer()
        #expect(answer.text == "/slow")
        #expect(answer["connection"] == "close")
        busy.endSending()
        #expect(busy.isClosed())
        await drain.value
        #expect(await server.loop.run { server.server.connectionCount } == 0)
    }

    @Test func `a drain that takes too long answers in the handlers' stead, and cancels`() async throws {
        let wasCancelled = Mutex(false)
        let hasStarted = Mutex(false)
        let server = try await TestServer { _ in
            hasStarted.withLock { $0 = true }
            do {
                try await Task.sleep(for: .seconds(600))
            } catch {
                wasCancelled.withLock { $0 = true }
            }
            return HTTPResponse()
        }
        let client = try RawClient(server)
        client.send(request)
        try await eventually { hasStarted.withLock { $0 } }
        await server.server.drain(within: .milliseconds(30))
        let answer = try client.answer()
        #expect(answer.status == 503 && answer["retry-after"] == "5" && answer["connection"] == "close")
        #expect(client.isClosed())
        try await eventually { wasCancelled.withLock { $0 } }
    }

    @Test func `whoever waits when the server stops is answered once, also where the handler ends too late`() async throws {
        let gate = Mutex(false)
        let begun = Mutex(0)
        let server = try await TestServer { request in
            begun.withLock { $0 += 1 }
            if request.path == "/late" {
                while !gate.withLock({ $0 }) { await sleepMilliseconds(2) }
            }
            return HTTPResponse(contentType: "text/plain", text: request.path)
        }
        var clients: [RawClient] = []
        for _ in 0..<5 {
            let client = try RawClient(server)
            client.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
            clients.append(client)
        }
        try await eventually { begun.withLock { $0 } == 5 }
        let drain = Task(executorPreference: server.loop) { await server.server.drain(within: .milliseconds(30)) }
        for client in clients { #expect(try client.answer().status == 503) }
        gate.withLock { $0 = true }
        for client in clients { #expect(client.isClosed(), "nothing comes after the last answer") }
        await drain.value
        #expect(await server.loop.run { server.server.connectionCount } == 0)
    }

    @Test func `an empty server drains at once, and may be drained twice`() async throws {
        let server = try await TestServer()
        await server.server.drain(within: .seconds(600))
        await server.server.drain(within: .seconds(600))
    }

    @Test func `a taken port is an error with words`() async throws {
        let server = try await TestServer()
        let port = server.port
        let error = await #expect(throws: LoopError.self) {
            try await HTTPServer(loop: server.loop, handler: TestServer.echo).listen(host: "127.0.0.1", port: port)
        }
        #expect(error?.description == "address already in use")
    }

    @Test(arguments: ["nowhere.example", "", "1.2.3", "127.0.0.1:80"])
    func `only numeric addresses are listened on`(host: String) async throws {
        let server = try await TestServer()
        await #expect(throws: LoopError.self) { try await server.server.listen(host: host, port: 0) }
    }
}
