import Billing
import Values

/// A seeded generator: a failing history is found again by its seed.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

func instant(_ text: String) -> Instant { Instant(rfc3339: text)! }
func cny(_ text: String) -> Money { try! Money(text, currency: .cny) }
func decimal(_ text: String) -> ExactDecimal { ExactDecimal(text)! }
func zone(_ name: String) -> TimeZoneRule { TimeZoneRule(identifier: name)! }
func policy(_ offer: Offer) -> OfferPolicy { .standard(offer, in: .cny) }
func lotID(_ number: UInt64) -> LotID { LotID(UUIDBits(high: 0, low: number)) }

let start = instant("2026-03-01T00:00:00Z")

extension Instant {
    var justBefore: Instant { adding(microseconds: -1) }
}

func lot(
    _ number: UInt64, _ amount: String, left: String? = nil, from: Instant = start, days: Int64 = 365,
    source: LotSource = .payment,
    expiredAt: Instant? = nil
) -> CreditLot {
    CreditLot(
        id: lotID(number), amount: cny(amount), remaining: cny(left ?? amount), source: source, effectiveAt: from,
        expiresAt: from.adding(days: days), expiredAt: expiredAt)
}

func running(_ offer: Offer = .prepaid) -> LifecycleFacts {
    LifecycleFacts(offer: offer, state: .active, purchasedAt: start, activatedAt: start)
}

func suspended(_ reasons: SuspensionReasons, _ offer: Offer = .prepaid, at: Instant = start) -> LifecycleFacts {
    LifecycleFacts(
        offer: offer, state: .suspended, reasons: reasons, purchasedAt: start, activatedAt: start, suspendedAt: at,
        deleteAt: policy(offer).deadline(suspendedAt: at))
}

func pending(_ offer: Offer = .prepaid) -> LifecycleFacts {
    LifecycleFacts.created(offer: offer, at: start, policy: policy(offer)).facts
}

func deleted(_ offer: Offer = .prepaid) -> LifecycleFacts {
    let facts = suspended([.operator], offer)
    return try! facts.deleting(at: facts.deleteAt!).facts
}
