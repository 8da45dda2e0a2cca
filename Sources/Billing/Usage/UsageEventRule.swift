import Values

/// Why one usage event is rejected (B1, L4).
package enum UsageRejection: String, Refusal, CaseIterable {
    /// More than 5 minutes ahead of the tenant's clock.
    case eventInFuture = "event_in_future"
    /// More than 35 days old.
    case eventTooOld = "event_too_old"
    case subscriptionDeleted = "subscription_deleted"
    /// From before the first payment, or before an enterprise subscription was made: there was nothing to be used.
    case beforeActivation = "before_activation"
    /// There has been no first payment yet.
    case subscriptionPending = "subscription_pending"
    case subscriptionSuspended = "subscription_suspended"
    case meterInvalid = "meter_invalid"
    case productInvalid = "product_invalid"
    case unitInvalid = "unit_invalid"
    case resourceInvalid = "resource_invalid"
    case quantityNegative = "quantity_negative"
    case quantityOutOfRange = "quantity_out_of_range"
    /// An event of type `cost` says nothing without one.
    case costMissing = "cost_missing"
    case costNegative = "cost_negative"
    case costOutOfRange = "cost_out_of_range"
    /// More than 18 decimals.
    case costTooFine = "cost_too_fine"
    case currencyMismatch = "currency_mismatch"

    package var code: String { rawValue }
    package var kind: RefusalKind { .invalid }
}

/// What one event says, after its JSON has been read.
package struct UsageObservation: Sendable, Hashable {
    package var time: Instant
    /// The event's `type`.
    package var meter: String
    package var product: String
    package var quantity: Quantity
    package var unit: String
    /// Exact; usage costs may be finer than the currency's minor unit.
    package var cost: ExactDecimal?
    package var costCurrency: Currency?
    package var resource: String?

    package init(
        time: Instant, meter: String, product: String, quantity: Quantity, unit: String, cost: ExactDecimal? = nil,
        costCurrency: Currency? = nil, resource: String? = nil
    ) {
        self.time = time
        self.meter = meter
        self.product = product
        self.quantity = quantity
        self.unit = unit
        self.cost = cost
        self.costCurrency = costCurrency
        self.resource = resource
    }
}

/// [suspended, reactivated); without an end while it lasts.
package struct SuspensionInterval: Sendable, Hashable {
    package let suspendedAt: Instant
    package let reactivatedAt: Instant?

    package init(suspendedAt: Instant, reactivatedAt: Instant?) {
        self.suspendedAt = suspendedAt
        self.reactivatedAt = reactivatedAt
    }

    package func contains(_ time: Instant) -> Bool {
        guard let reactivatedAt else { return suspendedAt <= time }
        return suspendedAt <= time && time < reactivatedAt
    }
}

/// The verdict on one event for one subscription; duplicates are told by the database (B1).
package enum UsageEventRule {
    /// How an observation came in: a file may hold old rows, rows from before the activation, and credit notes.
    package enum Origin: Sendable, Hashable {
        case event
        case importedFile
    }

    package static let aheadSeconds: Int64 = 300
    package static let oldestDays: Int64 = 35
    /// Of an event's cost; a file's own rates may be finer.
    package static let costDecimals = 18
    /// The event type whose whole meaning is its cost.
    package static let costMeter = "cost"
    /// Nothing is used, and nothing costs, a billion million of its unit.
    private static let limit = ExactDecimal(1_000_000_000_000_000)

    /// Nil when the event is accepted, else the first reason against it.
    package static func rejection(
        of observation: UsageObservation, from origin: Origin = .event, subscription: LifecycleFacts, currency: Currency,
        suspensions: some Sequence<SuspensionInterval>, at now: Instant
    ) -> UsageRejection? {
        if let fault = faultInText(observation) ?? faultInNumbers(observation, origin: origin, currency: currency) {
            return fault
        }
        if observation.time > now.adding(seconds: aheadSeconds) { return .eventInFuture }
        if origin == .event, observation.time < now.adding(days: -oldestDays) { return .eventTooOld }
        return faultInState(at: observation.time, origin: origin, subscription: subscription, suspensions: suspensions)
    }

    private static func faultInText(_ observation: UsageObservation) -> UsageRejection? {
        func fits(_ text: String, _ range: ClosedRange<Int>) -> Bool {
            range.contains(text.unicodeScalars.count) && !text.unicodeScalars.contains("\0")
        }
        if !fits(observation.meter, 1...200) { return .meterInvalid }
        if !fits(observation.product, 1...300) { return .productInvalid }
        if !fits(observation.unit, 0...100) { return .unitInvalid }
        if let resource = observation.resource, !fits(resource, 0...1_000) { return .resourceInvalid }
        return nil
    }

    private static func faultInNumbers(_ observation: UsageObservation, origin: Origin, currency: Currency) -> UsageRejection? {
        if observation.quantity.magnitude > limit { return .quantityOutOfRange }
        if origin == .event, observation.quantity.isNegative { return .quantityNegative }
        guard let cost = observation.cost else { return observation.meter == costMeter ? .costMissing : nil }
        guard observation.costCurrency == currency else { return .currencyMismatch }
        if cost.magnitude > limit { return .costOutOfRange }
        if origin == .event, cost.isNegative { return .costNegative }
        if origin == .event, cost.scale > costDecimals { return .costTooFine }
        return nil
    }

    /// Judged at the event's time, not at its arrival (L4).
    private static func faultInState(
        at time: Instant, origin: Origin, subscription: LifecycleFacts, suspensions: some Sequence<SuspensionInterval>
    ) -> UsageRejection? {
        if subscription.state == .deleted { return .subscriptionDeleted }
        guard let activatedAt = subscription.activatedAt else { return .subscriptionPending }
        if origin == .event, isBeforeActivation(time, activatedAt) { return .beforeActivation }
        return suspensions.contains { $0.contains(time) } ? .subscriptionSuspended : nil
    }

    /// L11: nothing is used before the first payment; the instant of the activation itself counts. An upgrade activates nothing anew (L6): usage of the
    /// trial's time stays welcome. Files bring the time before Bursar along and are not asked.
    package static func isBeforeActivation(_ time: Instant, _ activatedAt: Instant) -> Bool { time < activatedAt }
}
