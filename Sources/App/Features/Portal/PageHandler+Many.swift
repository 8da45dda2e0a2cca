import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// A15: what is chosen in the agreement's list is cancelled, suspended or recovered at once: each with its own verdict, or all or none.
extension PageHandler {
    private static func action(_ word: String) throws -> ActOnSubscriptions.Action {
        guard let action = ActOnSubscriptions.Action(rawValue: word) else {
            throw Failure.malformed(code: "not_one_of", arguments: ["allowed": "cancel, suspend, reactivate"])
        }
        return action
    }

    /// What people brought about they take back: a cancellation first, else a suspension on request.
    private static func reason(_ action: ActOnSubscriptions.Action, _ subscription: Subscription) -> SuspensionReason {
        switch action {
        case .cancel: .cancelled
        case .suspend: .requested
        case .reactivate:
            !subscription.facts.reasons.contains(.cancelled) && subscription.facts.reasons.contains(.requested)
                ? .requested : .cancelled
        }
    }

    /// The chosen ones, each once, at most as many as one batch takes.
    private func chosen(_ values: [String]) -> [SubscriptionID] {
        var seen: Set<SubscriptionID> = []
        return values.compactMap { SubscriptionID($0) }.filter { seen.insert($0).inserted }
    }

    func manyForm(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        let action = try Self.action(visit["action"] ?? "")
        let page = try await manyPage(visit, view, action, chosen(visit.all("id")))
        return visit.page(page, view.frame(.enrollmentSubscriptions), status: page.problems.isEmpty ? 200 : 422)
    }

    func many(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let view = try await EnrollmentView.load(visit)
        let action = try Self.action(form["action"])
        let ids = chosen(form.all("id"))
        let note = form.optional("reason").map { String($0.prefix(500)) }
        let mode = ActOnSubscriptions.Mode(rawValue: form["mode"]) ?? .each
        var page = try await manyPage(visit, view, action, ids)
        page.typed = form["confirm_count"]
        page.note = form["reason"]
        page.mode = mode.rawValue
        let possible = page.rows.count { $0.refusal == nil }
        let t = visit.localiser()
        // Where nothing is possible any more, the page says so and asks for no number. A count that was typed right is asked for once: the same form sent again finds its first answer.
        let isRepeated = try await options.key?.answer(in: view.context) != nil
        if !isRepeated, page.problems.isEmpty, possible > 0, action != .reactivate, form["confirm_count"] != String(possible) {
            page.problems = [FieldProblem("confirm_count", t("many.count_mismatch", ["count": String(possible)]))]
        }
        guard isRepeated || page.problems.isEmpty && possible > 0 else {
            return visit.page(page, view.frame(.enrollmentSubscriptions), status: 422)
        }
        do {
            let found = Dictionary(uniqueKeysWithValues: try await subscriptions(ids, of: view).map { ($0.id, $0) })
            let items = ids.map { id in
                ActOnSubscriptions.Item(
                    id: id, reason: found[id].map { Self.reason(action, $0) } ?? (action == .suspend ? .requested : .cancelled),
                    note: note)
            }
            let work = ActOnSubscriptions(action: action, items: items, mode: mode)
            let isFollowed = ids.count >= ActOnSubscriptions.followedFrom
            let answer =
                isFollowed
                ? try await StartOperation(work).run(view.context, options)
                : try await work.run(view.context, options) { visit.strings("error.\($0.code).detail", $0.arguments) }
            if isFollowed, let id = answer.startedOperation {
                return visit.redirect(view.url(.enrollmentOperation, id.description))
            }
        } catch Failure.invalid(let errors) where mode == .all && !errors.isEmpty {
            page.problems = [FieldProblem("mode", t("many.all_refused", ["count": t.number(errors.count)]))]
            return visit.page(page, view.frame(.enrollmentSubscriptions), status: 422)
        }
        return visit.redirect(view.url(.manyDone, query: [("key", form.exact(PageForm.keyField))]))
    }

    // MARK: Before

