import COpenSSL

/// SHA-256 (FIPS 180-4) by OpenSSL.
package enum SHA256 {
    /// Fetched once: looking an algorithm up by name costs as much as a short digest. Never freed, never written to again.
    nonisolated(unsafe) fileprivate static let algorithm: OpaquePointer = {
        guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil) else { fatalError("OpenSSL has no SHA-256") }
        return algorithm
    }()

    /// The 32 bytes of the digest.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let status = EVP_Digest(bytes, bytes.count, &digest, &length, algorithm, nil)
        guard status == 1, length == 32 else { fatalError("OpenSSL has no SHA-256") }
        return digest
    }

    package static func hash(_ text: String) -> [UInt8] { hash(Array(text.utf8)) }

    /// The digest in 64 lower-case hexadecimal digits.
    package static func hex(_ bytes: [UInt8]) -> String { Hex.encode(hash(bytes)) }
    package static func hex(_ text: String) -> String { hex(Array(text.utf8)) }
}

/// HMAC with SHA-256 (RFC 2104) by OpenSSL.
package enum HMACSHA256 {
    /// The 32 bytes of the code over `message` under `key`, which may have any length.
    package static func code(for message: [UInt8], key: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let result = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &length)
        guard result != nil, length == 32 else { fatalError("OpenSSL has no HMAC-SHA-256") }
        return code
    }

    /// Whether `code` belongs to `message`, in a time that does not depend on where they differ.
    package static func isValid(_ code: [UInt8], for message: [UInt8], key: [UInt8]) -> Bool {
        ConstantTime.equals(code, Self.code(for: message, key: key))
    }
}
