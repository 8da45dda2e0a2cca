import HTTP
import Testing

/// Bytes that somebody may send, and what must come of them.
struct Probe: Sendable {
    let name: String
    let bytes: [UInt8]
    let status: Int

    init(_ name: String, _ text: String, _ status: Int) {
        self.init(name, bytes: Array(text.utf8), status)
    }
    init(_ name: String, bytes: [UInt8], _ status: Int) {
        self.name = name
        self.bytes = bytes
        self.status = status
    }
    /// A good request except for `lines`.
    static func head(_ name: String, _ lines: String, _ status: Int) -> Probe {
        Probe(name, "GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n", status)
    }
    static func post(_ name: String, _ lines: String, _ body: String, _ status: Int) -> Probe {
        Probe(name, "POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n\(body)", status)
    }
    static func target(_ target: String, _ status: Int) -> Probe {
        Probe("target \(target.prefix(40))", "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n", status)
    }
}

private let chunked = "Transfer-Encoding: chunked"

private let framing: [Probe] = [
    .post("length and chunks", "Content-Length: 5\r\n\(chunked)", "0\r\n\r\n", 400),
    .post("chunks and length", "\(chunked)\r\nContent-Length: 5", "0\r\n\r\n", 400),
    .post("two lengths", "Content-Length: 5\r\nContent-Length: 6", "hello!", 400),
    .post("the same length twice", "Content-Length: 5\r\nContent-Length: 5", "hello", 400),
    .post("a list of lengths", "Content-Length: 5, 5", "hello", 400),
    .post("length with a plus", "Content-Length: +5", "hello", 400),
    .post("negative length", "Content-Length: -5", "hello", 400),
    .post("hexadecimal length", "Content-Length: 0x5", "hello", 400),
    .post("empty length", "Content-Length:", "hello", 400),
    .post("length with a word", "Content-Length: 5 a", "hello", 400),
    .post("length beyond 64 bits", "Content-Length: 99999999999999999999999", "", 400),
    .post("length beyond the limit", "Content-Length: 1048577", "", 413),
    .post("transfer coding xchunked", "Transfer-Encoding: xchunked", "0\r\n\r\n", 400),
    .post("transfer coding identity", "Transfer-Encoding: identity", "", 400),
    .post("identity, chunked", "Transfer-Encoding: identity, chunked", "0\r\n\r\n", 400),
    .post("gzip, chunked", "Transfer-Encoding: gzip, chunked", "0\r\n\r\n", 400),
    .post("chunked, identity", "Transfer-Encoding: chunked, identity", "0\r\n\r\n", 400),
    .post("chunked twice in a list", "Transfer-Encoding: chunked, chunked", "0\r\n\r\n", 400),
    .post("chunked twice", "\(chunked)\r\n\(chunked)", "0\r\n\r\n", 400),
    .post("a tab before chunked", "Transfer-Encoding:\tchunked", "0\r\n\r\n", 200),
    .post("a vertical tab before chunked", "Transfer-Encoding: \u{0B}chunked", "0\r\n\r\n", 400),
    .post("quoted chunked", "Transfer-Encoding: \"chunked\"", "0\r\n\r\n", 400),
    .post("chunked with a comma", "Transfer-Encoding: chunked,", "0\r\n\r\n", 400),
    .post("empty transfer coding", "Transfer-Encoding:", "0\r\n\r\n", 400),
    Probe("chunks in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\n\(chunked)\r\n\r\n0\r\n\r\n", 400),
    .post("chunk extension", chunked, "5;a=b\r\nhello\r\n0\r\n\r\n", 400),
    .post("chunk extension without a value", chunked, "5;a\r\nhello\r\n0\r\n\r\n", 400),
    .post("extension of the last chunk", chunked, "5\r\nhello\r\n0;a\r\n\r\n", 400),
    .post("empty chunk extension", chunked, "5;\r\nhello\r\n0\r\n\r\n", 400),
    .post("chunk size with a space", chunked, "5 \r\nhello\r\n0\r\n\r\n", 400),
    .post("chunk size 0x5", chunked, "0x5\r\nhello\r\n0\r\n\r\n", 400),
    .post("negative chunk size", chunked, "-5\r\nhello\r\n0\r\n\r\n", 400),
    .post("chunk size with a plus", chunked, "+5\r\nhello\r\n0\r\n\r\n", 400),
    .post("no chunk size", chunked, "\r\nhello\r\n0\r\n\r\n", 400),
    .post("chunk longer than its size", chunked, "3\r\nhello\r\n0\r\n\r\n", 400),
    .post("chunk size beyond 64 bits", chunked, "fffffffffffffffff\r\n", 400),
    .post("chunk beyond the limit", chunked, "100001\r\n", 413),
    .post("chunk lines without carriage returns", chunked, "5\nhello\n0\n\n", 400),
    .post("chunk size line without carriage return", chunked, "5\nhello\r\n0\r\n\r\n", 400),
    .post("chunk data end without carriage return", chunked, "5\r\nhello\n0\r\n\r\n", 400),
    .post("last line without carriage return", chunked, "5\r\nhello\r\n0\r\n\n", 400),
    .post("a trailer", chunked, "5\r\nhello\r\n0\r\nX-Trailer: a\r\n\r\n", 400),
    .post("good chunks", chunked, "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n", 200),
    .post("chunked in capitals", "transfer-encoding: CHUNKED", "5\r\nhello\r\n0\r\n\r\n", 200),
    .post("good length", "Content-Length: 5", "hello", 200),
    .post("length with leading zeros", "Content-Length: 005", "hello", 200),
]

