import CUV
import Glibc
import Loop

/// One client: reads, feeds the parser, hands requests to the handler one after the other, writes the answers in that order.
///
/// `@unchecked Sendable`: like every `LoopHandle` it is touched on its loop's thread only.
final class HTTPConnection: LoopHandle, @unchecked Sendable {
    enum Phase {
        /// Between requests; nothing of the next one is there.
        case idle
        case receivingHead
        case receivingBody
        /// The handler has the request, or its answer is being written.
        case answering
        /// The last answer is being written.
        case finishing
        /// The server has ended its side and throws away what still comes.
        case lingering
    }
    let server: HTTPServer
    var phase = Phase.receivingHead
    /// Whether the server counts it under its address.
    var isCounted = false
    /// Where the server keeps this connection in its list.
    var position = 0
    /// The loop's milliseconds after which `expire` is called.
    var deadline: UInt64
    private let parser: RequestParser
    private(set) var remoteAddress = ""
    /// As what the server counts it among its neighbours.
    private(set) var network = ClientNetwork(of: "")
    private var requestStart: UInt64
    /// Bytes that came while a request was being handled.
    private var pending: [UInt8] = []
    private var isReading = false
    private var lingerBytes = 0
    private(set) var hasInputEnded = false
    private(set) var handlerTask: Task<Void, Never>?
    /// Where the connection's task waits for the next request.
    private var requestWaiter: UnsafeContinuation<HTTPRequest?, Never>?

    // The request that is being answered.
    var isHead = false
    var isVersion11 = true
    var acceptsGzip = false
    var keepsAlive = true
    var isStreaming = false

    // Output.
    var output: [UInt8] = []
    var writesUnderway = 0
    var isFlushScheduled = false
    var isNextRequestWaiting = false
    var drainWaiter: CheckedContinuation<Void, any Error>?

    private static let lingerBytesMaximum = 8 * 1_024 * 1_024

    init(server: HTTPServer) throws(LoopError) {
        self.server = server
        parser = RequestParser(limits: server.limits)
        requestStart = server.loop.milliseconds
        deadline = requestStart + server.deadlines.header
        super.init(loop: server.loop, byteCount: MemoryLayout<uv_tcp_t>.size)
        try start { (handle: UnsafeMutablePointer<uv_tcp_t>) in uv_tcp_init(server.loop.uv, handle) }
    }

    var stream: UnsafeMutablePointer<uv_stream_t> { pointer(as: uv_stream_t.self) }

    /// Takes the listener's next client and begins to read.
    func accept(from listener: UnsafeMutablePointer<uv_stream_t>) throws(LoopError) {
        let result = uv_accept(listener, stream)
        guard result >= 0 else { throw LoopError(code: result) }
        begin()
    }

    /// Takes a client that was accepted without the loop; the descriptor is ours from here on.
    func open(_ descriptor: Int32) throws(LoopError) {
        let result = uv_tcp_open(pointer(as: uv_tcp_t.self), descriptor)
        guard result >= 0 else {
            Glibc.close(descriptor)
            throw LoopError(code: result)
        }
        begin()
    }

    private func begin() {
        // Answers are written whole; waiting for more would only delay them.
        uv_tcp_nodelay(pointer(as: uv_tcp_t.self), 1)
        remoteAddress = peerAddress(of: pointer(as: uv_tcp_t.self))
        network = ClientNetwork(of: remoteAddress)
        startReading()
    }

    /// True while no byte of a request has come: such a connection can be closed without loss.
    var isUnused: Bool { phase == .idle || phase == .receivingHead && !parser.hasBegun }

    /// The handler has a request, and nothing of its answer has been made.
    var isOwedAnswer: Bool {
        isOpen && phase == .answering && handlerTask != nil && requestWaiter == nil && !isStreaming && writesUnderway == 0
    }

    // MARK: Reading

    private func startReading() {
        guard isOpen, !isReading, !hasInputEnded else { return }
        isReading = true
        uv_read_start(
            stream,
            { handle, _, buffer in
                // One buffer serves all connections of the loop: what is read is used up before the next read.
                let server = loopOwner(handle!.pointee.data, as: HTTPConnection.self).server
                buffer!.pointee = uv_buf_init(server.readBuffer.baseAddress, UInt32(server.readBuffer.count))
            },
            { stream, count, buffer in
                loopOwner(stream!.pointee.data, as: HTTPConnection.self).received(count, buffer!.pointee.base)
            })
    }

    private func stopReading() {
        guard isReading else { return }
        isReading = false
        uv_read_stop(stream)
    }

    private func received(_ count: Int, _ start: UnsafeMutablePointer<CChar>?) {
        guard count != 0, isOpen else { return }
        guard count > 0 else { return inputEnded(isOrderly: count == Int(UV_EOF.rawValue)) }
        let bytes = UnsafeRawBufferPointer(start: start, count: count)
        switch phase {
        case .idle, .receivingHead, .receivingBody: consume(bytes)
        case .answering:
            pending.append(contentsOf: bytes)
            if pending.count > server.limits.pipelinedBytes { stopReading() }
        case .finishing: break
        case .lingering:
            lingerBytes += count
            if lingerBytes > Self.lingerBytesMaximum { close() }
        }
    }

    private func inputEnded(isOrderly: Bool) {
        stopReading()
        hasInputEnded = true
        // A client may end its side and still wait for the answer to what it has sent; anything less than a request gets none.
        let isOwedAnswer = phase == .answering || phase == .finishing
        if !isOrderly || !isOwedAnswer { close() }
    }

