import FoundationEssentials
import Postgres
import Testing

/// Sends the value, has the server show it as text, and reads it back.
private func roundTrip<T: PostgresCodable & Equatable & Sendable>(
    _ value: T, shown: String?, _ location: SourceLocation = #_sourceLocation
)
    async throws
{
    try await withPools(reads: 1) { pools in
        let rows = try await pools.reads.read(scope: nil, "select x, x::text from (select \(value) as x) t")
        let (back, text) = try rows[0].decode(T.self, String?.self)
        #expect(back == value, sourceLocation: location)
        #expect(text == shown, sourceLocation: location)
    }
}

private func numeric(_ text: String) throws -> PostgresNumeric { try #require(PostgresNumeric(text)) }

@Suite struct CodecTests {
    @Test func `scalars go there and back`() async throws {
        try await roundTrip(true, shown: "true")
        try await roundTrip(false, shown: "false")
        try await roundTrip(Int16.min, shown: "-32768")
        try await roundTrip(Int32.max, shown: "2147483647")
        try await roundTrip(Int64.min, shown: "-9223372036854775808")
        try await roundTrip(42, shown: "42")
        try await roundTrip("", shown: "")
        try await roundTrip("Grüße, 世界 👋 'quoted' \\ $1", shown: "Grüße, 世界 👋 'quoted' \\ $1")
        try await roundTrip([0, 1, 254, 255] as [UInt8], shown: "\\x0001feff")
        try await roundTrip([] as [UInt8], shown: "\\x")
        try await roundTrip(PostgresJSON(#"{"a": [1, "é"]}"#), shown: #"{"a": [1, "é"]}"#)
        let id = try #require(UUID(uuidString: "018f2b1c-7b7a-7000-8000-0123456789ab"))
        try await roundTrip(id, shown: "018f2b1c-7b7a-7000-8000-0123456789ab")
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01 00:00:00+00"), (946_684_800_000_000, "2000-01-01 00:00:00+00"),
        (-1, "1969-12-31 23:59:59.999999+00"), (1_709_209_845_123_456, "2024-02-29 12:30:45.123456+00"),
        (-210_866_803_200_000_000, "4714-11-24 00:00:00+00 BC"), (253_402_300_799_999_999, "9999-12-31 23:59:59.999999+00"),
        (.max, "294247-01-10 04:00:54.775807+00"),
    ])
    func `instants go there and back`(microseconds: Int64, shown: String) async throws {
        try await roundTrip(PostgresTimestamp(microseconds: microseconds), shown: shown)
    }

    @Test(arguments: [
        (Int32(0), "1970-01-01"), (10_957, "2000-01-01"), (-1, "1969-12-31"), (19_782, "2024-02-29"), (2_932_896, "9999-12-31"),
    ])
    func `days go there and back`(days: Int32, shown: String) async throws {
        try await roundTrip(PostgresDate(days: days), shown: shown)
    }

    @Test func `an instant beyond the server's range is refused, never taken for infinity`() async throws {
        for microseconds in [Int64.min, Int64.min + 946_684_800_000_000, -210_866_803_200_000_001] as [Int64] {
            let error = await #expect(throws: PostgresError.self) {
                try await roundTrip(PostgresTimestamp(microseconds: microseconds), shown: nil)
            }
            #expect(error?.sqlState == "22008")
        }
    }

    @Test(arguments: ["'infinity'::timestamptz", "'-infinity'::timestamptz"])
    func `an infinite instant cannot be read`(text: String) async throws {
        let error = await #expect(throws: PostgresDecodingError.self) {
            try await value("select \(unsafeSQL: text)", as: PostgresTimestamp.self)
        }
        #expect(error?.problem as? PostgresDecodingProblem == .outOfRange)
    }

    @Test(arguments: [
        "0", "1", "-1", "10", "9999", "10000", "10001", "100000000", "123456789012345678901234567890", "0.1", "-0.1", "0.0001",
        "0.00001", "0.000000001", "1.5", "12345.6789", "-99999999.99999999", "1000000000000.0000000000001", "0.30",
        "3.14159265358979323846264338327950288419716939937510",
    ])
    func `numbers go there and back exactly`(text: String) async throws {
        let number = try numeric(text)
        try await roundTrip(number, shown: number.text)
    }

    @Test func `numbers of the greatest length go there and back`() async throws {
        let long = "9" + String(repeating: "8", count: 131_071) + "." + String(repeating: "7", count: 16_382) + "1"
        let number = try numeric(long)
        try await roundTrip(number, shown: long)
        #expect(PostgresNumeric("1" + long) == nil)
        #expect(PostgresNumeric(long + "1") == nil)
        let small = "-0." + String(repeating: "0", count: 16_382) + "1"
        try await roundTrip(try numeric(small), shown: small)
    }

    @Test(arguments: [
        ("12345::numeric(5, -2)", "12300"), ("1.50::numeric(12, 4)", "1.5"), ("1e20::numeric", "100000000000000000000"),
        ("1e-20::numeric", "0.00000000000000000001"), ("0.0000::numeric", "0"), ("-0.00::numeric", "0"),
        ("10000.0::numeric", "10000"),
    ])
    func `the server's numbers are read in canonical form`(text: String, canonical: String) async throws {
        #expect(try await value("select \(unsafeSQL: text)", as: PostgresNumeric.self).text == canonical)
    }

    @Test(arguments: ["NaN", "Infinity", "-Infinity"])
    func `what is no number cannot be read as one`(text: String) async throws {
        let error = await #expect(throws: PostgresDecodingError.self) {
            try await value("select \(text)::numeric", as: PostgresNumeric.self)
        }
        #expect(error?.problem as? PostgresDecodingProblem == .outOfRange)
    }

    @Test(
        arguments: [
            ("+1", "1"), ("007.500", "7.5"), ("-0", "0"), ("-0.0", "0"), ("1.", nil), (".5", nil), ("", nil), ("-", nil),
            ("1e3", nil),
            ("NaN", nil), (" 1", nil), ("1 ", nil), ("1.2.3", nil), ("١", nil), ("--1", nil),
        ] as [(String, String?)])
    func `the text of a number has one form`(text: String, canonical: String?) {
        #expect(PostgresNumeric(text)?.text == canonical)
    }

    @Test(arguments: [
        (Int128(12345), 2, "123.45"), (-5, 3, "-0.005"), (7, -3, "7000"), (0, 5, "0"), (1500, 3, "1.5"),
        (Int128.min, 0, "-170141183460469231731687303715884105728"), (Int128.max, 38, "1.70141183460469231731687303715884105727"),
    ])
    func `a coefficient with a scale is a number and back`(coefficient: Int128, scale: Int, text: String) throws {
        let number = PostgresNumeric(coefficient: coefficient, scale: scale)
        #expect(number.text == text)
        let (back, backScale) = try #require(number.coefficientAndScale)
        #expect(PostgresNumeric(coefficient: back, scale: backScale) == number)
    }

    @Test func `a coefficient beyond 128 bits is nil`() throws {
        #expect(try numeric("170141183460469231731687303715884105728").coefficientAndScale == nil)
    }

    @Test func `NULL is an optional's nil and an error elsewhere`() async throws {
        try await roundTrip(nil as String?, shown: nil)
        try await roundTrip(nil as PostgresNumeric?, shown: nil)
        try await roundTrip("a" as String?, shown: "a")
        let error = await #expect(throws: PostgresDecodingError.self) {
            try await value("select null::int8 as gone", as: Int64.self)
        }
        #expect(error?.problem as? PostgresDecodingProblem == .unexpectedNull)
        #expect(error?.column == "gone")
    }

    @Test func `arrays go there and back, with NULLs and empty`() async throws {
        try await roundTrip([true, false], shown: "{t,f}")
        try await roundTrip([1, -2] as [Int16], shown: "{1,-2}")
        try await roundTrip([1, -2] as [Int32], shown: "{1,-2}")
        try await roundTrip([1, nil, Int64.max], shown: "{1,NULL,9223372036854775807}")
        try await roundTrip([] as [Int64], shown: "{}")
        try await roundTrip([1, 2, 3], shown: "{1,2,3}")
        try await roundTrip(["a", "", nil, "b,\"c\""], shown: #"{a,"",NULL,"b,\"c\""}"#)
        try await roundTrip([try numeric("1.5"), nil, try numeric("-20000")], shown: "{1.5,NULL,-20000}")
        try await roundTrip([[1, 2], [], [255]] as [[UInt8]], shown: #"{"\\x0102","\\x","\\xff"}"#)
        try await roundTrip([PostgresDate(days: 0), nil], shown: "{1970-01-01,NULL}")
        try await roundTrip([PostgresTimestamp(microseconds: 0)], shown: #"{"1970-01-01 00:00:00+00"}"#)
        try await roundTrip([PostgresJSON("1"), nil], shown: "{1,NULL}")
        let (first, second) = (UUID(), UUID())
        let shown = "{\(first.uuidString.lowercased()),NULL,\(second.uuidString.lowercased())}"
        try await roundTrip([first, nil, second] as [UUID?], shown: shown)
    }

    @Test func `a long array unnests`() async throws {
        let numbers = (0..<10_000).map(Int64.init)
        #expect(try await value("select sum(n)::int8 from unnest(\(numbers)) n", as: Int64.self) == 49_995_000)
    }

    @Test func `a wrong type names the column and shows no value`() async throws {
        let error = await #expect(throws: PostgresDecodingError.self) {
            try await value("select 'secret'::text as password", as: Int64.self)
        }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("password") && text.contains("Int64") && !text.contains("secret"))
        #expect(error?.problem as? PostgresDecodingProblem == .unexpectedType)
    }

    @Test func `narrower integers are read into wider ones, not the other way`() async throws {
        #expect(try await value("select 7::int2", as: Int64.self) == 7)
        #expect(try await value("select 7::int4", as: Int.self) == 7)
        await #expect(throws: PostgresDecodingError.self) { try await value("select 7::int8", as: Int32.self) }
    }

    @Test func `a column that is not there is an error by position and by name`() async throws {
        try await withPools(reads: 1) { pools in
            let row = try await pools.reads.read(scope: nil, "select 1 as a")[0]
            #expect(throws: PostgresDecodingError.self) { try row.get(1, as: Int32.self) }
            #expect(throws: PostgresDecodingError.self) { try row.get("A", as: Int32.self) }
            let byName: Int32 = try row["a"]
            #expect(byName == 1)
        }
    }
}
