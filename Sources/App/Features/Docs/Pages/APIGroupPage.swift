import HTML
import HTTP

/// `/docs/api/{group}`: every endpoint of one part of the API with what it does, who may, what it takes and what it answers.
package struct APIGroupPage: Page {
    let group: APIGroup
    let reference: APIReference
    let origin: String

    package func title(_ t: Localiser) -> String { t("docs.group_title", ["part": reference.heading(group.tag, t.language)]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("reference")) {
            Breadcrumbs([(t("docs.title"), PageRoute.apiIndex.url())], current: reference.heading(group.tag, t.language)).html(t)
            PageHeading(title(t), lede: .text(t("docs.group_lede"))).html
            if group.endpoints.count > 1 {
                ul(.class("routes")) {
                    for endpoint in group.endpoints { li { a(.href(.anchor("\(endpoint)"))) { code { endpoint.rawValue } } } }
                }
            }
            for endpoint in group.endpoints { EndpointSection(endpoint, reference, origin, t).html }
        }
    }
}

/// One endpoint, whole.
struct EndpointSection {
    let endpoint: Endpoint
    let documentation: EndpointDocumentation
    let reference: APIReference
    let origin: String
    let t: Localiser

    init(_ endpoint: Endpoint, _ reference: APIReference, _ origin: String, _ t: Localiser) {
        self.endpoint = endpoint
        documentation = endpoint.documentation
        self.reference = reference
        self.origin = origin
        self.t = t
    }

    var html: HTML {
        section(.class("block endpoint"), .id("\(endpoint)")) {
            h2 { code { endpoint.rawValue } }
            p(.class("lede")) { marked(reference.words(documentation.summary, t.language)) }
            p(.class("note")) { conditions }
            if !documentation.note.isEmpty { p { marked(reference.words(documentation.note, t.language)) } }
            parameters
            if let body = documentation.body { bodyFields(body) }
            answer
            refusals
            if endpoint == .receiveUsage { verdictCodes }
            listing(
                CurlCommand(endpoint, reference.example(endpoint)).text(origin: origin),
                name: t("docs.request_of", ["endpoint": endpoint.rawValue]))
            if endpoint == .receiveUsage, let single = CurlCommand.singleEvent(reference.example(endpoint)) {
                listing(single.text(origin: origin), name: t("docs.request_single"))
            }
            if let example = reference.example(endpoint) { exampleAnswer(example) }
        }
    }

    // MARK: Who, how

    private var conditions: HTML {
        var pieces: [HTML] = [.text(t("docs.audience.\(documentation.audience.rawValue)"))]
        if let scope = endpoint.scope, !Endpoint.unscopable.contains(scope) {
            pieces.append(t.html("docs.scope", ["scope": code { scope }]))
        }
        switch documentation.idempotency {
        case .none: break
        case .offered: pieces.append(t.html("docs.key_offered", ["header": code { "Idempotency-Key" }]))
        case .required: pieces.append(t.html("docs.key_required", ["header": code { "Idempotency-Key" }]))
        }
        if documentation.dryRun { pieces.append(t.html("docs.dry_run", ["parameter": code { "dry_run=true" }])) }
        if OpenAPI.takesIfMatch(endpoint) { pieces.append(t.html("docs.if_match", ["header": code { "If-Match" }])) }
        return .fragment(pieces.enumerated().map { index, piece in index == 0 ? piece : HTML.fragment([.text(" · "), piece]) })
    }

    // MARK: What it takes

    private var words: SchemaWords { SchemaWords(reference: reference, t: t) }

    @HTMLBuilder private var parameters: HTML {
        let path = endpoint.parameters.map { name in
            SchemaWords.Row(
                name: name, type: OpenAPI.idPrefix[name].map { words.type(.id($0)) } ?? .text(t("docs.type.name")),
                isRequired: true,
                note: t("docs.in_path"))
        }
        let rows = path + words.rows(.object(documentation.query))
        if !rows.isEmpty {
            h3 { t("docs.parameters") }
            words.list(rows)
        }
    }

    @HTMLBuilder private func bodyFields(_ body: Schema) -> HTML {
        let rows = words.rows(body)
        if !rows.isEmpty {
            h3 { t("docs.body") }
            p(.class("note")) {
                for (index, body) in documentation.bodies.enumerated() {
                    if index > 0 { " · " }
                    code { body.mediaType }
                }
            }
            if endpoint == .receiveUsage {
                p(.class("note")) {
                    t.html(
                        "docs.usage_bodies",
                        [
                            "batch": code { ReceiveUsage.batchType }, "single": code { ReceiveUsage.singleEventType },
                            "either": code { "application/json" },
                        ])
                }
            }
            words.list(rows)
        }
    }

    // MARK: What it answers

    private var answer: HTML {
        group {
            h3 { t("docs.answer") }
            p {
                switch documentation.answer {
                case .object(let status, let name):
                    t.html("docs.answers", ["status": code { String(status) }, "what": words.object(name)])
                case .list(let name):
                    t.html("docs.answers_list", ["status": code { "200" }, "what": words.object(name)])
                    if !documentation.fileFormats.isEmpty {
                        " "
                        t.html("docs.answers_files", ["parameter": code { "format" }])
                    }
                case .other(let status, let mediaType):
                    t.html("docs.answers", ["status": code { String(status) }, "what": code { mediaType }])
                }
            }
        }
    }

    @HTMLBuilder private var refusals: HTML {
        let own = RefusalCodes.own(of: endpoint, reference)
        if !own.isEmpty {
            p(.class("note codes")) {
                t("docs.refusals")
                for (status, codes) in own {
                    " \(status) "
                    for code in codes {
                        a(.class("mono"), .href(URLPath(["problems", code]))) { code }
                        " "
                    }
                }
            }
        }
    }

    /// Why a single event is rejected, while the request itself is answered with 200.
    private var verdictCodes: HTML {
        group {
            h3 { t("docs.verdict_codes") }
            p(.class("note")) { t("docs.verdict_codes_note") }
            dl(.class("fields")) {
                for word in UsageVerdictCode.all {
                    div {
                        dt { a(.class("mono"), .href(URLPath(["problems", word]))) { word } }
                        dd { marked(t("usage.rejection.\(word)")) }
                    }
                }
            }
        }
    }

    private func exampleAnswer(_ example: APIExample) -> HTML {
        let text: String
        if case .string(let file) = example.answer { text = file } else { text = example.answer.pretty() }
        let lines = example.headers.map { "\($0.name): \($0.value)\n" }.joined()
        return details {
            summary { t("docs.example", ["status": String(example.status)]) }
            listing(
                lines + (lines.isEmpty || text.isEmpty ? "" : "\n") + text,
                name: t("docs.answer_of", ["endpoint": endpoint.rawValue]))
        }
    }
}
