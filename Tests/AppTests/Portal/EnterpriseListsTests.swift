import App
import FoundationEssentials
import HTTP
import TestSupport
import Testing
import Values

/// An agreement's departments and accounts, which are lists like all others.
@Suite struct `The lists of an agreement` {
    @Test func `lists accounts with the same fields in the API as in files`() async throws {
        let portal = try await EnterprisePortal()
        let filter = "enrollment_id=\(portal.ground.enrollment)"
        let file = try await portal.tenant.get("/v1/accounts?\(filter)&format=csv").expect(200).text
        let header = Set((file.split(whereSeparator: \.isNewline).first ?? "").split(separator: ",").map(String.init))
        let reply = try await portal.tenant.get("/v1/accounts?\(filter)").expect(200)
        // A person is an object there and three columns here.
        let nested = ["administrator", "administrator_email", "administrator_id"]
        for name in header.subtracting(nested) { #expect(reply.text.contains("\"\(name)\":"), "\(name)") }
        #expect(
            header == [
                "id", "name", "kind", "administrator", "administrator_email", "administrator_id", "currency", "created_at",
                "running",
                "suspended", "enrollment_id", "department_id", "department", "subscriptions", "time_zone", "locale", "updated_at",
                "identity_verified",
            ])
        let row = try #require(reply.list("data").first { $0.scalar("id") == portal.ground.account })
        #expect(row.scalar("running") == "1" && row.scalar("suspended") == "0" && row.scalar("subscriptions") == "1")
        try await portal.tenant.suspend(portal.ground.subscription, "requested").expect(200)
        let after = try await portal.tenant.get("/v1/accounts?\(filter)").expect(200).list("data")
        #expect(after.contains { $0.scalar("running") == "0" && $0.scalar("suspended") == "1" })
    }

