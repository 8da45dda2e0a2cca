import Testing

@testable import HTTP

@Suite struct `An entity tag` {
    @Test(arguments: [
        ("", EntityTagList.tags([])),
        ("*", .any),
        (" * ", .any),
        ("*, \"1\"", nil),
        ("\"1\", *", nil),
        ("\"1\"", .tags([EntityTag(opaque: "1")])),
        ("W/\"1\"", .tags([EntityTag(opaque: "1", isWeak: true)])),
        ("w/\"1\"", nil),
        ("W/1", nil),
        ("W/", nil),
        ("1", nil),
        ("\"1", nil),
        ("\"", nil),
        ("\"\"", .tags([EntityTag(opaque: "")])),
        ("\"a,b\"", .tags([EntityTag(opaque: "a,b")])),
        ("\"a\",\"b\"", .tags([EntityTag(opaque: "a"), EntityTag(opaque: "b")])),
        (
            " \"a\" , ,W/\"b\",\t\"c\" ,",
            .tags([EntityTag(opaque: "a"), EntityTag(opaque: "b", isWeak: true), EntityTag(opaque: "c")])
        ),
        ("\"a\" \"b\"", nil),
        ("\"a b\"", nil),
        ("\"a\"b", nil),
        ("\"é\"", .tags([EntityTag(opaque: "é")])),
    ])
    func `list is read as RFC 9110 writes it`(_ header: String, _ list: EntityTagList?) {
        #expect(EntityTagList(header) == list)
    }

    @Test(arguments: [
        ("*", "\"6\"", true), ("*", nil, false), ("\"6\"", "\"6\"", true), ("\"zz\", \"6\"", "\"6\"", true),
        ("\"6\", \"zz\"", "\"6\"", true), ("W/\"6\"", "\"6\"", false), ("\"6-0123456789abcdef\"", "\"6\"", true),
        ("\"6-0123456789abcdeF\"", "\"6\"", false), ("\"6-123456789abcdef\"", "\"6\"", false),
        ("\"16-0123456789abcdef\"", "\"6\"", false), ("\"0123456789abcdef\"", "\"6\"", false),
        ("\"0123456789abcdef\"", "\"0123456789abcdef\"", true),
        ("\"reader-invited-1-0123456789abcdef\"", "\"reader-invited-1\"", true),
        ("\"reader-invited-1\"", "\"reader-invited-1\"", true),
        ("\"-0123456789abcdef\"", "\"\"", false), ("6", "\"6\"", false), ("", "\"6\"", false), ("\"6\"", nil, false),
    ])
    func `in If-Match stands for its version`(_ header: String, _ current: String?, _ expected: Bool) {
        #expect((EntityTagList(header)?.allowsChange(of: current) ?? false) == expected)
    }

    @Test(arguments: [
        ("*", true), ("\"6-0123456789abcdef\"", true), ("W/\"6-0123456789abcdef\"", true),
        ("\"x\", W/\"6-0123456789abcdef\"", true), ("\"6\"", false), ("\"6-0123456789abcdee\"", false), ("", false),
    ])
    func `in If-None-Match stands for the whole answer`(_ header: String, _ expected: Bool) {
        #expect(EntityTagList(header)?.holds("\"6-0123456789abcdef\"") == expected)
    }

    @Test func `of another body is another, of the same body the same`() {
        var seen: Set<String> = []
        var bodies: [[UInt8]] = [[]]
        for count in 1...40 {
            for place in 0..<count {
                for value in [1, 128, 255] as [UInt8] {
                    var body = [UInt8](repeating: 0, count: count)
                    body[place] = value
                    bodies.append(body)
                }
            }
            bodies.append([UInt8](repeating: 0, count: count))
        }
        // Two places at once, at the same byte of two words.
        for first in UInt8(0x30)...0x39 {
            for second in UInt8(0x30)...0x39 {
                bodies.append(Array("{\"days\":\(Character(UnicodeScalar(first))),\"left\":".utf8) + [second, 0x7D])
            }
        }
        for body in bodies { #expect(seen.insert(EntityTag.text(body)).inserted, "\(body)") }
        #expect(EntityTag.text(Array("abc".utf8)) == EntityTag.text(Array("abc".utf8)))
        // Written down, so that a server of another version or architecture says the same.
        #expect(EntityTag.text(version: "\"6\"", []).hasPrefix("\"6-"))
        #expect(EntityTag.text([]).utf8.count == 18)
    }
}

@Suite struct `A parser that refuses` {
    @Test func `still tells the header fields that had come whole`() throws {
        func read(_ text: String) -> HTTPHeaders? {
            let parser = RequestParser(limits: HTTPLimits())
            var bytes = Array(text.utf8)[...]
            while true {
                let (consumed, outcome) = bytes.withUnsafeBytes { parser.parse($0) }
                bytes = bytes.dropFirst(consumed)
                switch outcome {
                case .refused: return parser.readHeaders
                case .headComplete: continue
                case .complete:
                    do { _ = try parser.takeRequest(remoteAddress: "") } catch { return parser.readHeaders }
                    return nil
                case .needsMore: return nil
                }
            }
        }
        let named = "X-Request-Id: mine\r\n"
        let long = String(repeating: "a", count: 70_000)
        #expect(read("GET / HTTP/1.1\r\nHost: a\r\n\(named)X: \(long)\r\n\r\n")?["x-request-id"] == "mine")
        #expect(read("GET /%zz HTTP/1.1\r\nHost: a\r\n\(named)\r\n")?["x-request-id"] == "mine")
        #expect(read("POST / HTTP/1.1\r\nHost: a\r\n\(named)Content-Length: 99999999999\r\n\r\n")?["x-request-id"] == "mine")
        #expect(read("TRACE / HTTP/1.1\r\nHost: a\r\n\(named)\r\n")?["x-request-id"] == "mine")
        #expect(read("GET / HTTP/1.1\r\n\(named)\r\n")?["x-request-id"] == "mine")
        #expect(read("GET /\(long) HTTP/1.1\r\n")?.count == 0)
    }
}
