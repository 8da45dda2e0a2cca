import Billing
import Testing
import Values

@Suite struct LifecycleTests {
    private let later = start.adding(days: 10)

    // MARK: Suspension, L1 and L2

    @Test(arguments: [(Offer.prepaid, Int64(90)), (.enterprise, 90), (.trial, 15)])
    func `becoming suspended sets the deadline in days of 24 hours`(offer: Offer, days: Int64) throws {
        let decision = try running(offer).adding(.requested, at: later, policy: policy(offer))
        #expect(decision.facts.state == .suspended)
        #expect(decision.facts.suspendedAt == later)
        #expect(decision.facts.deleteAt == later.adding(microseconds: days * 86_400_000_000))
        #expect(decision.transitions == [Transition(.suspended, from: .active, to: .suspended, reason: .requested, rule: "L1")])
        #expect(decision.facts.isConsistent && !decision.facts.isEntitled)
    }

    @Test func `a further reason does not move the deadline`() throws {
        let facts = suspended([.requested])
        let decision = try facts.adding(.operator, at: later, policy: policy(.prepaid))
        #expect(decision.facts.reasons == [.requested, .operator])
        #expect(decision.facts.deleteAt == facts.deleteAt && decision.facts.suspendedAt == facts.suspendedAt)
        #expect(decision.transitions.map(\.type) == [.reasonAdded])
    }

    @Test func `a reason that is present changes nothing`() throws {
        let facts = suspended([.requested])
        let decision = try facts.adding(.requested, at: later, policy: policy(.prepaid))
        #expect(decision.isUnchanged && decision.facts == facts)
    }

    @Test func `credit is exhausted or expired, never both`() throws {
        let facts = suspended([.creditExpired])
        #expect(try facts.adding(.creditExhausted, at: later, policy: policy(.prepaid)).isUnchanged)
        let other = suspended([.creditExhausted, .requested])
        #expect(try other.adding(.creditExpired, at: later, policy: policy(.prepaid)).isUnchanged)
    }

    @Test func `it is active only when no reason is left`() throws {
        let two = suspended([.requested, .operator])
        let one = try two.lifting(.requested, at: later)
        #expect(one.facts.state == .suspended && one.facts.reasons == [.operator] && one.facts.deleteAt == two.deleteAt)
        #expect(one.transitions == [Transition(.reasonLifted, from: .suspended, to: .suspended, reason: .requested, rule: "L1")])
        let none = try one.facts.lifting(.operator, at: later)
        #expect(none.facts.state == .active && none.facts.deleteAt == nil && none.facts.suspendedAt == nil)
        #expect(!none.facts.servicesConfigured, "services must be set up again")
        #expect(none.transitions.map(\.type) == [.reactivated])
    }

    @Test func `suspending again starts a new deadline`() throws {
        let again = try suspended([.requested]).lifting(.requested, at: later).facts
        let second = try again.adding(.requested, at: later.adding(days: 1), policy: policy(.prepaid)).facts
        #expect(second.deleteAt == later.adding(days: 91))
    }

    @Test(arguments: [SuspensionReason.creditExhausted, .creditExpired, .fundsExhausted])
    func `a reason about money is lifted by money only`(reason: SuspensionReason) {
        #expect(throws: LifecycleRefusal.reasonRequiresPayment) { try suspended([reason]).lifting(reason, at: later) }
    }

    @Test func `what is not there cannot be lifted`() {
        #expect(throws: LifecycleRefusal.reasonNotPresent) { try running().lifting(.requested, at: later) }
        #expect(throws: LifecycleRefusal.reasonNotPresent) { try suspended([.operator]).lifting(.requested, at: later) }
        #expect(throws: LifecycleRefusal.reasonNotPresent) { try suspended([.operator]).lifting(.creditExhausted, at: later) }
    }

    // MARK: The deadline, L2 and L8

