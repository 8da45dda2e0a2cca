import FoundationEssentials
import SMTP

/// How mail leaves: which server takes it, who it is from. Without a server mails wait in their queue, where people can read them.
package struct MailSettings: Sendable {
    package var host: String?
    package var port = 587
    package var isImplicitTLS = false
    package var tls = SMTPServer.TLS.required
    package var user: String?
    package var password: String?
    package var authorities: String?
    package var from: Mailbox?
    package var contact: Mailbox?

    package init() {}

    /// Nil while mail is not configured.
    package var server: SMTPServer? {
        guard let host, from != nil else { return nil }
        return SMTPServer(
            host: host, port: port, tls: isImplicitTLS ? .implicit : tls, user: user, password: password, authorities: authorities
        )
    }

    /// What does not fit together, in words for whoever started the program.
    var fault: String? {
        if host != nil, from == nil {
            return "BURSAR_SMTP_URL needs BURSAR_MAIL_FROM beside it: the address that mails are from."
        }
        if host == nil, user != nil || password != nil { return "A user or password for mail needs BURSAR_SMTP_URL beside it." }
        if (user == nil) != (password == nil) {
            return "BURSAR_SMTP_USER and BURSAR_SMTP_PASSWORD (or BURSAR_SMTP_PASSWORD_FILE) go together."
        }
        if user != nil, !isImplicitTLS, tls == .opportunistic || tls == .off && !isLoopback {
            return "A password is never sent in the clear: say BURSAR_SMTP_TLS=required, or use an smtps:// address."
        }
        return nil
    }

    private var isLoopback: Bool { host == "localhost" || host == "::1" || host?.hasPrefix("127.") ?? false }

    /// `smtp://mail.example.com:587` or `smtps://mail.example.com`, without a user in it.
    fileprivate mutating func setURL(_ value: String) -> Bool {
        let scheme = ["smtp://", "smtps://"].first { value.hasPrefix($0) }
        guard let scheme else { return false }
        var rest = value.dropFirst(scheme.count)
        if rest.last == "/" { rest = rest.dropLast() }
        var number = scheme == "smtps://" ? 465 : 587
        if let colon = rest.lastIndex(of: ":"), rest.last != "]" {
            guard let given = Int(rest[rest.index(after: colon)...]), (1...65_535).contains(given) else { return false }
            number = given
            rest = rest[..<colon]
        }
        if rest.hasPrefix("["), rest.hasSuffix("]") { rest = rest.dropFirst().dropLast() }
        let isName = rest.utf8.allSatisfy {
            (45...46).contains($0) || (48...58).contains($0) || (65...90).contains($0) || (97...122).contains($0)
        }
        guard !rest.isEmpty, isName else { return false }
        (host, port, isImplicitTLS) = (String(rest), number, scheme == "smtps://")
        return true
    }
}

extension Configuration {
    static let mailSettings: [Setting] = [
        Setting(
            variable: "BURSAR_SMTP_URL", fallback: "none: mails wait and can be read",
            meaning: "The server that takes mail: `smtp://host:587`, or `smtps://host` for TLS from the first byte."
        ) { configuration, value in configuration.mail.setURL(value) },
        Setting(
            variable: "BURSAR_SMTP_TLS", fallback: "required",
            meaning: "STARTTLS for `smtp://`: `required`, `opportunistic` (unchecked, never with a password) or `off`."
        ) { configuration, value in
            guard let tls = SMTPServer.TLS(rawValue: value), tls != .implicit else { return false }
            configuration.mail.tls = tls
            return true
        },
        Setting(variable: "BURSAR_SMTP_USER", fallback: "–", meaning: "The user that signs in to the mail server.") {
            configuration, value in
            configuration.mail.user = value
            return isOneLine(value)
        },
        Setting(variable: "BURSAR_SMTP_PASSWORD", fallback: "–", meaning: "Her password.") { configuration, value in
            configuration.mail.password = value
            return isOneLine(value)
        },
        Setting(
            variable: "BURSAR_SMTP_PASSWORD_FILE", fallback: "–",
            meaning: "A file that holds the password, instead of `BURSAR_SMTP_PASSWORD`."
        ) { configuration, value in
            guard let text = try? String(contentsOf: URL(filePath: value), encoding: .utf8) else { return false }
            let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            configuration.mail.password = line
            return isOneLine(line)
        },
        Setting(
            variable: "BURSAR_SMTP_CA_FILE", fallback: "the system's",
            meaning: "Certificate authorities (PEM) that vouch for the mail server, instead of the system's."
        ) { configuration, value in
            configuration.mail.authorities = value
            return FileManager.default.isReadableFile(atPath: value)
        },
        Setting(
            variable: "BURSAR_MAIL_FROM", fallback: "–",
            meaning: "Who mails are from: `billing@example.com` or `Example Cloud <billing@example.com>`."
        ) { configuration, value in
            configuration.mail.from = Mailbox(value)
            return configuration.mail.from != nil
        },
        Setting(
            variable: "BURSAR_MAIL_CONTACT", fallback: "the address mails are from",
            meaning: "Whom readers write to with questions; stands in every mail and takes the replies."
        ) { configuration, value in
            configuration.mail.contact = Mailbox(value)
            return configuration.mail.contact != nil
        },
    ]

    private static func isOneLine(_ value: String) -> Bool {
        !value.isEmpty && value.unicodeScalars.allSatisfy { $0.value >= 32 }
    }
}
