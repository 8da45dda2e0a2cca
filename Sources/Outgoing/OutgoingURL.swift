import CCurl

#if canImport(Glibc)
    import Glibc
#endif

/// An address that may be asked, read by the same parser that later connects: `http://0x7f.1/` means to both what it means to the other.
package struct OutgoingURL: Sendable, Hashable {
    package enum Fault: Error, Sendable, Equatable {
        case malformed
        /// Neither `http` nor `https`.
        case scheme
        /// A user or a password stands in it.
        case credentials
        /// The host is an address, or a name, of this machine or of a network inside.
        case privateAddress
        case port
    }

    package let text: String
    package let host: String
    package let port: Int
    package let isSecure: Bool

    package init(_ text: String, _ policy: AddressPolicy) throws(Fault) {
        guard (1...2_000).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), let url = curl_url()
        else {
            throw .malformed
        }
        defer { curl_url_cleanup(url) }
        guard curl_url_set(url, CURLUPART_URL, text, UInt32(CURLU_NON_SUPPORT_SCHEME)) == CURLUE_OK else { throw .malformed }
        func part(_ name: CURLUPart, _ flags: Int32 = 0) -> String? {
            var value: UnsafeMutablePointer<CChar>?
            guard curl_url_get(url, name, &value, UInt32(flags)) == CURLUE_OK, let value else { return nil }
            defer { curl_free(value) }
            return String(cString: value)
        }
        let scheme = part(CURLUPART_SCHEME)
        guard scheme == "http" || scheme == "https" else { throw .scheme }
        guard part(CURLUPART_USER) == nil, part(CURLUPART_PASSWORD) == nil else { throw .credentials }
        guard let host = part(CURLUPART_HOST)?.lowercased(), !host.isEmpty,
            let port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT).flatMap({ Int($0) })
        else { throw .malformed }
        let isLoopback = try Self.check(host, policy)
        guard policy.ports.contains(port) || isLoopback && policy.allowsLoopback else { throw .port }
        self.text = text
        self.host = host
        self.port = port
        isSecure = scheme == "https"
    }

    /// Whether the host says that it is this machine; an address or a name that cannot be outside is refused.
    private static func check(_ host: String, _ policy: AddressPolicy) throws(Fault) -> Bool {
        // A dot at the end says that nothing is to be added to a name; to an address it says nothing.
        let name = host.last == "." ? String(host.dropLast()) : host
        if let address = literal(name) {
            guard policy.allows(address) else { throw .privateAddress }
            return AddressPolicy.isLoopback(address)
        }
        // No top level domain is a number: what ends in one is an address that somebody else may read in another way.
        guard let last = name.split(separator: ".", omittingEmptySubsequences: false).last,
            !last.isEmpty, !last.allSatisfy({ $0.isNumber })
        else { throw .malformed }
        let isLoopback = name == "localhost" || name.hasSuffix(".localhost")
        if isLoopback && policy.allowsLoopback { return true }
        let inside = [".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".corp"]
        guard !isLoopback, name.contains("."), !inside.contains(where: { name.hasSuffix($0) }) else { throw .privateAddress }
        return false
    }

    /// The bytes of a host that is an address.
    static func literal(_ host: String) -> [UInt8]? {
        if host.first == "[" {
            let text = host.dropFirst().prefix { $0 != "]" && $0 != "%" }
            var address = in6_addr()
            guard inet_pton(AF_INET6, String(text), &address) == 1 else { return [] }
            return withUnsafeBytes(of: address) { Array($0) }
        }
        // Also the forms that only old programs know: one number, octal, hexadecimal, fewer than four parts.
        var address = in_addr()
        guard inet_aton(host, &address) == 1 else { return nil }
        return withUnsafeBytes(of: address) { Array($0) }
    }
}
