import Billing
import HTML
import HTTP
import Values

/// What a key is called, and how often it may ask.
extension PageHandler {
    func editKeyForm(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let owner = try await keyOwner(visit)
        return visit.page(try await editKeyPage(visit, owner), owner.frame)
    }

    func editKey(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let form = try visit.form()
        let options = try visit.options(form)
        let owner = try await keyOwner(visit)
        var page = try await editKeyPage(visit, owner)
        var changes = EditAPIKey.Changes()
        page.name = form["name"]
        changes.name = page.name
        page.problems += nameProblems(page.name, field: "name", visit.localiser(owner.frame.zone))
        if page.rateLimit != nil {
            let text = form["rate_limit"].trimmingBlankSpace()
            page.rateLimit = text
            let number = Int(text)
            if text.isEmpty || number.map({ (1...Int(APIKeyTerms.rateLimitAtMost)).contains($0) }) ?? false {
                changes.rateLimit = .some(number)
            } else {
                page.problems.append(FieldProblem("rate_limit", visit.strings("keys.rate_limit_wrong")))
            }
        }
        guard page.problems.isEmpty else { return visit.page(page, owner.frame, status: 422) }
        let key = try await key(visit, owner)
        _ = try await EditAPIKey(id: key.id, changes: changes).run(visit.context(), options)
        return visit.redirect(owner.links.list, flash: .keyEdited)
    }

    private func editKeyPage(_ visit: Visit, _ owner: KeyOwner) async throws -> EditAPIKeyPage {
        let t = visit.localiser(owner.frame.zone)
        let key = try await key(visit, owner)
        let context = try visit.context()
        let successors = try await context.read(APIKey.successors(of: key.id, context.tenant.id)).rows
        let standing = key.standing(at: dependencies.realNow(), isReplaced: !successors.isEmpty)
        if let refusal = KeyRule.refusal(.rename, by: nil, isItself: false, on: standing) { throw Failure(refusal) }
        let decides = try visit.context().principal.isOperator
        return EditAPIKeyPage(
            crumbs: Breadcrumbs([(t("keys.title"), owner.links.list)], current: t("keys.edit")), action: owner.links.edit(key.id),
            back: owner.links.list, tokens: visit.tokens(), keyName: key.name, shownAs: key.shownAs, name: key.name,
            rateLimit: decides ? key.rateLimit.map { String($0) } ?? "" : nil,
            standardLimit: dependencies.configuration.limits.requestsPerMinute ?? LimitSettings.standardQuota)
    }
}
