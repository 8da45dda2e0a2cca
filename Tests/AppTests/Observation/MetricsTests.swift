import App
import FoundationEssentials
import HTTP
import Loop
import Outgoing
import Postgres
import TestSupport
import Testing
import Values

@Suite struct `The metrics` {
    @Test func `are valid exposition text with everything that the alerts ask for`() async throws {
        let bursar = try await TestBursar()
        let tenant = try await bursar.tenant()
        let subscription = try await tenant.prepaid()
        _ = try await tenant.subscription(subscription)
        _ = try await bursar.request("GET", "/sign-in")
        _ = try await bursar.request("GET", "/\"quoted\\path\"")
        let app = bursar.app
        await bursar.instance.loop.run { await app.watch.lookAtQueues() }
        await bursar.instance.loop.run { await app.watch.lookAtInvariants() }
        let text = try await bursar.request("GET", "/metrics").expect(200).text
        let families = try ExpositionReader.read(text)
        #expect(families["bursar_http_request_duration_seconds"]?.type == "histogram")
        #expect(families["bursar_queue_oldest_age_seconds"]?.samples.count == QueueState.Name.allCases.count)
        #expect(families["bursar_ledger_imbalance"]?.samples.map(\.value) == ["0"])
        let names = try Invariant.all(in: bursar.instance.folders.sql).map(\.name)
        #expect(families["bursar_invariant_violations"]?.samples.compactMap { $0.labels["invariant"] } == names)
        #expect(families["bursar_invariant_violations"]?.samples.allSatisfy { $0.value == "0" } == true)
        #expect(text.contains("route=\"/v1/subscriptions/{subscription_id}\",method=\"GET\",status=\"200\""))
        for name in ["bursar_build_info", "process_resident_memory_bytes", "process_open_fds", "bursar_db_pool_waiting"] {
            #expect(families[name] != nil, "\(name)")
        }
        for asked in try namesInAlerts(bursar) where asked != "up" {
            let base =
                ["_bucket", "_count", "_sum"].first { asked.hasSuffix($0) }.map { String(asked.dropLast($0.count)) } ?? asked
            #expect(families[base] != nil, "an alert asks for \(asked), which nobody exposes")
        }
        await bursar.close()
    }

    private func namesInAlerts(_ bursar: TestBursar) throws -> Set<String> {
        let folder = bursar.instance.folders.sql.deletingLastPathComponent()
        let text = try String(contentsOf: folder.appending(path: ".deploy/alerts.yml"), encoding: .utf8)
        let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
        let names = Set(words.filter { $0.hasPrefix("bursar_") || $0.hasPrefix("process_") })
        #expect(names.count > 8)
        return names
    }

    @Test func `show a broken book and a broken rule within one look`() async throws {
        let bursar = try await TestBursar()
        let tenant = try await bursar.tenant()
        _ = try await tenant.prepaid()
        try tenant.force(
            "update ledger_accounts set balance_minor = balance_minor + 7 where tenant_id = $tenant and kind = 'credit_lot'")
        let app = bursar.app
        await bursar.instance.loop.run { await app.watch.lookAtInvariants() }
        let families = try ExpositionReader.read(try await bursar.request("GET", "/metrics").text)
        #expect(families["bursar_ledger_imbalance"]?.samples.first?.value == "7")
        let broken = families["bursar_invariant_violations"]?.samples.first {
            $0.labels["invariant"] == "ledger_balance_is_sum_of_transfers"
        }
        #expect(broken?.value == "1")
        await bursar.close()
    }

