import CZlib
import Testing

@testable import HTTP

/// What comes packed is unpacked whole, or refused.
@Suite struct `Unpacking gzip` {
    private let plain = Array(String(repeating: "usage, usage, ", count: 2_000).utf8)

    @Test func `gives what was packed, also in several members and of nothing`() throws {
        #expect(try Gunzip.unpack(Gzip().compress(plain), atMost: plain.count) == plain)
        #expect(try Gunzip.unpack(Gzip().compress(plain) + Gzip().compress([1]), atMost: 1 << 20) == plain + [1])
        #expect(try Gunzip.unpack(Gzip().compress([]), atMost: 0) == [])
    }

    @Test func `stops at the bound`() {
        #expect(throws: Gunzip.Fault.tooLong) { try Gunzip.unpack(Gzip().compress(plain), atMost: plain.count - 1) }
        let bomb = Gzip().compress([UInt8](repeating: 0, count: 64 << 20))
        #expect(bomb.count < 1 << 20)
        #expect(throws: Gunzip.Fault.tooLong) { try Gunzip.unpack(bomb, atMost: 1 << 20) }
    }

    @Test func `refuses what is no gzip, is cut, is changed or goes on with something else`() {
        let packed = Gzip().compress(plain)
        var changed = packed
        changed[packed.count - 6] ^= 1
        let faults: [[UInt8]] = [
            [], Array("{}".utf8), Array(packed.dropLast()), Array(packed.prefix(packed.count / 2)), Array(packed.prefix(5)),
            changed,
            packed + [0], packed + Array("{}".utf8), packed + Array(packed.prefix(8)),
        ]
        for bytes in faults {
            #expect(throws: Gunzip.Fault.broken, "\(bytes.count) bytes") { try Gunzip.unpack(bytes, atMost: 1 << 20) }
        }
    }
}
