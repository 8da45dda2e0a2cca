import Values

extension LifecycleFacts {
    /// A new subscription. `trial` and `prepaid` wait for their first payment (L11); an enterprise one is active at once,
    /// because its enrollment has already agreed to pay.
    package static func created(offer: Offer, at now: Instant, policy: OfferPolicy) -> LifecycleDecision {
        var facts = LifecycleFacts(offer: offer, state: .pending, purchasedAt: now)
        if offer.isPaidByCredit {
            facts.lapseAt = policy.lapse(orderedAt: now)
        } else {
            facts.state = .active
            facts.activatedAt = now
        }
        return LifecycleDecision(facts, [Transition(.created, from: nil, to: facts.state, rule: "L11")])
    }

    /// The first payment has come (L11). Throws `subscriptionNotPending`, `subscriptionDeleted`, `orderLapsed`, `deadlinePassed`.
    package func activating(at now: Instant) throws(LifecycleRefusal) -> LifecycleDecision {
        if let gone { throw gone }
        guard state == .pending else { throw .subscriptionNotPending }
        if let lapseAt, now >= lapseAt { throw .deadlinePassed }
        var next = self
        next.state = .active
        next.activatedAt = now
        next.lapseAt = nil
        return LifecycleDecision(next, [Transition(.activated, from: .pending, to: .active, rule: "L11")])
    }

    /// A payment for credit (M6): the first activates, a later one lifts the credit reason if credit is left after the debt.
    ///
    /// Throws `paymentNotAllowedForOffer`, `upgradeRequired`, `subscriptionDeleted`, `orderLapsed`, `deadlinePassed`.
    package func paying(at now: Instant, leavesCredit: Bool) throws(LifecycleRefusal) -> LifecycleDecision {
        if offer == .enterprise { throw .paymentNotAllowedForOffer }
        if state == .pending { return try activating(at: now) }
        if offer == .trial { throw .upgradeRequired }
        try refuseEnded(at: now)
        return leavesCredit ? liftingCreditReason(at: now) : LifecycleDecision(self, [])
    }

    /// A trial becomes prepaid (L6), before its suspension or inside it; its credit reason goes with the payment, other
    /// reasons and the deadline stay.
    ///
    /// Throws `upgradeNotAllowedForOffer`, `subscriptionDeleted`, `orderLapsed`, `subscriptionPending`, `deadlinePassed`.
    package func upgrading(at now: Instant) throws(LifecycleRefusal) -> LifecycleDecision {
        guard offer == .trial else { throw .upgradeNotAllowedForOffer }
        try refuseEnded(at: now)
        var upgraded = self
        upgraded.offer = .prepaid
        let step = Transition(.upgraded, from: state, to: state, rule: "L6")
        let lifted = upgraded.liftingCreditReason(at: now)
        return LifecycleDecision(lifted.facts, [step] + lifted.transitions)
    }

    /// The service administrator has set the services up again (L4). Unchanged when they were.
    ///
    /// Throws `subscriptionDeleted`, `orderLapsed`, `subscriptionPending`, `subscriptionSuspended`, `deadlinePassed`.
    package func confirmingServices(at now: Instant) throws(LifecycleRefusal) -> LifecycleDecision {
        try refuseEnded(at: now)
        guard state.isRunning else { throw .subscriptionSuspended }
        guard !servicesConfigured else { return LifecycleDecision(self, []) }
        var next = self
        next.servicesConfigured = true
        return LifecycleDecision(next, [Transition(.servicesConfirmed, from: state, to: state, rule: "L4")])
    }
}
