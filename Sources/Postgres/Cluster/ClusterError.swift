/// Why a private cluster could not be opened, in words for the person who started the server.
package struct ClusterError: Error, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// Another running server holds the folder.
        case heldByAnother
        case binariesMissing
        case folderUnusable
        case versionMismatch
        case startFailed
    }
    package let reason: Reason
    package let description: String

    init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
    }
}
