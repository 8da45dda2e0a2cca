import App
import Crypto
import HTTP

/// `bursar api request METHOD PATH`: whatever the commands do not say.
struct RawRequest {
    static let options = [OwnOption(name: "--header")]
    static let help = """
        bursar api request METHOD PATH [--data @FILE|-|JSON] [--header 'Name: value'] [options]

        Sends one request as it is, with the key, and shows the answer's body. A POST gets an Idempotency-Key and may be asked again under it.

        Examples
          bursar api request GET '/v1/subscriptions?state=active&limit=5'
          bursar api request POST /v1/partners --data '{"code":"P-7","company_name":"Seven Ltd"}'
          bursar api request POST /v1/subscriptions --data @order.json --dry-run
        \(Help.common)
        """

    private let arguments: Arguments
    private let console: Console
    private let remote: Remote
    private let format: OutputFormat

    init(_ arguments: Arguments, _ console: Console) throws {
        (self.arguments, self.console) = (arguments, console)
        format = try OutputFormat(arguments, nil, console)
        remote = try Remote(arguments, console.environment, console)
    }

    func run() throws -> ExitCode {
        guard arguments.words.count == 2 else { throw ClientFault.usage("Say `bursar api request METHOD PATH`.") }
        let call = try call(method: arguments.words[0].uppercased(), path: arguments.words[1])
        let answer = try Conversation(remote, console, agent: ClientProgram.agent).send(call)
        try answer.succeed()
        let out = try Output(arguments["--output"], console)
        let isJSON = answer.header("Content-Type")?.hasPrefix("application/json") ?? false
        if isJSON && (arguments.has("--format") || console.outputIsTerminal) {
            try Rendering(format, nil, arguments, console).show(try answer.json(), out)
        } else {
            try out.write(answer.body)
        }
        try out.finish()
        return .done
    }

    private func call(method: String, path: String) throws -> Call {
        guard ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].contains(method) else {
            throw ClientFault.usage("There is no method \(Plain.line(method)).")
        }
        guard path.hasPrefix("/"), !path.hasPrefix("//"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ClientFault.usage("PATH begins with a slash and is percent-encoded: /v1/subscriptions?limit=5")
        }
        var call = Call(method: method, target: path)
        if arguments.has("--dry-run") { call.target += (path.contains("?") ? "&" : "?") + "dry_run=true" }
        for line in arguments.own["--header"] ?? [] {
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2, line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw ClientFault.usage("--header is 'Name: value'.")
            }
            call.headers.append((parts[0], String(parts[1].drop { $0 == " " })))
        }
        if let tag = arguments["--if-match"] { call.headers.append(("If-Match", tag)) }
        if let language = arguments["--language"] { call.headers.append(("Accept-Language", language)) }
        if let word = arguments["--data"] {
            call.body = try InputText.data(word, console)
            if !call.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
                call.headers.append(("Content-Type", Self.mediaType(method, path)))
            }
        }
        if method == "POST" && !arguments.has("--dry-run") {
            call.idempotencyKey = arguments["--idempotency-key"] ?? "cli-\(SecureRandom.token(bytes: 16))"
        }
        return call
    }

    private static func mediaType(_ method: String, _ path: String) -> String {
        let plain = path.prefix { $0 != "?" }
        let endpoint = Endpoint.allCases.first { $0.method == method && $0.template == plain }
        return endpoint?.documentation.bodyMediaType ?? "application/json"
    }
}
