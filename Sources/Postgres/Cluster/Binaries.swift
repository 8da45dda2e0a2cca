/// The folder that holds `postgres` and `initdb`.
struct Binaries {
    static let oldestMajor = 15

    let folder: String
    let major: Int

    var postgres: String { "\(folder)/postgres" }
    var initdb: String { "\(folder)/initdb" }

    /// The newest PostgreSQL on this machine, or the one of `major` when a cluster of that version exists already.
    static func find(major wanted: Int? = nil) throws(ClusterError) -> Binaries {
        let folders = candidates()
        if let wanted {
            // Asking a version costs a process each, and a start is waited for: stop at the first that fits.
            if let match = folders.lazy.compactMap({ Binaries(folder: $0) }).first(where: { $0.major == wanted }) { return match }
            let others = Set(folders.compactMap { Binaries(folder: $0)?.major }).sorted().map(String.init).joined(separator: ", ")
            throw ClusterError(
                .versionMismatch,
                "the data was made by PostgreSQL \(wanted), which is not installed (found: \(others.isEmpty ? "none" : others)); "
                    + "install it or upgrade the data with pg_upgrade")
        }
        let found = folders.compactMap { Binaries(folder: $0) }
        guard let newest = found.filter({ $0.major >= oldestMajor }).max(by: { $0.major < $1.major }) else {
            throw ClusterError(
                .binariesMissing,
                "PostgreSQL \(oldestMajor) or later is not installed (looked at pg_config, /usr/lib/postgresql and PATH): "
                    + "install the package 'postgresql', or set BURSAR_DATABASE_URL to use a database elsewhere")
        }
        return newest
    }

    private static func candidates() -> [String] {
        var folders: [String] = []
        let path = ["/usr/local/bin", "/usr/bin", "/bin"]
        for folder in path where Files.isExecutable("\(folder)/pg_config") {
            guard let said = ChildProcess.output(of: ["\(folder)/pg_config", "--bindir"]) else { continue }
            folders.append(String(said.prefix { !$0.isNewline }))
        }
        for root in ["/usr/lib/postgresql", "/usr/local/lib/postgresql"] {
            folders += Files.names(in: root).map { "\(root)/\($0)/bin" }
        }
        folders += Files.names(in: "/usr").filter { $0.hasPrefix("pgsql") }.map { "/usr/\($0)/bin" }
        folders.append("/usr/local/pgsql/bin")
        var seen: Set<String> = []
        return (folders + path).filter { seen.insert($0).inserted }
    }

    private init?(folder: String) {
        guard Files.isExecutable("\(folder)/postgres"), Files.isExecutable("\(folder)/initdb"),
            let version = ChildProcess.output(of: ["\(folder)/postgres", "--version"]),
            let major = version.split(separator: " ").lazy.compactMap({ Int($0.prefix { $0.isNumber }) }).first
        else { return nil }
        self.folder = folder
        self.major = major
    }
}
