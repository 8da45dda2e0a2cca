import Billing
import Testing
import Values

@Suite struct CreditTests {
    private let now = start.adding(days: 30)
    private let shanghai = zone("Asia/Shanghai")

    private func again(_ amount: String, owing: String = "0") throws(PaymentRefusal) -> PaymentOutcome {
        try ApplyPayment.again(cny(amount), outstanding: cny(owing), policy: policy(.prepaid), at: now, in: shanghai)
    }

    // MARK: Amounts

    @Test(arguments: [
        ("999.99", PaymentRefusal.paymentBelowMinimum), ("0.00", .amountNotPositive), ("-1000.00", .amountNotPositive),
        ("0.01", .paymentBelowMinimum),
        ("10000000.01", .paymentAboveMaximum), ("1000000000000000", .paymentAboveMaximum),
    ])
    func `an amount outside the offer's limits is refused`(amount: String, refusal: PaymentRefusal) {
        #expect(throws: refusal) { try again(amount) }
        #expect(throws: refusal) {
            try ApplyPayment.first(cny(amount), policy: policy(.prepaid), at: now, in: shanghai)
        }
        #expect(throws: refusal) {
            try ApplyPayment.upgrade(cny(amount), outstanding: cny("5"), policy: policy(.prepaid), at: now, in: shanghai)
        }
        #expect(refusal.kind == .invalid)
    }

    @Test func `the limits themselves are taken, another currency is not`() {
        #expect(throws: Never.self) { try again("1000.00") }
        #expect(throws: Never.self) { try again("10000000.00") }
        #expect(throws: PaymentRefusal.currencyMismatch) {
            try ApplyPayment.again(
                Money(minor: 100_000, currency: .usd), outstanding: cny("0"), policy: policy(.prepaid), at: now, in: shanghai)
        }
    }

    @Test(arguments: [
        ("1.00", nil), ("0.99", PaymentRefusal.paymentBelowMinimum), ("1.01", .paymentAboveMaximum),
        ("1000", .paymentAboveMaximum),
    ])
    func `a trial costs exactly its price`(amount: String, refusal: PaymentRefusal?) {
        do throws(PaymentRefusal) {
            let outcome = try ApplyPayment.first(cny(amount), policy: policy(.trial), at: now, in: shanghai)
            #expect(refusal == nil)
            #expect(outcome.lot?.amount == cny("1500.00") && outcome.lot?.source == .trial)
            #expect(outcome.granted == cny("1499.00") && outcome.paid == cny("1.00"))
            #expect(outcome.lot?.expiresAt == instant("2026-04-30T00:00:00Z"))
        } catch {
            #expect(error == refusal)
        }
    }

    // MARK: Debt first, M6

    @Test(arguments: [
        ("1000.00", "0.00", "0.00", "1000.00", "0.00", "0.00"), ("1000.00", "300.00", "300.00", "700.00", "0.00", "0.00"),
        ("1000.00", "999.99", "999.99", "0.01", "0.00", "0.00"), ("1000.00", "1000.00", "1000.00", "0.00", "0.00", "1000.00"),
        ("1000.00", "1000.01", "1000.00", "0.00", "0.01", "1000.00"),
        ("1000.00", "5000.00", "1000.00", "0.00", "4000.00", "4000.01"),
        ("2500.50", "5000.00", "2500.50", "0.00", "2499.50", "2499.51"),
    ])
    func `a payment settles the debt first, the rest is credit`(
        amount: String, owing: String, debt: String, credit: String, owed: String, missing: String
    ) throws {
        let outcome = try again(amount, owing: owing)
        #expect(outcome.debtPaid == cny(debt))
        #expect((outcome.lot?.amount ?? cny("0")) == cny(credit))
        #expect(outcome.outstanding == cny(owed))
        #expect(outcome.leavesCredit == (cny(credit) > 0))
        #expect(outcome.missing == cny(missing), "the smallest further payment that leaves credit")
        #expect(outcome.debtPaid.minor + (outcome.lot?.amount.minor ?? 0) == outcome.paid.minor)
        if !outcome.leavesCredit {
            let next = try again(outcome.missing.decimalString, owing: owed)
            #expect(next.leavesCredit)
        }
    }

    @Test func `an upgrade waives the trial's debt`() throws {
        let outcome = try ApplyPayment.upgrade(
            cny("1000"), outstanding: cny("77.70"), policy: policy(.prepaid), at: now, in: shanghai)
        #expect(outcome.debtWaived == cny("77.70") && outcome.debtPaid.isZero && outcome.outstanding.isZero)
        #expect(outcome.lot?.amount == cny("1000.00") && outcome.leavesCredit)
        #expect(outcome.lot?.expiresAt == instant("2027-03-31T00:00:00Z"))
    }

    // MARK: Which lot, M5

    @Test func `the earliest expiry pays first, then the oldest`() {
        let late = lot(1, "10", days: 400)
        let earlyYoung = lot(2, "10", from: start.adding(days: 5), days: 95)
        let earlyOld = lot(3, "10", days: 100)
        let empty = lot(4, "10", left: "0", days: 50)
        let forfeited = lot(5, "10", days: 60, expiredAt: start.adding(days: 60))
        #expect(earlyYoung.expiresAt == earlyOld.expiresAt)
        let payers = DeductionOrder.payers(of: now, among: [late, earlyYoung, earlyOld, empty, forfeited])
        #expect(payers.map(\.id) == [earlyOld.id, earlyYoung.id, late.id])
    }

    @Test func `a lot pays from its beginning until just before its expiry`() {
        let lot = lot(1, "10", days: 30)
        #expect(!lot.covers(start.justBefore))
        #expect(lot.covers(start))
        #expect(lot.covers(lot.expiresAt.justBefore))
        #expect(!lot.covers(lot.expiresAt))
    }

    // MARK: Expiry, L5

    @Test(arguments: [
        ("10", nil, SuspensionReason.creditExpired as SuspensionReason?), ("0.01", "0", .creditExpired),
        ("0", nil, .creditExhausted),
        ("0", "0", .creditExhausted), ("10", "0.01", nil), ("0", "5", nil),
    ])
    func `the last credit to go says why`(left: String, other: String?, reason: SuspensionReason?) throws {
        let ending = lot(1, "10", left: left, days: 30)
        let others = other.map { [lot(2, "10", left: $0, days: 60)] } ?? []
        let expiry = try #require(LotExpiry(of: ending, others: [ending] + others, at: ending.expiresAt))
        #expect(expiry.forfeited == cny(left))
        #expect(expiry.reason == reason)
    }

    @Test func `an expiry that is early, repeated or late does the right thing`() {
        let ending = lot(1, "10", days: 30)
        #expect(LotExpiry(of: ending, others: [], at: ending.expiresAt.justBefore) == nil)
        #expect(LotExpiry(of: ending, others: [], at: ending.expiresAt.adding(days: 9))?.forfeited == cny("10"))
        var done = ending
        done.expiredAt = ending.expiresAt
        done.remaining = cny("0")
        #expect(LotExpiry(of: done, others: [], at: ending.expiresAt.adding(days: 9)) == nil)
        // Two lots are due at once: the first leaves the decision to the second, and only one reason comes of it.
        let second = lot(2, "10", days: 31)
        let at = second.expiresAt.adding(days: 1)
        #expect(LotExpiry(of: ending, others: [ending, second], at: at)?.reason == nil)
        #expect(LotExpiry(of: second, others: [done, second], at: at)?.reason == .creditExpired)
    }

    // MARK: Summary, M13

    @Test(arguments: [
        // 16:00 UTC is midnight in Shanghai.
        ("2026-03-30T15:59:59.999999Z", "Asia/Shanghai", 1), ("2026-03-30T16:00:00Z", "Asia/Shanghai", 0),
        ("2026-03-30T23:59:59Z", "UTC", 1),
        ("2026-03-01T00:00:00Z", "UTC", 30), ("2026-03-01T00:00:00Z", "America/New_York", 30),
        ("2026-03-30T04:30:00Z", "America/New_York", 0),
    ])
    func `days left are civil days in the account's zone`(at: String, name: String, days: Int) {
        let lots = [lot(1, "10", days: 30), lot(2, "10", left: "0", days: 300)]
        #expect(CreditSummary.daysLeft(lots, at: instant(at), in: zone(name)) == days)
    }

    @Test func `without credit there are no days left`() throws {
        let spent = [lot(1, "10", left: "0", days: 30)]
        #expect(CreditSummary.daysLeft(spent, at: now.justBefore, in: .utc) == nil)
        #expect(CreditSummary.daysLeft([lot(1, "10", days: 30)], at: now, in: .utc) == nil)
        let lots = [lot(1, "10", left: "4", days: 31), lot(2, "10", days: 60), lot(3, "10", days: 30)]
        #expect(try CreditSummary.remaining(lots, currency: .cny, at: now) == cny("14"))
        #expect(CreditSummary.expiry(lots, at: now) == start.adding(days: 60))
        #expect(throws: MoneyError.currencyMismatch) { try CreditSummary.remaining(lots, currency: .usd, at: now) }
    }
}

private func > (left: Money, right: Int64) -> Bool { left.minor > right }
