/// The methods that this server serves; any other is answered with 405 before a handler sees it.
package enum HTTPMethod: String, Sendable, Hashable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"

    /// True for methods that promise to change nothing (RFC 9110, 9.2.1).
    package var isSafe: Bool { self == .get || self == .head || self == .options }

    var byteCount: Int {
        switch self {
        case .get, .put: 3
        case .head, .post: 4
        case .patch: 5
        case .delete: 6
        case .options: 7
        }
    }

    /// The value of `Allow` in a 405 that concerns the server as a whole.
    static let allowed = allCases.map(\.rawValue).joined(separator: ", ")
}
