@testable import App
import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

/// A7, G6: usage as files.
@Suite struct `A usage file` {
    private func awkward() async throws -> UsageStory {
        let story = try await UsageStory()
        try await story.use(
            "1.234567", at: "2025-03-18T15:59:59.00025Z", product: "=cmd|' /C calc'!A0", resource: "虚拟机,\"一号\"\n第二行")
        try await story.use("2.5", at: "2025-03-19T02:00:00Z", product: "云服务器", meter: "-1+1", resource: "@SUM(A1)")
        return story
    }

    @Test func `in the portal opens in Chinese Excel: mark, CRLF, header in the language, no formula, the account's time`()
        async throws
    {
        let story = try await awkward()
        let browser = try await story.browser("reader")
        let file = try await browser.get(story.path("usage.csv?lang=zh-Hans")).expect(200)
        #expect(Array(file.body.prefix(3)) == [0xEF, 0xBB, 0xBF])
        #expect(file.headers["content-type"] == "text/csv; charset=utf-8")
        #expect(
            file.headers["content-disposition"]
                == "attachment; filename=\"usage_\(story.subscription)_2025-03-10_2025-03-20_zh-Hans.csv\"")
        let text = String(decoding: file.body.dropFirst(3), as: UTF8.self)
        let lines = text.components(separatedBy: "\r\n")
        #expect(lines.first == "用量编号,时间,产品,计量项,资源,数量,单位,费用,货币")
        #expect(lines.last == "")
        #expect(!text.replacing("\r\n", with: "").contains("\r"))
        #expect(
            lines[1].contains(
                ",2025-03-18T23:59:59.00025+08:00,'=cmd|' /C calc'!A0,cost,\"虚拟机,\"\"一号\"\"\n第二行\",1,hour,1.234567,CNY"))
        #expect(lines[2].contains(",2025-03-19T10:00:00+08:00,云服务器,'-1+1,'@SUM(A1),1,hour,2.5,CNY"))
        let both = try await browser.get(story.path("usage.csv?header=en,machine")).expect(200)
        let rows = String(decoding: both.body.dropFirst(3), as: UTF8.self).components(separatedBy: "\r\n")
        #expect(rows[0].hasPrefix("Record ID,Time") && rows[1].hasPrefix("record_id,occurred_at"))
    }

    @Test func `of the API has the machine's names and UTC, and a mark when asked`() async throws {
        let story = try await awkward()
        let path = "/v1/subscriptions/\(story.subscription)/usage.csv"
        let plain = try await story.tenant.get(path).expect(200)
        #expect(plain.text.hasPrefix("record_id,occurred_at,product,meter,resource,quantity,unit,cost,currency\r\n"))
        #expect(plain.text.contains(",2025-03-18T15:59:59.00025Z,"))
        #expect(Array(try await story.tenant.get("\(path)?bom=1").expect(200).body.prefix(3)) == [0xEF, 0xBB, 0xBF])
        #expect(try await story.tenant.get("\(path)?month=2025-03&header=zh-Hans").expect(200).text.hasPrefix("用量编号,"))
        try await story.tenant.get("\(path)?header=de").expect(400, "not_one_of")
        try await story.tenant.get("\(path)?month=2025-3").expect(400, "invalid_month")
        try await story.tenant.get("\(path)?month=2025-03&from=2025-03-01T00:00:00Z").expect(400, "range_twice")
        try await story.tenant.get("\(path)?from=2020-03-01T00:00:00Z").expect(400, "range_too_long")
    }

    @Test func `of a month or a day that cannot be is refused in words, on every page that gives one`() async throws {
        let story = try await awkward()
        let browser = try await story.browser("reader")
        let files = ["usage.csv", "usage.json", "focus.csv"].flatMap { [story.path($0), "/accounts/\(story.account)/\($0)"] }
        for file in files {
            for (query, words) in [
                ("month=2025-13", "Send YYYY-MM."), ("month=march", "Send YYYY-MM."), ("from=2025-02-30", "Send YYYY-MM-DD."),
                ("from=2025-03-02&to=2025-03-01", "The range ends before it begins"),
                ("from=2025-03-01T00:00:00Z&to=soon", "RFC 3339"), ("header=de", "machine, en, zh-Hans"),
            ] {
                let refused = try await browser.get("\(file)?\(query)&lang=en").expect(400)
                #expect(refused.text.contains(words) && refused.header("content-disposition") == nil, "\(file) \(query)")
            }
            #expect(try await browser.get("\(file)?month=2025-13&lang=zh-Hans").expect(400).text.contains("这不是月份"), "\(file)")
        }
        try await browser.get(story.path("billing-history.csv?header=de")).expect(400)
        let page = try await browser.get(story.path("usage?month=2025-13&lang=en")).expect(422)
        #expect(page.text.contains("There is no such month"))
        // The months stand in a row of their own: neither day is at fault.
        #expect(page.text.contains("href=\"#field-month\"") && page.text.contains("<div id=\"field-month\">"))
        #expect(!page.text.contains("aria-invalid"))
    }

    @Test func `as JSON is one array with a record on each line`() async throws {
        let story = try await awkward()
        for target in ["/v1/subscriptions/\(story.subscription)/usage.json", "/v1/accounts/\(story.account)/usage.json"] {
            let text = try await story.tenant.download(target)
            let records = try JSON(parsing: Array(text.utf8)).elements
            #expect(records.count == 2)
            #expect(records[0].members?["resource"]?.text == "虚拟机,\"一号\"\n第二行")
            #expect(records[0].members?["cost"]?.text == "1.234567")
            #expect(text.split(separator: "\n").count == 4)
        }
        let empty = try await story.tenant.get("/v1/subscriptions/\(story.subscription)/usage.json?month=2024-01").expect(200)
        #expect(try JSON(parsing: Array(empty.body)).items?.isEmpty == true)
    }

    @Test func `as FOCUS has every mandatory column of 1.2, and prepaid credit as the specification means it`() async throws {
        let story = try await awkward()
        let reply = try await story.tenant.get("/v1/subscriptions/\(story.subscription)/focus.csv?month=2025-03").expect(200)
        let (header, rows) = focus(reply)
        #expect(header == FocusColumn.allCases.map(\.rawValue))
        #expect(FocusColumn.mandatory.count == 21 && FocusColumn.mandatory.allSatisfy { header.contains($0.rawValue) })
        #expect(header.filter { !$0.hasPrefix("x_") } == header.filter { !$0.hasPrefix("x_") }.sorted())
        #expect(rows.count == 3)
        for row in rows {
            // Mandatory columns that must not be null; ChargeClass is null but for corrections.
            for column in FocusColumn.mandatory where column != .chargeClass {
                #expect(row[column.rawValue]?.isEmpty == false, "\(column.rawValue)")
            }
            #expect(["Usage", "Purchase", "Tax", "Credit", "Adjustment"].contains(row["ChargeCategory"] ?? ""))
            #expect(row["BillingPeriodStart"] == "2025-02-28T16:00:00Z" && row["BillingPeriodEnd"] == "2025-03-31T16:00:00Z")
            #expect(Instant(rfc3339: row["ChargePeriodStart"] ?? "")! < Instant(rfc3339: row["ChargePeriodEnd"] ?? "")!)
            #expect(ServiceCategory(rawValue: row["ServiceCategory"] ?? "") != nil)
            for column in ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingQuantity"] {
                #expect(ExactDecimal(row[column] ?? "") != nil)
            }
        }
        #expect(rows.map { $0["ChargeCategory"] } == ["Purchase", "Usage", "Usage"])
        #expect(rows.map { $0["BilledCost"] } == ["5000", "0", "0"])
        #expect(rows.map { $0["EffectiveCost"] } == ["0", "1.234567", "2.5"])
        #expect(rows[1]["SkuMeter"] == "cost" && rows[1]["ServiceName"] == "'=cmd|' /C calc'!A0")
    }

    @Test func `as FOCUS says what expired, and bills an enterprise by its agreement`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-15T00:00:00Z")
        let id = try await tenant.prepaid("1000.00")
        try tenant.activated(id, at: "2025-01-14T00:00:00Z")
        try await tenant.use(id, cost: "400.00", at: "2025-01-14T00:00:00Z")
        try await tenant.settle()
        try await tenant.use(id, cost: "400.00", at: "2025-01-15T00:00:00Z")
        try await tenant.advance(to: "2026-01-15T00:00:00Z")
        let expired = focus(try await tenant.get("/v1/subscriptions/\(id)/focus.csv?month=2026-01").expect(200)).rows
        #expect(expired.map { $0["ChargeDescription"] } == ["Prepaid credit that expired unused"])
        #expect(expired.map { $0["EffectiveCost"] } == ["600"] && expired.map { $0["BilledCost"] } == ["0"])
        let enterprise = try await tenant.enterprise()
        try await tenant.use(enterprise, cost: "12.5", at: "2026-01-15T00:00:00Z")
        let row = focus(try await tenant.get("/v1/subscriptions/\(enterprise)/focus.csv").expect(200)).rows
        #expect(row.map { $0["BilledCost"] } == ["12.5"] && row.map { $0["EffectiveCost"] } == ["12.5"])
    }

    @Test func `of an account names each subscription, one after the other`() async throws {
        let story = try await awkward()
        let second = try await story.tenant.order("prepaid", for: story.account, paying: "1000.00", name: "=Second").expect(201)
            .id
        try story.tenant.activated(second, at: "2025-03-17T00:00:00Z")
        try await story.tenant.use(second, cost: "3", at: "2025-03-17T00:00:00Z")
        let file = try await story.tenant.download("/v1/accounts/\(story.account)/usage.csv")
        let lines = file.components(separatedBy: "\r\n")
        #expect(lines[0].hasPrefix("subscription_id,subscription,record_id"))
        #expect(lines.count == 5 && lines[3].hasPrefix("\(second),'=Second,"))
        #expect(focus(try await story.tenant.download("/v1/accounts/\(story.account)/focus.csv")).rows.count == 5)
    }

    @Test func `with everything that deletion erases is JSON lines without a bound on time, and is gone with it`() async throws {
        let story = try await awkward()
        let tenant = story.tenant
        _ = try await tenant.request("PATCH", "/v1/subscriptions/\(story.subscription)", ["name": "改名"], once: .none).expect(200)
        try await tenant.advance(to: "2026-05-20T00:00:00Z")
        try await tenant.post("/v1/subscriptions/\(story.subscription)/suspend", ["reason": "requested", "note": "bye"]).expect(
            200)
        let page = try await story.browser("reader").get(story.overview).expect(200)
        #expect(page.text.contains("/everything.jsonl"))
        let text = try await tenant.download("/v1/subscriptions/\(story.subscription)/everything.jsonl")
        let lines = try text.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)).members }
        let kinds = lines.map { $0?["kind"]?.text ?? "-" }
        #expect(kinds.first == "subscription" && kinds.filter { $0 == "usage" }.count == 2)
        #expect(Set(kinds).isSuperset(of: ["note", "change"]))
        #expect(lines.first??["name"]?.text == "改名")
        #expect(lines.last??["source"]?.text == "/meters/tests")
        #expect(lines.last??["occurred_at"]?.text == "2025-03-19T02:00:00.000000Z")
        try await tenant.advance(to: "2026-12-20T00:00:00Z")
        #expect(try await tenant.subscription(story.subscription)["state"] == "deleted")
        for file in ["everything.jsonl", "usage.csv", "usage.json", "focus.csv"] {
            try await tenant.get("/v1/subscriptions/\(story.subscription)/\(file)").expect(409, "subscription_deleted")
        }
    }

    @Test func `of many rows streams, row for row, and a client that leaves gives its connection back`() async throws {
        let bursar = try await TestBursar(writeConnections: 2)
        let tenant = try await bursar.tenant("stream", clock: "2025-03-20T04:00:00Z")
        let subscription = try await tenant.prepaid("5000.00")
        let id = try #require(SubscriptionID(subscription))
        try bursar.database.superuser().run(
            """
            insert into usage_records (tenant_id, id, subscription_id, product, meter, occurred_at, bill_month, quantity, unit, cost, currency, settlement_id) \
            select '\(tenant.id.uuid.uuidString)', gen_random_uuid(), '\(id.uuid.uuidString)', 'Compute', 'hours', \
            '2025-03-01T00:00:00Z'::timestamptz + n * interval '1 second', '2025-03-01', 1, 'hour', 0.001, 'CNY', gen_random_uuid() \
            from generate_series(1, 60000) n
            """)
        let target = "/v1/subscriptions/\(subscription)/usage.csv?month=2025-03"
        let lines = try await tenant.download(target).split(separator: "\r\n")
        #expect(lines.count == 60_001 && Set(lines.map { $0.prefix(40) }).count == 60_001)
        #expect(
            try JSON(parsing: Array(try await tenant.download("/v1/subscriptions/\(subscription)/usage.json?month=2025-03").utf8))
                .elements.count == 60_000)
        let (context, localisation, pool) = (
            tenant.context, bursar.app.localisation, bursar.instance.dependencies.database.reports
        )
        for _ in 0..<4 {
            await #expect(throws: ClientLeft.self) {
                try await bursar.instance.loop.run {
                    let download = try await UsageDownload.of(id, .init(.csv), localisation: localisation, context) { _, zone in
                        UsageSpan(month: CivilMonth(year: 2025, month: 3)!, in: zone)
                    }
                    var pieces = 0
                    try await download.write(with: download.encoder()) { bytes in
                        pieces += 1
                        #expect(bytes.count < 100_000)
                        if pieces == 3 { throw ClientLeft() }
                    }
                }
            }
        }
        #expect(await bursar.instance.loop.run { pool.counters.inUse } == 0)
        #expect(try await tenant.download(target).split(separator: "\r\n").count == 60_001)
        await bursar.close()
    }

    private struct ClientLeft: Error {}

    private func focus(_ reply: Reply) -> (header: [String], rows: [[String: String]]) { focus(reply.text) }

    private func focus(_ text: String) -> (header: [String], rows: [[String: String]]) {
        // Nothing in these files breaks a line inside of quotes but the awkward resource, which stays in its cell.
        let lines = records(text)
        let header = lines.first ?? []
        return (header, lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) })
    }

    /// RFC 4180, read.
    private func records(_ text: String) -> [[String]] {
        var (rows, row, cell, isQuoted): ([[String]], [String], String, Bool) = ([], [], "", false)
        var scalars = text.unicodeScalars[...]
        while let next = scalars.popFirst() {
            switch next {
            case "\"" where isQuoted && scalars.first == "\"":
                cell.unicodeScalars.append("\"")
                scalars.removeFirst()
            case "\"": isQuoted.toggle()
            case "," where !isQuoted:
                row.append(cell)
                cell = ""
            case "\r" where !isQuoted: continue
            case "\n" where !isQuoted:
                rows.append(row + [cell])
                (row, cell) = ([], "")
            default: cell.unicodeScalars.append(next)
            }
        }
        return rows
    }
}

