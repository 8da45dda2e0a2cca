import FoundationEssentials
import HTML
import HTTP
import Values

/// The API's own pages: open to everybody, made from the routes' types.
extension PageHandler {
    func apiIndex(_ visit: Visit) -> HTTPResponse { visit.page(APIIndexPage(reference: reference, origin: visit.origin)) }

    func apiPage(_ visit: Visit) throws -> HTTPResponse {
        let slug = visit.parameters[0]
        if let guide = APIGuide(rawValue: slug) { return visit.page(APIGuidePage(guide: guide, origin: visit.origin)) }
        guard let group = APIGroup.named(slug) else { throw Failure.notFound }
        return visit.page(APIGroupPage(group: group, reference: reference, origin: visit.origin))
    }

    func apiObjects(_ visit: Visit) -> HTTPResponse { visit.page(APIObjectsPage(reference: reference)) }

    func apiObject(_ visit: Visit) throws -> HTTPResponse {
        let name = visit.parameters[0]
        guard let component = Schema.components.first(where: { $0.name == name }) else { throw Failure.notFound }
        return visit.page(APIObjectPage(name: name, schema: component.schema, reference: reference))
    }

    func problemIndex(_ visit: Visit) -> HTTPResponse { visit.page(ProblemIndexPage()) }

    /// An error code's page; the same as JSON for whoever asks for that before HTML. It stands also when the database does not.
    func problemPage(code: String, _ request: HTTPRequest, requestID: String) async -> HTTPResponse {
        await outside(request, requestID) { visit in
            let catalogue = ProblemCatalogue(visit.strings)
            guard !Self.prefersJSON(request) else {
                guard catalogue.has(code) else {
                    return Problem.response(.notFound, visit.strings, requestID: visit.requestID)
                }
                return json(code, catalogue)
            }
            guard catalogue.has(code) else { return errorPage(.notFound, visit) }
            return visit.page(ProblemPage(code: code, reference: reference))
        }
    }

    private static func prefersJSON(_ request: HTTPRequest) -> Bool {
        let wishes = (request.headers["accept"] ?? "").split(separator: ",").map { wish in
            wish.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        }
        let json = wishes.firstIndex { $0 == "application/json" || $0 == "application/problem+json" }
        guard let json else { return false }
        return wishes.firstIndex(of: "text/html").map { json < $0 } ?? true
    }

    private func json(_ code: String, _ catalogue: ProblemCatalogue) -> HTTPResponse {
        let body = jsonObject { json in
            json.field("object", "problem")
            json.field("code", code)
            json.field("status", ProblemCatalogue.status(code, reference).map(Int64.init))
            json.field("title", catalogue.title(code))
            json.field("detail", catalogue.detail(code))
            json.field("cause", catalogue.cause(code))
            json.field("cure", catalogue.cure(code))
        }
        return HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": "application/json", "Content-Language": catalogue.strings.language.tag,
                "Vary": "Accept, Accept-Language", "Cache-Control": "no-store",
            ], body: .bytes(body))
    }
}
