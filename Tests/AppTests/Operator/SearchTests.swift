import App
import FoundationEssentials
import HTTP
import Loop
import Postgres
import TestSupport
import Testing
import Values

@Suite struct `The desk's search` {
    private func found(_ q: String, _ world: World, as key: String? = nil) async throws -> [String] {
        try await found(q, world.tenant, as: key)
    }

    private func found(_ q: String, _ tenant: TestTenant, as key: String? = nil) async throws -> [String] {
        let encoded = q.replacing("@", with: "%40").replacing(" ", with: "%20")
        return try await tenant.get("/v1/search?q=\(encoded)", as: key).expect(200).list("data").compactMap {
            $0.scalar("id")
        }
    }

    @Test func `finds one thing by each of its IDs and numbers`() async throws {
        let world = try await World.make(.shared)
        let tenant = world.tenant
        let subscription = try await tenant.subscription(world.prepaid)
        let lot = subscription["credit.lots.0.id"] ?? ""
        let certificate = try await tenant.get("/v1/subscriptions/\(world.lapsed)/deletion-certificate").expect(200).id
        let administrator = try await tenant.get("/v1/accounts/\(world.account)").expect(200)
        let exact: [(String, String)] = [
            (world.account, world.account), (world.prepaid, world.prepaid), (world.order, world.order),
            (lot, subscription["order_id"] ?? ""), (certificate, world.lapsed), (world.enrollment, world.enrollment),
            (world.department, world.enrollment), (world.partner, world.partner), (world.partnerCode, world.partner),
            (administrator["administrator.id"] ?? "", world.account),
            (administrator["administrator.email"] ?? "", world.account),
            (world.prepaid.uppercased(), world.prepaid),
        ]
        for (q, id) in exact {
            let reply = try await tenant.get("/v1/search?q=\(q.replacing("@", with: "%40"))").expect(200)
            let hits = reply.list("data").filter { $0.scalar("exact") == "true" }.compactMap { $0.scalar("id") }
            #expect(hits == [id], "\(q): \(reply.text.prefix(400))")
        }
    }

    @Test func `takes an address to the one account or subscription of its person, and says whose it is`() async throws {
        let story = try await PortalStory()
        let (tenant, operator_) = (story.tenant, try await story.person("operator"))
        let (finance, service) = (try await story.email("finance"), try await story.email(nil))
        let administrator = try await tenant.get("/v1/accounts/\(story.account)").expect(200)["administrator.email"] ?? ""
        let desk = "/operator/accounts/\(story.account)"
        for (email, place, id) in [
            (finance, desk, story.account), (administrator, desk, story.account), (service, story.overview, story.subscription),
        ] {
            let q = email.replacing("@", with: "%40")
            #expect(try await operator_.get("/operator/search?q=\(q)").expect(303).headers["location"] == place, "\(email)")
            let found = try await tenant.get("/v1/search?q=\(q)").expect(200).list("data")
            #expect(found.map { $0.scalar("id") } == [id] && found.first?.scalar("exact") == "true")
        }
        // Of two accounts neither is the one; each row names the person who was asked for.
        let second = try await tenant.account("Second")
        let (context, role) = (
            tenant.context, SetPassword(email: finance, password: Browser.password, role: "reader", account: AccountID(second))
        )
        try await tenant.bursar.instance.loop.run { try await role.run(context) }
        let list = try await operator_.get("/operator/search?q=\(finance.replacing("@", with: "%40"))").expect(200).text
        #expect(list.contains(story.account) && list.contains(second) && list.contains(finance) && !list.contains(administrator))
    }

    @Test func `takes a transfer's reference and a payment's ID to the payment, and the bank's number to what arrived`()
        async throws
    {
        let story = try await PortalStory()
        let (tenant, browser) = (story.tenant, try await story.person("operator"))
        try await tenant.bankAccount()
        let asked = try await tenant.transfer(story.subscription, "1500.00")
        let arrived = try await tenant.remittance("1500.00", words: asked.reference)
        let payment = "/accounts/\(story.account)/payments/\(asked.id)"
        let remittance = "/operator/remittances/\(try arrived.id)"
        func opens(_ q: String, _ place: String) async throws {
            let words = q.replacing(" ", with: "%20")
            #expect(try await browser.get("/operator/search?q=\(words)").expect(303).headers["location"] == place, "\(q)")
        }
        for _ in 0..<2 {
            try await opens(asked.reference, payment)
            try await opens(asked.reference.prefix(4).lowercased() + " " + asked.reference.dropFirst(4), payment)
            try await opens(asked.id, payment)
            try await opens(arrived["bank_number"] ?? "", remittance)
            try await opens(try arrived.id, remittance)
            try await browser.get(payment).expect(200)
            // The same once it is paid.
            if try await tenant.payment(asked.id)["status"] == "pending" {
                try await tenant.match(arrived.id, asked.id).expect(200)
            }
        }
        let key = try await tenant.accountKey(story.account, role: "reader")
        #expect(try await found(asked.id, story.tenant, as: key) == [asked.id])
        #expect(try await found(arrived["bank_number"] ?? "", story.tenant, as: key) == [])
    }

    @Test func `finds names by how they begin, whatever their case, and the newest by any part`() async throws {
        let world = try await World.make(.shared, marker: "Zephyr")
        #expect(try await found("zephyr acc", world).contains(world.account))
        #expect(try await found("ZEPHYR prep", world) == [world.prepaid])
        // Nothing begins so.
        #expect(try await found("yr prepaid", world) == [world.prepaid])
        #expect(try await found("no such thing", world) == [])
    }

    @Test func `shows to an account's key what is the account's, and no partners`() async throws {
        let world = try await World.make(.shared)
        let key = try await world.tenant.accountKey(world.account, role: "reader")
        #expect(try await found(world.prepaid, world, as: key) == [world.prepaid])
        #expect(try await found(world.trial, world, as: key) == [])
        #expect(try await found(world.trialAccount, world, as: key) == [])
        #expect(try await found(world.enrollment, world, as: key) == [])
        #expect(try await found(world.partnerCode, world, as: key) == [])
        #expect(try await found("Marker tri", world, as: key) == [])
        try await world.tenant.get("/v1/search").expect(400)
    }

    @Test func `goes through indexes, never through the whole tenant`() async throws {
        let world = try await World.make(.shared)
        // As the app itself, behind row security, which keeps an index from what is not leakproof. With sequential scans forbidden a plan that
        // still has one had no other way.
        let plans = try AdminSession(url: world.tenant.bursar.database.appURL)
        try plans.run(
            "begin; set local app.tenant_id = '\(world.tenant.id.uuid.uuidString)'; set local enable_seqscan = off; set local enable_bitmapscan = off"
        )
        // Of a handful of rows another index and a sort may be the cheaper way: it is asked for the one that stays good with a million.
        try plans.run("set local enable_sort = off")
        for (column, table) in [("name_key", "accounts"), ("name_key", "subscriptions")] {
            let rows = try plans.query(
                """
                explain select id from \(unsafeSQL: table) where tenant_id = \(world.tenant.id.uuid) \
                and \(unsafeSQL: column) >= 'a' and \(unsafeSQL: column) < 'b' order by \(unsafeSQL: column), id limit 11
                """)
            let plan = try rows.map { try $0.get(0, as: String.self) }.joined(separator: "\n")
            #expect(plan.contains("_name ") && plan.contains("Index Cond: ((tenant_id"), "\(plan)")
        }
    }
}
