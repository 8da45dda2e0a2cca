import Billing
import Crypto
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// The pages behind the one-time links of invitations and hand-overs.
extension PageHandler {
    /// How long the form may stand open, in seconds.
    private static let oneTimeFormSeconds = 3_600

    /// What stands behind a link that works.
    private struct Offer {
        let link: OneTimeLink
        let tenant: Tenant
        let person: Person
        let hasSignIn: Bool
        let question: OneTimePage.Question
        /// Where she goes once it is done.
        let target: URLPath
        /// Nil while it can be accepted.
        let end: OneTimePage.Situation?
    }

    func invitation(_ visit: Visit) async throws -> HTTPResponse {
        try await show(.invitation, visit) { try await self.invitationOffer($0, visit) }
    }

    func handoverInvitation(_ visit: Visit) async throws -> HTTPResponse {
        try await show(.accountHandover, visit) { try await self.handoverOffer($0, visit).0 }
    }

    func acceptInvitation(_ visit: Visit) async throws -> HTTPResponse {
        try await accept(.invitation, visit, { try await self.invitationOffer($0, visit) }) { offer, context, options, newcomer in
            guard let invitation = try await OpenInvitation.find(offer.link, offer.tenant, dependencies) else {
                throw Failure.notFound
            }
            try await AcceptInvitation(invitation: invitation, link: offer.link, newcomer: newcomer).run(context, options)
        }
    }

    func acceptHandover(_ visit: Visit) async throws -> HTTPResponse {
        try await accept(.accountHandover, visit, { try await self.handoverOffer($0, visit).0 }) {
            offer, context, options, newcomer in
            guard let handover = try await AcceptHandover.find(offer.link, offer.tenant, dependencies) else {
                throw Failure.notFound
            }
            try await AcceptHandover(handover: handover, link: offer.link, newcomer: newcomer).run(context, options)
        }
    }

    // MARK: What is offered

    private func invitationOffer(_ link: OneTimeLink, _ visit: Visit) async throws -> Offer? {
        guard let tenant = try await authenticator.tenant(link.tenant),
            let invitation = try await OpenInvitation.find(link, tenant, dependencies)
        else { return nil }
        let t = Localiser(
            strings: visit.strings, zone: TimeZoneRule(identifier: tenant.timeZone) ?? .utc, now: dependencies.realNow())
        let target: URLPath =
            if let account = invitation.account, let subscription = invitation.subscription {
                SubscriptionLinks(account: account, id: subscription).overview
            } else if let account = invitation.account {
                PageRoute.subscriptions.url(account.description)
            } else {
                PageRoute.enrollment.url(invitation.enrollment?.description ?? "")
            }
        let end: OneTimePage.Situation? =
            switch invitation.state {
            case .open: nil
            case .accepted: .used
            case .withdrawn: .withdrawn
            case .expired: .expired
            }
        return Offer(
            link: link, tenant: tenant, person: invitation.person, hasSignIn: invitation.hasSignIn,
            question: .init(
                title: t("invitation.title", ["owner": invitation.placeName]),
                lede: t(
                    "invitation.lede", ["role": t.word(invitation.role), "date": t.dateTime(invitation.expiresAt)]),
                accept: t("invitation.accept")), target: target, end: end)
    }

    private func handoverOffer(_ link: OneTimeLink, _ visit: Visit) async throws -> (Offer?, Handover?) {
        guard let tenant = try await authenticator.tenant(link.tenant),
            let handover = try await AcceptHandover.find(link, tenant, dependencies)
        else { return (nil, nil) }
        let t = visit.localiser()
        let end: OneTimePage.Situation? =
            switch handover.state(at: dependencies.realNow()) {
            case "pending": nil
            case "accepted": .used
            case "cancelled": .withdrawn
            default: .expired
            }
        let after =
            handover.keeps.map { t("handover.accept_effect_old", ["old": handover.from.name, "role": t.word($0)]) }
            ?? t("handover.accept_effect_old_none", ["old": handover.from.name])
        let question = OneTimePage.Question(
            title: t("handover.accept_title", ["owner": handover.accountName]),
            lede: t("handover.accept_lede", ["old": handover.from.name]),
            effects: [t("handover.accept_effect_admin"), after], accept: t("handover.accept"))
        return (
            Offer(
                link: link, tenant: tenant, person: handover.to, hasSignIn: handover.hasSignIn, question: question,
                target: PageRoute.subscriptions.url(handover.account.description), end: end), handover
        )
    }

    // MARK: Looking and accepting

