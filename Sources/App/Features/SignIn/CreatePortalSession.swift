import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// A2: straight in from the provider's own console. The provider has its own proof of who somebody is; with the operator's key it asks for an
/// address that signs this person in on one page, once, within five minutes. A second step is the console's affair.
///
/// The way in is in the first answer only: asked again under the same idempotency key, the answer is the same session without it, and without a key
/// there is another. A dry run has none to show.
package struct CreatePortalSession: Sendable {
    static let lifetimeSeconds: Int64 = 300

    let email: String
    let path: String
    let returnURL: String?

    package init(email: String, path: String, returnURL: String?) {
        self.email = email
        self.path = path
        self.returnURL = returnURL
    }

    /// `base` is how the caller's people reach this server.
    package func run(_ context: TenantContext, _ options: CommandOptions, base: String) async throws -> Answer {
        try context.require(.operate)
        guard PageRoute.isPage(path) else { throw Failure.invalid([FieldError("/path", "not_a_page")]) }
        if let returnURL, ExternalURL(checking: returnURL) == nil {
            throw Failure.invalid([FieldError("/return_url", "invalid_return_url")])
        }
        return try await context.command(options) { write in
            let rows = try await write.begin([
                "select id from users where tenant_id = \(write.tenant.id) and email = \(email.lowercased())"
            ])[0]
            guard let user = try rows.first?.get(0, as: UserID.self) else {
                throw Failure.invalid([FieldError("/user_email", "unknown_user")])
            }
            let id: SessionID = write.newID()
            let token = OneTimeLink.issue(
                in: write, purpose: .portalSession, user: user, subject: id.uuid, path: path, returnURL: returnURL,
                lifetimeSeconds: Self.lifetimeSeconds)
            write.audit("portal_session.created", object: ("user", user.uuid))
            let url = base + PageRoute.portalSession.url(token).string
            let expires = context.dependencies.realNow().adding(seconds: Self.lifetimeSeconds)
            func body(_ url: String?) -> [UInt8] {
                jsonObject {
                    $0.field("id", id)
                    $0.field("object", "portal_session")
                    $0.field("url", url)
                    $0.field("user_id", user)
                    $0.field("path", path)
                    $0.field("return_url", returnURL)
                    $0.field("expires_at", expires)
                }
            }
            var answer = Answer(status: 201, body: body(options.dryRun ? nil : url), location: url)
            answer.keptBody = body(nil)
            answer.isLocationSecret = true
            return answer
        }
    }
}

extension PageRoute {
    private static let pages: RouteTable<PageRoute> = {
        var table = RouteTable<PageRoute>()
        for route in allCases where !route.isPost && !route.isOpen { table.add(route.method, route.segments, route) }
        return table
    }()

    /// Whether an address leads to a page of the portal that somebody who is signed in can be shown.
    package static func isPage(_ address: String) -> Bool {
        guard URLPath(checking: address) != nil, let request = try? HTTPRequest(method: .get, target: address) else {
            return false
        }
        if case .found = pages.match("GET", request.pathSegments) { return true }
        return false
    }
}
