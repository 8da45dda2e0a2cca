import Billing
import Crypto
import FoundationEssentials
import Postgres
import Values

/// Credit ends in 30 days, in a trial in 7: told once for each time credit was bought, and only of the credit that ends last.
struct CreditExpiringNotice: Sendable {
    let lot: LotID
    let due: DueNotices.Due

    func run(_ write: Write) async throws {
        guard let id = due.subscription else { return }
        let rows = try await write.begin(locking: id)
        write.clearNotice(.creditExpiring, subject: lot.uuid)
        guard let subscription = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first, subscription.state.isRunning,
            let credit = subscription.credit.first(where: { $0.id == lot }), credit.isLive(at: write.now),
            subscription.creditExpiry(at: write.now) == credit.expiresAt, let days = subscription.daysLeft(at: write.now)
        else { return }
        let readers = try await LetterReaders.of(subscription, [.accountAdministrator, .finance, .serviceAdministrator], write)
        write.send(
            .creditExpiring, to: readers, about: subscription,
            facts: [
                "days": .number(days), "expires_at": .instant(credit.expiresAt),
                "remaining": .money(subscription.remaining(at: write.now)),
                "retention": .number(subscription.policy.retentionDays),
            ], cause: lot.uuid)
    }
}

/// Section 6.3: 30, 14, 7 and 1 days before the deletion.
struct DeletionCountdownNotice: Sendable {
    let due: DueNotices.Due

    func run(_ write: Write) async throws {
        guard let id = due.subscription else { return }
        let rows = try await write.begin(locking: id)
        guard let subscription = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first else { return }
        write.setDeletionCountdown(of: subscription)
        guard subscription.state == .suspended, let suspendedAt = subscription.facts.suspendedAt,
            let deleteAt = subscription.facts.deleteAt,
            let days = DeletionCountdown.due(at: write.now, suspendedAt: suspendedAt, deleteAt: deleteAt)
        else { return }
        var facts = try await SuspensionFacts.of(
            subscription, reasons: subscription.facts.reasons.sorted, suspendedAt: suspendedAt, deleteAt: deleteAt, write)
        facts["days"] = .number(days)
        let readers = try await LetterReaders.of(subscription, [.accountAdministrator, .finance, .serviceAdministrator], write)
        // A suspension has its own countdown: a later one of the same subscription counts anew.
        let cause = UUID(naming: "countdown \(id) \(suspendedAt.microseconds) \(days)")
        write.send(.deletionCountdown, to: readers, about: subscription, facts: facts, cause: cause)
    }
}

/// M13: what is left and for how long, of every paid subscription of the account, and the past week's cost.
struct MondayNotice: Sendable {
    let account: AccountID
    let due: DueNotices.Due

    func run(_ write: Write) async throws {
        let tenant = write.tenant.id
        let rows = try await write.begin([
            "select due_at from notice_timers where tenant_id = \(tenant) and kind = 'balance_notice' and subject_id = \(account) for update",
            Account.one(tenant, account),
            SubscriptionQueries.list(
                """
                s.tenant_id = \(tenant) and s.account_id = \(account) and s.offer in ('trial', 'prepaid') \
                and s.state in ('active', 'past_due', 'suspended') order by s.created_at, s.id
                """),
        ])
        // Somebody was faster: the notice has moved on to its next Monday.
        guard let stored = rows[0].first, try stored.get(0, as: Instant.self) == due.dueAt,
            let owner = try rows[1].first.map(Account.init)
        else { return }
        let ids: [SubscriptionID] = try rows[2].map { try $0.get(0) }
        guard !ids.isEmpty else { return write.clearNotice(.balanceNotice, subject: account.uuid) }
        write.setNotice(
            .balanceNotice, subject: account.uuid, account: account, subscription: nil,
            due: BalanceNotice.next(after: write.now, in: owner.zone))
        guard let monday = BalanceNotice.monday(due: due.dueAt, at: write.now, in: owner.zone) else { return }
        let subscriptions = try SubscriptionQueries.decode(
            rows[2], lots: try await write.query(SubscriptionQueries.lots(tenant, ids)))
        let week = BalanceNotice.week(before: monday, in: owner.zone)
        let facts = try facts(
            subscriptions, cost: try await cost(of: ids, in: week, owner.currency, write), monday, owner, write.now)
        let administrator = owner.administrator
        write.send(
            Letter(
                .balanceNotice, to: .init(user: administrator.id, email: administrator.email), account: account, facts: facts,
                link: PageRoute.subscriptions.url(account.description),
                cause: UUID(naming: "monday \(account) \(monday.iso)")))
    }

    /// What the week's usage cost, rounded once for each subscription (M2).
    private func cost(of ids: [SubscriptionID], in week: Period, _ currency: Currency, _ write: Write) async throws
        -> [SubscriptionID: Money]
    {
        let rows = try await write.query(
            """
            select subscription_id, sum(cost) from usage_records where tenant_id = \(write.tenant.id) and subscription_id = any(\(ids)) \
            and occurred_at >= \(week.from) and occurred_at < \(week.to) group by subscription_id
            """)
        var costs: [SubscriptionID: Money] = [:]
        for row in rows { costs[try row.get(0)] = try Money(rounding: try row.get(1, as: ExactDecimal.self), currency: currency) }
        return costs
    }

    private func facts(
        _ subscriptions: [Subscription], cost: [SubscriptionID: Money], _ monday: CivilDate, _ account: Account, _ now: Instant
    ) throws -> [String: LetterFact] {
        let zero = Money.zero(account.currency)
        var total = zero
        var rows: [[LetterFact]] = []
        for subscription in subscriptions {
            let spent = cost[subscription.id] ?? zero
            total = try total.adding(spent)
            let deletion = subscription.state == .suspended ? subscription.facts.deleteAt : nil
            rows.append([
                .text(subscription.name ?? subscription.id.description), .word("state.\(subscription.state.rawValue)"),
                .money(subscription.remaining(at: now)), subscription.daysLeft(at: now).map { .number($0) } ?? .text("–"),
                deletion.map { .instant($0) } ?? .text("–"),
                .money(spent),
            ])
        }
        return [
            "on": .date(monday), "from": .date(monday.adding(days: -7)), "to": .date(monday.adding(days: -1)),
            "cost": .money(total),
            "subscriptions": .table(["subscription", "state", "remaining", "days_left", "delete_at", "cost"], rows),
        ]
    }
}

extension UUID {
    /// An ID that the same words always make: what a notice is unique by.
    init(naming words: String) {
        var b = Array(SHA256.hash(words).prefix(16))
        // Version 8 of RFC 9562: made from a hash of our own choice.
        b[6] = b[6] & 0x0F | 0x80
        b[8] = b[8] & 0x3F | 0x80
        self.init(uuid: (b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]))
    }
}
