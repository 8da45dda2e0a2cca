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
