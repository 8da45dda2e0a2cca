import Billing
import HTML
import HTTP
import Values

/// What the desk does to whole accounts: suspend, lift, and say that an identity is verified.
extension PageHandler {
    private static let suspendReasons: [SuspensionReason] = [.operator, .overdue, .requested]
    private static let liftReasons: [SuspensionReason] = [.operator, .overdue, .requested, .cancelled]

    func operatorSuspend(_ visit: Visit, _ direction: SuspendAccount.Direction) async throws -> HTTPResponse {
        let (page, frame) = try await suspendPage(visit, direction)
        return visit.page(page, frame)
    }

    private func suspendPage(_ visit: Visit, _ direction: SuspendAccount.Direction) async throws -> (SuspendAccountPage, Frame) {
        let context = try visit.context()
        try requireOperator(context)
        let account = try await FindAccount.byID(try visit.pathID(0), context)
        let reasons = direction == .suspend ? Self.suspendReasons : Self.liftReasons
        let asked = visit["reason"].flatMap { SuspensionReason(rawValue: $0) }.flatMap { reasons.contains($0) ? $0 : nil }
        let t = visit.localiser(account.zone)
        func weighed(_ reason: SuspensionReason) -> SuspendAccount {
            SuspendAccount(account: account.id, direction: direction, reason: reason)
        }
        let standing = try await weighed(reasons[0]).standing(context)
        // Unless one is asked for, the first reason that stands somewhere is offered for lifting.
        let offered = direction == .lift ? reasons.first(where: standing.contains) : nil
        let reason = asked ?? offered ?? reasons[0]
        let page = SuspendAccountPage(
            crumbs: deskCrumbs(
                t, of: (account.id, account.name), current: t(direction == .suspend ? "desk.suspend_all" : "desk.lift_all")),
            accountName: account.name, direction: direction, reason: reason, reasons: reasons,
            verdicts: weighed(reason).preview(standing),
            account: account.id, isDone: visit["done"] == "1", tokens: visit.tokens())
        return (page, Frame(zone: account.zone, current: PageRoute.operatorAccounts.url()))
    }

    func operatorSuspending(_ visit: Visit, _ direction: SuspendAccount.Direction) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        var (page, frame) = try await suspendPage(visit, direction)
        if direction == .suspend, form["confirm_name"] != page.accountName.trimmingBlankSpace() {
            page.typedName = form["confirm_name"]
            page.note = form["note"]
            page.problems = [
                FieldProblem("confirm_name", visit.localiser()("form.name_mismatch", ["name": page.accountName]))
            ]
            return visit.page(page, frame, status: 422)
        }
        let useCase = SuspendAccount(
            account: page.account, direction: direction, reason: page.reason,
            note: form.optional("note").map { String($0.prefix(500)) })
        _ = try await useCase.run(context, try visit.options(form))
        let route: PageRoute = direction == .suspend ? .operatorSuspendForm : .operatorLiftForm
        return visit.redirect(
            route.url(page.account.description, query: [("reason", page.reason.rawValue), ("done", "1")]))
    }

    // MARK: Identity

    func operatorIdentityQueue(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        try requireOperator(context)
        let shown = try await ListIdentityRequests.waiting(
            try PageRequest(limit: 50, cursor: visit["cursor"].flatMap { $0.isEmpty ? nil : $0 }), context)
        let pager = Pager(
            first: visit["cursor"] == nil ? nil : visit.here(changing: [("cursor", nil)]),
            next: shown.nextCursor.map { visit.here(changing: [("cursor", $0)]) })
        return visit.page(
            IdentityQueuePage(requests: shown.items, pager: pager), Frame(current: PageRoute.operatorIdentity.url()))
    }

    func operatorIdentityRequest(_ visit: Visit) async throws -> HTTPResponse {
        visit.page(try await identityPage(visit), Frame(current: PageRoute.operatorIdentity.url()))
    }

    private func identityPage(_ visit: Visit) async throws -> IdentityRequestPage {
        try requireOperator(try visit.context())
        let request = try await ListIdentityRequests.one(try visit.pathID(0), try visit.context())
        let t = visit.localiser()
        return IdentityRequestPage(
            crumbs: Breadcrumbs([(t("identity.queue"), PageRoute.operatorIdentity.url())], current: request.accountName),
            request: request, tokens: visit.tokens())
    }

    func decideIdentity(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        let verified = form["decision"] == "verify"
        let missing = visit.strings("identity.reason_missing")
        if let problem = Self.problem(in: form["reason"], field: "reason", maximum: 500, missing: missing, visit) {
            var page = try await identityPage(visit)
            page.reason = form["reason"]
            page.problems = [problem]
            return visit.page(page, Frame(current: PageRoute.operatorIdentity.url()), status: 422)
        }
        let useCase = DecideIdentity(id: try visit.pathID(0), verified: verified, reason: form["reason"])
        _ = try await useCase.run(context, try visit.options(form))
        return visit.redirect(
            PageRoute.operatorIdentity.url(), flash: verified ? .identityVerified : .identityDeclined)
    }

    /// The account's own side of it.
    func accountIdentity(_ visit: Visit) async throws -> HTTPResponse {
        let (page, frame) = try await accountIdentityPage(visit)
        return visit.page(page, frame)
    }

    private func accountIdentityPage(_ visit: Visit) async throws -> (AccountIdentityPage, Frame) {
        let context = try visit.context()
        let account = try await FindAccount.byID(try visit.pathID(0), context)
        let latest = try await ListIdentityRequests.of(account.id, try PageRequest(limit: 1), context).items.first
        let visitors = try await context.read(AccountDeskQueries(tenant: context.tenant.id, account: account.id).visitors).rows
        let t = visit.localiser(account.zone)
        let roles = context.principal.roles(on: account.belonging)
        let url = PageRoute.subscriptions.url(account.id.description)
        let page = AccountIdentityPage(
            crumbs: Breadcrumbs([(account.name, url)], current: t("identity.title")), account: account, request: latest,
            mayAsk: roles.contains { Permission.allows($0, .manageMembers, in: account.kind) },
            visitors: try visitors.map { try AccountDesk.Visitor($0) }, tokens: visit.tokens())
        return (
            page,
            Frame(
                zone: account.zone, account: (account.id, account.name),
                current: PageRoute.accountIdentity.url(account.id.description))
        )
    }

    func requestIdentity(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        let id: AccountID = try visit.pathID(0)
        let account = try await FindAccount.byID(id, context)
        try TenantContext.require(.manageMembers, of: context.principal.roles(on: account.belonging), in: account.kind)
        let t = visit.localiser()
        let problems = [
            ("company_name", 200, t("identity.company_missing")),
            ("registration_number", 100, t("identity.registration_missing")), ("legal_representative", 200, nil),
        ].compactMap { name, maximum, missing in
            Self.problem(in: form[name], field: name, maximum: maximum, missing: missing, isName: true, visit)
        }
        guard problems.isEmpty else {
            var (page, frame) = try await accountIdentityPage(visit)
            page.companyName = form["company_name"]
            page.registrationNumber = form["registration_number"]
            page.legalRepresentative = form["legal_representative"]
            page.problems = problems
            return visit.page(page, frame, status: 422)
        }
        let useCase = RequestIdentity(
            account: id, companyName: form["company_name"], registrationNumber: form["registration_number"],
            legalRepresentative: form["legal_representative"])
        _ = try await useCase.run(context, try visit.options(form))
        return visit.redirect(PageRoute.accountIdentity.url(id.description), flash: .identityRequested)
    }
}
