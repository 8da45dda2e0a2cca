import Glibc
import Synchronization

/// A private PostgreSQL under a data folder: made on first use, reachable over a Unix socket alone, kept running, stopped with us.
///
/// Whoever serves holds a lock on the folder. A command beside a running server joins it. A server that was killed leaves
/// PostgreSQL running; the next one adopts it. Everything here blocks, so it is called before and after serving, not on a loop.
///
/// Who may connect: the socket's folder admits PostgreSQL's user and root alone, and the server asks the kernel who is calling
/// (`peer`), so there is no password to keep.
package final class Cluster: Sendable {
    package static let superuserRole = "postgres"
    package static let ownerRole = "bursar_owner"
    package static let appRole = "bursar_app"
    package static let databaseName = "bursar"

    package enum Purpose: Sendable {
        /// Holds the folder; refused when another server does.
        case serve
        /// Joins a running server, or holds the folder for as long as the command runs.
        case command
    }

    package enum Arrival: Sendable {
        case started
        /// A killed server had left it running.
        case adopted
        /// Another process holds it; `stop` does nothing.
        case joined
    }

    package let arrival: Arrival
    /// Connection strings of the two roles of the database; nothing secret in them.
    package let appURL: String
    package let ownerURL: String
    /// The superuser of this cluster, for tests and repairs only.
    package let superuserURL: String
    /// PostgreSQL's log file.
    package let logPath: String

    private let keeper: ClusterKeeper?

    /// Opens the cluster of `folder`, making it when there is none. Returns when it accepts connections.
    package static func open(
        folder: String, for purpose: Purpose = .serve, durability: ClusterDurability = .durable
    ) throws -> Cluster {
        let places = try ClusterPlaces(folder: folder)
        if let lock = try takeLock(places, purpose) {
            return try Cluster(places: places, durability: durability, lock: lock)
        }
        guard purpose == .command else {
            throw ClusterError(
                .heldByAnother, "another bursar (process \(FolderLock.holder(places.lock))) uses \(places.folder); stop it first")
        }
        return try Cluster(joining: places)
    }

    /// A command that is just ending gives the folder free within moments; a server waits for that much.
    private static func takeLock(_ places: ClusterPlaces, _ purpose: Purpose) throws(ClusterError) -> FolderLock? {
        for _ in 0..<(purpose == .serve ? 40 : 1) {
            if let lock = try FolderLock.take(places.lock) { return lock }
            if purpose == .serve { usleep(50_000) }
        }
        return nil
    }

    private init(places: ClusterPlaces, durability: ClusterDurability, lock: FolderLock) throws {
        let birth = ClusterBirth(places: places, durability: durability)
        let binaries = try Binaries.find(major: ClusterBirth.major(of: places.data))
        try birth.makeData(with: binaries)
        try ClusterSettings(places: places, durability: durability).write()
        let postmaster = Postmaster(places: places, binaries: binaries)
        let (process, isAdopted) = try postmaster.adoptOrStart()
        let keeper = ClusterKeeper(
            postmaster: postmaster, process: process, isChild: !isAdopted, lock: lock, isDisposable: durability == .disposable)
        do {
            try birth.makeRolesAndDatabase()
        } catch {
            keeper.stop()
            throw error
        }
        self.keeper = keeper
        arrival = isAdopted ? .adopted : .started
        (appURL, ownerURL, superuserURL) = Self.urls(places)
        logPath = places.log
    }

    /// The holder may still be starting it: wait for that.
    private init(joining places: ClusterPlaces) throws(ClusterError) {
        keeper = nil
        arrival = .joined
        (appURL, ownerURL, superuserURL) = Self.urls(places)
        logPath = places.log
        var reason = ""
        for _ in 0..<600 {
            do {
                _ = try AdminSession(url: ownerURL)
                return
            } catch {
                reason = error.message
                usleep(50_000)
            }
        }
        throw ClusterError(.startFailed, "another bursar holds \(places.folder), but its PostgreSQL cannot be reached: \(reason)")
    }

    private static func urls(_ places: ClusterPlaces) -> (app: String, owner: String, superuser: String) {
        (
            places.url(role: appRole, database: databaseName), places.url(role: ownerRole, database: databaseName),
            places.url(role: superuserRole, database: databaseName)
        )
    }

    /// The number of PostgreSQL's first process, for tests that end it; nil when joined.
    package var processID: Int32? { keeper?.process }

    /// Ends PostgreSQL (when it is ours) and gives the folder free. The second call does nothing.
    package func stop() { keeper?.stop() }
}
