import Crypto
import FoundationEssentials
import Loop
import SMTP
import Values

#if canImport(Glibc)
    import Glibc
#endif

/// Settings and machine: what can be looked at without the database.
extension Doctor {
    package static func surroundings(_ configuration: Configuration) -> [Finding] {
        [
            address(configuration), sealingKey(configuration), databaseSecret(configuration), disk(configuration), descriptors(),
            timeZoneData(), authorities(),
        ]
    }

    private static func address(_ configuration: Configuration) -> Finding {
        let isSecure = configuration.publicURL?.hasPrefix("https://") ?? false
        if !configuration.isLoopback && !isSecure {
            return .warning(
                "address", "listens on \(configuration.listenHost) and cookies are not Secure",
                fix: "Put a proxy with TLS in front and say BURSAR_PUBLIC_URL=https://…, BURSAR_TRUSTED_PROXIES.")
        }
        return .ok(
            "address", "\(configuration.listenHost):\(configuration.listenPort), \(isSecure ? "https in front" : "loopback")")
    }

    private static func sealingKey(_ configuration: Configuration) -> Finding {
        let name = "secrets key"
        if let key = configuration.secretsKey {
            return Set(key).count < 12
                ? .warning(name, "BURSAR_SECRETS_KEY is not random", fix: "Make one: `openssl rand -hex 32`.")
                : .ok(name, "given by BURSAR_SECRETS_KEY")
        }
        if configuration.databaseURL != nil {
            return .warning(
                name, "each server makes its own in its data folder",
                fix: "Give all servers of one database the same BURSAR_SECRETS_KEY.")
        }
        let path = URL(filePath: configuration.dataFolder).appending(path: "secrets.key").path
        var status = stat()
        guard stat(path, &status) == 0 else { return .ok(name, "made in the data folder when it is needed first") }
        return status.st_mode & 0o077 == 0
            ? .ok(name, "in the data folder, for the server alone")
            : .warning(name, "others may read \(path)", fix: "chmod 600 \(path)")
    }

    /// The password in the database's address and whether it travels in the clear. Neither is ever shown.
    private static func databaseSecret(_ configuration: Configuration) -> Finding {
        let name = "database secret"
        guard let url = configuration.databaseURL, let scheme = url.firstRange(of: "://") else {
            return .ok(name, "none: the private PostgreSQL asks the kernel who connects")
        }
        let parts = url[scheme.upperBound...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let authority = parts[0].prefix { $0 != "/" }
        let query = parts.count > 1 ? parts[1].lowercased() : ""
        let at = authority.lastIndex(of: "@")
        let host = String(at.map { authority[authority.index(after: $0)...] } ?? authority)
        let isLocal =
            host.isEmpty || query.contains("host=/") || query.contains("host=%2f") || host.hasPrefix("localhost")
            || host.hasPrefix("127.") || host.hasPrefix("[::1]")
        let isEncrypted = ["sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"].contains { query.contains($0) }
        if !isLocal && !isEncrypted {
            return .warning(
                name, "what travels to the database may be read on the way",
                fix: "Add sslmode=verify-full (and sslrootcert) to BURSAR_DATABASE_URL.")
        }
        let user = at.map { authority[..<$0] } ?? ""
        if let colon = user.firstIndex(of: ":") {
            let password = String(user[user.index(after: colon)...])
            if password.utf8.count < 16 || Set(password.utf8).count < 8 {
                return .warning(
                    name, "the app role's password is short", fix: "Give bursar_app a random one: `openssl rand -base64 24`.")
            }
        }
        return .ok(name, isLocal ? "the database is on this machine" : "encrypted on the way, with a password of some length")
    }

    private static func disk(_ configuration: Configuration) -> Finding {
        let place =
            configuration.databaseURL == nil
            ? "the private PostgreSQL's folder" : "this machine's folder (the database's own disk is elsewhere)"
        var facts = statvfs()
        // PostgreSQL's part may be a link to another disk; the data folder may not be made yet.
        let folder = configuration.dataFolder
        let places = ["\(folder)/postgres", folder, "."]
        guard places.contains(where: { (path: String) in statvfs(path, &facts) == 0 }) else {
            return .warning("disk", "nothing can be said about \(folder)", fix: "Does the folder exist, may the server enter it?")
        }
        let free = UInt64(facts.f_bavail) * UInt64(facts.f_frsize) / 1_048_576
        let total = max(1, UInt64(facts.f_blocks) * UInt64(facts.f_frsize) / 1_048_576)
        let detail = "\(free) MB of \(total) MB free in \(place)"
        let fix = "Make room. A full disk loses nothing: writes are refused with 503 until there is room again."
        if free < 100 { return .failure("disk", detail, fix: fix) }
        if free < 1_024 || free * 20 < total { return .warning("disk", detail, fix: fix) }
        return .ok("disk", detail)
    }

    private static func descriptors() -> Finding {
        let facts = ProcessFacts.read()
        return facts.descriptorsMaximum < 4_500
            ? .warning(
                "descriptors", "\(facts.descriptorsMaximum) files and sockets may be open; the server takes 4,096 connections",
                fix: "LimitNOFILE=65536 in the unit, or `ulimit -n 65536`.")
            : .ok("descriptors", "\(facts.descriptorsMaximum) files and sockets may be open")
    }

    private static func timeZoneData() -> Finding {
        guard TimeZoneRule(identifier: "Asia/Shanghai") != nil, TimeZoneRule(identifier: "America/New_York") != nil else {
            return .failure("tzdata", "the machine's time zones cannot be read", fix: "Install the package tzdata.")
        }
        let text = FileManager.default.contents(atPath: "/usr/share/zoneinfo/tzdata.zi").map {
            String(decoding: $0.prefix(40), as: UTF8.self)
        }
        let version = text?.split(separator: "\n").first.map { String($0.drop { !$0.isNumber }) } ?? ""
        return .ok("tzdata", version.isEmpty ? "readable" : version)
    }

    /// Whom outgoing TLS believes: webhooks and mail.
    private static func authorities() -> Finding {
        let places = [
            ProcessInfo.processInfo.environment["SSL_CERT_FILE"] ?? "", "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
        ]
        guard let found = places.first(where: { !$0.isEmpty && FileManager.default.isReadableFile(atPath: $0) }) else {
            return .warning(
                "outbound HTTPS", "no certificate authorities: no receiver of webhooks can be believed",
                fix: "Install the package ca-certificates.")
        }
        return .ok("outbound HTTPS", "authorities in \(found)")
    }

    /// Speaks with the mail server as far as one can without a mail: greeting, TLS, sign-in.
    func mailServer() async -> Finding {
        guard var server = instance.configuration.mail.server else {
            return .warning(
                "mail server", "none: mails wait, and can be read in the portal", fix: "BURSAR_SMTP_URL and BURSAR_MAIL_FROM.")
        }
        server.connectSeconds = 5
        server.sendSeconds = 15
        let (asked, place) = (server, "\(server.host):\(server.port)")
        let outcome = try? await instance.dependencies.workers.run { SMTPClient.greet(asked) }
        switch outcome {
        case .accepted?: return .ok("mail server", "\(place) takes us")
        case .refused(let words)?, .postponed(let words)?:
            return .failure(
                "mail server", "\(place): \(words)", fix: "BURSAR_SMTP_URL, _TLS, _USER, _PASSWORD, _CA_FILE; is the way open?")
        case nil: return .warning("mail server", "\(place) was not asked: all hands are busy", fix: "Ask again.")
        }
    }
}
