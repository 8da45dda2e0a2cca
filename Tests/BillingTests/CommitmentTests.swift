import Billing
import Testing
import Values

@Suite struct CommitmentTests {
    private func settle(_ costs: [String], before: String = "0", commitment: String = "100") throws(SettlementError)
        -> CommitmentSettlement
    {
        let records = costs.enumerated().map { record(UInt64($0), at: start.adding(seconds: Int64($0)), $1) }
        return try CommitmentDraw.settle(records, totals: [:], enrollmentPosted: cny(before), commitment: cny(commitment))
    }

    @Test(arguments: [
        (["30"], "0", "30", "0"), (["30"], "80", "20", "10"), (["30"], "100", "0", "30"), (["30"], "100.01", "0", "30"),
        (["-30"], "110", "-20", "-10"),
        (["-30"], "140", "0", "-30"), (["-30"], "20", "-30", "0"), (["0.004", "0.004"], "99.99", "0.01", "0"),
        (["150", "-60"], "0", "90", "0"),
    ])
    func `the commitment pays first, then the overage`(costs: [String], before: String, commitment: String, overage: String)
        throws
    {
        let result = try settle(costs, before: before)
        #expect(result.commitment == cny(commitment) && result.overage == cny(overage))
        #expect(result.commitment.minor + result.overage.minor == result.posted.minor)
        #expect(result.enrollmentPosted.minor == cny(before).minor + result.posted.minor)
    }

    @Test(arguments: 0..<200)
    func `subscriptions settle in any order with one result`(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let batches = (0..<6).map { _ in
            (0..<4).map { _ in "\(Int.random(in: -20...60, using: &random)).\(Int.random(in: 10...99, using: &random))" }
        }
        func run(_ order: [[String]]) throws -> (Int64, Int64) {
            var (posted, commitment, overage) = (cny("0"), Int64(0), Int64(0))
            for batch in order {
                let part = try settle(batch, before: posted.decimalString)
                posted = part.enrollmentPosted
                commitment += part.commitment.minor
                overage += part.overage.minor
            }
            #expect(commitment == min(posted.minor, 10_000) && overage == max(0, posted.minor - 10_000), "seed \(seed)")
            return (commitment, overage)
        }
        let (first, second) = (try run(batches), try run(batches.shuffled(using: &random)))
        #expect(first == second, "seed \(seed)")
    }

    @Test func `a sum that does not fit is an error`() {
        #expect(throws: SettlementError.overflow) { try settle(["90000000000000000"], before: "90000000000000000") }
        #expect(throws: SettlementError.currencyMismatch) {
            try CommitmentDraw.settle([], totals: [:], enrollmentPosted: cny("0"), commitment: .zero(.usd))
        }
    }
}
