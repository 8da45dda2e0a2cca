import Glibc

/// An account of the operating system.
struct SystemUser: Hashable {
    let name: String
    let uid: uid_t
    let gid: gid_t

    static var current: SystemUser {
        get throws(ClusterError) {
            guard let user = SystemUser(entry: getpwuid(geteuid())) else {
                throw ClusterError(
                    .folderUnusable,
                    "user number \(geteuid()) has no name on this system, and PostgreSQL needs one: add it to /etc/passwd")
            }
            return user
        }
    }

    /// Who runs PostgreSQL: the current user, or, because PostgreSQL refuses root, an account without rights.
    static var forPostgres: SystemUser {
        get throws(ClusterError) {
            guard geteuid() == 0 else { return try current }
            for name in ["postgres", "bursar", "nobody"] {
                if let user = SystemUser(entry: getpwnam(name)), user.uid != 0 { return user }
            }
            throw ClusterError(
                .folderUnusable, "PostgreSQL refuses to run as root and there is no account 'postgres', 'bursar' or 'nobody'")
        }
    }

    private init?(entry: UnsafeMutablePointer<passwd>?) {
        guard let entry else { return nil }
        name = String(cString: entry.pointee.pw_name)
        uid = entry.pointee.pw_uid
        gid = entry.pointee.pw_gid
    }

    /// May pass through this folder, by its owner, group and mode.
    func canEnter(_ folder: String) -> Bool {
        guard let status = Files.status(folder) else { return false }
        if status.st_uid == uid { return status.st_mode & S_IXUSR != 0 }
        if status.st_gid == gid { return status.st_mode & S_IXGRP != 0 }
        return status.st_mode & S_IXOTH != 0
    }
}