    private func manyPage(
        _ visit: Visit, _ view: EnrollmentView, _ action: ActOnSubscriptions.Action, _ ids: [SubscriptionID]
    ) async throws -> ManyReviewPage {
        let t = visit.localiser()
        var page = ManyReviewPage(
            crumbs: view.crumbs(
                t, [(label: t("subscriptions.title"), url: view.url(.enrollmentSubscriptions))],
                current: t("many.crumb_\(action.rawValue)")), word: action.rawValue, rows: [], currency: view.currency,
            retentionDays: 0, action: view.url(.many), back: view.url(.enrollmentSubscriptions), tokens: visit.tokens())
        guard !ids.isEmpty, ids.count <= ActOnSubscriptions.itemsAtMost else {
            page.problems = [FieldProblem("id", t(ids.isEmpty ? "many.nothing_chosen" : "many.too_many"))]
            return page
        }
        let subscriptions = try await subscriptions(ids, of: view)
        let items = subscriptions.map { ActOnSubscriptions.Item(id: $0.id, reason: Self.reason(action, $0)) }
        guard !items.isEmpty else { throw Failure.notFound }
        let dry = try await ActOnSubscriptions(action: action, items: items, mode: .each).run(
            view.context, CommandOptions(dryRun: true)
        ) { visit.strings("error.\($0.code).detail", $0.arguments) }
        let verdicts = Self.results(dry)
        let unbilled = action == .reactivate ? [:] : try await unbilled(subscriptions, view)
        page.rows = subscriptions.map { subscription in
            let verdict = verdicts[subscription.id]
            let reasons = subscription.facts.reasons.sorted
            // Suspended for what this does not lift: the reasons say who can.
            let isOther =
                action == .reactivate && subscription.state == .suspended && !reasons.contains(.cancelled)
                && !reasons.contains(.requested)
            let why = isOther ? t("many.other_reason", ["reasons": t.words(reasons)]) : verdict?.detail
            var row = ManyReviewPage.Row(
                id: subscription.id.description, name: subscription.shownName(t),
                url: subscription.links.overview, account: subscription.accountName,
                until: verdict?.until, unbilled: unbilled[subscription.id]?.total,
                refusal: verdict?.verdict == "done" ? nil : why ?? t("many.already"))
            row.settled = unbilled[subscription.id]?.settled
            let left = reasons.filter { $0 != Self.reason(action, subscription) }
            row.isTurned = action == .reactivate ? left.isEmpty : subscription.state != .suspended
            if action == .reactivate, !left.isEmpty { row.stays = t("desk.verdict_stays", ["reasons": t.words(left)]) }
            return row
        }
        page.retentionDays = subscriptions.map(\.policy.retentionDays).min() ?? 0
        return page
    }

    /// Those of this agreement, in the order in which they were chosen.
    private func subscriptions(_ ids: [SubscriptionID], of view: EnrollmentView) async throws -> [Subscription] {
        let tenant = view.context.tenant.id
        let rows = try await view.context.read([
            SubscriptionQueries.list("s.tenant_id = \(tenant) and s.enrollment_id = \(view.id) and s.id = any(\(ids))"),
            SubscriptionQueries.lots(tenant, []),
        ]).rows
        let found = Dictionary(
            uniqueKeysWithValues: try SubscriptionQueries.decode(rows[0], lots: rows[1]).map { ($0.id, $0) })
        return ids.compactMap { found[$0] }
    }

