import App
import Testing

@Suite struct `A new password` {
    @Test(
        arguments: [
            ("short", PasswordRule.Fault.tooShort), ("elevenchars", .tooShort), ("", .tooShort), ("password1234", .common),
            ("Password12345!", .common), ("123456789012", .common), ("987654321098", .common), ("aaaaaaaaaaaaaa", .common),
            ("abcabcabcabcabc", .common), ("qwertyuiop12", .common), ("QwertyQwerty1", .common), ("1q2w3e4r5t6y", .common),
            ("1qaz2wsx1qaz", .common), ("qazwsxqazwsx", .common),
            ("mei.lin@example.com", .common), ("mei.lin2026!!", .common), ("admin-admin-admin", .common),
            ("iloveyou1314", .common),
            ("correct horse battery", nil), ("a long enough secret", nil), ("密码要足够长才可以用哦哦", nil), ("Tr0ub4dor&3xyz", nil),
        ] as [(String, PasswordRule.Fault?)])
    func `is long and not what everybody tries first`(password: String, fault: PasswordRule.Fault?) {
        #expect(PasswordRule.fault(password, email: "mei.lin@example.com") == fault)
    }

    @Test func `may be long and is then refused rather than cut`() {
        let sentence = "x7-Qp lorem ipsum dolor "
        let fits = String(repeating: sentence, count: 5)
        #expect(PasswordRule.fault(fits, email: "a@b.example") == nil)
        #expect(PasswordRule.fault(String(repeating: sentence, count: 60), email: "a@b.example") == .tooLong)
    }
}
