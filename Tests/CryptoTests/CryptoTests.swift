import Crypto
import Testing

@Suite struct DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `SHA-256 gives the digests of FIPS 180-4`(text: String, digest: String) {
        #expect(SHA256.hex(text) == digest)
    }

    /// RFC 4231, cases 1, 2, 3, 6 and 7.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131),
            Array(
                "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm."
                    .utf8),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ])
    func `HMAC gives the codes of RFC 4231`(key: [UInt8], message: [UInt8], code: String) {
        let computed = HMACSHA256.code(for: message, key: key)
        #expect(Hex.encode(computed) == code)
        #expect(HMACSHA256.isValid(computed, for: message, key: key))
        #expect(!HMACSHA256.isValid(computed, for: message + [0], key: key))
    }
}

@Suite struct RandomAndComparisonTests {
    @Test func `random bytes have the asked length and do not repeat`() {
        #expect(SecureRandom.bytes(0).isEmpty)
        #expect(SecureRandom.bytes(33).count == 33)
        let tokens = Set((0..<1_000).map { _ in SecureRandom.token() })
        #expect(tokens.count == 1_000)
        #expect(tokens.allSatisfy { $0.utf8.count == 43 })
    }

    @Test func `equality sees length and every byte`() {
        #expect(ConstantTime.equals([], []))
        #expect(ConstantTime.equals([1, 2, 3], [1, 2, 3]))
        #expect(!ConstantTime.equals([1, 2, 3], [1, 2]))
        #expect(!ConstantTime.equals([1, 2, 3], [0, 2, 3]))
        #expect(!ConstantTime.equals("token-a", "token-b"))
    }
}

@Suite struct EncodingTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
    ])
    func `base64url gives the vectors of RFC 4648 without padding`(plain: String, encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(plain.utf8))
    }

    @Test func `base64url uses the two characters that addresses allow`() {
        #expect(Base64URL.encode([0xFB, 0xFF, 0xBF]) == "-_-_")
        #expect(Base64URL.decode("-_-_") == [0xFB, 0xFF, 0xBF])
    }

    @Test(arguments: ["A", "Zg==", "Zh", "Zm9", "ab+/", "ab c", "é", "Zm8\n"])
    func `base64url refuses what has another spelling or none`(text: String) {
        let decoded = Base64URL.decode(text)
        #expect(decoded == nil)
    }

    @Test func `every byte survives both encodings`() {
        let all = (0...255).map(UInt8.init)
        #expect(Hex.decode(Hex.encode(all)) == all)
        #expect(Base64URL.decode(Base64URL.encode(all)) == all)
        #expect(Hex.decode("0aFF") == [0x0A, 0xFF])
        #expect(Hex.decode("0") == nil)
        #expect(Hex.decode("zz") == nil)
    }
}

@Suite struct PasswordHashTests {
    @Test func `a password matches its own hash and no other does`() throws {
        let hash = try PasswordHash.make(password: "pässwörd 密码")
        #expect(try hash.matches("pässwörd 密码"))
        #expect(try !hash.matches("pässwörd 密碼"))
        #expect(try !hash.matches(""))
        #expect(hash.phc.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try PasswordHash(phc: hash.phc) == hash)
    }

    @Test func `the same password and salt give the same text, a fresh salt another`() throws {
        let salt = Array("somesaltsomesalt".utf8)
        let first = try PasswordHash.make(password: "password", salt: salt)
        #expect(try PasswordHash.make(password: "password", salt: salt) == first)
        #expect(try PasswordHash.make(password: "password") != first)
        #expect(first.phc == Self.referenceHash)
    }

    /// Made by another binding of the reference implementation (argon2-cffi) from the same inputs.
    static let referenceHash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$K13EBUiG7JV+9ZxztmHFTdb7J0WQsnj2V8bZaqyPptE"

    @Test(arguments: [
        "", "x", "$argon2i$v=19$m=19456,t=2,p=1$AAAA$AAAA", "$argon2id$v=19$m=4194304,t=2,p=1$AAAA$AAAA",
        "$argon2id$v=19$m=19456,t=2,p=1$AAAA", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$", "$argon2id$v=19$m=19456,t=2,p=1$A$A$A",
    ])
    func `a stored text that is no hash of this cost is refused`(phc: String) {
        #expect(throws: PasswordHashError.malformedHash) { try PasswordHash(phc: phc) }
    }

    @Test func `a broken hash is an error, not a wrong password`() throws {
        let broken = try PasswordHash(phc: "$argon2id$v=19$m=19456,t=2,p=1$!!!!$????")
        #expect(throws: PasswordHashError.malformedHash) { try broken.matches("x") }
    }

    @Test func `the decoy takes the work and matches nothing`() throws {
        #expect(try !PasswordHash.decoy.matches(""))
        #expect(try !PasswordHash.decoy.matches("password"))
    }
}
