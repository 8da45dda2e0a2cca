import App
import Crypto
import FoundationEssentials
import HTTP
import Values

/// `bursar api listen`: asks for events and hands each on as a webhook would come, signed with a secret of its own, to a server under construction.
final class Listen {
    static let options = [
        "--forward-to", "--secret", "--events", "--account-id", "--since", "--count", "--interval",
    ].map { OwnOption(name: $0) }
    static let help = """
        bursar api listen [--forward-to URL] [options]

        Shows events as they happen and posts each to URL with the headers of a webhook, signed with a secret that it prints. What has happened before
        it began is not shown unless --since says so. Ctrl-C ends it.

        Examples
          bursar api listen
          bursar api listen --forward-to http://localhost:4242/hook
          bursar api listen --forward-to localhost:4242/hook --events subscription.suspended,payment.succeeded -o jsonl

        Options
          --forward-to URL             Where each event is posted, one after the other, in their order.
          --secret whsec_…             Sign with this one; without it a fresh one is made and printed.
          --events A,B                 Only these types.
          --account-id acc_…           Only this account's.
          --since TIME                 Begin with what has happened since then, 30 days ago at the most.
          --count N                    End after so many.
          --interval SECONDS           How often it asks; 2 unless said.
        \(Help.common)
        """

    private static let path = "/v1/events"
    /// So many pages back at most: whoever was away that long reads the list instead.
    private static let pagesAtMost = 100
    private static let replySeconds = 20

    private let arguments: Arguments
    private let console: Console
    private let remote: Remote
    private let asking: Conversation
    private let forwarding: Transport
    private let target: String?
    private let secret: [UInt8]
    private let types: Set<String>
    private let isJSON: Bool
    private var seen: Set<String> = []
    /// Nothing older is looked at: IDs of events sort by time.
    private var floor = ""

    init(_ arguments: Arguments, _ console: Console) throws {
        (self.arguments, self.console) = (arguments, console)
        guard arguments.words.isEmpty else { throw ClientFault.usage("`bursar api listen` takes no words; see its --help.") }
        remote = try Remote(arguments, console.environment, console)
        asking = try Conversation(remote, console, agent: ClientProgram.agent)
        do {
            forwarding = try Transport(agent: ClientProgram.agent)
        } catch {
            throw ClientFault.failed("client_fault", "\(error)")
        }
        target = try arguments.own["--forward-to"]?.last.map(Self.url)
        secret = try arguments.own["--secret"]?.last.map(Self.secret) ?? SecureRandom.bytes(32)
        types = Set((arguments.own["--events"] ?? []).flatMap { $0.split(separator: ",").map(String.init) })
        switch arguments["--format"] {
        case nil, "table": isJSON = false
        case "json", "jsonl": isJSON = true
        default: throw ClientFault.usage("`bursar api listen` shows lines for people, or -o jsonl.")
        }
    }

    func run() throws -> ExitCode {
        let interval = try number("--interval", 1...3600) ?? 2
        let count = try number("--count", 1...1_000_000)
        if arguments.own["--since"] == nil { try skipThePast() }
        say("listening to \(remote.url)\(target.map { ", forwarding to \($0)" } ?? "")")
        if target != nil { say("signed with whsec_\(Data(secret).base64EncodedString())") }
        var shown = 0
        while true {
            do {
                for event in try fresh() where types.isEmpty || types.contains(event["type"]?.string ?? "") {
                    try show(event, try forward(event))
                    shown += 1
                    if shown == count { return .done }
                }
            } catch let fault as ClientFault where fault.code == .failed && !fault.text.isEmpty {
                // A server that is restarted is waited for; a key that is refused is not.
                say("\(fault.text) Still listening.")
            }
            console.pause(interval * 1000)
        }
    }

    private func say(_ text: String) {
        if !arguments.has("--quiet") { console.say("bursar: \(text)") }
    }

    // MARK: Asking

    /// What is there already has been told to others.
    private func skipThePast() throws {
        let page = try page(cursor: nil)
        let ids = page.events.compactMap { $0["id"]?.string }
        seen = Set(ids)
        if page.next != nil { floor = ids.min() ?? "" }
    }

