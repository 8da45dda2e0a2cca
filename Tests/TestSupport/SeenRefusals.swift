import App
import FoundationEssentials
import Synchronization

/// Which endpoint refused with which code, written down for `make api-record`: one line each, at the file that `BURSAR_REFUSALS` names.
enum SeenRefusals {
    private static let file = ProcessInfo.processInfo.environment["BURSAR_REFUSALS"]
    private static let seen = Mutex<Set<String>>([])

    /// Nil while what is seen is being written down.
    private static let documented: APIReference? =
        file == nil ? try? APIReference(folder: URL(filePath: #filePath).appending(path: "../../../Web/api").standardized) : nil

    /// Whether the document names the code at this endpoint and status. What load or a fault of the machine refuses may come anywhere, at any run.
    static func isDocumented(_ endpoint: Endpoint, _ reply: Reply) -> Bool {
        guard let documented, let code = reply.code, reply.status != 429, reply.status < 500 else { return true }
        return RefusalCodes.all(of: endpoint, documented)[reply.status]?.contains(code) == true
    }

    static func note(_ endpoint: Endpoint, _ reply: Reply) {
        guard let file, let code = reply.code else { return }
        seen.withLock { lines in
            guard lines.insert("\(endpoint) \(reply.status) \(code)").inserted else { return }
            try? Data((lines.sorted().joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
        }
    }
}
