import App
import HTTP
import TestSupport
import Testing

/// What api.md promises of every request, tried on every endpoint that the enum has.
@Suite struct `The API` {
    @Test func `documents every endpoint, and every endpoint answers as documented`() async throws {
        let world = try await World.make(.shared)
        let document = try await world.tenant.bursar.request("GET", "/openapi.json")
        try document.expect(200)
        #expect(document["openapi"]?.hasPrefix("3.1") == true)
        let paths = document.json.at("paths")
        for endpoint in Endpoint.allCases {
            // The client holds the answer against the document: status, media type, every field.
            let reply = try await world.send(endpoint)
            #expect(reply.status < 300, "\(endpoint.rawValue): \(reply.text.prefix(300))")
            #expect(endpoint.documentation.summary.count > 5)
            let methods = paths?.fieldNames.contains(endpoint.template) == true
            #expect(methods, "\(endpoint.template) is not documented")
            // What a portal session made is not there to be fetched, only to be opened.
            if reply.status == 201, endpoint != .createPortalSession {
                // The way to what was made: by its ID, or by what has one of it.
                let place = reply.header("location") ?? ""
                let found = place.hasSuffix(try reply.id) ? try reply.id : try await world.tenant.get(place)["id"]
                #expect(found == (try reply.id), "\(endpoint)")
            }
            if endpoint.isUnderV1 { #expect(reply.header("api-clock") != nil, "\(endpoint)") }
            #expect(reply.header("x-request-id")?.isEmpty == false)
        }
        // Every reference in the document leads somewhere.
        let names = Set(document.json.at("components.schemas")?.fieldNames ?? [])
        for reference in document.text.split(separator: "#/components/schemas/").dropFirst() {
            #expect(names.contains(String(reference.prefix { $0 != "\"" })))
        }
        try await world.tenant.invariants()
    }

    @Test func `refuses unknown parameters and unknown fields with a pointer, wherever they stand`() async throws {
        let world = try await World.make(.shared)
        let before = try world.tenant.fingerprint()
        for endpoint in Endpoint.allCases where endpoint.isUnderV1 {
            let (target, body) = world.request(endpoint)
            let mark = target.contains("?") ? "&" : "?"
            let query = try await world.send(endpoint.method, "\(target)\(mark)tenant_id=x", body, endpoint, as: nil)
            try query.expect(400, "unknown_parameter")
            #expect(query["pointer"] == "?tenant_id", "\(endpoint)")
            guard case .object(let fields)? = body else { continue }
            for name in ["tenant_id", "role", "balance", "state", "price"] where !fields.contains(where: { $0.0 == name }) {
                let reply = try await world.send(endpoint.method, target, .object(fields + [(name, "x")]), endpoint, as: nil)
                try reply.expect(400, "unknown_field")
                #expect(reply["pointer"] == "/\(name)", "\(endpoint)")
            }
        }
        #expect(try world.tenant.fingerprint().differences(from: before) == [])
    }

    @Test func `wants JSON where JSON is due: 415, 400 for what is none, 422 with a pointer for what does not fit`() async throws
    {
        let world = try await World.make(.shared)
        let before = try world.tenant.fingerprint()
        for endpoint in Endpoint.allCases where endpoint.documentation.body != nil {
            let (target, body) = world.request(endpoint)
            if let body {
                let form = try await world.tenant.request(
                    endpoint.method, target, body, headers: ["Content-Type": "application/x-www-form-urlencoded"])
                try form.expect(415, "unsupported_media_type")
            }
            for text in ["{", "{\"a\":1,\"a\":2}", "[1,]", "\u{FEFF}{}", "{} {}", "nul"] {
                try await world.send(endpoint.method, target, .raw(text), endpoint, as: nil).expect(400, "malformed_json")
            }
        }
        let wrong = try await world.tenant.post("/v1/accounts", ["kind": "standard", "name": 5, "currency": "CNY"]).expect(
            422, "invalid_input")
        #expect(wrong["detail"] == "Some fields are not valid; each is named in errors.", "a program has no form to go back to")
        #expect(
            wrong.list("errors").map { "\($0.scalar("pointer") ?? "") \($0.scalar("code") ?? "")" } == [
                "/name wrong_type", "/time_zone required", "/locale required", "/administrator required",
            ])
        #expect(try world.tenant.fingerprint().differences(from: before) == [])
    }

