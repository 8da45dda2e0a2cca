import HTTP
import Values

/// A request as a line for the shell: what stands on the page does what it says when it is pasted.
package struct CurlCommand: Sendable {
    let endpoint: Endpoint
    let example: APIExample?
    private let mediaType: String

    package init(_ endpoint: Endpoint, _ example: APIExample?) {
        self.init(endpoint, example, mediaType: endpoint.documentation.bodyMediaType)
    }

    private init(_ endpoint: Endpoint, _ example: APIExample?, mediaType: String) {
        self.endpoint = endpoint
        self.example = example
        self.mediaType = mediaType
    }

    /// The first event of the example alone, in structured mode.
    package static func singleEvent(_ example: APIExample?) -> CurlCommand? {
        guard let example, case .array(let events)? = example.body, let event = events.first else { return nil }
        let alone = APIExample(
            target: example.target, body: event, status: example.status, headers: example.headers, answer: example.answer)
        return CurlCommand(.receiveUsage, alone, mediaType: ReceiveUsage.singleEventType)
    }

    /// - Parameter origin: `https://billing.example.com`.
    package func text(origin: String) -> String {
        let documentation = endpoint.documentation
        var lines = ["curl"]
        if endpoint.method != "GET" { lines[0] += " -X \(endpoint.method)" }
        lines[0] += " \(ShellWord.quoted(origin + (example?.target ?? endpoint.template)))"
        if documentation.audience != .anyone { lines.append("-H \"Authorization: Bearer $BURSAR_KEY\"") }
        // A key of its own for each try; whoever repeats a request says the same one again.
        if documentation.idempotency != .none { lines.append("-H \"Idempotency-Key: \(endpoint)-$(date +%s)\"") }
        if documentation.body != nil, let body = example?.body {
            lines.append("-H 'Content-Type: \(mediaType)'")
            lines.append("-d \(ShellWord.quoted(body.pretty()))")
        }
        return lines.joined(separator: " \\\n  ")
    }
}
