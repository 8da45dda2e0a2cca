import App
import TestSupport
import Testing

/// For every route, what belongs to another tenant, or to another account, is not there. Routes come from the enum, never from a list of ours.
@Suite struct `Another's objects by their routes` {
    private static let routes = Endpoint.allCases.filter { $0.isUnderV1 && $0.parameters.contains { $0.hasSuffix("_id") } }

    @Test func `are not found by another tenant's keys, in the words said of an ID that names nothing, and stay as they are`()
        async throws
    {
        let mine = try await World.make(.shared)
        let theirs = try await World.make(.shared, marker: "Canary")
        let before = try theirs.tenant.fingerprint()
        let keys = [
            mine.tenant.key, try await mine.tenant.accountKey(mine.account),
            try await mine.tenant.accountKey(mine.enterpriseAccount),
        ]
        #expect(Self.routes.count > 20)
        for route in Self.routes {
            let (target, body) = theirs.request(route)
            for (index, key) in keys.enumerated() {
                let found = try await mine.send(route.method, target, body, route, as: key)
                try await expectUnknown(found, route, target, body, key, mine, isOperator: index == 0)
                // Also with a body and a query that would be refused: that it exists must not show in a 400 either.
                let bad = try await mine.send(route.method, target + "?no=such", .raw("{\"nonsense\":1}"), route, as: key)
                try await expectUnknown(
                    bad, route, target + "?no=such", .raw("{\"nonsense\":1}"), key, mine, isOperator: index == 0)
                #expect(!found.text.contains("Canary") && !bad.text.contains("Canary"), "\(route)")
            }
        }
        #expect(try theirs.tenant.fingerprint().differences(from: before) == [])
    }

    @Test func `are not found by another account's keys of the same tenant`() async throws {
        let world = try await World.make(.shared, marker: "Canary")
        let other = try await world.tenant.account("Other")
        let before = try world.tenant.fingerprint()
        for role in ["account_admin", "finance", "reader"] {
            let key = try await world.tenant.accountKey(other, role: role)
            for route in Self.routes {
                let (target, body) = world.request(route)
                let found = try await world.send(route.method, target, body, route, as: key)
                try await expectUnknown(found, route, target, body, key, world, isOperator: false)
                #expect(!found.text.contains("Canary"), "\(route)")
            }
        }
        // Making the keys is audited; nothing else changed.
        let changed = try world.tenant.fingerprint().differences(from: before)
        #expect(Set(changed).isSubset(of: ["identity.api_keys", "public.audit_events"]))
    }

