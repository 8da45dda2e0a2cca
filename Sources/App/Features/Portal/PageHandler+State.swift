import Billing
import HTML
import HTTP
import Values

/// Cancel, suspend, reactivate, confirm services: each asks first, with the dates that the use case itself would set.
extension PageHandler {
    // MARK: Cancel (L7)

    func cancelForm(_ visit: Visit) async throws -> HTTPResponse {
        if let done = try await cancelled(visit) { return done }
        let (view, page) = try await cancelPage(visit)
        return visit.page(page, view.frame)
    }

    func cancel(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let (view, _) = try await SubscriptionView.load(visit)
        let useCase = CancelSubscription(id: view.subscription.id, words: form.optional("reason").map { String($0.prefix(500)) })
        // A name that was typed right is asked for once: the same form sent again finds its first answer.
        if form["confirm_name"] != view.subscription.name?.trimmingBlankSpace() {
            var (_, page) = try await cancelPage(visit)
            page.typedName = form["confirm_name"]
            page.note = form["reason"]
            let t = visit.localiser(view.subscription.zone)
            page.problems = [FieldProblem("confirm_name", t("form.name_mismatch", ["name": view.name(t)]))]
            return visit.page(page, view.frame, status: 422)
        }
        _ = try await useCase.run(view.context, options)
        return visit.redirect(view.links.overview, flash: .cancelled)
    }

    /// Whoever comes back to the question reads that it was done.
    private func cancelled(_ visit: Visit) async throws -> HTTPResponse? {
        let (view, _) = try await SubscriptionView.load(visit)
        let facts = view.subscription.facts
        guard view.may(.cancelEnterpriseSubscription), facts.state == .suspended, facts.reasons.contains(.cancelled),
            let deleteAt = facts.deleteAt
        else { return nil }
        let t = visit.localiser(view.subscription.zone)
        let page = CancelledPage(
            crumbs: view.crumbs(t, current: t("cancel.action")), name: view.name(t), deleteAt: deleteAt, back: view.links.overview
        )
        return visit.page(page, view.frame)
    }

    private func cancelPage(_ visit: Visit) async throws -> (SubscriptionView, CancelPage) {
        let (view, _) = try await SubscriptionView.load(visit)
        let t = visit.localiser(view.subscription.zone)
        let dry = try await CancelSubscription(id: view.subscription.id).run(view.context, CommandOptions(dryRun: true))
        let unbilled = try await UnbilledUsage.of(view.subscription, view.context)
        var page = CancelPage(
            crumbs: view.crumbs(t, current: t("cancel.action")), name: view.name(t), action: view.links(.cancel),
            back: view.links.overview,
            tokens: visit.tokens(), policy: view.subscription.policy, deleteAt: try deadline(dry),
            monthToDate: unbilled.total)
        page.settled = unbilled.settled
        return (view, page)
    }

    /// The deadline that the dry run's answer names.
    private func deadline(_ dry: Answer) throws -> Instant {
        guard let text = try JSON(parsing: dry.body).members?["delete_at"]?.text, let deadline = Instant(rfc3339: text) else {
            throw Failure.fault
        }
        return deadline
    }

    // MARK: Suspend (L1, L2)

    func suspendForm(_ visit: Visit) async throws -> HTTPResponse {
        let (view, page) = try await suspendPage(visit)
        return visit.page(page, view.frame)
    }

    func suspend(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let (view, _) = try await SubscriptionView.load(visit)
        // A form with one possible reason has no choice in it.
        let reason = form["reason"].isEmpty ? view.suspendable.first ?? .requested : SuspensionReason(rawValue: form["reason"])
        var problems = reason == nil ? [FieldProblem("reason", visit.strings("form.reason_missing"))] : []
        // As for a cancellation (G20). What is suspended already is asked for a reason only: the same form sent again finds its first answer.
        if view.subscription.state != .suspended, form["confirm_name"] != view.subscription.name?.trimmingBlankSpace() {
            let t = visit.localiser(view.subscription.zone)
            problems.append(FieldProblem("confirm_name", t("form.name_mismatch", ["name": view.name(t)])))
        }
        guard let reason, problems.isEmpty else {
            var (_, page) = try await suspendPage(visit)
            page.typedName = form["confirm_name"]
            page.note = form["note"]
            page.selected = reason
            page.problems = problems
            return visit.page(page, view.frame, status: 422)
        }
        let note = form.optional("note").map { String($0.prefix(500)) }
        _ = try await SuspendSubscription(id: view.subscription.id, reason: reason, note: note).run(view.context, options)
        return visit.redirect(view.links.overview, flash: .suspended)
    }

