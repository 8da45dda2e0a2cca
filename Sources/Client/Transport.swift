import CCurl

/// One request as it goes over the wire.
struct WireRequest: Sendable {
    var method: String
    var url: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]?
    /// Bound on the whole exchange; a download has none as long as bytes keep coming.
    var seconds: Int? = 60
}

/// The answer; `body` is empty where it was handed to a sink piece by piece.
struct WireAnswer: Sendable {
    var status: Int
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    func header(_ name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }
}

/// Why there is no answer.
enum WireFault: Error {
    /// Nothing has been sent: asking again cannot double anything.
    case notConnected(String)
    /// TLS or the settings are at fault; asking again helps nobody.
    case unusable(String)
    /// Sent or half sent, and no whole answer: what became of it is not known.
    case brokenOff(String)
    case tooLarge(Int)
    /// The sink has refused the bytes.
    case sinkClosed
}

/// HTTP through libcurl: one connection kept open, verified TLS, gzip, no redirects (a key must not follow one), no protocol but http and https. Blocks.
final class Transport {
    /// An answer that is kept in memory is no larger.
    static let bodyBytesMaximum = 256 * 1024 * 1024
    /// Global preparation happens once and before any handle.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    private static let connectSeconds = 10
    /// A download that brings not one byte for so long has ended.
    private static let silenceSeconds = 60

    private let curl: UnsafeMutableRawPointer
    private let authorities: String?
    private let agent: String

    init(agent: String, authorities: String? = nil) throws {
        guard Self.isReady, let curl = curl_easy_init() else { throw WireFault.unusable("libcurl did not start") }
        self.curl = curl
        self.agent = agent
        self.authorities = authorities
    }

    deinit { curl_easy_cleanup(curl) }

    /// What is heard during one exchange; lives as long as `curl_easy_perform` runs.
    private final class Exchange {
        var status = 0
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
        let sink: (([UInt8]) -> Bool)?
        var isTooLarge = false
        var isSinkClosed = false
        init(_ sink: (([UInt8]) -> Bool)?) { self.sink = sink }
    }

    /// - Parameter sink: takes the body of a successful answer piece by piece; false stops.
    func send(_ request: WireRequest, sink: (([UInt8]) -> Bool)? = nil) throws(WireFault) -> WireAnswer {
        let exchange = Exchange(sink)
        // The connection outlives the exchange, what we told the handle about it does not.
        defer { curl_easy_reset(curl) }
        let context = Unmanaged.passUnretained(exchange).toOpaque()
        var headers: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(headers) }
        for (name, value) in request.headers + [("Expect", "")] {
            headers = curl_slist_append(headers, value.isEmpty ? "\(name):" : "\(name): \(value)")
        }
        configure(request)
        _ = bursar_curl_list(curl, CURLOPT_HTTPHEADER, headers)
        _ = bursar_curl_headers(curl, Self.hear, context)
        _ = bursar_curl_writer(curl, Self.take, context)
        let code = withExtendedLifetime(exchange) { () -> CURLcode in
            guard let body = request.body else { return curl_easy_perform(curl) }
            return body.withUnsafeBytes { bytes in
                _ = bursar_curl_body(curl, bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1), bytes.count)
                return curl_easy_perform(curl)
            }
        }
        if let fault = Self.fault(code, exchange) { throw fault }
        return WireAnswer(status: exchange.status, headers: exchange.headers, body: exchange.body)
    }

    private func configure(_ request: WireRequest) {
        _ = bursar_curl_text(curl, CURLOPT_URL, request.url)
        _ = bursar_curl_text(curl, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = bursar_curl_text(curl, CURLOPT_USERAGENT, agent)
        _ = bursar_curl_text(curl, CURLOPT_ACCEPT_ENCODING, "gzip")
        _ = bursar_curl_number(curl, CURLOPT_NOSIGNAL, 1)
        // An ID of `..` is an ID that nobody has, not the way to another command.
        _ = bursar_curl_number(curl, CURLOPT_PATH_AS_IS, 1)
        _ = bursar_curl_number(curl, CURLOPT_CONNECTTIMEOUT, Self.connectSeconds)
        if let seconds = request.seconds {
            _ = bursar_curl_number(curl, CURLOPT_TIMEOUT, seconds)
        } else {
            _ = bursar_curl_number(curl, CURLOPT_LOW_SPEED_LIMIT, 1)
            _ = bursar_curl_number(curl, CURLOPT_LOW_SPEED_TIME, Self.silenceSeconds)
        }
        if let authorities { _ = bursar_curl_text(curl, CURLOPT_CAINFO, authorities) }
        if request.method == "HEAD" {
            _ = bursar_curl_number(curl, CURLOPT_NOBODY, 1)
        } else if request.method != "GET" || request.body != nil {
            // An empty body is said to be empty: a proxy that sees no length may wait for one.
            if request.body == nil { _ = bursar_curl_body(curl, UnsafeRawPointer(bitPattern: 1), 0) }
            _ = bursar_curl_text(curl, CURLOPT_CUSTOMREQUEST, request.method)
        }
    }

    private static func fault(_ code: CURLcode, _ exchange: Exchange) -> WireFault? {
        if code == CURLE_OK { return exchange.status == 0 ? .brokenOff("no answer came") : nil }
        if exchange.isTooLarge { return .tooLarge(bodyBytesMaximum) }
        if exchange.isSinkClosed { return .sinkClosed }
        let reason = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT: return .notConnected(reason)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR,
            CURLE_SSL_CACERT_BADFILE, CURLE_OUT_OF_MEMORY:
            return .unusable(reason)
        default: return .brokenOff(reason)
        }
    }

    // MARK: What libcurl calls back

    private static let hear: curl_write_callback = { data, size, count, context in
        guard let data, let context else { return 0 }
        let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
        let line = String(decoding: UnsafeRawBufferPointer(start: data, count: size * count), as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // Of a proxy's CONNECT, an interim answer and the answer, the last one counts.
            exchange.status = line.split(separator: " ").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
            exchange.headers = []
        } else if let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")), exchange.headers.count < 200 {
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }.prefix { !$0.isNewline }
            exchange.headers.append((line[..<colon].lowercased(), String(value)))
        }
        return size * count
    }

    private static let take: curl_write_callback = { data, size, count, context in
        guard let data, let context else { return 0 }
        let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
        let bytes = UnsafeRawBufferPointer(start: data, count: size * count)
        if let sink = exchange.sink, (200..<300).contains(exchange.status) {
            guard sink(Array(bytes)) else {
                exchange.isSinkClosed = true
                return 0
            }
        } else {
            guard exchange.body.count + bytes.count <= bodyBytesMaximum else {
                exchange.isTooLarge = true
                return 0
            }
            exchange.body.append(contentsOf: bytes)
        }
        return size * count
    }
}
