import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// From a use case's answer to bytes.
extension APIHandler {
    /// 304 where the caller has the object already, as it would be told now.
    func response(_ answer: Answer, _ request: APIRequest) -> HTTPResponse {
        var headers: HTTPHeaders = ["Content-Type": "application/json", "Cache-Control": "no-store"]
        if let location = answer.location { headers.set("Location", location) }
        let isRead = request.endpoint.readsObject && answer.status == 200
        if let tag = answer.entityTag ?? (isRead ? EntityTag.text(answer.body) : nil) {
            if isRead, request.hasSeen(tag) {
                return HTTPResponse(status: 304, headers: ["ETag": tag, "Cache-Control": "no-store"])
            }
            headers.set("ETag", tag)
        }
        if answer.isReplay { headers.set("Idempotent-Replayed", "true") }
        if answer.status == 202, request.endpoint.documentation.accepted != nil, let location = answer.location {
            headers.set("Operation-Location", location)
            headers.set("Retry-After", "1")
        }
        return HTTPResponse(status: answer.status, headers: headers, body: .bytes(answer.body))
    }

    func object<Item>(_ item: Item, _ request: APIRequest, _ write: (Item, inout JSONWriter) -> Void) -> HTTPResponse {
        var json = JSONWriter()
        write(item, &json)
        return response(Answer(status: 200, body: json.bytes), request)
    }

    /// A page of a described list, or the whole of it as a file. `scope`: the filters that the path holds.
    func list<Item>(
        _ request: APIRequest, _ description: ListDescription<Item>, scope: [String: String] = [:]
    ) async throws -> HTTPResponse {
        let context = request.context
        let columns = request["cols"].map { $0.split(separator: ",").map(String.init) }
        if let columns {
            if let failure = description.strangeColumns(columns) { throw failure }
            // A page has no columns to choose from.
            guard request["format"] != nil else { throw Failure.malformed(code: "required", pointer: "?format") }
        }
        let condition = try await description.condition(request.values.merging(scope) { $1 }, context)
        let limit = request["limit"].flatMap { Int($0) } ?? 25
        let wanted = try description.request(
            limit: limit, sort: request["sort"] ?? description.order(of: request.values), cursor: request["cursor"])
        guard let format = request["format"].flatMap({ ListFileFormat(rawValue: $0) }) else {
            let isCounted = request["include"] == "total"
            let (now, slice) = try await description.page(wanted, condition, counting: isCounted, context)
            let items =
                description.enrichesObjects ? try await description.enrich?(slice.items, context) ?? slice.items : slice.items
            var page = ListPage(items: items, nextCursor: slice.next)
            page.counted = slice.total
            return await list(request, page) { description.write($0, now, &$1) }
        }
        let zone = TimeZoneRule(identifier: context.tenant.timeZone) ?? .utc
        let t = Localiser(strings: localisation[request.language], zone: zone, now: try await context.now())
        return try await ListFile(
            description: description, condition: condition, request: wanted,
            columns: columns,
            reader: ListReader(t: t, principal: context.principal, hasWords: false), withMark: request["bom"] == "1",
            name: "\(description.name)_\(t.date(t.now))", context: context
        ).response(format)
    }

    func list<Item>(_ request: APIRequest, _ page: ListPage<Item>, _ write: (Item, inout JSONWriter) -> Void) async
        -> HTTPResponse
    {
        let body = await page.body(on: request.context.dependencies.database.reads.loop, write)
        var answer = response(Answer(status: 200, body: body), request)
        if let cursor = page.nextCursor {
            let kept =
                request.http.query.filter { $0.name != "cursor" }.map { "\($0.name)=\(percentEncoded($0.value))" } + [
                    "cursor=\(cursor)"
                ]
            answer.headers.set("Link", "<\(request.http.path)?\(kept.joined(separator: "&"))>; rel=\"next\"")
        }
        return answer
    }

    func me(_ request: APIRequest) async throws -> HTTPResponse {
        let context = request.context
        let now = try await context.now()
        guard case .key(let id, let account, let role, _) = context.principal else { throw Failure.notFound }
        let tenant = context.tenant
        let found = try await context.read(
            "select \(APIKey.columns) \(APIKey.source) where k.tenant_id = \(tenant.id) and k.id = \(id)"
        ).rows.first.map(APIKey.init)
        guard let key = found else { throw Failure.notFound }
        let body = jsonObject { json in
            json.field("object", "me")
            json.field(
                "tenant",
                object: {
                    $0.field("id", tenant.id)
                    $0.field("slug", tenant.slug)
                    $0.field("name", tenant.name)
                    $0.field("kind", tenant.isSandbox ? "sandbox" : "live")
                })
            json.field("role", role.rawValue)
            json.field(
                "scope",
                object: {
                    $0.field("kind", account == nil ? "tenant" : "account")
                    $0.field("account_id", account)
                })
            json.field(
                "key",
                object: {
                    $0.field("id", key.id)
                    $0.field("name", key.name)
                    key.writeBounds(to: &$0)
                })
            json.field(
                "clock",
                object: {
                    $0.field("now", now)
                    $0.field("test_clock", tenant.isSandbox)
                })
        }
        return response(Answer(status: 200, body: body), request)
    }

    func testClock(_ request: APIRequest) async throws -> HTTPResponse {
        try request.context.require(.operate)
        guard request.context.tenant.isSandbox else { throw Failure.forbidden(code: "test_clock_live_tenant") }
        let (now, rows) = try await request.context.read(
            "select advancing_to from test_clocks where tenant_id = \(request.context.tenant.id)")
        let target: Instant? = try rows.first?.get(0)
        let body = jsonObject {
            $0.field("object", "test_clock")
            $0.field("now", now)
            $0.field("advancing_to", target)
        }
        return response(Answer(status: 200, body: body), request)
    }

    /// An advance is many transactions, so its answer is stored under the key when all of them are done; before that a repetition finds the clock moving (409).
    func advance(_ request: APIRequest) async throws -> HTTPResponse {
        let context = request.context
        try context.require(.operate)
        guard context.tenant.isSandbox else { throw Failure.forbidden(code: "test_clock_live_tenant") }
        guard let target = try request.body()["to"]?.text.flatMap({ Instant(rfc3339: $0) }) else {
            throw Failure.invalid([FieldError("/to", "required")])
        }
        let options = try request.options()
        if options.dryRun {
            let due = try await AdvanceTestClock(context).rehearse(to: target)
            let body = jsonObject { json in
                json.field("now", target)
                json.field("due", object: { write(due, to: &$0) })
            }
            return response(Answer(status: 200, body: body).markedDryRun(), request)
        }
        let key = options.key
        if let stored = try await key?.answer(in: context) { return response(stored, request) }
        let outcome = try await AdvanceTestClock(context)(to: target)
        let body = jsonObject { json in
            json.field("now", outcome.now)
            json.field("ran", object: { write(outcome.ran, to: &$0) })
        }
        let answer = Answer(status: 200, body: body)
        if let key {
            try await context.work(at: outcome.now) {
                $0.enqueue(key.keep(answer, tenant: context.tenant.id, at: context.dependencies.realNow()))
            }
        }
        return response(answer, request)
    }

    private func write(_ counts: [String: Int], to json: inout JSONWriter) {
        for (kind, count) in counts.sorted(by: { $0.key < $1.key }) { json.field(kind, count) }
    }

    private func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || [45, 46, 95, 126].contains(byte)
            if isPlain { return String(UnicodeScalar(byte)) }
            let hex = String(byte, radix: 16, uppercase: true)
            return "%" + (hex.count == 1 ? "0" + hex : hex)
        }.joined()
    }
}
