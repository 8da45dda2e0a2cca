import Client
import TestSupport
import Testing

/// What a server, or whatever stands where it should be, may do to the client.
struct HostileServerTests {
    @Test(
        "What is no answer of Bursar's is said in plain words and ends with 1",
        arguments: [
            ("502 Bad Gateway", "<html><head><title>502</title></head><body><h1>nginx</h1></body></html>", "text/html", "proxy"),
            ("200 OK", "<html>Please sign in to the hotel's network</html>", "text/html", "Please sign in"),
            ("200 OK", "{\"data\":[{\"id\":\"sub_1\"", "application/json", "cannot be read"),
            ("200 OK", "", "application/json", "The body is empty"),
            ("200 OK", "{\"data\":7}", "application/json", "no list"),
            ("200 OK", "[]", "application/json", "no list"),
            ("200 OK", "{\"data\":[],\"has_more\":true}", "application/json", "not where"),
            ("200 OK", "{\"data\":[],\"has_more\":true,\"next_cursor\":\"same\"}", "application/json", "never end"),
            ("500 Internal Server Error", "\u{1B}[2Jgone", "text/plain", "500"),
            ("302 Found", "", "text/html", "a key follows nobody"),
        ])
    func oddAnswers(_ status: String, _ body: String, _ type: String, _ words: String) async throws {
        let server = try FakeServer { _, _ in
            FakeServer.answer(status, body, type: type, headers: ["Location: http://elsewhere.example/"])
        }
        defer { server.close() }
        let ran = try await server.api("subscriptions", "list", "--all", "-o", "table", "--retries", "0")
        #expect(ran.code == 1 && ran.chatter.contains(words), "\(ran.chatter)")
        #expect(ran.output.isEmpty && !ran.chatter.contains("\u{1B}") && !ran.chatter.contains("<h1>"))
    }

    @Test("A server that is away is asked again, and then said to be away")
    func away() async throws {
        // Nobody listens on the first port.
        let ran = try await Bench.run([
            "subscriptions", "pay", "sub_1", "--amount", "1 CNY", "--url", "http://127.0.0.1:1", "--key", "k",
        ])
        #expect(ran.code == 1 && ran.pauses.count == 3 && ran.chatter.contains("cannot be reached"), "\(ran.chatter)")
        #expect(!ran.chatter.contains("--idempotency-key"))
        let json = try await Bench.run(["me", "--url", "http://127.0.0.1:1", "--json", "--retries", "0"])
        #expect(json.chatter.contains("\"code\":\"unreachable\""))
    }

    @Test("A payment whose answer is lost is asked again under one key, and the key is told when all fails")
    func lostAnswer() async throws {
        let server = try FakeServer { _, number in number < 3 ? "" : FakeServer.answer("200 OK", "{\"id\":\"sub_1\"}") }
        defer { server.close() }
        let ran = try await server.api("subscriptions", "pay", "sub_1", "--amount", "1000.00 CNY")
        let keys = server.asked.compactMap { $0.header("Idempotency-Key") }
        #expect(ran.code == 0 && keys.count == 3 && Set(keys).count == 1)
        #expect(
            server.asked.allSatisfy {
                $0.body.contains("\"method\":\"sandbox\"") && $0.header("Authorization") == "Bearer bsk_test_x"
            })

