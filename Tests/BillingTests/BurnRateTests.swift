import Billing
import Testing
import Values

@Suite struct BurnRateTests {
    private let shanghai = zone("Asia/Shanghai")
    /// 10:00 on 20 March in Shanghai.
    private let now = instant("2026-03-20T02:00:00Z")

    private func date(_ text: String) -> CivilDate { CivilDate(iso: text)! }

    private func measured(_ costs: [String: String], since: String = "2026-01-01T00:00:00Z", at: Instant? = nil) throws
        -> BurnRate.Measured
    {
        try BurnRate.measured(
            Dictionary(uniqueKeysWithValues: costs.map { (date($0), decimal($1)) }), runningSince: instant(since), at: at ?? now,
            in: shanghai, currency: .cny)
    }

    @Test func `ten complete days count, today and older days do not`() throws {
        let measured = try measured(["2026-03-20": "500", "2026-03-19": "10", "2026-03-10": "10.005", "2026-03-09": "900"])
        #expect(measured == .rate(BurnRate(cost: cny("20.01"), days: 10)))
        guard case .rate(let rate) = measured else { return }
        #expect(rate.perDay == cny("2.00"))
        #expect(BurnRate(cost: cny("0.15"), days: 10).perDay == cny("0.02"), "half up")
    }

    @Test func `before six in the morning yesterday is not complete`() throws {
        let early = try measured(["2026-03-19": "10", "2026-03-09": "3"], at: instant("2026-03-19T21:59:59Z"))
        #expect(early == .rate(BurnRate(cost: cny("3.00"), days: 10)))
    }

    @Test(arguments: [
        ("2026-03-12T16:00:00Z", 7), ("2026-03-12T16:00:01Z", 6), ("2026-03-20T01:00:00Z", 0),
    ])
    func `less than seven whole days are too little history`(since: String, days: Int) throws {
        let measured = try measured(["2026-03-19": "7"], since: since)
        #expect(measured == (days >= 7 ? .rate(BurnRate(cost: cny("7.00"), days: days)) : .tooLittleHistory(completeDays: days)))
    }

    @Test func `the days of a change of clocks are days like others`() throws {
        let newYork = zone("America/New_York")
        let days = BurnRate.countedDays(
            runningSince: instant("2026-01-01T00:00:00Z"), at: instant("2026-03-12T16:00:00Z"), in: newYork)
        #expect(days == (2...11).map { date("2026-03-\($0 < 10 ? "0" : "")\($0)") })
    }

    // MARK: Run-out

    private let rate = BurnRate(cost: cny("100.00"), days: 10)

    private func projected(_ lots: [CreditLot], _ rate: BurnRate? = nil) throws -> RunOut {
        try RunOut.projected(rate ?? self.rate, lots: lots, at: start)
    }

    @Test func `the credit lasts as many days as it holds daily costs`() throws {
        #expect(try projected([lot(1, "1000", left: "250")]) == .runsOut(at: start.adding(days: 25)))
        #expect(try projected([lot(1, "1000", left: "5")]) == .runsOut(at: start.adding(seconds: 43_200)))
    }

    @Test func `a lot that would outlast its expiry expires first, and its rest is named`() throws {
        #expect(try projected([lot(1, "1000", days: 30)]) == .expiresFirst(at: start.adding(days: 30), unused: cny("700.00")))
        // Used up in the very instant of its expiry: it runs out.
        #expect(try projected([lot(1, "300", days: 30)]) == .runsOut(at: start.adding(days: 30)))
    }

    @Test func `lots are used one after the other, the earliest expiry first`() throws {
        // 30 days of the first, whose other 100 go; then 50 days of the second.
        #expect(try projected([lot(2, "500", days: 365), lot(1, "400", days: 30)]) == .runsOut(at: start.adding(days: 80)))
        #expect(
            try projected([lot(2, "9000", days: 60), lot(1, "400", days: 30)])
                == .expiresFirst(at: start.adding(days: 60), unused: cny("8800.00")))
    }

    @Test func `without use everything expires, without credit nothing runs out`() throws {
        let still = BurnRate(cost: cny("0"), days: 10)
        #expect(try projected([lot(1, "10", days: 30)], still) == .expiresFirst(at: start.adding(days: 30), unused: cny("10.00")))
        #expect(try projected([lot(1, "10", left: "0")]) == .noCredit)
        #expect(try projected([lot(1, "10", expiredAt: start)]) == .noCredit)
        #expect(try projected([]) == .noCredit)
    }
}

