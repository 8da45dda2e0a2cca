import Synchronization
import Values

/// Wrong passwords by address and by where they come from, as this process has seen them: whoever guesses waits, and the owner, who comes from
/// elsewhere, does not. An address that nobody has is counted in the same way, so that waiting tells nobody who is known here.
///
/// What counts over all places and all servers stands with the sign-in itself (`SignIn.note`); this is the nearer, stricter bound.
package final class SignInGuesses: Sendable {
    /// More than this at once is a flood of names; then what no longer waits is forgotten.
    static let rememberedAtMost = 50_000
    static let forgottenSeconds: Int64 = 3600

    private struct Count: Sendable {
        var failures: Int32
        var lockedUntil: Instant?
        var lastAt: Instant
    }

    private let counts = Mutex<[String: Count]>([:])

    package init() {}

    /// Seconds until the next attempt; nil when it may be made now.
    func wait(_ key: String, at now: Instant) -> Int64? {
        counts.withLock { $0[key]?.lockedUntil }.flatMap { $0 > now ? now.microseconds(until: $0) / 1_000_000 + 1 : nil }
    }

    func miss(_ key: String, free: Int32, at now: Instant) {
        counts.withLock { counts in
            if counts.count >= Self.rememberedAtMost {
                counts = counts.filter { ($0.value.lockedUntil ?? $0.value.lastAt) > now }
                if counts.count >= Self.rememberedAtMost { counts.removeAll() }
            }
            var count = counts[key] ?? Count(failures: 0, lockedUntil: nil, lastAt: now)
            if count.lastAt.adding(seconds: Self.forgottenSeconds) < now { count.failures = 0 }
            count.failures += 1
            count.lockedUntil = SignIn.lock(after: count.failures, free: free, at: now)
            count.lastAt = now
            counts[key] = count
        }
    }

    func forget(_ key: String) { _ = counts.withLock { $0.removeValue(forKey: key) } }
}
