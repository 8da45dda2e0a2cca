import Billing
import HTML
import HTTP
import Values

/// The profile and its forms (A11).
extension PageHandler {
    private var profileFrame: Frame { Frame(current: PageRoute.profile.url()) }

    func profile(_ visit: Visit) async throws -> HTTPResponse {
        let (signedIn, user) = try visit.person()
        let context = try visit.context()
        let profile = try await Profile.read(user, context)
        let sessions = try await authenticator.sessions(of: user, in: signedIn.tenant.id)
        let hasPassword = try await authenticator.hasPassword(user, in: signedIn.tenant.id)
        var frame = profileFrame
        frame.banner = visit.flash.flatMap { profileBanner($0, visit.localiser(), profile) }
        let page = ProfilePage(
            profile: profile, tenantName: signedIn.tenant.name, tenantZone: signedIn.tenant.timeZone, hasPassword: hasPassword,
            sessions: sessions.count, tokens: visit.tokens())
        return visit.page(page, frame)
    }

    private func profileBanner(_ flash: Flash, _ t: Localiser, _ profile: Profile) -> Banner? {
        switch flash {
        case .profileSaved: Banner(.good, title: t("profile.saved"))
        case .emailAsked:
            profile.pending.map { Banner(.good, title: t("profile.asked", ["email": $0.email])) }
        case .emailWithdrawn: Banner(.good, title: t("profile.withdrawn"))
        case .passwordChanged: Banner(.good, title: t("password.changed"))
        default: nil
        }
    }

    // MARK: Names, company, phone

    func profileDetailsForm(_ visit: Visit) async throws -> HTTPResponse {
        let (_, user) = try visit.person()
        let profile = try await Profile.read(user, try visit.context())
        return visit.page(detailsPage(visit, profile, typed: nil), profileFrame)
    }

    func profileDetails(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        var changes = EditProfile.Changes()
        changes.firstName = form["first_name"]
        changes.lastName = form["last_name"]
        changes.company = form["company"]
        changes.phone = form["phone"]
        return try await save(changes, form, visit) { detailsPage(visit, $0, typed: form) }
    }

    private func detailsPage(_ visit: Visit, _ profile: Profile, typed: PageForm?) -> ProfileFormPage {
        let t = visit.localiser()
        func field(_ name: String, _ label: String, _ stored: String, _ hint: Autocomplete, _ type: InputType = .text)
            -> ProfileFormPage.Field
        {
            var field = TextField(name, label, value: typed.map { $0[name] } ?? stored, type: type)
            field.autocomplete = hint
            field.isRequired = false
            return .text(field)
        }
        return ProfileFormPage(
            name: t("profile.edit_details"), lede: t("profile.details_lede"), action: PageRoute.profileDetails.url(),
            tokens: visit.tokens(etag: profile.etag),
            fields: [
                field("first_name", t("profile.first_name"), profile.firstName, .givenName),
                field("last_name", t("profile.last_name"), profile.lastName, .familyName),
                field("company", t("profile.company"), profile.company, .organization),
                field("phone", t("profile.phone"), profile.phone, .tel, .tel),
            ], save: t("profile.save"))
    }

    // MARK: Language, zone, look

    func preferencesForm(_ visit: Visit) async throws -> HTTPResponse {
        let (_, user) = try visit.person()
        let profile = try await Profile.read(user, try visit.context())
        return visit.page(preferencesPage(visit, profile, typed: nil), profileFrame)
    }

    func preferences(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        var changes = EditProfile.Changes()
        changes.language = .some(Language(tag: form["language"])?.tag)
        changes.zone = .some(form.optional("time_zone"))
        changes.theme = .some(Shell.Theme(rawValue: form["theme"])?.rawValue)
        // What was switched in the browser gives way to what is said here.
        return try await save(
            changes, form, visit, cookies: [cookies.taken(cookies.language), cookies.taken(cookies.theme)]
        ) { preferencesPage(visit, $0, typed: form) }
    }

    private func preferencesPage(_ visit: Visit, _ profile: Profile, typed: PageForm?) -> ProfileFormPage {
        let t = visit.localiser()
        func field(_ name: String, _ label: String, _ stored: String?, _ choices: [(String, String)]) -> ProfileFormPage.Field {
            .select(
                SelectField(
                    name, label, choices: choices.map { FilterBar.Choice($0.0, $0.1) },
                    selected: typed.map { $0[name] } ?? stored ?? ""))
        }
        let tenantZone = visit.signedIn?.tenant.timeZone ?? "UTC"
        let themes: [Shell.Theme] = [.automatic, .light, .dark]
        return ProfileFormPage(
            name: t("profile.edit_look"), lede: t("profile.look_lede"), action: PageRoute.preferences.url(),
            tokens: visit.tokens(etag: profile.etag),
            fields: [
                field(
                    "language", t("profile.language"), profile.language,
                    [("", t("profile.as_browser"))] + Language.allCases.map { ($0.tag, $0.ownName) }),
                field(
                    "time_zone", t("profile.time_zone"), profile.zone,
                    [("", t("profile.as_tenant", ["zone": tenantZone]))] + TimeZoneRule.all.map { ($0, $0) }),
                field(
                    "theme", t("profile.theme"), profile.theme,
                    [("", t("profile.as_browser"))] + themes.map { ($0.rawValue, t("profile.theme_\($0.rawValue)")) }),
            ], save: t("profile.save"))
    }

