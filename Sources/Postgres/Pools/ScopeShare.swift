import FoundationEssentials

/// How many units of each scope are under way in a pool, and how many may be.
///
/// Whoever comes next waits behind what is under way, so a scope may have as many as are answered within a moment: many short ones, few long ones. While
/// several scopes ask, long ones never hold all sessions.
package struct ScopeShare {
    /// What a unit may find before it, in microseconds of work on one session: much while one scope is alone and only itself waits, little while
    /// another one asks too.
    static let momentMicroseconds: Int64 = 3_000
    static let sharedMomentMicroseconds: Int64 = 600
    private static let guessMicroseconds: Int64 = 300
    /// Scopes are remembered at most; then those that have nothing under way are forgotten.
    private static let rememberedAtMost = 1_000

    private struct Scope {
        var underWay = 0
        /// What one of its units takes of a session, an average that follows.
        var microseconds: Int64 = 0
    }

    private let maximum: Int
    private let sessions: Int
    private var scopes: [UUID: Scope] = [:]

    package init(maximum: Int, sessions: Int) {
        self.maximum = maximum
        self.sessions = sessions
    }

    /// What has no scope is the server's own and never held back here.
    package func mayBegin(_ scope: UUID?, isShared: Bool) -> Bool {
        guard let scope, let known = scopes[scope] else { return true }
        return known.underWay < limit(microseconds: known.microseconds, isShared: isShared)
    }

    /// So many units of this length at once.
    package func limit(microseconds: Int64, isShared: Bool) -> Int {
        guard microseconds > 0 else { return maximum }
        let moment = isShared ? Self.sharedMomentMicroseconds : Self.momentMicroseconds
        let withinMoment = Int(moment / microseconds) * sessions
        return min(maximum, max(withinMoment, isShared ? max(1, sessions - 1) : sessions))
    }

    /// What a unit of this scope is likely to take of a session; a guess where nothing is known yet.
    func expectedMicroseconds(_ scope: UUID?) -> Int64 {
        guard let scope, let known = scopes[scope], known.microseconds > 0 else { return Self.guessMicroseconds }
        return known.microseconds
    }

    package mutating func begin(_ scope: UUID?) {
        guard let scope else { return }
        if scopes.count >= Self.rememberedAtMost { scopes = scopes.filter { $0.value.underWay > 0 } }
        scopes[scope, default: Scope()].underWay += 1
    }

    /// `microseconds`: what the unit took of its session.
    package mutating func end(_ scope: UUID?, tookMicroseconds microseconds: Int64) {
        guard let scope, scopes[scope] != nil else { return }
        scopes[scope]?.underWay -= 1
        let average = scopes[scope]?.microseconds ?? 0
        scopes[scope]?.microseconds = average == 0 ? microseconds : (average * 7 + microseconds) / 8
    }
}