    @Test func `tell for how long work has waited`() async throws {
        let bursar = try await TestBursar()
        let tenant = try await bursar.tenant(clock: nil)
        let account = try await tenant.account()
        _ = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201)
        try tenant.force("update timers set due_at = now() - interval '2 hours' where tenant_id = $tenant")
        let tenants = try await bursar.instance.loop.run { try await bursar.app.authenticator.allTenants() }
        let states = try await bursar.instance.loop.run { try await QueueLook.run(bursar.instance.dependencies, tenants) }
        let now = bursar.instance.dependencies.realNow()
        let timers = try #require(states.first { $0.name == .timers })
        #expect(timers.waiting == 1 && timers.lateSeconds(at: now) >= 7_200)
        let outbox = try #require(states.first { $0.name == .outbox })
        #expect(outbox.waiting > 0 && outbox.lateSeconds(at: now) < 3_600)
        await bursar.close()
    }

    @Test func `tell how long an unfinished transaction has held events back`() async throws {
        let skew = LiveTenantSkew()
        let bursar = try await TestBursar(realNow: { skew.now })
        let app = bursar.app
        let holder = try bursar.database.superuser()
        func held() async throws -> Int {
            await bursar.instance.loop.run { await app.watch.lookAtQueues() }
            let families = try ExpositionReader.read(try await bursar.request("GET", "/metrics").expect(200).text)
            return try #require(families["bursar_events_held_seconds"]?.samples.first.flatMap { Int($0.value) })
        }
        try holder.run("begin; select pg_current_xact_id()")
        // Whoever was there before it has ended meanwhile.
        var seen = try await held()
        for _ in 0..<100 where seen < 400 {
            skew.forward(seconds: 400)
            seen = try await held()
        }
        #expect(seen >= 400)
        try holder.run("rollback")
        // Others may hold them by now, but not for so long.
        for _ in 0..<100 where seen >= 400 {
            seen = try await held()
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(seen < 400)
        await bursar.close()
    }

    @Test func `tell what came of each attempt to deliver, and what waits longest of all`() async throws {
        let bursar = try await TestBursar()
        let tenant = try await bursar.tenant(clock: nil)
        let (id, _) = try await tenant.webhook(nil)
        func told() async throws -> [String: [String: String]] {
            let app = bursar.app
            await bursar.instance.loop.run { await app.watch.lookAtQueues() }
            let families = try ExpositionReader.read(try await bursar.request("GET", "/metrics").expect(200).text)
            let deliveries = try #require(families["bursar_webhook_deliveries_total"])
            let age = try #require(families["bursar_jobs_oldest_age_seconds"])
            #expect(deliveries.type == "counter" && age.type == "gauge" && age.samples.count == 1)
            return [
                "outcome": Dictionary(uniqueKeysWithValues: deliveries.samples.map { ($0.labels["outcome"] ?? "", $0.value) }),
                "age": ["": age.samples[0].value],
            ]
        }
        #expect(try await told()["outcome"] == ["succeeded": "0", "retried": "0", "failed": "0"])
        for _ in 0..<3 { try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202) }
        try await tenant.tell(Receiver())
        try await tenant.post("/v1/webhook-endpoints/\(id)/test").expect(202)
        let broken = Receiver { _ in .success(OutgoingReply(status: 500, body: [])) }
        try await tenant.tell(broken)
        #expect(try await told()["outcome"] == ["succeeded": "3", "retried": "1", "failed": "0"])
        // The last of its tries.
        try tenant.force(
            "update webhook_deliveries set attempts = 1000, tries = 1000 where tenant_id = $tenant and status = 'waiting'")
        try tenant.passWebhookPauses()
        try await tenant.tell(broken)
        #expect(try await told()["outcome"] == ["succeeded": "3", "retried": "1", "failed": "1"])
        // Letters wait where no server takes them, and that is nobody's delay; a deadline that is late is.
        let account = try await tenant.account()
        _ = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201)
        try tenant.force(
            "update mails set next_attempt_at = now() - interval '9 hours' where tenant_id = $tenant and status = 'waiting'")
        try tenant.force("update timers set due_at = now() - interval '2 hours' where tenant_id = $tenant")
        let age = Int(try await told()["age"]?[""] ?? "") ?? 0
        #expect((7_200..<9_000).contains(age))
        await bursar.close()
    }

    @Test func `count webhooks as late only where this server makes them wait`() async throws {
        let bursar = try await TestBursar()
        let tenant = try await bursar.tenant()
        func webhooks() async throws -> (state: QueueState, late: Int64) {
            let state = try await bursar.instance.loop.run {
                try await QueueLook.run(bursar.instance.dependencies, try await bursar.app.authenticator.allTenants())
            }.first { $0.name == .webhooks }
            let found = try #require(state)
            return (found, found.lateSeconds(at: bursar.instance.dependencies.realNow()))
        }
        let names = ["well", "off", "gone", "slow", "down"]
        var ids: [String] = []
        for name in names {
            ids.append(try await tenant.webhook(nil, "https://example.com/\(name)").id)
        }
        // Events that nobody has put on their way yet wait as well.
        _ = try await tenant.prepaid()
        var (state, late) = try await webhooks()
        #expect(state.waiting > 0 && late < 3_600 && state.failing == 0 && state.endpoints == 5)
        let context = tenant.context
        let made = try await bursar.instance.loop.run { try await SpreadEvents(context).batch().deliveries }
        (state, late) = try await webhooks()
        #expect(state.waiting == made && made > 5)
        func force(_ changes: String, _ type: String, at name: String) throws {
            try tenant.force(
                """
                update webhook_deliveries set \(changes) where tenant_id = $tenant and event_type = '\(type)' and endpoint_id = \
                (select id from webhook_endpoints where tenant_id = $tenant and url like '%/\(name)')
                """)
        }
        // Each has waited for longer than the one before it.
        for (index, name) in names.enumerated() {
            try force("next_attempt_at = now() - interval '\(index + 1) hours'", "subscription.created", at: name)
        }
        try await tenant.request("PATCH", "/v1/webhook-endpoints/\(ids[1])", ["enabled": false]).expect(200)
        try await tenant.request("DELETE", "/v1/webhook-endpoints/\(ids[2])").expect(200)
        // One message of each is on its way to a receiver that takes its time, and to one that is down.
        for name in ["slow", "down"] {
            try force(
                "next_attempt_at = now() + interval '20 seconds', last_attempt_at = now(), attempts = 1, tries = 1",
                "subscription.activated", at: name)
        }
        try tenant.force("update webhook_endpoints set failing_since = now() where tenant_id = $tenant and url like '%/down'")
        (state, late) = try await webhooks()
        #expect((3_600..<7_200).contains(late), "of the one that is well, and of no other: \(late)")
        #expect(state.waiting == made / 5 * 3 - 2 && state.failing == 1 && state.endpoints == 3)
        // A server that died left its leases behind: when they are over, everything there is late.
        try tenant.force(
            """
            update webhook_deliveries set next_attempt_at = now() - interval '1 minute' where tenant_id = $tenant and status = 'waiting' \
            and next_attempt_at > now()
            """)
        late = try await webhooks().late
        #expect(late >= 5 * 3_600)
        let app = bursar.app
        await bursar.instance.loop.run { await app.watch.lookAtQueues() }
        let families = try ExpositionReader.read(try await bursar.request("GET", "/metrics").text)
        #expect(families["bursar_webhook_endpoints"]?.samples.map(\.value) == ["3"])
        let instance = bursar.instance
        let line = try await instance.loop.run { try await Doctor(instance).run() }.first { $0.name == "queue webhooks" }
        #expect(line?.verdict == .warning && line?.detail.contains("nothing arrives at 1 of 3 endpoints") == true)
        await bursar.close()
    }

    @Test func `are for the addresses and networks that are named, and for nobody behind a proxy that is not`() async throws {
        let bursar = try await TestBursar(changing: {
            $0.metricsAllow = ["10.1.0.0/16", "::1"]
            $0.trustedProxies = ["192.0.2.7"]
        })
        func status(_ from: String, _ forwarded: String? = nil) async throws -> Int {
            var headers: HTTPHeaders = [:]
            if let forwarded { headers.add("X-Forwarded-For", forwarded) }
            return try await bursar.request("GET", "/metrics", headers: headers, remoteAddress: from).status
        }
        #expect(try await status("10.1.200.3") == 200)
        #expect(try await status("::1") == 200)
        #expect(try await status("10.2.0.1") == 404)
        #expect(try await status("127.0.0.1") == 404)
        #expect(try await status("10.1.200.3", "10.1.200.3") == 404)
        #expect(try await status("192.0.2.7", "10.1.200.3") == 200)
        #expect(try await status("192.0.2.7", "203.0.113.9") == 404)
        #expect(try await status("192.0.2.7", "10.1.200.3, 203.0.113.9") == 404)
        #expect(try await status("192.0.2.7") == 404)
        await bursar.close()
    }

    @Test func `count requests under the client's address that a trusted proxy names, and keys are held to it`() async throws {
        let bursar = try await TestBursar(changing: { $0.trustedProxies = ["192.0.2.0/24"] })
        let tenant = try await bursar.tenant()
        let made = try await tenant.post(
            "/v1/api-keys", ["role": "operator", "name": "narrow", "allowed_addresses": ["203.0.113.9"]]
        ).expect(201)
        let key = try #require(made["secret"] ?? made["key"])
        func me(_ forwarded: String, from: String) async throws -> Int {
            try await bursar.request(
                "GET", "/v1/me", headers: ["Authorization": "Bearer \(key)", "X-Forwarded-For": "\(forwarded)"],
                remoteAddress: from
            ).status
        }
        #expect(try await me("203.0.113.9", from: "192.0.2.1") == 200)
        #expect(try await me("203.0.113.8", from: "192.0.2.1") == 403)
        #expect(try await me("203.0.113.9", from: "198.51.100.1") == 403)
        #expect(try await me("203.0.113.9, 203.0.113.8", from: "192.0.2.1") == 403)
        await bursar.close()
    }
}

