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
        // A server that stops has answered in the handler's stead.
        guard isOpen, phase == .answering else { return }
        guard !response.headers.isUnsafe, (200...599).contains(response.status) else { return refuse(.brokenAnswer) }
        let asksToClose = response.headers["connection"]?.lowercased() == "close"
        keepsAlive = keepsAlive && !asksToClose && !server.isDraining && !server.isEndAnnounced
        switch response.body {
        case .bytes, .shared: encode(response)
        case .stream(let body): await stream(body, for: response)
        }
    }

    /// Puts a whole answer into the output.
    func encode(_ response: HTTPResponse) {
        var body: [UInt8]
        switch response.body {
        case .bytes(let bytes): body = bytes
        case .shared(let shared): return encode(shared, for: response)
        case .stream: return
        }
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
            body.withUnsafeBytes { send(output, $0) }
            forgetOutput()
        }
    }

    private func encode(_ shared: SharedBody, for response: HTTPResponse) {
        var headers = response.headers
        let isCompressed = shared.gzip != nil && mayCompress(&headers)
        let body = isCompressed ? shared.gzip ?? shared.plain : shared.plain
        encodeHead(response.status, headers, response.isBodiless ? .none : .length(body.bytes.count))
        if isHead || response.isBodiless { return }
        send(output, body.bytes, keeping: body)
        forgetOutput()
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
        send(output, UnsafeRawBufferPointer(start: nil, count: 0))
        forgetOutput()
    }

    private func forgetOutput() {
        output.removeAll(keepingCapacity: output.count <= Self.outputKept)
    }

    /// Writes both pieces, what the kernel takes at once and the rest through libuv. What is left is copied, unless `laid` keeps the second
    /// piece where it is.
    private func send(_ first: [UInt8], _ second: UnsafeRawBufferPointer, keeping laid: LaidBytes? = nil) {
        guard isOpen else { return }
        var written = 0
        if writesUnderway == 0 {
            let result = tryWrite(first, second)
            if result < 0 && result != UV_EAGAIN.rawValue { return close() }
            written = max(0, Int(result))
        }
        if written == first.count + second.count { return }
        let firstLeft = min(written, first.count)..<first.count
        let secondLeft = UnsafeRawBufferPointer(rebasing: second[max(0, written - first.count)...])
        let copied = UnsafeMutableRawBufferPointer.allocate(
            byteCount: firstLeft.count + (laid == nil ? secondLeft.count : 0), alignment: 1)
        first.withUnsafeBytes { copied.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[firstLeft])) }
        if laid == nil {
            UnsafeMutableRawBufferPointer(rebasing: copied[firstLeft.count...]).copyMemory(from: secondLeft)
        }
        queue(copied, laid.map { ($0, secondLeft) })
    }

    private func tryWrite(_ first: [UInt8], _ second: UnsafeRawBufferPointer) -> Int32 {
        first.withUnsafeBytes { first in
            withUnsafeTemporaryAllocation(of: uv_buf_t.self, capacity: 2) { buffers in
                buffers[0] = uvBuffer(first)
                buffers[1] = uvBuffer(second)
                return uv_try_write(stream, buffers.baseAddress, second.isEmpty ? 1 : 2)
            }
        }
    }

    private func queue(_ copied: UnsafeMutableRawBufferPointer, _ laid: (owner: LaidBytes, bytes: UnsafeRawBufferPointer)?) {
        let write = PendingWrite(connection: self, bytes: copied, laid: laid?.owner)
        let count = copied.count + (laid?.bytes.count ?? 0)
        let result = withUnsafeTemporaryAllocation(of: uv_buf_t.self, capacity: 2) { buffers in
            buffers[0] = uvBuffer(UnsafeRawBufferPointer(copied))
            if let laid { buffers[1] = uvBuffer(laid.bytes) }
            return uv_write(write.request, stream, buffers.baseAddress, laid == nil ? 1 : 2) { request, status in
                Unmanaged<PendingWrite>.fromOpaque(request!.pointee.data).takeRetainedValue().end(status)
            }
        }
        guard result >= 0 else { return close() }
        write.request.pointee.data = Unmanaged.passRetained(write).toOpaque()
        writesUnderway += 1
        let extraSeconds = UInt64(count / (64 * 1_024))
        deadline = loop.milliseconds + server.deadlines.write + extraSeconds * 1_000
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
    let bytes: UnsafeMutableRawBufferPointer
    let laid: LaidBytes?

    init(connection: HTTPConnection, bytes: UnsafeMutableRawBufferPointer, laid: LaidBytes?) {
        self.connection = connection
        self.bytes = bytes
        self.laid = laid
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
