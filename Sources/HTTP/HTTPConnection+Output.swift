import CUV
import Loop

extension HTTPConnection {
    /// Bodies up to this size are copied behind their head and leave in one piece; longer ones are written from where they are.
    private static let copiedBodyMaximum = 16 * 1_024
    private static let outputKept = 64 * 1_024
    /// Output beyond this is not held back for company.
    private static let outputHeldMaximum = 64 * 1_024

    // MARK: Answers

    func answer(_ response: HTTPResponse) async {
        guard isOpen else { return }
        guard !response.headers.isUnsafe, (200...599).contains(response.status) else { return refuse(.brokenAnswer) }
        let asksToClose = response.headers["connection"]?.lowercased() == "close"
        keepsAlive = keepsAlive && !asksToClose && !server.isDraining && !server.isEndAnnounced
        switch response.body {
        case .bytes: encode(response)
        case .stream(let body): await stream(body, for: response)
        }
    }

    /// Puts a whole answer into the output.
    func encode(_ response: HTTPResponse) {
        guard case .bytes(var body) = response.body else { return }
        var headers = response.headers
        if body.count >= Compression.bytesMinimum && mayCompress(&headers) {
            body = server.gzip.compress(body)
        }
        encodeHead(response.status, headers, response.isBodiless ? .none : .length(body.count))
        if isHead || response.isBodiless { return }
        if body.count <= Self.copiedBodyMaximum {
            output.append(contentsOf: body)
            if output.count > Self.outputHeldMaximum { flush() }
        } else {
            send(output, body)
            forgetOutput()
        }
    }

    private func stream(_ body: @Sendable (BodyWriter) async throws -> Void, for response: HTTPResponse) async {
        var headers = response.headers
        let compresses = mayCompress(&headers)
        let hasBody = !response.isBodiless
        if !isVersion11 && hasBody { keepsAlive = false }
        encodeHead(response.status, headers, !hasBody ? .none : isVersion11 ? .chunked : .untilClose)
        if isHead || !hasBody { return }
        isStreaming = true
        let writer = BodyWriter(connection: self, isChunked: isVersion11, gzip: compresses ? Gzip() : nil)
        do {
            try await body(writer)
            try await writer.finish()
        } catch {
            server.brokenStreams += 1
            close()
        }
        isStreaming = false
    }

    /// Whether this answer goes out as gzip; if so the headers say it, and in any case that it depends on Accept-Encoding.
    private func mayCompress(_ headers: inout HTTPHeaders) -> Bool {
        guard let type = headers["content-type"], Compression.isCompressible(type) else { return false }
        guard !headers.contains("content-encoding"), !headers.any("cache-control", holds: "no-transform") else { return false }
        if !headers.any("vary", holds: "accept-encoding") { headers.add("Vary", "Accept-Encoding") }
        if acceptsGzip { headers.add("Content-Encoding", "gzip") }
        return acceptsGzip
    }

    private func encodeHead(_ status: Int, _ headers: HTTPHeaders, _ framing: ResponseEncoder.Framing) {
        server.encoder.encodeHead(
            status: status, headers: headers, framing: framing, keepsAlive: keepsAlive, isVersion11: isVersion11, into: &output)
    }

    // MARK: Writing

    /// Lets the output leave when the loop is about to wait, so that several pieces share a packet.
    func scheduleFlush() {
        guard !isFlushScheduled, isOpen else { return }
        isFlushScheduled = true
        loop.beforePoll { [self] in
            isFlushScheduled = false
            flush()
        }
    }

    func flush() {
        guard isOpen, !output.isEmpty else { return }
        send(output, [])
        forgetOutput()
    }

    private func forgetOutput() {
        output.removeAll(keepingCapacity: output.count <= Self.outputKept)
    }

    /// Writes both pieces, what the kernel takes at once and the rest through libuv.
    private func send(_ first: [UInt8], _ second: [UInt8]) {
        guard isOpen else { return }
        var written = 0
        if writesUnderway == 0 {
            let result = tryWrite(first, second)
            if result < 0 && result != UV_EAGAIN.rawValue { return close() }
            written = max(0, Int(result))
        }
        let total = first.count + second.count
        if written == total { return }
        let rest = UnsafeMutableBufferPointer<CChar>.allocate(capacity: total - written)
        var position = 0
        for (piece, skipped) in [(first, min(written, first.count)), (second, max(0, written - first.count))] {
            for byte in piece[skipped...] {
                rest[position] = CChar(bitPattern: byte)
                position += 1
            }
        }
        queue(rest)
    }

    private func tryWrite(_ first: [UInt8], _ second: [UInt8]) -> Int32 {
        first.withUnsafeBytes { first in
            second.withUnsafeBytes { second in
                withUnsafeTemporaryAllocation(of: uv_buf_t.self, capacity: 2) { buffers in
                    buffers[0] = uvBuffer(first)
                    buffers[1] = uvBuffer(second)
                    return uv_try_write(stream, buffers.baseAddress, second.isEmpty ? 1 : 2)
                }
            }
        }
    }

    private func queue(_ bytes: UnsafeMutableBufferPointer<CChar>) {
        let write = PendingWrite(connection: self, bytes: bytes)
        var buffer = uv_buf_init(bytes.baseAddress, UInt32(bytes.count))
        let result = uv_write(write.request, stream, &buffer, 1) { request, status in
            Unmanaged<PendingWrite>.fromOpaque(request!.pointee.data).takeRetainedValue().end(status)
        }
        guard result >= 0 else { return close() }
        write.request.pointee.data = Unmanaged.passRetained(write).toOpaque()
        writesUnderway += 1
        let extraSeconds = UInt64(bytes.count / (64 * 1_024))
        deadline = loop.milliseconds + server.limits.writeDeadline.roundedUpMilliseconds + extraSeconds * 1_000
    }

    fileprivate func didWrite(_ status: Int32) {
        writesUnderway -= 1
        guard isOpen else { return }
        if status < 0 { return close() }
        guard writesUnderway == 0 else { return }
        if phase == .answering { deadline = .max }
        if let waiter = drainWaiter {
            drainWaiter = nil
            waiter.resume()
        } else if phase == .finishing {
            linger()
        } else if isNextRequestWaiting {
            nextRequest()
        }
    }

    /// Returns when everything written so far is with the kernel. Throws `HTTPClientGone`.
    func waitForDrain() async throws {
        guard isOpen else { throw HTTPClientGone() }
        if writesUnderway == 0 { return }
        try await withCheckedThrowingContinuation { drainWaiter = $0 }
    }
}

/// Bytes that libuv is writing, and their request, until it says it is done with them.
private final class PendingWrite {
    let connection: HTTPConnection
    let request = UnsafeMutablePointer<uv_write_t>.allocate(capacity: 1)
    let bytes: UnsafeMutableBufferPointer<CChar>

    init(connection: HTTPConnection, bytes: UnsafeMutableBufferPointer<CChar>) {
        self.connection = connection
        self.bytes = bytes
    }

    deinit {
        request.deallocate()
        bytes.deallocate()
    }

    func end(_ status: Int32) { connection.didWrite(status) }
}

/// libuv's interface is older than const; it does not write there.
private func uvBuffer(_ bytes: UnsafeRawBufferPointer) -> uv_buf_t {
    uv_buf_init(
        UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: CChar.self)), UInt32(bytes.count))
}
