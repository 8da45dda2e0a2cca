import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// The operator's desk: search, one account on one page, its timeline, one order, notes.
extension PageHandler {
    // MARK: Search

    func operatorSearch(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        try requireOperator(context)
        let q = (visit["q"] ?? "").trimmingBlankSpace()
        if let url = try await Self.namedByID(q.lowercased(), context) { return visit.redirect(url) }
        let found = try await Search.run(q, context)
        if let hit = found.exact { return visit.redirect(Self.deskURL(of: hit)) }
        let groups = Search.Kind.allCases.compactMap { kind -> SearchPage.Group? in
            let hits = found.hits.filter { $0.kind == kind }
            guard !hits.isEmpty else { return nil }
            return SearchPage.Group(
                kind: kind, rows: hits.map { ($0, Self.deskURL(of: $0)) }, hasMore: found.more.contains(kind))
        }
        let page = SearchPage(
            q: String(q.prefix(Search.longest)), action: PageRoute.operatorSearch.url(), groups: groups)
        return visit.page(page, Frame(current: PageRoute.operatorHome.url()))
    }

    /// What error pages tell people to give is opened at once: what the request did; and who is behind a member's or an invitation's ID.
    private static func namedByID(_ q: String, _ context: TenantContext) async throws -> URLPath? {
        if q.hasPrefix("req_"), UUID(anyID: q) != nil { return PageRoute.operatorAudit.url(query: [("request_id", q)]) }
        guard let id = MemberID(q), let member = try? await FindMember.byID(id, context) else { return nil }
        let query = [("q", member.person.email)]
        if let account = member.account { return PageRoute.members.url([account.description], query: query) }
        return member.enrollment.map { PageRoute.enrollmentMembers.url([$0.description], query: query) }
    }

    /// Where an operator is taken by a hit.
    static func deskURL(of hit: Search.Hit) -> URLPath {
        switch hit.kind {
        case .account: PageRoute.operatorAccount.url(hit.typeID)
        case .subscription: PageRoute.subscription.url(hit.account?.description ?? "", hit.typeID)
        case .order: PageRoute.operatorOrder.url(hit.typeID)
        case .payment: PageRoute.payment.url(hit.account?.description ?? "", hit.typeID)
        case .remittance: PageRoute.remittance.url(hit.typeID)
        case .partner: PageRoute.operatorPartner.url(hit.typeID)
        case .enrollment: PageRoute.enrollment.url(hit.typeID)
        }
    }

    // MARK: One account

    func operatorAccount(_ visit: Visit) async throws -> HTTPResponse {
        let (page, frame) = try await accountDesk(visit)
        return visit.page(page, frame)
    }

    /// On the desk the times are the account's own, and the navigation stays the operator's.
    private func accountDesk(_ visit: Visit) async throws -> (AccountDeskPage, Frame) {
        let context = try visit.context()
        let id: AccountID = try visit.pathID(0)
        let newest = try PageRequest(limit: 15)
        async let happened = AccountTimeline.run(id, newest, context)
        let desk = try await AccountDesk.load(id, whole: visit["whole"].flatMap { AccountDesk.Part(rawValue: $0) }, context)
        let timeline = try await happened
        let t = visit.localiser(desk.account.zone)
        let page = AccountDeskPage(
            crumbs: deskCrumbs(t, current: desk.account.name), desk: desk,
            timeline: TimelineTable(timeline: timeline), hasMoreTimeline: timeline.page.nextCursor != nil,
            tokens: visit.tokens())
        return (page, Frame(zone: desk.account.zone, current: PageRoute.operatorAccounts.url()))
    }

    func deskCrumbs(_ t: Localiser, of account: (id: AccountID, name: String)? = nil, current: String) -> Breadcrumbs {
        var steps = [(label: t("accounts.title"), url: PageRoute.operatorAccounts.url())]
        if let account { steps.append((label: account.name, url: PageRoute.operatorAccount.url(account.id.description))) }
        return Breadcrumbs(steps, current: current)
    }

    func operatorTimeline(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        try requireOperator(context)
        let timeline = try await AccountTimeline.run(
            try visit.pathID(0), try PageRequest(limit: 50, cursor: visit["cursor"].flatMap { $0.isEmpty ? nil : $0 }), context)
        let t = visit.localiser(timeline.account.zone)
        let account = (timeline.account.id, timeline.account.name)
        let page = AccountTimelinePage(
            crumbs: deskCrumbs(t, of: account, current: t("desk.timeline")),
            table: TimelineTable(timeline: timeline),
            pager: Pager(
                first: visit["cursor"] == nil ? nil : visit.here(changing: [("cursor", nil)]),
                next: timeline.page.nextCursor.map { visit.here(changing: [("cursor", $0)]) }), accountName: account.1)
        return visit.page(page, Frame(zone: timeline.account.zone, current: PageRoute.operatorAccounts.url()))
    }

