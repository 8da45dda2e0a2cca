import Billing
import HTTP
import Values

/// What narrows an API key beyond its role: the scopes it was given, how long it lives, where it may be used from.
package struct KeyLimits: Sendable {
    /// Nil: everything that the role may do.
    package let scopes: Set<String>?
    package let expiresAt: Instant?
    /// Requests a minute; nil: as many as every key.
    package let rateLimit: Int?
    /// Nil: from anywhere.
    private let addresses: TrustedProxies?

    init(scopes: [String]?, expiresAt: Instant?, addresses: [String]?, rateLimit: Int?) {
        self.scopes = scopes.map(Set.init)
        self.expiresAt = expiresAt
        self.rateLimit = rateLimit
        // What was stored was read when it was stored; a list that cannot be read any more lets nobody in.
        self.addresses = addresses.map { (try? TrustedProxies($0)) ?? .none }
    }

    /// `isItself`: the path names the key that asks.
    ///
    /// - Throws: 401 `api_key_expired`, 403 `address_not_allowed`, 403 `scope_missing`.
    func admit(_ endpoint: Endpoint, isItself: Bool, from address: String, at now: Instant) throws {
        if let expiresAt, expiresAt <= now { throw Failure.unauthenticated(code: "api_key_expired") }
        if let addresses, !addresses.trusts(address) {
            throw Failure.forbidden(code: "address_not_allowed", arguments: ["address": address])
        }
        let endsOrReplacesItself = isItself && (endpoint == .revokeAPIKey || endpoint == .rotateAPIKey)
        if let needed = endpoint.scope,
            !KeyRule.isOpen(to: scopes, needing: needed, endsOrReplacesItself: endsOrReplacesItself)
        {
            throw Failure.forbidden(code: "scope_missing", arguments: ["scope": needed])
        }
    }
}

extension Endpoint {
    /// What a narrowed key needs for this endpoint: the part of the API it belongs to, and whether it reads or writes. Nil: any key may.
    package var scope: String? { Self.scopeOf[self] }

    private static let scopeOf: [Endpoint: String] = Dictionary(
        uniqueKeysWithValues: allCases.filter { $0.isUnderV1 && $0 != .me }.map { endpoint in
            let part = endpoint.documentation.tag.split(separator: " ").joined(separator: "-")
            // Asking about many at once has a body, and changes nothing all the same.
            let isRead = endpoint.method == "GET" || endpoint == .checkEntitlements
            return (endpoint, "\(part):\(isRead ? "read" : "write")")
        })

    /// A narrowed key never manages keys, but for ending and replacing itself: it could make itself a wider one.
    static let unscopable: Set<String> = ["api-keys:write"]

    /// Every scope that can be given, in the order of the alphabet. Made from the routes, so that a new part of the API has its scope.
    package static let scopes: [String] = Set(allCases.compactMap(\.scope)).subtracting(unscopable).sorted()

    /// The scopes that open something to a key of this role; the others would only be names, so that the page offers none of them and no key is given one.
    package static func scopes(of role: Role) -> [String] {
        let useful = Set(allCases.filter { $0.documentation.audience.includes(role) }.compactMap(\.scope))
        return scopes.filter(useful.contains)
    }
}
