import COpenSSL

/// Codes of six digits that a phone and a server make alike every thirty seconds (RFC 6238 over RFC 4226, HMAC-SHA-1).
package enum TOTP {
    package static let periodSeconds: Int64 = 30
    package static let digits = 6

    /// The number of the thirty seconds that this second of Unix time lies in.
    package static func step(atSecond second: Int64) -> Int64 { second / periodSeconds }

    /// The code of one step.
    package static func code(secret: [UInt8], step: Int64) -> String {
        let counter = (0..<8).map { UInt8(truncatingIfNeeded: step >> (56 - 8 * Int64($0))) }
        let hash = HMACSHA1.code(for: counter, key: secret)
        let offset = Int(hash[19] & 15)
        let number =
            UInt32(hash[offset] & 127) << 24 | UInt32(hash[offset + 1]) << 16 | UInt32(hash[offset + 2]) << 8
            | UInt32(hash[offset + 3])
        let text = String(number % 1_000_000)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    /// The step whose code this is: now, or one to either side, for clocks that differ; none at or before `last`, so that no code counts twice.
    package static func match(_ code: String, secret: [UInt8], atSecond second: Int64, after last: Int64) -> Int64? {
        guard code.utf8.count == digits else { return nil }
        let now = step(atSecond: second)
        var found: Int64?
        for candidate in [now - 1, now, now + 1] where ConstantTime.equals(Self.code(secret: secret, step: candidate), code) {
            if candidate > last { found = candidate }
        }
        return found
    }
}

/// HMAC with SHA-1 (RFC 2104), for TOTP alone: every authenticator app speaks it.
package enum HMACSHA1 {
    /// The 20 bytes of the code over `message` under `key`.
    package static func code(for message: [UInt8], key: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 20)
        var length: UInt32 = 0
        let result = HMAC(EVP_sha1(), key, Int32(key.count), message, message.count, &code, &length)
        guard result != nil, length == 20 else { fatalError("OpenSSL has no HMAC-SHA-1") }
        return code
    }
}

/// RFC 4648 base 32 without padding, as authenticator apps take a secret by hand.
package enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    package static func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = (buffer << 8 | UInt32(byte)) & 0xFFFF
            bits += 8
            while bits >= 5 {
                bits -= 5
                out.append(alphabet[Int(buffer >> bits) & 31])
            }
        }
        if bits > 0 { out.append(alphabet[Int(buffer << (5 - bits)) & 31]) }
        return String(decoding: out, as: UTF8.self)
    }
}
