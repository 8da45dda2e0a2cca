import Crypto
import HTML
import HTTP
import Values

/// The second step of signing in, and its set-up in the profile.
extension PageHandler {
    private var frame: Frame { Frame(current: PageRoute.profile.url()) }

    // MARK: At sign-in

    func signInCodeForm(_ visit: Visit) async throws -> HTTPResponse {
        guard try await steps(visit).count == 1 else { return visit.redirect(PageRoute.signInForm.url()) }
        let (csrf, cookie) = visit.openForm()
        return visit.page(
            SignInCodePage(
                action: PageRoute.signInCode.url(), csrf: csrf, returnTo: visit["return_to"].flatMap { URLPath(checking: $0) }),
            cookies: [cookie])
    }

    func signInCode(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let waiting = try await steps(visit)
        guard waiting.count == 1, let tenant = try await authenticator.tenant(waiting[0].tenant) else {
            throw Failure.forbidden(code: "form_expired")
        }
        let (csrf, cookie) = visit.openForm()
        let returning = URLPath(checking: form["return_to"])
        var page = SignInCodePage(action: PageRoute.signInCode.url(), csrf: csrf, returnTo: returning)
        let context = TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies)
        switch try await CheckSecondFactor(user: waiting[0].user, code: form["code"]).run(context) {
        case .right, .off:
            try await authenticator.endStep(waiting[0])
            return try await open(waiting[0].tenant, waiting[0].user, visit, returning)
        case .wrong:
            page.problem = visit.strings("two_step.wrong")
            return visit.page(page, status: 422, cookies: [cookie])
        case .wait(let seconds):
            page.problem = visit.localiser()("sign_in.wait", ["seconds": String(seconds)])
            var response = visit.page(page, status: 429, cookies: [cookie])
            response.headers.set("Retry-After", String(seconds))
            return response
        }
    }

    // MARK: In the profile

    func twoStep(_ visit: Visit) async throws -> HTTPResponse {
        let (_, user) = try visit.person()
        let factor = try await SecondFactor.read(user, try visit.context())
        var frame = frame
        let t = visit.localiser()
        switch visit.flash {
        case .twoStepOff: frame.banner = Banner(.good, title: t("two_step.done_off"))
        case .codesKept: frame.banner = Banner(.good, title: t("two_step.done_on"))
        default: break
        }
        return visit.page(
            TwoStepPage(isOn: factor?.isOn ?? false, unusedCodes: factor?.unusedCodes ?? 0, tokens: visit.tokens(keyed: false)),
            frame)
    }

    func startTwoStep(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let (_, user) = try visit.person()
        try await StartTwoStep(user: user).run(try visit.context())
        return visit.redirect(PageRoute.twoStepSetup.url())
    }

    func twoStepSetup(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        guard let page = try await setupPage(visit) else { return visit.redirect(PageRoute.twoStep.url()) }
        return visit.page(page, frame)
    }

    func confirmTwoStep(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let (signedIn, user) = try visit.person()
        guard var page = try await setupPage(visit) else { return visit.redirect(PageRoute.recoveryCodes.url()) }
        let confirm = ConfirmTwoStep(user: user, session: signedIn.session.id, code: try visit.form()["code"])
        guard try await confirm.run(try visit.context()) else {
            page.problem = visit.strings("two_step.wrong")
            return visit.page(page, frame, status: 422)
        }
        return visit.redirect(PageRoute.recoveryCodes.url())
    }

    /// Nil when there is nothing to set up: not begun, or done.
    private func setupPage(_ visit: Visit) async throws -> TwoStepSetupPage? {
        let (signedIn, user) = try visit.person()
        guard let factor = try await SecondFactor.read(user, try visit.context()), !factor.isOn,
            case .user(_, let email, _, _) = signedIn.principal
        else { return nil }
        let secret = try factor.secret(signedIn.tenant.id, user, dependencies.configuration)
        return TwoStepSetupPage(
            address: SecondFactor.address(secret: secret, email: email, issuer: signedIn.tenant.name),
            secret: Base32.encode(secret),
            tokens: visit.tokens(keyed: false))
    }

    func recoveryCodes(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let (signedIn, user) = try visit.person()
        guard let factor = try await SecondFactor.read(user, try visit.context()), factor.isOn, let made = factor.codesMadeAt,
            let codes = try factor.codes(signedIn.tenant.id, user, dependencies)
        else { return visit.redirect(PageRoute.twoStep.url()) }
        let page = RecoveryCodesPage(
            codes: codes, until: made.adding(seconds: SecondFactor.codesShownSeconds), tokens: visit.tokens(keyed: false))
        return visit.page(page, frame)
    }

    func keepRecoveryCodes(_ visit: Visit) async throws -> HTTPResponse {
        let (_, user) = try visit.person()
        try await RecoveryCodes(user: user).keep(try visit.context())
        return visit.redirect(PageRoute.twoStep.url(), flash: .codesKept)
    }

    func renewRecoveryCodes(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let (_, user) = try visit.person()
        try await RecoveryCodes(user: user).renew(try visit.context())
        return visit.redirect(PageRoute.recoveryCodes.url())
    }

    func disableTwoStep(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let (_, user) = try visit.person()
        try await DisableTwoStep(user: user).run(try visit.context())
        return visit.redirect(PageRoute.twoStep.url(), flash: .twoStepOff)
    }

    // MARK: Sessions

    func sessions(_ visit: Visit) async throws -> HTTPResponse {
        let (signedIn, user) = try visit.person()
        let t = visit.localiser()
        var frame = frame
        switch visit.flash {
        case .sessionEnded: frame.banner = Banner(.good, title: t("sessions.ended"))
        case .sessionsEnded: frame.banner = Banner(.good, title: t("sessions.others_ended"))
        default: break
        }
        let open = try await authenticator.sessions(of: user, in: signedIn.tenant.id)
        return visit.page(
            SessionsPage(sessions: open, current: signedIn.session.id, tokens: visit.tokens(keyed: false)), frame)
    }

    func endSession(_ visit: Visit) async throws -> HTTPResponse {
        let (signedIn, user) = try visit.person()
        let id: SessionID = try visit.pathID(0)
        guard try await authenticator.sessions(of: user, in: signedIn.tenant.id).contains(where: { $0.id == id }) else {
            throw Failure.notFound
        }
        try await visit.context().work(actor: signedIn.principal.actor) { write in
            _ = try await write.begin([])
            write.endSession(id, of: user)
            write.audit("user.session_ended", object: ("user", user.uuid))
        }
        return visit.redirect(PageRoute.sessions.url(), flash: .sessionEnded)
    }

    func endOtherSessions(_ visit: Visit) async throws -> HTTPResponse {
        let (signedIn, user) = try visit.person()
        try await visit.context().work(actor: signedIn.principal.actor) { write in
            _ = try await write.begin([])
            write.endSessions(of: user, except: signedIn.session.id)
            write.audit("user.sessions_ended", object: ("user", user.uuid))
        }
        return visit.redirect(PageRoute.sessions.url(), flash: .sessionsEnded)
    }
}
