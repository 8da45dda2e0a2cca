import Glibc

/// Where the parts of a private cluster lie.
struct ClusterPlaces {
    /// The server's data folder, as given, without links.
    let folder: String
    /// PostgreSQL's own data.
    let data: String
    /// The folder of the Unix socket; short, because a socket's path may have 107 bytes.
    let sockets: String
    let log: String
    let lock: String
    let user: SystemUser

    /// Makes the folders that are missing and hands to PostgreSQL's user what must be its own.
    init(folder given: String) throws(ClusterError) {
        user = try SystemUser.forPostgres
        try Files.makeFolders(given, mode: 0o755)
        guard let folder = Files.realPath(given) else { throw Files.failure("find", given) }
        self.folder = folder
        lock = "\(folder)/cluster.lock"
        log = "\(folder)/postgres.log"
        let key = Self.key(of: folder)
        data = try Self.placeForData(folder: folder, key: key, user: user)
        sockets = "\(Self.socketRoot)/bursar-\(key)"
    }

    /// Under the data folder. When root serves from where PostgreSQL's user cannot go (a home folder), the data lies in
    /// /var/lib/bursar and the data folder holds a link to it.
    private static func placeForData(folder: String, key: String, user: SystemUser) throws(ClusterError) -> String {
        let inside = "\(folder)/postgres"
        if let target = Files.realPath(inside) { return target }
        if user.uid == geteuid() { return inside }
        if let status = Files.status(folder), status.st_uid == geteuid(), !user.canEnter(folder) {
            // Passing through, not listing: the folder is ours, and only its name has to be known.
            chmod(folder, (status.st_mode & 0o7777) | S_IXOTH)
        }
        var above = folder
        while user.canEnter(above) {
            if above == "/" { return inside }
            above = Files.parent(of: above)
        }
        let elsewhere = "/var/lib/bursar/\(key)"
        try Files.makeFolders(elsewhere, mode: 0o755)
        if symlink("\(elsewhere)/postgres", inside) != 0 && errno != EEXIST { throw Files.failure("link", inside) }
        return "\(elsewhere)/postgres"
    }

    private static var socketRoot: String {
        if geteuid() == 0 { return Files.isFolder("/run") ? "/run" : "/tmp" }
        if let own = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), own.utf8.count < 60, access(own, W_OK) == 0 {
            return own
        }
        return "/tmp"
    }

    /// A short name for a path: FNV-1a, 64 bits.
    private static func key(of path: String) -> String {
        let hash = path.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Only PostgreSQL's user may look into it. A folder that somebody else has put there first is refused.
    func makeSocketFolder() throws(ClusterError) {
        if mkdir(sockets, 0o700) == 0 {
            try Files.give(sockets, to: user)
            return
        }
        guard errno == EEXIST else { throw Files.failure("create the socket folder", sockets) }
        guard let status = Files.status(sockets), status.st_mode & S_IFMT == S_IFDIR, status.st_uid == user.uid,
            status.st_mode & 0o077 == 0
        else {
            throw ClusterError(.folderUnusable, "\(sockets) is not a folder of \(user.name) alone; remove it")
        }
    }

    /// How to connect over the socket. Nothing secret in it: the kernel tells the server who is asking.
    func url(role: String, database: String) -> String {
        "host='\(sockets)' port=5432 user='\(role)' dbname='\(database)'"
    }

    func openLog() throws(ClusterError) -> Int32 {
        if let status = Files.status(log), status.st_size > 16 << 20 { rename(log, log + ".old") }
        let file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Files.failure("open", log) }
        return file
    }

    /// The end of PostgreSQL's log, for an error message.
    var lastWords: String {
        let lines = (Files.read(log, limit: 16 << 20) ?? "").split(separator: "\n").suffix(4)
        return lines.isEmpty ? "" : "\n" + lines.joined(separator: "\n")
    }
}
