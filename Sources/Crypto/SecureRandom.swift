import COpenSSL
import Synchronization

/// Bytes that nobody can guess: sessions, keys, tokens, salts.
package enum SecureRandom {
    /// `count` bytes of OpenSSL's generator. A machine without randomness ends the program: every secret after it would be weak.
    package static func bytes(_ count: Int) -> [UInt8] {
        precondition((0...65_536).contains(count), "so many random bytes at once are a mistake")
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else { fatalError("the machine gives no randomness") }
        return bytes
    }

    /// A token of `count` random bytes in base64url: 32 bytes make 43 characters.
    package static func token(bytes count: Int = 32) -> String { Base64URL.encode(bytes(count)) }
}

/// Random numbers for names that are no secrets, requests' and traces': taken from the generator by the thousand, because each visit there costs more than
/// a short answer does.
package final class RandomNames: Sendable {
    private struct Store {
        var words: [UInt64] = []
        var used = 0
    }
    private static let size = 512
    private let store = Mutex(Store())

    package init() {}

    /// Five: two for a request's name, three for its trace.
    package func words() -> InlineArray<5, UInt64> {
        store.withLock { store in
            if store.words.count - store.used < 5 {
                let bytes = SecureRandom.bytes(Self.size * 8)
                store = Store(
                    words: bytes.withUnsafeBytes { bytes in
                        (0..<Self.size).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
                    })
            }
            let first = store.used
            store.used += 5
            return InlineArray { store.words[first + $0] }
        }
    }
}

package enum ConstantTime {
    /// Whether both are the same bytes; the time tells only their lengths.
    package static func equals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    package static func equals(_ left: String, _ right: String) -> Bool { equals(Array(left.utf8), Array(right.utf8)) }
}
