import Testing

@testable import HTTP

@Suite struct JSONTests {
    private func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }

    @Test func `values keep their text and their order`() throws {
        guard case .object(let members) = try parse(#"{"b":[1.50,-0,1e999,true,false,null],"a":"x\u0000\ud83d\ude00"}"#) else {
            Issue.record("not an object")
            return
        }
        #expect(members.map(\.key) == ["b", "a"])
        guard case .array(let items) = members[0].value, case .string(let text) = members[1].value else {
            Issue.record("not as written")
            return
        }
        let numbers = items.compactMap { if case .number(let text) = $0 { text } else { nil } }
        #expect(numbers == ["1.50", "-0", "1e999"])
        #expect(items.count == 6)
        #expect(text.unicodeScalars.map(\.value) == [0x78, 0, 0x1F600])
    }

    @Test(arguments: ["null", "true", " 12 ", "\"x\"", "[]", "{}", "[[[]]]"])
    func `a single value is a document`(_ text: String) throws { _ = try parse(text) }

    @Test(arguments: [
        "", " ", "{", "[", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "'x'", "01", "1.", ".5", "+1", "1e", "NaN", "nul", "truex", "[1] 2", "{} {}", "\"\\x\"",
        "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"a\nb\"", "{\"a\":1,\"a\":2}", "[1 2]", "\u{FEFF}[]", "[nullx]", "[1-2]", "\"open",
    ])
    func `what is no JSON is refused`(_ text: String) { #expect(throws: JSONParseError.self) { try parse(text) } }

    @Test func `bytes that are no UTF-8 are refused`() {
        for bytes: [UInt8] in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x80]] {
            #expect(throws: JSONParseError.self) { try JSON(parsing: bytes) }
        }
    }

    @Test func `ten thousand brackets are refused without trouble`() {
        for text in [String(repeating: "[", count: 10_000), String(repeating: "[", count: 5_000) + String(repeating: "]", count: 5_000)] {
            #expect(throws: JSONParseError.self) { try parse(text) }
        }
        #expect(throws: Never.self) { try parse(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)) }
    }

    @Test func `many members are told apart too`() throws {
        let many = (0..<200).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        _ = try parse("{\(many)}")
        #expect(throws: JSONParseError.self) { try parse("{\(many),\"k7\":0}") }
    }
}
