import Loop

/// `GatheredReads` of many scopes: those of one scope are answered together, those of two never. What nobody asks in is forgotten.
///
/// Belongs to a loop: every method traps elsewhere, and that is why `@unchecked Sendable` holds.
package final class ScopedReads<Scope: Hashable & Sendable, Key: Hashable & Sendable, Value: Sendable>: @unchecked Sendable {
    private let loop: EventLoop
    private let isShared: () -> Bool
    private var scopes: [Scope: GatheredReads<Key, Value>] = [:]

    /// `isShared`: whether others than those who ask here wait for the same sessions.
    package init(loop: EventLoop, isShared: @escaping () -> Bool) {
        self.loop = loop
        self.isShared = isShared
    }

    /// How many scopes somebody asks in.
    package var count: Int { scopes.count }

    /// As `GatheredReads.value`, among those who ask in this scope.
    package func value(
        of key: Key, in scope: Scope, isEverybodys: (any Error) -> Bool, _ load: ([Key]) async throws -> [Key: Value]
    ) async throws -> Value? {
        loop.preconditionOnLoop()
        let reads = scopes[scope] ?? GatheredReads(loop: loop, isShared: isShared)
        scopes[scope] = reads
        defer { if reads.isIdle { scopes[scope] = nil } }
        return try await reads.value(of: key, isEverybodys: isEverybodys, load)
    }
}
