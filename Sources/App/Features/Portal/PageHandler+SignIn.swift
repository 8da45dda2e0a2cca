import Billing
import Crypto
import HTML
import HTTP
import Values

/// Signing in and out, and where a person begins.
extension PageHandler {
    /// How long the sign-in form may stand open, in seconds.
    private static let formSeconds = 3_600

    func signInForm(_ visit: Visit) async throws -> HTTPResponse {
        if visit.signedIn != nil { return visit.redirect(returnTo(visit["return_to"])) }
        var page = try await signInPage(visit)
        page.returnTo = visit["return_to"].flatMap(URLPath.init(checking:))
        page.said =
            switch visit.flash {
            case .signedOut: visit.strings("sign_in.signed_out")
            case .passwordSet: visit.strings("password.set_done")
            default: nil
            }
        return show(page, visit)
    }

    func signIn(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let returning = URLPath(checking: form["return_to"])
        if !form["tenant"].isEmpty { return try await enter(tenant: form["tenant"], visit, returning) }
        let (email, password) = (form["email"], form.exact("password"))
        var page = try await signInPage(visit)
        page.email = email
        page.returnTo = returning
        guard !email.isEmpty, !password.isEmpty else {
            page.fault = .missing(email: email.isEmpty, password: password.isEmpty)
            return show(page, visit, status: 422)
        }
        switch try await SignIn(dependencies)(
            email: email, password: password, from: visit.request.remoteAddress)
        {
        case .signedIn(let tenant, let user):
            return try await enter(tenant, user, visit, returning)
        case .choose(let matches):
            return try await offer(matches, page, visit)
        case .refused:
            page.fault = .noMatch
            return show(page, visit, status: 422)
        case .wait(let seconds):
            page.fault = .wait(seconds: Int(seconds))
            var response = show(page, visit, status: 429)
            response.headers.set("Retry-After", String(seconds))
            return response
        }
    }

    func signOut(_ visit: Visit) async throws -> HTTPResponse {
        if let token = visit.request.cookie(cookies.session) { try await authenticator.endSession(token) }
        var response = visit.redirect(PageRoute.signInForm.url(), flash: .signedOut, cookies: [cookies.taken(cookies.session)])
        response.headers.set("Clear-Site-Data", "\"cache\", \"storage\"")
        return response
    }

    // MARK: Steps

    private func signInPage(_ visit: Visit) async throws -> SignInPage {
        var page = SignInPage(action: PageRoute.signIn.url(), csrf: visit.openForm().csrf)
        let demo = try await authenticator.allTenants().contains(where: \.isDemo)
        if demo { page.demoPeople = Self.demoPeople(visit.localiser()) }
        return page
    }

    private func show(_ page: SignInPage, _ visit: Visit, status: Int = 200) -> HTTPResponse {
        visit.page(page, status: status, cookies: [cookies.line(cookies.signInToken, page.csrf, seconds: Self.formSeconds)])
    }

    /// The password was right: on to the code where one is asked for, else in.
    func enter(_ tenant: TenantID, _ user: UserID, _ visit: Visit, _ returning: URLPath?) async throws -> HTTPResponse {
        guard try await authenticator.hasSecondFactor(user, in: tenant) else {
            return try await open(tenant, user, visit, returning)
        }
        let step = try await authenticator.startStep(tenant: tenant, user: user)
        return visit.redirect(
            PageRoute.signInCodeForm.url(query: returning.map { [("return_to", $0.string)] } ?? []),
            cookies: [cookies.line(cookies.steps, step, seconds: SignInStep.lifetimeSeconds)])
    }

    /// The last step of every way in by password: a session of its own, under a new token. The one of before in this browser ends.
    func open(_ tenant: TenantID, _ user: UserID, _ visit: Visit, _ returning: URLPath?) async throws -> HTTPResponse {
        if let former = visit.request.cookie(cookies.session) { try await authenticator.endSession(former) }
        let token = try await authenticator.startSession(tenant: tenant, user: user, visit.sessionStart(isAuthenticated: true))
        return visit.redirect(
            returnTo(returning?.string),
            cookies: [cookies.line(cookies.session, token), cookies.taken(cookies.signInToken), cookies.taken(cookies.steps)])
    }

