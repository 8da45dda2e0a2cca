import FoundationEssentials
import Loop

/// Whether several scopes ask the pools of a loop: two different ones within the last second. The pools share it, because a flood of reads delays
/// another scope's writes as well as its reads.
///
/// A crowd of one scope then works half of the time only: what one of its units has held, it leaves free for as long again. Without that a scope that
/// asks as fast as it is answered keeps both processors busy, and each step of another's request waits for its turn on one of them.
package final class Neighbours {
    /// So many of one scope in a queue are a crowd: more than the few that a page or a list asks side by side.
    package static let crowd = 16
    private static let milliseconds: UInt64 = 1_000
    /// However long a unit held its place, the crowd may be gone by then.
    private static let longestRest = Duration.milliseconds(100)

    private let loop: EventLoop
    private var latest: UUID?
    private var until: UInt64 = 0
    private var resting: [Int: LoopTimer] = [:]
    private var rests = 0
    private var isOver = false

    package init(loop: EventLoop) { self.loop = loop }

    /// Somebody of `scope` asks. What has no scope, and what the server does by itself (a sweep through all tenants), is nobody's asking. On the loop,
    /// as all of it.
    package func note(_ scope: UUID?) {
        guard let scope, latest != scope else { return }
        if latest != nil { until = loop.milliseconds + Self.milliseconds }
        latest = scope
    }

    package var areThere: Bool { loop.milliseconds < until }

    /// Calls `free` when a unit's place may be taken by the next one: at once, or after as long as it was held where the scope of `waiting` others is a
    /// crowd and has neighbours. Called in any case, also when the loop ends before: somebody waits for that place.
    package func rest(held: Duration, waiting: Int, _ free: @escaping () -> Void) {
        guard waiting >= Self.crowd, areThere, !isOver else { return free() }
        rests += 1
        let number = rests
        let timer = loop.schedule(after: min(held, Self.longestRest)) { [self] in
            resting[number] = nil
            free()
        }
        timer.onCancel = { [self] in
            isOver = true
            resting[number] = nil
            free()
        }
        resting[number] = timer
    }

    /// The pools are closing: whoever waits is told so at once, and nobody rests any more.
    func end() {
        isOver = true
        for timer in resting.values { timer.cancel() }
    }
}