    private func consume(_ bytes: UnsafeRawBufferPointer) {
        if phase == .idle {
            phase = .receivingHead
            requestStart = loop.milliseconds
            deadline = requestStart + server.deadlines.header
        }
        var rest = bytes
        while true {
            let (consumed, outcome) = parser.parse(rest)
            rest = UnsafeRawBufferPointer(rebasing: rest[consumed...])
            switch outcome {
            case .needsMore: return
            case .headComplete:
                isHead = parser.method == .head
                phase = .receivingBody
                deadline = requestStart + server.deadlines.request
                if parser.awaitsContinue && rest.isEmpty {
                    output.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
                    flush()
                }
            case .complete:
                pending.append(contentsOf: rest)
                return beginRequest()
            case .refused(let refusal): return refuse(refusal)
            }
            guard isOpen else { return }
        }
    }

    // MARK: Requests

    private func beginRequest() {
        phase = .answering
        deadline = .max
        keepsAlive = parser.keepsAlive
        isVersion11 = parser.isVersion11
        let request: HTTPRequest
        do {
            request = try parser.takeRequest(remoteAddress: remoteAddress)
        } catch {
            return refuse(error)
        }
        acceptsGzip = Compression.isGzipAccepted(request.headers)
        if let waiter = requestWaiter {
            requestWaiter = nil
            waiter.resume(returning: request)
        } else {
            handlerTask = loop.spawn { [self] in await handleRequests(from: request) }
        }
    }

    /// The task of this connection: one for all its requests, because starting one costs more than waking one.
    private func handleRequests(from first: HTTPRequest) async {
        var next: HTTPRequest? = first
        while let request = next {
            await answer(await server.handler(request))
            next = nil
            if isOpen && keepsAlive {
                next = await withUnsafeContinuation { waiter in
                    requestWaiter = waiter
                    finishAnswer()
                }
            } else {
                finishAnswer()
            }
        }
        handlerTask = nil
    }

    /// The answer has been handed to the kernel or at least to libuv: what comes next?
    private func finishAnswer() {
        isHead = false
        server.answeredRequests += 1
        // Already over when the client has gone or the answer was refused.
        guard isOpen, phase == .answering else { return }
        guard keepsAlive else { return finish() }
        if pending.isEmpty { flush() } else { scheduleFlush() }
        if writesUnderway > 0 {
            isNextRequestWaiting = true
        } else {
            nextRequest()
        }
    }

    func nextRequest() {
        isNextRequestWaiting = false
        guard isOpen else { return }
        if server.isDraining { return finish() }
        phase = .idle
        deadline = loop.milliseconds + server.deadlines.idle
        startReading()
        if !pending.isEmpty {
            let bytes = pending
            pending = []
            bytes.withUnsafeBytes { consume($0) }
        }
        let isWaitingForMore = phase == .idle || phase == .receivingHead || phase == .receivingBody
        if isOpen && hasInputEnded && isWaitingForMore { finish() }
    }

    /// Answers with a problem document and ends the connection: behind a bad request nothing can be trusted.
    func refuse(_ refusal: HTTPRefusal) {
        server.refusedRequests += 1
        keepsAlive = false
        acceptsGzip = false
        phase = .answering
        encode(server.refusalAnswer(refusal, RefusedRequest(headers: parser.readHeaders, remoteAddress: remoteAddress)))
        finish()
    }

    /// The deadline has passed.
    func expire() {
        switch phase {
        case .receivingHead, .receivingBody:
            if parser.hasBegun { refuse(.timeout) } else { close() }
        case .idle, .answering, .finishing, .lingering: close()
        }
    }

    // MARK: The end

    func finish() {
        phase = .finishing
        flush()
        if isOpen && writesUnderway == 0 { linger() }
    }

    /// Ends the server's side and reads on for a moment: closing a socket with unread bytes would reset it, and the reset would
    /// overtake the answer.
    func linger() {
        guard !hasInputEnded else { return close() }
        phase = .lingering
        deadline = loop.milliseconds + server.deadlines.linger
        let request = UnsafeMutablePointer<uv_shutdown_t>.allocate(capacity: 1)
        let result = uv_shutdown(request, stream) { request, _ in request!.deallocate() }
        if result < 0 {
            request.deallocate()
            close()
        } else {
            startReading()
        }
    }

    override func willClose() {
        isReading = false
        server.remove(self)
        let waiter = drainWaiter
        drainWaiter = nil
        waiter?.resume(throwing: HTTPClientGone())
        let idleTask = requestWaiter
        requestWaiter = nil
        idleTask?.resume(returning: nil)
        // A body that nobody reads need not be made. Handlers are left to finish: what they do is not undone by a lost client.
        if isStreaming { handlerTask?.cancel() }
    }
}

/// The client has closed the connection or was cut off before it had taken the whole answer.
package struct HTTPClientGone: Error, Equatable {}

/// The peer's address without port; IPv4 addresses in IPv6 form come out as IPv4.
private func peerAddress(of socket: UnsafeMutablePointer<uv_tcp_t>) -> String {
    withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { memory in
        var length = Int32(memory.count)
        let address = memory.baseAddress!.assumingMemoryBound(to: sockaddr.self)
        guard uv_tcp_getpeername(socket, address, &length) >= 0 else { return "" }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
            guard uv_ip_name(address, text.baseAddress, text.count) >= 0 else { return "" }
            let name = String(cString: text.baseAddress!)
            return name.hasPrefix("::ffff:") && name.contains(".") ? String(name.dropFirst(7)) : name
        }
    }
}
