import Billing
import HTML
import HTTP
import Values

/// Name, service administrator, partner (A8, A9).
extension PageHandler {
    private static let nameMaximum = 200

    func editForm(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        try view.require(.editSubscription)
        try view.subscription.refuseIfGone(at: view.now)
        return visit.page(editPage(visit, view), view.frame)
    }

    func edit(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let (view, _) = try await SubscriptionView.load(visit)
        try view.require(.editSubscription)
        let t = visit.localiser(view.subscription.zone)
        var page = editPage(visit, view)
        page.name = form["name"]
        page.serviceAdministratorEmail = form["service_administrator_email"]
        if page.name.isEmpty { page.problems.append(FieldProblem("name", t("form.name_missing"))) }
        if page.name.unicodeScalars.count > Self.nameMaximum {
            page.problems.append(FieldProblem("name", t("form.name_too_long", ["maximum": t.number(Self.nameMaximum)])))
        }
        if page.name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            page.problems.append(FieldProblem("name", t("error.invalid_characters.detail")))
        }
        if !SchemaReader.isEmail(page.serviceAdministratorEmail) {
            page.problems.append(FieldProblem("service_administrator_email", t("form.email_malformed")))
        }
        guard page.problems.isEmpty else { return visit.page(page, view.frame, status: 422) }
        do {
            _ = try await EditSubscription(
                id: view.subscription.id, name: page.name, serviceAdministratorEmail: page.serviceAdministratorEmail,
                ifMatch: form.etag
            ).run(view.context, options)
        } catch Failure.stale {
            // Both versions stand side by side; sending the form again carries the version that is shown now (G19).
            let (fresh, _) = try await SubscriptionView.load(visit)
            var conflict = editPage(visit, fresh)
            conflict.stored = (conflict.name, conflict.serviceAdministratorEmail)
            conflict.name = page.name
            conflict.serviceAdministratorEmail = page.serviceAdministratorEmail
            return visit.page(conflict, fresh.frame, status: 412)
        }
        return visit.redirect(view.links.overview, flash: .detailsSaved)
    }

    private func editPage(_ visit: Visit, _ view: SubscriptionView) -> EditDetailsPage {
        let t = visit.localiser(view.subscription.zone)
        return EditDetailsPage(
            crumbs: view.crumbs(t, current: t("edit.title")), action: view.links(.edit), back: view.links.overview,
            tokens: visit.tokens(etag: view.subscription.etag), name: view.subscription.name ?? "",
            serviceAdministratorEmail: view.subscription.serviceAdministrator?.email ?? "",
            accountAdministratorEmail: view.subscription.accountAdministrator.email)
    }

    // MARK: Partner

    /// Without `code`: what is set. With it: the company of that ID, to be confirmed.
    func partnerForm(_ visit: Visit) async throws -> HTTPResponse {
        let (view, _) = try await SubscriptionView.load(visit)
        try view.require(.editSubscription)
        try view.subscription.refuseIfGone(at: view.now)
        var page = partnerPage(visit, view)
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
        } catch Failure.invalid {
            var page = partnerPage(visit, view)
            page.code = form["code"]
            page.problems = [FieldProblem("code", visit.strings("form.partner_unknown"))]
            return visit.page(page, view.frame, status: 422)
        }
        return visit.redirect(view.links.overview, flash: .partnerSaved)
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
