import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// Name, service administrator, partner (A8, A9).
extension PageHandler {
    private static let nameMaximum = 200

    func editForm(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        try view.require(.editSubscription)
        try view.subscription.refuseIfGone(at: view.now)
        var page = editPage(visit, view)
        // Whoever comes back from the review finds her words.
        if let name = visit["name"] { page.name = name }
        if let email = visit["service_administrator_email"] { page.serviceAdministratorEmail = email }
        page.invited = try await invited(visit, view)
        return visit.page(page, view.frame)
    }

    /// What is about to change, who gains access and who loses it.
    func editReview(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        try view.require(.editSubscription)
        try view.subscription.refuseIfGone(at: view.now)
        let (name, email) = (visit["name"] ?? "", visit["service_administrator_email"] ?? "")
        let page = typed(name, email, visit, view)
        guard page.problems.isEmpty else { return visit.page(page, view.frame, status: 422) }
        guard visit["if_match"].map({ $0 == view.subscription.etag }) ?? true else { return conflict(page, visit, view) }
        if email.lowercased() != view.subscription.serviceAdministrator?.email { try visit.requireRecentAuthentication() }
        return visit.page(try await reviewPage(page, visit, view), view.frame)
    }

    func edit(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let (view, _) = try await SubscriptionView.load(visit)
        try view.require(.editSubscription)
        let page = typed(form["name"], form["service_administrator_email"], visit, view)
        guard page.problems.isEmpty else { return visit.page(page, view.frame, status: 422) }
        if page.serviceAdministratorEmail.lowercased() != view.subscription.serviceAdministrator?.email {
            try visit.requireRecentAuthentication()
        }
        do {
            _ = try await EditSubscription(
                id: view.subscription.id, name: page.name, serviceAdministratorEmail: page.serviceAdministratorEmail,
                ifMatch: form.etag
            ).run(view.context, options)
        } catch Failure.stale {
            let (fresh, _) = try await SubscriptionView.load(visit)
            return conflict(page, visit, fresh)
        }
        return visit.redirect(view.links.overview, flash: .detailsSaved)
    }

    /// Both versions stand side by side; going on carries the version that is shown now (G19).
    private func conflict(_ typed: EditDetailsPage, _ visit: Visit, _ fresh: SubscriptionView) -> HTTPResponse {
        var page = editPage(visit, fresh)
        page.stored = (page.name, page.serviceAdministratorEmail)
        page.name = typed.name
        page.serviceAdministratorEmail = typed.serviceAdministratorEmail
        return visit.page(page, fresh.frame, status: 412)
    }

    /// The form with what was typed and what is wrong with it.
    private func typed(_ name: String, _ email: String, _ visit: Visit, _ view: SubscriptionView) -> EditDetailsPage {
        let t = visit.localiser(view.subscription.zone)
        var page = editPage(visit, view)
        page.name = name.trimmingBlankSpace()
        page.serviceAdministratorEmail = email.trimmingBlankSpace()
        if page.name.isEmpty { page.problems.append(FieldProblem("name", t("form.name_missing"))) }
        if page.name.unicodeScalars.count > Self.nameMaximum {
            page.problems.append(FieldProblem("name", t("form.name_too_long", ["maximum": t.number(Self.nameMaximum)])))
        }
        if !page.name.isOneLine {
            page.problems.append(FieldProblem("name", t("error.invalid_characters.detail")))
        }
        if !SchemaReader.isEmail(page.serviceAdministratorEmail) {
            page.problems.append(FieldProblem("service_administrator_email", t("form.email_malformed")))
        }
        return page
    }

    private func editPage(_ visit: Visit, _ view: SubscriptionView) -> EditDetailsPage {
        let t = visit.localiser(view.subscription.zone)
        return EditDetailsPage(
            crumbs: view.crumbs(t, current: t("edit.title")), review: view.links(.editReview), back: view.links.overview,
            etag: view.subscription.etag, name: view.subscription.name ?? "",
            serviceAdministratorEmail: view.subscription.serviceAdministrator?.email ?? "",
            accountAdministratorEmail: view.subscription.accountAdministrator.email)
    }

