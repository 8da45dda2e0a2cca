import Billing
import FoundationEssentials
import HTML
import HTTP
import Values

/// Webhooks of an account, and the tenant's own (experience page 25).
extension PageHandler {
    /// Whose webhooks one page is about.
    private struct WebhookOwner {
        var account: Account?
        var name: String
        var frame: Frame
        var links: WebhookLinks
    }

    private func webhookOwner(_ visit: Visit) async throws -> WebhookOwner {
        let context = try visit.context()
        guard visit.route?.segments.first == "accounts" else {
            try requireOperator(context)
            let links = WebhookLinks(account: nil)
            return WebhookOwner(name: context.tenant.name, frame: Frame(current: links.list), links: links)
        }
        let account = try await FindAccount.byID(try visit.pathID(0), context)
        try TenantContext.require(.manageMembers, of: context.principal.roles(on: account.belonging), in: account.kind)
        let links = WebhookLinks(account: account.id)
        return WebhookOwner(
            account: account, name: account.name,
            frame: Frame(zone: account.zone, account: (account.id, account.name), current: links.list), links: links)
    }

    func webhooks(_ visit: Visit) async throws -> HTTPResponse {
        var owner = try await webhookOwner(visit)
        let t = visit.localiser(owner.frame.zone)
        let new = ActionLink(t("webhooks.new"), owner.links.new, .primary)
        var frame = ListFrame(
            title: t("webhooks.title"), lede: .text(t("webhooks.lede", ["owner": owner.name])),
            empty: .neverHad(title: t("webhooks.none"), text: t("webhooks.none_text"), action: new),
            filteredTitle: t("webhooks.filtered_title"))
        frame.actions = [new]
        frame.scope = owner.account.map { [("account_id", $0.id.description)] } ?? []
        if owner.account == nil { frame.columns = ListedWebhookEndpoint.columnsOfTenant }
        if visit.flash == .webhookDeleted { owner.frame.banner = Banner(.good, title: t("webhooks.flash.deleted")) }
        return try await list(visit, ListedWebhookEndpoint.list, frame, owner.frame)
    }

    func webhookForm(_ visit: Visit) async throws -> HTTPResponse {
        let owner = try await webhookOwner(visit)
        return visit.page(newWebhookPage(visit, owner), owner.frame)
    }

    func makeWebhook(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let owner = try await webhookOwner(visit)
        var page = newWebhookPage(visit, owner)
        let terms = read(form, into: &page, visit)
        guard page.problems.isEmpty else { return visit.page(page, owner.frame, status: 422) }
        let answer = try await CreateWebhookEndpoint(account: owner.account?.id, terms: terms).run(visit.context(), options)
        return showSecret(answer, visit, owner)
    }

    /// The endpoint with the log of what it was told, which is a list like every other.
    func webhook(_ visit: Visit) async throws -> HTTPResponse {
        var owner = try await webhookOwner(visit)
        let context = try visit.context()
        let endpoint = try await endpoint(visit, owner)
        let t = visit.localiser(owner.frame.zone)
        switch visit.flash {
        case .webhookSaved: owner.frame.banner = Banner(.good, title: t("webhooks.flash.saved"))
        case .webhookTested: owner.frame.banner = Banner(.good, title: t("webhooks.flash.tested"))
        default: owner.frame.banner = try await trouble(of: endpoint, owner.links, t, context)
        }
        let head = WebhookHead(
            endpoint: endpoint, success: try await WebhookSuccess.lastDay(of: [endpoint.id], context)[endpoint.id],
            links: owner.links, testTokens: visit.tokens(), switchTokens: visit.tokens())
        var frame = ListFrame(
            title: t("webhooks.to", ["host": endpoint.host]), lede: .text(endpoint.url),
            empty: .neverHad(title: t("webhooks.log_empty"), text: t("webhooks.log_empty_text"), action: nil),
            filteredTitle: t("webhooks.log_filtered"))
        frame.crumbs = crumbs(visit, owner, endpoint.host)
        frame.actions = head.actions(t)
        frame.above = head.html(t)
        frame.caption = t("webhooks.log")
        frame.scope = [("endpoint_id", endpoint.id.description)]
        if let account = endpoint.account { frame.scope.append(("account_id", account.description)) }
        return try await list(visit, WebhookDelivery.list, frame, owner.frame)
    }

    func editWebhookForm(_ visit: Visit) async throws -> HTTPResponse {
        let owner = try await webhookOwner(visit)
        return visit.page(editWebhookPage(visit, owner, try await endpoint(visit, owner)), owner.frame)
    }

