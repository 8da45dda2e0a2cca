import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// Offers and the versions of their policies (L10, experience page 34).
extension PageHandler {
    private var offersFrame: Frame { Frame(current: PageRoute.operatorOffers.url()) }

    private func offerCrumbs(_ visit: Visit, _ policy: (Offer, Currency)? = nil, current: String) -> Breadcrumbs {
        var steps = [(label: visit.strings("offers.title"), url: PageRoute.operatorOffers.url())]
        if let (offer, currency) = policy {
            steps.append(
                (
                    label: visit.localiser().policyName(offer, currency),
                    url: PageRoute.operatorOffer.url(offer.rawValue, currency.code)
                ))
        }
        return Breadcrumbs(steps, current: current)
    }

    // MARK: The list, and a new chain

    func operatorOffers(_ visit: Visit) async throws -> HTTPResponse { visit.page(try await offerList(visit), offersFrame) }

    private func offerList(_ visit: Visit) async throws -> OfferListPage {
        let context = try visit.context()
        try requireOperator(context)
        let all = try await ListOffers.run(context)
        let shown = ListOffers.inUse(all)
        let known = Set(shown.map { "\($0.offer.rawValue) \($0.currency.code)" })
        let untouched = all.filter { !known.contains("\($0.offer.rawValue) \($0.currency.code)") }
        let showsAll = visit["all"] == "1"
        return OfferListPage(
            chains: shown, hidden: showsAll ? 0 : untouched.count, untouched: showsAll ? untouched : [],
            all: visit.here(changing: [("all", "1")]), tokens: visit.tokens())
    }

    func createPolicyDraft(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        guard let offer = Offer(rawValue: form["offer"]), let currency = Currency(form["currency"].uppercased()) else {
            var page = try await offerList(visit)
            (page.offer, page.currency) = (form["offer"], form["currency"])
            page.problems = [FieldProblem("currency", visit.strings("offers.currency_unknown"))]
            return visit.page(page, offersFrame, status: 422)
        }
        let url = PageRoute.operatorOffer.url(offer.rawValue, currency.code)
        // One draft of a chain is enough: whoever asks for it is taken there.
        if try await PolicyDraft.open(offer, currency, context) == nil {
            _ = try await CreatePolicyDraft(offer: offer, currency: currency).run(context, try visit.options(form))
        }
        return visit.redirect(url)
    }

    // MARK: One chain

    func operatorOffer(_ visit: Visit) async throws -> HTTPResponse { visit.page(try await offerPage(visit), offersFrame) }

    private func chain(_ visit: Visit) throws -> (Offer, Currency) {
        guard visit.parameters.count >= 2, let offer = Offer(rawValue: visit.parameters[0]),
            let currency = Currency(visit.parameters[1])
        else { throw Failure.notFound }
        return (offer, currency)
    }

    private func offerPage(_ visit: Visit, _ named: (Offer, Currency)? = nil) async throws -> OfferPage {
        let context = try visit.context()
        try requireOperator(context)
        let (offer, currency) = try named ?? chain(visit)
        let policies = try await ListOffers.policies(offer, currency, context)
        let draft = try await PolicyDraft.open(offer, currency, context)
        guard !policies.isEmpty || draft != nil else { throw Failure.notFound }
        return OfferPage(
            crumbs: offerCrumbs(visit, current: visit.localiser().policyName(offer, currency)), offer: offer, currency: currency,
            policies: policies, held: try await held(policies.prefix(10).map(\.policy), context), draft: draft,
            tokens: visit.tokens())
    }

    /// How many subscriptions each version has, counted through its index and only so far.
    private func held(_ policies: [OfferPolicy], _ context: TenantContext) async throws -> [OfferPage.Held] {
        guard !policies.isEmpty else { return [] }
        let (_, rows) = try await context.read(
            policies.map { policy in
                """
                select count(*) from (select 1 from subscriptions where tenant_id = \(context.tenant.id) and offer = \(policy.offer) \
                and currency = \(policy.currency) and policy_version = \(Int32(policy.version)) and state <> 'deleted' \
                limit \(Int64(OfferPage.countedAtMost))) counted
                """
            })
        return try zip(policies, rows).map { policy, rows in
            OfferPage.Held(version: policy.version, count: Int(try rows[0].get(0, as: Int64.self)))
        }
    }

    // MARK: The draft

    func editPolicyDraft(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        let draft = try await PolicyDraft.find(try visit.pathID(0), context)
        let (offer, currency) = (draft.policy.offer, draft.policy.currency)
        let t = visit.localiser()
        let typed = Dictionary(uniqueKeysWithValues: PolicyNumber.used(by: offer).map { ($0.rawValue, form[$0.rawValue]) })
        let (values, faulty) = try Self.read(typed, draft.policy, t)
        func again(_ status: Int, _ problems: [FieldProblem]) async throws -> HTTPResponse {
            var page = try await offerPage(visit, (offer, currency))
            page.typed = typed
            page.problems = problems
            page.isStale = status == 412
            return visit.page(page, offersFrame, status: status)
        }
        guard faulty.isEmpty else { return try await again(422, faulty) }
        do {
            _ = try await EditPolicyDraft(id: draft.id, values: values, ifMatch: form.etag).run(context, try visit.options(form))
        } catch Failure.stale {
            return try await again(412, [])
        }
        return visit.redirect(PageRoute.operatorOffer.url(offer.rawValue, currency.code), flash: .draftSaved)
    }

