import Values

/// One mail as it goes over the wire: RFC 5322 headers and a body of two alternatives, text before HTML.
package struct MailMessage: Sendable {
    package var from: Mailbox
    package var to: Mailbox
    package var replyTo: Mailbox?
    package var subject: String
    /// Without its angle brackets. It stays the same however often the mail is sent again.
    package var messageID: String
    package var date: Instant
    /// The BCP 47 tag of the language that it is written in.
    package var language: String
    package var text: String
    package var html: String

    package init(
        from: Mailbox, to: Mailbox, replyTo: Mailbox? = nil, subject: String, messageID: String, date: Instant, language: String,
        text: String,
        html: String
    ) {
        self.from = from
        self.to = to
        self.replyTo = replyTo
        self.subject = subject
        self.messageID = messageID
        self.date = date
        self.language = language
        self.text = text
        self.html = html
    }

    /// The bytes between DATA and the final dot; the dots at line starts are doubled by the client.
    package var bytes: [UInt8] {
        let boundary = "=_bursar_\(messageID.prefix { $0 != "@" })"
        var lines = [
            "From: \(from.header)",
            "To: \(to.header)",
        ]
        if let replyTo { lines.append("Reply-To: \(replyTo.header)") }
        lines += [
            "Subject: \(MIMEText.unstructured(subject))",
            "Date: \(Self.date(date))",
            "Message-ID: <\(messageID)>",
            "Content-Language: \(language)",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative; boundary=\"\(boundary)\"",
            "",
            "",
        ]
        var out = Array(lines.joined(separator: "\r\n").utf8)
        for (type, content) in [("text/plain", text), ("text/html", html)] {
            let (encoding, body) = MIMEText.body(content)
            out += Array(
                "--\(boundary)\r\nContent-Type: \(type); charset=utf-8\r\nContent-Transfer-Encoding: \(encoding)\r\n\r\n".utf8)
            out += body
            out += [13, 10]
        }
        return out + Array("--\(boundary)--\r\n".utf8)
    }

    /// `Sat, 21 Nov 2026 00:47:18 +0000`
    static func date(_ instant: Instant) -> String {
        let civil = TimeZoneRule.utc.civil(at: instant)
        let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
        return
            "\(days[civil.date.dayOfWeek - 1]), \(civil.date.day) \(months[civil.date.month - 1]) \(civil.date.year) \(two(civil.hour)):\(two(civil.minute)):\(two(civil.second)) +0000"
    }
}