    @Test func `one microsecond before the deadline everything is allowed, at the deadline nothing`() throws {
        let facts = suspended([.requested, .creditExhausted])
        let deadline = try #require(facts.deleteAt)
        for at in [deadline.justBefore, deadline, deadline.adding(days: 3)] {
            let isOpen = at < deadline
            let steps: [() throws -> LifecycleDecision] = [
                { try facts.lifting(.requested, at: at) }, { try facts.adding(.operator, at: at, policy: policy(.prepaid)) },
                { try facts.paying(at: at, leavesCredit: true) },
                { try suspended([.cancelled], .enterprise).lifting(.cancelled, at: at) },
                { try suspended([.operator], .enterprise).cancelling(at: at, policy: policy(.enterprise)) },
            ]
            for step in steps {
                if isOpen {
                    #expect(throws: Never.self) { try step() }
                } else {
                    #expect(throws: LifecycleRefusal.deadlinePassed) { try step() }
                }
            }
            if isOpen {
                #expect(throws: LifecycleRefusal.deadlineNotReached) { try facts.deleting(at: at) }
            } else {
                let gone = try facts.deleting(at: at)
                #expect(gone.facts.state == .deleted && gone.facts.deletedAt == at)
                #expect(gone.transitions == [Transition(.deleted, from: .suspended, to: .deleted, rule: "L2")])
                #expect(gone.facts.reasons == facts.reasons, "the certificate names them")
            }
        }
    }

    @Test func `a trial's upgrade is refused at its deadline, 15 days after`() throws {
        let facts = suspended([.creditExpired], .trial)
        #expect(throws: Never.self) { try facts.upgrading(at: start.adding(days: 15).justBefore) }
        #expect(throws: LifecycleRefusal.deadlinePassed) { try facts.upgrading(at: start.adding(days: 15)) }
    }

    @Test func `a deletion that comes after a reactivation does nothing`() throws {
        let saved = try suspended([.requested]).lifting(.requested, at: start.adding(days: 90).justBefore).facts
        #expect(throws: LifecycleRefusal.notSuspended) { try saved.deleting(at: start.adding(days: 90)) }
        let again = try saved.adding(.requested, at: start.adding(days: 90), policy: policy(.prepaid)).facts
        #expect(throws: LifecycleRefusal.deadlineNotReached) { try again.deleting(at: start.adding(days: 90)) }
    }

