#if canImport(Glibc)
    import Glibc
#endif

/// A regular file, read piece by piece. It is read twice, so a pipe will not do.
final class FileBytes {
    private static let pieceBytes = 1 << 18

    private let descriptor: Int32
    /// Tells whether somebody wrote to the file between two readings.
    let fingerprint: Fingerprint

    struct Fingerprint: Equatable, Sendable {
        let device: UInt
        let number: UInt
        let size: Int
        let changedSeconds: Int
        let changedNanoseconds: Int
    }

    init(path: String) throws(LineFault) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            // Without a descriptor there is nothing to close, but every stored property needs its value before the throw.
            fingerprint = Fingerprint(device: 0, number: 0, size: 0, changedSeconds: 0, changedNanoseconds: 0)
            throw LineFault(nil, "cannot be opened: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        fingerprint = Fingerprint(
            device: UInt(status.st_dev), number: UInt(status.st_ino), size: Int(status.st_size),
            changedSeconds: status.st_mtim.tv_sec,
            changedNanoseconds: status.st_mtim.tv_nsec)
        guard isKnown, status.st_mode & S_IFMT == S_IFREG else {
            throw LineFault(nil, "is not a regular file; it must be, because it is read twice")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The next piece; empty at the end.
    func next() throws(LineFault) -> [UInt8] {
        var failure: Int32 = 0
        let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
            var got = read(descriptor, buffer.baseAddress, Self.pieceBytes)
            while got < 0 && errno == EINTR { got = read(descriptor, buffer.baseAddress, Self.pieceBytes) }
            if got < 0 { failure = errno }
            count = max(0, got)
        }
        if failure != 0 { throw LineFault(nil, "cannot be read: \(String(cString: strerror(failure)))") }
        return piece
    }
}
