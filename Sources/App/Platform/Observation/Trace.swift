/// Where a request stands in a distributed trace (W3C Trace Context, `traceparent`): continued from the caller's header, or begun here.
///
/// Numbers, not text: every request has a trace, and few are asked for its name.
package struct Trace: Sendable, Equatable {
    private let trace: (high: UInt64, low: UInt64)
    private let own: UInt64
    private let callers: UInt64?
    /// The caller records this trace and would like everybody else to.
    package let isSampled: Bool

    /// 32 lower-case hexadecimal digits, not all zero; the same for everything that follows from one cause.
    package var traceID: String {
        String(unsafeUninitializedCapacity: 32) { text in
            Self.write(trace.high, to: text, at: 0)
            Self.write(trace.low, to: text, at: 16)
            return 32
        }
    }

    /// 16 digits: this server's part of it.
    package var span: String { Self.text(own) }
    /// The caller's part; nil when the trace begins here.
    package var parent: String? { callers.map(Self.text) }

    /// Continues what the caller sent where that is valid: exactly one header, of a version that can be read. Anything else begins anew, as the
    /// specification asks. Zeros mean "none" to whoever reads them, so `random` is never taken for all of a name where it is zero.
    package init(continuing headers: [String], random: (trace: (high: UInt64, low: UInt64), span: UInt64)) {
        own = max(random.span, 1)
        if headers.count == 1, let caller = Self.parse(headers[0]) {
            (trace, callers, isSampled) = (caller.trace, caller.span, caller.isSampled)
        } else {
            (trace, callers, isSampled) = ((random.trace.high, max(random.trace.low, 1)), nil, false)
        }
    }

    package static func == (left: Trace, right: Trace) -> Bool {
        left.trace == right.trace && left.own == right.own && left.callers == right.callers && left.isSampled == right.isSampled
    }

    /// What is sent on: to the caller in the answer, and to whoever is called because of it.
    package var header: String {
        String(unsafeUninitializedCapacity: 55) { text in
            let dash = UInt8(ascii: "-")
            (text[0], text[1], text[2]) = (48, 48, dash)
            Self.write(trace.high, to: text, at: 3)
            Self.write(trace.low, to: text, at: 19)
            text[35] = dash
            Self.write(own, to: text, at: 36)
            (text[52], text[53], text[54]) = (dash, 48, isSampled ? 49 : 48)
            return 55
        }
    }

    /// `00-<trace>-<span>-<flags>`. A later version may have more behind it, never less.
    private static func parse(_ text: String) -> (trace: (high: UInt64, low: UInt64), span: UInt64, isSampled: Bool)? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 55, bytes.count <= 512, bytes[2] == 45, bytes[35] == 45, bytes[52] == 45 else { return nil }
        guard let version = number(bytes[0..<2]), let flags = number(bytes[53..<55]), version != 0xFF,
            let high = number(bytes[3..<19]), let low = number(bytes[19..<35]), high | low != 0,
            let span = number(bytes[36..<52]), span != 0
        else { return nil }
        if version == 0 ? bytes.count != 55 : bytes.count > 55 && bytes[55] != 45 { return nil }
        return ((high, low), span, flags & 1 == 1)
    }

    /// Lower case only: the specification knows no other.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case 48...57: number = number << 4 | UInt64(digit - 48)
            case 97...102: number = number << 4 | UInt64(digit - 87)
            default: return nil
            }
        }
        return number
    }

    private static let digits: StaticString = "0123456789abcdef"

    private static func text(_ number: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { text in
            write(number, to: text, at: 0)
            return 16
        }
    }

    private static func write(_ number: UInt64, to text: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        let digits = digits.utf8Start
        for place in 0..<16 { text[start + place] = digits[Int(number >> UInt64(60 - place * 4) & 15)] }
    }
}
