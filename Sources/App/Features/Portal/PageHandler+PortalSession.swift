import Billing
import HTML
import HTTP
import Values

/// The page behind a one-time link that signs in, and what every such page says when its link opens nothing.
extension PageHandler {
    /// `GET /portal-sessions/{token}`: the console sends the browser here, so looking is using, but for what only looks ahead: a HEAD, a prefetch.
    func portalSession(_ visit: Visit) async throws -> HTTPResponse {
        let purposes = [visit.request.headers["sec-purpose"], visit.request.headers["purpose"], visit.request.headers["x-moz"]]
        if visit.request.method == .head || purposes.contains(where: { $0?.lowercased().contains("prefetch") ?? false }) {
            return HTTPResponse(status: 204, headers: ["Cache-Control": "private, no-store"])
        }
        let state = try await OneTimeLink.look(visit.parameters[0], .portalSession, dependencies)
        guard case .valid(let link) = state, let tenant = try await authenticator.tenant(link.tenant),
            let (principal, _) = try await authenticator.user(link.user, of: tenant)
        else { return linkProblem(state, .portalSession, visit) }
        let context = TenantContext(tenant: tenant, principal: principal, dependencies: dependencies)
        let start = visit.sessionStart(isAuthenticated: false, returnURL: link.returnURL, id: link.subject.map { SessionID($0) })
        let token: String
        do {
            token = try await context.work(actor: principal.actor) { write in
                _ = try await write.begin([])
                try await link.take(in: write)
                write.audit("portal_session.opened", object: ("user", link.user.uuid))
                return write.startSession(of: link.user, start)
            }
        } catch Failure.conflict {
            return linkProblem(.used(link), .portalSession, visit)
        }
        if let former = visit.request.cookie(cookies.session) { try await authenticator.endSession(former) }
        return visit.redirect(
            link.path.flatMap { URLPath(checking: $0) } ?? PageRoute.home.url(), cookies: [cookies.line(cookies.session, token)])
    }

    /// What is said of a link that is used, over, or none at all: 410 or 404, with the way on that its purpose has.
    func linkProblem(_ state: OneTimeLink.State, _ purpose: OneTimeLink.Purpose, _ visit: Visit) -> HTTPResponse {
        let problem: LinkProblemPage.Problem
        var origin: ExternalURL?
        switch state {
        case .used(let link):
            problem = .used
            origin = link.returnURL.flatMap { ExternalURL(checking: $0) }
        case .expired(let link):
            problem = .expired
            origin = link.returnURL.flatMap { ExternalURL(checking: $0) }
        case .unknown, .valid: problem = .unknown
        }
        let page = LinkProblemPage(problem, purpose, actions: waysOn(purpose, visit), origin: origin)
        return visit.page(page, status: problem == .unknown ? 404 : 410)
    }

    private func waysOn(_ purpose: OneTimeLink.Purpose, _ visit: Visit) -> [ActionLink] {
        let t = visit.localiser()
        switch purpose {
        case .passwordReset:
            return [ActionLink(t("link.ask_again"), PageRoute.forgotPasswordForm.url(), .primary), signInOrHome(visit, t)]
        case .emailConfirmation where visit.signedIn != nil:
            return [ActionLink(t("profile.title"), PageRoute.profile.url(), .primary)]
        default: return [signInOrHome(visit, t)]
        }
    }

    private func signInOrHome(_ visit: Visit, _ t: Localiser) -> ActionLink {
        visit.signedIn == nil
            ? ActionLink(t("error.sign_in"), PageRoute.signInForm.url()) : ActionLink(t("error.home"), PageRoute.home.url())
    }
}
