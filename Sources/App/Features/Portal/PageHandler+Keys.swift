import Billing
import FoundationEssentials
import HTML
import HTTP
import Values

/// API keys of an account, and the tenant's own (experience page 24).
extension PageHandler {
    /// Whose keys one page is about.
    struct KeyOwner {
        var account: Account?
        var name: String
        var frame: Frame
        var links: APIKeyLinks
        var roles: [Role]
    }

    func keyOwner(_ visit: Visit) async throws -> KeyOwner {
        let context = try visit.context()
        guard visit.route?.segments.first == "accounts" else {
            try requireOperator(context)
            return KeyOwner(
                name: context.tenant.name, frame: Frame(current: PageRoute.operatorKeys.url()),
                links: .ofTenant, roles: [.operator])
        }
        let account = try await FindAccount.byID(try visit.pathID(0), context)
        try TenantContext.require(.manageMembers, of: context.principal.roles(on: account.belonging), in: account.kind)
        let id = account.id.description
        return KeyOwner(
            account: account, name: account.name,
            frame: Frame(zone: account.zone, account: (account.id, account.name), current: PageRoute.keys.url(id)),
            links: .of(account.id), roles: [.accountAdministrator, .finance, .reader])
    }

    func keys(_ visit: Visit) async throws -> HTTPResponse {
        let owner = try await keyOwner(visit)
        let t = visit.localiser(owner.frame.zone)
        let new = ActionLink(t("keys.new"), owner.links.new, .primary)
        var frame = ListFrame(
            title: t("keys.title"), lede: .text(t("keys.lede", ["owner": owner.name])),
            empty: .neverHad(title: t("keys.none"), text: t("keys.none_text"), action: new),
            filteredTitle: t("keys.filtered_title"))
        frame.actions = [new, ActionLink(t("docs.title"), PageRoute.apiIndex.url())]
        frame.scope = owner.account.map { [("account_id", $0.id.description)] } ?? []
        if owner.account == nil { frame.columns = ListedAPIKey.columnsOfTenant }
        var around = owner.frame
        if visit.flash == .keyRevoked { around.banner = Banner(.good, title: t("keys.revoked")) }
        if visit.flash == .keyEdited { around.banner = Banner(.good, title: t("keys.edited")) }
        return try await list(visit, ListedAPIKey.list, frame, around)
    }

    func keyForm(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let owner = try await keyOwner(visit)
        return visit.page(newKeyPage(visit, owner), owner.frame)
    }

    func makeKey(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let form = try visit.form()
        let options = try visit.options(form)
        let owner = try await keyOwner(visit)
        let t = visit.localiser(owner.frame.zone)
        var page = newKeyPage(visit, owner)
        page.name = form["name"]
        page.role = form["role"]
        page.scopes = Set(Endpoint.scopes.filter { form["scope:\($0)"] == "yes" })
        page.isNarrowed = !page.scopes.isEmpty
        page.expiresOn = form["expires_on"]
        page.addresses = form["addresses"]
        var terms = APIKeyTerms(name: page.name, scopes: page.scopes.isEmpty ? nil : page.scopes.sorted())
        page.problems += nameProblems(page.name, field: "name", t)
        let role = owner.roles.first { $0.rawValue == page.role }
        if role == nil { page.problems.append(FieldProblem("role", t("keys.role_missing"))) }
        if let role {
            let useless = page.scopes.subtracting(Endpoint.scopes(of: role)).sorted().joined(separator: t("common.list_comma"))
            if !useless.isEmpty {
                let words = ["role": t.word(role), "scopes": useless]
                page.problems.append(FieldProblem("scopes", t("keys.scope_useless", words)))
            }
        }
        if !page.expiresOn.isEmpty {
            // The key works through the day that was chosen.
            let day = CivilDate(iso: page.expiresOn)?.adding(days: 1)
            terms.expiresAt = day.map { (owner.frame.zone ?? t.zone).startOfDay($0) }
            if terms.expiresAt.map({ $0 <= dependencies.realNow() }) ?? true {
                page.problems.append(FieldProblem("expires_on", t("keys.expires_wrong")))
            }
        }
        let addresses = page.addresses.split { $0 == "," || $0.isWhitespace || $0 == "，" }.map(String.init)
        if !addresses.isEmpty { terms.allowedAddresses = addresses }
        for address in addresses where (try? TrustedProxies([address])) == nil {
            page.problems.append(FieldProblem("addresses", t("keys.address_wrong", ["address": address])))
        }
        guard page.problems.isEmpty, let role else { return visit.page(page, owner.frame, status: 422) }
        let answer = try await CreateAPIKey(account: owner.account?.id, role: role, terms: terms).run(visit.context(), options)
        return showKey(answer, page.name, visit, owner)
    }

