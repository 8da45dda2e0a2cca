/// Reads fixed-width ASCII text from left to right; every reader of dates and times here is strict because of it.
struct DigitReader {
    private let bytes: [UInt8]
    private var position = 0

    /// Text longer than any date or time is cut: what was cut shows as text left over, which every reader refuses.
    init(_ text: some StringProtocol) { bytes = Array(text.utf8.prefix(64)) }

    var isAtEnd: Bool { position == bytes.count }

    /// Exactly this many digits.
    mutating func number(digits: Int) -> Int? {
        guard position + digits <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[position..<position + digits] {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        position += digits
        return value
    }

    /// The run of digits that starts here, at most `limit` long; nil when there is none or it is longer.
    mutating func run(limit: Int) -> (value: Int, digits: Int)? {
        var length = 0
        while position + length < bytes.count, (0x30...0x39).contains(bytes[position + length]) { length += 1 }
        guard length > 0, length <= limit, let value = number(digits: length) else { return nil }
        return (value, length)
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }
}

/// Division that rounds towards negative infinity, so that days and seconds before 1970 fall into the right day.
func floorDivide<Number: BinaryInteger>(_ dividend: Number, _ divisor: Number) -> Number {
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    return remainder != 0 && (remainder < 0) != (divisor < 0) ? quotient - 1 : quotient
}

/// How many decimal digits a number takes; one for zero.
func digitCount(_ number: UInt64) -> Int {
    var (count, rest) = (1, number / 10)
    while rest > 0 { (count, rest) = (count + 1, rest / 10) }
    return count
}

/// A number with leading zeros to the given width.
func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value.magnitude)
    let zeros = String(repeating: "0", count: max(0, width - digits.count))
    return (value < 0 ? "-" : "") + zeros + digits
}

/// Puts ASCII into the storage of a text that is being made, so that a date or an ID costs one allocation.
struct DigitWriter {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    mutating func put(_ character: Unicode.Scalar) { put(byte: UInt8(ascii: character)) }

    mutating func put(byte: UInt8) {
        buffer[count] = byte
        count += 1
    }

    mutating func put(_ text: String) {
        for byte in text.utf8 { put(byte: byte) }
    }

    /// A number from 0 to 99.
    mutating func put(two number: Int) {
        buffer[count] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / 10)
        buffer[count + 1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10)
        count += 2
    }

    /// A number of zero or more with exactly `width` digits.
    mutating func put(_ number: UInt64, width: Int) {
        var rest = number
        for place in stride(from: count + width - 1, through: count, by: -1) {
            buffer[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += width
    }
}