    private func invited(_ visit: Visit, _ view: SubscriptionView) async throws -> EditDetailsPage.Invited? {
        let id = MemberID(view.subscription.id.uuid)
        let rows = try await view.context.read(MemberQueries.one(view.context.tenant.id, id)).rows
        guard let member = try rows.first.map(Member.init), !member.hasSignIn else { return nil }
        let realNow = dependencies.realNow()
        let links = MemberLinks(account: view.subscription.accountID, enrollment: nil)
        let label = visit.strings(member.invitation == nil ? "members.send_first" : "members.send_again")
        return EditDetailsPage.Invited(
            email: member.person.email, until: member.invitation?.expiresAt,
            isExpired: member.state(at: realNow) == .invitationExpired,
            resend: ActionForm(label, action: links.resend(id), tokens: visit.tokens()))
    }

    // MARK: Before and after

    private func reviewPage(_ page: EditDetailsPage, _ visit: Visit, _ view: SubscriptionView) async throws -> EditReviewPage {
        let t = visit.localiser(view.subscription.zone)
        let (old, new) = (view.subscription.serviceAdministrator, page.serviceAdministratorEmail.lowercased())
        let rows = [
            ReviewTable.Row(
                t("edit.name"), before: view.subscription.name.map(HTML.text) ?? t.nothing, after: .text(page.name),
                isChanged: view.subscription.name != page.name),
            ReviewTable.Row(
                t("edit.service_administrator"), before: old.map { .text($0.email) } ?? t.nothing, after: .text(new),
                isChanged: old?.email != new),
        ]
        let values = [("name", page.name), ("service_administrator_email", page.serviceAdministratorEmail)]
        return EditReviewPage(
            crumbs: view.crumbs(t, current: t("edit.review_title")), rows: rows,
            effects: old?.email == new ? [] : try await effects(of: new, page.name, view, t), action: view.links(.edit),
            values: values,
            tokens: visit.tokens(etag: view.subscription.etag), back: view.links(.editForm, query: values))
    }

    private func effects(of new: String, _ name: String, _ view: SubscriptionView, _ t: Localiser) async throws -> [String] {
        let (subscription, tenant) = (view.subscription, view.context.tenant.id)
        let (_, rows) = try await view.context.read([
            """
            select exists (select from users u join identity.sign_ins i on i.tenant_id = u.tenant_id and i.user_id = u.id \
            where u.tenant_id = \(tenant) and u.email = \(new) and i.password_hash is not null)
            """,
            """
            select exists (select from role_assignments r where r.tenant_id = \(tenant) and r.user_id = \(subscription.serviceAdministrator?.id) \
            and (r.account_id = \(subscription.accountID) or r.enrollment_id = \(subscription.enrollmentID) or r.role = 'operator'))
            """,
        ])
        let (known, hasRole): (Bool, Bool) = (try rows[0][0].get(0), try rows[1][0].get(0))
        let owner = subscription.accountAdministrator
        var effects = [t("edit.gains", ["email": new, "name": name])]
        if !known, new != owner.email { effects.append(t("edit.gains_invited", ["email": new])) }
        var told = [new]
        if let old = subscription.serviceAdministrator {
            let stays = hasRole || old.id == owner.id
            effects.append(t(stays ? "edit.stays" : "edit.loses", ["email": old.email, "name": name]))
            told.append(old.email)
        }
        if !told.contains(owner.email) { told.append(owner.email) }
        effects.append(t("edit.told", ["people": told.joined(separator: t("common.list_comma"))]))
        return effects
    }

    // MARK: Partner