    /// New events, the oldest first. The first page is always looked at whole: of two events made at once the later may be seen first.
    private func fresh() throws -> [JSON] {
        var found: [(id: String, event: JSON)] = []
        var cursor: String?
        for _ in 0..<Self.pagesAtMost {
            let page = try page(cursor: cursor)
            let new = page.events.compactMap { event in event["id"]?.string.map { (id: $0, event: event) } }
                .filter { $0.id >= floor && !seen.contains($0.id) }
            found += new
            cursor = page.next
            if new.count < page.events.count || cursor == nil { break }
        }
        seen.formUnion(found.map(\.id))
        return found.sorted { $0.id < $1.id }.map(\.event)
    }

    private func page(cursor: String?) throws -> (events: [JSON], next: String?) {
        var query = [("limit", "100")]
        if let account = arguments.own["--account-id"]?.last { query.append(("account_id", account)) }
        if let since = arguments.own["--since"]?.last { query.append(("from", since)) }
        if types.count == 1, let type = types.first { query.append(("type", type)) }
        if let cursor { query.append(("cursor", cursor)) }
        let json = try asking.send(Call(method: "GET", target: QueryText.target(Self.path, query))).json()
        guard let events = json["data"]?.elements else {
            throw ClientFault.failed("broken_answer", "The answer is JSON, but no list: it has no `data`.")
        }
        return (events, json["has_more"]?.isTrue == true ? json["next_cursor"]?.string : nil)
    }

    // MARK: Handing on

    private enum Reply {
        case status(Int)
        case fault(String)
    }

    private func forward(_ event: JSON) throws -> Reply? {
        guard let target else { return nil }
        let body = Array(JSONText.line(event).utf8)
        let id = event["id"]?.string ?? ""
        let seconds = console.now().microseconds / 1_000_000
        let code = HMACSHA256.code(for: Array("\(id).\(seconds).".utf8) + body, key: secret)
        var request = WireRequest(method: "POST", url: target, body: body)
        request.seconds = Self.replySeconds
        request.headers = [
            ("Content-Type", "application/json"), ("webhook-id", Plain.line(id)), ("webhook-timestamp", String(seconds)),
            ("webhook-signature", "v1,\(Data(code).base64EncodedString())"),
        ]
        do throws(WireFault) {
            return .status(try forwarding.send(request).status)
        } catch {
            switch error {
            case .notConnected(let reason), .unusable(let reason), .brokenOff(let reason): return .fault(reason)
            case .tooLarge, .sinkClosed: return .fault("the reply is too large")
            }
        }
    }

    private func show(_ event: JSON, _ reply: Reply?) throws {
        if isJSON {
            var members: [(key: String, value: JSON)] = [("event", event)]
            switch reply {
            case .status(let status): members.append(("status", .number(String(status))))
            case .fault(let reason): members.append(("fault", .string(reason)))
            case nil: break
            }
            return try console.print(JSONText.line(.object(members)) + "\n")
        }
        let words = ["timestamp", "type", "id"].map { Plain.line(event[$0]?.string ?? "-") }
        let object = Plain.line(RowShape.cell(event, "data.id"))
        let end =
            switch reply {
            case .status(let status): "  → \(status)"
            case .fault(let reason): "  → \(reason)"
            case nil: ""
            }
        try console.print("\(words[0])  \(Help.padded(words[1], 32)) \(object)  \(words[2])\(end)\n")
    }

    // MARK: Reading options

    private func number(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = arguments.own[name]?.last else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw ClientFault.usage("\(name) is a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    private static func url(_ text: String) throws -> String {
        let url = text.contains("://") ? text : "http://\(text)"
        guard url.hasPrefix("http://") || url.hasPrefix("https://"), url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ClientFault.usage("--forward-to is a URL such as http://localhost:4242/hook.")
        }
        return url
    }

    private static func secret(_ text: String) throws -> [UInt8] {
        guard text.hasPrefix("whsec_"), let bytes = Data(base64Encoded: String(text.dropFirst(6))), !bytes.isEmpty else {
            throw ClientFault.usage("--secret is whsec_ and base64.")
        }
        return Array(bytes)
    }
}
