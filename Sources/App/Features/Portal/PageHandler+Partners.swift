import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// The tenant's partners, for its operators (experience page 36).
extension PageHandler {
    private var partnersFrame: Frame { Frame(current: PageRoute.operatorPartners.url()) }

    func operatorPartners(_ visit: Visit) async throws -> HTTPResponse {
        try requireOperator(try visit.context())
        let t = visit.localiser()
        let add = ActionLink(t("partners.add"), PageRoute.newPartner.url(), .primary)
        var frame = ListFrame(
            title: t("partners.title"), lede: .text(t("partners.lede")),
            empty: .neverHad(title: t("partners.empty_title"), text: t("partners.empty_text"), action: add),
            filteredTitle: t("partners.filtered_title"))
        frame.actions = [add]
        return try await list(visit, Partner.list, frame, partnersFrame)
    }

    func newPartner(_ visit: Visit) async throws -> HTTPResponse {
        try requireOperator(try visit.context())
        return visit.page(newPartnerPage(visit), partnersFrame)
    }

    private func newPartnerPage(_ visit: Visit) -> NewPartnerPage {
        let crumbs = Breadcrumbs(
            [(visit.strings("partners.title"), PageRoute.operatorPartners.url())], current: visit.strings("partners.add"))
        return NewPartnerPage(crumbs: crumbs, tokens: visit.tokens())
    }

    func addPartner(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        let t = visit.localiser()
        func refused(_ problems: [FieldProblem]) -> HTTPResponse {
            var page = newPartnerPage(visit)
            page.code = form["code"]
            page.companyName = form["company_name"]
            page.problems = problems
            return visit.page(page, partnersFrame, status: 422)
        }
        var problems: [FieldProblem] = []
        if !CreatePartner.isCode(form["code"]) { problems.append(FieldProblem("code", t("partners.code_malformed"))) }
        if let problem = companyProblem(form, visit) {
            problems.append(problem)
        }
        guard problems.isEmpty else { return refused(problems) }
        do {
            let answer = try await CreatePartner(code: form["code"], companyName: form["company_name"])
                .run(context, try visit.options(form))
            let id = try JSON(parsing: answer.body).members?["id"]?.text ?? ""
            return visit.redirect(PageRoute.operatorPartner.url(id), flash: .partnerChanged)
        } catch Failure.conflict(code: "partner_exists", _) {
            return refused([FieldProblem("code", t("partners.code_taken"))])
        }
    }

    func operatorPartner(_ visit: Visit) async throws -> HTTPResponse { visit.page(try await partnerPage(visit), partnersFrame) }

    private func partnerPage(_ visit: Visit) async throws -> PartnerDeskPage {
        let context = try visit.context()
        try requireOperator(context)
        let partner = try await FindPartner.byID(try visit.pathID(0), context)
        let request = try PageRequest(limit: 25, cursor: visit["cursor"].flatMap { $0.isEmpty ? nil : $0 })
        let rows = try await context.read(
            """
            select s.id, s.name, s.state, s.account_id, a.name, s.created_at, \(SubscriptionQueries.isLapsed) from subscriptions s \
            join accounts a on a.tenant_id = s.tenant_id and a.id = s.account_id \
            where s.tenant_id = \(context.tenant.id) and s.partner_id = \(partner.id) \(request.tail(at: "s.created_at", id: "s.id"))
            """
        ).rows
        let all = try rows.map { row in
            (
                PartnerDeskPage.Held(
                    subscription: try row.get(0), name: try row.get(1), state: try row.get(2), isLapsed: try row.get(6),
                    account: try row.get(3),
                    accountName: try row.get(4)), try row.get(5, as: Instant.self)
            )
        }
        let shown = ListPage(all, limit: request.limit) { ($0.1, $0.0.subscription.uuid) }
        return PartnerDeskPage(
            crumbs: Breadcrumbs(
                [(visit.strings("partners.title"), PageRoute.operatorPartners.url())], current: partner.companyName),
            partner: partner, held: shown.items.map(\.0),
            pager: Pager(
                first: visit["cursor"] == nil ? nil : visit.here(changing: [("cursor", nil)]),
                next: shown.nextCursor.map { visit.here(changing: [("cursor", $0)]) }), tokens: visit.tokens(),
            companyName: partner.companyName)
    }

    private func companyProblem(_ form: PageForm, _ visit: Visit) -> FieldProblem? {
        Self.problem(
            in: form["company_name"], field: "company_name", maximum: 200, missing: visit.strings("partners.company_missing"),
            isName: true, visit)
    }

    func editPartner(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        let id: PartnerID = try visit.pathID(0)
        if let problem = companyProblem(form, visit) {
            var page = try await partnerPage(visit)
            page.companyName = form["company_name"]
            page.problems = [problem]
            return visit.page(page, partnersFrame, status: 422)
        }
        do {
            _ = try await EditPartner(id: id, companyName: form["company_name"], ifMatch: form.etag)
                .run(context, try visit.options(form))
        } catch Failure.stale {
            var page = try await partnerPage(visit)
            page.stored = page.companyName
            page.companyName = form["company_name"]
            return visit.page(page, partnersFrame, status: 412)
        }
        return visit.redirect(PageRoute.operatorPartner.url(id.description), flash: .partnerChanged)
    }

    func retirePartner(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        let id: PartnerID = try visit.pathID(0)
        _ = try await EditPartner(id: id, retired: form["retired"] == "yes", ifMatch: form.etag)
            .run(context, try visit.options(form))
        return visit.redirect(PageRoute.operatorPartner.url(id.description), flash: .partnerChanged)
    }
}
