import HTML
import HTTP
import Values

/// `/re-authenticate`: the password once more, before what changes access; then back to the page that asked.
extension PageHandler {
    func reauthenticateForm(_ visit: Visit) async throws -> HTTPResponse {
        let returning = returnTo(visit["return_to"])
        // Somebody who comes back to it after she has done it is sent on.
        if (try? visit.requireRecentAuthentication()) != nil { return visit.redirect(returning) }
        return visit.page(try await reauthenticatePage(visit, returning))
    }

    func reauthenticate(_ visit: Visit) async throws -> HTTPResponse {
        let (signedIn, _) = try visit.member()
        let form = try visit.form()
        let returning = returnTo(form["return_to"])
        guard case .user(let user, _, _, _) = signedIn.principal, let token = visit.request.cookie(cookies.session) else {
            throw Failure.notFound
        }
        var page = try await reauthenticatePage(visit, returning)
        if page.asksCode, !form["code"].isEmpty {
            switch try await CheckSecondFactor(user: user, code: form["code"]).run(try visit.context()) {
            case .right:
                let fresh = try await authenticator.confirmSession(token)
                return visit.redirect(returning, cookies: [cookies.line(cookies.session, fresh)])
            case .wrong, .off: page.codeProblem = visit.strings("two_step.wrong")
            case .wait(let seconds): page.codeProblem = visit.localiser()("sign_in.wait", ["seconds": String(seconds)])
            }
            return visit.page(page, status: 422)
        }
        let password = form.exact("password")
        guard !password.isEmpty else {
            page.problem = visit.strings("sign_in.password_missing")
            return visit.page(page, status: 422)
        }
        let address = visit.request.remoteAddress
        switch try await SignIn(dependencies).confirm(password, tenant: signedIn.tenant.id, user: user, from: address) {
        case .signedIn, .choose:
            let fresh = try await authenticator.confirmSession(token)
            return visit.redirect(returning, cookies: [cookies.line(cookies.session, fresh)])
        case .refused:
            page.problem = visit.strings("reauthenticate.no_match")
            return visit.page(page, status: 422)
        case .wait(let seconds):
            page.problem = visit.localiser()("sign_in.wait", ["seconds": String(seconds)])
            var response = visit.page(page, status: 429)
            response.headers.set("Retry-After", String(seconds))
            return response
        }
    }

    private func reauthenticatePage(_ visit: Visit, _ returning: URLPath) async throws -> ReauthenticatePage {
        let (signedIn, _) = try visit.member()
        guard case .user(let user, let email, _, _) = signedIn.principal else { throw Failure.notFound }
        var page = ReauthenticatePage(
            action: PageRoute.reauthenticate.url(), csrf: signedIn.formToken, email: email, returnTo: returning)
        page.asksPassword = try await authenticator.hasPassword(user, in: signedIn.tenant.id)
        page.asksCode = try await authenticator.hasSecondFactor(user, in: signedIn.tenant.id)
        return page
    }
}
