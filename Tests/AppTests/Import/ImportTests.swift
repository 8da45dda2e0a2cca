import Billing
import Loop
import Postgres
import TestSupport
import Testing
import Values

@testable import App

@Suite("Importing real files")
struct ImportTests {
    struct Control: Sendable, CustomTestStringConvertible {
        let file: String
        let format: ImportFormat
        let rows: Int
        let total: String
        let currency: String
        let subscriptions: Int64
        let accounts: Int64
        var testDescription: String { file }
    }

    static let controls = [
        Control(
            file: "focus_1.0_sample_1000.csv", format: .focus, rows: 1_000, total: "20.52022672899", currency: "USD",
            subscriptions: 73, accounts: 3),
        Control(
            file: "spec_saas_spend_agreements_a1.csv", format: .focus, rows: 4, total: "1200", currency: "USD", subscriptions: 1,
            accounts: 1),
        Control(
            file: "spec_saas_spend_agreements_a2.csv", format: .focus, rows: 13, total: "1200", currency: "USD", subscriptions: 1,
            accounts: 1),
        Control(
            file: "EA_ActualCost_Small.csv", format: .azureEA, rows: 11, total: "8.5450077867419368", currency: "USD",
            subscriptions: 4, accounts: 1),
        Control(
            file: "azure_ea_export_anonymous.csv", format: .azureEA, rows: 27, total: "1.26136926505726", currency: "CAD",
            subscriptions: 18, accounts: 1),
    ]