    @Test func `deleted is for ever`() {
        for offer in Offer.allCases {
            let gone = deleted(offer)
            #expect(gone.isConsistent)
            for reason in SuspensionReason.allCases where reason == .requested || reason == .operator {
                #expect(throws: LifecycleRefusal.subscriptionDeleted) {
                    try gone.adding(reason, at: later, policy: policy(offer))
                }
                #expect(throws: LifecycleRefusal.subscriptionDeleted) { try gone.lifting(reason, at: later) }
            }
            #expect(throws: LifecycleRefusal.subscriptionDeleted) { try gone.activating(at: later) }
            #expect(throws: LifecycleRefusal.subscriptionDeleted) { try gone.deleting(at: later) }
            #expect(throws: LifecycleRefusal.subscriptionDeleted) { try gone.lapsing(at: later) }
            #expect(throws: LifecycleRefusal.subscriptionDeleted) { try gone.confirmingServices(at: later) }
        }
        #expect(throws: LifecycleRefusal.subscriptionDeleted) { try deleted().paying(at: later, leavesCredit: true) }
        #expect(throws: LifecycleRefusal.subscriptionDeleted) { try deleted(.trial).upgrading(at: later) }
        #expect(throws: LifecycleRefusal.subscriptionDeleted) {
            try deleted(.enterprise).cancelling(at: later, policy: policy(.enterprise))
        }
    }

    // MARK: Pending, L11

    @Test func `an order waits 14 days for its payment`() throws {
        let facts = pending()
        let lapse = start.adding(days: 14)
        #expect(facts.state == .pending && facts.lapseAt == lapse && facts.servicesConfigured && facts.isConsistent)
        let paid = try facts.paying(at: lapse.justBefore, leavesCredit: true)
        #expect(paid.facts.state == .active && paid.facts.activatedAt == lapse.justBefore && paid.facts.lapseAt == nil)
        #expect(paid.facts.servicesConfigured, "nothing has run yet")
        #expect(throws: LifecycleRefusal.deadlinePassed) { try facts.activating(at: lapse) }
        #expect(throws: LifecycleRefusal.deadlineNotReached) { try facts.lapsing(at: lapse.justBefore) }
        let gone = try facts.lapsing(at: lapse)
        #expect(gone.transitions == [Transition(.deleted, from: .pending, to: .deleted, rule: "L11")])
        // It ended unpaid, which is another end than a deletion: nothing was owed, nothing erased.
        #expect(gone.facts.gone == .orderLapsed && deleted().gone == .subscriptionDeleted && facts.gone == nil)
        #expect(throws: LifecycleRefusal.orderLapsed) { try gone.facts.paying(at: later, leavesCredit: true) }
        #expect(throws: LifecycleRefusal.orderLapsed) { try gone.facts.activating(at: later) }
        #expect(throws: LifecycleRefusal.orderLapsed) { try gone.facts.lapsing(at: later) }
        #expect(gone.facts.isConsistent)
        #expect(throws: LifecycleRefusal.subscriptionNotPending) { try paid.facts.lapsing(at: lapse) }
        #expect(throws: LifecycleRefusal.subscriptionNotPending) { try paid.facts.activating(at: lapse) }
    }

    @Test func `what is pending can only be paid`() {
        let facts = pending()
        #expect(throws: LifecycleRefusal.subscriptionPending) {
            try facts.adding(.requested, at: later, policy: policy(.prepaid))
        }
        #expect(throws: LifecycleRefusal.subscriptionPending) { try facts.lifting(.requested, at: later) }
        #expect(throws: LifecycleRefusal.subscriptionPending) { try facts.confirmingServices(at: later) }
        #expect(throws: LifecycleRefusal.notSuspended) { try facts.deleting(at: later) }
        #expect(throws: LifecycleRefusal.subscriptionPending) { try pending(.trial).upgrading(at: later) }
    }

    @Test func `an enterprise subscription is active at once`() {
        let decision = LifecycleFacts.created(offer: .enterprise, at: start, policy: policy(.enterprise))
        #expect(decision.facts.state == .active && decision.facts.activatedAt == start && decision.facts.isConsistent)
        #expect(decision.transitions == [Transition(.created, from: nil, to: .active, rule: "L11")])
    }

    // MARK: Payment, upgrade, cancel, services

    @Test func `a payment lifts the credit reason only if credit is left`() throws {
        let facts = suspended([.creditExhausted])
        #expect(try facts.paying(at: later, leavesCredit: false).isUnchanged)
        let paid = try facts.paying(at: later, leavesCredit: true)
        #expect(paid.facts.state == .active)
        #expect(
            paid.transitions == [Transition(.reactivated, from: .suspended, to: .active, reason: .creditExhausted, rule: "L1")])
        let both = try suspended([.creditExpired, .operator]).paying(at: later, leavesCredit: true)
        #expect(both.facts.reasons == [.operator] && both.facts.state == .suspended)
        #expect(try running().paying(at: later, leavesCredit: true).isUnchanged)
        #expect(try suspended([.requested]).paying(at: later, leavesCredit: true).isUnchanged)
    }

    @Test func `an enterprise subscription takes no payment, a trial only its upgrade`() {
        #expect(throws: LifecycleRefusal.paymentNotAllowedForOffer) {
            try running(.enterprise).paying(at: later, leavesCredit: true)
        }
        #expect(throws: LifecycleRefusal.upgradeRequired) { try running(.trial).paying(at: later, leavesCredit: true) }
        #expect(throws: LifecycleRefusal.upgradeRequired) {
            try suspended([.creditExpired], .trial).paying(at: later, leavesCredit: true)
        }
        #expect(LifecycleRefusal.upgradeRequired.kind == .notAllowedForKind)
    }

    @Test func `a trial is upgraded before its suspension and inside it`() throws {
        let before = try running(.trial).upgrading(at: later)
        #expect(before.facts.offer == .prepaid && before.facts.state == .active && before.facts.servicesConfigured)
        #expect(before.transitions.map(\.type) == [.upgraded])
        let inside = try suspended([.creditExpired], .trial).upgrading(at: later)
        #expect(inside.facts.offer == .prepaid && inside.facts.state == .active && !inside.facts.servicesConfigured)
        #expect(inside.transitions.map(\.type) == [.upgraded, .reactivated])
        let held = try suspended([.creditExpired, .operator], .trial).upgrading(at: later)
        #expect(held.facts.state == .suspended && held.facts.deleteAt == start.adding(days: 15))
        #expect(held.transitions.map(\.type) == [.upgraded, .reasonLifted])
        #expect(throws: LifecycleRefusal.upgradeNotAllowedForOffer) { try running().upgrading(at: later) }
        #expect(throws: LifecycleRefusal.upgradeNotAllowedForOffer) { try running(.enterprise).upgrading(at: later) }
    }

    @Test(arguments: [Offer.prepaid, .trial])
    func `only enterprise subscriptions are cancelled`(offer: Offer) {
        for facts in [running(offer), suspended([.requested], offer), pending(offer), deleted(offer)] {
            #expect(throws: LifecycleRefusal.cancelNotAllowedForOffer) { try facts.cancelling(at: later, policy: policy(offer)) }
        }
        #expect(LifecycleRefusal.cancelNotAllowedForOffer.kind == .notAllowedForKind)
    }

    @Test func `cancelling suspends, and is recoverable until the deadline`() throws {
        let cancelled = try running(.enterprise).cancelling(at: later, policy: policy(.enterprise))
        #expect(cancelled.facts.reasons == [.cancelled] && cancelled.facts.deleteAt == later.adding(days: 90))
        #expect(cancelled.transitions == [Transition(.suspended, from: .active, to: .suspended, reason: .cancelled, rule: "L7")])
        #expect(try cancelled.facts.cancelling(at: later, policy: policy(.enterprise)).isUnchanged)
        #expect(try cancelled.facts.lifting(.cancelled, at: later.adding(days: 90).justBefore).facts.state == .active)
        #expect(throws: LifecycleRefusal.reasonNotAllowedForOffer) {
            try running(.enterprise).adding(.creditExhausted, at: later, policy: policy(.enterprise))
        }
    }

    @Test func `services are confirmed once, and not while suspended`() throws {
        let back = try suspended([.requested]).lifting(.requested, at: later).facts
        let confirmed = try back.confirmingServices(at: later)
        #expect(confirmed.facts.servicesConfigured)
        #expect(confirmed.transitions == [Transition(.servicesConfirmed, from: .active, to: .active, rule: "L4")])
        #expect(try confirmed.facts.confirmingServices(at: later).isUnchanged)
        #expect(throws: LifecycleRefusal.subscriptionSuspended) { try suspended([.requested]).confirmingServices(at: later) }
    }

    @Test func `reasons read alike whatever their order`() {
        let reasons: SuspensionReasons = [.operator, .creditExhausted, .cancelled]
        #expect(reasons.rawValues == ["credit_exhausted", "cancelled", "operator"])
        #expect(SuspensionReasons(rawValues: ["operator", "cancelled", "credit_exhausted"]) == reasons)
        #expect(SuspensionReasons(rawValues: ["operator", "bored"]) == nil)
        #expect(
            SuspensionReason.allCases.map(\.rawValue) == [
                "credit_exhausted", "credit_expired", "funds_exhausted", "overdue", "cancelled", "requested", "operator",
            ])
        #expect(SubscriptionState.allCases.map(\.rawValue) == ["pending", "active", "past_due", "suspended", "deleted"])
    }

    @Test func `a debt inside its grace period is still running`() throws {
        var facts = running()
        facts.state = .pastDue
        #expect(facts.isEntitled && facts.isConsistent)
        let decision = try facts.adding(.overdue, at: later, policy: policy(.prepaid))
        #expect(decision.transitions == [Transition(.suspended, from: .pastDue, to: .suspended, reason: .overdue, rule: "L1")])
    }
}
