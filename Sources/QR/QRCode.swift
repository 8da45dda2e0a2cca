import CQREncode

/// A text as a square of dark and light modules (ISO 18004), for a camera to read.
package struct QRCode: Sendable, Equatable {
    /// Modules along one side.
    package let size: Int
    /// Row by row, true is dark.
    package let modules: [Bool]

    /// Nil for a text that no code can hold.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= 2_000, let code = QRcode_encodeData(Int32(bytes.count), bytes, 0, QR_ECLEVEL_M)
        else {
            return nil
        }
        defer { QRcode_free(code) }
        let width = Int(code.pointee.width)
        guard width > 0, let data = code.pointee.data else { return nil }
        size = width
        // The lowest bit of each byte is the module; the others say what it is part of.
        modules = (0..<width * width).map { data[$0] & 1 == 1 }
    }

    package func isDark(_ x: Int, _ y: Int) -> Bool { modules[y * size + x] }

    /// The dark modules as an SVG path in units of modules, with the quiet border of four around them: one run, one piece.
    package var path: String {
        var path = ""
        for y in 0..<size {
            var x = 0
            while x < size {
                guard isDark(x, y) else {
                    x += 1
                    continue
                }
                let start = x
                while x < size, isDark(x, y) { x += 1 }
                path += "M\(start + Self.border) \(y + Self.border)h\(x - start)v1h-\(x - start)z"
            }
        }
        return path
    }

    package static let border = 4
    /// One side with the border.
    package var side: Int { size + 2 * Self.border }
}
