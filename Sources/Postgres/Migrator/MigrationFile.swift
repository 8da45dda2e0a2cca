/// One file of the migrations folder: `0007_add_notes.sql`.
package struct MigrationFile: Hashable, Sendable {
    package let number: Int
    /// Without number and extension: `add_notes`.
    package let name: String
    package let fileName: String
    package let text: String
    package let sha256: String

    /// The first line says so when the statements cannot run in a transaction (CREATE INDEX CONCURRENTLY).
    package var runsAlone: Bool {
        let line = text.prefix { !$0.isNewline }
        return line.hasPrefix("-- no transaction")
    }

    /// The files of a folder in the order of their numbers. `sha256` gives the hexadecimal digest of bytes. Throws
    /// `MigrationError` for a name that is not understood, a number used twice, or a gap.
    package static func read(folder: String, sha256: ([UInt8]) -> String) throws -> [MigrationFile] {
        guard Files.isFolder(folder) else { throw MigrationError(file: folder, "there is no such folder") }
        var files: [MigrationFile] = []
        for fileName in Files.names(in: folder) where fileName.hasSuffix(".sql") {
            let stem = fileName.dropLast(4)
            let digits = stem.prefix { $0.isNumber }
            guard let number = Int(digits), stem.dropFirst(digits.count).first == "_", stem.count > digits.count + 1 else {
                throw MigrationError(file: fileName, "the name is not of the form 0001_name.sql")
            }
            guard let text = Files.read("\(folder)/\(fileName)", limit: 16 << 20) else {
                throw MigrationError(file: fileName, "cannot be read")
            }
            files.append(
                MigrationFile(
                    number: number, name: String(stem.dropFirst(digits.count + 1)), fileName: fileName, text: text,
                    sha256: sha256(Array(text.utf8))))
        }
        files.sort { $0.number < $1.number }
        for (index, file) in files.enumerated() where file.number != index + 1 {
            throw MigrationError(file: file.fileName, "expected number \(index + 1): numbers go up by one, each once")
        }
        return files
    }
}

/// A migration that cannot be applied, or a database that does not agree with the files. Names the file.
package struct MigrationError: Error, CustomStringConvertible {
    package let file: String
    package let reason: String
    /// The server's refusal, where there was one.
    package let cause: PostgresError?

    init(file: String, _ reason: String, cause: PostgresError? = nil) {
        self.file = file
        self.reason = reason
        self.cause = cause
    }

    package var description: String { "migration \(file): \(reason)" }
}