    /// Without `code`: what is set. With it: the company of that ID, to be confirmed.
    func partnerForm(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        try view.require(.editSubscription)
        try view.subscription.refuseIfGone(at: view.now)
        var page = partnerPage(visit, view)
        page.history = try await partnerHistory(view)
        guard let typed = visit["code"] else { return visit.page(page, view.frame) }
        let t = visit.localiser(view.subscription.zone)
        page.code = typed.trimmingBlankSpace()
        if page.code.isEmpty {
            page.problems = [FieldProblem("code", t("form.partner_missing"))]
        } else {
            do {
                let partner = try await FindPartner.byCode(page.code, view.context)
                page.found = .init(code: partner.code, companyName: partner.companyName)
            } catch Failure.notFound {
                page.problems = [FieldProblem("code", t("form.partner_unknown"))]
            } catch Failure.tooManyRequests(let seconds) {
                return slowDown(page, seconds, visit, view)
            }
        }
        return visit.page(page, view.frame, status: page.problems.isEmpty ? 200 : 422)
    }

    func setPartner(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let (view, _) = try await SubscriptionView.load(visit)
        do {
            _ = try await SetPartner(id: view.subscription.id, code: form["code"]).run(view.context, options)
        } catch Failure.tooManyRequests(let seconds) {
            var page = partnerPage(visit, view)
            page.history = try await partnerHistory(view)
            page.code = form["code"]
            return slowDown(page, seconds, visit, view)
        } catch Failure.invalid {
            var page = partnerPage(visit, view)
            page.history = try await partnerHistory(view)
            page.code = form["code"]
            page.problems = [FieldProblem("code", visit.strings("form.partner_unknown"))]
            return visit.page(page, view.frame, status: 422)
        }
        return visit.redirect(view.links.overview, flash: .partnerSaved)
    }

    /// Too many checks: the page stands, says how long to wait, and keeps what was typed.
    private func slowDown(_ shown: PartnerPage, _ seconds: Int, _ visit: Visit, _ view: SubscriptionView) -> HTTPResponse {
        var page = shown
        page.problems = [FieldProblem("code", visit.localiser()("partner.slow_down", ["seconds": String(seconds)]))]
        var response = visit.page(page, view.frame, status: 429)
        response.headers.set("Retry-After", String(seconds))
        return response
    }

    /// The changes of the partner as the audit log holds them.
    private func partnerHistory(_ view: SubscriptionView) async throws -> [PartnerPage.Change] {
        var filter = AuditFilter()
        filter.object = view.subscription.id.uuid
        filter.actions = ["subscription.partner_set", "subscription.partner_removed"]
        let events = try await ListAuditEvents.run(filter, try PageRequest(limit: 20), view.context).items
        let names = try await AuditNames.load(events, view.context)
        return events.map { event in
            PartnerPage.Change(
                at: event.at, actorKind: event.actor.kind.rawValue, actor: names[event.actor.id],
                from: names[event.mentioned("partner_id", in: event.before)],
                to: names[event.mentioned("partner_id", in: event.after)])
        }
    }

    func removePartner(_ visit: Visit) async throws -> HTTPResponse {
        let options = try visit.options(try visit.form())
        let (view, _) = try await SubscriptionView.load(visit)
        _ = try await SetPartner(id: view.subscription.id, code: nil).run(view.context, options)
        return visit.redirect(view.links.overview, flash: .partnerRemoved)
    }

    private func partnerPage(_ visit: Visit, _ view: SubscriptionView) -> PartnerPage {
        let t = visit.localiser(view.subscription.zone)
        var page = PartnerPage(
            crumbs: view.crumbs(t, current: t("partner.title")), check: view.links(.partnerForm), action: view.links(.setPartner),
            back: view.links.overview, tokens: visit.tokens())
        page.current = view.subscription.partner.map { .init(code: $0.code, companyName: $0.companyName) }
        page.removal = page.current == nil ? nil : view.links(.removePartner)
        return page
    }
}
