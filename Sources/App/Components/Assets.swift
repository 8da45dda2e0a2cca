import Crypto
import FoundationEssentials
import HTML
import HTTP

/// A file that pages refer to, ready to send.
package struct Asset: Sendable {
    package let path: URLPath
    package let contentType: String
    package let bytes: [UInt8]
    /// Whether the address changes with the content, so that a browser may keep it for ever.
    package let isImmutable: Bool
    /// The bytes as they are sent.
    package let body: SharedBody

    init(path: URLPath, contentType: String, bytes: [UInt8], isImmutable: Bool) {
        self.path = path
        self.contentType = contentType
        self.bytes = bytes
        self.isImmutable = isImmutable
        body = SharedBody(bytes, contentType: contentType)
    }
}

package enum AssetError: Error, Sendable, CustomStringConvertible {
    case unreadable(file: String)

    package var description: String {
        switch self {
        case .unreadable(let file): "\(file) in the Web folder cannot be read"
        }
    }
}

/// Stylesheet, script and icons of the Web folder, read once at start and addressed by what is in them.
package struct Assets: Sendable {
    package let stylesheet: Asset
    package let script: Asset
    package let icon: Asset
    /// Asked for by browsers at an address of their own choice, once (G34); a link in every page would be asked for again whenever the look changes.
    package let legacyIcon: Asset

    package var links: AssetLinks {
        AssetLinks(stylesheet: stylesheet.path, script: script.path)
    }

    private var all: [Asset] { [stylesheet, script, icon, legacyIcon] }

    /// - Parameter folder: the Web folder; its styles are joined in the order of their names.
    package init(folder: URL) throws(AssetError) {
        stylesheet = Self.hashed(
            "css", "text/css; charset=utf-8", Self.compact(try Self.joined(folder.appending(path: "styles"), ".css")))
        script = Self.hashed("js", "text/javascript; charset=utf-8", try Self.joined(folder.appending(path: "scripts"), ".js"))
        let drawing = try Self.read(folder.appending(path: "images/favicon.svg"))
        icon = Self.hashed("svg", "image/svg+xml", drawing)
        legacyIcon = Asset(
            path: URLPath(["favicon.ico"]), contentType: "image/x-icon",
            bytes: try Self.read(folder.appending(path: "images/favicon.ico")), isImmutable: false)
    }

    /// The file at an address; nil when there is none, also for the address of an older content.
    package func find(_ path: String) -> Asset? {
        if path == "/favicon.svg" { return icon }
        return all.first { $0.path.string == path }
    }

    private static func hashed(_ suffix: String, _ contentType: String, _ bytes: [UInt8]) -> Asset {
        let name = "bursar-\(SHA256.hex(bytes).prefix(16)).\(suffix)"
        return Asset(path: URLPath(["assets", name]), contentType: contentType, bytes: bytes, isImmutable: true)
    }

    private static func read(_ file: URL) throws(AssetError) -> [UInt8] {
        do { return try Array(Data(contentsOf: file)) } catch { throw .unreadable(file: file.lastPathComponent) }
    }

    private static func joined(_ folder: URL, _ suffix: String) throws(AssetError) -> [UInt8] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        let files = (names ?? []).filter { $0.hasSuffix(suffix) }.sorted()
        guard !files.isEmpty else { throw .unreadable(file: folder.lastPathComponent) }
        var bytes: [UInt8] = []
        for file in files { bytes += try read(folder.appending(path: file)) }
        return bytes
    }

    /// Leaves out what only people read: comments, the spaces that begin a line, and what stands between a rule's last word and its end.
    private static func compact(_ css: [UInt8]) -> [UInt8] {
        var text = ""
        var rest = Substring(String(decoding: css, as: UTF8.self))
        while let open = rest.firstRange(of: "/*") {
            text += rest[..<open.lowerBound]
            guard let close = rest[open.upperBound...].firstRange(of: "*/") else { break }
            rest = rest[close.upperBound...]
        }
        text += rest
        let lines = text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }
        return Array(lines.filter { !$0.isEmpty }.joined(separator: "\n").replacing("; }", with: "}").utf8)
    }
}
