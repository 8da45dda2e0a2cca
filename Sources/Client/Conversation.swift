import Crypto
import HTTP

/// What a command asks of the server.
struct Call: Sendable {
    var method: String
    /// From the slash, with its query, encoded.
    var target: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]?
    /// Under which the server does it once, however often it is asked.
    var idempotencyKey: String?
    var isDownload = false

    /// Whether asking twice does no more than asking once.
    var isRepeatable: Bool { method == "GET" || method == "HEAD" || idempotencyKey != nil }
}

/// Who is asked and as whom, and for how long.
struct Remote: Sendable {
    var url: String
    var key: String?
    var authorities: String?
    var seconds = 60
    var retries = 3
}

/// Asks until there is an answer, but again only where that is safe: what cannot be doubled, or what was never sent.
final class Conversation {
    /// Longer than this the server must not let us wait.
    private static let patienceSeconds = 120
    private let server: Remote
    private let console: Console
    private let transport: Transport

    init(_ server: Remote, _ console: Console, agent: String) throws {
        self.server = server
        self.console = console
        do {
            transport = try Transport(agent: agent, authorities: server.authorities)
        } catch {
            throw ClientFault.failed("client_fault", "\(error)")
        }
    }

    private enum Attempt {
        case answer(WireAnswer)
        case fault(WireFault)
    }

    /// The answer, whatever its status.
    func send(_ call: Call, sink: (([UInt8]) -> Bool)? = nil) throws -> WireAnswer {
        var attempt = 0
        while true {
            var hasBegun = false
            let result = once(
                call,
                sink: sink.map { sink in
                    { bytes in
                        hasBegun = true
                        return sink(bytes)
                    }
                })
            // Half a file is out already: another answer would begin it anew.
            guard !hasBegun, attempt < server.retries, let wait = pause(after: result, call, attempt) else {
                return try end(result, call, hasBegun: hasBegun)
            }
            console.say("bursar: \(Self.words(result)); asking again in \(Self.seconds(wait))")
            console.pause(wait)
            attempt += 1
        }
    }

    private func once(_ call: Call, sink: (([UInt8]) -> Bool)?) -> Attempt {
        var request = WireRequest(method: call.method, url: server.url + call.target, headers: call.headers, body: call.body)
        request.seconds = call.isDownload ? nil : server.seconds
        if let key = server.key { request.headers.append(("Authorization", "Bearer \(key)")) }
        if let key = call.idempotencyKey { request.headers.append(("Idempotency-Key", key)) }
        do throws(WireFault) {
            return .answer(try transport.send(request, sink: sink))
        } catch {
            return .fault(error)
        }
    }

    /// Milliseconds until the next attempt; nil when there must be none.
    private func pause(after result: Attempt, _ call: Call, _ attempt: Int) -> Int? {
        let backoff = 500 << attempt
        let jitter = Int(SecureRandom.bytes(1)[0])
        switch result {
        case .fault(.notConnected): return backoff + jitter
        case .fault(.brokenOff): return call.isRepeatable ? backoff + jitter : nil
        case .fault: return nil
        case .answer(let answer):
            let isBusyKey = answer.status == 409 && attempt > 0 && ServerProblem(answer)?.code == "idempotency_key_in_use"
            // 429 says that nothing was done; behind 502, 503 and 504 it may have been.
            guard answer.status == 429 || isBusyKey || call.isRepeatable && [502, 503, 504].contains(answer.status) else {
                return nil
            }
            guard let asked = answer.header("Retry-After").flatMap({ Int($0) }) else { return backoff + jitter }
            return asked > Self.patienceSeconds ? nil : max(0, asked) * 1000 + jitter
        }
    }

    private func end(_ result: Attempt, _ call: Call, hasBegun: Bool) throws -> WireAnswer {
        switch result {
        case .answer(let answer):
            if answer.status >= 500 { tellKey(call) }
            return answer
        case .fault(.sinkClosed): throw ClientFault.gone
        case .fault(.notConnected(let reason)):
            throw ClientFault.failed("unreachable", "\(server.url) cannot be reached: \(reason).")
        case .fault(.unusable(let reason)):
            throw ClientFault.failed("unusable_connection", "\(server.url) cannot be spoken to: \(reason).")
        case .fault(.tooLarge(let limit)):
            throw ClientFault.failed("answer_too_large", "The answer is larger than \(limit / 1_048_576) MiB.")
        case .fault(.brokenOff(let reason)):
            tellKey(call)
            let unknown = call.isRepeatable || hasBegun ? "" : " Whether it was done is not known: look before you ask again."
            throw ClientFault.failed(
                "connection_lost", "\(hasBegun ? "The download broke off" : "No whole answer came"): \(reason).\(unknown)")
        }
    }

    /// With it the same command can be repeated and is done once.
    private func tellKey(_ call: Call) {
        guard let key = call.idempotencyKey else { return }
        console.say("bursar: it may have been done; repeat with --idempotency-key \(key) and it is done once")
    }

    private static func words(_ result: Attempt) -> String {
        switch result {
        case .answer(let answer): "the server says \(answer.status)"
        case .fault(.notConnected(let reason)), .fault(.brokenOff(let reason)), .fault(.unusable(let reason)): reason
        case .fault: "no answer"
        }
    }

    private static func seconds(_ milliseconds: Int) -> String { "\((milliseconds + 999) / 1000) s" }
}
