import App
import FoundationEssentials
import HTTP
import Outgoing
import TestSupport
import Testing
import Values

/// Where events are told is a list like every other.
@Suite struct `The list of endpoints` {
    @Test func `is narrowed, put in order, paged and taken home, on the page and by the API`() async throws {
        let story = try await PortalStory()
        let (tenant, account, list) = (story.tenant, story.account, "/accounts/\(story.account)/webhooks")
        let admin = try await story.person("account_admin")
        #expect(try await admin.get("\(list)?lang=en").expect(200).text.contains("No webhooks yet"))
        var ids: [String] = []
        for path in ["zebra", "Alpha", "gone", "off", "failing", "removed"] {
            let types = path == "zebra" ? ["subscription.suspended", "payment.succeeded"] : nil
            ids.append(try await tenant.webhook(account, "https://example.com/\(path)", types: types).id)
        }
        let (zebra, alpha, gone, off, failing, removed) = (ids[0], ids[1], ids[2], ids[3], ids[4], ids[5])
        let whole = [failing, off, gone, alpha, zebra]
        try await tenant.request("PATCH", "/v1/webhook-endpoints/\(alpha)", ["description": "计费 Ledger"]).expect(200)
        try await tenant.request("PATCH", "/v1/webhook-endpoints/\(off)", ["enabled": false]).expect(200)
        try await tenant.request("DELETE", "/v1/webhook-endpoints/\(removed)", once: .none).expect(200)
        for id in [zebra, gone, failing] { try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202) }
        try await tenant.tell(
            Receiver { message in
                let status = message.url.hasSuffix("/gone") ? 410 : message.url.hasSuffix("/failing") ? 500 : 204
                return .success(OutgoingReply(status: status))
            })
        // Those of others are none of theirs.
        _ = try await tenant.webhook(try await tenant.account("Other"), "https://example.com/zebra")
        let ours = try await tenant.webhook(nil, "https://example.com/zebra").id
        let key = try await tenant.accountKey(account)
        func told(_ query: String) async throws -> [String] {
            try await tenant.get("/v1/webhook-endpoints?\(query)", as: key).expect(200).list("data").compactMap {
                $0.scalar("id")
            }
        }
        func shown(_ query: String) async throws -> [String] {
            let text = try await admin.get("\(list)?lang=en&\(query)").expect(200).text
            return text.matches(of: #/<a href="\/accounts\/acc_[^\/]*\/webhooks\/(whe_[^"\/]*)"/#).map { String($0.output.1) }
        }
        let cases: [(query: String, found: [String])] = [
            ("", whole), ("q=ALPH", [alpha]), ("q=ledger", [alpha]), ("q=\(zebra)", [zebra]), ("q=%25", []), ("q=removed", []),
            ("q=\(removed)", []), ("q=\(ours)", []), ("state=enabled", [failing, alpha, zebra]), ("state=failing", [failing]),
            ("state=disabled", [off, gone]), ("disabled_reason=gone", [gone]), ("disabled_reason=requested", [off]),
            ("disabled_reason=failing", []), ("state=enabled&disabled_reason=gone", []),
            ("sort=url", [alpha, failing, gone, off, zebra]), ("sort=-url", [zebra, off, gone, failing, alpha]),
            ("sort=created_at", whole.reversed()),
        ]
        for (query, found) in cases {
            #expect(try await shown(query) == found, "page \(query)")
            #expect(try await told(query) == found, "API \(query)")
            let file = try await admin.get("\(list)?\(query)&format=csv&header=machine&bom=0").expect(200).text
            let rows = file.split(separator: "\r\n").dropFirst().map { String($0.prefix { $0 != "," }) }
            #expect(rows == found, "file \(query)")
        }
        for sort in ["created_at", "-created_at", "url", "-url"] {
            var (seen, cursor) = ([String](), "")
            repeat {
                let part = try await tenant.get("/v1/webhook-endpoints?limit=2&sort=\(sort)\(cursor)", as: key).expect(200)
                seen += part.list("data").compactMap { $0.scalar("id") }
                cursor = part["next_cursor"].map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            let expected = try await told("sort=\(sort)&limit=100")
            #expect(seen == expected && seen.count == 5, "\(sort)")
        }
        try await tenant.get("/v1/webhook-endpoints?cursor=nonsense", as: key).expect(400, "invalid_cursor")
        for query in ["state=deleted", "state=lost", "disabled_reason=lost", "sort=lost", "format=pdf"] {
            try await tenant.get("/v1/webhook-endpoints?\(query)", as: key).expect(400)
        }
    }

    @Test func `says in both languages what is off and why, and how many arrived`() async throws {
        let story = try await PortalStory()
        let (tenant, account, list) = (story.tenant, story.account, "/accounts/\(story.account)/webhooks")
        let admin = try await story.person("account_admin")
        let (good, _) = try await tenant.webhook(account, "https://example.com/good", types: ["payment.succeeded"])
        let (gone, _) = try await tenant.webhook(account, "https://example.com/gone")
        for id in [good, gone] { try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202) }
        try await tenant.tell(
            Receiver { .success(OutgoingReply(status: $0.url.hasSuffix("/gone") ? 410 : 204)) })
        let english = try await admin.get("\(list)?lang=en").expect(200).text
        for part in [
            "Rows 1–2 of 2", "100 % arrived (1 of 1)", "the receiver answered that it is gone (410)", "1 type<", "every type",
            "/v1/webhook-endpoints?account_id=\(account)", "aria-sort=\"descending\"", "format=xlsx", "\(list)/\(good)",
        ] {
            #expect(english.contains(part), "\(part)")
        }
        let chinese = try await admin.get("\(list)?lang=zh-Hans&disabled_reason=gone").expect(200).text
        for part in ["接收端答复已不存在（410）", "停用原因", "已停用"] { #expect(chinese.contains(part), "\(part)") }
        #expect(!chinese.contains("\(list)/\(good)"))
        let refused = try await admin.get("\(list)?state=lost&lang=en").expect(422).text
        #expect(refused.contains("“lost” is no choice of “State”"))
        #expect(try await admin.get("\(list)?q=nowhere&lang=en").expect(200).text.contains("No webhooks match"))
        #expect(try await admin.get("\(list)?q=nowhere&lang=zh-Hans").expect(200).text.contains("没有符合条件的 Webhook"))
        // Files: codes under the machine's names, words under words.
        let file = try await admin.get("\(list)?format=csv&header=machine&bom=0&sort=url").expect(200)
        let lines = file.text.split(separator: "\r\n")
        #expect(
            lines[0]
                == "id,url,description,state,disabled_reason,account_id,account,last_day_delivered,last_day_tried,event_types,created_at,disabled_at,failing_since,previous_secret_until,updated_at"
        )
        #expect(lines.count == 3 && lines[1].hasPrefix("\(gone),https://example.com/gone,,disabled,gone,\(account),"))
        #expect(lines[1].contains(",0,1,,") && lines[2].contains(",enabled,,") && lines[2].contains(",1,1,payment.succeeded,"))
        let words = try await admin.get("\(list)?format=csv&bom=0&sort=url&lang=zh-Hans").expect(200).text
        for part in ["停用原因", "接收端答复已不存在（410）", "全部类型", "已启用"] { #expect(words.contains(part), "\(part)") }
        #expect(try await admin.get("\(list)?format=xlsx").expect(200).body.starts(with: Array("PK".utf8)))
        let json = try await admin.get("\(list)?format=json").expect(200).list("data")
        let told = try await tenant.get("/v1/webhook-endpoints?account_id=\(account)").expect(200).list("data")
        #expect(json == told && json.count == 2 && json.allSatisfy { $0.scalar("secret") == nil })
        let cut = try await tenant.get("/v1/webhook-endpoints?account_id=\(account)&format=csv&cols=state&sort=url").expect(200)
        #expect(cut.text == "state,disabled_reason\r\ndisabled,gone\r\nenabled,\r\n")
    }

    @Test func `is every account's at the desk, and nobody else's`() async throws {
        let story = try await PortalStory()
        let (tenant, account) = (story.tenant, story.account)
        let other = try await tenant.account("Other customers")
        let (mine, _) = try await tenant.webhook(account, "https://example.com/mine")
        let (theirs, _) = try await tenant.webhook(other, "https://example.com/theirs")
        let (ours, _) = try await tenant.webhook(nil, "https://example.com/ours")
        let desk = try await story.person("operator").get("/operator/webhooks?lang=en&sort=url").expect(200).text
        for id in [mine, theirs, ours] { #expect(desk.contains("href=\"/operator/webhooks/\(id)\""), "\(id)") }
        for part in ["Other customers", "The provider’s own", "/operator/accounts/\(other)"] {
            #expect(desk.contains(part), "\(part)")
        }
        let narrowed = try await story.person("operator").get("/operator/webhooks?lang=en&account_id=\(other)").expect(200).text
        #expect(narrowed.contains(theirs) && !narrowed.contains(mine) && !narrowed.contains(ours))
        // Others see their own, and may not list them in another role.
        let key = try await tenant.accountKey(account)
        func told(_ query: String) async throws -> [String] {
            try await tenant.get("/v1/webhook-endpoints?\(query)", as: key).expect(200).list("data").compactMap {
                $0.scalar("id")
            }
        }
        #expect(try await told("") == [mine])
        for query in ["account_id=\(other)", "account_id=\(other)&format=csv", "q=theirs", "q=\(theirs)", "q=\(ours)"] {
            let reply = try await tenant.get("/v1/webhook-endpoints?\(query)", as: key).expect(200)
            #expect(!reply.text.contains(theirs) && !reply.text.contains(ours) && !reply.text.contains("/theirs"), "\(query)")
        }
        for role in ["finance", "reader"] {
            let weak = try await tenant.accountKey(account, role: role)
            for query in ["", "format=csv", "q=mine"] {
                try await tenant.get("/v1/webhook-endpoints?\(query)", as: weak).expect(403)
            }
            let person = try await story.person(role)
            #expect(try await person.get("/accounts/\(account)/webhooks?format=csv").status == 403, "\(role)")
        }
        let admin = try await story.person("account_admin")
        #expect(try await admin.get("/operator/webhooks?format=csv").status == 404)
        #expect(try await admin.get("/accounts/\(other)/webhooks?format=csv").status == 404)
        #expect(try await !admin.get("/accounts/\(account)/webhooks?account_id=\(other)").expect(200).text.contains(theirs))
    }
}
