import Billing
import Testing
import Values

@Suite struct EnterpriseTests {
    private let item = BillItem(product: "Compute", meter: "cost", month: CivilMonth(iso: "2026-03")!)
    private let noon = instant("2026-03-10T12:00:00Z")
    private func id(_ number: UInt64) -> DepartmentID { DepartmentID(UUIDBits(high: 0, low: number)) }
    private func record(_ number: UInt64, at: Instant, _ cost: String) -> UnsettledRecord {
        UnsettledRecord(
            id: .init(UUIDBits(high: 0, low: number)), time: at, item: item, quantity: decimal("1"), cost: decimal(cost))
    }
    private var moved: [DepartmentInterval] {
        [
            DepartmentInterval(sequence: 1, department: id(1), from: nil, to: noon),
            DepartmentInterval(sequence: 2, department: id(2), from: noon, to: noon),
            DepartmentInterval(sequence: 3, department: nil, from: noon, to: nil),
        ]
    }

    @Test func `an agreement has subscriptions of one offer, the one that enterprise accounts hold`() {
        #expect(Offer.allCases.filter(\.isOfAgreement) == [.enterprise])
        #expect(Offer.allCases.allSatisfy { $0.isOfAgreement == ($0.accountKind == .enterprise) })
    }

    @Test func `usage counts to the department of its time, to the microsecond, however late it comes`() throws {
        let shares = try DepartmentShares.adding(
            [record(1, at: noon, "0.25"), record(2, at: noon.justBefore, "10.00")], to: [item: [1: decimal("5")]],
            memberships: moved, currency: .cny)
        #expect(
            shares[item] == [
                DepartmentShare(sequence: 1, exact: decimal("15"), posted: cny("15.00")),
                DepartmentShare(sequence: 3, exact: decimal("0.25"), posted: cny("0.25")),
            ])
    }

    @Test(arguments: 0..<200) func `the parts of a line are the line, whatever is rounded`(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let records = (0..<20).map { number in
            record(
                UInt64(number), at: noon.adding(seconds: Int64.random(in: -2...2, using: &random)),
                "\(Int.random(in: -3...9, using: &random)).\(Int.random(in: 1000...9999, using: &random))")
        }
        let cut = Int.random(in: 0...20, using: &random)
        let first = try DepartmentShares.adding(records[..<cut], to: [:], memberships: moved, currency: .cny)
        var before: [BillItem: [Int64: ExactDecimal]] = [:]
        for share in first[item] ?? [] { before[item, default: [:]][share.sequence] = share.exact }
        let all =
            try DepartmentShares.adding(records[cut...], to: before, memberships: moved, currency: .cny)[item] ?? first[item]
            ?? []
        let whole = try DepartmentShares.adding(records, to: [:], memberships: moved, currency: .cny)[item] ?? []
        #expect(all == whole)
        var exact = ExactDecimal.zero
        for record in records { exact = try exact.adding(record.cost) }
        #expect(all.reduce(0) { $0 + $1.posted.minor } == (try Money(rounding: exact, currency: .cny)).minor)
    }

    @Test func `a time in no interval is a fault and counts to nobody`() {
        let gap = [DepartmentInterval(sequence: 1, department: nil, from: nil, to: noon)]
        #expect(throws: SettlementError.unbalanced) {
            try DepartmentShares.adding([record(1, at: noon, "1")], to: [:], memberships: gap, currency: .cny)
        }
    }

    private func notices(today: String, posted: String, _ departments: [DepartmentSpend] = []) -> [EnrollmentNotice] {
        EnrollmentNotices.notices(
            today: CivilDate(iso: today)!, endsOn: CivilDate(iso: "2027-01-01")!, commitment: cny("100.01"), posted: cny(posted),
            departments: departments)
    }

    @Test(arguments: [
        ("2026-10-02", nil as Int?), ("2026-10-03", 90), ("2026-12-31", 1), ("2027-01-01", 0), ("2027-05-01", -120),
    ])
    func `the term's end is told from 90 days before, and that it is over from its day on`(today: String, days: Int?) {
        let expected: [EnrollmentNotice] =
            switch days {
            case nil: []
            case let days? where days > 0: [.termEnds(on: CivilDate(iso: "2027-01-01")!, days: days)]
            default: [.termOver(on: CivilDate(iso: "2027-01-01")!)]
            }
        #expect(notices(today: today, posted: "0.00") == expected)
    }

    @Test(arguments: [
        ("50.00", nil as Int?), ("50.01", 50), ("80.00", 50), ("80.01", 80), ("100.00", 80), ("100.01", 100), ("900.00", 100),
        ("-5.00", nil),
    ])
    func `of the commitment the highest threshold reached is told, exact to the cent`(posted: String, percent: Int?) {
        let told = notices(today: "2026-05-01", posted: posted)
        let remaining = cny("100.01").minor - min(cny(posted).minor, cny("100.01").minor)
        #expect(
            told == (percent.map { [.commitmentUsed(percent: $0, remaining: Money(minor: remaining, currency: .cny))] } ?? []))
    }

    @Test(arguments: [
        ("0.00", "50.00", nil as Int?), ("0.00", "50.01", 50), ("50.01", "80.00", nil), ("50.00", "80.01", 80),
        ("80.01", "100.01", 100),
        ("0.00", "900.00", 100), ("100.01", "900.00", nil), ("900.00", "60.00", nil),
    ])
    func `a posting passes a threshold once, the highest of several`(before: String, after: String, percent: Int?) {
        #expect(EnrollmentNotices.passed(from: cny(before), to: cny(after), commitment: cny("100.01")) == percent)
        #expect(EnrollmentNotices.passed(from: cny(before), to: cny(after), commitment: cny("0.00")) == nil)
    }

    @Test(arguments: [
        ("2026-10-01T00:00:00Z", "2026-11-01T16:00:00Z" as String?, nil as Int?),
        ("2026-11-01T15:59:59Z", "2026-11-01T16:00:00Z", nil), ("2026-11-01T16:00:00Z", "2026-12-01T16:00:00Z", 60),
        ("2026-12-01T16:00:00Z", nil, 30), ("2026-12-31T15:59:59Z", nil, 30), ("2026-12-31T16:00:00Z", nil, nil),
    ])
    func `letters about the end of a term come by civil days of the zone`(now: String, next: String?, due: Int?) {
        let (at, end) = (Instant(rfc3339: now)!, CivilDate(iso: "2027-01-01")!)
        let zone = TimeZoneRule(identifier: "Asia/Shanghai")!
        #expect(EnrollmentNotices.nextTermLetter(after: at, endsOn: end, in: zone) == next.map { Instant(rfc3339: $0)! })
        #expect(EnrollmentNotices.dueTermLetter(at: at, endsOn: end, in: zone) == due)
    }

    @Test func `a department is over its quota beyond the last cent, and one without a quota never`() {
        let told = notices(
            today: "2026-05-01", posted: "0.00",
            [
                DepartmentSpend(id: id(1), quota: cny("10.00"), spent: cny("10.00")),
                DepartmentSpend(id: id(2), quota: cny("10.00"), spent: cny("10.01")),
                DepartmentSpend(id: id(3), quota: nil, spent: cny("999.00")),
                DepartmentSpend(id: id(4), quota: cny("0.00"), spent: cny("0.00")),
            ])
        #expect(told == [.departmentOverQuota(id(2), over: cny("0.01"))])
    }

    @Test func `no commitment, no share of it`() {
        let told = EnrollmentNotices.notices(
            today: CivilDate(iso: "2026-05-01")!, endsOn: CivilDate(iso: "2027-01-01")!, commitment: cny("0.00"),
            posted: cny("5.00"), departments: [])
        #expect(told == [])
    }

    @Test(arguments: [
        ("2026-01-01", "12000.00"), ("2026-12-31", "32.88"), ("2027-01-01", "0.00"), ("2027-03-01", "0.00"),
    ])
    func `an estimate runs to the term's end by the day`(today: String, added: String) throws {
        let effect = try QuotaEffect(
            quota: cny("20000.00"), spent: cny("1000.00"), lastMonth: cny("0.00"), monthly: cny("1000.00"),
            today: CivilDate(iso: today)!, endsOn: CivilDate(iso: "2027-01-01")!)
        #expect(effect.added == cny(added) && effect.remaining == cny("19000.00"))
        #expect(effect.remainingWith?.minor == cny("19000.00").minor - cny(added).minor)
    }

    @Test func `the other subscriptions go on at last month's rate, and below nothing is shown as below nothing`() throws {
        let effect = try QuotaEffect(
            quota: cny("100.00"), spent: cny("150.00"), lastMonth: cny("365.00"), monthly: cny("0.00"),
            today: CivilDate(iso: "2026-12-31")!, endsOn: CivilDate(iso: "2027-01-01")!)
        #expect(effect.expected == cny("12.00"))
        #expect(effect.remaining == cny("-50.00") && effect.remainingWithout == cny("-62.00"))
        #expect(effect.remainingWith == effect.remainingWithout)
        let none = try QuotaEffect(
            quota: nil, spent: cny("1.00"), lastMonth: cny("1.00"), monthly: cny("1.00"), today: CivilDate(iso: "2026-05-01")!,
            endsOn: CivilDate(iso: "2027-01-01")!)
        #expect(none.remaining == nil && none.remainingWith == nil)
    }

    @Test func `an estimate too large for money is refused`() {
        let huge = Money(minor: .max, currency: .cny)
        #expect(throws: MoneyError.overflow) {
            try QuotaEffect(
                quota: nil, spent: cny("1.00"), lastMonth: huge, monthly: huge, today: CivilDate(iso: "2026-05-01")!,
                endsOn: CivilDate(iso: "2027-05-01")!)
        }
    }
}
