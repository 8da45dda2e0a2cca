import COpenSSL

/// AES-256-GCM by OpenSSL: what is sealed can be read and found unchanged only with the key and for the same purpose (`context`).
///
/// A sealed text is a fresh nonce of 12 bytes, the cipher text, and the tag of 16 bytes.
package enum Sealing {
    package static let keyLength = 32
    private static let nonceLength = 12
    private static let tagLength = 16

    package static func seal(_ plain: [UInt8], key: [UInt8], context: [UInt8]) -> [UInt8] {
        precondition(key.count == keyLength)
        let nonce = SecureRandom.bytes(nonceLength)
        var cipher = [UInt8](repeating: 0, count: plain.count)
        var tag = [UInt8](repeating: 0, count: tagLength)
        guard let state = EVP_CIPHER_CTX_new() else { fatalError("out of memory") }
        defer { EVP_CIPHER_CTX_free(state) }
        var length: Int32 = 0
        let isDone =
            EVP_EncryptInit_ex(state, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && EVP_EncryptUpdate(state, nil, &length, context, Int32(context.count)) == 1
            && EVP_EncryptUpdate(state, &cipher, &length, plain, Int32(plain.count)) == 1
            && EVP_EncryptFinal_ex(state, nil, &length) == 1
            && EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_GET_TAG, Int32(tagLength), &tag) == 1
        guard isDone else { fatalError("OpenSSL has no AES-256-GCM") }
        return nonce + cipher + tag
    }

    /// Nil when it was sealed under another key, for another purpose, or changed since.
    package static func open(_ sealed: [UInt8], key: [UInt8], context: [UInt8]) -> [UInt8]? {
        precondition(key.count == keyLength)
        guard sealed.count >= nonceLength + tagLength, let state = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(state) }
        let nonce = Array(sealed.prefix(nonceLength))
        let cipher = Array(sealed.dropFirst(nonceLength).dropLast(tagLength))
        var tag = Array(sealed.suffix(tagLength))
        var plain = [UInt8](repeating: 0, count: cipher.count)
        var length: Int32 = 0
        let isDone =
            EVP_DecryptInit_ex(state, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && EVP_DecryptUpdate(state, nil, &length, context, Int32(context.count)) == 1
            && EVP_DecryptUpdate(state, &plain, &length, cipher, Int32(cipher.count)) == 1
            && EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), &tag) == 1
            && EVP_DecryptFinal_ex(state, nil, &length) == 1
        return isDone ? plain : nil
    }
}
