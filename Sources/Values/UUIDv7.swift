import FoundationEssentials

/// 128 bits of an identifier, most significant half first.
package struct UUIDBits: Sendable, Hashable, Comparable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(_ uuid: UUID) {
        let b = uuid.uuid
        func join(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(
            high: join([b.0, b.1, b.2, b.3, b.4, b.5, b.6, b.7]), low: join([b.8, b.9, b.10, b.11, b.12, b.13, b.14, b.15]))
    }

    package var uuid: UUID {
        func byte(_ half: UInt64, _ index: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: half >> (56 - 8 * index)) }
        return UUID(
            uuid: (
                byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4), byte(high, 5), byte(high, 6),
                byte(high, 7), byte(low, 0), byte(low, 1), byte(low, 2), byte(low, 3), byte(low, 4), byte(low, 5), byte(low, 6),
                byte(low, 7)
            ))
    }

    package static func < (left: UUIDBits, right: UUIDBits) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

/// UUID version 7 (RFC 9562): 48 bits of milliseconds, then random bits. Pure: time and chance are handed in.
package enum UUIDv7 {
    /// Times before 1970 count as 1970.
    package static func make(at instant: Instant, random: (UInt64, UInt64)) -> UUIDBits {
        let milliseconds = UInt64(max(0, instant.microseconds / 1_000)) & 0xFFFF_FFFF_FFFF
        let high = milliseconds << 16 | 0x7000 | random.0 & 0x0FFF
        let low = 0x8000_0000_0000_0000 | random.1 & 0x3FFF_FFFF_FFFF_FFFF
        return UUIDBits(high: high, low: low)
    }

    /// The time inside an identifier of version 7, to the millisecond.
    package static func instant(of bits: UUIDBits) -> Instant { Instant(microseconds: Int64(bits.high >> 16) * 1_000) }
}
