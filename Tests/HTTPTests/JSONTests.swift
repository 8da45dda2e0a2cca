import HTTP
import Testing

private func parse(_ text: String) throws(JSONParseError) -> JSON {
    try JSON(parsing: Array(text.utf8), allowsOddNumbers: true)
}

private func written(_ json: JSON) -> String {
    var writer = JSONWriter()
    writer.value(json)
    return String(decoding: writer.bytes, as: UTF8.self)
}

@Suite struct JSONParsingTests {
    @Test(arguments: [
        ("null", JSON.null), (" true ", .bool(true)), ("false\n", .bool(false)), ("0", .number("0")), ("\"\"", .string("")),
        ("[]", .array([])), ("{}", .object([])), ("\t[ 1 , 2 ]\r\n", .array([.number("1"), .number("2")])),
        ("{\"a\":{\"b\":[null]}}", .object([("a", .object([("b", .array([.null]))]))])),
        ("\"\\u00e9\\n\\\"\\\\\\/\\b\\f\\r\\t\"", .string("é\n\"\\/\u{8}\u{C}\r\t")), ("\"\\ud83d\\ude00\"", .string("😀")),
        ("\"😀é\"", .string("😀é")), ("\"a\\u0000b\"", .string("a\0b")), ("{\"\":1}", .object([("", .number("1"))])),
        ("{\"b\":1,\"a\":2}", .object([("b", .number("1")), ("a", .number("2"))])),
    ])
    func `good texts`(text: String, json: JSON) throws {
        #expect(try parse(text) == json)
    }

    @Test(arguments: [
        "0", "-0", "-0.0", "1e999", "-1E+5", "1e-5", "0.10", "123456789012345678901234567890123456789.000000000000000001",
        "9223372036854775808", "1E400",
    ])
    func `numbers keep their characters`(text: String) throws {
        #expect(try parse(text) == .number(text))
        #expect(try parse("[\(text), {\"a\":\(text)}]") == .array([.number(text), .object([("a", .number(text))])]))
    }

    @Test(arguments: ["-0", "-0.0", "-0e7", "1e999", "-1e400", "1" + String(repeating: "0", count: 400)])
    func `odd numbers are refused unless allowed`(text: String) throws {
        let error = #expect(throws: JSONParseError.self) { try JSON(parsing: Array("[1.5,\(text)]".utf8)) }
        #expect(error?.code == "json_number" && error?.offset == 5)
        #expect(throws: Never.self) {
            try JSON(parsing: Array("[0,-1,0.0,1e10,12345678901234567890]".utf8))
        }
    }

    @Test(arguments: [
        ("", "json_empty"), (" \n", "json_empty"), ("[", "json_syntax"), ("{", "json_syntax"), ("[1,]", "json_syntax"),
        ("[,1]", "json_syntax"), ("[1 2]", "json_syntax"), ("[1}", "json_syntax"), ("{\"a\"}", "json_syntax"),
        ("{\"a\":}", "json_syntax"), ("{\"a\":1,}", "json_syntax"), ("{a:1}", "json_syntax"), ("{1:1}", "json_syntax"),
        ("{'a':1}", "json_syntax"), ("[true false]", "json_syntax"), ("tru", "json_syntax"), ("nulll", "json_syntax"),
        ("TRUE", "json_syntax"),
        ("NaN", "json_syntax"), ("[NaN]", "json_syntax"), ("[Infinity]", "json_syntax"), ("// a\n1", "json_syntax"),
        ("[1]//", "json_trailing_content"),
        ("[] []", "json_trailing_content"), ("{}1", "json_trailing_content"), ("\"a\" \"b\"", "json_trailing_content"),
        ("1 2", "json_number"),
        ("01", "json_number"), ("[-]", "json_number"), ("[1.]", "json_number"), ("[.5]", "json_syntax"), ("[+1]", "json_syntax"),
        ("[1e]", "json_number"), ("[1e+]", "json_number"), ("[0x10]", "json_number"), ("[1_000]", "json_number"),
        ("[--1]", "json_number"),
        ("\"abc", "json_string"), ("[\"abc]", "json_string"), ("\"\\x\"", "json_string"), ("\"\\u12\"", "json_string"),
        ("\"\\u12g4\"", "json_string"),
        ("\"\\ud800\"", "json_string"), ("\"\\udc00\"", "json_string"), ("\"\\ud800\\u0041\"", "json_string"),
        ("{\"\\udfff\":1}", "json_string"),
        ("\"a\nb\"", "json_string"), ("\"a\tb\"", "json_string"), ("\"a\0b\"", "json_string"),
        ("{\"a\":1,\"a\":2}", "json_duplicate_key"),
        ("[{\"a\":{\"b\":1,\"c\":2,\"b\":3}}]", "json_duplicate_key"), ("{\"a\":1,\"\\u0061\":2}", "json_duplicate_key"),
        ("\u{FEFF}{}", "json_syntax"),
    ])
    func `bad texts`(text: String, code: String) {
        let error = #expect(throws: JSONParseError.self) { try parse(text) }
        #expect(error?.code == code)
        #expect((0...text.utf8.count).contains(error?.offset ?? -1))
        #expect(error?.reason.isEmpty == false)
    }

    @Test func `bytes that are no UTF-8 are found where they stand`() {
        for bad in [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]] {
            let error = #expect(throws: JSONParseError.self) { try JSON(parsing: Array("[\"é".utf8) + bad + Array("\"]".utf8)) }
            #expect(error?.code == "json_encoding")
            #expect(error?.offset == 4)
        }
    }

    @Test func `many keys are compared too`() throws {
        let keys = (0..<2_000).map { "\"k\($0)\":\($0)" }
        let json = try parse("{\(keys.joined(separator: ","))}")
        guard case .object(let members) = json else { preconditionFailure("not an object") }
        #expect(members.count == 2_000 && members[1_999].value == .number("1999"))
        let error = #expect(throws: JSONParseError.self) { try parse("{\((keys + ["\"k7\":0"]).joined(separator: ","))}") }
        #expect(error?.code == "json_duplicate_key")
    }

    @Test func `nesting ends at sixty-four`() throws {
        func nested(_ depth: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        }
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            #expect(throws: Never.self) { try parse(nested(64, open, close)) }
            #expect(throws: JSONParseError.self) { try parse(nested(65, open, close)) }
            let error = #expect(throws: JSONParseError.self) { try parse(String(repeating: open, count: 10_000)) }
            #expect(["json_depth", "json_syntax"].contains(error?.code))
            #expect(throws: JSONParseError.self) { try parse(nested(200_000, open, close)) }
        }
    }

    @Test(arguments: 1...5)
    func `what is parsed, written and parsed again stays the same`(seed: UInt64) throws {
        var random = SeededRandom(state: seed)
        for _ in 0..<300 {
            let json = Self.random(&random, depth: 0)
            let text = written(json)
            #expect(try parse(text) == json, "\(text)")
        }
    }

    private static func random(_ random: inout SeededRandom, depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth > 4 ? 4 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .number(["0", "-1", "1.50", "2e10", "-0"].randomElement(using: &random)!)
        case 3:
            let scalars = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                Unicode.Scalar(UInt32.random(in: 0...0x2FFF, using: &random)) ?? " "
            }
            return .string(String(String.UnicodeScalarView(scalars)))
        case 4: return .array((0..<Int.random(in: 0...5, using: &random)).map { _ in Self.random(&random, depth: depth + 1) })
        default:
            return .object(
                (0..<Int.random(in: 0...20, using: &random)).map { ("key \($0)\"\n", Self.random(&random, depth: depth + 1)) })
        }
    }
}