    /// What each has used that no bill shows yet.
    private func unbilled(_ subscriptions: [Subscription], _ view: EnrollmentView) async throws -> [SubscriptionID:
        UnbilledEstimate]
    {
        let (tenant, ids) = (view.context.tenant.id, subscriptions.map(\.id))
        let (now, rows) = try await view.context.read([
            """
            select coalesce(b.subscription_id, w.subscription_id), coalesce(b.bill_month, w.bill_month), coalesce(b.exact_amount, 0), \
            coalesce(b.posted_minor, 0), coalesce(w.cost, 0) \
            from (select * from bill_lines where tenant_id = \(tenant) and subscription_id = any(\(ids))) b \
            full join (select subscription_id, bill_month, product, meter, sum(cost) as cost from usage_records \
            where tenant_id = \(tenant) and subscription_id = any(\(ids)) and settlement_id is null group by 1, 2, 3, 4) w \
            on w.subscription_id = b.subscription_id and w.bill_month = b.bill_month and w.product = b.product and w.meter = b.meter
            """
        ])
        var lines: [SubscriptionID: [UnbilledEstimate.Line]] = [:]
        for row in rows[0] {
            var column = Columns(row)
            let id: SubscriptionID = try column.next()
            let month: CivilDate = try column.next()
            lines[id, default: []].append(
                UnbilledEstimate.Line(
                    month: CivilMonth(of: month), exact: try column.next(),
                    posted: Money(minor: try column.next(), currency: view.currency), waiting: try column.next()))
        }
        var amounts: [SubscriptionID: UnbilledEstimate] = [:]
        for subscription in subscriptions {
            amounts[subscription.id] = try UnbilledEstimate(
                lines[subscription.id] ?? [], currency: subscription.currency, at: now, in: subscription.zone)
        }
        return amounts
    }

    // MARK: Afterwards

    private struct ItemResult {
        let verdict: String
        let detail: String?
        let until: Instant?
        let state: String?
    }

    private static func results(_ answer: Answer) -> [SubscriptionID: ItemResult] {
        var results: [SubscriptionID: ItemResult] = [:]
        for item in (try? JSON(parsing: answer.body))?.members?["results"]?.items ?? [] {
            guard let fields = item.members, let id = fields["id"]?.text.flatMap({ SubscriptionID($0) }) else { continue }
            results[id] = ItemResult(
                verdict: fields["verdict"]?.text ?? "", detail: fields["detail"]?.text,
                until: fields["recoverable_until"]?.text.flatMap { Instant(rfc3339: $0) }, state: fields["state"]?.text)
        }
        return results
    }

    func manyDone(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        let t = visit.localiser()
        let rows = try await view.context.read(
            """
            select response_body from idempotency_keys where tenant_id = \(view.context.tenant.id) and principal_id = \(view.context.principal.idempotencyID) \
            and key = \("form-\(visit["key"] ?? "")") and response_body is not null
            """
        ).rows
        guard let body = try rows.first?.get(0, as: String.self) else { throw Failure.notFound }
        let answer = Answer(status: 200, body: Array(body.utf8))
        let results = Self.results(answer)
        guard !results.isEmpty, let word = (try? JSON(parsing: answer.body))?.members?["action"]?.text,
            let action = ActOnSubscriptions.Action(rawValue: word)
        else { throw Failure.notFound }
        let subscriptions = try await subscriptions(results.keys.sorted(), of: view)
        guard !subscriptions.isEmpty else { throw Failure.notFound }
        let shown = subscriptions.compactMap { subscription -> ManyDonePage.Row? in
            guard let result = results[subscription.id] else { return nil }
            var row = ManyDonePage.Row(
                id: subscription.id.description, name: subscription.shownName(t),
                url: subscription.links.overview, verdict: result.verdict, detail: result.detail, until: result.until)
            row.isSuspended = result.state == SubscriptionState.suspended.rawValue
            return row
        }
        let undone = shown.filter { $0.verdict == "done" }.map { ("id", $0.id) }
        let undo = view.url(.manyForm, query: [("action", "reactivate")] + undone)
        let page = ManyDonePage(
            crumbs: view.crumbs(
                t, [(label: t("subscriptions.title"), url: view.url(.enrollmentSubscriptions))],
                current: t("many.crumb_\(action.rawValue)")), word: word, rows: shown, back: view.url(.enrollmentSubscriptions),
            undo: action == .cancel && !undone.isEmpty ? undo : nil)
        return visit.page(page, view.frame(.enrollmentSubscriptions))
    }
}
