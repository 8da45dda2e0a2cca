import Glibc

/// The proxies whose word about their client is taken. From anybody else `X-Forwarded-…` is hot air: whoever connects may write
/// what he likes there.
package struct TrustedProxies: Sendable {
    /// An entry of the list that is no address and no network.
    package struct Malformed: Error, Equatable {
        package let entry: String
    }
    private struct Network: Sendable {
        let prefix: [UInt8]
        let bits: Int
    }
    private let networks: [Network]
    /// Trusts nobody.
    package static let none = TrustedProxies(networks: [])
    private static let hopsMaximum = 32

    private init(networks: [Network]) { self.networks = networks }

    /// Addresses and networks: "127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8".
    package init(_ entries: [String]) throws(Malformed) {
        var networks: [Network] = []
        for entry in entries {
            let parts = entry.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let address = Self.bytes(of: String(parts[0])) else { throw Malformed(entry: entry) }
            let isIPv4 = !parts[0].contains(":")
            let whole = isIPv4 ? 32 : 128
            guard let bits = parts.count == 2 ? Int(parts[1]) : whole, (0...whole).contains(bits) else {
                throw Malformed(entry: entry)
            }
            // IPv4 is compared in its IPv6 form, which stands behind 96 fixed bits.
            networks.append(Network(prefix: address, bits: isIPv4 ? bits + 96 : bits))
        }
        self.networks = networks
    }

    /// Who sent the request: the peer, or, where that is a trusted proxy, the last address in `X-Forwarded-For` that is none. An entry
    /// that is no address ends the search at the proxy that passed it on.
    package func clientAddress(of request: HTTPRequest) -> String {
        var address = request.remoteAddress
        guard trusts(address) else { return address }
        let hops = request.headers.all("x-forwarded-for").joined(separator: ",").split(separator: ",").map(trimmingBlanks)
        for hop in hops.suffix(Self.hopsMaximum).reversed() {
            guard Self.bytes(of: hop) != nil else { break }
            address = hop
            if !trusts(hop) { break }
        }
        return address
    }

    /// The request as if its client had connected to us.
    package func seenThrough(_ request: HTTPRequest) -> HTTPRequest {
        guard trusts(request.remoteAddress) else { return request }
        var seen = request
        seen.remoteAddress = clientAddress(of: request)
        return seen
    }

    /// Whether the client speaks TLS, by the word of a trusted proxy.
    package func isSecure(_ request: HTTPRequest) -> Bool {
        guard trusts(request.remoteAddress) else { return false }
        let protocols = request.headers.all("x-forwarded-proto")
        return protocols.count == 1 && protocols[0].lowercased() == "https"
    }

    package func trusts(_ address: String) -> Bool {
        guard !networks.isEmpty, let bytes = Self.bytes(of: address) else { return false }
        return networks.contains { network in
            let whole = network.bits / 8
            guard bytes[..<whole] == network.prefix[..<whole] else { return false }
            let rest = network.bits % 8
            return rest == 0 || (bytes[whole] ^ network.prefix[whole]) >> (8 - UInt8(rest)) == 0
        }
    }

    /// The sixteen bytes of an address, IPv4 as ::ffff:a.b.c.d; nil for anything else.
    static func bytes(of text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if text.contains(":") { return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil }
        var short = [UInt8](repeating: 0, count: 4)
        guard inet_pton(AF_INET, text, &short) == 1 else { return nil }
        bytes.replaceSubrange(10..., with: [0xFF, 0xFF] + short)
        return bytes
    }
}
