// A provider's control plane in one file: it orders, pays, suspends, reactivates, reports usage, cancels, recovers, checks entitlement
// and verifies the webhooks that it is sent.
//
//     BURSAR_URL=http://127.0.0.1:8080 BURSAR_KEY=bsk_test_… swift run lifecycle-example
//
// Written from /docs/api alone. The key is an operator's of a sandbox tenant; the server runs with
// BURSAR_WEBHOOK_LOOPBACK=yes, so that it may tell this machine.

import Crypto
import Foundation
import FoundationNetworking

/// The server's answer to what it does not do: match on `code`, show `detail`.
struct Refused: Error {
    let status: Int
    let code: String
    let detail: String
}

/// An answer's JSON, by path: `answer["credit.remaining.amount"]`.
struct Answer: @unchecked Sendable {
    // What JSONSerialization makes is never changed.
    let json: Any
    let wasReplayed: Bool

    subscript(path: String) -> String? {
        var here: Any? = json
        for step in path.split(separator: ".") {
            if let list = here as? [Any], let index = Int(step), list.indices.contains(index) {
                here = list[index]
            } else {
                here = (here as? [String: Any])?[String(step)]
            }
        }
        switch here {
        case let text as String: return text
        case let number as NSNumber: return number.stringValue
        default: return nil
        }
    }
    func isTrue(_ path: String) -> Bool { self[path] == "1" || self[path] == "true" }
}

struct Bursar {
    let url: URL
    let key: String
    var attempts = 5

    func get(_ path: String) async throws -> Answer { try await call("GET", path) }

    /// Sorted names: a dictionary has no order of its own, and the same request is the same bytes. Without `once` a new key is made. Whoever may be restarted in between keeps the key with the order it belongs to.
    func post(_ path: String, _ body: Any? = nil, once: String = UUID().uuidString, media: String = "application/json")
        async throws
        -> Answer
    {
        try await call(
            "POST", path, try body.map { try JSONSerialization.data(withJSONObject: $0, options: [.sortedKeys]) }, once, media)
    }

    func call(
        _ method: String, _ path: String, _ body: Data? = nil, _ once: String? = nil, _ media: String = ""
    ) async throws -> Answer {
        guard let address = URL(string: path, relativeTo: url) else { throw Refused(status: 0, code: "no_address", detail: path) }
        var request = URLRequest(url: address, timeoutInterval: 30)
        request.httpMethod = method
        request.setValue("Bearer \(key)", forHTTPHeaderField: "Authorization")
        request.setValue("en", forHTTPHeaderField: "Accept-Language")
        if let once { request.setValue(once, forHTTPHeaderField: "Idempotency-Key") }
        if let body {
            request.setValue(media, forHTTPHeaderField: "Content-Type")
            request.httpBody = body
        }
        for attempt in 0..<attempts {
            var wait = 200 << attempt
            // Without an answer nobody knows whether it was done. With the same key it is done once, however often it is asked.
            if let (data, response) = try? await URLSession.shared.data(for: request), let http = response as? HTTPURLResponse {
                let json = (try? JSONSerialization.jsonObject(with: data)) ?? [String: Any]()
                let answer = Answer(json: json, wasReplayed: http.value(forHTTPHeaderField: "Idempotent-Replayed") == "true")
                if http.statusCode < 400 { return answer }
                let code = answer["code"] ?? ""
                guard http.statusCode == 429 || http.statusCode == 503 || code == "idempotency_key_in_use" else {
                    throw Refused(status: http.statusCode, code: code, detail: answer["detail"] ?? "")
                }
                if let seconds = http.value(forHTTPHeaderField: "Retry-After").flatMap({ Int($0) }) { wait = seconds * 1_000 }
            }
            if attempt + 1 < attempts { try await Task.sleep(for: .milliseconds(wait + Int.random(in: 0...wait / 4))) }
        }
        throw Refused(status: 503, code: "unreachable", detail: "no answer after \(attempts) attempts")
    }
}

/// Whether a webhook is from the server (Standard Webhooks). `secrets` holds every `whsec_…` that is valid: two while one replaces the other.
/// Compare `webhook-id` with those seen before: the same event may come more than once.
func isVerified(_ body: [UInt8], _ headers: [String: String], secrets: [String], now: Int, tolerance: Int = 300) -> Bool {
    guard let id = headers["webhook-id"], let stamp = headers["webhook-timestamp"], let sent = Int(stamp), String(sent) == stamp,
        abs(now - sent) <= tolerance
    else { return false }
    let signed = Array("\(id).\(stamp).".utf8) + body
    let given = (headers["webhook-signature"] ?? "").split(separator: " ").compactMap { signature -> [UInt8]? in
        signature.hasPrefix("v1,") ? Data(base64Encoded: String(signature.dropFirst(3))).map { Array($0) } : nil
    }
    return secrets.contains { secret in
        guard secret.hasPrefix("whsec_"), let key = Data(base64Encoded: String(secret.dropFirst(6))) else { return false }
        return given.contains { HMACSHA256.isValid($0, for: signed, key: Array(key)) }
    }
}

