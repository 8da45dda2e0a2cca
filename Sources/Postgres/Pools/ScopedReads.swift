import Loop

/// `GatheredReads` of many scopes: those of one scope are answered together, those of two never. What nobody asks in is forgotten.
///
/// Belongs to a loop: every method traps elsewhere, and that is why `@unchecked Sendable` holds.
package final class ScopedReads<Scope: Hashable & Sendable, Key: Hashable & Sendable, Value: Sendable>: @unchecked Sendable {
    private let loop: EventLoop
    private let neighbours: Neighbours
    private var scopes: [Scope: GatheredReads<Key, Value>] = [:]

    /// `neighbours`: whether others than those who ask here want the same sessions.
    package init(loop: EventLoop, neighbours: Neighbours) {
        self.loop = loop
        self.neighbours = neighbours
    }

    /// How many scopes somebody asks in.
    package var count: Int { scopes.count }

    /// As `GatheredReads.value`, among those who ask in this scope.
    package func value(
        of key: Key, in scope: Scope, isEverybodys: (any Error) -> Bool, _ load: ([Key]) async throws -> [Key: Value]
    ) async throws -> Value? {
        loop.preconditionOnLoop()
        let reads = scopes[scope] ?? GatheredReads(loop: loop, neighbours: neighbours)
        scopes[scope] = reads
        defer { if reads.isIdle { scopes[scope] = nil } }
        return try await reads.value(of: key, isEverybodys: isEverybodys, load)
    }
}
