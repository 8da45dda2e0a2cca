/// What a pool has to say about itself; for metrics.
package struct PoolCounters: Hashable, Sendable {
    /// Sessions that are open now.
    package internal(set) var open = 0
    /// Units being answered now (multiplexed) or sessions handed out now (exclusive).
    package internal(set) var inUse = 0
    /// Units that wait for a session now.
    package internal(set) var waiting = 0
    /// Sessions opened since the start.
    package internal(set) var opened = 0
    /// Sessions opened in the place of one that broke, since the start.
    package internal(set) var reconnects = 0
    /// Sessions that broke since the start.
    package internal(set) var lost = 0
    /// Units of work begun since the start.
    package internal(set) var units = 0
    /// Units repeated since the start.
    package internal(set) var retries = 0
    /// Units refused since the start because no session came free in time.
    package internal(set) var refused = 0
}
