import Billing
import HTML
import Postgres
import Values

/// A subscription as one visit sees it: what is there, which roles the person has on it, and which ways are open to her (G24).
struct SubscriptionView: Sendable {
    let subscription: Subscription
    let roles: Set<Role>
    let now: Instant
    let context: TenantContext
    /// Where a bank transfer in the subscription's currency goes.
    var bankAccount: BankAccount?
    /// The ways of paying that the tenant offers in it.
    var methods: [PaymentMethod] {
        context.dependencies.gateways.methods(PaymentSetting(tenant: context.tenant, bankAccount: bankAccount))
    }

    var links: SubscriptionLinks { subscription.links }
    var kind: AccountKind { subscription.accountKind }

    /// - Throws: `Failure.notFound` also when the account in the path is another one.
    static func load(_ visit: Visit, also statements: (SubscriptionID, TenantID) -> [SQL] = { _, _ in [] }) async throws -> (
        SubscriptionView, [Rows]
    ) {
        let account: AccountID = try visit.pathID(0)
        let id: SubscriptionID = try visit.pathID(1)
        let context = try visit.context()
        let tenant = context.tenant.id
        let bank = BankAccount.one(tenant, "(select currency from subscriptions where tenant_id = \(tenant) and id = \(id))")
        let (subscription, roles, now, rows) = try await FindSubscription.byID(id, context, also: [bank] + statements(id, tenant))
        guard subscription.accountID == account else { throw Failure.notFound }
        var view = SubscriptionView(subscription: subscription, roles: roles, now: now, context: context)
        view.bankAccount = try rows[0].first.map { try BankAccount($0) }
        return (view, Array(rows.dropFirst()))
    }

    func may(_ permission: Permission) -> Bool { roles.contains { Permission.allows($0, permission, in: kind) } }
    func require(_ permission: Permission) throws { try TenantContext.require(permission, of: roles, in: kind) }

    /// Whether the person sees the account around it; a service administrator does not.
    var seesAccount: Bool { may(.seeAccount) }

    var frame: Frame {
        guard seesAccount else { return Frame(zone: subscription.zone, current: PageRoute.mySubscriptions.url()) }
        return Frame(
            zone: subscription.zone, account: (subscription.accountID, subscription.accountName),
            current: PageRoute.subscriptions.url(subscription.accountID.description))
    }

    func name(_ t: Localiser) -> String { subscription.shownName(t) }

    /// The way back up; `current` nil on the overview itself.
    func crumbs(_ t: Localiser, current: String? = nil) -> Breadcrumbs {
        let list = seesAccount ? PageRoute.subscriptions.url(subscription.accountID.description) : PageRoute.mySubscriptions.url()
        var steps = [(label: t("subscriptions.title"), url: list)]
        if seesAccount { steps.insert((label: subscription.accountName, url: list), at: 0) }
        if seesAccount { steps.removeLast() }
        guard let current else { return Breadcrumbs(steps, current: name(t)) }
        return Breadcrumbs(steps + [(label: name(t), url: links.overview)], current: current)
    }

    // MARK: Ways

    /// Nothing moves any more after the end or past the deadline.
    private var isOver: Bool { subscription.state == .deleted }
    private var isPastDeadline: Bool { subscription.facts.deleteAt.map { now >= $0 } ?? false }

    private func way(_ permission: Permission, _ route: PageRoute, _ t: Localiser, when applies: Bool = true) -> Way {
        guard may(permission), applies, !isOver else { return .hidden }
        return isPastDeadline ? .shut(because: t("error.deadline_passed.title")) : .open(links(route))
    }

    func ways(_ t: Localiser, tokens: FormTokens) -> SubscriptionOverviewPage.Ways {
        var ways = SubscriptionOverviewPage.Ways()
        let (state, offer) = (subscription.state, subscription.offer)
        ways.pay = paying(way(.pay, .payForm, t, when: offer == .prepaid || offer == .trial && state == .pending), t)
        ways.upgrade = paying(way(.upgrade, .upgradeForm, t, when: offer == .trial && state != .pending), t)
        ways.edit = way(.editSubscription, .editForm, t)
        ways.partner = way(.editSubscription, .partnerForm, t)
        let isCancelled = subscription.facts.reasons.contains(.cancelled)
        ways.cancel = way(
            .cancelEnterpriseSubscription, .cancelForm, t, when: offer == .enterprise && state != .pending && !isCancelled)
        // A prepaid one is never cancelled; its administrator is told why, and whom to ask (L7).
        if offer != .enterprise, !isOver, roles.contains(.accountAdministrator) {
            ways.cancel = .shut(because: notCancelled(t))
        }
        ways.move = way(.createEnterprise, .moveForm, t, when: offer == .enterprise)
        if offer == .enterprise { ways.stays = .open(links(.stays)) }
        ways.suspend = way(
            .suspendAndReactivate, .suspendForm, t, when: !suspendable.isEmpty && (state.isRunning || state == .suspended))
        ways.reactivate = reactivating(t)
        ways.isRecovery = liftable.contains(.cancelled)
        if isOver { ways.certificate = .open(links(.certificate)) }
        if may(WriteOff.permission), (try? subscription.debtToWriteOff()) != nil {
            ways.writeOff = .open(PageRoute.writeOffForm.url(subscription.id.description))
        }
        if !isOver, state != .pending { ways.download = .open(links(.erasableDownload)) }
        if may(.confirmServices), !subscription.facts.servicesConfigured, state.isRunning {
            ways.confirmServices = (links(.confirmServices), tokens)
        }
        return ways
    }

    /// What becomes of it instead, as it stands: what is not paid lapses (L11), what is suspended is deleted (L2), what runs ends by itself (L5, L6).
    private func notCancelled(_ t: Localiser) -> String {
        var words = ["who": subscription.partner?.companyName ?? context.tenant.name]
        if let end = subscription.facts.lapseAt ?? subscription.facts.deleteAt { words["date"] = t.dateTime(end) }
        return switch subscription.state {
        case .pending: t("cancel.not_prepaid.pending", words)
        case .suspended: t("cancel.not_prepaid.suspended", words)
        default: t("cancel.not_prepaid.running", words)
        }
    }

    private func paying(_ way: Way, _ t: Localiser) -> Way {
        guard case .open = way, methods.isEmpty else { return way }
        return .shut(because: t("error.payment_method_not_offered.title"))
    }

    private func reactivating(_ t: Localiser) -> Way {
        guard subscription.state == .suspended, may(.suspendAndReactivate) else { return .hidden }
        if isPastDeadline { return .shut(because: t("error.deadline_passed.title")) }
        if !liftable.isEmpty { return .open(links(.reactivateForm)) }
        // The payment's own button stands beside it where there is one.
        return subscription.offer == .enterprise ? .shut(because: t("error.reason_not_allowed_for_role.title")) : .hidden
    }

    /// Reasons that this person may suspend for and that do not stand yet.
    var suspendable: [SuspensionReason] {
        [.requested, .operator, .overdue].filter { reason in
            !subscription.facts.reasons.contains(reason)
                && roles.contains { Permission.denial(ofSuspendingFor: reason, for: $0, in: kind) == nil }
        }
    }

    /// Reasons that stand and that this person may lift by her word.
    var liftable: [SuspensionReason] {
        subscription.facts.reasons.sorted.filter { reason in
            !reason.isLiftedByPaymentOnly && roles.contains { Permission.denial(ofLifting: reason, for: $0, in: kind) == nil }
        }
    }
}
