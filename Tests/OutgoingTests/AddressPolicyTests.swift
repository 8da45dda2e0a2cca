import Outgoing
import Testing

/// What may be asked and what may not, at the moment an address is saved (reliability section 3, checks 46 to 48).
@Suite struct `Addresses that customers give` {
    @Test(arguments: [
        "http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/", "http://0.0.0.0/",
        "http://[::]/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::1]/", "http://[2002:7f00:1::]/", "http://[2002:a00:1::1]/",
        "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "http://169.254.169.254/latest/meta-data", "http://[fe80::1]/",
        "http://[fc00::1]/", "http://[fd12:3456::1]/", "http://[ff02::1]/", "http://10.0.0.1/", "http://172.16.0.1/",
        "http://172.31.255.255/", "http://192.168.1.1/", "http://100.64.0.1/", "http://192.0.2.1/", "http://198.18.0.1/",
        "http://224.0.0.1/", "http://255.255.255.255/", "http://[2001:db8::1]/", "http://[::127.0.0.1]/", "http://[100::1]/",
        "http://localhost/", "http://LOCALHOST./", "http://a.localhost/", "http://db.internal/", "http://router/",
        "http://printer.local/", "https://127.0.0.1:443/", "http://%31%32%37.0.0.1/",
    ]) func `that lie inside are refused`(url: String) {
        #expect(throws: OutgoingURL.Fault.privateAddress) { try OutgoingURL(url, AddressPolicy()) }
    }

    @Test(arguments: [
        "https://example.com/hooks", "http://example.com", "https://example.com:443/a?b=c", "http://93.184.216.34/",
        "http://172.32.0.1/", "http://172.15.0.1/", "http://[2606:2800:220:1::1]/", "http://[2002:5db8:d822::1]/",
        "http://[64:ff9b::5db8:d822]/", "http://100.128.0.1/",
    ]) func `that lie outside may be asked`(url: String) throws { _ = try OutgoingURL(url, AddressPolicy()) }

    @Test(arguments: [
        ("ftp://example.com/", OutgoingURL.Fault.scheme), ("file:///etc/passwd", .scheme), ("gopher://example.com/", .scheme),
        ("example.com", .malformed), ("http://", .malformed), ("", .malformed), ("http://exa mple.com/", .malformed),
        ("http://user@example.com/", .credentials), ("http://user:word@example.com/", .credentials),
        ("http://example.com:22/", .port), ("https://example.com:8443/", .port), ("http://example.com:99999/", .malformed),
        ("http://example.com/\r\nHost: x", .malformed), ("http://127.0.0.1./", .privateAddress),
        ("http://10.1./", .privateAddress),
        ("http://LOCALHOST./", .privateAddress), ("http://127.0.0.1../", .malformed), ("http://1.2.3.4.5/", .malformed),
        ("http://example.127/", .malformed),
    ]) func `that are none, or lead elsewhere, say what is wrong`(url: String, fault: OutgoingURL.Fault) {
        #expect(throws: fault) { try OutgoingURL(url, AddressPolicy()) }
    }

    @Test func `of this machine are open only where a setting says so, and then on any port`() throws {
        let policy = AddressPolicy(allowsLoopback: true)
        for url in ["http://127.0.0.1:4242/", "http://[::1]:9/", "http://localhost:4242/hooks"] {
            _ = try OutgoingURL(url, policy)
        }
        #expect(throws: OutgoingURL.Fault.privateAddress) { try OutgoingURL("http://10.0.0.1:4242/", policy) }
        #expect(throws: OutgoingURL.Fault.privateAddress) { try OutgoingURL("http://169.254.169.254/", policy) }
        #expect(throws: OutgoingURL.Fault.port) { try OutgoingURL("http://example.com:4242/", policy) }
        _ = try OutgoingURL("https://example.com:8443/", AddressPolicy(ports: [443, 8443]))
    }

    /// A name passes when it is saved; where it leads is looked at when the socket is opened.
    @Test func `are looked at again when they are connected to`() async throws {
        let outgoing = OutgoingHTTP(AddressPolicy())
        // The address was good under the policy that it was saved under, as a name is before it is turned round.
        let url = try OutgoingURL("http://localhost:9/", AddressPolicy(allowsLoopback: true))
        let result = await outgoing.send(OutgoingRequest(url: url, headers: [], body: [1], timeoutSeconds: 5))
        guard case .failure(.addressRefused) = result.outcome else {
            Issue.record("asked all the same: \(result)")
            return
        }
        outgoing.stop()
    }
}