extension TestTenant {
    /// A file over a real socket, as a browser gets it; streams are whole only there.
    func download(_ target: String) async throws -> String {
        let server = Serve.server(of: bursar.app, on: bursar.instance.loop)
        let port = try await bursar.instance.loop.run { try await server.listen(host: "127.0.0.1", port: 0) }
        let answer = try SocketClient.send("GET", target, headers: ["Authorization": "Bearer \(key)"], port: port)
        await bursar.instance.loop.run { await server.drain(within: .seconds(2)) }
        guard answer.status == 200 else { throw TestFault("\(target): \(answer.text.prefix(400))") }
        let bytes = Array(answer.text.utf8)
        guard let end = answer.text.utf8.firstRange(of: Array("\r\n\r\n".utf8)) else { throw TestFault("no end of head") }
        let body = bytes.dropFirst(answer.text.utf8.distance(from: answer.text.utf8.startIndex, to: end.upperBound))
        guard answer.header("transfer-encoding") == "chunked" else { return String(decoding: body, as: UTF8.self) }
        var (rest, whole) = (body, [UInt8]())
        while let line = rest.firstIndex(of: UInt8(ascii: "\r")),
            let size = Int(String(decoding: rest[..<line], as: UTF8.self), radix: 16)
        {
            if size == 0 { return String(decoding: whole, as: UTF8.self) }
            whole += rest[(line + 2)..<(line + 2 + size)]
            rest = rest[(line + 4 + size)...]
        }
        throw TestFault("the stream of \(target) broke off after \(whole.count) bytes")
    }
}
