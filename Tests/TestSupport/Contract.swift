import App
import HTTP

/// Holds every answer that a test sees against the document that the server serves: its status, its media type, its every field.
enum Contract {
    private static let routes: RouteTable<Endpoint> = {
        var routes = RouteTable<Endpoint>()
        for endpoint in Endpoint.allCases { routes.add(endpoint.method, endpoint.segments, endpoint) }
        return routes
    }()

    static func check(_ reply: Reply, _ request: HTTPRequest) throws {
        guard case .found(let endpoint, _) = routes.match(request.method.rawValue, request.pathSegments) else { return }
        func fault(_ words: String) -> TestFault {
            TestFault("\(reply.request) broke the document: \(words): \(reply.text.prefix(900))")
        }
        guard OpenAPI.statuses(of: endpoint).contains(reply.status) else { throw fault("status \(reply.status)") }
        let type = reply.headers["content-type"].map { String($0.prefix { $0 != ";" }) }
        if reply.status == 304 { return }
        guard !reply.text.contains("⟦") else { throw fault("words that neither language has") }
        if reply.status >= 400 {
            guard endpoint != .readyz, endpoint != .problem else { return }
            SeenRefusals.note(endpoint, reply)
            guard SeenRefusals.isDocumented(endpoint, reply) else {
                throw fault("code \(reply.code ?? "") is not documented; `make api-record`")
            }
            guard type == "application/problem+json" else { throw fault("media type \(type ?? "none")") }
            guard reply.status != 422 || !reply.list("errors").isEmpty else { throw fault("422 without `errors`") }
            return try hold(reply, .named("Problem"), fault)
        }
        if reply.status == 202, let name = endpoint.documentation.accepted {
            guard type == "application/json" else { throw fault("media type \(type ?? "none")") }
            return try hold(reply, .named(name), fault)
        }
        switch endpoint.documentation.answer {
        case .object(_, let name):
            guard type == "application/json" else { throw fault("media type \(type ?? "none")") }
            try hold(reply, .named(name), fault)
        case .list(let name):
            if request.query.contains(where: { $0.name == "format" }) {
                let known = endpoint.documentation.fileFormats.map(\.essence)
                guard let type, known.contains(type) else { throw fault("media type \(type ?? "none")") }
                return
            }
            guard type == "application/json" else { throw fault("media type \(type ?? "none")") }
            try hold(reply, .listOf(name), fault)
        case .other(_, let mediaType):
            // An error code is explained to programs, too.
            if endpoint == .problem && type == "application/json" { return }
            guard type == mediaType else { throw fault("media type \(type ?? "none")") }
        }
    }

    private static func hold(_ reply: Reply, _ schema: Schema, _ fault: (String) -> TestFault) throws {
        let json: JSON
        do { json = try JSON(parsing: reply.body) } catch { throw fault("no JSON: \(error)") }
        var reader = SchemaReader()
        reader.read(json, schema, at: "")
        let errors = reader.unknown + reader.faults
        guard errors.isEmpty else { throw fault(errors.map { "\($0.pointer) \($0.code)" }.joined(separator: ", ")) }
    }
}
