import CArgon2

/// Why a password could not be hashed or checked. Nothing of the password is in it.
package enum PasswordHashError: Error, Equatable {
    /// The stored text is no argon2id hash, or asks for more work than this server does.
    case malformedHash
    /// libargon2 refused, with its code (out of memory is -22).
    case hashingFailed(code: Int32)
}

/// An argon2id hash in its PHC text, with 19 MiB, two passes and one lane.
///
/// Hashing takes some tens of milliseconds and 19 MiB: callers run it off the loop and bound how many run at once.
package struct PasswordHash: Hashable, Sendable {
    package static let memoryKiB: UInt32 = 19_456
    package static let passes: UInt32 = 2
    package static let lanes: UInt32 = 1
    private static let prefix = "$argon2id$v=19$m=19456,t=2,p=1$"
    private static let saltLength = 16
    private static let hashLength = 32

    /// `$argon2id$v=19$m=19456,t=2,p=1$…$…`, as it is stored.
    package let phc: String

    /// A stored hash. The cost is checked, so that a row cannot make the server allocate what it names.
    package init(phc: String) throws(PasswordHashError) {
        let parts = phc.dropFirst(Self.prefix.count).split(separator: "$", omittingEmptySubsequences: false)
        guard phc.hasPrefix(Self.prefix), phc.utf8.count <= 128, parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw .malformedHash
        }
        self.phc = phc
    }

    private init(trusted phc: String) { self.phc = phc }

    /// The hash of a new password under a fresh salt; a test may bring its own salt of at least 8 bytes.
    package static func make(password: String, salt: [UInt8]? = nil) throws(PasswordHashError) -> PasswordHash {
        let salt = salt ?? SecureRandom.bytes(saltLength)
        let password = Array(password.utf8)
        let capacity = argon2_encodedlen(passes, memoryKiB, lanes, UInt32(salt.count), UInt32(hashLength), Argon2_id)
        var encoded = [CChar](repeating: 0, count: capacity)
        let code = argon2id_hash_encoded(
            passes, memoryKiB, lanes, password, password.count, salt, salt.count, hashLength, &encoded, capacity)
        guard code == ARGON2_OK.rawValue else { throw .hashingFailed(code: code) }
        let text = String(decoding: encoded.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return PasswordHash(trusted: text)
    }

    /// Whether `password` is the one that was hashed.
    package func matches(_ password: String) throws(PasswordHashError) -> Bool {
        let password = Array(password.utf8)
        let code = argon2id_verify(phc, password, password.count)
        switch code {
        case ARGON2_OK.rawValue: return true
        case ARGON2_VERIFY_MISMATCH.rawValue: return false
        case ARGON2_DECODING_FAIL.rawValue, ARGON2_DECODING_LENGTH_FAIL.rawValue, ARGON2_INCORRECT_PARAMETER.rawValue:
            throw .malformedHash
        default: throw .hashingFailed(code: code)
        }
    }

    /// A hash that no password is known for: checked when nobody has the e-mail address, so that the answer takes as long.
    package static let decoy = PasswordHash(
        trusted: prefix + "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
}
