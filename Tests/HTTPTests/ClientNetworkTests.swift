import HTTP
import Testing

@Suite struct `A client is counted` {
    @Test(arguments: [
        // IPv4 as itself, however it is written.
        ("203.0.113.9", "203.0.113.9"), ("::ffff:203.0.113.9", "203.0.113.9"), ("::FFFF:cb00:7109", "203.0.113.9"),
        ("64:ff9b::203.0.113.9", "203.0.113.9"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
        // IPv6 by its first 64 bits.
        ("2001:db8:1:2::", "2001:db8:1:2::/64"), ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::7", "2001:db8:1:2::/64"), ("2001:db8:1:3::", "2001:db8:1:3::/64"), ("::1", "0:0:0:0::/64"),
        ("fe80::1%eth0", "fe80:0:0:0::/64"), ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff::/64"),
        // Near the mapped and the translated ones, and none of them.
        ("::fffe:203.0.113.9", "0:0:0:0::/64"), ("::1:ffff:203.0.113.9", "0:0:0:0::/64"),
        ("64:ff9b:0:0:0:1:cb00:7109", "64:ff9b:0:0::/64"), ("64:ff9c::203.0.113.9", "64:ff9c:0:0::/64"),
        // No address at all.
        ("", ""), ("unknown", "unknown"), ("1.2.3", "1.2.3"), ("2001:db8", "2001:db8"),
    ])
    func `by IPv4 address or by IPv6 network`(address: String, counted: String) {
        #expect(ClientNetwork(of: address).description == counted)
    }

    @Test func `alike in one network and apart in two`() {
        #expect(ClientNetwork(of: "2001:db8::1") == ClientNetwork(of: "2001:db8::ffff:0:1"))
        #expect(ClientNetwork(of: "2001:db8::1") != ClientNetwork(of: "2001:db8:0:1::1"))
        #expect(ClientNetwork(of: "203.0.113.9") != ClientNetwork(of: "203.0.113.10"))
    }
}