    func editWebhook(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let owner = try await webhookOwner(visit)
        let endpoint = try await endpoint(visit, owner)
        var page = editWebhookPage(visit, owner, endpoint)
        let terms = read(form, into: &page, visit)
        guard page.problems.isEmpty else { return visit.page(page, owner.frame, status: 422) }
        var changes = EditWebhookEndpoint.Changes()
        changes.url = terms.url
        changes.description = terms.description
        changes.eventTypes = .some(terms.eventTypes)
        _ = try await EditWebhookEndpoint(id: endpoint.id, changes: changes, ifMatch: form.etag).run(visit.context(), options)
        return visit.redirect(owner.links.one(endpoint.id), flash: .webhookSaved)
    }

    func testWebhook(_ visit: Visit) async throws -> HTTPResponse {
        let options = try visit.options(try visit.form())
        let owner = try await webhookOwner(visit)
        let endpoint = try await endpoint(visit, owner)
        _ = try await TestWebhookEndpoint(id: endpoint.id).run(visit.context(), options)
        return visit.redirect(owner.links.one(endpoint.id), flash: .webhookTested)
    }

    func switchWebhook(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let owner = try await webhookOwner(visit)
        let endpoint = try await endpoint(visit, owner)
        var changes = EditWebhookEndpoint.Changes()
        changes.isEnabled = form["enabled"] == "yes"
        _ = try await EditWebhookEndpoint(id: endpoint.id, changes: changes).run(visit.context(), options)
        return visit.redirect(owner.links.one(endpoint.id), flash: .webhookSaved)
    }

    func webhookConfirmation(_ visit: Visit, _ step: WebhookConfirmPage.Step) async throws -> HTTPResponse {
        let owner = try await webhookOwner(visit)
        return visit.page(confirmPage(visit, owner, step, try await endpoint(visit, owner)), owner.frame)
    }

    private func confirmPage(
        _ visit: Visit, _ owner: WebhookOwner, _ step: WebhookConfirmPage.Step, _ endpoint: WebhookEndpoint
    ) -> WebhookConfirmPage {
        let t = visit.localiser(owner.frame.zone)
        let isDeletion = step == .delete
        var form = ConfirmForm(
            effects: [.text(t("webhooks.\(step.rawValue)_effect"))],
            action: isDeletion ? owner.links.delete(endpoint.id) : owner.links.rotate(endpoint.id), tokens: visit.tokens(),
            confirm: t("webhooks.\(step.rawValue)_confirm"), isDangerous: isDeletion, keep: t("webhooks.keep"),
            back: owner.links.one(endpoint.id))
        if isDeletion { form.typedName = endpoint.host }
        return WebhookConfirmPage(
            crumbs: crumbs(visit, owner, t("webhooks.\(step.rawValue)")), step: step, address: endpoint.url, form: form)
    }

    func rotateWebhook(_ visit: Visit) async throws -> HTTPResponse {
        let options = try visit.options(try visit.form())
        let owner = try await webhookOwner(visit)
        let endpoint = try await endpoint(visit, owner)
        let answer = try await RotateWebhookSecret(id: endpoint.id, overlapSeconds: nil).run(visit.context(), options)
        return showSecret(answer, visit, owner)
    }

    func deleteWebhook(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let owner = try await webhookOwner(visit)
        let endpoint = try await endpoint(visit, owner)
        guard form["confirm_name"] == endpoint.host else {
            var page = confirmPage(visit, owner, .delete, endpoint)
            page.form.typedValue = form["confirm_name"]
            page.form.problems = [
                FieldProblem("confirm_name", visit.strings("webhooks.type_host", ["host": endpoint.host]))
            ]
            return visit.page(page, owner.frame, status: 422)
        }
        _ = try await DeleteWebhookEndpoint(id: endpoint.id).run(visit.context(), options)
        return visit.redirect(owner.links.list, flash: .webhookDeleted)
    }

    func webhookDelivery(_ visit: Visit) async throws -> HTTPResponse {
        var owner = try await webhookOwner(visit)
        let endpoint = try await endpoint(visit, owner)
        let delivery = try await delivery(visit, owner, endpoint)
        let t = visit.localiser(owner.frame.zone)
        if visit.flash == .webhookResent { owner.frame.banner = Banner(.good, title: t("webhooks.flash.resent")) }
        let page = WebhookDeliveryPage(
            crumbs: Breadcrumbs(
                [(t("webhooks.title"), owner.links.list), (endpoint.host, owner.links.one(endpoint.id))],
                current: t("webhooks.delivery")), delivery: delivery, links: owner.links, tokens: visit.tokens(),
            canResend: endpoint.state == .enabled)
        return visit.page(page, owner.frame)
    }

    func resendWebhook(_ visit: Visit) async throws -> HTTPResponse {
        let options = try visit.options(try visit.form())
        let owner = try await webhookOwner(visit)
        let delivery = try await delivery(visit, owner, try await endpoint(visit, owner))
        _ = try await RetryWebhookDelivery(id: delivery.id).run(visit.context(), options)
        return visit.redirect(owner.links.delivery(delivery), flash: .webhookResent)
    }

