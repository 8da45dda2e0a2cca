import Billing
import HTML
import HTTP
import Values

/// A forgotten password, a new one behind a mailed link, another one in the profile.
extension PageHandler {
    func forgotPasswordForm(_ visit: Visit) -> HTTPResponse {
        let (csrf, cookie) = visit.openForm()
        return visit.page(ForgotPasswordPage(action: PageRoute.forgotPassword.url(), csrf: csrf), cookies: [cookie])
    }

    func forgotPassword(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let (csrf, cookie) = visit.openForm()
        var page = ForgotPasswordPage(action: PageRoute.forgotPassword.url(), csrf: csrf, email: form["email"])
        guard SchemaReader.isEmail(page.email) else {
            page.problem = visit.strings("form.email_malformed")
            return visit.page(page, status: 422, cookies: [cookie])
        }
        try await RequestPasswordReset(email: page.email, address: visit.request.remoteAddress).run(authenticator, dependencies)
        return visit.redirect(PageRoute.forgotPasswordSent.url())
    }

    // MARK: Behind the link

    func resetPasswordForm(_ visit: Visit) async throws -> HTTPResponse {
        let state = try await OneTimeLink.look(visit.parameters[0], .passwordReset, dependencies)
        guard let (_, email) = try await known(state) else { return linkProblem(state, .passwordReset, visit) }
        let (csrf, cookie) = visit.openForm()
        return visit.page(newPasswordPage(visit, csrf, email), cookies: [cookie])
    }

    func resetPassword(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let state = try await OneTimeLink.look(visit.parameters[0], .passwordReset, dependencies)
        guard case .valid(let link) = state, let (context, email) = try await known(state) else {
            return linkProblem(state, .passwordReset, visit)
        }
        let (csrf, cookie) = visit.openForm()
        var page = newPasswordPage(visit, csrf, email)
        page.problems = repetitionProblems(form, visit)
        guard page.problems.isEmpty else { return visit.page(page, status: 422, cookies: [cookie]) }
        do {
            try await ResetPassword(link: link, password: form.exact("password")).run(context, email: email)
        } catch Failure.invalid(let errors) {
            page.problems = problems(errors, visit)
            return visit.page(page, status: 422, cookies: [cookie])
        } catch Failure.conflict {
            return linkProblem(.used(link), .passwordReset, visit)
        }
        return visit.redirect(
            PageRoute.signInForm.url(), flash: .passwordSet,
            cookies: [cookies.taken(cookies.session), cookies.taken(cookies.steps)])
    }

    /// Whose a valid link is: her tenant and the name that she signs in with.
    func known(_ state: OneTimeLink.State) async throws -> (TenantContext, email: String)? {
        guard case .valid(let link) = state, let tenant = try await authenticator.tenant(link.tenant),
            let (principal, _) = try await authenticator.user(link.user, of: tenant), case .user(_, let email, _, _) = principal
        else { return nil }
        return (TenantContext(tenant: tenant, principal: principal, dependencies: dependencies), email)
    }

    private func newPasswordPage(_ visit: Visit, _ csrf: String, _ email: String) -> NewPasswordPage {
        NewPasswordPage(
            way: .link, action: PageRoute.resetPassword.url(visit.parameters), tokens: FormTokens(csrf: csrf), email: email,
            back: PageRoute.signInForm.url())
    }

    // MARK: In the profile

    func changePasswordForm(_ visit: Visit) async throws -> HTTPResponse {
        visit.page(try changePasswordPage(visit), Frame(current: PageRoute.profile.url()))
    }

    func changePassword(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let (signedIn, user) = try visit.person()
        var page = try changePasswordPage(visit)
        let frame = Frame(current: PageRoute.profile.url())
        page.problems = repetitionProblems(form, visit)
        if form.exact("current_password").isEmpty {
            page.problems.insert(FieldProblem("current_password", visit.strings("password.current_missing")), at: 0)
        }
        guard page.problems.isEmpty else { return visit.page(page, frame, status: 422) }
        let context = try visit.context()
        switch try await SignIn(dependencies).confirm(
            form.exact("current_password"), tenant: signedIn.tenant.id, user: user, from: visit.request.remoteAddress)
        {
        case .signedIn, .choose: break
        case .refused:
            page.problems = [FieldProblem("current_password", visit.strings("reauthenticate.no_match"))]
            return visit.page(page, frame, status: 422)
        case .wait(let seconds):
            page.problems = [
                FieldProblem("current_password", visit.localiser()("sign_in.wait", ["seconds": String(seconds)]))
            ]
            return visit.page(page, frame, status: 429)
        }
        do {
            try await ChangePassword(user: user, session: signedIn.session.id, password: form.exact("password"))
                .run(context, email: page.email)
        } catch Failure.invalid(let errors) {
            page.problems = problems(errors, visit)
            return visit.page(page, frame, status: 422)
        }
        let fresh = try await authenticator.confirmSession(visit.request.cookie(cookies.session) ?? "")
        return visit.redirect(
            PageRoute.profile.url(), flash: .passwordChanged, cookies: [cookies.line(cookies.session, fresh)])
    }

    private func changePasswordPage(_ visit: Visit) throws -> NewPasswordPage {
        let (signedIn, _) = try visit.member()
        guard case .user(_, let email, _, _) = signedIn.principal else { throw Failure.notFound }
        return NewPasswordPage(
            way: .profile, action: PageRoute.changePassword.url(), tokens: visit.tokens(keyed: false), email: email,
            back: PageRoute.profile.url())
    }

    // MARK: Problems

    private func repetitionProblems(_ form: PageForm, _ visit: Visit) -> [FieldProblem] {
        if form.exact("password").isEmpty { return [FieldProblem("password", visit.strings("password.new_missing"))] }
        if form.exact("password") != form.exact("password_again") {
            return [FieldProblem("password_again", visit.strings("password.again_differs"))]
        }
        return []
    }

    /// A use case's faults beside the fields that their pointers name, in the words of their codes.
    func problems(_ errors: [FieldError], _ visit: Visit) -> [FieldProblem] {
        let t = visit.localiser()
        return errors.map { FieldProblem(String($0.pointer.dropFirst()), t("error.\($0.code).detail", $0.arguments)) }
    }
}

extension Visit {
    /// Who is signed in, as a person with pages of her own.
    func person() throws -> (Authenticator.SignedIn, UserID) {
        let (signedIn, _) = try member()
        guard case .user(let id, _, _, _) = signedIn.principal else { throw Failure.notFound }
        return (signedIn, id)
    }
}