@Suite struct JSONWriterTests {
    @Test func `commas, names and nesting`() {
        var writer = JSONWriter()
        writer.object { json in
            json.field("id", "sub_1")
            json.field("count", 3)
            json.field("none", nil as String?)
            json.nullField("nothing")
            json.field("flag", false)
            json.field("amount", object: { $0.field("amount", "1.00") })
            json.field("empty", array: { _ in })
            json.field(
                "list",
                array: { list in
                    list.value(1)
                    list.value("two")
                    list.object { _ in }
                    list.array { $0.null() }
                    list.value(true)
                })
            json.field("raw", json: Array("[1,2]".utf8))
            json.field("last", Int.min)
            for number in [Int.max, 0, -1, 9, 10, -10, 99, 100] { json.field("n", number) }
            json.field(
                "plain", plain: 8,
                { place in
                    (place[0], place[1]) = (UInt8(ascii: "a"), UInt8(ascii: "b"))
                    return 2
                })
            json.field("a \"name\"", "and its \\ text")
            json.field("after", "")
        }
        let expected = """
            {"id":"sub_1","count":3,"none":null,"nothing":null,"flag":false,"amount":{"amount":"1.00"},"empty":[],\
            "list":[1,"two",{},[null],true],"raw":[1,2],"last":-9223372036854775808,\
            "n":9223372036854775807,"n":0,"n":-1,"n":9,"n":10,"n":-10,"n":99,"n":100,"plain":"ab",\
            "a \\"name\\"":"and its \\\\ text","after":""}
            """
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    @Test(arguments: [
        ("plain", "plain"), ("\"\\/", "\\\"\\\\/"), ("\u{0}\u{1F}\u{7F}", "\\u0000\\u001f\u{7F}"),
        ("\u{8}\t\n\u{C}\r", "\\b\\t\\n\\f\\r"),
        ("é😀", "é😀"), ("\u{2028}</script>", "\u{2028}</script>"), ("", ""),
    ])
    func escapes(text: String, expected: String) {
        var writer = JSONWriter()
        writer.value(text)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "\"\(expected)\"")
    }
}
