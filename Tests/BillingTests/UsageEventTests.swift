import Billing
import Testing
import Values

@Suite struct UsageEventTests {
    private let now = start.adding(days: 100)

    private func observation(_ change: (inout UsageObservation) -> Void = { _ in }) -> UsageObservation {
        var value = UsageObservation(
            time: now, meter: "cost", product: "vm", quantity: .one, unit: "hour", cost: decimal("0.00000015"),
            costCurrency: .cny,
            resource: "vm-1")
        change(&value)
        return value
    }

    private func verdict(
        _ observation: UsageObservation, from origin: UsageEventRule.Origin = .event, _ facts: LifecycleFacts = running(),
        _ suspensions: [SuspensionInterval] = []
    ) -> UsageRejection? {
        UsageEventRule.rejection(
            of: observation, from: origin, subscription: facts, currency: .cny, suspensions: suspensions, at: now)
    }

    @Test func `five minutes ahead and 35 days old are the borders`() {
        #expect(verdict(observation()) == nil)
        #expect(verdict(observation { $0.time = now.adding(seconds: 300) }) == nil)
        #expect(verdict(observation { $0.time = now.adding(seconds: 300).adding(microseconds: 1) }) == .eventInFuture)
        #expect(verdict(observation { $0.time = now.adding(days: -35) }) == nil)
        #expect(verdict(observation { $0.time = now.adding(days: -35).justBefore }) == .eventTooOld)
        #expect(verdict(observation { $0.time = now.adding(days: -3_500) }, from: .importedFile) == nil)
        #expect(verdict(observation { $0.time = now.adding(seconds: 301) }, from: .importedFile) == .eventInFuture)
    }

    @Test func `suspension is judged at the event's time, in suspended until reactivated`() {
        let from = now.adding(days: -20)
        let until = now.adding(days: -10)
        let past = [SuspensionInterval(suspendedAt: from, reactivatedAt: until)]
        for (time, rejection) in [
            (from.justBefore, nil), (from, UsageRejection.subscriptionSuspended), (until.justBefore, .subscriptionSuspended),
            (until, nil),
        ] {
            #expect(verdict(observation { $0.time = time }, running(), past) == rejection)
        }
        let open = [SuspensionInterval(suspendedAt: from, reactivatedAt: nil)]
        #expect(verdict(observation(), suspended([.requested], at: from), open) == .subscriptionSuspended)
        #expect(
            verdict(observation { $0.time = from.justBefore }, suspended([.requested], at: from), open) == nil,
            "late, but from before")
    }

    @Test func `pending and deleted subscriptions refuse everything`() {
        #expect(verdict(observation(), pending()) == .subscriptionPending)
        #expect(verdict(observation(), deleted()) == .subscriptionDeleted)
        #expect(verdict(observation(), from: .importedFile, deleted()) == .subscriptionDeleted)
    }

    @Test func `nothing is used before the activation, whose own instant counts`() throws {
        var paidLate = running()
        paidLate.purchasedAt = now.adding(days: -5)
        paidLate.activatedAt = now.adding(days: -3)
        #expect(verdict(observation { $0.time = now.adding(days: -4) }, paidLate) == .beforeActivation)
        #expect(verdict(observation { $0.time = now.adding(days: -6) }, paidLate) == .beforeActivation)
        #expect(verdict(observation { $0.time = now.adding(days: -3).justBefore }, paidLate) == .beforeActivation)
        #expect(verdict(observation { $0.time = now.adding(days: -3) }, paidLate) == nil)
        #expect(
            verdict(observation { $0.time = now.adding(days: -36) }, paidLate) == .eventTooOld, "the nearer reason of the two")
        #expect(
            verdict(observation { $0.time = now.adding(days: -6) }, from: .importedFile, paidLate) == nil,
            "a file brings its own past")
    }

    @Test func `an upgraded trial goes on from the trial's activation`() throws {
        var trial = running()
        trial.offer = .trial
        trial.activatedAt = now.adding(days: -10)
        let upgraded = try trial.upgrading(at: now.adding(days: -1)).facts
        #expect(upgraded.offer == .prepaid)
        #expect(verdict(observation { $0.time = now.adding(days: -10) }, upgraded) == nil)
        #expect(verdict(observation { $0.time = now.adding(days: -10).justBefore }, upgraded) == .beforeActivation)
    }

    @Test func `numbers and currencies have their own codes`() {
        #expect(verdict(observation { $0.cost = nil }) == .costMissing)
        #expect(
            verdict(
                observation {
                    $0.cost = nil; $0.meter = "hours"
                }) == nil)
        #expect(verdict(observation { $0.costCurrency = .usd }) == .currencyMismatch)
        #expect(verdict(observation { $0.costCurrency = nil }) == .currencyMismatch)
        #expect(verdict(observation { $0.cost = decimal("-0.01") }) == .costNegative)
        #expect(verdict(observation { $0.quantity = decimal("-1") }) == .quantityNegative)
        #expect(
            verdict(
                observation {
                    $0.cost = decimal("-0.01"); $0.quantity = decimal("-1")
                }, from: .importedFile) == nil)
        #expect(
            verdict(
                observation {
                    $0.cost = .zero; $0.quantity = .zero
                }) == nil)
        #expect(verdict(observation { $0.cost = decimal("1000000000000000.1") }) == .costOutOfRange)
        #expect(verdict(observation { $0.quantity = decimal("10000000000000000000000000") }) == .quantityOutOfRange)
        #expect(verdict(observation { $0.cost = decimal("0.000000000000000001") }) == nil, "18 decimals")
        #expect(verdict(observation { $0.cost = decimal("0.0000000000000000001") }) == .costTooFine)
        #expect(verdict(observation { $0.cost = decimal("1.0000000000000000000") }) == nil, "zeros at the end say nothing")
        #expect(verdict(observation { $0.cost = decimal("0.0000000000000000001") }, from: .importedFile) == nil)
    }

    @Test func `texts have their lengths`() {
        #expect(verdict(observation { $0.meter = "" }) == .meterInvalid)
        #expect(verdict(observation { $0.product = "" }) == .productInvalid)
        #expect(verdict(observation { $0.product = String(repeating: "云", count: 300) }) == nil)
        #expect(verdict(observation { $0.product = String(repeating: "云", count: 301) }) == .productInvalid)
        #expect(verdict(observation { $0.product = "a\0b" }) == .productInvalid)
        #expect(verdict(observation { $0.unit = String(repeating: "x", count: 101) }) == .unitInvalid)
        #expect(verdict(observation { $0.unit = "" }) == nil)
        #expect(verdict(observation { $0.resource = String(repeating: "x", count: 1_001) }) == .resourceInvalid)
        #expect(verdict(observation { $0.resource = nil }) == nil)
    }
}