    private func page(_ purpose: OneTimeLink.Purpose, _ visit: Visit, _ find: (OneTimeLink) async throws -> Offer?) async throws
        -> (
            OneTimePage, Offer?
        )
    {
        let here = URLPath(visit.request.pathSegments)
        let signIn = PageRoute.signInForm.url(query: [("return_to", here.string)])
        let known = visit.request.cookie(cookies.signInToken).flatMap { $0.utf8.count == 43 ? $0 : nil }
        var page = OneTimePage(
            situation: .unknown, question: nil, email: "", action: here, signIn: PageRoute.signInForm.url(),
            csrf: visit.signedIn?.formToken ?? known ?? SecureRandom.token(), minimumPassword: PasswordRule.shortest)
        switch try await OneTimeLink.look(visit.parameters.first ?? "", purpose, dependencies) {
        case .unknown: return (page, nil)
        case .used: page.situation = .used
        case .expired: page.situation = .expired
        case .valid(let link):
            guard let offer = try await find(link) else { return (page, nil) }
            page.email = offer.person.email
            page.question = offer.question
            page.situation = offer.end ?? situation(offer, visit, signIn)
            return (page, offer.end == nil ? offer : nil)
        }
        return (page, nil)
    }

    private func situation(_ offer: Offer, _ visit: Visit, _ signIn: URLPath) -> OneTimePage.Situation {
        if let signedIn = visit.signedIn, case .user(let id, let email, _, _) = signedIn.principal {
            if id == offer.person.id, signedIn.tenant.id == offer.tenant.id { return .ready }
            let signOut = ActionForm(
                visit.strings("invitation.sign_out"), action: PageRoute.signOut.url(), tokens: visit.tokens(keyed: false),
                weight: .primary)
            return .wrongPerson(current: email, signOut: signOut)
        }
        return offer.hasSignIn ? .signInNeeded(signIn) : .newcomer
    }

    private func show(_ purpose: OneTimeLink.Purpose, _ visit: Visit, _ find: (OneTimeLink) async throws -> Offer?) async throws
        -> HTTPResponse
    {
        let (page, offer) = try await page(purpose, visit, find)
        // Taking an account over is asked of whoever knows the password, not of whoever finds the browser open.
        if offer != nil, purpose == .accountHandover, case .ready = page.situation { try visit.requireRecentAuthentication() }
        return answer(page, visit, status: offer == nil ? 404 : 200)
    }

    private func answer(_ page: OneTimePage, _ visit: Visit, status: Int) -> HTTPResponse {
        visit.page(
            page, status: status,
            cookies: visit.signedIn == nil
                ? [cookies.line(cookies.signInToken, page.csrf, seconds: Self.oneTimeFormSeconds)] : [])
    }

    private typealias Newcomer = (firstName: String, lastName: String, password: NewPassword)

    private func accept(
        _ purpose: OneTimeLink.Purpose, _ visit: Visit, _ find: (OneTimeLink) async throws -> Offer?,
        _ run: (Offer, TenantContext, CommandOptions, Newcomer?) async throws -> Void
    ) async throws -> HTTPResponse {
        var (page, offer) = try await page(purpose, visit, find)
        guard let offer else { return answer(page, visit, status: 404) }
        let options = CommandOptions(requestID: visit.requestID, remoteAddress: visit.request.remoteAddress)
        do {
            switch page.situation {
            case .ready:
                if purpose == .accountHandover { try visit.requireRecentAuthentication() }
                try await run(offer, try visit.context(), options, nil)
                return visit.redirect(offer.target)
            case .newcomer:
                guard let newcomer = try await newcomer(&page, offer, visit) else { return answer(page, visit, status: 422) }
                guard let (principal, _) = try await authenticator.user(offer.person.id, of: offer.tenant) else {
                    throw Failure.notFound
                }
                let context = TenantContext(tenant: offer.tenant, principal: principal, dependencies: dependencies)
                try await run(offer, context, options, newcomer)
                return try await enter(offer.tenant.id, offer.person.id, visit, offer.target)
            default: return answer(page, visit, status: 403)
            }
        } catch let failure as Failure
            where ["link_no_longer_valid", "invitation_not_open", "handover_not_open"].contains(failure.code)
        {
            // Somebody was faster: the same page says what became of it.
            let (late, _) = try await self.page(purpose, visit, find)
            return answer(late, visit, status: 409)
        }
    }

    /// Name and password as typed; nil with the problems on the page.
    private func newcomer(_ page: inout OneTimePage, _ offer: Offer, _ visit: Visit) async throws -> Newcomer? {
        let form = try visit.form()
        (page.firstName, page.lastName) = (form["first_name"], form["last_name"])
        for (field, name) in [("first_name", page.firstName), ("last_name", page.lastName)] {
            if name.unicodeScalars.count > 100
                || name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
            {
                page.problems.append(FieldProblem(field, visit.localiser()("form.name_too_long", ["maximum": "100"])))
            }
        }
        if page.firstName.isEmpty, page.lastName.isEmpty {
            page.problems.append(FieldProblem("first_name", visit.strings("invitation.name_missing")))
        }
        let password = form.exact("password")
        if let fault = PasswordRule.fault(password, email: offer.person.email) {
            page.problems.append(
                FieldProblem(
                    "password", visit.localiser()("error.\(fault.rawValue).detail", ["minimum": String(PasswordRule.shortest)])))
        }
        guard page.problems.isEmpty else { return nil }
        let hashed = try await NewPassword.make(password, email: offer.person.email, dependencies)
        return (page.firstName, page.lastName, hashed)
    }
}
