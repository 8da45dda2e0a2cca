import Billing
import Testing
import Values

/// Random histories: whatever is asked in whatever order, only legal steps happen.
@Suite struct LifecycleHistoryTests {
    private static let legal: Set<String> = [
        "pending>active", "pending>deleted", "active>suspended", "suspended>suspended", "suspended>active", "suspended>deleted",
        "active>active",
    ]

    @Test(arguments: 0..<400)
    func `every history is made of legal steps`(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let offer = Offer.allCases.randomElement(using: &random)!
        var facts = LifecycleFacts.created(offer: offer, at: start, policy: policy(offer)).facts
        var now = start
        for _ in 0..<60 {
            now = nextMoment(after: now, facts, &random)
            let before = facts
            guard let decision = step(facts, at: now, &random) else { continue }
            facts = decision.facts
            check(before, decision, at: now, seed: seed)
        }
    }

    /// Often exactly at a deadline or beside it, where mistakes live.
    private func nextMoment(after now: Instant, _ facts: LifecycleFacts, _ random: inout SplitMix64) -> Instant {
        if let deadline = facts.deleteAt ?? facts.lapseAt, Int.random(in: 0..<4, using: &random) == 0 {
            return max(now, deadline.adding(microseconds: Int64.random(in: -1...1, using: &random)))
        }
        return now.adding(seconds: Int64.random(in: 0...(20 * 86_400), using: &random))
    }

    private func step(_ facts: LifecycleFacts, at now: Instant, _ random: inout SplitMix64) -> LifecycleDecision? {
        let reason = SuspensionReason.allCases.randomElement(using: &random)!
        let leaves = Bool.random(using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1: return try? facts.adding(reason, at: now, policy: policy(facts.offer))
        case 2, 3: return try? facts.lifting(reason, at: now)
        case 4: return try? facts.paying(at: now, leavesCredit: leaves)
        case 5: return try? facts.upgrading(at: now)
        case 6: return try? facts.cancelling(at: now, policy: policy(facts.offer))
        case 7: return try? facts.confirmingServices(at: now)
        default: return (try? facts.deleting(at: now)) ?? (try? facts.lapsing(at: now))
        }
    }

    private func check(_ before: LifecycleFacts, _ decision: LifecycleDecision, at now: Instant, seed: Int) {
        let after = decision.facts
        #expect(after.isConsistent, "seed \(seed)")
        #expect(before.state != .deleted, "seed \(seed): something was done to a deleted subscription")
        #expect(decision.isUnchanged == (before == after), "seed \(seed): a change without a step, or a step without a change")
        var state = before.state
        for transition in decision.transitions {
            #expect(transition.from == state, "seed \(seed): steps do not follow one another")
            #expect(Self.legal.contains("\(state.rawValue)>\(transition.to.rawValue)"), "seed \(seed)")
            state = transition.to
        }
        #expect(state == after.state, "seed \(seed)")
        if before.state == .suspended, after.state == .suspended { #expect(before.deleteAt == after.deleteAt, "seed \(seed)") }
        if after.state == .deleted {
            let deadline = before.deleteAt ?? before.lapseAt
            #expect(deadline.map { now >= $0 } == true, "seed \(seed): gone before the deadline")
        } else if before.state == .suspended {
            #expect(before.deleteAt.map { now < $0 } == true, "seed \(seed): an action at or after the deadline")
        }
        #expect(after.reasons.sorted.filter(\.isAboutCredit).count <= 1, "seed \(seed)")
    }
}
