import Crypto
import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

/// The installation's key for what it must be able to read again but nobody with a copy of the database may: the secrets of two-step sign-in.
///
/// `BURSAR_SECRETS_KEY`, or the file `secrets.key` in the data folder, made by whoever needs it first. Losing it locks nobody out for good:
/// recovery codes are hashed, not sealed, and `bursar user disable-2fa` takes the second step away.
enum SealingKey {
    static func of(_ configuration: Configuration) throws -> [UInt8] {
        if let key = configuration.secretsKey { return key }
        try FileManager.default.createDirectory(
            at: URL(filePath: configuration.dataFolder), withIntermediateDirectories: true)
        let path = URL(filePath: configuration.dataFolder).appending(path: "secrets.key").path
        if let key = read(path) { return key }
        // The temporary file is whole before it gets the name, and the name is given once: of two servers at once one wins, both read that one.
        let fresh = "\(path).\(Hex.encode(SecureRandom.bytes(8)))"
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw Failure.fault }
        let text = Array((Hex.encode(SecureRandom.bytes(Sealing.keyLength)) + "\n").utf8)
        let written = write(descriptor, text, text.count)
        fsync(descriptor)
        close(descriptor)
        defer { unlink(fresh) }
        guard written == text.count else { throw Failure.fault }
        _ = link(fresh, path)
        guard let key = read(path) else { throw Failure.fault }
        return key
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        let text = String(decoding: data.prefix(Sealing.keyLength * 2), as: UTF8.self)
        guard let key = Hex.decode(text), key.count == Sealing.keyLength else { return nil }
        return key
    }
}
