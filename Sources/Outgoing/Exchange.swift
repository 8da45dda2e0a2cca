import CCurl

#if canImport(Glibc)
    import Glibc
#endif

/// One request on its way: what libcurl calls back into, on the thread that drives it.
final class Exchange {
    let request: OutgoingRequest
    let policy: AddressPolicy
    let done: @Sendable (OutgoingResult) -> Void
    private var list: UnsafeMutablePointer<curl_slist>?
    private var body: [UInt8] = []
    private var isCut = false
    private var headBytes = 0
    private var isRefused = false
    private var retryAfter: String?

    init(_ request: OutgoingRequest, _ policy: AddressPolicy, _ done: @escaping @Sendable (OutgoingResult) -> Void) {
        self.request = request
        self.policy = policy
        self.done = done
    }

    func configure(_ curl: UnsafeMutableRawPointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        // No "Expect: 100-continue": bodies are small.
        list = curl_slist_append(nil, "Expect:")
        for header in request.headers { list = curl_slist_append(list, "\(header.name): \(header.value)") }
        _ = bursar_curl_text(curl, CURLOPT_URL, request.url.text)
        _ = bursar_curl_text(curl, CURLOPT_PROTOCOLS_STR, "http,https")
        // A proxy of the environment is meant for other things.
        _ = bursar_curl_text(curl, CURLOPT_PROXY, "")
        _ = bursar_curl_number(curl, CURLOPT_NOSIGNAL, 1)
        _ = bursar_curl_number(curl, CURLOPT_FOLLOWLOCATION, 0)
        _ = bursar_curl_number(curl, CURLOPT_TIMEOUT, request.timeoutSeconds)
        _ = bursar_curl_number(curl, CURLOPT_CONNECTTIMEOUT, min(10, request.timeoutSeconds))
        _ = bursar_curl_text(curl, CURLOPT_USERAGENT, "Bursar/1")
        _ = bursar_curl_list(curl, CURLOPT_HTTPHEADER, list)
        _ = request.body.withUnsafeBytes { bytes in
            bursar_curl_copied_body(curl, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count)
        }
        _ = bursar_curl_writer(curl, Self.write, context)
        _ = bursar_curl_headers(curl, Self.header, context)
        _ = bursar_curl_opener(curl, Self.open, context)
    }

    func free() {
        curl_slist_free_all(list)
        list = nil
    }

    func outcome(_ code: CURLcode, _ curl: UnsafeMutableRawPointer) -> Result<OutgoingReply, OutgoingFault> {
        if code == CURLE_OK || code == CURLE_WRITE_ERROR && isCut {
            var status = 0
            _ = bursar_curl_status(curl, &status)
            return .success(OutgoingReply(status: status, body: body, isCut: isCut, retryAfter: retryAfter))
        }
        if isRefused { return .failure(.addressRefused) }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: return .failure(.unresolved)
        case CURLE_COULDNT_CONNECT: return .failure(.unreachable)
        case CURLE_OPERATION_TIMEDOUT: return .failure(.timedOut)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM:
            return .failure(.tls)
        default: return .failure(.broken)
        }
    }

    // MARK: What libcurl calls back

    private static let write: curl_write_callback = { buffer, size, count, context in
        guard let buffer, let context else { return 0 }
        let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
        let length = size * count
        let taken = min(length, OutgoingHTTP.replyBytes - exchange.body.count)
        exchange.body += UnsafeRawBufferPointer(start: buffer, count: taken)
        exchange.isCut = taken < length
        return taken
    }

    private static let header: curl_write_callback = { buffer, size, count, context in
        guard let buffer, let context else { return 0 }
        let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
        let length = size * count
        exchange.headBytes += length
        // Those of interim answers count as well: nothing that comes without end is read for longer than this.
        guard exchange.headBytes <= OutgoingHTTP.replyBytes else { return 0 }
        let line = String(decoding: UnsafeRawBufferPointer(start: buffer, count: min(length, 200)), as: UTF8.self)
        if line.lowercased().hasPrefix("retry-after:") {
            // A date has spaces inside: only those around it go, and the line's end, which Swift takes for one character.
            var value = line.dropFirst("retry-after:".count).drop { $0.isWhitespace }
            while value.last?.isWhitespace == true { value.removeLast() }
            exchange.retryAfter = value.isEmpty ? nil : String(value)
        }
        return length
    }

    /// The address that is really about to be asked, whatever the name said before.
    private static let open: curl_opensocket_callback = { context, _, address in
        guard let context, let address else { return curl_socket_t(-1) }
        let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
        let family = address.pointee.family
        var bytes: [UInt8] = []
        // libcurl keeps the whole of the address behind the field, however small its declared type.
        if let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) {
            let start = UnsafeRawPointer(address) + offset
            if family == AF_INET {
                let whole = start.loadUnaligned(as: sockaddr_in.self)
                bytes = withUnsafeBytes(of: whole.sin_addr) { Array($0) }
            } else if family == AF_INET6 {
                let whole = start.loadUnaligned(as: sockaddr_in6.self)
                bytes = withUnsafeBytes(of: whole.sin6_addr) { Array($0) }
            }
        }
        guard exchange.policy.allows(bytes) else {
            exchange.isRefused = true
            return curl_socket_t(-1)
        }
        return socket(family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
    }
}