    // MARK: Parts

    /// What keeps messages from arriving, and the way to its cause.
    private func trouble(
        of endpoint: WebhookEndpoint, _ links: WebhookLinks, _ t: Localiser, _ context: TenantContext
    ) async throws -> Banner? {
        guard endpoint.failingSince != nil || endpoint.state == .disabled else { return nil }
        let cause = try await FindWebhookDelivery.cause(of: endpoint.id, context)
        let actions = cause.map { [ActionLink(t("webhooks.see_cause"), links.delivery($0))] } ?? []
        switch (endpoint.state, endpoint.disabledReason) {
        case (.disabled, .gone?), (.disabled, .failing?):
            let reason = endpoint.disabledReason.map(t.word) ?? ""
            return Banner(
                .bad, title: t("webhooks.off_title", ["reason": reason]), text: .text(t("webhooks.off_text")), actions: actions)
        case (.enabled, _) where endpoint.failingSince != nil:
            return Banner(
                .warn, title: t("webhooks.failing_title", ["reply": cause.map(t.replyInFull) ?? "–"]),
                text: .text(t("webhooks.failing_text")), actions: actions)
        default: return nil
        }
    }

    /// An endpoint of this very owner: another one of the same person is not found below this address.
    private func endpoint(_ visit: Visit, _ owner: WebhookOwner) async throws -> WebhookEndpoint {
        let id: WebhookEndpointID = try visit.pathID(owner.account == nil ? 0 : 1)
        let endpoint = try await FindWebhookEndpoint.byID(id, visit.context())
        guard endpoint.account == owner.account?.id || owner.account == nil else { throw Failure.notFound }
        return endpoint
    }

    private func delivery(_ visit: Visit, _ owner: WebhookOwner, _ endpoint: WebhookEndpoint) async throws -> WebhookDelivery {
        let id: WebhookDeliveryID = try visit.pathID(owner.account == nil ? 1 : 2)
        let delivery = try await FindWebhookDelivery.byID(id, visit.context())
        guard delivery.endpoint == endpoint.id else { throw Failure.notFound }
        return delivery
    }

    private func crumbs(_ visit: Visit, _ owner: WebhookOwner, _ current: String) -> Breadcrumbs {
        Breadcrumbs([(visit.strings("webhooks.title"), owner.links.list)], current: current)
    }

    private func newWebhookPage(_ visit: Visit, _ owner: WebhookOwner) -> WebhookFormPage {
        let t = visit.localiser(owner.frame.zone)
        return WebhookFormPage(
            crumbs: crumbs(visit, owner, t("webhooks.new")), heading: t("webhooks.new"), confirm: t("webhooks.make"),
            action: owner.links.new, back: owner.links.list, tokens: visit.tokens())
    }

    private func editWebhookPage(_ visit: Visit, _ owner: WebhookOwner, _ endpoint: WebhookEndpoint) -> WebhookFormPage {
        let t = visit.localiser(owner.frame.zone)
        var page = WebhookFormPage(
            crumbs: crumbs(visit, owner, t("webhooks.edit")), heading: t("webhooks.edit"), confirm: t("webhooks.save"),
            action: owner.links.edit(endpoint.id), back: owner.links.one(endpoint.id), tokens: visit.tokens(etag: endpoint.etag))
        page.url = endpoint.url
        page.description = endpoint.description
        page.types = Set(endpoint.eventTypes ?? [])
        return page
    }

    /// What the form says, and what is wrong with it.
    private func read(_ form: PageForm, into page: inout WebhookFormPage, _ visit: Visit) -> WebhookTerms {
        page.url = form["url"]
        page.description = form["description"]
        page.types = Set(WebhookEventType.selectable.map(\.rawValue).filter { form["type:\($0)"] == "yes" })
        if let fault = WebhookTerms.fault(of: page.url, dependencies.configuration.webhooks) {
            page.problems.append(FieldProblem("url", visit.strings("error.\(fault).detail")))
        }
        if page.description.count > 200 { page.problems.append(FieldProblem("description", visit.strings("webhooks.too_long"))) }
        return WebhookTerms(
            url: page.url, description: page.description, eventTypes: page.types.isEmpty ? nil : page.types.sorted())
    }

    /// No redirect: the secret is in this answer and nowhere else.
    private func showSecret(_ answer: Answer, _ visit: Visit, _ owner: WebhookOwner) -> HTTPResponse {
        let members = (try? JSON(parsing: answer.body))?.members
        let id = members?["id"]?.text.flatMap { WebhookEndpointID($0) }
        let page = WebhookSecretPage(
            crumbs: crumbs(visit, owner, visit.strings("webhooks.secret")), secret: members?["secret"]?.text,
            next: id.map(owner.links.one) ?? owner.links.list)
        return visit.page(page, owner.frame)
    }
}