    private func expectUnknown(
        _ reply: Reply, _ route: Endpoint, _ target: String, _ body: Input?, _ key: String, _ world: World, isOperator: Bool
    ) async throws {
        let unknown = try await world.send(route.method, withUnknownIDs(target), body, route, as: key)
        // What a role may never do, it may not do to what is not there either: the two answers are the same in any case.
        let isForOperators = route.documentation.audience == .operators && !isOperator
        #expect(
            reply.status == 404 || isForOperators && reply.status == 403,
            "\(route) as \(isOperator ? "operator" : "account"): \(reply.text)")
        #expect(reply.status == unknown.status, "\(route): \(reply.text) / \(unknown.text)")
        let told: Set<String> = ["request_id"]
        #expect(reply.json.canonical(dropping: told) == unknown.json.canonical(dropping: told), "\(route)")
    }

    @Test func `named in a body are as unknown as an ID that names nothing`() async throws {
        let mine = try await World.make(.shared)
        let theirs = try await World.make(.shared, marker: "Canary")
        let before = try theirs.tenant.fingerprint()
        func order(_ account: String, _ department: String? = nil, offer: String) -> Input {
            var fields: [(String, Input)] = [("account_id", .text(account)), ("offer", .text(offer)), ("name", "Mine")]
            if let department { fields.append(("department_id", .text(department))) }
            return .object(fields)
        }
        func account(_ enrollment: String, _ department: String? = nil) -> Input {
            var fields: [(String, Input)] = [
                ("kind", "enterprise"), ("name", "Mine"), ("currency", "CNY"), ("time_zone", "UTC"), ("locale", "en"),
                ("administrator", ["email": "mine@example.com"]), ("enrollment_id", .text(enrollment)),
            ]
            if let department { fields.append(("department_id", .text(department))) }
            return .object(fields)
        }
        func event(_ subscription: String) -> Input {
            .list([mine.tenant.event(subscription, cost: "1.00", at: "2025-01-15T00:00:00Z", id: "one")])
        }
        let cases: [(Endpoint, String, (String) -> Input)] = [
            (.createSubscription, theirs.account, { order($0, offer: "prepaid") }),
            (.createSubscription, theirs.department, { order(mine.enterpriseAccount, $0, offer: "enterprise") }),
            (.createAccount, theirs.enrollment, { account($0) }),
            (.createAccount, theirs.department, { account(mine.enrollment, $0) }),
            (.receiveUsage, theirs.prepaid, { event($0) }),
        ]
        for (route, id, body) in cases {
            let found = try await mine.send(route.method, route.template, body(id), route, as: nil)
            let unknown = try await mine.send(route.method, route.template, body(unknownID(like: id)), route, as: nil)
            #expect(found.status == unknown.status, "\(route): \(found.text) / \(unknown.text)")
            #expect(found.status >= 400 || found["rejected"] == "1", "\(route): \(found.text)")
            #expect(found.json.canonical(dropping: ["request_id"]) == unknown.json.canonical(dropping: ["request_id"]))
        }
        let partner = "/v1/subscriptions/\(mine.prepaid)/partner"
        try await mine.tenant.request("PUT", partner, ["code": "\(theirs.partnerCode)"]).expect(422, "unknown_partner")
        try await mine.tenant.get("/v1/partners/check?code=\(theirs.partnerCode)").expect(404)
        #expect(try theirs.tenant.fingerprint().differences(from: before) == [])
        try await TestBursar.shared.invariants(mine.tenant.id, theirs.tenant.id)
    }

    @Test func `never show in a list, whatever it is filtered by, nor anywhere else in an answer`() async throws {
        let mine = try await World.make(.shared)
        let theirs = try await World.make(.shared, marker: "Canary")
        let cursor = try await theirs.tenant.get("/v1/subscriptions?limit=1").expect(200)["next_cursor"] ?? ""
        let filters = [
            "account_id=\(theirs.account)", "enrollment_id=\(theirs.enrollment)", "department_id=\(theirs.department)",
            "subscription_id=\(theirs.prepaid)", "object_id=\(theirs.prepaid)", "q=\(theirs.prepaid)", "q=\(theirs.account)",
            "q=\(theirs.order)",
            "q=Canary", "q=%40example.com",
        ]
        let keys = [mine.tenant.key, try await mine.tenant.accountKey(mine.account)]
        for list in Endpoint.allCases
        where list.method == "GET" && list.isUnderV1 && list.parameters.isEmpty && list != .checkPartner {
            for key in keys {
                let known = Set(list.documentation.query.map(\.name))
                for filter in filters where known.contains(String(filter.prefix { $0 != "=" })) {
                    let reply = try await mine.tenant.get("\(list.template)?\(filter)", as: key)
                    // Members are found by parts of their addresses: one's own are.
                    let isOwn = list == .listMembers && filter == "q=%40example.com"
                    #expect(
                        // A list of one place that is not named asks for it, whatever the filter.
                        reply.status == 200
                            && (reply.list("data").isEmpty || isOwn && !reply.text.contains(theirs.administratorEmail))
                            || reply.status == 403 || reply.code == "required",
                        "\(list) \(filter): \(reply.text.prefix(300))")
                }
                for query in ["", "?limit=100", "?limit=100&cursor=\(cursor)"] where query.isEmpty || known.contains("limit") {
                    let reply = try await mine.tenant.get(list.template + query, as: key)
                    #expect(!reply.text.contains("Canary"), "\(list)")
                    for id in [theirs.account, theirs.prepaid, theirs.enrollment, theirs.partner, theirs.order] {
                        #expect(!reply.text.contains(id))
                    }
                }
            }
        }
    }
}
