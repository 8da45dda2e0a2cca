import Crypto
import Testing

@Suite struct TOTPTests {
    /// RFC 6238, appendix B, SHA-1: the last six of the eight digits there.
    @Test(arguments: [
        (Int64(59), "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
        (2_000_000_000, "279037"), (20_000_000_000, "353130"),
    ])
    func `codes are those of RFC 6238`(second: Int64, code: String) {
        let secret = Array("12345678901234567890".utf8)
        #expect(TOTP.code(secret: secret, step: TOTP.step(atSecond: second)) == code)
    }

    @Test func `a code counts one step to either side, and never again`() {
        let secret = Array("12345678901234567890".utf8)
        let step = TOTP.step(atSecond: 59)
        for second in [Int64(29), 30, 59, 60, 89] {
            #expect(TOTP.match("287082", secret: secret, atSecond: second, after: 0) == step, "\(second)")
        }
        #expect(TOTP.match("287082", secret: secret, atSecond: 90, after: 0) == nil)
        #expect(TOTP.match("287082", secret: secret, atSecond: 59, after: step) == nil)
        for code in ["", "28708", "2870820", "28708a", "000000"] {
            #expect(TOTP.match(code, secret: secret, atSecond: 59, after: 0) == nil)
        }
    }

    /// RFC 2202, cases 1 and 2.
    @Test func `HMAC-SHA-1 gives the codes of RFC 2202`() {
        #expect(
            Hex.encode(HMACSHA1.code(for: Array("Hi There".utf8), key: [UInt8](repeating: 0x0B, count: 20)))
                == "b617318655057264e28bc0b6fb378c8ef146be00")
        #expect(
            Hex.encode(HMACSHA1.code(for: Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8)))
                == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    }

    /// RFC 4648, section 10, without padding.
    @Test(arguments: [
        ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
        ("foobar", "MZXW6YTBOI"),
    ])
    func `base 32 is RFC 4648's`(text: String, encoded: String) {
        #expect(Base32.encode(Array(text.utf8)) == encoded)
    }

    @Test func `what is sealed opens with the same key for the same purpose, unchanged`() {
        let (key, other) = (SecureRandom.bytes(32), SecureRandom.bytes(32))
        let plain = Array("the secret of a phone".utf8)
        let sealed = Sealing.seal(plain, key: key, context: [1, 2, 3])
        #expect(Sealing.open(sealed, key: key, context: [1, 2, 3]) == plain)
        #expect(Sealing.open(sealed, key: other, context: [1, 2, 3]) == nil)
        #expect(Sealing.open(sealed, key: key, context: [1, 2, 4]) == nil)
        #expect(Sealing.seal(plain, key: key, context: []) != Sealing.seal(plain, key: key, context: []))
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(Sealing.open(changed, key: key, context: [1, 2, 3]) == nil)
        }
        #expect(Sealing.open([], key: key, context: []) == nil)
        #expect(Sealing.open(Sealing.seal([], key: key, context: []), key: key, context: []) == [])
    }
}
