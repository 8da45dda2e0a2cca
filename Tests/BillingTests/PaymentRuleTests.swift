import Billing
import Testing
import Values

@Suite struct `A payment reference` {
    @Test func `is the standard's own, with its check digits`() throws {
        // ISO 11649's published example has letters in its body; ours is digits, computed by hand: 000000000001 2715 00 mod 97.
        let one = PaymentReference(number: 1)
        #expect(one.text.hasPrefix("RF") && one.text.utf8.count == 16)
        #expect(PaymentReference(one.text) == one)
        #expect(PaymentReference(one.grouped.lowercased()) == one)
        #expect(one.grouped.split(separator: " ").map(\.utf8.count) == [4, 4, 4, 4])
        #expect(PaymentReference(number: PaymentReference.limit + 1) == one)
    }

    @Test func `is found in whatever a bank hands on`() {
        let reference = PaymentReference(number: 539_007_547_034)
        for text in [
            reference.text, reference.grouped, "pay \(reference.text) thanks", "附言:\(reference.grouped)，谢谢",
            "RF RF18 \(reference.text)9",
            reference.text.lowercased(), "/\(reference.text.prefix(6))-\(reference.text.dropFirst(6))/",
        ] {
            #expect(PaymentReference.find(in: text) == reference, "\(text)")
        }
        #expect(PaymentReference.find(in: "") == nil)
        #expect(PaymentReference.find(in: "RF") == nil)
        #expect(PaymentReference.find(in: String(reference.text.dropLast())) == nil)
    }

    @Test func `with one wrong digit or two neighbours swapped is none`() {
        for number: UInt64 in [0, 1, 97, 123_456_789_012, 999_999_999_999, 539_007_547_034] {
            let text = Array(PaymentReference(number: number).text)
            for place in 2..<text.count {
                for digit in "0123456789" where digit != text[place] {
                    var wrong = text
                    wrong[place] = digit
                    #expect(PaymentReference.find(in: String(wrong)) == nil, "\(String(wrong))")
                }
                guard place + 1 < text.count, text[place] != text[place + 1] else { continue }
                var swapped = text
                swapped.swapAt(place, place + 1)
                #expect(PaymentReference.find(in: String(swapped)) == nil, "\(String(swapped))")
            }
        }
    }
}

@Suite struct `Money that has arrived` {
    private let cny = Currency.cny
    private func money(_ minor: Int64) -> Money { Money(minor: minor, currency: cny) }
    private let now = Instant(secondsSinceEpoch: 1_000_000)

    private func allocate(
        _ amount: Int64, asked: Int64, received: Int64 = 0, _ status: PaymentStatus = .pending, expires seconds: Int64 = 60
    ) throws(RemittanceRefusal) -> RemittanceAllocation {
        try AllocateRemittance.allocate(
            money(amount), asked: money(asked), received: money(received), status: status,
            expiresAt: now.adding(seconds: seconds), at: now)
    }

    @Test(
        arguments: [
            // amount, asked, received before → taken, missing, surplus
            (100, 100, 0, 100, 0, 0), (99, 100, 0, 99, 1, 0), (1, 100, 99, 1, 0, 0), (101, 100, 0, 100, 0, 1),
            (60, 100, 40, 60, 0, 0),
            (61, 100, 40, 60, 0, 1), (59, 100, 40, 59, 1, 0), (Int64.max, 1, 0, 1, 0, Int64.max - 1),
            (1, Int64.max, 0, 1, Int64.max - 1, 0),
        ] as [(Int64, Int64, Int64, Int64, Int64, Int64)])
    func `pays exactly, in part, or more than asked for, and not a unit is lost`(
        amount: Int64, asked: Int64, received: Int64, taken: Int64, missing: Int64, surplus: Int64
    ) throws {
        let outcome = try allocate(amount, asked: asked, received: received)
        #expect(outcome.taken.minor == taken && outcome.missing.minor == missing && outcome.surplus.minor == surplus)
        #expect(outcome.taken.minor + outcome.surplus.minor == amount)
        #expect(received + outcome.taken.minor + outcome.missing.minor == asked)
        #expect(outcome.completes == (missing == 0))
        #expect(!outcome.isLate)
    }

    @Test func `is late from the instant of the expiry on, and still pays`() throws {
        #expect(try !allocate(1, asked: 1, expires: 1).isLate)
        #expect(try allocate(1, asked: 1, expires: 0).isLate)
        #expect(try allocate(1, asked: 1, .expired, expires: -1).isLate)
        #expect(try allocate(1, asked: 2, .expired, expires: -1).missing == money(1))
    }

    @Test func `goes to nothing that is paid, declined, given up or not yet asked for`() {
        for status in PaymentStatus.allCases where status != .pending && status != .expired {
            #expect(throws: RemittanceRefusal.paymentNotWaiting) { try allocate(1, asked: 1, status) }
        }
        #expect(throws: RemittanceRefusal.paymentNotWaiting) { try allocate(1, asked: 1, received: 1) }
        #expect(throws: RemittanceRefusal.remittanceSpent) { try allocate(0, asked: 1) }
        #expect(throws: RemittanceRefusal.remittanceCurrency) {
            try AllocateRemittance.allocate(
                Money(minor: 1, currency: .usd), asked: money(1), received: money(0), status: .pending, expiresAt: nil, at: now)
        }
    }
}
