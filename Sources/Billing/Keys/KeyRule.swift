import Values

/// Why a key is not made, changed or replaced.
package enum KeyRefusal: String, Refusal, CaseIterable {
    /// A key that is bound would make one that is not.
    case boundKeyManagesNone = "bound_key_manages_none"
    case keyCannotChangeItself = "key_cannot_change_itself"
    case revoked = "api_key_revoked"
    case expired = "api_key_expired_already"
    /// It goes on for the overlap only; what took its place is the key now.
    case replaced = "api_key_replaced"

    package var code: String { rawValue }
    package var kind: RefusalKind {
        switch self {
        case .boundKeyManagesNone, .keyCannotChangeItself: .notAllowedForKind
        case .revoked, .expired, .replaced: .stateForbids
        }
    }
}

/// What narrows a key beyond its role: of each only whether it is there.
package struct KeyBounds: Sendable, Hashable {
    package enum Bound: String, Sendable, CaseIterable { case scopes, expiry, addresses, rateLimit }

    private let bounds: Set<Bound>

    package init(_ bounds: Set<Bound>) { self.bounds = bounds }
    package init(scopes: [String]?, expiresAt: Instant?, addresses: [String]?, rateLimit: Int?) {
        var bounds: Set<Bound> = []
        if scopes != nil { bounds.insert(.scopes) }
        if expiresAt != nil { bounds.insert(.expiry) }
        if addresses != nil { bounds.insert(.addresses) }
        if rateLimit != nil { bounds.insert(.rateLimit) }
        self.init(bounds)
    }

    package var isBound: Bool { !bounds.isEmpty }
}

/// How a key that somebody wants to change or replace stands.
package struct KeyStanding: Sendable, Hashable {
    package var isRevoked: Bool
    package var isExpired: Bool
    package var isReplaced: Bool

    package init(isRevoked: Bool = false, isExpired: Bool = false, isReplaced: Bool = false) {
        self.isRevoked = isRevoked
        self.isExpired = isExpired
        self.isReplaced = isReplaced
    }
}

/// What is done to a key. Ending one is not here: whoever may manage a key may always end it, but for a key with scopes (`isOpen`).
package enum KeyDeed: Sendable, Hashable, CaseIterable {
    case make
    case rename
    /// Its scopes, end, addresses or limit.
    case changeBounds
    /// Another key in its place with the same bounds, its end included.
    case replace
}

/// Section 7, of keys: no key widens itself, and none makes or changes another one to be wider than itself.
package enum KeyRule {
    /// Whether scopes open what needs one of them. A key may end itself, or put in its own place what is bound as it is, whatever they are: who holds a key
    /// that has leaked needs no other one first, and nobody gains by it what the key could not do before.
    ///
    /// - Parameters:
    ///   - scopes: nil where the role alone decides.
    ///   - needed: nil for what any key may ask.
    ///   - endsOrReplacesItself: the key that asks is the one that is ended or replaced.
    package static func isOpen(to scopes: Set<String>?, needing needed: String?, endsOrReplacesItself: Bool) -> Bool {
        guard let scopes, let needed else { return true }
        return endsOrReplacesItself || scopes.contains(needed)
    }

    /// - Parameters:
    ///   - asker: the bounds of the key that asks; nil for a person, whose role alone decides.
    ///   - isItself: the key that asks is the one that is meant.
    ///   - standing: of the key that is meant; nil where one is made.
    package static func refusal(_ deed: KeyDeed, by asker: KeyBounds?, isItself: Bool, on standing: KeyStanding?) -> KeyRefusal? {
        if let asker {
            // A bound key may put in its own place what is bound as it is, and nothing else: what it made could ask for more than it may itself.
            if asker.isBound, !(isItself && deed == .replace) { return .boundKeyManagesNone }
            if isItself, deed == .changeBounds { return .keyCannotChangeItself }
        }
        guard let standing else { return nil }
        if standing.isRevoked { return .revoked }
        if standing.isExpired { return .expired }
        // Its end is the overlap's. Replaced once more it passes on no more than that.
        return standing.isReplaced && deed != .replace ? .replaced : nil
    }
}
