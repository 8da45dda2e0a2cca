/// What one caller has spent of its quota: never more than the quota within a minute that moves along with the clock, counted in whole seconds.
///
/// Time is handed in, in milliseconds of a clock that only goes forward; a reading that is older than one before it counts as that one.
package struct RequestWindow: Sendable {
    /// The `w` of the policy, in seconds.
    package static let seconds = 60

    package enum Verdict: Sendable, Hashable {
        /// `remaining` may still be asked for; after `seconds` some of what is spent comes back.
        case admitted(remaining: Int, seconds: Int)
        /// After `seconds` there is room again; nothing was spent.
        case refused(seconds: Int)
    }

    /// What was spent in each of the last sixty seconds; the second `s` stands at `s % 60`.
    private var spent = [Int32](repeating: 0, count: Self.seconds)
    private var newest: Int64 = .min
    private var total = 0

    package init() {}

    /// Nothing that was spent counts any more.
    package func isIdle(at milliseconds: Int64) -> Bool { total == 0 || milliseconds / 1000 - newest >= Int64(Self.seconds) }

    package mutating func spend(_ cost: Int = 1, of quota: Int, at milliseconds: Int64) -> Verdict {
        let second = max(milliseconds / 1000, newest)
        forget(before: second)
        // What costs more than the whole quota is let through when nothing else was: it must not wait for ever.
        guard total + min(cost, quota) <= quota else {
            return .refused(seconds: seconds(until: total + min(cost, quota) - quota, at: second))
        }
        spent[Int(second % Int64(Self.seconds))] += Int32(min(cost, quota))
        total += min(cost, quota)
        return .admitted(remaining: quota - total, seconds: seconds(until: 1, at: second))
    }

    private mutating func forget(before second: Int64) {
        defer { newest = second }
        guard total > 0, newest < second else { return }
        if second - newest >= Int64(Self.seconds) {
            for slot in spent.indices { spent[slot] = 0 }
            total = 0
            return
        }
        for passed in newest + 1...second {
            let slot = Int(passed % Int64(Self.seconds))
            total -= Int(spent[slot])
            spent[slot] = 0
        }
    }

    /// Whole seconds until at least `wanted` of what was spent counts no more.
    private func seconds(until wanted: Int, at second: Int64) -> Int {
        var back = 0
        for age in 1...Int64(Self.seconds) {
            // The second that is forgotten when `age` seconds have passed.
            back += Int(spent[Int((second + age) % Int64(Self.seconds))])
            if back >= wanted { return Int(age) }
        }
        return Self.seconds
    }
}