    func operatorOrder(_ visit: Visit) async throws -> HTTPResponse {
        let desk = try await OrderDesk.load(try visit.pathID(0), try visit.context())
        let t = visit.localiser(desk.subscription.zone)
        let page = OrderDeskPage(
            crumbs: deskCrumbs(t, of: (desk.order.account, desk.subscription.accountName), current: t("desk.order")), desk: desk)
        return visit.page(page, Frame(zone: desk.subscription.zone, current: PageRoute.operatorAccounts.url()))
    }

    // MARK: Notes

    func addAccountNote(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        let id: AccountID = try visit.pathID(0)
        let body = form["body"]
        if let problem = Self.problem(in: body, field: "body", maximum: 2_000, missing: visit.strings("desk.note_missing"), visit)
        {
            var (page, frame) = try await accountDesk(visit)
            page.note = body
            page.problems = [problem]
            return visit.page(page, frame, status: 422)
        }
        _ = try await AddAccountNote(account: id, body: body).run(context, try visit.options(form))
        return visit.redirect(PageRoute.operatorAccount.url(id.description), flash: .noteAdded)
    }

    func eraseAccountNote(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        let account: AccountID = try visit.pathID(0)
        _ = try await EraseAccountNote(account: account, id: try visit.pathID(1)).run(context, try visit.options(form))
        return visit.redirect(PageRoute.operatorAccount.url(account.description), flash: .noteErased)
    }

    /// Free text that must not be too long, hold what cannot be stored, or be empty where `missing` says so.
    static func problem(
        in text: String, field: String, maximum: Int, missing: String?, isName: Bool = false, _ visit: Visit
    ) -> FieldProblem? {
        if text.isEmpty { return missing.map { FieldProblem(field, $0) } }
        if text.unicodeScalars.count > maximum {
            return FieldProblem(field, visit.localiser()("form.name_too_long", ["maximum": String(maximum)]))
        }
        let hasControls = text.unicodeScalars.contains { scalar in
            scalar.properties.generalCategory == .control && !"\n\r\t".unicodeScalars.contains(scalar)
        }
        return hasControls || isName && !text.isOneLine
            ? FieldProblem(field, visit.strings("error.invalid_characters.detail")) : nil
    }

    // MARK: View as

    func viewAsForm(_ visit: Visit) async throws -> HTTPResponse {
        let (page, frame) = try await viewAsPage(visit)
        return visit.page(page, frame)
    }

    private func viewAsPage(_ visit: Visit) async throws -> (ViewAsPage, Frame) {
        let (account, members) = try await AccountDesk.loadMembers(try visit.pathID(0), try visit.context())
        let t = visit.localiser(account.zone)
        let page = ViewAsPage(
            crumbs: deskCrumbs(t, of: (account.id, account.name), current: t("desk.view_as")),
            accountName: account.name, people: members, selected: visit["person"] ?? "",
            action: PageRoute.viewAs.url(account.id.description),
            back: PageRoute.operatorAccount.url(account.id.description), tokens: visit.tokens())
        return (page, Frame(zone: account.zone, current: PageRoute.operatorAccounts.url()))
    }

    func viewAs(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        let account: AccountID = try visit.pathID(0)
        let problem = Self.problem(
            in: form["reason"], field: "reason", maximum: 500, missing: visit.strings("desk.view_as_reason_missing"), visit)
        guard let person = UserID(form["person"]), problem == nil else {
            var (page, frame) = try await viewAsPage(visit)
            page.reason = form["reason"]
            page.selected = form["person"]
            page.problems = [problem ?? FieldProblem("person", visit.strings("desk.person_missing"))]
            return visit.page(page, frame, status: 422)
        }
        let useCase = StartViewAs(
            account: account, person: person, reason: form["reason"],
            sessionToken: visit.request.cookie(cookies.session) ?? "")
        _ = try await useCase.run(context, try visit.options(form))
        return visit.redirect(PageRoute.home.url())
    }

    func endViewAs(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        guard let viewing = context.principal.viewing else { return visit.redirect(PageRoute.home.url()) }
        try await EndViewAs(viewing: viewing, sessionToken: visit.request.cookie(cookies.session) ?? "").run(context)
        return visit.redirect(PageRoute.operatorAccount.url(viewing.account.description))
    }
}
