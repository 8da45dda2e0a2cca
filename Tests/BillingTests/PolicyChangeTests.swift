import Billing
import Testing
import Values

@Suite struct `Changing a policy` {
    private let old = OfferPolicy.standard(.prepaid, in: .cny)

    private func changed(_ change: (inout OfferPolicy) -> Void) -> OfferPolicy {
        var policy = old
        policy.version = 2
        change(&policy)
        return policy
    }

    @Test func `names the numbers that differ, and only those`() {
        #expect(changed { _ in }.differences(from: old) == [])
        #expect(
            changed {
                $0.retentionDays = 60
                $0.minimumPayment = Money(minor: 50_000, currency: .cny)
            }.differences(from: old) == [.minimumPayment, .retentionDays])
    }

    @Test func `refuses what cannot be`() {
        #expect(old.faults == [])
        let days = PolicyFault.Kind.outside(1...3_650)
        #expect(changed { $0.retentionDays = 0 }.faults == [PolicyFault(.retentionDays, days)])
        #expect(changed { $0.retentionDays = 3_650 }.faults == [])
        #expect(changed { $0.retentionDays = 3_651 }.faults == [PolicyFault(.retentionDays, days)])
        #expect(changed { $0.graceDays = 0 }.faults == [])
        #expect(changed { $0.validityMonths = 121 }.faults == [PolicyFault(.validityMonths, .outside(1...120))])
        #expect(
            changed { $0.largestPayment = Money(minor: 99_999, currency: .cny) }.faults
                == [PolicyFault(.largestPayment, .below(.minimumPayment, least: old.minimumPayment))])
        #expect(changed { $0.largestPayment = $0.minimumPayment }.faults == [])
        #expect(
            changed { $0.trialCredit = Money(minor: 99, currency: .cny) }.faults
                == [PolicyFault(.trialCredit, .below(.trialPrice, least: old.trialPrice))])
    }

    @Test(arguments: [-1, 0] as [Int64])
    func `refuses an amount that nobody can pay`(minor: Int64) {
        let cent = Money(minor: 1, currency: .cny)
        for number in [PolicyNumber.minimumPayment, .largestPayment, .trialPrice, .trialCredit] {
            let policy = changed { policy in
                let nothing = Money(minor: minor, currency: .cny)
                switch number {
                case .minimumPayment: policy.minimumPayment = nothing
                case .largestPayment: policy.largestPayment = nothing
                case .trialPrice: policy.trialPrice = nothing
                default: policy.trialCredit = nothing
                }
            }
            #expect(policy.faults == [PolicyFault(number, .notPositive(least: cent))])
        }
        #expect(changed { $0.minimumPayment = cent }.faults == [])
    }

    @Test func `moves what comes, and leaves the deadline that runs`() throws {
        let now = try #require(Instant(rfc3339: "2025-01-31T00:00:00Z"))
        let zone = TimeZoneRule.utc
        let new = changed {
            $0.retentionDays = 60
            $0.validityMonths = 1
        }
        let running = LifecycleFacts(offer: .prepaid, state: .active, purchasedAt: now, activatedAt: now)
        let effect = try PolicyMove.effect(on: running, from: old, to: new, at: now, in: zone)
        #expect(
            effect.deletedIfSuspended?.before == now.adding(days: 90) && effect.deletedIfSuspended?.after == now.adding(days: 60))
        #expect(effect.creditUntil?.after == Instant(rfc3339: "2025-02-28T00:00:00Z"))
        var suspended = running
        (suspended.state, suspended.suspendedAt, suspended.deleteAt) = (.suspended, now, now.adding(days: 90))
        let stays = try PolicyMove.effect(on: suspended, from: old, to: new, at: now, in: zone)
        #expect(stays.deleteAt == now.adding(days: 90) && stays.deletedIfSuspended == nil)
        var enterprise = running
        enterprise.offer = .enterprise
        #expect(try PolicyMove.effect(on: enterprise, from: old, to: new, at: now, in: zone).creditUntil == nil)
        var gone = running
        (gone.state, gone.deletedAt) = (.deleted, now)
        #expect(throws: LifecycleRefusal.subscriptionDeleted) {
            try PolicyMove.effect(on: gone, from: old, to: new, at: now, in: zone)
        }
    }
}
