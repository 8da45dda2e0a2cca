import HTTP
struct PageHandler: Sendable {
    let dependencies: Dependencies
    let authenticator: Authenticator
    let localisation: Localisation
    let assets: Assets
    func answer(_ request: HTTPRequest, requestID: String) async -> (HTTPResponse, route: String) { (HTTPResponse(status: 404), "other") }
    func problemPage(code: String, _ request: HTTPRequest, requestID: String) async -> HTTPResponse { HTTPResponse(status: 404) }
}