/// Reads Prometheus' text format and forgives nothing.
enum ExpositionReader {
    struct Sample {
        let name: String
        let labels: [String: String]
        let value: String
    }
    struct Family {
        let type: String
        var samples: [Sample] = []
    }

    static func read(_ text: String) throws -> [String: Family] {
        guard text.hasSuffix("\n") else { throw TestFault("the last line does not end") }
        var families: [String: Family] = [:]
        var (help, open) = ("", "")
        var seen: Set<String> = []
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                guard words.count == 4, families[words[2]] == nil else { throw TestFault("help: \(line)") }
                help = words[2]
            } else if line.hasPrefix("# TYPE ") {
                guard words.count == 4, words[2] == help, ["gauge", "counter", "histogram"].contains(words[3]) else {
                    throw TestFault("type: \(line)")
                }
                guard (words[3] == "counter") == help.hasSuffix("_total") else { throw TestFault("a counter's name: \(line)") }
                families[help] = Family(type: words[3])
                open = help
            } else {
                let sample = try sample(line)
                let type = families[open]?.type ?? ""
                let allowed = type == "histogram" ? ["\(open)_bucket", "\(open)_sum", "\(open)_count"] : [open]
                guard allowed.contains(sample.name) else { throw TestFault("\(sample.name) stands under \(open)") }
                guard seen.insert(String(line.prefix(upTo: line.lastIndex(of: " ") ?? line.endIndex))).inserted else {
                    throw TestFault("twice: \(line)")
                }
                families[open]?.samples.append(sample)
            }
        }
        for (name, family) in families where family.type == "histogram" { try checkHistogram(name, family.samples) }
        for (name, family) in families where family.samples.isEmpty { throw TestFault("\(name) is empty") }
        return families
    }

    private static func isName(_ text: some StringProtocol, colon: Bool = true) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 95 || colon && byte == 58
        }
    }

    private static func sample(_ line: Substring) throws -> Sample {
        guard let end = line.lastIndex(of: " ") else { throw TestFault("no value: \(line)") }
        let value = line[line.index(after: end)...]
        let digits = value.first == "-" ? value.dropFirst() : value
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }) else {
            throw TestFault("value: \(line)")
        }
        var rest = line[..<end]
        let name = rest.prefix { $0 != "{" }
        guard isName(name) else { throw TestFault("name: \(line)") }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if !rest.isEmpty {
            guard rest.first == "{", rest.last == "}" else { throw TestFault("braces: \(line)") }
            rest = rest.dropFirst().dropLast()
            while !rest.isEmpty {
                let label = rest.prefix { $0 != "=" }
                rest = rest.dropFirst(label.count + 1)
                guard isName(label, colon: false), rest.first == "\"" else { throw TestFault("label: \(line)") }
                rest = rest.dropFirst()
                var text = ""
                while let character = rest.popFirst(), character != "\"" {
                    text.append(character)
                    if character == "\\" {
                        guard let next = rest.popFirst(), "\\\"n".contains(next) else { throw TestFault("escape: \(line)") }
                        text.append(next)
                    }
                }
                guard labels.updateValue(text, forKey: String(label)) == nil else { throw TestFault("label twice: \(line)") }
                if rest.first == "," { rest = rest.dropFirst() } else if !rest.isEmpty { throw TestFault("comma: \(line)") }
            }
        }
        return Sample(name: String(name), labels: labels, value: String(value))
    }

    /// Buckets grow, the last is +Inf and is the count.
    private static func checkHistogram(_ name: String, _ samples: [Sample]) throws {
        var last = 0
        var infinite: Int?
        for sample in samples {
            let value = Int(sample.value) ?? 0
            if sample.name == "\(name)_bucket" {
                guard value >= last, let bound = sample.labels["le"] else { throw TestFault("buckets of \(sample.labels)") }
                last = value
                if bound == "+Inf" { infinite = value }
            } else if sample.name == "\(name)_count" {
                guard infinite == value else { throw TestFault("count of \(sample.labels)") }
                (last, infinite) = (0, nil)
            }
        }
    }
}