// What is expected of each step is said as a check, so that a run is a test.

func check(_ holds: Bool, _ words: String) {
    print(holds ? "ok    \(words)" : "FAIL  \(words)")
    if !holds { exit(1) }
}

func money(_ amount: String) -> [String: String] { ["amount": amount, "currency": "CNY"] }
func unique(_ stem: String) -> String { "\(stem)-\(UUID().uuidString.prefix(8).lowercased())" }

func prepaid(_ bursar: Bursar) async throws -> String {
    let me = try await bursar.get("/v1/me")
    check(me["role"] == "operator", "the key is an operator's of \(me["tenant.name"] ?? "")")
    let account = try await bursar.post(
        "/v1/accounts",
        [
            "kind": "standard", "name": "Harbour Logistics", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "zh-Hans",
            "administrator": ["email": "\(unique("admin"))@example.com", "first_name": "Mei", "last_name": "Lin"],
        ])
    let wish: [String: Any] = [
        "account_id": account["id"] ?? "", "offer": "prepaid", "name": "Warehouse telemetry",
        "payment": ["method": "sandbox", "amount": money("1000.00")],
    ]
    check(
        try await bursar.post("/v1/subscriptions?dry_run=true", wish).isTrue("dry_run"),
        "a dry run shows the order and orders nothing")
    let key = UUID().uuidString
    let subscription = try await bursar.post("/v1/subscriptions", wish, once: key)
    check(subscription["state"] == "active", "a subscription is ordered and paid for")
    let again = try await bursar.post("/v1/subscriptions", wish, once: key)
    check(again["id"] == subscription["id"] && again.wasReplayed, "asked again after a lost answer, it is the same one")

    let id = subscription["id"] ?? ""
    let path = "/v1/subscriptions/\(id)"
    let paid = try await bursar.post("\(path)/payments", ["method": "sandbox", "amount": money("2000.00")] as [String: Any])
    check(paid["credit.remaining.amount"] == "3000.00", "a second payment adds to the credit")
    do {
        _ = try await bursar.post("\(path)/payments", ["method": "sandbox", "amount": money("1.00")] as [String: Any])
        check(false, "a payment below the minimum is refused")
    } catch let refused as Refused {
        check(refused.code == "payment_below_minimum", "a payment below the minimum is refused")
    }
    let suspended = try await bursar.post("\(path)/suspend", ["reason": "requested", "note": "Stock-taking"])
    check(suspended["suspension_reasons.0"] == "requested", "it is suspended on request")
    check(try await !bursar.get("\(path)/entitlement").isTrue("entitled"), "suspended, it may not be used")
    check(try await bursar.post("\(path)/reactivate", ["reason": "requested"])["state"] == "active", "it is reactivated")
    check(try await bursar.get("\(path)/entitlement").isTrue("entitled"), "active, it may be used")
    return id
}

func usage(_ bursar: Bursar, of subscription: String) async throws {
    // The tenant's time, which a sandbox tenant moves by hand.
    let now = try await bursar.get("/v1/me")["clock.now"] ?? ""
    let events: [[String: Any]] = (0..<3).map { _ in
        [
            "specversion": "1.0", "id": UUID().uuidString, "source": "/meters/warehouse", "type": "cost", "subject": subscription,
            "time": now,
            "data": ["product": "Compute", "quantity": "2", "unit": "hour", "cost": money("12.34")] as [String: Any],
        ]
    }
    let media = "application/cloudevents-batch+json"
    let first = try await bursar.post("/v1/usage-events", events, media: media)
    check(first["accepted"] == "3" && first["rejected"] == "0", "three usage events are accepted")
    let second = try await bursar.post("/v1/usage-events", events, media: media)
    check(second["accepted"] == "0" && second["duplicate"] == "3", "sent again, they are duplicates and cost nothing")
}

