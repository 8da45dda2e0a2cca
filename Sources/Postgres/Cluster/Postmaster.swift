import CPostgres
import Glibc

/// PostgreSQL's first process over one data folder: finds a running one, clears up after a dead one, starts, stops.
///
/// All of it is done by the holder of the folder's lock, from one thread at a time.
struct Postmaster {
    private static let pollMicroseconds: UInt32 = 5_000
    /// Recovery after a crash replays the log; a minute covers the largest log that the settings allow on a slow disk.
    private static let startSeconds = 120
    private static let stopSeconds = 20

    let places: ClusterPlaces
    let binaries: Binaries

    // MARK: Looking

    /// The number in `postmaster.pid`, when that process is a PostgreSQL that works in this data folder.
    var running: pid_t? {
        guard let text = Files.read("\(places.data)/postmaster.pid"), let process = pid_t(text.prefix { $0.isNumber }) else {
            return nil
        }
        return isOurs(process) ? process : nil
    }

    /// A number can belong to a stranger by now; a server's working folder is its data folder, and that tells.
    private func isOurs(_ process: pid_t) -> Bool { Self.isOurs(process, places) }

    private static func isOurs(_ process: pid_t, _ places: ClusterPlaces) -> Bool {
        guard Files.realPath("/proc/\(process)/cwd") == places.data else { return false }
        return Files.read("/proc/\(process)/comm")?.hasPrefix("postgres") ?? false
    }

    private static func leftovers(_ places: ClusterPlaces) -> [pid_t] {
        Files.names(in: "/proc").compactMap { pid_t($0) }.filter { isOurs($0, places) }
    }

    /// It answers on its socket.
    var isAccepting: Bool {
        PQping(places.url(role: Cluster.superuserRole, database: "postgres")) == PQPING_OK
    }

    /// The fifth line of the file names the socket's folder; the data folder may have been moved since.
    private var listensWhereWeLook: Bool {
        let lines = Files.read("\(places.data)/postmaster.pid")?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
        // Not written yet means that it is just starting.
        return lines.count < 5 || (lines[4] == places.sockets && Files.isFolder(places.sockets))
    }

    // MARK: Starting

    /// A process number that accepts connections: the one that a killed server has left running, or a new one.
    func adoptOrStart() throws(ClusterError) -> (process: pid_t, isAdopted: Bool) {
        if let process = running {
            if listensWhereWeLook, waitUntilAccepting(process, isChild: false) { return (process, true) }
            // It was on its way out; see it off.
            stop(process, isChild: false)
        }
        clearLeftovers()
        return (try start(), false)
    }

    /// Backends of a killed postmaster end by themselves, but not before their query does, and the memory they share keeps a new
    /// postmaster from starting. The data is safe: this is the crash that the log is replayed for.
    private func clearLeftovers() {
        Self.endAll(in: places)
        // The file's number may be in use by a stranger (a container counts from 1 again), and PostgreSQL would refuse to start.
        unlink("\(places.data)/postmaster.pid")
        // The socket's lock names the same dead process, and one that its parent has not yet taken off the system's list counts as alive.
        unlink("\(places.sockets)/.s.PGSQL.5432.lock")
    }

    /// Ends every PostgreSQL process that works in the data folder, at once.
    static func endAll(in places: ClusterPlaces) {
        for signal in [SIGQUIT, SIGKILL] {
            for _ in 0..<200 {
                let left = leftovers(places)
                if left.isEmpty { return }
                for process in left { kill(process, signal) }
                usleep(pollMicroseconds)
            }
        }
    }

    private func start() throws(ClusterError) -> pid_t {
        try places.makeSocketFolder()
        let log = try places.openLog()
        defer { close(log) }
        let process = try ChildProcess.spawn([binaries.postgres, "-D", places.data], as: places.user, output: log)
        guard waitUntilAccepting(process, isChild: true) else {
            stop(process, isChild: true)
            throw ClusterError(.startFailed, "PostgreSQL did not start; its log is \(places.log)\(places.lastWords)")
        }
        return process
    }

    private func waitUntilAccepting(_ process: pid_t, isChild: Bool) -> Bool {
        let tries = Self.startSeconds * 1_000_000 / Int(Self.pollMicroseconds)
        for _ in 0..<tries {
            if isAccepting { return true }
            if hasEnded(process, isChild: isChild) { return false }
            usleep(Self.pollMicroseconds)
        }
        return false
    }

    // MARK: Ending

    /// True when the process is gone; a child is taken off the system's list by this.
    func hasEnded(_ process: pid_t, isChild: Bool) -> Bool {
        if isChild {
            var status: Int32 = 0
            let result = waitpid(process, &status, WNOHANG)
            return result == process || (result < 0 && errno == ECHILD)
        }
        return !isOurs(process)
    }

    /// Fast: open transactions are rolled back, a checkpoint is written. What does not obey is ended, and recovers next time.
    func stop(_ process: pid_t, isChild: Bool, immediately: Bool = false) {
        for signal in immediately ? [SIGQUIT, SIGKILL] : [SIGINT, SIGQUIT, SIGKILL] {
            if hasEnded(process, isChild: isChild) { return }
            kill(process, signal)
            for _ in 0..<Self.stopSeconds * 1_000_000 / Int(Self.pollMicroseconds) {
                if hasEnded(process, isChild: isChild) { return }
                usleep(Self.pollMicroseconds)
            }
        }
    }
}
