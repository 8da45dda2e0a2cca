import App
import Foundation
import HTTP
import TestSupport
import Testing
import Values

/// The examples of `/docs/api` and of the OpenAPI document: real answers, kept in `Web/api/examples.json`.
///
/// After a change of what an endpoint takes or answers: `make api-record` writes the file anew.
@Suite struct `Examples of the API` {
    private static let file = ProjectFolder.web.appending(path: "api/examples.json")

    @Test func `are recorded from real answers, and their curl commands work`() async throws {
        let world = try await World.make(.shared, marker: "Harbour")
        let recorded = try await ExampleRecorder(world: world).record()
        #expect(recorded.count == Endpoint.allCases.count)
        if ProcessInfo.processInfo.environment["BURSAR_RECORD"] == "1" {
            let lines = recorded.map { "\(JSON.string("\($0.endpoint)").compact): \($0.example.json.pretty())" }
            try Data(("{\n" + lines.joined(separator: ",\n") + "\n}\n").utf8).write(to: Self.file)
        }
    }

    @Test func `exist for every endpoint and fit its schemas`() throws {
        let reference = try APIReference(folder: ProjectFolder.web.appending(path: "api"))
        for endpoint in Endpoint.allCases {
            let example = try #require(reference.example(endpoint), "\(endpoint.rawValue) has no example: make api-record")
            #expect(OpenAPI.statuses(of: endpoint).contains(example.status))
            #expect(Self.matches(example.target, endpoint), "\(endpoint): \(example.target)")
            var faults: [FieldError] = []
            if let schema = endpoint.documentation.body, let body = example.body { faults += Self.faults(body, schema) }
            switch endpoint.documentation.answer {
            case .object(_, let name): faults += Self.faults(example.answer, .named(name))
            case .list(let name): faults += Self.faults(example.answer, .listOf(name))
            case .other: break
            }
            #expect(faults.isEmpty, "\(endpoint) does not fit its schema any more: \(faults.map { "\($0.pointer) \($0.code)" })")
        }
        let known = Set(Endpoint.allCases.map { "\($0)" })
        #expect(Set(reference.examples.keys).subtracting(known).isEmpty, "examples of endpoints that are gone: make api-record")
    }

    /// Every line goes through a real shell into words, and these to the server.
    @Test func `stand as commands that a shell and the server understand`() async throws {
        let world = try await World.make(.shared, marker: "Harbour")
        for endpoint in Endpoint.allCases {
            let (target, body) = world.request(endpoint)
            let example = APIExample(
                target: target, body: try body.map { try JSON(parsing: $0.bytes) }, status: 200, headers: [], answer: .null)
            let words = try Self.words(of: CurlCommand(endpoint, example).text(origin: "http://bursar.test"))
            let reply = try await Self.send(words, world.tenant)
            #expect(reply.status < 300, "\(words): \(reply.text.prefix(200))")
        }
    }

    // MARK: -

    private static func faults(_ json: JSON, _ schema: Schema) -> [FieldError] {
        var reader = SchemaReader()
        reader.read(json, schema, at: "")
        return reader.unknown + reader.faults
    }

    private static func matches(_ target: String, _ endpoint: Endpoint) -> Bool {
        let path = target.prefix { $0 != "?" }.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        return path.count == endpoint.segments.count
            && zip(path, endpoint.segments).allSatisfy { $1.first == "{" || $0 == $1 }
    }

    /// What the shell makes of the line: one argument a piece.
    private static func words(of line: String) throws -> [String] {
        let shell = Process()
        let output = Pipe()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", "curl() { printf '%s\\0' \"$@\"; }\n" + line]
        shell.environment = ["PATH": "/usr/bin:/bin", "BURSAR_KEY": "the-key"]
        shell.standardOutput = output
        try shell.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        shell.waitUntilExit()
        guard shell.terminationStatus == 0 else { throw TestFault("the shell refuses: \(line)") }
        return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map { String(decoding: $0, as: UTF8.self) }
    }

    private static func send(_ words: [String], _ tenant: TestTenant) async throws -> Reply {
        var (method, target, headers, body): (String, String, HTTPHeaders, String) = ("GET", "", [:], "")
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "-X": method = rest.popFirst() ?? ""
            case "-d": body = rest.popFirst() ?? ""
            case "-H":
                let parts = (rest.popFirst() ?? "").split(separator: ": ", maxSplits: 1)
                guard parts.count == 2 else { throw TestFault("no header: \(parts)") }
                headers.add(String(parts[0]), String(parts[1]).replacing("the-key", with: tenant.key))
            default: target = String(word.trimmingPrefix("http://bursar.test"))
            }
        }
        return try await tenant.bursar.request(method, target, headers: headers, body: Array(body.utf8))
    }
}
