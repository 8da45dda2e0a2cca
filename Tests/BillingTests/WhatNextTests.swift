import Billing
import Testing
import Values

@Suite struct WhatNextTests {
    private func events(_ facts: LifecycleFacts, _ lots: [CreditLot] = []) -> [String] {
        WhatNext.consequences(for: facts, lots: lots, policy: policy(facts.offer)).map { item in
            let days = start.microseconds(until: item.at) / 86_400_000_000
            return "\(days) \(item.event) \(item.rule) \(item.reason?.rawValue ?? "-")"
        }
    }

    @Test func `prepaid: each lot ends, with the last the subscription, then its data`() {
        #expect(
            events(running(), [lot(2, "10", days: 60), lot(1, "10", days: 30), lot(3, "10", left: "0", days: 90)]) == [
                "30 credit_lot.expired M6 -", "60 credit_lot.expired M6 -", "60 subscription.suspended L5 credit_expired",
                "150 subscription.deleted L2 -",
            ])
    }

    @Test func `trial: a month, then 15 days`() {
        #expect(
            events(running(.trial), [lot(1, "1500", days: 31, source: .trial)]) == [
                "31 credit_lot.expired M6 -", "31 subscription.suspended L6 credit_expired", "46 subscription.deleted L2 -",
            ])
    }

    @Test func `pending lapses, enterprise has nothing coming, deleted has nothing left`() {
        #expect(events(pending()) == ["14 subscription.deleted L11 -"])
        #expect(events(running(.enterprise)) == [])
        #expect(events(deleted(), [lot(1, "10")]) == [])
        #expect(events(running()) == [], "without credit and without suspension nothing follows by itself")
    }

    @Test func `suspended: what expires meanwhile is said, what the deletion forestalls is not`() {
        #expect(events(suspended([.creditExhausted]), [lot(1, "10", left: "0")]) == ["90 subscription.deleted L2 -"])
        #expect(
            events(suspended([.requested]), [lot(1, "10", days: 30), lot(2, "10", days: 365)]) == [
                "30 credit_lot.expired M6 -", "90 subscription.deleted L2 -",
            ])
        #expect(
            events(suspended([.requested]), [lot(1, "10", days: 30)]) == [
                "30 credit_lot.expired M6 -", "30 subscription.reason_added L5 credit_expired", "90 subscription.deleted L2 -",
            ])
        // A credit note gave something back to a lot meanwhile: it expires, but a second reason about credit is never added.
        #expect(
            events(suspended([.creditExhausted]), [lot(1, "10", left: "2", days: 30)]) == [
                "30 credit_lot.expired M6 -", "90 subscription.deleted L2 -",
            ])
        #expect(events(suspended([.cancelled], .enterprise)) == ["90 subscription.deleted L2 -"])
    }

    /// Doing nothing, for real: run the due rules at each predicted instant and write down what happens.
    @Test(arguments: 0..<200)
    func `every prediction comes true, and nothing else happens`(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let offer = [Offer.trial, .prepaid, .enterprise].randomElement(using: &random)!
        let shapes = [
            running(offer), suspended([.requested], offer), suspended([.operator], offer),
            pending(offer == .enterprise ? .prepaid : offer),
        ]
        var facts = shapes.randomElement(using: &random)!
        var lots: [CreditLot] = []
        if facts.offer.isPaidByCredit, facts.state != .pending {
            lots = (1...4).map {
                lot(
                    UInt64($0), "10", left: ["0", "10"].randomElement(using: &random)!, days: .random(in: 1...120, using: &random)
                )
            }
        }
        // An expiry at the very instant of the deletion is left unsaid: two timers of one instant may run in either order (L8).
        lots.removeAll { $0.expiresAt == facts.deleteAt }
        // A running subscription always has something left, otherwise it would be suspended already.
        if facts.state == .active, facts.offer.isPaidByCredit { lots[0].remaining = lots[0].amount }
        let predicted = WhatNext.consequences(for: facts, lots: lots, policy: policy(facts.offer)).map {
            "\($0.at) \($0.event) \($0.rule)"
        }
        #expect(predicted == simulate(&facts, &lots), "seed \(seed)")
    }

    private func simulate(_ facts: inout LifecycleFacts, _ lots: inout [CreditLot]) -> [String] {
        var happened: [String] = []
        while let now = nextDeadline(facts, lots) {
            for index in lots.indices where facts.state != .deleted {
                guard let expiry = LotExpiry(of: lots[index], others: lots, at: now) else { continue }
                if expiry.forfeited.isPositive { happened.append("\(now) \(WhatNext.lotExpiredEvent) M6") }
                lots[index].expiredAt = now
                lots[index].remaining = .zero(.cny)
                if let reason = expiry.reason {
                    apply(try? facts.adding(reason, at: now, policy: policy(facts.offer)), at: now, &facts, &happened)
                }
            }
            apply((try? facts.deleting(at: now)) ?? (try? facts.lapsing(at: now)), at: now, &facts, &happened)
        }
        return happened
    }

    private func nextDeadline(_ facts: LifecycleFacts, _ lots: [CreditLot]) -> Instant? {
        guard facts.state != .deleted else { return nil }
        return
            (lots.filter { $0.expiredAt == nil && $0.remaining.isPositive }.map(\.expiresAt)
            + [facts.deleteAt, facts.lapseAt].compactMap { $0 })
            .min()
    }

    private func apply(_ decision: LifecycleDecision?, at now: Instant, _ facts: inout LifecycleFacts, _ happened: inout [String])
    {
        guard let decision else { return }
        facts = decision.facts
        happened += decision.transitions.map { "\(now) \($0.type.rawValue) \($0.rule)" }
    }
}
