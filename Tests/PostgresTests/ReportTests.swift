import FoundationEssentials
import Loop
import Postgres
import Testing

private struct Enough: Error {}

private func withReports<T: Sendable>(_ body: @escaping @Sendable (ReportPool) async throws -> T) async throws -> T {
    let options = try Database.options()
    return try await withPools { pools in
        let reports = ReportPool(loop: pools.loop, options: options)
        reports.start()
        defer { reports.close() }
        return try await body(reports)
    }
}

@Suite struct ReportTests {
    @Test func `rows come in batches, all of them, in order`() async throws {
        try await withReports { reports in
            var sizes: [Int] = []
            var sum: Int64 = 0
            try await reports.stream(scope: nil, "select n from generate_series(1, \(1_050)) n order by n", batchSize: 500) {
                rows in
                sizes.append(rows.count)
                for row in rows { sum += try row.get(0, as: Int64.self) }
            }
            #expect(sizes == [500, 500, 50])
            #expect(sum == 1_050 * 1_051 / 2)
        }
    }

    @Test func `a report sees its scope alone, from one instant, and cannot write`() async throws {
        try await withReports { reports in
            let error = await #expect(throws: PostgresError.self) {
                try await reports.stream(scope: UUID(), "select nextval('pg_toast.nothing')") { _ in }
            }
            #expect(error != nil)
            var settings: [String] = []
            let scope = UUID()
            try await reports.stream(
                scope: scope,
                "select current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('app.tenant_id')"
            ) { rows in
                settings = [try rows[0].get(0), try rows[0].get(1), try rows[0].get(2)]
            }
            #expect(settings == ["repeatable read", "on", scope.uuidString.lowercased()])
        }
    }

    @Test func `a handler that throws ends the report and leaves the session fit for the next`() async throws {
        try await withReports { reports in
            var batches = 0
            await #expect(throws: Enough.self) {
                try await reports.stream(scope: nil, "select n from generate_series(1, 1000000) n", batchSize: 10) { _ in
                    batches += 1
                    if batches == 3 { throw Enough() }
                }
            }
            #expect(batches == 3)
            var found = 0
            try await reports.stream(scope: nil, "select 1") { found += $0.count }
            #expect(found == 1)
            #expect(reports.counters.open == 1)
            #expect(reports.counters.inUse == 0)
        }
    }
}
