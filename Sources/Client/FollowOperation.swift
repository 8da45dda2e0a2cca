import HTTP

/// Work that takes longer than a request: a 202 says where it stands, and it is asked there until it has ended.
struct FollowOperation {
    let run: CommandRun
    let conversation: Conversation
    private static let open: Set<String> = ["pending", "queued", "waiting", "running", "cancelling"]

    init(_ run: CommandRun, _ conversation: Conversation) { (self.run, self.conversation) = (run, conversation) }

    /// The answer as if it had been given at once: of long work its result once there is one.
    ///
    /// - Throws: when the work has failed; `stopped` work answers how far it came.
    func settled(_ first: WireAnswer) throws -> JSON {
        guard first.status == 202, !run.arguments.has("--no-wait"), let place = try place(first) else { return try first.json() }
        var wait = Self.wait(first)
        var said = ""
        while true {
            run.console.pause(wait)
            let answer = try conversation.send(Call(method: "GET", target: place))
            let json = try answer.json()
            wait = Self.wait(answer)
            guard let state = json["state"]?.string else {
                throw ClientFault.failed("broken_answer", "The operation says nothing of its state.")
            }
            let line = "\(json["id"]?.string ?? "operation") \(state)\(Self.progress(json))"
            if line != said { run.say(Plain.line(line)) }
            said = line
            if Self.open.contains(state) { continue }
            guard state != "failed" else {
                let detail = json["error_detail"]?.string ?? "Nothing was done."
                throw ClientFault.failed(json["error_code"]?.string ?? "operation_failed", Plain.lines("\(line): \(detail)"))
            }
            if let result = json["result"], result != .null { return result }
            return json
        }
    }

    private static func progress(_ json: JSON) -> String {
        let progress = json["progress"]
        guard case .number(let done)? = progress?["finished"], case .number(let all)? = progress?["total"]
        else { return "" }
        return " \(done) of \(all)"
    }

    /// Of long work only, which says so: a `Location` alone is where something can be read. And only a place on the same server: the key goes along.
    private func place(_ answer: WireAnswer) throws -> String? {
        guard let text = answer.header("Operation-Location") else { return nil }
        let path = text.hasPrefix(run.remote.url + "/") ? String(text.dropFirst(run.remote.url.count)) : text
        guard path.hasPrefix("/v1/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ClientFault.failed(
                "broken_answer", "The server sends us elsewhere for the result (\(Plain.line(text))); a key follows nobody.")
        }
        return path
    }

    private static func wait(_ answer: WireAnswer) -> Int {
        let asked = answer.header("Retry-After").flatMap { Int($0) } ?? 1
        return min(max(asked, 1), 30) * 1000
    }
}
