import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

@testable import App

@Suite struct `An agreement's usage` {
    @Test func `tells how the commitment ends at the present pace, and gives the agreement's usage as files`() async throws {
        let portal = try await EnterprisePortal()
        let (tenant, browser, ground) = (portal.tenant, portal.browser, portal.ground)
        let young = try await ground.balance()
        #expect(young["burn_rate"] == nil || young["burn_rate.per_day.amount"] != nil)
        try await tenant.use(ground.subscription, cost: "90.00", at: "2025-03-10T00:00:00Z")
        let second = try await tenant.enterpriseAccount(ground.enrollment)
        let other = try await tenant.post(
            "/v1/subscriptions", ["account_id": "\(second)", "offer": "enterprise", "name": "=Depot"]
        ).expect(201).id
        try await tenant.use(other, cost: "1.005", at: "2025-03-10T00:00:00Z")
        try await tenant.advance(to: "2025-03-20T00:00:00Z")
        let balance = try await ground.balance()
        #expect(balance["burn_rate.cost.amount"] == balance["posted.amount"] && balance["posted.amount"] == "91.01")
        let kind = balance["commitment_end.kind"] ?? ""
        #expect(["runs_out", "outlasts_term"].contains(kind), "\(kind)")
        #expect(balance["commitment_end.at"] != nil)
        for (language, title) in [("en", "At this rate"), ("zh-Hans", "按当前速度")] {
            let page = try await browser.get("\(portal.base)?lang=\(language)").expect(200).text
            #expect(page.contains(title) && page.contains("\(portal.base)/usage\""))
            let usage = try await browser.get("\(portal.base)/usage?lang=\(language)").expect(200).text
            #expect(
                usage.contains("2025-03") && usage.contains("91.01") && usage.contains("\(portal.base)/usage.csv?month=2025-03"))
        }
        let file = try await browser.get("\(portal.base)/usage.csv?month=2025-03&header=machine").expect(200)
        #expect(file.header("content-disposition")?.contains("usage_\(ground.enrollment)_2025-03") == true)
        let api = "/v1/enrollments/\(ground.enrollment)"
        let rows = try await tenant.download("\(api)/usage.csv?month=2025-03").components(separatedBy: "\r\n")
        #expect(rows[0].hasPrefix("account_id,account,subscription_id,subscription,record_id,occurred_at,product,meter,"))
        #expect(rows.count == 4 && rows.contains { $0.contains(",\(ground.subscription),Till,") && $0.contains(",90,CNY") })
        #expect(rows.contains { $0.hasPrefix("\(second),") && $0.contains(",\(other),'=Depot,") && $0.contains(",1.005,CNY") })
        let json = try await tenant.download("\(api)/usage.json?month=2025-03")
        #expect(json.contains("\"account_id\":\"\(second)\"") && json.components(separatedBy: "\n").count == 5, "\(json)")
        let focus = try await tenant.download("\(api)/focus.csv?month=2025-03")
        #expect(focus.components(separatedBy: ",\(ground.enrollment),").count == 3 && focus.contains(",Enterprise agreement,"))
        try await browser.get("\(portal.base)/usage.csv?month=2025-13").expect(400)
        // Whoever has no part in it finds nothing, by either way.
        let stranger = try await tenant.accountKey(try await tenant.account("Next door"))
        try await tenant.get("/v1/enrollments/\(ground.enrollment)/usage.csv", as: stranger).expect(404)
        let elsewhere = try await TestBursar.shared.tenant("elsewhere")
        try await elsewhere.get("/v1/enrollments/\(ground.enrollment)/usage.json").expect(404)
        try await tenant.invariants()
    }

    @Test func `is one statement for however many subscriptions, and adds up to their own files`() async throws {
        let bursar = try await TestBursar()
        let tenant = try await bursar.tenant(clock: "2025-03-10T00:00:00Z")
        let enrollment = try await tenant.enrollment()
        var subscriptions: [String] = []
        let accounts = [try await tenant.enterpriseAccount(enrollment), try await tenant.enterpriseAccount(enrollment)]
        for number in 0..<10 {
            let id = try await tenant.order("enterprise", for: accounts[number % 2], name: "Number \(number)").expect(201).id
            subscriptions.append(id)
            try tenant.activated(id, at: "2025-03-07T00:00:00Z")
            // Some have used nothing, some several times, and not in the order of time.
            for use in 0..<(number % 4) {
                try await tenant.use(id, cost: "\(number).\(use)05", at: "2025-03-\(["09", "07", "08"][use])T00:00:00Z")
            }
        }
        func statements() async -> Int {
            await bursar.instance.loop.run { bursar.instance.dependencies.database.reports.counters.units }
        }
        /// The lines behind the heading, each from its subscription on.
        func records(_ path: String) async throws -> [Substring] {
            let file = try await tenant.download("/v1/\(path)/usage.csv?month=2025-03")
            return file.components(separatedBy: "\r\n").dropFirst().compactMap { line in
                line.firstRange(of: "use_").map { line[$0.lowerBound...] }
            }
        }
        var (apart, byAccount): ([Substring], [[Substring]]) = ([], [])
        for account in accounts {
            let before = await statements()
            let file = try await records("accounts/\(account)")
            #expect(await statements() == before + 1)
            var own: [Substring] = []
            for (number, id) in subscriptions.enumerated() where accounts[number % 2] == account {
                own += try await records("subscriptions/\(id)")
            }
            #expect(file == own && !file.isEmpty)
            apart += own
            byAccount.append(own)
        }
        for format in ["usage.json", "focus.csv"] {
            let before = await statements()
            let file = try await tenant.download("/v1/enrollments/\(enrollment)/\(format)?month=2025-03")
            #expect(await statements() == before + 1)
            let lines = file.split(whereSeparator: \.isNewline).count
            #expect(lines == apart.count + (format == "usage.json" ? 2 : 1), "\(file)")
        }
        let before = await statements()
        let together = try await records("enrollments/\(enrollment)")
        #expect(await statements() == before + 1)
        #expect(together.count == apart.count && Set(together) == Set(apart))
        // Account by account, in their own files' order: the older subscription first, and each one's records by time.
        #expect(together == byAccount[0] + byAccount[1] || together == byAccount[1] + byAccount[0])
        try await expectNoSort(enrollment, tenant)
        await bursar.close()
    }

    /// The members' order is asked for, their records come out of the index in theirs, and nothing is sorted, however many there are.
    private func expectNoSort(_ enrollment: String, _ tenant: TestTenant) async throws {
        let (bursar, context) = (tenant.bursar, tenant.context)
        let id = try #require(EnrollmentID(enrollment))
        let localisation = bursar.app.localisation
        let download = try await bursar.instance.loop.run {
            try await UsageDownload.of(id, UsageDownload.Style(.csv), localisation: localisation, context) { now, zone in
                try UsageSpan(from: nil, to: nil, at: now, in: zone)
            }
        }
        #expect(download.query.text.hasSuffix("order by m.position"))
        let superuser = try bursar.database.superuser()
        let used = "tenant_id, product, meter, resource, bill_month, quantity, unit, cost, currency"
        try superuser.run(
            """
            set session_replication_role = replica;
            insert into usage_records (id, occurred_at, subscription_id, \(used)) select gen_random_uuid(), r.occurred_at + n * interval '1 second', \
            r.subscription_id, \(used) from (select * from usage_records limit 1) r, generate_series(1, 50000) n;
            analyze usage_records;
            """)
        let plans = try AdminSession(url: bursar.database.appURL)
        try plans.run("begin; set local app.tenant_id = '\(tenant.id.uuid.uuidString)'")
        let plan = try plans.query("explain \(download.query)").map { try $0.get(0, as: String.self) }.joined(separator: "\n")
        #expect(plan.contains("Nested Loop") && plan.contains("usage_records_time") && !plan.contains("Sort"), "\(plan)")
    }
}
