import Crypto
import FoundationEssentials
import HTML
import HTTP

/// The stylesheet, the script and the images: read once, named by their content, kept by browsers for ever.
package struct Assets: Sendable {
    private let files: [String: (type: String, bytes: [UInt8], isImmutable: Bool)]
    package let links: AssetLinks

    /// - Throws: when the folder lacks what every page needs.
    package init(folder: URL) throws {
        let styles = try Self.joined(folder.appending(path: "styles"), ending: ".css")
        let scripts = try Self.joined(folder.appending(path: "scripts"), ending: ".js")
        let icon = [UInt8](try Data(contentsOf: folder.appending(path: "images/favicon.svg")))
        var files: [String: (type: String, bytes: [UInt8], isImmutable: Bool)] = [:]
        func add(_ name: String, _ ending: String, _ type: String, _ bytes: [UInt8]) -> String {
            let path = "/assets/\(name)-\(SHA256.hex(bytes).prefix(16)).\(ending)"
            files[path] = (type, bytes, true)
            return path
        }
        let stylesheet = add("bursar", "css", "text/css; charset=utf-8", styles)
        let script = add("bursar", "js", "text/javascript; charset=utf-8", scripts)
        let picture = add("favicon", "svg", "image/svg+xml", icon)
        files["/favicon.svg"] = ("image/svg+xml", icon, false)
        files["/favicon.ico"] = ("image/svg+xml", icon, false)
        self.files = files
        func path(_ text: String) -> URLPath { URLPath(text.split(separator: "/").map(String.init)) }
        links = AssetLinks(stylesheet: path(stylesheet), script: path(script), icon: path(picture))
    }

    /// Every file of the folder with this ending, in the order of their names.
    private static func joined(_ folder: URL, ending: String) throws -> [UInt8] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(ending) }.sorted()
        return try names.reduce(into: [UInt8]()) { $0 += [UInt8](try Data(contentsOf: folder.appending(path: $1))) + [UInt8(ascii: "\n")] }
    }

    func response(_ request: HTTPRequest) -> HTTPResponse? {
        guard request.method == .get || request.method == .head, let file = files[request.path] else { return nil }
        return HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": file.type, "Cache-Control": file.isImmutable ? "public, max-age=31536000, immutable" : "public, max-age=86400",
            ], body: .bytes(file.bytes))
    }
}
