import CUV
import Glibc
import Loop
import Synchronization

/// An HTTP/1.1 server on one loop. Handlers run on that loop, one task per request; TLS and HTTP/2 end in a proxy in front.
///
/// `@unchecked Sendable`: `loop`, `limits` and the closures never change, `clients` is atomic; everything else is touched on the loop only,
/// where `listen` and `drain` go by themselves.
package final class HTTPServer: @unchecked Sendable {
    package let loop: EventLoop
    let limits: HTTPLimits
    let deadlines: HTTPDeadlines
    let handler: @Sendable (HTTPRequest) async -> HTTPResponse
    let refusalAnswer: @Sendable (HTTPRefusal, RefusedRequest) -> HTTPResponse

    private var listeners: [HTTPListener] = []
    /// Servers of further loops, which get their share of this one's clients.
    private var siblings: [HTTPServer] = []
    /// Connections that are here or on their way here; the loop that deals clients out reads it.
    private let clients = Atomic<Int>(0)
    private var connections: [HTTPConnection] = []
    private var connectionsOf: [ClientNetwork: Int] = [:]
    private var sweep: LoopTimer?
    private let sweepMilliseconds: UInt64
    private var emptyWaiter: CheckedContinuation<Void, Never>?
    private(set) var isDraining = false
    /// Listening goes on, but answers say `Connection: close`.
    private(set) var isEndAnnounced = false

    /// A copy of a descriptor; negative where there is none to be had. Tests put one in its place that fails. On the loop.
    package var duplicate: (Int32) -> Int32 = { fcntl($0, F_DUPFD_CLOEXEC, 0) }

    let readBuffer = UnsafeMutableBufferPointer<CChar>.allocate(capacity: 64 * 1_024)
    var encoder = ResponseEncoder()
    lazy var gzip = Gzip()

    /// Answers of handlers since the start. On the loop, like its neighbours.
    package var answeredRequests = 0
    /// Requests that no handler saw: malformed, too large, too slow, one connection too many.
    package var refusedRequests = 0
    /// Streamed answers that ended early because the client went or the stream's source failed.
    package var brokenStreams = 0
    package var connectionCount: Int { connections.count }

    private static let backlog: Int32 = 1_024
    /// Connections above the cap that are still told so; beyond them a connection is closed without a word.
    private static let connectionsToldMaximum = 256
    /// How long a drain waits for the request of a client that was let in.
    private static let lastRequestGrace = Duration.milliseconds(250)
    /// How long it waits for its last answers to be taken.
    private static let lastAnswerGrace = Duration.milliseconds(500)

    /// `handler` answers every request that passes; `refusalAnswer` words the answers to those that do not (whatever it says,
    /// the connection closes). Nothing listens before `listen`.
    package init(
        loop: EventLoop, limits: HTTPLimits = HTTPLimits(),
        refusalAnswer: @escaping @Sendable (HTTPRefusal, RefusedRequest) -> HTTPResponse = { refusal, _ in refusal.response },
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) {
        self.loop = loop
        self.limits = limits
        self.handler = handler
        self.refusalAnswer = refusalAnswer
        deadlines = HTTPDeadlines(limits)
        // Deadlines are looked at by one sweep, not by a timer per connection; short ones (in tests) need a finer sweep.
        sweepMilliseconds = max(5, min(250, deadlines.shortest / 8))
    }

    deinit { readBuffer.deallocate() }

    /// Listens on a numeric address (or "localhost") and returns the port, which the system chooses when `port` is 0. A client is given to
    /// whichever of this server and its `siblings`, each on a loop of its own, has the fewest: the kernel, which deals by a hash of addresses,
    /// leaves one loop with twice as many as another, and half of the clients wait twice as long. Throws `LoopError`.
    @discardableResult
    package func listen(host: String, port: Int, siblings: [HTTPServer] = []) async throws -> Int {
        for sibling in siblings { await sibling.loop.run { sibling.watchDeadlines() } }
        return try await loop.run { [self] () async throws in
            let listener = try HTTPListener(server: self, host: host, port: port, backlog: Self.backlog)
            listeners.append(listener)
            self.siblings = siblings
            watchDeadlines()
            return listener.port
        }
    }

    private func watchDeadlines() {
        if sweep == nil {
            sweep = loop.schedule(every: .milliseconds(Int64(sweepMilliseconds))) { [self] in expireConnections() }
        }
    }

    /// From now on every answer ends its connection, while new ones are still taken: what keeps connections (a proxy, a client) moves away by
    /// itself and meets no closed one later. On the loop.
    package func announceEnd() {
        loop.preconditionOnLoop()
        isEndAnnounced = true
    }

    /// Nobody new is let in, here and at the siblings; who stands in the kernel's queue already still is. Before any of them is drained, so that
    /// none finds a client at the door after it has left. On the loop.
    package func stopListening() {
        for listener in listeners {
            listener.acceptWaiting()
            listener.close()
        }
        listeners = []
    }

    /// Stops listening, closes connections that wait for a request, lets the others finish the one they have, and returns
    /// when all are closed. After `limit` a request that has no answer yet gets 503, and what is left is cut off. Answers given meanwhile say
    /// `Connection: close`.
    package func drain(within limit: Duration) async {
        await loop.run { [self] in
            isDraining = true
            stopListening()
            // Whoever has just been let in has the request on its way: a moment for it to arrive.
            if connections.contains(where: \.isUnused) { try? await loop.sleep(for: Self.lastRequestGrace) }
            for connection in connections where connection.isUnused { connection.close() }
            if !connections.isEmpty {
                let end = loop.schedule(after: limit) { [self] in
                    for connection in connections {
                        connection.handlerTask?.cancel()
                        if connection.isOwedAnswer { connection.refuse(.stopping) } else { connection.close() }
                    }
                }
                let last = loop.schedule(after: limit + Self.lastAnswerGrace) { [self] in
                    for connection in connections { connection.close() }
                }
                if !connections.isEmpty { await withCheckedContinuation { emptyWaiter = $0 } }
                end.cancel()
                last.cancel()
            }
            sweep?.cancel()
            sweep = nil
        }
    }

    /// A client has come to the listener: the server with the fewest takes it in, this one where several have.
    func acceptClient(from listener: HTTPListener) {
        var chosen = self
        var fewest = clients.load(ordering: .relaxed)
        for sibling in siblings {
            let count = sibling.clients.load(ordering: .relaxed)
            if count < fewest { (chosen, fewest) = (sibling, count) }
        }
        let stream = listener.pointer(as: uv_stream_t.self)
        // Where there is no descriptor left to hand it over in, it is answered here: the one that it has come with is enough for that.
        guard chosen !== self, let descriptor = placeForClient(of: listener) else {
            acceptClient { (client) throws(LoopError) in try client.accept(from: stream) }
            return
        }
        do {
            try HandedClient.move(from: stream, to: descriptor, on: loop)
            chosen.clients.add(1, ordering: .relaxed)
            let isOnItsWay = chosen.loop.execute { [chosen] in
                let isIn = chosen.acceptClient(isExpected: true) { (client) throws(LoopError) in try client.open(descriptor) }
                if !isIn { Glibc.close(descriptor) }
            }
            if !isOnItsWay {
                chosen.clients.subtract(1, ordering: .relaxed)
                refusedRequests += 1
                Glibc.close(descriptor)
            }
        } catch {
            Glibc.close(descriptor)
            refusedRequests += 1
        }
    }

    /// A descriptor, had before the client is taken in, that will be the client's; nil where the process may have no more.
    private func placeForClient(of listener: HTTPListener) -> Int32? {
        var descriptor: uv_os_fd_t = -1
        guard uv_fileno(listener.handle, &descriptor) == 0 else { return nil }
        let place = duplicate(descriptor)
        return place >= 0 ? place : nil
    }

    /// False, without a call of `take`, when there is no memory for a handle: what waits at the listener stays there and is offered again.
    /// `isExpected`: counted already, by the loop that has sent it here.
    @discardableResult
    func acceptClient(isExpected: Bool = false, _ take: (HTTPConnection) throws(LoopError) -> Void) -> Bool {
        if !isExpected { clients.add(1, ordering: .relaxed) }
        guard let connection = try? HTTPConnection(server: self) else {
            clients.subtract(1, ordering: .relaxed)
            refusedRequests += 1
            return false
        }
        connection.position = connections.count
        connections.append(connection)
        do {
            try take(connection)
        } catch {
            connection.close()
            return true
        }
        connectionsOf[connection.network, default: 0] += 1
        connection.isCounted = true
        admit(connection)
        return true
    }

    private func admit(_ connection: HTTPConnection) {
        let fromAddress = connectionsOf[connection.network, default: 0]
        if connections.count > limits.connections + Self.connectionsToldMaximum
            || fromAddress > limits.connectionsPerAddress + Self.connectionsToldMaximum
        {
            connection.close()
        } else if connections.count > limits.connections {
            connection.refuse(.overloaded)
        } else if fromAddress > limits.connectionsPerAddress {
            connection.refuse(.tooManyFromAddress)
        }
    }

    func remove(_ connection: HTTPConnection) {
        if connection.isCounted {
            let left = connectionsOf[connection.network, default: 1] - 1
            connectionsOf[connection.network] = left > 0 ? left : nil
        }
        let position = connection.position
        let last = connections.removeLast()
        clients.subtract(1, ordering: .relaxed)
        if last !== connection {
            connections[position] = last
            last.position = position
        }
        if connections.isEmpty, let waiter = emptyWaiter {
            emptyWaiter = nil
            waiter.resume()
        }
    }

    private func expireConnections() {
        // Early by up to one sweep rather than late by one: a deadline is a promise. From the end, because `remove` moves the
        // last one.
        let now = loop.milliseconds + sweepMilliseconds
        for position in connections.indices.reversed() where position < connections.count {
            let connection = connections[position]
            if connection.deadline <= now { connection.expire() }
        }
    }
}

