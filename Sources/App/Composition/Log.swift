import FoundationEssentials
import Synchronization
import Values

#if canImport(Glibc)
    import Glibc
#endif

/// Lines on standard error: JSON for machines, text on a terminal. Only IDs, codes and numbers go in: no secret, no personal data.
package struct Log: Sendable {
    package enum Level: String, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error
        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
        package static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }
    }

    package let level: Level
    package let isJSON: Bool
    private let now: @Sendable () -> Instant
    private let sink: @Sendable ([UInt8]) -> Void

    package init(
        level: Level, isJSON: Bool, now: @escaping @Sendable () -> Instant,
        sink: @escaping @Sendable ([UInt8]) -> Void = Log.standardError
    ) {
        self.level = level
        self.isJSON = isJSON
        self.now = now
        self.sink = sink
    }

    package static let standardError: @Sendable ([UInt8]) -> Void = { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
            if written <= 0 { return }
            rest = rest.dropFirst(written)
        }
    }

    package func callAsFunction(_ level: Level, _ message: String, _ fields: [(String, String)] = []) {
        guard level >= self.level else { return }
        let fields = fields + (RequestFacts.current?.fields ?? [])
        var line = ""
        if isJSON {
            line += "{\"time\":\"\(now().rfc3339)\",\"level\":\"\(level.rawValue)\",\"msg\":\"\(Self.escaped(message))\""
            for (name, value) in fields {
                line += ",\"\(name)\":" + (Self.numbers.contains(name) ? value : "\"\(Self.escaped(value))\"")
            }
            line += "}\n"
        } else {
            line += "\(now().rfc3339) \(level.rawValue.uppercased()) \(Self.printable(message))"
            for (name, value) in fields { line += " \(name)=\(Self.printable(value))" }
            line += "\n"
        }
        sink(Array(line.utf8))
    }

    /// Fields whose value is written as the number that it is.
    private static let numbers: Set = ["status", "ms"]

    /// One line stays one line, whatever a path or a user agent holds.
    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f || (0x80..<0xa0).contains(scalar.value):
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) ? "?" : $0 }))
    }
}
