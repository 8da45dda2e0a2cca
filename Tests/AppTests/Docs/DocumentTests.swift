import App
import Foundation
import HTTP
import TestSupport
import Testing

/// What the OpenAPI document promises beyond bodies: headers that count, codes that have words, examples.
@Suite struct `The OpenAPI document` {
    @Test func `names If-Match only where another version is refused`() async throws {
        let world = try await World.make(.shared)
        let before = try world.tenant.fingerprint()
        for endpoint in Endpoint.allCases where OpenAPI.takesIfMatch(endpoint) {
            let (target, body) = world.request(endpoint)
            let reply = try await world.tenant.request(
                endpoint.method, target, body,
                headers: ["If-Match": "\"another\"", "Content-Type": endpoint.documentation.bodyMediaType])
            try reply.expect(412, "stale")
        }
        #expect(try world.tenant.fingerprint().differences(from: before) == [])
    }

    @Test func `says every code with words, and every reference leads somewhere`() async throws {
        let bursar = try await TestBursar.shared
        let document = try await bursar.request("GET", "/openapi.json").expect(200)
        let english = try ProjectFolder.localiser(.en).strings
        let catalogue = ProblemCatalogue(english)
        var said = 0
        for template in document.json.at("paths")?.fieldNames ?? [] {
            guard case .object(let paths)? = document.json.at("paths"),
                let path = paths.first(where: { $0.key == template })?.value
            else { continue }
            for method in path.fieldNames {
                for status in path.at("\(method).responses")?.fieldNames ?? [] {
                    for code in path.at("\(method).responses.\(status).x-codes")?.elements ?? [] {
                        #expect(catalogue.has(code.string ?? ""), "\(method) \(template) \(status): \(code)")
                        said += 1
                    }
                }
            }
        }
        #expect(said > 1_000)
        let headers = Set(document.json.at("components.headers")?.fieldNames ?? [])
        for reference in document.text.split(separator: "#/components/headers/").dropFirst() {
            #expect(headers.contains(String(reference.prefix { $0 != "\"" })))
        }
    }

    @Test func `is told in Chinese too, sentence by sentence`() throws {
        let reference = try APIReference(folder: ProjectFolder.web.appending(path: "api"))
        var english: Set<String> = []
        for endpoint in Endpoint.allCases {
            let documentation = endpoint.documentation
            english.formUnion([documentation.tag, documentation.summary] + [documentation.note].filter { !$0.isEmpty })
            Self.notes(.object(documentation.query), &english)
            if let body = documentation.body { Self.notes(body, &english) }
        }
        for component in Schema.components { Self.notes(component.schema, &english) }
        let untold = english.subtracting(reference.sentences).sorted()
        #expect(untold.isEmpty, "without a Chinese sentence in Web/api/zh-Hans.json: \(untold)")
        let unused = reference.sentences.subtracting(english).sorted()
        #expect(unused.isEmpty, "no sentence of the document any more: \(unused)")
    }

    private static func notes(_ schema: Schema, _ into: inout Set<String>) {
        switch schema {
        case .object(let fields):
            for field in fields {
                if !field.note.isEmpty { into.insert(field.note) }
                notes(field.schema, &into)
            }
        case .list(let inner, _), .nullable(let inner), .judged(let inner): notes(inner, &into)
        default: break
        }
    }

    /// Codes are written as literals; each is looked for where it is thrown.
    @Test func `every code that the program can answer has words in both languages and a page`() throws {
        let codes = try Self.written()
        #expect(codes.count > 90)
        for language in Language.allCases {
            let catalogue = ProblemCatalogue(try ProjectFolder.localiser(language).strings)
            for code in catalogue.codes {
                #expect(catalogue.cause(code) != nil && catalogue.cure(code) != nil, "problem.\(code) lacks cause or cure")
            }
            for code in codes { #expect(catalogue.has(code), "\(code) has no words under error.\(code) in \(language.tag)") }
        }
    }

    private static func written() throws -> Set<String> {
        let folder = ProjectFolder.root.appending(path: "Sources/App")
        let calls = [#/code: "([a-z_]+)"/#, #/FieldError\([^,\n]+, "([a-z_]+)"/#]
        var codes: Set<String> = []
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) where name.hasSuffix(".swift") {
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            for call in calls { codes.formUnion(text.matches(of: call).map { String($0.output.1) }) }
        }
        // Why a sandbox payment failed is told by the payment, no refusal.
        return codes.subtracting(["declined_by_issuer", "insufficient_funds"])
    }
}
