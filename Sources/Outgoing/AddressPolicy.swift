/// Which addresses and ports a request that a customer asked for may go to: the public internet, and nothing inside.
package struct AddressPolicy: Sendable, Equatable {
    /// For tests, the demo and a developer's own machine: `127.0.0.0/8` and `::1`, on any port.
    package var allowsLoopback: Bool
    package var ports: Set<Int>

    package init(allowsLoopback: Bool = false, ports: Set<Int> = [80, 443]) {
        self.allowsLoopback = allowsLoopback
        self.ports = ports
    }

    /// - Parameter address: 4 or 16 bytes in network order.
    package func allows(_ address: [UInt8]) -> Bool {
        if allowsLoopback && Self.isLoopback(address) { return true }
        return Self.isPublic(address)
    }

    static func isLoopback(_ address: [UInt8]) -> Bool {
        address.count == 4 ? address[0] == 127 : address == [UInt8](repeating: 0, count: 15) + [1]
    }

    /// By the special-purpose registries of IPv4 and IPv6 (RFC 6890 and its updates); whatever carries an IPv4 address is as public as that one.
    static func isPublic(_ address: [UInt8]) -> Bool {
        switch address.count {
        case 4: isPublic4(address)
        case 16: isPublic6(address)
        default: false
        }
    }

    private static let private4: [(prefix: [UInt8], bits: Int)] = [
        ([0, 0, 0, 0], 8), ([10, 0, 0, 0], 8), ([100, 64, 0, 0], 10), ([127, 0, 0, 0], 8), ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12), ([192, 0, 0, 0], 24), ([192, 0, 2, 0], 24), ([192, 88, 99, 0], 24), ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15), ([198, 51, 100, 0], 24), ([203, 0, 113, 0], 24), ([224, 0, 0, 0], 4), ([240, 0, 0, 0], 4),
    ]

    private static func isPublic4(_ address: [UInt8]) -> Bool {
        !private4.contains { matches(address, $0.prefix, $0.bits) }
    }

    private static func isPublic6(_ address: [UInt8]) -> Bool {
        // NAT64 and 6to4 carry an IPv4 address in plain sight.
        if matches(address, [0x00, 0x64, 0xff, 0x9b] + [UInt8](repeating: 0, count: 8), 96) {
            return isPublic4(Array(address[12...]))
        }
        if matches(address, [0x20, 0x02], 16) { return isPublic4(Array(address[2..<6])) }
        // Everything else that is public is a global unicast address. Teredo, ORCHID and benchmarks (2001::/23) and documentation are not.
        return matches(address, [0x20], 3) && !matches(address, [0x20, 0x01, 0x00], 23)
            && !matches(address, [0x20, 0x01, 0x0d, 0xb8], 32) && !matches(address, [0x3f, 0xff, 0x00], 20)
    }

    private static func matches(_ address: [UInt8], _ prefix: [UInt8], _ bits: Int) -> Bool {
        for index in 0..<((bits + 7) / 8) {
            let kept = min(8, bits - index * 8)
            let mask = UInt8(truncatingIfNeeded: 0xff << (8 - kept))
            let wanted = index < prefix.count ? prefix[index] : 0
            guard address[index] & mask == wanted & mask else { return false }
        }
        return true
    }
}