        let silent = try FakeServer { _, _ in "" }
        defer { silent.close() }
        let given = try await silent.api("subscriptions", "pay", "sub_1", "--amount", "1000.00 CNY", "--retries", "1")
        let key = silent.asked.first?.header("Idempotency-Key") ?? "none"
        #expect(given.code == 1 && given.chatter.contains("--idempotency-key \(key)"))
    }

    @Test("What is not safe to ask twice is asked once")
    func once() async throws {
        for answer in ["", FakeServer.answer("503 Service Unavailable", "{}", headers: ["Retry-After: 1"])] {
            let server = try FakeServer { _, _ in answer }
            defer { server.close() }
            let ran = try await server.api("subscriptions", "update", "sub_1", "--name", "x")
            #expect(ran.code == 1 && server.asked.count == 1 && ran.pauses.isEmpty)
        }
    }

    @Test("Retry-After is kept, also where nothing was done; one beyond patience ends it")
    func retryAfter() async throws {
        let server = try FakeServer { _, number in
            number == 1
                ? FakeServer.answer("429 Too Many Requests", "{}", headers: ["Retry-After: 7"])
                : FakeServer.answer("200 OK", "{\"id\":\"sub_1\"}")
        }
        defer { server.close() }
        let ran = try await server.api("subscriptions", "update", "sub_1", "--name", "x")
        #expect(ran.code == 0 && ran.pauses.count == 1 && ran.pauses.allSatisfy { (7_000..<7_300).contains($0) })
        let slow = try FakeServer { _, _ in FakeServer.answer("503 Service Unavailable", "{}", headers: ["Retry-After: 86400"]) }
        defer { slow.close() }
        #expect(try await slow.api("me").code == 1 && slow.asked.count == 1)
    }

    @Test("A download that breaks off leaves no file and ends with 1")
    func brokenDownload() async throws {
        let server = try FakeServer { _, _ in "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 100\r\n\r\nhalf of it"
        }
        defer { server.close() }
        let file = try ScratchFile()
        let ran = try await server.api("subscriptions", "download-usage", "sub_1", "--output", file.path)
        #expect(
            ran.code == 1 && file.text == nil && ran.chatter.contains("broke off") && server.asked.count == 1, "\(ran.chatter)")
        let full = try await server.api("subscriptions", "download-usage", "sub_1", "--output", "/nowhere/file")
        #expect(full.code == 1 && full.chatter.contains("cannot be written"))
    }

    @Test("Data moves no cursor and hides nothing on the terminal")
    func escapes() async throws {
        let server = try FakeServer { _, _ in
            FakeServer.answer(
                "200 OK", "{\"data\":[{\"id\":\"sub_1\",\"name\":\"\\u001b[2J\\u202evil\\nline\"}],\"has_more\":false}")
        }
        defer { server.close() }
        let ran = try await server.api("subscriptions", "list", "-o", "table", "--columns", "id,name")
        #expect(ran.lines.count == 2 && !ran.output.contains("\u{1B}") && !ran.output.contains("\u{202E}"))
    }

    @Test("Long work is followed to its end, on the same server only")
    func operations() async throws {
        let server = try FakeServer { asked, number in
            switch number {
            case 1:
                FakeServer.answer(
                    "202 Accepted", "{\"id\":\"op_1\",\"state\":\"pending\"}",
                    headers: ["Operation-Location: /v1/operations/op_1", "Retry-After: 2"])
            case 2:
                FakeServer.answer("200 OK", "{\"id\":\"op_1\",\"state\":\"running\",\"progress\":{\"finished\":5,\"total\":10}}")
            default:
                FakeServer.answer("200 OK", "{\"id\":\"op_1\",\"state\":\"done\",\"result\":{\"results\":[{\"id\":\"sub_1\"}]}}")
            }
        }
        defer { server.close() }
        let ran = try await server.api("subscriptions", "suspend", "sub_1", "--reason", "operator")
        #expect(ran.code == 0 && ran.chatter.contains("running 5 of 10") && ran.output.contains("results"))
        #expect(
            server.asked.map(\.line).last == "GET /v1/operations/op_1 HTTP/1.1" && ran.pauses.first == 2_000,
            "\(ran.pauses) \(ran.chatter)")
        let failing = try FakeServer { _, number in
            number == 1
                ? FakeServer.answer("202 Accepted", "{}", headers: ["Operation-Location: /v1/operations/op_2"])
                : FakeServer.answer(
                    "200 OK",
                    "{\"id\":\"op_2\",\"state\":\"failed\",\"error_code\":\"invalid_input\",\"error_detail\":\"One stands in the way.\"}"
                )
        }
        defer { failing.close() }
        let failed = try await failing.api("subscriptions", "suspend", "sub_1", "--reason", "operator")
        #expect(failed.code == 1 && failed.output.isEmpty && failed.chatter.contains("One stands in the way."))
        let elsewhere = try FakeServer { _, _ in
            FakeServer.answer("202 Accepted", "{}", headers: ["Operation-Location: https://elsewhere.example/v1/operations/op_1"])
        }
        defer { elsewhere.close() }
        #expect(
            try await elsewhere.api("subscriptions", "suspend", "sub_1", "--reason", "operator").chatter.contains(
                "a key follows nobody"))
    }

    @Test("What is under way without being long work is not waited for")
    func underWay() async throws {
        let server = try FakeServer { _, _ in
            FakeServer.answer(
                "202 Accepted", "{\"id\":\"whd_1\",\"status\":\"waiting\"}", headers: ["Location: /v1/webhook-deliveries/whd_1"])
        }
        defer { server.close() }
        let ran = try await server.api("subscriptions", "suspend", "sub_1", "--reason", "operator")
        #expect(ran.code == 0 && ran.output.contains("whd_1") && server.asked.count == 1 && ran.pauses.isEmpty, "\(ran.chatter)")
    }

    @Test("A reader that has gone ends it without a word")
    func goneReader() async throws {
        let server = try FakeServer { _, _ in
            FakeServer.answer("200 OK", "{\"data\":[{\"id\":\"1\"},{\"id\":\"2\"}],\"has_more\":false}")
        }
        defer { server.close() }
        let ran = try await server.api("subscriptions", "list", "-o", "jsonl", readsAtMost: 1)
        #expect(ran.code == 1 && ran.chatter.isEmpty)
    }
}