    @Test(arguments: controls)
    func `a real file is stored to the last decimal, and a second time not at all`(_ control: Control) async throws {
        let slug = "real-" + control.file.filter { $0.isLetter || $0.isNumber }.lowercased()
        let bench = try await ImportBench.tenant(slug)
        let path = try ImportBench.dataFile(control.file)
        let report = try await bench.importing(path, control.format)
        let total = try #require(ExactDecimal(control.total))
        #expect(report.rows == control.rows && report.stored == control.rows && report.duplicate == 0 && report.rejected.isEmpty)
        #expect(report.totals.map(\.currency.code) == [control.currency] && report.totals.map(\.amount) == [total])
        #expect(report.text.contains("total\t\(control.total)\t\(control.currency)\n"))
        #expect(try await bench.recordedCost() == total)
        #expect(
            try await bench.number("select count(*) from usage_records where tenant_id = \(bench.context.tenant.id)")
                == Int64(control.rows))
        #expect(
            try await bench.number(
                "select count(*) from usage_records where tenant_id = \(bench.context.tenant.id) and settlement_id is null") == 0)
        #expect(
            try await bench.number("select count(*) from subscriptions where tenant_id = \(bench.context.tenant.id)")
                == control.subscriptions)
        #expect(
            try await bench.number("select count(*) from accounts where tenant_id = \(bench.context.tenant.id)")
                == control.accounts)
        let lines: ExactDecimal = try await bench.rows(
            "select sum(exact_amount) from bill_lines where tenant_id = \(bench.context.tenant.id)")[0].get(0)
        #expect(lines == total)

        let before = try bench.tenant.fingerprint()
        let again = try await bench.importing(path, control.format)
        #expect(again.rows == control.rows && again.stored == 0 && again.duplicate == control.rows && again.rejected.isEmpty)
        #expect(again.totals.map(\.amount) == [total])
        #expect(try bench.tenant.fingerprint() == before)
        try await bench.tenant.invariants()
    }

    @Test func `the rows of the focus sample belong to their providers' accounts`() async throws {
        let bench = try await ImportBench.tenant("providers")
        _ = try await bench.importing(try ImportBench.dataFile("focus_1.0_sample_1000.csv"), .focus)
        let rows = try await bench.rows(
            """
            select a.external_number, sum(r.cost), count(*) from usage_records r join subscriptions s on s.tenant_id = r.tenant_id and s.id = r.subscription_id \
            join accounts a on a.tenant_id = s.tenant_id and a.id = s.account_id where r.tenant_id = \(bench.context.tenant.id) group by 1 order by 3 desc
            """)
        let found = try rows.map { row in (try row.get(0, as: String.self), try row.get(1, as: ExactDecimal.self).description) }
        #expect(found.map(\.0) == ["1234567890123", "/providers/Microsoft.Billing/billingAccounts/8611537", "20209880"])
        #expect(found.map(\.1) == ["18.0066386184", "1.97651418586", "0.53707392473"])
        let negative = try await bench.number(
            "select count(*) from usage_records where tenant_id = \(bench.context.tenant.id) and cost < 0")
        #expect(negative == 13)
        let named = try await bench.number(
            "select count(*) from usage_records where tenant_id = \(bench.context.tenant.id) and (meter like 'Adjustment: %' or meter like 'Credit: %')"
        )
        #expect(named == 3)
    }

    @Test func `an agreement that is there pays from its commitment, an owner who is there administers`() async throws {
        let bench = try await ImportBench.tenant("commitment")
        let context = bench.context
        let starts = try #require(CivilDate(year: 2023, month: 7, day: 1))
        _ = try await bench.instance.loop.run {
            try await CreateEnrollment(
                number: "8611537", name: "Trey", commitment: Money(minor: 500, currency: .usd), startsOn: starts,
                endsOn: starts.adding(months: 12)
            ).run(context, CommandOptions())
        }
        _ = try await bench.importing(try ImportBench.dataFile("EA_ActualCost_Small.csv"), .azureEA)
        let row = try await bench.rows(
            "select commitment_minor, posted_minor from enrollments where tenant_id = \(context.tenant.id)")[0]
        let posted: Int64 = try row.get(1)
        #expect(try row.get(0, as: Int64.self) == 500 && posted > 500)
        let overage = try await bench.number(
            "select balance_minor from ledger_accounts where tenant_id = \(context.tenant.id) and kind = 'overage_receivable'")
        #expect(overage == 500 - posted)
        let administrator: String = try await bench.rows(
            "select u.email from accounts a join users u on u.tenant_id = a.tenant_id and u.id = a.administrator_id where a.tenant_id = \(context.tenant.id)"
        )[0]
        .get(0)
        #expect(administrator == "acm@testea.onmicrosoft.com")
        try await bench.tenant.invariants()
    }

    @Test func `what has no sub-account goes to a subscription named after the billing account`() async throws {
        let bench = try await ImportBench.tenant("unnamed")
        let path = try ImportBench.file(
            Sample.focus([Sample.focusRow(sub: ""), Sample.focusRow(sub: "NULL", resource: "NULL"), Sample.focusRow(sub: "S-9")]))
        let report = try await bench.importing(path, .focus)
        #expect(report.stored == 3 && report.madeSubscriptions == 2)
        let names: [String] = try await bench.rows(
            "select name from subscriptions where tenant_id = \(bench.context.tenant.id) order by name"
        ).map {
            try $0.get(0)
        }
        #expect(names == ["Acme", "Team"])
        #expect(
            try await bench.number(
                "select count(*) from usage_records where tenant_id = \(bench.context.tenant.id) and resource is null") == 1)
    }

    @Test func `the file's day is the account's day, and an offset is believed`() async throws {
        let bench = try await ImportBench.tenant("days")
        let rows = [
            Sample.focusRow(time: "2024-09-30 23:30:00"), Sample.focusRow(time: "2024-09-30T23:30:00Z"),
            Sample.focusRow(time: "9/30/24"),
            Sample.focusRow(time: "09/30/2024"),
        ]
        _ = try await bench.importing(try ImportBench.file(Sample.focus(rows)), .focus)
        let times = try await bench.rows(
            "select occurred_at, bill_month::text from usage_records where tenant_id = \(bench.context.tenant.id) order by occurred_at"
        ).map { row in "\(try row.get(0, as: Instant.self)) \(try row.get(1, as: String.self))" }
        #expect(
            times == [
                "2024-09-29T16:00:00Z 2024-09-01", "2024-09-29T16:00:00Z 2024-09-01", "2024-09-30T15:30:00Z 2024-09-01",
                "2024-09-30T23:30:00Z 2024-10-01",
            ])
    }

    @Test func `rows of the same content count as often as they are there`() async throws {
        let bench = try await ImportBench.tenant("twice")
        let three = Sample.focus([Sample.focusRow(), Sample.focusRow(), Sample.focusRow(cost: "2")])
        #expect(try await bench.importing(try ImportBench.file(three), .focus).stored == 3)
        #expect(try await bench.recordedCost() == ExactDecimal("4.5"))
        // The provider sends the month again with one more of the same: only that one is new.
        let four = Sample.focus([Sample.focusRow(), Sample.focusRow(cost: "2"), Sample.focusRow(), Sample.focusRow()])
        let report = try await bench.importing(try ImportBench.file(four), .focus)
        #expect(report.stored == 1 && report.duplicate == 3)
        #expect(try await bench.recordedCost() == ExactDecimal("5.75"))
    }

    @Test func `the same rows in another clothing are the same rows`() async throws {
        let bench = try await ImportBench.tenant("clothing")
        let plain = Sample.focus([Sample.focusRow(), Sample.focusRow(cost: "-0.5")])
        #expect(try await bench.importing(try ImportBench.file(plain), .focus).stored == 2)
        let lines = plain.split(separator: "\n").map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        // Columns backwards, everything quoted, CR LF, a byte-order mark, one more empty column, blank lines at the end.
        let turned = lines.enumerated().map { number, fields in
            (fields.reversed() + [number == 0 ? "x_New" : ""]).map { "\"\($0)\"" }.joined(separator: ",") + "\r\n"
        }
        let report = try await bench.importing(
            try ImportBench.file([0xEF, 0xBB, 0xBF] + Array((turned.joined() + "\r\n\r\n").utf8)), .focus)
        #expect(report.stored == 0 && report.duplicate == 2)
    }

    @Test func `a cancelled subscription rejects by line what came after, and takes what came before`() async throws {
        let bench = try await ImportBench.tenant("cancelled", clock: "2024-10-01T00:00:00Z")
        let context = bench.context
        _ = try await bench.importing(try ImportBench.file(Sample.focus([Sample.focusRow()])), .focus)
        let id: SubscriptionID = try await bench.rows("select id from subscriptions where tenant_id = \(context.tenant.id)")[0]
            .get(0)
        try await bench.instance.loop.run {
            _ = try await CancelSubscription(id: id).run(context, CommandOptions())
            _ = try await AdvanceTestClock(context)(to: Instant(secondsSinceEpoch: 1_733_000_000))
        }
        let rows = [
            Sample.focusRow(time: "2024-09-30 10:00:00"), Sample.focusRow(time: "2024-10-20 10:00:00"),
            Sample.focusRow(time: "2024-10-21 10:00:00"),
            Sample.focusRow(time: "2031-01-01 00:00:00", sub: "S-2"),
        ]
        let report = try await bench.importing(try ImportBench.file(Sample.focus(rows)), .focus)
        #expect(report.stored == 1 && report.rejected.map(\.line) == [3, 4, 5])
        #expect(report.rejected.map(\.code) == ["subscription_suspended", "subscription_suspended", "event_in_future"])
        #expect(report.text.contains("rejected\tlines 3–4\tsubscription_suspended\nrejected\tline 5\tevent_in_future\n"))
        #expect(report.totals.map(\.amount.description) == ["5"])
        try await bench.tenant.invariants()
    }
}
