import Billing
import Crypto
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Suspends every subscription of an account for a reason, or lifts that reason from each: one transaction and one verdict for every one of them.
/// What is suspended already keeps its deadline (L2); what cannot be, says why.
package struct SuspendAccount: Sendable {
    package enum Direction: String, Sendable { case suspend, lift }

    package struct Verdict: Sendable {
        package enum Word: String, Sendable { case done, unchanged, refused }
        package let id: SubscriptionID
        package let name: String?
        package let offer: Offer
        package var before: LifecycleFacts
        package var after: LifecycleFacts
        package var word: Word
        package var code: String?
        let credit: [CreditLot]
        /// Credit that goes with the deletion if it comes to that.
        package var forfeited: Money? { after.deleteAt.flatMap { DeletionForfeit.amount(credit, deletedAt: $0) } }
    }

    /// More than so many at once are taken in several goes.
    static let atMost: Int64 = 1_000

    let account: AccountID
    let direction: Direction
    let reason: SuspensionReason
    let note: String?

    package init(account: AccountID, direction: Direction, reason: SuspensionReason, note: String? = nil) {
        self.account = account
        self.direction = direction
        self.reason = reason
        self.note = note
    }

    /// What the rule asks of one subscription, and no more: there may be a thousand.
    fileprivate struct Candidate: Sendable {
        let id: SubscriptionID
        let name: String?
        let facts: LifecycleFacts
        let policy: OfferPolicy
        var credit: [CreditLot] = []
    }

    /// An account's subscriptions as they stand, read once for every reason that is weighed.
    package struct Standing: Sendable {
        fileprivate let now: Instant
        fileprivate let candidates: [Candidate]

        package func contains(_ reason: SuspensionReason) -> Bool { candidates.contains { $0.facts.reasons.contains(reason) } }
    }

    /// What it would do, by the rule itself and without a transaction.
    package func preview(_ standing: Standing) -> [Verdict] {
        standing.candidates.map { candidate in
            var verdict = Verdict(
                id: candidate.id, name: candidate.name, offer: candidate.facts.offer, before: candidate.facts,
                after: candidate.facts, word: .unchanged, credit: candidate.credit)
            do {
                let decision =
                    direction == .suspend
                    ? try candidate.facts.adding(reason, at: standing.now, policy: candidate.policy)
                    : try candidate.facts.lifting(reason, at: standing.now)
                verdict.after = decision.facts
                verdict.word = decision.isUnchanged ? .unchanged : .done
            } catch LifecycleRefusal.reasonNotPresent {
                // Nothing to lift there.
            } catch {
                verdict.word = .refused
                verdict.code = (error as? any Refusal)?.code ?? "fault"
            }
            return verdict
        }
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        if options.dryRun { return try answer(preview(try await standing(context))).markedDryRun() }
        if let key = options.key, let kept = try await key.answer(in: context) { return kept }
        var verdicts = preview(try await standing(context))
        for index in verdicts.indices where verdicts[index].word == .done {
            do {
                _ = try await one(verdicts[index].id, context, options)
            } catch let failure as Failure where failure.status == 409 || failure.status == 403 || failure.status == 404 {
                // Somebody was faster; the others go on.
                verdicts[index].word = .refused
                verdicts[index].code = failure.code
                verdicts[index].after = verdicts[index].before
            }
        }
        let answer = try answer(verdicts)
        if let key = options.key {
            let kept = key.keep(answer, tenant: context.tenant.id, at: context.dependencies.realNow())
            try await context.work { $0.enqueue(kept) }
        }
        return answer
    }

    private func one(_ id: SubscriptionID, _ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        let options = CommandOptions(key: options.key?.part(id.description), requestID: options.requestID)
        return direction == .suspend
            ? try await SuspendSubscription(id: id, reason: reason, note: note).run(context, options)
            : try await ReactivateSubscription(id: id, reason: reason, note: note).run(context, options)
    }

    package func standing(_ context: TenantContext) async throws -> Standing {
        guard context.principal.isOperator else { throw Failure.notFound }
        let tenant = context.tenant.id
        let whole: SQL = "where s.tenant_id = \(tenant) and s.account_id = \(account) and s.state <> 'deleted'"
        let order: SQL = "order by s.created_at, s.id limit \(Self.atMost)"
        var statements: [SQL] = [
            "select id from accounts where tenant_id = \(tenant) and id = \(account)",
            """
            select s.id, s.name, s.currency, \(SubscriptionQueries.factsColumns), \(SubscriptionQueries.policyColumns) from subscriptions s \
            join offer_policies o on o.tenant_id = s.tenant_id and o.offer = s.offer and o.currency = s.currency and o.version = s.policy_version \
            \(whole) \(order)
            """,
        ]
        // What lifting makes active again loses no credit.
        let staying: SQL =
            direction == .lift ? "and s.state = 'suspended' and s.suspension_reasons <> array[\(reason.rawValue)]" : ""
        statements.append(
            SubscriptionQueries.lots(tenant, of: "array(select s.id from subscriptions s \(whole) \(staying) \(order))"))
        let (now, rows) = try await context.read(statements)
        guard !rows[0].isEmpty else { throw Failure.notFound }
        let lots = rows.count > 2 ? try SubscriptionQueries.decodeLots(rows[2]) : [:]
        let candidates = try rows[1].map { row in
            var column = Columns(row)
            let (id, name): (SubscriptionID, String?) = (try column.next(), try column.next())
            let currency: Currency = try column.next()
            let facts = try column.facts()
            return Candidate(
                id: id, name: name, facts: facts, policy: try column.policy(facts.offer, currency),
                credit: lots[id]?.map(\.credit) ?? [])
        }
        return Standing(now: now, candidates: candidates)
    }

    private func answer(_ verdicts: [Verdict]) throws -> Answer {
        let body = jsonObject { json in
            json.field("object", "account_verdicts")
            json.field("account_id", account)
            json.field("reason", reason.rawValue)
            json.field(
                "data",
                array: { json in
                    for verdict in verdicts {
                        json.object {
                            $0.field("subscription_id", verdict.id)
                            $0.field("verdict", verdict.word.rawValue)
                            $0.field("code", verdict.code)
                            $0.field("state", verdict.after.state.rawValue)
                            $0.field("delete_at", verdict.after.deleteAt)
                            if let lost = verdict.forfeited { $0.field("forfeited", lost) } else { $0.nullField("forfeited") }
                        }
                    }
                })
        }
        return Answer(status: 200, body: body)
    }
}

extension IdempotencyKey {
    /// The key of one part of a whole.
    func part(_ name: String) -> IdempotencyKey {
        IdempotencyKey(
            text: String(text.prefix(200)) + "-" + name, principal: principal,
            requestHash: SHA256.hash(requestHash + Array(name.utf8)))
    }
}
