import App
import Client
import FoundationEssentials
import HTTP
import Loop
import TestSupport
import Testing
import Values

/// The client against a Bursar behind a socket.
struct LiveClientTests {
    @Test("Every command does what its endpoint does: what the API answers with 2xx ends with 0")
    func everyCommand() async throws {
        let world = try await World.make(try await TestBursar.shared, marker: "Shell")
        for command in Catalogue.commands {
            let endpoint = command.endpoint
            let (target, body) = world.request(endpoint)
            let parts = target.split(separator: "?").map(String.init)
            let places = zip(endpoint.segments, parts[0].dropFirst().split(separator: "/", omittingEmptySubsequences: false))
                .filter { $0.0.first == "{" }.map { String($0.1) }
            var words = command.words.split(separator: " ").map(String.init) + places
            if parts.count == 2 {
                for pair in parts[1].split(separator: "&") {
                    let sides = pair.split(separator: "=").map(String.init)
                    words += ["--\(sides[0].map { $0 == "_" ? "-" : String($0) }.joined())", sides[1]]
                }
            }
            if let body { words += ["--data", String(decoding: body.bytes, as: UTF8.self)] }
            if endpoint.documentation.dryRun { words.append("--dry-run") }
            let ran = try await Bench.run(
                words, environment: ["BURSAR_URL": "http://127.0.0.1:\(try await Live.port)", "BURSAR_KEY": world.tenant.key])
            #expect(ran.code == 0, "\(words): \(ran.chatter)")
            #expect(!ran.output.isEmpty, "\(words)")
        }
    }

