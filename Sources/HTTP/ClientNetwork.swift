/// Whom an address counts as where requests, guesses and connections are counted: IPv4 as itself, however it is written; of IPv6 the /64,
/// because whoever is given one has 2^64 addresses in it.
///
/// Only for counting: what an address may is decided by the whole address (`TrustedProxies`).
package struct ClientNetwork: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// The translation prefix of RFC 6052, behind which an IPv4 client reaches a server that has IPv6 only.
    private static let translated: [UInt8] = [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]
    private static let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]

    /// What is no address counts as it stands.
    package init(of address: String) {
        // A link-local address may name its interface.
        guard let bytes = TrustedProxies.bytes(of: String(address.prefix { $0 != "%" })) else {
            description = address
            return
        }
        if bytes.starts(with: Self.mapped) || bytes.starts(with: Self.translated) {
            description = bytes[12...].map(String.init).joined(separator: ".")
        } else {
            let groups = stride(from: 0, to: 8, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
            description = groups.joined(separator: ":") + "::/64"
        }
    }
}