    func keyConfirmation(_ visit: Visit, _ step: APIKeyConfirmPage.Step) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let owner = try await keyOwner(visit)
        return visit.page(try await confirmPage(visit, owner, step), owner.frame)
    }

    func rotateKey(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let options = try visit.options(try visit.form())
        let owner = try await keyOwner(visit)
        let key = try await key(visit, owner)
        let answer = try await RotateAPIKey(id: key.id, overlapSeconds: nil).run(visit.context(), options)
        let ends = dependencies.realNow().adding(seconds: RotateAPIKey.overlapStandard)
        return showKey(answer, key.name, visit, owner, oldEndsAt: key.expiresAt.map { min($0, ends) } ?? ends)
    }

    func revokeKey(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let form = try visit.form()
        let options = try visit.options(form)
        let owner = try await keyOwner(visit)
        let key = try await key(visit, owner)
        guard form["confirm_name"] == key.name else {
            var page = try await confirmPage(visit, owner, .revoke)
            page.form.typedValue = form["confirm_name"]
            page.form.problems = [
                FieldProblem("confirm_name", visit.strings("keys.type_name", ["name": key.name]))
            ]
            return visit.page(page, owner.frame, status: 422)
        }
        _ = try await RevokeAPIKey(id: key.id).run(visit.context(), options)
        return visit.redirect(owner.links.list, flash: .keyRevoked)
    }

    // MARK: Parts

    /// A key of this very owner: another one of the same person is not found below this address.
    func key(_ visit: Visit, _ owner: KeyOwner) async throws -> APIKey {
        let id: APIKeyID = try visit.pathID(owner.account == nil ? 0 : 1)
        let key = try await FindAPIKey.byID(id, visit.context())
        guard key.account == owner.account?.id || owner.account == nil else { throw Failure.notFound }
        return key
    }

    private func newKeyPage(_ visit: Visit, _ owner: KeyOwner) -> NewAPIKeyPage {
        let t = visit.localiser(owner.frame.zone)
        var page = NewAPIKeyPage(
            crumbs: Breadcrumbs([(t("keys.title"), owner.links.list)], current: t("keys.new")), action: owner.links.new,
            back: owner.links.list, tokens: visit.tokens(),
            roles: owner.roles.map { FilterBar.Choice($0.rawValue, t.word($0)) },
            offered: Endpoint.scopes.filter { scope in owner.roles.contains { Endpoint.scopes(of: $0).contains(scope) } })
        page.role = owner.roles.last?.rawValue ?? ""
        return page
    }

    private func confirmPage(_ visit: Visit, _ owner: KeyOwner, _ step: APIKeyConfirmPage.Step) async throws -> APIKeyConfirmPage
    {
        let t = visit.localiser(owner.frame.zone)
        let key = try await key(visit, owner)
        let standing = key.standing(at: dependencies.realNow(), isReplaced: false)
        if let refusal = KeyRule.refusal(.replace, by: nil, isItself: false, on: standing) { throw Failure(refusal) }
        let action = step == .rotate ? owner.links.rotate(key.id) : owner.links.revoke(key.id)
        var effects: [HTML] = [.text(t("keys.\(step.rawValue)_effect"))]
        if let at = key.lastUsedAt {
            effects.append(
                group {
                    t("keys.effect_last_used")
                    " "
                    t.timeElement(at)
                })
        } else {
            effects.append(.text(t("keys.effect_never_used")))
        }
        var form = ConfirmForm(
            effects: effects, action: action, tokens: visit.tokens(), confirm: t("keys.\(step.rawValue)"),
            isDangerous: step == .revoke, keep: t("keys.keep"), back: owner.links.list)
        if step == .revoke { form.typedName = key.name }
        return APIKeyConfirmPage(
            crumbs: Breadcrumbs([(t("keys.title"), owner.links.list)], current: t("keys.\(step.rawValue)")), step: step,
            name: key.name, shownAs: key.shownAs, lastUsedAt: key.lastUsedAt, form: form)
    }

    /// No redirect: the key is in this answer and nowhere else.
    private func showKey(
        _ answer: Answer, _ name: String, _ visit: Visit, _ owner: KeyOwner, oldEndsAt: Instant? = nil
    ) -> HTTPResponse {
        let t = visit.localiser(owner.frame.zone)
        let secret = (try? JSON(parsing: answer.body))?.members?["key"]?.text
        let page = APIKeyShownPage(
            crumbs: Breadcrumbs([(t("keys.title"), owner.links.list)], current: t("keys.new")), secret: secret, name: name,
            list: owner.links.list, origin: visit.origin, oldEndsAt: oldEndsAt)
        return visit.page(page, owner.frame)
    }
}
