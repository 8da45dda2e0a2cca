import App
import HTTP
import TestSupport
import Testing

/// What a refusal says is true for whoever reads it.
@Suite struct `What refusals say` {
    @Test func `a role that may not is told which may, by the table itself, in both languages, on pages too`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let (admin, reader) = (
            try await tenant.accountKey(story.account), try await tenant.accountKey(story.account, role: "reader")
        )
        let partner: Input = ["code": "P1", "company_name": "Partners"]
        let pay: Input = ["method": "sandbox", "amount": ["amount": "1000.00", "currency": "CNY"]]
        let payments = "/v1/subscriptions/\(story.subscription)/payments"
        for (target, body, key, english, chinese) in [
            ("/v1/partners", partner, admin, "It is open to: Operator.", "有此权限的角色：运营人员。"),
            (
                payments, pay, reader, "It is open to: Account administrator, Finance, Operator.",
                "有此权限的角色：账户管理员、财务、运营人员。"
            ),
        ] {
            for (language, words) in [("en", english), ("zh-Hans", chinese)] {
                let reply = try await tenant.request("POST", target, body, as: key, headers: ["Accept-Language": language])
                try reply.expect(403, "role_forbids")
                #expect(reply["detail"]?.hasSuffix(words) == true, "\(reply.text)")
            }
        }
        let finance = try await story.person("finance")
        for (language, words) in [
            ("en", "It is open to: Account administrator, Operator."), ("zh-Hans", "有此权限的角色：账户管理员、运营人员。"),
        ] {
            let page = try await finance.get("\(story.overview)/edit?lang=\(language)").expect(403).text
            #expect(page.contains(words) && !page.contains("{roles}"))
        }
    }

    @Test func `what nobody may is said so, and no role is named for it`() async throws {
        let story = try await PortalStory()
        let tenant = story.tenant
        let enrollment = try await tenant.enrollment()
        let account = try await tenant.enterpriseAccount(enrollment)
        for role in ["account_admin", "finance", "reader"] {
            let key = try await tenant.accountKey(account, role: role)
            for asker in [tenant.key, key] {
                try await tenant.order("prepaid", for: account, as: asker).expect(403, "offer_not_allowed_for_account")
                try await tenant.order("enterprise", for: story.account, as: asker).expect(
                    asker == tenant.key ? 403 : 404, asker == tenant.key ? "offer_not_allowed_for_account" : "not_found")
            }
            let mine = try await tenant.accountKey(story.account, role: role)
            try await tenant.order("enterprise", for: story.account, as: mine).expect(403, "offer_not_allowed_for_account")
            let made: Input = [
                "kind": "enterprise", "name": "Rail", "currency": "CNY", "time_zone": "UTC", "locale": "en",
                "administrator": ["email": "rail@example.com"],
            ]
            for asker in [tenant.key, key, mine] {
                let refused = try await tenant.post("/v1/accounts", made, as: asker).expect(422)
                #expect(refused["errors.0.pointer"] == "/enrollment_id" && refused["errors.0.code"] == "required")
            }
        }
        // On pages: the way to order is the agreement's own portal, for everybody who sees the account.
        let northern = PortalStory(tenant, account: account, subscription: story.subscription)
        for role in ["account_admin", "finance", "operator"] {
            let browser = try await northern.person(role)
            for (language, words) in [
                ("en", "Enterprise accounts add subscriptions in the enterprise portal."), ("zh-Hans", "企业账户请在企业门户中新建订阅。"),
            ] {
                let page = try await browser.get("/accounts/\(account)/subscriptions/new?lang=\(language)").expect(200).text
                #expect(page.contains(words) && !page.contains("It is open to") && !page.contains("有此权限的角色"))
            }
        }
        let finance = try await story.person("finance")
        try await finance.get("/accounts/\(account)/subscriptions/new").expect(404)
        let page = try await finance.get("\(story.overview)/cancel?lang=en").expect(403).text
        #expect(page.contains("A prepaid subscription is not cancelled") && !page.contains("It is open to"))
    }

    @Test func `where nothing is known, that nothing is taken`() async throws {
        let world = try await World.make(.shared)
        let tenant = world.tenant
        for (language, none, some) in [
            ("en", "This address takes no parameters.", "Known here: q, "), ("zh-Hans", "此地址不接受任何参数。", "此处可用的参数：q, "),
        ] {
            let headers = ["Accept-Language": language]
            let me = try await tenant.request("GET", "/v1/me?x=1", headers: headers)
            try me.expect(400, "unknown_parameter")
            #expect(me["detail"] == none)
            let list = try await tenant.request("GET", "/v1/accounts?x=1", headers: headers)
            try list.expect(400, "unknown_parameter")
            #expect(list["detail"]?.hasPrefix(some) == true)
        }
        for (language, none) in [("en", "This takes no fields at all."), ("zh-Hans", "此处不接受任何字段。")] {
            let reply = try await tenant.request(
                "POST", world.request(.resendNotification).target, ["x": "1"], headers: ["Accept-Language": language])
            try reply.expect(400, "unknown_field")
            #expect(reply["detail"] == none)
        }
    }
}
