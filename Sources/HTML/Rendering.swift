extension HTML {
    /// The UTF-8 bytes of this piece.
    package func rendered() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16_384)
        render(into: &bytes)
        return bytes
    }

    /// This piece as text, for tests and mails.
    package var markup: String { String(decoding: rendered(), as: UTF8.self) }

    /// A whole document: the doctype first, so that no browser falls back to quirks.
    package static func document(_ root: HTML) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32_768)
        bytes.append(constant: "<!doctype html>\n")
        root.render(into: &bytes)
        return bytes
    }

    package func render(into bytes: inout [UInt8]) {
        switch self {
        case .empty:
            return
        case .text(let string):
            bytes.append(escaping: string)
        case .unsafeRaw(let markup):
            bytes.append(constant: markup)
        case .fragment(let parts):
            for part in parts { part.render(into: &bytes) }
        case .element(let name, let attributes, let content):
            bytes.append(UInt8(ascii: "<"))
            bytes.append(constant: name)
            for attribute in attributes { attribute.render(into: &bytes) }
            bytes.append(UInt8(ascii: ">"))
            content.render(into: &bytes)
            bytes.append(constant: "</")
            bytes.append(constant: name)
            bytes.append(UInt8(ascii: ">"))
        case .void(let name, let attributes, let foreign):
            bytes.append(UInt8(ascii: "<"))
            bytes.append(constant: name)
            for attribute in attributes { attribute.render(into: &bytes) }
            bytes.append(constant: foreign ? "/>" : ">")
        }
    }
}

extension RawAttribute {
    func render(into bytes: inout [UInt8]) {
        switch value {
        case .absent:
            return
        case .flag:
            bytes.append(UInt8(ascii: " "))
            bytes.append(constant: name)
        case .text(let string):
            opening(into: &bytes)
            bytes.append(escaping: string)
            bytes.append(UInt8(ascii: "\""))
        case .token(let constant):
            opening(into: &bytes)
            bytes.append(constant: constant)
            bytes.append(UInt8(ascii: "\""))
        case .number(let number):
            opening(into: &bytes)
            bytes.append(contentsOf: String(number).utf8)
            bytes.append(UInt8(ascii: "\""))
        }
    }

    private func opening(into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: " "))
        bytes.append(constant: name)
        bytes.append(constant: "=\"")
    }
}

extension [UInt8] {
    fileprivate mutating func append(constant: StaticString) {
        constant.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// Copies whole runs between characters that need an escape: most text has none and is one copy.
    fileprivate mutating func append(escaping string: String) {
        var string = string
        string.withUTF8 { utf8 in
            var runStart = 0
            for index in utf8.indices {
                guard let replacement = escape(for: utf8[index]) else { continue }
                append(contentsOf: utf8[runStart..<index])
                append(constant: replacement)
                runStart = index + 1
            }
            append(contentsOf: utf8[runStart...])
        }
    }
}

/// What stands for a byte that may not stand for itself, the same in text and in attribute values.
///
/// Control characters other than tab and the line ends are no legal HTML even as references: they become U+FFFD.
@inline(__always)
private func escape(for byte: UInt8) -> StaticString? {
    if byte > 0x3E { return byte == 0x7F ? "\u{FFFD}" : nil }
    return switch byte {
    case UInt8(ascii: "&"): "&amp;"
    case UInt8(ascii: "<"): "&lt;"
    case UInt8(ascii: ">"): "&gt;"
    case UInt8(ascii: "\""): "&quot;"
    case UInt8(ascii: "'"): "&#39;"
    case 0x09, 0x0A, 0x0D: nil
    case 0..<0x20: "\u{FFFD}"
    default: nil
    }
}
