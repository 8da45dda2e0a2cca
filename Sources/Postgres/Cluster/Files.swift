import Glibc

/// The few things done to files here, over the C library: nothing of ours imports Foundation for a folder.
enum Files {
    static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
    static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The path without links and dots; nil when it does not exist.
    static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The folder above; "/" is above itself.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    static func makeFolders(_ path: String, mode: mode_t) throws(ClusterError) {
        if isFolder(path) { return }
        let above = parent(of: path)
        if above != path && above != "." { try makeFolders(above, mode: 0o755) }
        if mkdir(path, mode) != 0 && errno != EEXIST { throw failure("create the folder", path) }
    }

    static func give(_ path: String, to user: SystemUser) throws(ClusterError) {
        guard geteuid() == 0 else { return }
        if lchown(path, user.uid, user.gid) != 0 { throw failure("hand over", path) }
    }

    static func read(_ path: String, limit: Int = 1 << 20) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < limit {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0 { return nil }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes beside and renames, so that a crash leaves the old file or the new one. Does nothing when the text is there already.
    static func write(_ text: String, to path: String, mode: mode_t, owner: SystemUser) throws(ClusterError) {
        if read(path) == text { return }
        let beside = path + ".new"
        let file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure("write", beside) }
        defer { close(file) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure("write", beside) }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0 else { throw failure("write", beside) }
        try give(beside, to: owner)
        if rename(beside, path) != 0 { throw failure("replace", path) }
    }

    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a folder and everything in it; links are removed, not followed.
    static func removeTree(_ path: String) {
        guard let status = status(path) else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in names(in: path) { removeTree("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    static func failure(_ action: String, _ path: String) -> ClusterError {
        ClusterError(.folderUnusable, "cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}
