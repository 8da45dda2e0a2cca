import Glibc

/// Says who serves from a folder. The kernel lets go of it when the holder ends, however it ends.
final class FolderLock: Sendable {
    private let file: Int32

    /// Nil when another process holds it.
    static func take(_ path: String) throws(ClusterError) -> FolderLock? {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Files.failure("open the lock", path) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            return nil
        }
        let number = Array("\(getpid())\n".utf8)
        ftruncate(file, 0)
        _ = pwrite(file, number, number.count, 0)
        return FolderLock(file: file)
    }

    /// Who holds it, as far as the file says.
    static func holder(_ path: String) -> String {
        Files.read(path).map { String($0.prefix { !$0.isNewline }) } ?? "unknown"
    }

    private init(file: Int32) { self.file = file }

    deinit { close(file) }
}