    // MARK: The contact address

    func contactEmailForm(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let (_, user) = try visit.person()
        let profile = try await Profile.read(user, try visit.context())
        return visit.page(contactEmailPage(visit, profile, typed: nil), profileFrame)
    }

    func contactEmail(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let form = try visit.form()
        var changes = EditProfile.Changes()
        changes.contactEmail = form["contact_email"]
        return try await save(changes, form, visit, flash: .emailAsked) { contactEmailPage(visit, $0, typed: form) }
    }

    func withdrawContactEmail(_ visit: Visit) async throws -> HTTPResponse {
        let options = try visit.options(try visit.form())
        _ = try await WithdrawContactEmail().run(try visit.context(), options)
        return visit.redirect(PageRoute.profile.url(), flash: .emailWithdrawn)
    }

    private func contactEmailPage(_ visit: Visit, _ profile: Profile, typed: PageForm?) -> ProfileFormPage {
        let t = visit.localiser()
        var field = TextField(
            "contact_email", t("profile.contact_email"), hint: t("profile.contact_email_hint", ["email": profile.letters]),
            value: typed.map { $0["contact_email"] } ?? profile.letters, type: .email)
        field.autocomplete = .email
        return ProfileFormPage(
            name: t("profile.edit_email"), lede: t("profile.email_lede"), action: PageRoute.contactEmail.url(),
            tokens: visit.tokens(etag: profile.etag), fields: [.text(field)], save: t("profile.send_confirmation"))
    }

    func confirmEmailForm(_ visit: Visit) async throws -> HTTPResponse {
        let state = try await OneTimeLink.look(visit.parameters[0], .emailConfirmation, dependencies)
        guard case .valid(let link) = state, let (context, _) = try await known(state), let email = link.detail else {
            return linkProblem(state, .emailConfirmation, visit)
        }
        let (csrf, cookie) = visit.openForm()
        let page = ConfirmEmailPage(
            email: email, tenantName: context.tenant.name, action: PageRoute.confirmEmail.url(visit.parameters), csrf: csrf)
        return visit.page(page, cookies: [cookie])
    }

    func confirmEmail(_ visit: Visit) async throws -> HTTPResponse {
        let state = try await OneTimeLink.look(visit.parameters[0], .emailConfirmation, dependencies)
        guard case .valid(let link) = state, let (context, _) = try await known(state), let email = link.detail else {
            return linkProblem(state, .emailConfirmation, visit)
        }
        do {
            try await ConfirmContactEmail(link: link).run(context)
        } catch Failure.conflict {
            return linkProblem(.used(link), .emailConfirmation, visit)
        }
        let t = visit.localiser()
        let on =
            visit.signedIn == nil
            ? ActionLink(t("error.sign_in"), PageRoute.signInForm.url(), .primary)
            : ActionLink(t("profile.title"), PageRoute.profile.url(), .primary)
        return visit.page(EmailConfirmedPage(email: email, action: on))
    }

    // MARK: Saving

    /// Saves, and sends on to the profile; or shows the form again with what was typed and what is wrong with it.
    private func save(
        _ changes: EditProfile.Changes, _ form: PageForm, _ visit: Visit, flash: Flash = .profileSaved,
        cookies lines: [String] = [],
        _ shown: (Profile) -> ProfileFormPage
    ) async throws -> HTTPResponse {
        let (_, user) = try visit.person()
        let context = try visit.context()
        do {
            _ = try await EditProfile(.own, changes, ifMatch: form.etag).run(context, try visit.options(form))
        } catch Failure.invalid(let errors) {
            var page = shown(try await Profile.read(user, context))
            page.problems = problems(errors, visit)
            return visit.page(page, profileFrame, status: 422)
        } catch Failure.stale {
            let fresh = try await Profile.read(user, context)
            var page = shown(fresh)
            page.stored = differences(fresh, form, visit.localiser())
            return visit.page(page, profileFrame, status: 412)
        }
        return visit.redirect(PageRoute.profile.url(), flash: flash, cookies: lines)
    }

    private func differences(_ stored: Profile, _ form: PageForm, _ t: Localiser) -> [ReviewTable.Row] {
        let all = [
            ("first_name", t("profile.first_name"), stored.firstName), ("last_name", t("profile.last_name"), stored.lastName),
            ("company", t("profile.company"), stored.company), ("phone", t("profile.phone"), stored.phone),
            ("language", t("profile.language"), stored.language ?? ""), ("time_zone", t("profile.time_zone"), stored.zone ?? ""),
            ("theme", t("profile.theme"), stored.theme ?? ""), ("contact_email", t("profile.contact_email"), stored.letters),
        ]
        return all.filter { form.has($0.0) }.map { name, label, value in
            ReviewTable.Row(label, before: .text(value), after: .text(form[name]), isChanged: value != form[name])
        }
    }
}
