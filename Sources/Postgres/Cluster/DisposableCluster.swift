import Glibc
import Synchronization

/// A cluster for one run of the tests: made in the system's temporary folder, forgotten when the process ends.
package enum DisposableCluster {
    /// Followed by the number of the process and whatever tells its clusters apart.
    private static let prefix = "bursar-disposable-"
    private static let open = Mutex<(cluster: Cluster, folder: String)?>(nil)

    /// The cluster of this process, made on the first call. What earlier runs have left behind, because they were killed, is
    /// ended and removed first.
    package static func shared() throws -> Cluster {
        try open.withLock { open in
            if let open { return open.cluster }
            let root = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
            sweep(root)
            let folder = "\(root)/\(prefix)\(getpid())"
            let cluster = try Cluster.open(folder: folder, durability: .disposable)
            open = (cluster, folder)
            atexit { DisposableCluster.remove() }
            return cluster
        }
    }

    private static func remove() {
        open.withLock { open in
            guard let (cluster, folder) = open else { return }
            cluster.stop()
            Cluster.destroy(folder: folder)
            open = nil
        }
    }

    private static func sweep(_ root: String) {
        for name in Files.names(in: root) where name.hasPrefix(prefix) {
            let rest = name.dropFirst(prefix.count)
            let digits = rest.prefix { $0.isNumber }
            guard let number = pid_t(digits), digits.count == rest.count || rest.dropFirst(digits.count).first == "-",
                kill(number, 0) != 0, errno == ESRCH
            else { continue }
            Cluster.destroy(folder: "\(root)/\(name)")
        }
    }
}

extension Cluster {
    /// Ends whatever PostgreSQL runs in the folder, at once, and removes it with all its data. For tests.
    package static func destroy(folder: String) {
        if let places = try? ClusterPlaces(folder: folder) {
            Postmaster.endAll(in: places)
            Files.removeTree(places.sockets)
            Files.removeTree(places.data)
            // Where the data lay elsewhere, the folder made for it; anywhere else it is not empty and stays.
            rmdir(Files.parent(of: places.data))
        }
        Files.removeTree(folder)
    }
}
