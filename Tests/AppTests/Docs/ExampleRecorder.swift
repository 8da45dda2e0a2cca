import App
import Foundation
import HTTP
import TestSupport
import Values

/// Makes the examples of `/docs/api` from what a real tenant is answered: the working request of every endpoint (`World`), with invented IDs, times and
/// secrets in place of the real ones, so that a second recording differs only where the program does.
struct ExampleRecorder {
    let world: World
    /// Longer lists are cut: an example is there to show what a row looks like.
    static let itemsAtMost = 2

    func record() async throws -> [(endpoint: Endpoint, example: APIExample)] {
        var made: [Endpoint: APIExample] = [:]
        // What is only read comes first, then what leaves the rest as it is.
        let reads = Endpoint.allCases.filter { $0.method == "GET" } + [.receiveUsage]
        for endpoint in reads + Endpoint.allCases.filter({ !reads.contains($0) }) {
            made[endpoint] = try await record(endpoint)
        }
        return Endpoint.allCases.compactMap { endpoint in made[endpoint].map { (endpoint, $0) } }
    }

    private func record(_ endpoint: Endpoint) async throws -> APIExample {
        var (target, body) = world.request(endpoint)
        if case .list = endpoint.documentation.answer, endpoint.documentation.query.contains(where: { $0.name == "limit" }) {
            target += (target.contains("?") ? "&" : "?") + "limit=1"
        }
        let reply = try await world.send(endpoint.method, target, body, endpoint, as: nil)
        guard reply.status < 300 else { throw TestFault("\(endpoint.rawValue): \(reply.text.prefix(300))") }
        var disguise = Disguise(world)
        let headers = ["ETag", "Location", "Link"].compactMap { name in
            reply.header(name).map { (name, disguise.text($0)) }
        }
        let sent = try body.map { try JSON(parsing: $0.bytes) }
        return APIExample(
            target: disguise.text(target), body: sent.map { disguise.json($0) }, status: reply.status, headers: headers,
            answer: try await answer(reply, endpoint, target, &disguise))
    }

    private func answer(_ reply: Reply, _ endpoint: Endpoint, _ target: String, _ disguise: inout Disguise) async throws -> JSON {
        switch endpoint.documentation.answer {
        case .object, .list: return disguise.json(reply.json)
        case .other(_, "application/json") where !reply.body.isEmpty && endpoint != .openapi: return disguise.json(reply.json)
        case .other:
            switch endpoint {
            // The document is an answer of its own kind, and figures are never the same twice.
            case .openapi: return .string("{\"openapi\": \"3.1.0\", …")
            case .metrics: return .string("# TYPE bursar_build_info gauge\n…")
            case .problem: return .string("<!doctype html>…")
            default: break
            }
            let whole = reply.body.isEmpty ? try await world.tenant.download(target) : reply.text
            let lines = whole.split(separator: "\r\n", omittingEmptySubsequences: false).flatMap { $0.split(separator: "\n") }
            return .string(
                lines.prefix(3).map { disguise.text(String($0).replacing("\u{FEFF}", with: "")) }.joined(separator: "\n"))
        }
    }
}

/// Puts invented values in place of what differs from run to run.
struct Disguise {
    private var ids: [String: String] = [:]
    private var counts: [String: Int] = [:]

    init(_ world: World) {
        // What several examples are about has one ID in all of them.
        for id in [
            world.account, world.prepaid, world.enrollment, world.department, world.enterpriseAccount, world.enterprise,
            world.partner, world.order, world.apiKey,
        ] {
            _ = self.id(id)
        }
    }

    mutating func json(_ json: JSON) -> JSON {
        switch json {
        case .string(let value): .string(text(value))
        case .array(let items): .array(items.prefix(ExampleRecorder.itemsAtMost).map { self.json($0) })
        case .object(let fields):
            .object(fields.map { field in (field.key, self.field(field.key, field.value)) })
        case .null, .bool, .number: json
        }
    }

    private mutating func field(_ name: String, _ value: JSON) -> JSON {
        guard value.string != nil else { return json(value) }
        return switch name {
        case "next_cursor": .string("AAYr4nQ1…")
        case "hint": .string("MPLE")
        default: json(value)
        }
    }

    mutating func text(_ value: String) -> String {
        var text = value
        text = text.replacing(#/[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}/#) { id(String($0.output)) }
        text = text.replacing(#/req_[0-9a-z]{26}/#, with: "req_01jhkvxm80e008000000000001")
        text = text.replacing(#/[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}/#) { _ in
            "0194671e-d100-7000-8000-000000000001"
        }
        text = text.replacing(#/bsk_(live|test)_[A-Za-z0-9_-]+/#) { "bsk_\($0.output.1)_EXAMPLE" }
        text = text.replacing(#/whsec_[A-Za-z0-9+\/=_-]+/#, with: "whsec_EXAMPLE")
        text = text.replacing(#/cursor=[A-Za-z0-9_%-]+/#, with: "cursor=AAYr4nQ1…")
        text = text.replacing(#/\b[0-9a-f]{64}\b/#, with: String(repeating: "0123456789abcdef", count: 4))
        text = text.replacing(#/\/[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/#, with: "/one-time-token")
        text = text.replacing(#/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/#) { Self.time(String($0.output.0)) }
        text = text.replacing(#/RF[0-9]{14}/#, with: "RF63797727674861")
        text = text.replacing(#/Tenant world-\d+/#, with: "Northwind Cloud").replacing(#/world-\d+/#, with: "northwind")
        return text.replacing(#/\b(admin|served|colleague|heir|new|ea|EA|P|Q|D|bank)-\d+/#) { "\($0.output.1)-1" }
    }

    /// `sub_01jhkvxm80e008000000000001`: a valid TypeID (version 7), numbered by kind.
    private mutating func id(_ real: String) -> String {
        if let known = ids[real] { return known }
        let prefix = String(real.prefix(3))
        counts[prefix, default: 0] += 1
        let number = String(counts[prefix, default: 0])
        let made = "\(prefix)_01jhkvxm80e008" + String(repeating: "0", count: 12 - number.count) + number
        ids[real] = made
        return made
    }

    /// The tenant's clock stands in 2025; what was stamped by the real one becomes a plain morning.
    private static func time(_ text: String) -> String {
        guard let at = Instant(rfc3339: text) else { return text }
        let now = Instance.realNow()
        let isReal = at.microseconds(until: now) < 86_400_000_000 && now.microseconds(until: at) < 40 * 86_400_000_000
        return isReal ? "2025-01-15T08:00:00Z" : text
    }
}
