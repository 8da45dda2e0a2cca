import Foundation
import Testing
import Values

@Suite struct CodingTests {
    private struct Everything: Codable, Equatable {
        let id: SubscriptionID
        let at: Instant
        let on: CivilDate
        let month: CivilMonth
        let quantity: Quantity
        let price: Money
    }

    private let text = """
        {"at":"2026-11-20T21:28:00.5Z","id":"sub_01h455vb4pex5vsknk084sn02q","month":"2026-11","on":"2026-11-20",\
        "price":{"amount":"1234.50","currency":"CNY"},"quantity":"0.00000015"}
        """

    @Test func `the wire forms read and write`() throws {
        let value = try JSONDecoder().decode(Everything.self, from: Data(text.utf8))
        #expect(value.price == cny("1234.50"))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        #expect(String(decoding: try encoder.encode(value), as: UTF8.self) == text)
    }

    @Test(arguments: [
        ("1234.50", "1234.505"), ("\"1234.50\"", "1234.5"), ("CNY", "cny"), ("sub_", "acc_"), ("2026-11-20T", "2026-11-31T"),
        ("0.00000015", "1.5E-07"),
    ])
    func `a bad wire form is refused`(part: String, instead: String) {
        let broken = text.replacingOccurrences(of: part, with: instead)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Everything.self, from: Data(broken.utf8)) }
    }
}