private let lines: [Probe] = [
    Probe("bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400),
    Probe("bare line feed after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    Probe("bare line feed after a header", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    Probe("bare line feed at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
    Probe("bare carriage returns", "GET / HTTP/1.1\rHost: a\r\r", 400),
    .head("carriage return in a value", "X: a\rb", 400),
    .head("carriage return at the end of a value", "X: a\r\r", 400),
    .head("folded header", "X: a\r\n b", 400),
    .head("header folded with a tab", "X: a\r\n\tb", 400),
    .head("folded transfer coding", "Transfer-Encoding:\r\n chunked", 400),
    .head("folded with an empty value", "X:\r\n b", 400),
    Probe("space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    Probe("space before the colon of Host", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    .head("space before the colon", "X : a", 400),
    .head("tab before the colon", "X\t: a", 400),
    .head("space in a name", "X y: a", 400),
    .head("no colon", "Xyz", 400),
    .head("no name", ": a", 400),
    .head("NUL in a name", "X\0: a", 400),
    .head("NUL in a value", "X: a\0b", 400),
    .head("escape in a value", "X: a\u{1B}b", 400),
    .head("delete in a value", "X: a\u{7F}b", 400),
    .head("brackets in a name", "X[y]: a", 400),
    .head("UTF-8 in a name", "Ü: a", 400),
    .head("UTF-8 in a value", "X: Ü", 200),
    Probe(
        "bytes that are no UTF-8 in a value",
        bytes: Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + [0xFF, 13, 10, 13, 10], 400),
    .head("an empty value", "X:", 200),
    .head("blanks around a value", "X: \t a \t ", 200),
    Probe("empty lines in front", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 200),
]

private let requestLines: [Probe] = [
    Probe("no Host", "GET / HTTP/1.1\r\nX: a\r\n\r\n", 400),
    Probe("no header at all", "GET / HTTP/1.1\r\n\r\n", 400),
    .head("two Hosts", "Host: b", 400),
    .head("the same Host twice", "Host: a", 400),
    .head("a second host in other letters", "hOST: b", 400),
    Probe("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    Probe("Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    Probe("Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    Probe("Host with a comma", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    Probe("Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    Probe("Host with a port too high", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
    Probe("Host with an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 400),
    Probe("Host with a port", "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n", 200),
    Probe("Host as IPv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200),
    Probe("Host as broken IPv6", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    Probe("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 200),
    Probe("HTTP/1.0 with two Hosts", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    Probe("HTTP/9.9", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
    Probe("HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    Probe("HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
    Probe("HTTP/0.9", "GET /\r\n\r\n", 505),
    Probe("lower-case http", "GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    Probe("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    Probe("two spaces after the method", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    Probe("two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    Probe("a tab after the method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    Probe("a space after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    Probe("a space in front", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    Probe("TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    Probe("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405),
    Probe("PROPFIND", "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    Probe("a method nobody knows", "FOOBAR / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    Probe("a method in small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    Probe("a TLS hello", bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03], 400),
    Probe("nonsense", "hello?\r\n\r\n", 400),
    Probe("an SSH banner", "SSH-2.0-OpenSSH_9.2\r\n", 400),
    .head("an upgrade that is not taken up", "Connection: Upgrade\r\nUpgrade: websocket", 200),
    .head("an expectation nobody meets", "Expect: 200-ok", 417),
]

private let targets: [Probe] = [
    .target("http://a/b?c=d", 200),
    .target("HTTP://A/b", 200),
    .target("http://a", 200),
    .target("http://b/", 400),
    .target("ftp://a/", 400),
    .target("a", 400),
    .target("*", 400),
    Probe("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    .target("/#fragment", 400),
    .target("/a%2", 400),
    .target("/a%zz", 400),
    .target("/%", 400),
    .target("/%00", 400),
    .target("/%0a", 400),
    .target("/%ff", 400),
    .target("/%c0%af", 400),
    .target("/%ed%a0%80", 400),
    .target("/a/../b", 400),
    .target("/a/%2e%2e/b", 400),
    .target("/./a", 400),
    .target("/Ü", 400),
    .target("/%C3%9C", 200),
    .target("/?a=%", 400),
    .target("/?a=%ff", 400),
    .target("/?a=%00", 400),
    .target("/?a&b=&=c&&d=1+2%2B3", 200),
    .target("/" + String(repeating: "a", count: 8_191), 200),
    .target("/" + String(repeating: "a", count: 8_192), 414),
    .target("/" + String(repeating: "a", count: 200_000), 414),
]

private let sizes: [Probe] = [
    .head("99 headers more", Array(repeating: "X: a", count: 99).joined(separator: "\r\n"), 200),
    .head("100 headers more", Array(repeating: "X: a", count: 100).joined(separator: "\r\n"), 431),
    .head("a header of 31 KiB", "X: " + String(repeating: "a", count: 31 * 1_024), 200),
    .head("a header of 33 KiB", "X: " + String(repeating: "a", count: 33 * 1_024), 431),
    .head("a name of 33 KiB", String(repeating: "a", count: 33 * 1_024) + ": a", 431),
    .head("60 KiB of blanks", "X:" + String(repeating: " ", count: 60 * 1_024) + "a", 431),
    .head(
        "a megabyte of headers",
        Array(repeating: "X: " + String(repeating: "a", count: 8_000), count: 128).joined(separator: "\r\n"), 431),
    Probe("60 KiB of empty lines", String(repeating: "\r\n", count: 30 * 1_024) + "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 431),
    .post("a body at the limit", "Content-Length: 1048576", String(repeating: "a", count: 1_048_576), 200),
    .post(
        "a chunked body over the limit", chunked,
        String(repeating: "8000\r\n" + String(repeating: "a", count: 32_768) + "\r\n", count: 33), 413),
]

@Suite struct ProbeTests {
    /// All probes of a group against one server: each on a connection of its own, whole and byte by byte.
    private func check(_ probe: Probe, _ server: TestServer) throws {
        for isTrickled in [false, true] where !isTrickled || probe.bytes.count < 300 {
            let client = try RawClient(server)
            if isTrickled {
                for byte in probe.bytes { client.send([byte]) }
            } else {
                client.send(probe.bytes)
            }
            let answer = try client.answer()
            // What a method's name turns out to be is only told from whole lines; the refusal stays a refusal.
            let isAsExpected = answer.status == probe.status || isTrickled && probe.status == 405 && answer.status == 400
            #expect(isAsExpected, "\(probe.name)\(isTrickled ? " byte by byte" : ""): \(answer.status) \(answer.text)")
            guard answer.status >= 400 else { continue }
            #expect(answer["connection"] == "close", "\(probe.name)")
            #expect(answer["content-type"] == "application/problem+json", "\(probe.name)")
            for member in ["\"type\":", "\"title\":", "\"status\":\(answer.status)", "\"code\":"] {
                #expect(answer.text.contains(member), "\(probe.name): \(answer.text)")
            }
            client.endSending()
            #expect(client.isClosed(), "\(probe.name)")
        }
    }

    @Test(arguments: ["framing", "lines", "request lines", "targets", "sizes"])
    func `what is sent gets the answer of the table`(group: String) async throws {
        let server = try await TestServer()
        let groups = ["framing": framing, "lines": lines, "request lines": requestLines, "targets": targets, "sizes": sizes]
        for probe in try #require(groups[group]) { try check(probe, server) }
    }
}
