/// Text as mail carries it: headers in RFC 2047 words, bodies in quoted-printable or base64, every line ended by CRLF.
enum MIMEText {
    /// The longest encoded word is 75 characters (RFC 2047 section 2): 45 bytes make 60 of base64, and 12 go around them.
    private static let wordBytes = 45
    private static let lineLength = 76

    /// A header's free text. Plain ASCII stays as it is; everything else, and whatever could be taken for an encoded word, is encoded. Control
    /// characters cannot get in: they become spaces, so no value ever adds a header.
    static func unstructured(_ text: String) -> String {
        let clean = withoutControls(text)
        let isPlain = clean.utf8.allSatisfy { $0 >= 32 && $0 < 127 } && !clean.contains("=?") && clean.utf8.count <= 66
        return isPlain ? clean : encodedWords(clean)
    }

    /// A display name: an atom or a quoted string when it is plain, encoded words otherwise.
    static func phrase(_ text: String) -> String {
        let clean = withoutControls(text)
        guard clean.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }), !clean.contains("=?"), clean.utf8.count <= 66 else {
            return encodedWords(clean)
        }
        return "\"" + clean.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Words of whole characters, folded one to a line.
    private static func encodedWords(_ text: String) -> String {
        var words: [String] = []
        var bytes: [UInt8] = []
        func close() {
            if !bytes.isEmpty { words.append("=?UTF-8?B?\(Base64.encode(bytes))?=") }
            bytes = []
        }
        for scalar in text.unicodeScalars {
            let more = Array(String(scalar).utf8)
            if bytes.count + more.count > wordBytes { close() }
            bytes += more
        }
        close()
        return words.joined(separator: "\r\n ")
    }

    private static func withoutControls(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map {
                    $0.value < 32 || $0.value == 127 || $0.value == 0x2028 || $0.value == 0x2029
                        || (0x80...0x9F).contains($0.value) ? " " : $0
                }))
    }

    // MARK: Bodies

    /// The transfer encoding that suits the text, and the text in it. English stays readable in quoted-printable; Chinese is shorter in base64.
    static func body(_ text: String) -> (encoding: String, bytes: [UInt8]) {
        let lines = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        let foreign = lines.utf8.reduce(0) { $0 + ($1 >= 128 ? 1 : 0) }
        if foreign * 6 > lines.utf8.count {
            return ("base64", wrapped(Base64.encode(Array(lines.replacing("\n", with: "\r\n").utf8))))
        }
        return ("quoted-printable", quotedPrintable(lines))
    }

    private static func wrapped(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        var column = 0
        for byte in text.utf8 {
            if column == lineLength {
                out += [13, 10]
                column = 0
            }
            out.append(byte)
            column += 1
        }
        return out + [13, 10]
    }

    private static func quotedPrintable(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let bytes = Array(line.utf8)
            var column = 0
            for (index, byte) in bytes.enumerated() {
                let isLast = index == bytes.count - 1
                // A blank at a line's end would be lost on the way.
                let isPlain = byte > 32 && byte < 127 && byte != UInt8(ascii: "=") || (byte == 32 || byte == 9) && !isLast
                let width = isPlain ? 1 : 3
                if column + width > lineLength - 1 {
                    out += Array("=\r\n".utf8)
                    column = 0
                }
                out += isPlain ? [byte] : Array("=".utf8) + hex(byte)
                column += width
            }
            out += [13, 10]
        }
        return out
    }

    private static func hex(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}

/// RFC 4648 with its padding.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let chunk = bytes[start..<min(start + 3, bytes.count)]
            let word = chunk.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << UInt32(16 - 8 * $1.offset) }
            for position in 0..<4 {
                out.append(position <= chunk.count ? alphabet[Int(word >> UInt32(18 - 6 * position) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