    @Test("A subscription is ordered, suspended, reactivated, paid and read by options alone")
    func story() async throws {
        let tenant = try await TestBursar.shared.tenant("shell")
        let account = try await tenant.api(
            "accounts", "create", "--kind", "standard", "--name", "海港物流", "--currency", "CNY", "--time-zone", "Asia/Shanghai",
            "--locale", "zh-Hans", "--administrator-email", "mei@example.com", "--administrator-first-name", "Mei"
        )
        #expect(account.code == 0, "\(account.chatter)")
        let accountID = try id(account)
        let made = try await tenant.api(
            "subscriptions", "create", "--account-id", accountID, "--offer", "prepaid", "--name", "Telemetry", "--payment-amount",
            "1500.00", "--currency", "CNY")
        #expect(made.code == 0, "\(made.chatter)")
        let subscription = try id(made)
        let dry = try await tenant.api(
            "subscriptions", "suspend", subscription, "--reason", "operator", "--note", "phone", "--dry-run")
        #expect(try text(dry, "state") == "suspended")
        #expect(try text(try await tenant.api("subscriptions", "get", subscription), "state") == "active")
        #expect(try await tenant.api("subscriptions", "suspend", subscription, "--reason", "operator").code == 0)
        #expect(
            try await tenant.api("subscriptions", "entitlement", subscription, "-o", "csv", "--columns", "entitled,state").lines
                == ["entitled,state", "false,suspended"])
        #expect(try await tenant.api("subscriptions", "reactivate", subscription, "--reason", "operator").code == 0)
        let paid = try await tenant.api(
            "subscriptions", "pay", subscription, "--amount", "1000.00", "--currency", "CNY", "-o", "csv", "--columns",
            "credit.remaining")
        #expect(paid.lines.last == "2500.00 CNY", "\(paid.output) \(paid.chatter)")
        let tooLittle = try await tenant.api("subscriptions", "pay", subscription, "--amount", "1.00 CNY")
        #expect(tooLittle.code == 1 && tooLittle.chatter.contains("payment_below_minimum") && tooLittle.output.isEmpty)
    }

    @Test("What was done under a key is not done again")
    func once() async throws {
        let tenant = try await TestBursar.shared.tenant("shell")
        let subscription = try await tenant.prepaid()
        for attempt in 1...2 {
            let ran = try await tenant.api(
                "subscriptions", "pay", subscription, "--amount", "1000.00 CNY", "--idempotency-key", "shell-pay-1")
            #expect(ran.code == 0)
            #expect(ran.chatter.contains("had been done before") == (attempt == 2))
        }
        #expect(try await tenant.subscription(subscription)["credit.remaining.amount"] == "2000.00")
    }

    @Test("Exit codes tell not found, key, role, conflict and wrong use apart")
    func exitCodes() async throws {
        let tenant = try await TestBursar.shared.tenant("shell")
        let subscription = try await tenant.prepaid()
        let nobody = "sub_00000000000000000000000000"
        #expect(try await tenant.api("subscriptions", "get", nobody).code == 3)
        #expect(try await tenant.api("me", as: "bsk_test_unknown").code == 4)
        #expect(try await tenant.api("subscriptions", "cancel", subscription).code == 4)
        #expect(try await tenant.api("subscriptions", "reactivate", subscription, "--reason", "credit_exhausted").code == 5)
        let tag = try await tenant.api("subscriptions", "get", subscription, "--etag")
        #expect(tag.code == 0 && tag.output.hasPrefix("\""))
        let version = tag.lines.first ?? ""
        #expect(try await tenant.api("subscriptions", "update", subscription, "--name", "Other", "--if-match", version).code == 0)
        #expect(try await tenant.api("subscriptions", "update", subscription, "--name", "Third", "--if-match", version).code == 5)
        for words in [
            ["subscriptions", "gte", subscription], ["subscriptons", "list"], ["subscriptions"], ["subscriptions", "get"],
            ["subscriptions", "list", "--state", "actve"], ["subscriptions", "list", "--stat", "active"], ["me", "-o", "yaml"],
            ["subscriptions", "suspend", subscription], ["subscriptions", "get", subscription, "--dry-run"], ["me", "--all"],
            ["subscriptions", "update", subscription], ["subscriptions", "pay", subscription, "--amount", "1000.00"],
            ["subscriptions", "suspend", subscription, "--data", "{"], ["me", "--timeout", "0"], ["me", "--key"],
        ] {
            let ran = try await Bench.run(
                words, environment: ["BURSAR_URL": "http://127.0.0.1:\(try await Live.port)", "BURSAR_KEY": tenant.key])
            #expect(ran.code == 2 && ran.output.isEmpty && !ran.chatter.isEmpty, "\(words): \(ran.chatter)")
        }
        #expect(try await tenant.api("subscriptions", "gte", subscription).chatter.contains("Did you mean subscriptions get?"))
        #expect(try await tenant.api("subscriptons", "list").chatter.contains("Did you mean subscriptions?"))
    }

    @Test("A code is explained in words, and one that does not exist is refused in the server's own")
    func explanations() async throws {
        let tenant = try await TestBursar.shared.tenant("shell")
        let told = try await tenant.api("problem", "not_found", isTerminal: true)
        #expect(told.code == 0 && told.output.contains("cure") && !told.output.contains("<"))
        let json = try JSON(parsing: Array(try await tenant.api("problem", "not_found", "--json").output.utf8))
        #expect(field(json, "code") == "not_found")
        let unknown = try await tenant.api("problem", "nope")
        #expect(unknown.code == 3 && unknown.chatter.contains("not_found") && !unknown.chatter.contains("proxy"))
    }

    @Test("With --json a fault is the server's own problem on standard error")
    func problems() async throws {
        let tenant = try await TestBursar.shared.tenant("shell")
        let ran = try await tenant.api("subscriptions", "get", "sub_00000000000000000000000000", "--json")
        let problem = try JSON(parsing: Array(ran.chatter.utf8))
        #expect(ran.output.isEmpty && field(problem, "code") == "not_found" && field(problem, "request_id") != nil)
        let usage = try await tenant.api("subscriptions", "nothing", "--json")
        #expect(field(try JSON(parsing: Array(usage.chatter.utf8)), "code") == "usage")
        let chinese = try await tenant.api("subscriptions", "get", "sub_00000000000000000000000000", "--language", "zh-Hans")
        #expect(chinese.chatter.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) })
    }

    @Test("A list comes as table, JSON, lines and CSV, and --all walks every page")
    func lists() async throws {
        let tenant = try await TestBursar.shared.tenant("shell")
        for number in 1...5 { _ = try await tenant.account(number == 3 ? "云山网络" : "=cmd \(number)") }
        let page = try await tenant.api("accounts", "list", "--limit", "2")
        #expect(page.chatter.contains("--all") && page.output.contains("\"has_more\": true"))
        #expect(try await tenant.api("accounts", "list", "--limit", "2", "-q").chatter.isEmpty)
        let lines = try await tenant.api("accounts", "list", "--limit", "2", "--all", "-o", "jsonl")
        #expect(lines.code == 0 && lines.lines.count == 5)
        for line in lines.lines { _ = try JSON(parsing: Array(line.utf8)) }
        let whole = try await tenant.api("accounts", "list", "--limit", "2", "--all")
        guard case .array(let rows)? = value(try whole.json, "data") else { throw TestFault("no rows") }
        #expect(rows.count == 5)
        let csv = try await tenant.api(
            "accounts", "list", "--limit", "2", "--all", "-o", "csv", "--columns", "name,administrator.email")
        #expect(
            csv.lines.count == 6 && csv.lines[0] == "name,administrator.email" && csv.lines.contains { $0.hasPrefix("'=cmd 1,") })
        let table = try await tenant.api("accounts", "list", "-o", "table", "--columns", "name,kind", isTerminal: false)
        #expect(table.lines.first == "NAME      KIND")
        #expect(table.lines.contains("云山网络  standard") && table.lines.contains("=cmd 5    standard"))
        let narrow = try await tenant.api("accounts", "list", isTerminal: true, width: 50)
        #expect(narrow.lines.allSatisfy { !$0.contains("{") } && narrow.lines[0].contains("\u{1B}[1mID"))
        let book = try await tenant.api("accounts", "list", "-o", "xlsx", isTerminal: true)
        #expect(book.code == 2)
        let none = try await tenant.api("partners", "list", "-o", "table")
        #expect(none.output == "Nothing.\n")
        #expect(try await tenant.api("accounts", "list", "--columns", "nmae", "-o", "csv").chatter.contains("Did you mean name?"))
    }

    @Test("A file is passed on as it is, to standard output or whole under its name")
    func downloads() async throws {
        let tenant = try await TestBursar.shared.tenant("shell", clock: "2025-01-15T00:00:00Z")
        let subscription = try await tenant.prepaid()
        try await tenant.use(subscription, cost: "12.345", at: "2025-01-15T00:00:00Z")
        try await tenant.settle()
        let direct = try await tenant.api("subscriptions", "download-usage", subscription, "--month", "2025-01")
        #expect(direct.code == 0 && direct.output.contains("12.345"))
        let file = try ScratchFile()
        let kept = try await tenant.api(
            "subscriptions", "download-usage", subscription, "--month", "2025-01", "--output", file.path)
        #expect(kept.code == 0 && kept.output.isEmpty && file.text == direct.output)
        let nobody = try ScratchFile()
        let missing = try await tenant.api(
            "subscriptions", "download-usage", "sub_00000000000000000000000000", "--output", nobody.path)
        #expect(missing.code == 3 && nobody.text == nil)
        let listed = try ScratchFile()
        #expect(try await tenant.api("subscriptions", "list", "-o", "csv", "--output", listed.path).code == 0)
        #expect(listed.text?.contains(subscription) == true)
    }

    @Test("Usage goes from a file, as an array or by lines, with a verdict for each; a rejected one ends with 1")
    func usage() async throws {
        let tenant = try await TestBursar.shared.tenant("shell", clock: "2025-01-15T00:00:00Z")
        let subscription = try await tenant.prepaid()
        func event(_ id: String, _ subject: String) -> String {
            """
            {"specversion":"1.0","id":"\(id)","source":"meter","type":"cost","time":"2025-01-15T00:00:00Z","subject":"\(subject)","data":{"product":"VM","quantity":"1","unit":"h","cost":{"amount":"1.00","currency":"CNY"}}}
            """
        }
        let lines = try ScratchFile("\(event("a", subscription))\n\n\(event("b", subscription))\n")
        let sent = try await tenant.api("usage-events", "send", lines.path)
        #expect(sent.code == 0 && sent.output.contains("\"accepted\": 2"), "\(sent.chatter)")
        let again = try await tenant.api(
            "usage-events", "send", "-", "-o", "csv",
            input: "[\(event("a", subscription)),\(event("c", "sub_00000000000000000000000000"))]")
        #expect(again.code == 1 && again.output.contains("a,duplicate") && again.output.contains("c,rejected"), "\(again.output)")
        let many = (1...1_001).map { event("many-\($0)", subscription) }.joined(separator: "\n")
        let batches = try await tenant.api("usage-events", "send", "-", input: many)
        #expect(batches.code == 0 && batches.output.contains("\"accepted\": 1001") && batches.chatter.contains("1001 events"))
        for text in ["", "[]", "{", "[1"] {
            #expect(try await tenant.api("usage-events", "send", "-", input: text).code == 2, "\(text)")
        }
        #expect(try await tenant.api("usage-events", "send").code == 2)
        #expect(try await tenant.api("usage-events", "send", "/nowhere").code == 2)
    }

    @Test("Many subscriptions by a file of IDs: verdicts, dry run, and 1 when one is refused")
    func actions() async throws {
        let tenant = try await TestBursar.shared.tenant("shell")
        let (first, second) = (try await tenant.enterprise(), try await tenant.prepaid())
        let file = try ScratchFile("id,name\n\(first),One\n\n\(second),Two # comment\n\(first)\n")
        let dry = try await tenant.api(
            "subscriptions", "actions", "--action", "cancel", "--ids-from", file.path, "--mode", "each", "--dry-run")
        #expect(dry.code == 1 && dry.output.contains("\"refused\": 1"), "\(dry.chatter)")
        #expect(try await tenant.subscription(first)["state"] == "active")
        let data = "{\"action\": \"cancel\", \"mode\": \"each\", \"items\": [{\"id\": \"\(second)\"}]}"
        #expect(try await tenant.api("subscriptions", "actions", "--yes", "--data", data).code == 1)
        let done = try await tenant.api(
            "subscriptions", "actions", "--action", "suspend", "--ids-from", "-", "-o", "csv", "--columns", "id,verdict",
            input: "\(first)\n\(second)")
        #expect(
            done.code == 0 && done.lines == ["id,verdict", "\(first),done", "\(second),done"], "\(done.output) \(done.chatter)")
        #expect(try await tenant.subscription(second)["state"] == "suspended")
        #expect(try await tenant.api("subscriptions", "actions", "--action", "cancel", "--id", "acc_1").code == 2)
        #expect(try await tenant.api("subscriptions", "actions", "--action", "cancel", "--ids-from", "-").code == 2)
        #expect(try await tenant.api("subscriptions", "actions", "--action", "cancle", "--id", first).code == 2)
    }

    @Test("More than fits at once is followed as long work, and its verdicts come as if it had been done at once")
    func longActions() async throws {
        let tenant = try await TestBursar.shared.tenant("shell")
        let subscription = try await tenant.prepaid()
        // IDs that nobody has are refused one by one.
        let strangers = (0..<ActOnSubscriptions.atOnceAtMost).map { _ in SubscriptionID(UUID()).description }
        let working = Task {
            let (bursar, context) = (tenant.bursar, tenant.serverContext)
            while !Task.isCancelled {
                _ = try await bursar.instance.loop.run {
                    try await RunOperation(context, authenticator: bursar.app.authenticator).run(pieces: 20)
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        let ran = try await tenant.api(
            "subscriptions", "actions", "--action", "suspend", "--ids-from", "-", "-o", "jsonl", "-y", "--retries", "0",
            input: ([subscription] + strangers).joined(separator: "\n"))
        working.cancel()
        _ = try? await working.value
        #expect(ran.code == 1 && ran.lines.count == strangers.count + 1, "\(ran.chatter)")
        #expect(try await tenant.subscription(subscription)["state"] == "suspended")
    }

    @Test("A person at the keyboard is asked before something goes; a script and --yes are not")
    func prompts() async throws {
        let tenant = try await TestBursar.shared.tenant("shell")
        let subscription = try await tenant.prepaid()
        func suspend(_ more: String..., answers: [String]?) async throws -> Ran {
            try await Bench.run(
                ["subscriptions", "suspend", subscription, "--reason", "requested"] + more,
                environment: ["BURSAR_URL": "http://127.0.0.1:\(try await Live.port)", "BURSAR_KEY": tenant.key], answers: answers
            )
        }
        let no = try await suspend(answers: ["n"])
        #expect(no.code == 1 && no.chatter.contains("Go on? [y/N]") && no.chatter.contains("Nothing was done."))
        #expect(try await suspend(answers: []).code == 1)
        #expect(try await tenant.subscription(subscription)["state"] == "active")
        #expect(try await suspend("--dry-run", answers: []).code == 0)
        #expect(try await suspend(answers: ["y"]).code == 0)
        #expect(try await suspend("--yes", answers: []).code == 0)
        #expect(try await suspend(answers: nil).code == 0)
    }

    @Test("The key comes from an option, a file or the environment, and the option wins")
    func keys() async throws {
        let tenant = try await TestBursar.shared.tenant("shell")
        let url = "http://127.0.0.1:\(try await Live.port)"
        let file = try ScratchFile(tenant.key + "\n")
        #expect(
            try await Bench.run(["me", "--url", url, "--key", tenant.key], environment: ["BURSAR_KEY": "bsk_test_no"]).code == 0)
        #expect(try await Bench.run(["--url=\(url)/", "--key-file", file.path, "me"]).code == 0)
        #expect(try await Bench.run(["me"], environment: ["BURSAR_URL": url, "BURSAR_KEY_FILE": file.path]).code == 0)
        #expect(try await Bench.run(["me", "--key-file", "-", "--url", url], input: tenant.key).code == 0)
        #expect(try await Bench.run(["me"], environment: ["BURSAR_URL": url]).code == 4)
        #expect(try await Bench.run(["healthz"], environment: ["BURSAR_URL": url]).output == "ok\n")
        #expect(try await Bench.run(["me"]).code == 2)
        for bad in ["ftp://127.0.0.1", "127.0.0.1", "http://user@host", "http://a b"] {
            #expect(try await Bench.run(["me", "--url", bad]).code == 2, "\(bad)")
        }
        #expect(try await Bench.run(["me", "--url", url, "--key", "zwei\u{E9}"]).code == 2)
    }

    @Test("A raw request sends what it is given")
    func raw() async throws {
        let tenant = try await TestBursar.shared.tenant("shell")
        #expect(try await tenant.api("request", "get", "/v1/me").output.contains("\"object\":\"me\""))
        let made = try await tenant.api(
            "request", "POST", "/v1/partners", "--data", "{\"code\":\"P-7\",\"company_name\":\"Seven\"}", "-o", "jsonl")
        #expect(made.code == 0 && made.lines.count == 1)
        #expect(try await tenant.api("request", "GET", "/v1/nothing").code == 3)
        for words in [
            ["request", "BREW", "/v1/me"], ["request", "GET", "v1/me"], ["request", "GET"], ["request", "GET", "//elsewhere/v1"],
        ] {
            #expect(try await Bench.run(words, environment: ["BURSAR_URL": "http://127.0.0.1:1"]).code == 2, "\(words)")
        }
    }

    // MARK: Reading

    private func value(_ json: JSON, _ key: String) -> JSON? {
        guard case .object(let members) = json else { return nil }
        return members.first { $0.key == key }?.value
    }
    private func field(_ json: JSON, _ key: String) -> String? {
        if case .string(let text)? = value(json, key) { text } else { nil }
    }
    private func text(_ ran: Ran, _ key: String) throws -> String? { field(try ran.json, key) }
    private func id(_ ran: Ran) throws -> String { try text(ran, "id") ?? "" }
}
