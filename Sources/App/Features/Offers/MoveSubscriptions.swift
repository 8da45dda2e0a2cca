import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// L10: moves subscriptions on purpose to another version of their policy, one transaction and one verdict each. What runs keeps its dates; what
/// comes follows the new numbers.
package struct MoveSubscriptions: Sendable {
    package struct Verdict: Sendable {
        package enum Word: String, Sendable { case done, unchanged, refused }
        package let subscription: Subscription
        package let from: Int
        package let effect: PolicyMove?
        package var word: Word
        package var code: String?
    }

    /// So many at once; the next go takes the next.
    package static let atMost: Int64 = 500

    let offer: Offer
    let currency: Currency
    let to: Int
    /// Those of this version only; all the others when nil.
    let from: Int?

    package init(offer: Offer, currency: Currency, to: Int, from: Int? = nil) {
        self.offer = offer
        self.currency = currency
        self.to = to
        self.from = from
    }

    /// What it would do to each, by the rule itself.
    package func preview(_ context: TenantContext) async throws -> (target: OfferPolicy, verdicts: [Verdict]) {
        try context.require(.operate)
        let tenant = context.tenant.id
        let only: SQL = from.map { "and s.policy_version = \(Int32($0))" } ?? ""
        let (now, rows) = try await context.read([
            PublishedPolicy.chain(tenant, offer, currency),
            SubscriptionQueries.list(
                """
                s.tenant_id = \(tenant) and s.offer = \(offer) and s.currency = \(currency) and s.policy_version <> \(Int32(to)) \(only) \
                and s.state <> 'deleted' order by s.policy_version, s.id limit \(Self.atMost)
                """), SubscriptionQueries.lots(tenant, []),
        ])
        let chain = try rows[0].map { try PublishedPolicy($0, offer, currency, isNewest: false).policy }
        guard let target = chain.first(where: { $0.version == to }) else {
            throw Failure.invalid([FieldError("/to_version", "unknown_policy_version")])
        }
        let verdicts = try SubscriptionQueries.decode(rows[1], lots: rows[2]).map { subscription in
            Verdict(
                subscription: subscription, from: subscription.policy.version,
                effect: try? PolicyMove.effect(
                    on: subscription.facts, from: subscription.policy, to: target, at: now, in: subscription.zone), word: .done)
        }
        return (target, verdicts)
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        var (target, verdicts) = try await preview(context)
        if options.dryRun { return answer(verdicts).markedDryRun() }
        if let key = options.key, let kept = try await key.answer(in: context) { return kept }
        for index in verdicts.indices {
            do {
                let isChanged = try await move(verdicts[index].subscription.id, target, context, options)
                if !isChanged { verdicts[index].word = .unchanged }
            } catch let failure as Failure where [403, 404, 409].contains(failure.status) {
                verdicts[index].word = .refused
                verdicts[index].code = failure.code
            }
        }
        let answer = answer(verdicts)
        if let key = options.key {
            let kept = key.keep(answer, tenant: context.tenant.id, at: context.dependencies.realNow())
            try await context.work { $0.enqueue(kept) }
        }
        return answer
    }

    /// One subscription under its lock; nothing to do where somebody was faster.
    private func move(_ id: SubscriptionID, _ target: OfferPolicy, _ context: TenantContext, _ options: CommandOptions)
        async throws -> Bool
    {
        let options = CommandOptions(
            key: options.key?.part(id.description), requestID: options.requestID, remoteAddress: options.remoteAddress)
        let answer = try await context.command(options) { write in
            var (subscription, _, _) = try await write.lockSubscription(id)
            guard subscription.offer == target.offer, subscription.policy.version != target.version else {
                return Answer(status: 200, body: jsonObject { $0.field("changed", false) })
            }
            if let gone = subscription.facts.gone { throw Failure(gone) }
            let before = subscription.policy.version
            subscription.policy = target
            subscription.version += 1
            subscription.updatedAt = write.now
            write.storeRow(subscription)
            write.audit(
                "subscription.policy_moved", object: ("subscription", id.uuid), account: subscription.accountID,
                details: (
                    jsonText { $0.field("policy_version", before) }, jsonText { $0.field("policy_version", target.version) }
                ))
            write.emit(
                .subscriptionEdited, object: ("subscription", id.uuid), account: subscription.accountID,
                sequence: subscription.version)
            return Answer(status: 200, body: jsonObject { $0.field("changed", true) }, objectID: id.uuid)
        }
        if case .bool(true)? = try JSON(parsing: answer.body).members?["changed"] { return true }
        return false
    }

    private func answer(_ verdicts: [Verdict]) -> Answer {
        let body = jsonObject { json in
            json.field("object", "policy_move")
            json.field("offer", offer.rawValue)
            json.field("currency", currency.code)
            json.field("to_version", to)
            json.field(
                "data",
                array: { json in
                    for verdict in verdicts {
                        json.object {
                            $0.field("subscription_id", verdict.subscription.id)
                            $0.field("from_version", verdict.from)
                            $0.field("verdict", verdict.word.rawValue)
                            $0.field("code", verdict.code)
                            $0.field("delete_at", verdict.effect?.deleteAt)
                            $0.field("deleted_if_suspended_before", verdict.effect?.deletedIfSuspended?.before)
                            $0.field("deleted_if_suspended_after", verdict.effect?.deletedIfSuspended?.after)
                            $0.field("credit_until_before", verdict.effect?.creditUntil?.before)
                            $0.field("credit_until_after", verdict.effect?.creditUntil?.after)
                        }
                    }
                })
        }
        return Answer(status: 200, body: body)
    }
}
