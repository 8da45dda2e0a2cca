import CCurl

/// The mail server that takes our mails, and how it is spoken to.
package struct SMTPServer: Sendable, Equatable {
    package enum TLS: String, Sendable, CaseIterable {
        /// Plain text: only inside a machine or a container network.
        case off
        /// STARTTLS where the server offers it, whoever it is: better than nothing, and never with a password.
        case opportunistic
        /// STARTTLS with a certificate that holds, or no mail.
        case required
        /// TLS from the first byte (`smtps://`).
        case implicit
    }

    package var host: String
    package var port: Int
    package var tls: TLS
    package var user: String?
    package var password: String?
    /// A file of further certificate authorities, for a server with one of its own.
    package var authorities: String?
    package var connectSeconds = 10
    package var sendSeconds = 45

    package init(host: String, port: Int, tls: TLS, user: String? = nil, password: String? = nil, authorities: String? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
        self.user = user
        self.password = password
        self.authorities = authorities
    }

    /// `smtp://host:port`
    package var url: String { "\(tls == .implicit ? "smtps" : "smtp")://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

/// One mail and whom the server is told it is from and for.
package struct SMTPEnvelope: Sendable {
    package let from: MailAddress
    package let to: MailAddress
    package let bytes: [UInt8]

    package init(from: MailAddress, to: MailAddress, bytes: [UInt8]) {
        self.from = from
        self.to = to
        self.bytes = bytes
    }
}

/// What became of one attempt, with the server's last words or the reason why there are none.
package enum SMTPOutcome: Sendable, Equatable {
    /// The server has taken it over.
    case accepted(String)
    /// The server will never take this mail: a 5xx about its sender, its recipient or itself.
    case refused(String)
    /// Not now: a 4xx, no connection, a password or a certificate that does not hold. Another attempt may do.
    case postponed(String)
}

/// Speaks SMTP through libcurl. Blocks, so it belongs on a worker thread.
package enum SMTPClient {
    /// Global preparation happens once and before any handle.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Sends one mail after the other over one connection where the server keeps it; answers one outcome for each, in order, and fewer when told to stop.
    package static func send(_ envelopes: [SMTPEnvelope], to server: SMTPServer, unless isStopping: () -> Bool = { false })
        -> [SMTPOutcome]
    {
        guard isReady, let curl = curl_easy_init() else { return envelopes.map { _ in .postponed("libcurl did not start") } }
        defer { curl_easy_cleanup(curl) }
        var outcomes: [SMTPOutcome] = []
        for envelope in envelopes {
            if isStopping() { break }
            let (outcome, isUnreachable) = one(envelope, server, curl)
            outcomes.append(outcome)
            // A server that cannot be reached is not asked again for every mail of the batch.
            if isUnreachable { return outcomes + envelopes.dropFirst(outcomes.count).map { _ in outcome } }
        }
        return outcomes
    }

    /// Greets the server, with TLS and sign-in as for a mail, and leaves again: whether mails would be taken at all.
    package static func greet(_ server: SMTPServer) -> SMTPOutcome {
        guard isReady, let curl = curl_easy_init() else { return .postponed("libcurl did not start") }
        defer { curl_easy_cleanup(curl) }
        let exchange = Exchange([])
        defer { curl_easy_reset(curl) }
        let context = Unmanaged.passUnretained(exchange).toOpaque()
        configure(curl, server)
        _ = bursar_curl_text(curl, CURLOPT_CUSTOMREQUEST, "NOOP")
        _ = bursar_curl_number(curl, CURLOPT_NOBODY, 1)
        _ = bursar_curl_number(curl, CURLOPT_VERBOSE, 1)
        _ = bursar_curl_listener(curl, listen, context)
        let code = withExtendedLifetime(exchange) { curl_easy_perform(curl) }
        if code == CURLE_OK { return .accepted(exchange.reply) }
        return .postponed(
            "\(String(cString: curl_easy_strerror(code)))\(exchange.reply.isEmpty ? "" : " after «\(exchange.reply)»")")
    }

    /// What is being sent and what has been heard, for the length of one attempt.
    private final class Exchange {
        let bytes: [UInt8]
        var position = 0
        /// The first word of our last command; never its arguments, which may be a password.
        var command = ""
        /// The one before QUIT.
        var last: String?
        var reply = ""
        init(_ bytes: [UInt8]) { self.bytes = bytes }
    }

    private static func one(_ envelope: SMTPEnvelope, _ server: SMTPServer, _ curl: UnsafeMutableRawPointer) -> (
        SMTPOutcome, isUnreachable: Bool
    ) {
        let exchange = Exchange(envelope.bytes)
        // The handle outlives this mail and says QUIT at its end: nothing may call back into an exchange that is over.
        defer { curl_easy_reset(curl) }
        let context = Unmanaged.passUnretained(exchange).toOpaque()
        let recipients = curl_slist_append(nil, "<\(envelope.to)>")
        defer { curl_slist_free_all(recipients) }
        configure(curl, server)
        _ = bursar_curl_text(curl, CURLOPT_MAIL_FROM, "<\(envelope.from)>")
        _ = bursar_curl_list(curl, CURLOPT_MAIL_RCPT, recipients)
        _ = bursar_curl_number(curl, CURLOPT_UPLOAD, 1)
        _ = bursar_curl_reader(curl, read, context)
        _ = bursar_curl_number(curl, CURLOPT_VERBOSE, 1)
        _ = bursar_curl_listener(curl, listen, context)
        let code = withExtendedLifetime(exchange) { curl_easy_perform(curl) }
        return (
            outcome(code, exchange),
            code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_OPERATION_TIMEDOUT
        )
    }

    private static func configure(_ curl: UnsafeMutableRawPointer, _ server: SMTPServer) {
        _ = bursar_curl_text(curl, CURLOPT_URL, server.url)
        _ = bursar_curl_text(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        // A proxy of the environment is meant for other things.
        _ = bursar_curl_text(curl, CURLOPT_PROXY, "")
        _ = bursar_curl_number(curl, CURLOPT_NOSIGNAL, 1)
        _ = bursar_curl_number(curl, CURLOPT_CONNECTTIMEOUT, server.connectSeconds)
        _ = bursar_curl_number(curl, CURLOPT_TIMEOUT, server.sendSeconds)
        let use =
            switch server.tls {
            case .off: CURLUSESSL_NONE
            case .opportunistic: CURLUSESSL_TRY
            case .required, .implicit: CURLUSESSL_ALL
            }
        _ = bursar_curl_number(curl, CURLOPT_USE_SSL, Int(use.rawValue))
        if server.tls == .opportunistic {
            _ = bursar_curl_number(curl, CURLOPT_SSL_VERIFYPEER, 0)
            _ = bursar_curl_number(curl, CURLOPT_SSL_VERIFYHOST, 0)
        }
        if let authorities = server.authorities { _ = bursar_curl_text(curl, CURLOPT_CAINFO, authorities) }
        if let user = server.user {
            _ = bursar_curl_text(curl, CURLOPT_USERNAME, user)
            _ = bursar_curl_text(curl, CURLOPT_PASSWORD, server.password ?? "")
        }
    }

    private static func outcome(_ code: CURLcode, _ exchange: Exchange) -> SMTPOutcome {
        if code == CURLE_OK { return .accepted(exchange.reply.isEmpty ? "250" : exchange.reply) }
        let heard = exchange.reply
        let isAboutTheMail =
            code != CURLE_LOGIN_DENIED && ["MAIL", "RCPT", "DATA", "."].contains(exchange.last ?? exchange.command)
        if isAboutTheMail, heard.first == "5" { return .refused(heard) }
        let reason = String(cString: curl_easy_strerror(code))
        return .postponed(heard.first == "4" || heard.first == "5" ? heard : reason)
    }

    // MARK: What libcurl calls back

    private static let read: curl_read_callback = { buffer, size, count, context in
        guard let buffer, let context else { return 0 }
        let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
        let length = min(size * count, exchange.bytes.count - exchange.position)
        guard length > 0 else { return 0 }
        exchange.bytes.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress {
                UnsafeMutableRawPointer(buffer).copyMemory(from: start + exchange.position, byteCount: length)
            }
        }
        exchange.position += length
        // After the first byte of the mail the next reply is about the whole of it.
        exchange.command = "."
        return length
    }

    private static let listen: curl_debug_callback = { _, kind, data, size, context in
        guard let data, let context, kind == CURLINFO_HEADER_IN || kind == CURLINFO_HEADER_OUT else { return 0 }
        let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
        // The farewell is about no mail.
        guard exchange.command != "QUIT" else { return 0 }
        let line = String(decoding: UnsafeRawBufferPointer(start: data, count: size), as: UTF8.self)
        if kind == CURLINFO_HEADER_IN {
            let plain = line.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }
            if !plain.isEmpty { exchange.reply = String(String.UnicodeScalarView(plain).prefix(300)) }
        } else {
            let command = String(line.prefix { $0.isLetter })
            if command == "QUIT" { exchange.last = exchange.command }
            exchange.command = command
        }
        return 0
    }
}
