import FoundationEssentials

/// Where the program's own SQL and Web folders are, wherever it was started from: beside the binary or above it, or below the working folder.
package struct Folders: Sendable {
    package let sql: URL
    package let web: URL

    package init() throws {
        let binary = URL(
            filePath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0])
        var starts = [URL(filePath: FileManager.default.currentDirectoryPath)]
        var above = binary.deletingLastPathComponent()
        for _ in 0..<8 {
            starts.insert(above, at: starts.count - 1)
            above = above.deletingLastPathComponent()
        }
        starts.append(URL(filePath: "/usr/share/bursar"))
        guard
            let home = starts.first(where: {
                FileManager.default.fileExists(atPath: $0.appending(path: "SQL/migrations").path)
                    && FileManager.default.fileExists(atPath: $0.appending(path: "Web/strings/en.json").path)
            })
        else { throw Configuration.Problem(description: "The folders SQL and Web are nowhere near \(binary.path).") }
        sql = home.appending(path: "SQL")
        web = home.appending(path: "Web")
    }
}
