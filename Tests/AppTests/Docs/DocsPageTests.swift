import App
import FoundationEssentials
import HTTP
import TestSupport
import Testing

/// `/docs/api` and `/problems`: everything that can be asked is there, in both languages, light enough for a slow line.
@Suite struct `The API's own pages` {
    private static let addresses: [String] =
        ["/docs/api", "/docs/api/objects", "/problems"] + APIGroup.all.map { "/docs/api/\($0.slug)" }
        + APIGuide.allCases.map { "/docs/api/\($0.slug)" } + Schema.components.map { "/docs/api/objects/\($0.name)" }

    @Test func `are open to everybody, whole in both languages and light`() async throws {
        let bursar = try await TestBursar.shared
        for address in Self.addresses {
            for language in ["en", "zh-Hans"] {
                let page = try await bursar.request("GET", address, headers: ["Accept-Language": language]).expect(200)
                #expect(page.text.contains("<html lang=\"\(language)\""), "\(address)")
                #expect(!page.text.contains("⟦"), "\(address)")
                let elements = page.text.matches(of: #/<[a-z]/#).count
                #expect(elements <= 1_500, "\(address): \(elements) elements")
            }
        }
    }

    @Test func `name every endpoint with its parameters and fields`() async throws {
        let bursar = try await TestBursar.shared
        let index = try await bursar.request("GET", "/docs/api").expect(200).text
        for part in APIGroup.all {
            let page = try await bursar.request("GET", "/docs/api/\(part.slug)").expect(200).text
            for endpoint in part.endpoints {
                #expect(index.contains("/docs/api/\(part.slug)#\(endpoint)\""), "\(endpoint)")
                #expect(page.contains("id=\"\(endpoint)\""), "\(endpoint)")
                #expect(page.contains(endpoint.rawValue), "\(endpoint)")
                for field in endpoint.documentation.query {
                    #expect(page.contains("<code>\(field.name)</code>"), "\(field.name)")
                }
            }
        }
        #expect(APIGroup.all.flatMap(\.endpoints).count == Endpoint.allCases.count)
    }

    @Test func `say beside the endpoints of keys what a key may do with keys`() async throws {
        let bursar = try await TestBursar.shared
        let document = try await bursar.request("GET", "/openapi.json").expect(200).json.at("paths")
        for (endpoint, codes) in [
            (Endpoint.createAPIKey, ["bound_key_manages_none"]),
            (.updateAPIKey, ["key_cannot_change_itself", "bound_key_manages_none"]), (.revokeAPIKey, ["scope_missing"]),
            (.rotateAPIKey, ["scope_missing", "bound_key_manages_none"]),
        ] {
            let described = document?.at(endpoint.template)?.at("\(endpoint.method.lowercased()).description")?.string
            #expect(described == endpoint.documentation.note)
            for language in ["en", "zh-Hans"] {
                let page = try await bursar.request("GET", "/docs/api/api-keys", headers: ["Accept-Language": "\(language)"])
                    .expect(200).text
                let section =
                    page.components(separatedBy: "id=\"\(endpoint)\"").last?.components(separatedBy: "</section>")[0] ?? ""
                let paragraphs = section.components(separatedBy: "<p").dropFirst().map { $0.components(separatedBy: "</p>")[0] }
                let rule = paragraphs.first { text in codes.allSatisfy { text.contains($0) } && !text.contains("note codes") }
                #expect(rule?.contains(language == "en" ? " key" : "密钥") == true, "\(endpoint) \(language)")
            }
        }
    }

    @Test func `tell what changed for programs, day by day, and promise notice`() async throws {
        let bursar = try await TestBursar.shared
        #expect(APIGuide.daysOfChange == APIGuide.daysOfChange.sorted(by: >))
        var counts: [[Int]] = []
        for language in Language.allCases {
            let page = try await bursar.request("GET", "/docs/api/changes", headers: ["Accept-Language": language.rawValue])
                .expect(200)
            for word in ["Deprecation", "Sunset", "RFC 9745", "12", "portal-sessions"] {
                #expect(page.text.contains(word), "\(word)")
            }
            let index = try await bursar.request("GET", "/docs/api").expect(200)
            #expect(index.text.contains("href=\"/docs/api/changes\""))
            let words = bursar.app.localisation[language]
            let days = APIGuide.daysOfChange.map { words.paragraphs(APIGuide.changes(on: $0), [:]) }
            counts.append(days.map(\.count))
            for day in APIGuide.daysOfChange { #expect(page.text.contains("id=\"\(day)\""), "\(day)") }
            // The codes of refusals that it names are there.
            let catalogue = ProblemCatalogue(words)
            for text in days.joined() {
                for code in text.matches(of: #/[(（](?:4\d\d )`([a-z_]+)`/#) {
                    #expect(catalogue.has(String(code.output.1)), "\(code.output.1)")
                }
            }
        }
        #expect(counts[0] == counts[1] && counts[0].allSatisfy { $0 > 0 })
    }

    @Test func `explain every rule that they name by number, and lead there`() async throws {
        let bursar = try await TestBursar.shared
        let rule = #/[(（]([A-Z][0-9]{1,2}a?)[)）]/#
        let texts =
            Endpoint.allCases.flatMap { endpoint in
                let said = endpoint.documentation
                return [said.summary, said.note] + said.query.map(\.note) + (said.body.map(Self.notes) ?? [])
            } + Schema.components.flatMap { Self.notes($0.schema) }
        let named = Set(texts.flatMap { $0.matches(of: rule).map { String($0.output.1) } })
        #expect(named.isSubset(of: Set(RuleWords.named)), "\(named.subtracting(RuleWords.named))")
        for language in ["en", "zh-Hans"] {
            let headers: HTTPHeaders = ["Accept-Language": language]
            let rules = try await bursar.request("GET", "/docs/api/rules", headers: headers).expect(200).text
            for rule in RuleWords.named { #expect(rules.contains("id=\"\(rule)\""), "\(rule)") }
            let people = try await bursar.request("GET", "/docs/api/identity", headers: headers).expect(200).text
            #expect(people.contains("href=\"/docs/api/rules#A13\">A13</a>"), "\(language)")
            let object = try await bursar.request("GET", "/docs/api/objects/Notification", headers: headers).expect(200).text
            #expect(object.contains("href=\"/docs/api/rules#L3\""))
        }
    }

    private static func notes(_ schema: Schema) -> [String] {
        switch schema {
        case .object(let fields): fields.flatMap { [$0.note] + notes($0.schema) }
        case .list(let inner, _), .nullable(let inner), .judged(let inner): notes(inner)
        default: []
        }
    }

    @Test func `answer 404 where there is no such part, object or code`() async throws {
        let bursar = try await TestBursar.shared
        for address in ["/docs/api/nothing", "/docs/api/objects/Nothing", "/problems/nothing", "/problems/status_404"] {
            try await bursar.request("GET", address).expect(404)
        }
    }

    @Test func `explain a code as a page to people and as JSON to programs`() async throws {
        let bursar = try await TestBursar.shared
        let page = try await bursar.request("GET", "/problems/payment_below_minimum", headers: ["Accept": "text/html,*/*"])
            .expect(200)
        #expect(page.header("content-type")?.hasPrefix("text/html") == true)
        let json = try await bursar.request(
            "GET", "/problems/payment_below_minimum", headers: ["Accept": "application/json", "Accept-Language": "zh-CN"]
        ).expect(200)
        #expect(json["code"] == "payment_below_minimum")
        #expect(json["status"] == "422")
        #expect(json["cause"] != nil && json["cure"] != nil)
        let unknown = try await bursar.request("GET", "/problems/nope", headers: ["Accept": "application/json"]).expect(
            404, "not_found")
        #expect(unknown.header("content-type") == "application/problem+json")
        #expect(json["title"]?.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) } == true)
        #expect(try await bursar.request("GET", "/problems/stale").expect(200).text.contains("<h1>"))
    }
}