    private func suspendPage(_ visit: Visit) async throws -> (SubscriptionView, SuspendPage) {
        let (view, _) = try await SubscriptionView.load(visit)
        let t = visit.localiser(view.subscription.zone)
        let reasons = view.suspendable
        let dry = try await SuspendSubscription(id: view.subscription.id, reason: reasons.first ?? .requested)
            .run(view.context, CommandOptions(dryRun: true))
        let deleteAt = try deadline(dry)
        var page = SuspendPage(
            crumbs: view.crumbs(t, current: t("suspend.action")), name: view.name(t), action: view.links(.suspend),
            back: view.links.overview,
            tokens: visit.tokens(), policy: view.subscription.policy, deleteAt: deleteAt,
            reasons: reasons.isEmpty ? [.requested] : reasons)
        page.standing = view.subscription.state == .suspended ? view.subscription.facts.reasons.sorted : []
        page.forfeited = DeletionForfeit.amount(view.subscription.credit, deletedAt: deleteAt)
        return (view, page)
    }

    // MARK: Reactivate (L1, L4)

    func reactivateForm(_ visit: Visit) async throws -> HTTPResponse {
        let (view, page) = try await reactivatePage(visit)
        return visit.page(page, view.frame)
    }

    func reactivate(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let (view, _) = try await SubscriptionView.load(visit)
        guard let reason = SuspensionReason(rawValue: form["reason"]) else {
            var (_, page) = try await reactivatePage(visit)
            page.note = form["note"]
            page.problems = [FieldProblem("reason", visit.strings("form.reason_missing"))]
            return visit.page(page, view.frame, status: 422)
        }
        let note = form.optional("note").map { String($0.prefix(500)) }
        _ = try await ReactivateSubscription(id: view.subscription.id, reason: reason, note: note).run(view.context, options)
        return visit.redirect(view.links.overview, flash: reason == .cancelled ? .recovered : .reactivated)
    }

    private func reactivatePage(_ visit: Visit) async throws -> (SubscriptionView, ReactivatePage) {
        let (view, _) = try await SubscriptionView.load(visit)
        try view.require(.suspendAndReactivate)
        let t = visit.localiser(view.subscription.zone)
        guard view.subscription.state == .suspended else {
            try view.subscription.refuseIfGone(at: view.now)
            throw Failure(LifecycleRefusal.notSuspended)
        }
        let liftable = view.liftable
        // With nothing to lift the use case says why, in its own words.
        let asked = liftable.first ?? view.subscription.facts.reasons.sorted.first ?? .requested
        _ = try await ReactivateSubscription(id: view.subscription.id, reason: asked).run(
            view.context, CommandOptions(dryRun: true))
        let page = ReactivatePage(
            crumbs: view.crumbs(t, current: view.ways(t, tokens: visit.tokens()).reactivation(t)), name: view.name(t),
            action: view.links(.reactivate),
            back: view.links.overview,
            tokens: visit.tokens(), liftable: liftable,
            remaining: view.subscription.facts.reasons.sorted.filter { !liftable.contains($0) })
        return (view, page)
    }

    func confirmServices(_ visit: Visit) async throws -> HTTPResponse {
        let options = try visit.options(try visit.form())
        let (view, _) = try await SubscriptionView.load(visit)
        _ = try await ConfirmServices(id: view.subscription.id).run(view.context, options)
        return visit.redirect(view.links.overview, flash: .servicesConfirmed)
    }
}