@Suite struct BillingHistoryTests {
    private func month(_ text: String) -> CivilMonth { CivilMonth(iso: text)! }
    private func move(_ month: String, _ purpose: String, _ debit: String, _ credit: String, _ amount: String) -> LedgerMovement {
        LedgerMovement(month: self.month(month), purpose: purpose, debit: debit, credit: credit, amount: cny(amount))
    }

    @Test func `every month opens with what the one before closed with`() throws {
        let months = try BillingHistory.months(
            [
                move("2026-01", "payment", "payments", "credit_lot", "1000"),
                move("2026-01", "usage", "credit_lot", "revenue", "300"),
                move("2026-01", "usage_refund", "revenue", "credit_lot", "10"),
                move("2026-03", "forfeit", "credit_lot", "forfeited", "200"),
                move("2026-03", "trial_grant", "promotion", "credit_lot", "50"),
                move("2026-03", "reversal", "credit_lot", "payments", "1"),
            ], from: month("2026-01"), to: month("2026-04"), currency: .cny)
        #expect(months.map(\.month.iso) == ["2026-04", "2026-03", "2026-02", "2026-01"])
        #expect(months.map(\.opening) == [cny("559"), cny("710"), cny("710"), cny("0")])
        #expect(months.map(\.closing) == [cny("559"), cny("559"), cny("710"), cny("710")])
        #expect(months[3].used == cny("290"))
        #expect(months[1].bought == cny("50"))
        #expect(months[1].granted == cny("50"))
        #expect(months[1].expired == cny("200"))
        #expect(months[1].other == cny("-1"))
        for row in months {
            let sum = try row.opening.adding(row.bought).subtracting(row.used).subtracting(row.expired).adding(row.other)
            #expect(sum == row.closing)
        }
    }

    @Test func `what credit did not cover is owed until it is paid or waived`() throws {
        let months = try BillingHistory.months(
            [
                move("2026-01", "usage_outstanding", "receivable", "revenue", "30"),
                move("2026-02", "debt_payment", "payments", "receivable", "10"),
                move("2026-02", "usage_refund", "revenue", "receivable", "5"),
                move("2026-03", "debt_waived", "waived", "receivable", "15"),
            ], from: month("2026-01"), to: month("2026-03"), currency: .cny)
        #expect(months.map(\.owed) == [cny("0"), cny("15"), cny("30")])
        #expect(months[1].debtPaid == cny("10"))
        #expect(months[1].beyondCredit == cny("-5"))
        #expect(months[0].debtWaived == cny("15"))
        #expect(months.allSatisfy { $0.closing.isZero })
    }

    @Test func `an enterprise month says what the commitment paid and what went beyond it`() throws {
        let months = try BillingHistory.months(
            [
                move("2026-01", "usage", "commitment", "revenue", "70"),
                move("2026-01", "overage", "overage_receivable", "revenue", "30"),
                move("2026-01", "overage_refund", "revenue", "overage_receivable", "4"),
                move("2026-01", "usage_refund", "revenue", "commitment", "1"),
            ], from: month("2026-01"), to: month("2026-01"), currency: .cny)
        #expect(months[0].commitment == cny("69"))
        #expect(months[0].overage == cny("26"))
        #expect(try months[0].usage == cny("95"))
    }

    @Test func `nothing moved and movements outside of the span are shown too`() throws {
        let empty = try BillingHistory.months([], from: month("2026-02"), to: month("2026-02"), currency: .cny)
        #expect(empty.map(\.closing) == [cny("0")])
        let early = try BillingHistory.months(
            [move("2025-12", "payment", "payments", "credit_lot", "1")], from: month("2026-01"), to: month("2026-01"),
            currency: .cny)
        #expect(early.map(\.month.iso) == ["2026-01", "2025-12"])
    }
}