func enterprise(_ bursar: Bursar) async throws {
    let year = try await Int((bursar.get("/v1/me")["clock.now"] ?? "").prefix(4)) ?? 2025
    let enrollment = try await bursar.post(
        "/v1/enrollments",
        [
            "number": unique("EA"), "name": "Northern Rail agreement", "currency": "CNY", "commitment": money("100000.00"),
            "starts_on": "\(year)-01-01", "ends_on": "\(year + 3)-01-01",
        ] as [String: Any])
    let account = try await bursar.post(
        "/v1/accounts",
        [
            "kind": "enterprise", "name": "Northern Rail", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "en",
            "administrator": ["email": "\(unique("admin"))@example.com"], "enrollment_id": enrollment["id"] ?? "",
        ] as [String: Any])
    let subscription = try await bursar.post(
        "/v1/subscriptions", ["account_id": account["id"] ?? "", "offer": "enterprise", "name": "Timetable"])
    let path = "/v1/subscriptions/\(subscription["id"] ?? "")"
    let cancelled = try await bursar.post("\(path)/cancel", ["reason": "The project ended"])
    check(cancelled["suspension_reasons.0"] == "cancelled", "an enterprise subscription is cancelled")
    check(cancelled["delete_at"] != nil, "its data is kept until \(cancelled["delete_at"] ?? "")")
    let recovered = try await bursar.post("\(path)/reactivate", ["reason": "cancelled"])
    check(recovered["state"] == "active" && recovered["delete_at"] == nil, "and it is recovered before that")
}

/// Listens for one account, and verifies what the server really sends. The server has to allow it: BURSAR_WEBHOOK_LOOPBACK=yes.
func webhooks(_ bursar: Bursar, of subscription: String) async throws {
    guard let receiver = Receiver() else { return check(false, "a receiver listens") }
    let path = "/v1/subscriptions/\(subscription)"
    let account = try await bursar.get(path)["account_id"] ?? ""
    let endpoint = try await bursar.post(
        "/v1/webhook-endpoints", ["url": "http://127.0.0.1:\(receiver.port)/hooks", "account_id": account])
    let (id, secret) = (endpoint["id"] ?? "", endpoint["secret"] ?? "")
    check(secret.hasPrefix("whsec_"), "an endpoint is made, and its secret shown")

    _ = try await bursar.post("\(path)/suspend", ["reason": "requested"])
    guard let told = try await receiver.message("subscription.suspended") else { return check(false, "the suspension is told") }
    let (headers, body) = (told.headers, told.body)
    let sent = Int(headers["webhook-timestamp"] ?? "") ?? 0
    check(
        isVerified(body, headers, secrets: [secret], now: Int(Date().timeIntervalSince1970)),
        "the suspension is told, and verified")
    let event = Answer(json: try JSONSerialization.jsonObject(with: Data(body)), wasReplayed: false)
    check(event["data.id"] == subscription && event["id"] == headers["webhook-id"], "it names its subscription and its own ID")
    check(
        try await bursar.get("/v1/events/\(event["id"] ?? "")")["sequence"] == event["sequence"],
        "the list of events says the same")

    check(isVerified(body, headers, secrets: [secret], now: sent + 300), "it holds for five minutes")
    check(!isVerified(body, headers, secrets: [secret], now: sent + 301), "and not for longer")
    check(!isVerified(body, headers, secrets: [secret], now: sent - 301), "nor from the future")
    check(!isVerified(body + [32], headers, secrets: [secret], now: sent), "not when a byte was changed")
    check(
        !isVerified(body, headers, secrets: ["whsec_" + Data(count: 32).base64EncodedString()], now: sent),
        "not with another secret")
    for (name, value) in [("webhook-id", "evt_other"), ("webhook-timestamp", String(sent + 1)), ("webhook-signature", "v1,AAAA")]
    {
        check(!isVerified(body, headers.merging([name: value]) { $1 }, secrets: [secret], now: sent), "not with another \(name)")
    }
    check(
        !isVerified(body, headers.filter { $0.key != "webhook-signature" }, secrets: [secret], now: sent),
        "not without a signature")

    let fresh = try await bursar.post("/v1/webhook-endpoints/\(id)/rotate-secret")["secret"] ?? ""
    let before = receiver.count
    _ = try await bursar.post("\(path)/reactivate", ["reason": "requested"])
    guard let both = try await receiver.message("subscription.reactivated", after: before) else {
        return check(false, "the reactivation is told")
    }
    let now = Int(both.headers["webhook-timestamp"] ?? "") ?? 0
    check(
        [fresh, secret].allSatisfy { isVerified(both.body, both.headers, secrets: [$0], now: now) },
        "while one secret replaces the other, either verifies")
    _ = try await bursar.call("DELETE", "/v1/webhook-endpoints/\(id)", nil, UUID().uuidString)
}

let environment = ProcessInfo.processInfo.environment
guard let url = environment["BURSAR_URL"].flatMap({ URL(string: $0) }), let key = environment["BURSAR_KEY"] else {
    FileHandle.standardError.write(Data("Set BURSAR_URL and BURSAR_KEY.\n".utf8))
    exit(2)
}
let bursar = Bursar(url: url, key: key)
let subscription = try await prepaid(bursar)
try await usage(bursar, of: subscription)
try await enterprise(bursar)
try await webhooks(bursar, of: subscription)
print("done")
