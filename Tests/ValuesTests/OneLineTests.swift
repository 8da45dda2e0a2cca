import Testing
import Values

@Suite struct `A name` {
    @Test(arguments: ["", "Warehouse telemetry", "研发平台", "a\u{A0}b", "👩🏽‍💻", "=1+1", "e\u{301}"])
    func `is one line`(name: String) { #expect(name.isOneLine) }

    @Test(arguments: ["a\nb", "a\r\nb", "a\tb", "\u{0}", "a\u{7F}", "a\u{85}b", "a\u{2028}b", "a\u{2029}b", "\u{1B}[31m"])
    func `is not broken and has no controls`(name: String) { #expect(!name.isOneLine) }
}
