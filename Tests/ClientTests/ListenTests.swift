import Client
import Crypto
import FoundationEssentials
import HTTP
import TestSupport
import Testing

/// `bursar api listen`: what happens is handed on as a webhook would come.
struct ListenTests {
    private static func event(_ number: Int, _ type: String = "subscription.suspended") -> String {
        "{\"id\":\"evt_\(number)\",\"type\":\"\(type)\",\"timestamp\":\"2025-01-01T00:00:00Z\",\"data\":{\"object\":\"subscription\",\"id\":\"sub_1\"}}"
    }
    private static func page(_ events: [String], next: String? = nil) -> String {
        FakeServer.answer(
            "200 OK",
            "{\"data\":[\(events.joined(separator: ","))],\"has_more\":\(next != nil),\"next_cursor\":\(next.map { "\"\($0)\"" } ?? "null")}"
        )
    }

    @Test("New events are posted in their order, once each, with a signature that holds; old ones are not")
    func forwards() async throws {
        let bursar = try FakeServer { asked, number in
            switch number {
            case 1: Self.page([Self.event(2), Self.event(1)], next: "older")
            case 2: Self.page([Self.event(4), Self.event(3), Self.event(2), Self.event(1)], next: "older")
            default: Self.page([Self.event(5), Self.event(4), Self.event(3), Self.event(2)], next: "older")
            }
        }
        defer { bursar.close() }
        let receiver = try FakeServer { _, number in FakeServer.answer(number == 2 ? "500 No" : "204 No Content", "") }
        defer { receiver.close() }
        let ran = try await bursar.api("listen", "--forward-to", "localhost:\(receiver.port)/hook", "--count", "3")
        #expect(ran.code == 0, "\(ran.chatter)")
        #expect(
            ran.lines.count == 3 && ran.lines[0].hasSuffix("evt_3  → 204") && ran.lines[1].hasSuffix("evt_4  → 500"),
            "\(ran.output)")
        let secret =
            ran.chatter.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("whsec_") }.map { String($0.dropFirst(6)) }
            ?? ""
        let key = Array(Data(base64Encoded: secret) ?? Data())
        #expect(key.count == 32)
        #expect(receiver.asked.map { $0.header("webhook-id") } == ["evt_3", "evt_4", "evt_5"])
        for asked in receiver.asked {
            let signed = "\(asked.header("webhook-id") ?? "").\(asked.header("webhook-timestamp") ?? "").\(asked.body)"
            let code = Data(HMACSHA256.code(for: Array(signed.utf8), key: key)).base64EncodedString()
            #expect(asked.header("webhook-signature") == "v1,\(code)")
            #expect(asked.header("Authorization") == nil && asked.line == "POST /hook HTTP/1.1")
        }
    }

    @Test("Types are chosen, lines are JSON where asked, and a receiver that is away is said")
    func chooses() async throws {
        let bursar = try FakeServer { _, _ in Self.page([Self.event(2, "payment.succeeded"), Self.event(1)]) }
        defer { bursar.close() }
        let ran = try await bursar.api(
            "listen", "--since", "2025-01-01T00:00:00Z", "--events", "payment.succeeded,account.created", "--count", "1", "-o",
            "jsonl",
            "--forward-to", "http://127.0.0.1:1/")
        #expect(
            ran.code == 0 && ran.lines.count == 1 && ran.output.contains("payment.succeeded") && ran.output.contains("\"fault\""))
        #expect(bursar.asked[0].line.contains("from=2025-01-01T00%3A00%3A00Z"))
        for words in [["--count", "x"], ["--secret", "abc"], ["--forward-to", "ftp://x"], ["-o", "csv"], ["word"]] {
            let wrong = try await Bench.run(["listen", "--url", "http://127.0.0.1:1"] + words)
            #expect(wrong.code == 2, "\(words)")
        }
    }

    @Test("A server that is away for a while is waited for; a key that is refused ends it")
    func waits() async throws {
        let bursar = try FakeServer { _, number in
            switch number {
            case 1: Self.page([])
            case 2: FakeServer.answer("500 Internal Server Error", "{}")
            default: Self.page([Self.event(1)])
            }
        }
        defer { bursar.close() }
        let ran = try await bursar.api("listen", "--count", "1", "--retries", "0")
        #expect(ran.code == 0 && ran.chatter.contains("Still listening") && ran.lines.count == 1)
        let refusing = try FakeServer { _, _ in
            FakeServer.answer("401 Unauthorized", "{\"title\":\"No\",\"code\":\"invalid_api_key\"}")
        }
        defer { refusing.close() }
        #expect(try await refusing.api("listen").code == 4)
    }
}