/// A listening socket.
///
/// `@unchecked Sendable`: as every `LoopHandle`.
final class HTTPListener: LoopHandle, @unchecked Sendable {
    private unowned let server: HTTPServer
    private(set) var port = 0

    init(server: HTTPServer, host: String, port: Int, backlog: Int32) throws(LoopError) {
        self.server = server
        let address = try SocketAddress(host: host, port: port)
        super.init(loop: server.loop, byteCount: MemoryLayout<uv_tcp_t>.size)
        try start { (handle: UnsafeMutablePointer<uv_tcp_t>) in uv_tcp_init_ex(server.loop.uv, handle, UInt32(address.family)) }
        do throws(LoopError) {
            let tcp = pointer(as: uv_tcp_t.self)
            try check(address.withPointer { uv_tcp_bind(tcp, $0, 0) })
            let stream = pointer(as: uv_stream_t.self)
            try check(
                uv_listen(stream, backlog) { listener, status in
                    guard status >= 0 else { return }
                    let listener = loopOwner(listener!.pointee.data, as: HTTPListener.self)
                    listener.server.acceptClient(from: listener)
                })
            self.port = try SocketAddress.port(of: tcp)
        } catch {
            close()
            throw error
        }
    }

    /// Takes in whoever stands in the kernel's queue already; closing the socket would reset them although they were let in.
    func acceptWaiting() {
        var descriptor: uv_os_fd_t = -1
        guard uv_fileno(handle, &descriptor) == 0 else { return }
        while true {
            let client = accept(descriptor, nil, nil)
            guard client >= 0 else { return }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            server.acceptClient { (connection) throws(LoopError) in try connection.open(client) }
        }
    }
}

/// A client on its way from the loop that listens to the one that answers it.
///
/// `@unchecked Sendable`: as every `LoopHandle`.
private final class HandedClient: LoopHandle, @unchecked Sendable {
    /// Takes the listener's next client from libuv and puts it in the place of `copy`, which is the caller's.
    static func move(from listener: UnsafeMutablePointer<uv_stream_t>, to copy: Int32, on loop: EventLoop) throws(LoopError) {
        let client = HandedClient(loop: loop, byteCount: MemoryLayout<uv_tcp_t>.size)
        try client.start { (handle: UnsafeMutablePointer<uv_tcp_t>) in uv_tcp_init(loop.uv, handle) }
        defer { client.close() }
        try check(uv_accept(listener, client.pointer(as: uv_stream_t.self)))
        var descriptor: uv_os_fd_t = -1
        try check(uv_fileno(client.handle, &descriptor))
        // libuv closes what it has accepted; its copy lives on.
        guard dup2(descriptor, copy) >= 0, fcntl(copy, F_SETFD, FD_CLOEXEC) >= 0 else { throw LoopError(code: -errno) }
    }
}

private func check(_ result: Int32) throws(LoopError) {
    if result < 0 { throw LoopError(code: result) }
}
