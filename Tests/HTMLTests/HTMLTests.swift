import HTML
import Testing

@Suite struct EscapingTests {
    @Test(arguments: [
        ("plain text", "plain text"),
        ("", ""),
        ("a & b", "a &amp; b"),
        ("<b>", "&lt;b&gt;"),
        (#"say "hi""#, "say &quot;hi&quot;"),
        ("it's", "it&#39;s"),
        ("</script><script>", "&lt;/script&gt;&lt;script&gt;"),
        ("&amp;", "&amp;amp;"),
        ("a\u{0}b", "a\u{FFFD}b"),
        ("bell\u{7}", "bell\u{FFFD}"),
        ("del\u{7F}", "del\u{FFFD}"),
        ("tab\tline\n", "tab\tline\n"),
        ("订阅 ¥1,234.50 – é 👩‍👩‍👧", "订阅 ¥1,234.50 – é 👩‍👩‍👧"),
        ("<!--", "&lt;!--"),
        ("`=/", "`=/"),
    ])
    func `text and attribute values are escaped alike`(input: String, expected: String) {
        #expect(HTML.text(input).markup == expected)
        #expect(div(.title(input)).markup == "<div title=\"\(expected)\"></div>")
    }

    @Test func `bytes that are no UTF-8 arrive as replacement characters and nothing else`() {
        let repaired = String(decoding: [0x61, 0xC3, 0x28, 0xF0, 0x9F, 0xED, 0xA0, 0x80, 0x62], as: UTF8.self)
        let rendered = HTML.text(repaired).rendered()
        #expect(String(validating: rendered, as: UTF8.self) == repaired)
        #expect(rendered.first == 0x61)
        #expect(rendered.last == 0x62)
    }

    @Test func `no escaped text can close an attribute or open an element`() {
        for scalar in (0...0x2FF).compactMap(Unicode.Scalar.init) {
            let markup = HTML.text(String(Character(scalar))).markup
            for forbidden in ["<", ">", "\"", "'", "\u{0}"] { #expect(!markup.contains(forbidden)) }
        }
    }

    @Test func `text between two escapes is kept byte for byte`() {
        #expect(HTML.text("<中>文&").markup == "&lt;中&gt;文&amp;")
    }

    @Test func `a text area keeps a leading line end, and its end tag is text`() {
        #expect(
            textarea(.name("note"), value: "\n</textarea>").markup == "<textarea name=\"note\">\n\n&lt;/textarea&gt;</textarea>")
    }

    @Test func `raw markup passes unescaped`() {
        #expect(HTML.unsafeRaw("<b>&</b>").markup == "<b>&</b>")
    }
}

@Suite struct TreeTests {
    @Test func `a document begins with its doctype`() {
        let page = HTML.document(html(.lang("en")) { body { "x" } })
        #expect(String(decoding: page, as: UTF8.self) == "<!doctype html>\n<html lang=\"en\"><body>x</body></html>")
    }

    @Test func `void elements have no end tag`() {
        #expect(
            group {
                br(); hr(); input(.type(.email), .name("email"))
            }.markup == "<br><hr><input type=\"email\" name=\"email\">")
    }

    @Test func `a false condition leaves its attribute out`() {
        #expect(input(.required(false), .disabled(), .value(nil), .checked(true)).markup == "<input disabled checked>")
        #expect(p(.class(nil, "a", nil, "b"), .id(nil)).markup == "<p class=\"a b\"></p>")
        #expect(p(.class(nil)).markup == "<p></p>")
    }

    @Test func `builders follow conditions, loops and optionals`() {
        func list(_ items: [String], note: String?) -> String {
            ul {
                for item in items { li { item } }
                if let note { li { em { note } } } else { li { "none" } }
                if items.isEmpty { li { "empty" } }
            }.markup
        }
        #expect(list(["a", "b"], note: "n") == "<ul><li>a</li><li>b</li><li><em>n</em></li></ul>")
        #expect(list([], note: nil) == "<ul><li>none</li><li>empty</li></ul>")
    }

    @Test func `graphics close themselves and take whole numbers`() {
        let picture = svg(.viewBox(0, 0, 640, 210), .role(.group)) { rect(.x(-3), .y(4), .width(5), .height(6)) }
        #expect(
            picture.markup
                == "<svg viewBox=\"0 0 640 210\" role=\"group\"><rect x=\"-3\" y=\"4\" width=\"5\" height=\"6\"/></svg>")
    }

    @Test func `joining sets separators only between parts`() {
        #expect(HTML.join([.text("a"), .text("b")], separator: " · ").markup == "a · b")
        #expect(HTML.join([]).isEmpty)
        #expect(!div().isEmpty)
    }
}

@Suite struct URLPathTests {
    @Test func `segments, names and values are percent-encoded`() {
        let path = URLPath(["accounts", "a/b ?#", "订阅"], query: [("q", "a&b=c"), ("sort", "-created_at")], fragment: "row 1")
        #expect(path.string == "/accounts/a%2Fb%20%3F%23/%E8%AE%A2%E9%98%85?q=a%26b%3Dc&sort=-created_at#row%201")
        #expect(URLPath([]).string == "/")
    }

    @Test func `more query items go before the fragment`() {
        #expect(URLPath(["a"]).adding([("lang", "en")]).string == "/a?lang=en")
        #expect(URLPath(["a"], query: [("b", "1")], fragment: "c").adding([("lang", "en")]).string == "/a?b=1&lang=en#c")
    }

    @Test(arguments: [
        "", "javascript:alert(1)", "https://evil.example/", "//evil.example", "/\\evil.example", "\\/evil", " /a", "/a\nb",
        "/\tb",
        "/ä", "a/b", String(repeating: "/", count: 1) + String(repeating: "a", count: 2_048),
    ])
    func `an address from outside that could lead elsewhere is refused`(text: String) {
        #expect(URLPath(checking: text) == nil)
    }

    @Test(arguments: ["/", "/accounts/acc_1/subscriptions?state=active&q=a%20b#x"])
    func `a path on this server is taken as it is`(text: String) {
        #expect(URLPath(checking: text)?.string == text)
    }

    @Test func `an ampersand in an address is escaped in the attribute`() {
        #expect(a(.href(URLPath(["x"], query: [("a", "1"), ("b", "2")]))) { "x" }.markup == "<a href=\"/x?a=1&amp;b=2\">x</a>")
        #expect(URLPath.mail("a?b@x.test").string == "mailto:a%3Fb@x.test")
        #expect(URLPath.query([("lang", "zh-Hans")]).string == "?lang=zh-Hans")
        #expect(URLPath.anchor("main").string == "#main")
    }
}