    /// The numbers as typed, and everything that is wrong with them at once: what is no number, and what the rule does not allow.
    private static func read(_ typed: [String: String], _ policy: OfferPolicy, _ t: Localiser) throws
        -> (values: [PolicyNumber: PolicyNumber.Value], problems: [FieldProblem])
    {
        var (policy, values, words) = (policy, [PolicyNumber: PolicyNumber.Value](), [PolicyNumber: String]())
        for number in PolicyNumber.used(by: policy.offer) {
            let text = typed[number.rawValue] ?? ""
            switch policy.value(number) {
            case .money:
                do {
                    values[number] = .money(try MoneyInput.read(text, policy.currency))
                } catch {
                    words[number] = amountFault(error, policy.currency, t)
                }
            case .months: values[number] = Int(text).map { .months($0) }
            case .days: values[number] = Int(text).map { .days($0) }
            }
            if let value = values[number] {
                try policy.set(number, to: value)
            } else if let range = number.range {
                words[number] = t.between(range)
            }
        }
        for fault in policy.faults where words[fault.number] == nil {
            switch fault.kind {
            case .outside(let range): words[fault.number] = t.between(range)
            case .notPositive(let least): words[fault.number] = t("form.amount_below_minimum", ["minimum": t.money(least)])
            // A twin that is no amount says so itself.
            case .below(let twin, _) where words[twin] != nil: break
            case .below(let twin, let least):
                words[fault.number] = t(
                    "offers.number_below", ["other": t("offers.number_of.\(twin.rawValue)"), "minimum": t.money(least)])
            }
        }
        return (
            values,
            PolicyNumber.used(by: policy.offer).compactMap { number in
                words[number].map { FieldProblem(number.rawValue, $0) }
            }
        )
    }

    func discardPolicyDraft(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        let draft = try await PolicyDraft.find(try visit.pathID(0), context)
        _ = try await DiscardPolicyDraft(id: draft.id, ifMatch: form.etag).run(context, try visit.options(form))
        let url = PageRoute.operatorOffer.url(draft.policy.offer.rawValue, draft.policy.currency.code)
        return visit.redirect(draft.basedOn == 0 ? PageRoute.operatorOffers.url() : url, flash: .draftDiscarded)
    }

    // MARK: Publish

    func publishPolicyForm(_ visit: Visit) async throws -> HTTPResponse {
        visit.page(try await publishPage(visit), offersFrame)
    }

    private func publishPage(_ visit: Visit) async throws -> PublishPolicyPage {
        let context = try visit.context()
        try requireOperator(context)
        let draft = try await PolicyDraft.find(try visit.pathID(0), context)
        guard draft.status == "open" else { throw Failure.conflict(code: "policy_draft_closed") }
        let (offer, currency) = (draft.policy.offer, draft.policy.currency)
        return PublishPolicyPage(
            crumbs: offerCrumbs(visit, (offer, currency), current: visit.strings("offers.publish")), draft: draft,
            newest: try await ListOffers.policies(offer, currency, context).first?.policy, tokens: visit.tokens())
    }

    func publishPolicy(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        // A form sent again finds its first answer, though its draft is one no more.
        let draft = try await PolicyDraft.find(try visit.pathID(0), context)
        let name = visit.localiser().versionName(draft.policy)
        if form["confirm_name"] != name {
            var page = try await publishPage(visit)
            (page.typedName, page.note) = (form["confirm_name"], form["note"])
            page.problems = [FieldProblem("confirm_name", visit.localiser()("form.name_mismatch", ["name": name]))]
            return visit.page(page, offersFrame, status: 422)
        }
        let note = form.optional("note").map { String($0.prefix(500)) }
        _ = try await PublishPolicyDraft(id: draft.id, note: note, ifMatch: form.etag).run(context, try visit.options(form))
        return visit.redirect(
            PageRoute.operatorOffer.url(draft.policy.offer.rawValue, draft.policy.currency.code), flash: .policyPublished)
    }

    // MARK: Move

    func movePoliciesForm(_ visit: Visit) async throws -> HTTPResponse { visit.page(try await movePage(visit), offersFrame) }

    private func moving(_ visit: Visit) throws -> MoveSubscriptions {
        let (offer, currency) = try chain(visit)
        guard let to = visit["to"].flatMap({ Int($0) }), (1...1_000_000).contains(to) else { throw Failure.notFound }
        let from = visit["from"].flatMap { Int($0) }.flatMap { (1...1_000_000).contains($0) ? $0 : nil }
        return MoveSubscriptions(offer: offer, currency: currency, to: to, from: from)
    }

    private func movePage(_ visit: Visit) async throws -> MovePoliciesPage {
        let context = try visit.context()
        try requireOperator(context)
        let useCase = try moving(visit)
        let (target, verdicts) = try await useCase.preview(context)
        let path = [useCase.offer.rawValue, useCase.currency.code]
        let query = [("to", String(useCase.to))] + (useCase.from.map { [("from", String($0))] } ?? [])
        return MovePoliciesPage(
            crumbs: offerCrumbs(visit, (useCase.offer, useCase.currency), current: visit.strings("offers.move_short")),
            target: target, verdicts: verdicts, action: PageRoute.movePolicies.url(path, query: query),
            back: PageRoute.operatorOffer.url(path), tokens: visit.tokens())
    }

    func movePolicies(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        let useCase = try moving(visit)
        let name = visit.localiser().versionName(useCase.offer, useCase.currency, useCase.to)
        if form["confirm_name"] != name {
            var page = try await movePage(visit)
            page.typedName = form["confirm_name"]
            page.problems = [FieldProblem("confirm_name", visit.localiser()("form.name_mismatch", ["name": name]))]
            return visit.page(page, offersFrame, status: 422)
        }
        _ = try await useCase.run(context, try visit.options(form))
        return visit.redirect(
            PageRoute.operatorOffer.url(useCase.offer.rawValue, useCase.currency.code), flash: .subscriptionsMoved)
    }
}
