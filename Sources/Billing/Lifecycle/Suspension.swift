import Values

extension LifecycleFacts {
    /// Adds a reason to suspend (L1). The first one sets the deadline (L2), a further one does not move it; one that is
    /// present, or a second one about credit (L5: never both), changes nothing.
    ///
    /// Throws `cancelNotAllowedForOffer`, `reasonNotAllowedForOffer`, `subscriptionDeleted`, `orderLapsed`, `subscriptionPending`, `deadlinePassed`.
    package func adding(
        _ reason: SuspensionReason, at now: Instant, policy: OfferPolicy
    ) throws(LifecycleRefusal) -> LifecycleDecision {
        if reason == .cancelled, offer != .enterprise { throw .cancelNotAllowedForOffer }
        if reason.isAboutCredit, !offer.isPaidByCredit { throw .reasonNotAllowedForOffer }
        try refuseEnded(at: now)
        if reasons.contains(reason) || (reason.isAboutCredit && reasons.aboutCredit != nil) { return LifecycleDecision(self, []) }
        var next = self
        next.reasons = reasons.inserting(reason)
        let type: TransitionType = state == .suspended ? .reasonAdded : .suspended
        if state.isRunning {
            next.state = .suspended
            next.suspendedAt = now
            next.deleteAt = policy.deadline(suspendedAt: now)
        }
        let step = Transition(type, from: state, to: .suspended, reason: reason, rule: reason.rule(for: offer))
        return LifecycleDecision(next, [step])
    }

    /// Cancel (L7): enterprise subscriptions only; billing stops at this instant, recoverable until the deadline.
    ///
    /// Throws as `adding`.
    package func cancelling(at now: Instant, policy: OfferPolicy) throws(LifecycleRefusal) -> LifecycleDecision {
        try adding(.cancelled, at: now, policy: policy)
    }

    /// Lifts one reason on a person's word (L1); active again when it was the last.
    ///
    /// Throws `reasonNotPresent`, `reasonRequiresPayment`, `subscriptionDeleted`, `orderLapsed`, `subscriptionPending`, `deadlinePassed`.
    package func lifting(_ reason: SuspensionReason, at now: Instant) throws(LifecycleRefusal) -> LifecycleDecision {
        try refuseEnded(at: now)
        guard reasons.contains(reason) else { throw .reasonNotPresent }
        if reason.isLiftedByPaymentOnly { throw .reasonRequiresPayment }
        return removing(reason)
    }

    /// The deadline has come (L2). Timers call it: a refusal means that somebody was faster or that it is too early, and
    /// nothing is to be done (L8).
    ///
    /// Throws `subscriptionDeleted`, `orderLapsed`, `notSuspended`, `deadlineNotReached`.
    package func deleting(at now: Instant) throws(LifecycleRefusal) -> LifecycleDecision {
        if let gone { throw gone }
        guard state == .suspended, let deleteAt else { throw .notSuspended }
        guard now >= deleteAt else { throw .deadlineNotReached }
        return deleted(at: now, rule: "L2")
    }

    /// The first payment never came (L11); the App cancels the order with it. Timers call it, as `deleting`.
    ///
    /// Throws `subscriptionDeleted`, `orderLapsed`, `subscriptionNotPending`, `deadlineNotReached`.
    package func lapsing(at now: Instant) throws(LifecycleRefusal) -> LifecycleDecision {
        if let gone { throw gone }
        guard state == .pending, let lapseAt else { throw .subscriptionNotPending }
        guard now >= lapseAt else { throw .deadlineNotReached }
        return deleted(at: now, rule: "L11")
    }

    // MARK: Steps

    /// Nothing is done to what is not yet bought, is gone, or is past its deadline.
    func refuseEnded(at now: Instant) throws(LifecycleRefusal) {
        if let gone { throw gone }
        if state == .pending { throw .subscriptionPending }
        if state == .suspended, let deleteAt, now >= deleteAt { throw .deadlinePassed }
    }

    func liftingCreditReason(at now: Instant) -> LifecycleDecision {
        guard let reason = reasons.aboutCredit else { return LifecycleDecision(self, []) }
        return removing(reason)
    }

    private func removing(_ reason: SuspensionReason) -> LifecycleDecision {
        var next = self
        next.reasons = reasons.removing(reason)
        guard next.reasons.isEmpty else {
            let step = Transition(.reasonLifted, from: .suspended, to: .suspended, reason: reason, rule: "L1")
            return LifecycleDecision(next, [step])
        }
        next.state = .active
        next.suspendedAt = nil
        next.deleteAt = nil
        // What ran before the suspension is gone from the machines; somebody has to set it up again (L4).
        next.servicesConfigured = false
        return LifecycleDecision(next, [Transition(.reactivated, from: .suspended, to: .active, reason: reason, rule: "L1")])
    }

    private func deleted(at now: Instant, rule: String) -> LifecycleDecision {
        var next = self
        next.state = .deleted
        next.deletedAt = now
        next.lapseAt = nil
        return LifecycleDecision(next, [Transition(.deleted, from: state, to: .deleted, rule: rule)])
    }
}
