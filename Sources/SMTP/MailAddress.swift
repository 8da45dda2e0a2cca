/// An e-mail address that may stand in an envelope and in a header: `local@domain`, printable ASCII, nothing that could end a line or a bracket.
///
/// It is checked, never repaired: no byte of an address can add a header or a second recipient.
package struct MailAddress: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (3...254).contains(bytes.count), let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        let (local, domain) = (bytes[..<at], bytes[(at + 1)...])
        guard (1...64).contains(local.count), local.allSatisfy(Self.isLocalByte), Self.isDotted(local) else { return nil }
        guard !domain.isEmpty, domain.allSatisfy(Self.isDomainByte), Self.isDotted(domain), domain.last != UInt8(ascii: "-")
        else {
            return nil
        }
        description = text
    }

    /// What follows the `@`.
    package var domain: String {
        String(description[description.index(after: description.lastIndex(of: "@") ?? description.startIndex)...])
    }

    /// No dot at either end, no two in a row.
    private static func isDotted(_ part: ArraySlice<UInt8>) -> Bool {
        !part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).contains { $0.isEmpty }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    /// RFC 5322's atom characters and the dot; no quoted local parts.
    private static func isLocalByte(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || "!#$%&'*+-/=?^_`{|}~.".utf8.contains(byte) }
    private static func isDomainByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}

/// An address with the name that is shown before it.
package struct Mailbox: Sendable, Hashable {
    package let name: String?
    package let address: MailAddress

    package init(name: String? = nil, address: MailAddress) {
        self.name = name
        self.address = address
    }

    /// Reads `billing@example.com` or `Example Cloud <billing@example.com>`.
    package init?(_ text: String) {
        guard let open = text.lastIndex(of: "<"), text.last == ">" else {
            guard let address = MailAddress(text) else { return nil }
            self.init(address: address)
            return
        }
        let inside = text[text.index(after: open)...].dropLast()
        guard let address = MailAddress(String(inside)) else { return nil }
        let name = text[..<open].split(separator: " ").joined(separator: " ")
        guard name.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 && $0 != "\"" }) else { return nil }
        self.init(name: name.isEmpty ? nil : name, address: address)
    }

    /// As it stands in a header: `=?UTF-8?B?…?= <billing@example.com>`.
    var header: String {
        guard let name else { return address.description }
        return "\(MIMEText.phrase(name)) <\(address)>"
    }
}