    @Test func `answers 405 with what is allowed, and 404 for what is not there`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        var allowed: [String: Set<String>] = [:]
        for endpoint in Endpoint.allCases { allowed[endpoint.template, default: []].insert(endpoint.method) }
        for (template, methods) in allowed {
            let target = template.split(separator: "/").map { $0.hasPrefix("{") ? "x" : String($0) }.joined(separator: "/")
            let known = methods.union(methods.contains("GET") ? ["HEAD", "OPTIONS"] : ["OPTIONS"])
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] where !methods.contains(method) {
                let reply = try await tenant.request(method, "/\(target)").expect(405, "method_not_allowed")
                #expect(Set(words(reply.header("allow"))) == known, "\(method) \(template)")
            }
            let options = try await tenant.request("OPTIONS", "/\(target)").expect(204)
            #expect(Set(words(options.header("allow"))) == known, "\(template)")
            #expect(options.body.isEmpty && options.header("access-control-allow-origin") == nil)
        }
        for path in [
            "/v1", "/v1/", "/v1/nothing", "/v1/accounts/", "/v1/accounts/acc_1/x", "/v1/accounts/\(unknownID(like: "acc_"))",
        ] {
            try await tenant.get(path).expect(404, "not_found")
            try await tenant.request("OPTIONS", path).expect(
                path.hasPrefix("/v1/accounts/acc_") && !path.hasSuffix("/x") ? 204 : 404)
        }
        #expect(
            words(try await tenant.request("OPTIONS", "/sign-in").expect(204).header("allow")) == [
                "GET", "HEAD", "POST", "OPTIONS",
            ])
    }

    private func words(_ header: String?) -> [String] { (header ?? "").split(separator: ", ").map(String.init) }

    @Test func `answers HEAD as GET, without a body`() async throws {
        let world = try await World.make(.shared)
        for endpoint in Endpoint.allCases where endpoint.isUnderV1 && endpoint.method == "GET" {
            let (target, _) = world.request(endpoint)
            let get = try await world.tenant.get(target)
            let head = try await world.tenant.request("HEAD", target)
            #expect(head.status == get.status, "\(endpoint)")
            // What names this one request, and what is left of a quota, differs from one to the next.
            let own: Set<String> = ["x-request-id", "traceparent", "ratelimit", "etag"]
            func kept(_ reply: Reply) -> [String] {
                reply.headers.list.filter { !own.contains($0.name.lowercased()) }.map { "\($0.name): \($0.value)" }
            }
            #expect(kept(head) == kept(get), "\(endpoint)")
            #expect((head.header("etag") == nil) == (get.header("etag") == nil), "\(endpoint)")
        }
    }

    @Test func `says 404 before it judges key, query or body`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let nobody = "/v1/subscriptions/\(unknownID(like: "sub_"))"
        try await tenant.request("POST", "\(nobody)/payments?x=1", .raw("{"), once: .none).expect(404)
        try await tenant.request("POST", "\(nobody)/payments", ["nonsense": 1], once: .key(String(repeating: "k", count: 300)))
            .expect(404)
        try await tenant.request("PATCH", nobody, .raw("[]"), headers: ["If-Match": "\"9\""]).expect(404)
    }

    @Test func `honours ETag with 304 and 412`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let id = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        for path in ["/v1/subscriptions/\(id)", "/v1/accounts/\(account)"] {
            let seen = try await tenant.get(path).expect(200)
            let tag = try #require(seen.header("etag"))
            let unchanged = try await tenant.request("GET", path, headers: ["If-None-Match": tag]).expect(304)
            #expect(unchanged.body.isEmpty)
            let changed = try await tenant.request("PATCH", path, ["name": "Second name"], headers: ["If-Match": tag]).expect(200)
            #expect(changed.header("etag") != tag)
            try await tenant.request("PATCH", path, ["name": "Third name"], headers: ["If-Match": tag]).expect(412, "stale")
            #expect(try await tenant.get(path)["name"] == "Second name")
            try await tenant.request("PATCH", path, ["name": "Fourth name"], headers: ["If-Match": "*"]).expect(200)
            try await tenant.request("GET", path, headers: ["If-None-Match": tag]).expect(200)
        }
        try await tenant.request("DELETE", "/v1/subscriptions/\(id)/partner", headers: ["If-Match": "\"0\""]).expect(412, "stale")
        try await tenant.invariants()
    }

    @Test func `speaks the reader's language, and both know every refusal`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let id = try await tenant.prepaid()
        for tag in ["zh", "zh-CN", "zh-Hans", "zh-SG,en;q=0.5"] {
            let reply = try await tenant.request("POST", "/v1/subscriptions/\(id)/cancel", headers: ["Accept-Language": tag])
                .expect(403)
            #expect(reply["detail"]?.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) } == true, "\(tag)")
            #expect(reply.code == "cancel_not_allowed_for_offer")
        }
        let english = try await tenant.request("POST", "/v1/subscriptions/\(id)/cancel", headers: ["Accept-Language": "en-GB"])
            .expect(403)
        #expect(english["detail"]?.allSatisfy(\.isASCII) == true)
    }

    @Test func `pages through a list without losing or repeating a row while rows are added`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        var made: [String] = []
        for number in 1...7 { made.append(try await tenant.order("prepaid", for: account, name: "Row \(number)").expect(201).id) }
        for sort in ["-created_at", "created_at"] {
            var seen: [String] = []
            var target: String? = "/v1/subscriptions?limit=3&sort=\(sort)&account_id=\(account)"
            while let here = target {
                let page = try await tenant.get(here).expect(200)
                seen += page.list("data").compactMap { $0.scalar("id") }
                #expect((page["has_more"] == "true") == (page["next_cursor"] != nil))
                let link = page.header("link")
                #expect((link == nil) == (page["next_cursor"] == nil))
                target = link.map { String($0.dropFirst().prefix { $0 != ">" }) }
                // A newcomer in the middle of the reading: newest first never sees it, oldest first sees it last.
                if seen.count == 3 {
                    made.append(try await tenant.order("prepaid", for: account, name: "Newcomer").expect(201).id)
                }
            }
            #expect(Set(seen).count == seen.count)
            #expect(seen == (sort == "created_at" ? made : made.dropLast().reversed()))
        }
        try await tenant.get("/v1/subscriptions?limit=0").expect(400, "out_of_range")
        try await tenant.get("/v1/subscriptions?limit=101").expect(400, "out_of_range")
        try await tenant.get("/v1/subscriptions?cursor=nonsense").expect(400, "invalid_cursor")
        try await tenant.get("/v1/subscriptions?limit=2&limit=3").expect(400, "repeated_parameter")
    }

    @Test func `filters by what it names`() async throws {
        let world = try await World.make(.shared)
        let cases: [(String, [String])] = [
            ("state=suspended", [world.desk.overdue, world.suspended]), ("state=pending", [world.pending]),
            ("state=deleted", [world.owing]), ("state=lapsed", [world.lapsed]),
            ("offer=trial", [world.trial]),
            ("offer=enterprise", [world.enterprise]), ("account_id=\(world.trialAccount)", [world.trial]),
            ("enrollment_id=\(world.enrollment)", [world.enterprise]), ("q=\(world.prepaid)", [world.prepaid]),
            ("q=RENAMED", [world.partnered]),
            ("delete_before=2025-04-15T00:00:00.000001Z", [world.desk.overdue, world.suspended]),
            ("delete_before=2025-04-15T00:00:00Z", []),
            ("q=\(world.order)", [world.pending]), ("q=%25", []), ("q=_", []), ("state=suspended&offer=trial", []),
        ]
        for (query, expected) in cases {
            let found = try await world.tenant.get("/v1/subscriptions?\(query)").expect(200).list("data").compactMap {
                $0.scalar("id")
            }
            #expect(found == expected, "\(query)")
        }
        try await world.tenant.get("/v1/subscriptions?state=gone").expect(400, "not_one_of")
        // A word that is misspelt is no empty list.
        for (list, known) in [
            ("events?type", "subscription.created"), ("audit-events?action", "subscription.edited"),
            ("webhook-deliveries?event_type", "payment.succeeded"), ("notifications?kind", "lapsed"),
        ] {
            try await world.tenant.get("/v1/\(list)=\(known)").expect(200)
            try await world.tenant.get("/v1/\(list)=bogus").expect(400, "not_one_of")
        }
        try await world.tenant.get("/v1/subscriptions?account_id=\(world.prepaid)").expect(400, "invalid_id")
    }
}