    @Test func `lists departments like everything else: sorted, narrowed, paged, as files, and the whole agreement below`()
        async throws
    {
        let portal = try await EnterprisePortal()
        let (tenant, browser, page) = (portal.tenant, portal.browser, "\(portal.base)/departments")
        let api = "/v1/enrollments/\(portal.ground.enrollment)/departments"
        for name in ["alpha", "Beta", "=gamma"] { try await tenant.post(api, ["name": "\(name)"]).expect(201) }
        try await tenant.use(portal.ground.subscription, cost: "150.00", at: "2025-03-10T00:00:00Z")
        try await tenant.settle()
        func names(_ reply: Reply) -> [String] {
            reply.text.matches(of: #/class="row-link"[^>]*>([^<]*)</#).map { String($0.output.1) }
        }
        // The dearest first, its bar beyond its quota; whatever is shown, the sum is the agreement's.
        let first = try await browser.get("\(page)?lang=en").expect(200)
        #expect(names(first).first == "Research" && first.text.contains("over quota: 150 %"))
        #expect(first.text.contains("aria-sort=\"descending\"") && first.text.contains("Rows 1–5 of 5"))
        let stores = try await browser.get("\(page)?q=st-1&lang=en").expect(200)
        #expect(names(stores) == ["Stores"])
        for one in [first, stores] {
            let foot = one.text.components(separatedBy: "<tfoot>").last ?? ""
            #expect(foot.contains("Whole agreement") && foot.contains("150.00"), "\(foot.prefix(400))")
        }
        #expect(
            names(try await browser.get("\(page)?sort=name").expect(200)) == ["=gamma", "alpha", "Beta", "Research", "Stores"])
        #expect(try await browser.get("\(page)?lang=zh-Hans&quota=over").expect(200).text.contains("整个协议"))
        for (state, count) in [("over", 1), ("within", 0), ("none", 4)] {
            #expect(names(try await browser.get("\(page)?quota=\(state)").expect(200)).count == count, "\(state)")
        }
        #expect(try await browser.get("\(page)?quota=some&lang=en").expect(422).text.contains("“some” is no choice of “Quota”"))
        #expect(
            first.text.contains("\(api)?sort=-term") || first.text.contains("\(api)&#39;"),
            "the line for the shell has the path filled in")
        let file = try await browser.get("\(page)?format=csv&header=machine&bom=0&sort=-term").expect(200)
        let lines = file.text.split(separator: "\r\n")
        #expect(
            lines[0] == "id,name,cost_centre,subscriptions,this_month,term,currency,quota,percent,last_month,accounts,created_at")
        #expect(lines[1].contains(",Research,,1,150.00,150.00,CNY,100.00,150,0.00,0,") && lines.count == 6)
        #expect(file.text.contains(",'=gamma,"))
        #expect(try await browser.get("\(page)?format=xlsx").expect(200).body.starts(with: Array("PK".utf8)))
        #expect(try await browser.get("\(page)?format=json&q=beta").expect(200).list("data").count == 1)
        // The API pages in every order through all of them, and of no other agreement.
        for sort in ["name", "-name", "term", "-term", "created_at", "-created_at"] {
            var (paged, cursor) = ([String](), "")
            repeat {
                let part = try await tenant.get("\(api)?sort=\(sort)&limit=2\(cursor)").expect(200)
                paged += part.list("data").compactMap { $0.scalar("id") }
                cursor = part["next_cursor"].map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            let whole = try await tenant.get("\(api)?sort=\(sort)&limit=100").expect(200).list("data").compactMap {
                $0.scalar("id")
            }
            #expect(paged == whole && Set(whole).count == 5, "\(sort)")
        }
        #expect(try await tenant.get("\(api)?format=csv&cols=name").expect(200).text.hasPrefix("id,name,cost_centre\r\n"))
        try await tenant.get("\(api)?enrollment_id=\(portal.ground.enrollment)").expect(400, "unknown_parameter")
        let other = try await tenant.enrollment()
        #expect(try await tenant.get("/v1/enrollments/\(other)/departments").expect(200).list("data").isEmpty)
        #expect(try await EnterprisePortal().browser.get("\(page)?format=csv").status == 404)
    }

    @Test func `lists its accounts like everything else: searched, narrowed, sorted, with other columns, as files`() async throws
    {
        let portal = try await EnterprisePortal()
        let (tenant, browser, page) = (portal.tenant, portal.browser, "\(portal.base)/accounts")
        let further = try await tenant.enterpriseAccount(portal.ground.enrollment)
        let elsewhere = try await tenant.enterpriseAccount(tenant.enrollment())
        try await tenant.request("PATCH", "/v1/accounts/\(further)", ["name": "=Quarry & Sons"]).expect(200)
        try await tenant.post("/v1/departments/\(portal.ground.second)/move-account", ["account_id": "\(further)"]).expect(200)
        let first = try await browser.get("\(page)?lang=en").expect(200).text
        #expect(first.contains("Rows 1–2 of 2") && first.contains(further) && !first.contains(elsewhere))
        // The way to another department, and the department itself, stand in the row.
        #expect(first.contains("\(page)/\(further)/move") && first.contains("/departments/\(portal.ground.second)\""))
        #expect(!first.contains("name=\"kind\""), "nothing else stands in an agreement")
        let narrowed = try await browser.get("\(page)?department_id=\(portal.ground.second)&lang=en").expect(200).text
        #expect(narrowed.contains(further) && narrowed.contains("Rows 1–1 of 1") && narrowed.contains("class=\"chip"))
        #expect(try await browser.get("\(page)?q=quarry").expect(200).text.contains(further))
        #expect(try await browser.get("\(page)?q=nobody&lang=en").expect(200).text.contains("No accounts match"))
        let named = try await browser.get("\(page)?sort=name&cols=name,currency,time_zone&lang=en").expect(200).text
        #expect(named.contains("Asia/Shanghai") && !named.contains("\(page)/\(further)/move"))
        let file = try await browser.get("\(page)?format=csv&header=machine&bom=0&cols=name,department,subscriptions").expect(200)
        let lines = file.text.split(separator: "\r\n")
        #expect(lines[0] == "id,name,department_id,department,subscriptions" && lines.count == 3)
        #expect(file.text.contains("'=Quarry & Sons,\(portal.ground.second),Stores,0"))
        #expect(try await browser.get("\(page)?format=xlsx").expect(200).body.starts(with: Array("PK".utf8)))
        // The API under the same rule and the same names.
        let api = "/v1/accounts?enrollment_id=\(portal.ground.enrollment)"
        #expect(try await tenant.get(api).expect(200).list("data").count == 2)
        let same = try await tenant.get("\(api)&format=csv&cols=name,department,subscriptions").expect(200)
        #expect(same.text.contains("Stores"))
        #expect(try await EnterprisePortal().browser.get("\(page)?format=csv").status == 404)
    }
}
