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
        // Every decoded row passes here several times: no array on the way.
        self = withUnsafeBytes(of: uuid.uuid) { bytes in
            UUIDBits(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    package var uuid: UUID {
        UUID(uuid: unsafeBitCast((high.bigEndian, low.bigEndian), to: uuid_t.self))
    }

    package static func < (left: UUIDBits, right: UUIDBits) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

/// UUID version 7 (RFC 9562): 48 bits of milliseconds, 10 of the microseconds in it, then random bits: what was made later sorts later, to
/// the microsecond. Pure: time and chance are handed in.
package enum UUIDv7 {
    /// Times before 1970 count as 1970.
    package static func make(at instant: Instant, random: (UInt64, UInt64)) -> UUIDBits {
        let microseconds = UInt64(max(0, instant.microseconds))
        let milliseconds = microseconds / 1_000 & 0xFFFF_FFFF_FFFF
        let high = milliseconds << 16 | 0x7000 | (microseconds % 1_000) << 2 | random.0 & 0x3
        let low = variant | random.1 & lowMask
        return UUIDBits(high: high, low: low)
    }

    /// The next one, for what follows at once and must sort behind.
    package static func following(_ bits: UUIDBits) -> UUIDBits {
        if bits.low & lowMask < lowMask { return UUIDBits(high: bits.high, low: bits.low + 1) }
        let parts = bits.high & 0x0FFF
        let high = parts < 0x0FFF ? bits.high + 1 : ((bits.high >> 16) + 1) << 16 | 0x7000
        return UUIDBits(high: high, low: variant)
    }

    private static let variant: UInt64 = 0x8000_0000_0000_0000
    private static let lowMask: UInt64 = 0x3FFF_FFFF_FFFF_FFFF

    /// The time inside an identifier of version 7, to the millisecond.
    package static func instant(of bits: UUIDBits) -> Instant { Instant(microseconds: Int64(bits.high >> 16) * 1_000) }
}
