/// The syntax of a Host header: a name, an IPv4 address or a bracketed IPv6 address, and perhaps a port.
enum HostName {
    private static let bytesMaximum = 255

    static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard !bytes.isEmpty, bytes.count <= bytesMaximum else { return false }
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { return false }
            let address = bytes[(bytes.startIndex + 1)..<close]
            guard address.contains(UInt8(ascii: ":")), address.allSatisfy(isAddressByte) else { return false }
            return isPortOrNothing(bytes[(close + 1)...])
        }
        let name = bytes.prefix { $0 != UInt8(ascii: ":") }
        guard !name.isEmpty, name.allSatisfy(isNameByte) else { return false }
        return isPortOrNothing(bytes[name.endIndex...])
    }

    private static func isPortOrNothing(_ bytes: ArraySlice<UInt8>) -> Bool {
        if bytes.isEmpty { return true }
        let digits = bytes.dropFirst()
        guard bytes.first == UInt8(ascii: ":"), (1...5).contains(digits.count) else { return false }
        guard digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return false }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 65_535
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66, UInt8(ascii: ":"), UInt8(ascii: "."): true
        default: false
        }
    }
}
