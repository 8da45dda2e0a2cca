import HTTP

/// The dated version of the API, beside the major one in the path. Every answer of it says which it speaks.
///
/// There is one, so a key is pinned to nothing and nothing is stored; when there is a second, what a key was made under is what it goes on with.
package enum APIVersion {
    package static let current = "2026-11-20"

    /// A request may name the version that it was written for.
    ///
    /// - Throws: `unknown_api_version` (400), with those that there are.
    static func confirm(_ request: HTTPRequest) throws {
        guard let named = request.headers["api-version"], named != current else { return }
        throw Failure.malformed(code: "unknown_api_version", arguments: ["known": current])
    }
}
