import Testing
import Values

@testable import SMTP

@Suite struct AddressTests {
    @Test(arguments: ["a@b.cn", "mei.lin+bills@mail.example.com", "x_y-z@sub.example.org", "o'brien@example.ie"])
    func `a plain address is taken`(text: String) throws {
        #expect(MailAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", "a", "@b.cn", "a@", "a b@c.cn", "a@b..cn", ".a@b.cn", "a.@b.cn", "a@-", "a@b.cn-", "a@b.cn\r\nBcc: x@y.z", "a@b.cn\n",
        "<a@b.cn>",
        "a@b.cn>", "\"a b\"@c.cn", "a@b.cn, c@d.cn", "a\u{0}@b.cn", "梅@例.cn", "a@b.cn\r\nRCPT TO:<x@y.z>",
    ])
    func `an address that could be something else is refused`(text: String) {
        #expect(MailAddress(text) == nil)
    }

    @Test func `a mailbox is read with or without its name`() throws {
        #expect(Mailbox("billing@example.com")?.name == nil)
        let named = try #require(Mailbox("Example Cloud <billing@example.com>"))
        #expect(named.name == "Example Cloud")
        #expect(named.address.domain == "example.com")
        #expect(Mailbox("Example\r\nBcc: x@y.z <billing@example.com>") == nil)
        #expect(Mailbox("Example <billing@example.com") == nil)
    }
}

@Suite struct MIMETests {
    private func message(
        subject: String = "Balance", text: String = "Hello.\n", html: String = "<p>Hello.</p>", name: String? = nil
    ) throws
        -> MailMessage
    {
        let address = try #require(MailAddress("billing@example.com"))
        return MailMessage(
            from: Mailbox(name: name, address: address), to: Mailbox(address: try #require(MailAddress("mei@example.cn"))),
            subject: subject, messageID: "mai_1@example.com", date: try #require(Instant(rfc3339: "2026-11-21T00:47:18Z")),
            language: "en",
            text: text, html: html)
    }

    private func lines(_ message: MailMessage) -> [Substring] {
        String(decoding: message.bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
    }

    @Test func `a mail has its headers, two alternatives and CRLF alone`() throws {
        let bytes = try message().bytes
        let text = String(decoding: bytes, as: UTF8.self)
        for header in [
            "From: billing@example.com\r\n", "To: mei@example.cn\r\n", "Subject: Balance\r\n",
            "Date: Sat, 21 Nov 2026 00:47:18 +0000\r\n",
            "Message-ID: <mai_1@example.com>\r\n", "MIME-Version: 1.0\r\n", "Auto-Submitted: auto-generated\r\n",
        ] {
            #expect(text.contains(header), "\(header)")
        }
        #expect(text.contains("Content-Type: text/plain; charset=utf-8"))
        #expect(text.contains("Content-Type: text/html; charset=utf-8"))
        for (index, byte) in bytes.enumerated() where byte == 10 { #expect(index > 0 && bytes[index - 1] == 13) }
        for (index, byte) in bytes.enumerated() where byte == 13 { #expect(bytes[index + 1] == 10) }
    }

    @Test(arguments: ["Hello\r\nBcc: thief@example.org", "Hello\nX-Evil: 1", "Hello\r\n\r\nbody", "a\u{85}b", "a\u{2028}b"])
    func `no subject and no name ever adds a header or ends the headers`(evil: String) throws {
        let plain = lines(try message(subject: "x", name: "x")).prefix { !$0.isEmpty }.map { $0.prefix { $0 != ":" } }
        let attacked = lines(try message(subject: evil, name: evil)).prefix { !$0.isEmpty }
        #expect(attacked.map { $0.prefix { $0 != ":" } } == plain)
        #expect(!attacked.contains { $0.hasPrefix("Bcc") || $0.hasPrefix("X-Evil") })
    }

    @Test func `a long Chinese subject is cut between characters into words of at most 75`() throws {
        let subject = String(repeating: "余额通知与删除倒计时", count: 12)
        let header = MIMEText.unstructured(subject)
        for word in header.split(separator: "\r\n ") {
            #expect(word.utf8.count <= 75)
            #expect(word.hasPrefix("=?UTF-8?B?") && word.hasSuffix("?="))
        }
    }

    @Test func `what looks like an encoded word is encoded`() {
        #expect(MIMEText.unstructured("=?UTF-8?B?QQ==?=").hasPrefix("=?UTF-8?B?PT9V"))
    }

    @Test func `English stays readable and Chinese goes as base64, both in lines of at most 76`() {
        let english = MIMEText.body(
            "A line of = signs, then a very long line: " + String(repeating: "credit ", count: 40) + "\n.leading dot\ntrailing \n"
        )
        let chinese = MIMEText.body(String(repeating: "剩余额度。\n", count: 60))
        #expect(english.encoding == "quoted-printable")
        #expect(chinese.encoding == "base64")
        for body in [english.bytes, chinese.bytes] {
            for line in String(decoding: body, as: UTF8.self).split(separator: "\r\n") { #expect(line.utf8.count <= 76) }
        }
        let text = String(decoding: english.bytes, as: UTF8.self)
        #expect(text.contains("A line of =3D signs"))
        #expect(text.contains("trailing=20\r\n"))
        #expect(text.contains("\r\n.leading dot\r\n"))
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base64 is RFC 4648's`(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
    }
}