    /// Only an address of this site's own pages, and none that would sign her out or in again.
    func returnTo(_ text: String?) -> URLPath {
        guard let text, let url = URLPath(checking: text), !text.hasPrefix("/sign-") else { return PageRoute.home.url() }
        return url
    }

    /// The password was right in more than one tenant. Each match is kept as a step; nobody is signed in until she has chosen.
    private func offer(_ matches: [(tenant: TenantID, user: UserID)], _ form: SignInPage, _ visit: Visit) async throws
        -> HTTPResponse
    {
        var page = form
        var tokens: [String] = []
        for match in matches {
            guard let tenant = try await authenticator.tenant(match.tenant) else { continue }
            page.tenants.append(SignInPage.Tenant(slug: tenant.slug, name: tenant.name))
            tokens.append(try await authenticator.startStep(tenant: match.tenant, user: match.user))
        }
        page.demoPeople = []
        return visit.page(
            page,
            cookies: [
                cookies.line(cookies.signInToken, page.csrf, seconds: Self.formSeconds),
                cookies.line(cookies.steps, tokens.joined(separator: "."), seconds: SignInStep.lifetimeSeconds),
            ])
    }

    private func enter(tenant slug: String, _ visit: Visit, _ returning: URLPath?) async throws -> HTTPResponse {
        var chosen: SignInStep?
        for step in try await steps(visit) where try await authenticator.tenant(step.tenant)?.slug == slug { chosen = step }
        guard let chosen else { throw Failure.forbidden(code: "form_expired") }
        for step in try await steps(visit) { try await authenticator.endStep(step) }
        return try await enter(chosen.tenant, chosen.user, visit, returning)
    }

    /// What this browser has begun and not finished.
    func steps(_ visit: Visit) async throws -> [SignInStep] {
        var steps: [SignInStep] = []
        for token in (visit.request.cookie(cookies.steps) ?? "").split(separator: ".").prefix(20) {
            if let step = try await authenticator.step(String(token)) { steps.append(step) }
        }
        return steps
    }

    private static func demoPeople(_ t: Localiser) -> [SignInPage.DemoPerson] {
        [
            ("admin", Role.accountAdministrator), ("finance", .finance), ("reader", .reader), ("service", .serviceAdministrator),
            ("enterprise", .enterpriseAdministrator), ("operator", .operator),
        ].map { SignInPage.DemoPerson(email: "\($0.0)@demo.test", password: "demo", role: t.word($0.1)) }
    }

    // MARK: Home

    /// Where a person begins: at the only place that is hers, or at the choice among several.
    func home(_ visit: Visit) throws -> HTTPResponse {
        let (signedIn, own) = try visit.member()
        if signedIn.principal.isOperator { return visit.redirect(PageRoute.operatorHome.url()) }
        let t = visit.localiser()
        var choices = own.enrollments.map {
            AccountChoicePage.Choice(
                name: $0.name, role: t.word(Role.enterpriseAdministrator), url: PageRoute.enrollment.url($0.id.description))
        }
        choices += own.ownAccounts.map { account in
            let roles = [Role.accountAdministrator, .finance, .reader].filter(account.roles.contains).map(t.word)
            return AccountChoicePage.Choice(
                name: account.name, role: roles.joined(separator: t("common.list_comma")),
                url: PageRoute.subscriptions.url(account.id.description))
        }
        if own.servesElsewhere {
            choices.append(
                AccountChoicePage.Choice(
                    name: t("subscriptions.served"), role: t.word(Role.serviceAdministrator), url: PageRoute.mySubscriptions.url()
                ))
        }
        if choices.count == 1 { return visit.redirect(choices[0].url) }
        return visit.page(AccountChoicePage(choices: choices), Frame(current: PageRoute.home.url()))
    }
}
