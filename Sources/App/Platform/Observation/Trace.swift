/// Where a request stands in a distributed trace (W3C Trace Context, `traceparent`): continued from the caller's header, or begun here.
package struct Trace: Sendable, Equatable {
    /// 32 lower-case hexadecimal digits, not all zero; the same for everything that follows from one cause.
    package let traceID: String
    /// 16 digits: this server's part of it.
    package let span: String
    /// The caller's part; nil when the trace begins here.
    package let parent: String?
    /// The caller records this trace and would like everybody else to.
    package let isSampled: Bool

    /// Continues what the caller sent where that is valid: exactly one header, of a version that can be read. Anything else begins anew, as the
    /// specification asks. `random`: at least 24 bytes.
    package init(continuing headers: [String], random: [UInt8]) {
        span = Self.hex(random[16..<24])
        if headers.count == 1, let caller = Self.parse(headers[0]) {
            (traceID, parent, isSampled) = (caller.traceID, caller.span, caller.isSampled)
        } else {
            (traceID, parent, isSampled) = (Self.hex(random[0..<16]), nil, false)
        }
    }

    /// What is sent on: to the caller in the answer, and to whoever is called because of it.
    package var header: String {
        var text = "00-"
        text.reserveCapacity(55)
        text += traceID
        text += "-"
        text += span
        text += isSampled ? "-01" : "-00"
        return text
    }

    /// `00-<trace>-<span>-<flags>`. A later version may have more behind it, never less.
    private static func parse(_ text: String) -> (traceID: String, span: String, isSampled: Bool)? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 55, bytes.count <= 512, bytes[2] == 45, bytes[35] == 45, bytes[52] == 45 else { return nil }
        let (version, trace, span, flags): (ArraySlice<UInt8>, ArraySlice<UInt8>, ArraySlice<UInt8>, ArraySlice<UInt8>) = (
            bytes[0..<2], bytes[3..<35], bytes[36..<52], bytes[53..<55]
        )
        guard [version, trace, span, flags].allSatisfy({ $0.allSatisfy { digit($0) != nil } }) else { return nil }
        guard !version.elementsEqual("ff".utf8), trace.contains(where: { $0 != 48 }), span.contains(where: { $0 != 48 }) else {
            return nil
        }
        if version.elementsEqual("00".utf8) ? bytes.count != 55 : bytes.count > 55 && bytes[55] != 45 { return nil }
        return (String(decoding: trace, as: UTF8.self), String(decoding: span, as: UTF8.self), (digit(bytes[54]) ?? 0) & 1 == 1)
    }

    /// Lower case only: the specification knows no other.
    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 97...102: byte - 87
        default: nil
        }
    }

    private static let digits: StaticString = "0123456789abcdef"

    private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
        let digits = digits.utf8Start
        // All zero means "none" to whoever reads it.
        let isNone = bytes.allSatisfy { $0 == 0 }
        return String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            var position = 0
            for byte in bytes {
                text[position] = digits[Int(byte >> 4)]
                text[position + 1] = digits[Int(byte & 15)]
                position += 2
            }
            if isNone { text[position - 1] = UInt8(ascii: "1") }
            return position
        }
    }
}
