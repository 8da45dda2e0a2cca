import Loop

/// Reads of one kind that arrive together are answered together: one statement for all of their keys.
///
/// PostgreSQL takes about as long to begin and end a statement over seven tables as to find ten rows by it, so whoever asks while others are being
/// answered waits with those who ask at the same time, and the next statement answers them all. Who asks alone is answered at once. A statement is
/// sent after everybody whom it answers has asked, so nobody sees a state from before her own request.
///
/// Belongs to a loop: every method traps elsewhere, and that is why `@unchecked Sendable` holds.
package final class GatheredReads<Key: Hashable & Sendable, Value: Sendable>: @unchecked Sendable {
    /// So many keys in one statement: PostgreSQL finds some while the answers of others are written, a tenth more in all than with twice as many; in a
    /// crowd, where the statements follow each other without a gap anyway, twice as many, each cheaper by its share of a statement's beginning and end;
    /// of a scope that is not alone so few that another one waits little behind their answers.
    package static var together: Int { 16 }
    package static var togetherInCrowd: Int { 32 }
    package static var togetherShared: Int { 4 }
    /// Statements under way at once: one in PostgreSQL while the answers of the other are written.
    package static var underWayMaximum: Int { 2 }

    private enum Outcome {
        case found([Key: Value])
        case failed(any Error)
        /// It failed, perhaps by another's key.
        case askAlone
    }

    private final class Gathering {
        var keys: [Key] = []
        var waiters: [UnsafeContinuation<Outcome, Never>] = []

        func finish(_ outcome: Outcome) {
            for waiter in waiters { waiter.resume(returning: outcome) }
        }
    }

    private let loop: EventLoop
    private let neighbours: Neighbours
    /// Still takes keys.
    private var open: Gathering?
    private var underWay = 0
    /// Whose gatherings are not yet under way, in their order.
    private var leaders: [UnsafeContinuation<(any Error)?, Never>] = []

    /// `neighbours`: whether others than those who ask here want the same sessions.
    package init(loop: EventLoop, neighbours: Neighbours) {
        self.loop = loop
        self.neighbours = neighbours
    }

    /// Nobody asks.
    package var isIdle: Bool { underWay == 0 && open == nil }

    /// The key's value; nil where there is none. On the loop.
    ///
    /// `load` gives the values of several keys, those that there are. What it throws for several may be the fault of one of them: then each is asked for
    /// alone, unless `isEverybodys` says that it would only fail again.
    package func value(
        of key: Key, isEverybodys: (any Error) -> Bool, _ load: ([Key]) async throws -> [Key: Value]
    ) async throws -> Value? {
        loop.preconditionOnLoop()
        if let gathering = open, gathering.keys.count < room {
            gathering.keys.append(key)
            switch await withUnsafeContinuation({ gathering.waiters.append($0) }) {
            case .found(let values): return values[key]
            case .failed(let error): throw error
            case .askAlone: return try await load([key])[key]
            }
        }
        let gathering = Gathering()
        gathering.keys.append(key)
        open = gathering
        let refusal = await begin()
        if open === gathering { open = nil }
        if let refusal {
            gathering.finish(.failed(refusal))
            throw refusal
        }
        let start = loop.milliseconds
        do {
            let values = try await load(gathering.keys)
            end(since: start)
            gathering.finish(.found(values))
            return values[key]
        } catch {
            let isEverybodys = isEverybodys(error)
            end(since: start, refusing: isEverybodys ? error : nil)
            guard gathering.keys.count > 1, !isEverybodys else {
                gathering.finish(.failed(error))
                throw error
            }
            gathering.finish(.askAlone)
            return try await load([key])[key]
        }
    }

    /// How many keys the gathering that is open may have.
    private var room: Int {
        neighbours.areThere ? Self.togetherShared : leaders.count > 1 ? Self.togetherInCrowd : Self.together
    }

    /// What refuses everybody who waits; nil when it is this one's turn.
    private func begin() async -> (any Error)? {
        guard underWay < Self.underWayMaximum else { return await withUnsafeContinuation { leaders.append($0) } }
        underWay += 1
        // Those whose requests have arrived already come along.
        await loop.nextTurn()
        return nil
    }

    private func end(since start: UInt64, refusing refusal: (any Error)? = nil) {
        if let refusal {
            // They have waited as long for the same: none of them is made to wait once more.
            let refused = leaders
            leaders = []
            for leader in refused { leader.resume(returning: refusal) }
        }
        // Each gathering that waits is full, but for the last.
        let waiting = leaders.count * Self.togetherShared
        neighbours.rest(held: .milliseconds(Int64(loop.milliseconds - start)), waiting: waiting) { [self] in
            if leaders.isEmpty { underWay -= 1 } else { leaders.removeFirst().resume(returning: nil) }
        }
    }
}
