import Billing
import Testing
import Values

@Suite struct PolicyAndOrderTests {
    @Test func `the numbers of L10 are whole units of any currency`() {
        let prepaid = policy(.prepaid)
        #expect(prepaid.minimumPayment == cny("1000.00") && prepaid.largestPayment == cny("10000000.00"))
        #expect(prepaid.retentionDays == 90 && policy(.trial).retentionDays == 15 && policy(.enterprise).retentionDays == 90)
        #expect(policy(.trial).trialPrice == cny("1.00") && policy(.trial).trialCredit == cny("1500.00"))
        #expect(OfferPolicy.standard(.prepaid, in: .jpy).minimumPayment.minor == 1_000)
        #expect(OfferPolicy.standard(.prepaid, in: Currency("KWD")!).minimumPayment.decimalString == "1000.000")
    }

    @Test(arguments: [
        (Offer.prepaid, "2024-02-29T10:00:00Z", "UTC", "2025-02-28T10:00:00Z"),
        (.trial, "2026-01-31T10:00:00Z", "UTC", "2026-02-28T10:00:00Z"),
        (.trial, "2026-01-30T16:30:00Z", "Asia/Shanghai", "2026-02-27T16:30:00Z"),
        (.trial, "2026-02-15T17:00:00Z", "America/New_York", "2026-03-15T16:00:00Z"),
        (.prepaid, "2026-11-20T21:28:00.000001Z", "Asia/Shanghai", "2027-11-20T21:28:00.000001Z"),
    ])
    func `credit expires calendar months after its own purchase`(offer: Offer, bought: String, name: String, expiry: String) {
        #expect(policy(offer).expiry(purchasedAt: instant(bought), in: zone(name)).rfc3339 == expiry)
    }

    private func order(
        _ offer: Offer, _ kind: AccountKind = .standard, by role: Role = .accountAdministrator, existing: Int = 0,
        hadTrial: Bool = false,
        verified: Bool = true, allowed: Bool = true
    ) throws(OrderRefusal) {
        try OrderRule.check(
            offer: offer, accountKind: kind, by: role, existing: existing, hadTrial: hadTrial, identityVerified: verified,
            additionalAllowed: allowed)
    }

    @Test func `what an account may order`() {
        #expect(throws: Never.self) { try order(.prepaid, verified: false, allowed: false) }
        #expect(throws: Never.self) { try order(.prepaid, existing: 3) }
        #expect(throws: Never.self) { try order(.prepaid, by: .operator, existing: 3, verified: false, allowed: false) }
        #expect(throws: Never.self) {
            try order(.enterprise, .enterprise, by: .enterpriseAdministrator, existing: 3, verified: false)
        }
        #expect(throws: OrderRefusal.identityNotVerified) { try order(.prepaid, existing: 1, verified: false) }
        #expect(throws: OrderRefusal.additionalSubscriptionsOff) { try order(.prepaid, existing: 1, allowed: false) }
        #expect(throws: OrderRefusal.trialAlreadyUsed) { try order(.trial, by: .operator, hadTrial: true) }
        #expect(throws: OrderRefusal.offerNotAllowedForAccount) { try order(.trial, .enterprise) }
        #expect(throws: OrderRefusal.offerNotAllowedForAccount) { try order(.enterprise, .standard, by: .operator) }
        #expect(throws: Never.self) { try order(.trial, existing: 1) }
    }
}
