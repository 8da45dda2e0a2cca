import HTTP
import Testing

private func request(from peer: String, _ headers: [(String, String)]) throws -> HTTPRequest {
    var fields = HTTPHeaders()
    for (name, value) in headers { fields.add(name, value) }
    return try HTTPRequest(method: .get, target: "/", headers: fields, remoteAddress: peer)
}

@Suite struct TrustedProxiesTests {
    private let proxies: TrustedProxies

    init() throws { proxies = try TrustedProxies(["127.0.0.1", "10.0.0.0/9", "::1", "fd00::/8"]) }

    @Test(arguments: [
        ("8.8.8.8", "1.1.1.1", "8.8.8.8"), ("127.0.0.1", "1.1.1.1", "1.1.1.1"), ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "1.1.1.1, 2.2.2.2", "2.2.2.2"), ("127.0.0.1", "1.1.1.1, 10.3.0.1", "1.1.1.1"),
        ("127.0.0.1", "10.3.0.1", "10.3.0.1"), ("127.0.0.1", "evil, 10.3.0.1", "10.3.0.1"),
        ("127.0.0.1", "1.1.1.1:80", "127.0.0.1"), ("::1", "2001:db8::7", "2001:db8::7"), ("10.127.255.255", "1.1.1.1", "1.1.1.1"),
        ("10.128.0.0", "1.1.1.1", "10.128.0.0"), ("fd12::1", "1.1.1.1", "1.1.1.1"), ("fe80::1", "1.1.1.1", "fe80::1"),
    ])
    func `only trusted proxies speak for their clients`(peer: String, forwarded: String, client: String) throws {
        let request = try request(from: peer, forwarded.isEmpty ? [] : [("X-Forwarded-For", forwarded)])
        #expect(proxies.clientAddress(of: request) == client)
    }

    @Test func `several header lines count as one list`() throws {
        let request = try request(from: "127.0.0.1", [("X-Forwarded-For", "6.6.6.6"), ("x-forwarded-for", "1.1.1.1")])
        #expect(proxies.clientAddress(of: request) == "1.1.1.1")
    }

    @Test func `TLS is believed of trusted proxies only, said once`() throws {
        let https = ("X-Forwarded-Proto", "https")
        #expect(proxies.isSecure(try request(from: "127.0.0.1", [https])))
        #expect(!proxies.isSecure(try request(from: "8.8.8.8", [https])))
        #expect(!proxies.isSecure(try request(from: "127.0.0.1", [])))
        #expect(!proxies.isSecure(try request(from: "127.0.0.1", [https, ("X-Forwarded-Proto", "http")])))
    }

    @Test(arguments: ["", "host", "1.2.3", "1.2.3.4/33", "1.2.3.4/-1", "::1/129", "1.2.3.4/8/8", "1.2.3.4/"])
    func `what is no address is refused`(entry: String) {
        let error = #expect(throws: TrustedProxies.Malformed.self) { try TrustedProxies([entry]) }
        #expect(error?.entry == entry)
    }

    @Test func `nobody is trusted by default`() throws {
        let nobody = try TrustedProxies([])
        let request = try request(from: "127.0.0.1", [("X-Forwarded-For", "1.1.1.1")])
        #expect(nobody.clientAddress(of: request) == "127.0.0.1")
        #expect(try TrustedProxies(["0.0.0.0/0"]).clientAddress(of: request) == "1.1.1.1")
    }
}
